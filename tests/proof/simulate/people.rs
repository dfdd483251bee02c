//! People at work in both systems: everything that a hand can do there, at any moment.

use fastrand::Rng;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::Property;
use serde_json::{Value, json};

use super::decisions::kind_of;
use super::sim::Sim;
use super::world::{ANCHOR, text};
use crate::checker::evidence;
use crate::firm::vat;

/// What people write into clients.
const CLIENT: [&str; 7] =
    ["name", "addressPhoneNumber", "addressCity", "addressPostCode", "addressStreetLine", "country", "vatNumber"];
/// What people write into companies of the CRM, and the word for what they invent; behind them comes the mark of a client.
const COMPANY: [(Property, &str); 7] = [
    (Property::Name, "name"),
    (Property::Phone, "phone"),
    (Property::City, "city"),
    (Property::PostCode, "zip"),
    (Property::Street, "address"),
    (Property::Country, "country"),
    (Property::TaxNumber, "vat_number"),
];
const PERSON: [&str; 4] = ["name", "email", "phone", "title"];
const CONTACT: [(Property, &str); 5] = [
    (Property::FirstName, "firstname"),
    (Property::LastName, "lastname"),
    (Property::Email, "email"),
    (Property::Phone, "phone"),
    (Property::JobTitle, "jobtitle"),
];

/// One deed. Whether there was anything to do it to.
pub fn act(sim: &Sim) -> bool {
    let choice = sim.chance(|rng| rng.u32(0..100));
    let done = match choice {
        0..28 => edit_client(sim),
        28..56 => edit_company(sim),
        56..64 => edit_person(sim),
        64..72 => edit_contact(sim),
        72..75 => {
            add_client(sim);
            Some(())
        }
        75..78 => {
            add_company(sim);
            Some(())
        }
        78..81 => add_person(sim),
        81..84 => add_contact(sim),
        84..87 => merge(sim, Kind::Company),
        87..90 => archive(sim, Kind::Company),
        90 => archive(sim, Kind::Contact),
        91 => purge(sim),
        92 => remove_client(sim),
        93 => remove_person(sim),
        94..96 => move_person(sim),
        96..98 => move_contact(sim),
        98 => second_firm(sim),
        _ => merge(sim, Kind::Contact),
    };
    done.is_some()
}

fn ids(records: &[Value]) -> Vec<u64> {
    records.iter().filter_map(|record| text(&record["id"]).parse().ok()).collect()
}

fn any(sim: &Sim, ids: &[u64]) -> Option<u64> {
    sim.chance(|rng| rng.choice(ids).copied())
}

fn clients(sim: &Sim) -> Vec<u64> {
    let all = sim.firm.flowtly.clients();
    ids(&all.into_iter().filter(|client| client["name"] != ANCHOR).collect::<Vec<_>>())
}

fn companies(sim: &Sim) -> Vec<u64> {
    let crm = &sim.firm.crm;
    let is_anchor = |id: &u64| crm.text(Kind::Company, *id, Property::Name).as_deref() == Some(ANCHOR);
    crm.ids(Kind::Company).into_iter().filter(|id| !is_anchor(id)).collect()
}

fn people(sim: &Sim) -> Vec<u64> {
    ids(&sim.firm.flowtly.contacts())
}

fn contacts(sim: &Sim) -> Vec<u64> {
    sim.firm.crm.ids(Kind::Contact)
}

