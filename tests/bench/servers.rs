//! The sandbox servers, in a process of their own.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail};
use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::crm::Property;
use flowtly_sync::sandbox::seed::{Filled, Flavour, Spread, World};
use flowtly_sync::sandbox::{CrmServer, Detail, Embedded, FlowtlyOptions, FlowtlyServer, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the servers hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Every firm on both sides, in agreement, with one contact.
    Agreed,
    /// Every firm in Flowtly alone, with one contact.
    FlowtlyOnly,
}

impl Content {
    const fn word(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::FlowtlyOnly => "flowtly-only",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        [Self::Agreed, Self::FlowtlyOnly].into_iter().find(|content| content.word() == word)
    }
}

/// What the server's process says when it can be asked, and when it has done what it was told.
const DONE: &str = "# done";

/// Settings that differ from the defaults, below the section of the CRM: budgets beyond what the machine can reach, and
/// limits that a first load passes.
fn settings(crm: &str) -> &'static str {
    match crm {
        "hubspot" => "[hubspot.limits]\nburst = 10000\nsearch = 1000\ndaily = 100000000\n",
        "espocrm" => "[espocrm.limits]\nrequests_per_minute = 1000000\n",
        // The others limit nothing, or say in their configuration what they allow.
        _ => "",
    }
}

/// Both servers, until dropped.
#[derive(Debug)]
pub(crate) struct Servers {
    process: Child,
    told: ChildStdin,
    tells: Lines<BufReader<ChildStdout>>,
    config: PathBuf,
    _directory: tempfile::TempDir,
}

impl Servers {
    /// Starts and fills them, and writes a configuration for them.
    pub(crate) fn start(crm: &Embedded, companies: u64, content: Content) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--child", "serve", crm.name, content.word()])
            .arg(companies.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the sandbox does not start")?;
        let told = process.stdin.take().context("the sandbox has no standard input")?;
        let tells = BufReader::new(process.stdout.take().context("the sandbox has no standard output")?).lines();
        let directory = tempfile::tempdir()?;
        let config = directory.path().join("flowtly-sync.toml");
        let mut servers = Self { process, told, tells, config, _directory: directory };
        let text = servers.until_done()?;
        let state = servers.config.with_file_name("state.sqlite");
        let text = format!("{text}{}[state]\npath = \"{}\"\n", settings(crm.name), state.display());
        std::fs::write(&servers.config, text)?;
        std::fs::write(servers.config.with_file_name("flowtly-password"), FlowtlyOptions::default().password)?;
        let empty = (crm.start)(Arc::new(SystemClock::new()));
        std::fs::write(servers.config.with_file_name("crm-secret"), empty.secret())?;
        Ok(servers)
    }

    /// A configuration for them; the state is beside it.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// So many companies of a side get another city.
    pub(crate) fn edit(&mut self, side: Side, companies: u64) -> anyhow::Result<()> {
        writeln!(self.told, "{} {companies}", side.as_str())?;
        self.told.flush()?;
        self.until_done().map(drop)
    }

    fn until_done(&mut self) -> anyhow::Result<String> {
        let mut text = String::new();
        for line in self.tells.by_ref() {
            let line = line?;
            if line == DONE {
                return Ok(text);
            }
            text.push_str(&line);
            text.push('\n');
        }
        bail!("the sandbox ended before it was done: {text}")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves a CRM, filled; prints a configuration, and then does what its standard input says.
pub(crate) async fn serve_sandbox(arguments: &[String]) -> anyhow::Result<()> {
    let [crm, content, companies, ..] = arguments else { bail!("serve needs a CRM, a content and a number") };
    let crm = Embedded::named(crm).with_context(|| format!("there is no CRM {crm}"))?;
    let content = Content::of_word(content).with_context(|| format!("there is no content {content}"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let flowtly = FlowtlyServer::new(FlowtlyOptions::default(), Arc::clone(&clock));
    let crm = (crm.start)(clock);
    let world = World::generate(companies.parse()?, 17, Flavour::Plain).contacts_per_company(1..2);
    let filled = match content {
        Content::Agreed => world.fill_agreed(&flowtly, crm.as_ref()),
        Content::FlowtlyOnly => world.fill(&flowtly, crm.as_ref(), Spread { flowtly_only: 100, crm_only: 0 }),
    };
    flowtly.keep_log(Detail::CountsOnly);
    crm.keep_log(Detail::CountsOnly);
    let flowtly_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let crm_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut out = std::io::stdout();
    write!(
        out,
        "[locale]\nregion = \"PL\"\n[flowtly]\nbase_url = \"http://{}\"\nusername = \"{}\"\n\
         password_file = \"flowtly-password\"\n[flowtly.defaults]\ncompany = {{ status = \"active\", tin_type = \"vat\", \
         country = \"PL\", currency = \"EUR\", documents_language = \"en\" }}\ncontact = {{ type = \"main\" }}\n[{}]\n\
         base_url = \"http://{}\"\n{}{DONE}\n",
        flowtly_listener.local_addr()?,
        flowtly.options().username,
        crm.section(),
        crm_listener.local_addr()?,
        crm.configuration("crm-secret"),
    )?;
    out.flush()?;
    let (flowtly_router, crm_router) = (flowtly.router(), crm.router());
    std::thread::spawn(move || obey(&flowtly, crm.as_ref(), &filled));
    let stop = CancellationToken::new();
    tokio::try_join!(serve(flowtly_listener, flowtly_router, stop.clone()), serve(crm_listener, crm_router, stop))?;
    Ok(())
}

/// Does what the lines of the standard input say, as long as there are any.
fn obey(flowtly: &FlowtlyServer, crm: &dyn CrmServer, filled: &Filled) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    for line in std::io::stdin().lines() {
        let line = line?;
        let (side, number) = line.split_once(' ').context("a side and a number")?;
        let number: usize = number.parse()?;
        if side == Side::Flowtly.as_str() {
            for (client, _) in filled.pairs.iter().take(number) {
                flowtly.edit_client(*client, "addressCity", "Nowe Miasto");
            }
        } else {
            for (_, company) in filled.pairs.iter().rev().take(number) {
                crm.edit(Kind::Company, *company, Property::City, "Stare Miasto");
            }
        }
        writeln!(out, "{DONE}")?;
        out.flush()?;
    }
    Ok(())
}
