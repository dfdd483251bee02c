//! The sandbox servers, in a process of their own.

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, bail};
use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::sandbox::seed::{Flavour, Spread, World};
use flowtly_sync::sandbox::{Detail, FlowtlyOptions, FlowtlyServer, HubSpotOptions, HubSpotServer, ObjectType, serve};
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

/// Settings that differ from the defaults: budgets beyond what the machine can reach, and limits that a first load passes.
const SETTINGS: &str = "[hubspot.limits]\nburst = 10000\nsearch = 1000\ndaily = 100000000\n";

/// The line that the configuration which the sandbox prints ends with.
const LAST_LINE: &str = "token_file";

/// Both servers, until dropped.
#[derive(Debug)]
pub(crate) struct Servers {
    process: Child,
    config: PathBuf,
    _directory: tempfile::TempDir,
}

impl Servers {
    /// Starts and fills them, and writes a configuration for them.
    pub(crate) fn start(companies: u64, content: Content) -> anyhow::Result<Self> {
        let mut command = match content {
            Content::Agreed => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_flowtly-sync"));
                command.args(["sandbox", "--agreed", "--flowtly-port", "0", "--crm-port", "0", "--companies"]);
                command
            }
            Content::FlowtlyOnly => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--child", "serve"]);
                command
            }
        };
        let mut process = command
            .arg(companies.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the sandbox does not start")?;
        let printed = process.stdout.take().context("the sandbox has no standard output")?;
        let directory = tempfile::tempdir()?;
        let config = directory.path().join("flowtly-sync.toml");
        let servers = Self { process, config, _directory: directory };
        let mut text = String::new();
        for line in BufReader::new(printed).lines() {
            let line = line?;
            text.push_str(&line);
            text.push('\n');
            if line.starts_with(LAST_LINE) {
                let state = servers.config.with_file_name("state.sqlite");
                let text = format!("{text}{SETTINGS}[state]\npath = \"{}\"\n", state.display());
                std::fs::write(&servers.config, text)?;
                let options = (FlowtlyOptions::default(), HubSpotOptions::default());
                std::fs::write(servers.config.with_file_name("flowtly-password"), options.0.password)?;
                std::fs::write(servers.config.with_file_name("hubspot-token"), options.1.token)?;
                return Ok(servers);
            }
        }
        bail!("the sandbox ended before it told where it is: {text}")
    }

    /// A configuration for them; the state is beside it.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves firms that only Flowtly has, and prints a configuration as the `sandbox` command does.
pub(crate) async fn serve_flowtly_only(companies: u64) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let flowtly = FlowtlyServer::new(FlowtlyOptions::default(), Arc::clone(&clock));
    let hubspot = HubSpotServer::new(HubSpotOptions::default(), clock);
    hubspot.add_property(ObjectType::Company, "vat_number");
    let spread = Spread { flowtly_only: 100, crm_only: 0 };
    World::generate(usize::try_from(companies)?, 17, Flavour::Plain)
        .contacts_per_company(1..2)
        .fill(&flowtly, &hubspot, spread);
    flowtly.keep_log(Detail::CountsOnly);
    hubspot.keep_log(Detail::CountsOnly);
    let listeners =
        [TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?];
    let [flowtly_listener, crm_listener] = listeners;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "[locale]\nregion = \"PL\"\n[flowtly]\nbase_url = \"http://{}\"\nusername = \"{}\"\n\
         password_file = \"flowtly-password\"\n[flowtly.defaults]\ncompany = {{ status = \"active\", country = \"PL\", \
         currency = \"EUR\", documents_language = \"en\" }}\ncontact = {{ type = \"main\" }}\n[hubspot]\n\
         base_url = \"http://{}\"\ntoken_file = \"hubspot-token\"",
        flowtly_listener.local_addr()?,
        flowtly.options().username,
        crm_listener.local_addr()?
    )?;
    out.flush()?;
    let stop = CancellationToken::new();
    tokio::try_join!(
        serve(flowtly_listener, flowtly.router(), stop.clone()),
        serve(crm_listener, hubspot.router(), stop)
    )?;
    Ok(())
}
