//! Creates and updates.

use serde_json::{Value, json};

use super::*;
use crate::connector::error::Outcome;
use crate::domain::record::Version;
use crate::sandbox::manners::Manner;
use crate::sandbox::pipedrive::AddressWrites;
use crate::sandbox::{CrmServer, Fault, When};
use http::Method;

#[tokio::test]
async fn a_company_is_made_with_custom_fields_an_address_and_our_id() {
    let firm = Firm::plain();
    let mut write = create(&[
        ("name", "Alfa"),
        ("custom:VAT number", "PL5260250274"),
        ("address.route", "Długa"),
        ("address.street_number", "1"),
        ("address.locality", "Łódź"),
        ("address.country", "Poland"),
        ("custom:Phone", "+48221234567"),
    ]);
    write.stored_id = Some("org/1".into());
    let row = firm.stored(Kind::Company, write).await;
    let id = row.id.as_number().unwrap();
    let texts: Vec<&str> = (0..8).map(|position| text(&row, position)).collect();
    assert_eq!(texts, ["Alfa", "PL5260250274", "Poland", "Długa", "1", "Łódź", "", "+48221234567"]);
    assert_eq!(row.stored_id.as_deref(), Some("org/1"));
    assert_eq!(firm.server.stored_id(id).as_deref(), Some("org/1"));
    let shown = firm.server.record(Kind::Company, id).unwrap();
    assert_eq!(shown["address"]["value"], "Długa 1, Łódź, Poland", "people see one line");
}

#[tokio::test]
async fn only_what_changes_is_sent() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "Alfa"), ("VAT number", "1")]);
    firm.connector.properties(Kind::Company).await.unwrap();
    firm.server.clear_log();
    let row = firm.stored(Kind::Company, update(id, &[("name", Some("Beta"))])).await;
    assert_eq!((text(&row, 0), text(&row, 1)), ("Beta", "1"));
    let log = firm.server.log();
    assert_eq!(log.len(), 1, "nothing had to be read");
    assert_eq!(log[0].method, Method::PATCH);
    assert_eq!(serde_json::from_slice::<Value>(&log[0].body).unwrap(), json!({"name": "Beta"}));
}

#[tokio::test]
async fn a_write_for_which_was_read_for_long_is_not_sent_and_planned_anew() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "Alfa"), ("address.locality", "Łódź")]);
    firm.server.faults().when(When::always().times(2), Fault::Delay(Duration::from_secs(29)));
    let write = || update(id, &[("address.locality", Some("Kraków"))]);
    let error = firm.refused(Kind::Company, write()).await;
    assert_eq!((error.kind, error.superseded), (ErrorKind::RateLimited, true));
    assert!(firm.server.log().iter().all(|request| request.method == Method::GET), "the fields, and the record");
    assert_eq!(text(&firm.stored(Kind::Company, write()).await, 5), "Kraków");
}

#[tokio::test]
async fn a_cleared_field_is_blank() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A"), ("VAT number", "1"), ("address.locality", "Łódź")]);
    let row = firm.stored(Kind::Company, update(id, &[("custom:VAT number", None), ("address.locality", None)])).await;
    assert_eq!((text(&row, 1), text(&row, 5)), ("", ""));
    assert_eq!(text(&firm.one(Kind::Company, id).await, 1), "");
}

#[tokio::test]
async fn a_part_of_an_address_is_written_and_the_others_stay_whatever_pipedrive_does_with_them() {
    for address_writes in [AddressWrites::Replace, AddressWrites::Merge] {
        let firm = Firm::open(PipedriveOptions { address_writes, ..PipedriveOptions::default() }, |_| ());
        let id = firm.server.add_organization(&[
            ("name", "A"),
            ("address.route", "Długa"),
            ("address.locality", "Łódź"),
            ("address.admin_area_level_1", "łódzkie"),
        ]);
        let changes = [("address.locality", Some("Warszawa")), ("address.route", None)];
        let row = firm.stored(Kind::Company, update(id, &changes)).await;
        assert_eq!((text(&row, 3), text(&row, 5)), ("", "Warszawa"), "{address_writes:?}");
        let shown = firm.server.record(Kind::Company, id).unwrap();
        assert_eq!(shown["address"]["admin_area_level_1"], "łódzkie", "{address_writes:?}");
        assert_eq!(shown["address"]["value"], "Warszawa");
    }
}

