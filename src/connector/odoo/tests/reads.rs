//! Reads by id, searches and what a record shows.

use crate::connector::error::ErrorKind;
use crate::connector::port::Schema as _;
use crate::connector::port::{Find, Presence};
use crate::domain::record::Standing;

use super::*;

#[tokio::test]
async fn a_company_shows_what_is_mapped_over_both_protocols() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let poland = OdooServer::country("PL").unwrap();
        let id = firm.server.add_partner(&json!({"is_company": true, "name": "Łódź & Söhne", "vat": "PL5260250274",
            "street": "Prosta 1", "city": "", "country_id": poland, "lang": "pl_PL"}));
        let row = found(firm.get(Kind::Company, id).await);
        let shown = |path| text(&firm, Kind::Company, &row, path);
        assert_eq!(shown("name"), "Łódź & Söhne");
        assert_eq!((shown("vat"), shown("street"), shown("country_id")), ("PL5260250274", "Prosta 1", "PL"));
        assert_eq!((shown("city"), shown("zip"), shown("phone")), ("", "", ""), "an empty text and false are blank");
        assert_eq!(shown("lang"), "pl_PL");
        assert_eq!(row.standing, Standing::Live);
        assert_eq!(row.modified, Some("2026-11-23T12:00:00Z".parse().unwrap()));
    }
}

#[tokio::test]
async fn what_is_not_there_is_gone_and_what_is_archived_is_found() {
    let firm = Firm::new();
    let (live, archived) = (firm.company("Live"), firm.company("Archived"));
    assert!(firm.server.archive_partner(archived));
    let asked = [remote(archived), remote(999), remote(live), remote(archived)];
    let answers = firm.odoo.get(Kind::Company, &asked).await.unwrap();
    assert_eq!(found(answers[0].clone()).standing, Standing::Archived);
    assert_eq!(answers[1], Lookup::Gone);
    assert_eq!(found(answers[2].clone()).standing, Standing::Live);
    assert_eq!(answers[3], answers[0]);
}

#[tokio::test]
async fn what_a_rule_hides_rests_and_is_not_gone() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let (shown, hidden) = (firm.company("Shown"), firm.company("Hidden"));
        firm.server.hide_partner(hidden);
        let asked = [remote(hidden), remote(shown), remote(999)];
        let answers = firm.odoo.get(Kind::Company, &asked).await.unwrap();
        let row = found(answers[0].clone());
        assert_eq!(row.standing, Standing::Archived);
        assert!(row.texts.iter().all(|text| *text == Delivered::Unknown), "nothing is known of it");
        assert_eq!(text(&firm, Kind::Company, &found(answers[1].clone()), "name"), "Shown");
        assert_eq!(answers[2], Lookup::Gone);
        firm.server.show_partner(hidden);
        assert_eq!(found(firm.get(Kind::Company, hidden).await).standing, Standing::Live);
    }
}

#[tokio::test]
async fn a_user_who_lost_the_right_to_everything_costs_few_requests_and_nothing_is_gone() {
    let firm = Firm::new();
    let hidden: Vec<u64> = (0..60).map(|number| firm.company(&format!("Firm {number}"))).collect();
    for id in &hidden {
        firm.server.hide_partner(*id);
    }
    firm.odoo.properties(Kind::Company).await.unwrap();
    firm.server.clear_log();
    let asked: Vec<RemoteId> = hidden.iter().map(|id| remote(*id)).collect();
    let answers = firm.odoo.get(Kind::Company, &asked).await.unwrap();
    assert!(answers.into_iter().all(|answer| found(answer).standing == Standing::Archived));
    assert_eq!(firm.server.counts().requests, 22, "the batch, the search, and twenty of them");
}

#[tokio::test]
async fn a_field_that_this_version_lacks_is_missing_and_unknown_and_hinders_no_other() {
    let mut contact = shape(Kind::Contact);
    contact.cells.push(Cell::new(Field::ContactType, Part::Whole, "mobile"));
    for (version, presence, shown) in [(19, Presence::Missing, "?"), (17, Presence::Present, "")] {
        let options = OdooOptions { version, ..OdooOptions::default() };
        let firm = Firm::mapped(options, shape(Kind::Company), contact.clone(), |_| ());
        let id = firm.person("Jan Kowalski", None);
        let properties = firm.odoo.properties(Kind::Contact).await.unwrap();
        let mobile = properties.iter().find(|property| property.path == "mobile").unwrap();
        assert_eq!(mobile.presence, presence);
        let row = found(firm.get(Kind::Contact, id).await);
        assert_eq!(text(&firm, Kind::Contact, &row, "mobile"), shown);
        assert_eq!(text(&firm, Kind::Contact, &row, "name"), "Jan Kowalski");
    }
}

