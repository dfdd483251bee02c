//! The connector against the embedded server.

mod reads;
mod walks;
mod writes;
mod lists;
mod fields;
mod closed;
mod errors;
mod budget;
mod documents;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{PipedriveConnector, PipedriveSettings};
use crate::clock::ManualClock;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::HttpSettings;
use crate::connector::port::{Lookup, ParentWrite, Sink, Source, Step, Target, Walk, Write, Written};
use crate::connector::registry::Parts;
use crate::connector::retry::RetrySettings;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::shape::{Cell, Delivered, Row, Shape};
use crate::sandbox::{PipedriveOptions, PipedriveServer, RouterTransport};

/// A company and a connector to it.
struct Firm {
    server: PipedriveServer,
    clock: Arc<ManualClock>,
    connector: PipedriveConnector,
}

impl Firm {
    fn plain() -> Self {
        Self::open(PipedriveOptions::default(), |_| ())
    }

    fn open(options: PipedriveOptions, change: impl FnOnce(&mut PipedriveSettings)) -> Self {
        Self::mapped(options, shape(Kind::Company), shape(Kind::Contact), change)
    }

    fn mapped(
        options: PipedriveOptions,
        company: Shape,
        contact: Shape,
        change: impl FnOnce(&mut PipedriveSettings),
    ) -> Self {
        let clock = Arc::new(ManualClock::new(now()));
        let server = PipedriveServer::new(options, clock.clone());
        Self::around(server, clock, company, contact, change)
    }

    fn around(
        server: PipedriveServer,
        clock: Arc<ManualClock>,
        company: Shape,
        contact: Shape,
        change: impl FnOnce(&mut PipedriveSettings),
    ) -> Self {
        let mut settings = PipedriveSettings {
            base_url: "http://sandbox".parse().unwrap(),
            burst_requests: 10_000,
            search_requests: 10_000,
            daily_tokens: 10_000_000,
            ..PipedriveSettings::of_defaults()
        };
        change(&mut settings);
        let connector = connect(settings, &server, &clock, company, contact).unwrap();
        Self { server, clock, connector }
    }

    async fn one(&self, kind: Kind, id: u64) -> Row {
        match self.connector.get(kind, &[id_of(id)]).await.unwrap().pop().unwrap() {
            Lookup::Found(row) => *row,
            other @ (Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_)) => panic!("{other:?}"),
        }
    }

    async fn write(&self, kind: Kind, write: Write) -> Written {
        let mut answers = self.connector.write(kind, &[write]).await;
        assert_eq!(answers.len(), 1);
        answers.pop().unwrap()
    }

    async fn stored(&self, kind: Kind, write: Write) -> Row {
        match self.write(kind, write).await {
            Written::Stored(row) => *row,
            Written::Failed(error) => panic!("{error:?}"),
        }
    }

    async fn refused(&self, kind: Kind, write: Write) -> PortError {
        match self.write(kind, write).await {
            Written::Failed(error) => error,
            Written::Stored(row) => panic!("{row:?}"),
        }
    }

    /// How often a path was asked for.
    fn asked(&self, path: &str) -> usize {
        self.server.log().iter().filter(|request| request.path == path).count()
    }
}

fn connect(
    settings: PipedriveSettings,
    server: &PipedriveServer,
    clock: &Arc<ManualClock>,
    company: Shape,
    contact: Shape,
) -> Result<PipedriveConnector, PortError> {
    let retry = RetrySettings { max_tries: 1, ..RetrySettings::default() };
    let parts = Parts {
        company,
        contact,
        transport: Arc::new(RouterTransport::new(server.router(), server.faults())),
        clock: clock.clone(),
        http: HttpSettings { retry, ..HttpSettings::default() },
    };
    let budget = settings.own_budget(clock.clone());
    PipedriveConnector::new(settings, parts, budget)
}

