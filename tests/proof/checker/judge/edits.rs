//! No edit of a person is lost.

use serde_json::Value;

use super::super::Findings;
use super::super::dialect::dialect;
use super::super::evidence::{Kind, Rec, Side};
use super::super::journal::What;
use super::super::normal;
use super::super::rules::{Field, Property};
use super::super::state::Written;
use super::super::story::{CLIENT, Event, Who};
use super::Case;

/// Whatever a write of ours replaced stands in the history as text; and what a person typed was replaced for a cause: a later
/// edit of a person, a rule, or a decision. What is still there is judged by the agreement of both sides.
///
/// What a person typed between the read that a write relied on and the write itself cannot be told from what was read: neither
/// system refuses a write for that.
pub fn no_edit_is_lost(case: &Case<'_>, findings: &mut Findings) {
    for (rec, life) in case.story.lives() {
        for (property, events) in life {
            let Some(field) = case.evidence.field_of(rec.side, rec.kind, property) else { continue };
            // What the system ignored replaced nothing.
            let stood: Vec<&Event> = events.iter().filter(|event| !event.is_ignored).collect();
            for pair in stood.windows(2) {
                let [before, after] = pair else { continue };
                judge(case, findings, rec, property, field, before, after);
            }
            stands_or_was_replaced(case, findings, rec, property, events);
        }
    }
}

fn judge(
    case: &Case<'_>,
    findings: &mut Findings,
    rec: &Rec,
    property: &str,
    field: &Field,
    before: &Event,
    after: &Event,
) {
    let Who::Us(write) = after.who else { return };
    let number = case.story.writes[write].number;
    if normal::folded(&before.stood) == normal::folded(&after.stood)
        || case.story.is_in_the_gap(rec, before.place, number)
    {
        return;
    }
    let entries: Vec<&Written> = entries(case, rec, field).collect();
    let kept: Vec<&&Written> =
        entries.iter().filter(|entry| has_kept(case, rec, field, entry, &before.stood)).collect();
    if !before.stood.trim().is_empty() {
        findings.expect(!kept.is_empty(), || {
            format!("{rec} lost {property} = {:?} to {:?}, and the history has no word of it", before.stood, after.text)
        });
        if kept.is_empty() {
            return;
        }
    }
    let Who::Person(deed) = before.who else { return };
    let causes = if before.stood.trim().is_empty() { entries.iter().collect() } else { kept };
    findings.expect(causes.iter().any(|entry| is_due(case, rec, field, deed, before, entry)), || {
        let words: Vec<&str> = causes.iter().map(|entry| entry.reason.as_str()).collect();
        format!(
            "{rec}: a person set {property} to {:?}, we to {:?}; nothing later, no rule and no decision says so ({words:?})",
            before.stood, after.text
        )
    });
}

/// The text that was typed last is at rest, or an event behind it replaced it.
fn stands_or_was_replaced(case: &Case<'_>, findings: &mut Findings, rec: &Rec, property: &str, events: &[Event]) {
    let (Some(record), Some(last)) = (case.evidence.records.get(rec), events.last()) else { return };
    if let Who::Person(_) = last.who {
        let is_there = match property {
            CLIENT => record.parents.contains(&last.text),
            _ => normal::folded(record.text(property)) == normal::folded(&last.text),
        };
        findings.expect(is_there, || {
            format!(
                "{rec}: a person set {property} to {:?}; {:?} is there, and nobody wrote it",
                last.text,
                record.text(property)
            )
        });
    }
}

/// The history of a record's field, under whatever link the record has or had.
pub(super) fn entries<'case>(
    case: &'case Case<'_>,
    rec: &'case Rec,
    field: &'case Field,
) -> impl Iterator<Item = &'case Written> {
    let links: Vec<i64> =
        case.story.kin(rec).iter().flat_map(|kin| case.state().links_of(kin).map(|link| link.id)).collect();
    case.state()
        .history
        .iter()
        .filter(move |entry| links.contains(&entry.link) && entry.side == rec.side && entry.field == field.name)
}

