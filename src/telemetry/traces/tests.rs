//! Spans on their way to a collector that answers, refuses, or says nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use tokio::sync::Notify;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;

use super::dropped;
use super::layer::Spans;
use super::sender::{Collector, Sender};
use crate::clock::{Clock, StillClock};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::Transport;

/// Every count of what was dropped is the process's: tests that look at it take turns.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// No longer than the last spans may take.
const LONG: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Fake {
    requests: Mutex<Vec<Request<Bytes>>>,
    refuses: bool,
    /// Never answers where it is there.
    hangs: Option<Notify>,
}

#[async_trait]
impl Transport for Fake {
    async fn send(
        &self,
        request: Request<Bytes>,
        _timeout: Duration,
        _body_limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        self.requests.lock().unwrap().push(request);
        if let Some(hangs) = &self.hangs {
            hangs.notified().await;
        }
        if self.refuses {
            return Err(PortError::new(ErrorKind::Connect, "no connection"));
        }
        Ok(Response::new(Bytes::from_static(b"{}")))
    }
}

impl Fake {
    /// All spans that it was sent.
    fn spans(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap();
        let bodies = requests.iter().map(|request| serde_json::from_slice::<Value>(request.body()).unwrap());
        bodies.flat_map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()).collect()
    }
}

/// Has something happen, and what was noted of it sent to a collector.
async fn collected(fake: &Arc<Fake>, queue: usize, happens: impl FnOnce()) {
    let now = "2026-11-24T08:00:00Z".parse().unwrap();
    // The last spans of a program are waited for, but not for ever: the longest wait passes only where nobody answers.
    let clock: Arc<dyn Clock> =
        Arc::new(if fake.hangs.is_some() { StillClock::impatient(now, LONG) } else { StillClock::new(now, LONG) });
    let (spans, noted) = Spans::new(queue, Arc::clone(&clock));
    let collector = Collector {
        endpoint: "http://127.0.0.1:4318/v1/traces".parse().unwrap(),
        authorization: Some("Bearer hush".into()),
        service: "firm".to_owned(),
        timeout: Duration::from_secs(1),
    };
    tracing::subscriber::with_default(Registry::default().with(spans), happens);
    Sender::start(collector, Arc::clone(fake) as Arc<dyn Transport>, noted, clock).close().await;
}

fn named<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    spans.iter().find(|span| span["name"] == name).unwrap()
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().unwrap();
    attributes.iter().find(|attribute| attribute["key"] == key).map_or(&Value::Null, |attribute| &attribute["value"])
}

#[tokio::test]
async fn a_trace_is_a_tree_of_spans_with_their_fields() {
    let fake = Arc::new(Fake::default());
    collected(&fake, 100, || {
        let _pass = tracing::info_span!("pass", pass.id = 7_i64).entered();
        let call = tracing::debug_span!("http", status = tracing::field::Empty, route = "/clients");
        call.in_scope(|| tracing::error!("it broke"));
        call.record("status", 503_u16);
    })
    .await;
    let spans = fake.spans();
    let (pass, call) = (named(&spans, "pass"), named(&spans, "http"));
    assert_eq!(spans.len(), 2);
    assert_eq!(call["traceId"], pass["traceId"]);
    assert_eq!(call["parentSpanId"], pass["spanId"]);
    assert_eq!(pass["parentSpanId"], Value::Null);
    assert_eq!((pass["traceId"].as_str().unwrap().len(), pass["spanId"].as_str().unwrap().len()), (32, 16));
    assert_eq!(pass["startTimeUnixNano"], "1795507200000000000");
    assert_eq!((&call["kind"], &pass["kind"]), (&3.into(), &1.into()));
    assert_eq!((&call["status"]["code"], &pass["status"]["code"]), (&2.into(), &Value::Null));
    assert_eq!(attribute(pass, "pass.id")["intValue"], "7");
    assert_eq!(attribute(call, "status")["intValue"], "503");
    assert_eq!(attribute(call, "route")["stringValue"], "/clients");
    let requests = fake.requests.lock().unwrap();
    let body: Value = serde_json::from_slice(requests[0].body()).unwrap();
    assert_eq!(body["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"], "firm");
    assert_eq!(requests[0].headers()["authorization"], "Bearer hush");
    assert!(requests[0].headers()["authorization"].is_sensitive());
    assert_eq!(requests[0].headers()["content-type"], "application/json");
}

#[tokio::test]
async fn what_does_not_fit_into_the_queue_is_dropped_and_counted() {
    let _turn = TURN.lock().await;
    let (fake, before) = (Arc::new(Fake::default()), dropped().get());
    collected(&fake, 10, || (0..25).for_each(|_| drop(tracing::info_span!("action").entered()))).await;
    assert_eq!((fake.spans().len(), dropped().get() - before), (10, 15));
}

#[tokio::test]
async fn what_a_collector_does_not_take_is_dropped_and_counted() {
    let _turn = TURN.lock().await;
    let (fake, before) = (Arc::new(Fake { refuses: true, ..Fake::default() }), dropped().get());
    collected(&fake, 2_000, || (0..1_200).for_each(|_| drop(tracing::info_span!("action").entered()))).await;
    assert_eq!(dropped().get() - before, 1_200);
    assert_eq!(fake.requests.lock().unwrap().len(), 3, "batches, and none of them twice");
}

#[tokio::test]
async fn a_collector_that_says_nothing_holds_up_nobody() {
    let _turn = TURN.lock().await;
    let fake = Arc::new(Fake { hangs: Some(Notify::new()), ..Fake::default() });
    // That this comes back is the test: neither the spans nor the end wait for the collector.
    collected(&fake, 10, || (0..1_000).for_each(|_| drop(tracing::info_span!("action").entered()))).await;
    assert!(fake.requests.lock().unwrap().len() <= 1);
}
