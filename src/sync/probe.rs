//! Both accounts answer, are the ones that the state belongs to, and show what is mapped.

use tracing::warn;

use super::stage::Missing;
use super::vanished::{self, Place};
use super::{PassError, World, on};
use crate::connector::port::Presence;
use crate::domain::record::{Kind, Side};
use crate::store::{Store, link, mark};

/// What the probe found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Probed {
    /// Flowtly's account; empty where it does not tell.
    pub(crate) organisation: String,
    /// Accounts that the state shall belong to once its pairs were found there: it has pairs, and knew no account so far.
    pub(crate) unbound: Vec<(Side, String)>,
    /// By side and kind the positions of properties that are missing, and of those that may be.
    pub(crate) missing: Missing,
    /// The same by name, for people.
    pub(crate) missing_names: Vec<Place>,
    /// Those among them that no record shows any more, although some had a value.
    pub(crate) vanished: Vec<Place>,
}

/// Asks both sides who they are and what they show.
pub(crate) async fn probe(world: World<'_>, store: &mut Store) -> Result<Probed, PassError> {
    let (flowtly, crm) =
        futures_util::future::join(probe_side(world, Side::Flowtly), probe_side(world, Side::Crm)).await;
    let mut probed = Probed::default();
    for (side, answer) in [(Side::Flowtly, flowtly?), (Side::Crm, crm?)] {
        let expected = mark::account(store.connection(), side).await?;
        match (&answer.account, expected) {
            (Some(found), Some(expected)) if expected != *found => {
                return Err(PassError::WrongAccount { side, found: found.clone(), expected });
            }
            (None, Some(expected)) => return Err(PassError::AccountNotTold { side, expected }),
            (Some(found), None) => {
                if link::count(store.connection()).await? > 0 {
                    probed.unbound.push((side, found.clone()));
                } else {
                    mark::set_account(store.connection(), side, found).await?;
                }
            }
            // Where a side tells no account its pairs stand in for it.
            (Some(_), Some(_)) | (None, None) => {}
        }
        if side == Side::Flowtly {
            probed.organisation = answer.account.unwrap_or_default();
        }
        for (kind, position, path) in answer.missing {
            warn!(
                side.name = side.as_str(),
                kind.name = kind.as_str(),
                property = path,
                "a mapped property is missing: its field is unknown, nothing is changed because of it"
            );
            probed.missing.gone.entry((side, kind)).or_default().insert(position);
            probed.missing_names.push((side, kind, path));
        }
        for (kind, position) in answer.unproven {
            probed.missing.unproven.entry((side, kind)).or_default().insert(position);
        }
    }
    vanished::hide(world, store, &mut probed).await?;
    Ok(probed)
}

struct Answer {
    account: Option<String>,
    missing: Vec<(Kind, usize, String)>,
    /// What is mapped and no record that was looked at shows, where that may mean that it is blank.
    unproven: Vec<(Kind, usize)>,
}

async fn probe_side(world: World<'_>, side: Side) -> Result<Answer, PassError> {
    let source = world.source(side);
    let account = source.probe().await.map_err(on(side))?;
    world.progress.looked();
    let (mut missing, mut unproven) = (Vec::new(), Vec::new());
    for kind in Kind::BOTH {
        let properties = source.properties(kind).await.map_err(on(side))?;
        world.progress.looked();
        let mapped = source.shape(kind).paths().count();
        for (position, property) in properties.into_iter().enumerate().take(mapped) {
            if property.presence == Presence::Missing {
                missing.push((kind, position, property.path));
            } else if property.shown == Some(false) {
                unproven.push((kind, position));
            }
        }
    }
    Ok(Answer { account: account.id, missing, unproven })
}
