//! The companies of written contacts: moved after the texts were taken, and read back.

use std::collections::BTreeMap;

use super::associations::{self, NewHome};
use super::error::explain_item;
use super::talk::Talk;
use super::wire::Fault;
use super::write::{Outcomes, Round, not_read_back};
use crate::connector::error::PortError;
use crate::connector::port::{Target, Write};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// One contact that moves.
struct Move<'a> {
    position: usize,
    contact: &'a RemoteId,
    from: Option<&'a RemoteId>,
    to: &'a RemoteId,
    /// Whether the new company becomes the primary one.
    primary: bool,
}

/// Moves the contacts of those updates whose texts were taken. The old company is left only when the new one is there, so
/// that no contact is without one in between.
pub(super) async fn apply(talk: &Talk, kind: Kind, round: &Round<'_>, mut outcomes: Outcomes) -> Outcomes {
    if kind == Kind::Company {
        return outcomes;
    }
    let mut moves: Vec<Move<'_>> = round
        .iter()
        .filter(|(position, _)| outcomes.get(position).is_some_and(Result::is_ok))
        .filter_map(|(position, write)| moved(*position, write))
        .collect();
    if let Err(error) = keep_primaries(talk, &mut moves).await {
        for moved in &moves {
            fail(&mut outcomes, moved, error.clone());
        }
        return outcomes;
    }
    let taken = make(talk, &moves, &mut outcomes).await;
    leave_old(talk, &taken, &mut outcomes).await;
    outcomes
}

/// Puts the companies into the rows of written contacts, as HubSpot shows them now.
pub(super) async fn put_read_back(
    talk: &Talk,
    kind: Kind,
    round: &Round<'_>,
    rows: &mut BTreeMap<usize, Result<Row, PortError>>,
) {
    let ids: Vec<RemoteId> = rows.values().filter_map(|row| row.as_ref().ok()).map(|row| row.id.clone()).collect();
    if kind == Kind::Company || ids.is_empty() {
        return;
    }
    match associations::read(talk, Kind::Contact, &ids).await {
        Ok(mut links) => {
            for row in rows.values_mut().flatten() {
                row.parents = links.take(&row.id);
            }
        }
        Err(error) => {
            for (position, outcome) in rows {
                let Ok(row) = outcome else { continue };
                match round.iter().find(|(at, _)| at == position).map(|(_, write)| write) {
                    // The company was part of the request that HubSpot took.
                    Some(Write { target: Target::Create, parent, .. }) => {
                        row.parents = parent.iter().map(|parent| parent.to.clone()).collect();
                    }
                    // Nothing says which companies the contact has: an empty list would be read as "none".
                    Some(Write { target: Target::Update { .. }, .. }) | None => {
                        *outcome = Err(not_read_back(Some(&error)));
                    }
                }
            }
        }
    }
}

fn moved(position: usize, write: &Write) -> Option<Move<'_>> {
    let parent = write.parent.as_ref()?;
    match &write.target {
        Target::Update { id, .. } => {
            let from = parent.from.as_ref().filter(|from| **from != parent.to);
            Some(Move { position, contact: id, from, to: &parent.to, primary: true })
        }
        // A new contact was made with its company.
        Target::Create => None,
    }
}

/// A contact that stays with a third company as its primary one keeps it so: the label is that company's.
async fn keep_primaries(talk: &Talk, moves: &mut [Move<'_>]) -> Result<(), PortError> {
    if moves.is_empty() {
        return Ok(());
    }
    let contacts: Vec<RemoteId> = moves.iter().map(|moved| moved.contact.clone()).collect();
    let links = associations::read(talk, Kind::Contact, &contacts).await?;
    for moved in moves {
        moved.primary = links.primary(moved.contact).is_none_or(|now| Some(now) == moved.from || now == moved.to);
    }
    Ok(())
}

/// Puts contacts to their new companies; the moves that HubSpot took.
async fn make<'m, 'a>(talk: &Talk, moves: &'m [Move<'a>], outcomes: &mut Outcomes) -> Vec<&'m Move<'a>> {
    let home = |moved: &Move<'a>| NewHome { contact: moved.contact, company: moved.to, primary: moved.primary };
    let mut taken = Vec::new();
    if moves.is_empty() {
        return taken;
    }
    let homes: Vec<_> = moves.iter().map(home).collect();
    match associations::make(talk, &homes).await {
        Ok(faults) if faults.is_empty() => taken.extend(moves),
        Ok(faults) => {
            for moved in moves {
                match fault_of(&faults, moved) {
                    Some(fault) => fail(outcomes, moved, explain_item(fault)),
                    None => taken.push(moved),
                }
            }
        }
        // One bad pair can refuse them all; a definite refusal is taken apart.
        Err(error) if error.kind.is_about_record() && moves.len() > 1 => {
            for moved in moves {
                match associations::make(talk, &[home(moved)]).await {
                    Ok(faults) => match faults.first() {
                        Some(fault) => fail(outcomes, moved, explain_item(fault)),
                        None => taken.push(moved),
                    },
                    Err(error) => fail(outcomes, moved, error),
                }
            }
        }
        Err(error) => {
            for moved in moves {
                fail(outcomes, moved, error.clone());
            }
        }
    }
    taken
}

async fn leave_old(talk: &Talk, moves: &[&Move<'_>], outcomes: &mut Outcomes) {
    let leaving: Vec<(&Move<'_>, &RemoteId)> =
        moves.iter().filter_map(|moved| moved.from.map(|from| (*moved, from))).collect();
    if leaving.is_empty() {
        return;
    }
    let pairs: Vec<_> = leaving.iter().map(|(moved, from)| (moved.contact, *from)).collect();
    match associations::remove(talk, &pairs).await {
        Ok(faults) => {
            for (moved, _) in &leaving {
                if let Some(fault) = fault_of(&faults, moved) {
                    fail(outcomes, moved, explain_item(fault));
                }
            }
        }
        Err(error) => {
            for (moved, _) in &leaving {
                fail(outcomes, moved, error.clone());
            }
        }
    }
}

/// The fault that names a contact; one that names nobody counts for everybody.
fn fault_of<'f>(faults: &'f [Fault], moved: &Move<'_>) -> Option<&'f Fault> {
    faults.iter().find(|fault| {
        let named = super::wire::context(&fault.context, "fromObjectId");
        named.is_empty() || named.contains(&moved.contact.as_str())
    })
}

fn fail(outcomes: &mut Outcomes, moved: &Move<'_>, error: PortError) {
    outcomes.insert(moved.position, Err(error));
}
