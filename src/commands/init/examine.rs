//! Asks a system whether it is as it was answered, with the code of `check`: who it is, whether its records and its properties
//! are shown. What it says of itself is kept, for the mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use url::Url;

use crate::clock::Clock;
use crate::commands::check::{meet, refused};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::Transport;
use crate::connector::port::{Extent, Offered, Property, Schema, Source, Step};
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::domain::shape::{Delivered, Row, Shape};
use crate::render::lists::check::Finding;

/// How long somebody who has just typed a URL waits until it is said that nobody answers there.
const PATIENCE: Duration = Duration::from_secs(15);

/// The most of an answer that is looked at to know that there is one.
const ENOUGH: usize = 1 << 20;

/// What a side showed.
#[derive(Debug)]
pub(super) struct Seen {
    /// What was found, for people.
    pub(super) findings: Vec<Finding>,
    pub(super) company: SeenKind,
    pub(super) contact: SeenKind,
}

/// What a side showed of a kind.
#[derive(Debug)]
pub(super) struct SeenKind {
    pub(super) shape: Shape,
    /// In the order of [`Shape::paths`]; behind them stands the property for our id.
    pub(super) properties: Vec<Property>,
    pub(super) offered: Vec<Offered>,
    /// What is demanded of a new record.
    pub(super) required: BTreeSet<Field>,
    rows: Vec<Row>,
}

/// Why a side cannot be gone on with.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) kind: ErrorKind,
    /// The same, for people.
    pub(super) finding: Finding,
}

impl Seen {
    pub(super) fn of(&self, kind: Kind) -> &SeenKind {
        match kind {
            Kind::Company => &self.company,
            Kind::Contact => &self.contact,
        }
    }
}

impl SeenKind {
    /// The text of a part that more than half of the records of the first page have.
    pub(super) fn usual(&self, field: Field, part: Part) -> Option<String> {
        let (text, uses) = self.most_used(field, part)?;
        (uses * 2 > self.rows.len()).then_some(text)
    }

    /// The text of a part that most records of the first page have, and how many.
    pub(super) fn most_used(&self, field: Field, part: Part) -> Option<(String, usize)> {
        let position = self.shape.cells.iter().position(|cell| (cell.field, cell.part) == (field, part))?;
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &self.rows {
            if let Some(Delivered::Text(text)) = row.texts.get(position) {
                *uses.entry(text).or_default() += 1;
            }
        }
        uses.into_iter().max_by_key(|(_, uses)| *uses).map(|(text, uses)| (text.to_owned(), uses))
    }
}

/// Whether anybody answers at a URL, whatever is said.
pub(super) async fn reach(transport: &dyn Transport, url: &Url) -> Result<(), PortError> {
    let request = Request::get(url.as_str()).body(Bytes::new());
    let request = request.map_err(|error| PortError::new(ErrorKind::Setting, error.to_string()))?;
    match transport.send(request, PATIENCE, ENOUGH).await {
        Err(error) if matches!(error.kind, ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Broken) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Asks a side for all that a pass needs to read.
pub(super) async fn examine(side: Side, source: &dyn Schema, clock: &dyn Clock) -> Result<Seen, Trouble> {
    let trouble = |error: PortError, what: String| {
        let error = if what.is_empty() { error } else { PortError { message: format!("{what}: {error}"), ..error } };
        Trouble { kind: error.kind, finding: refused(side, source, &error) }
    };
    let findings = meet(side, source, &BTreeMap::new(), clock).await.map_err(|error| trouble(error, String::new()))?;
    let company = kind(source, Kind::Company).await.map_err(|(error, what)| trouble(error, what))?;
    let contact = kind(source, Kind::Contact).await.map_err(|(error, what)| trouble(error, what))?;
    Ok(Seen { findings, company, contact })
}

async fn kind(source: &dyn Schema, kind: Kind) -> Result<SeenKind, (PortError, String)> {
    let rows = first_page(source, kind).await.map_err(|error| (error, format!("{kind} records cannot be read")))?;
    let what = || format!("{kind} properties cannot be read");
    let properties = source.properties(kind).await.map_err(|error| (error, what()))?;
    let offered = source.offered(kind).await.map_err(|error| (error, what()))?;
    let required = source.capabilities().of(kind).manners.required;
    Ok(SeenKind { shape: source.shape(kind).clone(), properties, offered, required, rows })
}

async fn first_page(source: &dyn Source, kind: Kind) -> Result<Vec<Row>, PortError> {
    let mut walk = source.walk(kind, Extent::Complete).await?;
    match walk.next().await? {
        Step::Page(rows) => Ok(rows),
        Step::End(_) => Ok(Vec::new()),
    }
}
