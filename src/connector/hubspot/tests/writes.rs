//! Batches of creates and updates, and what comes of each input.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::script::{COMPANY_PROPERTIES, Script, id, ids, text_of};
use crate::connector::error::{ErrorKind, Outcome};
use crate::connector::port::{ParentWrite, Sink, Target, Write, Written};
use crate::domain::record::Kind;
use crate::domain::shape::Row;

const COMPANIES: &str = "/crm/objects/2026-03/companies";
const CONTACTS: &str = "/crm/objects/2026-03/contacts";

fn texts(texts: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    texts.iter().map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned))).collect()
}

fn create(name: &str) -> Write {
    Write {
        target: Target::Create,
        texts: texts(&[("name", Some(name))]),
        parent: None,
        stored_id: None,
        apart_from: Vec::new(),
    }
}

fn update(target: &str, changed: &[(&str, Option<&str>)]) -> Write {
    let target = Target::Update { id: id(target), version: None };
    Write { target, texts: texts(changed), parent: None, stored_id: None, apart_from: Vec::new() }
}

fn create_input(trace: usize, name: &str) -> Value {
    json!({"objectWriteTraceId": trace.to_string(), "properties": {"name": name}, "associations": []})
}

fn inputs(inputs: &[Value]) -> Value {
    json!({"inputs": inputs})
}

fn read(properties: &str, ids: &[&str]) -> Value {
    let properties: Vec<&str> = properties.split(',').collect();
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"properties": properties, "propertiesWithHistory": [], "inputs": inputs})
}

/// A company whose every asked property is shown, so that nothing has to be read back.
fn whole(id: &str, name: &str) -> Value {
    json!({"id": id, "properties": {"name": name, "vat": "", "city": "", "lifecyclestage": "", "flowtly_id": "org/1"}})
}

fn stored(written: &Written) -> &Row {
    match written {
        Written::Stored(row) => row,
        Written::Failed(error) => panic!("failed: {error}"),
    }
}

fn failed(written: &Written) -> (ErrorKind, &str) {
    match written {
        Written::Failed(error) => (error.kind, error.message.as_str()),
        Written::Stored(row) => panic!("stored: {row:?}"),
    }
}

#[tokio::test]
async fn a_partial_success_is_taken_apart_by_trace_id() {
    let mut with_id = create("A");
    with_id.stored_id = Some("org/1".into());
    let (hubspot, script) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/create"),
            inputs(&[
                json!({"objectWriteTraceId": "0", "properties": {"name": "A", "flowtly_id": "org/1"}, "associations": []}),
                create_input(1, "B"),
                create_input(2, "C"),
            ]),
            207,
            &json!({"status": "COMPLETE", "results": [
                {"id": "12", "objectWriteTraceId": "2", "properties": whole("12", "C")["properties"]},
                {"id": "10", "objectWriteTraceId": "0", "properties": whole("10", "A")["properties"]},
            ], "numErrors": 1, "errors": [{"status": "error", "category": "VALIDATION_ERROR",
                "message": "Property values were not valid: [{\"isValid\":false,\"message\":\"too long\",\"error\":\"X\",\"name\":\"name\"}]",
                "context": {"objectWriteTraceId": ["1"]}}]}),
        )
        .play();
    let answers = hubspot.write(Kind::Company, &[with_id, create("B"), create("C")]).await;
    assert_eq!(stored(&answers[0]).id, id("10"));
    assert_eq!(failed(&answers[1]), (ErrorKind::Invalid, "HubSpot refused the data: name: too long"));
    let Written::Failed(error) = &answers[1] else { panic!() };
    assert_eq!(error.fields[0].path, "name");
    assert_eq!(stored(&answers[2]).id, id("12"));
    script.assert_finished();
}

#[tokio::test]
async fn new_records_without_a_trace_are_known_by_what_was_sent() {
    let (hubspot, script) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/create"),
            inputs(&[create_input(0, "A"), create_input(1, "B")]),
            201,
            &json!({"results": [whole("11", "b "), whole("10", "A")]}),
        )
        .play();
    let answers = hubspot.write(Kind::Company, &[create("A"), create("B")]).await;
    assert_eq!(stored(&answers[0]).id, id("10"));
    assert_eq!(stored(&answers[1]).id, id("11"));
    script.assert_finished();
}