/// What somebody writes into a field now: something new, nothing, or what was there before.
fn fresh(sim: &Sim, place: (Side, Kind, u64, &'static str), old: &str, may_be_cleared: bool) -> String {
    let before = sim.known.lock().unwrap().before.get(&place).cloned();
    let new = sim.chance(|rng| match (before, rng.u32(0..6)) {
        (Some(before), 0) => before,
        (_, 1) if may_be_cleared => String::new(),
        (_, _) => invent(rng, place.3),
    });
    sim.known.lock().unwrap().before.insert(place, old.to_owned());
    sim.say(|| format!("    {} {} {}: {} was {old:?}, is {new:?}", place.0, place.1.as_str(), place.2, place.3));
    new
}

/// Forms do not let go of what they demand.
fn flowtly_demands(field: &str) -> bool {
    matches!(field, "name" | "email" | "country")
}

fn crm_demands(sim: &Sim, kind: Kind, property: Property) -> bool {
    property == Property::Email || sim.firm.crm.demands(kind, property)
}

fn invent(rng: &mut Rng, field: &str) -> String {
    let word = |rng: &mut Rng, all: &[&str]| (*rng.choice(all).unwrap()).to_owned();
    match field {
        "name" | "firstname" | "lastname" if rng.u32(0..40) == 0 => format!("Bardzo {}", "długa nazwa ".repeat(20)),
        "name" => {
            let base = word(rng, &["Alfa", "Beta Sp. z o.o.", "Delta", "ALFA", "Łódź Trading", "Gamma  GmbH "]);
            format!("{base} {}", rng.u32(1..30))
        }
        "firstname" => word(rng, &["Jan", "Anna", "Zoë", "JAN"]),
        "lastname" => word(rng, &["Kowalski", "Nowak", "Nowak-Kowalska", "von Berg"]),
        "email" => format!("{}{}@firma{}.pl", word(rng, &["jan", "Anna", "ewa"]), rng.u32(0..4), rng.u32(1..6)),
        "title" | "jobtitle" => word(rng, &["Prezes", "CEO", "Księgowa", " Head of Sales"]),
        "addressPhoneNumber" | "phone" => match rng.u32(0..8) {
            0 => "brak".to_owned(),
            1 => format!("22 555 {:02} {:02}", rng.u32(10..99), rng.u32(10..99)),
            2 => format!("+48 22 555 {:02} {:02} ext. 5", rng.u32(10..99), rng.u32(10..99)),
            _ => format!("+48 22 555 {:02} {:02}", rng.u32(10..99), rng.u32(10..99)),
        },
        "addressCity" | "city" => word(rng, &["Kraków", "Warszawa", "Łódź", " Gdańsk ", "Bielsko-Biała"]),
        "addressPostCode" | "zip" => format!("{:02}-{:03}", rng.u32(0..99), rng.u32(0..999)),
        "addressStreetLine" => word(rng, &["Prosta", "ul. Długa", "Aleje Jerozolimskie"]),
        "address" => format!("{} {}", word(rng, &["Prosta", "ul. Długa", "Rynek"]), rng.u32(1..99)),
        "country" => word(rng, &["PL", "DE", "PL"]),
        "vatNumber" | "vat_number" => match rng.u32(0..8) {
            0 => "brak".to_owned(),
            1 => vat(rng.u32(1..6)),
            _ => vat(rng.u32(100..140)),
        },
        other => panic!("nobody writes into {other}"),
    }
}

fn edit_client(sim: &Sim) -> Option<()> {
    let id = any(sim, &clients(sim))?;
    let key = sim.chance(|rng| *rng.choice(&CLIENT).unwrap());
    let old = text(&sim.firm.flowtly.client(id)?[key]);
    let old = if key == "country" { old.rsplit('/').next().unwrap_or_default().to_owned() } else { old };
    let new = fresh(sim, (Side::Flowtly, Kind::Company, id, key), &old, !flowtly_demands(key));
    let value = match (key, new.as_str()) {
        (_, "") => Value::Null,
        ("country", code) => json!(format!("/countries/{code}")),
        (_, text) => json!(text),
    };
    sim.act(|firm| firm.flowtly.edit_client(id, key, value));
    if key == "vatNumber" {
        // The form keeps both notations of the number together.
        let number = new.strip_prefix("PL").unwrap_or(&new).to_owned();
        let (tin, country) = if new.is_empty() { (Value::Null, Value::Null) } else { (json!(number), json!("PL")) };
        sim.act(|firm| firm.flowtly.edit_client(id, "tin", tin) && firm.flowtly.edit_client(id, "tinCountry", country));
    }
    Some(())
}

fn edit_company(sim: &Sim) -> Option<()> {
    let id = any(sim, &companies(sim))?;
    let mark = sim.firm.crm.client_mark();
    let place = sim.chance(|rng| rng.usize(0..COMPANY.len() + usize::from(mark.is_some())));
    let Some((property, key)) = COMPANY.get(place).copied() else { return mark_company(sim, id, mark?) };
    let old = sim.firm.crm.text(Kind::Company, id, property).unwrap_or_default();
    let may_be_cleared = !crm_demands(sim, Kind::Company, property);
    let new = fresh(sim, (Side::Crm, Kind::Company, id, key), &old, may_be_cleared);
    let new = match (key, new.as_str()) {
        ("country", "PL") => "Poland".to_owned(),
        ("country", "DE") => "Germany".to_owned(),
        _ => new,
    };
    sim.act(|firm| firm.crm.edit(Kind::Company, id, property, &new));
    Some(())
}

/// Somebody says whether a company is a client.
fn mark_company(sim: &Sim, id: u64, (mark, texts): (&'static str, [&'static str; 2])) -> Option<()> {
    let place = (Side::Crm, Kind::Company, id, mark);
    let before = sim.known.lock().unwrap().before.get(&place).cloned();
    let new = sim.chance(|rng| match (before, rng.u32(0..6)) {
        (Some(before), 0) => before,
        (_, _) => (*rng.choice(&texts).unwrap()).to_owned(),
    });
    let shown = sim.firm.crm.record(Kind::Company, id)?;
    let old = text(shown.get("properties").unwrap_or(&shown).get(mark)?);
    sim.known.lock().unwrap().before.insert(place, old);
    sim.say(|| format!("    CRM company {id}: {mark} is {new:?}"));
    sim.act(|firm| firm.crm.type_in(Kind::Company, id, mark, &new)).then_some(())
}

