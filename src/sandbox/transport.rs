//! Reaches a sandbox server in process: no socket, and time only passes when a fault says so.

use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::Request;
use tower::ServiceExt;

use super::faults::Faults;
use super::shell::{Lost, Patience};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::Transport;

/// A [`Transport`] that hands requests straight to a router.
#[derive(Debug, Clone)]
pub struct RouterTransport {
    router: Router,
    faults: Faults,
}

impl RouterTransport {
    /// A transport to the server that `router` and `faults` belong to.
    pub fn new(router: Router, faults: Faults) -> Self {
        Self { router, faults }
    }

    /// The switches of the server at the other end.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}

#[async_trait]
impl Transport for RouterTransport {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<http::Response<Bytes>, PortError> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(Patience(timeout));
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        match response.extensions().get::<Lost>() {
            None => {}
            Some(Lost::Unreachable) => return Err(PortError::new(ErrorKind::Connect, "the connection is refused")),
            Some(Lost::TimedOut) => return Err(PortError::new(ErrorKind::Timeout, "no reply in time")),
            Some(Lost::Closed) => return Err(PortError::new(ErrorKind::Broken, "the connection closed")),
        }
        let (parts, body) = response.into_parts();
        let mut chunks = body.into_data_stream();
        let mut whole = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| PortError::new(ErrorKind::Broken, "the body ended early"))?;
            if whole.len() + chunk.len() > body_limit {
                return Err(PortError::new(ErrorKind::TooLarge, "the reply is beyond the size limit"));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(http::Response::from_parts(parts, whole.freeze()))
    }
}
