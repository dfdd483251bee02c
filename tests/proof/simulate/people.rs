//! People at work in both systems: everything that a hand can do there, at any moment.

use fastrand::Rng;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::ObjectType;
use serde_json::{Value, json};

use super::sim::Sim;
use super::world::{ANCHOR, text};
use crate::firm::vat;

/// What people write into clients.
const CLIENT: [&str; 7] =
    ["name", "addressPhoneNumber", "addressCity", "addressPostCode", "addressStreetLine", "country", "vatNumber"];
/// What people write into companies.
const COMPANY: [&str; 8] = ["name", "phone", "city", "zip", "address", "country", "vat_number", "lifecyclestage"];
const PERSON: [&str; 4] = ["name", "email", "phone", "title"];
const CONTACT: [&str; 5] = ["firstname", "lastname", "email", "phone", "jobtitle"];

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
        84..87 => merge_companies(sim),
        87..90 => archive_company(sim),
        90 => archive_contact(sim),
        91 => purge(sim),
        92 => remove_client(sim),
        93 => remove_person(sim),
        94..96 => move_person(sim),
        96..98 => move_contact(sim),
        98 => second_firm(sim),
        _ => merge_contacts(sim),
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
    let all = sim.firm.hubspot.companies();
    ids(&all.into_iter().filter(|company| company["properties"]["name"] != ANCHOR).collect::<Vec<_>>())
}

fn people(sim: &Sim) -> Vec<u64> {
    ids(&sim.firm.flowtly.contacts())
}

fn contacts(sim: &Sim) -> Vec<u64> {
    ids(&sim.firm.hubspot.contacts())
}

/// What somebody writes into a field now: something new, nothing, or what was there before.
fn fresh(sim: &Sim, place: (Side, Kind, u64, &'static str), old: &str) -> String {
    let before = sim.known.lock().unwrap().before.get(&place).cloned();
    let new = sim.chance(|rng| match (before, rng.u32(0..6)) {
        (Some(before), 0) => before,
        (_, 1) if may_be_cleared(place.3, place.0) => String::new(),
        (_, _) => invent(rng, place.3),
    });
    sim.known.lock().unwrap().before.insert(place, old.to_owned());
    sim.say(|| format!("    {} {} {}: {} was {old:?}, is {new:?}", place.0, place.1.as_str(), place.2, place.3));
    new
}

/// Forms do not let go of what they demand.
fn may_be_cleared(field: &str, side: Side) -> bool {
    side == Side::Crm && field != "lifecyclestage" && field != "email"
        || side == Side::Flowtly && !matches!(field, "name" | "email" | "country")
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
        "lifecyclestage" => word(rng, &["customer", "lead"]),
        other => panic!("nobody writes into {other}"),
    }
}

fn edit_client(sim: &Sim) -> Option<()> {
    let id = any(sim, &clients(sim))?;
    let key = sim.chance(|rng| *rng.choice(&CLIENT).unwrap());
    let old = text(&sim.firm.flowtly.client(id)?[key]);
    let old = if key == "country" { old.rsplit('/').next().unwrap_or_default().to_owned() } else { old };
    let new = fresh(sim, (Side::Flowtly, Kind::Company, id, key), &old);
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
    let key = sim.chance(|rng| *rng.choice(&COMPANY).unwrap());
    let old = sim.firm.hubspot.company_property(id, key).unwrap_or_default();
    let new = fresh(sim, (Side::Crm, Kind::Company, id, key), &old);
    let new = match (key, new.as_str()) {
        ("country", "PL") => "Poland".to_owned(),
        ("country", "DE") => "Germany".to_owned(),
        _ => new,
    };
    sim.act(|firm| firm.hubspot.edit_company(id, key, &new));
    Some(())
}

fn edit_person(sim: &Sim) -> Option<()> {
    let id = any(sim, &people(sim))?;
    let key = sim.chance(|rng| *rng.choice(&PERSON).unwrap());
    let old = text(&sim.firm.flowtly.contact(id)?[key]);
    let new = fresh(sim, (Side::Flowtly, Kind::Contact, id, key), &old);
    let value = if new.is_empty() { Value::Null } else { json!(new) };
    sim.act(|firm| firm.flowtly.edit_contact(id, key, value));
    Some(())
}

fn edit_contact(sim: &Sim) -> Option<()> {
    let id = any(sim, &contacts(sim))?;
    let key = sim.chance(|rng| *rng.choice(&CONTACT).unwrap());
    let old = sim.firm.hubspot.contact_property(id, key).unwrap_or_default();
    let new = fresh(sim, (Side::Crm, Kind::Contact, id, key), &old);
    if key == "email" && email_is_taken(sim, &new, id) {
        return None;
    }
    sim.act(|firm| firm.hubspot.edit_contact(id, key, &new));
    Some(())
}