/// Whether an entry of the history holds what was replaced; of a parent it holds the link of the company.
fn has_kept(case: &Case<'_>, rec: &Rec, field: &Field, entry: &Written, text: &str) -> bool {
    // What stood there is what the system made of what was sent, by a liberty that it declares.
    let liberties = &case.evidence.liberties;
    let shown = entry.old.as_object().into_iter().flatten().filter_map(|(_, part)| part.as_str());
    let mut shown = shown.filter(|shown| !shown.is_empty());
    if shown.any(|shown| normal::is_made_of(field, rec.side, rec.kind, liberties, shown, text)) {
        return true;
    }
    let mut firms = case.state().links.iter().filter(|link| link.half(rec.side).id == text);
    holds(&entry.old, text) || (entry.field == "parent" && firms.any(|link| holds(&entry.old, &link.id.to_string())))
}

/// Whether a value of the history holds a text.
pub(super) fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => normal::folded(own) == normal::folded(text) || own.rsplit('/').next() == Some(text),
        Value::Object(parts) => parts.values().any(|part| holds(part, text)),
        Value::Array(parts) => parts.iter().any(|part| holds(part, text)),
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.to_string() == text,
    }
}

/// Whether the reason that the history gives is true.
fn is_due(case: &Case<'_>, rec: &Rec, field: &Field, deed: usize, typed: &Event, entry: &Written) -> bool {
    let source = rec.side.other();
    let ever = |holds: &dyn Fn(&Field) -> bool| case.evidence.ever(field, holds);
    match entry.reason.as_str() {
        "moved" | "alternates" | "not_carried" => {
            is_older(case, rec, field, deed)
                || departed(case, rec, field, typed).is_some_and(|first| is_older(case, rec, field, first))
                || carried(case, rec, field, typed).is_some_and(|first| is_older(case, rec, field, first))
                || is_undone_unseen(case, rec, field, typed, entry)
                || is_as_agreed(case, rec, field, typed)
                || is_typed_back(case, rec, field, typed)
                || is_as_read_together(case, rec, field, typed)
        }
        // Never agreed, and nothing was here; a part of a composite may well have been.
        "fill" => typed.text.trim().is_empty() || field.properties(rec.side).len() > 1,
        "one_way" => ever(&|field| field.may_reach(rec.side) && !field.may_reach(source)),
        "drift_corrected" => ever(&|field| field.may_reach(rec.side) && field.drift == "correct"),
        "conflict_policy" => ever(&|field| field.conflict == source.word()),
        "first_policy" => ever(&|field| field.first == source.word()),
        "decided" => {
            case.decided(rec, deed) || carried(case, rec, field, typed).is_some_and(|first| case.decided(rec, first))
        }
        _ => false,
    }
}

/// A merge shows on the new record what one of the old ones showed: nobody typed that anew, and a decision about the old one was
/// about this text. The deed that typed it there.
fn carried(case: &Case<'_>, rec: &Rec, field: &Field, typed: &Event) -> Option<usize> {
    let deeds = case.evidence.deeds.iter().filter(|deed| deed.rec == *rec && deed.at == typed.at);
    let old = deeds.filter_map(|deed| if let What::Merged { from } = &deed.what { Some(from) } else { None }).flatten();
    let property =
        field.properties(rec.side).iter().find(|property| case.story.life(rec, &property.path).contains(typed))?;
    let shown = old.filter_map(|id| {
        let old = Rec::new(rec.side, rec.kind, id.as_str());
        case.story.life(&old, &property.path).iter().rfind(|event| event.at <= typed.at).cloned()
    });
    shown.filter(|event| normal::folded(&event.stood) == normal::folded(&typed.stood)).find_map(|event| {
        match event.who {
            Who::Person(deed) => Some(deed),
            Who::Us(_) => None,
        }
    })
}

