//! Custom fields: found by name, read and written by type.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::connector::port::{Presence, Schema};

fn company_with(path: &str) -> Shape {
    with_cells(
        Kind::Company,
        vec![cell(Field::Name, Part::Whole, "name"), cell(Field::InvoiceComment, Part::Whole, path)],
    )
}

/// A company whose custom field of a type is mapped, and the field's key.
fn firm_with(name: &str, field_type: &str, choices: &[&str], path: &str) -> (Firm, String) {
    let clock = Arc::new(ManualClock::new(now()));
    let server = PipedriveServer::new(PipedriveOptions::default(), clock.clone());
    let key = server.add_field(Kind::Company, name, field_type, choices);
    (Firm::around(server, clock, company_with(path), shape(Kind::Contact), |_| ()), key)
}

#[tokio::test]
async fn every_type_is_read_as_text_and_written_back_typed() {
    let cases = [
        ("varchar", json!("a"), "a", "b", json!("b")),
        ("text", json!("line\nline"), "line\nline", "b", json!("b")),
        ("double", json!(12.5), "12.5", "7", json!(7)),
        ("phone", json!("+48 1"), "+48 1", "+48 2", json!("+48 2")),
        ("date", json!("2026-01-31"), "2026-01-31", "2026-02-01", json!("2026-02-01")),
        (
            "monetary",
            json!({"value": 5, "currency": "EUR"}),
            "5 EUR",
            "6.5 PLN",
            json!({"value": 6.5, "currency": "PLN"}),
        ),
        (
            "address",
            json!({"value": "Długa 1", "locality": "Łódź"}),
            "Długa 1",
            "Krótka 2",
            json!({"value": "Krótka 2"}),
        ),
        (
            "daterange",
            json!({"value": "2026-01-01", "until": "2026-02-01"}),
            "2026-01-01/2026-02-01",
            "2026-03-01/2026-04-01",
            json!({"value": "2026-03-01", "until": "2026-04-01"}),
        ),
        ("time", json!({"value": "12:00:00", "timezone_id": 1}), "12:00:00", "13:00:00", json!({"value": "13:00:00"})),
    ];
    for (field_type, stored, read, written, sent) in cases {
        let (firm, key) = firm_with("Extra", field_type, &[], "custom:Extra");
        let id = firm.server.add_organization(&[("name", "A")]);
        assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "", "{field_type}");
        firm.server.set_value(Kind::Company, id, &key, stored);
        assert_eq!(text(&firm.one(Kind::Company, id).await, 1), read, "{field_type}");
        let row = firm.stored(Kind::Company, update(id, &[("custom:Extra", Some(written))])).await;
        assert_eq!(text(&row, 1), written, "{field_type}");
        assert_eq!(firm.server.record(Kind::Company, id).unwrap()["custom_fields"][&key], sent, "{field_type}");
        let row = firm.stored(Kind::Company, update(id, &[("custom:Extra", None)])).await;
        assert_eq!(text(&row, 1), "", "{field_type}");
    }
}

#[tokio::test]
async fn choices_are_translated_by_their_labels() {
    let (firm, key) = firm_with("Size", "enum", &["Small", "Large"], "custom:Size");
    let id = firm.server.add_organization(&[("name", "A"), ("Size", "Small")]);
    assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "Small");
    let row = firm.stored(Kind::Company, update(id, &[("custom:Size", Some("Large"))])).await;
    assert_eq!(text(&row, 1), "Large");
    assert!(firm.server.record(Kind::Company, id).unwrap()["custom_fields"][&key].is_u64());
    let (firm, _) = firm_with("Tags", "set", &["a", "b", "c"], "custom:Tags");
    let row = firm.stored(Kind::Company, create(&[("name", "A"), ("custom:Tags", "c, a")])).await;
    assert_eq!(text(&row, 1), "c, a");
    let row = firm.stored(Kind::Company, update(row.id.as_number().unwrap(), &[("custom:Tags", None)])).await;
    assert_eq!(text(&row, 1), "", "cleared by null: an empty list is refused");
}

