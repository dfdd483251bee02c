//! An allowance stands for one pass, and for what was shown.

use std::collections::BTreeSet;

use flowtly_sync::domain::record::Side;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sync::pass::{Ending, Request};

use super::{complete, limit, limited, refused};
use crate::firm::{Firm, vat};

fn add(firm: &Firm, numbers: std::ops::Range<u32>) {
    for n in numbers {
        firm.client(&format!("Firma {n}"), Some(&vat(n)));
    }
}

/// Somebody saw ten new firms and allows them; meanwhile an import brought fifty more.
#[tokio::test]
async fn an_allowance_does_not_stand_for_what_came_after_it_was_shown() {
    let firm = limited("creates");
    firm.linked("Alfa", &vat(1)).await;
    add(&firm, 100..110);
    refused(&firm, &[], RefusalName::TooManyCreates).await;
    add(&firm, 110..160);
    let report = refused(&firm, &[RefusalName::TooManyCreates], RefusalName::TooManyCreates).await;
    let message = &report.refusals[0].message;
    assert!(message.contains("that was 10, now there are 60 records to be created in CRM"), "{message}");
    assert_eq!(firm.hubspot.company_count(), 1);
    // Now both numbers were shown, and the new one is allowed.
    let report = complete(&firm, &[RefusalName::TooManyCreates]).await;
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 60), "{report:?}");
    firm.assert_settled().await;
}

#[tokio::test]
async fn an_allowance_does_not_stand_for_what_the_daemon_found_while_nobody_looked() {
    let firm = limited("creates");
    firm.linked("Alfa", &vat(1)).await;
    add(&firm, 100..110);
    refused(&firm, &[], RefusalName::TooManyCreates).await;
    add(&firm, 110..160);
    refused(&firm, &[], RefusalName::TooManyCreates).await;
    refused(&firm, &[RefusalName::TooManyCreates], RefusalName::TooManyCreates).await;
    assert_eq!(firm.hubspot.company_count(), 1);
}

#[tokio::test]
async fn an_allowance_stands_for_a_tenth_more() {
    let firm = limited("creates");
    firm.linked("Alfa", &vat(1)).await;
    add(&firm, 100..110);
    refused(&firm, &[], RefusalName::TooManyCreates).await;
    add(&firm, 110..111);
    let report = complete(&firm, &[RefusalName::TooManyCreates]).await;
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 11), "{report:?}");
}

#[tokio::test]
async fn an_allowance_of_what_no_pass_was_refused_for_stands_for_the_plan() {
    let firm = limited("creates");
    firm.linked("Alfa", &vat(1)).await;
    add(&firm, 100..110);
    let (report, _) = firm.diff().await;
    assert_eq!(report.refusals[0].name, RefusalName::TooManyCreates);
    assert_eq!(complete(&firm, &[RefusalName::TooManyCreates]).await.ending, Ending::Applied);
}

#[tokio::test]
async fn an_allowance_stands_for_no_other_refusal_and_for_one_pass() {
    let mut firm = limited("creates");
    limit(&mut firm, "updates", 0);
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    add(&firm, 100..110);
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let writes = firm.writes();
    let report = complete(&firm, &[RefusalName::TooManyCreates]).await;
    assert_eq!(report.refusals.iter().map(|refusal| refusal.name).collect::<Vec<_>>(), [RefusalName::TooManyUpdates]);
    assert_eq!((&report.ending, firm.writes()), (&Ending::Refused, writes));
    let both = [RefusalName::TooManyCreates, RefusalName::TooManyUpdates];
    assert_eq!(complete(&firm, &both).await.ending, Ending::Applied);
    add(&firm, 110..111);
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Refused, "the day is used up");
}

/// Once a plan was accepted, what was shown before it is no measure any more.
#[tokio::test]
async fn what_was_shown_is_forgotten_once_a_plan_is_accepted() {
    let firm = limited("creates");
    firm.linked("Alfa", &vat(1)).await;
    add(&firm, 100..104);
    refused(&firm, &[], RefusalName::TooManyCreates).await;
    for client in firm.flowtly.clients().iter().skip(1) {
        firm.flowtly.remove_client(client["id"].as_u64().unwrap());
    }
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
    add(&firm, 200..230);
    assert_eq!(complete(&firm, &[RefusalName::TooManyCreates]).await.ending, Ending::Applied);
}

#[tokio::test]
async fn the_first_pass_is_allowed_for_what_it_showed() {
    let firm = Firm::new();
    add(&firm, 100..110);
    let report = refused(&firm, &[], RefusalName::FirstPass).await;
    let creates = report.refusals[0].numbers.iter().find(|number| number.of == RefusalName::TooManyCreates);
    assert!(creates.is_some());
    add(&firm, 110..160);
    let report = refused(&firm, &[RefusalName::FirstPass], RefusalName::FirstPass).await;
    assert!(report.refusals[0].message.contains("that was 10, now there are 60 records to be created in CRM"));
    assert_eq!(complete(&firm, &[RefusalName::FirstPass]).await.ending, Ending::Applied);
    assert_eq!(firm.hubspot.company_count(), 60);
    firm.assert_settled().await;
}

/// Whatever the limits, a firm that was looked at may be loaded.
#[tokio::test]
async fn allowing_the_first_pass_stands_for_every_count() {
    let mut firm = Firm::new();
    for name in ["creates", "updates", "blanked", "links", "conflicts", "pauses"] {
        limit(&mut firm, name, 0);
    }
    add(&firm, 100..110);
    firm.company("Firma 105", Some(&vat(105)));
    let (client, company) = (firm.client("Beta", Some(&vat(2))), firm.company("Beta", Some(&vat(2))));
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    let report = complete(&firm, &[RefusalName::FirstPass]).await;
    assert_eq!(report.ending, Ending::Applied, "{report:?}");
    assert_eq!((report.totals.links, report.totals.conflicts), (2, 1), "{:?}", report.totals);
    assert_eq!(report.totals.creates[&Side::Crm], 9);
}

/// A beat is refused, a person allows the daemon's next pass: the numbers are kept in the state, not in the process.
#[tokio::test]
async fn what_was_shown_outlives_the_process_that_showed_it() {
    let firm = limited("creates");
    firm.linked("Alfa", &vat(1)).await;
    add(&firm, 100..110);
    assert_eq!(firm.beat().await.ending, Ending::Refused);
    add(&firm, 110..160);
    let allow = BTreeSet::from([RefusalName::TooManyCreates]);
    let report = firm.pass(Request { complete: false, allow }).await.unwrap();
    assert_eq!(report.ending, Ending::Refused);
}
