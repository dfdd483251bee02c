//! What is under way when the process dies, whichever the CRM: the main job, and the accidents that every system knows.

use std::time::Duration;

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{Embedded, Fault, Property, When};
use http::Method;
use serde_json::Value;

use super::scenarios::{Scenario, settled};
use crate::firm::{Firm, vat};
use crate::life::Extent;

macro_rules! scenarios {
    ($($name:ident: $($extent:ident)|+,)*) => {
        /// All of them, with this CRM.
        pub fn scenarios(crm: &'static Embedded) -> Vec<Scenario> {
            vec![$($(Scenario::new(crm.name, stringify!($name), Extent::$extent, move || Box::pin($name(crm)))),+),*]
        }
    };
}

scenarios! {
    first_load_from_flowtly: Complete,
    first_load_from_the_crm: Complete,
    first_link_of_what_already_agrees: Complete,
    edits_on_both_sides: Incremental | Hinted,
    values_are_cleared: Complete | Hinted,
    a_conflict_while_other_fields_travel: Complete,
    a_contact_moves_in_the_crm: Complete | Hinted,
    a_contact_moves_in_flowtly: Complete | Hinted,
    a_company_is_taken_away: Complete | Hinted,
    a_company_is_back: Complete,
    a_create_in_flight_in_the_crm: Complete,
    contacts_in_flight_in_the_crm: Complete,
    a_create_in_flight_in_flowtly: Complete,
    two_linked_companies_merge: Complete | Hinted,
}

/// A linked, settled pair with a contact.
async fn alfa(crm: &Embedded) -> (Firm, u64, u64) {
    let firm = Firm::embedded(crm);
    let (client, company) = (firm.client("Alfa", Some(&vat(1))), firm.company("Alfa", Some(&vat(1))));
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    (settled(firm).await, client, company)
}

/// The same, and another pair.
async fn alfa_and_beta(crm: &Embedded) -> (Firm, [(u64, u64); 2]) {
    let (firm, client, company) = alfa(crm).await;
    let beta = (firm.client("Beta", Some(&vat(2))), firm.company("Beta", Some(&vat(2))));
    (settled(firm).await, [(client, company), beta])
}

async fn first_load_from_flowtly(crm: &Embedded) -> Firm {
    let firm = Firm::embedded(crm);
    for n in 1..=3 {
        let client = firm.client(&format!("Firma {n}"), Some(&vat(n)));
        firm.person(client, &format!("Jan {n}"), &format!("jan@firma{n}.pl"));
    }
    firm
}

async fn first_load_from_the_crm(crm: &Embedded) -> Firm {
    let firm = Firm::embedded(crm);
    for n in 1..=3 {
        let company = firm.company(&format!("Firma {n}"), Some(&vat(n)));
        firm.contact(&format!("Anna {n}"), "Nowak", &format!("anna@firma{n}.pl"), company);
    }
    firm
}

async fn first_link_of_what_already_agrees(crm: &Embedded) -> Firm {
    let firm = Firm::embedded(crm);
    for n in 1..=3 {
        let (name, vat) = (format!("Firma {n}"), vat(n));
        let (client, company) = (firm.client(&name, Some(&vat)), firm.company(&name, Some(&vat)));
        firm.person(client, "Anna Nowak", &format!("anna@firma{n}.pl"));
        firm.contact("Anna", "Nowak", &format!("anna@firma{n}.pl"), company);
    }
    firm
}

async fn edits_on_both_sides(crm: &Embedded) -> Firm {
    let (firm, client, company) = alfa(crm).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.crm.edit(Kind::Company, company, Property::Phone, "+48221234567");
    let person = firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    firm.flowtly.edit_contact(person, "phone", "+48 22 765 43 21");
    firm
}

async fn values_are_cleared(crm: &Embedded) -> Firm {
    let (firm, client, company) = alfa(crm).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    firm.crm.edit(Kind::Company, company, Property::City, "Kraków");
    let firm = settled(firm).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", Value::Null);
    firm.crm.edit(Kind::Company, company, Property::City, "");
    firm
}

async fn a_conflict_while_other_fields_travel(crm: &Embedded) -> Firm {
    let (firm, client, company) = alfa(crm).await;
    firm.flowtly.edit_client(client, "name", "Alfa Polska");
    firm.crm.edit(Kind::Company, company, Property::Name, "Alfa Europe");
    firm.crm.edit(Kind::Company, company, Property::Phone, "+48221234567");
    firm
}

async fn a_contact_moves_in_the_crm(crm: &Embedded) -> Firm {
    let (firm, [_, (_, beta)]) = alfa_and_beta(crm).await;
    let contact = firm.crm.ids(Kind::Contact)[0];
    firm.crm.move_contact(contact, Some(beta));
    firm
}

async fn a_contact_moves_in_flowtly(crm: &Embedded) -> Firm {
    let (firm, [_, (beta, _)]) = alfa_and_beta(crm).await;
    let person = firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    firm.flowtly.edit_contact(person, "client", format!("/clients/{beta}"));
    firm
}

/// Archived, where the system has an archive; gone, where it has none.
async fn a_company_is_taken_away(crm: &Embedded) -> Firm {
    let (firm, [(client, company), _]) = alfa_and_beta(crm).await;
    take_away(&firm, company);
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm
}

/// Out of the archive; where there is none, somebody makes the company anew.
async fn a_company_is_back(crm: &Embedded) -> Firm {
    let (firm, [(client, company), _]) = alfa_and_beta(crm).await;
    take_away(&firm, company);
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let firm = settled(firm).await;
    if !firm.crm.restore(Kind::Company, company) {
        firm.company("Alfa", Some(&vat(1)));
    }
    firm
}

fn take_away(firm: &Firm, company: u64) {
    if !firm.crm.archive(Kind::Company, company) {
        firm.crm.remove(Kind::Company, company);
    }
}

async fn a_create_in_flight_in_the_crm(crm: &Embedded) -> Firm {
    let (firm, ..) = alfa(crm).await;
    firm.client("Beta", Some(&vat(2)));
    firm.crm.faults().when(creating(&firm, Kind::Company), Fault::CarriedOutLater(Duration::from_secs(45)));
    firm
}

async fn contacts_in_flight_in_the_crm(crm: &Embedded) -> Firm {
    let (firm, client, company) = alfa(crm).await;
    firm.person(client, "Ewa Nowak", "ewa@alfa.pl");
    firm.contact("Anna", "Nowak", "anna@alfa.pl", company);
    firm.crm.faults().when(creating(&firm, Kind::Contact), Fault::DropAfter);
    firm
}

async fn a_create_in_flight_in_flowtly(crm: &Embedded) -> Firm {
    let (firm, ..) = alfa(crm).await;
    firm.company("Beta", Some(&vat(2)));
    let create = When::always().method(Method::POST).path("/clients").times(1);
    firm.flowtly.faults().when(create, Fault::CarriedOutLater(Duration::from_secs(45)));
    firm
}

async fn two_linked_companies_merge(crm: &Embedded) -> Firm {
    let (firm, [(_, one), (_, two)]) = alfa_and_beta(crm).await;
    firm.crm.merge(Kind::Company, one, two).unwrap();
    firm
}

/// The first request that makes a record.
fn creating(firm: &Firm, kind: Kind) -> When {
    When::always().method(Method::POST).exactly(firm.crm.makes_at(kind)).times(1)
}
