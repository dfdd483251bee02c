//! How each system says what it says: its records, and what its requests read and write.
//!
//! One file a system, written from the facts about it, and from nothing of ours: whatever the connectors send is read here as
//! the system itself would read it.

mod espocrm;
mod flowtly;
mod hubspot;
mod odoo;
mod pipedrive;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use flowtly_sync::sandbox::{LoggedRequest, Manner};
use serde_json::Value;

use super::evidence::{Kind, Liberty, Rec, Record, Side, plain};
use super::story::{List, Write};

/// What is to be known of a system.
pub trait Dialect: fmt::Debug + Sync {
    /// What a record shows, under the names that a mapping gives to its properties. What the system makes of other properties
    /// is left out.
    fn record(&self, kind: Kind, shown: &Value) -> Record;

    /// The kinds in a collection that liberties are declared of.
    fn kinds(&self, collection: &str) -> &'static [Kind];

    /// The name that a mapping gives to a property that the system calls so.
    fn path(&self, name: &str) -> String {
        name.to_owned()
    }

    /// What a write request does, a record at a time; `base` is what is common to them.
    fn writes(&self, base: &Write, request: &LoggedRequest, reply: &Value, kinds: &Kinds) -> Vec<Write>;

    /// The list of live records that a request reads, if it reads one.
    fn list(&self, number: u64, request: &LoggedRequest) -> Option<(Kind, List)>;

    /// The records that a request reads by id.
    fn reads(&self, request: &LoggedRequest, kinds: &Kinds) -> Vec<Rec>;

    /// Whether a request reads something else than records for sure: about the account, or what properties there are.
    fn shows_no_record(&self, _request: &LoggedRequest) -> bool {
        false
    }

    /// What the system makes of what it is sent, whatever a server here is told to do.
    fn liberties(&self) -> Vec<Liberty> {
        Vec::new()
    }

    /// Whether a property can only be written together with others: whoever writes those sends it along as it stands.
    fn goes_along(&self, _property: &str) -> bool {
        false
    }

    /// A property that is written along and says in words what others say in parts, and what the names of those begin with.
    fn line(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Whether a contact may belong to several companies.
    fn has_several_companies(&self) -> bool {
        false
    }

    /// Whether the answer to a write shows what was stored.
    fn shows_what_it_stored(&self) -> bool {
        true
    }
}

/// The dialect of a side, where the CRM has this name.
pub fn dialect(side: Side, crm: &str) -> &'static dyn Dialect {
    match (side, crm) {
        (Side::Flowtly, _) => &flowtly::Flowtly,
        (Side::Crm, "espocrm") => &espocrm::Espo,
        (Side::Crm, "odoo") => &odoo::Odoo,
        (Side::Crm, "pipedrive") => &pipedrive::Pipedrive,
        (Side::Crm, "hubspot") => &hubspot::HubSpot,
        (Side::Crm, other) => panic!("nobody here knows {other}"),
    }
}

/// Which kind a record of the CRM is, for systems whose requests do not say so.
#[derive(Debug, Default)]
pub struct Kinds(BTreeMap<String, Kind>);

impl Kinds {
    pub fn note(&mut self, rec: &Rec) {
        if rec.side == Side::Crm {
            self.0.insert(rec.id.clone(), rec.kind);
        }
    }

    fn of(&self, id: &str) -> Kind {
        self.0.get(id).copied().unwrap_or(Kind::Company)
    }
}

/// What a system shows of the properties that it was sent.
fn shown_of(values: &[(String, String)], shown: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = |path: &String| Some((path.clone(), shown.get(path)?.clone()));
    values.iter().filter_map(|(path, _)| shown(path)).collect()
}

/// The texts of an object, and nothing of what lies deeper.
fn texts(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().into_iter().flatten();
    pairs.map(|(key, value)| (key.clone(), plain(value))).collect()
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

/// The parameters of a query, decoded.
fn parameters(request: &LoggedRequest) -> Vec<(String, String)> {
    url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect()
}

/// A time in UTC without a zone, as `EspoCRM` and Odoo write it.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(|time| time.and_utc())
}

fn liberty(kind: Kind, property: &str, manner: Manner) -> Liberty {
    Liberty { side: Side::Crm, kind, property: Some(property.to_owned()), manner }
}
