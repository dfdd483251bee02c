//! Both sides agree, or the state says why not.

use super::super::Findings;
use super::super::evidence::{Kind, Rec, Record, Side};
use super::super::normal::{self, Texts};
use super::super::rules::{Field, Property};
use super::super::state::{Link, Waiting};
use super::super::story::Who;
use super::Case;

/// Every field of every live link is equal on both sides, or differs for a reason that this checker can see for itself: it
/// waits (conflict, refusal, question), the rule holds it back, the target made something else of what it was sent by a
/// declared liberty, it cannot be read, or a configured default stands where the other side has nothing.
pub fn both_sides_agree(case: &Case<'_>, findings: &mut Findings) {
    for link in case.state().links.iter().filter(|link| link.is_live()) {
        let pair = case.pair(link);
        findings.expect(pair.is_some() || link.assessment != "equal", || {
            let (ours, theirs) = (link.half(Side::Flowtly), link.half(Side::Crm));
            format!("the certificate calls {ours} and {theirs} equal, and one of them is not there")
        });
        let listed = pair.is_none() || is_listed(case, link);
        findings.expect(listed || link.assessment != "waits", || {
            let (ours, theirs) = (link.half(Side::Flowtly), link.half(Side::Crm));
            format!("the certificate says that {ours} and {theirs} wait for a person, and nothing is listed")
        });
        let Some((ours, theirs)) = pair.filter(|_| !has_left(case, link)) else { continue };
        for field in case.evidence.rules.of_kind(link.kind).filter(|field| field.is_shared()) {
            // Where its company rests, so does where a contact belongs: an archived company is not shown.
            let rests = link.parent.and_then(|parent| case.state().link(parent)).is_some_and(|firm| !firm.is_live());
            if field.name == "parent" && rests {
                continue;
            }
            let agrees = case.agrees(link, field, ours, theirs);
            // At a company without a partner here, and at none there: nothing that either side could show the other.
            let outside = field.name == "parent" && Side::BOTH.into_iter().all(|side| is_outside(case, link, side));
            let equal = agrees || outside || is_unreadable(case, link.kind, field);
            findings.expect(equal || link.assessment != "equal", || {
                let (ours, theirs) = both(field, ours, theirs);
                format!("the certificate calls equal what differs in {}: {ours:?}, {theirs:?}", field.name)
            });
            let holds = agrees
                || case.waits(link, field)
                || case.evidence.ever(field, |field| is_held(case, link, field))
                || is_reshaped(case, link.kind, field, ours, theirs)
                || is_unreadable(case, link.kind, field)
                || was_typed_before_a_vain_write(case, link, field)
                || was_typed_in_the_second_of_a_write(case, link, field)
                || (field.name == "parent" && Side::BOTH.into_iter().any(|side| is_outside(case, link, side)))
                || is_default(case, link.kind, field, ours, theirs);
            findings.expect(holds, || {
                let (ours, theirs) = both(field, ours, theirs);
                format!(
                    "{} of {} and {} differs, and nothing says why: {ours:?}, {theirs:?}",
                    field.name,
                    link.half(Side::Flowtly),
                    link.half(Side::Crm)
                )
            });
        }
    }
    for rec in case.evidence.records.keys() {
        findings.expect(is_accounted_for(case, rec), || format!("{rec} has no partner, and nothing says why"));
    }
}

/// Whether the person of the CRM is a contact of that company no more: the half is told as gone, and the person goes on as a
/// contact of another one.
fn has_left(case: &Case<'_>, link: &Link) -> bool {
    let half = link.half(Side::Crm);
    let is_there = |parent: &String| case.evidence.live(&half).is_some_and(|person| person.parents.contains(parent));
    link.kind == Kind::Contact
        && case.state().seen_of(&half).any(|row| row.link == Some(link.id) && row.gone && !is_there(&row.parent))
}

/// Whether a person finds this pair in a list of what waits.
fn is_listed(case: &Case<'_>, link: &Link) -> bool {
    let state = case.state();
    let of_link = |row: &Waiting| row.link == Some(link.id);
    state.conflicts.iter().any(of_link)
        || state.failures.iter().any(of_link)
        || Side::BOTH.into_iter().any(|side| state.asks_about(&link.half(side)))
        || state.seen.iter().any(|seen| seen.link == Some(link.id) && seen.gone)
}

/// The rule lets nothing travel, or not this way: a one-way field may differ only where the target moved last.
fn is_held(case: &Case<'_>, link: &Link, field: &Field) -> bool {
    let target = match field.direction.as_str() {
        "off" => return true,
        "to-crm" => Side::Crm,
        "to-flowtly" => Side::Flowtly,
        _ => return false,
    };
    if field.properties(target).iter().any(|property| property.read_only) {
        return true;
    }
    // Nobody ever gave the source anything: the target was there first, and there is nothing to carry.
    let source = link.half(target.other());
    let is_a_persons = |property: &Property| {
        case.story.life(&source, &property.path).iter().any(|event| matches!(event.who, Who::Person(_)))
    };
    if !field.properties(target.other()).iter().any(is_a_persons) {
        return true;
    }
    // The target drifted behind the last write of ours, and drift is kept; or never got anything from us. A person of several
    // firms drifts for one of them by what is written for another.
    let rec = link.half(target);
    let is_shared = case.state().links_of(&rec).any(|other| other.id != link.id && other.kind == Kind::Contact);
    let drifted = field.properties(target).iter().any(|property| {
        let last = case.story.life(&rec, &property.path).last();
        last.is_some_and(|event| is_shared || matches!(event.who, Who::Person(_)))
    });
    field.drift == "keep" && drifted
}

