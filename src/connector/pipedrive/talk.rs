//! One account's conversation: calls with the token, sent through the one HTTP client, and the fields that it has.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::address::Addresses;
use super::error::tokens_left;
use super::fields::Bound;
use super::layout::Layout;
use super::row::{self, Rows};
use super::settings::{Lane, PAGE, PipedriveSettings};
use super::wire::{self, FieldShown, Item};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::{Call, HttpClient, Repeat, Reply};
use crate::domain::record::Kind;
use crate::domain::shape::Row;

/// How soon may the fields be read again for a choice or a name that they do not have? Each time costs as much as two writes.
const SOON: Duration = Duration::from_mins(1);

/// What every part of the conversation needs.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) settings: PipedriveSettings,
    pub(super) at: Addresses,
    /// How many pages the last complete walk of contacts had; 0 before the first.
    pub(super) contact_pages: AtomicUsize,
    /// One more than the highest id of each kind up to which all were met; 0 before the first walk.
    highest_company: AtomicU64,
    highest_contact: AtomicU64,
    company: Layout,
    contact: Layout,
    company_fields: Mutex<Option<Known>>,
    contact_fields: Mutex<Option<Known>>,
    http: HttpClient,
    headers: HeaderMap,
}

/// The fields of a kind, as they were read last.
#[derive(Debug)]
struct Known {
    bound: Arc<Bound>,
    read_at: Duration,
    /// What they did not explain even when they were fresh: no reason to ask again.
    given_up: HashSet<String>,
}

impl Talk {
    /// Fails with [`ErrorKind::Setting`] if there is no token, or one that cannot be sent.
    pub(super) fn new(
        settings: PipedriveSettings,
        company: Layout,
        contact: Layout,
        http: HttpClient,
        token: &str,
    ) -> Result<Self, PortError> {
        let token = token.trim();
        if token.is_empty() {
            return Err(PortError::new(ErrorKind::Setting, "there is no Pipedrive token: name its file in token_file"));
        }
        let mut value = HeaderValue::from_str(token).map_err(|_| {
            PortError::new(ErrorKind::Setting, "the Pipedrive token holds characters that no token has")
        })?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("x-api-token", value);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Self {
            at: Addresses::new(settings.base_url.clone(), settings.records_path.clone()),
            settings,
            contact_pages: AtomicUsize::new(0),
            highest_company: AtomicU64::new(0),
            highest_contact: AtomicU64::new(0),
            company,
            contact,
            company_fields: Mutex::new(None),
            contact_fields: Mutex::new(None),
            http,
            headers,
        })
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

    /// The highest id up to which every record was met by this process, or was there before it met the first; `None` before the first
    /// walk.
    pub(super) fn highest(&self, kind: Kind) -> Option<u64> {
        self.highest_of(kind).load(Ordering::Relaxed).checked_sub(1)
    }

    /// Every record up to this id was met.
    pub(super) fn met(&self, kind: Kind, highest: u64) {
        self.highest_of(kind).fetch_max(highest.saturating_add(1), Ordering::Relaxed);
    }

