//! Reads by id: live records in batches, and what became of those that are not among them.

use std::collections::{HashMap, HashSet};

use super::associations;
use super::error::{explain_item, says_not_there};
use super::layout::{Layout, MERGED_IDS};
use super::request::{FilterGroup, IdInput, ReadBody};
use super::row::{self, Entry, Objects, merged_ids};
use super::search;
use super::settings::BATCH;
use super::talk::{Talk, endpoint_must_exist};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Lookup;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// Which records a read shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The ordinary ones.
    Live,
    /// The archived ones, and only those.
    Archived,
}

/// Records by id, contacts with their companies. Those that are not there are left out; the order is HubSpot's.
pub(super) async fn rows(talk: &Talk, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let mut rows = bare_rows(talk, kind, ids, Which::Live).await?;
    put_parents(talk, kind, &mut rows).await?;
    Ok(rows)
}

/// Records by id, contacts *without* their companies.
pub(super) async fn bare_rows(talk: &Talk, kind: Kind, ids: &[RemoteId], which: Which) -> Result<Vec<Row>, PortError> {
    let mut seen = HashSet::new();
    let distinct: Vec<&RemoteId> = ids.iter().filter(|id| seen.insert(*id)).collect();
    let mut rows = Vec::with_capacity(distinct.len());
    let mut met = HashSet::new();
    for batch in distinct.chunks(BATCH) {
        let inputs = batch.iter().map(|id| IdInput { id: id.as_str() }).collect();
        let found = batch_read(talk, kind, inputs, None, which).await?;
        // Two ids that were merged into one record come back as the same record.
        rows.extend(found.into_iter().map(|entry| entry.row).filter(|row| met.insert(row.id.clone())));
    }
    Ok(rows)
}

/// The record whose property for our id holds `stored_id`.
pub(super) async fn by_stored_id(talk: &Talk, kind: Kind, stored_id: &str) -> Result<Option<Vec<Row>>, PortError> {
    let Some(property) = talk.layout(kind).id_property.as_deref() else { return Ok(None) };
    // By a batch of one and not by a path: our ids hold a `/`, which servers refuse in a path even when it is encoded.
    let found = batch_read(talk, kind, vec![IdInput { id: stored_id }], Some(property), Which::Live).await?;
    let mut rows: Vec<Row> = found.into_iter().map(|entry| entry.row).collect();
    rows.retain(|row| row.stored_id.as_deref() == Some(stored_id));
    put_parents(talk, kind, &mut rows).await?;
    Ok(Some(rows))
}

/// One answer for each id, in order.
pub(super) async fn get(talk: &Talk, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
    let rows = rows(talk, kind, ids).await?;
    let mut answers: HashMap<&RemoteId, Lookup> = HashMap::new();
    let mut missing: Vec<&RemoteId> = Vec::new();
    for id in ids {
        if answers.contains_key(id) || missing.contains(&id) {
            continue;
        }
        if let Some(row) = rows.iter().find(|row| row.id == *id) {
            answers.insert(id, Lookup::Found(Box::new(row.clone())));
        } else if let Some(survivor) = rows.iter().find(|row| row.absorbed.contains(id)) {
            answers.insert(id, Lookup::MergedInto(survivor.id.clone()));
        } else {
            missing.push(id);
        }
    }
    for id in missing {
        answers.insert(id, what_became_of(talk, kind, id).await?);
    }
    // Every id was put into the map above.
    Ok(ids.iter().map(|id| answers.get(id).cloned().unwrap_or(Lookup::Gone)).collect())
}

/// Gives contacts their companies; those that vanished meanwhile are dropped.
pub(super) async fn put_parents(talk: &Talk, kind: Kind, rows: &mut Vec<Row>) -> Result<(), PortError> {
    if kind == Kind::Company || rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<RemoteId> = rows.iter().map(|row| row.id.clone()).collect();
    let mut links = associations::read(talk, Kind::Contact, &ids).await?;
    rows.retain(|row| !links.missing.contains(&row.id));
    for row in rows {
        row.parents = links.take(&row.id);
    }
    Ok(())
}

