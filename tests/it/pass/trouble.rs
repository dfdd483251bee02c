//! Days on which much goes wrong, or much is new.

use std::collections::BTreeSet;

use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, HubSpotOptions, When};
use flowtly_sync::sync::PassError;
use flowtly_sync::sync::pass::{Ending, Request};
use http::Method;
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, vat};
use crate::meddle::Moment;

fn first() -> Request {
    Request { complete: true, allow: BTreeSet::from([RefusalName::FirstPass]) }
}

#[tokio::test]
async fn a_pass_that_is_stopped_while_it_writes_is_gone_on_with() {
    let firm = Firm::new();
    for n in 1..=12 {
        firm.company(&format!("Firma {n}"), Some(&vat(n)));
    }
    let stop = CancellationToken::new();
    let (token, flowtly) = (stop.clone(), firm.flowtly.clone());
    firm.meddling.at(Side::Flowtly, Method::POST, "/clients", Moment::After, move || token.cancel());
    let error = firm.pass_until(first(), &stop).await.unwrap_err();
    assert!(matches!(error, PassError::Stopped), "{error}");
    let made = flowtly.client_count();
    assert!((1..12).contains(&made), "{made} were made before the stop");
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (12, 12));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_refused_credential_writes_nothing_and_forgets_nothing() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.flowtly.faults().when(When::always(), Fault::Refusal { status: 401, retry_after: None });
    let (writes, before) = (firm.writes(), firm.flowtly.counts().requests);
    assert!(firm.pass(Request::default()).await.is_err());
    assert!(firm.flowtly.counts().requests - before < 8, "a refused credential is never hammered");
    firm.flowtly.faults().clear();
    assert!(firm.writes() <= writes + 2, "only log-ins were tried");
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_first_load_of_many_is_settled_in_one_pass_whatever_the_pages() {
    for page_limit in [Some(50), None] {
        let flowtly = FlowtlyOptions { page_limit, ..FlowtlyOptions::default() };
        let firm = Firm::with(flowtly, HubSpotOptions::default(), "");
        for n in 1..=130 {
            let client = firm.client(&format!("Klient {n}"), Some(&vat(n)));
            firm.person(client, &format!("Osoba {n}"), &format!("osoba{n}@klient{n}.pl"));
            let company = firm.company(&format!("Firma {n}"), Some(&vat(1_000 + n)));
            let email = format!("kto{n}@firma{n}.pl");
            let properties = [("firstname", "Kto"), ("lastname", "Inny"), ("email", email.as_str())];
            firm.hubspot.add_contact(&properties, Some(company));
        }
        let report = firm.reconcile().await;
        assert_eq!(report.ending, Ending::Applied, "{page_limit:?}: {:?}", firm.refusals().await);
        assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (260, 260), "{page_limit:?}");
        assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (260, 260), "{page_limit:?}");
        firm.assert_settled().await;
    }
}

#[tokio::test]
async fn a_contact_that_another_tool_deletes_and_recreates_in_the_crm_is_asked_about_and_not_doubled() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let old: u64 = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.archive_contact(old);
    let properties = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "jan@alfa.pl")];
    firm.hubspot.add_contact(&properties, Some(company));
    firm.reconcile().await;
    assert_eq!((firm.flowtly.contact_count(), firm.hubspot.contact_count()), (1, 1));
    firm.reconcile().await;
    assert_eq!(firm.asked().await, [Asks::Duplicate]);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_company_that_was_deleted_before_it_had_a_link_is_asked_about_when_its_client_comes() {
    let firm = Firm::new();
    firm.linked("Zeta", &vat(9)).await;
    let company = firm.company("Alfa", Some(&vat(1)));
    firm.hubspot.archive_company(company);
    firm.reconcile().await;
    assert_eq!(firm.flowtly.client_count(), 1, "what is deleted is not created");
    firm.client("Alfa", Some(&vat(1)));
    let report = firm.reconcile().await;
    assert_eq!((report.written, firm.asked().await), (0, vec![Asks::SameThing]), "{report:?}");
    firm.assert_at_rest().await;
    firm.hubspot.restore_company(company);
    firm.reconcile().await;
    assert_eq!((firm.asked().await, firm.links().await.len()), (vec![], 2));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_text_beyond_the_limit_is_unknown_and_the_walk_goes_on() {
    let mut firm = Firm::new();
    firm.change_base("token_file = \"hubspot-token\"", "token_file = \"hubspot-token\"\nmax_text = 1000");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.linked("Beta", &vat(2)).await;
    firm.hubspot.edit_company(company, "name", &"x".repeat(2_000));
    firm.hubspot.edit_company(company, "city", "Kraków");
    let report = firm.reconcile().await;
    assert_eq!(report.ending, Ending::Applied);
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa"));
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}
