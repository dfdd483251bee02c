//! Contacts that move from one company to another.

use serde_json::{Value, json};

use super::super::script::{CONTACT_PROPERTIES, Script, id, ids, text_of};
use crate::connector::error::{ErrorKind, Outcome};
use crate::connector::port::{ParentWrite, Sink, Target, Write, Written};
use crate::domain::record::Kind;

const CONTACTS: &str = "/crm/objects/2026-03/contacts";
const LINKS: &str = "/crm/associations/2026-03/contacts/companies/batch";

fn moved(contact: &str, from: Option<&str>, to: &str) -> Write {
    Write {
        target: Target::Update { id: id(contact), version: None },
        texts: Vec::new(),
        parent: Some(ParentWrite { from: from.map(id), to: id(to) }),
        stored_id: None,
        apart_from: Vec::new(),
    }
}

fn made(pairs: &[(&str, &str)]) -> Value {
    let primary = |(contact, company): &(&str, &str)| home(contact, company, &[1, 279]);
    json!({"inputs": pairs.iter().map(primary).collect::<Vec<_>>()})
}

fn home(contact: &str, company: &str, types: &[u32]) -> Value {
    let of_hubspot = |id: &u32| json!({"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": id});
    let types: Vec<Value> = types.iter().map(of_hubspot).collect();
    json!({"from": {"id": contact}, "to": {"id": company}, "types": types})
}

fn read(ids: &[&str]) -> Value {
    let properties: Vec<&str> = CONTACT_PROPERTIES.split(',').collect();
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"properties": properties, "propertiesWithHistory": [], "inputs": inputs})
}

fn contacts(ids: &[&str]) -> Value {
    let results: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "properties": {"firstname": "Jan", "lastname": "K", "email": "a@b.example"}}))
        .collect();
    json!({"results": results})
}

fn links(of: &[(&str, u64)]) -> Value {
    let results: Vec<Value> = of
        .iter()
        .map(|(contact, company)| {
            json!({"from": {"id": contact}, "to": [{"toObjectId": company, "associationTypes": [
                {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}]}]})
        })
        .collect();
    json!({"results": results})
}

fn of(ids: &[&str]) -> Value {
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"inputs": inputs})
}

#[tokio::test]
async fn a_third_company_that_is_the_primary_one_stays_it() {
    let shown = |contact: &str, companies: &[(u64, bool)]| {
        let to = |(company, primary): &(u64, bool)| {
            let plain = json!({"category": "HUBSPOT_DEFINED", "typeId": 279, "label": null});
            let label = json!({"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"});
            let types = if *primary { vec![label, plain] } else { vec![plain] };
            json!({"toObjectId": company, "associationTypes": types})
        };
        json!({"from": {"id": contact}, "to": companies.iter().map(to).collect::<Vec<_>>()})
    };
    let (hubspot, script) = Script::new()
        .post(
            &format!("{LINKS}/read"),
            of(&["5", "6", "7"]),
            200,
            &json!({"results": [
                shown("5", &[(70, false), (69, true)]),
                shown("6", &[(70, true), (69, false)]),
                shown("7", &[(70, false)]),
            ]}),
        )
        .post(
            &format!("{LINKS}/create"),
            json!({"inputs": [home("5", "71", &[279]), home("6", "71", &[1, 279]), home("7", "71", &[1, 279])]}),
            201,
            &json!({"results": []}),
        )
        .post(
            &format!("{LINKS}/archive"),
            json!({"inputs": [
                {"from": {"id": "5"}, "to": [{"id": "70"}]},
                {"from": {"id": "6"}, "to": [{"id": "70"}]},
                {"from": {"id": "7"}, "to": [{"id": "70"}]},
            ]}),
            204,
            &Value::Null,
        )
        .post(&format!("{CONTACTS}/batch/read"), read(&["5", "6", "7"]), 200, &contacts(&["5", "6", "7"]))
        .post(
            &format!("{LINKS}/read"),
            of(&["5", "6", "7"]),
            200,
            &json!({"results": [
                shown("5", &[(71, false), (69, true)]),
                shown("6", &[(71, true), (69, false)]),
                shown("7", &[(71, true)]),
            ]}),
        )
        .play();
    let moves = ["5", "6", "7"].map(|contact| moved(contact, Some("70"), "71"));
    let answers = hubspot.write(Kind::Contact, &moves).await;
    assert!(answers.iter().all(|answer| matches!(answer, Written::Stored(_))), "{answers:?}");
    script.assert_finished();
}

#[tokio::test]
async fn a_contact_whose_companies_cannot_be_read_is_not_moved() {
    let slow = json!({"status": "error", "message": "slow down"});
    let (hubspot, script) = Script::new().post(&format!("{LINKS}/read"), of(&["5"]), 429, &slow).play();
    let answers = hubspot.write(Kind::Contact, &[moved("5", Some("70"), "71")]).await;
    assert!(matches!(&answers[0], Written::Failed(error) if error.kind == ErrorKind::RateLimited));
    script.assert_finished();
}

