//! Errors as HubSpot words them.

use http::{HeaderName, StatusCode};
use serde_json::{Map, Value, json};

use super::schema::Kind;
use crate::sandbox::exchange::Answer;

pub(super) const JSON: &str = "application/json;charset=utf-8";

/// Why a request, or one input of a batch, is not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) message: String,
    pub(super) category: Option<&'static str>,
    pub(super) sub_category: Option<&'static str>,
    pub(super) errors: Vec<Value>,
    pub(super) context: Map<String, Value>,
}

/// One property that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invalid {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>, category: Option<&'static str>) -> Self {
        let message = message.into();
        Self { status, message, category, sub_category: None, errors: Vec::new(), context: Map::new() }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, Some("VALIDATION_ERROR"))
    }

    /// A body that does not fit the operation's type.
    pub(super) fn input(reason: &str) -> Self {
        Self::validation(format!("Invalid input JSON on line 1, column 1: {reason}"))
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "resource not found", None)
    }

    /// A record that there is not.
    pub(super) fn no_object(id: &str) -> Self {
        let message = "Object not found.  objectId are usually numeric.";
        Self::new(StatusCode::NOT_FOUND, message, Some("OBJECT_NOT_FOUND")).with("id", &[id.to_owned()])
    }

    pub(super) fn conflict(existing: u64) -> Self {
        let message = format!("Contact already exists. Existing ID: {existing}");
        Self::new(StatusCode::CONFLICT, message, Some("CONFLICT"))
    }

    pub(super) fn missing_scope(scope: &str) -> Self {
        let message = "This app hasn't been granted all required scopes to make this call. Read more about required \
                       scopes here: https://developers.hubspot.com/scopes.";
        let errors = vec![json!({
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": [scope]},
        })];
        Self { errors, ..Self::new(StatusCode::FORBIDDEN, message, Some("MISSING_SCOPES")) }
    }

    /// All refused properties at once, inside the message and beside it.
    pub(super) fn properties(portal: u64, invalid: &[Invalid]) -> Self {
        let inside: Vec<Value> = invalid
            .iter()
            .map(|one| {
                json!({"isValid": false, "message": one.message, "error": one.code, "name": one.name,
                    "localizedErrorMessage": one.message, "propertyValue": one.value, "portalId": portal})
            })
            .collect();
        let errors = invalid
            .iter()
            .map(|one| json!({"message": one.message, "code": one.code, "context": {"propertyName": [one.name]}}))
            .collect();
        let message = format!("Property values were not valid: {}", Value::Array(inside));
        Self { errors, ..Self::validation(message) }
    }

    /// No partner of a record, in a read of associations.
    pub(super) fn no_associations(from: Kind, to: Kind, id: u64) -> Self {
        let message = format!("No {} is associated with {} {id}.", to.singular(), from.singular());
        let failure = Self::new(StatusCode::NOT_FOUND, message, Some("OBJECT_NOT_FOUND"))
            .with("fromObjectId", &[id.to_string()])
            .with("fromObjectType", &[from.singular().to_owned()])
            .with("toObjectType", &[to.singular().to_owned()]);
        Self { sub_category: Some("crm.associations.NO_ASSOCIATIONS_FOUND"), ..failure }
    }

    /// The same with something more in its context.
    pub(super) fn with(mut self, key: &str, values: &[String]) -> Self {
        self.context.insert(key.to_owned(), json!(values));
        self
    }

    /// As one of a batch's `errors`.
    pub(super) fn in_batch(&self) -> Value {
        Value::Object(self.body())
    }

    pub(super) fn answer(&self, correlation: &str) -> Answer {
        let mut body = self.body();
        body.insert("correlationId".to_owned(), json!(correlation));
        let body = Value::Object(body).to_string();
        Answer::new(self.status, JSON, body).with(HeaderName::from_static("x-hubspot-correlation-id"), correlation)
    }

    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("status".to_owned(), json!("error"));
        body.insert("message".to_owned(), json!(self.message));
        if let Some(category) = self.category {
            body.insert("category".to_owned(), json!(category));
        }
        if let Some(sub_category) = self.sub_category {
            body.insert("subCategory".to_owned(), json!(sub_category));
        }
        if !self.errors.is_empty() {
            body.insert("errors".to_owned(), json!(self.errors));
        }
        if !self.context.is_empty() {
            body.insert("context".to_owned(), Value::Object(self.context.clone()));
        }
        body
    }
}

/// 429 in HubSpot's words.
pub(super) fn rate_limited(policy: &'static str, correlation: &str) -> Answer {
    let body = json!({
        "status": "error",
        "message": format!("You have reached your {} limit.", policy.to_lowercase()),
        "errorType": "RATE_LIMIT",
        "correlationId": correlation,
        "policyName": policy,
        "groupName": "publicapi:private-apps-api-calls",
        "category": "RATE_LIMITS",
    });
    Answer::new(StatusCode::TOO_MANY_REQUESTS, JSON, body.to_string())
}
