//! What a side does not take: nothing at all, nothing of a kind, or nothing new of a kind.

use tracing::warn;

use super::Applying;
use crate::connector::error::PortError;
use crate::domain::plan::Action;
use crate::domain::record::{Kind, Side};
use crate::store::action::{Step, StepOp};
use crate::store::todo::Why;
use crate::store::{Connection, Store, intent, quarantine};
use crate::sync::PassError;

/// Why what was planned for a side and kind was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// It was tried, and nothing of it arrived.
    Failed,
    /// It was not tried: it had failed before, and its time has not come.
    Held,
}

/// Why no new records of a side and kind were made, while what is there was written as planned.
#[derive(Debug, Clone)]
pub enum Uncreated {
    /// The first ones were tried, and the side takes none, as it says.
    Refused(PortError),
    /// It was not tried: it had failed before, and its time has not come.
    Held,
}

impl Applying<'_> {
    /// What failed before is not tried before its time has come.
    pub(super) async fn leave_alone(&mut self, store: &mut Store) -> Result<(), PassError> {
        let held = quarantine::held(store.connection(), self.now()).await?;
        self.applied.unwritten.extend(held.kinds.into_iter().map(|held| (held, Unwritten::Held)));
        self.applied.uncreated.extend(held.uncreated.into_iter().map(|held| (held, Uncreated::Held)));
        Ok(())
    }

    /// Whether a side is not written to any more in this pass, or not with this kind.
    pub(super) fn is_failing(&self, side: Side, kind: Kind) -> bool {
        self.applied.failing.contains_key(&side) || self.applied.unwritten.get(&(side, kind)) == Some(&Unwritten::Held)
    }

    /// A side does not take what is written.
    pub(super) fn fails(&mut self, side: Side, kind: Kind, error: &PortError) {
        self.applied.failing.entry(side).or_insert_with(|| error.clone());
        self.applied.unwritten.insert((side, kind), Unwritten::Failed);
    }

    /// Whether nothing new of a kind is made on a side any more in this pass.
    pub(super) fn makes_none(&self, side: Side, kind: Kind) -> bool {
        self.is_failing(side, kind) || self.applied.uncreated.contains_key(&(side, kind))
    }

    /// Whether a side that is well takes nothing new of a kind.
    pub(super) fn withholds(&self, side: Side, kind: Kind) -> bool {
        !self.is_failing(side, kind) && self.applied.uncreated.contains_key(&(side, kind))
    }

    /// What counts the actions of a step that are left.
    pub(super) fn left(&mut self, step: Step) -> &mut u64 {
        let is_withheld = step.op == StepOp::Create && step.side.is_some_and(|side| self.withholds(side, step.kind));
        if is_withheld { &mut self.applied.withheld } else { &mut self.applied.interrupted }
    }

    /// A create that a side takes from nobody: it stays due, as do all others of its kind. Changes are tried all the same, and if
    /// it is the side that fails they say so.
    pub(super) async fn takes_none(
        &mut self,
        connection: &mut Connection,
        intent: i64,
        action: &Action,
        side: Side,
        error: &PortError,
    ) -> Result<(), PassError> {
        let (kind, now) = (action.kind, self.now());
        intent::close(connection, now, intent, intent::Outcome::Void).await?;
        self.applied.withheld += 1;
        self.applied.uncreated.entry((side, kind)).or_insert_with(|| {
            warn!(side.name = side.as_str(), kind.name = kind.as_str(), error.kind = ?error.kind, "no new records are taken: no more are sent in this pass");
            Uncreated::Refused(error.clone())
        });
        self.put_off(connection, action, Why::Interrupted).await
    }
}
