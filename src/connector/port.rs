//! What the engine sees of a system: [`Source`] to read, [`Sink`] to write, [`Schema`] to add properties.
//!
//! Whatever plans, recovers or shows holds a [`Source`], so that it *cannot* write. Differences between systems are
//! [`Capabilities`], declared as data; nobody compares a system's name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::{ErrorKind, PortError};
use crate::domain::field::Field;
use crate::domain::planner::Manners;
use crate::domain::record::{Kind, RemoteId, Version};
use crate::domain::shape::{Row, Shape};

/// What a system can do with one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindCapabilities {
    /// It can be asked what changed since a time.
    pub changed_since: bool,
    /// Its complete walk shows archived records too.
    pub shows_archived: bool,
    /// It has a property for our id (as configured), and finds a record by it.
    pub stores_id: bool,
    /// The system itself refuses a second record with our id.
    pub id_is_unique: bool,
    /// Records that one request can create; 1 where there is no batch.
    pub create_batch: usize,
    /// Records that one request can update.
    pub update_batch: usize,
    /// Records that one request can read by id.
    pub read_batch: usize,
    /// A contact may belong to several companies.
    pub many_parents: bool,
    /// A contact's company is changed by a request of its own: it can be refused where the fields were taken.
    pub parent_apart: bool,
    /// Required and cut fields.
    pub manners: Manners,
    /// Fields whose text the system is known to rewrite (trim, case, E.164, …), so that another spelling of the same
    /// thing comes back.
    pub reformats: BTreeSet<Field>,
}

/// What a system can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The system's name, as people write it.
    pub system: &'static str,
    /// For how long a listing or an index may show what was before a write.
    pub lag: Duration,
    /// For how long a walk may show contents from before a write; zero where what lags yields ids alone, and contents come
    /// from reads by id.
    pub list_lag: Duration,
    /// For how long a write may go on after it was handed over: the wait for its turn, the time-out, and what the server may still
    /// do after it.
    pub longest_request: Duration,
    /// How far back an incremental read reaches behind the last one.
    pub overlap: Duration,
    /// How many writes that go one by one may be under way at once, documents among them; batches go one after the other.
    pub concurrent_writes: usize,
    /// By kind.
    pub kinds: BTreeMap<Kind, KindCapabilities>,
}

impl Capabilities {
    /// What it can do with a kind.
    pub fn of(&self, kind: Kind) -> KindCapabilities {
        self.kinds.get(&kind).cloned().unwrap_or_default()
    }
}

/// The answer to "who are you".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The organisation's or portal's id, never a host: what the state belongs to. `None` where the system does not tell;
    /// then canary records stand in.
    pub id: Option<String>,
    /// The system's clock, where it tells.
    pub server_time: Option<DateTime<Utc>>,
}

/// What is known of a mapped property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name in the system.
    pub path: String,
    /// Whether it is there.
    pub presence: Presence,
    /// Whether [`Schema::add_missing`] could add it.
    pub addable: bool,
    /// Whether a record that was just looked at shows it; `None` where replies leave out no property that is there.
    pub shown: Option<bool>,
    /// Whether it can be written; `None` where the system does not tell.
    pub writable: Option<bool>,
    /// The system's own word for its type, where it tells.
    pub type_name: Option<String>,
    /// What sort of values it has, where that word says so.
    pub sort: Option<PropertySort>,
    /// Its choices, most used first where the system only shows records; of what is looked up the labels.
    pub choices: Vec<String>,
    /// Whether `choices` are all that it may have; else they are what was seen.
    pub closed: bool,
    /// Whether what it refers to can be looked up as its mapping says; `None` where the connector looks nothing up, or the
    /// mapping does not say so.
    pub looked_up: Option<bool>,
}

impl Property {
    /// A property of which nothing more is known.
    pub fn new(path: impl Into<String>, presence: Presence) -> Self {
        Self {
            path: path.into(),
            presence,
            addable: false,
            shown: None,
            writable: None,
            type_name: None,
            sort: None,
            choices: Vec::new(),
            closed: false,
            looked_up: None,
        }
    }
}

