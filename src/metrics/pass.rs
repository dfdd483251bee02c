//! What a pass reports when it has ended, and what the state holds then.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::labels::{Action, Extent, Links, Pairs, Pass, Records, Sent, System, Walk};
use super::{Metrics, gauge, seconds};
use crate::domain::record::{Kind, Side};
use crate::store::quarantine::Illnesses;
use crate::store::{Store, StoreError, action, from_json, link, pass, waiting};
use crate::sync::certificate::Certificate;
use crate::sync::pass::{Ending, Report};

/// The states of links, so that one that has none left shows 0.
const STATES: [&str; 3] = ["live", "paused", "tombstone"];

/// The same for how pairs stand.
const STANDINGS: [&str; 4] = ["equal", "differs", "waits", "due"];

impl Metrics {
    /// The daemon starts.
    pub(crate) fn starts(&self, now: DateTime<Utc>) {
        self.figures.started.set(seconds(now));
    }

    /// A walk delivered records.
    pub(crate) fn scanned(&self, side: Side, kind: Kind, rows: usize) {
        let label = Records { side: side.as_str(), kind: kind.as_str() };
        self.figures.scanned.get_or_create(&label).inc_by(rows as u64);
    }

    /// A pass ended; `None` if it failed.
    pub(crate) fn passed(&self, extent: Extent, report: Option<&Report>, took: Duration, now: DateTime<Utc>) {
        let outcome = match report.map(|report| &report.ending) {
            Some(Ending::Applied) => "applied",
            Some(Ending::Partly) => "partly",
            Some(Ending::Refused) => "refused",
            Some(Ending::Planned) => "planned",
            None => "failed",
        };
        let label = Pass { extent: extent.as_str(), outcome };
        self.figures.passes.get_or_create(&label).inc();
        self.figures.last_pass.get_or_create(&label).set(seconds(now));
        self.figures.pass_time.get_or_create(&Walk { extent: extent.as_str() }).observe(took.as_secs_f64());
        let Some(report) = report else { return };
        for (outcome, count) in [("written", report.written), ("refused", report.refused), ("put_off", report.put_off)]
        {
            self.figures.sent.get_or_create(&Sent { outcome }).inc_by(count);
        }
        self.figures.near_misses.inc_by(report.rewritten);
        self.waits(report.waiting);
        self.figures.refused.set(i64::from(report.ending == Ending::Refused));
        let certificate = &report.certificate;
        self.figures.unexplained.set(gauge(certificate.unexplained));
        if report.ending == Ending::Applied && certificate.pending == 0 && certificate.unexplained == 0 {
            self.figures.last_agreement.set(seconds(now));
        }
    }

    /// What waits for a person: conflicts, questions, failures.
    fn waits(&self, (conflicts, questions, failures): (u64, u64, u64)) {
        self.figures.conflicts.set(gauge(conflicts));
        self.figures.questions.set(gauge(questions));
        self.figures.failures.set(gauge(failures));
    }

    /// What the state says of passes before this start, so that nothing looks well until the next one has ended.
    pub(crate) async fn recall(
        &self,
        store: &mut Store,
        documents: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.waits(waiting::counts(store.connection(), documents, now).await?);
        if let Some(at) = pass::last_agreement(store.connection()).await? {
            self.figures.last_agreement.set(seconds(at));
        }
        let outcome = pass::last_outcome(store.connection()).await?;
        self.figures.refused.set(i64::from(outcome.as_deref() == Some("refused")));
        if let Some(text) = pass::last_certificate(store.connection()).await? {
            let certificate: Certificate = from_json("pass.certificate", &text)?;
            self.figures.unexplained.set(gauge(certificate.unexplained));
        }
        self.links(&link::tally(store.connection()).await?);
        Ok(())
    }

    /// How many links there are: by state, and pairs by how they stand.
    pub(crate) fn links(&self, tally: &[link::Tally]) {
        let mut links: BTreeMap<(Kind, &'static str), u64> = BTreeMap::new();
        let mut pairs: BTreeMap<&'static str, u64> = BTreeMap::new();
        for link::Tally { kind, state, standing, count, .. } in tally {
            let known = |words: &[&'static str], word: &str| words.iter().find(|known| **known == word).copied();
            let Some(state) = known(&STATES, state) else { continue };
            *links.entry((*kind, state)).or_default() += count;
            if let Some(standing) = known(&STANDINGS, standing).filter(|_| state == "live") {
                *pairs.entry(standing).or_default() += count;
            }
        }
        let shown = |count: Option<&u64>| gauge(count.copied().unwrap_or(0));
        for kind in Kind::BOTH {
            for state in STATES {
                let label = Links { kind: kind.as_str(), state };
                self.figures.links.get_or_create(&label).set(shown(links.get(&(kind, state))));
            }
        }
        for standing in STANDINGS {
            self.figures.pairs.get_or_create(&Pairs { standing }).set(shown(pairs.get(standing)));
        }
    }

    /// What was done of the plan of a pass.
    pub(crate) fn acted(&self, tally: &[action::Tally]) {
        for action::Tally { op, side, kind, reason, count } in tally {
            let side = side.clone().unwrap_or_else(|| "none".to_owned());
            let label = Action { op: op.clone(), side, kind: kind.clone(), reason: reason.clone() };
            self.figures.actions.get_or_create(&label).inc_by(*count);
        }
    }

    /// Which sides keep failing.
    pub(crate) fn quarantine(&self, sides: &Illnesses) {
        for side in Side::BOTH {
            let gauge = self.figures.quarantine.get_or_create_owned(&System { side: side.as_str() });
            gauge.set(i64::from(sides.contains_key(&side)));
        }
    }
}
