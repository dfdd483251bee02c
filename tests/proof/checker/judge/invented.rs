//! Nothing is invented.

use std::collections::BTreeSet;

use super::super::Findings;
use super::super::evidence::{Kind, Rec, Record, Side};
use super::super::journal::{STAMPS, What};
use super::super::normal;
use super::super::rules::Field;
use super::super::story::{Aim, Came, Event, Who, Write};
use super::Case;
use super::edits::{entries, holds};

/// What the systems give to a new record by themselves.
const GIVEN: [(Side, &str, &str); 4] = [
    (Side::Flowtly, "dueDays", "14"),
    (Side::Flowtly, "documentsLanguage", "en"),
    (Side::Flowtly, "position", "0"),
    (Side::Flowtly, "position", ""),
];

/// Every text at rest is the last one that anybody wrote there, or what the system made of it by a declared liberty; and what
/// we wrote was typed by a person into a record of the same thing, comes out of the configuration, or is an id.
pub fn nothing_is_invented(case: &Case<'_>, findings: &mut Findings) {
    // What was archived before the journal began was in no list: nobody knows who made it.
    let known =
        |rec: &&Rec| case.evidence.live(rec).is_some() || case.evidence.deeds.iter().any(|deed| deed.rec == **rec);
    for (rec, record) in case.evidence.records.iter().filter(|(rec, _)| known(rec)) {
        for (property, text) in &record.texts {
            if text.is_empty() || STAMPS.contains(&property.as_str()) {
                continue;
            }
            let events = case.story.life(rec, property);
            findings.expect(is_written(case, rec, property, text, events), || {
                format!("{rec} shows {property} = {text:?}, which nobody wrote: {events:?}")
            });
        }
    }
    for (rec, life) in case.story.lives() {
        for (property, events) in life {
            for event in events.iter().filter(|event| matches!(event.who, Who::Us(_)) && !event.text.is_empty()) {
                findings.expect(is_typed(case, rec, property, &event.text), || {
                    format!("we wrote {property} = {:?} to {rec}, which nobody typed and nothing makes", event.text)
                });
            }
        }
    }
    for rec in case.evidence.records.keys().filter(known) {
        findings.expect(is_born(case, rec), || format!("{rec} is there, and nobody made it"));
    }
}

fn is_written(case: &Case<'_>, rec: &Rec, property: &str, text: &str, events: &[Event]) -> bool {
    let given = GIVEN.iter().any(|(side, path, given)| *side == rec.side && *path == property && *given == text);
    let Some(last) = events.last() else { return given };
    if normal::folded(&last.text) == normal::folded(text) {
        return true;
    }
    let Who::Us(_) = last.who else { return false };
    // A write that the server ignores leaves what was there, and so does the next one.
    if last.is_ignored && normal::folded(&last.stood) == normal::folded(text) && case.may_ignore(rec, property) {
        return true;
    }
    let before = events.iter().rev().find(|event| event.text != last.text);
    let ignored = before.map_or("", |event| event.text.as_str());
    let may_ignore = case.evidence.liberties.iter().any(|liberty| {
        liberty.manner == flowtly_sync::sandbox::Manner::Ignore
            && liberty.side == rec.side
            && liberty.kind == rec.kind
            && liberty.property.as_deref().is_none_or(|path| path == property)
    });
    let field = case.evidence.field_of(rec.side, rec.kind, property);
    (may_ignore && (ignored == text || given))
        || field.is_some_and(|field| {
            normal::is_made_of(field, rec.side, rec.kind, &case.evidence.liberties, text, &last.text)
        })
}

