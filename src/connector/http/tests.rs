//! The client over a scripted transport in process, and the network transport over a loopback socket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};

use super::*;
use crate::clock::{Clock, ManualClock};
use crate::connector::budget::{Budget, BudgetSettings, Window};
use crate::connector::error::ErrorKind;

/// One answer of the script; the last one is given again and again.
#[derive(Debug, Clone)]
enum Answer {
    Reply(u16, Vec<(&'static str, &'static str)>, &'static str),
    Fail(ErrorKind),
}

#[derive(Debug)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    sent: Mutex<Vec<Duration>>,
    clock: Arc<ManualClock>,
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, _: Request<Bytes>, _: Duration, _: usize) -> Result<Response<Bytes>, PortError> {
        self.sent.lock().unwrap().push(self.clock.elapsed());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
        match answer {
            Answer::Fail(kind) => Err(PortError::new(kind, "it failed")),
            Answer::Reply(status, headers, body) => {
                let mut reply = Response::builder().status(status);
                for (name, value) in headers {
                    reply = reply.header(name, value);
                }
                Ok(reply.body(Bytes::from_static(body.as_bytes())).unwrap())
            }
        }
    }
}

struct Bench {
    client: HttpClient,
    script: Arc<Script>,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(answers, |_| Budget::default())
    }

    fn with(answers: impl IntoIterator<Item = Answer>, budget: impl FnOnce(Arc<ManualClock>) -> Budget) -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-23T10:00:00Z".parse().unwrap()));
        let script = Arc::new(Script {
            answers: Mutex::new(answers.into_iter().collect()),
            sent: Mutex::default(),
            clock: clock.clone(),
        });
        let retry = RetrySettings {
            initial: Duration::from_secs(1),
            max_interval: Duration::from_secs(8),
            max_elapsed: Duration::from_secs(100),
            max_tries: 5,
        };
        let settings = HttpSettings { timeout: Duration::from_secs(30), body_limit: 100, retry };
        let budget = budget(clock.clone());
        let client = HttpClient::new("test", script.clone(), clock.clone(), budget, settings, |reply| {
            let kind = match reply.status.as_u16() {
                429 => ErrorKind::RateLimited,
                500.. => ErrorKind::Unavailable,
                _ => ErrorKind::Invalid,
            };
            PortError::new(kind, "refused")
        });
        Self { client, script, clock }
    }

    async fn send(&self, repeat: Repeat) -> Result<Reply, PortError> {
        self.send_in(repeat, None).await
    }

    async fn send_in(&self, repeat: Repeat, lane: Option<&'static str>) -> Result<Reply, PortError> {
        let call = Call {
            method: Method::GET,
            url: "https://example.test/things/7?secret=1".parse().unwrap(),
            route: "/things/{id}",
            headers: HeaderMap::new(),
            body: None,
            repeat,
            lane,
        };
        self.client.send(call).await
    }

    fn sent(&self) -> usize {
        self.script.sent.lock().unwrap().len()
    }
}

fn status(status: u16) -> Answer {
    Answer::Reply(status, Vec::new(), "")
}

#[tokio::test]
async fn a_read_is_repeated_until_it_is_answered() {
    let bench =
        Bench::new([status(503), Answer::Fail(ErrorKind::Timeout), Answer::Fail(ErrorKind::Broken), status(200)]);
    assert_eq!(bench.send(Repeat::Always).await.unwrap().status, 200);
    assert_eq!(bench.sent(), 4);
    assert!(bench.clock.elapsed() >= Duration::from_secs(1), "it waited between the tries");
}

#[tokio::test]
async fn the_last_failure_says_who_what_and_how_often() {
    let bench = Bench::new([status(502)]);
    let error = bench.send(Repeat::Always).await.unwrap_err();
    assert_eq!((error.kind, error.status, bench.sent()), (ErrorKind::Unavailable, Some(502), 5));
    assert!(error.message.starts_with("test: GET /things/{id}: refused (tried 5 times in "), "{}", error.message);
    assert!(!error.message.contains("secret"));
}

