//! One account's conversation: calls with the token, sent through the one HTTP client.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use url::Url;

use super::address::Addresses;
use super::error::daily_remaining;
use super::layout::Layout;
use super::settings::HubSpotSettings;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::{Call, HttpClient, Repeat, Reply};
use crate::domain::record::Kind;

/// What every part of the conversation needs.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) settings: HubSpotSettings,
    pub(super) at: Addresses,
    company: Layout,
    contact: Layout,
    http: HttpClient,
    headers: HeaderMap,
}

impl Talk {
    /// Fails with [`ErrorKind::Setting`] if there is no token, or one that cannot be sent.
    pub(super) fn new(
        settings: HubSpotSettings,
        company: Layout,
        contact: Layout,
        http: HttpClient,
        token: &str,
    ) -> Result<Self, PortError> {
        let token = token.trim();
        if token.is_empty() {
            return Err(PortError::new(ErrorKind::Setting, "there is no HubSpot token: name its file in token_file"));
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| PortError::new(ErrorKind::Setting, "the HubSpot token holds characters that no token has"))?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let at = Addresses::new(settings.base_url.clone(), settings.api_version.clone());
        Ok(Self { settings, at, company, contact, http, headers })
    }

    /// The share of the day's requests that is left, as far as it is known.
    pub(super) fn share_left(&self) -> Option<f64> {
        self.http.budget().share_left()
    }

    /// What is asked of a kind.
    pub(super) fn layout(&self, kind: Kind) -> &Layout {
        match kind {
            Kind::Company => &self.company,
            Kind::Contact => &self.contact,
        }
    }

    /// Our time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.http.clock().now()
    }

    /// Time since some fixed moment.
    pub(super) fn elapsed(&self) -> Duration {
        self.http.clock().elapsed()
    }

    /// Whether a write that was handed over at `began` may set out now.
    pub(super) fn in_time(&self, began: Duration) -> Result<(), PortError> {
        self.http.in_time(began)
    }

    /// Reads.
    pub(super) async fn get(&self, route: &'static str, url: Url) -> Result<Reply, PortError> {
        self.send(Call {
            method: Method::GET,
            url,
            route,
            headers: self.headers.clone(),
            body: None,
            repeat: Repeat::Always,
            lane: None,
        })
        .await
    }

    /// Reads by a request with a body.
    pub(super) async fn ask<B: Serialize + Sync>(
        &self,
        route: &'static str,
        url: Url,
        body: &B,
        lane: Option<&'static str>,
    ) -> Result<Reply, PortError> {
        self.post(route, url, body, lane, Repeat::Always).await
    }

    /// Writes: never again when its outcome is not known.
    pub(super) async fn order<B: Serialize + Sync>(
        &self,
        route: &'static str,
        url: Url,
        body: &B,
    ) -> Result<Reply, PortError> {
        self.post(route, url, body, None, Repeat::IfNotApplied).await
    }

    /// Changes one record: never again when its outcome is not known.
    pub(super) async fn change<B: Serialize + Sync>(
        &self,
        route: &'static str,
        url: Url,
        body: &B,
    ) -> Result<Reply, PortError> {
        self.carry(Method::PATCH, route, url, body, None, Repeat::IfNotApplied).await
    }

    async fn post<B: Serialize + Sync>(
        &self,
        route: &'static str,
        url: Url,
        body: &B,
        lane: Option<&'static str>,
        repeat: Repeat,
    ) -> Result<Reply, PortError> {
        self.carry(Method::POST, route, url, body, lane, repeat).await
    }

    async fn carry<B: Serialize + Sync>(
        &self,
        method: Method,
        route: &'static str,
        url: Url,
        body: &B,
        lane: Option<&'static str>,
        repeat: Repeat,
    ) -> Result<Reply, PortError> {
        let body = serde_json::to_vec(body)
            .map_err(|_| PortError::new(ErrorKind::Setting, "the request cannot be written as JSON"))?;
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Some(Bytes::from(body));
        self.send(Call { method, url, route, headers, body, repeat, lane }).await
    }

    async fn send(&self, call: Call) -> Result<Reply, PortError> {
        let reply = self.http.send(call).await?;
        if let Some(remaining) = daily_remaining(&reply) {
            self.http.budget().learn(Some(remaining), None);
        }
        Ok(reply)
    }
}

/// An endpoint for many records that answers 404 is not there at all: that says nothing of any record.
pub(super) fn endpoint_must_exist(error: PortError) -> PortError {
    match error.kind {
        ErrorKind::NotFound => PortError {
            kind: ErrorKind::Setting,
            message: format!("HubSpot does not know this address, check base_url and api_version: {}", error.message),
            ..error
        },
        ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::RateLimited
        | ErrorKind::Quota
        | ErrorKind::Unavailable
        | ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::Setting
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => error,
    }
}
