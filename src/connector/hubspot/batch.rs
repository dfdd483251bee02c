//! One batch of creates or updates: sent, and its reply taken apart input by input.

use std::collections::{BTreeMap, VecDeque};

use super::error::explain_item;
use super::layout::Layout;
use super::read::tell_too_long;
use super::request::{CreateInput, IdInput, Inputs, LinkType, NewLink, UpdateInput};
use super::row::{self, Entry, Objects};
use super::talk::Talk;
use super::wire::{self, Fault};
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Delivered;

/// One input of a batch.
#[derive(Debug, Clone)]
pub(super) struct Order<'a> {
    /// Its position in the caller's list, which is its trace id.
    pub(super) position: usize,
    /// The record to be changed; `None` for one to be made.
    pub(super) id: Option<&'a RemoteId>,
    /// The company of a contact that is to be made.
    pub(super) parent: Option<&'a RemoteId>,
    /// What is to be written.
    pub(super) properties: BTreeMap<&'a str, &'a str>,
}

/// What came of one input.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) position: usize,
    pub(super) outcome: Result<Entry, PortError>,
}

/// Sends inputs that are all creates or all updates. HubSpot refuses some batches whole for one bad input: those are split
/// in halves until the bad ones stand alone, as long as the look that all of them rely on is not old. Nothing else is ever
/// sent again.
pub(super) async fn send(talk: &Talk, kind: Kind, orders: Vec<Order<'_>>) -> Vec<Sent> {
    let mut outcomes = Vec::with_capacity(orders.len());
    let mut pending = VecDeque::from([orders]);
    let began = talk.elapsed();
    while let Some(mut group) = pending.pop_front() {
        if group.is_empty() {
            continue;
        }
        // Whatever the time, one answer is waited for, or a batch that is refused slowly would be taken apart for ever.
        if !outcomes.is_empty()
            && let Err(late) = talk.in_time(began)
        {
            outcomes.extend(all_failed(&group, &late));
            continue;
        }
        let error = match send_once(talk, kind, &group).await {
            Ok(objects) => {
                tell_too_long(talk.layout(kind), &objects);
                outcomes.extend(take_apart(talk.layout(kind), &group, objects));
                continue;
            }
            Err(error) => error,
        };
        if error.kind.is_about_record() && group.len() > 1 {
            let second = group.split_off(group.len() / 2);
            pending.push_front(second);
            pending.push_front(group);
            continue;
        }
        outcomes.extend(all_failed(&group, &error));
        if stops_everything(error.kind) {
            for rest in pending.drain(..) {
                outcomes.extend(all_failed(&rest, &error));
            }
        }
    }
    outcomes
}

/// Refusals that the next request would meet as well: what was not sent yet is not sent at all.
fn stops_everything(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::Quota
        | ErrorKind::RateLimited
        | ErrorKind::Setting
        | ErrorKind::Cancelled
        | ErrorKind::Connect => true,
        ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::Unavailable
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::Protocol
        | ErrorKind::TooLarge => false,
    }
}

