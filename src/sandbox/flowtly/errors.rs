//! Errors as API Platform, Symfony and LexikJWT word them.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::negotiate::Format;
use super::options::Dialect;
use crate::sandbox::exchange::{Answer, Ask};
use crate::sandbox::json::{self, Spelling};

const RFC_2616: &str = "https://tools.ietf.org/html/rfc2616#section-10";
const TITLE: &str = "An error occurred";

/// A failed constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) path: String,
    pub(super) message: String,
    pub(super) code: &'static str,
}

impl Violation {
    pub(super) fn null(path: String) -> Self {
        Self {
            path,
            message: "This value should not be null.".to_owned(),
            code: "ad32d13f-c3d4-423b-909a-857b961eb720",
        }
    }

    pub(super) fn blank(path: String) -> Self {
        Self {
            path,
            message: "This value should not be blank.".to_owned(),
            code: "c1051bb4-d103-4f74-8988-acbcafc7fdc3",
        }
    }

    pub(super) fn choice(path: String) -> Self {
        let message = "The value you selected is not a valid choice.".to_owned();
        Self { path, message, code: "8e179f1b-97aa-4560-a02f-2a8b42e49df7" }
    }

    pub(super) fn email(path: String) -> Self {
        let message = "This value is not a valid email address.".to_owned();
        Self { path, message, code: "bd79c0ab-ddba-46cc-a703-a7a4b08de310" }
    }

    pub(super) fn long(path: String, most: usize) -> Self {
        let message = format!("This value is too long. It should have {most} characters or less.");
        Self { path, message, code: "d94b19cc-114f-4f44-9cc4-4138e80a87b9" }
    }

    pub(super) fn length(path: String, exactly: usize) -> Self {
        let message = format!("This value should have exactly {exactly} characters.");
        Self { path, message, code: "4b6f5c76-22b4-409d-af16-fbe823ba9332" }
    }
}

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A problem with this detail.
    Problem(StatusCode, String),
    /// 422.
    Violations(Vec<Violation>),
}

impl Refusal {
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::Problem(StatusCode::BAD_REQUEST, detail.into())
    }

    pub(super) fn not_found() -> Self {
        Self::Problem(StatusCode::NOT_FOUND, "Not Found".to_owned())
    }

    /// What `security` refuses.
    pub(super) fn denied() -> Self {
        Self::Problem(StatusCode::FORBIDDEN, "Access Denied.".to_owned())
    }

    /// The answer in a format and dialect.
    pub(super) fn answer(&self, dialect: Dialect, format: Format) -> Answer {
        match self {
            Self::Problem(status, detail) => problem(dialect, format, *status, detail),
            Self::Violations(list) => violations(dialect, format, list),
        }
    }
}

/// An error that API Platform renders.
pub(super) fn problem(dialect: Dialect, format: Format, status: StatusCode, detail: &str) -> Answer {
    let number = status.as_u16();
    let own = format!("/errors/{number}");
    let full = json!({"title": TITLE, "detail": detail, "status": number, "type": own});
    let body = match (dialect, format) {
        (Dialect::V34Legacy, Format::Plain) => json!({"type": RFC_2616, "title": TITLE, "detail": detail}),
        (Dialect::V34Legacy, Format::Linked) => json!({
            "@context": "/contexts/Error", "@type": "hydra:Error", "hydra:title": TITLE, "hydra:description": detail,
        }),
        (Dialect::V4 | Dialect::V41 | Dialect::V4Prefixed | Dialect::V34, Format::Plain) => full,
        (Dialect::V4 | Dialect::V41, Format::Linked) => {
            json!({"@context": "/contexts/Error", "@id": own, "@type": "Error", "title": TITLE, "detail": detail,
                "status": number, "type": own, "description": detail})
        }
        (Dialect::V4Prefixed, Format::Linked) => {
            json!({"@context": "/contexts/Error", "@id": own, "@type": "hydra:Error", "title": TITLE, "detail": detail,
                "status": number, "type": own, "description": detail, "hydra:description": detail,
                "hydra:title": TITLE})
        }
        (Dialect::V34, Format::Linked) => {
            json!({"@id": own, "@type": "hydra:Error", "title": TITLE, "detail": detail, "status": number, "type": own,
                "description": detail, "hydra:description": detail, "hydra:title": TITLE})
        }
    };
    Answer::new(status, error_type(dialect, format), written(&body, format))
}

