//! Writes: batches taken apart input by input, then the companies of contacts, then what HubSpot stored.
//!
//! Only a definite refusal of a batch is split and sent again; what may have been carried out is left to recovery.

use std::collections::{BTreeMap, HashSet};

use super::batch::{self, Order, Sent};
use super::layout::Layout;
use super::parents;
use super::read::{self, Which};
use super::row::Entry;
use super::settings::BATCH;
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Target, Write, Written};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Delivered, Row};

/// One answer for each write, in order.
pub(super) async fn write(talk: &Talk, kind: Kind, writes: &[Write]) -> Vec<Written> {
    let mut outcomes: BTreeMap<usize, Written> = BTreeMap::new();
    for round in rounds(writes) {
        let sent = send(talk, kind, &round).await;
        let moved = parents::apply(talk, kind, &round, sent).await;
        outcomes.extend(as_stored(talk, kind, &round, moved).await);
    }
    (0..writes.len())
        .map(|position| {
            outcomes.remove(&position).unwrap_or_else(|| {
                // Every round answers for each of its writes; this line keeps the promise of one answer a write.
                Written::Failed(PortError::new(ErrorKind::Protocol, "HubSpot's reply says nothing about this record"))
            })
        })
        .collect()
}

/// The writes of one request, by their position in the call.
pub(super) type Round<'a> = Vec<(usize, &'a Write)>;

/// What came of the writes of a round so far, by position: the entry of the reply, or `None` where nothing had to be sent
/// yet.
pub(super) type Outcomes = BTreeMap<usize, Result<Option<Entry>, PortError>>;

/// Creates apart from updates, no record twice in one request, and not more than a batch.
fn rounds(writes: &[Write]) -> Vec<Round<'_>> {
    let mut creates: Vec<Round<'_>> = Vec::new();
    let mut updates: Vec<(HashSet<&RemoteId>, Round<'_>)> = Vec::new();
    for (position, write) in writes.iter().enumerate() {
        match &write.target {
            Target::Create => match creates.last_mut().filter(|round| round.len() < BATCH) {
                Some(round) => round.push((position, write)),
                None => creates.push(vec![(position, write)]),
            },
            Target::Update { id, .. } => {
                // Behind the last round that writes this record, so that its writes stay in order.
                let earliest = updates.iter().rposition(|(ids, _)| ids.contains(id)).map_or(0, |last| last + 1);
                match updates.iter_mut().skip(earliest).find(|(_, round)| round.len() < BATCH) {
                    Some((ids, round)) => {
                        ids.insert(id);
                        round.push((position, write));
                    }
                    None => updates.push((HashSet::from([id]), vec![(position, write)])),
                }
            }
        }
    }
    creates.into_iter().chain(updates.into_iter().map(|(_, round)| round)).collect()
}

/// The properties of a write; a cleared one is an empty text.
fn properties<'a>(layout: &'a Layout, write: &'a Write) -> BTreeMap<&'a str, &'a str> {
    let texts = write.texts.iter().map(|(path, text)| (path.as_str(), text.as_deref().unwrap_or_default()));
    let stored_id = layout.id_property.as_deref().zip(write.stored_id.as_deref());
    texts.chain(stored_id).collect()
}

async fn send(talk: &Talk, kind: Kind, round: &Round<'_>) -> Outcomes {
    let layout = talk.layout(kind);
    let mut outcomes = Outcomes::new();
    let mut orders = Vec::with_capacity(round.len());
    for (position, write) in round {
        let properties = properties(layout, write);
        match &write.target {
            // HubSpot refuses an update that changes nothing; such a write moves a contact only.
            Target::Update { .. } if properties.is_empty() => {
                outcomes.insert(*position, Ok(None));
            }
            Target::Update { id, .. } => {
                orders.push(Order { position: *position, id: Some(id), parent: None, properties });
            }
            Target::Create => {
                let parent = write.parent.as_ref().map(|parent| &parent.to);
                orders.push(Order { position: *position, id: None, parent, properties });
            }
        }
    }
    for Sent { position, outcome } in batch::send(talk, kind, orders).await {
        outcomes.insert(position, outcome.map(Some));
    }
    outcomes
}

