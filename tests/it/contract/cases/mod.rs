//! The cases. What a case needs beyond the port says why it is skipped where a system does not have it.

mod closed;
mod errors;
mod lost;
mod reads;
mod relations;
mod walks;
mod writes;

use std::panic::AssertUnwindSafe;

use flowtly_sync::connector::port::Capabilities;
use flowtly_sync::domain::record::Kind;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use libtest_mimic::Failed;

use crate::bench::Bench;
use crate::table::{self, Cell};

/// Nothing, or the capability that the system turns out not to have.
pub type Verdict = Result<(), &'static str>;

/// One thing that every connector does.
pub struct Case {
    pub name: &'static str,
    needs: &'static [Need],
    run: for<'a> fn(&'a Bench) -> BoxFuture<'a, Verdict>,
}

/// What not every system has.
#[derive(Clone, Copy)]
enum Need {
    /// A server of ours: its faults, its manners, the people who work in it.
    Server,
    /// A declared capability, by its name.
    Capability(&'static str, fn(&Capabilities) -> bool),
}

const CHANGED_SINCE: Need = Need::Capability("changed_since", |capabilities| {
    Kind::BOTH.into_iter().all(|kind| capabilities.of(kind).changed_since)
});
const STORES_ID: Need = Need::Capability("stores_id", |capabilities| capabilities.of(Kind::Company).stores_id);
const UNIQUE_ID: Need = Need::Capability("id_is_unique", |capabilities| capabilities.of(Kind::Company).id_is_unique);
const SHOWS_ARCHIVED: Need =
    Need::Capability("shows_archived", |capabilities| capabilities.of(Kind::Company).shows_archived);
const CREATE_BATCHES: Need =
    Need::Capability("create_batch", |capabilities| capabilities.of(Kind::Contact).create_batch > 1);
const MANY_PARENTS: Need = Need::Capability("many_parents", |capabilities| capabilities.of(Kind::Contact).many_parents);
const BATCHES: Need = Need::Capability("update_batch", |capabilities| capabilities.of(Kind::Company).update_batch > 1);

/// All cases, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Case> {
    [walks::CASES, reads::CASES, writes::CASES, relations::CASES, closed::CASES, errors::CASES, lost::CASES]
        .into_iter()
        .flatten()
}

impl Case {
    /// What the bench does not have.
    pub fn lacks(&self, bench: &Bench) -> Option<&'static str> {
        self.needs.iter().find_map(|need| match need {
            Need::Server => (!bench.is_embedded()).then_some("an embedded server"),
            Need::Capability(name, has) => (!has(bench.capabilities())).then_some(*name),
        })
    }

    /// Runs it, and notes what became of it.
    pub async fn judge(&self, bench: &Bench, system: &str) -> Result<(), Failed> {
        if let Some(lacking) = self.lacks(bench) {
            table::note(self.name, system, Cell::Skipped(lacking));
            return Ok(());
        }
        let verdict = AssertUnwindSafe((self.run)(bench)).catch_unwind().await;
        let (cell, judgement) = match verdict {
            Ok(Ok(())) => (Cell::Passed, Ok(())),
            Ok(Err(lacking)) => (Cell::Skipped(lacking), Ok(())),
            Err(_) => (Cell::Failed, Err(Failed::from("the contract is broken: see the panic above"))),
        };
        table::note(self.name, system, cell);
        judgement
    }
}

/// A case of an `async fn(&Bench) -> Verdict`.
macro_rules! case {
    ($name:literal, [$($need:expr),*], $run:path) => {
        crate::cases::Case { name: $name, needs: &[$($need),*], run: |bench| Box::pin($run(bench)) }
    };
}
use case;
