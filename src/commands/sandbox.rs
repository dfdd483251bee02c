//! Serves an embedded Flowtly and CRM on this machine, to point a configuration at.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use super::session::stop_on_signals;
use crate::cli::{Sample, Seed};
use crate::clock::{Clock, SystemClock};
use crate::sandbox::seed::{Flavour, Spread, World};
use crate::sandbox::{CrmServer, Detail, FlowtlyOptions, FlowtlyServer, serve};

/// The number that all sandboxes' data grows from: the same data every time.
const SEED: u64 = 17;

/// Both servers, empty.
fn empty(sample: Sample, clock: &Arc<dyn Clock>) -> (FlowtlyServer, Arc<dyn CrmServer>) {
    let flowtly = FlowtlyServer::new(FlowtlyOptions::default(), Arc::clone(clock));
    (flowtly, (sample.crm.start)(Arc::clone(clock)))
}

fn world(sample: Sample, flavour: Flavour) -> World {
    World::generate(usize::try_from(sample.companies).unwrap_or(usize::MAX), SEED, flavour)
}

/// Both servers, filled.
pub(super) fn servers(sample: Sample, clock: &Arc<dyn Clock>) -> (FlowtlyServer, Arc<dyn CrmServer>) {
    let (flowtly, crm) = empty(sample, clock);
    let flavour = match sample.seed {
        Seed::Plain => Flavour::Plain,
        Seed::Messy => Flavour::Messy,
    };
    world(sample, flavour).fill(&flowtly, crm.as_ref(), Spread::default());
    (flowtly, crm)
}

/// Serves until a signal says stop.
pub(super) async fn sandbox(
    sample: Sample,
    flowtly_port: u16,
    crm_port: u16,
    agreed: bool,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (flowtly, crm) = if agreed {
        let (flowtly, crm) = empty(sample, &clock);
        world(sample, Flavour::Plain).contacts_per_company(1..2).fill_agreed(&flowtly, crm.as_ref());
        (flowtly, crm)
    } else {
        servers(sample, &clock)
    };
    flowtly.keep_log(Detail::CountsOnly);
    crm.keep_log(Detail::CountsOnly);
    let stop = stop_on_signals()?;
    let listener = |port: u16, what: &'static str| async move {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        TcpListener::bind(address)
            .await
            .with_context(|| format!("{what} cannot listen on {address}; take another port"))
    };
    let flowtly_listener = listener(flowtly_port, "Flowtly").await?;
    let crm_listener = listener(crm_port, "the CRM").await?;
    let (flowtly_at, crm_at) = (flowtly_listener.local_addr()?, crm_listener.local_addr()?);
    writeln!(out, "# Two embedded servers, until Ctrl-C. A configuration for them:")?;
    writeln!(out, "[locale]\nregion = \"PL\"")?;
    writeln!(out, "[flowtly]\nbase_url = \"http://{flowtly_at}\"\nusername = \"{}\"", flowtly.options().username)?;
    writeln!(out, "password_file = \"flowtly-password\"   # holds: {}", flowtly.options().password)?;
    writeln!(out, "[flowtly.defaults]\n{DEFAULTS}")?;
    let secret_file = secret_file(crm.as_ref());
    writeln!(out, "[{}]   # {secret_file} holds: {}", crm.section(), crm.secret())?;
    write!(out, "base_url = \"http://{crm_at}\"\n{}", crm.configuration(&secret_file))?;
    out.flush()?;
    tokio::try_join!(
        serve(flowtly_listener, flowtly.router(), stop.clone()),
        serve(crm_listener, crm.router(), stop.clone())
    )
    .context("a sandbox server failed")?;
    Ok(0)
}

/// Where a configuration for an embedded CRM has its secret.
pub(super) fn secret_file(crm: &dyn CrmServer) -> String {
    format!("{}-token", crm.section())
}

/// What the sandbox's Flowtly demands of new records.
pub(super) const DEFAULTS: &str = "company = { status = \"active\", tin_type = \"vat\", country = \"PL\", \
     currency = \"EUR\", documents_language = \"en\" }\ncontact = { type = \"main\" }";
