//! Replies: short JSON, never kept by anybody in between.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;

/// A reply with this content.
pub(super) fn reply(status: StatusCode, media_type: &'static str, content: String) -> Response {
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A reply that says something of itself.
pub(super) fn json(status: StatusCode, content: &impl Serialize) -> Response {
    // Maps with text keys, which always can be written.
    let text = serde_json::to_string(content).unwrap_or_default();
    reply(status, "application/json", format!("{text}\n"))
}

/// A reply that says why not.
pub(super) fn refusal(status: StatusCode, why: &str) -> Response {
    json(status, &json!({ "error": why }))
}

/// A reply that asks for a proof.
pub(super) fn unauthorised(scheme: &'static str, why: &str) -> Response {
    let mut response = refusal(StatusCode::UNAUTHORIZED, why);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    response
}
