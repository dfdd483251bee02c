//! The conversation over a small server in process: a function from request to reply, and a list of what was asked.

mod reading;
mod walking;
mod contacts;
mod writing;
mod entering;
mod declared;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;
use crate::connector::error::ErrorKind;
use crate::connector::http::HttpSettings;
use crate::connector::port::{Evidence, Step, WalkEnd};
use crate::domain::field::Part;
use crate::domain::record::Side;
use crate::domain::shape::{Cell, Delivered};

/// What was asked.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    /// Path and query.
    target: String,
    headers: http::HeaderMap,
    body: Value,
}

impl Asked {
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let url = url::Url::parse("http://x").unwrap().join(&self.target).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, text)| text.into_owned())
    }
}

/// What is answered.
struct Answer(u16, &'static str, Vec<u8>);

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer(status, "application/ld+json; charset=utf-8", body.to_string().into_bytes())
}

fn ok(body: &Value) -> Answer {
    json_answer(200, body)
}

fn html(status: u16) -> Answer {
    Answer(status, "text/html", b"<!DOCTYPE html><html><head><title>Oops</title></head></html>".to_vec())
}

fn no_record() -> Answer {
    let body =
        json!({"@id": "/errors/404", "@type": "Error", "detail": "Not Found", "status": 404, "type": "/errors/404"});
    Answer(404, "application/problem+json; charset=utf-8", body.to_string().into_bytes())
}

type Serve = dyn Fn(&Asked) -> Answer + Send + Sync;

struct Server {
    serve: Box<Serve>,
    asked: Mutex<Vec<Asked>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Bytes>, _: Duration, limit: usize) -> Result<Response<Bytes>, PortError> {
        assert_eq!(request.uri().host(), Some("api.test"), "nothing goes anywhere else");
        let asked = Asked {
            method: request.method().clone(),
            target: request.uri().path_and_query().unwrap().to_string(),
            headers: request.headers().clone(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        };
        // Others go on meanwhile, as they do over a network.
        tokio::task::yield_now().await;
        let Answer(status, media_type, body) = (self.serve)(&asked);
        tokio::task::yield_now().await;
        self.asked.lock().unwrap().push(asked);
        if body.len() > limit {
            return Err(PortError::new(ErrorKind::TooLarge, "too large"));
        }
        let reply = Response::builder().status(status).header("content-type", media_type);
        Ok(reply.header("date", "Mon, 23 Nov 2026 12:00:00 GMT").body(Bytes::from(body)).unwrap())
    }
}

/// A connector and the server that it talks to.
struct Bench {
    connector: FlowtlyConnector,
    server: Arc<Server>,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new(serve: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(|_| {}, serve)
    }

    fn with(
        change: impl FnOnce(&mut FlowtlySettings),
        serve: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::shaped(company_shape(), change, serve)
    }

    fn shaped(
        company: Shape,
        change: impl FnOnce(&mut FlowtlySettings),
        serve: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let token = SecretString::from("static-token");
        let mut settings = FlowtlySettings {
            base_url: "https://api.test".parse().unwrap(),
            credentials: Some(Credentials::Token { token }),
            ..FlowtlySettings::default()
        };
        change(&mut settings);
        let clock = Arc::new(ManualClock::new("2026-11-23T10:00:00Z".parse().unwrap()));
        let server = Arc::new(Server { serve: Box::new(serve), asked: Mutex::default() });
        let http = HttpSettings { body_limit: 1 << 20, ..HttpSettings::default() };
        let connector = FlowtlyConnector::new(settings, company, contact_shape(), server.clone(), clock.clone(), http);
        Self { connector, server, clock }
    }

    fn asked(&self) -> Vec<Asked> {
        self.server.asked.lock().unwrap().clone()
    }

    fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }

    async fn walk(&self, kind: Kind) -> Result<(Vec<Row>, WalkEnd), PortError> {
        let mut walk = self.connector.walk(kind, Extent::Complete).await?;
        let mut rows = Vec::new();
        loop {
            match walk.next().await? {
                Step::Page(page) => rows.extend(page),
                Step::End(end) => return Ok((rows, end)),
            }
        }
    }

    async fn write_one(&self, kind: Kind, write: Write) -> Result<Row, PortError> {
        match self.connector.write(kind, &[write]).await.remove(0) {
            Written::Stored(row) => Ok(*row),
            Written::Failed(error) => Err(error),
        }
    }
}

