//! Writes: batches, look-ups, refusals and what Odoo makes of a text.

use crate::connector::error::{ErrorKind, Outcome};
use crate::sandbox::{Fault, Manner, When};

use super::super::read::{Writer, by_id};
use super::super::write::as_stored;
use super::*;

fn failed(answer: &Written) -> &PortError {
    match answer {
        Written::Failed(error) => error,
        Written::Stored(row) => panic!("stored: {row:?}"),
    }
}

fn stored(answer: &Written) -> &Row {
    match answer {
        Written::Stored(row) => row,
        Written::Failed(error) => panic!("failed: {error}"),
    }
}

#[tokio::test]
async fn a_company_is_made_with_its_country_by_code_and_shown_as_it_is_stored() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let values = [("name", "Firm"), ("country_id", "DE"), ("zip", "80331"), ("lang", "pl")];
        let row = firm.write(Kind::Company, create(&values)).await.unwrap();
        let id = row.id.as_number().unwrap();
        let shown = |path| text(&firm, Kind::Company, &row, path);
        assert_eq!((shown("name"), shown("country_id"), shown("zip"), shown("city")), ("Firm", "DE", "80331", ""));
        assert_eq!(shown("lang"), "pl_PL");
        let country = OdooServer::country("DE").unwrap().to_string();
        assert_eq!(firm.server.partner_text(id, "country_id"), Some(country));
        assert_eq!(firm.server.partner_text(id, "is_company").as_deref(), Some("true"));
        firm.write(Kind::Company, update(id, &[("country_id", "PL"), ("zip", "")])).await.unwrap();
        assert_eq!(firm.server.partner_text(id, "zip"), None, "cleared");
    }
}

#[tokio::test]
async fn a_write_for_which_was_read_for_long_is_not_sent_and_planned_anew() {
    for is_new in [false, true] {
        let (company, contact) = (shape(Kind::Company), shape(Kind::Contact));
        let firm = Firm::slow(OdooOptions::default(), company, contact, Duration::from_secs(16), |_| ());
        let id = firm.company("Firm");
        let write = if is_new {
            create(&[("name", "Other"), ("country_id", "DE")])
        } else {
            update(id, &[("country_id", "DE")])
        };
        let error = firm.write(Kind::Company, write.clone()).await.unwrap_err();
        assert_eq!((error.kind, error.superseded), (ErrorKind::RateLimited, true));
        assert!(firm.calls().iter().all(|call| call != "write" && call != "create"), "{:?}", firm.calls());
        firm.write(Kind::Company, write).await.unwrap();
    }
}

#[tokio::test]
async fn a_contact_is_made_at_its_company_and_moved() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let (one, other) = (firm.company("One"), firm.company("Other"));
        let write = moved(create(&[("name", "Jan Kowalski"), ("email", " Jan@Example.org ")]), one);
        let row = firm.write(Kind::Contact, write).await.unwrap();
        assert_eq!(row.parents, [remote(one)]);
        assert_eq!(text(&firm, Kind::Contact, &row, "email"), " Jan@Example.org ", "nothing is trimmed");
        let id = row.id.as_number().unwrap();
        assert_eq!(firm.server.partner_text(id, "type").as_deref(), Some("contact"));
        let row = firm.write(Kind::Contact, moved(update(id, &[]), other)).await.unwrap();
        assert_eq!(row.parents, [remote(other)]);
    }
}

#[tokio::test]
async fn many_creates_are_one_call_and_come_back_in_order() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        firm.odoo.properties(Kind::Company).await.unwrap();
        firm.odoo.get(Kind::Company, &[remote(1)]).await.unwrap();
        firm.server.clear_log();
        let names: Vec<String> = (0..20).map(|number| format!("Firm {number}")).collect();
        let writes: Vec<Write> = names.iter().map(|name| create(&[("name", name)])).collect();
        let answers = firm.odoo.write(Kind::Company, &writes).await;
        let shown: Vec<&str> = answers.iter().map(|one| text(&firm, Kind::Company, stored(one), "name")).collect();
        assert_eq!(shown, names);
        assert_eq!(firm.calls(), ["create", "read"]);
    }
}

#[tokio::test]
async fn one_bad_record_fails_alone_and_is_named() {
    for version in VERSIONS {
        let firm = Firm::with(OdooOptions { version, base_vat: true, ..OdooOptions::default() }, |_| ());
        let mut writes: Vec<Write> = (0..5).map(|number| create(&[("name", &format!("Firm {number}"))])).collect();
        writes[3] = create(&[("name", "Bad"), ("vat", "BE0477472702")]);
        let answers = firm.odoo.write(Kind::Company, &writes).await;
        let error = failed(&answers[3]);
        assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "vat"));
        assert!([0, 1, 2, 4].iter().all(|place| matches!(answers[*place], Written::Stored(_))));
        assert_eq!(firm.server.partners(true).len(), 4, "each of the others once");
    }
}

