//! Answers in Pipedrive's envelope, successes and refusals.

use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::state::Kind;
use crate::sandbox::exchange::Answer;

const JSON: &str = "application/json; charset=utf-8";

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    error: String,
    code: Option<&'static str>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, error: impl Into<String>, code: Option<&'static str>) -> Self {
        Self { status, error: error.into(), code }
    }

    /// The data is refused.
    pub(super) fn invalid(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("Validation failed: {what}"), Some("ERR_SCHEMA_VALIDATION_FAILED"))
    }

    /// There is no such record.
    pub(super) fn not_found(noun: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{noun} not found"), None)
    }

    /// The token's user may not do this to the record. A permission set lets users edit the records of others or not, and a
    /// record's visibility shows it to them or not.
    pub(super) fn not_permitted(what: &str, kind: Kind) -> Self {
        let noun = kind.noun().to_lowercase();
        Self::new(StatusCode::FORBIDDEN, format!("You do not have permission to {what} this {noun}."), None)
    }

    /// There is no such address.
    pub(super) fn unknown_method() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Unknown method .", None)
    }

    pub(super) fn answer(&self) -> Answer {
        let mut body = json!({
            "success": false,
            "error": self.error,
            "error_info": "Please check developers.pipedrive.com for more information about Pipedrive API.",
            "data": null,
            "additional_data": null,
        });
        if let (Some(body), Some(code)) = (body.as_object_mut(), self.code) {
            body.insert("code".to_owned(), json!(code));
        }
        if let (Some(body), StatusCode::UNAUTHORIZED) = (body.as_object_mut(), self.status) {
            body.insert("errorCode".to_owned(), json!(401));
        }
        Answer::new(self.status, JSON, body.to_string())
    }
}

/// The answer to a request that was carried out.
pub(super) fn success(data: &Value, additional: &Value) -> Answer {
    let body = json!({"success": true, "data": data, "additional_data": additional});
    Answer::new(StatusCode::OK, JSON, body.to_string())
}

/// The page of the network in front, which blocks whoever goes on after refusals.
pub(super) fn blocked() -> Answer {
    let page = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body><h1>Sorry, you have \
                been blocked</h1></body></html>";
    let mut answer = Answer::new(StatusCode::FORBIDDEN, "text/html; charset=UTF-8", page);
    answer.headers.insert(header::SERVER, HeaderValue::from_static("cloudflare"));
    answer
}

/// An error as Pipedrive would word it for a status.
pub(super) fn thrown(status: StatusCode) -> Answer {
    let error = match status.as_u16() {
        400 => return Failure::invalid("request: is not valid").answer(),
        401 => "unauthorized access",
        402 => "Company account is not open",
        403 => "You do not have permissions to do this",
        404 => "Item not found",
        410 => "This endpoint is no longer available",
        429 => "Request over limit",
        _ => status.canonical_reason().unwrap_or("Error"),
    };
    Failure::new(status, error, None).answer()
}