#[tokio::test]
async fn a_write_of_unknown_outcome_is_sent_once() {
    for answer in [
        Answer::Fail(ErrorKind::Timeout),
        Answer::Fail(ErrorKind::Broken),
        status(500),
        Answer::Reply(503, vec![("retry-after", "1")], ""),
    ] {
        let bench = Bench::new([answer]);
        let error = bench.send(Repeat::IfNotApplied).await.unwrap_err();
        assert_eq!(bench.sent(), 1);
        assert_eq!(bench.clock.elapsed(), Duration::ZERO);
        assert!(!error.message.contains("tried"));
    }
}

#[tokio::test]
async fn a_write_that_was_not_carried_out_is_repeated() {
    let bench = Bench::new([status(429), Answer::Fail(ErrorKind::Connect), status(201)]);
    assert_eq!(bench.send(Repeat::IfNotApplied).await.unwrap().status, 201);
    assert_eq!(bench.sent(), 3);
}

#[tokio::test]
async fn a_write_is_given_up_before_the_look_that_it_relies_on_is_old() {
    let bench = Bench::new([Answer::Reply(429, vec![("retry-after", "20")], "")]);
    let error = bench.send(Repeat::IfNotApplied).await.unwrap_err();
    assert_eq!((error.kind, bench.sent()), (ErrorKind::RateLimited, 2), "20 s once, and a second time would pass 30 s");
    assert!(bench.clock.elapsed() <= Duration::from_secs(30));
    let bench = Bench::new([Answer::Reply(429, vec![("retry-after", "20")], "")]);
    bench.send(Repeat::Always).await.unwrap_err();
    assert_eq!(bench.sent(), 5, "what changes nothing may be asked for longer");
}

#[tokio::test]
async fn what_is_only_a_help_is_asked_once_and_holds_up_nobody() {
    for answer in [
        Answer::Fail(ErrorKind::Timeout),
        status(503),
        status(429),
        Answer::Reply(429, vec![("retry-after", "3600")], ""),
    ] {
        let bench = Bench::new([answer, status(200)]);
        bench.send(Repeat::Never).await.unwrap_err();
        assert_eq!((bench.sent(), bench.clock.elapsed()), (1, Duration::ZERO));
        bench.send(Repeat::Always).await.unwrap();
        assert_eq!((bench.sent(), bench.clock.elapsed()), (2, Duration::ZERO), "others are not meant");
    }
    let bench = Bench::new([Answer::Reply(429, vec![("retry-after", "60")], ""), status(200)]);
    bench.send(Repeat::IfNotApplied).await.unwrap_err();
    bench.send(Repeat::Never).await.unwrap_err();
    assert_eq!((bench.sent(), bench.clock.elapsed()), (1, Duration::ZERO), "no pause is waited out for it");
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let bench = Bench::new([status(422)]);
    bench.send(Repeat::Always).await.unwrap_err();
    assert_eq!(bench.sent(), 1);
}

#[tokio::test]
async fn a_named_time_is_kept_in_seconds_and_as_a_date() {
    for value in ["20", "Mon, 23 Nov 2026 10:00:20 GMT"] {
        let bench = Bench::new([Answer::Reply(429, vec![("retry-after", value)], ""), status(200)]);
        bench.send(Repeat::Always).await.unwrap();
        let waited = bench.clock.elapsed();
        assert!(waited >= Duration::from_secs(20) && waited <= Duration::from_secs(22), "{waited:?}");
    }
}

#[tokio::test]
async fn a_named_time_beyond_the_longest_is_handed_on() {
    let bench = Bench::new([Answer::Reply(429, vec![("retry-after", "86400")], "")]);
    let error = bench.send(Repeat::Always).await.unwrap_err();
    assert_eq!((bench.sent(), bench.clock.elapsed()), (1, Duration::ZERO));
    assert_eq!(error.retry_after, Some(Duration::from_hours(24)));
}

