//! HubSpot's refusals in our words: a kind, a sentence with the mend, the fields and the duplicates that it names.

use http::StatusCode;
use serde::Deserialize;

use super::wire::{Fault, context};
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::connector::http::Reply;
use crate::domain::record::RemoteId;

/// HubSpot's own words are cut here, in characters: some list every allowed choice.
const LONGEST_QUOTE: usize = 400;

/// What HubSpot writes before the list of refused properties.
const INVALID_VALUES: &str = "Property values were not valid: ";

/// What HubSpot writes before the id of the record that has the e-mail already.
const EXISTING_ID: &str = "Existing ID: ";

/// Explains a reply outside 2xx.
pub(super) fn explain(reply: &Reply) -> PortError {
    let fault = serde_json::from_slice::<Fault>(&reply.body)
        .ok()
        // A gateway's JSON has a message too; these three are HubSpot's.
        .filter(|fault| fault.status.is_some() || fault.category.is_some() || fault.correlation_id.is_some());
    let status = reply.status.as_u16();
    let error = match fault {
        Some(fault) => refusal(&fault, kind_of_reply(reply.status, &fault)),
        None => foreign(reply.status),
    };
    error.with_status(status)
}

/// Explains one input of a batch that failed.
pub(super) fn explain_item(fault: &Fault) -> PortError {
    refusal(fault, kind_of_category(fault))
}

/// Requests that are left of the day, where the reply tells (searches do not).
pub(super) fn daily_remaining(reply: &Reply) -> Option<u64> {
    reply.headers.get("x-hubspot-ratelimit-daily-remaining")?.to_str().ok()?.trim().parse().ok()
}

/// Whether a fault says that a record has no links, which is an answer and no failure.
pub(super) fn says_no_links(fault: &Fault) -> bool {
    fault.sub_category.as_str().is_some_and(|name| name.ends_with("NO_ASSOCIATIONS_FOUND"))
}

/// Whether a fault says that a record is not there.
pub(super) fn says_not_there(fault: &Fault) -> bool {
    matches!(fault.category.as_deref(), Some("OBJECT_NOT_FOUND" | "NOT_FOUND"))
}

fn kind_of_reply(status: StatusCode, fault: &Fault) -> ErrorKind {
    let daily = fault.policy_name.as_deref().is_some_and(|policy| policy.eq_ignore_ascii_case("DAILY"));
    match status.as_u16() {
        400 | 422 => kind_of_category(fault),
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 if daily => ErrorKind::Quota,
        429 => ErrorKind::RateLimited,
        423 | 477 | 500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Setting,
    }
}

fn kind_of_category(fault: &Fault) -> ErrorKind {
    if refused_properties(fault).iter().any(RefusedProperty::is_conflict) {
        return ErrorKind::Conflict;
    }
    match fault.category.as_deref().unwrap_or_default() {
        "CONFLICT" | "OBJECT_ALREADY_EXISTS" => ErrorKind::Conflict,
        "OBJECT_NOT_FOUND" | "NOT_FOUND" => ErrorKind::NotFound,
        "RATE_LIMITS" | "RATE_LIMIT" => ErrorKind::RateLimited,
        "MISSING_SCOPES" | "BANNED" => ErrorKind::Forbidden,
        "INTERNAL_ERROR" | "SERVER_ERROR" | "TIMEOUT" | "UNAVAILABLE" => ErrorKind::Unavailable,
        _ => ErrorKind::Invalid,
    }
}

/// An answer that is not HubSpot's: a proxy, a wrong address, an outage page.
fn foreign(status: StatusCode) -> PortError {
    let (kind, message) = match status.as_u16() {
        401 => (ErrorKind::Unauthorized, unauthorized()),
        403 => (ErrorKind::Forbidden, "the request was forbidden, and not in HubSpot's own words".to_owned()),
        429 => (ErrorKind::RateLimited, "too many requests".to_owned()),
        423 | 477 | 500..=599 => (ErrorKind::Unavailable, format!("HubSpot is not available (status {status})")),
        _ => (
            ErrorKind::Setting,
            format!("something other than HubSpot's API answered (status {status}): check base_url and api_version"),
        ),
    };
    PortError::new(kind, message)
}

fn unauthorized() -> String {
    "HubSpot refused the token: make a new one in its settings and put it into token_file".to_owned()
}

