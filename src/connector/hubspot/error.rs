//! HubSpot's refusals in our words: a kind, a sentence with the mend, the fields and the duplicates that it names.

use http::StatusCode;
use serde::Deserialize;

use super::wire::{Fault, context};
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::connector::http::Reply;
use crate::domain::record::RemoteId;

/// HubSpot's own words are cut here, in characters: some list every allowed choice.
const LONGEST_QUOTE: usize = 400;

/// What HubSpot writes, without a category, of a record that is not there.
const NO_SUCH_RECORD: &str = "resource not found";

/// What HubSpot writes before the list of refused properties.
const INVALID_VALUES: &str = "Property values were not valid: ";

/// What HubSpot writes before the id of the record that has the e-mail already.
const EXISTING_ID: &str = "Existing ID: ";

/// What HubSpot writes behind the id of the record that has the unique value already.
const HAS_THAT_VALUE: &str = " already has that value";

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
        408 => ErrorKind::Timeout,
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
        "" if fault.message.as_deref() == Some(NO_SUCH_RECORD) => ErrorKind::NotFound,
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
        408 => (ErrorKind::Timeout, "the request took too long for whoever stands in front of HubSpot".to_owned()),
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
            scopes => format!("the token lacks a scope: give it {}", shortened(&scopes.join(" or "))),
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
        Some(id) => format!("{message} (correlation {})", shortened(id)),
        None => message,
    };
    let mut error = PortError::new(kind, message).quoting(&words);
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
    if words.is_empty() { "without a reason".to_owned() } else { shortened(&words.join("; ")) }
}

/// HubSpot's own words, at most [`LONGEST_QUOTE`] characters in one line.
fn shortened(words: &str) -> String {
    let mut letters = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut short: String = letters.by_ref().take(LONGEST_QUOTE).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

/// The properties that a fault names: in its details, in its context, or in JSON inside of its message.
fn fields(fault: &Fault) -> Vec<FieldRefusal> {
    let mut fields: Vec<FieldRefusal> = Vec::new();
    let mut add = |path: &str, message: &str| {
        if !path.is_empty() && !fields.iter().any(|field| field.path == path) {
            fields.push(FieldRefusal { path: path.to_owned(), message: shortened(message) });
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
        let behind = sentence.split(EXISTING_ID).skip(1).map(|rest| {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            rest.split_at(end).0
        });
        let before = sentence.match_indices(HAS_THAT_VALUE).map(|(at, _)| {
            let text = sentence.split_at(at).0;
            text.rsplit(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default()
        });
        ids.extend(behind.chain(before).filter(|id| !id.is_empty()).map(RemoteId::new));
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
