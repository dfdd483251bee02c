//! What is under way when the process dies: the main job and the accidents, each a firm at the moment before one pass.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use flowtly_sync::domain::record::Side;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, HubSpotOptions, Manner, When};
use http::Method;
use serde_json::Value;

use crate::firm::{Firm, vat};
use crate::life::{Extent, Lived, live};
use crate::meddle::Moment;
use crate::steps::{Hurt, Steps};

pub type Made = Pin<Box<dyn Future<Output = Firm>>>;

/// A firm at the moment before a pass.
pub struct Scenario {
    pub name: String,
    pub crm: &'static str,
    /// What the pass looks at.
    pub extent: Extent,
    pub firm: Box<dyn Fn() -> Made + Send>,
}

impl Scenario {
    /// Of a firm with this CRM that is made anew each time.
    pub fn new(crm: &'static str, name: &str, extent: Extent, firm: impl Fn() -> Made + Send + 'static) -> Self {
        let name = format!("{crm}::{name}{}", if extent == Extent::Hinted { "_hinted" } else { "" });
        Self { name, crm, extent, firm: Box::new(firm) }
    }
}

macro_rules! scenarios {
    ($($name:ident: $($extent:ident)|+,)*) => {
        /// All of them, with HubSpot.
        pub fn scenarios() -> Vec<Scenario> {
            vec![$($(Scenario::new("hubspot", stringify!($name), Extent::$extent, || Box::pin($name()))),+),*]
        }
    };
}

scenarios! {
    first_load_from_flowtly: Complete,
    first_load_from_the_crm: Complete,
    first_link_of_what_already_agrees: Complete,
    first_link_fills_blanks: Complete,
    edits_on_both_sides: Incremental | Hinted,
    one_value_to_the_crm: Incremental | Hinted,
    one_value_to_flowtly: Incremental | Hinted,
    values_are_cleared: Complete | Hinted,
    accident_01_a_conflict_while_other_fields_travel: Complete | Hinted,
    accident_02_a_refused_record: Complete | Hinted,
    accident_03_a_lagging_index: Incremental,
    accident_04_an_edit_between_guard_and_write: Complete | Hinted,
    accident_05_an_ignored_field: Complete,
    accident_06_a_name_that_is_cut: Complete,
    accident_07_created_by_hand_outside_the_scope: Complete,
    accident_08_a_merge_is_followed: Complete | Hinted,
    accident_08_two_linked_companies_merge: Complete | Hinted,
    accident_08_contacts_recreated_by_another_tool: Complete,
    accident_09_ids_that_collide: Complete,
    accident_10_a_partner_that_appears_late: Complete,
    accident_11_a_create_in_flight_in_the_crm: Complete,
    accident_11_a_create_in_flight_in_flowtly: Complete,
    accident_11_contacts_in_flight: Complete,
    accident_12_gone_and_unlinked: Complete | Hinted,
    accident_13_a_field_joins_the_mapping: Complete,
    accident_14_upper_case_and_an_extension: Incremental,
    accident_16_two_halves_of_an_address: Complete | Hinted,
    accident_17_a_one_way_field_drifts: Complete,
    accident_18_one_person_at_two_firms: Complete,
    accident_18_a_contact_moves: Complete | Hinted,
    accident_19_an_old_company_enters_the_scope: Complete,
    accident_20_one_field_is_refused: Complete | Hinted,
    an_archived_company_rests: Complete | Hinted,
    a_restored_company_goes_on: Complete | Hinted,
    a_write_in_flight_after_a_crash: Complete | Hinted,
    a_crash_while_recovering_creates: Complete | Hinted,
    pages_in_plenty: Complete,
}

async fn pass(firm: &Firm, extent: Extent) {
    live(firm, extent, &Steps::default()).await;
    firm.clock.advance(Duration::from_secs(1));
}

/// Everything so far is settled.
pub async fn settled(firm: Firm) -> Firm {
    pass(&firm, Extent::Complete).await;
    pass(&firm, Extent::Complete).await;
    firm
}