#[tokio::test]
async fn a_number_that_the_module_rewrites_is_shown_as_it_is_stored_and_without_it_as_sent() {
    for (base_vat, stored) in [(true, "BE0477472701"), (false, "be 0477.472.701")] {
        let firm = Firm::with(OdooOptions { base_vat, ..OdooOptions::default() }, |_| ());
        let row = firm.write(Kind::Company, create(&[("name", "F"), ("vat", "be 0477.472.701")])).await.unwrap();
        assert_eq!(text(&firm, Kind::Company, &row, "vat"), stored);
    }
    let firm = Firm::new();
    assert!(firm.odoo.capabilities().of(Kind::Company).reformats.contains(&Field::TaxIdentity));
}

#[tokio::test]
async fn what_odoo_does_not_offer_is_refused_by_field_before_anything_is_sent() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    firm.server.clear_log();
    let values = [("country_id", "Atlantis"), ("lang", "nl"), ("name", "a\0b"), ("city", "Gent")];
    let error = firm.write(Kind::Company, update(id, &values)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let named: Vec<&str> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(named, ["country_id", "lang", "name"]);
    assert_eq!(firm.server.counts().writes, 0);
}

#[tokio::test]
async fn a_field_that_vanished_since_fails_alone() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    firm.odoo.properties(Kind::Company).await.unwrap();
    firm.server.remove_field("phone");
    let error = firm.write(Kind::Company, update(id, &[("phone", "1"), ("city", "Gent")])).await.unwrap_err();
    assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "phone"));
}

#[tokio::test]
async fn look_up_lists_are_read_ahead_and_the_write_needs_no_further_request() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    let values = texts(&[("country_id", "PL"), ("lang", "de"), ("city", "x"), ("zip", "")]);
    firm.odoo.read_ahead(Kind::Company, &values).await.unwrap();
    firm.server.clear_log();
    firm.write(Kind::Company, update(id, &[("country_id", "PL"), ("lang", "de")])).await.unwrap();
    assert_eq!(firm.calls(), ["write", "read"]);
    firm.odoo.read_ahead(Kind::Company, &texts(&[("country_id", "Atlantis")])).await.unwrap();
}

