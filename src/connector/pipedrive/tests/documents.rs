//! Documents as notes.

use super::*;
use crate::connector::error::Outcome;
use crate::connector::port::{Showing, Shown};
use crate::sandbox::{CrmServer, Fault, When};

fn showing(mark: &str, title: &str, link: Option<&str>) -> Showing {
    Showing { mark: mark.into(), title: title.into(), link: link.map(str::to_owned) }
}

#[tokio::test]
async fn a_document_is_shown_found_by_its_mark_and_changed_in_place() {
    let firm = Firm::plain();
    let (company, other) =
        (firm.server.add_organization(&[("name", "A")]), firm.server.add_organization(&[("name", "B")]));
    assert_eq!(firm.connector.shown(&id_of(company)).await.unwrap(), Some(Vec::new()));
    let first = showing("org/1/7", "Umowa <ramowa> & aneks", Some("https://app.flowtly.com/d/7?a=1&b=2"));
    let made = firm.connector.show(&id_of(company), None, &first).await.unwrap();
    assert_eq!(made.showing, first);
    firm.connector.show(&id_of(other), None, &showing("org/2/8", "Other", None)).await.unwrap();
    let shown = firm.connector.shown(&id_of(company)).await.unwrap().unwrap();
    assert_eq!(shown, [Shown { id: made.id.clone(), showing: first }]);
    let renamed = showing("org/1/7", "Umowa 2", None);
    let changed = firm.connector.show(&id_of(company), Some(&made.id), &renamed).await.unwrap();
    assert_eq!(changed, Shown { id: made.id, showing: renamed.clone() });
    assert_eq!(firm.server.notes(company).len(), 1);
    assert_eq!(firm.server.documents(company), ["Umowa 2"]);
}

#[tokio::test]
async fn peoples_own_notes_are_left_out_and_all_pages_are_read() {
    let firm = Firm::plain();
    let company = firm.server.add_organization(&[("name", "A")]);
    for number in 0..120 {
        firm.connector.show(&id_of(company), None, &showing(&format!("org/1/{number}"), "D", None)).await.unwrap();
    }
    let notes = serde_json::json!({"content": "<p>Called them</p>", "org_id": company});
    let url = firm.connector.talk.at.path("/api/v1/notes", None);
    let lane = super::super::settings::Lane::Extra;
    firm.connector.talk.order(http::Method::POST, "/api/v1/notes", url, &notes, lane).await.unwrap();
    let shown = firm.connector.shown(&id_of(company)).await.unwrap().unwrap();
    assert_eq!(shown.len(), 120);
    assert_eq!(shown[119].showing.mark, "org/1/119");
}

#[tokio::test]
async fn a_lost_create_of_a_note_is_found_again_by_its_mark() {
    let firm = Firm::plain();
    let company = firm.server.add_organization(&[("name", "A")]);
    firm.server.faults().when(When::always().method(http::Method::POST).times(1), Fault::DropAfter);
    let document = showing("org/1/7", "Umowa", None);
    let error = firm.connector.show(&id_of(company), None, &document).await.unwrap_err();
    assert_eq!(error.kind.outcome(), Outcome::Unknown);
    let shown = firm.connector.shown(&id_of(company)).await.unwrap().unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].showing, document);
}

#[tokio::test]
async fn a_note_that_somebody_deleted_is_not_found() {
    let firm = Firm::plain();
    let company = firm.server.add_organization(&[("name", "A")]);
    let document = showing("org/1/7", "Umowa", None);
    let error = firm.connector.show(&id_of(company), Some(&id_of(99)), &document).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}
