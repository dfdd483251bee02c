//! Webhooks: the input is the body of a delivery that proves where it comes from, of each system in turn; and it is the proof of
//! one that proves nothing.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowtly_sync::config::Environment;
use flowtly_sync::connector::webhook::{About, Delivery, Heard, Refused, Webhook};
use flowtly_sync::domain::record::RemoteId;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use super::script::{began, load_text};

const SECRET: &str = "0123456789abcdef";
const URL: &str = "https://sync.example.com/webhooks/hubspot";

/// The longest id that may come out of any body.
const ID_BYTES: usize = 64;

/// What reads the webhooks of every system.
static WEBHOOKS: LazyLock<Vec<Arc<dyn Webhook>>> = LazyLock::new(|| {
    let subscription = format!("aa11 {SECRET}");
    let variables = |crm: &'static str| -> Environment {
        let own = match crm {
            "HUBSPOT" => vec![("TOKEN", SECRET), ("WEBHOOK__SECRET", SECRET)],
            "ESPOCRM" => vec![("API_KEY", SECRET), ("WEBHOOK__KEYS", subscription.as_str())],
            "PIPEDRIVE" => vec![("TOKEN", SECRET), ("WEBHOOK__USERNAME", "sync"), ("WEBHOOK__PASSWORD", SECRET)],
            _ => vec![("API_KEY", SECRET), ("WEBHOOK__SECRET", SECRET)],
        };
        let own = own.into_iter().chain([("BASE_URL", "https://crm.example.com")]);
        let own = own.map(|(name, value)| (format!("FLOWTLY_SYNC__{crm}__{name}"), value.to_owned()));
        let flowtly =
            ["TOKEN", "WEBHOOK__SECRET"].map(|name| (format!("FLOWTLY_SYNC__FLOWTLY__{name}"), SECRET.to_owned()));
        own.chain(flowtly).collect()
    };
    let mut webhooks = Vec::new();
    for crm in ["HUBSPOT", "ESPOCRM", "PIPEDRIVE", "ODOO"] {
        let text = format!("crm.kind = \"{}\"", crm.to_lowercase());
        let settings = load_text(&text, &variables(crm)).unwrap_or_else(|problems| panic!("{problems}"));
        webhooks.extend(settings.crm.webhook());
        if crm == "ODOO" {
            webhooks.extend(settings.flowtly.webhook());
        }
    }
    assert_eq!(webhooks.len(), 5);
    webhooks
});

pub fn webhooks(input: &[u8]) {
    for webhook in WEBHOOKS.iter() {
        let headers = proved(webhook.system(), input);
        let proved =
            |body| Delivery { url: Some(URL), path_secret: Some(SECRET), headers: &headers, body, now: began() };
        match webhook.receive(&proved(input)) {
            Ok(heard) => heard.iter().for_each(check),
            Err(refused) => assert_eq!(refused, Refused::Unreadable, "{} is proved", webhook.system()),
        }
        let unproved = unproved(input);
        let path = std::str::from_utf8(input).ok();
        let delivery = Delivery { url: Some(URL), path_secret: path, headers: &unproved, body: b"[]", now: began() };
        if path != Some(SECRET) {
            assert_eq!(webhook.receive(&delivery), Err(Refused::Unproved), "{}", webhook.system());
        }
    }
}

/// What is heard is plain: ids of letters, digits and hyphens.
fn check(heard: &Heard) {
    let About::Records(records) = &heard.about else { return };
    assert!(!records.is_empty() && records.len() <= 5_000);
    let fits = |id: &RemoteId| {
        let id = id.as_str();
        (1..=ID_BYTES).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    assert!(records.iter().all(|(_, id)| fits(id)), "{records:?}");
}

fn proved(system: &str, body: &[u8]) -> HeaderMap {
    let code = |pieces: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key has any length");
        for piece in pieces {
            mac.update(piece);
        }
        mac.finalize().into_bytes()
    };
    let lines: Vec<(&str, String)> = match system {
        "hubspot" => {
            let stamp = began().timestamp_millis().to_string();
            let code = code(&[b"POST", URL.as_bytes(), body, stamp.as_bytes()]);
            vec![("x-hubspot-signature-v3", STANDARD.encode(code)), ("x-hubspot-request-timestamp", stamp)]
        }
        "espocrm" => {
            let hex = code(&[body]).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            vec![("signature", STANDARD.encode(format!("aa11:{hex}")))]
        }
        "pipedrive" => vec![("authorization", format!("Basic {}", STANDARD.encode(format!("sync:{SECRET}"))))],
        _ => Vec::new(),
    };
    lines.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?))).collect()
}

/// The input in the place of every proof.
fn unproved(input: &[u8]) -> HeaderMap {
    let Ok(value) = HeaderValue::from_bytes(input) else { return HeaderMap::new() };
    let names = ["x-hubspot-signature-v3", "x-hubspot-request-timestamp", "signature", "authorization"];
    names.into_iter().map(|name| (HeaderName::from_static(name), value.clone())).collect()
}