/// A person who puts back what stood there before has changed nothing, if we wrote nothing to this field in between: the other
/// side's edit counts from the deed that departed from the text. That deed.
fn departed(case: &Case<'_>, rec: &Rec, field: &Field, typed: &Event) -> Option<usize> {
    let lives = || field.properties(rec.side).iter().map(|property| case.story.life(rec, &property.path));
    let life = lives().find(|life| life.contains(typed))?;
    let place = life.iter().position(|event| event == typed)?;
    // What we sent stands there as the system made it.
    let stood = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| life.get(before));
        before.map_or(["", ""], |event| [&event.text, &event.stood])
    };
    let same = |place: &usize| stood(*place).iter().any(|text| normal::folded(text) == normal::folded(&typed.text));
    let first = (0..place).rev().find(same)?;
    let Who::Person(deed) = life.get(first)?.who else { return None };
    let from = life.get(first)?.at;
    let kin = case.story.kin(rec);
    let written = kin.iter().any(|kin| {
        let paths = field.properties(kin.side).iter();
        let mut events = paths.flat_map(|property| case.story.life(kin, &property.path));
        events.any(|event| matches!(event.who, Who::Us(_)) && event.at >= from && event.at <= typed.at)
    });
    (!written).then_some(deed)
}

/// Whether a person put back what stood there before anybody could know: nothing was asked meanwhile whose answer shows records. That is no edit, and
/// what stood there before is judged in its place; what stood there from the beginning nobody typed.
fn is_undone_unseen(case: &Case<'_>, rec: &Rec, field: &Field, typed: &Event, entry: &Written) -> bool {
    let mut lives = field.properties(rec.side).iter().map(|property| case.story.life(rec, &property.path));
    let Some(life) = lives.find(|life| life.contains(typed)) else { return false };
    let Some(place) = life.iter().position(|event| event == typed) else { return false };
    let stood = |place: usize| place.checked_sub(1).and_then(|before| life.get(before));
    let same = |place: &usize| {
        let before = stood(*place).map_or("", |event| event.stood.as_str());
        normal::folded(before) == normal::folded(&typed.text)
    };
    let Some(first) = (0..place).rev().find(same) else { return false };
    let is_unseen = life[first..=place].iter().all(|event| matches!(event.who, Who::Person(_)))
        && !may_have_shown(case, rec.side, life[first].place, typed.place);
    is_unseen
        && match stood(first) {
            None | Some(Event { who: Who::Us(_), .. }) => true,
            Some(before @ Event { who: Who::Person(deed), .. }) => is_due(case, rec, field, *deed, before, entry),
        }
}

/// Whether anything was asked of a side behind one request, up to another, whose answer may show records.
fn may_have_shown(case: &Case<'_>, side: Side, from: u64, to: u64) -> bool {
    let dialect = dialect(side, &case.evidence.rules.crm);
    let mut requests = (1..).zip(case.evidence.log(side)).filter(|(number, _)| *number > from && *number <= to);
    requests.any(|(_, request)| !dialect.shows_no_record(request))
}

/// Whether a person typed back what stood there before people alone typed something else, and nothing of that was ever on the other
/// side, so that it cannot have been agreed: as far as anybody could see, this side has not moved.
fn is_typed_back(case: &Case<'_>, rec: &Rec, field: &Field, typed: &Event) -> bool {
    let mut lives = field.properties(rec.side).iter().map(|property| case.story.life(rec, &property.path));
    let Some(life) = lives.find(|life| life.contains(typed)) else { return false };
    let before: Vec<&Event> = life.iter().take_while(|event| event.who != typed.who).collect();
    let is_same = |event: &&Event| normal::folded(&event.stood) == normal::folded(&typed.stood);
    let Some(stood) = before.iter().rposition(is_same) else { return false };
    let between = &before[stood + 1..];
    let kin = case.story.kin(rec);
    let others = || kin.iter().filter(|kin| kin.side != rec.side);
    let was_there = |event: &&Event| {
        let text = normal::folded(&event.stood);
        let lives = others().flat_map(|kin| {
            field.properties(kin.side).iter().flat_map(|property| case.story.life(kin, &property.path))
        });
        others().flat_map(|kin| entries(case, kin, field)).any(|entry| holds(&entry.new, &event.stood))
            || lives.into_iter().map(|other| normal::folded(&other.stood)).any(|other| {
                // A name may stand there in two texts.
                !other.is_empty() && (other.contains(&text) || text.contains(&other))
            })
    };
    !between.is_empty()
        && between.iter().all(|event| matches!(event.who, Who::Person(_)))
        && !between.iter().any(was_there)
}

