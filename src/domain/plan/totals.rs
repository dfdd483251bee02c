//! How much a plan does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Action, Op};
use crate::domain::record::Side;

/// How much a plan does, by side; the input of the safety limits and the last lines of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Links to be made.
    pub links: u64,
    /// Records to be created, by side.
    pub creates: BTreeMap<Side, u64>,
    /// Records to be updated, by side.
    pub updates: BTreeMap<Side, u64>,
    /// Values to be cleared, by side.
    pub blanked: BTreeMap<Side, u64>,
    /// New conflicts.
    pub conflicts: u64,
    /// New questions.
    pub questions: u64,
    /// Records that are counted and explained, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Fields whose base alone moves.
    pub agreed: u64,
    /// Other local actions: re-points, pauses, resumes, tombstones.
    pub local: u64,
    /// Of these, pairs that a side takes out of agreement or puts to another record: archived, gone, or merged there.
    #[serde(default)]
    pub pauses: BTreeMap<Side, u64>,
    /// Our id to be written into CRM records.
    pub stamps: u64,
    /// Documents to be shown or renamed in the CRM.
    #[serde(default)]
    pub documents: u64,
}

impl Totals {
    /// Adds one action.
    pub fn count(&mut self, action: &Action) {
        match &action.op {
            Op::Link => self.links += 1,
            Op::Create { side, .. } => *self.creates.entry(*side).or_default() += 1,
            op @ Op::Update { side, .. } => {
                *self.updates.entry(*side).or_default() += 1;
                let blanked = op.blanked() as u64;
                if blanked > 0 {
                    *self.blanked.entry(*side).or_default() += blanked;
                }
            }
            Op::Stamp => self.stamps += 1,
            Op::Agree { fields } => self.agreed += fields.len() as u64,
            Op::Repoint { side, .. } | Op::Pause { side } | Op::Unlink { side } => {
                self.local += 1;
                *self.pauses.entry(*side).or_default() += 1;
            }
            Op::Resume => self.local += 1,
            Op::Conflict(_) => self.conflicts += 1,
            Op::Question(_) => self.questions += 1,
            Op::Skip => *self.skipped.entry(action.reason.to_string()).or_default() += 1,
        }
    }

    /// Whether anything would be sent to a system or asked of a person, or a link be made.
    pub fn would_act(&self) -> bool {
        self.links > 0
            || self.stamps > 0
            || self.conflicts > 0
            || self.questions > 0
            || self.local > 0
            || self.documents > 0
            || self.creates.values().chain(self.updates.values()).any(|count| *count > 0)
    }
}
