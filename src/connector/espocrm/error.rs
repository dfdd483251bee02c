//! EspoCRM's refusals in our words: a kind, a sentence with the mend, the fields and the duplicates that it names.
//!
//! The reason stands in a header; the body is most often empty. A refusal without that header is not EspoCRM's own word: a
//! proxy, a wrong address, an outage page.

use http::HeaderName;
use serde_json::Value;

use super::wire::{Collision, Refusal};
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::connector::http::Reply;
use crate::domain::record::RemoteId;

/// The header with the reason.
const REASON: HeaderName = HeaderName::from_static("x-status-reason");

/// EspoCRM's own words are cut here, in characters.
const LONGEST_QUOTE: usize = 400;

/// A contact is put to a company that is not there.
const NOT_THERE: &str = "cannotRelate";

/// What stands before EspoCRM's own words of a lack of access. A proxy's refusal says something else.
const FORBIDS: &str = "EspoCRM forbids this to the API user: give its role read, create and edit access (";

/// What stands behind them where the client asked more than once.
const TRIED: &str = ") (tried ";

/// What stands for an empty reason: the header is there, so that EspoCRM itself said it.
const NO_REASON: &str = "no reason is given";

/// The words of a read by id where the role does not open the entity type at all. Older versions say nothing then, and all of them
/// say something else of a single record.
const NO_READS: [&str; 2] = ["No read access.", NO_REASON];

/// The same of a create.
const NO_CREATES: [&str; 2] = ["No create access.", NO_REASON];

/// Explains a reply outside 2xx.
pub(super) fn explain(reply: &Reply) -> PortError {
    let status = reply.status.as_u16();
    let error = match reason(reply) {
        Some(reason) => refusal(status, &reason, reply),
        None => foreign(status, reply),
    };
    error.with_status(status)
}

/// A 404 to a list, or to something that every EspoCRM has: that says nothing of any record.
pub(super) fn must_exist(error: PortError) -> PortError {
    if error.kind != ErrorKind::NotFound {
        return error;
    }
    let message = format!("EspoCRM does not know this address, check base_url and api_path: {}", error.message);
    PortError { kind: ErrorKind::Setting, message, ..error }
}

/// Whether EspoCRM itself refused something for a lack of access: neither a proxy did, nor is anything else the matter.
pub(super) fn forbids(error: &PortError) -> bool {
    forbidding(error).is_some()
}

/// Whether a read by id was refused because of that one record, which another team or another user owns, while the role opens
/// the entity type.
pub(super) fn closes_record(error: &PortError) -> bool {
    forbidding(error).is_some_and(|words| !NO_READS.contains(&words))
}

/// A write to one record that EspoCRM itself forbids is that record's failure, and the others go on. Current versions use the
/// same words where a role lost the right to edit anything; links are refused without any.
pub(super) fn about_record(error: PortError) -> PortError {
    let Some(words) = forbidding(&error) else { return error };
    let message =
        format!("EspoCRM does not let the API user write this record: {words}; let its role edit it, or its owner");
    PortError { kind: ErrorKind::Invalid, message, ..error }
}

/// The same of a create: it may not be assigned as it would be, or not be put to its company. A role that makes no records at all
/// is no matter of one record.
pub(super) fn about_new_record(error: PortError) -> PortError {
    match forbidding(&error) {
        Some(words) if !NO_CREATES.contains(&words) => about_record(error),
        Some(_) | None => error,
    }
}

/// EspoCRM's own words of a lack of access. The client puts in front of a message what was asked, and behind it how often.
fn forbidding(error: &PortError) -> Option<&str> {
    let (_, rest) = error.message.split_once(FORBIDS).filter(|_| error.kind == ErrorKind::Forbidden)?;
    let (words, _) = rest.split_once(TRIED).unwrap_or((rest, ""));
    Some(words.strip_suffix(')').unwrap_or(words))
}