#[tokio::test]
async fn what_a_person_typed_into_the_line_alone_is_kept() {
    for address_writes in [AddressWrites::Replace, AddressWrites::Merge] {
        let firm = Firm::open(PipedriveOptions { address_writes, ..PipedriveOptions::default() }, |_| ());
        let line = "Hall 3, Długa 1, Łódź";
        let id = firm.server.add_organization(&[
            ("name", "A"),
            ("address.value", line),
            ("address.route", "Długa"),
            ("address.locality", "Łódź"),
        ]);
        let shown = || firm.server.record(Kind::Company, id).unwrap()["address"].clone();
        firm.stored(Kind::Company, update(id, &[("address.country", Some("Poland"))])).await;
        assert_eq!((&shown()["value"], &shown()["country"]), (&json!(line), &json!("Poland")), "{address_writes:?}");
        firm.stored(Kind::Company, update(id, &[("address.locality", Some("Kraków"))])).await;
        assert_eq!(shown()["value"], "Hall 3, Długa 1, Kraków", "{address_writes:?}");
        // Typed since it was looked at: of its parts nothing is known.
        firm.server.edit_record(Kind::Company, id, "address", line);
        firm.stored(Kind::Company, update(id, &[("address.locality", Some("Kraków"))])).await;
        assert_eq!((&shown()["value"], &shown()["locality"]), (&json!(line), &json!("Kraków")), "{address_writes:?}");
    }
}

#[tokio::test]
async fn a_mapped_line_is_not_composed() {
    let cells = vec![
        cell(Field::Name, Part::Whole, "name"),
        cell(Field::Address, Part::Line, "address.value"),
        cell(Field::Country, Part::Whole, "address.country"),
    ];
    let company = with_cells(Kind::Company, cells);
    let firm = Firm::mapped(PipedriveOptions::default(), company, shape(Kind::Contact), |_| ());
    let row = firm.stored(Kind::Company, create(&[("name", "A"), ("address.value", "Długa 1, Łódź")])).await;
    let id = row.id.as_number().unwrap();
    let row = firm.stored(Kind::Company, update(id, &[("address.country", Some("Poland"))])).await;
    assert_eq!((text(&row, 1), text(&row, 2)), ("Długa 1, Łódź", "Poland"));
}

#[tokio::test]
async fn a_contact_is_made_at_its_company_moved_and_read_back() {
    let firm = Firm::plain();
    let (a, b) = (firm.server.add_organization(&[("name", "A")]), firm.server.add_organization(&[("name", "B")]));
    let mut write = create(&[("name", "Jan Nowak"), ("emails", "jan@a.example"), ("job_title", "CTO")]);
    write.parent = Some(moved(None, a));
    let row = firm.stored(Kind::Contact, write).await;
    let id = row.id.as_number().unwrap();
    assert_eq!(row.parents, [id_of(a)]);
    assert_eq!((text(&row, 0), text(&row, 1), text(&row, 3)), ("Jan Nowak", "jan@a.example", "CTO"));
    assert_eq!(firm.server.record(Kind::Contact, id).unwrap()["emails"][0]["label"], "work");
    let row = firm.stored(Kind::Contact, Write { parent: Some(moved(Some(a), b)), ..update(id, &[]) }).await;
    assert_eq!(row.parents, [id_of(b)]);
    assert_eq!(firm.server.companies_of(id), [b]);
    assert!(firm.server.move_contact(id, None));
    assert_eq!(firm.one(Kind::Contact, id).await.parents, []);
}

#[tokio::test]
async fn a_contact_cannot_be_put_to_a_company_that_is_not_there() {
    let firm = Firm::plain();
    let mut write = create(&[("name", "Jan")]);
    write.parent = Some(moved(None, 99));
    let error = firm.refused(Kind::Contact, write).await;
    assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Invalid, Outcome::NotApplied));
    assert!(firm.server.ids(Kind::Contact).is_empty());
}

#[tokio::test]
async fn duplicates_are_not_refused_by_pipedrive() {
    let firm = Firm::plain();
    for _ in 0..2 {
        firm.stored(Kind::Company, create(&[("name", "Alfa"), ("custom:VAT number", "1")])).await;
    }
    assert_eq!(firm.server.ids(Kind::Company).len(), 2);
}

