//! The pass about hints alone: as careful as any other, and cheaper.

use std::collections::BTreeSet;
use std::time::Duration;

use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::hint::Hint;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::pass::{self as passes, Cursor};
use flowtly_sync::sync::World;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Ending, Report};
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, ruling, vat};

fn hint(side: Side, kind: Kind, id: u64) -> Hint {
    Hint { side, kind, id: RemoteId::new(id.to_string()), sure: true }
}

/// One pass about these hints.
async fn hinted(firm: &Firm, hints: &[Hint]) -> Report {
    let settings = firm.settings();
    let systems = firm.systems(&settings);
    let ruling = ruling(&settings);
    let lock = WriterLock::take(&firm.state()).unwrap();
    let store = Store::open(&lock).await.unwrap();
    let world = World::of(&systems, firm.clock.as_ref(), &ruling);
    let sinks = Sinks::from(&systems);
    let hints: BTreeSet<Hint> = hints.iter().cloned().collect();
    let (store, report) = pass::hinted(world, sinks, store, &hints, &CancellationToken::new()).await;
    store.close().await.unwrap();
    firm.clock.advance(Duration::from_secs(1));
    report.unwrap()
}

async fn cursors(firm: &Firm) -> Vec<Cursor> {
    let mut store = firm.store().await;
    let mut cursors = Vec::new();
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            cursors.push(passes::cursor(store.connection(), side, kind).await.unwrap());
        }
    }
    cursors
}

#[tokio::test]
async fn both_halves_are_read_so_that_edits_on_both_sides_are_a_conflict_and_not_an_overwrite() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.wait(Duration::from_hours(1));
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.hubspot.edit_company(company, "phone", "+48 22 222 22 22");
    firm.hubspot.edit_company(company, "city", "Kraków");
    let before = cursors(&firm).await;
    let report = hinted(&firm, &[hint(Side::Crm, Kind::Company, company)]).await;
    assert_eq!((report.ending.clone(), report.complete, report.written), (Ending::Applied, false, 1), "{report:?}");
    assert_eq!(firm.disputed().await, [Field::Phone]);
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.client_text(client, "addressPhoneNumber").as_deref(), Some("+48 22 111 11 11"));
    assert_eq!(cursors(&firm).await, before, "nothing was walked, so that nothing is known to be read");
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_hint_from_flowtly_travels_to_the_crm() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let person = firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    firm.reconcile().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.flowtly.edit_contact(person, "name", "Jan Nowak");
    firm.flowtly.clear_log();
    let hints = [hint(Side::Flowtly, Kind::Company, client), hint(Side::Flowtly, Kind::Contact, person)];
    assert_eq!(hinted(&firm, &hints).await.written, 2);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    let requests = firm.flowtly.counts().requests;
    assert!(requests <= 20, "{requests} requests");
    firm.assert_settled().await;
}