fn edit_person(sim: &Sim) -> Option<()> {
    let id = any(sim, &people(sim))?;
    let key = sim.chance(|rng| *rng.choice(&PERSON).unwrap());
    let old = text(&sim.firm.flowtly.contact(id)?[key]);
    let new = fresh(sim, (Side::Flowtly, Kind::Contact, id, key), &old, !flowtly_demands(key));
    let value = if new.is_empty() { Value::Null } else { json!(new) };
    sim.act(|firm| firm.flowtly.edit_contact(id, key, value));
    Some(())
}

fn edit_contact(sim: &Sim) -> Option<()> {
    let id = any(sim, &contacts(sim))?;
    let (property, key) = sim.chance(|rng| *rng.choice(&CONTACT).unwrap());
    let old = sim.firm.crm.text(Kind::Contact, id, property).unwrap_or_default();
    let may_be_cleared = !crm_demands(sim, Kind::Contact, property);
    let new = fresh(sim, (Side::Crm, Kind::Contact, id, key), &old, may_be_cleared);
    if sim.firm.crm.is_taken(Kind::Contact, property, &new, Some(id)) {
        return None;
    }
    sim.act(|firm| firm.crm.edit(Kind::Contact, id, property, &new));
    Some(())
}

/// A name and a tax number: sometimes those of a firm that the other side has.
fn identity(sim: &Sim) -> (String, Option<String>) {
    sim.chance(|rng| {
        let number = rng.u32(1..9);
        let name = if rng.bool() { format!("Alfa {number}") } else { invent(rng, "name") };
        let tax = (rng.u32(0..4) != 0).then(|| vat(number));
        (name, tax)
    })
}

fn made(sim: &Sim, side: Side, kind: Kind, id: u64, what: &str) {
    sim.known.lock().unwrap().make(&sim.firm, side, kind, id);
    sim.say(|| format!("    {side} {} {id}: {what}", kind.as_str()));
}

fn add_client(sim: &Sim) {
    let (name, tax) = identity(sim);
    let id = sim.act(|firm| firm.client(&name, tax.as_deref()));
    made(sim, Side::Flowtly, Kind::Company, id, &format!("made, {name:?} {tax:?}"));
}

fn add_company(sim: &Sim) {
    let (name, tax) = identity(sim);
    let id = sim.act(|firm| firm.company(&name, tax.as_deref()));
    made(sim, Side::Crm, Kind::Company, id, &format!("made, {name:?} {tax:?}"));
}

fn add_person(sim: &Sim) -> Option<()> {
    let client = any(sim, &clients(sim))?;
    let (name, email) = sim.chance(|rng| (invent(rng, "lastname"), invent(rng, "email")));
    let name = format!("Jan {name}");
    let id = sim.act(|firm| firm.person(client, &name, &email));
    made(sim, Side::Flowtly, Kind::Contact, id, &format!("made at {client}, {name:?} {email:?}"));
    Some(())
}

fn add_contact(sim: &Sim) -> Option<()> {
    let company = any(sim, &companies(sim))?;
    let (first, last, email) =
        sim.chance(|rng| (invent(rng, "firstname"), invent(rng, "lastname"), invent(rng, "email")));
    if sim.firm.crm.is_taken(Kind::Contact, Property::Email, &email, None) {
        return None;
    }
    let id = sim.act(|firm| firm.contact(&first, &last, &email, company));
    made(sim, Side::Crm, Kind::Contact, id, &format!("made at {company}, {first:?} {last:?} {email:?}"));
    Some(())
}

