//! Every write was planned, and no rule forbids it.

use super::super::Findings;
use super::super::evidence::{Kind, Rec, Side};
use super::super::journal::{What, is_renamed};
use super::super::rules::Rules;
use super::super::story::{Aim, Came, Write};
use super::Case;

/// As long as a write may wait for a system that is in haste, and then be under way before it is carried out.
const LATE: chrono::TimeDelta = chrono::TimeDelta::seconds(30 + 90);

/// Only what this program has a business to send was sent; what is changed was read just before; what was carried out stands in the journal or in the history; and
/// what people did not remove is there.
pub fn no_write_outside_the_plan(case: &Case<'_>, findings: &mut Findings) {
    for write in &case.story.writes {
        findings.expect(write.aim != Aim::Foreign, || format!("{} is none of our requests", write.request));
        if write.aim == Aim::Foreign {
            continue;
        }
        for (property, _) in &write.values {
            findings.expect(is_mapped(case, write, property), || {
                format!("{} wrote {property} of {:?}, which no mapping names", write.request, write.rec)
            });
        }
        if let (Some(rec), Came::Done, Aim::Update) = (&write.rec, &write.came, write.aim) {
            let begin = case.pass_of(write.side, write.number);
            let looked = case.story.was_read_between(rec, begin, write.number) || is_late(case, write, rec, begin);
            findings.expect(looked, || {
                format!("{} changed {rec} (request {}) without a look at it in that pass", write.request, write.number)
            });
        }
        if let (Some(rec), Came::Done) = (&write.rec, &write.came) {
            findings.expect(is_remembered(case, write, rec), || {
                format!(
                    "{} changed {rec} (request {}) to {:?}, and neither journal nor history knows",
                    write.request, write.number, write.values
                )
            });
        }
    }
    for (rec, gone) in vanished(case) {
        findings.expect(gone, || format!("{rec} is no longer there, and nobody removed it"));
    }
}

/// A server that is slow, or a network that holds a request back, may carry it out when the next pass has begun: it was
/// looked at in the pass before, no longer ago than a request may take.
fn is_late(case: &Case<'_>, write: &Write, rec: &Rec, begin: u64) -> bool {
    let Some(look) = case.story.last_look(rec, write.number).filter(|look| *look <= begin) else { return false };
    let place = usize::try_from(look).unwrap_or_default().saturating_sub(1);
    let looked = case.evidence.log(write.side).get(place).map(|request| request.at);
    looked.is_some_and(|at| write.at - at <= LATE)
}

fn is_mapped(case: &Case<'_>, write: &Write, property: &str) -> bool {
    let stamps = write.side == Side::Crm && write.kind == Kind::Company && property == case.evidence.rules.id_property;
    let field = case.evidence.field_of(write.side, write.kind, property);
    stamps || field.is_some_and(|field| field.property(write.side, property).is_none_or(|property| !property.read_only))
}

/// An intent is kept for a while after it was closed, the history for ever. A create may also have been adopted by its id.
fn is_remembered(case: &Case<'_>, write: &Write, rec: &Rec) -> bool {
    let state = case.state();
    let links: Vec<i64> = case.story.kin(rec).iter().flat_map(|kin| state.links_of(kin).map(|link| link.id)).collect();
    let intended = state.intents.iter().any(|intent| {
        let same_sort = intent.side == rec.side && intent.kind == rec.kind;
        same_sort && (intent.target.as_ref() == Some(&rec.id) || intent.link.is_some_and(|link| links.contains(&link)))
    });
    if intended {
        return true;
    }
    match write.aim {
        // Only that there is a link can be told, not for which field.
        Aim::Create => {
            !links.is_empty()
                || state.asks_about(rec)
                || state.is_named_by_a_refusal(rec)
                || is_renamed(&case.evidence.deeds, rec)
                || (is_unknown_or_gone(case, rec) && is_taken_away(case, rec))
        }
        Aim::Join | Aim::Leave => !links.is_empty() || state.asks_about(rec),
        Aim::Update => write.values.iter().all(|(property, text)| {
            let Some(field) = case.evidence.field_of(write.side, write.kind, property) else {
                // Our id in the CRM leaves no history; the link says it.
                return !links.is_empty();
            };
            let stood = case.story.text_before(rec, property, write.number);
            let same = super::super::normal::folded(stood) == super::super::normal::folded(text);
            // What changed nothing leaves nothing to remember, nor does what the system was free to ignore.
            same || case.may_ignore(rec, property)
                || state
                    .history
                    .iter()
                    .any(|entry| links.contains(&entry.link) && entry.side == rec.side && entry.field == field.name)
                || state.failures.iter().any(|failure| failure.link.is_some_and(|link| links.contains(&link)))
        }),
        Aim::Foreign => false,
    }
}