fn all_failed(group: &[Order<'_>], error: &PortError) -> Vec<Sent> {
    group.iter().map(|order| Sent { position: order.position, outcome: Err(error.clone()) }).collect()
}

async fn send_once(talk: &Talk, kind: Kind, group: &[Order<'_>]) -> Result<Objects, PortError> {
    let reply = if group.iter().all(|order| order.id.is_none()) {
        let inputs = group.iter().map(create_input).collect();
        let url = talk.at.objects(kind, &["batch", "create"]);
        talk.order("/crm/objects/{version}/{type}/batch/create", url, &Inputs { inputs }).await?
    } else {
        let inputs = group.iter().filter_map(update_input).collect();
        let url = talk.at.objects(kind, &["batch", "update"]);
        talk.order("/crm/objects/{version}/{type}/batch/update", url, &Inputs { inputs }).await?
    };
    row::objects(talk.layout(kind), &reply.body)
}

fn create_input<'a>(order: &'a Order<'_>) -> CreateInput<'a> {
    CreateInput {
        object_write_trace_id: order.position.to_string(),
        properties: order.properties.clone(),
        associations: order
            .parent
            .map(|parent| NewLink { to: IdInput { id: parent.as_str() }, types: LinkType::PRIMARY })
            .into_iter()
            .collect(),
    }
}

fn update_input<'a>(order: &'a Order<'_>) -> Option<UpdateInput<'a>> {
    Some(UpdateInput {
        id: order.id?.as_str(),
        object_write_trace_id: order.position.to_string(),
        properties: order.properties.clone(),
    })
}

/// Finds the answer to each input: by trace id, by record id, and for creates without either by what was sent.
fn take_apart(layout: &Layout, group: &[Order<'_>], objects: Objects) -> Vec<Sent> {
    let mut outcomes: BTreeMap<usize, Result<Entry, PortError>> = BTreeMap::new();
    let mut unnamed: Vec<Entry> = Vec::new();
    let mut nameless: Vec<PortError> = Vec::new();
    for fault in &objects.faults {
        let positions = named_by(group, fault);
        if positions.is_empty() {
            nameless.push(explain_item(fault));
        }
        for position in positions {
            outcomes.insert(position, Err(explain_item(fault)));
        }
    }
    for entry in objects.entries {
        let traced = entry.trace.as_deref().and_then(|trace| trace.parse().ok());
        let answered = traced
            .and_then(|position: usize| group.iter().find(|order| order.position == position))
            .or_else(|| group.iter().find(|order| order.id == Some(&entry.row.id)));
        match answered {
            Some(order) if is_the_one(order, &entry) => {
                outcomes.insert(order.position, Ok(entry));
            }
            Some(order) => {
                outcomes.insert(order.position, Err(about_another()));
            }
            None => unnamed.push(entry),
        }
    }
    let left: Vec<&Order<'_>> = group.iter().filter(|order| !outcomes.contains_key(&order.position)).collect();
    for (position, entry) in by_what_was_sent(layout, &left, unnamed) {
        outcomes.insert(position, Ok(entry));
    }
    let silent: Vec<usize> =
        group.iter().map(|order| order.position).filter(|position| !outcomes.contains_key(position)).collect();
    // Every input is a result or a fault: if just as many are silent as faults are nameless, these are theirs.
    let theirs = nameless.first().filter(|_| nameless.len() == silent.len());
    for position in silent {
        let error = theirs.cloned().unwrap_or_else(|| {
            PortError::new(
                ErrorKind::Protocol,
                "HubSpot's reply says nothing about this record: it may have been stored",
            )
        });
        outcomes.insert(position, Err(error));
    }
    outcomes.into_iter().map(|(position, outcome)| Sent { position, outcome }).collect()
}

/// Whether an entry may be what became of an input: a new record, the one that was to be changed, or one that swallowed it.
fn is_the_one(order: &Order<'_>, entry: &Entry) -> bool {
    order.id.is_none_or(|id| *id == entry.row.id || entry.row.absorbed.contains(id))
}

/// Whatever was stored, it is not known to be in the record that was meant: recovery looks.
fn about_another() -> PortError {
    PortError::new(ErrorKind::Protocol, "HubSpot's reply is about another record than the one that was to be changed")
}

/// The inputs that a fault names.
fn named_by(group: &[Order<'_>], fault: &Fault) -> Vec<usize> {
    let traced: Vec<usize> = wire::context(&fault.context, "objectWriteTraceId")
        .into_iter()
        .chain(fault.object_write_trace_id.as_deref())
        .filter_map(|trace| trace.parse().ok())
        .collect();
    let ids: Vec<&str> = ["ids", "id", "objectId"]
        .iter()
        .flat_map(|key| wire::context(&fault.context, key))
        .chain(fault.id.iter().map(|id| id.0.as_str()))
        .collect();
    group
        .iter()
        .filter(|order| {
            traced.contains(&order.position)
                || (traced.is_empty() && order.id.is_some_and(|id| ids.contains(&id.as_str())))
        })
        .map(|order| order.position)
        .collect()
}

/// Pairs new records with the inputs that they show: our id must be equal where one was sent; else the input of which the
/// record shows the most, if no other one is as good.
fn by_what_was_sent(layout: &Layout, left: &[&Order<'_>], entries: Vec<Entry>) -> Vec<(usize, Entry)> {
    let mut left: Vec<&Order<'_>> = left.iter().filter(|order| order.id.is_none()).copied().collect();
    let mut pairs = Vec::new();
    for entry in entries {
        let scores: Vec<Option<usize>> = left.iter().map(|order| likeness(layout, order, &entry)).collect();
        let best = scores.iter().flatten().max().copied();
        let mut candidates = scores.iter().enumerate().filter(|(_, score)| score.is_some() && **score == best);
        let (Some((first, _)), second) = (candidates.next(), candidates.next()) else { continue };
        let twins = second.is_some_and(|(second, _)| {
            left.get(first)
                .zip(left.get(second))
                .is_some_and(|(a, b)| a.properties != b.properties || a.parent != b.parent)
        });
        if !twins {
            pairs.push((left.remove(first).position, entry));
        }
    }
    pairs
}

/// How many of the texts that were sent a new record shows; `None` if it cannot be the one.
fn likeness(layout: &Layout, order: &Order<'_>, entry: &Entry) -> Option<usize> {
    let mut equal = 0;
    for (path, sent) in &order.properties {
        if layout.id_property.as_deref() == Some(*path) {
            if entry.row.stored_id.as_deref() != Some(*sent) {
                return None;
            }
            equal += 1;
        }
        let positions = layout.slot(path).map(|slot| slot.texts.as_slice()).unwrap_or_default();
        for position in positions {
            if let Some(Delivered::Text(shown)) = entry.row.texts.get(*position)
                && shown.trim().eq_ignore_ascii_case(sent.trim())
            {
                equal += 1;
            }
        }
    }
    (equal > 0).then_some(equal)
}
