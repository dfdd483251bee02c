//! The connector against the sandbox server.

mod reading;
mod finding;
mod writing;
mod creating;
mod moving;
mod closed;
mod failing;
mod describing;
mod showing;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use http::Method;
use url::Url;

use super::{EspoConnector, EspoSettings};
use crate::clock::{Clock, ManualClock};
use crate::connector::error::PortError;
use crate::connector::http::HttpSettings;
use crate::connector::port::{Extent, Lookup, ParentWrite, Sink, Source, Step, Target, WalkEnd, Write, Written};
use crate::connector::registry::Parts;
use crate::connector::retry::RetrySettings;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::shape::{Cell, Delivered, Row, Shape};
use crate::sandbox::{CrmServer, EspoOptions, EspoServer, RouterTransport};

/// A server, a connector to it, and the clock of both.
struct Bench {
    server: EspoServer,
    connector: EspoConnector,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new() -> Self {
        Self::with(EspoOptions::default(), |_| ())
    }

    fn with(options: EspoOptions, change: impl FnOnce(&mut EspoSettings)) -> Self {
        let clock = Arc::new(ManualClock::new(DateTime::from_timestamp(1_795_000_000, 0).unwrap()));
        let mut settings = EspoSettings {
            base_url: Url::parse("http://127.0.0.1/").unwrap(),
            api_key: options.api_key.clone().into(),
            ..EspoSettings::default()
        };
        change(&mut settings);
        let server = EspoServer::new(options, clock.clone());
        let retry = RetrySettings {
            initial: Duration::from_millis(1),
            max_interval: Duration::from_millis(1),
            max_elapsed: Duration::from_mins(10),
            max_tries: 2,
        };
        let parts = Parts {
            company: shape(Kind::Company),
            contact: shape(Kind::Contact),
            transport: Arc::new(RouterTransport::new(server.router(), server.faults())),
            clock: clock.clone(),
            http: HttpSettings { timeout: Duration::from_secs(30), body_limit: 1 << 20, retry },
        };
        let connector = EspoConnector::new(settings, parts).unwrap();
        Self { server, connector, clock }
    }

    fn company(&self, name: &str) -> u64 {
        self.server.add_account(&[("name", name)])
    }

    fn person(&self, last: &str, company: Option<u64>) -> u64 {
        self.server.add_contact(&[("firstName", "Ada"), ("lastName", last)], company)
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// All rows of a walk, and how it ended.
    async fn walk(&self, kind: Kind, extent: Extent) -> Result<(Vec<Row>, WalkEnd), PortError> {
        let mut walk = self.connector.walk(kind, extent).await?;
        let mut rows = Vec::new();
        loop {
            match walk.next().await? {
                Step::Page(page) => rows.extend(page),
                Step::End(end) => return Ok((rows, end)),
            }
        }
    }

    async fn everything(&self, kind: Kind) -> Vec<Row> {
        self.walk(kind, Extent::Complete).await.unwrap().0
    }

    async fn get(&self, kind: Kind, number: u64) -> Result<Lookup, PortError> {
        Ok(self.connector.get(kind, &[self.id(number)]).await?.remove(0))
    }

    async fn row(&self, kind: Kind, number: u64) -> Row {
        let Lookup::Found(row) = self.get(kind, number).await.unwrap() else { panic!("it is not there") };
        *row
    }

    async fn write(&self, kind: Kind, write: Write) -> Result<Row, PortError> {
        match self.connector.write(kind, &[write]).await.remove(0) {
            Written::Stored(row) => Ok(*row),
            Written::Failed(error) => Err(error),
        }
    }

    fn id(&self, number: u64) -> RemoteId {
        RemoteId::new(self.server.id_text(number))
    }

    fn ids(&self, numbers: &[u64]) -> Vec<RemoteId> {
        numbers.iter().map(|number| self.id(*number)).collect()
    }

    fn number(&self, id: &RemoteId) -> u64 {
        self.server.id_number(id.as_str()).unwrap()
    }

    /// Requests that the server saw since the last look.
    fn requests(&self) -> Vec<String> {
        let log = CrmServer::log(&self.server);
        self.server.clear_log();
        log.into_iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    fn writes(&self) -> usize {
        CrmServer::log(&self.server).iter().filter(|request| request.method != Method::GET).count()
    }

    fn now(&self) -> DateTime<chrono::Utc> {
        self.clock.now()
    }
}

fn create(texts: &[(&str, &str)]) -> Write {
    Write { target: Target::Create, ..update_of(RemoteId::new(""), texts) }
}

fn update_of(id: RemoteId, texts: &[(&str, &str)]) -> Write {
    Write {
        target: Target::Update { id, version: None },
        texts: texts
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()).filter(|text| !text.is_empty())))
            .collect(),
        parent: None,
        stored_id: None,
        apart_from: Vec::new(),
    }
}

fn moved(bench: &Bench, person: u64, from: Option<u64>, to: u64) -> Write {
    let from = from.map(|from| bench.id(from));
    Write { parent: Some(ParentWrite { from, to: bench.id(to) }), ..update_of(bench.id(person), &[]) }
}

fn names(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| text(row, 0)).collect()
}

fn text(row: &Row, place: usize) -> &str {
    match &row.texts[place] {
        Delivered::Unknown => "?",
        Delivered::Blank => "",
        Delivered::Text(text) => text,
    }
}

/// A company's name, tax number, phone, city and description; a contact's names, e-mail, phone and title.
fn shape(kind: Kind) -> Shape {
    let cell = |field, part, path: &str| Cell::new(field, part, path);
    let cells = match kind {
        Kind::Company => vec![
            cell(Field::Name, Part::Whole, "name"),
            cell(Field::TaxIdentity, Part::Number, "cVatNumber"),
            cell(Field::Phone, Part::Whole, "phoneNumber"),
            cell(Field::Address, Part::Line, "billingAddressStreet"),
            cell(Field::Address, Part::City, "billingAddressCity"),
            cell(Field::InvoiceComment, Part::Whole, "description"),
        ],
        Kind::Contact => vec![
            cell(Field::PersonName, Part::First, "firstName"),
            cell(Field::PersonName, Part::Last, "lastName"),
            cell(Field::Email, Part::Whole, "emailAddress"),
            cell(Field::ContactPhone, Part::Whole, "phoneNumber"),
            cell(Field::Title, Part::Whole, "title"),
        ],
    };
    Shape { side: Side::Crm, kind, cells, watched: Vec::new(), scope: Vec::new() }
}