fn refusal(fault: &Fault, kind: ErrorKind) -> PortError {
    let fields = fields(fault);
    let words = words(fault, &fields);
    let message = match kind {
        ErrorKind::Unauthorized => unauthorized(),
        ErrorKind::Forbidden => match scopes(fault).as_slice() {
            [] => format!("HubSpot forbids this to the token: {words}"),
            scopes => format!("the token lacks a scope: give it {}", scopes.join(" or ")),
        },
        ErrorKind::Quota => "HubSpot's daily limit of requests is used up".to_owned(),
        ErrorKind::RateLimited => format!("HubSpot asks for fewer requests: {words}"),
        ErrorKind::Unavailable => format!("HubSpot is not available: {words}"),
        ErrorKind::NotFound => format!("HubSpot has no such record: {words}"),
        ErrorKind::Conflict => format!("HubSpot refused the record as a duplicate: {words}"),
        ErrorKind::Setting => format!("the request does not fit HubSpot's API: {words}"),
        ErrorKind::Invalid
        | ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => format!("HubSpot refused the data: {words}"),
    };
    let message = match &fault.correlation_id {
        Some(id) => format!("{message} (correlation {id})"),
        None => message,
    };
    let mut error = PortError::new(kind, message);
    error.fields = fields;
    error.duplicates = duplicates(fault);
    error
}

/// HubSpot's own words: of the refused fields where it names some, else its message and details.
fn words(fault: &Fault, fields: &[FieldRefusal]) -> String {
    let mut words: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.path, field.message)).collect();
    if words.is_empty() {
        words.extend(fault.message.clone());
        words.extend(fault.errors.iter().filter_map(|detail| detail.message.clone()));
        words.dedup();
    }
    if words.is_empty() {
        words.extend(fault.category.clone());
    }
    let words = if words.is_empty() { "without a reason".to_owned() } else { words.join("; ") };
    if words.chars().count() <= LONGEST_QUOTE {
        return words;
    }
    words.chars().take(LONGEST_QUOTE).chain(std::iter::once('…')).collect()
}

/// The properties that a fault names: in its details, in its context, or in JSON inside of its message.
fn fields(fault: &Fault) -> Vec<FieldRefusal> {
    let mut fields: Vec<FieldRefusal> = Vec::new();
    let mut add = |path: &str, message: &str| {
        if !path.is_empty() && !fields.iter().any(|field| field.path == path) {
            fields.push(FieldRefusal { path: path.to_owned(), message: message.to_owned() });
        }
    };
    for refused in refused_properties(fault) {
        add(&refused.name, refused.message.as_deref().or(refused.error.as_deref()).unwrap_or("refused"));
    }
    for detail in &fault.errors {
        let message = detail.message.as_deref().or(detail.code.as_deref()).unwrap_or("refused");
        for path in context(&detail.context, "propertyName") {
            add(path, message);
        }
    }
    let message = fault.message.as_deref().unwrap_or("refused");
    for key in ["propertyName", "properties"] {
        for path in context(&fault.context, key) {
            add(path, message);
        }
    }
    fields
}

#[derive(Deserialize)]
struct RefusedProperty {
    name: String,
    message: Option<String>,
    error: Option<String>,
}

impl RefusedProperty {
    fn is_conflict(&self) -> bool {
        self.error.as_deref() == Some("CONFLICTING_UNIQUE_VALUE")
    }
}

/// HubSpot puts a list of refused properties into the message, as JSON in a text.
fn refused_properties(fault: &Fault) -> Vec<RefusedProperty> {
    fault
        .message
        .as_deref()
        .and_then(|message| message.split_once(INVALID_VALUES))
        .and_then(|(_, list)| serde_json::from_str(list).ok())
        .unwrap_or_default()
}

/// The records that have already what was to be unique.
fn duplicates(fault: &Fault) -> Vec<RemoteId> {
    let mut ids: Vec<RemoteId> = context(&fault.context, "existingId").into_iter().map(RemoteId::new).collect();
    let sentences = fault.message.iter().chain(fault.errors.iter().filter_map(|detail| detail.message.as_ref()));
    for sentence in sentences {
        for (_, rest) in sentence.match_indices(EXISTING_ID).map(|(at, found)| sentence.split_at(at + found.len())) {
            let id: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if !id.is_empty() {
                ids.push(RemoteId::new(id));
            }
        }
    }
    let mut distinct = Vec::new();
    for id in ids {
        if !distinct.contains(&id) {
            distinct.push(id);
        }
    }
    distinct
}

