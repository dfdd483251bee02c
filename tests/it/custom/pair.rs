//! A Flowtly and any CRM, with what a configuration declares.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use flowtly_sync::clock::{Clock, ManualClock};
use flowtly_sync::commands::check::{Mode, Sides, check};
use flowtly_sync::config::{self, Environment, Settings};
use flowtly_sync::connector::registry::{Systems, Transports, connect};
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::render::lists::{Form, Listing};
use flowtly_sync::render::style::Style;
use flowtly_sync::sandbox::flowtly::Attributes;
use flowtly_sync::sandbox::{CrmServer, FlowtlyOptions, FlowtlyServer, Property, RouterTransport};
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::waiting;
use flowtly_sync::sync::World;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Ending, Report, Request};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::firm::{ruling, vat};

const CONFIGURATION: &str = r#"
[locale]
region = "PL"
[flowtly]
base_url = "http://127.0.0.1:1"
username = "sync@example.com"
password_file = "flowtly-password"
[flowtly.defaults]
company = { status = "active", tax_identity = { tin_type = "vat" }, country = "PL", currency = "PLN", documents_language = "pl" }
contact = { type = "main" }
[limits]
creates = { count = 1000, share = 1.0 }
updates = { count = 1000, share = 1.0 }
blanked = { count = 1000, share = 1.0 }
links = { count = 1000, share = 1.0 }
conflicts = { count = 1000, share = 1.0 }
pauses = { count = 1000, share = 1.0 }
shrink = { count = 1000, share = 1.0 }
"#;

/// Two systems in process, and a place for the state.
pub struct Pair {
    pub flowtly: FlowtlyServer,
    crm: Arc<dyn CrmServer>,
    clock: Arc<ManualClock>,
    directory: tempfile::TempDir,
    extra: String,
}

/// By whose time everything happens.
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-11-23T08:00:00Z".parse::<DateTime<Utc>>().unwrap()))
}

impl Pair {
    /// A Flowtly whose clients have attributes, and where these contractors are listed, beside a CRM.
    pub fn new(clock: Arc<ManualClock>, crm: Arc<dyn CrmServer>, contractors: &[&str], extra: &str) -> Self {
        let options = FlowtlyOptions {
            attributes: Attributes::Merged,
            contractors: contractors.iter().map(|name| (*name).to_owned()).collect(),
            ..FlowtlyOptions::default()
        };
        let flowtly = FlowtlyServer::new(options, clock.clone());
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("flowtly-password"), "sandbox").unwrap();
        std::fs::write(directory.path().join("crm-secret"), crm.secret()).unwrap();
        Self { flowtly, crm, clock, directory, extra: extra.to_owned() }
    }

    fn settings(&self) -> Settings {
        let mut text = CONFIGURATION.to_owned();
        let section = self.crm.section();
        let lines = self.crm.configuration("crm-secret");
        write!(text, "[{section}]\nbase_url = \"http://127.0.0.1:2\"\n{lines}").unwrap();
        let state = self.directory.path().join("state.sqlite");
        write!(text, "{}\n[state]\npath = \"{}\"\n", self.extra, state.display()).unwrap();
        let path = self.directory.path().join("flowtly-sync.toml");
        std::fs::write(&path, text).unwrap();
        let nothing: [(String, String); 0] = [];
        config::load(Some(&path), &nothing.into_iter().collect::<Environment>()).unwrap()
    }

    fn systems(&self, settings: &Settings) -> Systems {
        let transports = Transports {
            flowtly: Arc::new(RouterTransport::new(self.flowtly.router(), self.flowtly.faults())),
            crm: Arc::new(RouterTransport::new(self.crm.router(), self.crm.faults())),
        };
        let clock: Arc<dyn Clock> = self.clock.clone();
        connect(settings, transports, &clock).unwrap()
    }

    async fn store(&self) -> Store {
        Store::open(&WriterLock::take(&self.directory.path().join("state.sqlite")).unwrap()).await.unwrap()
    }

    /// A complete pass that may be the first.
    pub async fn reconcile(&self) -> Report {
        let settings = self.settings();
        let (systems, ruling) = (self.systems(&settings), ruling(&settings));
        let world = World::of(&systems, self.clock.as_ref(), &ruling);
        let sinks = Sinks::from(&systems);
        let request = Request { complete: true, allow: BTreeSet::from([RefusalName::FirstPass]) };
        let (store, report) = pass::run(world, sinks, self.store().await, request, &CancellationToken::new()).await;
        store.close().await.unwrap();
        self.clock.advance(Duration::from_secs(1));
        report.unwrap()
    }

    /// A further complete pass has nothing to do and writes nothing, and nothing waits.
    pub async fn assert_settled(&self) {
        let writes = || self.flowtly.counts().writes + self.crm.counts().writes;
        let before = writes();
        let report = self.reconcile().await;
        assert!(!report.totals.would_act(), "the second pass would act: {:?}", report.totals);
        assert_eq!((report.certificate.unexplained, report.certificate.pending), (0, 0), "{:?}", report.certificate);
        assert_eq!((report.written, report.ending, writes()), (0, Ending::Applied, before));
        assert_eq!(self.refusals().await, Vec::<String>::new());
    }

    /// What waits among the refusals.
    pub async fn refusals(&self) -> Vec<String> {
        let mut store = self.store().await;
        let failures = waiting::failures(store.connection()).await.unwrap();
        store.close().await.unwrap();
        failures.into_iter().map(|failure| format!("{} {}: {}", failure.side, failure.field, failure.message)).collect()
    }

    /// What `check` says: its exit code and its lines.
    pub async fn check(&self) -> (u8, String) {
        let settings = self.settings();
        let systems = self.systems(&settings);
        let sides = Sides { flowtly: Ok(systems.flowtly.as_ref()), crm: Ok(systems.crm.as_ref()) };
        let mut out = Vec::new();
        let listing = &mut Listing { out: &mut out, form: Form::Text(Style::Plain) };
        let code = check(&settings, sides, Mode::Look, self.clock.as_ref(), listing).await.unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    /// Replaces what is declared.
    pub fn reconfigure(&mut self, extra: &str) {
        extra.clone_into(&mut self.extra);
    }

    /// A client and a company of one tax number, which the next pass links. Returns both numbers.
    pub fn alike(&self, name: &str, number: u32) -> (u64, u64) {
        let tax = vat(number);
        let client = self.flowtly.add_client(&json!({
            "name": name, "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active", "tinType": "vat",
            "dueDays": 14, "documentsLanguage": "pl", "vatNumber": tax, "tin": tax.trim_start_matches("PL"),
            "tinCountry": "PL",
        }));
        let properties = [(Property::Name, name), (Property::TaxNumber, &tax), (Property::Country, "Poland")];
        (client, self.crm.add(Kind::Company, &properties, None))
    }

    /// What Flowtly shows at a path of a client.
    pub fn shown(&self, client: u64, path: &str) -> Option<Value> {
        match path.strip_prefix("attributes.") {
            Some(name) => self.flowtly.attribute(client, name),
            None => self.flowtly.client(client)?.get(path).cloned(),
        }
    }

    /// Somebody changes that.
    pub fn edit(&self, client: u64, path: &str, value: &Value) {
        let done = match path.strip_prefix("attributes.") {
            Some(name) => self.flowtly.edit_attribute(client, name, value.clone()),
            None => self.flowtly.edit_client(client, path, value.clone()),
        };
        assert!(done, "there is no such client");
    }
}
