//! The sandbox servers against the tables of what the real systems answer.

mod flowtly_lists;
mod flowtly_reads;
mod flowtly_writes;
mod hubspot_reads;
mod hubspot_writes;
mod hubspot_links;
mod espocrm_reads;
mod espocrm_writes;
mod odoo_reads;
mod odoo_writes;
mod pipedrive_reads;
mod pipedrive_writes;
mod hubspot_notes;
mod failures;
mod seeds;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{EspoOptions, EspoServer, FlowtlyOptions, FlowtlyServer, HubSpotOptions, HubSpotServer};
use crate::clock::ManualClock;

const LINKED: &str = "application/ld+json";

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(DateTime::from_timestamp(1_795_000_000, 0).unwrap()))
}

/// An answer as a test looks at it.
#[derive(Debug)]
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.text()))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Sends; headers as `name: value`.
async fn send(router: &Router, request: &str, headers: &[&str], body: impl Into<Body>) -> Seen {
    let (method, target) = request.split_once(' ').unwrap();
    let mut builder = Request::builder().method(method).uri(target).header("host", "sandbox");
    for line in headers {
        let (name, value) = line.split_once(": ").unwrap();
        builder = builder.header(name, value);
    }
    let response = router.clone().oneshot(builder.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    Seen { status: parts.status, headers: parts.headers, body }
}

/// A Flowtly and a token for it.
struct Office {
    server: FlowtlyServer,
    clock: Arc<ManualClock>,
    router: Router,
    token: String,
}

impl Office {
    async fn open(options: FlowtlyOptions) -> Self {
        let clock = clock();
        let login = format!("POST {}{}", options.prefix, options.login_path);
        let server = FlowtlyServer::new(options, clock.clone());
        let router = server.router();
        let body = json!({"username": "sync@example.com", "password": "sandbox"}).to_string();
        let seen = send(&router, &login, &["content-type: application/json"], body).await;
        let token = seen.json()["token"].as_str().unwrap().to_owned();
        server.clear_log();
        Self { server, clock, router, token }
    }

    async fn plain() -> Self {
        Self::open(FlowtlyOptions::default()).await
    }

    /// A plain one with so many clients, named `Client 1` and so on.
    async fn with_clients(count: u64) -> Self {
        let office = Self::plain().await;
        for number in 1..=count {
            office.add(&format!("Client {number}"));
        }
        office
    }

    fn add(&self, name: &str) -> u64 {
        self.server.add_client(&json!({
            "name": name, "country": "PL", "currency": "PLN", "status": "active", "tinType": "nip",
        }))
    }

    async fn ask(&self, request: &str, headers: &[&str], body: impl Into<Body>) -> Seen {
        let bearer = format!("authorization: Bearer {}", self.token);
        let headers: Vec<&str> = headers.iter().copied().chain([bearer.as_str()]).collect();
        send(&self.router, request, &headers, body).await
    }

    async fn get(&self, target: &str) -> Seen {
        self.ask(&format!("GET {target}"), &["accept: application/ld+json"], Body::empty()).await
    }

    async fn post(&self, target: &str, body: impl Into<Body>) -> Seen {
        let headers = ["accept: application/ld+json", "content-type: application/ld+json"];
        self.ask(&format!("POST {target}"), &headers, body).await
    }

    async fn patch(&self, target: &str, body: Value) -> Seen {
        let headers = ["accept: application/ld+json", "content-type: application/merge-patch+json"];
        self.ask(&format!("PATCH {target}"), &headers, body.to_string()).await
    }
}

/// A HubSpot.
struct Portal {
    server: HubSpotServer,
    clock: Arc<ManualClock>,
    router: Router,
}

impl Portal {
    fn open(options: HubSpotOptions) -> Self {
        let clock = clock();
        let server = HubSpotServer::new(options, clock.clone());
        Self { router: server.router(), server, clock }
    }

    fn plain() -> Self {
        Self::open(HubSpotOptions::default())
    }

    async fn get(&self, target: &str) -> Seen {
        send(&self.router, &format!("GET {target}"), &["authorization: Bearer sandbox-token"], Body::empty()).await
    }

    async fn send(&self, request: &str, body: Value) -> Seen {
        let headers = ["authorization: Bearer sandbox-token", "content-type: application/json"];
        send(&self.router, request, &headers, body.to_string()).await
    }

    async fn post(&self, target: &str, body: Value) -> Seen {
        self.send(&format!("POST {target}"), body).await
    }

    fn pass(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }
}

/// An EspoCRM.
struct Espo {
    server: EspoServer,
    clock: Arc<ManualClock>,
    router: Router,
}

impl Espo {
    fn open(options: EspoOptions) -> Self {
        let clock = clock();
        let server = EspoServer::new(options, clock.clone());
        Self { router: server.router(), server, clock }
    }

    fn plain() -> Self {
        Self::open(EspoOptions::default())
    }

    async fn get(&self, target: &str) -> Seen {
        let request = format!("GET /api/v1/{target}");
        send(&self.router, &request, &["x-api-key: sandbox-key"], Body::empty()).await
    }

    /// Sends JSON, with headers beside the usual ones.
    async fn send(&self, request: &str, more: &[&str], body: impl Into<Body>) -> Seen {
        let (method, target) = request.split_once(' ').unwrap();
        let usual = ["x-api-key: sandbox-key", "content-type: application/json"];
        let headers = [usual.as_slice(), more].concat();
        send(&self.router, &format!("{method} /api/v1/{target}"), &headers, body).await
    }

    async fn post(&self, target: &str, body: Value) -> Seen {
        self.send(&format!("POST {target}"), &[], body.to_string()).await
    }

    async fn put(&self, target: &str, body: Value) -> Seen {
        self.send(&format!("PUT {target}"), &[], body.to_string()).await
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
