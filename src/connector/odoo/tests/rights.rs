//! What a refusal is about: the one record, or everything. No words of Odoo's tell.

use crate::connector::error::ErrorKind;
use crate::connector::port::Showing;
use crate::domain::record::Standing;
use crate::sandbox::{Fault, When};

use super::*;

const LANGUAGES: [&str; 2] = ["en_US", "de_DE"];

/// An Odoo whose key belongs to no administrator who speaks this.
fn speaking(version: u64, speaks: &str) -> Firm {
    let options = OdooOptions { version, speaks: speaks.to_owned(), administrator: false, ..OdooOptions::default() };
    Firm::with(options, |_| ())
}

#[tokio::test]
async fn what_a_rule_hides_rests_whatever_the_language_of_the_user() {
    for version in VERSIONS {
        for speaks in LANGUAGES {
            let firm = speaking(version, speaks);
            let (shown, hidden) = (firm.company("Shown"), firm.company("Hidden"));
            firm.server.hide_partner(hidden);
            let asked = [remote(hidden), remote(shown), remote(999)];
            let answers = firm.odoo.get(Kind::Company, &asked).await.unwrap();
            assert_eq!(found(answers[0].clone()).standing, Standing::Archived);
            assert_eq!(text(&firm, Kind::Company, &found(answers[1].clone()), "name"), "Shown");
            assert_eq!(answers[2], Lookup::Gone);
        }
    }
}

#[tokio::test]
async fn without_the_right_to_read_contacts_nothing_rests_and_the_side_fails() {
    for version in VERSIONS {
        for speaks in LANGUAGES {
            let firm = speaking(version, speaks);
            let id = firm.company("Firm");
            firm.odoo.properties(Kind::Company).await.unwrap();
            firm.server.close_partners();
            let error = firm.odoo.get(Kind::Company, &[remote(id)]).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
        }
    }
}

