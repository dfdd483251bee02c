//! Words of the command line that stand for something of the domain; each error lists what there is.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::connector::registry::{CrmSystem, SYSTEMS};
use crate::domain::field::Field;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::RefusalName;
use crate::sandbox::{EMBEDDED, Embedded};

/// A record as people name it: `company:flowtly:17`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordArg {
    /// Company or contact.
    pub kind: Kind,
    /// Whose id it is.
    pub side: Side,
    /// The id.
    pub id: RemoteId,
}

impl RecordArg {
    /// The field of this record that a word names, among those that its kind has; the error lists them.
    pub fn field(&self, word: &str, fields: &[Field]) -> Result<Field, String> {
        fields.iter().copied().find(|field| field.as_str() == word).ok_or_else(|| {
            let names: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
            format!("a {} has no field `{word}`; its fields are {}", self.kind, names.join(", "))
        })
    }
}

pub(super) fn parse_record(text: &str) -> Result<RecordArg, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(kind), Some(side), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("write KIND:SIDE:ID, for instance company:flowtly:17".to_owned());
    };
    Ok(RecordArg { kind: parse_kind(kind)?, side: parse_side(side)?, id: parse_id(id)? })
}

pub(super) fn parse_kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| format!("`{text}` is not a kind; use {}", list(Kind::BOTH.map(Kind::as_str))))
}

pub(super) fn parse_side(text: &str) -> Result<Side, String> {
    Side::parse(text).ok_or_else(|| format!("`{text}` is not a side; use {}", list(Side::BOTH.map(Side::as_str))))
}

/// Takes the name of a refusal; help and errors list all names.
pub(super) fn refusal_parser() -> impl TypedValueParser<Value = RefusalName> {
    PossibleValuesParser::new(RefusalName::ALL.map(RefusalName::as_str))
        .try_map(|name| RefusalName::parse(&name).ok_or("there is no such refusal"))
}

/// The embedded CRM where none is named.
pub(super) const FIRST_CRM: &str = match EMBEDDED.first() {
    Some(embedded) => embedded.name,
    None => panic!("there is no embedded CRM"),
};

/// Takes the name of an embedded CRM; help and errors list all names.
pub(super) fn crm_parser() -> impl TypedValueParser<Value = &'static Embedded> {
    PossibleValuesParser::new(EMBEDDED.iter().map(|embedded| embedded.name))
        .try_map(|name| Embedded::named(&name).ok_or("there is no such CRM"))
}

pub(super) fn parse_id(text: &str) -> Result<RemoteId, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err("write the bare id, for instance 17".to_owned());
    }
    Ok(RemoteId::new(text))
}

pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text)
        .ok_or_else(|| "write a number with its unit, for instance 7d, 12h or 1d12h".to_owned())
}

/// Takes the name of a CRM; help and errors list all names.
pub(super) fn system_parser() -> impl TypedValueParser<Value = &'static CrmSystem> {
    PossibleValuesParser::new(SYSTEMS.iter().map(|system| system.name))
        .try_map(|name| SYSTEMS.iter().find(|system| system.name == name).ok_or("there is no such CRM"))
}

/// Takes `X-Instance=1hkzxrub`.
pub(super) fn parse_header(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    match parts {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("write NAME=VALUE, for instance X-Instance=1hkzxrub".to_owned()),
    }
}

/// Takes `company.status=active`.
pub(super) fn parse_default(text: &str) -> Result<(Kind, String, String), String> {
    let parts = text.split_once('=').and_then(|(place, text)| Some((place.split_once('.')?, text)));
    match parts {
        Some(((kind, field), text)) if !field.is_empty() => {
            Ok((parse_kind(kind)?, field.to_owned(), text.trim().to_owned()))
        }
        Some(_) | None => Err("write KIND.FIELD=TEXT, for instance company.status=active".to_owned()),
    }
}

fn list(words: [&str; 2]) -> String {
    words.join(" or ")
}