    fn highest_of(&self, kind: Kind) -> &AtomicU64 {
        match kind {
            Kind::Company => &self.highest_company,
            Kind::Contact => &self.highest_contact,
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
    pub(super) async fn get(&self, route: &'static str, url: Url, lane: Lane) -> Result<Reply, PortError> {
        self.send(Call {
            method: Method::GET,
            url,
            route,
            headers: self.headers.clone(),
            body: None,
            repeat: Repeat::Always,
            lane: Some(lane.name()),
        })
        .await
    }

    /// Writes: never again when its outcome is not known.
    pub(super) async fn order(
        &self,
        method: Method,
        route: &'static str,
        url: Url,
        body: &Value,
        lane: Lane,
    ) -> Result<Reply, PortError> {
        let body = serde_json::to_vec(body)
            .map_err(|_| PortError::new(ErrorKind::Setting, "the request cannot be written as JSON"))?;
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (body, lane) = (Some(Bytes::from(body)), Some(lane.name()));
        self.send(Call { method, url, route, headers, body, repeat: Repeat::IfNotApplied, lane }).await
    }

    /// The fields of a kind, read again where they are old.
    pub(super) async fn bound(&self, kind: Kind) -> Result<Arc<Bound>, PortError> {
        let mut known = self.known(kind).lock().await;
        if let Some(known) = &*known
            && self.elapsed().saturating_sub(known.read_at) < self.settings.fields_age
        {
            return Ok(Arc::clone(&known.bound));
        }
        if let Some(known) = &mut *known {
            known.given_up.clear();
        }
        self.load(kind, &mut known).await
    }

    /// The fields of a kind as they are now.
    pub(super) async fn fresh(&self, kind: Kind) -> Result<Arc<Bound>, PortError> {
        let mut known = self.known(kind).lock().await;
        self.load(kind, &mut known).await
    }

    /// The fields of a kind, read again unless that was done just now.
    pub(super) async fn renewed(&self, kind: Kind) -> Result<Arc<Bound>, PortError> {
        let mut known = self.known(kind).lock().await;
        if let Some(known) = &*known
            && self.elapsed().saturating_sub(known.read_at) < SOON.min(self.settings.fields_age)
        {
            return Ok(Arc::clone(&known.bound));
        }
        self.load(kind, &mut known).await
    }

    /// Reads records as rows; where the list of fields does not explain one, it is read again, once for each riddle.
    pub(super) async fn rows(&self, kind: Kind, items: &[Item]) -> Result<Vec<Row>, PortError> {
        let layout = self.layout(kind);
        let bound = self.bound(kind).await?;
        let mut found = row::rows(layout, &bound, items)?;
        if self.is_riddle(kind, &found).await {
            let bound = self.fresh(kind).await?;
            found = row::rows(layout, &bound, items)?;
            let mut known = self.known(kind).lock().await;
            if let Some(known) = &mut *known {
                known.given_up.extend(found.unexplained.iter().cloned());
            }
        }
        if found.too_long > 0 {
            tracing::warn!(
                record.kind = kind.as_str(),
                pipedrive.too_long = found.too_long,
                "{} texts are longer than max_text and count as unknown",
                found.too_long
            );
        }
        Ok(found.rows)
    }

    async fn is_riddle(&self, kind: Kind, found: &Rows) -> bool {
        let known = self.known(kind).lock().await;
        let given_up = known.as_ref().map(|known| &known.given_up);
        found.unexplained.iter().any(|key| given_up.is_none_or(|given_up| !given_up.contains(key)))
    }

    fn known(&self, kind: Kind) -> &Mutex<Option<Known>> {
        match kind {
            Kind::Company => &self.company_fields,
            Kind::Contact => &self.contact_fields,
        }
    }

    async fn load(&self, kind: Kind, known: &mut Option<Known>) -> Result<Arc<Bound>, PortError> {
        let mut shown: Vec<FieldShown> = Vec::new();
        let mut cursor: Option<String> = None;
        let mut used = HashSet::new();
        loop {
            let mut url = self.at.fields(kind);
            url.query_pairs_mut().append_pair("limit", &PAGE.to_string());
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let reply = self.get("/api/v2/{type}Fields", url, Lane::List).await.map_err(endpoint_must_exist)?;
            let reply = wire::reply::<Vec<FieldShown>>(&reply.body)?;
            shown.extend(reply.data);
            let Some(next) = reply.next else { break };
            if !used.insert(next.clone()) {
                return Err(circle());
            }
            cursor = Some(next);
        }
        let bound = Arc::new(Bound::new(self.layout(kind), shown)?);
        // What was given up stays so, or a deleted choice would be asked about at every page.
        let given_up = known.take().map(|known| known.given_up).unwrap_or_default();
        *known = Some(Known { bound: Arc::clone(&bound), read_at: self.elapsed(), given_up });
        Ok(bound)
    }

    async fn send(&self, call: Call) -> Result<Reply, PortError> {
        let is_search = call.lane == Some(Lane::Search.name());
        match self.http.send(call).await {
            Ok(reply) => {
                if let Some(left) = tokens_left(&reply) {
                    self.http.budget().learn(Some(left), None);
                }
                Ok(reply)
            }
            Err(mut error) => {
                if error.kind == ErrorKind::Quota && error.retry_after.is_some() && is_search {
                    // It was concluded from the burst alone, and searches have a window of their own.
                    error.kind = ErrorKind::RateLimited;
                } else if error.kind == ErrorKind::Quota && error.status.is_some() {
                    // Said by Pipedrive, and not by our own reckoning: nothing more is sent for a while.
                    self.http.budget().learn(Some(0), None);
                    error.retry_after = Some(self.settings.quota_wait);
                }
                Err(error)
            }
        }
    }
}

/// An end-point for many records that answers 404 is not there at all: that says nothing of any record.
pub(super) fn endpoint_must_exist(error: PortError) -> PortError {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let message = format!("Pipedrive does not know this address, check base_url and the paths: {}", error.message);
    PortError { kind: ErrorKind::Setting, message, ..error }
}

/// A cursor that comes again would never end.
pub(super) fn circle() -> PortError {
    PortError::new(ErrorKind::Protocol, "Pipedrive's list goes round in a circle")
}