/// What sort of values a property has, whatever the system calls its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertySort {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// A day.
    Date,
    /// A day and a time.
    Moment,
    /// One of several choices.
    Choice,
    /// Several of several choices, in one text.
    Choices,
    /// True or false.
    Boolean,
    /// A reference to another record.
    Relation,
}

/// A property that a system describes, mapped or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// What is known of it; its path is what a mapping would write.
    pub property: Property,
    /// What people call it, where the system tells.
    pub label: Option<String>,
    /// Somebody at the firm made it; else it is the system's own.
    pub is_custom: bool,
}

/// Whether a property is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The system says so, or shows it.
    Present,
    /// The system says that there is none, or shows it to nobody: its field is unknown, never blank.
    Missing,
    /// The system tells nothing, and no record shows it.
    Unseen,
}

/// How much a walk shall show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything, archived records too where [`KindCapabilities::shows_archived`].
    Complete,
    /// What changed since, in the server's time. Reading a record twice is harmless.
    Since(DateTime<Utc>),
}

/// One step of a walk.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Some records.
    Page(Vec<Row>),
    /// There are no more.
    End(WalkEnd),
}

/// How a walk ended.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkEnd {
    /// What says that it showed everything.
    pub evidence: Evidence,
    /// The server's time when it began (ours where the server tells none).
    pub started: DateTime<Utc>,
    /// From where what appeared since is to be read.
    pub frontier: Frontier,
    /// By the position of a property in a row's texts: whether any record showed it, blank or not. `None` where replies leave
    /// out no property that is there, so that a blank one is blank.
    pub shown: Option<Vec<bool>>,
}

/// What says that a walk showed everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It went by key and reached the end.
    Key,
    /// It went by page number.
    Numbered {
        /// The total that the first page gave; `None` where the server gives none.
        first_total: Option<u64>,
        /// The total that the last page gave.
        last_total: Option<u64>,
        /// Distinct ids that it met.
        distinct: u64,
    },
}

/// A connector's own mark of where a walk ended: opaque to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier(pub String);

/// A walk over records, a page in memory at a time.
#[async_trait]
pub trait Walk: Send {
    /// The next step; not to be called again after [`Step::End`].
    async fn next(&mut self) -> Result<Step, PortError>;
}

/// The answer to a read by id.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    /// It is there (perhaps archived).
    Found(Box<Row>),
    /// The system says in its own words that it is not there.
    Gone,
    /// It was merged into another record.
    MergedInto(RemoteId),
    /// It is there, and we may not read it by its id, in the system's own words. That is about this record alone: what a list
    /// shows of it holds, and nothing is known of what it says by its id.
    Closed(String),
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Find {
    /// The record that carries our id.
    StoredId(String),
    /// Records that the system's own search gives for a text (a tax number, a name). Each one is to be verified.
    Text(String),
}

/// A document of a company, read tolerantly: what is there is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id, where one is shown.
    pub id: Option<String>,
    /// Its name, where one is shown.
    pub name: Option<String>,
    /// Where it can be had, where that is shown.
    pub location: Option<String>,
    /// Keys that were there and mean nothing to us.
    pub other_keys: Vec<String>,
}

/// How a document of Flowtly is to be shown at its company in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// Our mark, `organisation/client/document`: kept in what is shown, so that a lost create is found again.
    pub mark: String,
    /// The document's name.
    pub title: String,
    /// Where it can be had, where Flowtly says.
    pub link: Option<String>,
}

/// What the CRM shows of a document: a note, an attachment, a record of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its id in the CRM.
    pub id: RemoteId,
    /// What it says, as [`Showing`] put it.
    pub showing: Showing,
}

/// A system that can be read.
#[async_trait]
pub trait Source: Send + Sync + fmt::Debug {
    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// What is mapped of a kind.
    fn shape(&self, kind: Kind) -> &Shape;

    /// Which share (0 to 1) is left of the requests that a day has, the firm's other tools' included; `None` where the system
    /// counts none, or where it is not known.
    fn share_left(&self) -> Option<f64> {
        None
    }

