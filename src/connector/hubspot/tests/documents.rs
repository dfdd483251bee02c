//! Documents as notes at companies.

use rstest::rstest;
use serde_json::{Value, json};

use super::super::note;
use super::super::script::{Script, id};
use crate::connector::error::{ErrorKind, Outcome};
use crate::connector::port::{Showing, Sink, Source};

const NOTES: &str = "/crm/objects/2026-03/notes";
const LINKS: &str = "/crm/associations/2026-03/companies/notes/batch/read";

fn showing(mark: &str, title: &str) -> Showing {
    Showing { mark: mark.to_owned(), title: title.to_owned(), link: Some("https://a.b/3".to_owned()) }
}

fn asked(company: &str, after: Option<&str>) -> Value {
    match after {
        None => json!({"inputs": [{"id": company}]}),
        Some(after) => json!({"inputs": [{"id": company, "after": after}]}),
    }
}

fn links(notes: &[u64], after: Option<&str>) -> Value {
    let to: Vec<Value> = notes.iter().map(|note| json!({"toObjectId": note, "associationTypes": []})).collect();
    let mut row = json!({"from": {"id": "900"}, "to": to});
    if let Some(after) = after {
        row["paging"] = json!({"next": {"after": after}});
    }
    json!({"status": "COMPLETE", "results": [row]})
}

fn none_of() -> Value {
    json!({"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{
        "status": "error", "category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": "No note is associated with company 900.", "context": {"fromObjectId": ["900"]}}]})
}

fn read(ids: &[&str]) -> Value {
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"properties": ["hs_note_body"], "propertiesWithHistory": [], "inputs": inputs})
}

fn note(id: &str, body: &str) -> Value {
    json!({"id": id, "properties": {"hs_note_body": body, "hs_object_id": id}})
}

#[tokio::test]
async fn what_a_company_s_notes_show_is_read_to_the_last_page_and_only_ours_count() {
    let ours = note::render(&showing("1/6/3", "Offer"));
    let (connector, script) = Script::new()
        .post(LINKS, asked("900", None), 200, &links(&[70, 71], Some("2")))
        .post(LINKS, asked("900", Some("2")), 200, &links(&[71, 72], None))
        .post(&format!("{NOTES}/batch/read"), read(&["70", "71", "72"]), 207, &json!({
            "results": [note("70", "<p>call them</p>"), note("72", &ours)], "numErrors": 1,
            "errors": [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": ["71"]}}],
        }))
        .play();
    let shown = connector.shown(&id("900")).await.unwrap().unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].id.as_str(), &shown[0].showing), ("72", &showing("1/6/3", "Offer")));
    script.assert_finished();
}

#[tokio::test]
async fn a_company_without_notes_shows_none_and_one_that_is_not_there_is_a_failure() {
    let gone = json!({"results": [], "errors": [{"category": "OBJECT_NOT_FOUND", "message": "gone", "context": {"ids": ["900"]}}]});
    let (connector, script) = Script::new()
        .post(LINKS, asked("900", None), 207, &none_of())
        .post(LINKS, asked("900", None), 207, &gone)
        .play();
    assert_eq!(connector.shown(&id("900")).await.unwrap(), Some(vec![]));
    assert_eq!(connector.shown(&id("900")).await.unwrap_err().kind, ErrorKind::NotFound);
    script.assert_finished();
}

#[tokio::test]
async fn a_list_that_goes_round_in_a_circle_ends() {
    let (connector, script) = Script::new()
        .post(LINKS, asked("900", None), 200, &links(&[70], Some("1")))
        .post(LINKS, asked("900", Some("1")), 200, &links(&[70], Some("1")))
        .play();
    assert_eq!(connector.shown(&id("900")).await.unwrap_err().kind, ErrorKind::Protocol);
    script.assert_finished();
}