#[tokio::test]
async fn properties_tell_type_choices_and_what_can_be_written() {
    let mut company = shape(Kind::Company);
    company.watched = vec!["type".to_owned(), "display_name".to_owned()];
    let firm = Firm::mapped(OdooOptions::default(), company, shape(Kind::Contact), |settings| {
        settings.id_property = Some("x_flowtly_id".to_owned());
    });
    let properties = firm.odoo.properties(Kind::Company).await.unwrap();
    let of = |path: &str| properties.iter().find(|property| property.path == path).unwrap();
    assert_eq!((of("country_id").type_name.as_deref(), of("country_id").writable), (Some("many2one"), Some(true)));
    assert_eq!(of("type").choices, ["contact", "invoice", "delivery", "other"]);
    assert_eq!(of("display_name").writable, Some(false));
    assert_eq!(properties.last().unwrap().path, "x_flowtly_id");
    assert_eq!(properties.last().unwrap().presence, Presence::Missing);
}

#[tokio::test]
async fn the_field_for_our_id_is_added_where_rights_allow_it_and_else_the_mend_is_told() {
    let with = |settings: &mut OdooSettings| settings.id_property = Some("x_flowtly_id".to_owned());
    for version in VERSIONS {
        let firm = Firm::with(OdooOptions { version, ..OdooOptions::default() }, with);
        assert_eq!(firm.odoo.add_missing(Kind::Company).await.unwrap(), ["x_flowtly_id"]);
        assert_eq!(firm.odoo.add_missing(Kind::Company).await.unwrap(), Vec::<String>::new());
        let write = Write { stored_id: Some("org/17".to_owned()), ..create(&[("name", "Firm")]) };
        let row = firm.write(Kind::Company, write).await.unwrap();
        assert_eq!(row.stored_id.as_deref(), Some("org/17"));
        let found = firm.odoo.find(Kind::Company, &Find::StoredId("org/17".to_owned())).await.unwrap().unwrap();
        assert_eq!(found, [row]);
        let none = firm.odoo.find(Kind::Company, &Find::StoredId("org/1".to_owned())).await.unwrap();
        assert_eq!(none, Some(Vec::new()));
    }
    let firm = Firm::with(OdooOptions { administrator: false, ..OdooOptions::default() }, with);
    let error = firm.odoo.add_missing(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("Settings, Technical, Fields"), "{}", error.message);
}

#[tokio::test]
async fn a_field_of_another_version_cannot_be_added_and_that_is_told() {
    let mut contact = shape(Kind::Contact);
    contact.cells.push(Cell::new(Field::ContactType, Part::Whole, "mobile"));
    let firm = Firm::mapped(OdooOptions::default(), shape(Kind::Company), contact, |_| ());
    let error = firm.odoo.add_missing(Kind::Contact).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
    assert!(error.message.contains("mobile"), "{}", error.message);
}

#[tokio::test]
async fn the_live_contacts_of_companies_come_with_those_of_their_departments() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let (one, other) = (firm.company("One"), firm.company("Other"));
        let department = firm.person("Sales", Some(one));
        let deep = firm.person("Deep", Some(department));
        let plain = firm.person("Plain", Some(one));
        let archived = firm.person("Archived", Some(one));
        firm.server.archive_partner(archived);
        firm.person("Elsewhere", Some(other));
        firm.server.add_partner(&json!({"name": "Invoices", "type": "invoice", "parent_id": one}));
        let rows = firm.odoo.children(&[remote(one)]).await.unwrap();
        assert_eq!(ids(&rows), [department, deep, plain]);
        assert!(rows.iter().all(|row| row.parents == [remote(one)]));
        assert!(firm.odoo.children(&[]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn candidates_for_a_text_are_found_by_name_and_number_and_no_text_is_a_pattern() {
    let firm = Firm::new();
    let one = firm.server.add_partner(&json!({"is_company": true, "name": "100% Ziel", "vat": "PL5260250274"}));
    let two = firm.company("1000 Ziele");
    for (wanted, expected) in
        [("5260250274", vec![one]), ("100%", vec![one]), ("ziel", vec![one, two]), ("%", vec![one])]
    {
        let rows = firm.odoo.find(Kind::Company, &Find::Text(wanted.to_owned())).await.unwrap().unwrap();
        assert_eq!(ids(&rows), expected, "{wanted}");
    }
}

#[tokio::test]
async fn without_a_field_for_it_our_id_is_not_looked_for() {
    let firm = Firm::new();
    assert_eq!(firm.odoo.find(Kind::Company, &Find::StoredId("org/1".to_owned())).await.unwrap(), None);
}

#[tokio::test]
async fn an_id_of_another_crm_is_told_and_not_taken_for_gone() {
    let firm = Firm::new();
    let error = firm.odoo.get(Kind::Company, &[RemoteId::new("65f0a1b2c3d4e5f60")]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}

#[tokio::test]
async fn a_boolean_that_is_false_is_no_blank() {
    let mut company = shape(Kind::Company);
    company.watched = vec!["employee".to_owned()];
    let firm = Firm::mapped(OdooOptions::default(), company, shape(Kind::Contact), |_| ());
    let id = firm.company("Firm");
    assert_eq!(text(&firm, Kind::Company, &found(firm.get(Kind::Company, id).await), "employee"), "false");
}