#[tokio::test]
async fn a_choice_that_was_added_since_is_learned_when_it_is_met() {
    let (firm, key) = firm_with("Size", "enum", &["Small"], "custom:Size");
    let id = firm.server.add_organization(&[("name", "A"), ("Size", "Small")]);
    firm.one(Kind::Company, id).await;
    let large = firm.server.add_choice(Kind::Company, "Size", "Large").unwrap();
    firm.server.set_value(Kind::Company, id, &key, json!(large));
    assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "Large");
    firm.server.set_value(Kind::Company, id, &key, json!(4711));
    firm.server.clear_log();
    for _ in 0..3 {
        assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "?", "a deleted choice is unknown, and no blank");
    }
    assert_eq!(firm.asked("/api/v2/organizationFields"), 1, "it is asked about once");
}

#[tokio::test]
async fn a_choice_that_is_to_be_written_is_looked_up_again_before_it_is_refused() {
    let (firm, _) = firm_with("Size", "enum", &["Small"], "custom:Size");
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.one(Kind::Company, id).await;
    firm.server.add_choice(Kind::Company, "Size", "Large").unwrap();
    firm.clock.advance(Duration::from_secs(61));
    let texts = vec![("custom:Size".to_owned(), Some("Large".to_owned()))];
    firm.connector.read_ahead(Kind::Company, &texts).await.unwrap();
    let row = firm.stored(Kind::Company, update(id, &[("custom:Size", Some("Large"))])).await;
    assert_eq!(text(&row, 1), "Large");
    let error = firm.refused(Kind::Company, update(id, &[("custom:Size", Some("Huge")), ("name", Some("B"))])).await;
    assert_eq!((error.kind, error.fields.len()), (ErrorKind::Invalid, 1));
    assert_eq!(error.fields[0].path, "custom:Size");
    assert!(error.message.contains("Small, Large"), "{}", error.message);
}

#[tokio::test]
async fn two_fields_of_one_name_are_refused_and_one_can_be_named_by_its_key() {
    let (firm, key) = firm_with("Extra", "varchar", &[], "custom:Extra");
    let other = firm.server.add_field(Kind::Company, "Extra", "varchar", &[]);
    let error = firm.connector.properties(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
    assert!(error.message.contains(&key) && error.message.contains(&other), "{}", error.message);
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.server.set_value(Kind::Company, id, &other, json!("the other"));
    let by_key = company_with(&format!("key:{other}"));
    let firm = Firm::around(firm.server, firm.clock, by_key, shape(Kind::Contact), |_| ());
    assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "the other");
}

#[tokio::test]
async fn a_field_that_vanished_is_missing_and_never_blank() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A"), ("VAT number", "1")]);
    assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "1");
    firm.server.remove_field(Kind::Company, "VAT number");
    assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "?");
    let mut walk = firm.connector.walk(Kind::Company, crate::connector::port::Extent::Complete).await.unwrap();
    let (pages, _) = all(walk.as_mut()).await;
    assert_eq!(text(&pages[0][0], 1), "?", "a list with a key that is gone is asked for again");
    firm.clock.advance(Duration::from_mins(15));
    let properties = firm.connector.properties(Kind::Company).await.unwrap();
    let vat = properties.iter().find(|property| property.path == "custom:VAT number").unwrap();
    assert_eq!((vat.presence, vat.writable), (Presence::Missing, None));
    let error = firm.refused(Kind::Company, update(id, &[("custom:VAT number", Some("2"))])).await;
    assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "custom:VAT number"));
}

#[tokio::test]
async fn a_list_with_a_key_that_is_gone_is_asked_for_again_without_it() {
    let firm = Firm::plain();
    firm.server.add_organization(&[("name", "A"), ("VAT number", "1")]);
    firm.connector.properties(Kind::Company).await.unwrap();
    firm.server.remove_field(Kind::Company, "VAT number");
    let mut walk = firm.connector.walk(Kind::Company, crate::connector::port::Extent::Complete).await.unwrap();
    let (pages, _) = all(walk.as_mut()).await;
    assert_eq!((text(&pages[0][0], 0), text(&pages[0][0], 1)), ("A", "?"));
}

