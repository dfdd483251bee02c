//! The sliding day counts what was really done.

use std::time::Duration;

use flowtly_sync::domain::record::Side;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{Fault, When};
use flowtly_sync::store::deed;
use flowtly_sync::sync::pass::{Ending, Request};
use http::Method;
use tokio_util::sync::CancellationToken;

use super::{complete, limit, refused};
use crate::firm::{Firm, vat};
use crate::meddle::Moment;

async fn done(firm: &Firm) -> flowtly_sync::domain::plan::Totals {
    let mut store = firm.store().await;
    let since = firm.clock_now() - chrono::TimeDelta::hours(24);
    let done = deed::done_since(store.connection(), since).await.unwrap();
    store.close().await.unwrap();
    done
}

#[tokio::test]
async fn a_day_is_the_sum_of_what_was_done_whatever_the_journal_forgot() {
    let mut firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let (other, _) = firm.linked("Beta", &vat(2)).await;
    firm.client("Gamma", Some(&vat(3)));
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    firm.flowtly.edit_client(other, "addressPhoneNumber", "+48 22 123 45 68");
    firm.reconcile().await;
    firm.hubspot.edit_company(company, "phone", "");
    for _ in 0..3 {
        firm.wait(Duration::from_hours(1));
        firm.reconcile().await;
    }
    let day = done(&firm).await;
    assert_eq!((day.links, day.creates.get(&Side::Crm), day.creates.get(&Side::Flowtly)), (2, Some(&1), None));
    assert_eq!((day.updates.get(&Side::Crm), day.updates.get(&Side::Flowtly)), (Some(&2), Some(&1)));
    assert_eq!((day.blanked.get(&Side::Flowtly), day.blanked.get(&Side::Crm)), (Some(&1), None));
    // The day slides: what was done yesterday is no measure.
    limit(&mut firm, "creates", 1);
    firm.client("Delta", Some(&vat(4)));
    refused(&firm, &[], RefusalName::TooManyCreates).await;
    firm.wait(Duration::from_hours(24));
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
}

/// A pass that was put to an end in the middle has done what it did; what it had planned beyond is no deed.
#[tokio::test]
async fn a_pass_that_did_not_end_counts_with_what_it_did() {
    let mut firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    for n in 10..22 {
        firm.company(&format!("Firma {n}"), Some(&vat(n)));
    }
    let (stop, token) = (CancellationToken::new(), CancellationToken::new());
    let (stopping, flowtly) = (stop.clone(), firm.flowtly.clone());
    firm.meddling.at(Side::Flowtly, Method::POST, "/clients", Moment::After, move || stopping.cancel());
    drop(token);
    firm.pass_until(Request { complete: true, ..Request::default() }, &stop).await.unwrap_err();
    let made = flowtly.client_count() as u64 - 1;
    assert!((1..12).contains(&made), "{made}");
    assert_eq!(done(&firm).await.creates.get(&Side::Flowtly), Some(&made));
    limit(&mut firm, "creates", 11);
    let report = refused(&firm, &[], RefusalName::TooManyCreates).await;
    assert_eq!(report.refusals[0].found, 12, "{:?}", report.refusals);
}

/// What a system refused was not done: it must not use the day up.
#[tokio::test]
async fn what_was_refused_or_never_sent_does_not_count_and_what_may_have_arrived_does() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let before = done(&firm).await.updates.get(&Side::Flowtly).copied();
    let one_more = Some(before.unwrap_or(0) + 1);
    firm.hubspot.edit_company(company, "city", "Kraków");
    let patch = || When::always().method(Method::PATCH).times(1);
    firm.flowtly.faults().when(patch(), Fault::Refusal { status: 422, retry_after: None });
    assert_eq!(firm.beat().await.refused, 1);
    assert_eq!(done(&firm).await.updates.get(&Side::Flowtly).copied(), before);
    firm.hubspot.edit_company(company, "city", "Gdańsk");
    firm.flowtly.faults().when(When::always().method(Method::PATCH), Fault::Unreachable);
    firm.beat().await;
    assert_eq!(done(&firm).await.updates.get(&Side::Flowtly).copied(), before);
    firm.flowtly.faults().clear();
    firm.flowtly.faults().when(patch(), Fault::DropAfter);
    firm.hubspot.edit_company(company, "city", "Łódź");
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Łódź"));
    assert_eq!(done(&firm).await.updates.get(&Side::Flowtly).copied(), one_more, "nobody knows yet, and it did arrive");
    firm.reconcile().await;
    assert_eq!(done(&firm).await.updates.get(&Side::Flowtly).copied(), one_more);
}
