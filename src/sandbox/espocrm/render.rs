//! Records as the API writes them.

use chrono::DateTime;

use super::schema::{Entity, FieldType, Visibility};
use super::state::{Record, State, id_number, id_text};
use crate::sandbox::json::{self, Spelling};

/// The API user's own id.
pub(super) const API_USER: &str = "06a0000000000a91e";

/// Attributes that a list shows whatever was selected.
const UNASKED: [&str; 2] = ["id", "createdById"];

/// What is to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Selection<'a> {
    /// Everything, the companies of a contact too: a read by id.
    Whole,
    /// The columns of the record: a list without `select`, and what stands in a refusal.
    Columns,
    /// These.
    Named(&'a [String]),
}

impl Selection<'_> {
    fn shows(self, name: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Columns => !matches!(name, "accountsIds" | "accountsNames"),
            Self::Named(names) => UNASKED.contains(&name) || names.iter().any(|selected| selected == name),
        }
    }
}

/// `2026-11-23 19:29:50`.
pub(super) fn stamp(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The text of an attribute, as filters and orders see it; `None` for null.
pub(super) fn attribute(state: &State, entity: Entity, id: u64, record: &Record, name: &str) -> Option<String> {
    match name {
        "id" => Some(id_text(id)),
        "deleted" => Some("0".to_owned()),
        "createdAt" => Some(stamp(record.created)),
        "modifiedAt" => Some(stamp(record.modified)),
        "createdById" | "modifiedById" => Some(API_USER.to_owned()),
        "versionNumber" => Some(record.version.to_string()),
        "name" if entity == Entity::Contact => Some(state.name_of(entity, record)),
        "accountId" if entity == Entity::Contact => record.account.map(id_text),
        "accountName" if entity == Entity::Contact => record.account.and_then(|account| account_name(state, account)),
        _ => state.drawer(entity).text(record, name).map(str::to_owned),
    }
}

/// Writes a record.
pub(super) fn record(
    out: &mut Vec<u8>,
    state: &State,
    entity: Entity,
    id: u64,
    record: &Record,
    selection: Selection<'_>,
) {
    out.push(b'{');
    let text = |out: &mut Vec<u8>, name: &str, text: Option<&str>| {
        if selection.shows(name) {
            json::key(out, name);
            match text {
                Some(text) => json::string(out, text, Spelling::Plain),
                None => out.extend_from_slice(b"null"),
            }
        }
    };
    text(out, "id", Some(&id_text(id)));
    if entity == Entity::Contact {
        text(out, "name", Some(&state.name_of(entity, record)));
    }
    for (place, field) in (0..).zip(&state.drawer(entity).fields) {
        if field.visibility != Visibility::Shown {
            continue;
        }
        let stored = record.fields.get(place);
        let bare = match field.kind {
            FieldType::Int | FieldType::Float => stored,
            // A switch is never null.
            FieldType::Bool => Some(if stored == Some("true") { "true" } else { "false" }),
            FieldType::Varchar
            | FieldType::Text
            | FieldType::Url
            | FieldType::Phone
            | FieldType::Email
            | FieldType::Enum(_)
            | FieldType::Date
            | FieldType::Link => None,
        };
        match bare {
            Some(bare) if selection.shows(&field.name) => {
                json::key(out, &field.name);
                out.extend_from_slice(bare.as_bytes());
            }
            Some(_) => {}
            None => text(out, &field.name, stored),
        }
        if let Some(link) = field.name.strip_suffix("Id").filter(|_| field.kind == FieldType::Link) {
            let name = stored.and_then(id_number).and_then(|account| account_name(state, account));
            text(out, &format!("{link}Name"), name.as_deref());
        }
    }
    text(out, "createdAt", Some(&stamp(record.created)));
    text(out, "modifiedAt", Some(&stamp(record.modified)));
    text(out, "createdById", Some(API_USER));
    text(out, "modifiedById", Some(API_USER));
    if entity == Entity::Contact {
        text(out, "accountId", record.account.map(id_text).as_deref());
        text(out, "accountName", record.account.and_then(|account| account_name(state, account)).as_deref());
    }
    if selection.shows("deleted") {
        json::key(out, "deleted");
        out.extend_from_slice(b"false");
    }
    if entity == Entity::Account && selection.shows("versionNumber") {
        json::key(out, "versionNumber");
        json::number(out, record.version);
    }
    if entity == Entity::Contact {
        accounts(out, state, record, selection);
    }
    out.push(b'}');
}

/// A record as a value.
pub(super) fn value(state: &State, entity: Entity, id: u64, selection: Selection<'_>) -> Option<serde_json::Value> {
    let mut out = Vec::new();
    record(&mut out, state, entity, id, state.live(entity, id)?, selection);
    serde_json::from_slice(&out).ok()
}

fn accounts(out: &mut Vec<u8>, state: &State, record: &Record, selection: Selection<'_>) {
    let accounts = state.partners(Entity::Contact, record);
    if selection.shows("accountsIds") {
        json::key(out, "accountsIds");
        out.push(b'[');
        for account in &accounts {
            json::comma(out);
            json::string(out, &id_text(*account), Spelling::Plain);
        }
        out.push(b']');
    }
    if selection.shows("accountsNames") {
        json::key(out, "accountsNames");
        out.push(b'{');
        for account in accounts {
            json::key(out, &id_text(account));
            json::string(out, &account_name(state, account).unwrap_or_default(), Spelling::Plain);
        }
        out.push(b'}');
    }
}

/// A deleted account has no name any more.
fn account_name(state: &State, account: u64) -> Option<String> {
    state.live(Entity::Account, account).map(|record| state.name_of(Entity::Account, record))
}