#[tokio::test]
async fn a_lost_reply_is_never_sent_again() {
    for version in VERSIONS {
        for (fault, carried_out) in [
            (Fault::DropAfter, true),
            (Fault::DropBefore, false),
            (Fault::TimeOut { carried_out: true }, true),
            (Fault::HalfJson, true),
            (Fault::WrongType, true),
            (Fault::Html, false),
            (Fault::Gateway(502), false),
        ] {
            let firm = Firm::of_version(version);
            firm.odoo.properties(Kind::Company).await.unwrap();
            firm.server.clear_log();
            firm.server.faults().next(fault.clone());
            let error = firm.write(Kind::Company, create(&[("name", "Once")])).await.unwrap_err();
            assert_eq!(error.kind.outcome(), Outcome::Unknown, "{fault:?}: {error}");
            assert_eq!(firm.server.counts().writes, 1, "{fault:?}");
            assert_eq!(firm.server.partners(true).len(), usize::from(carried_out), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_batch_of_unknown_outcome_is_not_taken_apart() {
    let firm = Firm::new();
    firm.odoo.properties(Kind::Company).await.unwrap();
    firm.server.clear_log();
    firm.server.faults().next(Fault::DropAfter);
    let writes: Vec<Write> = (0..5).map(|number| create(&[("name", &format!("Firm {number}"))])).collect();
    let answers = firm.odoo.write(Kind::Company, &writes).await;
    assert!(answers.iter().all(|answer| failed(answer).kind.outcome() == Outcome::Unknown));
    assert_eq!((firm.server.counts().writes, firm.server.partners(true).len()), (1, 5));
}

#[tokio::test]
async fn a_create_that_cannot_be_read_back_keeps_its_id_and_an_update_is_left_to_recovery() {
    let firm = Firm::new();
    firm.odoo.properties(Kind::Company).await.unwrap();
    let read = When::always().path("/json/2/res.partner/read");
    firm.server.faults().when(read.clone(), Fault::Gateway(502));
    let row = firm.write(Kind::Company, create(&[("name", "Firm"), ("city", "Gent")])).await.unwrap();
    let id = row.id.as_number().unwrap();
    assert_eq!(firm.server.partner_text(id, "name").as_deref(), Some("Firm"));
    assert_eq!((text(&firm, Kind::Company, &row, "name"), text(&firm, Kind::Company, &row, "zip")), ("Firm", "?"));
    let error = firm.write(Kind::Company, update(id, &[("city", "Brugge")])).await.unwrap_err();
    assert_eq!(error.kind.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_no_lost_write() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    firm.odoo.properties(Kind::Company).await.unwrap();
    firm.server.faults().when(When::always().path("/json/2/res.country"), Fault::TimeOut { carried_out: false });
    let error = firm.write(Kind::Company, update(id, &[("country_id", "PL")])).await.unwrap_err();
    assert_eq!(error.kind.outcome(), Outcome::NotApplied, "{error}");
}

#[tokio::test]
async fn what_the_server_takes_and_does_not_store_is_shown_as_it_was() {
    let firm = Firm::new();
    let id = firm.server.add_partner(&json!({"is_company": true, "name": "Firm", "city": "Gent"}));
    firm.server.manners().set("res.partner", "city", Manner::Ignore);
    let row = firm.write(Kind::Company, update(id, &[("city", "Brugge")])).await.unwrap();
    assert_eq!(text(&firm, Kind::Company, &row, "city"), "Gent");
}

#[tokio::test]
async fn a_record_that_is_gone_or_closed_or_must_have_a_name_concerns_itself_alone() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let id = firm.company("Firm");
        let error = firm.write(Kind::Company, update(999, &[("city", "x")])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        let error = firm.write(Kind::Company, update(id, &[("name", "")])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        let error = firm.write(Kind::Contact, moved(create(&[("name", "Jan")]), 999)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        firm.server.hide_partner(id);
        let error = firm.write(Kind::Company, update(id, &[("city", "x")])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        assert!(error.kind.is_about_record());
    }
}

#[tokio::test]
async fn without_the_right_to_write_the_side_is_left_alone() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        firm.server.set_rights(false, false);
        let error = firm.write(Kind::Company, create(&[("name", "Firm")])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Forbidden);
        assert!(!error.kind.is_about_record());
    }
}

#[tokio::test]
async fn a_create_that_could_not_carry_our_id_is_not_sent() {
    let firm = Firm::with(OdooOptions::default(), |settings| settings.id_property = Some("x_flowtly_id".to_owned()));
    let write = Write { stored_id: Some("org/1".to_owned()), ..create(&[("name", "Firm")]) };
    let error = firm.write(Kind::Company, write).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
    assert_eq!(firm.server.partner_count(), 0);
}

#[tokio::test]
async fn an_edit_by_a_person_between_our_write_and_its_read_back_is_not_taken_for_what_we_stored() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    firm.odoo.probe().await.unwrap();
    let talk = &firm.odoo.talk;
    let write = update(id, &[("city", "Gent")]);
    firm.server.edit_partner(id, &json!({"city": "Brugge", "zip": "8000"}));
    let entry = by_id(talk, Kind::Company, &[id], Writer::Told).await.unwrap().remove(0);
    let row = as_stored(talk, Kind::Company, &write, entry, talk.user().await);
    let shown = |path| text(&firm, Kind::Company, &row, path);
    assert_eq!((shown("city"), shown("zip")), ("Gent", "8000"), "what was sent stands, all else is as it is read");
    let ours = firm.write(Kind::Company, write).await.unwrap();
    let entry = by_id(talk, Kind::Company, &[id], Writer::Told).await.unwrap().remove(0);
    assert_eq!((entry.writer, entry.row), (talk.user().await, ours));
}

#[tokio::test]
async fn the_beginning_of_what_was_sent_is_what_odoo_left_of_it_whoever_wrote_last() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    firm.odoo.probe().await.unwrap();
    let talk = &firm.odoo.talk;
    firm.server.edit_partner(id, &json!({"city": "Sint-Martens", "zip": "8000"}));
    let entry = by_id(talk, Kind::Company, &[id], Writer::Told).await.unwrap().remove(0);
    let write = update(id, &[("city", "Sint-Martens-Latem")]);
    let row = as_stored(talk, Kind::Company, &write, entry, talk.user().await);
    assert_eq!(text(&firm, Kind::Company, &row, "city"), "Sint-Martens");
}

#[tokio::test]
async fn titles_and_states_are_looked_up_by_what_they_are_called() {
    let mut contact = shape(Kind::Contact);
    contact.cells[3] = Cell::new(Field::Title, Part::Whole, "title");
    contact.watched = vec!["state_id".to_owned()];
    let firm =
        Firm::mapped(OdooOptions { version: 17, ..OdooOptions::default() }, shape(Kind::Company), contact, |_| ());
    let values = [("name", "Jan"), ("title", "mister"), ("state_id", "Bavaria (DE)")];
    let row = firm.write(Kind::Contact, create(&values)).await.unwrap();
    let shown = |path| text(&firm, Kind::Contact, &row, path);
    assert_eq!((shown("title"), shown("state_id")), ("Mister", "Bavaria (DE)"));
    let id = row.id.as_number().unwrap();
    let error = firm.write(Kind::Contact, update(id, &[("title", "Sir")])).await.unwrap_err();
    assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "title"));
    assert!(error.message.contains("res.partner.title"), "{error}");
}
