//! Plans that are refused as a whole, and accounts that are not the right ones.

use std::collections::BTreeSet;

use flowtly_sync::domain::record::Side;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{FlowtlyServer, HubSpotOptions, HubSpotServer, ObjectType};
use flowtly_sync::sync::PassError;
use flowtly_sync::sync::pass::{Ending, Report, Request};

use crate::firm::{Firm, vat};

async fn complete(firm: &Firm, allow: &[RefusalName]) -> Report {
    let allow: BTreeSet<_> = allow.iter().copied().collect();
    firm.pass(Request { complete: true, allow }).await.unwrap()
}

/// The plan is refused by this name and nothing is sent; allowed once, it is carried out; and then the limit holds again.
async fn refused_then_allowed(firm: &Firm, name: RefusalName) -> Report {
    for _ in 0..2 {
        let writes = firm.writes();
        let report = complete(firm, &[]).await;
        assert_eq!(report.ending, Ending::Refused, "{report:?}");
        assert_eq!(report.refusals.iter().map(|refusal| refusal.name).collect::<BTreeSet<_>>(), BTreeSet::from([name]));
        assert!(report.refusals[0].message.contains(&format!("--allow {name}")), "{:?}", report.refusals);
        assert_eq!((report.written, firm.writes()), (0, writes));
    }
    let report = complete(firm, &[name]).await;
    assert_eq!(report.ending, Ending::Applied, "{report:?}");
    report
}

fn limited(name: &str) -> Firm {
    let mut firm = Firm::new();
    let line = format!("{name} = {{ count = 1000, share = 1.0 }}");
    firm.change_base(&line, &format!("{name} = {{ count = 2, share = 0.0 }}"));
    firm
}

#[tokio::test]
async fn too_many_creates_are_refused_and_allowed_once() {
    let firm = limited("creates");
    firm.linked("Alfa", &vat(1)).await;
    for n in 10..13 {
        firm.client(&format!("Firma {n}"), Some(&vat(n)));
    }
    let report = refused_then_allowed(&firm, RefusalName::TooManyCreates).await;
    assert_eq!((report.written, firm.hubspot.company_count()), (3, 4));
    firm.assert_settled().await;
    firm.client("Noch eine", Some(&vat(20)));
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Refused, "the day is used up");
}

#[tokio::test]
async fn too_many_updates_are_refused_and_allowed_once() {
    let firm = limited("updates");
    let mut clients = Vec::new();
    for n in 1..=3 {
        clients.push(firm.linked(&format!("Firma {n}"), &vat(n)).await.0);
    }
    for client in clients {
        firm.flowtly.edit_client(client, "addressCity", "Kraków");
    }
    let report = refused_then_allowed(&firm, RefusalName::TooManyUpdates).await;
    assert_eq!(report.written, 3);
    firm.assert_settled().await;
}

#[tokio::test]
async fn too_many_cleared_values_are_refused_and_allowed_once() {
    let firm = limited("blanked");
    let mut companies = Vec::new();
    for n in 1..=3 {
        let (client, company) = firm.linked(&format!("Firma {n}"), &vat(n)).await;
        firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
        companies.push((client, company));
    }
    firm.reconcile().await;
    for (_, company) in &companies {
        firm.hubspot.edit_company(*company, "phone", "");
    }
    refused_then_allowed(&firm, RefusalName::TooManyBlankedValues).await;
    assert_eq!(firm.client_text(companies[0].0, "addressPhoneNumber"), None);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_shrunken_listing_is_refused_and_allowed_once() {
    let firm = limited("shrink");
    let mut companies = Vec::new();
    for n in 1..=5 {
        companies.push(firm.linked(&format!("Firma {n}"), &vat(n)).await.1);
    }
    for company in &companies[1..4] {
        firm.hubspot.purge(ObjectType::Company, *company);
    }
    refused_then_allowed(&firm, RefusalName::ShrunkenListing).await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (5, 2));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_mapping_change_is_no_reason_for_a_shrunken_listing() {
    let mut firm = limited("shrink");
    for n in 1..=5 {
        firm.linked(&format!("Firma {n}"), &vat(n)).await;
    }
    firm.reconfigure("[scope.crm.company]\nlifecyclestage = [\"nobody\"]\n");
    let report = complete(&firm, &[]).await;
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 0), "{report:?}");
    firm.assert_settled().await;
}

#[tokio::test]
async fn another_account_behind_the_same_state_is_an_error() {
    let mut firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let portal = HubSpotOptions { portal: 30_000_003, ..HubSpotOptions::default() };
    let other = HubSpotServer::new(portal, firm.clock.clone());
    other.add_property(ObjectType::Company, "vat_number");
    let right = std::mem::replace(&mut firm.hubspot, other);
    let error = firm.pass(Request::default()).await.unwrap_err();
    assert!(matches!(error, PassError::WrongAccount { side: Side::Crm, .. }), "{error}");
    assert_eq!(firm.hubspot.counts().writes, 0);
    firm.hubspot = right;

    let options = flowtly_sync::sandbox::FlowtlyOptions { organization: "other".to_owned(), ..Default::default() };
    let right = std::mem::replace(&mut firm.flowtly, FlowtlyServer::new(options, firm.clock.clone()));
    let error = firm.pass(Request::default()).await.unwrap_err();
    assert!(matches!(error, PassError::WrongAccount { side: Side::Flowtly, .. }), "{error}");
    firm.flowtly = right;
    assert!(firm.flowtly.client(client).is_some());
    firm.assert_settled().await;
}