#[tokio::test]
async fn a_new_record_that_shows_nothing_of_what_was_sent_is_nobodys() {
    let (hubspot, _) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/create"),
            inputs(&[create_input(0, "A"), create_input(1, "B")]),
            201,
            &json!({"results": [whole("10", "A"), whole("11", "something else")]}),
        )
        .play();
    let answers = hubspot.write(Kind::Company, &[create("A"), create("B")]).await;
    assert_eq!(stored(&answers[0]).id, id("10"));
    assert_eq!(failed(&answers[1]).0.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_new_record_that_could_be_either_of_two_is_nobodys() {
    let in_city = |city: &str| Write { texts: texts(&[("name", Some("A")), ("city", Some(city))]), ..create("A") };
    let input = |trace: &str, city: &str| json!({"objectWriteTraceId": trace, "properties": {"name": "A", "city": city}, "associations": []});
    let (hubspot, script) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/create"),
            inputs(&[input("0", "X"), input("1", "Y")]),
            201,
            &json!({"results": [whole("10", "A"), whole("11", "A")]}),
        )
        .play();
    let answers = hubspot.write(Kind::Company, &[in_city("X"), in_city("Y")]).await;
    assert!(answers.iter().all(|answer| failed(answer).0.outcome() == Outcome::Unknown));
    script.assert_finished();
}

#[tokio::test]
async fn a_batch_that_is_refused_whole_is_split_until_the_bad_one_stands_alone() {
    let target = format!("{COMPANIES}/batch/create");
    let refused =
        json!({"status": "error", "category": "VALIDATION_ERROR", "message": "bad name", "correlationId": "c"});
    let (hubspot, script) = Script::new()
        .post(
            &target,
            inputs(&[create_input(0, "A"), create_input(1, "B"), create_input(2, "bad"), create_input(3, "D")]),
            400,
            &refused,
        )
        .post(
            &target,
            inputs(&[create_input(0, "A"), create_input(1, "B")]),
            201,
            &json!({"results": [whole("10", "A"), whole("11", "B")]}),
        )
        .post(&target, inputs(&[create_input(2, "bad"), create_input(3, "D")]), 400, &refused)
        .post(&target, inputs(&[create_input(2, "bad")]), 400, &refused)
        .post(&target, inputs(&[create_input(3, "D")]), 201, &json!({"results": [whole("13", "D")]}))
        .play();
    let answers = hubspot.write(Kind::Company, &[create("A"), create("B"), create("bad"), create("D")]).await;
    assert_eq!(stored(&answers[0]).id, id("10"));
    assert_eq!(stored(&answers[1]).id, id("11"));
    assert_eq!(failed(&answers[2]).0, ErrorKind::Invalid);
    assert_eq!(stored(&answers[3]).id, id("13"));
    script.assert_finished();
}

#[tokio::test]
async fn what_of_a_refused_batch_is_not_reached_in_time_is_put_off() {
    let target = format!("{COMPANIES}/batch/create");
    let refused = json!({"status": "error", "category": "VALIDATION_ERROR", "message": "bad name"});
    let (hubspot, script) = Script::new()
        .slow(Duration::from_secs(20))
        .post(
            &target,
            inputs(&[create_input(0, "bad"), create_input(1, "B"), create_input(2, "C"), create_input(3, "D")]),
            400,
            &refused,
        )
        .post(&target, inputs(&[create_input(0, "bad"), create_input(1, "B")]), 400, &refused)
        // Late as it is, something has to come of it.
        .post(&target, inputs(&[create_input(0, "bad")]), 400, &refused)
        .play();
    let answers = hubspot.write(Kind::Company, &[create("bad"), create("B"), create("C"), create("D")]).await;
    assert_eq!(failed(&answers[0]).0, ErrorKind::Invalid);
    for answer in &answers[1..] {
        assert!(
            matches!(answer, Written::Failed(error) if error.kind == ErrorKind::RateLimited && error.superseded),
            "{answer:?}"
        );
    }
    script.assert_finished();
}

#[tokio::test]
async fn a_lost_reply_is_never_repeated() {
    for kind in [ErrorKind::Timeout, ErrorKind::Broken] {
        let (hubspot, script) = Script::new()
            .post_lost(
                &format!("{COMPANIES}/batch/create"),
                inputs(&[create_input(0, "A"), create_input(1, "B")]),
                kind,
            )
            .play();
        let answers = hubspot.write(Kind::Company, &[create("A"), create("B")]).await;
        assert!(answers.iter().all(|answer| failed(answer).0.outcome() == Outcome::Unknown));
        script.assert_finished();
    }
}

