//! The checker is checked: it must tell what is wrong, and be silent where nothing is.

mod house;
mod live;
mod made;

use libtest_mimic::{Failed, Trial};

use super::evidence::Evidence;
use super::{Violation, check};

/// All of them.
pub fn trials() -> Vec<Trial> {
    made::trials().into_iter().chain(live::trials()).chain(house::trials()).collect()
}

fn trial(name: &str, run: impl FnOnce() -> Result<(), String> + Send + 'static) -> Trial {
    Trial::test(format!("checker::{name}"), || run().map_err(Failed::from))
}

/// Nothing is told.
fn is_clean(evidence: &Evidence) -> Result<(), String> {
    let told = check(evidence);
    if told.is_empty() { Ok(()) } else { Err(format!("nothing is wrong, yet:\n{}", lines(&told))) }
}

/// This invariant tells something that says this.
fn tells(evidence: &Evidence, invariant: &str, says: &str) -> Result<(), String> {
    let told = check(evidence);
    if told.iter().any(|violation| violation.invariant == invariant && violation.told.contains(says)) {
        return Ok(());
    }
    Err(format!("{invariant} does not tell {says:?}; told is:\n{}", lines(&told)))
}

fn lines(told: &[Violation]) -> String {
    told.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
