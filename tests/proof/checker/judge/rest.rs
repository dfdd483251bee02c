//! It comes to rest within bounds, and the state at rest is sound.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Findings;
use super::super::evidence::{Kind, Side};
use super::super::state::{Intent, Link, State};
use super::super::story::Came;
use super::Case;

/// The last pass wrote nothing; there were not too many passes, and none asked more than its work explains.
pub fn it_terminates(case: &Case<'_>, findings: &mut Findings) {
    let (laps, bounds) = (&case.evidence.laps, case.evidence.bounds);
    findings.expect(case.evidence.forgotten == 0, || {
        format!("the logs forgot {} requests, which cannot be judged", case.evidence.forgotten)
    });
    for (number, lap) in laps.iter().enumerate() {
        let most = bounds.per_pass
            + bounds.per_record * lap.records
            + bounds.per_event * (lap.deeds + lap.faults + lap.writes);
        findings.expect(lap.requests <= most, || {
            format!("pass {} made {} requests, its work explains {most}: {lap:?}", number + 1, lap.requests)
        });
    }
    if let Some(last) = laps.last() {
        // What is refused is tried again when its time comes, which may be in the last pass: that is listed, and no news.
        let mut sent = case.story.writes.iter().filter(|write| write.number > last.place(write.side)).peekable();
        let all_refused = sent.peek().is_some() && sent.all(|write| matches!(write.came, Came::Refused(_)));
        findings.expect(last.writes == 0 || all_refused, || format!("the last pass still wrote {} times", last.writes));
        // Passes with nothing new to do that write all the same argue with somebody, or with themselves.
        let since = laps.iter().rev().take_while(|lap| lap.deeds == 0 && lap.faults == 0).count();
        let idle = laps.iter().rev().take(since).filter(|lap| lap.writes > 0).count();
        findings.expect(idle <= bounds.passes, || format!("{idle} passes wrote without a cause from outside"));
    }
}

/// Nothing is open, the file is whole, every link is a pair of records that are accounted for, and the certificate is clean.
pub fn the_state_is_sound(case: &Case<'_>, findings: &mut Findings) {
    let state = case.state();
    findings.expect(state.complaints.is_empty(), || format!("the file is not whole: {:?}", state.complaints));
    for intent in &state.intents {
        // A create that may have arrived stays open while a person is asked about it.
        findings.expect(intent.closed || is_asked(state, intent), || {
            format!("a write to {} {} {:?} is still open", intent.side.word(), intent.kind.word(), intent.target)
        });
    }
    let mut halves = BTreeSet::new();
    for link in &state.links {
        for side in Side::BOTH {
            // One CRM person may be a contact of several firms.
            let within = link.parent.filter(|_| side == Side::Crm && link.kind == Kind::Contact);
            findings.expect(halves.insert((link.half(side), within)), || format!("{} has two links", link.half(side)));
        }
        findings.expect(link.parent.is_none_or(|parent| state.link(parent).is_some()), || {
            format!("link {} belongs to no company", link.id)
        });
        for side in Side::BOTH.into_iter().filter(|_| link.is_live()) {
            findings.expect(half_is_there(case, link, side), || {
                format!("link {} is live, but {} is not there and the state does not know", link.id, link.half(side))
            });
        }
    }
    for todo in &state.todo {
        let unfinished = ["staged", "superseded", "interrupted", "decided"].contains(&todo.why.as_str());
        let open = || state.intents.iter().filter(|intent| !intent.closed && is_asked(state, intent));
        let of_todo = state.seen.iter().find(|seen| todo.seen == Some(seen.id));
        // What may be the record of that create, or is held back by it, is looked at as long as it is asked about.
        let is_held = |verdict: &Option<String>| verdict.as_deref() == Some("a write of unknown outcome is open");
        let is_asked = open().any(|intent| intent.source.is_some() && intent.source == todo.seen)
            || of_todo
                .is_some_and(|seen| state.asks_about(&seen.rec) || (is_held(&seen.verdict) && open().next().is_some()));
        findings.expect(!unfinished || todo.due.is_none() || is_asked, || format!("not settled: {todo:?}"));
    }
    for count in ["unexplained", "pending"] {
        let stands = state.certificate.get(count).and_then(Value::as_u64).unwrap_or(0);
        findings.expect(stands == 0, || format!("the certificate counts {stands} {count}"));
    }
}

/// Whether the question stands that asks a person what became of a create.
fn is_asked(state: &State, intent: &Intent) -> bool {
    state.questions.iter().any(|question| {
        question.body.get("asks").and_then(Value::as_str) == Some("lost_create") && intent.source == Some(question.seen)
    })
}

/// The record is there and live, or the state knows that it is gone or archived.
fn half_is_there(case: &Case<'_>, link: &Link, side: Side) -> bool {
    let rec = link.half(side);
    let known = case.state().seen.iter().any(|seen| seen.link == Some(link.id) && seen.rec == rec);
    let absent = case
        .state()
        .seen
        .iter()
        .any(|seen| seen.link == Some(link.id) && seen.rec == rec && (seen.gone || seen.archived));
    // A pair of which nothing is left is told by its other half.
    let is_over = case.is_absorbed(&rec)
        && case.state().seen.iter().any(|seen| seen.link == Some(link.id) && seen.rec.side != side && seen.gone);
    known && (case.evidence.live(&rec).is_some() || absent || is_over || case.state().asks_about(&rec))
}