/// A portal holds no address twice.
fn email_is_taken(sim: &Sim, email: &str, by_other_than: u64) -> bool {
    sim.firm.hubspot.contacts().iter().any(|contact| {
        text(&contact["id"]) != by_other_than.to_string()
            && contact["properties"]["email"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(email))
    })
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
    sim.known.lock().unwrap().make(side, kind, id);
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
    if email_is_taken(sim, &email, 0) {
        return None;
    }
    let properties = [("firstname", first.as_str()), ("lastname", last.as_str()), ("email", email.as_str())];
    let id = sim.act(|firm| firm.hubspot.add_contact(&properties, Some(company)));
    made(sim, Side::Crm, Kind::Contact, id, &format!("made at {company}, {first:?} {last:?} {email:?}"));
    Some(())
}

fn two(sim: &Sim, mut ids: Vec<u64>) -> Option<(u64, u64)> {
    sim.chance(|rng| rng.shuffle(&mut ids));
    Some((*ids.first()?, *ids.get(1)?))
}

fn merge_companies(sim: &Sim) -> Option<()> {
    let (one, two) = two(sim, companies(sim))?;
    let id = sim.act(|firm| firm.hubspot.merge_companies(one, two))?;
    sim.count("merge");
    made(sim, Side::Crm, Kind::Company, id, &format!("merged from {one} and {two}"));
    Some(())
}

fn merge_contacts(sim: &Sim) -> Option<()> {
    let (one, two) = two(sim, contacts(sim))?;
    let id = sim.act(|firm| firm.hubspot.merge_contacts(one, two))?;
    sim.count("merge");
    made(sim, Side::Crm, Kind::Contact, id, &format!("merged from {one} and {two}"));
    Some(())
}

/// Archives a company, or takes back an archiving.
fn archive_company(sim: &Sim) -> Option<()> {
    let archived: Vec<u64> = sim.known.lock().unwrap().archived(Kind::Company);
    if let Some(id) = archived.into_iter().find(|_| sim.chance(Rng::bool)) {
        sim.act(|firm| firm.hubspot.restore_company(id)).then_some(())?;
        sim.known.lock().unwrap().archived.remove(&(Kind::Company, id));
        sim.count("restore");
        sim.say(|| format!("    CRM company {id}: restored"));
        return Some(());
    }
    let id = any(sim, &companies(sim))?;
    sim.act(|firm| firm.hubspot.archive_company(id));
    sim.known.lock().unwrap().archived.insert((Kind::Company, id));
    sim.count("archive");
    sim.say(|| format!("    CRM company {id}: archived"));
    Some(())
}

fn archive_contact(sim: &Sim) -> Option<()> {
    let archived: Vec<u64> = sim.known.lock().unwrap().archived(Kind::Contact);
    if let Some(id) = archived.into_iter().find(|_| sim.chance(Rng::bool)) {
        sim.act(|firm| firm.hubspot.restore_contact(id)).then_some(())?;
        sim.known.lock().unwrap().archived.remove(&(Kind::Contact, id));
        sim.count("restore");
        sim.say(|| format!("    CRM contact {id}: restored"));
        return Some(());
    }
    let id = any(sim, &contacts(sim))?;
    sim.act(|firm| firm.hubspot.archive_contact(id));
    sim.known.lock().unwrap().archived.insert((Kind::Contact, id));
    sim.count("archive");
    sim.say(|| format!("    CRM contact {id}: archived"));
    Some(())
}

fn purge(sim: &Sim) -> Option<()> {
    let is_company = sim.chance(Rng::bool);
    let (object, all) =
        if is_company { (ObjectType::Company, companies(sim)) } else { (ObjectType::Contact, contacts(sim)) };
    let id = any(sim, &all)?;
    sim.act(|firm| firm.hubspot.purge(object, id));
    sim.count("purge");
    sim.say(|| format!("    CRM {object:?} {id}: purged"));
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
    let shown = sim.firm.hubspot.contact(id)?;
    let old = shown["associations"]["companies"]["results"].as_array().cloned().unwrap_or_default();
    sim.act(|firm| {
        for other in ids(&old) {
            firm.hubspot.disassociate(id, other);
        }
        firm.hubspot.associate(id, company, true)
    });
    sim.count("contact moved");
    sim.say(|| format!("    CRM contact {id}: moved to {company}"));
    Some(())
}

fn second_firm(sim: &Sim) -> Option<()> {
    let (id, company) = (any(sim, &contacts(sim))?, any(sim, &companies(sim))?);
    sim.act(|firm| firm.hubspot.associate(id, company, false));
    sim.say(|| format!("    CRM contact {id}: also at {company}"));
    Some(())
}
