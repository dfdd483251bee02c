//! A scripted HubSpot for tests: an ordered list of expected requests, each with its canned reply.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;

use super::{HubSpotConnector, HubSpotSettings};
use crate::clock::ManualClock;
use crate::connector::budget::Budget;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::{HttpSettings, Transport};
use crate::connector::registry::Parts;
use crate::connector::retry::RetrySettings;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::shape::{Cell, Delivered, Row, Shape};

/// What a company is asked for, in order.
pub(super) const COMPANY_PROPERTIES: &str =
    "name,vat,city,lifecyclestage,hs_lastmodifieddate,hs_merged_object_ids,flowtly_id";

/// What a contact is asked for, in order.
pub(super) const CONTACT_PROPERTIES: &str = "firstname,lastname,email,lastmodifieddate,hs_merged_object_ids";

#[derive(Debug)]
struct Exchange {
    /// Method, path and decoded query, as in `GET /crm/…?limit=100`.
    request: String,
    body: Option<Value>,
    reply: Result<(u16, String), ErrorKind>,
}

/// The exchanges that are still expected.
#[derive(Debug, Default)]
pub(super) struct Script {
    exchanges: Mutex<VecDeque<Exchange>>,
    clock: Mutex<Option<Arc<ManualClock>>>,
    takes: Duration,
}

impl Script {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Every reply takes so long.
    pub(super) fn slow(self, takes: Duration) -> Self {
        Self { takes, ..self }
    }

    pub(super) fn get(self, target: &str, status: u16, reply: &Value) -> Self {
        self.add(format!("GET {target}"), None, Ok((status, reply.to_string())))
    }

    pub(super) fn get_text(self, target: &str, status: u16, reply: &str) -> Self {
        self.add(format!("GET {target}"), None, Ok((status, reply.to_owned())))
    }

    pub(super) fn post(self, target: &str, body: Value, status: u16, reply: &Value) -> Self {
        let reply = if reply.is_null() { String::new() } else { reply.to_string() };
        self.add(format!("POST {target}"), Some(body), Ok((status, reply)))
    }

    pub(super) fn post_text(self, target: &str, body: Value, status: u16, reply: &str) -> Self {
        self.add(format!("POST {target}"), Some(body), Ok((status, reply.to_owned())))
    }

    pub(super) fn patch(self, target: &str, body: Value, status: u16, reply: &Value) -> Self {
        self.add(format!("PATCH {target}"), Some(body), Ok((status, reply.to_string())))
    }

    /// A request that no reply comes to.
    pub(super) fn post_lost(self, target: &str, body: Value, kind: ErrorKind) -> Self {
        self.add(format!("POST {target}"), Some(body), Err(kind))
    }

    fn add(self, request: String, body: Option<Value>, reply: Result<(u16, String), ErrorKind>) -> Self {
        self.exchanges.lock().unwrap().push_back(Exchange { request, body, reply });
        self
    }

    /// The connector that talks to this script with changed settings, and the script to be checked at the end.
    pub(super) fn play_with(self, change: impl FnOnce(&mut HubSpotSettings)) -> (HubSpotConnector, Arc<Self>) {
        self.play_shaped(shape(Kind::Contact), change)
    }

    /// The same with another mapping of contacts.
    pub(super) fn play_shaped(
        self,
        contact: Shape,
        change: impl FnOnce(&mut HubSpotSettings),
    ) -> (HubSpotConnector, Arc<Self>) {
        let mut settings = HubSpotSettings::of_defaults();
        change(&mut settings);
        self.connect(contact, settings).unwrap()
    }

    /// The connector with just these settings, or why it is not made.
    pub(super) fn connect(
        self,
        contact: Shape,
        settings: HubSpotSettings,
    ) -> Result<(HubSpotConnector, Arc<Self>), PortError> {
        let clock = Arc::new(ManualClock::new(now()));
        let script = Arc::new(self);
        *script.clock.lock().unwrap() = Some(Arc::clone(&clock));
        let http = HttpSettings {
            timeout: Duration::from_secs(30),
            body_limit: 1 << 20,
            retry: RetrySettings {
                initial: Duration::from_millis(1),
                max_interval: Duration::from_millis(1),
                max_elapsed: Duration::from_secs(1),
                max_tries: 1,
            },
        };
        let parts = Parts { company: shape(Kind::Company), contact, transport: script.clone(), clock, http };
        let connector = HubSpotConnector::new(settings, parts, Budget::default())?;
        Ok((connector, script))
    }

    pub(super) fn play(self) -> (HubSpotConnector, Arc<Self>) {
        self.play_with(|_| ())
    }

    /// Fails if a request was expected that never came.
    pub(super) fn assert_finished(&self) {
        let left = self.exchanges.lock().unwrap();
        assert!(left.is_empty(), "never asked: {left:#?}");
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: Request<Bytes>,
        _timeout: Duration,
        _body_limit: usize,
    ) -> Result<http::Response<Bytes>, PortError> {
        if let Some(clock) = self.clock.lock().unwrap().as_ref() {
            clock.advance(self.takes);
        }
        let url = url::Url::parse(&request.uri().to_string()).unwrap();
        let query: Vec<String> = url.query_pairs().map(|(key, value)| format!("{key}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let came = format!("{} {}{query}", request.method(), url.path());
        let body: Option<Value> = (!request.body().is_empty()).then(|| serde_json::from_slice(request.body()).unwrap());
        let expected = self.exchanges.lock().unwrap().pop_front();
        let Some(expected) = expected else { panic!("unexpected request: {came} {body:?}") };
        assert_eq!(came, expected.request, "body: {body:?}");
        assert_eq!(body, expected.body, "{came}");
        assert_eq!(request.headers().get("authorization").unwrap(), "Bearer secret-token");
        match expected.reply {
            Ok((status, reply)) => Ok(http::Response::builder().status(status).body(Bytes::from(reply)).unwrap()),
            Err(kind) => Err(PortError::new(kind, "the wire")),
        }
    }
}

/// What our clock shows.
pub(super) fn now() -> DateTime<Utc> {
    time("2026-11-23T12:00:00Z")
}

pub(super) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn id(id: &str) -> RemoteId {
    RemoteId::new(id)
}

pub(super) fn ids<const N: usize>(ids: [&str; N]) -> Vec<RemoteId> {
    ids.into_iter().map(RemoteId::new).collect()
}

pub(super) fn ids_of(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

pub(super) fn text_of(row: &Row, position: usize) -> &str {
    match &row.texts[position] {
        Delivered::Unknown => "?",
        Delivered::Blank => "",
        Delivered::Text(text) => text,
    }
}

/// A small mapping: a company's name, tax number and city (and a watched stage), a contact's names and e-mail.
pub(super) fn shape(kind: Kind) -> Shape {
    let cell = |field, part, path: &str| Cell::new(field, part, path);
    let (cells, watched) = match kind {
        Kind::Company => (
            vec![
                cell(Field::Name, Part::Whole, "name"),
                cell(Field::TaxIdentity, Part::Number, "vat"),
                cell(Field::Address, Part::City, "city"),
            ],
            vec!["lifecyclestage".to_owned()],
        ),
        Kind::Contact => (
            vec![
                cell(Field::PersonName, Part::First, "firstname"),
                cell(Field::PersonName, Part::Last, "lastname"),
                cell(Field::Email, Part::Whole, "email"),
            ],
            Vec::new(),
        ),
    };
    Shape { side: Side::Crm, kind, cells, watched, scope: Vec::new() }
}