/// A person typed it between the look that our last write relied on and the write, and the system ignored the write: what
/// stands there is told as what the system made of ours.
fn was_typed_before_a_vain_write(case: &Case<'_>, link: &Link, field: &Field) -> bool {
    Side::BOTH.into_iter().any(|side| {
        let rec = link.half(side);
        let mut lives = field.properties(side).iter().map(|property| case.story.life(&rec, &property.path));
        lives.any(|life| {
            let [.., typed, last] = life else { return false };
            let (Who::Person(_), Who::Us(write)) = (typed.who, last.who) else { return false };
            last.is_ignored && case.story.is_in_the_gap(&rec, typed.place, case.story.writes[write].number)
        })
    })
}

/// The reply to a write of ours left the property out, and a person typed it in the second of that write: where stamps count
/// seconds, nothing that is read afterwards tells theirs from what the system made of ours.
fn was_typed_in_the_second_of_a_write(case: &Case<'_>, link: &Link, field: &Field) -> bool {
    let rec = link.half(Side::Crm);
    case.evidence.rules.crm == "pipedrive"
        && field.properties(Side::Crm).iter().any(|property| {
            let [.., sent, typed] = case.story.life(&rec, &property.path) else { return false };
            let (Who::Us(write), Who::Person(_)) = (sent.who, typed.who) else { return false };
            let is_left_out = !case.story.writes[write].stored.contains_key(&property.path);
            is_left_out && sent.at.timestamp() == typed.at.timestamp()
        })
}

/// One half is what its system makes of the other by a liberty that it declares, or a half cannot be written. Parts that both
/// sides have are judged each by itself, the others together.
fn is_reshaped(case: &Case<'_>, kind: Kind, field: &Field, ours: &Record, theirs: &Record) -> bool {
    if field.name == "parent" {
        return false;
    }
    let (mut ours, mut theirs) = both(field, ours, theirs);
    let liberties = &case.evidence.liberties;
    let made = |ours: &str, theirs: &str| {
        normal::is_made_of(field, Side::Crm, kind, liberties, theirs, ours)
            || normal::is_made_of(field, Side::Flowtly, kind, liberties, ours, theirs)
    };
    let shared: Vec<String> = ours.keys().filter(|part| theirs.contains_key(*part)).cloned().collect();
    let each = shared
        .iter()
        .all(|part| made(&ours.remove(part).unwrap_or_default(), &theirs.remove(part).unwrap_or_default()));
    // What one side alone has in parts of its own is no part of a cut.
    let rest = normal::same(&field.name, &ours, &theirs) || {
        let joined = |texts: &Texts| texts.values().cloned().collect::<Vec<_>>().join(" ");
        made(&joined(&ours), &joined(&theirs))
    };
    (each && rest) || field.flowtly.iter().chain(&field.crm).any(|property| property.read_only)
}

/// A contact that stands at no company, or at one that has no partner, has no parent that the other side could show. Nor has
/// it at one whose pair was separated, or of which the partner was merged into another firm's and a question asks about that.
fn is_outside(case: &Case<'_>, contact: &Link, side: Side) -> bool {
    let merged = |link: &Link| {
        let partner = link.half(side.other());
        case.is_absorbed(&partner) && case.state().asks_about(&partner)
    };
    let linked = |id: &String| {
        let company = Rec::new(side, Kind::Company, id.as_str());
        case.state().links.iter().any(|link| link.half(side) == company && link.state != "tombstone" && !merged(link))
    };
    !case.places(contact, side).any(|id| linked(&id))
}

fn is_unreadable(case: &Case<'_>, kind: Kind, field: &Field) -> bool {
    let hidden = &case.evidence.rules.unreadable;
    hidden.iter().any(|(side, of, path)| *of == kind && field.property(*side, path).is_some())
}

/// One side has nothing, and the other only what the configuration gives to what is created there.
fn is_default(case: &Case<'_>, kind: Kind, field: &Field, ours: &Record, theirs: &Record) -> bool {
    let (ours, theirs) = both(field, ours, theirs);
    let given = |side: Side, texts: &Texts| {
        let defaults = case.evidence.rules.default_texts(side, kind);
        texts.values().filter(|text| !text.is_empty()).all(|text| defaults.iter().any(|one| one == text))
    };
    (normal::is_blank(&theirs) && given(Side::Flowtly, &ours)) || (normal::is_blank(&ours) && given(Side::Crm, &theirs))
}

fn both(field: &Field, ours: &Record, theirs: &Record) -> (Texts, Texts) {
    if field.name == "parent" {
        let shown = |record: &Record| record.parents.iter().map(|id| (id.clone(), id.clone())).collect();
        return (shown(ours), shown(theirs));
    }
    (normal::texts(field, Side::Flowtly, ours), normal::texts(field, Side::Crm, theirs))
}

/// A record is linked, or the state has a row of it that says something: a verdict, a question, a refusal, an open write. A
/// contact without a company is nobody's business.
fn is_accounted_for(case: &Case<'_>, rec: &Rec) -> bool {
    let state = case.state();
    let Some(record) = case.evidence.live(rec) else { return true };
    let homeless = rec.kind == Kind::Contact && record.parents.is_empty();
    let mut rows = state.seen_of(rec).peekable();
    let said = rows.peek().is_some()
        && rows.all(|row| {
            row.link.is_some()
                // It was a contact there and is none any more; what it is elsewhere has a row of its own.
                || (row.gone && state.seen_of(rec).any(|other| !other.gone))
                || row.verdict.as_deref().is_some_and(|verdict| !verdict.is_empty())
                || state.failures.iter().any(|failure| failure.seen == Some(row.id))
                || state.questions.iter().any(|question| question.seen == row.id)
                || state.intents.iter().any(|intent| intent.source == Some(row.id) && !intent.closed)
        });
    homeless || said || state.links_of(rec).next().is_some() || state.asks_about(rec)
}