#[rstest]
#[case::html("<html>")]
#[case::half("{\"results\": [{\"from\"")]
#[case::another_type("{\"results\": 7}")]
#[case::an_id_of_nothing("{\"results\": [{\"from\": {\"id\": null}, \"to\": []}]}")]
#[tokio::test]
async fn nonsense_is_no_list_of_notes(#[case] reply: &str) {
    let (connector, _) = Script::new().post_text(LINKS, asked("900", None), 200, reply).play();
    assert_eq!(connector.shown(&id("900")).await.unwrap_err().kind, ErrorKind::Protocol);
}

#[tokio::test]
async fn a_note_is_made_at_its_company_in_one_request() {
    let showing = showing("1/6/3", "Offer");
    let body = json!({
        "properties": {"hs_timestamp": "2026-11-23T12:00:00.000Z", "hs_note_body": note::render(&showing)},
        "associations": [{"to": {"id": "900"}, "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 190}]}],
    });
    let (connector, script) = Script::new().post(NOTES, body, 201, &note("70", "as HubSpot words it")).play();
    let shown = connector.show(&id("900"), None, &showing).await.unwrap();
    assert_eq!((shown.id.as_str(), shown.showing), ("70", showing));
    script.assert_finished();
}

#[tokio::test]
async fn a_rename_reads_the_note_and_keeps_what_people_wrote() {
    let (before, after) = (showing("1/6/3", "Offer"), showing("1/6/3", "Contract"));
    let with = |showing: &Showing| format!("{}<p>signed</p>", note::render(showing));
    let (connector, script) = Script::new()
        .get(&format!("{NOTES}/70?properties=hs_note_body"), 200, &note("70", &with(&before)))
        .patch(&format!("{NOTES}/70"), json!({"properties": {"hs_note_body": with(&after)}}), 200, &note("70", ""))
        .play();
    assert_eq!(connector.show(&id("900"), Some(&id("70")), &after).await.unwrap().id.as_str(), "70");
    script.assert_finished();
}

#[rstest]
#[case::refused(400, json!({"status": "error", "category": "VALIDATION_ERROR", "message": "no"}), ErrorKind::Invalid, Outcome::NotApplied)]
#[case::forbidden(403, json!({"status": "error", "category": "MISSING_SCOPES", "message": "no"}), ErrorKind::Forbidden, Outcome::NotApplied)]
#[case::no_such_address(404, json!({"status": "error", "message": "no"}), ErrorKind::Setting, Outcome::NotApplied)]
#[case::outage(502, json!("<html>"), ErrorKind::Unavailable, Outcome::Unknown)]
#[case::taken_and_not_understood(201, json!({"ok": true}), ErrorKind::Protocol, Outcome::Unknown)]
#[tokio::test]
async fn what_came_of_a_note_is_told_as_far_as_it_is_known(
    #[case] status: u16,
    #[case] reply: Value,
    #[case] kind: ErrorKind,
    #[case] outcome: Outcome,
) {
    let showing = showing("1/6/3", "Offer");
    let body = json!({
        "properties": {"hs_timestamp": "2026-11-23T12:00:00.000Z", "hs_note_body": note::render(&showing)},
        "associations": [{"to": {"id": "900"}, "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 190}]}],
    });
    let (connector, script) = Script::new().post(NOTES, body, status, &reply).play();
    let error = connector.show(&id("900"), None, &showing).await.unwrap_err();
    assert_eq!((error.kind, error.kind.outcome()), (kind, outcome), "{error}");
    script.assert_finished();
}

#[tokio::test]
async fn a_note_that_is_gone_is_not_made_by_a_rename() {
    let gone = json!({"status": "error", "category": "OBJECT_NOT_FOUND", "message": "gone"});
    let url = format!("{NOTES}/70?properties=hs_note_body");
    let (connector, script) = Script::new().get(&url, 404, &gone).play();
    let error = connector.show(&id("900"), Some(&id("70")), &showing("1/6/3", "Offer")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    script.assert_finished();
}
