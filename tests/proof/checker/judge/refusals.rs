//! What a system refused is listed, until it is mended.

use super::super::Findings;
use super::super::evidence::{Kind, Rec, Record, Side};
use super::super::normal;
use super::super::state::Link;
use super::super::story::{Aim, CLIENT, Came, Write};
use super::Case;

/// Refusals that are about the caller and not about the record: credentials, haste.
const OF_THE_CALLER: [u16; 4] = [401, 403, 408, 429];

/// Whatever a system refused was carried out later, is no longer wanted, or stands among the failures.
pub fn refusals_are_listed(case: &Case<'_>, findings: &mut Findings) {
    for (place, write) in case.story.writes.iter().enumerate() {
        let Came::Refused(status) = write.came else { continue };
        if OF_THE_CALLER.contains(&status) || write.aim == Aim::Foreign {
            continue;
        }
        let later = case.story.writes.get(place + 1..).unwrap_or_default();
        let listed = match write.aim {
            Aim::Create => is_create_settled(case, write, later),
            Aim::Update | Aim::Join | Aim::Leave | Aim::Foreign => is_update_settled(case, write, later),
        };
        findings.expect(listed, || {
            format!(
                "{} for {:?} was refused with {status}, and nobody hears of it: {:?}",
                write.request, write.rec, write.values
            )
        });
    }
}

fn is_update_settled(case: &Case<'_>, write: &Write, later: &[Write]) -> bool {
    let Some(rec) = &write.rec else { return true };
    let state = case.state();
    // A record that is no longer there cannot be written; that it is gone is told elsewhere.
    if case.evidence.live(rec).is_none() {
        return true;
    }
    // A company that is no longer there takes nobody in: the move is void, and that the company is gone is told elsewhere.
    let is_live = |company: &String| {
        let company = Rec::new(write.side, Kind::Company, company.as_str());
        case.evidence.live(&company).is_some()
    };
    if write.values.iter().all(|(property, _)| property == CLIENT)
        && !write.companies.is_empty()
        && !write.companies.iter().any(is_live)
    {
        return true;
    }
    let repeated = |property: &str| {
        later.iter().any(|later| {
            later.rec.as_ref() == Some(rec)
                && later.came == Came::Done
                && later.values.iter().any(|(other, _)| other == property)
        })
    };
    let mut links = state.links_of(rec).peekable();
    if links.peek().is_none() {
        return state.asks_about(rec);
    }
    links.all(|link| {
        !link.is_live()
            || write.values.iter().all(|(property, _)| {
                let field = case.evidence.field_of(write.side, write.kind, property);
                repeated(property)
                    || field.map_or_else(
                        || state.failures.iter().any(|row| row.link == Some(link.id)),
                        |field| {
                            case.waits(link, field)
                                || case.pair(link).is_none_or(|(ours, theirs)| case.agrees(link, field, ours, theirs))
                        },
                    )
            })
    })
}

/// A create that was refused names no record: what it was made from is known by what it sent, a contact by name and e-mail.
fn is_create_settled(case: &Case<'_>, write: &Write, later: &[Write]) -> bool {
    let name = if write.kind == Kind::Company { "name" } else { "person_name" };
    let Some(field) = case.evidence.rules.of_kind(write.kind).find(|field| field.name == name) else { return true };
    let named = |values: &[(String, String)]| {
        let texts = values.iter().cloned().collect();
        normal::texts(field, write.side, &Record { texts, ..Record::default() })
    };
    let wanted = named(&write.values);
    let again = later.iter().any(|later| {
        later.aim == Aim::Create
            && later.came == Came::Done
            && (later.side, later.kind) == (write.side, write.kind)
            && normal::same(name, &named(&later.values), &wanted)
    });
    let source = write.side.other();
    // Namesakes are not meant; an e-mail that was not sent tells nobody apart.
    let email = case.evidence.rules.of_kind(write.kind).find(|field| field.name == "email");
    let has_email = |record: &Record| {
        let texts = |side: Side, record: &Record| email.map(|field| normal::texts(field, side, record));
        let sent = texts(write.side, &Record { texts: write.values.iter().cloned().collect(), ..Record::default() });
        let (Some(sent), Some(shown)) = (sent, texts(source, record)) else { return true };
        normal::is_blank(&sent) || normal::same("email", &sent, &shown)
    };
    let mut sources = case
        .evidence
        .records
        .iter()
        .filter(|(rec, record)| rec.side == source && rec.kind == write.kind && !record.archived)
        .filter(|(_, record)| {
            if !has_email(record) || !is_of_their_firm(case, write, record) {
                return false;
            }
            let texts = normal::texts(field, source, record);
            match source {
                Side::Flowtly => normal::same(name, &texts, &wanted),
                Side::Crm => normal::same(name, &wanted, &texts),
            }
        })
        .peekable();
    again
        || sources.all(|(rec, _)| {
            let state = case.state();
            let rows: Vec<i64> = state.seen_of(rec).map(|seen| seen.id).collect();
            state.links_of(rec).next().is_some()
                || state.asks_about(rec)
                || state.failures.iter().any(|row| row.seen.is_some_and(|seen| rows.contains(&seen)))
                || rests_with_its_company(case, rec)
        })
}

/// Nothing can be created of a contact whose companies have no live link: it rests with them, and the state says so. What was
/// refused for it before is no longer wanted, and a namesake of whom nothing was ever sent has nothing to be listed for.
fn rests_with_its_company(case: &Case<'_>, rec: &Rec) -> bool {
    let state = case.state();
    let is_live = |id: &String| {
        let company = Rec::new(rec.side, Kind::Company, id.as_str());
        state.links_of(&company).any(Link::is_live)
    };
    let is_told =
        state.seen_of(rec).any(|row| !row.gone && row.verdict.as_deref().is_some_and(|said| !said.is_empty()));
    let parents = case.evidence.live(rec).map(|record| &record.parents);
    rec.kind == Kind::Contact && is_told && parents.is_some_and(|parents| !parents.iter().any(is_live))
}

/// Whether a record belongs to the company that a create names on its own side, or to one that is the same firm.
fn is_of_their_firm(case: &Case<'_>, write: &Write, record: &Record) -> bool {
    let firms = |id: &String| case.story.kin(&Rec::new(write.side, Kind::Company, id.as_str())).to_vec();
    let theirs: Vec<Rec> = write.companies.iter().flat_map(firms).collect();
    let source = write.side.other();
    theirs.is_empty() || record.parents.iter().any(|id| theirs.contains(&Rec::new(source, Kind::Company, id.as_str())))
}