/// The reason, where the header is there; it may be empty.
fn reason(reply: &Reply) -> Option<String> {
    let value = reply.headers.get(REASON)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

fn refusal(status: u16, reason: &str, reply: &Reply) -> PortError {
    let words = if reason.is_empty() { NO_REASON.to_owned() } else { shortened(reason) };
    let new = |kind, message: String| PortError::new(kind, message).quoting(&words);
    match status {
        400 | 413 | 422 => {
            let fields = fields(reason, reply);
            let error = new(ErrorKind::Invalid, format!("EspoCRM refused the data: {words}"));
            PortError { fields, ..error }
        }
        401 => unauthorized(),
        403 if reason.starts_with(NOT_THERE) => {
            new(ErrorKind::Invalid, format!("the company that the contact is put to is not there: {words}"))
        }
        403 if reason.to_lowercase().contains("max size") => new(
            ErrorKind::Setting,
            format!(
                "EspoCRM allows no such long pages: make page_size smaller, or raise recordListMaxSizeLimit ({words})"
            ),
        ),
        403 => new(ErrorKind::Forbidden, format!("{FORBIDS}{words})")),
        404 | 410 if names_no_record(reason) => {
            new(ErrorKind::Setting, format!("EspoCRM does not know this address, check base_url and api_path: {words}"))
        }
        404 | 410 => new(ErrorKind::NotFound, format!("EspoCRM has no such record: {words}")),
        409 => collision(reason, reply),
        429 => new(ErrorKind::RateLimited, format!("EspoCRM asks for fewer requests: {words}")),
        500..=599 => new(ErrorKind::Unavailable, format!("EspoCRM failed: {words}")),
        _ => new(ErrorKind::Setting, format!("the request does not fit EspoCRM's API (status {status}): {words}")),
    }
}

/// A 404 about a route or an entity type says nothing of a record.
fn names_no_record(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["controller", "route", "not found.", "action"].iter().any(|word| reason.starts_with(word))
}

/// An answer without EspoCRM's own words.
fn foreign(status: u16, reply: &Reply) -> PortError {
    match status {
        401 => unauthorized(),
        403 => PortError::new(ErrorKind::Forbidden, "the request was forbidden, and not in EspoCRM's own words"),
        // A validator's words may stand in the body alone, where a proxy drops headers.
        400 if !fields("", reply).is_empty() => refusal(status, "", reply),
        408 => PortError::new(ErrorKind::Timeout, "the request took too long for whoever stands in front of EspoCRM"),
        409 if serde_json::from_slice::<Collision>(&reply.body).is_ok() => collision("", reply),
        429 => PortError::new(ErrorKind::RateLimited, "too many requests"),
        500..=599 => {
            PortError::new(ErrorKind::Unavailable, format!("EspoCRM is not available, or failed (status {status})"))
        }
        _ => PortError::new(
            ErrorKind::Setting,
            format!("something other than EspoCRM's API answered (status {status}): check base_url and api_path"),
        ),
    }
}

fn unauthorized() -> PortError {
    let mend = "EspoCRM refused the key: look at the API user (is it active, is its key or secret another one?)";
    PortError::new(ErrorKind::Unauthorized, mend)
}

fn collision(reason: &str, reply: &Reply) -> PortError {
    let new = |message: String| PortError::new(ErrorKind::Conflict, message);
    match serde_json::from_slice::<Collision>(&reply.body) {
        Ok(Collision::Alike(alike)) => {
            let duplicates: Vec<RemoteId> = alike.into_iter().map(|alike| RemoteId::new(alike.id)).collect();
            let message = format!("EspoCRM refused the record as a duplicate of {}", count(duplicates.len()));
            PortError { duplicates, ..new(message) }
        }
        Ok(Collision::Moved { .. }) => moved(),
        Err(_) if reason == "modified" => moved(),
        Err(_) => {
            let words = shortened(reason);
            new(format!("the record collides with another one: {words}")).quoting(&words)
        }
    }
}

fn moved() -> PortError {
    let message = "somebody changed the record since it was read: nothing was written";
    PortError { superseded: true, ..PortError::new(ErrorKind::Conflict, message) }
}

fn count(records: usize) -> String {
    if records == 1 { "one of its records".to_owned() } else { format!("{records} of its records") }
}

/// The field that a validator refuses, from the body or from the reason.
fn fields(reason: &str, reply: &Reply) -> Vec<FieldRefusal> {
    let translated = serde_json::from_slice::<Refusal>(&reply.body)
        .ok()
        .and_then(|refusal| refusal.message_translation)
        .filter(|translation| translation.label.as_deref().is_none_or(|label| label == "validationFailure"));
    let text = |data: &Value, key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
    let from_body = translated.and_then(|it| Some((text(&it.data, "field")?, text(&it.data, "type"))));
    let named = from_body.or_else(|| Some((word(reason, "field: ")?, word(reason, "type: "))));
    let refused = named.map(|(path, kind)| FieldRefusal { message: said(kind.as_deref()), path });
    refused.into_iter().collect()
}

/// `field: name, type: required.`
fn word(reason: &str, label: &str) -> Option<String> {
    let (_, rest) = reason.split_once(label)?;
    let word = rest.split([',', ';']).next().unwrap_or_default().trim().trim_end_matches('.');
    (!word.is_empty()).then(|| word.to_owned())
}

fn said(kind: Option<&str>) -> String {
    match kind {
        Some("required") => "it must not be empty".to_owned(),
        Some("maxLength") => "the text is too long".to_owned(),
        Some("pattern") => "it holds characters that EspoCRM does not take".to_owned(),
        Some("valid" | "emailAddress") => "EspoCRM takes it for no valid value".to_owned(),
        Some(kind) => format!("EspoCRM's rule `{}` refuses it", shortened(kind)),
        None => "EspoCRM refuses it".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    text.chars().map(clean).take(LONGEST_QUOTE).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use rstest::rstest;

    use super::*;

    fn reply(status: u16, reason: Option<&str>, body: &str) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(reason) = reason {
            headers.insert(REASON, HeaderValue::from_bytes(reason.as_bytes()).unwrap());
        }
        let body = Bytes::from(body.to_owned());
        Reply { status: StatusCode::from_u16(status).unwrap(), headers, body, date: None }
    }

    #[rstest]
    #[case(400, Some("Not existing attribute 'x' in where."), "", ErrorKind::Invalid)]
    #[case(400, None, "<html>", ErrorKind::Setting)]
    #[case(401, None, "", ErrorKind::Unauthorized)]
    #[case(403, Some("No read access."), "", ErrorKind::Forbidden)]
    #[case(403, Some("cannotRelateNonExisting"), "", ErrorKind::Invalid)]
    #[case(403, Some("Max size should not exceed 200. Use offset and limit."), "", ErrorKind::Setting)]
    #[case(403, None, "<html>", ErrorKind::Forbidden)]
    #[case(404, Some("Record 1 does not exist."), "", ErrorKind::NotFound)]
    #[case(404, Some(""), "", ErrorKind::NotFound)]
    #[case(404, Some("Controller 'Acount' does not exist."), "", ErrorKind::Setting)]
    #[case(404, None, "", ErrorKind::Setting)]
    #[case(404, None, "<h1>404 Not Found</h1>", ErrorKind::Setting)]
    #[case(404, None, "{\"message\":\"no such host\"}", ErrorKind::Setting)]
    #[case(405, None, "<html>", ErrorKind::Setting)]
    #[case(409, Some("duplicate"), "[]", ErrorKind::Conflict)]
    #[case(413, None, "<html>", ErrorKind::Setting)]
    #[case(429, None, "", ErrorKind::RateLimited)]
    #[case(500, None, "", ErrorKind::Unavailable)]
    #[case(500, Some("Bad query"), "", ErrorKind::Unavailable)]
    #[case(502, None, "<html>", ErrorKind::Unavailable)]
    #[case(302, None, "", ErrorKind::Setting)]
    fn each_refusal_is_of_its_kind(
        #[case] status: u16,
        #[case] reason: Option<&str>,
        #[case] body: &str,
        #[case] kind: ErrorKind,
    ) {
        let error = explain(&reply(status, reason, body));
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{}", error.message);
    }

    #[rstest]
    #[case::of_the_type("No read access.", false)]
    #[case::of_the_type_as_of_old("", false)]
    #[case::of_a_record("No 'read' access.", true)]
    #[case::of_a_hook("Not in these hours.", true)]
    fn a_closed_record_is_told_from_a_closed_type(#[case] reason: &str, #[case] closes: bool) {
        let error = explain(&reply(403, Some(reason), ""));
        let asked_twice = format!("EspoCRM: GET /{{entity}}/{{id}}: {} (tried 2 times in 1 s)", error.message);
        assert_eq!(closes_record(&error), closes);
        assert_eq!(closes_record(&PortError { message: asked_twice, ..error }), closes);
    }

    #[rstest]
    #[case("No edit access.", ErrorKind::Invalid, ErrorKind::Invalid)]
    #[case("Assignment failure: assigned user or team not allowed.", ErrorKind::Invalid, ErrorKind::Invalid)]
    #[case("No foreign record access for link operation (Contact:account).", ErrorKind::Invalid, ErrorKind::Invalid)]
    #[case::a_link_as_of_old("", ErrorKind::Invalid, ErrorKind::Forbidden)]
    #[case::of_the_type("No create access.", ErrorKind::Invalid, ErrorKind::Forbidden)]
    fn a_forbidden_write_is_its_records_own_failure(
        #[case] reason: &str,
        #[case] of_update: ErrorKind,
        #[case] of_create: ErrorKind,
    ) {
        let error = explain(&reply(403, Some(reason), ""));
        let (update, create) = (about_record(error.clone()), about_new_record(error));
        assert_eq!((update.kind, create.kind), (of_update, of_create));
        assert!(update.message.contains(reason) && update.status == Some(403), "{}", update.message);
    }

    #[test]
    fn a_proxy_says_nothing_of_a_record() {
        for foreign in [reply(403, None, "<html>"), reply(401, Some(""), ""), reply(404, Some(""), "")] {
            let error = explain(&foreign);
            assert!(!forbids(&error) && !closes_record(&error), "{}", error.message);
            let kind = error.kind;
            assert_eq!((about_record(error.clone()).kind, about_new_record(error).kind), (kind, kind));
        }
    }

    #[test]
    fn the_two_bodies_of_a_409_are_told_apart() {
        let alike = explain(&reply(409, Some("duplicate"), r#"[{"id":"a","name":"X"},{"id":"b"}]"#));
        assert_eq!((alike.duplicates, alike.superseded), (vec![RemoteId::new("a"), RemoteId::new("b")], false));
        let body = r#"{"values":{"name":"Y"},"versionNumber":3}"#;
        for reason in [Some("modified"), None] {
            let moved = explain(&reply(409, reason, body));
            assert_eq!((moved.kind, moved.superseded), (ErrorKind::Conflict, true));
            assert!(moved.duplicates.is_empty() && !moved.message.contains('Y'), "{}", moved.message);
        }
        let odd = explain(&reply(409, Some("duplicate"), "[1]"));
        assert_eq!((odd.kind, odd.superseded, odd.duplicates.len()), (ErrorKind::Conflict, false, 0));
    }

    #[test]
    fn the_refused_field_is_read_from_the_body_or_the_header() {
        let reason = "Field validation failure; entityType: Account, field: phoneNumber, type: valid.";
        let body = r#"{"messageTranslation":{"label":"validationFailure","scope":null,"data":{"field":"name","type":"required"}}}"#;
        let fields = |reason, body| explain(&reply(400, reason, body)).fields;
        assert_eq!(fields(Some(reason), "")[0].path, "phoneNumber");
        assert_eq!(fields(Some(reason), body)[0].path, "name");
        assert_eq!(fields(None, body)[0].message, "it must not be empty");
        assert!(fields(Some("Bad request"), "").is_empty());
    }

    #[test]
    fn odd_bytes_in_a_reason_do_no_harm() {
        let mut odd = reply(400, None, "");
        odd.headers.insert(REASON, HeaderValue::from_bytes(b"field: \xffname, type: x").unwrap());
        assert_eq!(explain(&odd).kind, ErrorKind::Invalid);
        assert!(explain(&reply(400, Some(&"x".repeat(5_000)), "")).message.len() < 600);
    }
    #[test]
    fn what_it_says_of_anybody_is_no_part_of_what_is_logged() {
        for status in [400, 403, 404, 408, 409, 410, 413, 422, 423, 429, 500, 503] {
            let body = r#"{"messageTranslation":{"label":"Jan Kowalski","scope":"Account","data":{}}}"#;
            let error = explain(&reply(status, Some("Jan Kowalski, jan@example.com"), body));
            assert!(!error.unquoted().contains("Kowalski"), "{status}: {}", error.unquoted());
        }
    }
}
