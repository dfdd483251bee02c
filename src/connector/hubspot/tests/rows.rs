//! From literal replies to rows.

use serde_json::json;

use super::super::layout::Layout;
use super::super::row::{moment, object, objects};
use super::super::script;
use crate::connector::error::ErrorKind;
use crate::domain::record::{Kind, RemoteId, Standing, Version};
use crate::domain::shape::{Delivered, Row};

fn layout(kind: Kind) -> Layout {
    Layout::new(kind, script::shape(kind), Some("flowtly_id"), 12)
}

fn texts(row: &Row) -> Vec<&str> {
    row.texts
        .iter()
        .map(|text| match text {
            Delivered::Unknown => "?",
            Delivered::Blank => "",
            Delivered::Text(text) => text,
        })
        .collect()
}

#[test]
fn absent_is_unknown_and_null_or_empty_is_blank() {
    let body = json!({"results": [{
        "id": "17",
        "properties": {"city": "Łódź \"B\"\n", "name": null, "lifecyclestage": "", "unasked": {"deep": [1]}},
        "createdAt": "2026-01-02T03:04:05.678Z",
        "updatedAt": "2026-02-02T03:04:05.000Z",
        "archived": false,
    }], "paging": {"next": {"after": "18", "link": "https://…"}}, "total": 3});
    let objects = objects(&layout(Kind::Company), body.to_string().as_bytes()).unwrap();
    assert_eq!(objects.after.as_deref(), Some("18"));
    let row = &objects.entries[0].row;
    assert_eq!(row.id, RemoteId::new("17"));
    // name, tax number, city, and the watched lifecycle stage.
    assert_eq!(texts(row), ["", "?", "Łódź \"B\"\n", ""]);
    assert_eq!(row.created.unwrap().timestamp_millis(), 1_767_323_045_678);
    assert_eq!(row.modified, moment("2026-02-02T03:04:05Z"));
    assert_eq!(row.version, Some(Version("2026-02-02T03:04:05.000Z".into())));
    assert_eq!((row.standing, &row.stored_id), (Standing::Live, &None));
}

#[test]
fn the_revision_is_the_modified_property_where_it_is_shown() {
    let body = json!({"id": 17, "archived": true, "updatedAt": "2026-02-02T00:00:00Z", "properties": {
        "hs_lastmodifieddate": "2026-02-03T00:00:00Z", "flowtly_id": "org/5", "hs_merged_object_ids": "3;4; 5;"}});
    let row = object(&layout(Kind::Company), body.to_string().as_bytes()).unwrap().row;
    assert_eq!(row.id, RemoteId::new("17"), "a number is an id too");
    assert_eq!(row.version, Some(Version("2026-02-03T00:00:00Z".into())));
    assert_eq!(row.standing, Standing::Archived);
    assert_eq!(row.stored_id.as_deref(), Some("org/5"));
    assert_eq!(row.absorbed, [RemoteId::new("3"), RemoteId::new("4"), RemoteId::new("5")]);
}

#[test]
fn the_primary_company_comes_first_and_each_one_once() {
    let body = json!({"id": "1", "properties": {}, "associations": {"companies": {"results": [
        {"id": "9", "type": "contact_to_company_unlabeled"},
        {"id": "8", "type": "contact_to_company_unlabeled"},
        {"id": "8", "type": "contact_to_company"},
    ], "paging": {"next": {"after": "10"}}}}});
    let entry = object(&layout(Kind::Contact), body.to_string().as_bytes()).unwrap();
    assert_eq!(entry.row.parents, [RemoteId::new("8"), RemoteId::new("9")]);
    assert!(entry.parents_cut);
}

#[test]
fn the_companies_of_a_company_are_no_parents() {
    let body = json!({"id": "1", "properties": {}, "associations": {"companies": {"results": [
        {"id": "9", "type": "parent_to_child_company"}], "paging": {"next": {"after": "10"}}}}});
    let entry = object(&layout(Kind::Company), body.to_string().as_bytes()).unwrap();
    assert_eq!((entry.row.parents, entry.parents_cut), (vec![], false));
}

#[test]
fn a_text_beyond_the_limit_is_unknown_and_counted_and_one_at_the_limit_is_kept() {
    let body = json!({"results": [{"id": "1", "properties": {"name": "ż".repeat(12), "city": "ż".repeat(13)}}]});
    let objects = objects(&layout(Kind::Company), body.to_string().as_bytes()).unwrap();
    assert_eq!(texts(&objects.entries[0].row), ["ż".repeat(12).as_str(), "?", "?", "?"]);
    assert_eq!(objects.too_long, 1);
}

#[test]
fn another_reply_is_a_protocol_error_that_tells_no_data() {
    for body in [
        r#"{"results": [{"id": "1", "properties": {"name": ["Jan Kowalski"]}}]}"#,
        r#"{"results": [{"properties": {"name": "Jan Kowalski"}}]}"#,
        r#"{"name": "Jan Kowalski"}"#,
        r#"{"results": []} Jan Kowalski"#,
        r#"{"results": [{"id": "1", "properties": {"name": "Jan Kow"#,
        "<html>Jan Kowalski</html>",
    ] {
        let error = objects(&layout(Kind::Company), body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{body}");
        assert!(!error.message.contains("Kow"), "{}", error.message);
    }
}
