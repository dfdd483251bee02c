//! One thing, one record.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Findings;
use super::super::evidence::{Kind, Rec, Side};
use super::super::journal::{What, is_renamed};
use super::super::normal::{self, Texts};
use super::super::rules::{Field, Property};
use super::super::story::{Aim, Came, Write, companies_before};
use super::Case;

/// No create of ours met a record on its side that stood for the same thing; what we created has exactly one link, or an open
/// reason; no two records carry one stored id.
pub fn no_duplicates(case: &Case<'_>, findings: &mut Findings) {
    let creates = case.story.writes.iter().filter(|write| write.aim == Aim::Create && write.came == Came::Done);
    for create in creates {
        let Some(rec) = &create.rec else { continue };
        for (other, place) in present(case, rec.side, rec.kind, create.number) {
            if other == *rec {
                continue;
            }
            // What people do while a pass is under way may come too late for it: it counts from the next one on.
            let begin = case.pass_of(rec.side, create.number);
            // A list may lag: what it showed in this pass is then older than the pass, and what is new may be missing.
            let lags = rec.side == Side::Flowtly
                && case.evidence.lagging.iter().any(|(place, _)| (begin..create.number).contains(place));
            let unseen = place >= case.story.last_list(&other, create.number) || (lags && place >= begin);
            let begin = if lags { case.pass_of(rec.side, begin.max(1)) } else { begin };
            let mut shown = moments(case, &other, begin.max(place), create.number).into_iter();
            let double = shown.all(|moment| is_double(case, create, &other, moment));
            let apart = is_of_two_firms(case, rec, &other);
            findings.expect(unseen || !double || apart || case.decided(&other, 0), || {
                format!("{rec} was created (request {}) beside {other}, which was there and is the same", create.number)
            });
        }
        let links = case.state().links_of(rec).count();
        let is_unknown = links == 0 && is_renamed(&case.evidence.deeds, rec);
        findings.expect(links == 1 || is_unknown || is_open(case, rec, links), || {
            format!("{rec} was created by us and has {links} links, and nothing says why")
        });
    }
    stored_ids(case, findings);
}

/// One person of the CRM at two firms is two contacts of Flowtly: each has its link, under the company of its own.
fn is_of_two_firms(case: &Case<'_>, rec: &Rec, other: &Rec) -> bool {
    let state = case.state();
    let (mut one, mut two) = (state.links_of(rec), state.links_of(other));
    let (Some(one), Some(two)) = (one.find(|link| link.is_live()), two.find(|link| link.is_live())) else {
        return false;
    };
    rec.side == Side::Flowtly && rec.kind == Kind::Contact && one.crm == two.crm && one.parent != two.parent
}

fn stored_ids(case: &Case<'_>, findings: &mut Findings) {
    let property = &case.evidence.rules.id_property;
    let mut holders: BTreeMap<&str, &Rec> = BTreeMap::new();
    for (rec, record) in case.evidence.records.iter().filter(|(rec, record)| rec.side == Side::Crm && !record.archived)
    {
        let id = record.text(property);
        if rec.kind == Kind::Company && !id.is_empty() {
            let other = holders.insert(id, rec);
            // People who merge records bring the id of one to the other.
            let is_merged = |rec: &Rec| {
                case.evidence.deeds.iter().any(|deed| deed.rec == *rec && matches!(deed.what, What::Merged { .. }))
            };
            findings.expect(other.is_none_or(|other| is_merged(rec) || is_merged(other)), || {
                format!("{rec} and {other:?} carry the same Flowtly id {id}")
            });
        }
    }
}