#[tokio::test]
async fn nothing_is_created_linked_or_asked_without_a_walk() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    // The first one has a partner that nobody has read yet, the second one has none, the third one looks like the first pair.
    firm.client("Beta", Some(&vat(2)));
    let new = [
        firm.company("Beta", Some(&vat(2))),
        firm.company("Gamma", Some(&vat(3))),
        firm.company("Alfa", Some(&vat(1))),
    ];
    let hints = new.map(|company| hint(Side::Crm, Kind::Company, company));
    let writes = firm.writes();
    let report = hinted(&firm, &hints).await;
    assert!(report.more, "a pass that walks is wanted");
    assert!(!report.totals.would_act(), "{:?}", report.totals);
    assert_eq!(firm.writes(), writes);
    assert!(firm.questions().await.is_empty());
    firm.reconcile().await;
    assert_eq!((firm.flowtly.client_count(), firm.hubspot.company_count()), (3, 4), "none was doubled");
    assert_eq!(firm.asked().await.len(), 1, "the one that looks like the pair");
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn what_is_asked_stands_and_a_pass_about_others_does_not_ask_again_or_close_it() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.company("Alfa", Some(&vat(1)));
    firm.reconcile().await;
    let asked = firm.questions().await;
    assert_eq!(asked.len(), 1);
    firm.hubspot.edit_company(company, "city", "Kraków");
    let report = hinted(&firm, &[hint(Side::Crm, Kind::Company, company)]).await;
    assert_eq!(report.written, 1);
    assert!(!report.more, "a question that stands wants no walk");
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    assert_eq!(firm.questions().await.len(), 1);
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_record_that_went_is_gone_only_while_the_canary_answers() {
    let firm = Firm::configured("[rules.company]\ngone = \"unlink\"\n");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.linked("Beta", &vat(2)).await;
    firm.hubspot.archive_company(company);
    let report = hinted(&firm, &[hint(Side::Crm, Kind::Company, company)]).await;
    assert_eq!(report.ending, Ending::Applied, "{report:?}");
    assert!(firm.flowtly.client(client).is_some(), "nothing is ever deleted");
    let states: Vec<String> = firm.links().await.iter().map(|link| format!("{:?}", link.state)).collect();
    assert_eq!(states.iter().filter(|state| *state == "Live").count(), 1, "{states:?}");
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn a_state_that_has_not_proved_itself_is_walked_and_refused_like_any_first_pass() {
    let firm = Firm::new();
    firm.client("Alfa", Some(&vat(1)));
    let company = firm.company("Alfa", Some(&vat(1)));
    let report = hinted(&firm, &[hint(Side::Crm, Kind::Company, company)]).await;
    assert_eq!(report.ending, Ending::Refused);
    assert_eq!(firm.writes(), 0);
}

#[tokio::test]
async fn what_is_no_id_or_no_record_is_no_harm() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let mut nonsense = hint(Side::Flowtly, Kind::Company, 1);
    nonsense.id = RemoteId::new("no-number");
    let hints = [nonsense, hint(Side::Crm, Kind::Company, 999_999), hint(Side::Flowtly, Kind::Contact, 999_999)];
    let report = hinted(&firm, &hints).await;
    assert_eq!(report.ending, Ending::Applied);
    firm.hubspot.edit_company(company, "city", "Kraków");
    hinted(&firm, &[hint(Side::Crm, Kind::Company, company)]).await;
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_kind_that_is_not_sure_is_read_only_where_it_is_known() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    let unsure = |kind| Hint { sure: false, ..hint(Side::Crm, kind, company) };
    let report = hinted(&firm, &[unsure(Kind::Company), unsure(Kind::Contact)]).await;
    assert_eq!((report.written, report.more), (1, false), "it is known, whatever else it might be: nothing is walked");
    assert_eq!(firm.client_text(client, "addressCity").as_deref(), Some("Kraków"));
    let stranger = firm.company("Beta", Some(&vat(2)));
    firm.hubspot.clear_log();
    let hints = Kind::BOTH.map(|kind| Hint { sure: false, ..hint(Side::Crm, kind, stranger) });
    assert!(hinted(&firm, &hints).await.more);
    let reads = firm
        .hubspot
        .log()
        .into_iter()
        .filter(|request| String::from_utf8_lossy(&request.body).contains(&format!("\"{stranger}\"")));
    assert_eq!(reads.count(), 0, "it might be taken for what it is not");
    firm.reconcile().await;
    firm.assert_settled().await;
}

/// Nothing is walked: that a record reads as blank proves nothing where no record that was looked at shows the property.
#[tokio::test]
async fn accident_13_a_property_that_nobody_shows_is_emptied_by_no_hint() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 111 11 11");
    firm.reconcile().await;
    firm.assert_settled().await;
    firm.wait(Duration::from_hours(1));
    firm.flowtly.hide_client_property("addressPhoneNumber");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    let phone = |firm: &Firm| firm.hubspot.company_property(company, "phone");
    assert_eq!(hinted(&firm, &[hint(Side::Flowtly, Kind::Company, client)]).await.written, 1, "the city travels");
    // Nor by the guard and the reply of a write of our own.
    firm.hubspot.edit_company(company, "name", "Alfa II");
    for _ in 0..3 {
        hinted(&firm, &[hint(Side::Crm, Kind::Company, company)]).await;
        hinted(&firm, &[hint(Side::Flowtly, Kind::Company, client)]).await;
    }
    assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa II"));
    assert_eq!(phone(&firm).as_deref(), Some("+48 22 111 11 11"));
    // A value that is there again counts at once.
    firm.flowtly.show_properties();
    firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 222 22 22");
    hinted(&firm, &[hint(Side::Flowtly, Kind::Company, client)]).await;
    assert_eq!(phone(&firm).as_deref(), Some("+48 22 222 22 22"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_one_person_emptied_travels_by_a_hint_where_others_show_the_property() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let (other, _) = firm.linked("Beta", &vat(2)).await;
    for id in [client, other] {
        firm.flowtly.edit_client(id, "addressPhoneNumber", "+48 22 111 11 11");
    }
    firm.reconcile().await;
    firm.wait(Duration::from_hours(1));
    firm.flowtly.edit_client(client, "addressPhoneNumber", None::<String>);
    assert_eq!(hinted(&firm, &[hint(Side::Flowtly, Kind::Company, client)]).await.written, 1);
    assert_eq!(firm.hubspot.company_property(company, "phone").unwrap_or_default(), "");
    firm.assert_settled().await;
}