/// A linked, settled pair with a contact.
async fn alfa() -> (Firm, u64, u64) {
    alfa_in(Firm::new()).await
}

async fn alfa_in(firm: Firm) -> (Firm, u64, u64) {
    let (client, company) = (firm.client("Alfa", Some(&vat(1))), firm.company("Alfa", Some(&vat(1))));
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    (settled(firm).await, client, company)
}

fn contact(firm: &Firm, first: &str, email: &str, company: u64) -> u64 {
    firm.hubspot.add_contact(&[("firstname", first), ("lastname", "Nowak"), ("email", email)], Some(company))
}

async fn first_load_from_flowtly() -> Firm {
    let firm = Firm::new();
    for n in 1..=3 {
        let client = firm.client(&format!("Firma {n}"), Some(&vat(n)));
        firm.person(client, &format!("Jan {n}"), &format!("jan@firma{n}.pl"));
    }
    firm
}

async fn first_load_from_the_crm() -> Firm {
    let firm = Firm::new();
    for n in 1..=3 {
        let company = firm.company(&format!("Firma {n}"), Some(&vat(n)));
        contact(&firm, &format!("Anna {n}"), &format!("anna@firma{n}.pl"), company);
    }
    firm
}

async fn first_link_of_what_already_agrees() -> Firm {
    let firm = Firm::new();
    for n in 1..=3 {
        let (name, vat) = (format!("Firma {n}"), vat(n));
        let (client, company) = (firm.client(&name, Some(&vat)), firm.company(&name, Some(&vat)));
        firm.person(client, "Anna Nowak", &format!("anna@firma{n}.pl"));
        contact(&firm, "Anna", &format!("anna@firma{n}.pl"), company);
    }
    firm
}

async fn first_link_fills_blanks() -> Firm {
    let firm = Firm::new();
    let (client, company) = (firm.client("Alfa", Some(&vat(1))), firm.company("Alfa", Some(&vat(1))));
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    firm
}

async fn edits_on_both_sides() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    let person = firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    firm.flowtly.edit_contact(person, "phone", "+48 22 765 43 21");
    firm
}

async fn one_value_to_the_crm() -> Firm {
    let (firm, client, _) = alfa().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm
}

async fn one_value_to_flowtly() -> Firm {
    let (firm, _, company) = alfa().await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm
}

async fn values_are_cleared() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    firm.hubspot.edit_company(company, "city", "Kraków");
    let firm = settled(firm).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", Value::Null);
    firm.hubspot.edit_company(company, "city", "");
    firm
}

async fn accident_01_a_conflict_while_other_fields_travel() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.flowtly.edit_client(client, "name", "Alfa Polska");
    firm.hubspot.edit_company(company, "name", "Alfa Europe");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    firm
}

async fn accident_02_a_refused_record() -> Firm {
    let (firm, _, company) = alfa().await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), refusal);
    firm
}

async fn accident_03_a_lagging_index() -> Firm {
    let lag = HubSpotOptions { search_lag: Duration::from_secs(45), ..HubSpotOptions::default() };
    let (firm, client, company) = alfa_in(Firm::with(FlowtlyOptions::default(), lag, "")).await;
    firm.wait(Duration::from_hours(3));
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.wait(Duration::from_secs(20));
    firm
}

async fn accident_04_an_edit_between_guard_and_write() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    let flowtly = firm.flowtly.clone();
    firm.meddling.at(Side::Flowtly, Method::PATCH, "/clients/", Moment::Before, move || {
        flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    });
    firm
}

async fn accident_05_an_ignored_field() -> Firm {
    let (firm, client, _) = alfa().await;
    firm.hubspot.manners().set("companies", "phone", Manner::Ignore);
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm
}

async fn accident_06_a_name_that_is_cut() -> Firm {
    let (firm, client, _) = alfa().await;
    firm.hubspot.manners().set("companies", "name", Manner::Trim);
    firm.flowtly.edit_client(client, "name", format!("Alfa {}", "długa ".repeat(30)));
    firm
}