/// Tells of texts that were dropped, once a reply.
pub(super) fn tell_too_long(layout: &Layout, objects: &Objects) {
    if objects.too_long > 0 {
        tracing::warn!(
            record.kind = layout.kind.as_str(),
            hubspot.too_long = objects.too_long,
            "{} texts are longer than max_text and count as unknown",
            objects.too_long
        );
    }
}

async fn batch_read(
    talk: &Talk,
    kind: Kind,
    inputs: Vec<IdInput<'_>>,
    id_property: Option<&str>,
    which: Which,
) -> Result<Vec<Entry>, PortError> {
    let layout = talk.layout(kind);
    let mut url = talk.at.objects(kind, &["batch", "read"]);
    if which == Which::Archived {
        url.query_pairs_mut().append_pair("archived", "true");
    }
    let body = ReadBody { properties: &layout.asked, properties_with_history: [], id_property, inputs };
    let reply =
        talk.ask("/crm/objects/{version}/{type}/batch/read", url, &body, None).await.map_err(endpoint_must_exist)?;
    let objects = row::objects(layout, &reply.body)?;
    // What is not there is left out by the caller's reckoning; anything else that failed is a failure.
    if let Some(fault) = objects.faults.iter().find(|fault| !says_not_there(fault)) {
        return Err(explain_item(fault));
    }
    tell_too_long(layout, &objects);
    Ok(objects.entries)
}

/// Archived, merged or gone: HubSpot is asked in that order, and only its own words count.
async fn what_became_of(talk: &Talk, kind: Kind, id: &RemoteId) -> Result<Lookup, PortError> {
    for which in [Which::Archived, Which::Live] {
        let Some(entry) = single(talk, kind, id, which).await? else { continue };
        if entry.row.id != *id {
            return Ok(Lookup::MergedInto(entry.row.id));
        }
        let mut rows = vec![entry.row];
        if entry.parents_cut {
            put_parents(talk, kind, &mut rows).await?;
        }
        if let Some(row) = rows.pop() {
            return Ok(Lookup::Found(Box::new(row)));
        }
    }
    Ok(match survivor(talk, kind, id).await? {
        Some(survivor) => Lookup::MergedInto(survivor),
        None => Lookup::Gone,
    })
}

async fn single(talk: &Talk, kind: Kind, id: &RemoteId, which: Which) -> Result<Option<Entry>, PortError> {
    let layout = talk.layout(kind);
    let mut url = talk.at.objects(kind, &[id.as_str()]);
    {
        let mut query = url.query_pairs_mut();
        if which == Which::Archived {
            query.append_pair("archived", "true");
        }
        query.append_pair("properties", &layout.asked.join(","));
        if kind == Kind::Contact {
            query.append_pair("associations", "companies");
        }
    }
    match talk.get("/crm/objects/{version}/{type}/{id}", url).await {
        Ok(reply) => row::object(layout, &reply.body).map(Some),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The record that swallowed another one, by the list of merged ids that it carries.
async fn survivor(talk: &Talk, kind: Kind, id: &RemoteId) -> Result<Option<RemoteId>, PortError> {
    let group = FilterGroup::one(MERGED_IDS, "CONTAINS_TOKEN", id.as_str().to_owned());
    let page = match search::first_page(talk, kind, None, vec![group], vec![MERGED_IDS]).await {
        Ok(page) => page,
        // An account whose index does not hold this property cannot be asked; then HubSpot's 404 stands.
        Err(error) if error.kind == ErrorKind::Invalid => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(page
        .results
        .into_iter()
        .find(|hit| hit.property(MERGED_IDS).is_some_and(|text| merged_ids(text).contains(id)))
        .map(|hit| RemoteId::new(hit.id.0)))
}