/// Whether the state never read a record, so that nobody heard of its create before somebody took it away and there is nothing left
/// by which it could be known; or knows that it is gone, and its pair has followed another record since.
fn is_unknown_or_gone(case: &Case<'_>, rec: &Rec) -> bool {
    case.state().seen_of(rec).all(|seen| seen.gone)
}

/// Every record that was once there and is not, with whether a person took it away.
fn vanished(case: &Case<'_>) -> Vec<(Rec, bool)> {
    let evidence = case.evidence;
    let made = case.story.writes.iter().filter(|write| write.aim == Aim::Create && write.came == Came::Done);
    let found = evidence
        .deeds
        .iter()
        .filter(|deed| matches!(deed.what, What::Made | What::Found | What::Merged { .. } | What::Restored));
    let ever = made.filter_map(|write| write.rec.clone()).chain(found.map(|deed| deed.rec.clone()));
    let missing = ever.filter(|rec| evidence.live(rec).is_none());
    missing.map(|rec| (rec.clone(), is_taken_away(case, &rec))).collect()
}

fn is_taken_away(case: &Case<'_>, rec: &Rec) -> bool {
    case.evidence.deeds.iter().any(|deed| {
        let merged = matches!(&deed.what, What::Merged { from } if from.contains(&rec.id));
        (deed.rec == *rec && matches!(deed.what, What::Archived | What::Removed))
            || (merged && deed.rec.side == rec.side && deed.rec.kind == rec.kind)
    })
}

/// Nothing was sent to a side that its field's rule does not reach, and nothing created where rule or scope forbid it.
pub fn nothing_against_the_rules(case: &Case<'_>, findings: &mut Findings) {
    for write in &case.story.writes {
        if write.aim == Aim::Update {
            for (property, _) in &write.values {
                let Some(field) = case.evidence.field_of(write.side, write.kind, property) else { continue };
                // What a person decided goes to both sides, whatever the direction.
                let decided = write.rec.as_ref().is_some_and(|rec| case.decided(rec, 0));
                findings.expect(decided || case.evidence.ever(field, |field| field.may_reach(write.side)), || {
                    format!(
                        "{} wrote {property} of {:?} against the direction {}",
                        write.request, write.rec, field.direction
                    )
                });
            }
        }
        if write.aim == Aim::Create {
            let allows = |rules: &Rules| rules.creates.get(&(write.side, write.kind)).copied().unwrap_or(true);
            let may = case.evidence.rules_ever().any(allows);
            findings.expect(may, || format!("{} created {:?}, which the rules forbid", write.request, write.rec));
            findings.expect(case.evidence.rules_ever().any(|rules| is_in_scope(case, rules, write)), || {
                format!("{} created {:?} from a record outside the scope", write.request, write.rec)
            });
        }
    }
}

/// Whether some record that the created one stands for showed a text that the scope allows, at any time: the clocks of two
/// systems have no order to be more exact by.
fn is_in_scope(case: &Case<'_>, rules: &Rules, write: &Write) -> bool {
    let source = write.side.other();
    let scope = rules.scope.get(&(source, write.kind)).map_or(&[][..], Vec::as_slice);
    let Some(rec) = write.rec.as_ref().filter(|_| !scope.is_empty()) else { return true };
    let kin = case.story.kin(rec);
    let mut sources = kin.iter().filter(|kin| kin.side == source).peekable();
    sources.peek().is_none()
        || sources.any(|kin| {
            scope.iter().all(|(property, texts)| {
                let life = case.story.life(kin, property);
                texts
                    .iter()
                    .any(|text| life.iter().any(|event| event.text == *text) || (text.is_empty() && life.is_empty()))
            })
        })
}
