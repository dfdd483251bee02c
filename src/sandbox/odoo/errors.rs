//! Errors as Odoo words them: the exception's name, its message, and a traceback for whoever asked.

use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::sandbox::exchange::Answer;

pub(super) const JSON: &str = "application/json; charset=utf-8";

/// An exception that ends a call; whatever the call did is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) name: &'static str,
    pub(super) message: String,
}

impl Failure {
    fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into() }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
    }

    /// JSON-RPC's own word for a wrong user or key.
    pub(super) fn denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "odoo.exceptions.AccessDenied", "Access Denied")
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "werkzeug.exceptions.NotFound", message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "werkzeug.exceptions.BadRequest", message)
    }

    /// Arguments that do not fit the method.
    pub(super) fn arguments(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "werkzeug.exceptions.UnprocessableEntity", message)
    }

    pub(super) fn access(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "odoo.exceptions.AccessError", message)
    }

    /// No right to a model, whichever the record.
    pub(super) fn no_right(what: &str, model: &str) -> Self {
        Self::access(format!(
            "You are not allowed to {what} '{model}' records.\n\nThis operation is allowed for the following groups:\n\t- \
             Administration/Settings\n\nContact your administrator to request access if necessary."
        ))
    }

    /// A rule hides records; whom it refuses and which ones it tells in the user's own language, whatever the call asks for.
    pub(super) fn rule(what: &str, model: &str, records: &[(u64, String)], speaks: &str) -> Self {
        let of_each = |(id, name): &(u64, String)| format!("- Contact, {name} ({model}: {id})");
        let records = records.iter().map(of_each).collect::<Vec<_>>().join("\n");
        Self::access(if speaks.starts_with("de") {
            format!(
                "Oh-oh! Sie sind wohl auf streng geheime Daten gestoßen.\n\nJan Robot (id=2) hat leider keinen Zugriff \
                 („{what}“) auf:\n{records}\n\nSchuld sind die folgenden Regeln:\n- private partners\n\nWenn Sie den Zugriff \
                 wirklich brauchen, hilft vielleicht Ihr Administrator."
            )
        } else {
            format!(
                "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, Jan Robot (id=2) doesn't have \
                 '{what}' access to:\n{records}\n\nBlame the following rules:\n- private partners\n\nIf you really, really need \
                 access, perhaps you can win over your friendly administrator with a batch of freshly baked cookies."
            )
        })
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "odoo.exceptions.ValidationError", message)
    }

    pub(super) fn user(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "odoo.exceptions.UserError", message)
    }

    pub(super) fn missing(model: &str, id: u64) -> Self {
        let message = format!("Record does not exist or has been deleted.\n(Record: {model}({id},), User: 2)");
        Self::new(StatusCode::NOT_FOUND, "odoo.exceptions.MissingError", message)
    }

    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "builtins.ValueError", message)
    }

    pub(super) fn invalid_field(field: &str, model: &str) -> Self {
        Self::value(format!("Invalid field '{field}' in '{model}'"))
    }

    pub(super) fn index() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "builtins.IndexError", "list index out of range")
    }

    /// What the database says about a value.
    pub(super) fn database(class: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, class, message)
    }

    /// What only the server can help.
    pub(super) fn trouble(status: StatusCode) -> Self {
        Self::new(status, "psycopg2.OperationalError", "server closed the connection unexpectedly")
    }

    pub(super) fn body(&self) -> Value {
        let class = self.name.rsplit('.').next().unwrap_or_default();
        let traceback = format!(
            "Traceback (most recent call last):\n  File \"/opt/odoo/odoo/http.py\", line 2147, in _transactioning\n    return \
             service_model.retrying(func, env=self.env)\n  File \"/opt/odoo/odoo/service/model.py\", line 184, in retrying\n    \
             result = func()\n{class}: {}\n",
            self.message
        );
        json!({"name": self.name, "message": self.message, "arguments": [self.message], "context": {}, "debug": traceback})
    }

    /// As JSON-2 answers.
    pub(super) fn answer(&self) -> Answer {
        let answer = Answer::new(self.status, JSON, self.body().to_string());
        if self.status == StatusCode::UNAUTHORIZED { answer.with(header::WWW_AUTHENTICATE, "Bearer") } else { answer }
    }
}

/// A page of werkzeug, for what never reaches a model.
pub(super) fn html(status: StatusCode, words: &str) -> Answer {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let body = format!("<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{words}</p>\n");
    Answer::new(status, "text/html; charset=utf-8", body)
}
