//! Writes, one record a request: EspoCRM has no batch. Creates, fields, then the companies of contacts.

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};

use super::create;
use super::error::about_record;
use super::find::no_id_field;
use super::layout::Layout;
use super::parents;
use super::read::{self, Single};
use super::row::{self, Entry};
use super::talk::{Order, Talk, another_record};
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::connector::port::{Target, Write, Written};
use crate::connector::typed;
use crate::domain::record::{Kind, RemoteId, Version};
use crate::domain::shape::{Delivered, Row};

const VERSION: HeaderName = HeaderName::from_static("x-version-number");

/// One answer for each write, in order.
pub(super) async fn write(talk: &Talk, kind: Kind, writes: &[Write]) -> Vec<Written> {
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        let written = match &write.target {
            Target::Create => create::create(talk, kind, write).await,
            Target::Update { id, version } => update(talk, kind, id, version.as_ref(), write).await,
        };
        let refused = |error| Written::Failed(narrowed(talk.layout(kind), error));
        answers.push(written.map_or_else(refused, |row| Written::Stored(Box::new(row))));
    }
    answers
}

/// The body of a write; a cleared attribute is null. Fails with [`ErrorKind::Invalid`], naming the attribute, for a text that
/// cannot be what the configuration declares.
pub(super) fn body(layout: &Layout, write: &Write) -> Result<Map<String, Value>, PortError> {
    let mut body = Map::new();
    for (path, text) in &write.texts {
        let sent = text.as_deref().map(|text| value(layout, path, text)).transpose()?;
        body.insert(path.clone(), sent.unwrap_or(Value::Null));
    }
    body.extend(layout.id_field.clone().zip(write.stored_id.clone().map(Value::String)));
    Ok(body)
}

fn value(layout: &Layout, path: &str, text: &str) -> Result<Value, PortError> {
    let cell = layout.shape.cells.iter().find(|cell| cell.path == path);
    let Some(declared) = cell.and_then(|cell| cell.declared.as_ref()) else {
        return Ok(Value::String(text.to_owned()));
    };
    typed::json(declared.sent_as, text).map_err(|wanted| {
        let message = format!("is {wanted} in EspoCRM");
        let mut error = PortError::new(ErrorKind::Invalid, format!("not sent: {path}: {message}"));
        error.fields.push(FieldRefusal { path: path.to_owned(), message });
        error
    })
}

/// What EspoCRM stored: its reply, and where that leaves something open, the record itself. What the reply said stands,
/// because a person may have edited the record in between.
pub(super) async fn as_stored(talk: &Talk, kind: Kind, entry: Entry) -> Row {
    let row = entry.row;
    if !entry.parents_cut && row.texts.iter().all(|text| *text != Delivered::Unknown) {
        return row;
    }
    match read::single(talk, kind, &row.id).await {
        Ok(Single::Shown(read)) => filled(row, entry.parents_cut, read.row),
        Ok(Single::Closed | Single::Gone) => row,
        Err(error) => {
            tracing::debug!(error.kind = ?error.kind, error.status, "what EspoCRM stored could not be read back");
            row
        }
    }
}

async fn update(
    talk: &Talk,
    kind: Kind,
    id: &RemoteId,
    version: Option<&Version>,
    write: &Write,
) -> Result<Row, PortError> {
    let layout = talk.layout(kind);
    let body = body(layout, write)?;
    let stored = if body.is_empty() {
        None
    } else {
        let order = Order {
            method: Method::PUT,
            route: "/{entity}/{id}",
            path: &[layout.entity(), id.as_str()],
            body: Value::Object(body),
            header: guard(kind, version),
        };
        let reply = talk.order(order).await.map_err(about_record)?;
        let entry = row::single(layout, &reply.body)?;
        if entry.row.id != *id {
            return Err(another_record());
        }
        keeps_our_id(layout, write, &entry.row)?;
        Some(entry)
    };
    match &write.parent {
        Some(parent) => parents::put(talk, id, parent).await,
        None => match stored {
            Some(entry) => Ok(as_stored(talk, kind, entry).await),
            // Nothing was asked for: the record as it is.
            None => match read::single(talk, kind, id).await? {
                Single::Shown(entry) => Ok(entry.row),
                Single::Closed => Err(may_not_be_read(id)),
                Single::Gone => Err(not_there(id)),
            },
        },
    }
}

/// The guard of an update. Contacts have no version numbers.
fn guard(kind: Kind, version: Option<&Version>) -> Option<(HeaderName, HeaderValue)> {
    let number = version.filter(|_| kind == Kind::Company)?.0.parse::<u64>().ok()?;
    Some((VERSION, HeaderValue::from(number)))
}

/// A field that is not there is dropped without a word: without this, our id would be written again and again.
fn keeps_our_id(layout: &Layout, write: &Write, row: &Row) -> Result<(), PortError> {
    let Some(field) = layout.id_field.as_deref().filter(|_| write.stored_id.is_some()) else { return Ok(()) };
    if row.stored_id == write.stored_id || !write.texts.is_empty() {
        return Ok(());
    }
    Err(PortError::new(ErrorKind::Invalid, no_id_field(field)))
}

/// A write to a record that EspoCRM does not show.
pub(super) fn may_not_be_read(id: &RemoteId) -> PortError {
    PortError::new(
        ErrorKind::Invalid,
        format!("EspoCRM does not let the API user read the record {id}: let its role open it"),
    )
}

fn not_there(id: &RemoteId) -> PortError {
    PortError::new(ErrorKind::NotFound, format!("EspoCRM has no record {id}"))
}

fn filled(mut row: Row, parents_cut: bool, read: Row) -> Row {
    for (text, read) in row.texts.iter_mut().zip(read.texts) {
        if *text == Delivered::Unknown {
            *text = read;
        }
    }
    if parents_cut {
        row.parents = read.parents;
    }
    row.created = row.created.or(read.created);
    row
}

/// A refusal may name a field of several attributes (an address, a person's name): then each of them that is mapped is meant.
fn narrowed(layout: &Layout, mut error: PortError) -> PortError {
    let is_mapped = |path: &str| layout.shape.cells.iter().any(|cell| cell.path == path);
    let parts = |refusal: FieldRefusal| {
        if is_mapped(&refusal.path) {
            return vec![refusal];
        }
        let begins = |path: &str| path.strip_prefix(refusal.path.as_str()).is_some_and(begins_a_word);
        let is_part = |path: &str| begins(path) || (refusal.path == "name" && matches!(path, "firstName" | "lastName"));
        let paths = layout.shape.cells.iter().map(|cell| cell.path.as_str()).filter(|path| is_part(path));
        let named: Vec<FieldRefusal> =
            paths.map(|path| FieldRefusal { path: path.to_owned(), message: refusal.message.clone() }).collect();
        if named.is_empty() { vec![refusal] } else { named }
    };
    error.fields = std::mem::take(&mut error.fields).into_iter().flat_map(parts).collect();
    error
}

fn begins_a_word(rest: &str) -> bool {
    rest.chars().next().is_some_and(char::is_uppercase)
}