#[tokio::test]
async fn a_record_that_may_not_be_written_waits_alone_whatever_the_language_of_the_user() {
    for version in [17, 18, 19] {
        for speaks in LANGUAGES {
            let firm = speaking(version, speaks);
            let (open, hidden) = (firm.company("Open"), firm.company("Hidden"));
            firm.server.hide_partner(hidden);
            let write = update(hidden, &[("name", "Hidden"), ("city", "Gent")]);
            let error = firm.write(Kind::Company, write).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
            assert!(error.message.contains("Jan Robot"), "Odoo's own words: {error}");
            assert!(error.fields.is_empty(), "the record is refused, and no field of it: {:?}", error.fields);
            firm.write(Kind::Company, update(open, &[("city", "Gent")])).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_contact_of_an_internal_user_waits_alone() {
    for version in VERSIONS {
        let firm = speaking(version, "en_US");
        let company = firm.company("Firm");
        let (colleague, other) = (firm.person("Colleague", Some(company)), firm.person("Other", Some(company)));
        firm.server.employ_partner(colleague);
        let error = firm.write(Kind::Contact, update(colleague, &[("phone", "1")])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        assert!(error.message.contains("res.users"), "{error}");
        firm.write(Kind::Contact, update(other, &[("phone", "1")])).await.unwrap();
    }
}

#[tokio::test]
async fn without_the_right_to_write_contacts_the_side_is_left_alone() {
    for version in [17, 18, 19] {
        let firm = speaking(version, "en_US");
        let company = firm.company("Firm");
        firm.server.set_rights(false, false);
        for write in [create(&[("name", "New")]), update(company, &[("city", "Gent")])] {
            let error = firm.write(Kind::Company, write).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
        }
        let asked = firm.calls().into_iter().filter(|call| call == "has_access").count();
        assert_eq!(asked, 2, "once for each refusal");
    }
}

#[tokio::test]
async fn a_refused_batch_is_taken_apart_and_the_right_is_asked_for_once() {
    let firm = Firm::new();
    firm.odoo.properties(Kind::Company).await.unwrap();
    firm.server.clear_log();
    let refusal = Fault::Refusal { status: 403, retry_after: None };
    // All five, the first two of them, and the first one.
    firm.server.faults().when(When::always().path("/json/2/res.partner/create").times(3), refusal);
    let writes: Vec<Write> = (0..5).map(|number| create(&[("name", &format!("Firm {number}"))])).collect();
    let answers = firm.odoo.write(Kind::Company, &writes).await;
    let failed: Vec<Option<ErrorKind>> = answers
        .iter()
        .map(|answer| match answer {
            Written::Failed(error) => Some(error.kind),
            Written::Stored(_) => None,
        })
        .collect();
    assert_eq!(failed, [Some(ErrorKind::Invalid), None, None, None, None]);
    assert_eq!(firm.calls().into_iter().filter(|call| call == "has_access").count(), 1);
}

#[tokio::test]
async fn what_of_a_refused_batch_is_not_reached_in_time_is_put_off() {
    let (company, contact) = (shape(Kind::Company), shape(Kind::Contact));
    let firm = Firm::slow(OdooOptions::default(), company, contact, Duration::from_secs(12), |_| ());
    firm.odoo.properties(Kind::Company).await.unwrap();
    let refusal = Fault::Refusal { status: 403, retry_after: None };
    firm.server.faults().when(When::always().path("/json/2/res.partner/create"), refusal);
    let writes: Vec<Write> = (0..4).map(|number| create(&[("name", &format!("Firm {number}"))])).collect();
    let answers = firm.odoo.write(Kind::Company, &writes).await;
    let failed: Vec<(ErrorKind, bool)> = answers
        .iter()
        .map(|answer| match answer {
            Written::Failed(error) => (error.kind, error.superseded),
            Written::Stored(row) => panic!("{row:?}"),
        })
        .collect();
    // Late as it is, something has to come of it.
    assert_eq!(failed[0], (ErrorKind::Invalid, false));
    assert_eq!(failed[1..], [(ErrorKind::RateLimited, true); 3]);
}

#[tokio::test]
async fn what_cannot_be_found_out_concerns_the_side_and_names_nobody() {
    let firm = speaking(19, "en_US");
    let hidden = firm.server.add_partner(&json!({"name": "Anna Nowak"}));
    firm.odoo.properties(Kind::Contact).await.unwrap();
    firm.server.hide_partner(hidden);
    firm.server.faults().when(When::always().path("/json/2/res.partner/has_access"), Fault::Gateway(502));
    let error = firm.write(Kind::Contact, update(hidden, &[("phone", "1")])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(!error.message.contains("Nowak") && !error.message.contains("Robot"), "{error}");
}

#[tokio::test]
async fn what_is_hidden_by_our_own_write_names_nobody_in_what_is_said_of_the_side() {
    let firm = speaking(19, "en_US");
    let id = firm.server.add_partner(&json!({"name": "Anna Nowak"}));
    firm.odoo.properties(Kind::Contact).await.unwrap();
    let refusal = Fault::Refusal { status: 403, retry_after: None };
    firm.server.faults().when(When::always().path("/json/2/res.partner/read"), refusal);
    let error = firm.write(Kind::Contact, update(id, &[("phone", "1")])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Broken);
    assert!(!error.message.contains("following groups"), "Odoo's words are not repeated: {error}");
}

#[tokio::test]
async fn a_document_of_a_company_that_is_closed_to_us_waits_alone() {
    for version in VERSIONS {
        let firm = speaking(version, "de_DE");
        let (open, hidden) = (firm.company("Open"), firm.company("Hidden"));
        firm.server.hide_partner(hidden);
        let showing = Showing { mark: "org/17/55".to_owned(), title: "Invoice 1".to_owned(), link: None };
        let error = firm.odoo.show(&remote(hidden), None, &showing).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        firm.odoo.show(&remote(open), None, &showing).await.unwrap();
    }
}