#[tokio::test]
async fn a_field_that_was_made_anew_is_found_under_its_new_key() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A"), ("VAT number", "1")]);
    firm.one(Kind::Company, id).await;
    firm.server.remove_field(Kind::Company, "VAT number");
    let key = firm.server.add_field(Kind::Company, "VAT number", "varchar", &[]);
    firm.server.set_value(Kind::Company, id, &key, json!("2"));
    assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "2");
}

#[tokio::test]
async fn the_list_of_fields_is_asked_for_once_in_a_while() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A")]);
    for _ in 0..3 {
        firm.connector.properties(Kind::Company).await.unwrap();
        firm.one(Kind::Company, id).await;
    }
    assert_eq!(firm.asked("/api/v2/organizationFields"), 1);
    firm.clock.advance(Duration::from_mins(15));
    firm.connector.properties(Kind::Company).await.unwrap();
    assert_eq!(firm.asked("/api/v2/organizationFields"), 2);
}

#[tokio::test]
async fn properties_are_told_in_the_shapes_order_and_then_the_one_for_our_id() {
    let (firm, _) = firm_with("Size", "enum", &["Small", "Large"], "custom:Size");
    let properties = firm.connector.properties(Kind::Company).await.unwrap();
    let told: Vec<_> =
        properties.iter().map(|it| (it.path.as_str(), it.presence, it.writable, it.type_name.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("name", Presence::Present, Some(true), Some("varchar")),
            ("custom:Size", Presence::Present, Some(true), Some("enum")),
            ("custom:Flowtly id", Presence::Present, Some(true), Some("varchar")),
        ]
    );
    assert_eq!(properties[1].choices, ["Small", "Large"]);
    let cells = vec![cell(Field::PersonName, Part::Last, "last_name"), cell(Field::Title, Part::Whole, "job_title")];
    let contact = with_cells(Kind::Contact, cells);
    let options = PipedriveOptions { contact_sync: false, ..PipedriveOptions::default() };
    let firm = Firm::mapped(options, shape(Kind::Company), contact, |_| ());
    let properties = firm.connector.properties(Kind::Contact).await.unwrap();
    assert_eq!((properties[0].presence, properties[0].writable), (Presence::Present, Some(false)));
    assert_eq!(properties[1].presence, Presence::Missing);
    assert_eq!(properties.len(), 2, "contacts hold no id of ours");
}

#[tokio::test]
async fn missing_fields_are_added_where_the_token_may() {
    let cells = vec![
        cell(Field::Name, Part::Whole, "name"),
        cell(Field::TaxIdentity, Part::Number, "custom:NIP"),
        cell(Field::Phone, Part::Whole, "custom:Telephone"),
        cell(Field::Status, Part::Whole, "key:0000000000000000000000000000000000000000"),
    ];
    let options = PipedriveOptions { flowtly_id: false, ..PipedriveOptions::default() };
    let company = with_cells(Kind::Company, cells);
    let firm = Firm::mapped(options.clone(), company.clone(), shape(Kind::Contact), |_| ());
    let added = firm.connector.add_missing(Kind::Company).await.unwrap();
    assert_eq!(added, ["custom:Flowtly id", "custom:NIP", "custom:Telephone"]);
    assert_eq!(firm.connector.add_missing(Kind::Company).await.unwrap(), [] as [&str; 0]);
    let properties = firm.connector.properties(Kind::Company).await.unwrap();
    let types: Vec<_> = properties.iter().map(|it| it.type_name.as_deref()).collect();
    assert_eq!(types, [Some("varchar"), Some("varchar"), Some("phone"), None, Some("varchar")]);
    let row = firm.stored(Kind::Company, create(&[("name", "A"), ("custom:NIP", "1")])).await;
    assert_eq!(text(&row, 1), "1");
    let options = PipedriveOptions { is_admin: false, ..options };
    let firm = Firm::mapped(options, company, shape(Kind::Contact), |_| ());
    let error = firm.connector.add_missing(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("administrator"), "{}", error.message);
}
