//! The state is lost and a new one begins, over systems that were in agreement and went on.

use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sync::pass::{Ending, Request};

use crate::firm::{Firm, vat};

fn lose_state(firm: &Firm) {
    for ending in ["", "-wal", "-shm"] {
        let path = format!("{}{ending}", firm.state().display());
        if std::path::Path::new(&path).exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test]
async fn a_lost_state_links_everything_again_and_doubles_nothing() {
    let firm = Firm::new();
    for n in 1..=5 {
        let (client, _) = firm.linked(&format!("Firma {n}"), &vat(n)).await;
        firm.person(client, &format!("Osoba {n}"), &format!("osoba{n}@firma{n}.pl"));
    }
    // No tax number at all: recognised by our id in the CRM.
    let bare = firm.client("Firma bez numeru", None);
    firm.reconcile().await;
    let (mut companies, mut contacts) = (firm.pairs(Kind::Company).await, firm.pairs(Kind::Contact).await);
    firm.flowtly.edit_client(bare, "name", "Firma pod nową nazwą");
    lose_state(&firm);
    let report = firm.pass(Request { complete: true, ..Request::default() }).await.unwrap();
    assert_eq!((report.ending, report.refusals[0].name), (Ending::Refused, RefusalName::FirstPass));
    firm.reconcile().await;
    let (mut again, mut people) = (firm.pairs(Kind::Company).await, firm.pairs(Kind::Contact).await);
    for pairs in [&mut companies, &mut contacts, &mut again, &mut people] {
        pairs.sort();
    }
    assert_eq!((again, people), (companies, contacts));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_lost_state_fills_what_is_blank_and_overwrites_nothing() {
    let firm = Firm::configured("[rules.company.fields]\nphone = { first = \"flowtly\", conflict = \"flowtly\" }\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    // The last edit of either side was not synced when the state was lost.
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    lose_state(&firm);
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"));
    assert_eq!(firm.hubspot.company_property(company, "phone").as_deref(), Some("+48 22 222 22 22"));
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"), "blanks are filled");
    assert_eq!(firm.disputed().await, [flowtly_sync::domain::field::Field::Phone]);
    firm.assert_at_rest().await;
}
