//! Spans as the JSON of an `ExportTraceServiceRequest` (OTLP 1, JSON Protobuf encoding). Pure.
//!
//! Written as they stand: a tree of JSON values in between was a third of what a pass pays for being told of.

use std::iter::once;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::super::fields::Taken;
use super::Span;

/// `SPAN_KIND_INTERNAL`.
const INTERNAL: u8 = 1;

/// `SPAN_KIND_CLIENT`.
const CLIENT: u8 = 3;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: Resource<'a>,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(serde::Serialize)]
struct Resource<'a> {
    attributes: [Attribute<'a>; 2],
}

#[derive(serde::Serialize)]
struct ScopeSpans<'a> {
    scope: Scope,
    spans: &'a [Span],
}

#[derive(serde::Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

#[derive(serde::Serialize)]
struct Attribute<'a> {
    key: &'a str,
    value: AnyValue<'a>,
}

/// A value: texts, whole numbers (as texts, since JSON's are too small), fractions, truth.
#[derive(serde::Serialize)]
enum AnyValue<'a> {
    #[serde(rename = "stringValue")]
    Text(&'a str),
    #[serde(rename = "intValue", serialize_with = "as_text")]
    Whole(i64),
    #[serde(rename = "doubleValue")]
    Fraction(f64),
    #[serde(rename = "boolValue")]
    Truth(bool),
}

#[derive(serde::Serialize)]
struct Status {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
}

/// A request to a collector.
pub(super) fn request(service: &str, spans: &[Span]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let text = |key, text| Attribute { key, value: AnyValue::Text(text) };
    let resource = Resource { attributes: [text("service.name", service), text("service.version", version)] };
    let scope_spans = [ScopeSpans { scope: Scope { name: env!("CARGO_PKG_NAME"), version }, spans }];
    // Every key is a text, so that it always can be written.
    serde_json::to_vec(&Request { resource_spans: [ResourceSpans { resource, scope_spans }] }).unwrap_or_default()
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Span", 9)?;
        object.serialize_field("traceId", &format_args!("{:032x}", self.trace))?;
        object.serialize_field("spanId", &format_args!("{:016x}", self.id))?;
        if let Some(parent) = self.parent {
            object.serialize_field("parentSpanId", &format_args!("{parent:016x}"))?;
        }
        object.serialize_field("name", self.name)?;
        object.serialize_field("kind", &if self.name == "http" { CLIENT } else { INTERNAL })?;
        object.serialize_field("startTimeUnixNano", &format_args!("{}", self.began))?;
        object.serialize_field("endTimeUnixNano", &format_args!("{}", self.ended))?;
        object.serialize_field("attributes", &Attributes(self))?;
        object.serialize_field("status", &Status { code: self.failed.then_some(ERROR) })?;
        object.end()
    }
}

struct Attributes<'a>(&'a Span);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(span) = self;
        let fields = span.fields.0.iter().map(|(key, value)| Attribute { key, value: any_value(value) });
        let place = Attribute { key: "code.namespace", value: AnyValue::Text(span.target) };
        serializer.collect_seq(fields.chain(once(place)))
    }
}

fn any_value(taken: &Taken) -> AnyValue<'_> {
    match taken {
        Taken::Text(text) => AnyValue::Text(text),
        Taken::Whole(number) => AnyValue::Whole(*number),
        Taken::Fraction(number) => AnyValue::Fraction(*number),
        Taken::Truth(truth) => AnyValue::Truth(*truth),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn as_text<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
