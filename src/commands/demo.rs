//! The whole job, shown end to end against the embedded servers, in process: no account, no configuration, no socket.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::sandbox::{DEFAULTS, secret_file, servers};
use super::session::{Session, print_report, request};
use crate::cli::Sample;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Environment, Settings};
use crate::connector::registry::Transports;
use crate::domain::record::Kind;
use crate::domain::safety::RefusalName;
use crate::render::Style;
use crate::render::plan::{Detail, Format, PlanReport};
use crate::sandbox::{CrmServer, FlowtlyServer, Property, RouterTransport};
use crate::store::Store;
use crate::store::lock::WriterLock;
use crate::sync::Silent;
use crate::sync::pass::{self, Report};

/// Shows it. The exit code is 0 only if the second pass was empty and the edits travelled.
pub(super) async fn demo(sample: Sample, keep: Option<PathBuf>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (flowtly, crm) = servers(sample, &clock);
    let temporary = tempfile::tempdir().context("no temporary directory can be made for the state")?;
    let directory = keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let settings = settings(directory, &flowtly, crm.as_ref())?;
    let transports = Transports {
        flowtly: Arc::new(RouterTransport::new(flowtly.router(), flowtly.faults())),
        crm: Arc::new(RouterTransport::new(crm.router(), crm.faults())),
    };
    let session = Session::over(settings, transports, clock)?;
    let mut stage = Stage { session: &session, flowtly: &flowtly, crm: crm.as_ref(), out };

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
        let shown = edit.shown(&flowtly, crm.as_ref()).unwrap_or_default();
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
fn settings(directory: &Path, flowtly: &FlowtlyServer, crm: &dyn CrmServer) -> anyhow::Result<Settings> {
    let secret_file = secret_file(crm);
    // A folder that is kept may be anybody's: nothing in it is replaced, and no state in it is used.
    for name in ["flowtly-sync.sqlite", "flowtly-sync.toml", "flowtly-password", &secret_file] {
        let path = directory.join(name);
        ensure!(!path.exists(), "{} is there already: keep the demo in an empty folder", path.display());
    }
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        let made = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        made.with_context(|| format!("{} cannot be written", path.display()))?;
        anyhow::Ok(path)
    };
    write("flowtly-password", &flowtly.options().password)?;
    write(&secret_file, &crm.secret())?;
    let path = write(
        "flowtly-sync.toml",
        &format!(
            "[state]\npath = \"{}\"\n[locale]\nregion = \"PL\"\n[flowtly]\nbase_url = \"http://127.0.0.1\"\nusername = {:?}\n\
             password_file = \"flowtly-password\"\n[flowtly.defaults]\n{DEFAULTS}\n[{}]\n\
             base_url = \"http://127.0.0.1\"\n{}",
            directory.join("flowtly-sync.sqlite").display(),
            flowtly.options().username,
            crm.section(),
            crm.configuration(&secret_file),
        ),
    )?;
    let nothing: [(String, String); 0] = [];
    Ok(config::load(Some(&path), &nothing.into_iter().collect::<Environment>())?)
}

struct Stage<'a> {
    session: &'a Session,
    flowtly: &'a FlowtlyServer,
    crm: &'a dyn CrmServer,
    out: &'a mut dyn Write,
}

impl Stage<'_> {
    fn heading(&mut self, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "\n== {text} ==\n")
    }

    fn count(&mut self) -> std::io::Result<()> {
        writeln!(
            self.out,
            "Flowtly: {} clients, {} contacts. {}: {} companies, {} contacts.",
            self.flowtly.client_count(),
            self.flowtly.contact_count(),
            self.session.systems.crm.capabilities().system,
            self.crm.ids(Kind::Company).len(),
            self.crm.ids(Kind::Contact).len()
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
        let printer = PlanReport::new(Format::Text, Style::Plain, Detail::Brief);
        print_report(&mut store, &report, printer, self.out).await?;
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

    /// Edits the first firm in Flowtly and the last one in the CRM.
    fn edit(&mut self) -> anyhow::Result<Vec<Edit>> {
        let (crm, system) = (self.crm, self.session.systems.crm.capabilities().system);
        let empty = "the sandbox is empty; take more --companies";
        let id = |client: &Value| client.get("id").and_then(Value::as_u64).context("a client without an id");
        let tax = |client: &Value| client.get("vatNumber").and_then(Value::as_str).map(str::to_owned);
        let tax_of_company = |company: u64| crm.text(Kind::Company, company, Property::TaxNumber);
        let clients = self.flowtly.clients();
        let companies = crm.ids(Kind::Company);

        let client = clients.first().context(empty)?;
        let number = tax(client).context("the first client has no number")?;
        let counterpart = companies.iter().copied().find(|company| tax_of_company(*company).as_ref() == Some(&number));
        let counterpart = counterpart.context("the first client has no partner")?;
        let company = *companies.last().context(empty)?;
        let number = tax_of_company(company).context("the last company has no number")?;
        let partner = clients.iter().find(|client| tax(client).as_ref() == Some(&number));
        let partner = id(partner.context("the last company has no partner")?)?;
        let client = id(client)?;

        self.flowtly.edit_client(client, "addressCity", "Gdynia");
        crm.edit(Kind::Company, company, Property::Phone, "+48 58 620 00 00");
        let phone = crm.text(Kind::Company, company, Property::Phone).context("the last company takes no phone")?;
        let edits = vec![
            Edit {
                what: format!("Flowtly, client {client}: the city becomes Gdynia"),
                target: format!("{system}, company {}, {}", crm.id_text(counterpart), self.word(Property::City)),
                place: Place::Crm(counterpart, Property::City),
                text: "Gdynia".to_owned(),
            },
            Edit {
                what: format!("{system}, company {}: the phone becomes {phone}", crm.id_text(company)),
                target: format!("Flowtly, client {partner}, addressPhoneNumber"),
                place: Place::Flowtly(partner, "addressPhoneNumber"),
                text: phone,
            },
        ];
        for edit in &edits {
            writeln!(self.out, "{}", edit.what)?;
        }
        Ok(edits)
    }

    /// What the CRM calls a company's property.
    fn word(&self, property: Property) -> &'static str {
        self.crm.place(Kind::Company, property).1
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
    Crm(u64, Property),
}

impl Edit {
    /// What the other side shows now.
    fn shown(&self, flowtly: &FlowtlyServer, crm: &dyn CrmServer) -> Option<String> {
        match self.place {
            Place::Flowtly(id, key) => flowtly.client(id)?.get(key)?.as_str().map(str::to_owned),
            Place::Crm(id, property) => crm.text(Kind::Company, id, property),
        }
    }
}
