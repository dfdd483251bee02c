//! A firm with both systems, a state and a clock: what every scenario starts with.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use flowtly_sync::clock::{Clock, ManualClock};
use flowtly_sync::config::{self, Environment, Settings};
use flowtly_sync::connector::registry::{Systems, Transports, connect};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::plan::{Action, ActionId, Asks, LinkId};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::{
    CrmServer, FlowtlyOptions, FlowtlyServer, HubSpotOptions, HubSpotServer, ObjectType, Property, RouterTransport,
};
use flowtly_sync::store::history::{self, Written};
use flowtly_sync::store::link::{self, Link};
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::waiting::{self, WaitingConflict, WaitingQuestion};
use flowtly_sync::store::{Store, action};
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::documents::DocumentRules;
use flowtly_sync::sync::pass::{self, Ending, Report, Request};
use flowtly_sync::sync::{PassError, Ruling, World};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::meddle::{Meddler, Meddling};

/// Both systems in process, and a place for the state.
pub struct Firm {
    pub flowtly: FlowtlyServer,
    /// The CRM that the configuration names.
    pub crm: Arc<dyn CrmServer>,
    /// The same, where it is a HubSpot; it stands idle beside any other.
    pub hubspot: HubSpotServer,
    pub clock: Arc<ManualClock>,
    /// People at work in the middle of a pass.
    pub meddling: Meddling,
    directory: tempfile::TempDir,
    base: String,
    extra: String,
    /// What was loaded last, and from what text: a file that did not change is not read again.
    loaded: Mutex<Option<(String, Arc<Settings>)>>,
}

/// What most scenarios configure: every required value has a default, and Poland dials without a code.
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
{crm}
[limits]
creates = { count = 1000, share = 1.0 }
updates = { count = 1000, share = 1.0 }
blanked = { count = 1000, share = 1.0 }
links = { count = 1000, share = 1.0 }
conflicts = { count = 1000, share = 1.0 }
pauses = { count = 1000, share = 1.0 }
shrink = { count = 1000, share = 1.0 }
"#;

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-11-23T08:00:00Z".parse::<DateTime<Utc>>().unwrap()))
}

impl Firm {
    /// A firm with two empty systems.
    pub fn new() -> Self {
        Self::with(FlowtlyOptions::default(), HubSpotOptions::default(), "")
    }

    /// The same, with further lines of configuration.
    pub fn configured(extra: &str) -> Self {
        Self::with(FlowtlyOptions::default(), HubSpotOptions::default(), extra)
    }

    pub fn with(flowtly: FlowtlyOptions, hubspot: HubSpotOptions, extra: &str) -> Self {
        let clock = clock();
        let hubspot = HubSpotServer::new(hubspot, clock.clone());
        hubspot.add_property(ObjectType::Company, "vat_number");
        Self::made(clock, flowtly, Arc::new(hubspot.clone()), hubspot, extra)
    }

    /// A firm of these two systems, which go by this clock.
    pub fn made(
        clock: Arc<ManualClock>,
        flowtly: FlowtlyOptions,
        crm: Arc<dyn CrmServer>,
        hubspot: HubSpotServer,
        extra: &str,
    ) -> Self {
        let flowtly = FlowtlyServer::new(flowtly, clock.clone());
        let directory = tempfile::tempdir().unwrap();
        let secret_file = format!("{}-token", crm.section());
        std::fs::write(directory.path().join("flowtly-password"), "sandbox").unwrap();
        std::fs::write(directory.path().join(&secret_file), crm.secret()).unwrap();
        let section = crm.section();
        let lines = format!("[{section}]\nbase_url = \"http://127.0.0.1:2\"\n{}", crm.configuration(&secret_file));
        let (base, extra) = (CONFIGURATION.replace("{crm}", lines.trim_end()), extra.to_owned());
        Self {
            flowtly,
            crm,
            hubspot,
            clock,
            meddling: Meddling::default(),
            directory,
            base,
            extra,
            loaded: Mutex::default(),
        }
    }

    /// Another HubSpot stands behind the same address. Returns the one before.
    pub fn swap_hubspot(&mut self, other: HubSpotServer) -> HubSpotServer {
        self.crm = Arc::new(other.clone());
        std::mem::replace(&mut self.hubspot, other)
    }

    /// Replaces the further lines of configuration.
    pub fn reconfigure(&mut self, extra: &str) {
        extra.clone_into(&mut self.extra);
    }

