//! Faults, in process and over a connection.

use std::time::Duration;

use axum::serve::Listener;
use bytes::Bytes;
use http::{Method, Request};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Office, Portal, clock};
use crate::clock::Clock;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::Transport;
use crate::sandbox::{Detail, Fault, FlowtlyOptions, FlowtlyServer, RouterTransport, When, serve};

const PATIENCE: Duration = Duration::from_secs(30);

async fn create(office: &Office, name: &str) -> Result<http::Response<Bytes>, PortError> {
    let body = json!({"name": name, "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active", "tinType": "nip"});
    let request = Request::builder()
        .method(Method::POST)
        .uri("http://sandbox/clients")
        .header("authorization", format!("Bearer {}", office.token))
        .header("accept", "application/ld+json")
        .header("content-type", "application/ld+json")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    RouterTransport::new(office.router.clone(), office.server.faults()).send(request, PATIENCE, 1 << 20).await
}

#[rstest]
#[case::unreachable(Fault::Unreachable, ErrorKind::Connect, 0, 0)]
#[case::drop_before(Fault::DropBefore, ErrorKind::Broken, 0, 0)]
#[case::drop_after(Fault::DropAfter, ErrorKind::Broken, 1, 0)]
#[case::truncate(Fault::Truncate, ErrorKind::Broken, 1, 0)]
#[case::time_out(Fault::TimeOut { carried_out: false }, ErrorKind::Timeout, 0, 30)]
#[case::time_out_done(Fault::TimeOut { carried_out: true }, ErrorKind::Timeout, 1, 30)]
#[case::slow(Fault::Delay(Duration::from_secs(31)), ErrorKind::Timeout, 1, 30)]
#[case::huge(Fault::HugeText(50 << 20), ErrorKind::TooLarge, 1, 0)]
#[tokio::test]
async fn a_lost_reply_is_the_right_error(
    #[case] fault: Fault,
    #[case] kind: ErrorKind,
    #[case] made: usize,
    #[case] seconds: u64,
) {
    let office = Office::plain().await;
    let before = office.clock.elapsed();
    let name = fault.name();
    office.server.faults().next(fault);
    assert_eq!(create(&office, "A").await.unwrap_err().kind, kind);
    assert_eq!((office.server.client_count(), office.server.faults().counts()[name]), (made, 1));
    assert_eq!(office.clock.elapsed(), before + Duration::from_secs(seconds));
    assert_eq!(create(&office, "B").await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_delay_within_patience_is_only_a_delay() {
    let office = Office::plain().await;
    office.server.faults().next(Fault::Delay(Duration::from_secs(29)));
    assert_eq!(create(&office, "A").await.unwrap().status(), 201);
    assert_eq!(office.clock.elapsed(), Duration::from_secs(29));
}

#[tokio::test]
async fn a_request_may_be_carried_out_long_after_its_time_out() {
    let office = Office::plain().await;
    office.server.faults().next(Fault::CarriedOutLater(Duration::from_secs(45)));
    assert_eq!(create(&office, "Late").await.unwrap_err().kind, ErrorKind::Timeout);
    office.clock.advance(Duration::from_secs(5));
    assert_eq!(office.get("/clients").await.json()["totalItems"], 0);
    office.clock.advance(Duration::from_secs(10));
    assert_eq!(office.server.faults().parked(), 1);
    assert_eq!(office.get("/clients").await.json()["member"][0]["name"], "Late");
    assert_eq!(office.server.faults().parked(), 0);
}

#[rstest]
#[case(Fault::Gateway(502), 502, "text/html", "<center><h1>502 Bad Gateway</h1></center>")]
#[case(Fault::Gateway(503), 503, "text/html", "503 Service Temporarily Unavailable")]
#[case(Fault::Gateway(504), 504, "text/html", "504 Gateway Time-out")]
#[case(Fault::Gateway(429), 429, "text/html", "429 Too Many Requests")]
#[case(Fault::Refusal { status: 503, retry_after: Some("2".to_owned()) }, 503, "application/problem+json; charset=utf-8", "\"detail\":\"Internal Server Error\"")]
#[case(Fault::Refusal { status: 429, retry_after: Some("Wed, 18 Nov 2026 11:07:00 GMT".to_owned()) }, 429, "application/problem+json; charset=utf-8", "Too Many Requests")]
#[case(Fault::Refusal { status: 403, retry_after: None }, 403, "application/problem+json; charset=utf-8", "Access Denied.")]
#[case(Fault::Html, 200, "text/html; charset=UTF-8", "We will be back soon")]
#[tokio::test]
async fn an_overload_is_worded_as_there(
    #[case] fault: Fault,
    #[case] status: u16,
    #[case] media_type: &str,
    #[case] says: &str,
) {
    let office = Office::plain().await;
    let retry_after = if let Fault::Refusal { retry_after, .. } = &fault { retry_after.clone() } else { None };
    office.server.faults().next(fault);
    let seen = office.get("/clients").await;
    assert_eq!((seen.status.as_u16(), seen.header("content-type")), (status, Some(media_type)));
    assert!(seen.text().contains(says), "{}", seen.text());
    assert_eq!(seen.header("retry-after"), retry_after.as_deref());
}

#[tokio::test]
async fn hubspot_words_its_own_refusals() {
    let portal = Portal::plain();
    let faults = portal.server.faults();
    let path = "/crm/objects/2026-03/companies";
    faults.next(Fault::Refusal { status: 429, retry_after: None });
    assert_eq!(portal.get(path).await.json()["policyName"], "TEN_SECONDLY_ROLLING");
    faults.next(Fault::Refusal { status: 429, retry_after: None });
    assert_eq!(portal.post(&format!("{path}/search"), json!({})).await.json()["policyName"], "SECONDLY");
    faults.next(Fault::Refusal { status: 477, retry_after: Some("60".to_owned()) });
    let moving = portal.get(path).await;
    assert_eq!((moving.status.as_u16(), moving.header("retry-after")), (477, Some("60")));
}

#[tokio::test]
async fn bodies_are_spoilt_after_the_work_is_done() {
    let office = Office::with_clients(40).await;
    let faults = office.server.faults();
    faults.next(Fault::HalfJson);
    assert!(serde_json::from_slice::<Value>(&office.get("/clients").await.body).is_err());
    faults.next(Fault::WrongType);
    assert!(office.get("/clients").await.json().is_string());
    faults.when(When::always().method(Method::GET).path("/clients").times(2), Fault::EndlessNext);
    for _ in 0..2 {
        assert_eq!(office.get("/clients?page=2").await.json()["view"]["next"], "/clients?page=2");
    }
    faults.next(Fault::HugeText(1_000));
    let rows = office.get("/clients").await.json()["member"].clone();
    assert_eq!((rows[0]["name"].as_str().unwrap().len(), &rows[1]["name"]), (1_000, &json!("Client 2")));
    let portal = Portal::plain();
    portal.server.add_company(&[("name", "A")]);
    portal.server.faults().when(When::always(), Fault::EndlessNext);
    let page = portal.get("/crm/objects/2026-03/companies?after=7").await.json();
    assert_eq!(page["paging"]["next"]["after"], "7");
    portal.server.faults().clear();
    assert!(portal.get("/crm/objects/2026-03/companies").await.json().get("paging").is_none());
}

#[tokio::test]
async fn the_log_keeps_bodies_of_writes_and_can_keep_counts_alone() {
    let office = Office::plain().await;
    create(&office, "A").await.unwrap();
    office.get("/clients?page=1").await;
    let log = office.server.log();
    assert_eq!((log.len(), log[0].writes, log[0].status.as_u16(), log[0].path.as_str()), (2, true, 201, "/clients"));
    assert!(!log[0].body.is_empty() && log[1].body.is_empty() && log[1].query == "page=1");
    office.server.keep_log(Detail::CountsOnly);
    office.get("/clients").await;
    let counts = office.server.counts();
    assert_eq!((office.server.log().len(), counts.requests, counts.writes, counts.pages), (2, 3, 1, 2));
    assert!(counts.bytes_out > 1_000);
    office.server.clear_log();
    assert_eq!((office.server.log().len(), office.server.counts().requests), (0, 0));
}

/// A listener in memory: hyper's own side of a connection, without a socket.
struct Memory(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Memory {
    type Io = DuplexStream;
    type Addr = &'static str;

    async fn accept(&mut self) -> (DuplexStream, &'static str) {
        match self.0.recv().await {
            Some(stream) => (stream, "memory"),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<&'static str> {
        Ok("memory")
    }
}

/// What a connection gives until it is closed.
async fn over_wire(connect: &mpsc::UnboundedSender<DuplexStream>, target: &str) -> String {
    let (mut ours, theirs) = tokio::io::duplex(1 << 16);
    connect.send(theirs).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n");
    ours.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    // A reset ends the reading too.
    let _ = ours.read_to_end(&mut reply).await;
    String::from_utf8_lossy(&reply).into_owned()
}

#[tokio::test]
async fn over_a_connection_a_lost_reply_is_a_closed_connection() {
    let server = FlowtlyServer::new(FlowtlyOptions::default(), clock());
    let (connect, connections) = mpsc::unbounded_channel();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve(Memory(connections), server.router(), shutdown.clone()));
    let good = over_wire(&connect, "/docs.jsonld").await;
    assert!(good.starts_with("HTTP/1.1 200 OK\r\n") && good.ends_with('}'));
    server.faults().next(Fault::DropAfter);
    assert_eq!(over_wire(&connect, "/docs.jsonld").await, "");
    server.faults().next(Fault::Truncate);
    let cut = over_wire(&connect, "/docs.jsonld").await;
    assert!(!cut.ends_with('}') && cut.len() < good.len(), "{cut}");
    assert_eq!(server.faults().counts().values().sum::<u64>(), 2);
    shutdown.cancel();
    serving.await.unwrap().unwrap();
}
