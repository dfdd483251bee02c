//! The door for webhooks: proved, read, kept, answered. A pass looks at what they name afterwards.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{StatusCode, Uri};
use serde_json::json;
use tracing::{debug, info, warn};
use url::Url;

use super::reply::{json, refusal, unauthorised};
use super::site::Site;
use crate::clock::Clock;
use crate::connector::webhook::{About, Delivery, Heard, Refused};
use crate::daemon::hints::Event;
use crate::domain::hint::Hint;
use crate::domain::record::{Kind, Side};
use crate::metrics::WebhookOutcome;

/// How many bytes may a delivery have? A hundred events of HubSpot are a tenth of that.
const BODY_BYTES: usize = 512 * 1024;

/// How long may it take to come in? Every sender wants its answer within seconds.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// Why a body is not there.
enum Unread {
    TooLarge,
    TooSlow,
    Broken,
}

/// One delivery.
pub(super) async fn receive(
    State(site): State<Arc<Site>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Response {
    let shown = site.shown();
    let system = path.get("system").map(String::as_str).unwrap_or_default();
    let Some((whose, webhook)) = shown.webhooks.iter().find(|(_, webhook)| webhook.system() == system) else {
        return refusal(StatusCode::NOT_FOUND, "no webhooks of that system are configured");
    };
    let (whose, system) = (*whose, webhook.system());
    let count = |outcome, events| site.watch.metrics.webhook(system, outcome, events);
    let (parts, body) = request.into_parts();
    let body = match whole(body, site.clock.as_ref()).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            count(WebhookOutcome::TooLarge, 1);
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "a delivery may have 512 KiB");
        }
        Err(Unread::TooSlow) => return refusal(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
        Err(Unread::Broken) => return refusal(StatusCode::BAD_REQUEST, "the body ended early"),
    };
    let url = shown.public_url.as_ref().map(|base| called(base, &parts.uri));
    let delivery = Delivery {
        url: url.as_deref(),
        path_secret: path.get("secret").map(String::as_str),
        headers: &parts.headers,
        body: &body,
        now: site.clock.now(),
    };
    let heard = match webhook.receive(&delivery) {
        Ok(heard) => heard,
        Err(refused) => {
            debug!(webhook.system = system, "a delivery was refused: {refused:?}");
            return match refused {
                Refused::Unproved => {
                    count(WebhookOutcome::Unauthorised, 1);
                    unauthorised("Basic", "nothing proves who sent this")
                }
                Refused::Stale => {
                    count(WebhookOutcome::Stale, 1);
                    refusal(StatusCode::UNAUTHORIZED, "this was sent too long ago, or the clocks differ")
                }
                Refused::Unreadable => {
                    count(WebhookOutcome::Garbage, 1);
                    refusal(StatusCode::BAD_REQUEST, "this cannot be read")
                }
            };
        }
    };
    let all = heard.len() as u64;
    let events: Vec<Event> = heard.into_iter().filter_map(|heard| event(whose, heard)).collect();
    let ignored = all - events.len() as u64;
    let named = events.len() as u64;
    let hints = Arc::clone(&site.watch.hints);
    // It waits for the disk.
    let posted =
        tokio::task::spawn_blocking(move || hints.post(events)).await.unwrap_or_else(|error| Err(error.into()));
    count(WebhookOutcome::Ignored, ignored);
    match posted {
        Ok(posted) => {
            count(WebhookOutcome::Accepted, posted.accepted);
            count(WebhookOutcome::Duplicate, posted.duplicate);
            info!(
                webhook.system = system,
                webhook.accepted = posted.accepted,
                webhook.duplicate = posted.duplicate,
                webhook.ignored = ignored,
                "a webhook came in: {} events to look at",
                posted.accepted
            );
            let answer = json!({ "accepted": posted.accepted, "duplicate": posted.duplicate, "ignored": ignored });
            json(StatusCode::OK, &answer)
        }
        Err(error) => {
            count(WebhookOutcome::Unkept, named);
            warn!(webhook.system = system, "what a webhook says cannot be kept, its sender is to try again: {error}");
            refusal(StatusCode::SERVICE_UNAVAILABLE, "this cannot be kept now: try again")
        }
    }
}

/// What an event comes to; none where it is about nothing that is kept in agreement.
fn event(side: Side, heard: Heard) -> Option<Event> {
    let hints = match heard.about {
        About::Nothing => return None,
        About::Something => Vec::new(),
        About::Records(records) => {
            let of = |kind, id, sure| Hint { side, kind, id, sure };
            let hints = records.into_iter().flat_map(|(kind, id)| match kind {
                Some(kind) => vec![of(kind, id, true)],
                None => Kind::BOTH.map(|kind| of(kind, id.clone(), false)).to_vec(),
            });
            hints.collect()
        }
    };
    Some(Event { key: heard.key, hints })
}

/// The URL that was called, as the caller knows it.
fn called(base: &Url, uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("{}{path}", base.as_str().trim_end_matches('/'))
}

/// The whole body, within the limits.
async fn whole(body: Body, clock: &dyn Clock) -> Result<Vec<u8>, Unread> {
    let read = async {
        let mut chunks = body.into_data_stream();
        let mut whole = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Unread::Broken)?;
            if whole.len() + chunk.len() > BODY_BYTES {
                return Err(Unread::TooLarge);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    };
    tokio::select! {
        read = read => read,
        () = clock.sleep(BODY_WITHIN) => Err(Unread::TooSlow),
    }
}
