//! A daemon that is served over HTTP, and everybody who calls it.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use flowtly_sync::clock::{Clock, ManualClock};
use flowtly_sync::connector::registry::{Transports, connect};
use flowtly_sync::daemon::control::{Control, Desk, protocol};
use flowtly_sync::daemon::hints::Hints;
use flowtly_sync::daemon::schedule::Schedule;
use flowtly_sync::daemon::systemd::Notifier;
use flowtly_sync::daemon::watch::{Vitals, Watch};
use flowtly_sync::daemon::{self, Daemon, Reload};
use flowtly_sync::metrics::Metrics;
use flowtly_sync::sandbox::RouterTransport;
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::sync::World;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::Report;
use flowtly_sync::web::{Site, Sockets, Web};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, ruling};

/// Under which URL the CRM believes to call.
pub const PUBLIC: &str = "https://sync.example.com";

/// What HubSpot signs with.
pub const SECRET: &str = "hubspot-client-secret";

/// Lines that serve, with HubSpot's webhooks.
pub const SERVED: &str = "\
[web]
enabled = true
public_url = \"https://sync.example.com\"
[hubspot.webhook]
secret_file = \"webhook\"
";

/// The date of the sandbox, and waits that pass as they do for people; a beat never comes by itself.
#[derive(Debug)]
pub struct Tempo {
    date: Arc<ManualClock>,
    begun: Instant,
}

impl Tempo {
    pub fn of(firm: &Firm) -> Self {
        Self { date: firm.clock.clone(), begun: Instant::now() }
    }
}

#[async_trait]
impl Clock for Tempo {
    fn now(&self) -> DateTime<Utc> {
        self.date.now()
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        if duration > Duration::from_mins(2) {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(duration).await;
    }
}

struct Nobody;

#[async_trait(?Send)]
impl Desk for Nobody {
    async fn decide(&self, _: &mut Store, _: &protocol::Ask) -> protocol::Outcome {
        unreachable!("nobody asks")
    }

    async fn report(&self, _: &mut Store, _: &Report, _: bool) -> protocol::Outcome {
        unreachable!("nobody asks")
    }
}

/// A configuration that was changed into one that is not valid.
#[derive(Debug)]
struct NotValid;

impl Reload for NotValid {
    fn reload(&self) -> Result<(), String> {
        Err("it is not valid".to_owned())
    }
}

/// Somebody at the door.
#[derive(Clone)]
pub struct Caller {
    pub address: SocketAddr,
    pub watch: Watch,
    /// Has the configuration read again, which is not valid, and a pass begin.
    pub wake: Arc<Notify>,
    client: reqwest::Client,
    date: Arc<ManualClock>,
}

impl Caller {
    /// Status and text.
    pub async fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = self.client.get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answered(request).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, String)], body: impl Into<Vec<u8>>) -> (u16, String) {
        let mut request = self.client.post(format!("http://{}{path}", self.address)).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        answered(request).await
    }

    /// As HubSpot delivers it now.
    pub async fn hubspot(&self, body: &str) -> (u16, String) {
        let stamp = self.date.now().timestamp_millis().to_string();
        self.post("/webhooks/hubspot", &signed(SECRET, &stamp, body), body).await
    }

    /// A figure, by its line in the text.
    pub async fn figure(&self, line: &str) -> f64 {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, 200);
        let value = text.lines().find_map(|shown| shown.strip_prefix(line)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or(0.0)
    }

    /// Waits until something holds; for ever is a minute.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        while !holds().await {
            assert!(begun.elapsed() < Duration::from_mins(1), "{what} did not come");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until so many passes of an extent and outcome ended.
    pub async fn passes(&self, extent: &str, outcome: &str, many: f64) {
        let line = format!("flowtly_sync_passes_total{{extent=\"{extent}\",outcome=\"{outcome}\"}}");
        self.until(&line, async || self.figure(&line).await >= many).await;
    }
}

