//! The whole job, shown end to end against the embedded servers, in process: no account, no configuration, no socket.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::sandbox::{DEFAULTS, servers};
use super::session::{Session, print_report, request};
use crate::cli::Sample;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Environment, Settings};
use crate::connector::registry::Transports;
use crate::domain::safety::RefusalName;
use crate::render::Style;
use crate::render::plan::Format;
use crate::sandbox::{FlowtlyServer, HubSpotServer, RouterTransport};
use crate::store::Store;
use crate::store::lock::WriterLock;
use crate::sync::Silent;
use crate::sync::pass::{self, Report};

/// Shows it. The exit code is 0 only if the second pass was empty and the edits travelled.
pub(super) async fn demo(sample: Sample, keep: Option<PathBuf>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (flowtly, hubspot) = servers(sample, &clock);
    let temporary = tempfile::tempdir().context("no temporary directory can be made for the state")?;
    let directory = keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let settings = settings(directory, &flowtly, &hubspot)?;
    let transports = Transports {
        flowtly: Arc::new(RouterTransport::new(flowtly.router(), flowtly.faults())),
        crm: Arc::new(RouterTransport::new(hubspot.router(), hubspot.faults())),
    };
    let session = Session::over(settings, transports, clock)?;
    let mut stage = Stage { session: &session, flowtly: &flowtly, hubspot: &hubspot, out };

    stage.heading("Two systems that have never met")?;
    stage.count()?;

    stage.heading("What a first pass would do (`diff`)")?;
    stage.diff().await?;

    stage.heading("It is done (`reconcile --allow first-pass`)")?;
    let first = stage.reconcile(&[RefusalName::FirstPass]).await?;
    writeln!(stage.out, "{} records and fields written.", first.written)?;
    stage.count()?;

    stage.heading("A second pass has nothing to do")?;
    let second = stage.reconcile(&[]).await?;
    stage.certificate(&second)?;
    ensure!(!second.totals.would_act() && second.written == 0, "the second pass was not empty: {:?}", second.totals);

    stage.heading("People edit on both sides")?;
    let edits = stage.edit()?;

    stage.heading("And each edit travels, once")?;
    stage.diff().await?;
    let third = stage.reconcile(&[]).await?;
    ensure!(third.failing.is_empty(), "a side failed");
    for edit in &edits {
        let shown = edit.shown(&flowtly, &hubspot).unwrap_or_default();
        writeln!(stage.out, "{}: {shown}", edit.target)?;
        ensure!(shown == edit.text, "{} did not travel", edit.what);
    }

    stage.heading("And a last pass has nothing to do")?;
    let last = stage.reconcile(&[]).await?;
    stage.certificate(&last)?;
    ensure!(!last.totals.would_act() && last.written == 0, "the last pass was not empty: {:?}", last.totals);
    if let Some(directory) = keep {
        writeln!(out, "\nThe state is kept in {}.", directory.display())?;
    }
    Ok(0)
}

/// Four files' worth of a user's set-up, written where the state stands.
fn settings(directory: &Path, flowtly: &FlowtlyServer, hubspot: &HubSpotServer) -> anyhow::Result<Settings> {
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        anyhow::Ok(path)
    };
    write("flowtly-password", &flowtly.options().password)?;
    write("hubspot-token", &hubspot.options().token)?;
    let path = write(
        "flowtly-sync.toml",
        &format!(
            "[state]\npath = \"{}\"\n[locale]\nregion = \"PL\"\n[flowtly]\nbase_url = \"http://127.0.0.1\"\nusername = {:?}\n\
             password_file = \"flowtly-password\"\n[flowtly.defaults]\n{DEFAULTS}\n[hubspot]\n\
             base_url = \"http://127.0.0.1\"\ntoken_file = \"hubspot-token\"\n",
            directory.join("flowtly-sync.sqlite").display(),
            flowtly.options().username,
        ),
    )?;
    let nothing: [(String, String); 0] = [];
    Ok(config::load(Some(&path), &nothing.into_iter().collect::<Environment>())?)
}

struct Stage<'a> {
    session: &'a Session,
    flowtly: &'a FlowtlyServer,
    hubspot: &'a HubSpotServer,
    out: &'a mut dyn Write,
}