#[tokio::test]
async fn it_gives_up_by_time_too() {
    let bench = Bench::new([Answer::Reply(503, vec![("retry-after", "45")], "")]);
    bench.send(Repeat::Always).await.unwrap_err();
    assert_eq!(bench.sent(), 3, "45 s twice, and a third time would pass 100 s");
    assert!(bench.clock.elapsed() <= Duration::from_secs(100));
}

#[tokio::test]
async fn a_named_time_stops_other_calls_of_the_account_too() {
    let bench = Bench::new([Answer::Reply(429, vec![("retry-after", "60")], ""), status(200)]);
    bench.send(Repeat::IfNotApplied).await.unwrap_err();
    bench.send(Repeat::Always).await.unwrap();
    assert_eq!(bench.clock.elapsed(), Duration::from_mins(1));
}

#[tokio::test]
async fn a_named_time_beyond_the_longest_is_told_to_other_calls_at_once() {
    let bench = Bench::new([Answer::Reply(429, vec![("retry-after", "3600")], ""), status(200)]);
    bench.send(Repeat::Always).await.unwrap_err();
    bench.clock.advance(Duration::from_mins(1));
    for repeat in [Repeat::Always, Repeat::IfNotApplied] {
        let error = bench.send(repeat).await.unwrap_err();
        assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimited, Some(Duration::from_mins(59))));
        assert_eq!((bench.sent(), bench.clock.elapsed()), (1, Duration::from_mins(1)), "it neither asks nor sleeps");
        assert!(error.message.starts_with("test: GET /things/{id}: "), "{}", error.message);
    }
    bench.clock.advance(Duration::from_mins(58));
    bench.send(Repeat::Always).await.unwrap();
    assert_eq!(bench.clock.elapsed(), Duration::from_hours(1), "what is left is short");
}

fn a_minute(limit: usize) -> impl FnOnce(Arc<ManualClock>) -> Budget {
    let window = Window { limit, period: Duration::from_mins(1) };
    move |clock| Budget::new(clock, BudgetSettings { windows: vec![window], ..BudgetSettings::default() })
}

#[tokio::test]
async fn a_write_whose_turn_comes_late_is_not_sent_and_planned_anew() {
    let bench = Bench::with([status(200)], a_minute(2));
    for _ in 0..2 {
        bench.send(Repeat::Always).await.unwrap();
    }
    let error = bench.send(Repeat::IfNotApplied).await.unwrap_err();
    assert_eq!((error.kind, error.superseded), (ErrorKind::RateLimited, true));
    assert_eq!((error.retry_after, bench.sent()), (Some(Duration::from_mins(1)), 2));
    assert_eq!(bench.clock.elapsed(), Duration::ZERO);
    bench.clock.advance(Duration::from_secs(31));
    bench.send(Repeat::IfNotApplied).await.unwrap();
    assert_eq!(bench.clock.elapsed(), Duration::from_mins(1), "29 s are soon enough");
}