/// What was there on a side when a request came, with the place at which it appeared.
fn present(case: &Case<'_>, side: Side, kind: Kind, number: u64) -> Vec<(Rec, u64)> {
    let mut there: BTreeMap<Rec, u64> = BTreeMap::new();
    for write in case.story.writes.iter().filter(|write| write.aim == Aim::Create && write.number < number) {
        if let Some(rec) = write.rec.as_ref().filter(|rec| rec.side == side && rec.kind == kind) {
            there.insert(rec.clone(), write.number);
        }
    }
    for deed in &case.evidence.deeds {
        let place = deed.place(side);
        if deed.rec.side != side || deed.rec.kind != kind || place >= number {
            continue;
        }
        match &deed.what {
            What::Made | What::Found | What::Restored => {
                there.insert(deed.rec.clone(), place);
            }
            What::Merged { from } => {
                for old in from {
                    there.remove(&Rec::new(side, kind, old.as_str()));
                }
                there.insert(deed.rec.clone(), place);
            }
            What::Archived | What::Removed => {
                there.remove(&deed.rec);
            }
            What::Edited { .. } | What::Joined { .. } | What::Left { .. } | What::Decided { .. } => {}
        }
    }
    there.into_iter().collect()
}

/// The places from one request to another at which a record showed something else than before, the first and the last among
/// them: no pass reads all records at one moment, so that any of these may be what it knew.
fn moments(case: &Case<'_>, rec: &Rec, from: u64, to: u64) -> BTreeSet<u64> {
    let typed = case.evidence.deeds.iter().filter(|deed| deed.rec == *rec).map(|deed| deed.place(rec.side));
    let written = case.story.writes.iter().filter(|write| write.rec.as_ref() == Some(rec)).map(|write| write.number);
    typed
        .chain(written)
        .map(|place| place + 1)
        .filter(|place| (from + 1..to).contains(place))
        .chain([from + 1, to])
        .collect()
}

/// Whether what a create makes is the same thing as a record that was there, by what that record showed at a place.
fn is_double(case: &Case<'_>, create: &Write, other: &Rec, number: u64) -> bool {
    let field = |name: &str| case.evidence.rules.of_kind(create.kind).find(|field| field.name == name);
    let sent = |field: &Field| -> Texts {
        let text = |path: &str| create.values.iter().find(|(key, _)| key == path).map_or("", |(_, text)| text.as_str());
        field
            .properties(create.side)
            .iter()
            .map(|property| (property.part.clone(), text(&property.path).to_owned()))
            .collect()
    };
    let stood = |field: &Field| -> Texts {
        let text = |path: &str| case.story.text_before(other, path, number);
        field
            .properties(create.side)
            .iter()
            .map(|property| (property.part.clone(), text(&property.path).to_owned()))
            .collect()
    };
    let same = |name: &str| {
        field(name).is_some_and(|field| {
            let (sent, stood) = (sent(field), stood(field));
            !normal::is_blank(&sent) && normal::same(&field.name, &sent, &stood)
        })
    };
    match create.kind {
        Kind::Company => {
            let tax = field("tax_identity");
            let told = |texts: Option<Texts>| tax_numbers(&texts.unwrap_or_default());
            let theirs = told(tax.map(stood));
            let mut ours = vec![told(tax.map(sent))];
            if ours.iter().all(Vec::is_empty) {
                // A number that may not travel still tells two firms apart.
                ours = tax.map(|field| source_numbers(case, create, field)).unwrap_or(ours);
            }
            ours.iter().all(|ours| {
                if ours.is_empty() || theirs.is_empty() {
                    same("name") && same("country") && !is_anothers(case, create, other, number)
                } else {
                    ours.iter().any(|number| theirs.contains(number))
                }
            })
        }
        Kind::Contact => {
            let firms = companies_before(case.evidence, &case.story, other, number);
            let together = create.companies.iter().any(|company| firms.contains(company));
            together && same("email") && same("person_name")
        }
    }
}

/// The numbers of a tax identity that can tell one firm from another.
fn tax_numbers(texts: &Texts) -> Vec<String> {
    normal::numbers(texts).into_iter().filter(|number| normal::tells(number)).collect()
}

/// Whether a company of the CRM carried our stamp for another client than the one that is created, and that client was there:
/// the strongest key that there is says that it is another firm.
fn is_anothers(case: &Case<'_>, create: &Write, other: &Rec, number: u64) -> bool {
    let property = &case.evidence.rules.id_property;
    let own = create.values.iter().find(|(path, _)| path == property).map_or("", |(_, stamp)| stamp.as_str());
    let stamp = case.story.text_before(other, property, number);
    let client = Rec::new(Side::Flowtly, Kind::Company, stamp.rsplit('/').next().unwrap_or_default());
    let mut deeds = case.evidence.deeds.iter().filter(|deed| deed.rec == client && deed.at <= create.at);
    let is_gone = deeds.next_back().is_some_and(|deed| deed.what == What::Removed);
    !own.is_empty() && !stamp.is_empty() && own != stamp && !is_gone
}