async fn accident_07_created_by_hand_outside_the_scope() -> Firm {
    let firm = Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "lifecyclestage", "lead");
    contact(&firm, "Anna", "anna@alfa.pl", company);
    let firm = settled(firm).await;
    firm.client("Alfa", Some(&vat(1)));
    firm
}

async fn accident_08_a_merge_is_followed() -> Firm {
    let (firm, client, company) = alfa_in(Firm::configured("[rules.company]\ncreate_in_flowtly = false\n")).await;
    let other = firm.company("Alpha Ltd", None);
    let firm = settled(firm).await;
    firm.hubspot.merge_companies(company, other).unwrap();
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm
}

async fn accident_08_two_linked_companies_merge() -> Firm {
    let (firm, _, one) = alfa().await;
    firm.client("Beta", Some(&vat(2)));
    let two = firm.company("Beta", Some(&vat(2)));
    let firm = settled(firm).await;
    firm.hubspot.merge_companies(one, two).unwrap();
    firm
}

async fn accident_08_contacts_recreated_by_another_tool() -> Firm {
    let (firm, client, _) = alfa().await;
    let old = firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    firm.flowtly.remove_contact(old);
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm
}

async fn accident_09_ids_that_collide() -> Firm {
    let firm = Firm::new();
    let client = firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Omega", Some(&vat(2)));
    firm.hubspot.edit_company(company, "flowtly_id", &format!("1hkzxrub/{client}"));
    firm.client("Beta", Some(&vat(3)));
    firm
}

async fn accident_10_a_partner_that_appears_late() -> Firm {
    let (firm, ..) = alfa().await;
    firm.client("Beta", Some(&vat(2)));
    let (hubspot, number) = (firm.hubspot.clone(), vat(2));
    firm.meddling.at(Side::Crm, Method::GET, "/objects/2026-03/contacts?", Moment::Before, move || {
        hubspot.add_company(&[("name", "Beta"), ("country", "Poland"), ("vat_number", &number)]);
    });
    firm
}

async fn accident_11_a_create_in_flight_in_the_crm() -> Firm {
    let (firm, ..) = alfa().await;
    firm.client("Beta", Some(&vat(2)));
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/companies/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::CarriedOutLater(Duration::from_secs(45)));
    firm
}

async fn accident_11_a_create_in_flight_in_flowtly() -> Firm {
    let (firm, ..) = alfa().await;
    firm.company("Beta", Some(&vat(2)));
    let create = When::always().method(Method::POST).path("/clients").times(1);
    firm.flowtly.faults().when(create, Fault::CarriedOutLater(Duration::from_secs(45)));
    firm
}

async fn accident_11_contacts_in_flight() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.person(client, "Ewa Nowak", "ewa@alfa.pl");
    contact(&firm, "Anna", "anna@alfa.pl", company);
    let create = When::always().method(Method::POST).path("/crm/objects/2026-03/contacts/batch/create").times(1);
    firm.hubspot.faults().when(create, Fault::DropAfter);
    firm
}

async fn accident_12_gone_and_unlinked() -> Firm {
    let (firm, _, company) = alfa_in(Firm::configured("[rules.company]\ngone = \"unlink\"\n")).await;
    // Another pair stands for the account: were the only one gone, nothing would be believed.
    firm.client("Kotwica", Some(&vat(9)));
    firm.company("Kotwica", Some(&vat(9)));
    let firm = settled(firm).await;
    firm.hubspot.purge(flowtly_sync::sandbox::ObjectType::Company, company);
    firm
}

async fn accident_13_a_field_joins_the_mapping() -> Firm {
    let (mut firm, client, company) = alfa_in(Firm::configured("[mapping.company]\nphone = false\n")).await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    firm.reconfigure("");
    firm
}

async fn accident_14_upper_case_and_an_extension() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    let firm = settled(firm).await;
    firm.flowtly.edit_client(client, "name", "ALFA");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67 ext. 5");
    firm
}