#[tokio::test]
async fn our_own_window_is_no_pause_of_the_account() {
    let lanes =
        std::collections::BTreeMap::from([("writes", vec![Window { limit: 1, period: Duration::from_mins(1) }])]);
    let bench =
        Bench::with([status(200)], |clock| Budget::new(clock, BudgetSettings { lanes, ..BudgetSettings::default() }));
    bench.send_in(Repeat::IfNotApplied, Some("writes")).await.unwrap();
    bench.send_in(Repeat::IfNotApplied, Some("writes")).await.unwrap_err();
    bench.send(Repeat::Always).await.unwrap();
    assert_eq!(bench.clock.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn every_try_takes_a_permit() {
    let bench = Bench::with([status(503), status(503), status(200)], a_minute(2));
    bench.send(Repeat::Always).await.unwrap();
    let sent = bench.script.sent.lock().unwrap().clone();
    assert!(sent[2].checked_sub(sent[0]).unwrap() >= Duration::from_mins(1), "{sent:?}");
}

#[tokio::test]
async fn a_reply_beyond_the_limit_is_refused_even_if_the_transport_lets_it_through() {
    let long: &'static str = Box::leak("x".repeat(101).into_boxed_str());
    let bench = Bench::new([Answer::Reply(200, Vec::new(), long)]);
    assert_eq!(bench.send(Repeat::Always).await.unwrap_err().kind, ErrorKind::TooLarge);
}

#[tokio::test]
async fn the_servers_date_is_read() {
    let bench = Bench::new([Answer::Reply(200, vec![("date", "Mon, 23 Nov 2026 19:29:05 GMT")], "")]);
    let reply = bench.send(Repeat::Always).await.unwrap();
    assert_eq!(reply.date, Some("2026-11-23T19:29:05Z".parse().unwrap()));
}

mod network {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::connector::http::{NetworkSettings, ReqwestTransport};

    /// Answers one connection with these bytes, closes it, and gives back what it was sent.
    async fn served(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/things?name=x", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            while !heard.windows(4).any(|end| end == b"\r\n\r\n") {
                let mut buffer = [0; 1024];
                let read = socket.read(&mut buffer).await.unwrap();
                heard.extend_from_slice(&buffer[..read]);
            }
            socket.write_all(answer).await.unwrap();
            socket.shutdown().await.unwrap();
            String::from_utf8(heard).unwrap()
        });
        (url, task)
    }

    async fn get(url: &str, limit: usize) -> Result<Response<Bytes>, PortError> {
        let settings = NetworkSettings { plain_http: true, ..NetworkSettings::default() };
        let transport = ReqwestTransport::new(settings).unwrap();
        let request = Request::get(url).body(Bytes::new()).unwrap();
        transport.send(request, Duration::from_secs(20), limit).await
    }

    #[tokio::test]
    async fn a_whole_reply_arrives_and_redirects_are_not_followed() {
        let (url, heard) =
            served(b"HTTP/1.1 301 Moved\r\nlocation: http://192.0.2.1/\r\ncontent-length: 2\r\n\r\nhi").await;
        let reply = get(&url, 100).await.unwrap();
        assert_eq!((reply.status().as_u16(), reply.body().as_ref()), (301, b"hi".as_slice()));
        let heard = heard.await.unwrap().to_lowercase();
        assert!(heard.contains(concat!("user-agent: flowtly-sync/", env!("CARGO_PKG_VERSION"))));
        assert!(heard.contains("accept-encoding: gzip"));
    }

    #[tokio::test]
    async fn a_short_body_a_closed_connection_and_a_long_body_are_told_apart() {
        let (url, _) = served(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf").await;
        assert_eq!(get(&url, 100).await.unwrap_err().kind, ErrorKind::Broken);
        let (url, _) = served(b"").await;
        assert_eq!(get(&url, 100).await.unwrap_err().kind, ErrorKind::Broken);
        let (url, _) =
            served(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n").await;
        assert_eq!(get(&url, 5).await.unwrap_err().kind, ErrorKind::TooLarge);
    }

    #[tokio::test]
    async fn nobody_there_means_nothing_was_sent_and_the_query_is_not_told() {
        // No other test listens at this address.
        let listener = TcpListener::bind("127.0.0.3:0").await.unwrap();
        let url = format!("http://{}/things?name=kowalski", listener.local_addr().unwrap());
        drop(listener);
        let error = get(&url, 100).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Connect);
        assert!(!error.message.contains("kowalski"), "{}", error.message);
    }

    #[tokio::test]
    async fn plain_http_is_refused_unless_it_is_allowed() {
        let transport = ReqwestTransport::new(NetworkSettings::default()).unwrap();
        let request = Request::get("http://192.0.2.1/").body(Bytes::new()).unwrap();
        let error = transport.send(request, Duration::from_secs(20), 100).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting);
    }
}
