//! Rules, mapping and scope that somebody changed: a planned transition, shown as one, and never taken for deletions.

use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::ObjectType;
use flowtly_sync::sync::pass::{Ending, Report};
use rstest::rstest;

use super::{complete, limit, refused};
use crate::firm::{Firm, vat};

/// Every limit at nothing: whatever a transition does shows.
fn strict(firm: &mut Firm) {
    for name in ["creates", "updates", "blanked", "links", "conflicts", "pauses", "shrink"] {
        limit(firm, name, 0);
    }
}

async fn five(firm: &Firm) -> Vec<(u64, u64)> {
    let mut pairs = Vec::new();
    for n in 1..=5 {
        let (client, company) = firm.linked(&format!("Firma {n}"), &vat(n)).await;
        firm.flowtly.edit_client(client, "addressPhoneNumber", format!("+48 22 111 11 1{n}"));
        firm.person(client, &format!("Jan {n}"), &format!("jan{n}@firma.pl"));
        pairs.push((client, company));
    }
    firm.reconcile().await;
    firm.assert_settled().await;
    pairs
}

fn changed_nothing(report: &Report) {
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 0), "{report:?}");
    assert!(!report.totals.would_act(), "{:?}", report.totals);
    assert!(report.transition, "it is told why everything was looked at again");
}

#[rstest]
#[case::a_scope_that_nobody_meets("[scope.crm.company]\nlifecyclestage = [\"nobody\"]\n")]
#[case::a_scope_in_flowtly("[scope.flowtly.company]\nstatus = [\"nobody\"]\n")]
#[case::a_scope_of_people("[scope.crm.contact]\nlifecyclestage = [\"nobody\"]\n")]
#[case::a_field_that_is_not_mapped_any_more("[mapping.company]\nphone = false\n")]
#[case::a_field_that_is_off("[rules.company.fields]\nphone = { direction = \"off\" }\n")]
#[case::another_direction("[rules.company]\ndirection = \"to-crm\"\n")]
#[case::another_policy("[rules.company]\nconflict = \"crm\"\nfirst = \"crm\"\n")]
#[case::another_rule_for_what_is_gone("[rules.company]\ngone = \"unlink\"\n")]
#[case::no_more_creates("[rules.company]\ncreate_in_crm = false\ncreate_in_flowtly = false\n")]
#[tokio::test]
async fn a_transition_of_a_firm_in_agreement_does_nothing_and_comes_back(#[case] other: &str) {
    let mut firm = Firm::new();
    five(&firm).await;
    strict(&mut firm);
    assert!(!complete(&firm, &[]).await.transition, "limits are no rules");
    for extra in [other, ""] {
        firm.reconfigure(extra);
        let (report, _) = firm.diff().await;
        assert!(report.transition && report.refusals.is_empty() && !report.totals.would_act(), "{report:?}");
        changed_nothing(&complete(&firm, &[]).await);
        assert!(!complete(&firm, &[]).await.transition, "told once it was carried out no more");
        let mut store = firm.store().await;
        assert_eq!(flowtly_sync::store::seen::gone(store.connection()).await.unwrap(), []);
        store.close().await.unwrap();
    }
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_mapping_to_another_property_is_a_transition_that_the_limits_hold_back_until_it_is_allowed() {
    let mut firm = Firm::new();
    let pairs = five(&firm).await;
    firm.hubspot.add_property(ObjectType::Company, "phone_2");
    strict(&mut firm);
    firm.reconfigure("[mapping.company]\nphone = \"phone_2\"\n");
    for _ in 0..2 {
        let report = refused(&firm, &[], RefusalName::TooManyUpdates).await;
        assert!(report.transition, "until a plan is accepted it is told");
        assert_eq!(report.refusals[0].side, Some(Side::Crm));
        assert_eq!(report.totals.blanked.len(), 0, "{:?}", report.totals);
    }
    let report = complete(&firm, &[RefusalName::TooManyUpdates]).await;
    assert_eq!((&report.ending, report.written), (&Ending::Applied, 5), "{report:?}");
    for (client, company) in pairs {
        let ours = firm.client_text(client, "addressPhoneNumber");
        assert!(ours.is_some());
        assert_eq!(firm.hubspot.company_property(company, "phone_2"), ours);
        assert_eq!(firm.hubspot.company_property(company, "phone"), ours, "the old property is left alone");
    }
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_mapping_to_a_property_that_holds_something_else_is_a_flood_of_conflicts_not_of_writes() {
    let mut firm = Firm::new();
    let pairs = five(&firm).await;
    firm.hubspot.add_property(ObjectType::Company, "phone_2");
    for (_, company) in &pairs {
        firm.hubspot.edit_company(*company, "phone_2", "+48 22 999 99 99");
    }
    strict(&mut firm);
    firm.reconfigure("[mapping.company]\nphone = \"phone_2\"\n");
    let report = refused(&firm, &[], RefusalName::TooManyConflicts).await;
    assert!(report.transition);
    assert_eq!(report.totals.updates.len(), 0, "{:?}", report.totals);
    assert!(firm.conflicts().await.is_empty(), "nobody is asked before it is allowed");
    firm.reconfigure("");
    assert_eq!(complete(&firm, &[]).await.written, 0, "taken back, nothing of it is left");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_wider_scope_creates_and_is_held_back_by_the_limit_of_creates() {
    let mut firm = Firm::configured("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    firm.linked("Alfa", &vat(1)).await;
    for n in 10..15 {
        firm.company(&format!("Firma {n}"), Some(&vat(n)));
    }
    assert_eq!(firm.reconcile().await.written, 0);
    strict(&mut firm);
    firm.reconfigure("");
    let report = refused(&firm, &[], RefusalName::TooManyCreates).await;
    assert!(report.transition);
    assert_eq!((report.refusals[0].found, report.refusals[0].side), (5, Some(Side::Flowtly)));
    assert_eq!(firm.flowtly.client_count(), 1);
}

#[tokio::test]
async fn a_kind_that_is_mapped_anew_shows_as_many_records_as_before() {
    let mut firm = Firm::new();
    five(&firm).await;
    strict(&mut firm);
    let extra = "[mapping.contact]\nphone = false\n[mapping.flowtly.company]\ninvoice_comment = false\n";
    firm.reconfigure(extra);
    changed_nothing(&complete(&firm, &[]).await);
    assert_eq!(firm.pairs(Kind::Contact).await.len(), 5);
    firm.assert_settled().await;
}
