//! Firms with the other CRMs: what is wrong there is told, too.
//!
//! That nothing is told of what the engine leaves behind is seen on the scenarios of the crashes, which know every CRM.

use std::time::Duration;

use bytes::Bytes;
use flowtly_sync::connector::http::Transport as _;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{EMBEDDED, Embedded, Property, RouterTransport};
use http::Request;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::super::super::rules::Rules;
use super::super::{tells, trial};
use super::watched::Watched;
use crate::firm::{Firm, vat};

/// What a system is asked in its own words by somebody who has our credentials.
struct Words {
    crm: &'static str,
    /// The header that says who asks.
    header: (&'static str, &'static str),
    create: fn(name: &str, vat: &str) -> Asked,
    /// The record itself.
    look: fn(id: &str) -> Asked,
    /// Another phone number.
    update: fn(id: &str, phone: &str) -> Asked,
}

struct Asked {
    method: &'static str,
    path: String,
    body: Value,
}

const WORDS: [Words; 3] = [
    Words {
        crm: "espocrm",
        header: ("x-api-key", "sandbox-key"),
        create: |name, vat| Asked {
            method: "POST",
            path: "/api/v1/Account".to_owned(),
            body: json!({"name": name, "billingAddressCountry": "Poland", "cVatNumber": vat}),
        },
        look: |id| Asked { method: "GET", path: format!("/api/v1/Account/{id}"), body: Value::Null },
        update: |id, phone| Asked {
            method: "PUT",
            path: format!("/api/v1/Account/{id}"),
            body: json!({"phoneNumber": phone}),
        },
    },
    Words {
        crm: "odoo",
        header: ("authorization", "bearer sandbox-key"),
        create: |name, vat| Asked {
            method: "POST",
            path: "/json/2/res.partner/create".to_owned(),
            body: json!({"vals_list": [{"name": name, "vat": vat, "is_company": true}]}),
        },
        look: |id| Asked {
            method: "POST",
            path: "/json/2/res.partner/read".to_owned(),
            body: json!({"ids": [id.parse::<u64>().unwrap()], "fields": ["phone"]}),
        },
        update: |id, phone| Asked {
            method: "POST",
            path: "/json/2/res.partner/write".to_owned(),
            body: json!({"ids": [id.parse::<u64>().unwrap()], "vals": {"phone": phone}}),
        },
    },
    Words {
        crm: "pipedrive",
        header: ("x-api-token", "sandbox-token"),
        create: |name, vat| Asked {
            method: "POST",
            path: "/api/v2/organizations".to_owned(),
            body: json!({"name": name, "custom_fields": {key("VAT number"): vat}}),
        },
        look: |id| Asked { method: "GET", path: format!("/api/v2/organizations/{id}"), body: Value::Null },
        update: |id, phone| Asked {
            method: "PATCH",
            path: format!("/api/v2/organizations/{id}"),
            body: json!({"custom_fields": {key("Phone"): phone}}),
        },
    },
];

/// The key of a custom field.
fn key(name: &str) -> &'static str {
    let fields = flowtly_sync::sandbox::pipedrive::CUSTOM_FIELDS;
    fields.iter().find(|(_, other)| *other == name).unwrap().0
}

type Check = fn(&'static Words) -> Result<(), String>;

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for words in &WORDS {
        let runs: [(&str, Check); 6] = [
            ("a_doubled_record_is_told", |words| run(doubled(words))),
            ("an_invented_value_is_told", |words| run(invented(words))),
            ("a_text_that_changed_by_itself_is_told", |words| run(changed(words))),
            ("an_overwritten_edit_is_told", |words| run(overwritten(words))),
            ("a_lost_edit_is_told", |words| run(lost(words))),
            ("a_write_against_the_rules_is_told", |words| run(forbidden(words))),
        ];
        for (name, check) in runs {
            trials.push(trial(&format!("{}::{name}", words.crm), move || check(words)));
        }
    }
    trials
}

fn run(task: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(task)
}

