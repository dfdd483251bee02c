//! The network in front of Pipedrive. Whoever goes on after a 429 is blocked there: 403 with an HTML page, in nobody's words
//! and without a `Retry-After`. Such a reply gets one here, so that nobody asks again before the block is over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Request, Response, StatusCode};

use super::wire;
use crate::connector::error::PortError;
use crate::connector::http::Transport;

/// A transport that knows how long a block lasts.
#[derive(Debug)]
pub(super) struct Front {
    inner: Arc<dyn Transport>,
    blocked_wait: Duration,
}

impl Front {
    pub(super) fn new(inner: Arc<dyn Transport>, blocked_wait: Duration) -> Self {
        Self { inner, blocked_wait }
    }
}

/// Whether a 403 is not Pipedrive's own.
pub(super) fn is_block(status: StatusCode, body: &[u8]) -> bool {
    status == StatusCode::FORBIDDEN && wire::refusal(body).is_none()
}

#[async_trait]
impl Transport for Front {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        let mut response = self.inner.send(request, timeout, body_limit).await?;
        if is_block(response.status(), response.body()) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(self.blocked_wait.as_secs()));
        }
        Ok(response)
    }
}