/// Whether a text that we wrote comes from people, from the configuration, or is an id.
fn is_typed(case: &Case<'_>, rec: &Rec, property: &str, text: &str) -> bool {
    if rec.side == Side::Crm && rec.kind == Kind::Company && property == case.evidence.rules.id_property {
        let id = text.rsplit('/').next().unwrap_or_default();
        return case.story.kin(rec).iter().any(|kin| kin.side == Side::Flowtly && kin.id == id);
    }
    let Some(field) = case.evidence.field_of(rec.side, rec.kind, property) else { return false };
    if field.name == "parent" {
        // An id of a company; whether it is the right one is judged by the agreement of both sides.
        return true;
    }
    let defaults = case.evidence.rules.default_texts(rec.side, rec.kind).iter();
    if defaults.clone().any(|given| given == text || normal::same_text("country", given, text)) {
        return true;
    }
    let sources = typed(case, rec, field);
    let choices = field.properties(rec.side).iter().flat_map(|property| &property.choices);
    let chosen = |source: &String| choices.clone().any(|(theirs, ours)| source == ours && text == theirs);
    let words: BTreeSet<String> = sources.iter().flat_map(|source| normal::tokens(source)).collect();
    sources.iter().any(|source| normal::same_text(&field.name, source, text) || chosen(source))
        || (field.name == "tax_identity" && is_of_a_number(case, rec, &sources, text))
        || normal::tokens(text).is_subset(&words)
        || is_corrected(case, rec, field, text)
}

/// A rule corrects a drift by what the other system shows, also where that has made something of its own of it: the history says
/// so of this text, and it stood there.
fn is_corrected(case: &Case<'_>, rec: &Rec, field: &Field, text: &str) -> bool {
    let stood = |kin: &Rec| {
        let lives = field.properties(kin.side).iter().map(|property| case.story.life(kin, &property.path));
        lives.flatten().any(|event| normal::folded(&event.stood) == normal::folded(text))
    };
    entries(case, rec, field).any(|entry| entry.reason == "drift_corrected" && holds(&entry.new, text))
        && case.story.kin(rec).iter().any(|kin| kin.side != rec.side && stood(kin))
}

/// A tax number with or without its country, or that country.
fn is_of_a_number(case: &Case<'_>, rec: &Rec, sources: &[String], text: &str) -> bool {
    let wanted = normal::number(text);
    let countries: Vec<String> = case
        .evidence
        .rules
        .of_kind(rec.kind)
        .filter(|field| field.name == "country" || field.name == "address")
        .flat_map(|field| typed(case, rec, field))
        .map(|text| normal::country(&text))
        .collect();
    sources
        .iter()
        .any(|source| normal::number(source) == wanted || normal::letters(source).starts_with(&normal::letters(text)))
        || countries.contains(&normal::country(text))
}

/// What people typed into a field, on any record that stands or stood for the same thing.
fn typed(case: &Case<'_>, rec: &Rec, field: &Field) -> Vec<String> {
    let mut texts = Vec::new();
    for kin in sources(case, rec) {
        let ever = case.evidence.rules_ever().flat_map(|rules| &rules.fields);
        let ever = ever.filter(|other| other.kind == field.kind && other.name == field.name);
        for property in ever.flat_map(|field| field.properties(kin.side)) {
            let events = case.story.life(&kin, &property.path).iter();
            let people = events.filter(|event| matches!(event.who, Who::Person(_)) && !event.text.is_empty());
            let ours = |text: &String| {
                let ours = property.choices.iter().find(|(theirs, _)| theirs == text);
                ours.map_or(text, |(_, ours)| ours).clone()
            };
            texts.extend(people.map(|event| ours(&event.text)));
        }
    }
    let kin = case.story.kin(rec);
    let decided = case.evidence.deeds.iter().filter(|deed| kin.contains(&deed.rec));
    texts.extend(
        decided.filter_map(|deed| if let What::Decided { typed, .. } = &deed.what { typed.clone() } else { None }),
    );
    // What a system gave to a record by itself may travel as what a person typed.
    let gifts =
        GIVEN.iter().filter(|(_, path, _)| Side::BOTH.into_iter().any(|side| field.property(side, path).is_some()));
    texts.extend(gifts.map(|(_, _, text)| (*text).to_owned()));
    texts
}

/// The records that stand, or stood, for the same thing, and what they were made from. The link of a record that we created may
/// have gone over to another since: what carries the name that the create was sent with was its source, and what that is the
/// same thing as, or was made from, a source too.
fn sources(case: &Case<'_>, rec: &Rec) -> Vec<Rec> {
    let mut sources = case.story.kin(rec).to_vec();
    let mut next = 0;
    while let Some(rec) = sources.get(next).cloned() {
        next += 1;
        for other in made_from(case, &rec) {
            let kin = case.story.kin(&other).to_vec();
            let new: Vec<Rec> = kin.into_iter().filter(|kin| !sources.contains(kin)).collect();
            sources.extend(new);
        }
    }
    sources
}