#[tokio::test]
async fn an_outage_or_half_a_reply_is_never_repeated_either() {
    for (status, reply) in [(502, json!("<html>")), (201, json!({"nothing": 1}))] {
        let (hubspot, script) = Script::new()
            .post(
                &format!("{COMPANIES}/batch/create"),
                inputs(&[create_input(0, "A"), create_input(1, "B")]),
                status,
                &reply,
            )
            .play();
        let answers = hubspot.write(Kind::Company, &[create("A"), create("B")]).await;
        assert!(answers.iter().all(|answer| failed(answer).0.outcome() == Outcome::Unknown), "{status}");
        script.assert_finished();
    }
}

#[tokio::test]
async fn a_refused_token_stops_the_rest() {
    let target = format!("{COMPANIES}/batch/create");
    let refused = json!({"status": "error", "category": "VALIDATION_ERROR", "message": "bad"});
    let (hubspot, script) = Script::new()
        .post(&target, inputs(&[create_input(0, "A"), create_input(1, "B")]), 400, &refused)
        .post(&target, inputs(&[create_input(0, "A")]), 401, &json!({"status": "error", "message": "expired"}))
        .play();
    let answers = hubspot.write(Kind::Company, &[create("A"), create("B")]).await;
    assert!(answers.iter().all(|answer| failed(answer).0 == ErrorKind::Unauthorized));
    script.assert_finished();
}

#[tokio::test]
async fn a_duplicate_names_the_record_that_is_there() {
    let mut person = create("x");
    person.texts = texts(&[("email", Some("a@b.example"))]);
    let (hubspot, script) = Script::new()
        .post(
            &format!("{CONTACTS}/batch/create"),
            json!({"inputs": [
                {"objectWriteTraceId": "0", "properties": {"email": "a@b.example"}, "associations": []}]}),
            409,
            &json!({"status": "error", "message": "Contact already exists. Existing ID: 6001", "category": "CONFLICT"}),
        )
        .play();
    let answers = hubspot.write(Kind::Contact, &[person]).await;
    let Written::Failed(error) = &answers[0] else { panic!() };
    assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::Conflict, Outcome::NotApplied));
    assert_eq!(error.duplicates, ids(["6001"]));
    script.assert_finished();
}

#[tokio::test]
async fn an_update_sends_what_changed_clears_with_an_empty_text_and_reads_the_rest_back() {
    let (hubspot, script) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/update"),
            inputs(&[
                json!({"id": "1", "objectWriteTraceId": "0", "properties": {"name": "New", "city": ""}}),
                json!({"id": "2", "objectWriteTraceId": "1", "properties": {"name": "B"}}),
            ]),
            207,
            &json!({"results": [{"id": "1", "properties": {"name": "New", "city": ""}, "updatedAt": "2026-11-23T12:00:00Z"}],
                "errors": [{"category": "OBJECT_NOT_FOUND", "message": "no such", "context": {"ids": ["2"]}}]}),
        )
        .post(
            &format!("{COMPANIES}/batch/read"),
            read(COMPANY_PROPERTIES, &["1"]),
            200,
            // Somebody changed the name between our write and this read.
            &json!({"results": [{"id": "1", "updatedAt": "2026-11-23T12:00:01Z", "properties":
                {"name": "Theirs", "city": "", "vat": "PL1", "lifecyclestage": null, "flowtly_id": "org/1"}}]}),
        )
        .play();
    let answers = hubspot
        .write(
            Kind::Company,
            &[update("1", &[("name", Some("New")), ("city", None)]), update("2", &[("name", Some("B"))])],
        )
        .await;
    let row = stored(&answers[0]);
    assert_eq!(text_of(row, 0), "New", "the write's own reply stands");
    assert_eq!((text_of(row, 1), text_of(row, 2), text_of(row, 3)), ("PL1", "", ""));
    assert_eq!(row.stored_id.as_deref(), Some("org/1"));
    assert_eq!(row.version.as_ref().unwrap().0, "2026-11-23T12:00:00Z");
    assert_eq!(failed(&answers[1]).0, ErrorKind::NotFound);
    script.assert_finished();
}