fn cell(field: Field, part: Part, path: &str) -> Cell {
    Cell::new(field, part, path)
}

fn company_shape() -> Shape {
    Shape {
        side: Side::Flowtly,
        kind: Kind::Company,
        cells: vec![
            cell(Field::Name, Part::Whole, "name"),
            cell(Field::Country, Part::Whole, "country"),
            cell(Field::Currency, Part::Whole, "currency"),
            cell(Field::TaxIdentity, Part::Tin, "tin"),
            cell(Field::DueDays, Part::Whole, "dueDays"),
            cell(Field::DefaultCost, Part::Whole, "defaultCost"),
            cell(Field::Address, Part::Country, "addressCountry"),
            cell(Field::Status, Part::Whole, "status"),
        ],
        watched: vec!["status".to_owned()],
        scope: Vec::new(),
    }
}

fn contact_shape() -> Shape {
    Shape {
        side: Side::Flowtly,
        kind: Kind::Contact,
        cells: vec![
            cell(Field::PersonName, Part::Whole, "name"),
            cell(Field::Email, Part::Whole, "email"),
            cell(Field::ContactPhone, Part::Whole, "phone"),
            cell(Field::ContactType, Part::Whole, "type"),
            cell(Field::Position, Part::Whole, "position"),
        ],
        watched: Vec::new(),
        scope: Vec::new(),
    }
}

fn client(id: u64) -> Value {
    json!({
        "@id": format!("/clients/{id}"), "@type": "Client", "id": id, "name": format!("Firm {id}"),
        "country": "/countries/PL", "currency": "/currencies/EUR", "status": "active", "dueDays": 14, "tinType": "nip",
        "clientContacts": [],
    })
}

fn contact(id: u64, client: u64) -> Value {
    json!({
        "@id": format!("/client-contacts/{id}"), "@type": "ClientContact", "id": id,
        "client": format!("/clients/{client}"), "type": "main", "email": format!("p{id}@firm.test"),
        "name": format!("Person {id}"), "phone": "+48 600", "position": 1,
        "createdAt": "2026-01-01T00:00:00+00:00", "updatedAt": "2026-02-01T00:00:00+00:00",
    })
}

/// A page as API Platform 4 numbers it, `size` rows each, whatever size is asked for.
fn paged(asked: &Asked, all: &[Value], size: usize) -> Value {
    let page: usize = asked.parameter("page").map_or(1, |number| number.parse().unwrap());
    let pages = all.len().div_ceil(size).max(1);
    let rows: Vec<&Value> = all.iter().skip((page - 1) * size).take(size).collect();
    let mut query: Vec<String> = asked
        .target
        .split_once('?')
        .map(|(_, query)| query.split('&').map(str::to_owned).collect())
        .unwrap_or_default();
    query.retain(|pair| !pair.starts_with("page="));
    query.push(String::new());
    let link = |number: usize| format!("{}?{}page={number}", asked.path(), query.join("&"));
    let mut view = json!({"@id": link(page), "first": link(1), "last": link(pages)});
    if page < pages {
        view["next"] = json!(link(page + 1));
    }
    if page > 1 {
        view["previous"] = json!(link(page - 1));
    }
    json!({"@type": "Collection", "totalItems": all.len(), "member": rows, "view": view})
}

fn id(id: u64) -> RemoteId {
    RemoteId::new(id.to_string())
}

fn ids(rows: &[Row]) -> Vec<u64> {
    rows.iter().map(|row| row.id.as_number().unwrap()).collect()
}

fn text(text: &str) -> Delivered {
    Delivered::Text(text.into())
}

fn shown<'r>(row: &'r Row, shape: &Shape, path: &str) -> &'r Delivered {
    &row.texts[shape.position(path).unwrap()]
}
