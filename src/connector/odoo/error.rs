//! Odoo's refusals in our words. Both protocols name the exception; the status says little: 500 is mostly the caller's
//! mistake, and everything that a model raises was rolled back.

use http::StatusCode;
use serde::Deserialize;

use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::connector::http::Reply;

/// Odoo's own words are cut here, in characters: some hold a whole traceback.
const LONGEST_QUOTE: usize = 400;

/// What Odoo writes about a field that it does not have.
const INVALID_FIELD: &str = "Invalid field";

/// An exception as both protocols tell it. Its traceback (`debug`) is never read.
#[derive(Debug, Deserialize)]
struct Fault {
    name: String,
    #[serde(default)]
    message: Option<String>,
}

/// Explains a reply outside 2xx.
pub(super) fn explain(reply: &Reply) -> PortError {
    let status = reply.status.as_u16();
    let error = match serde_json::from_slice::<Fault>(&reply.body) {
        Ok(fault) => refusal(reply.status, &fault),
        Err(_) => foreign(reply.status),
    };
    error.with_status(status)
}

/// The error of a reply that is not what the protocol says.
pub(super) fn not_the_protocol(what: &str) -> PortError {
    let message = format!("Odoo's reply is not {what}: is something else at base_url, or a proxy in between?");
    PortError::new(ErrorKind::Protocol, message)
}

/// A reading call concerns no single record: what the model refuses of it is a matter of settings.
pub(super) fn of_reading(error: PortError) -> PortError {
    match error.kind {
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Conflict => {
            PortError { kind: ErrorKind::Setting, ..error }
        }
        ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::RateLimited
        | ErrorKind::Quota
        | ErrorKind::Unavailable
        | ErrorKind::Unauthorized
        | ErrorKind::Forbidden
        | ErrorKind::Setting
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => error,
    }
}

/// What is forbidden, without Odoo's own words: those about single records name people, and what concerns a whole side is logged.
pub(super) fn unnamed(error: PortError) -> PortError {
    if error.kind != ErrorKind::Forbidden {
        return error;
    }
    let message = "Odoo forbids this to the key's user: give it the right to read and write contacts".to_owned();
    PortError { message, fields: Vec::new(), ..error }
}

fn refusal(status: StatusCode, fault: &Fault) -> PortError {
    let words = words(fault);
    let kind = if status == StatusCode::CONFLICT {
        ErrorKind::Conflict
    } else {
        kind_of_name(&fault.name, &words).unwrap_or_else(|| kind_of_status(status))
    };
    let message = match kind {
        ErrorKind::Unauthorized => unauthorized(),
        ErrorKind::Forbidden => format!("Odoo forbids this to the key's user: {words}"),
        ErrorKind::NotFound => format!("Odoo has no such record: {words}"),
        ErrorKind::Setting if words.contains(INVALID_FIELD) => {
            format!("this Odoo has no such field, map another one or none: {words}")
        }
        ErrorKind::Setting => {
            format!("the request does not fit this Odoo, check base_url, database and protocol: {words}")
        }
        ErrorKind::RateLimited => format!("Odoo asks for fewer requests: {words}"),
        ErrorKind::Unavailable => format!("Odoo is not available: {words}"),
        ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::Quota
        | ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => format!("Odoo refused the data: {words}"),
    };
    let mut error = PortError::new(kind, message).quoting(&words);
    error.fields =
        invalid_field(&words).into_iter().map(|path| FieldRefusal { path, message: words.clone() }).collect();
    error
}

/// What an exception means, whatever its status; `None` where its name says nothing.
fn kind_of_name(name: &str, words: &str) -> Option<ErrorKind> {
    let (module, class) = name.rsplit_once('.').unwrap_or(("", name));
    let by_class = match class {
        "OperationalError" if words.contains("database") && words.contains("does not exist") => {
            Some(ErrorKind::Setting)
        }
        "ValidationError" | "UserError" | "RedirectWarning" | "Warning" | "except_orm" => Some(ErrorKind::Invalid),
        "MissingError" => Some(ErrorKind::NotFound),
        "AccessError" | "Forbidden" => Some(ErrorKind::Forbidden),
        "AccessDenied" | "Unauthorized" | "SessionExpiredException" => Some(ErrorKind::Unauthorized),
        "BadRequest" | "UnprocessableEntity" | "NotFound" | "MethodNotAllowed" | "UnsupportedMediaType" => {
            Some(ErrorKind::Setting)
        }
        "TooManyRequests" => Some(ErrorKind::RateLimited),
        _ => None,
    };
    let is_mistake = match module.split('.').next().unwrap_or_default() {
        "builtins" => is_mistake_of_python(class),
        "psycopg2" => !is_trouble_of_the_database(class),
        _ => false,
    };
    let mistake = if words.contains(INVALID_FIELD) { ErrorKind::Setting } else { ErrorKind::Invalid };
    by_class.or_else(|| is_mistake.then_some(mistake))
}