fn violations(dialect: Dialect, format: Format, list: &[Violation]) -> Answer {
    let detail = list.iter().map(|one| format!("{}: {}", one.path, one.message)).collect::<Vec<_>>().join("\n");
    let codes = list.iter().enumerate().map(|(place, one)| format!("{place}={}", one.code));
    let own = format!("/validation_errors/{}", codes.collect::<Vec<_>>().join(";"));
    let rows: Vec<Value> =
        list.iter().map(|one| json!({"propertyPath": one.path, "message": one.message, "code": one.code})).collect();
    let name = if dialect == Dialect::V41 { "ConstraintViolation" } else { "ConstraintViolationList" };
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("violations", Value::Array(rows));
    if dialect == Dialect::V34Legacy && format == Format::Linked {
        put("@context", json!(format!("/contexts/{name}")));
        put("@type", json!(name));
        put("hydra:title", json!(TITLE));
        put("hydra:description", json!(detail));
    } else {
        put("status", json!(422));
        put("detail", json!(detail));
        put("type", json!(own));
        put("title", json!(TITLE));
        if format == Format::Linked {
            put("@context", json!(format!("/contexts/{name}")));
            put("@id", json!(own));
            put("@type", json!(name));
            put("description", json!(detail));
            if dialect.is_prefixed() {
                put("hydra:title", json!(TITLE));
                put("hydra:description", json!(detail));
            }
        }
    }
    let body = written(&Value::Object(body), format);
    Answer::new(StatusCode::UNPROCESSABLE_ENTITY, error_type(dialect, format), body)
}

/// An error that Symfony renders before the route is known: typed as what was asked for, HTML where that is no JSON.
pub(super) fn unrouted(ask: &Ask, status: StatusCode) -> Answer {
    let accept = ask.header(&header::ACCEPT).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
    let media_type = match first.as_str() {
        "application/ld+json" | "application/json" | "application/problem+json" => first.as_str(),
        _ => return page(status),
    };
    let reason = status.canonical_reason().unwrap_or_default();
    let body = json!({"type": RFC_2616, "title": TITLE, "status": status.as_u16(), "detail": reason});
    Answer::new(status, media_type, written(&body, Format::Plain))
}

/// Symfony's error page.
pub(super) fn page(status: StatusCode) -> Answer {
    let reason = status.canonical_reason().unwrap_or_default();
    let style = "body { background-color: #fff; color: #222; font: 16px/1.5 -apple-system, BlinkMacSystemFont, \
        \"Segoe UI\", Roboto, \"Helvetica Neue\", Arial, sans-serif; margin: 0; }\n.container { margin: 30px; \
        max-width: 600px; }\nh1 { color: #dc3545; font-size: 24px; }\nh2 { font-size: 18px; }";
    let body = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n    <meta charset=\"UTF-8\" />\n    <meta name=\"robots\" \
         content=\"noindex,nofollow,noarchive\" />\n    <title>An Error Occurred: {reason}</title>\n    \
         <style>{style}</style>\n</head>\n<body>\n<div class=\"container\">\n    <h1>Oops! An Error Occurred</h1>\n    \
         <h2>The server returned a \"{} {reason}\".</h2>\n\n    <p>\n        Something is broken. Please let us know \
         what you were doing when this error occurred.\n        We will fix it as soon as possible. Sorry for any \
         inconvenience caused.\n    </p>\n</div>\n</body>\n</html>",
        status.as_u16()
    );
    Answer::new(status, "text/html; charset=UTF-8", body)
}

/// LexikJWT's 401.
pub(super) fn unauthorized(message: &str) -> Answer {
    let body = json!({"code": 401, "message": message});
    Answer::new(StatusCode::UNAUTHORIZED, "application/json", body.to_string()).with(header::WWW_AUTHENTICATE, "Bearer")
}

/// The 400 of a log-in that is not understood.
pub(super) fn bad_login() -> Answer {
    let body = json!({"type": RFC_2616, "title": TITLE, "status": 400, "detail": "Bad Request"});
    Answer::new(StatusCode::BAD_REQUEST, "application/json", written(&body, Format::Plain))
}

fn error_type(dialect: Dialect, format: Format) -> &'static str {
    match (dialect, format) {
        (Dialect::V34Legacy, Format::Linked) => "application/ld+json; charset=utf-8",
        (Dialect::V34Legacy | Dialect::V4 | Dialect::V41 | Dialect::V4Prefixed | Dialect::V34, _) => {
            "application/problem+json; charset=utf-8"
        }
    }
}

fn written(body: &Value, format: Format) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let spelling = match format {
        Format::Linked => Spelling::Linked,
        Format::Plain => Spelling::Plain,
    };
    json::value(&mut out, body, spelling);
    out
}
