//! The connector against the embedded server, over both protocols.

mod reads;
mod companies;
mod rights;
mod walks;
mod writes;
mod errors;
mod account;
mod documents;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response};
use serde_json::{Value, json};

use super::{OdooConnector, OdooSettings, Protocol};
use crate::clock::ManualClock;
use crate::connector::error::PortError;
use crate::connector::http::{HttpSettings, Transport};
use crate::connector::port::{Extent, Frontier, Lookup, ParentWrite, Sink, Source, Step, Target, Walk, Write, Written};
use crate::connector::registry::Parts;
use crate::connector::retry::RetrySettings;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::shape::{Cell, Countries, Delivered, Row, Shape};
use crate::sandbox::{OdooOptions, OdooServer, RouterTransport};

/// A version that speaks JSON-2, and one that speaks JSON-RPC alone.
const VERSIONS: [u64; 2] = [19, 17];

/// A server that takes its time.
#[derive(Debug)]
struct Slow {
    inner: RouterTransport,
    clock: Arc<ManualClock>,
    each: Duration,
}

#[async_trait]
impl Transport for Slow {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        self.clock.advance(self.each);
        self.inner.send(request, timeout, body_limit).await
    }
}

/// An Odoo, and the connector that talks to it.
struct Firm {
    server: OdooServer,
    clock: Arc<ManualClock>,
    odoo: OdooConnector,
}

impl Firm {
    fn new() -> Self {
        Self::with(OdooOptions::default(), |_| ())
    }

    /// The same over the protocol that a version speaks.
    fn of_version(version: u64) -> Self {
        Self::with(OdooOptions { version, ..OdooOptions::default() }, |_| ())
    }

    fn with(options: OdooOptions, change: impl FnOnce(&mut OdooSettings)) -> Self {
        Self::mapped(options, shape(Kind::Company), shape(Kind::Contact), change)
    }

    fn mapped(options: OdooOptions, company: Shape, contact: Shape, change: impl FnOnce(&mut OdooSettings)) -> Self {
        Self::slow(options, company, contact, Duration::ZERO, change)
    }

    /// One whose server takes so long for each request.
    fn slow(
        options: OdooOptions,
        company: Shape,
        contact: Shape,
        each: Duration,
        change: impl FnOnce(&mut OdooSettings),
    ) -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-23T12:00:00Z".parse().unwrap()));
        let server = OdooServer::new(options, clock.clone());
        let mut settings = OdooSettings {
            base_url: "http://127.0.0.1".parse().unwrap(),
            api_key: "sandbox-key".into(),
            database: Some("sandbox".to_owned()),
            login: Some("sync@example.com".to_owned()),
            page_size: 3,
            ..OdooSettings::of_defaults()
        };
        change(&mut settings);
        let retry = RetrySettings { initial: Duration::from_millis(1), max_tries: 2, ..RetrySettings::default() };
        let parts = Parts {
            company,
            contact,
            transport: Arc::new(Slow {
                inner: RouterTransport::new(server.router(), server.faults()),
                clock: clock.clone(),
                each,
            }),
            clock: clock.clone(),
            http: HttpSettings { retry, ..HttpSettings::default() },
        };
        let odoo = OdooConnector::new(settings, parts).unwrap();
        Self { server, clock, odoo }
    }

    fn company(&self, name: &str) -> u64 {
        self.server.add_partner(&json!({"is_company": true, "name": name}))
    }

    fn person(&self, name: &str, company: Option<u64>) -> u64 {
        let parent = company.map_or(Value::Bool(false), |company| json!(company));
        self.server.add_partner(&json!({"name": name, "parent_id": parent}))
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn walked(&self, kind: Kind, extent: Extent) -> (Vec<Row>, Frontier, DateTime<Utc>) {
        let mut walk = self.odoo.walk(kind, extent).await.unwrap();
        let (rows, end) = to_end(walk.as_mut()).await.unwrap();
        (rows, end.frontier, end.started)
    }

    async fn get(&self, kind: Kind, id: u64) -> Lookup {
        self.odoo.get(kind, &[remote(id)]).await.unwrap().remove(0)
    }

    async fn write(&self, kind: Kind, write: Write) -> Result<Row, PortError> {
        match self.odoo.write(kind, &[write]).await.remove(0) {
            Written::Stored(row) => Ok(*row),
            Written::Failed(error) => Err(error),
        }
    }

    /// The methods that were called, in order, of either protocol.
    fn calls(&self) -> Vec<String> {
        let log = self.server.log();
        log.iter()
            .map(|request| {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                match body.pointer("/params/args/4").and_then(Value::as_str) {
                    Some(method) => method.to_owned(),
                    None => request.path.rsplit('/').next().unwrap().to_owned(),
                }
            })
            .collect()
    }
}

