//! What a configuration comes to: plain typed parts for the rest of the program.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::flowtly::FlowtlySection;
use super::notices::NoticesSection;
use super::schedule::ScheduleSection;
use super::web::WebSection;
use crate::connector::http::HttpSettings;
use crate::connector::registry::CrmSettings;
use crate::daemon::backups::Plan;
use crate::domain::field::Field;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::rules::KindRules;
use crate::domain::safety::Limits;
use crate::domain::shape::Shape;
use crate::domain::value::Locale;

/// A configuration without problems. Its `Debug` shows no secrets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file of the state.
    pub state_path: PathBuf,
    /// The socket through which decisions reach a running daemon.
    pub control_socket: PathBuf,
    /// When passes run.
    pub schedule: ScheduleSection,
    /// Which copies of the state are kept; `None` for none.
    pub backup: Option<Plan>,
    /// What is logged, and how.
    pub log: LogSection,
    /// Where traces go; `None` for nowhere.
    pub traces: Option<TracesSection>,
    /// What a plan may do without being asked about.
    pub limits: Limits,
    /// Flowtly's ids of linked companies that every pass must find on both sides; empty for the lowest pairs.
    pub canaries: Vec<RemoteId>,
    /// How many companies' documents are read at once; `None` where documents are not shown in the CRM.
    pub documents: Option<usize>,
    /// What is served over HTTP; `None` where nothing is.
    pub web: Option<WebSection>,
    /// Who is told when something needs a person.
    pub notices: NoticesSection,
    /// How requests are sent.
    pub http: HttpSettings,
    /// How to reach Flowtly.
    pub flowtly: FlowtlySection,
    /// How to reach the CRM.
    pub crm: Arc<dyn CrmSettings>,
    pub(super) company: Mapped,
    pub(super) contact: Mapped,
    pub(super) locale: Locale,
    pub(super) shown: String,
    pub(super) files: Vec<PathBuf>,
}

/// What a kind's tables come to.
#[derive(Debug, Clone)]
pub(super) struct Mapped {
    pub(super) flowtly: Shape,
    pub(super) crm: Shape,
    pub(super) rules: KindRules,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// Text on a terminal; entries of journald where standard error goes there, JSON elsewhere.
    Auto,
    /// Entries of journald, with fields.
    Journal,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSection {
    /// How lines are written.
    pub format: LogFormat,
    /// Directives in the syntax of `tracing_subscriber::EnvFilter`; valid.
    pub filter: String,
    /// `RUST_LOG` said the filter, so that no option of the command line changes it.
    pub pinned: bool,
    /// Text on a terminal may be coloured: `NO_COLOR` (<https://no-color.org>) is not set.
    pub colour: bool,
}

/// Where traces go.
#[derive(Debug, Clone)]
pub struct TracesSection {
    /// The collector's URL for traces.
    pub endpoint: Url,
    /// What is sent as `Authorization`.
    pub authorization: Option<SecretString>,
    /// The name of this service.
    pub service: String,
    /// Which spans: directives in the syntax of `tracing_subscriber::EnvFilter`; valid.
    pub filter: String,
    /// How many spans may wait to be sent.
    pub queue: usize,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Settings {
    /// What a side maps of a kind.
    pub fn shape(&self, side: Side, kind: Kind) -> &Shape {
        let mapped = self.mapped(kind);
        match side {
            Side::Flowtly => &mapped.flowtly,
            Side::Crm => &mapped.crm,
        }
    }

    /// The fields of a kind, the declared ones too, in the order in which reports show them.
    pub fn fields(&self, kind: Kind) -> Vec<Field> {
        Field::every(kind, Side::BOTH.into_iter().flat_map(|side| self.shape(side, kind).fields())).collect()
    }

    /// The rules of a kind.
    pub fn kind_rules(&self, kind: Kind) -> &KindRules {
        &self.mapped(kind).rules
    }

    /// What normal forms need to know of the firm.
    pub fn locale(&self) -> &Locale {
        &self.locale
    }

    /// The files that this was read from: the configuration's own, and those of secrets that no service manager hands over.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The effective configuration as TOML, secrets as `***`.
    pub fn show(&self) -> &str {
        &self.shown
    }

    fn mapped(&self, kind: Kind) -> &Mapped {
        match kind {
            Kind::Company => &self.company,
            Kind::Contact => &self.contact,
        }
    }
}
