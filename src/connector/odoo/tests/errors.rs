//! What goes wrong, over both protocols.

use crate::connector::error::ErrorKind;
use crate::connector::port::Find;
use crate::sandbox::{Fault, When};

use super::*;

#[tokio::test]
async fn a_revoked_key_is_refused_once_and_told_with_the_mend() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        firm.odoo.probe().await.unwrap();
        firm.server.change_key("another");
        firm.server.clear_log();
        let error = firm.odoo.get(Kind::Company, &[remote(1)]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthorized, "{error}");
        assert!(error.message.contains("api_key_file"));
        assert_eq!(firm.server.counts().requests, 1, "a refused key is never hammered");
    }
}

#[tokio::test]
async fn a_wrong_login_or_database_or_protocol_is_a_setting() {
    let old = OdooOptions { version: 17, ..OdooOptions::default() };
    let firm = Firm::with(old.clone(), |settings| settings.login = Some("nobody".to_owned()));
    assert_eq!(firm.odoo.probe().await.unwrap_err().kind, ErrorKind::Unauthorized);
    let firm = Firm::with(old.clone(), |settings| settings.database = None);
    let error = firm.odoo.probe().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
    assert!(error.message.contains("database and login"), "{}", error.message);
    let firm = Firm::with(old.clone(), |settings| settings.database = Some("other".to_owned()));
    assert_eq!(firm.odoo.probe().await.unwrap_err().kind, ErrorKind::Setting, "trouble of the database by its name");
    let firm = Firm::with(old, |settings| settings.protocol = Protocol::Json2);
    assert_eq!(firm.odoo.probe().await.unwrap_err().kind, ErrorKind::Setting, "404 in HTML");
    let firm = Firm::with(OdooOptions::default(), |settings| settings.database = Some("other".to_owned()));
    let error = firm.odoo.probe().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting, "404 in HTML");
    assert!(error.message.contains("database"), "{}", error.message);
}

#[tokio::test]
async fn a_base_url_with_a_path_of_its_own_meets_no_odoo() {
    let firm = Firm::with(OdooOptions::default(), |settings| {
        settings.base_url = "http://127.0.0.1/shop/".parse().unwrap();
        settings.protocol = Protocol::Json2;
    });
    assert_eq!(firm.odoo.probe().await.unwrap_err().kind, ErrorKind::Setting);
}

#[tokio::test]
async fn bad_bytes_are_told_and_never_taken_for_an_answer() {
    for version in VERSIONS {
        for fault in [Fault::Html, Fault::HalfJson, Fault::WrongType] {
            let firm = Firm::of_version(version);
            let id = firm.company("Firm");
            firm.odoo.properties(Kind::Company).await.unwrap();
            firm.server.faults().next(fault.clone());
            let error = firm.odoo.get(Kind::Company, &[remote(id)]).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Protocol, "{fault:?}: {error}");
            assert!(error.message.contains("base_url"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_huge_text_is_unknown_and_the_rest_is_read() {
    for version in VERSIONS {
        let firm = Firm::with(OdooOptions { version, ..OdooOptions::default() }, |settings| settings.max_text = 1_000);
        let id = firm.server.add_partner(&json!({"is_company": true, "name": "Firm", "city": "Gent"}));
        firm.odoo.properties(Kind::Company).await.unwrap();
        firm.server.faults().next(Fault::HugeText(50_000));
        let row = found(firm.get(Kind::Company, id).await);
        assert_eq!((text(&firm, Kind::Company, &row, "name"), text(&firm, Kind::Company, &row, "city")), ("?", "Gent"));
    }
}

#[tokio::test]
async fn a_read_is_asked_again_after_what_passes() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    firm.odoo.properties(Kind::Company).await.unwrap();
    for fault in
        [Fault::Gateway(503), Fault::DropBefore, Fault::DropAfter, Fault::Refusal { status: 503, retry_after: None }]
    {
        firm.server.faults().next(fault);
        assert_eq!(found(firm.get(Kind::Company, id).await).id, remote(id));
    }
}

#[tokio::test]
async fn a_field_that_is_removed_while_we_run_is_a_setting_until_it_is_looked_at_again() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let id = firm.company("Firm");
        firm.odoo.properties(Kind::Company).await.unwrap();
        firm.server.remove_field("phone");
        let error = firm.odoo.get(Kind::Company, &[remote(id)]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting, "{error}");
        assert!(error.message.contains("phone") && !error.message.contains("Traceback"), "{error}");
        firm.odoo.properties(Kind::Company).await.unwrap();
        let row = found(firm.get(Kind::Company, id).await);
        assert_eq!(text(&firm, Kind::Company, &row, "phone"), "?");
    }
}

#[tokio::test]
async fn a_switched_off_language_is_a_setting() {
    let firm = Firm::with(OdooOptions::default(), |settings| settings.language = Some("xx_XX".to_owned()));
    assert_eq!(firm.odoo.probe().await.unwrap_err().kind, ErrorKind::Setting);
}

#[tokio::test]
async fn a_version_that_cannot_be_asked_for_is_no_older_version() {
    let firm = Firm::new();
    firm.server.faults().when(When::always().path("/json/version"), Fault::Gateway(502));
    assert_eq!(firm.odoo.probe().await.unwrap_err().kind, ErrorKind::Unavailable);
    firm.server.faults().clear();
    firm.odoo.probe().await.unwrap();
    assert!(firm.odoo.find(Kind::Company, &Find::Text("x".to_owned())).await.unwrap().unwrap().is_empty());
}