async fn to_end(walk: &mut dyn Walk) -> Result<(Vec<Row>, crate::connector::port::WalkEnd), PortError> {
    let mut rows = Vec::new();
    loop {
        match walk.next().await? {
            Step::Page(page) => rows.extend(page),
            Step::End(end) => return Ok((rows, end)),
        }
    }
}

fn remote(id: u64) -> RemoteId {
    RemoteId::new(id.to_string())
}

fn ids(rows: &[Row]) -> Vec<u64> {
    rows.iter().map(|row| row.id.as_number().unwrap()).collect()
}

fn found(lookup: Lookup) -> Row {
    match lookup {
        Lookup::Found(row) => *row,
        other @ (Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_)) => panic!("not found: {other:?}"),
    }
}

/// A text of a row by the name of its field: `?` for unknown, nothing for blank.
fn text<'a>(firm: &Firm, kind: Kind, row: &'a Row, path: &str) -> &'a str {
    match &row.texts[firm.odoo.shape(kind).position(path).unwrap()] {
        Delivered::Unknown => "?",
        Delivered::Blank => "",
        Delivered::Text(text) => text,
    }
}

fn texts(texts: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    texts.iter().map(|(path, text)| ((*path).to_owned(), (!text.is_empty()).then(|| (*text).to_owned()))).collect()
}

fn create(values: &[(&str, &str)]) -> Write {
    Write { target: Target::Create, texts: texts(values), parent: None, stored_id: None, apart_from: Vec::new() }
}

fn update(id: u64, values: &[(&str, &str)]) -> Write {
    let target = Target::Update { id: remote(id), version: None };
    Write { target, texts: texts(values), parent: None, stored_id: None, apart_from: Vec::new() }
}

fn moved(mut write: Write, to: u64) -> Write {
    write.parent = Some(ParentWrite { from: None, to: remote(to) });
    write
}

/// What `config/mapping/odoo.toml` maps, and a language.
fn shape(kind: Kind) -> Shape {
    let whole = |field, path: &str| Cell::new(field, Part::Whole, path);
    let address = |part, path: &str| Cell::new(Field::Address, part, path);
    let cells = match kind {
        Kind::Company => vec![
            whole(Field::Name, "name"),
            Cell::new(Field::TaxIdentity, Part::Number, "vat"),
            Cell { countries: Countries::Code, ..whole(Field::Country, "country_id") },
            address(Part::Line, "street"),
            address(Part::Unit, "street2"),
            address(Part::City, "city"),
            address(Part::PostCode, "zip"),
            whole(Field::Phone, "phone"),
            whole(Field::DocumentsLanguage, "lang"),
        ],
        Kind::Contact => vec![
            whole(Field::PersonName, "name"),
            whole(Field::Email, "email"),
            whole(Field::ContactPhone, "phone"),
            whole(Field::Title, "function"),
        ],
    };
    Shape { side: Side::Crm, kind, cells, watched: Vec::new(), scope: Vec::new() }
}