/// The scopes that HubSpot says are missing, wherever it says so.
fn scopes(fault: &Fault) -> Vec<&str> {
    let contexts = fault.errors.iter().map(|detail| &detail.context).chain([&fault.context]);
    let mut scopes = Vec::new();
    for place in contexts {
        for key in ["requiredGranularScopes", "requiredScopes", "missingScopes"] {
            for scope in context(place, key) {
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            date: None,
        }
    }

    #[test]
    fn statuses_become_kinds() {
        let hubspot = r#"{"status":"error","message":"no","correlationId":"c-1"}"#;
        let daily = r#"{"status":"error","message":"no","policyName":"DAILY"}"#;
        let rolling = r#"{"status":"error","message":"no","policyName":"TEN_SECONDLY_ROLLING"}"#;
        for (status, body, kind) in [
            (400, hubspot, ErrorKind::Invalid),
            (401, hubspot, ErrorKind::Unauthorized),
            (401, "", ErrorKind::Unauthorized),
            (403, hubspot, ErrorKind::Forbidden),
            (404, hubspot, ErrorKind::NotFound),
            (404, "<html>nothing here</html>", ErrorKind::Setting),
            (404, r#"{"message":"no route matched"}"#, ErrorKind::Setting),
            (405, hubspot, ErrorKind::Setting),
            (409, hubspot, ErrorKind::Conflict),
            (414, "", ErrorKind::Setting),
            (423, hubspot, ErrorKind::Unavailable),
            (429, rolling, ErrorKind::RateLimited),
            (429, daily, ErrorKind::Quota),
            (429, "", ErrorKind::RateLimited),
            (477, hubspot, ErrorKind::Unavailable),
            (502, "<html>bad gateway</html>", ErrorKind::Unavailable),
            (301, "", ErrorKind::Setting),
        ] {
            let error = explain(&reply(status, body));
            assert_eq!(error.kind, kind, "{status} {body}");
            assert_eq!(error.status, Some(status));
        }
    }

    #[test]
    fn the_correlation_id_is_kept() {
        let error = explain(&reply(400, r#"{"status":"error","message":"bad limit","correlationId":"c-17"}"#));
        assert_eq!(error.message, "HubSpot refused the data: bad limit (correlation c-17)");
    }

    #[test]
    fn missing_scopes_are_named() {
        let error = explain(&reply(
            403,
            r#"{"status":"error","message":"no scopes","category":"MISSING_SCOPES","errors":[{"message":"One or more",
                "context":{"requiredGranularScopes":["crm.schemas.companies.write","other"]}}]}"#,
        ));
        assert_eq!(error.message, "the token lacks a scope: give it crm.schemas.companies.write or other");
    }

    #[test]
    fn refused_fields_are_found_in_the_message_the_details_and_the_context() {
        let error = explain(&reply(
            400,
            r#"{"status":"error","message":"Property values were not valid: [{\"isValid\":false,\"message\":\"not an option\",\"error\":\"INVALID_OPTION\",\"name\":\"industry\"}]","category":"VALIDATION_ERROR"}"#,
        ));
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert_eq!(error.fields, [FieldRefusal { path: "industry".into(), message: "not an option".into() }]);
        assert_eq!(error.message, "HubSpot refused the data: industry: not an option");

        let error = explain(&reply(
            400,
            r#"{"status":"error","message":"bad","errors":[{"message":"no such","context":{"propertyName":["vat"]}}],
                "context":{"properties":["city","vat"]}}"#,
        ));
        let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["vat", "city"]);
    }

    #[test]
    fn a_duplicate_is_named_wherever_hubspot_names_it() {
        let error = explain(&reply(
            409,
            r#"{"status":"error","message":"Contact already exists. Existing ID: 6001","category":"CONFLICT"}"#,
        ));
        assert_eq!(error.kind, ErrorKind::Conflict);
        assert_eq!(error.duplicates, [RemoteId::new("6001")]);

        let fault: Fault = serde_json::from_str(
            r#"{"category":"CONFLICT","message":"Contact already exists. Existing ID: 7",
                "context":{"objectWriteTraceId":["0"],"existingId":["7"]}}"#,
        )
        .unwrap();
        assert_eq!(explain_item(&fault).duplicates, [RemoteId::new("7")]);
    }

    #[test]
    fn a_value_that_must_be_unique_and_is_not_is_a_conflict() {
        let error = explain(&reply(
            400,
            r#"{"status":"error","message":"Property values were not valid: [{\"message\":\"taken\",\"error\":\"CONFLICTING_UNIQUE_VALUE\",\"name\":\"flowtly_id\"}]","category":"VALIDATION_ERROR"}"#,
        ));
        assert_eq!(error.kind, ErrorKind::Conflict);
        assert_eq!(error.fields.len(), 1);
    }

    #[test]
    fn long_words_are_cut() {
        let body = format!(r#"{{"status":"error","message":"{}"}}"#, "ż".repeat(5_000));
        assert!(explain(&reply(400, &body)).message.chars().count() < 500);
    }

    #[test]
    fn what_is_left_of_the_day_is_read_from_the_header() {
        let mut reply = reply(200, "{}");
        assert_eq!(daily_remaining(&reply), None);
        reply.headers.insert("x-hubspot-ratelimit-daily-remaining", "249999".parse().unwrap());
        assert_eq!(daily_remaining(&reply), Some(249_999));
    }
}