/// The tax numbers of the record from which one was created, at each moment since the pass began: of the partner that it got,
/// or of one that was merged into that since. It was there, and had the name that was sent.
fn source_numbers(case: &Case<'_>, create: &Write, tax: &Field) -> Vec<Vec<String>> {
    let name = case.evidence.rules.of_kind(create.kind).find(|field| field.name == "name");
    let (Some(rec), Some(name)) = (&create.rec, name) else { return Vec::new() };
    let side = create.side.other();
    let begin = case.lap_of(create.side, create.number).map_or(0, |lap| lap.place(side));
    let sent = create.values.iter().find(|(path, _)| name.property(create.side, path).is_some());
    let was_named = |source: &Rec| {
        let lives = name.properties(side).iter().flat_map(|property| case.story.life(source, &property.path));
        let mut events = lives.filter(|event| event.at <= create.at);
        sent.is_some_and(|(_, sent)| events.any(|event| normal::same_text("name", &event.text, sent)))
    };
    let end = case.evidence.deeds.iter().filter(|deed| deed.at <= create.at).map(|deed| deed.place(side) + 1).max();
    let end = end.unwrap_or(0).max(begin + 1);
    let mut found = Vec::new();
    for source in sources(case, rec).iter().filter(|source| was_named(source)) {
        for moment in moments(case, source, begin, end) {
            if present(case, side, create.kind, moment).iter().any(|(there, _)| there == source) {
                let text = |property: &Property| case.story.text_before(source, &property.path, moment).to_owned();
                let texts: Texts =
                    tax.properties(side).iter().map(|property| (property.part.clone(), text(property))).collect();
                found.push(tax_numbers(&texts));
            }
        }
    }
    if found.is_empty() { vec![Vec::new()] } else { found }
}

/// The records from which one may have been created: its partner, and what was merged into that; without a link whatever came
/// to stand for the same thing.
fn sources(case: &Case<'_>, rec: &Rec) -> Vec<Rec> {
    let partners: Vec<Rec> = case.state().links_of(rec).map(|link| link.half(rec.side.other())).collect();
    if partners.is_empty() {
        return case.story.kin(rec).iter().filter(|kin| kin.side != rec.side).cloned().collect();
    }
    let merged =
        case.evidence.deeds.iter().filter(|deed| partners.contains(&deed.rec)).flat_map(|deed| match &deed.what {
            What::Merged { from } => from.clone(),
            What::Made
            | What::Found
            | What::Edited { .. }
            | What::Joined { .. }
            | What::Left { .. }
            | What::Archived
            | What::Restored
            | What::Removed
            | What::Decided { .. } => Vec::new(),
        });
    let merged: Vec<Rec> = merged.map(|id| Rec::new(rec.side.other(), rec.kind, id)).collect();
    partners.into_iter().chain(merged).collect()
}

/// Not linked once, and that is known: its outcome is open or asked about, a refusal that is listed names it, it is no longer there, a person took a hand in it,
/// or (a person at several firms) it has a link for each.
fn is_open(case: &Case<'_>, rec: &Rec, links: usize) -> bool {
    let state = case.state();
    let several = links > 1 && rec.side == Side::Crm && rec.kind == Kind::Contact;
    let touched = case.evidence.deeds.iter().any(|deed| {
        let merged = matches!(&deed.what, What::Merged { from } if from.contains(&rec.id));
        let same_sort = deed.rec.side == rec.side && deed.rec.kind == rec.kind;
        (same_sort && merged)
            || (deed.rec == *rec && matches!(deed.what, What::Archived | What::Removed | What::Decided { .. }))
    });
    let open = state.intents.iter().any(|intent| intent.side == rec.side && intent.kind == rec.kind && !intent.closed);
    several || touched || open || state.asks_about(rec) || state.is_named_by_a_refusal(rec) || case.decided(rec, 0)
}
