//! A state in a temporary folder, and sides that say what they are told to: for the tests of the commands.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::clock::ManualClock;
use crate::config::{Environment, Settings, load};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{
    Account, Capabilities, Document, Extent, Find, Frontier, KindCapabilities, Lookup, Offered, Presence, Property,
    Schema, Source, Walk,
};
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, Record, RemoteId, Side};
use crate::domain::shape::{RawHash, Row, Shape};
use crate::domain::value::{Locale, Reading, Text};
use crate::render::Style;
use crate::render::lists::{Form, Listing};
use crate::store::link::{self, NewLink};
use crate::store::lock::WriterLock;
use crate::store::seen::{self, Put, SeenId};
use crate::store::{Connection, Store};

/// 2025-06-15 15:06:40 UTC.
pub(super) const NOW: i64 = 1_750_000_000;

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

/// A configuration whose state is in a folder that vanishes with it.
pub(super) struct Stage {
    pub(super) settings: Settings,
    pub(super) clock: ManualClock,
    folder: tempfile::TempDir,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with("")
    }

    /// With more lines of configuration.
    pub(super) fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.toml");
        let state = folder.path().join("state.sqlite");
        std::fs::write(&path, format!("[state]\npath = \"{}\"\n{more}", state.display())).unwrap();
        let environment: Environment =
            [("FLOWTLY_SYNC__FLOWTLY__TOKEN", "a"), ("FLOWTLY_SYNC__HUBSPOT__TOKEN", "b")].into_iter().collect();
        let settings = load(Some(&path), &environment).unwrap();
        Self { settings, clock: ManualClock::new(now()), folder }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn lock(&self) -> WriterLock {
        WriterLock::take(&self.settings.state_path).unwrap()
    }

    /// Opens the state for writing, for as long as the test needs it.
    pub(super) async fn open(&self) -> (Store, WriterLock) {
        let lock = self.lock();
        (Store::open(&lock).await.unwrap(), lock)
    }
}

/// A company as a side showed it.
pub(super) fn company(side: Side, id: &str, name: &str) -> Record {
    record(side, Kind::Company, id, None, &[(Field::Name, name)])
}

/// A contact as a side showed it.
pub(super) fn contact(side: Side, id: &str, company: &str, email: &str) -> Record {
    record(side, Kind::Contact, id, Some(company), &[(Field::PersonName, "Anna Nowak"), (Field::Email, email)])
}

pub(super) fn record(side: Side, kind: Kind, id: &str, parent: Option<&str>, fields: &[(Field, &str)]) -> Record {
    let locale = Locale::default();
    Record {
        parent: parent.map(RemoteId::new),
        fields: fields.iter().map(|(field, text)| (*field, Reading::of(*field, Text::whole(*text), &locale))).collect(),
        ..Record::bare(side, kind, id)
    }
}

pub(super) async fn put(connection: &mut Connection, record: Record) -> SeenId {
    let put = Put { id: None, record, raw_hash: RawHash(1) };
    seen::put(connection, &[put]).await.unwrap()[0]
}

/// Two records that are linked with each other.
pub(super) async fn linked(
    connection: &mut Connection,
    parent: Option<LinkId>,
    flowtly: Record,
    crm: Record,
) -> LinkId {
    let (kind, ours, theirs) = (flowtly.kind, flowtly.id.clone(), crm.id.clone());
    let flowtly = put(connection, flowtly).await;
    let crm = put(connection, crm).await;
    let new =
        NewLink { kind, parent, flowtly: (flowtly, &ours), crm: (crm, &theirs), reason: "recognised by name", pass: 1 };
    link::insert(connection, &new).await.unwrap()
}

/// Where a command prints in a test.
pub(super) fn text_listing(out: &mut Vec<u8>) -> Listing<'_> {
    Listing { out, form: Form::Text(Style::Plain) }
}

pub(super) fn json_listing(out: &mut Vec<u8>) -> Listing<'_> {
    Listing { out, form: Form::Json }
}