#[tokio::test]
async fn an_answer_about_another_record_is_none_and_one_about_the_survivor_is() {
    let (hubspot, _) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/update"),
            inputs(&[
                json!({"id": "1", "objectWriteTraceId": "0", "properties": {"name": "A"}}),
                json!({"id": "2", "objectWriteTraceId": "1", "properties": {"name": "B"}}),
            ]),
            200,
            &json!({"results": [
                {"id": "9", "objectWriteTraceId": "0", "properties": whole("9", "A")["properties"]},
                {"id": "8", "objectWriteTraceId": "1", "properties": {"name": "B", "vat": "", "city": "",
                    "lifecyclestage": "", "flowtly_id": "org/1", "hs_merged_object_ids": "2"}},
            ]}),
        )
        .play();
    let writes = [update("1", &[("name", Some("A"))]), update("2", &[("name", Some("B"))])];
    let answers = hubspot.write(Kind::Company, &writes).await;
    let Written::Failed(error) = &answers[0] else { panic!("stored in another record") };
    assert_eq!(error.kind.outcome(), Outcome::Unknown, "recovery looks: {error}");
    assert_eq!(stored(&answers[1]).id, id("8"));
}

#[tokio::test]
async fn a_write_that_was_taken_is_stored_even_if_it_cannot_be_read_back() {
    let (hubspot, script) = Script::new()
        .post(
            &format!("{COMPANIES}/batch/update"),
            inputs(&[json!({"id": "1", "objectWriteTraceId": "0", "properties": {"name": "New"}})]),
            200,
            &json!({"results": [{"id": "1", "properties": {"name": "New"}}]}),
        )
        .post(
            &format!("{COMPANIES}/batch/read"),
            read(COMPANY_PROPERTIES, &["1"]),
            503,
            &json!({"status": "error", "message": "later"}),
        )
        .play();
    let answers = hubspot.write(Kind::Company, &[update("1", &[("name", Some("New"))])]).await;
    let row = stored(&answers[0]);
    assert_eq!((text_of(row, 0), text_of(row, 1)), ("New", "?"), "what was not shown is unknown, never blank");
    script.assert_finished();
}

#[tokio::test]
async fn two_updates_of_one_record_go_in_two_requests_in_order() {
    let input = |name: &str, trace: &str| {
        inputs(&[json!({"id": "1", "objectWriteTraceId": trace, "properties": {"name": name}})])
    };
    let target = format!("{COMPANIES}/batch/update");
    let (hubspot, script) = Script::new()
        .post(&target, input("A", "0"), 200, &json!({"results": [whole("1", "A")]}))
        .post(&target, input("B", "1"), 200, &json!({"results": [whole("1", "B")]}))
        .play();
    let answers =
        hubspot.write(Kind::Company, &[update("1", &[("name", Some("A"))]), update("1", &[("name", Some("B"))])]).await;
    assert_eq!(text_of(stored(&answers[0]), 0), "A");
    assert_eq!(text_of(stored(&answers[1]), 0), "B");
    script.assert_finished();
}

#[tokio::test]
async fn a_new_contact_is_made_with_its_company_as_the_primary_one() {
    let mut person = create("x");
    person.texts = texts(&[("firstname", Some("Jan")), ("lastname", Some("K")), ("email", Some("a@b.example"))]);
    person.parent = Some(ParentWrite { from: None, to: id("70") });
    let (hubspot, script) = Script::new()
        .post(
            &format!("{CONTACTS}/batch/create"),
            json!({"inputs": [{
                "objectWriteTraceId": "0",
                "properties": {"firstname": "Jan", "lastname": "K", "email": "a@b.example"},
                "associations": [{"to": {"id": "70"}, "types": [
                    {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1},
                    {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}]}]}),
            201,
            &json!({"results": [{"id": "5", "properties":
                {"firstname": "Jan", "lastname": "K", "email": "a@b.example"}}]}),
        )
        .post(
            "/crm/associations/2026-03/contacts/companies/batch/read",
            json!({"inputs": [{"id": "5"}]}),
            503,
            &json!({"status": "error", "message": "later"}),
        )
        .play();
    let answers = hubspot.write(Kind::Contact, &[person]).await;
    assert_eq!(stored(&answers[0]).parents, ids(["70"]), "the company was part of the request that was taken");
    script.assert_finished();
}