#[tokio::test]
async fn a_lost_reply_is_told_and_the_write_is_never_repeated() {
    for fault in
        [Fault::DropAfter, Fault::Truncate, Fault::TimeOut { carried_out: true }, Fault::HalfJson, Fault::WrongType]
    {
        let firm = Firm::plain();
        firm.connector.properties(Kind::Company).await.unwrap();
        firm.server.faults().when(When::always().method(Method::POST), fault.clone());
        let error = firm.refused(Kind::Company, create(&[("name", "Alfa")])).await;
        assert_eq!(error.kind.outcome(), Outcome::Unknown, "{fault:?}: {error}");
        assert_eq!(firm.server.ids(Kind::Company).len(), 1, "{fault:?}: once, and not twice");
    }
}

#[tokio::test]
async fn what_could_not_be_read_before_a_write_leaves_nothing_open() {
    let firm = Firm::plain();
    let id = firm.server.add_person(&[("name", "Jan"), ("emails", "a@a.example")], None);
    firm.connector.properties(Kind::Contact).await.unwrap();
    firm.server.faults().when(When::always().method(Method::GET), Fault::DropAfter);
    let error = firm.refused(Kind::Contact, update(id, &[("emails", Some("b@a.example"))])).await;
    assert_eq!(error.kind.outcome(), Outcome::NotApplied, "{error}");
    assert_eq!(firm.server.counts().writes, 0);
}

#[tokio::test]
async fn a_record_that_was_deleted_meanwhile_is_not_found() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.server.archive(Kind::Company, id);
    let error = firm.refused(Kind::Company, update(id, &[("name", Some("B"))])).await;
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn what_pipedrive_ignores_shows_in_its_reply() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.server.manners().set("organizations", "name", Manner::Ignore);
    let row = firm.stored(Kind::Company, update(id, &[("name", Some("B"))])).await;
    assert_eq!(text(&row, 0), "A");
}

#[tokio::test]
async fn what_was_changed_since_the_guard_is_not_written_over() {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A"), ("address.route", "Krzywa")]);
    let guarded = firm.one(Kind::Company, id).await.version;
    let write = |version: &Option<Version>| Write {
        target: Target::Update { id: id_of(id), version: version.clone() },
        ..update(id, &[("address.route", Some("Prosta"))])
    };
    firm.clock.advance(Duration::from_secs(1));
    firm.server.edit_record(Kind::Company, id, "address.route", "Rynek");
    let error = firm.refused(Kind::Company, write(&guarded)).await;
    assert_eq!((error.kind, error.superseded), (ErrorKind::Conflict, true));
    let row = firm.one(Kind::Company, id).await;
    assert!(row.texts.contains(&Delivered::Text("Rynek".into())), "{:?}", row.texts);
    firm.stored(Kind::Company, write(&row.version)).await;
}

#[tokio::test]
async fn what_a_reply_leaves_out_is_read() {
    let firm = Firm::open(PipedriveOptions { replies_whole: false, ..PipedriveOptions::default() }, |_| ());
    let mut write = create(&[("name", "Alfa"), ("custom:VAT number", "1")]);
    write.stored_id = Some("org/1".into());
    let row = firm.stored(Kind::Company, write).await;
    assert_eq!((text(&row, 1), row.stored_id.as_deref()), ("1", Some("org/1")));
}

#[tokio::test]
async fn given_and_family_name_are_written_only_where_that_is_configured() {
    let cells = vec![
        cell(Field::PersonName, Part::First, "first_name"),
        cell(Field::PersonName, Part::Last, "last_name"),
        cell(Field::Email, Part::Whole, "emails"),
    ];
    let contact = || with_cells(Kind::Contact, cells.clone());
    let firm = Firm::mapped(PipedriveOptions::default(), shape(Kind::Company), contact(), |_| ());
    let id = firm.server.add_person(&[("name", "Jan Nowak")], None);
    let row = firm.one(Kind::Contact, id).await;
    assert_eq!((text(&row, 0), text(&row, 1)), ("Jan", "Nowak"));
    let error = firm.refused(Kind::Contact, update(id, &[("last_name", Some("Kowalski"))])).await;
    assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "last_name"));
    let options = PipedriveOptions { writable_names: true, ..PipedriveOptions::default() };
    let firm = Firm::mapped(options, shape(Kind::Company), contact(), |settings| settings.writable_names = true);
    let id = firm.server.add_person(&[("name", "Jan Nowak")], None);
    let row = firm.stored(Kind::Contact, update(id, &[("last_name", Some("Kowalski"))])).await;
    assert_eq!((text(&row, 0), text(&row, 1)), ("Jan", "Kowalski"));
}
