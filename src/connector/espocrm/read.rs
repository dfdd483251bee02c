//! Reads: pages of lists, and records by id.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::error::{closes_record, must_exist};
use super::layout::Layout;
use super::query::{self, Where};
use super::row::{self, Entry};
use super::talk::{Talk, another_record};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Lookup;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Delivered, Row};

/// A page of a list in the order of ids.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// The id behind which the next page begins; `None` on the last page.
    pub(super) next: Option<RemoteId>,
    /// The server's time.
    pub(super) date: Option<DateTime<Utc>>,
}

/// What the address of one record answers.
#[derive(Debug)]
pub(super) enum Single {
    /// The record.
    Shown(Box<Entry>),
    /// It is there, and the API user may not read it.
    Closed,
    /// There is none.
    Gone,
}

/// The records behind an id for which conditions hold. What a list shows only in part is read by id.
pub(super) async fn page(
    talk: &Talk,
    kind: Kind,
    conditions: &[Where],
    after: Option<&RemoteId>,
) -> Result<Page, PortError> {
    let (layout, size) = (talk.layout(kind), talk.settings.page_size);
    let mut conditions = conditions.to_vec();
    conditions.extend(after.map(|after| Where::one("greaterThan", "id", after.as_str())));
    let query = query::list(&talk.settings, layout, &conditions, size);
    let reply = talk.get("/{entity}", &[layout.entity()], &query).await.map_err(must_exist)?;
    let entries = row::list(layout, &reply.body)?;
    let last = entries.last().map(|entry| entry.row.id.clone());
    if last.is_some() && last.as_ref() == after {
        return Err(PortError::new(ErrorKind::Protocol, "EspoCRM's list goes round in a circle"));
    }
    let next = last.filter(|_| entries.len() >= size);
    Ok(Page { rows: completed(talk, kind, entries).await?, next, date: reply.date })
}

/// All records for which conditions hold.
pub(super) async fn all(talk: &Talk, kind: Kind, conditions: &[Where]) -> Result<Vec<Row>, PortError> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = page(talk, kind, conditions, after.as_ref()).await?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(rows),
        }
    }
}

/// Records by id; those that are not there are left out.
pub(super) async fn rows(talk: &Talk, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let lookups = get(talk, kind, ids).await?;
    let found = lookups.into_iter().filter_map(|lookup| match lookup {
        Lookup::Found(row) => Some(*row),
        Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_) => None,
    });
    Ok(found.collect())
}

/// One answer for each id, in order. What a list of ids does not show is asked for alone: only EspoCRM's own word says that a
/// record is gone; what it refuses is none the less there.
pub(super) async fn get(talk: &Talk, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
    let mut distinct: Vec<&RemoteId> = Vec::new();
    for id in ids {
        if !distinct.contains(&id) {
            distinct.push(id);
        }
    }
    let mut answers: HashMap<RemoteId, Lookup> = HashMap::new();
    for batch in distinct.chunks(talk.settings.read_batch) {
        // One record is read as fast by its own address.
        if batch.len() > 1 {
            let wanted = Where::many("in", "id", batch.iter().map(|id| id.as_str().to_owned()));
            let rows = all(talk, kind, &[wanted]).await?;
            answers.extend(rows.into_iter().map(|row| (row.id.clone(), Lookup::Found(Box::new(row)))));
        }
    }
    let missing: Vec<RemoteId> = distinct.into_iter().filter(|id| !answers.contains_key(*id)).cloned().collect();
    let asked = stream::iter(missing.into_iter().map(|id| async move {
        let answer = single(talk, kind, &id).await?;
        Ok::<_, PortError>((id, answer))
    }));
    let asked: Vec<(RemoteId, Single)> = asked.buffered(talk.settings.concurrent_requests).try_collect().await?;
    tell_closed(kind, &asked);
    answers.extend(asked.into_iter().map(|(id, answer)| {
        let lookup = match answer {
            Single::Shown(entry) => Lookup::Found(Box::new(entry.row)),
            Single::Closed => Lookup::Found(Box::new(Row::closed(id.clone(), talk.layout(kind).width))),
            Single::Gone => Lookup::Gone,
        };
        (id, lookup)
    }));
    // Every id was put into the map above.
    Ok(ids.iter().map(|id| answers.get(id).cloned().unwrap_or(Lookup::Gone)).collect())
}

/// One record by its own address. Lists leave out without a word what the role does not open, and a read by id is refused. The
/// lists tell whether the right to the whole entity type was lost.
pub(super) async fn single(talk: &Talk, kind: Kind, id: &RemoteId) -> Result<Single, PortError> {
    let layout = talk.layout(kind);
    let reply = match talk.get("/{entity}/{id}", &[layout.entity(), id.as_str()], &[]).await {
        Ok(reply) => reply,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Single::Gone),
        Err(error) if closes_record(&error) => return Ok(Single::Closed),
        Err(error) => return Err(error),
    };
    let entry = row::single(layout, &reply.body)?;
    if entry.row.id != *id {
        return Err(another_record());
    }
    tell_too_long(layout, entry.too_long);
    Ok(if entry.deleted { Single::Gone } else { Single::Shown(Box::new(entry)) })
}

/// The rows of a list's entries. Those that a list shows only in part are read by id; the order stays.
pub(super) async fn completed(talk: &Talk, kind: Kind, entries: Vec<Entry>) -> Result<Vec<Row>, PortError> {
    let too_long = entries.iter().map(|entry| entry.too_long).sum();
    tell_too_long(talk.layout(kind), too_long);
    let whole = stream::iter(entries.into_iter().filter(|entry| !entry.deleted).map(|entry| async move {
        if !entry.parents_cut && !entry.text_cut {
            return Ok::<_, PortError>(Some(entry.row));
        }
        Ok(match single(talk, kind, &entry.row.id).await? {
            Single::Shown(whole) => Some(whole.row),
            Single::Closed => Some(as_listed(talk.layout(kind), entry)),
            Single::Gone => None,
        })
    }));
    let rows: Vec<Option<Row>> = whole.buffered(talk.settings.concurrent_requests).try_collect().await?;
    Ok(rows.into_iter().flatten().collect())
}

/// What a list showed of a record that may not be read by id. A text that the list cut is unknown; a contact of which nobody knows
/// all its companies rests, for those that are not shown would count as left.
fn as_listed(layout: &Layout, entry: Entry) -> Row {
    let mut row = entry.row;
    if entry.parents_cut {
        return Row::closed(row.id, layout.width);
    }
    for text in &mut row.texts {
        if matches!(text, Delivered::Text(shown) if shown.chars().count() >= layout.list_text_cut) {
            *text = Delivered::Unknown;
        }
    }
    row
}

/// Tells of records that may not be read.
fn tell_closed(kind: Kind, asked: &[(RemoteId, Single)]) {
    let ids = asked.iter().filter(|(_, answer)| matches!(answer, Single::Closed)).map(|(id, _)| id.as_str());
    let ids: Vec<&str> = ids.collect();
    if !ids.is_empty() {
        tracing::warn!(
            record.kind = kind.as_str(),
            espocrm.closed = ?ids,
            "{} records may not be read by the API user: they rest until its role opens them again",
            ids.len()
        );
    }
}

/// Tells of texts that were dropped, once a reply.
fn tell_too_long(layout: &Layout, texts: usize) {
    if texts > 0 {
        tracing::warn!(
            record.kind = layout.kind.as_str(),
            espocrm.too_long = texts,
            "{texts} texts are longer than max_text and count as unknown"
        );
    }
}
