//! The daemon's own loop in process, and people at its control socket.

use std::collections::BTreeSet;
use std::future::Future;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use flowtly_sync::clock::{Clock, ManualClock, SystemClock};
use flowtly_sync::commands::deciding::Clerk;
use flowtly_sync::daemon::control::client::{ClientError, ask};
use flowtly_sync::daemon::control::protocol::{Ask, Asked, Choose, Line, VERSION, Which, full_path};
use flowtly_sync::daemon::control::{Control, Inbox, socket::Socket};
use flowtly_sync::daemon::schedule::Schedule;
use flowtly_sync::daemon::systemd::Notifier;
use flowtly_sync::daemon::{self, Daemon};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::Side;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::waiting::{self, WaitingConflict};
use flowtly_sync::sync::World;
use flowtly_sync::sync::apply::Sinks;
use http::Method;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, ruling, vat};
use crate::meddle::Moment;

/// A clock whose waits never end by themselves: a pass begins only when somebody asks for one.
#[derive(Debug)]
struct Standstill(Arc<ManualClock>);

#[async_trait]
impl Clock for Standstill {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

/// A person's end of the control socket.
#[derive(Clone)]
struct Person {
    socket: PathBuf,
    state: PathBuf,
}

impl Person {
    /// Asks, and waits for the answer: exit code and text, or why nothing was done.
    async fn ask(&self, request: Ask) -> Result<(u8, String), String> {
        let Self { socket, state } = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let mut out = Vec::new();
            ask(&socket, &state, request, &mut out, &mut std::io::sink())
                .map(|code| (code, String::from_utf8(out).unwrap()))
        });
        answered.await.unwrap().map_err(|error| match error {
            ClientError::Failed(message) => message,
            error @ (ClientError::NoAnswer(_) | ClientError::Output(_)) => panic!("{error}"),
        })
    }

    async fn pass(&self) -> (u8, String) {
        self.ask(Ask::Reconcile { full: true, allow: vec![], quiet: false }).await.unwrap()
    }

    async fn take(&self, number: i64, side: Side) -> Result<(u8, String), String> {
        self.ask(Ask::Resolve { which: Which::Numbers(vec![number]), choose: Choose::Side(side) }).await
    }

    async fn conflicts(&self) -> Vec<WaitingConflict> {
        let mut store = Store::open_read_only(&self.state).await.unwrap();
        waiting::conflicts(store.connection(), None).await.unwrap()
    }

    /// Says a line and does not wait.
    fn say(socket: &Path, line: &[u8]) -> UnixStream {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.write_all(line).unwrap();
        stream
    }

    fn line(&self, request: Ask) -> Vec<u8> {
        let asked = Asked { version: VERSION, state: full_path(&self.state), ask: request };
        let mut line = serde_json::to_vec(&asked).unwrap();
        line.push(b'\n');
        line
    }
}

/// The last line that the daemon says.
fn end(stream: UnixStream) -> Line {
    let lines: Vec<String> = BufReader::new(stream).lines().map(Result::unwrap).collect();
    serde_json::from_str(lines.last().unwrap()).unwrap()
}

