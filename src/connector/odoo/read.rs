//! Reads: pages by key, records by id, and what became of those that are not shown.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::call::{Archived, MethodCall};
use super::domain::leaf;
use super::error::{not_the_protocol, unnamed};
use super::fields::{Companies, PARTNER};
use super::layout::View;
use super::row::{self, Entry, WRITER};
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Lookup;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// Records in one read by id.
pub(super) const READ_BATCH: usize = 200;

/// How many records of a batch, which no search shows, are asked for one by one? Where a user lost the right to all of them, every
/// one would be a request of its own.
const SINGLE_READS: usize = 20;

/// A page of records.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// Where the next page begins; `None` behind the last one.
    pub(super) after: Option<u64>,
}

/// The records of a kind that meet `conditions`, behind the id `after` and in the order of their ids: a page of them. The last
/// page is an empty one: how many records a page may have is the server's business.
pub(super) async fn page(
    talk: &Talk,
    kind: Kind,
    conditions: &[Value],
    after: u64,
    archived: Archived,
) -> Result<Page, PortError> {
    let fields = talk.fields.known(talk).await?;
    let view = View::new(talk.layout(kind), &fields);
    let call = search(talk, kind, conditions, after, talk.settings.page_size, view.asked()).await?;
    let reply = talk.ask(call.archived(archived)).await?;
    let rows: Vec<Row> = decoded(talk, &view, &reply.body).await?.into_iter().map(|entry| entry.row).collect();
    let last = in_order(rows.iter().map(|row| row.id.as_number()), after)?;
    Ok(Page { rows, after: last })
}

/// All records of a kind that meet `conditions`.
pub(super) async fn every(
    talk: &Talk,
    kind: Kind,
    conditions: &[Value],
    archived: Archived,
) -> Result<Vec<Row>, PortError> {
    let mut rows = Vec::new();
    let mut after = Some(0);
    while let Some(from) = after {
        let page = page(talk, kind, conditions, from, archived).await?;
        // Here a page that is not full is the last one: what comes too late to it comes too late anyway.
        after = page.after.filter(|_| page.rows.len() >= talk.settings.page_size);
        rows.extend(page.rows);
    }
    Ok(rows)
}

/// The ids of all records of a kind that meet `conditions`, archived ones too.
pub(super) async fn ids(talk: &Talk, kind: Kind, conditions: &[Value]) -> Result<Vec<u64>, PortError> {
    /// Ids in one page: nothing but a number comes of each record.
    const PAGE: usize = 10_000;
    let mut ids = Vec::new();
    let mut after = Some(0);
    while let Some(from) = after {
        let call = search(talk, kind, conditions, from, PAGE, json!(["id"])).await?;
        let found = bare_ids(&talk.ask(call.archived(Archived::Shown)).await?.body)?;
        after = in_order(found.iter().copied().map(Some), from)?.filter(|_| found.len() >= PAGE);
        ids.extend(found);
    }
    Ok(ids)
}

/// The highest id of a kind.
pub(super) async fn highest_id(talk: &Talk, kind: Kind) -> Result<(Option<u64>, Option<DateTime<Utc>>), PortError> {
    let call = MethodCall::new(PARTNER, "search_read")
        .place("domain", json!(domain(talk, kind).await?))
        .with("fields", json!(["id"]))
        .with("limit", json!(1))
        .with("order", json!("id desc"))
        .archived(Archived::Shown);
    let reply = talk.ask(call).await?;
    Ok((bare_ids(&reply.body)?.into_iter().max(), reply.date))
}

/// One answer for each id, in order. Odoo leaves out what is not there; what a rule hides from the key's user it refuses, the
/// others of the call with it, and that is no absence.
pub(super) async fn get(talk: &Talk, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
    let mut answers: HashMap<u64, Lookup> = HashMap::new();
    let wanted: Vec<u64> = ids.iter().map(number).collect::<Result<_, _>>()?;
    let mut asked = HashSet::new();
    let distinct: Vec<u64> = wanted.iter().copied().filter(|id| asked.insert(*id)).collect();
    for batch in distinct.chunks(READ_BATCH) {
        let entries = match by_id(talk, kind, batch, Writer::Left).await {
            Ok(entries) => entries,
            // Whether it is about some of these or about all contacts, no words tell: they are in the user's own language.
            Err(error) if error.kind == ErrorKind::Forbidden => {
                let (entries, hidden) = what_is_visible(talk, kind, batch).await?;
                let width = talk.layout(kind).shape.paths().count();
                let closed = |id: u64| Row::closed(RemoteId::new(id.to_string()), width);
                answers.extend(hidden.into_iter().map(|id| (id, Lookup::Found(Box::new(closed(id))))));
                entries
            }
            Err(error) => return Err(error),
        };
        answers.extend(entries.into_iter().filter_map(|entry| {
            let id = entry.row.id.as_number()?;
            Some((id, Lookup::Found(Box::new(entry.row))))
        }));
    }
    Ok(wanted.iter().map(|id| answers.get(id).cloned().unwrap_or(Lookup::Gone)).collect())
}

/// Whether a read tells who wrote a record last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// It does.
    Told,
    /// It does not.
    Left,
}

/// Records by id; those that are not there are left out.
pub(super) async fn by_id(talk: &Talk, kind: Kind, ids: &[u64], writer: Writer) -> Result<Vec<Entry>, PortError> {
    let fields = talk.fields.known(talk).await?;
    let view = View::new(talk.layout(kind), &fields);
    let mut asked = view.asked();
    if let (Writer::Told, Some(list)) = (writer, asked.as_array_mut()) {
        list.push(json!(WRITER));
    }
    let call = MethodCall::new(PARTNER, "read").on(ids.to_vec()).with("fields", asked).archived(Archived::Shown);
    let reply = talk.ask(call).await.map_err(unnamed)?;
    decoded(talk, &view, &reply.body).await
}