fn of_kind(sim: &Sim, kind: Kind) -> Vec<u64> {
    match kind {
        Kind::Company => companies(sim),
        Kind::Contact => contacts(sim),
    }
}

fn two(sim: &Sim, mut ids: Vec<u64>) -> Option<(u64, u64)> {
    sim.chance(|rng| rng.shuffle(&mut ids));
    Some((*ids.first()?, *ids.get(1)?))
}

fn merge(sim: &Sim, kind: Kind) -> Option<()> {
    let (one, two) = two(sim, of_kind(sim, kind))?;
    let id = sim.act(|firm| firm.crm.merge(kind, one, two))?;
    // Where one of them goes on under its id, nothing that it shows says what came to it.
    if let Some(lost) = [(one, two), (two, one)].into_iter().find_map(|(kept, lost)| (kept == id).then_some(lost)) {
        let text = |id: u64| sim.firm.crm.id_text(id);
        let kept = evidence::Rec::new(evidence::Side::Crm, kind_of(kind), text(id));
        sim.journal.merged(kept, text(lost));
    }
    sim.count("merge");
    made(sim, Side::Crm, kind, id, &format!("merged from {one} and {two}"));
    Some(())
}

/// Archives a record, or takes back an archiving.
fn archive(sim: &Sim, kind: Kind) -> Option<()> {
    let archived: Vec<u64> = sim.known.lock().unwrap().archived(kind);
    if let Some(id) = archived.into_iter().find(|_| sim.chance(Rng::bool)) {
        sim.act(|firm| firm.crm.restore(kind, id)).then_some(())?;
        sim.known.lock().unwrap().archived.remove(&(kind, id));
        sim.count("restore");
        sim.say(|| format!("    CRM {} {id}: restored", kind.as_str()));
        return Some(());
    }
    let id = any(sim, &of_kind(sim, kind))?;
    sim.act(|firm| firm.crm.archive(kind, id)).then_some(())?;
    sim.known.lock().unwrap().archived.insert((kind, id));
    sim.count("archive");
    sim.say(|| format!("    CRM {} {id}: archived", kind.as_str()));
    Some(())
}

fn purge(sim: &Sim) -> Option<()> {
    let kind = if sim.chance(Rng::bool) { Kind::Company } else { Kind::Contact };
    let id = any(sim, &of_kind(sim, kind))?;
    sim.act(|firm| firm.crm.remove(kind, id));
    sim.count("purge");
    sim.say(|| format!("    CRM {} {id}: purged", kind.as_str()));
    Some(())
}

fn remove_client(sim: &Sim) -> Option<()> {
    let id = any(sim, &clients(sim))?;
    sim.act(|firm| firm.flowtly.remove_client(id));
    sim.count("removal");
    sim.say(|| format!("    Flowtly client {id}: removed"));
    Some(())
}

fn remove_person(sim: &Sim) -> Option<()> {
    let id = any(sim, &people(sim))?;
    sim.act(|firm| firm.flowtly.remove_contact(id));
    sim.count("removal");
    sim.say(|| format!("    Flowtly contact {id}: removed"));
    Some(())
}

fn move_person(sim: &Sim) -> Option<()> {
    let (id, client) = (any(sim, &people(sim))?, any(sim, &clients(sim))?);
    sim.act(|firm| firm.flowtly.edit_contact(id, "client", format!("/clients/{client}")));
    sim.count("contact moved");
    sim.say(|| format!("    Flowtly contact {id}: moved to {client}"));
    Some(())
}

fn move_contact(sim: &Sim) -> Option<()> {
    let (id, company) = (any(sim, &contacts(sim))?, any(sim, &companies(sim))?);
    sim.act(|firm| firm.crm.move_contact(id, Some(company)));
    sim.count("contact moved");
    sim.say(|| format!("    CRM contact {id}: moved to {company}"));
    Some(())
}

fn second_firm(sim: &Sim) -> Option<()> {
    let (id, company) = (any(sim, &contacts(sim))?, any(sim, &companies(sim))?);
    if sim.act(|firm| firm.crm.join(id, company)) {
        sim.say(|| format!("    CRM contact {id}: also at {company}"));
        return Some(());
    }
    // Where a contact has one company alone, it may have several addresses.
    let email = sim.chance(|rng| invent(rng, "email"));
    sim.act(|firm| firm.crm.add_further(id, Property::Email, &email)).then_some(())?;
    sim.say(|| format!("    CRM contact {id}: also {email:?}"));
    Some(())
}
