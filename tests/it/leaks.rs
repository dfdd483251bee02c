//! What the program says of itself, at its most talkative and with everything going wrong, holds nothing of anybody: lines,
//! entries of journald, traces, figures, notices and errors of the same passes, searched for all that the servers hold.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::commands::deciding::Clerk;
use flowtly_sync::config::Settings;
use flowtly_sync::connector::error::PortError;
use flowtly_sync::connector::http::Transport;
use flowtly_sync::daemon::control::{Control, Inbox, socket::Socket};
use flowtly_sync::daemon::hints::Hints;
use flowtly_sync::daemon::schedule::Schedule;
use flowtly_sync::daemon::systemd::Notifier;
use flowtly_sync::daemon::watch::{Vitals, Watch};
use flowtly_sync::daemon::{self, Daemon};
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::metrics::Metrics;
use flowtly_sync::notice::carrier::{Carrier, Undelivered};
use flowtly_sync::notice::letter::Letter;
use flowtly_sync::notice::look::Desk;
use flowtly_sync::notice::{Board, Plan};
use flowtly_sync::sandbox::seed::{Flavour, Spread};
use flowtly_sync::sandbox::{Fault, Property, When, seed};
use flowtly_sync::sync::World;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::telemetry::Captured;
use http::{Method, Request, Response};
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber as _;

use crate::firm::{Firm, ruling};

/// Everything that was said.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn add(&self, bytes: &[u8]) {
        self.0.lock().unwrap().extend_from_slice(bytes);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A collector of traces, which leaves out what is secret by its mark.
#[async_trait]
impl Transport for Heard {
    async fn send(
        &self,
        request: Request<Bytes>,
        _timeout: Duration,
        _body_limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        self.add(format!("{:?}", request.headers()).as_bytes());
        self.add(request.body());
        Ok(Response::new(Bytes::new()))
    }
}

#[async_trait]
impl Carrier for Heard {
    fn name(&self) -> &'static str {
        "heard"
    }

    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered> {
        self.add(&letter.json());
        self.add(letter.subject().as_bytes());
        Ok(())
    }
}

/// All that tells somebody from another: every text of both servers that no list of choices holds.
fn known(firm: &Firm) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for record in firm.flowtly.clients().iter().chain(&firm.flowtly.contacts()) {
        texts(record, &mut known);
    }
    for kind in Kind::BOTH {
        for id in firm.crm.ids(kind) {
            texts(&firm.crm.record(kind, id).unwrap()["properties"], &mut known);
        }
    }
    known
}

/// Keys whose values are the same for many, or ids of ours and theirs.
const CHOICES: [&str; 17] = [
    "country",
    "currency",
    "status",
    "type",
    "possibleTypes",
    "tinType",
    "tinCountry",
    "documentsLanguage",
    "lifecyclestage",
    "createdate",
    "createdAt",
    "updatedAt",
    "lastmodifieddate",
    "hs_lastmodifieddate",
    "hs_object_id",
    "flowtly_id",
    "website",
];

