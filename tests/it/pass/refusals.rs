//! Values that a system refuses.

use std::time::Duration;

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{Fault, When};
use flowtly_sync::sync::pass::Ending;
use http::Method;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn a_field_that_flowtly_refuses_waits_while_the_others_travel_and_a_changed_value_is_tried_at_once() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    let contact = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let jan = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.edit_contact(jan, "email", "not an address");
    firm.hubspot.edit_contact(jan, "phone", "+48 22 123 45 67");
    let report = firm.beat().await;
    assert_eq!((report.refused, &report.ending), (1, &Ending::Applied), "{report:?}");
    assert_eq!(firm.contact_text(contact, "phone").as_deref(), Some("+48 22 123 45 67"));
    assert!(firm.refusals().await[0].starts_with("Flowtly email: "), "{:?}", firm.refusals().await);
    firm.assert_at_rest().await;

    // The same value waits, longer and longer; another one does not.
    let patches = firm.flowtly.counts().writes;
    firm.beat().await;
    assert_eq!(firm.flowtly.counts().writes, patches);
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert_eq!(firm.flowtly.counts().writes, patches + 1, "tried again after the gap");
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert_eq!(firm.flowtly.counts().writes, patches + 1, "the second gap is longer");
    firm.hubspot.edit_contact(jan, "email", "kowalski@alfa.pl");
    firm.beat().await;
    assert_eq!(firm.contact_text(contact, "email").as_deref(), Some("kowalski@alfa.pl"));
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn one_refused_record_of_a_batch_does_not_keep_the_others() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    for n in 0..5 {
        firm.person(client, &format!("Osoba {n}"), &format!("osoba{n}@alfa.pl"));
    }
    firm.person(client, "Osoba Zła", "zła adres");
    let report = firm.reconcile().await;
    assert_eq!(firm.hubspot.contact_count(), 6, "{report:?} {:?}", firm.refusals().await);
}

#[tokio::test]
async fn a_refusal_without_a_field_keeps_every_field_of_that_write_waiting() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), refusal);
    let report = firm.reconcile().await;
    assert_eq!((report.written, report.refused), (0, 2), "{report:?}");
    firm.assert_at_rest().await;
    firm.wait(Duration::from_mins(16));
    firm.beat().await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 123 45 67"));
    assert!(firm.refusals().await.is_empty());
    firm.assert_settled().await;
}

#[tokio::test]
async fn each_field_has_gaps_of_its_own() {
    let firm = Firm::new();
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    let jan = firm.pairs(Kind::Contact).await[0].1.parse().unwrap();
    firm.hubspot.edit_contact(jan, "email", "not an address");
    for wait in [16, 20] {
        firm.beat().await;
        firm.wait(Duration::from_mins(wait));
    }
    // The address was refused twice, and is tried in an hour; now the phone is refused for the first time.
    firm.hubspot.edit_contact(jan, "phone", "+48 22 123 45 67");
    let refusal = Fault::Refusal { status: 422, retry_after: None };
    firm.flowtly.faults().when(When::always().method(Method::PATCH).times(1), refusal);
    firm.beat().await;
    assert_eq!(firm.refusals().await.len(), 2);
    let writes = firm.flowtly.counts().writes;
    firm.wait(Duration::from_mins(16));
    let report = firm.beat().await;
    assert_eq!((report.written, report.refused), (1, 0), "the phone alone: {report:?}");
    assert_eq!((firm.flowtly.counts().writes, firm.refusals().await.len()), (writes + 1, 1));
    firm.wait(Duration::from_mins(26));
    assert_eq!(firm.beat().await.refused, 1, "the address, an hour after its second refusal");
}