/// An id as Odoo writes them.
pub(super) fn number(id: &RemoteId) -> Result<u64, PortError> {
    id.as_number().ok_or_else(|| PortError::foreign_id("Odoo", id))
}

/// Decodes records. Countries that the list does not know yet make it be read again.
async fn decoded(talk: &Talk, view: &View<'_>, body: &[u8]) -> Result<Vec<Entry>, PortError> {
    let countries = if view.shows_countries() { talk.lookups.countries(talk, false).await? } else { None };
    let mut read = row::entries(view, countries.as_deref(), body)?;
    if read.unknown_countries > 0 {
        let countries = talk.lookups.countries(talk, true).await?;
        read = row::entries(view, countries.as_deref(), body)?;
    }
    if read.too_long > 0 {
        tracing::warn!(
            record.kind = view.layout.kind.as_str(),
            odoo.too_long = read.too_long,
            "{} texts are longer than max_text and count as unknown",
            read.too_long
        );
    }
    if read.unknown_countries > 0 {
        tracing::warn!(
            odoo.unknown_countries = read.unknown_countries,
            "{} countries are not in Odoo's own list and count as unknown",
            read.unknown_countries
        );
    }
    Ok(read.entries)
}

/// What makes a partner one of a kind in this Odoo.
async fn domain(talk: &Talk, kind: Kind) -> Result<Vec<Value>, PortError> {
    let fields = talk.fields.known(talk).await?;
    Ok(talk.layout(kind).domain(Companies::of(&fields)))
}

async fn search(
    talk: &Talk,
    kind: Kind,
    conditions: &[Value],
    after: u64,
    limit: usize,
    fields: Value,
) -> Result<MethodCall, PortError> {
    let mut domain = domain(talk, kind).await?;
    domain.push(leaf("id", ">", json!(after)));
    domain.extend_from_slice(conditions);
    let call = MethodCall::new(PARTNER, "search_read")
        .place("domain", json!(domain))
        .with("fields", fields)
        .with("limit", json!(limit))
        .with("order", json!("id"));
    Ok(call)
}

/// The last of ids that must grow: a list that goes round would never end.
fn in_order(ids: impl Iterator<Item = Option<u64>>, after: u64) -> Result<Option<u64>, PortError> {
    let mut last = None;
    for id in ids {
        match id.filter(|id| *id > last.unwrap_or(after)) {
            Some(id) => last = Some(id),
            None => return Err(not_the_protocol("in the order of the ids that was asked for")),
        }
    }
    Ok(last)
}

#[derive(serde::Deserialize)]
struct Bare {
    id: u64,
}

fn bare_ids(body: &[u8]) -> Result<Vec<u64>, PortError> {
    let found: Vec<Bare> = serde_json::from_slice(body).map_err(|_| not_the_protocol("a list of ids"))?;
    Ok(found.into_iter().map(|found| found.id).collect())
}

/// If a rule hides some of these, a search leaves them out without a word, so that what is left can be read; of each other one
/// only its own read tells whether it is hidden or not there. A search is refused only to who may read no contact at all.
async fn what_is_visible(talk: &Talk, kind: Kind, batch: &[u64]) -> Result<(Vec<Entry>, Vec<u64>), PortError> {
    let call = MethodCall::new(PARTNER, "search_read")
        .place("domain", json!([leaf("id", "in", json!(batch))]))
        .with("fields", json!(["id"]))
        .with("limit", json!(batch.len()))
        .with("order", json!("id"))
        .archived(Archived::Shown);
    let visible: HashSet<u64> = bare_ids(&talk.ask(call).await?.body)?.into_iter().collect();
    let (shown, others): (Vec<u64>, Vec<u64>) = batch.iter().partition(|id| visible.contains(id));
    let mut entries = if shown.is_empty() { Vec::new() } else { by_id(talk, kind, &shown, Writer::Left).await? };
    let mut hidden = Vec::new();
    for (asked, id) in others.into_iter().enumerate() {
        if asked >= SINGLE_READS {
            // Not known to be gone, so that it counts as hidden.
            hidden.push(id);
            continue;
        }
        match by_id(talk, kind, &[id], Writer::Left).await {
            Ok(found) => entries.extend(found),
            Err(error) if error.kind == ErrorKind::Forbidden => hidden.push(id),
            Err(error) => return Err(error),
        }
    }
    if !hidden.is_empty() {
        tracing::warn!(
            record.kind = kind.as_str(),
            odoo.hidden = ?hidden,
            "{} records are hidden from the key's user by a rule of Odoo: they rest until they can be read again",
            hidden.len()
        );
    }
    Ok((entries, hidden))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::error::ErrorKind;

    #[test]
    fn ids_must_grow_from_page_to_page() {
        assert_eq!(in_order([Some(3), Some(5)].into_iter(), 2).unwrap(), Some(5));
        assert_eq!(in_order(std::iter::empty(), 2).unwrap(), None);
        for wrong in [vec![Some(2)], vec![Some(4), Some(4)], vec![Some(5), Some(4)], vec![None]] {
            assert_eq!(in_order(wrong.into_iter(), 2).unwrap_err().kind, ErrorKind::Protocol);
        }
    }

    #[test]
    fn an_id_of_another_system_is_told() {
        assert_eq!(number(&RemoteId::new("17")).unwrap(), 17);
        assert_eq!(number(&RemoteId::new("6543abc")).unwrap_err().kind, ErrorKind::Setting);
    }
}