fn texts(value: &Value, known: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| !key.starts_with('@') && !CHOICES.contains(&key.as_str()));
            kept.for_each(|(_, value)| texts(value, known));
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, known)),
        Value::String(text) => {
            let is_a_short_number = text.len() < 8 && text.chars().all(|sign| sign.is_ascii_digit() || sign == '-');
            let is_one_digit = text.chars().all(|sign| text.starts_with(sign));
            // What is short, or a reference, or the number of nobody, stands anywhere.
            if text.chars().count() >= 5 && !is_a_short_number && !is_one_digit && !text.starts_with('/') {
                known.insert(text.clone());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Everything that may go wrong, in the middle of passes.
fn trouble(firm: &Firm) {
    let faults = [
        Fault::Gateway(502),
        Fault::Refusal { status: 400, retry_after: None },
        Fault::Refusal { status: 429, retry_after: Some("1".to_owned()) },
        Fault::TimeOut { carried_out: true },
        Fault::DropAfter,
        Fault::Truncate,
        Fault::Html,
        Fault::HalfJson,
        Fault::WrongType,
        Fault::HugeText(100_000),
        Fault::Unreachable,
    ];
    for (turn, fault) in (0..).zip(faults) {
        firm.flowtly.faults().when(When::always().skip(7 + 11 * turn).times(1), fault.clone());
        firm.crm.faults().when(When::always().skip(5 + 9 * turn).times(1), fault.clone());
        for method in [Method::POST, Method::PATCH] {
            firm.flowtly.faults().when(When::always().method(method).skip(2 * turn).times(1), fault.clone());
        }
    }
}

/// People edit everything on both sides.
fn edits(firm: &Firm) {
    for client in firm.flowtly.clients() {
        let id = client["id"].as_u64().unwrap();
        firm.flowtly.edit_client(id, "name", format!("Przemianowana Spółka {id}"));
    }
    for id in firm.crm.ids(Kind::Company) {
        firm.crm.edit(Kind::Company, id, Property::Phone, &format!("+48 22 555 {id}"));
    }
}

/// Passes of the daemon, with all that it says.
async fn passes(firm: &Firm, settings: &Settings, heard: &Heard, time: Duration) {
    let systems = firm.systems(settings);
    let ruling = ruling(settings);
    let clock: Arc<dyn Clock> = firm.clock.clone();
    let clerk = Clerk { settings, clock: clock.as_ref() };
    let socket = Socket::bind(&settings.control_socket).unwrap();
    let (control, post) = Control::serve(socket, &settings.state_path, Arc::new(SystemClock::new()));
    let metrics = Arc::new(Metrics::new());
    let plan = Plan {
        name: "firm".to_owned(),
        carriers: vec![Arc::new(heard.clone())],
        digest: None,
        state: settings.state_path.clone(),
    };
    let board = Arc::new(Board::open(plan, Arc::clone(&clock)));
    let desk = Desk {
        board: Arc::clone(&board),
        state: settings.state_path.clone(),
        credential_within: Duration::from_hours(1),
        disk_free: 1 << 20,
    };
    let daemon = Daemon {
        world: World::of(&systems, clock.as_ref(), &ruling),
        sinks: Sinks::from(&systems),
        schedule: Schedule::new(Duration::from_mins(15), Duration::from_hours(1), 0.0),
        hints_in_quiet: false,
        woken: false,
        stop_within: Duration::from_mins(1),
        allow: BTreeSet::from([RefusalName::FirstPass]),
        notifier: Notifier::default(),
        inbox: Inbox::at(&clerk, post),
        watch: Some(Watch {
            metrics: Arc::clone(&metrics),
            vitals: Arc::new(Vitals::default()),
            hints: Hints::in_memory(),
        }),
        notices: Some(desk),
        backups: None,
        reload: None,
    };
    let (stop, wake) = (CancellationToken::new(), Arc::new(Notify::new()));
    let began = clock.elapsed();
    let driver = async {
        while clock.elapsed().saturating_sub(began) < time {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let store = firm.store().await;
    let (ended, ()) = tokio::join!(daemon::run(daemon, store, &stop, &wake), driver);
    if let Err(error) = ended {
        heard.add(format!("{error} {error:?}").as_bytes());
    }
    control.close().await;
    Arc::into_inner(board).expect("nobody else holds it").close().await;
    heard.add(metrics.text().as_bytes());
}

/// Takes down what a journal is sent, until nobody sends any more.
fn journal(path: &Path, heard: &Heard) -> std::thread::JoinHandle<()> {
    let socket = UnixDatagram::bind(path).unwrap();
    let heard = heard.clone();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 17];
        while let Ok(length) = socket.recv(&mut buffer) {
            if length == 0 {
                return;
            }
            heard.add(&buffer[..length]);
        }
    })
}

#[tokio::test]
async fn nothing_that_is_said_holds_anything_of_anybody() {
    let firm = Firm::configured(
        "[traces]\nendpoint = \"http://127.0.0.1:1/v1/traces\"\nfilter = \"trace\"\nqueue = 1000000\n",
    );
    let world = seed::World::generate(40, 7, Flavour::Messy);
    world.fill(&firm.flowtly, firm.crm.as_ref(), Spread::default());
    let mut known_ones = known(&firm);
    let settings = firm.settings();
    let (heard, folder) = (Heard::default(), tempfile::tempdir().unwrap());
    let socket = folder.path().join("journal");
    let listening = journal(&socket, &heard);
    let lines = heard.clone();
    let captured = Captured {
        writer: move || lines.clone(),
        journal: &socket,
        traces: settings.traces.as_ref().unwrap(),
        transport: Arc::new(heard.clone()),
        clock: firm.clock.clone(),
    };
    // While there is one subscriber alone, `tracing` asks the thread that meets a place first whether anybody listens there:
    // a test beside this one, to which nobody does. With two it asks both.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let (subscriber, telemetry) = captured.subscriber("trace").unwrap();
    let story = async {
        // What was begun well goes on badly.
        passes(&firm, &settings, &heard, Duration::from_hours(2)).await;
        edits(&firm);
        known_ones.extend(known(&firm));
        trouble(&firm);
        passes(&firm, &settings, &heard, Duration::from_hours(12)).await;
    };
    story.with_subscriber(subscriber).await;
    telemetry.close().await;
    UnixDatagram::unbound().unwrap().send_to(&[], &socket).unwrap();
    listening.join().unwrap();

    let said = heard.text();
    for wanted in ["\"name\":\"action\"", "SPANS=pass", "resourceSpans", "flowtly_sync_passes_total", "\"topic\":"] {
        assert!(said.contains(wanted), "nothing was heard by this way: {wanted}");
    }
    assert!(!firm.flowtly.faults().counts().is_empty() && !firm.crm.faults().counts().is_empty(), "all went well");
    assert!(firm.writes() > 20, "something was written");
    known_ones.extend(known(&firm));
    assert!(known_ones.len() > 400, "there is something that could leak: {}", known_ones.len());
    let told: Vec<&String> = known_ones.iter().filter(|known| said.contains(known.as_str())).collect();
    assert!(told.is_empty(), "{} of {} are told: {:?}", told.len(), known_ones.len(), &told[..told.len().min(10)]);
    for secret in [firm.crm.secret().as_str(), "Bearer "] {
        assert!(!said.contains(secret), "{secret} is told");
    }
}