    /// Replaces a line of what every scenario configures.
    pub fn change_base(&mut self, from: &str, to: &str) {
        assert!(self.base.contains(from), "the base configuration has no such text: {from}");
        self.base = self.base.replace(from, to);
    }

    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state.sqlite")
    }

    pub fn settings(&self) -> Arc<Settings> {
        let path = self.directory.path().join("flowtly-sync.toml");
        let text = format!("{}{}\n[state]\npath = \"{}\"\n", self.base, self.extra, self.state().display());
        let mut loaded = self.loaded.lock().unwrap();
        if let Some((_, settings)) = loaded.as_ref().filter(|(from, _)| *from == text) {
            return Arc::clone(settings);
        }
        std::fs::write(&path, &text).unwrap();
        let nothing: [(String, String); 0] = [];
        let settings = Arc::new(config::load(Some(&path), &nothing.into_iter().collect::<Environment>()).unwrap());
        *loaded = Some((text, Arc::clone(&settings)));
        settings
    }

    pub fn systems(&self, settings: &Settings) -> Systems {
        let transports = Transports {
            flowtly: Arc::new(Meddler::new(
                RouterTransport::new(self.flowtly.router(), self.flowtly.faults()),
                Side::Flowtly,
                self.meddling.clone(),
            )),
            crm: Arc::new(Meddler::new(
                RouterTransport::new(self.crm.router(), self.crm.faults()),
                Side::Crm,
                self.meddling.clone(),
            )),
        };
        let clock: Arc<dyn Clock> = self.clock.clone();
        connect(settings, transports, &clock).unwrap()
    }

    pub async fn store(&self) -> Store {
        Store::open(&WriterLock::take(&self.state()).unwrap()).await.unwrap()
    }

    /// One pass with these allowances.
    pub async fn pass(&self, request: Request) -> Result<Report, PassError> {
        self.pass_until(request, &CancellationToken::new()).await
    }

    /// One pass that somebody may stop.
    pub async fn pass_until(&self, request: Request, stop: &CancellationToken) -> Result<Report, PassError> {
        let settings = self.settings();
        let systems = self.systems(&settings);
        let ruling = ruling(&settings);
        let lock = WriterLock::take(&self.state()).unwrap();
        let store = Store::open(&lock).await.unwrap();
        let world = World::of(&systems, self.clock.as_ref(), &ruling);
        let sinks = Sinks::from(&systems);
        let (store, report) = pass::run(world, sinks, store, request, stop).await;
        store.close().await.unwrap();
        self.clock.advance(Duration::from_secs(1));
        report
    }

    /// A complete pass that may be the first.
    pub async fn reconcile(&self) -> Report {
        let allow = BTreeSet::from([RefusalName::FirstPass]);
        self.pass(Request { complete: true, allow }).await.unwrap()
    }

    /// An incremental pass, as the daemon makes between the complete ones.
    pub async fn beat(&self) -> Report {
        self.pass(Request::default()).await.unwrap()
    }

    /// What a pass would do: report and actions. Nothing is written.
    pub async fn diff(&self) -> (Report, Vec<Action>) {
        let settings = self.settings();
        let systems = self.systems(&settings);
        let ruling = ruling(&settings);
        let copy = tempfile::tempdir().unwrap();
        let store = Store::open_copy(&self.state(), copy.path()).await.unwrap();
        let world = World::of(&systems, self.clock.as_ref(), &ruling);
        let request = Request { complete: true, ..Request::default() };
        let (mut store, report) = pass::dry_run(world, store, request, &CancellationToken::new()).await;
        let actions = action::all(store.connection(), ActionId(0), 10_000).await.unwrap();
        (report.unwrap(), actions)
    }

    /// What every scenario ends with: a further complete pass has nothing to do, writes nothing, and the certificate
    /// has nothing without a reason.
    pub async fn assert_settled(&self) {
        let writes = self.writes();
        let report = self.reconcile().await;
        assert!(!report.totals.would_act(), "the second pass would act: {:?}", report.totals);
        assert_eq!(report.written, 0);
        assert_eq!(report.certificate.unexplained, 0, "{:?}", report.certificate);
        assert_eq!(report.certificate.pending, 0, "{:?}", report.certificate);
        assert_eq!(report.ending, Ending::Applied);
        assert_eq!(self.writes(), writes, "the second pass wrote");
    }

    /// A Flowtly client with a Polish firm's usual values.
    pub fn client(&self, name: &str, vat: Option<&str>) -> u64 {
        let mut fields = json!({
            "name": name, "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active",
            "tinType": "vat", "dueDays": 14, "documentsLanguage": "pl",
        });
        if let (Some(vat), Value::Object(fields)) = (vat, &mut fields) {
            fields.insert("vatNumber".into(), json!(vat));
            fields.insert("tin".into(), json!(vat.trim_start_matches("PL")));
            fields.insert("tinCountry".into(), json!("PL"));
        }
        self.flowtly.add_client(&fields)
    }

    /// A company in Poland, in the CRM.
    pub fn company(&self, name: &str, vat: Option<&str>) -> u64 {
        let mut properties = vec![(Property::Name, name), (Property::Country, "Poland")];
        properties.extend(vat.map(|vat| (Property::TaxNumber, vat)));
        self.crm.add(Kind::Company, &properties, None)
    }

    pub fn client_text(&self, id: u64, key: &str) -> Option<String> {
        self.flowtly.client(id)?.get(key)?.as_str().map(str::to_owned)
    }
}

