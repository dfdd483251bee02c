//! Each system proves and says it in its own way, and what it says travels.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::{Embedded, FlowtlyOptions, HubSpotOptions, HubSpotServer, Property};
use serde_json::json;

use super::bench::{Caller, beside, hmac, secret};
use crate::firm::{Firm, clock, vat};

const SERVED: &str = "[web]\nenabled = true\n";
const PATH_SECRET: &str = "0123456789abcdef";

/// A firm with the embedded CRM of this name.
fn firm_with(crm: &str, extra: &str) -> Firm {
    let clock = clock();
    let embedded = Embedded::named(crm).unwrap();
    let server = (embedded.start)(clock.clone());
    let idle = HubSpotServer::new(HubSpotOptions::default(), clock.clone());
    Firm::made(clock, FlowtlyOptions::default(), server, idle, &format!("{SERVED}{extra}"))
}

/// Somebody edits a company in the CRM, the CRM says so as `deliver` does, and the edit travels without a walk. Before that,
/// what `forge` sends is refused.
async fn travels(firm: &Firm, deliver: impl AsyncFn(&Caller, &str) -> u16, forge: impl AsyncFn(&Caller, &str) -> u16) {
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    let id = firm.crm.id_text(company);
    beside(firm, async |caller| {
        assert!(firm.crm.edit(Kind::Company, company, Property::City, "Kraków"));
        assert_eq!(forge(&caller, &id).await, 401);
        assert_eq!(caller.watch.hints.waiting(), 0);
        assert_eq!(deliver(&caller, &id).await, 200);
        let city = async || firm.client_text(client, "addressCity").as_deref() == Some("Kraków");
        caller.until("the city", city).await;
        caller.passes("hinted", "applied", 1.0).await;
    })
    .await;
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn espocrm_signs_with_the_key_of_each_webhook() {
    let firm = firm_with("espocrm", "[espocrm.webhook]\nkeys_file = \"webhooks\"\n");
    secret(&firm, "webhooks", "aa11 key-one Contact.update\nbb22 key-two Account.update\n");
    let post = async |caller: &Caller, key: &str, id: &str| {
        let body = json!([{ "id": id, "billingAddressCity": "Kraków" }]).to_string();
        let code = hmac(key, body.as_bytes()).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let headers = [("signature", STANDARD.encode(format!("bb22:{code}")))];
        caller.post("/webhooks/espocrm", &headers, body).await.0
    };
    travels(
        &firm,
        async |caller, id| post(caller, "key-two", id).await,
        async |caller, id| post(caller, "key-one", id).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipedrive_knows_a_name_and_a_password() {
    let firm = firm_with("pipedrive", "[pipedrive.webhook]\nusername = \"sync\"\npassword_file = \"password\"\n");
    secret(&firm, "password", "hush");
    let post = async |caller: &Caller, user: &str, id: &str| {
        let meta =
            json!({"action": "change", "entity": "organization", "entity_id": id, "id": "a1b2", "version": "2.0"});
        let body = json!({ "meta": meta, "data": {}, "previous": {} }).to_string();
        let headers = [("authorization", format!("Basic {}", STANDARD.encode(user)))];
        caller.post("/webhooks/pipedrive", &headers, body).await.0
    };
    travels(
        &firm,
        async |caller, id| post(caller, "sync:hush", id).await,
        async |caller, id| post(caller, "sync:hus", id).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odoo_knows_a_path() {
    let firm = firm_with("odoo", "[odoo.webhook]\nsecret_file = \"path\"\n");
    secret(&firm, "path", PATH_SECRET);
    let post = async |caller: &Caller, path: &str, id: &str| {
        let body = json!({"_model": "res.partner", "_id": id.parse::<u64>().unwrap(), "_action": "Tell flowtly-sync"});
        caller.post(path, &[], body.to_string()).await.0
    };
    travels(
        &firm,
        async |caller, id| post(caller, &format!("/webhooks/odoo/{PATH_SECRET}"), id).await,
        async |caller, id| post(caller, "/webhooks/odoo", id).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flowtly_knows_a_header_and_what_it_names_travels_to_the_crm() {
    let extra = "[flowtly.webhook]\nheader = \"X-Secret\"\nsecret_file = \"secret\"\n";
    let firm = Firm::configured(&format!("{SERVED}{extra}"));
    secret(&firm, "secret", "hush");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    beside(&firm, async |caller| {
        firm.flowtly.edit_client(client, "addressCity", "Kraków");
        let body = json!({"event": "client.updated", "data": {"@id": format!("/clients/{client}"), "name": "Alfa"}})
            .to_string();
        assert_eq!(caller.post("/webhooks/flowtly", &[("x-secret", "hus".into())], body.clone()).await.0, 401);
        assert_eq!(caller.post("/webhooks/flowtly", &[("x-secret", "hush".into())], body).await.0, 200);
        let city = async || firm.crm.text(Kind::Company, company, Property::City).as_deref() == Some("Kraków");
        caller.until("the city", city).await;
        caller.passes("hinted", "applied", 1.0).await;
        // What names nothing says that something changed: a pass that walks looks.
        firm.flowtly.edit_client(client, "addressCity", "Gdańsk");
        let headers = [("x-secret", "hush".to_owned())];
        assert_eq!(caller.post("/webhooks/flowtly", &headers, r#"{"event":"sth"}"#).await.0, 200);
        let city = async || firm.crm.text(Kind::Company, company, Property::City).as_deref() == Some("Gdańsk");
        caller.until("the other city", city).await;
    })
    .await;
    assert_eq!(firm.pairs(Kind::Company).await.len(), 1, "{}", Side::Flowtly);
    firm.assert_settled().await;
}
