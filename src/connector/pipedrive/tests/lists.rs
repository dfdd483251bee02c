//! E-mail addresses and numbers: the primary one is ours, the others are the firm's.

use serde_json::{Value, json};

use super::*;
use crate::sandbox::CrmServer;

fn person(firm: &Firm) -> u64 {
    let id = firm.server.add_person(&[("name", "Jan"), ("emails", "work@a.example"), ("phones", "+48 1")], None);
    firm.server.add_entry(id, "emails", "home@a.example", "home");
    firm.server.add_entry(id, "phones", "+48 2", "mobile");
    id
}

fn shown(firm: &Firm, id: u64, list: &str) -> Value {
    firm.server.record(Kind::Contact, id).unwrap()[list].clone()
}

#[tokio::test]
async fn only_the_primary_one_is_replaced_and_labels_stay() {
    let firm = Firm::plain();
    let id = person(&firm);
    let row = firm.stored(Kind::Contact, update(id, &[("emails", Some("new@a.example"))])).await;
    assert_eq!((text(&row, 1), text(&row, 2)), ("new@a.example", "+48 1"));
    assert_eq!(
        shown(&firm, id, "emails"),
        json!([
            {"value": "new@a.example", "primary": true, "label": "work"},
            {"value": "home@a.example", "primary": false, "label": "home"},
        ])
    );
    assert_eq!(shown(&firm, id, "phones").as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_somebody_added_since_the_guard_stays() {
    let firm = Firm::plain();
    let id = person(&firm);
    firm.one(Kind::Contact, id).await;
    firm.server.add_entry(id, "emails", "third@a.example", "other");
    firm.stored(Kind::Contact, update(id, &[("emails", Some("new@a.example"))])).await;
    let emails = shown(&firm, id, "emails");
    let values: Vec<&str> = emails.as_array().unwrap().iter().map(|it| it["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["new@a.example", "home@a.example", "third@a.example"]);
}

#[tokio::test]
async fn a_secondary_one_becomes_the_primary_one_and_nothing_is_lost() {
    let firm = Firm::plain();
    let id = person(&firm);
    let row = firm.stored(Kind::Contact, update(id, &[("emails", Some("home@a.example"))])).await;
    assert_eq!(text(&row, 1), "home@a.example");
    let emails = shown(&firm, id, "emails");
    assert_eq!(emails.as_array().unwrap().len(), 2);
    assert_eq!(emails[0], json!({"value": "work@a.example", "primary": false, "label": "work"}));
}

#[tokio::test]
async fn a_cleared_one_is_taken_away_and_the_others_stay() {
    let firm = Firm::plain();
    let id = person(&firm);
    firm.stored(Kind::Contact, update(id, &[("phones", None)])).await;
    let phones = shown(&firm, id, "phones");
    assert_eq!(phones.as_array().unwrap().len(), 1);
    assert_eq!(phones[0]["value"], "+48 2");
    let alone = firm.server.add_person(&[("name", "Ewa"), ("emails", "ewa@a.example")], None);
    let row = firm.stored(Kind::Contact, update(alone, &[("emails", None)])).await;
    assert_eq!(text(&row, 1), "");
    assert_eq!(firm.server.text(Kind::Contact, alone, crate::sandbox::Property::Email), None);
}
