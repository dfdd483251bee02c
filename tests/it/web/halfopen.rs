//! Clients that open a connection and go no further. Time passes when the test says so.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use flowtly_sync::clock::Clock;
use flowtly_sync::daemon::hints::Hints;
use flowtly_sync::daemon::watch::{Vitals, Watch};
use flowtly_sync::metrics::Metrics;
use flowtly_sync::web::{Site, Sockets, Web};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::bench::served;
use crate::firm::Firm;

/// A time that only the test moves.
#[derive(Debug)]
struct Hand {
    moment: watch::Sender<Moment>,
}

#[derive(Debug, Default)]
struct Moment {
    elapsed: Duration,
    /// Who waits, and for how long.
    waits: Vec<Duration>,
}

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self { moment: watch::Sender::new(Moment::default()) })
    }

    fn advance(&self, time: Duration) {
        self.moment.send_modify(|moment| moment.elapsed += time);
    }

    /// Returns when so many wait for about that long.
    async fn until_wait(&self, many: usize, time: Duration) {
        let is_about = |wait: &&Duration| **wait <= time && **wait + Duration::from_secs(1) > time;
        let mut moment = self.moment.subscribe();
        moment.wait_for(|moment| moment.waits.iter().filter(is_about).count() >= many).await.unwrap();
    }
}

/// Somebody who waits, until he does no more.
struct Waiting<'a>(&'a Hand, Duration);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.moment.send_modify(|moment| {
            let place = moment.waits.iter().position(|wait| *wait == self.1).unwrap();
            moment.waits.swap_remove(place);
        });
    }
}

#[async_trait]
impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.moment.borrow().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.elapsed() + duration;
        self.moment.send_modify(|moment| moment.waits.push(duration));
        let _waiting = Waiting(self, duration);
        self.moment.subscribe().wait_for(|moment| moment.elapsed >= until).await.unwrap();
    }
}

/// A served site without a daemon.
struct Door {
    address: std::net::SocketAddr,
    hand: Arc<Hand>,
    web: Web,
    _firm: Firm,
}

impl Door {
    async fn open() -> Self {
        let firm = served("");
        let settings = firm.settings();
        let hand = Hand::new();
        let clock: Arc<dyn Clock> = hand.clone();
        let hints = Hints::beside(&settings.state_path).unwrap();
        let watch = Watch { metrics: Arc::new(Metrics::new()), vitals: Arc::new(Vitals::default()), hints };
        let site = Site::new(watch, &settings, clock.clone());
        let sockets = Sockets::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = sockets.addresses()[0];
        Self { address, web: Web::serve(sockets, &site.router(), &clock), hand, _firm: firm }
    }

    /// Somebody who says this and then nothing.
    async fn client(&self, says: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(says.as_bytes()).await.unwrap();
        stream
    }

    /// Somebody who asks and is answered.
    async fn ask(&self) -> String {
        rest(self.client("GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await).await
    }

    async fn close(self) {
        self.web.close().await;
    }
}

/// What a client is still told, until the connection is closed. One that is cut off may be reset.
async fn rest(mut stream: TcpStream) -> String {
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told).await;
    String::from_utf8(told).unwrap()
}

/// How long a head may take, and a body.
const HEAD: Duration = Duration::from_secs(10);
const BODY: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_or_half_a_head_is_cut_off_in_time_and_others_are_answered_meanwhile() {
    let door = Door::open().await;
    let silent = door.client("").await;
    let half = door.client("GET /healthz HTTP/1.1\r\nhost: x\r\nx-half: ").await;
    door.hand.until_wait(2, HEAD).await;
    assert!(door.ask().await.starts_with("HTTP/1.1 404 "), "they keep nobody out");
    door.hand.advance(Duration::from_secs(9));
    assert!(door.ask().await.starts_with("HTTP/1.1 404 "));
    door.hand.advance(Duration::from_secs(1));
    assert_eq!(rest(silent).await, "");
    let told = rest(half).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408 "), "{told}");
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_half_a_body_is_told_so_and_cut_off() {
    let door = Door::open().await;
    let head = "POST /webhooks/hubspot HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n";
    let half = door.client(&format!("{head}[{{\"eventId\":")).await;
    door.hand.until_wait(1, BODY).await;
    assert!(door.ask().await.starts_with("HTTP/1.1 404 "), "it keeps nobody out");
    door.hand.advance(BODY);
    let told = rest(half).await;
    assert!(told.starts_with("HTTP/1.1 408 ") && told.contains("the body did not come in time"), "{told}");
    door.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_says_nothing_makes_others_wait_no_longer_than_one_time_out() {
    let door = Door::open().await;
    let mut crowd = Vec::new();
    for _ in 0..32 {
        crowd.push(door.client("").await);
    }
    door.hand.until_wait(32, HEAD).await;
    // All places are taken: whoever comes now is in the queue of the socket.
    let late = door.client("GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    door.hand.advance(HEAD);
    assert!(rest(late).await.starts_with("HTTP/1.1 404 "));
    for silent in crowd {
        assert_eq!(rest(silent).await, "");
    }
    door.close().await;
}