#[tokio::test]
async fn the_new_company_is_there_before_the_old_one_is_left() {
    let (hubspot, script) = Script::new()
        .post(&format!("{LINKS}/read"), of(&["5", "6"]), 200, &links(&[("5", 70)]))
        .post(&format!("{LINKS}/create"), made(&[("5", "71"), ("6", "71")]), 201, &json!({"results": []}))
        .post(
            &format!("{LINKS}/archive"),
            json!({"inputs": [{"from": {"id": "5"}, "to": [{"id": "70"}]}]}),
            204,
            &Value::Null,
        )
        .post(&format!("{CONTACTS}/batch/read"), read(&["5", "6"]), 200, &contacts(&["5", "6"]))
        .post(&format!("{LINKS}/read"), of(&["5", "6"]), 200, &links(&[("5", 71), ("6", 71)]))
        .play();
    let answers = hubspot.write(Kind::Contact, &[moved("5", Some("70"), "71"), moved("6", None, "71")]).await;
    for answer in &answers {
        let Written::Stored(row) = answer else { panic!("{answer:?}") };
        assert_eq!(row.parents, ids(["71"]));
        assert_eq!(text_of(row, 0), "Jan", "the whole record is shown, though nothing of it was sent");
    }
    script.assert_finished();
}

#[tokio::test]
async fn texts_that_are_refused_leave_the_contact_where_it_is() {
    let mut write = moved("5", Some("70"), "71");
    write.texts = vec![("email".to_owned(), Some("nonsense".to_owned()))];
    let (hubspot, script) = Script::new()
        .post(
            &format!("{CONTACTS}/batch/update"),
            json!({"inputs": [{"id": "5", "objectWriteTraceId": "0", "properties": {"email": "nonsense"}}]}),
            400,
            &json!({"status": "error", "message": "bad e-mail", "category": "VALIDATION_ERROR"}),
        )
        .play();
    let answers = hubspot.write(Kind::Contact, &[write]).await;
    assert!(matches!(&answers[0], Written::Failed(error) if error.kind == ErrorKind::Invalid));
    script.assert_finished();
}

#[tokio::test]
async fn a_refused_batch_of_links_is_taken_apart_and_nobody_loses_a_company() {
    let refused = json!({"status": "error", "message": "no company 99", "category": "VALIDATION_ERROR"});
    let (hubspot, script) = Script::new()
        .post(&format!("{LINKS}/read"), of(&["5", "6"]), 200, &links(&[("5", 70), ("6", 70)]))
        .post(&format!("{LINKS}/create"), made(&[("5", "99"), ("6", "71")]), 400, &refused)
        .post(&format!("{LINKS}/create"), made(&[("5", "99")]), 400, &refused)
        .post(&format!("{LINKS}/create"), made(&[("6", "71")]), 201, &json!({"results": []}))
        .post(
            &format!("{LINKS}/archive"),
            json!({"inputs": [{"from": {"id": "6"}, "to": [{"id": "70"}]}]}),
            204,
            &Value::Null,
        )
        .post(&format!("{CONTACTS}/batch/read"), read(&["6"]), 200, &contacts(&["6"]))
        .post(&format!("{LINKS}/read"), of(&["6"]), 200, &links(&[("6", 71)]))
        .play();
    let answers = hubspot.write(Kind::Contact, &[moved("5", Some("70"), "99"), moved("6", Some("70"), "71")]).await;
    assert!(matches!(&answers[0], Written::Failed(error) if error.kind == ErrorKind::Invalid));
    assert!(matches!(&answers[1], Written::Stored(row) if row.parents == ids(["71"])));
    script.assert_finished();
}

#[tokio::test]
async fn a_lost_reply_to_a_move_is_an_unknown_outcome_and_is_not_repeated() {
    let (hubspot, script) = Script::new()
        .post(&format!("{LINKS}/read"), of(&["5", "6"]), 200, &links(&[("5", 70)]))
        .post_lost(&format!("{LINKS}/create"), made(&[("5", "71"), ("6", "71")]), ErrorKind::Timeout)
        .play();
    let answers = hubspot.write(Kind::Contact, &[moved("5", Some("70"), "71"), moved("6", None, "71")]).await;
    for answer in &answers {
        assert!(matches!(answer, Written::Failed(error) if error.kind.outcome() == Outcome::Unknown));
    }
    script.assert_finished();
}

#[tokio::test]
async fn an_updated_contact_whose_companies_cannot_be_read_is_an_unknown_outcome_and_not_an_orphan() {
    let mut write = moved("5", None, "71");
    write.parent = None;
    write.texts = vec![("email".to_owned(), Some("a@b.example".to_owned()))];
    let (hubspot, script) = Script::new()
        .post(
            &format!("{CONTACTS}/batch/update"),
            json!({"inputs": [{"id": "5", "objectWriteTraceId": "0", "properties": {"email": "a@b.example"}}]}),
            200,
            &contacts(&["5"]),
        )
        .post(&format!("{LINKS}/read"), of(&["5"]), 429, &json!({"status": "error", "message": "slow down"}))
        .play();
    let answers = hubspot.write(Kind::Contact, &[write]).await;
    assert!(matches!(&answers[0], Written::Failed(error) if error.kind.outcome() == Outcome::Unknown));
    script.assert_finished();
}
