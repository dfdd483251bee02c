//! Plans that are refused as a whole, each by the accident that the refusal prevents; and how they are allowed.

mod accounts;
mod allowances;
mod counts;
mod day;
mod sights;
mod transitions;

use std::collections::BTreeSet;

use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sync::pass::{Ending, Report, Request};

use crate::firm::Firm;

async fn complete(firm: &Firm, allow: &[RefusalName]) -> Report {
    let allow: BTreeSet<_> = allow.iter().copied().collect();
    firm.pass(Request { complete: true, allow }).await.unwrap()
}

/// A complete pass that is refused by exactly this name, with examples and how to allow it, and sends nothing.
async fn refused(firm: &Firm, allow: &[RefusalName], name: RefusalName) -> Report {
    let writes = firm.writes();
    let report = complete(firm, allow).await;
    assert_eq!(report.ending, Ending::Refused, "{report:?}");
    assert_eq!(report.refusals[0].name, name);
    assert!(report.refusals.iter().all(|refusal| refusal.name == name), "{:?}", report.refusals);
    for refusal in &report.refusals {
        assert!(refusal.message.ends_with(&format!("to allow it once: `--allow {name}`")), "{refusal:?}");
        assert!(!refusal.examples.is_empty(), "{refusal:?}");
    }
    assert_eq!((report.written, firm.writes()), (0, writes));
    report
}

/// The plan is refused by this name and nothing is sent; allowed once, it is carried out.
async fn refused_then_allowed(firm: &Firm, name: RefusalName) -> Report {
    for _ in 0..2 {
        refused(firm, &[], name).await;
    }
    let report = complete(firm, &[name]).await;
    assert_eq!(report.ending, Ending::Applied, "{report:?}");
    report
}

/// At most two of what this limit counts.
fn limited(name: &str) -> Firm {
    let mut firm = Firm::new();
    limit(&mut firm, name, 2);
    firm
}

fn limit(firm: &mut Firm, name: &str, count: u64) {
    let line = format!("{name} = {{ count = 1000, share = 1.0 }}");
    firm.change_base(&line, &format!("{name} = {{ count = {count}, share = 0.0 }}"));
}