pub fn ruling(settings: &Settings) -> Ruling {
    Ruling {
        company: settings.kind_rules(Kind::Company).clone(),
        contact: settings.kind_rules(Kind::Contact).clone(),
        locale: settings.locale().clone(),
        limits: settings.limits,
        canaries: settings.canaries.clone(),
        documents: settings.documents.map(|at_once| DocumentRules { at_once }),
    }
}

impl Firm {
    /// What waits among the refusals, with the systems' own words.
    pub async fn refusals(&self) -> Vec<String> {
        let mut store = self.store().await;
        let failures = waiting::failures(store.connection()).await.unwrap();
        failures.into_iter().map(|failure| format!("{} {}: {}", failure.side, failure.field, failure.message)).collect()
    }
}

impl Firm {
    /// A further complete pass sends nothing, although something waits.
    pub async fn assert_at_rest(&self) -> Report {
        let writes = self.writes();
        let report = self.reconcile().await;
        assert_eq!(report.written, 0, "{report:?}");
        assert_eq!(self.writes(), writes, "the second pass wrote");
        assert_eq!(report.certificate.unexplained, 0, "{:?}", report.certificate);
        assert_eq!((report.totals.conflicts, report.totals.questions), (0, 0), "asked twice: {:?}", report.totals);
        report
    }

    /// How many writing requests both systems had.
    pub fn writes(&self) -> u64 {
        self.flowtly.counts().writes + self.crm.counts().writes
    }

    pub fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub async fn conflicts(&self) -> Vec<WaitingConflict> {
        waiting::conflicts(self.store().await.connection(), None).await.unwrap()
    }

    /// The fields that are in conflict.
    pub async fn disputed(&self) -> Vec<Field> {
        self.conflicts().await.into_iter().map(|waiting| waiting.conflict.field).collect()
    }

    pub async fn questions(&self) -> Vec<WaitingQuestion> {
        waiting::questions(self.store().await.connection()).await.unwrap()
    }

    /// What is asked, in order.
    pub async fn asked(&self) -> Vec<Asks> {
        self.questions().await.into_iter().map(|waiting| waiting.question.asks).collect()
    }

    pub async fn links(&self) -> Vec<Link> {
        link::page(self.store().await.connection(), LinkId(0), 1_000).await.unwrap()
    }

    /// The pairs of ids that are linked, live ones and others.
    pub async fn pairs(&self, kind: Kind) -> Vec<(String, String)> {
        let links = self.links().await.into_iter().filter(|link| link.kind == kind);
        links.map(|link| (link.flowtly_id.to_string(), link.crm_id.to_string())).collect()
    }

    /// What was written to a pair's field, newest first.
    pub async fn history(&self, link: LinkId, field: Field) -> Vec<Written> {
        history::of_link(self.store().await.connection(), link, Some(field), 100).await.unwrap()
    }

    pub fn contact_text(&self, id: u64, key: &str) -> Option<String> {
        self.flowtly.contact(id)?.get(key)?.as_str().map(str::to_owned)
    }

    /// A Flowtly contact with the usual type.
    pub fn person(&self, client: u64, name: &str, email: &str) -> u64 {
        self.flowtly.add_contact(client, &json!({"name": name, "email": email, "type": "main"}))
    }

    /// A client and a company of one tax number, linked and equal. Returns both ids.
    pub async fn linked(&self, name: &str, vat: &str) -> (u64, u64) {
        let (client, company) = (self.client(name, Some(vat)), self.company(name, Some(vat)));
        self.reconcile().await;
        let pair = (client.to_string(), self.crm.id_text(company));
        assert!(self.pairs(Kind::Company).await.contains(&pair), "the two are linked");
        (client, company)
    }
}

/// A Polish VAT number that passes its check, another one for each `number`.
pub fn vat(number: u32) -> String {
    const WEIGHTS: [u32; 9] = [6, 5, 7, 2, 3, 4, 5, 6, 7];
    // Two steps apart, so that the next number has another text even where the one before had no check digit.
    (0..10)
        .map(|step| format!("{}", 521_000_000 + number * 10 + step))
        .find_map(|digits| {
            let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
            (sum % 11 < 10).then(|| format!("PL{digits}{}", sum % 11))
        })
        .unwrap()
}