async fn accident_16_two_halves_of_an_address() -> Firm {
    let (firm, client, company) =
        alfa_in(Firm::configured("[rules.company.fields]\naddress = { conflict = \"crm\" }\n")).await;
    for (key, text) in [("addressStreetLine", "Prosta"), ("addressBuildingNumber", "51"), ("addressCity", "Warszawa")] {
        firm.flowtly.edit_client(client, key, text);
    }
    let firm = settled(firm).await;
    firm.flowtly.edit_client(client, "addressStreetLine", "Krzywa");
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm
}

async fn accident_17_a_one_way_field_drifts() -> Firm {
    let rule = "[rules.company.fields]\nphone = { direction = \"to-crm\", drift = \"correct\" }\n";
    let (firm, client, company) = alfa_in(Firm::configured(rule)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    let firm = settled(firm).await;
    firm.hubspot.edit_company(company, "phone", "+48 22 000 00 00");
    firm
}

async fn accident_18_one_person_at_two_firms() -> Firm {
    let (firm, _, one) = alfa().await;
    firm.client("Beta", Some(&vat(2)));
    let two = firm.company("Beta", Some(&vat(2)));
    let firm = settled(firm).await;
    let anna = contact(&firm, "Anna", "anna@alfa.pl", one);
    firm.hubspot.associate(anna, two, false);
    firm
}

async fn accident_18_a_contact_moves() -> Firm {
    let (firm, ..) = alfa().await;
    let beta = firm.client("Beta", Some(&vat(2)));
    let firm = settled(firm).await;
    let person = firm.flowtly.contacts()[0]["id"].as_u64().unwrap();
    firm.flowtly.edit_contact(person, "client", format!("/clients/{beta}"));
    firm
}

async fn accident_19_an_old_company_enters_the_scope() -> Firm {
    let firm = Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.edit_company(company, "lifecyclestage", "lead");
    contact(&firm, "Anna", "anna@alfa.pl", company);
    contact(&firm, "Ewa", "ewa@alfa.pl", company);
    let firm = settled(firm).await;
    firm.hubspot.edit_company(company, "lifecyclestage", "customer");
    firm
}

async fn accident_20_one_field_is_refused() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.hubspot.edit_company(company, "domain", "not a domain at all");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    firm
}

async fn an_archived_company_rests() -> Firm {
    let (firm, client, company) = alfa().await;
    firm.hubspot.archive_company(company);
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm
}

async fn a_restored_company_goes_on() -> Firm {
    let firm = settled(an_archived_company_rests().await).await;
    let company = firm.links().await[0].crm_id.as_number().unwrap();
    firm.hubspot.restore_company(company);
    firm
}

/// The pass before this one died with an update on its way.
async fn a_write_in_flight_after_a_crash() -> Firm {
    let firm = edits_on_both_sides().await;
    die_at(&firm, "companies/batch/update").await;
    firm.clock.advance(Duration::from_hours(1));
    firm
}

/// The pass before this one died with creates on their way.
async fn a_crash_while_recovering_creates() -> Firm {
    let firm = first_load_from_the_crm().await;
    die_at(&firm, "POST /clients").await;
    firm.clock.advance(Duration::from_hours(1));
    firm
}

/// A life that dies when the first request of this sort was carried out.
async fn die_at(firm: &Firm, request: &str) {
    let lived = live(firm, Extent::Complete, &Steps::hurt_request(request, Hurt::DiesAfter)).await;
    assert!(matches!(lived, Lived::Died), "no request {request} was sent: {lived:?}");
}

async fn pages_in_plenty() -> Firm {
    let mut firm = Firm::new();
    firm.change_base(
        "base_url = \"http://127.0.0.1:1\"",
        "base_url = \"http://127.0.0.1:1\"\npage_size = 2\nconcurrent_pages = 1",
    );
    for n in 1..=5 {
        let client = firm.client(&format!("Firma {n}"), Some(&vat(n)));
        firm.flowtly.edit_client(client, "addressCity", "Kraków");
    }
    firm
}
