//! Creates, and EspoCRM's own check for duplicates.
//!
//! EspoCRM refuses a record that has the name or the e-mail address of another one. The check stays on: it is the last guard
//! against somebody who made the same firm a moment ago. It is switched off for one create only when every record that it
//! named is known to be another one:
//! - a person said so ([`Write::apart_from`]); without this the answer to the question would be refused for ever;
//! - the plan would say so: both show a tax number (a contact: an e-mail address), and not the same one. Firms with equal
//!   names and different tax numbers are never linked, and people who share a name are most often two.
//!
//! Any other named record is a candidate for a person to look at. The first, refused request wrote nothing, so that the second
//! one repeats nothing.

use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::error::{about_new_record, must_exist};
use super::layout::Layout;
use super::read;
use super::row;
use super::talk::{Order, Talk};
use super::write::{as_stored, body};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Write;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Delivered, Row};
use crate::domain::value::is_placeholder;

const SKIP: HeaderName = HeaderName::from_static("x-skip-duplicate-check");

/// Makes a record.
pub(super) async fn create(talk: &Talk, kind: Kind, write: &Write) -> Result<Row, PortError> {
    let began = talk.elapsed();
    let error = match send(talk, kind, write, None).await {
        Ok(row) => return Ok(row),
        Err(error) if error.kind == ErrorKind::Conflict && !error.duplicates.is_empty() => error,
        Err(error) => return Err(error),
    };
    let alike = not_told_apart(talk, kind, write, &error.duplicates).await;
    if !alike.is_empty() {
        return Err(PortError { duplicates: alike, ..error });
    }
    talk.in_time(began)?;
    send(talk, kind, write, Some((SKIP, HeaderValue::from_static("true")))).await
}

async fn send(
    talk: &Talk,
    kind: Kind,
    write: &Write,
    header: Option<(HeaderName, HeaderValue)>,
) -> Result<Row, PortError> {
    let layout = talk.layout(kind);
    let mut body = body(layout, write)?;
    if let Some(parent) = &write.parent {
        body.insert("accountId".to_owned(), Value::String(parent.to.as_str().to_owned()));
    }
    let order =
        Order { method: Method::POST, route: "/{entity}", path: &[layout.entity()], body: Value::Object(body), header };
    let reply = talk.order(order).await.map_err(must_exist).map_err(about_new_record)?;
    let entry = row::single(layout, &reply.body)?;
    let mut row = as_stored(talk, kind, entry).await;
    if let Some(parent) = write.parent.as_ref().filter(|_| row.parents.is_empty()) {
        // The company was part of the request that EspoCRM took.
        row.parents = vec![parent.to.clone()];
    }
    Ok(row)
}

/// The named records that may be the one that is to be made.
async fn not_told_apart(talk: &Talk, kind: Kind, write: &Write, named: &[RemoteId]) -> Vec<RemoteId> {
    let open: Vec<RemoteId> = named.iter().filter(|id| !write.apart_from.contains(id)).cloned().collect();
    if open.is_empty() {
        return open;
    }
    let rows = match read::rows(talk, kind, &open).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::debug!(error.kind = ?error.kind, error.status, "the records that EspoCRM names as duplicates could not be read");
            Vec::new()
        }
    };
    let layout = talk.layout(kind);
    let is_another = |id: &RemoteId| rows.iter().any(|row| row.id == *id && tells_apart(layout, write, row));
    open.into_iter().filter(|id| !is_another(id)).collect()
}

/// Whether both show a tax number, or an e-mail address, and not the same one.
fn tells_apart(layout: &Layout, write: &Write, row: &Row) -> bool {
    let compared = layout.telling().into_iter().filter_map(|(path, place)| {
        let ours = write.texts.iter().find(|(name, _)| name == path).and_then(|(_, text)| text.as_deref())?;
        match row.texts.get(place)? {
            Delivered::Text(theirs) => Some(differ(ours, theirs)),
            Delivered::Unknown | Delivered::Blank => None,
        }
    });
    let compared: Vec<bool> = compared.collect();
    !compared.is_empty() && compared.into_iter().all(|differs| differs)
}

/// Letters and digits alone count, a number with a country in front is the same number, and a placeholder is none.
fn differ(one: &str, other: &str) -> bool {
    let bare = |text: &str| -> String {
        text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    if is_placeholder(one) || is_placeholder(other) {
        return false;
    }
    let (one, other) = (bare(one), bare(other));
    !one.is_empty() && !other.is_empty() && !one.ends_with(&other) && !other.ends_with(&one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_do_not_tell_apart() {
        assert!(differ("PL5260001246", "PL7740001454"));
        assert!(differ("a@x.test", "b@x.test"));
        assert!(!differ("PL 526-000-12-46", "5260001246"));
        assert!(!differ("A@X.test", "a@x.test"));
        for placeholder in ["-", "0000000000", "brak"] {
            assert!(!differ(placeholder, "PL5260001246"), "{placeholder} tells nothing apart");
        }
    }
}