impl Stage<'_> {
    fn heading(&mut self, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "\n== {text} ==\n")
    }

    fn count(&mut self) -> std::io::Result<()> {
        writeln!(
            self.out,
            "Flowtly: {} clients, {} contacts. HubSpot: {} companies, {} contacts.",
            self.flowtly.client_count(),
            self.flowtly.contact_count(),
            self.hubspot.company_count(),
            self.hubspot.contact_count()
        )
    }

    fn certificate(&mut self, report: &Report) -> std::io::Result<()> {
        crate::render::plan::certificate(&report.certificate).text(self.out, Style::Plain)
    }

    async fn diff(&mut self) -> anyhow::Result<()> {
        let copy = tempfile::tempdir()?;
        let store = Store::open_copy(&self.session.settings.state_path, copy.path()).await?;
        let world = self.session.world(&Silent);
        let (mut store, outcome) = pass::dry_run(world, store, request(true, &[]), &CancellationToken::new()).await;
        let report = outcome?;
        print_report(&mut store, &report, Format::Text, Style::Plain, self.out).await?;
        Ok(store.close().await?)
    }

    async fn reconcile(&mut self, allow: &[RefusalName]) -> anyhow::Result<Report> {
        let lock = WriterLock::take(&self.session.settings.state_path)?;
        let store = Store::open(&lock).await?;
        let (world, sinks) = (self.session.world(&Silent), self.session.sinks());
        let (store, outcome) = pass::run(world, sinks, store, request(true, allow), &CancellationToken::new()).await;
        store.close().await?;
        Ok(outcome?)
    }

    /// Edits the first firm in Flowtly and the last one in HubSpot.
    fn edit(&mut self) -> anyhow::Result<Vec<Edit>> {
        let id = |record: Option<&Value>, key: &str| {
            let id =
                record.and_then(|record| record.get(key)).context("the sandbox is empty; take more --companies")?;
            id.as_u64().or_else(|| id.as_str()?.parse().ok()).context("a record without an id")
        };
        let client = id(self.flowtly.clients().first(), "id")?;
        let company = id(self.hubspot.companies().last(), "id")?;
        let tax = |client: &Value| client.get("vatNumber").and_then(Value::as_str).map(str::to_owned);
        let vat_of_client =
            self.flowtly.client(client).as_ref().and_then(tax).context("the first client has no number")?;
        let vat_of_company =
            self.hubspot.company_property(company, "vat_number").context("the last company has no number")?;
        let counterpart = self
            .hubspot
            .companies()
            .iter()
            .find_map(|record| {
                let id = id(Some(record), "id").ok()?;
                (self.hubspot.company_property(id, "vat_number")? == vat_of_client).then_some(id)
            })
            .context("the first client has no partner")?;
        let partner = self
            .flowtly
            .clients()
            .iter()
            .find(|client| tax(client).as_deref() == Some(&vat_of_company))
            .map(|client| id(Some(client), "id"))
            .context("the last company has no partner")??;
        let edits = vec![
            Edit {
                what: format!("Flowtly, client {client}: the city becomes Gdynia"),
                target: format!("HubSpot, company {counterpart}, city"),
                place: Place::HubSpot(counterpart, "city"),
                text: "Gdynia".to_owned(),
            },
            Edit {
                what: format!("HubSpot, company {company}: the phone becomes +48 58 620 00 00"),
                target: format!("Flowtly, client {partner}, addressPhoneNumber"),
                place: Place::Flowtly(partner, "addressPhoneNumber"),
                text: "+48 58 620 00 00".to_owned(),
            },
        ];
        self.flowtly.edit_client(client, "addressCity", "Gdynia");
        self.hubspot.edit_company(company, "phone", "+48 58 620 00 00");
        for edit in &edits {
            writeln!(self.out, "{}", edit.what)?;
        }
        Ok(edits)
    }
}

struct Edit {
    what: String,
    target: String,
    place: Place,
    text: String,
}

enum Place {
    Flowtly(u64, &'static str),
    HubSpot(u64, &'static str),
}

impl Edit {
    /// What the other side shows now.
    fn shown(&self, flowtly: &FlowtlyServer, hubspot: &HubSpotServer) -> Option<String> {
        match self.place {
            Place::Flowtly(id, key) => flowtly.client(id)?.get(key)?.as_str().map(str::to_owned),
            Place::HubSpot(id, property) => hubspot.company_property(id, property),
        }
    }
}
