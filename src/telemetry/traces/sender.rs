//! Empties the queue of spans, and sends what it held to a collector.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use super::layer::Ended;
use super::{Span, dropped, encode};
use crate::clock::Clock;
use crate::connector::http::Transport;

/// How many spans does one request hold at most? A collector takes a few megabytes.
const BATCH: usize = 512;

/// How long do spans wait for others?
const GATHER: Duration = Duration::from_secs(2);

/// How long may the last spans take when the program ends?
pub(crate) const LAST: Duration = Duration::from_secs(5);

/// How many bytes of an answer are read: nobody looks at them.
const ANSWER: usize = 1 << 20;

/// Where spans go.
#[derive(Debug, Clone)]
pub(in crate::telemetry) struct Collector {
    pub(in crate::telemetry) endpoint: Url,
    /// What is sent as `Authorization`.
    pub(in crate::telemetry) authorization: Option<SecretString>,
    /// The name of this service.
    pub(in crate::telemetry) service: String,
    pub(in crate::telemetry) timeout: Duration,
}

/// A task that sends spans until it is closed.
#[derive(Debug)]
pub(in crate::telemetry) struct Sender {
    task: JoinHandle<()>,
    last: CancellationToken,
    clock: Arc<dyn Clock>,
}

impl Sender {
    /// Sends what comes out of a queue from now on. Only within a runtime.
    pub(in crate::telemetry) fn start(
        collector: Collector,
        transport: Arc<dyn Transport>,
        queue: mpsc::Receiver<Ended>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let last = CancellationToken::new();
        let task = tokio::spawn(send_all(collector, transport, queue, Arc::clone(&clock), last.clone()));
        Self { task, last, clock }
    }

    /// Sends what is left, for as long as an end may take.
    pub(in crate::telemetry) async fn close(mut self) {
        self.last.cancel();
        tokio::select! {
            _ = &mut self.task => {}
            () = self.clock.sleep(LAST) => self.task.abort(),
        }
    }
}

async fn send_all(
    collector: Collector,
    transport: Arc<dyn Transport>,
    mut queue: mpsc::Receiver<Ended>,
    clock: Arc<dyn Clock>,
    last: CancellationToken,
) {
    let mut is_well = true;
    loop {
        let mut ended = Vec::new();
        let is_last = tokio::select! {
            biased;
            count = queue.recv_many(&mut ended, BATCH) => count == 0,
            () = last.cancelled() => true,
        };
        if is_last && ended.is_empty() {
            return;
        }
        if ended.len() < BATCH {
            tokio::select! {
                () = clock.sleep(GATHER) => {}
                () = last.cancelled() => {}
            }
            while ended.len() < BATCH
                && let Ok(span) = queue.try_recv()
            {
                ended.push(span);
            }
        }
        let spans: Vec<Span> = ended.into_iter().map(|Ended(span)| span).collect();
        let sent = send(&collector, transport.as_ref(), &spans).await;
        match (&sent, is_well) {
            (Ok(()), true) | (Err(_), false) => {}
            (Ok(()), false) => info!("the collector takes traces again"),
            (Err(words), true) => {
                warn!("traces cannot be sent, and are dropped until the collector takes them again: {words}");
            }
        }
        is_well = sent.is_ok();
        if !is_well {
            dropped().inc_by(spans.len() as u64);
        }
    }
}

/// One request; one that fails is not repeated: fresh spans are worth more than old ones.
async fn send(collector: &Collector, transport: &dyn Transport, spans: &[Span]) -> Result<(), String> {
    let body = Bytes::from(encode::request(&collector.service, spans));
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() =
        collector.endpoint.as_str().parse().map_err(|_| "traces.endpoint cannot be used as it is".to_owned())?;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(authorization) = &collector.authorization {
        let mut value = HeaderValue::from_str(authorization.expose_secret())
            .map_err(|_| "traces.authorization holds signs that no header may have".to_owned())?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    match transport.send(request, collector.timeout, ANSWER).await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
        Err(error) => Err(error.to_string()),
    }
}