    /// When the credential that we are let in with ends, where that can be seen and nobody renews it by itself.
    fn credential_expires(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// Who it is.
    async fn probe(&self) -> Result<Account, PortError>;

    /// What is known of the mapped properties of a kind, in the order of [`Shape::paths`].
    async fn properties(&self, kind: Kind) -> Result<Vec<Property>, PortError>;

    /// Begins a walk.
    async fn walk(&self, kind: Kind, extent: Extent) -> Result<Box<dyn Walk>, PortError>;

    /// Reads by id: one answer for each id, in order.
    async fn get(&self, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError>;

    /// The live contacts of these companies.
    async fn children(&self, companies: &[RemoteId]) -> Result<Vec<Row>, PortError>;

    /// What appeared since a walk (or an earlier call) ended: at least everything that was created since it began. Returns
    /// the frontier for the next call, so that our own creates are not read again and again.
    async fn appeared(&self, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError>;

    /// Reads what writing these texts (remote property and text) needs beyond the records: look-up lists, which may be long.
    /// Called before a guard, so that nothing but the guard lies between what is known and what is written. A text that the
    /// system does not offer is no failure here: its write says so.
    async fn read_ahead(&self, _kind: Kind, _texts: &[(String, Option<String>)]) -> Result<(), PortError> {
        Ok(())
    }

    /// Looks something up; `None` where the system (as configured) has no such look-up.
    async fn find(&self, kind: Kind, find: &Find) -> Result<Option<Vec<Row>>, PortError>;

    /// The documents of a company; `None` where the system has none.
    async fn documents(&self, _company: &RemoteId) -> Result<Option<Vec<Document>>, PortError> {
        Ok(None)
    }

    /// The documents that carry our mark at a company; `None` where the system can show none.
    async fn shown(&self, _company: &RemoteId) -> Result<Option<Vec<Shown>>, PortError> {
        Ok(None)
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What it writes to.
    pub target: Target,
    /// Remote property and text, `None` to clear. Only what changes.
    pub texts: Vec<(String, Option<String>)>,
    /// A contact's company.
    pub parent: Option<ParentWrite>,
    /// Our id, to be stored in the record.
    pub stored_id: Option<String>,
    /// Records of which a person said that what is created is none of them: for systems that refuse to create what looks
    /// like one of their records.
    pub apart_from: Vec<RemoteId>,
}

/// What a write goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A new record.
    Create,
    /// This record.
    Update {
        /// Its id.
        id: RemoteId,
        /// The revision that was planned from, for systems with a conditional request.
        version: Option<Version>,
    },
}

/// What becomes of a contact's company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentWrite {
    /// The company that it leaves, where there is one.
    pub from: Option<RemoteId>,
    /// The company that it belongs to from now on.
    pub to: RemoteId,
}

/// What became of one write.
#[derive(Debug, Clone)]
pub enum Written {
    /// Carried out; the record as the system says that it stored it.
    Stored(Box<Row>),
    /// Not carried out, or perhaps carried out: see [`super::error::ErrorKind::outcome`].
    Failed(PortError),
}

/// A system that can be written. Only `sync::apply` holds one.
#[async_trait]
pub trait Sink: Source {
    /// Writes, at most a batch at a time ([`KindCapabilities::create_batch`], [`KindCapabilities::update_batch`]; creates
    /// and updates are never mixed): one answer for each write, in order. Nothing is repeated whose outcome is unknown.
    async fn write(&self, kind: Kind, writes: &[Write]) -> Vec<Written>;

    /// Shows a document at a company: anew, or (with the id of what is shown) under another name or link. Nothing is
    /// repeated whose outcome is unknown. Only for a system whose [`Source::shown`] answers.
    async fn show(&self, _company: &RemoteId, _id: Option<&RemoteId>, _showing: &Showing) -> Result<Shown, PortError> {
        Err(PortError::new(ErrorKind::Setting, "this system shows no documents: set documents = false"))
    }
}

/// A system that describes its properties, and to which some can be added.
#[async_trait]
pub trait Schema: Source {
    /// Every property of a kind that the system describes to us, mapped or not.
    async fn offered(&self, kind: Kind) -> Result<Vec<Offered>, PortError>;

    /// Adds the mapped properties (and the one for our id) that are missing, and returns their names.
    async fn add_missing(&self, kind: Kind) -> Result<Vec<String>, PortError>;
}

/// A connector as the registry hands it out.
pub trait Connector: Sink + Schema {}
impl<T: Sink + Schema> Connector for T {}
