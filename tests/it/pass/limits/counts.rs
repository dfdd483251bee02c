//! Plans that do more than a limit allows.

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::ObjectType;
use flowtly_sync::store::link::LinkState;
use flowtly_sync::sync::pass::Ending;

use super::{complete, limited, refused, refused_then_allowed};
use crate::firm::vat;

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
async fn the_records_that_would_lose_the_most_are_shown() {
    let firm = limited("blanked");
    let (small, _) = firm.linked("Mała", &vat(1)).await;
    let (big, big_company) = firm.linked("Duża", &vat(2)).await;
    for client in [small, big] {
        firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 123 45 67");
    }
    firm.flowtly.edit_client(big, "addressCity", "Kraków");
    firm.reconcile().await;
    for company in firm.hubspot.companies() {
        let id = company["id"].as_str().unwrap().parse().unwrap();
        for property in ["phone", "city"] {
            firm.hubspot.edit_company(id, property, "");
        }
    }
    let report = refused(&firm, &[], RefusalName::TooManyBlankedValues).await;
    let examples = &report.refusals[0].examples;
    assert_eq!(examples[0].label, "Duża");
    assert_eq!(examples[0].crm.as_ref().unwrap().as_str(), big_company.to_string());
    assert!(examples[0].values > examples[1].values, "{examples:?}");
    assert!(!report.refusals[0].message.contains("Duża"));
}

/// A tool wrote one and the same e-mail domain, tax number or name into records that have nothing to do with each other.
#[tokio::test]
async fn too_many_links_are_refused_and_allowed_once() {
    let firm = limited("links");
    firm.linked("Alfa", &vat(1)).await;
    for n in 10..13 {
        firm.client(&format!("Firma {n}"), Some(&vat(n)));
        firm.company(&format!("Firma {n}"), Some(&vat(n)));
    }
    refused_then_allowed(&firm, RefusalName::TooManyLinks).await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 4);
    firm.assert_settled().await;
    firm.client("Firma 20", Some(&vat(20)));
    firm.company("Firma 20", Some(&vat(20)));
    refused(&firm, &[], RefusalName::TooManyLinks).await;
}

/// Two robots write every record on both sides, each in its own way.
#[tokio::test]
async fn too_many_conflicts_are_refused_and_allowed_once() {
    let firm = limited("conflicts");
    let mut pairs = Vec::new();
    for n in 1..=3 {
        pairs.push(firm.linked(&format!("Firma {n}"), &vat(n)).await);
    }
    for (client, company) in pairs {
        firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
        firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    }
    refused_then_allowed(&firm, RefusalName::TooManyConflicts).await;
    assert_eq!(firm.disputed().await, [Field::Phone; 3]);
    firm.assert_at_rest().await;
}

/// Somebody archives the whole portal.
#[tokio::test]
async fn too_many_pauses_are_refused_and_allowed_once() {
    let firm = limited("pauses");
    let mut companies = Vec::new();
    for n in 1..=4 {
        companies.push(firm.linked(&format!("Firma {n}"), &vat(n)).await.1);
    }
    for company in &companies[1..] {
        firm.hubspot.archive_company(*company);
    }
    refused(&firm, &[], RefusalName::TooManyPauses).await;
    assert!(firm.links().await.iter().all(|link| link.state == LinkState::Live), "nothing rests yet");
    refused_then_allowed(&firm, RefusalName::TooManyPauses).await;
    assert_eq!(firm.links().await.iter().filter(|link| link.state == LinkState::Paused).count(), 3);
    // Restored by the same hand: nothing was lost, and nothing has to be allowed.
    for company in &companies[1..] {
        firm.hubspot.restore_company(*company);
    }
    assert_eq!(complete(&firm, &[]).await.ending, Ending::Applied);
    complete(&firm, &[]).await;
    assert!(firm.links().await.iter().all(|link| link.state == LinkState::Live));
    firm.assert_settled().await;
}

/// Somebody merges the whole portal into one company, or a tool gives every record a new id.
#[tokio::test]
async fn too_many_merges_are_refused() {
    let firm = limited("pauses");
    let mut companies = Vec::new();
    for n in 1..=4 {
        companies.push(firm.linked(&format!("Firma {n}"), &vat(n)).await.1);
    }
    for company in &companies[1..] {
        let other = firm.hubspot.add_company(&[("name", "Kopia")]);
        firm.hubspot.merge_companies(*company, other).unwrap();
    }
    let before = firm.pairs(Kind::Company).await;
    refused(&firm, &[], RefusalName::TooManyPauses).await;
    assert_eq!(firm.pairs(Kind::Company).await, before);
}

/// A clean-up takes out most of the portal, and the rule separates what is gone.
#[tokio::test]
async fn too_many_separations_are_refused() {
    let mut firm = limited("pauses");
    firm.reconfigure("[rules.company]\ngone = \"unlink\"\n");
    let mut companies = Vec::new();
    for n in 1..=4 {
        companies.push(firm.linked(&format!("Firma {n}"), &vat(n)).await.1);
    }
    for company in &companies[1..] {
        firm.hubspot.purge(ObjectType::Company, *company);
    }
    refused(&firm, &[], RefusalName::TooManyPauses).await;
    assert!(firm.links().await.iter().all(|link| link.state == LinkState::Live));
}