/// Whether a person put back what both sides had said, and the other side had been given another text since: against what was
/// agreed, this side has not moved and the other one has, whoever typed first.
fn is_as_agreed(case: &Case<'_>, rec: &Rec, field: &Field, typed: &Event) -> bool {
    let mut lives =
        field.properties(rec.side).iter().map(|property| told_of_the_pair(case, rec, field, &property.path));
    let Some(life) = lives.find(|life| life.iter().any(|event| event.who == typed.who)) else { return false };
    let mut before: Vec<&Event> = life.iter().take_while(|event| event.who != typed.who).collect();
    let Some(typed) = life.get(before.len()) else { return false };
    before.retain(|event| !event.is_ignored);
    // What we sent stands there as the system made it.
    let same = |event: &Event| {
        [&event.text, &event.stood].into_iter().any(|text| normal::folded(text) == normal::folded(&typed.text))
    };
    let Some(stood) = before.iter().rposition(|event| same(event)) else { return false };
    let between = &before[stood + 1..];
    if between.iter().any(|event| matches!(event.who, Who::Us(_))) {
        return false;
    }
    // What was read of this side meanwhile may have been agreed too.
    let away = between.first().map_or(typed.place, |first| first.place);
    let read = case.story.last_read(rec.side, typed.place + 1) > away;
    let source = rec.side.other();
    let liberties = &case.evidence.liberties;
    let kin = case.story.kin(rec);
    field.properties(source).iter().any(|property| {
        let others = kin.iter().filter(|kin| kin.side == source);
        let mut there: Vec<Event> = others.flat_map(|kin| told(case, kin, field, &property.path)).collect();
        there.retain(|event| event.at <= typed.at || matches!(event.who, Who::Person(_)));
        there.sort_by_key(|event| event.at);
        let says_it = |event: &Event| {
            normal::same_text(&field.name, &event.text, &typed.text)
                || normal::is_made_of(field, source, rec.kind, liberties, &event.text, &typed.text)
        };
        let Some(last) = there.iter().rposition(says_it) else { return false };
        let since = &there[last + 1..];
        let shown =
            |event: &Event| between.iter().any(|other| normal::same_text(&field.name, &event.text, &other.text));
        // What we wrote to a person of several firms for one of them is news for the others.
        let is_news = |event: &Event| matches!(event.who, Who::Person(_)) || is_of_several_firms(case, &kin);
        !since.is_empty() && since.iter().all(|event| is_news(event) && !(read && shown(event)))
    })
}

/// Whether one of these is a person of the CRM that stands for a contact of each of several firms.
fn is_of_several_firms(case: &Case<'_>, kin: &[Rec]) -> bool {
    let people = kin.iter().filter(|rec| rec.side == Side::Crm && rec.kind == Kind::Contact);
    people.into_iter().any(|person| case.state().links_of(person).count() > 1)
}