/// What Python raises over values that do not fit.
fn is_mistake_of_python(class: &str) -> bool {
    matches!(
        class,
        "ValueError"
            | "TypeError"
            | "KeyError"
            | "IndexError"
            | "AttributeError"
            | "AssertionError"
            | "OverflowError"
            | "ArithmeticError"
            | "UnicodeError"
            | "UnicodeEncodeError"
            | "UnicodeDecodeError"
    )
}

/// What the database raises over its own state, or over another transaction; anything else is over values.
fn is_trouble_of_the_database(class: &str) -> bool {
    matches!(
        class,
        "OperationalError"
            | "InterfaceError"
            | "PoolError"
            | "SerializationFailure"
            | "DeadlockDetected"
            | "LockNotAvailable"
            | "QueryCanceled"
            | "InFailedSqlTransaction"
            | "ReadOnlySqlTransaction"
            | "AdminShutdown"
            | "CrashShutdown"
            | "CannotConnectNow"
            | "TooManyConnections"
            | "DiskFull"
            | "OutOfMemory"
            | "InternalError"
            | "InternalError_"
    )
}

/// What a status means where no exception that we know is named.
fn kind_of_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        408 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Unavailable,
        300..=499 => ErrorKind::Setting,
        _ => ErrorKind::Protocol,
    }
}

/// A reply without an exception: a proxy's, or one of Odoo's pages in HTML.
fn foreign(status: StatusCode) -> PortError {
    let kind = kind_of_status(status);
    let number = status.as_u16();
    let message = match kind {
        ErrorKind::Unauthorized => unauthorized(),
        ErrorKind::RateLimited => "Odoo, or a proxy before it, asks for fewer requests".to_owned(),
        ErrorKind::Unavailable => format!("Odoo, or a proxy before it, is not available (status {number})"),
        ErrorKind::Forbidden => format!("something before Odoo forbids this (status {number})"),
        ErrorKind::Setting
        | ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::Quota
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => {
            format!("no API of Odoo answered (status {number}): check base_url, database and protocol")
        }
    };
    PortError::new(kind, message)
}

/// The error of a key that is refused. Keys end by themselves, so the mend says so.
pub(super) fn unauthorized() -> String {
    "Odoo refused the API key (keys live at most three months): make a new one for the user and put it into api_key_file"
        .to_owned()
}