/// The records of the other side that our create of a record may have been made from: they carried its name; of a contact its
/// address, or where none was sent, as where the rules let none travel, its name at the firm that the create names.
fn made_from(case: &Case<'_>, rec: &Rec) -> Vec<Rec> {
    let create = case.story.writes.iter().find(|write| write.aim == Aim::Create && write.rec.as_ref() == Some(rec));
    let name = if rec.kind == Kind::Company { "name" } else { "email" };
    let field = case.evidence.rules.of_kind(rec.kind).find(|field| field.name == name);
    let (Some(create), Some(field)) = (create, field) else { return Vec::new() };
    let sent = field.properties(rec.side).iter().find_map(|property| {
        create.values.iter().find(|(path, text)| *path == property.path && !text.is_empty()).map(|(_, text)| text)
    });
    let Some(sent) = sent else { return namesakes(case, create) };
    let others = case.story.lives().filter(|(other, _)| other.side != rec.side && other.kind == rec.kind);
    let carriers = others.filter(|(other, life)| {
        let carried = field.properties(other.side).iter().filter_map(|property| life.get(&property.path)).flatten();
        carried.into_iter().any(|event| normal::same_text(name, &event.text, sent))
    });
    carriers.map(|(other, _)| other.clone()).collect()
}

/// The contacts of the other side that carried the name that a create was sent with, at the firm that it names.
fn namesakes(case: &Case<'_>, create: &Write) -> Vec<Rec> {
    let field = case.evidence.rules.of_kind(create.kind).find(|field| field.name == "person_name");
    let Some(field) = field else { return Vec::new() };
    let texts = create.values.iter().cloned().collect();
    let sent = normal::person(&normal::texts(field, create.side, &Record { texts, ..Record::default() }));
    let others = case.story.lives().filter(|(other, _)| other.side != create.side && other.kind == create.kind);
    let carriers = others.filter(|(other, life)| {
        // Every name that its parts could make up, whenever each was written.
        let mut names = vec![String::new()];
        for property in field.properties(other.side) {
            let events = life.get(&property.path).into_iter().flatten();
            let parts: Vec<&str> = events.map(|event| event.text.as_str()).chain([""]).collect();
            names = names.iter().flat_map(|name| parts.iter().map(move |part| format!("{name} {part}"))).collect();
        }
        !sent.is_empty() && names.iter().any(|name| normal::folded(name) == sent) && was_at(case, other, create)
    });
    carriers.map(|(other, _)| other.clone()).collect()
}

/// Whether a contact ever stood at a company that is the same firm as one that a create on the other side names.
fn was_at(case: &Case<'_>, contact: &Rec, create: &Write) -> bool {
    let firms = |id: &String| case.story.kin(&Rec::new(create.side, Kind::Company, id.as_str())).to_vec();
    let firms: Vec<Rec> = create.companies.iter().flat_map(firms).collect();
    let deeds = case.evidence.deeds.iter().filter(|deed| deed.rec == *contact);
    let joined = deeds.filter_map(|deed| if let What::Joined { company } = &deed.what { Some(company) } else { None });
    let ours = case.story.writes.iter().filter(|write| write.rec.as_ref() == Some(contact) && write.came == Came::Done);
    let put = ours.filter(|write| write.aim != Aim::Leave).flat_map(|write| &write.companies);
    joined.chain(put).any(|id| firms.contains(&Rec::new(contact.side, Kind::Company, id.as_str())))
}

/// A person made it, found it or merged it, or a request of ours created it.
fn is_born(case: &Case<'_>, rec: &Rec) -> bool {
    let by_people = case.evidence.deeds.iter().any(|deed| {
        deed.rec == *rec && matches!(deed.what, What::Made | What::Found | What::Merged { .. } | What::Restored)
    });
    let by_us = case.story.writes.iter().any(|write| write.aim == Aim::Create && write.rec.as_ref() == Some(rec));
    by_people || by_us
}
