//! The companies of contacts: moved after the texts were taken, and read back.
//!
//! A contact has one primary company and any number of further ones. Another primary company leaves the old one in the list,
//! so that the old one is left by a request of its own, and only when the new one is there: no contact is without a company
//! in between. A contact that leaves a further company keeps its primary one.

use http::Method;
use serde_json::{Value, json};

use super::error::about_record;
use super::read::{self, Single};
use super::talk::{Order, Talk};
use super::write::may_not_be_read;
use crate::connector::error::{ErrorKind, Outcome, PortError};
use crate::connector::port::ParentWrite;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// Moves a contact; the contact as it stands then.
pub(super) async fn put(talk: &Talk, contact: &RemoteId, parent: &ParentWrite) -> Result<Row, PortError> {
    let before = shown(talk, contact).await?.parents;
    let from = parent.from.as_ref().filter(|from| **from != parent.to);
    if before.first().is_none_or(|primary| Some(primary) == from) {
        make_primary(talk, contact, &parent.to).await?;
    } else if !before.contains(&parent.to) {
        link(talk, Method::POST, &parent.to, contact).await?;
    }
    if let Some(from) = from {
        leave(talk, contact, from).await.map_err(half_done)?;
    }
    shown(talk, contact).await.map_err(not_read_back)
}

async fn shown(talk: &Talk, contact: &RemoteId) -> Result<Row, PortError> {
    match read::single(talk, Kind::Contact, contact).await? {
        Single::Shown(entry) => Ok(entry.row),
        Single::Closed => Err(may_not_be_read(contact)),
        Single::Gone => Err(PortError::new(ErrorKind::NotFound, format!("EspoCRM has no contact {contact}"))),
    }
}

async fn make_primary(talk: &Talk, contact: &RemoteId, company: &RemoteId) -> Result<(), PortError> {
    let order = Order {
        method: Method::PUT,
        route: "/Contact/{id}",
        path: &["Contact", contact.as_str()],
        body: json!({"accountId": company.as_str()}),
        header: None,
    };
    talk.order(order).await.map(drop).map_err(about_record)
}

/// A company that is gone was left with it.
async fn leave(talk: &Talk, contact: &RemoteId, company: &RemoteId) -> Result<(), PortError> {
    match link(talk, Method::DELETE, company, contact).await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn link(talk: &Talk, method: Method, company: &RemoteId, contact: &RemoteId) -> Result<(), PortError> {
    let order = Order {
        method,
        route: "/Account/{id}/contacts",
        path: &["Account", company.as_str(), "contacts"],
        body: Value::from_iter([("id", contact.as_str())]),
        header: None,
    };
    talk.order(order).await.map(drop).map_err(about_record)
}

/// The first half of a move stands: however the second one was refused, recovery must look.
fn half_done(error: PortError) -> PortError {
    let kind = match error.kind.outcome() {
        Outcome::NotApplied => ErrorKind::Broken,
        Outcome::Unknown => error.kind,
    };
    let message = format!("the contact has its new company and did not leave the old one: {}", error.message);
    PortError { kind, message, ..error }
}

/// A move that was carried out and whose result is not known.
fn not_read_back(error: PortError) -> PortError {
    let message = format!("EspoCRM took the write, but what it stored could not be read: {}", error.message);
    PortError { kind: ErrorKind::Broken, message, ..error }
}