/// Odoo's own words in one line, at most [`LONGEST_QUOTE`] characters of them.
fn words(fault: &Fault) -> String {
    let text = fault.message.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or(&fault.name);
    // Whatever follows is for developers, and may show more of the record than its refusal.
    let text = text.split("Traceback (most recent call last)").next().unwrap_or_default();
    let mut letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut short: String = letters.by_ref().take(LONGEST_QUOTE).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// The field that Odoo does not have: `Invalid field 'mobile' in 'res.partner'`, `Invalid field res.partner.mobile in …`.
fn invalid_field(words: &str) -> Option<String> {
    let (_, rest) = words.split_once(INVALID_FIELD)?;
    let token = rest.split_whitespace().next()?;
    let name = token.trim_matches(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == '.'));
    let name = name.rsplit('.').next().unwrap_or_default();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::connector::error::Outcome;

    fn explained(status: u16, body: &str) -> PortError {
        let status = StatusCode::from_u16(status).unwrap();
        explain(&Reply { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()), date: None })
    }

    fn raised(status: u16, name: &str, message: &str) -> PortError {
        let body = json!({"name": name, "message": message, "arguments": [message], "context": {},
            "debug": "Traceback (most recent call last):\n  secret-of-the-server"});
        explained(status, &body.to_string())
    }

    #[rstest]
    #[case(401, "werkzeug.exceptions.Unauthorized", ErrorKind::Unauthorized)]
    #[case(500, "odoo.exceptions.AccessDenied", ErrorKind::Unauthorized)]
    #[case(400, "werkzeug.exceptions.BadRequest", ErrorKind::Setting)]
    #[case(404, "werkzeug.exceptions.NotFound", ErrorKind::Setting)]
    #[case(422, "werkzeug.exceptions.UnprocessableEntity", ErrorKind::Setting)]
    #[case(403, "odoo.exceptions.AccessError", ErrorKind::Forbidden)]
    #[case(422, "odoo.exceptions.ValidationError", ErrorKind::Invalid)]
    #[case(500, "odoo.exceptions.ValidationError", ErrorKind::Invalid)]
    #[case(422, "odoo.exceptions.UserError", ErrorKind::Invalid)]
    #[case(404, "odoo.exceptions.MissingError", ErrorKind::NotFound)]
    #[case(500, "openerp.exceptions.MissingError", ErrorKind::NotFound)]
    #[case(500, "builtins.ValueError", ErrorKind::Invalid)]
    #[case(500, "builtins.TypeError", ErrorKind::Invalid)]
    #[case(500, "psycopg2.errors.InvalidDatetimeFormat", ErrorKind::Invalid)]
    #[case(500, "psycopg2.errors.CheckViolation", ErrorKind::Invalid)]
    #[case(500, "psycopg2.errors.SerializationFailure", ErrorKind::Unavailable)]
    #[case(500, "psycopg2.OperationalError", ErrorKind::Unavailable)]
    #[case(500, "builtins.MemoryError", ErrorKind::Unavailable)]
    #[case(500, "something.else", ErrorKind::Unavailable)]
    #[case(429, "something.else", ErrorKind::RateLimited)]
    fn an_exception_means_what_its_name_says(#[case] status: u16, #[case] name: &str, #[case] kind: ErrorKind) {
        let error = raised(status, name, "Some words");
        assert_eq!((error.kind, error.status), (kind, Some(status)));
        assert!(!error.message.contains("Traceback") && !error.message.contains("secret-of-the-server"));
    }

    #[test]
    fn a_mistake_of_ours_was_rolled_back_and_trouble_of_the_server_may_not_have_been() {
        assert_eq!(raised(500, "builtins.ValueError", "x").kind.outcome(), Outcome::NotApplied);
        assert_eq!(raised(500, "psycopg2.OperationalError", "x").kind.outcome(), Outcome::Unknown);
    }

    #[rstest]
    #[case("Invalid field 'mobile' in 'res.partner'")]
    #[case("Invalid field 'mobile' on model 'res.partner'")]
    #[case("Invalid field res.partner.mobile in leaf ('mobile', '=', 1)")]
    fn a_field_that_is_not_there_is_a_matter_of_settings_and_is_named(#[case] words: &str) {
        let error = raised(500, "builtins.ValueError", words);
        assert_eq!(error.kind, ErrorKind::Setting);
        assert_eq!(error.fields[0].path, "mobile");
    }

    #[rstest]
    #[case(415, ErrorKind::Setting)]
    #[case(404, ErrorKind::Setting)]
    #[case(302, ErrorKind::Setting)]
    #[case(401, ErrorKind::Unauthorized)]
    #[case(403, ErrorKind::Forbidden)]
    #[case(429, ErrorKind::RateLimited)]
    #[case(502, ErrorKind::Unavailable)]
    fn html_is_judged_by_its_status(#[case] status: u16, #[case] kind: ErrorKind) {
        assert_eq!(explained(status, "<!doctype html><title>x</title>").kind, kind);
    }

    #[test]
    fn long_words_are_cut_and_a_traceback_in_them_is_left_out() {
        let error = raised(500, "builtins.ValueError", &format!("a\nb{}", "x".repeat(9_000)));
        assert!(error.message.chars().count() < 500 && error.message.contains("a b"));
        let error = raised(500, "builtins.ValueError", "Bad. Traceback (most recent call last): file");
        assert!(error.message.ends_with("Bad. "), "{}", error.message);
    }

    #[test]
    fn what_concerns_a_side_names_nobody() {
        let rule = "Sorry, Jan Kowalski (id=7) doesn't have 'write' access to: Contact, Anna Nowak (res.partner: 12)";
        let error = unnamed(raised(403, "odoo.exceptions.AccessError", rule));
        assert_eq!((error.kind, error.status), (ErrorKind::Forbidden, Some(403)));
        assert!(!error.message.contains("Kowalski") && !error.message.contains("Nowak"), "{error}");
        let other = raised(422, "odoo.exceptions.UserError", "The field Name is missing");
        assert_eq!(unnamed(other.clone()).message, other.message);
    }
    #[test]
    fn what_it_says_of_anybody_is_no_part_of_what_is_logged() {
        let names =
            ["builtins.ValueError", "odoo.exceptions.AccessError", "firm.SomeError", "odoo.exceptions.MissingError"];
        for (status, name) in [400, 403, 404, 408, 409, 410, 413, 422, 423, 429, 500, 503]
            .into_iter()
            .flat_map(|status| names.map(|name| (status, name)))
        {
            let error = raised(status, name, "Jan Kowalski <jan@example.com>");
            assert!(!error.unquoted().contains("Kowalski"), "{status} {name}: {}", error.unquoted());
        }
    }
}
