//! Spans as the JSON of an `ExportTraceServiceRequest` (OTLP 1, JSON Protobuf encoding). Pure.

use serde_json::{Value, json};

use super::super::fields::Fields;
use super::Span;

/// `SPAN_KIND_INTERNAL`.
const INTERNAL: u8 = 1;

/// `SPAN_KIND_CLIENT`.
const CLIENT: u8 = 3;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// A request to a collector.
pub(super) fn request(service: &str, spans: &[Span]) -> Vec<u8> {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let version = env!("CARGO_PKG_VERSION");
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [text("service.name", service), text("service.version", version)] },
        "scopeSpans": [{
            "scope": { "name": env!("CARGO_PKG_NAME"), "version": version },
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }] });
    body.to_string().into_bytes()
}

fn span(span: &Span) -> Value {
    let mut attributes = attributes(&span.fields);
    attributes.push(json!({ "key": "code.namespace", "value": { "stringValue": span.target } }));
    let mut json = json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        "kind": if span.name == "http" { CLIENT } else { INTERNAL },
        "startTimeUnixNano": span.began.to_string(),
        "endTimeUnixNano": span.ended.to_string(),
        "attributes": attributes,
        "status": if span.failed { json!({ "code": ERROR }) } else { json!({}) },
    });
    if let (Some(parent), Some(object)) = (span.parent, json.as_object_mut()) {
        object.insert("parentSpanId".to_owned(), Value::String(format!("{parent:016x}")));
    }
    json
}

fn attributes(fields: &Fields) -> Vec<Value> {
    fields.0.iter().map(|(name, value)| json!({ "key": name, "value": value.any_value() })).collect()
}
