//! Accounts that are not the ones that the state belongs to.

use flowtly_sync::domain::record::Side;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{Fault, FlowtlyOptions, FlowtlyServer, HubSpotOptions, HubSpotServer, ObjectType, When};
use flowtly_sync::store::mark;
use flowtly_sync::sync::PassError;
use flowtly_sync::sync::pass::{Ending, Request};
use rstest::rstest;

use super::{complete, refused};
use crate::firm::{Firm, vat};

#[tokio::test]
async fn another_account_behind_the_same_state_is_an_error() {
    let mut firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let portal = HubSpotOptions { portal: 30_000_003, ..HubSpotOptions::default() };
    let other = HubSpotServer::new(portal, firm.clock.clone());
    other.add_property(ObjectType::Company, "vat_number");
    let right = firm.swap_hubspot(other);
    let error = firm.pass(Request::default()).await.unwrap_err();
    assert!(matches!(error, PassError::WrongAccount { side: Side::Crm, .. }), "{error}");
    assert_eq!(firm.hubspot.counts().writes, 0);
    firm.swap_hubspot(right);

    let options = FlowtlyOptions { organization: "other".to_owned(), ..Default::default() };
    let right = std::mem::replace(&mut firm.flowtly, FlowtlyServer::new(options, firm.clock.clone()));
    let error = firm.pass(Request::default()).await.unwrap_err();
    assert!(matches!(error, PassError::WrongAccount { side: Side::Flowtly, .. }), "{error}");
    firm.flowtly = right;
    assert!(firm.flowtly.client(client).is_some());
    firm.assert_settled().await;
}

/// The token may not see the organisations any more, or sees a second one: which one answers cannot be told.
#[tokio::test]
async fn an_account_that_is_not_told_any_more_is_an_error() {
    let mut firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    let hidden = Fault::Refusal { status: 404, retry_after: None };
    firm.flowtly.faults().when(When::always().path("/organizations"), hidden);
    let writes = firm.writes();
    let error = firm.pass(Request::default()).await.unwrap_err();
    assert!(matches!(error, PassError::AccountNotTold { side: Side::Flowtly, .. }), "{error}");
    assert_eq!(firm.writes(), writes);
    // Named by the configuration it can be held against the state again.
    let named =
        format!("base_url = \"http://127.0.0.1:1\"\norganisation = \"{}\"", FlowtlyOptions::default().organization);
    firm.change_base("base_url = \"http://127.0.0.1:1\"", &named);
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

async fn forget_accounts(firm: &Firm) {
    let mut store = firm.store().await;
    sqlx::query("DELETE FROM account").execute(store.connection()).await.unwrap();
    store.close().await.unwrap();
}

async fn bound(firm: &Firm, side: Side) -> Option<String> {
    let mut store = firm.store().await;
    let account = mark::account(store.connection(), side).await.unwrap();
    store.close().await.unwrap();
    account
}

#[tokio::test]
async fn a_state_whose_account_vanished_is_bound_again_by_its_pairs() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    forget_accounts(&firm).await;
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
    for side in Side::BOTH {
        assert!(bound(&firm, side).await.is_some(), "{side}");
    }
    firm.assert_settled().await;
}

/// Also where the other portal happens to have the same id, for another firm, and whatever is allowed.
#[rstest]
#[case::one_pair(1, false)]
#[case::two_pairs(2, false)]
#[case::allowed(1, true)]
#[tokio::test]
async fn a_state_whose_account_vanished_is_not_bound_to_another_one(#[case] pairs: u32, #[case] is_allowed: bool) {
    let mut firm = Firm::new();
    for n in 1..=pairs {
        firm.linked(&format!("Firma {n}"), &vat(n)).await;
    }
    forget_accounts(&firm).await;
    let portal = HubSpotOptions { portal: 30_000_003, ..HubSpotOptions::default() };
    let other = HubSpotServer::new(portal, firm.clock.clone());
    other.add_property(ObjectType::Company, "vat_number");
    let right = firm.swap_hubspot(other);
    firm.company("Obca", Some(&vat(31)));
    firm.company("Cudza", Some(&vat(32)));
    refused(&firm, &[], RefusalName::CanaryNotSeen).await;
    if is_allowed {
        complete(&firm, &[RefusalName::CanaryNotSeen]).await;
    }
    assert_eq!(bound(&firm, Side::Crm).await, None);
    firm.swap_hubspot(right);
    if !is_allowed {
        assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
        assert!(bound(&firm, Side::Crm).await.is_some());
        firm.assert_settled().await;
    }
}

/// Flowtly's ids are small numbers: another organisation has the same ones, for other firms. Where no account is told, the
/// pairs tell the two apart.
#[tokio::test]
async fn another_organisation_with_the_same_numbers_is_not_taken_for_ours() {
    let hidden = || Fault::Refusal { status: 404, retry_after: None };
    let mut firm = Firm::new();
    firm.flowtly.faults().when(When::always().path("/organizations"), hidden());
    firm.linked("Alfa", &vat(1)).await;
    firm.linked("Beta", &vat(2)).await;
    assert_eq!(bound(&firm, Side::Flowtly).await, None);
    let other = FlowtlyServer::new(FlowtlyOptions::default(), firm.clock.clone());
    let right = std::mem::replace(&mut firm.flowtly, other);
    firm.flowtly.faults().when(When::always().path("/organizations"), hidden());
    firm.client("Obca", Some(&vat(31)));
    firm.client("Cudza", Some(&vat(32)));
    refused(&firm, &[], RefusalName::CanaryNotSeen).await;
    assert_eq!(firm.hubspot.company_count(), 2);
    firm.flowtly = right;
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
    firm.assert_settled().await;
}
