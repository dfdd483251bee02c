//! Refusals as EspoCRM words them: the reason stands in a header, the body is most often empty.

use http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

use super::schema::Entity;
use crate::sandbox::exchange::Answer;
use crate::sandbox::json::{self, Spelling};

pub(super) const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=UTF-8";

/// The header with the reason.
const REASON: HeaderName = HeaderName::from_static("x-status-reason");

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    status: StatusCode,
    reason: Option<String>,
    body: Option<Value>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: Some(reason.into()), body: None }
    }

    /// The program itself failed: PHP has no words for it.
    pub(super) const fn broken() -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, reason: None, body: None }
    }

    pub(super) fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(super) fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason)
    }

    pub(super) fn no_record(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Record {id} does not exist."))
    }

    pub(super) fn no_controller(name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Controller '{name}' does not exist."))
    }

    /// A field that a validator refuses.
    pub(super) fn validation(entity: Entity, field: &str, kind: &str) -> Self {
        let reason = format!("Field validation failure; entityType: {}, field: {field}, type: {kind}.", entity.name());
        let data = json!({"field": field, "type": kind});
        let body = json!({"messageTranslation": {"label": "validationFailure", "scope": null, "data": data}});
        Self { body: Some(body), ..Self::bad_request(reason) }
    }

    /// Records that look like the one that was to be made.
    pub(super) fn duplicate(records: Vec<Value>) -> Self {
        Self { body: Some(Value::Array(records)), ..Self::new(StatusCode::CONFLICT, "duplicate") }
    }

    /// The record has another version, and other values in what was sent.
    pub(super) fn modified(values: &Value, version: u64) -> Self {
        let body = json!({"values": values, "versionNumber": version});
        Self { body: Some(body), ..Self::new(StatusCode::CONFLICT, "modified") }
    }

    pub(super) fn answer(&self) -> Answer {
        let mut body = Vec::new();
        if let Some(value) = &self.body {
            json::value(&mut body, value, Spelling::Plain);
        }
        let answer = Answer::new(self.status, JSON, body);
        match &self.reason {
            Some(reason) => answer.with(REASON, reason),
            None => answer,
        }
    }
}

/// No key, or a wrong one: an empty page.
pub(super) fn unauthorized(has_key: bool) -> Answer {
    let answer = Answer::new(StatusCode::UNAUTHORIZED, HTML, "");
    if has_key { answer } else { answer.with(header::WWW_AUTHENTICATE, "Basic realm=\"\"") }
}

/// A method that the route does not have.
pub(super) fn wrong_method(allowed: &str) -> Answer {
    let page = "<!doctype html>\n<html lang=\"en\">\n<head><title>405 Method Not Allowed</title></head>\n\
                <body><h1>405 Method Not Allowed</h1></body>\n</html>\n";
    Answer::new(StatusCode::METHOD_NOT_ALLOWED, HTML, page).with(header::ALLOW, allowed)
}