/// Runs the daemon for as long as `people` are there.
async fn beside<F: Future<Output = ()>>(firm: &Firm, people: impl FnOnce(Person) -> F) {
    let settings = firm.settings();
    let systems = firm.systems(&settings);
    let ruling = ruling(&settings);
    let clock = Standstill(firm.clock.clone());
    let clerk = Clerk { settings: &settings, clock: &clock };
    let lock = WriterLock::take(&settings.state_path).unwrap();
    let store = Store::open(&lock).await.unwrap();
    let socket = Socket::bind(&settings.control_socket).unwrap();
    let (control, post) = Control::serve(socket, &settings.state_path, Arc::new(SystemClock::new()));
    let world = World::of(&systems, &clock, &ruling);
    let daemon = Daemon {
        world,
        sinks: Sinks::from(&systems),
        schedule: Schedule::new(Duration::from_mins(5), Duration::from_hours(6), 0.0),
        hints_in_quiet: false,
        woken: false,
        stop_within: Duration::from_secs(30),
        allow: BTreeSet::new(),
        notifier: Notifier::default(),
        inbox: Inbox::at(&clerk, post),
        watch: None,
        notices: None,
        backups: None,
        reload: None,
    };
    let (stop, wake) = (CancellationToken::new(), Arc::new(Notify::new()));
    let person = Person { socket: settings.control_socket.clone(), state: settings.state_path.clone() };
    let people = async {
        people(person).await;
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(daemon::run(daemon, store, &stop, &wake), people);
    ended.unwrap();
    control.close().await;
    assert!(!settings.control_socket.exists(), "the socket goes with the daemon");
}

async fn number(person: &Person, field: Field) -> i64 {
    person.conflicts().await.iter().find(|waiting| waiting.conflict.field == field).unwrap().id
}

/// A pair whose name is in conflict once a pass has run. Returns both ids.
async fn renamed_twice(firm: &Firm) -> (u64, u64) {
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_client(client, "name", "Alfa Polska");
    firm.hubspot.edit_company(company, "name", "Alfa Europe");
    (client, company)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accident_22_a_decision_taken_while_the_daemon_runs_is_carried_out_by_its_next_pass() {
    let firm = Firm::new();
    let (client, company) = renamed_twice(&firm).await;
    beside(&firm, |person| {
        let firm = &firm;
        async move {
            assert_eq!(person.pass().await.0, 2, "a conflict waits");
            let (code, text) = person.take(number(&person, Field::Name).await, Side::Crm).await.unwrap();
            assert_eq!(code, 0);
            assert!(text.contains("CRM's value shall hold"), "{text}");
            let (code, text) = person.pass().await;
            assert_eq!(code, 0, "{text}");
            assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa Europe"));
            assert_eq!(person.conflicts().await, []);
        }
    })
    .await;
    assert_eq!(firm.hubspot.company_property(company, "name").as_deref(), Some("Alfa Europe"));
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accident_22_beside_the_daemon_a_decision_on_values_that_moved_since_is_asked_again() {
    let firm = Firm::new();
    let (client, company) = renamed_twice(&firm).await;
    beside(&firm, |person| {
        let firm = &firm;
        async move {
            person.pass().await;
            let shown = number(&person, Field::Name).await;
            firm.hubspot.edit_company(company, "name", "Alfa World");
            person.pass().await;
            let error = person.take(shown, Side::Crm).await.unwrap_err();
            assert!(error.contains("its values moved"), "{error}");
            assert_eq!(person.pass().await.0, 2, "it still waits");
            assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa Polska"));
            person.take(number(&person, Field::Name).await, Side::Crm).await.unwrap();
            person.pass().await;
            assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa World"));
        }
    })
    .await;
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_in_the_middle_of_a_pass_is_taken_up_after_it() {
    let firm = Firm::new();
    let (client, company) = renamed_twice(&firm).await;
    beside(&firm, |person| {
        let firm = &firm;
        async move {
            person.pass().await;
            let number = number(&person, Field::Name).await;
            firm.hubspot.edit_company(company, "city", "Kraków");
            // Just before the city is written: the plan is being applied.
            let line =
                person.line(Ask::Resolve { which: Which::Numbers(vec![number]), choose: Choose::Side(Side::Crm) });
            let (said, socket) = (Arc::new(Mutex::new(None)), person.socket.clone());
            let stream = Arc::clone(&said);
            firm.meddling.at(Side::Flowtly, Method::PATCH, "/clients/", Moment::Before, move || {
                *stream.lock().unwrap() = Some(Person::say(&socket, &line));
            });
            person.pass().await;
            assert!(firm.meddling.is_done());
            assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa Polska"), "not in that pass");
            let stream = said.lock().unwrap().take().unwrap();
            assert_eq!(tokio::task::spawn_blocking(|| end(stream)).await.unwrap(), Line::Done { code: 0 });
            person.pass().await;
            assert_eq!(firm.client_text(client, "name").as_deref(), Some("Alfa Europe"));
        }
    })
    .await;
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_of_somebody_who_did_not_wait_for_it_is_not_taken() {
    let firm = Firm::new();
    renamed_twice(&firm).await;
    beside(&firm, |person| {
        let firm = &firm;
        async move {
            person.pass().await;
            let which = Which::Numbers(vec![number(&person, Field::Name).await]);
            let line = person.line(Ask::Resolve { which, choose: Choose::Side(Side::Crm) });
            let socket = person.socket.clone();
            firm.meddling.at(Side::Flowtly, Method::GET, "/", Moment::Before, move || {
                drop(Person::say(&socket, &line));
            });
            person.pass().await;
            assert!(person.conflicts().await.iter().all(|waiting| waiting.decision.is_none()));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_is_asked_for_with_its_allowances_and_told_with_its_exit_code() {
    let firm = Firm::new();
    firm.client("Alfa", Some(&vat(1)));
    beside(&firm, |person| {
        let firm = &firm;
        async move {
            let (code, text) = person.pass().await;
            assert_eq!(code, 3, "{text}");
            assert!(text.contains("--allow first-pass"), "{text}");
            assert_eq!(firm.hubspot.company_count(), 0);
            let allow = vec![RefusalName::FirstPass];
            let (code, text) = person.ask(Ask::Reconcile { full: false, allow, quiet: false }).await.unwrap();
            assert_eq!(code, 0, "{text}");
            assert_eq!(firm.hubspot.company_count(), 1);
            assert_eq!(person.pass().await.0, 0, "the allowance held for that pass, and nothing is left to allow");
        }
    })
    .await;
    firm.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_clients_are_told_so_and_stop_nothing() {
    let firm = Firm::new();
    renamed_twice(&firm).await;
    beside(&firm, |person| async move {
        let silent = UnixStream::connect(&person.socket).unwrap();
        let half = Person::say(&person.socket, b"{\"version\":1,");
        let other = Person { state: PathBuf::from("/another/state.sqlite"), ..person.clone() };
        let wrong = [
            (b"GET / HTTP/1.1\n".to_vec(), "cannot be read"),
            (b"{\"version\":7,\"ask\":{\"erase\":{}}}\n".to_vec(), "speaks version 1"),
            (vec![b'x'; 200_000], "longer than"),
            (other.line(Ask::Reconcile { full: true, allow: vec![], quiet: false }), "holds the state"),
        ];
        for (line, why) in wrong {
            let socket = person.socket.clone();
            let said = tokio::task::spawn_blocking(move || {
                let mut stream = UnixStream::connect(&socket).unwrap();
                // The daemon may hang up before it has read everything.
                let _ = stream.write_all(&line);
                let mut first = String::new();
                BufReader::new(stream).read_line(&mut first).map(|_| first)
            });
            if let Ok(said) = said.await.unwrap() {
                assert!(said.contains("failed") && said.contains(why), "{said}");
            }
        }
        assert!(
            matches!(person.ask(Ask::Retry { which: Which::Numbers(vec![9]) }).await, Err(why) if why.contains('9'))
        );
        assert_eq!(person.pass().await.0, 2);
        drop((silent, half));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_all_answered() {
    let firm = Firm::new();
    renamed_twice(&firm).await;
    beside(&firm, |person| async move {
        person.pass().await;
        let number = number(&person, Field::Name).await;
        let asks: Vec<_> = (0..8)
            .map(|n| {
                let person = person.clone();
                async move { if n % 2 == 0 { person.take(number, Side::Crm).await } else { Ok(person.pass().await) } }
            })
            .collect();
        let answers = futures_util::future::join_all(asks).await;
        assert!(answers.iter().any(Result::is_ok), "{answers:?}");
        assert_eq!(person.pass().await.0, 0);
    })
    .await;
    firm.assert_settled().await;
}