/// The rows as HubSpot stored them. A reply shows what was sent and little more; the rest is read, and what the reply said
/// stands, because a person may have edited the record in between.
async fn as_stored(talk: &Talk, kind: Kind, round: &Round<'_>, outcomes: Outcomes) -> Vec<(usize, Written)> {
    let ids: Vec<RemoteId> = outcomes
        .iter()
        .filter_map(|(position, outcome)| match outcome {
            Ok(Some(entry)) if is_whole(talk.layout(kind), &entry.row) => None,
            Ok(Some(entry)) => Some(entry.row.id.clone()),
            Ok(None) => target_id(round, *position).cloned(),
            Err(_) => None,
        })
        .collect();
    let read = if ids.is_empty() { Ok(Vec::new()) } else { read::bare_rows(talk, kind, &ids, Which::Live).await };
    let (rows, unread) = match read {
        Ok(rows) => (rows, None),
        Err(error) => {
            tracing::debug!(error.kind = ?error.kind, error.status, "what HubSpot stored could not be read back");
            (Vec::new(), Some(error))
        }
    };
    let mut known: BTreeMap<usize, Result<Row, PortError>> = BTreeMap::new();
    for (position, outcome) in outcomes {
        let row = match outcome {
            Ok(Some(entry)) => Ok(filled(entry.row, &rows)),
            Ok(None) => target_id(round, position)
                .and_then(|id| rows.iter().find(|row| row.id == *id || row.absorbed.contains(id)))
                .cloned()
                .ok_or_else(|| not_read_back(unread.as_ref())),
            Err(error) => Err(error),
        };
        known.insert(position, row);
    }
    parents::put_read_back(talk, kind, round, &mut known).await;
    known
        .into_iter()
        .map(|(position, row)| (position, row.map_or_else(Written::Failed, |row| Written::Stored(Box::new(row)))))
        .collect()
}

/// A write that was carried out and whose result is not known: recovery must look.
pub(super) fn not_read_back(error: Option<&PortError>) -> PortError {
    let why = error.map_or("it is not shown", |error| error.message.as_str());
    PortError::new(ErrorKind::Broken, format!("HubSpot took the write, but what it stored could not be read: {why}"))
}

/// The record that an update goes to.
pub(super) fn target_id<'a>(round: &Round<'a>, position: usize) -> Option<&'a RemoteId> {
    round.iter().find(|(at, _)| *at == position).and_then(|(_, write)| match &write.target {
        Target::Update { id, .. } => Some(id),
        Target::Create => None,
    })
}

fn is_whole(layout: &Layout, row: &Row) -> bool {
    row.texts.iter().all(|text| *text != Delivered::Unknown)
        && (layout.id_property.is_none() || row.stored_id.is_some())
}

fn filled(mut row: Row, read: &[Row]) -> Row {
    let Some(read) = read.iter().find(|read| read.id == row.id) else { return row };
    for (text, read) in row.texts.iter_mut().zip(&read.texts) {
        if *text == Delivered::Unknown {
            text.clone_from(read);
        }
    }
    if row.stored_id.is_none() {
        row.stored_id.clone_from(&read.stored_id);
    }
    if row.absorbed.is_empty() {
        row.absorbed.clone_from(&read.absorbed);
    }
    row.created = row.created.or(read.created);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(id: &str) -> Write {
        let target = Target::Update { id: RemoteId::new(id), version: None };
        Write { target, texts: Vec::new(), parent: None, stored_id: None, apart_from: Vec::new() }
    }

    fn create() -> Write {
        Write { target: Target::Create, texts: Vec::new(), parent: None, stored_id: None, apart_from: Vec::new() }
    }

    fn positions(writes: &[Write]) -> Vec<Vec<usize>> {
        rounds(writes).into_iter().map(|round| round.into_iter().map(|(position, _)| position).collect()).collect()
    }

    #[test]
    fn no_record_is_twice_in_one_request_and_its_writes_stay_in_order() {
        let writes = [update("1"), update("2"), update("1"), update("3"), update("1")];
        assert_eq!(positions(&writes), [vec![0, 1, 3], vec![2], vec![4]]);
    }

    #[test]
    fn a_request_holds_at_most_a_batch_and_either_creates_or_updates() {
        let mut writes = vec![create(); BATCH + 1];
        writes.push(update("7"));
        let rounds = positions(&writes);
        assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [BATCH, 1, 1]);
        assert_eq!(rounds.last().unwrap(), &[BATCH + 1]);
    }
}