pub(super) fn told(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

/// A side that answers what it was given.
#[derive(Debug)]
pub(super) struct FakeSide {
    pub(super) capabilities: Capabilities,
    pub(super) shapes: BTreeMap<Kind, Shape>,
    pub(super) probe: Result<Account, PortError>,
    pub(super) properties: Mutex<BTreeMap<Kind, Vec<Property>>>,
    pub(super) documents: Result<Option<Vec<Document>>, PortError>,
    pub(super) offered: Vec<Offered>,
    pub(super) refuses_properties: Option<PortError>,
    pub(super) asked: Mutex<u32>,
}

impl FakeSide {
    /// A side where all is well, as the settings map it.
    pub(super) fn well(settings: &Settings, side: Side) -> Self {
        let shapes: BTreeMap<Kind, Shape> =
            Kind::BOTH.into_iter().map(|kind| (kind, settings.shape(side, kind).clone())).collect();
        let properties = shapes
            .iter()
            .map(|(kind, shape)| (*kind, shape.paths().map(|path| property(path, Presence::Present)).collect()))
            .collect();
        Self {
            capabilities: Capabilities {
                system: "Fake",
                lag: Duration::ZERO,
                list_lag: Duration::ZERO,
                longest_request: Duration::ZERO,
                overlap: Duration::ZERO,
                concurrent_writes: 1,
                kinds: Kind::BOTH.into_iter().map(|kind| (kind, KindCapabilities::default())).collect(),
            },
            shapes,
            probe: Ok(Account { id: Some("firm".to_owned()), server_time: Some(now()) }),
            properties: Mutex::new(properties),
            documents: Ok(None),
            offered: Vec::new(),
            refuses_properties: None,
            asked: Mutex::new(0),
        }
    }

    pub(super) fn change(&self, kind: Kind, path: &str, change: impl FnOnce(&mut Property)) {
        let mut properties = self.properties.lock().unwrap();
        let property = properties.get_mut(&kind).unwrap().iter_mut().find(|property| property.path == path);
        change(property.unwrap());
    }
}

pub(super) fn property(path: &str, presence: Presence) -> Property {
    Property::new(path, presence)
}

fn not_expected<T>() -> Result<T, PortError> {
    Err(PortError::new(ErrorKind::Setting, "no command reads records"))
}

#[async_trait]
impl Source for FakeSide {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn shape(&self, kind: Kind) -> &Shape {
        &self.shapes[&kind]
    }

    async fn probe(&self) -> Result<Account, PortError> {
        *self.asked.lock().unwrap() += 1;
        self.probe.clone()
    }

    async fn properties(&self, kind: Kind) -> Result<Vec<Property>, PortError> {
        *self.asked.lock().unwrap() += 1;
        match &self.refuses_properties {
            Some(error) => Err(error.clone()),
            None => Ok(self.properties.lock().unwrap()[&kind].clone()),
        }
    }

    async fn walk(&self, _kind: Kind, _extent: Extent) -> Result<Box<dyn Walk>, PortError> {
        not_expected()
    }

    async fn get(&self, _kind: Kind, _ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
        not_expected()
    }

    async fn children(&self, _companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
        not_expected()
    }

    async fn appeared(&self, _kind: Kind, _frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
        not_expected()
    }

    async fn find(&self, _kind: Kind, _find: &Find) -> Result<Option<Vec<Row>>, PortError> {
        not_expected()
    }

    async fn documents(&self, _company: &RemoteId) -> Result<Option<Vec<Document>>, PortError> {
        self.documents.clone()
    }
}

#[async_trait]
impl Schema for FakeSide {
    async fn offered(&self, _kind: Kind) -> Result<Vec<Offered>, PortError> {
        Ok(self.offered.clone())
    }

    async fn add_missing(&self, kind: Kind) -> Result<Vec<String>, PortError> {
        let mut properties = self.properties.lock().unwrap();
        let missing = properties.get_mut(&kind).unwrap().iter_mut().filter(|p| p.presence == Presence::Missing);
        Ok(missing
            .map(|property| {
                property.presence = Presence::Present;
                property.path.clone()
            })
            .collect())
    }
}
