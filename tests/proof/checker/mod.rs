//! The second opinion: judges what a run left behind, and shares no code with the engine.
//!
//! It is written from the design, the facts about the two systems, the default mapping files and the migrations. It reads the
//! servers' records and request logs, the journal of what people did, the configuration's text, and the state file by its own
//! SQL. In reading order: [`evidence`] is what is judged, [`dialect`] reads what each system says, [`journal`] writes down
//! what people do, [`rules`] reads the configuration, [`state`] the state file, [`normal`] says when two texts are the same,
//! [`story`] tells who wrote what when, [`judge`] holds the invariants, a file each.
//!
//! Architecture invariant: nothing here names a module of the engine (`domain`, `sync`, `store`, `connector`, `render`); a
//! trial holds that.

mod dialect;
pub mod evidence;
mod judge;
pub mod journal;
mod normal;
pub mod rules;
pub mod state;
mod story;
mod trials;

use std::fmt;

pub use evidence::Evidence;
pub use trials::trials;

use crate::figures;
use judge::Case;

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant.
    pub invariant: &'static str,
    /// What is wrong, with ids and values.
    pub told: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.told)
    }
}

/// What one invariant found.
#[derive(Debug, Default)]
pub struct Findings {
    invariant: &'static str,
    checks: u64,
    violations: Vec<Violation>,
}

impl Findings {
    /// One check.
    pub fn expect(&mut self, holds: bool, told: impl FnOnce() -> String) {
        self.checks += 1;
        if !holds {
            self.violations.push(Violation { invariant: self.invariant, told: told() });
        }
    }
}

/// An invariant: its name, and what looks for violations.
type Invariant = (&'static str, fn(&Case<'_>, &mut Findings));

/// All of them.
const INVARIANTS: [Invariant; 9] = [
    ("both_sides_agree", judge::agree::both_sides_agree),
    ("it_terminates", judge::rest::it_terminates),
    ("no_duplicates", judge::doubles::no_duplicates),
    ("no_edit_is_lost", judge::edits::no_edit_is_lost),
    ("nothing_is_invented", judge::invented::nothing_is_invented),
    ("no_write_outside_the_plan", judge::writes::no_write_outside_the_plan),
    ("nothing_against_the_rules", judge::writes::nothing_against_the_rules),
    ("refusals_are_listed", judge::refusals::refusals_are_listed),
    ("the_state_is_sound", judge::rest::the_state_is_sound),
];

/// Judges a run that is at rest: empty if every invariant holds.
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let case = Case::of(evidence);
    let mut violations = Vec::new();
    let mut checks = 0;
    for (invariant, look) in INVARIANTS {
        let mut findings = Findings { invariant, ..Findings::default() };
        look(&case, &mut findings);
        checks += findings.checks;
        violations.append(&mut findings.violations);
    }
    figures::count("invariants", checks);
    violations
}