async fn answered(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The headers of a delivery by HubSpot.
pub fn signed(secret: &str, stamp: &str, body: &str) -> Vec<(&'static str, String)> {
    let code = hmac(secret, format!("POST{PUBLIC}/webhooks/hubspot{body}{stamp}").as_bytes());
    vec![("x-hubspot-signature-v3", STANDARD.encode(code)), ("x-hubspot-request-timestamp", stamp.to_owned())]
}

pub fn hmac(secret: &str, text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Writes what a secret's file of the configuration holds.
pub fn secret(firm: &Firm, name: &str, text: &str) {
    std::fs::write(firm.state().with_file_name(name), text).unwrap();
}

/// A firm whose daemon is served, with what it configures beside.
pub fn served(extra: &str) -> Firm {
    let firm = Firm::configured(&format!("{SERVED}{extra}"));
    secret(&firm, "webhook", SECRET);
    firm
}

/// Runs the daemon for as long as somebody calls. Its first pass has ended when they begin.
pub async fn beside<F: Future<Output = ()>>(firm: &Firm, call: impl FnOnce(Caller) -> F) {
    beside_by(firm, Schedule::new(Duration::from_mins(5), Duration::from_hours(6), 0.0), call).await;
}

/// The same by another schedule.
pub async fn beside_by<F: Future<Output = ()>>(firm: &Firm, schedule: Schedule, call: impl FnOnce(Caller) -> F) {
    beside_with(firm, schedule, false, call).await;
}

/// The same where hints may start passes in quiet hours, or not.
pub async fn beside_with<F: Future<Output = ()>>(
    firm: &Firm,
    schedule: Schedule,
    hints_in_quiet: bool,
    call: impl FnOnce(Caller) -> F,
) {
    let settings = firm.settings();
    let clock: Arc<dyn Clock> = Arc::new(Tempo::of(firm));
    let metrics = Arc::new(Metrics::new());
    let transports = Transports {
        flowtly: Arc::new(RouterTransport::new(firm.flowtly.router(), firm.flowtly.faults())),
        crm: Arc::new(RouterTransport::new(firm.crm.router(), firm.crm.faults())),
    };
    let of_systems: Arc<dyn Clock> = firm.clock.clone();
    let systems = connect(&settings, transports.metered(&metrics, &of_systems), &of_systems).unwrap();
    let ruling = ruling(&settings);
    let lock = WriterLock::take(&settings.state_path).unwrap();
    let store = Store::open(&lock).await.unwrap();
    let hints = Hints::beside(&settings.state_path).unwrap();
    let watch = Watch { metrics, vitals: Arc::new(Vitals::default()), hints };
    let site = Site::new(watch.clone(), &settings, clock.clone());
    let sockets = Sockets::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = sockets.addresses()[0];
    let web = Web::serve(sockets, &site.router(), &clock);
    let daemon = Daemon {
        world: World::of(&systems, clock.as_ref(), &ruling),
        sinks: Sinks::from(&systems),
        schedule,
        hints_in_quiet,
        woken: false,
        stop_within: Duration::from_secs(30),
        allow: BTreeSet::new(),
        notifier: Notifier::default(),
        inbox: Control::none(&Nobody),
        watch: Some(watch.clone()),
        notices: None,
        backups: None,
        reload: Some(&NotValid),
    };
    let (stop, wake) = (CancellationToken::new(), Arc::new(Notify::new()));
    let date = firm.clock.clone();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let caller = Caller { address, watch, wake: wake.clone(), client, date };
    let calls = async {
        caller.until("a first pass", async || caller.watch.vitals.signs().passed.is_some()).await;
        call(caller).await;
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(daemon::run(daemon, store, &stop, &wake), calls);
    ended.unwrap();
    web.close().await;
    // A child of another test that was forked just now may hold it open until it is another program.
    let closed = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), closed).await.expect("the door is closed");
}
