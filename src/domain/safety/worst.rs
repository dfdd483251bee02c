//! The worst of a plan, a few of each sort: what a refusal shows, so that a person sees at once what it is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RefusalName;
use crate::domain::plan::{Action, KeyKind, Op, Reason, RecordRef};
use crate::domain::record::{Kind, RemoteId, Side};

/// How many examples a refusal carries.
pub const FEW: usize = 5;

/// A record or pair that a refusal is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Company or contact.
    pub kind: Kind,
    /// How a person recognises it; empty where that is not known. Personal data: for reports, never for logs.
    pub label: String,
    /// Its id in Flowtly, where it has one.
    pub flowtly: Option<RemoteId>,
    /// Its id in the CRM, where it has one.
    pub crm: Option<RemoteId>,
    /// How many values it is about, where they are counted.
    pub values: Option<u64>,
}

impl Example {
    /// A record of which nothing but its id is known.
    pub fn of_record(side: Side, kind: Kind, id: RemoteId) -> Self {
        let (flowtly, crm) = match side {
            Side::Flowtly => (Some(id), None),
            Side::Crm => (None, Some(id)),
        };
        Self { kind, label: String::new(), flowtly, crm, values: None }
    }

    /// Kind and ids, for logs.
    pub fn ids(&self) -> String {
        let id = |side: Side, id: &Option<RemoteId>| id.as_ref().map(|id| format!(" {side} {id}"));
        let ids: Vec<String> =
            [id(Side::Flowtly, &self.flowtly), id(Side::Crm, &self.crm)].into_iter().flatten().collect();
        format!("{}{}", self.kind, ids.join(","))
    }
}

/// The worst examples of each limited sort, at most [`FEW`] of each: memory stays flat however long the plan is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worst(BTreeMap<(RefusalName, Option<Side>), Vec<Weighed>>);

/// How bad it is, and what it is.
type Weighed = (u64, Example);

impl Worst {
    /// Takes an action into account.
    pub fn note(&mut self, action: &Action) {
        match &action.op {
            Op::Create { side, .. } => self.keep(RefusalName::TooManyCreates, Some(*side), 0, None, action),
            op @ Op::Update { side, changes } => {
                let changed = changes.len() as u64;
                self.keep(RefusalName::TooManyUpdates, Some(*side), changed, Some(changed), action);
                let blanked = op.blanked() as u64;
                if blanked > 0 {
                    self.keep(RefusalName::TooManyBlankedValues, Some(*side), blanked, Some(blanked), action);
                }
            }
            Op::Link => self.keep(RefusalName::TooManyLinks, None, weakness(&action.reason), None, action),
            Op::Conflict(_) => self.keep(RefusalName::TooManyConflicts, None, 0, None, action),
            Op::Repoint { side, .. } | Op::Pause { side } | Op::Unlink { side } => {
                self.keep(RefusalName::TooManyPauses, Some(*side), 0, None, action);
            }
            Op::Stamp | Op::Agree { .. } | Op::Resume | Op::Question(_) | Op::Skip => {}
        }
    }

    /// Takes the first documents of a plan as they come.
    pub fn note_documents(&mut self, examples: Vec<Example>) {
        let weighed = examples.into_iter().take(FEW).map(|example| (0, example)).collect();
        self.0.insert((RefusalName::TooManyDocuments, Some(Side::Crm)), weighed);
    }

    /// The worst of a sort, worst first.
    pub fn of(&self, name: RefusalName, side: Option<Side>) -> Vec<Example> {
        let kept = self.0.get(&(name, side)).into_iter().flatten();
        kept.map(|(_, example)| example.clone()).collect()
    }

    /// The worst of the whole plan: what is cleared, created and linked, in that order.
    pub fn overall(&self) -> Vec<Example> {
        let sorts = [RefusalName::TooManyBlankedValues, RefusalName::TooManyCreates, RefusalName::TooManyLinks];
        let sides = [Some(Side::Flowtly), Some(Side::Crm), None];
        let all = sorts.into_iter().flat_map(|name| sides.into_iter().flat_map(move |side| self.of(name, side)));
        all.take(FEW).collect()
    }

    /// Keeps an action if it is worse than one that is kept; of equally bad ones the first stay.
    fn keep(&mut self, name: RefusalName, side: Option<Side>, weight: u64, values: Option<u64>, action: &Action) {
        let kept = self.0.entry((name, side)).or_default();
        let place = kept.partition_point(|(other, _)| *other >= weight);
        if place == FEW {
            return;
        }
        let id = |side: &Option<RecordRef>| side.as_ref().map(|record| record.id.clone());
        let example = Example {
            kind: action.kind,
            label: action.label.clone(),
            flowtly: id(&action.flowtly),
            crm: id(&action.crm),
            values,
        };
        kept.insert(place, (weight, example));
        kept.truncate(FEW);
    }
}

/// How little speaks for a link: the weaker its key, the worse.
const fn weakness(reason: &Reason) -> u64 {
    let Reason::Matched { by } = reason else { return 0 };
    match by {
        KeyKind::StoredId => 1,
        KeyKind::TaxNumber => 2,
        KeyKind::EmailAndName => 3,
        KeyKind::NameAndCountry => 4,
        KeyKind::Email => 5,
        KeyKind::Configured(_) => 6,
        KeyKind::Name => 7,
    }
}