/// Whether one pass read on both sides what a person typed here, although somebody had typed another text there by then: the
/// other side was read before that. Against what was read together, this side has not moved since, and the other one has.
fn is_as_read_together(case: &Case<'_>, rec: &Rec, field: &Field, typed: &Event) -> bool {
    let source = rec.side.other();
    let kin = case.story.kin(rec);
    let others = kin.iter().filter(|kin| kin.side == source);
    let mut lives = others.flat_map(|kin| {
        let properties = field.properties(source).iter();
        properties.map(move |property| (kin, case.story.life(kin, &property.path)))
    });
    lives.any(|(kin, life)| {
        life.windows(2).any(|two| {
            let [said, left] = two else { return false };
            let in_one_pass = case.evidence.laps.iter().enumerate().any(|(number, lap)| {
                let end = case.evidence.laps.get(number + 1).map_or(u64::MAX, |next| next.place(rec.side));
                let listed_there = case.story.last_list(kin, left.place + 1);
                let shown_here = case.story.last_list(rec, end);
                (lap.place(source) + 1..=left.place).contains(&listed_there)
                    && listed_there > said.place
                    && (lap.place(rec.side)..end).contains(&typed.place)
                    && shown_here > typed.place
            });
            matches!(left.who, Who::Person(_))
                && left.at <= typed.at
                && normal::same_text(&field.name, &said.text, &typed.text)
                && in_one_pass
        })
    })
}

/// The same of a record, with what those said that are gone and whose place in the pair it took, or that were merged into it:
/// the pair goes on, and with it what was agreed.
fn told_of_the_pair(case: &Case<'_>, rec: &Rec, field: &Field, path: &str) -> Vec<Event> {
    let kin = case.story.kin(rec);
    let is_gone = |kin: &&Rec| kin.side == rec.side && *kin != rec && !case.evidence.records.contains_key(kin);
    let gone = kin.iter().filter(is_gone).flat_map(|gone| told(case, gone, field, path));
    let mut events: Vec<Event> = gone.chain(told(case, rec, field, path)).collect();
    events.sort_by_key(Event::order);
    events
}

/// What a record said in a field from the beginning, as the other side can say it too. The name of a person is one text here
/// and two there: each of its events tells the whole name. What nobody typed when the record appeared was blank then, and a
/// blank can be agreed like any other text; not that of a part alone, which says nothing of the other parts.
fn told(case: &Case<'_>, rec: &Rec, field: &Field, path: &str) -> Vec<Event> {
    let is_told = |property: &&Property| property.path == path || field.name == "person_name";
    let properties = field.properties(rec.side).iter().filter(is_told);
    let lives = properties.map(|property| (property, case.story.life(rec, &property.path)));
    let mut events: Vec<(&Property, &Event)> =
        lives.flat_map(|(property, life)| life.iter().map(move |event| (property, event))).collect();
    events.sort_by_key(|(_, event)| event.order());
    let mut texts = normal::Texts::new();
    let mut told: Vec<Event> = Vec::with_capacity(events.len() + 1);
    let is_simple = Side::BOTH.into_iter().all(|side| field.properties(side).len() == 1);
    if let (true, Some(made), Some((_, first))) = (is_simple, case.story.beginning(rec), events.first())
        && !first.is_with(made)
    {
        told.push(Event { text: String::new(), stood: String::new(), is_ignored: false, ..made.clone() });
    }
    for (property, event) in events {
        // What was ignored changed nothing.
        let text = if event.is_ignored { &event.stood } else { &event.text };
        texts.insert(property.part.clone(), text.clone());
        let text = if field.name == "person_name" { normal::person(&texts) } else { event.text.clone() };
        told.push(Event { text, ..event.clone() });
    }
    told
}

/// Whether somebody changed this field on a record of the same thing later, or joined records that were apart.
fn is_older(case: &Case<'_>, rec: &Rec, field: &Field, deed: usize) -> bool {
    let kin = case.story.kin(rec);
    // What was there when the journal began was typed at a time that nobody knows.
    if case.evidence.was_found(deed) {
        return true;
    }
    case.evidence.deeds.iter().enumerate().skip(deed + 1).any(|(_, later)| {
        kin.contains(&later.rec)
            && match &later.what {
                What::Edited { property, .. } => {
                    (later.rec != *rec || field.properties(rec.side).len() > 1)
                        && field.property(later.rec.side, property).is_some()
                }
                What::Joined { .. } | What::Left { .. } => field.name == "parent",
                What::Merged { .. } => later.rec.side != rec.side || later.rec != *rec,
                What::Made | What::Found | What::Archived | What::Restored | What::Removed | What::Decided { .. } => {
                    false
                }
            }
    })
}