/// A linked, settled pair with a contact, of which nothing is told.
async fn alfa(words: &Words) -> Result<(Watched, u64, u64), String> {
    let crm: &Embedded = EMBEDDED.iter().find(|crm| crm.name == words.crm).unwrap();
    let (watched, client, company) = Watched::alfa(Firm::embedded(crm)).await;
    watched.is_clean().await?;
    Ok((watched, client, company))
}

async fn send(watched: &Watched, words: &Words, asked: Asked) {
    let request = Request::builder()
        .method(asked.method)
        .uri(format!("http://127.0.0.1:2{}", asked.path))
        .header(words.header.0, words.header.1)
        .header("content-type", "application/json")
        .body(if asked.body.is_null() { Bytes::new() } else { Bytes::from(asked.body.to_string()) })
        .unwrap();
    let transport = RouterTransport::new(watched.firm.crm.router(), watched.firm.crm.faults());
    let reply = transport.send(request, Duration::from_secs(1), 1 << 20).await.unwrap();
    assert!(reply.status().is_success(), "{reply:?}");
}

async fn update(watched: &Watched, words: &Words, company: u64, phone: &str) {
    send(watched, words, (words.update)(&watched.firm.crm.id_text(company), phone)).await;
}

async fn told(watched: &Watched, invariant: &str, says: &str) -> Result<(), String> {
    tells(&watched.evidence().await, invariant, says)
}

async fn doubled(words: &Words) -> Result<(), String> {
    let (watched, ..) = alfa(words).await?;
    // Under another name: EspoCRM itself would refuse a namesake.
    send(&watched, words, (words.create)("Alfa Polska", &vat(1))).await;
    told(&watched, "no_duplicates", "was there and is the same").await?;
    told(&watched, "no_duplicates", "has 0 links").await?;
    told(&watched, "no_write_outside_the_plan", "neither journal nor history").await
}

async fn invented(words: &Words) -> Result<(), String> {
    let (watched, _, company) = alfa(words).await?;
    update(&watched, words, company, "+48221234567").await;
    told(&watched, "nothing_is_invented", "nobody typed").await?;
    told(&watched, "no_write_outside_the_plan", "neither journal nor history").await?;
    told(&watched, "both_sides_agree", "phone of").await
}

async fn changed(words: &Words) -> Result<(), String> {
    let (watched, _, company) = alfa(words).await?;
    watched.firm.crm.edit(Kind::Company, company, Property::Name, "Omega");
    told(&watched, "nothing_is_invented", "Omega").await?;
    told(&watched, "no_edit_is_lost", "nobody wrote it").await
}

async fn overwritten(words: &Words) -> Result<(), String> {
    let (watched, client, company) = alfa(words).await?;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressPhoneNumber", "+48 22 765 43 21"));
    watched.rest().await;
    watched.act(|firm| firm.crm.edit(Kind::Company, company, Property::Phone, "+48221111111"));
    watched.rest().await;
    watched.is_clean().await?;
    send(&watched, words, (words.look)(&watched.firm.crm.id_text(company))).await;
    update(&watched, words, company, "+48227654321").await;
    told(&watched, "no_edit_is_lost", "the history has no word of it").await
}

async fn lost(words: &Words) -> Result<(), String> {
    let (watched, client, _) = alfa(words).await?;
    watched.act(|firm| firm.flowtly.edit_client(client, "name", "Alfa Polska"));
    watched.rest().await;
    watched.is_clean().await?;
    watched.sql("DELETE FROM history WHERE field = '\"name\"' AND old LIKE '%Alfa%'").await;
    told(&watched, "no_edit_is_lost", "the history has no word of it").await
}

async fn forbidden(words: &Words) -> Result<(), String> {
    let (watched, client, _) = alfa(words).await?;
    watched.act(|firm| firm.flowtly.edit_client(client, "addressCity", "Kraków"));
    watched.rest().await;
    let mut evidence = watched.evidence().await;
    evidence.former.clear();
    let rules =
        "[rules.company.fields]\naddress = { direction = \"to-flowtly\" }\n[rules.contact]\ncreate_in_crm = false\n";
    evidence.rules = Rules::of(&format!("[{}]\n{rules}", words.crm));
    tells(&evidence, "nothing_against_the_rules", "against the direction to-flowtly")?;
    tells(&evidence, "nothing_against_the_rules", "which the rules forbid")
}
