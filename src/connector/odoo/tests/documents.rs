//! Documents in a company's chatter.

use crate::connector::error::ErrorKind;
use crate::connector::port::{Showing, Shown};

use super::*;

fn showing(title: &str) -> Showing {
    Showing {
        mark: "org/17/55".to_owned(),
        title: title.to_owned(),
        link: Some("https://app.flowtly.eu/documents/55".to_owned()),
    }
}

#[tokio::test]
async fn a_document_is_shown_as_a_link_and_renamed_over_both_protocols() {
    for version in VERSIONS {
        let firm = Firm::of_version(version);
        let (company, other) = (firm.company("Firm"), firm.company("Other"));
        assert_eq!(firm.odoo.shown(&remote(company)).await.unwrap(), Some(Vec::new()));
        let made = firm.odoo.show(&remote(company), None, &showing("Invoice 1")).await.unwrap();
        assert_eq!(made.showing, showing("Invoice 1"));
        assert_eq!(firm.odoo.shown(&remote(company)).await.unwrap(), Some(vec![made.clone()]));
        assert_eq!(firm.odoo.shown(&remote(other)).await.unwrap(), Some(Vec::new()));
        let renamed = Showing { link: None, ..showing("Invoice 1, paid") };
        let stored = firm.odoo.show(&remote(company), Some(&made.id), &renamed).await.unwrap();
        assert_eq!(stored, Shown { id: made.id, showing: renamed });
        assert_eq!(firm.server.links_of(company).len(), 1);
    }
}

#[tokio::test]
async fn what_people_attach_is_theirs() {
    let firm = Firm::new();
    let company = firm.company("Firm");
    firm.odoo
        .show(&remote(company), None, &Showing { mark: "see the shop".to_owned(), ..showing("Theirs") })
        .await
        .unwrap();
    assert_eq!(firm.odoo.shown(&remote(company)).await.unwrap(), Some(Vec::new()));
}

#[tokio::test]
async fn a_document_of_a_company_that_is_gone_or_one_that_is_gone_itself_is_not_found() {
    let firm = Firm::new();
    let company = firm.company("Firm");
    let error = firm.odoo.show(&remote(999), None, &showing("x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let error = firm.odoo.show(&remote(company), Some(&remote(999)), &showing("x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    firm.server.set_rights(false, false);
    let error = firm.odoo.show(&remote(company), None, &showing("x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("documents = false"), "{error}");
}
