//! Reads by id. One record costs one token and a list ten, so that a few are read one by one.

use std::collections::{HashMap, HashSet};

use super::error::is_about_one;
use super::find;
use super::list::{List, Query};
use super::settings::{IDS, Lane};
use super::talk::Talk;
use super::wire::{self, Item};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Lookup;
use crate::domain::record::{Kind, RemoteId, Standing};
use crate::domain::shape::Row;

/// From how many on records are read by a list.
const MANY: usize = 11;

/// What the address of one record answers.
#[derive(Debug)]
pub(super) enum Single {
    /// The record, a deleted one too.
    Shown(Item),
    /// It is there, and the token's user may not see it.
    Closed,
    /// There is none.
    Gone,
}

/// Records by id; those that are not there are left out, deleted ones too. In no particular order.
pub(super) async fn live_rows(talk: &Talk, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let distinct = distinct(ids)?;
    let mut rows = Vec::with_capacity(distinct.len());
    for batch in distinct.chunks(IDS) {
        if batch.len() < MANY {
            for id in batch {
                rows.extend(one(talk, kind, id).await?.filter(|row| row.standing == Standing::Live));
            }
        } else {
            rows.extend(by_list(talk, kind, batch).await?);
        }
    }
    Ok(rows)
}

/// One answer for each id, in order.
pub(super) async fn get(talk: &Talk, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
    let distinct = distinct(ids)?;
    let mut answers: HashMap<&RemoteId, Lookup> = HashMap::new();
    let mut closed: Vec<&str> = Vec::new();
    for batch in distinct.chunks(IDS) {
        if batch.len() >= MANY {
            for row in by_list(talk, kind, batch).await? {
                if let Some(id) = batch.iter().find(|id| ***id == row.id) {
                    answers.insert(*id, Lookup::Found(Box::new(row)));
                }
            }
        }
        // A list leaves out what is deleted and what may not be seen; only an answer about the one record says which.
        for id in batch.iter().filter(|id| !answers.contains_key(*id)).copied().collect::<Vec<_>>() {
            let answer = match item(talk, kind, id).await? {
                Single::Shown(item) => what_became_of(talk, kind, row_of(talk, kind, id, &item).await?).await?,
                Single::Closed => {
                    closed.push(id.as_str());
                    Lookup::Found(Box::new(Row::closed(id.clone(), talk.layout(kind).paths.len())))
                }
                Single::Gone => Lookup::Gone,
            };
            answers.insert(id, answer);
        }
    }
    if !closed.is_empty() {
        tracing::warn!(
            record.kind = kind.as_str(),
            pipedrive.closed = ?closed,
            "{} records may not be seen by the token's user: they rest until they can be seen again",
            closed.len()
        );
    }
    // Every id was put into the map above.
    Ok(ids.iter().map(|id| answers.get(id).cloned().unwrap_or(Lookup::Gone)).collect())
}

/// One record as Pipedrive shows it.
pub(super) async fn item(talk: &Talk, kind: Kind, id: &RemoteId) -> Result<Single, PortError> {
    let url = talk.at.records(kind, &[id.as_str()]);
    match talk.get("/api/v2/{type}/{id}", url, Lane::One).await {
        Ok(reply) => wire::reply::<Item>(&reply.body).map(|reply| Single::Shown(reply.data)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Single::Gone),
        Err(error) if is_about_one(&error) => Ok(Single::Closed),
        Err(error) => Err(error),
    }
}

/// The same as a row; `None` where Pipedrive says that there is none, or shows none to the token's user.
pub(super) async fn one(talk: &Talk, kind: Kind, id: &RemoteId) -> Result<Option<Row>, PortError> {
    match item(talk, kind, id).await? {
        Single::Shown(item) => row_of(talk, kind, id, &item).await.map(Some),
        Single::Closed | Single::Gone => Ok(None),
    }
}

async fn row_of(talk: &Talk, kind: Kind, id: &RemoteId, item: &Item) -> Result<Row, PortError> {
    let row = talk.rows(kind, std::slice::from_ref(item)).await?.pop();
    match row {
        Some(row) if row.id == *id => Ok(row),
        Some(_) | None => Err(PortError::new(
            ErrorKind::Protocol,
            "Pipedrive answered with another record than the one that was asked for",
        )),
    }
}

async fn by_list(talk: &Talk, kind: Kind, ids: &[&RemoteId]) -> Result<Vec<Row>, PortError> {
    let joined = ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(",");
    let mut list = List::new(kind, Query::default().with("ids", joined), IDS);
    let mut rows = Vec::with_capacity(ids.len());
    while let Some(page) = list.next(talk).await? {
        rows.extend(page.rows);
    }
    Ok(rows)
}

/// A deleted record stays readable for 30 days. It may have been merged: Pipedrive names no survivor, but an empty field of the
/// survivor takes the value of the other one, so that our id, which nobody else writes, says who it is.
async fn what_became_of(talk: &Talk, kind: Kind, row: Row) -> Result<Lookup, PortError> {
    if row.standing == Standing::Live {
        return Ok(Lookup::Found(Box::new(row)));
    }
    if let Some(stored_id) = &row.stored_id {
        let others = find::by_stored_id(talk, kind, stored_id).await?.unwrap_or_default();
        let mut survivors = others.into_iter().filter(|other| other.id != row.id);
        if let (Some(survivor), None) = (survivors.next(), survivors.next()) {
            return Ok(Lookup::MergedInto(survivor.id));
        }
    }
    Ok(if talk.settings.deleted_is_gone { Lookup::Gone } else { Lookup::Found(Box::new(row)) })
}

/// Pipedrive's ids are numbers; another id would be put into a list of them.
fn distinct(ids: &[RemoteId]) -> Result<Vec<&RemoteId>, PortError> {
    let mut seen = HashSet::new();
    let distinct: Vec<&RemoteId> = ids.iter().filter(|id| seen.insert(*id)).collect();
    distinct.iter().try_for_each(|id| number(id).map(drop))?;
    Ok(distinct)
}

/// The number that an id is.
pub(super) fn number(id: &RemoteId) -> Result<u64, PortError> {
    id.as_number().ok_or_else(|| PortError::foreign_id("Pipedrive", id))
}
