//! What our requests asked for and what came of each, a record at a time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use flowtly_sync::sandbox::LoggedRequest;
use serde_json::Value;

use super::super::dialect::{Dialect, Kinds};
use super::super::evidence::{Kind, Rec, Side};

/// What a write request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    Create,
    Update,
    /// A contact is put to a company.
    Join,
    /// A contact is taken from a company.
    Leave,
    /// Something that this program has no business to send.
    Foreign,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    Done,
    /// Refused with a status.
    Refused(u16),
    /// The system failed, or a fault swallowed the request: not carried out.
    Failed,
}

/// One record's share of a write request of ours.
#[derive(Debug, Clone)]
pub struct Write {
    pub side: Side,
    pub kind: Kind,
    /// The number of the request on its side, from 1.
    pub number: u64,
    /// When, by the servers' clock.
    pub at: DateTime<Utc>,
    pub aim: Aim,
    /// `None` for a create that came to nothing.
    pub rec: Option<Rec>,
    pub values: Vec<(String, String)>,
    /// What the answer shows of the properties that were sent, where it shows them.
    pub stored: BTreeMap<String, String>,
    /// The companies that a contact is put to, or taken from.
    pub companies: Vec<String>,
    pub came: Came,
    /// Method and path, for the reader.
    pub request: String,
}

/// A request that reads a list of live records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The number of the request on its side.
    pub number: u64,
    /// It goes on behind this id.
    pub after: Option<String>,
    /// It shows what was made or changed since.
    pub since: Option<DateTime<Utc>>,
    /// The number of its page; 1 where pages have none.
    pub page: u64,
}

impl List {
    /// A list that shows everything.
    pub fn whole(number: u64) -> Self {
        Self { number, after: None, since: None, page: 1 }
    }

    /// Whether a record of this id, made at this time, stands in it.
    pub fn shows(&self, id: &str, made: Option<DateTime<Utc>>) -> bool {
        // Ids grow: longer ones are later ones, and of those of one length the greater text.
        let order = |id: &str| (id.len(), id.to_owned());
        self.after.as_ref().is_none_or(|after| order(id) > order(after))
            && self.since.is_none_or(|since| made.is_none_or(|made| made >= since))
    }
}

/// What a write request did.
pub fn writes_of(dialect: &dyn Dialect, side: Side, number: u64, request: &LoggedRequest, kinds: &Kinds) -> Vec<Write> {
    let reply: Value = serde_json::from_slice(&request.reply).unwrap_or(Value::Null);
    // A page of a proxy is no answer of the system's, whatever its status says.
    let answered = request.reply.is_empty() || !reply.is_null();
    let came = match request.status.as_u16() {
        _ if request.status.is_success() && answered => Came::Done,
        status if (400..500).contains(&status) => Came::Refused(status),
        _ => Came::Failed,
    };
    let base = Write {
        side,
        kind: Kind::Company,
        number,
        at: request.at,
        aim: Aim::Foreign,
        rec: None,
        values: Vec::new(),
        stored: BTreeMap::new(),
        companies: Vec::new(),
        came,
        request: format!("{} {}", request.method, request.path),
    };
    dialect.writes(&base, request, &reply, kinds)
}
