//! The fields of a kind, and the end-points that list and add them.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::errors::{Failure, success};
use super::list;
use super::options::PipedriveOptions;
use super::state::{Kind, State};
use crate::sandbox::exchange::{Answer, Ask};

/// The key of the custom organization field `VAT number`.
pub(super) const VAT: &str = "5f1b8c09d1e44a7c9b2036fe7d81a4c2e9350b6d";

/// The key of the custom organization field `Phone`.
pub(super) const PHONE: &str = "a37c20e5b4f96d1182ce0d3f4a5b96c7d8e9f012";

/// The key of the custom organization field `Flowtly id`.
pub(super) const FLOWTLY_ID: &str = "c90e4417aa3b5d62f8e17c9d0b2a6f35148d7e9b";

/// A field of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "it is called `field_type` there")]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) field_type: String,
    pub(super) options: Vec<(u64, String)>,
    pub(super) custom: bool,
}

impl Field {
    pub(super) fn new(name: &str, code: &str, field_type: &str, custom: bool) -> Self {
        Self { name: name.into(), code: code.into(), field_type: field_type.into(), options: Vec::new(), custom }
    }

    fn shown(&self) -> Value {
        let has_options = matches!(self.field_type.as_str(), "enum" | "set");
        let options: Vec<Value> = self.options.iter().map(|(id, label)| json!({"id": id, "label": label})).collect();
        json!({
            "field_name": self.name,
            "field_code": self.code,
            "field_type": self.field_type,
            "options": if has_options { json!(options) } else { Value::Null },
            "subfields": null,
            "is_custom_field": self.custom,
            "is_optional_response_field": false,
        })
    }
}

/// The fields that an account begins with.
pub(super) fn standard(kind: Kind, options: &PipedriveOptions) -> Vec<Field> {
    let own = |name: &str, code: &str, field_type: &str| Field::new(name, code, field_type, false);
    let mut fields = vec![
        own("ID", "id", "int"),
        own("Name", "name", "varchar"),
        own("Owner", "owner_id", "user"),
        own("Created", "add_time", "date"),
        own("Updated", "update_time", "date"),
        own("Visible to", "visible_to", "visible_to"),
        own("Labels", "label_ids", "set"),
    ];
    match kind {
        Kind::Organizations => {
            fields.push(own("Address", "address", "address"));
            fields.push(Field::new("VAT number", VAT, "varchar", true));
            fields.push(Field::new("Phone", PHONE, "phone", true));
            if options.flowtly_id {
                fields.push(Field::new("Flowtly id", FLOWTLY_ID, "varchar", true));
            }
        }
        Kind::Persons => {
            fields.push(own("First name", "first_name", "varchar"));
            fields.push(own("Last name", "last_name", "varchar"));
            fields.push(own("Email", "emails", "varchar"));
            fields.push(own("Phone", "phones", "phone"));
            fields.push(own("Organization", "org_id", "org"));
            if options.contact_sync {
                fields.push(own("Job title", "job_title", "varchar"));
            }
        }
    }
    fields
}

/// A key as Pipedrive makes it: 40 hexadecimal digits that say nothing.
pub(super) fn code(kind: Kind, name: &str, number: usize) -> String {
    let digest = Sha256::digest(format!("{}/{name}/{number}", kind.plural()));
    digest.iter().take(20).fold(String::new(), |code, byte| format!("{code}{byte:02x}"))
}

/// Lists the fields of a kind.
pub(super) fn list(state: &State, ask: &Ask, kind: Kind) -> Result<Answer, Failure> {
    let limit = list::limit(ask, 500)?;
    let start = match ask.parameter("cursor") {
        None => 0,
        Some(cursor) => cursor.parse::<usize>().map_err(|_| Failure::invalid("cursor: is not valid"))?,
    };
    let fields = state.fields(kind);
    let page: Vec<Value> = fields.iter().skip(start).take(limit).map(Field::shown).collect();
    let next = (start + limit < fields.len()).then(|| (start + limit).to_string());
    Ok(success(&json!(page), &json!({"next_cursor": next})))
}

/// Adds a custom field.
pub(super) fn add(
    options: &PipedriveOptions,
    state: &mut State,
    kind: Kind,
    body: &Map<String, Value>,
) -> Result<Answer, Failure> {
    const TYPES: [&str; 16] = [
        "varchar",
        "varchar_auto",
        "text",
        "double",
        "monetary",
        "date",
        "set",
        "enum",
        "user",
        "org",
        "people",
        "phone",
        "time",
        "timerange",
        "daterange",
        "address",
    ];
    if !options.is_admin {
        return Err(Failure::new(StatusCode::FORBIDDEN, "You do not have permissions to do this", None));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text("field_name").ok_or_else(|| Failure::invalid("field_name: is required"))?;
    let field_type = text("field_type").filter(|it| TYPES.contains(it));
    let field_type = field_type.ok_or_else(|| Failure::invalid("field_type: is not one of the field types"))?;
    let labels: Vec<String> = match body.get("options") {
        None | Some(Value::Null) => Vec::new(),
        Some(given) => given
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| item.get("label").and_then(Value::as_str).map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| Failure::invalid("options: label is required"))?,
    };
    if matches!(field_type, "enum" | "set") && labels.is_empty() {
        return Err(Failure::invalid("options: is required for this field type"));
    }
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let code = state.add_field(kind, name, field_type, &labels);
    let field = state.fields(kind).iter().find(|field| field.code == code);
    Ok(success(&field.map_or(Value::Null, Field::shown), &Value::Null))
}

/// What may be asked of this address.
pub(super) const ALLOWED: [Method; 2] = [Method::GET, Method::POST];