fn now() -> DateTime<Utc> {
    time("2026-11-23T12:00:00Z")
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn id_of(id: u64) -> RemoteId {
    RemoteId::new(id.to_string())
}

fn numbers(rows: &[Row]) -> Vec<u64> {
    rows.iter().map(|row| row.id.as_number().unwrap()).collect()
}

fn text(row: &Row, position: usize) -> &str {
    match &row.texts[position] {
        Delivered::Unknown => "?",
        Delivered::Blank => "",
        Delivered::Text(text) => text,
    }
}

fn create(texts: &[(&str, &str)]) -> Write {
    let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect();
    Write { target: Target::Create, texts, parent: None, stored_id: None, apart_from: Vec::new() }
}

fn update(id: u64, texts: &[(&str, Option<&str>)]) -> Write {
    let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned))).collect();
    Write {
        target: Target::Update { id: id_of(id), version: None },
        texts,
        parent: None,
        stored_id: None,
        apart_from: Vec::new(),
    }
}

fn moved(from: Option<u64>, to: u64) -> ParentWrite {
    ParentWrite { from: from.map(id_of), to: id_of(to) }
}

async fn all(walk: &mut dyn Walk) -> (Vec<Vec<Row>>, crate::connector::port::WalkEnd) {
    let mut pages = Vec::new();
    loop {
        match walk.next().await.unwrap() {
            Step::Page(rows) => pages.push(rows),
            Step::End(end) => return (pages, end),
        }
    }
}

fn with_cells(kind: Kind, cells: Vec<Cell>) -> Shape {
    Shape { side: Side::Crm, kind, cells, watched: Vec::new(), scope: Vec::new() }
}

fn cell(field: Field, part: Part, path: &str) -> Cell {
    Cell::new(field, part, path)
}

/// The default mapping: a company's name, tax number, country, address and phone; a contact's name, e-mail, phone and title.
fn shape(kind: Kind) -> Shape {
    with_cells(
        kind,
        match kind {
            Kind::Company => vec![
                cell(Field::Name, Part::Whole, "name"),
                cell(Field::TaxIdentity, Part::Number, "custom:VAT number"),
                cell(Field::Country, Part::Whole, "address.country"),
                cell(Field::Address, Part::Street, "address.route"),
                cell(Field::Address, Part::Building, "address.street_number"),
                cell(Field::Address, Part::City, "address.locality"),
                cell(Field::Address, Part::PostCode, "address.postal_code"),
                cell(Field::Phone, Part::Whole, "custom:Phone"),
            ],
            Kind::Contact => vec![
                cell(Field::PersonName, Part::Whole, "name"),
                cell(Field::Email, Part::Whole, "emails"),
                cell(Field::ContactPhone, Part::Whole, "phones"),
                cell(Field::Title, Part::Whole, "job_title"),
            ],
        },
    )
}

#[tokio::test]
async fn the_account_is_the_company_of_the_tokens_user() {
    let firm = Firm::plain();
    let account = firm.connector.probe().await.unwrap();
    assert_eq!(account.id.as_deref(), Some("7000001"));
    assert_eq!(account.server_time, Some(now()));
}

#[test]
fn a_connector_without_a_token_is_not_made() {
    for token in ["", " \n", "two\nlines"] {
        let clock = Arc::new(ManualClock::new(now()));
        let server = PipedriveServer::new(PipedriveOptions::default(), clock.clone());
        let settings = PipedriveSettings { token: token.into(), ..PipedriveSettings::of_defaults() };
        let made = connect(settings, &server, &clock, shape(Kind::Company), shape(Kind::Contact));
        let error = made.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting);
        assert!(error.message.contains("token"), "{}", error.message);
    }
}

#[test]
fn what_pipedrive_can_do_is_declared() {
    let firm = Firm::plain();
    let capabilities = firm.connector.capabilities();
    let company = capabilities.of(Kind::Company);
    assert_eq!((company.create_batch, company.update_batch, company.read_batch), (1, 1, 100));
    assert!(company.stores_id && company.changed_since && !company.shows_archived && !company.many_parents);
    assert!(!capabilities.of(Kind::Contact).stores_id);
    assert_eq!(capabilities.longest_request, Duration::from_secs(150));
    let without = Firm::open(PipedriveOptions::default(), |settings| settings.id_property = None);
    assert!(!without.connector.capabilities().of(Kind::Company).stores_id);
}
