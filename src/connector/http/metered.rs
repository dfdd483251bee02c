//! A transport whose requests are counted.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;

use super::{ClientEvent, Transport};
use crate::clock::Clock;
use crate::connector::error::PortError;
use crate::domain::record::Side;
use crate::metrics::Metrics;

/// Counts what goes through another transport.
#[derive(Debug)]
pub struct Metered {
    inner: Arc<dyn Transport>,
    side: Side,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
}

impl Metered {
    /// Counts the requests to a side.
    pub fn new(inner: Arc<dyn Transport>, side: Side, metrics: Arc<Metrics>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, side, metrics, clock }
    }
}

#[async_trait]
impl Transport for Metered {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<http::Response<Bytes>, PortError> {
        let method = request.method().clone();
        let begun = self.clock.elapsed();
        let answer = self.inner.send(request, timeout, body_limit).await;
        let took = self.clock.elapsed().saturating_sub(begun);
        let outcome = answer.as_ref().map(|reply| reply.status().as_u16()).map_err(|error| error.kind);
        self.metrics.request(self.side, &method, outcome, took);
        answer
    }

    fn hear(&self, event: ClientEvent) {
        match event {
            ClientEvent::Again(kind) => self.metrics.retried(self.side, kind),
            ClientEvent::Waited(time) => self.metrics.waited(self.side, time),
            ClientEvent::Left(requests) => self.metrics.left(self.side, requests),
        }
        self.inner.hear(event);
    }
}
