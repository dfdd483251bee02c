//! Pipedrive's refusals in our words: a kind, and a sentence with the mend.

use std::time::Duration;

use http::StatusCode;

use super::front::is_block;
use super::wire::{self, Refusal};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::Reply;

/// Pipedrive's own words are cut here, in characters.
const LONGEST_QUOTE: usize = 400;

/// What stands before Pipedrive's own words of a lack of permission.
const FORBIDS: &str = "Pipedrive forbids this to the token's user: ";

/// The longest pause of a burst that is believed, in seconds: the window is two seconds long.
const LONGEST_RESET: u64 = 60;

/// The highest price of a request, in tokens: with fewer left the day may be what refused it.
const DEAREST: u64 = 20;

/// Explains a reply outside 2xx.
pub(super) fn explain(reply: &Reply) -> PortError {
    let error = match wire::refusal(&reply.body) {
        Some(refusal) => refused(reply, &refusal),
        None => foreign(reply),
    };
    error.with_status(reply.status.as_u16())
}

/// Tokens that are left of the day, where the reply tells.
pub(super) fn tokens_left(reply: &Reply) -> Option<u64> {
    number(reply, "x-daily-ratelimit-token-remaining")
}

/// Words in one line, at most [`LONGEST_QUOTE`] characters.
pub(super) fn shortened(words: &str) -> String {
    let mut letters = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut short: String = letters.by_ref().take(LONGEST_QUOTE).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

fn refused(reply: &Reply, refusal: &Refusal) -> PortError {
    let words = words(refusal);
    let kind = match reply.status.as_u16() {
        400 | 422 => ErrorKind::Invalid,
        401 => ErrorKind::Unauthorized,
        402 | 403 => ErrorKind::Forbidden,
        404 if says_no_such_method(refusal) => ErrorKind::Setting,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        409 => ErrorKind::Conflict,
        429 => return too_many(reply),
        500..=599 => ErrorKind::Unavailable,
        // 410 is an old end-point that is no longer there, and says nothing of any record.
        _ => ErrorKind::Setting,
    };
    let message = match kind {
        ErrorKind::Unauthorized => unauthorized(),
        ErrorKind::Forbidden if is_capped(refusal) => {
            format!("Pipedrive's plan is at its limit: {words}; free some, or take a larger plan")
        }
        ErrorKind::Forbidden if reply.status.as_u16() == 402 || lacks_scope(refusal) => {
            format!("Pipedrive forbids everything of this sort: {words}")
        }
        ErrorKind::Forbidden => format!("{FORBIDS}{words}"),
        ErrorKind::NotFound => format!("Pipedrive has no such record: {words}"),
        ErrorKind::Conflict => format!("Pipedrive refused the write: {words}"),
        ErrorKind::Unavailable => format!("Pipedrive is not available: {words}"),
        ErrorKind::Setting => {
            format!("the request does not fit Pipedrive's API, check base_url and the paths: {words}")
        }
        ErrorKind::Invalid
        | ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::RateLimited
        | ErrorKind::Quota
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => format!("Pipedrive refused the data: {words}"),
    };
    PortError::new(kind, message).quoting(&words)
}

/// An answer that is not Pipedrive's: a proxy, a wrong address, an outage page.
fn foreign(reply: &Reply) -> PortError {
    let status = reply.status.as_u16();
    if is_block(reply.status, &reply.body) {
        let message =
            "the network in front of Pipedrive blocks us for having asked too often: it is left alone for a while";
        return PortError::new(ErrorKind::RateLimited, message);
    }
    let (kind, message) = match status {
        401 => (ErrorKind::Unauthorized, unauthorized()),
        408 => (ErrorKind::Timeout, "the request took too long for whoever stands in front of Pipedrive".to_owned()),
        429 => return too_many(reply),
        500..=599 => (ErrorKind::Unavailable, format!("Pipedrive is not available (status {status})")),
        _ => (
            ErrorKind::Setting,
            format!("something other than Pipedrive's API answered (status {status}): check base_url and the paths"),
        ),
    };
    PortError::new(kind, message)
}

/// 429 means the burst or the day; the headers tell which: a burst that is not used up was not the reason.
fn too_many(reply: &Reply) -> PortError {
    let burst_left = number(reply, "x-ratelimit-remaining");
    let day_left = tokens_left(reply).or_else(|| number(reply, "x-daily-requests-left"));
    let reset = number(reply, "x-ratelimit-reset").map(|seconds| Duration::from_secs(seconds.min(LONGEST_RESET)));
    let used_up = "the day's tokens of the Pipedrive company are used up";
    if day_left.is_some_and(|left| left < DEAREST) {
        return PortError::new(ErrorKind::Quota, used_up);
    }
    if day_left.is_none() && burst_left.is_some_and(|left| left > 0) {
        // Concluded, and not told: the time that is set says so to whoever knows what was asked.
        let mut error = PortError::new(ErrorKind::Quota, used_up);
        error.retry_after = reset.or(Some(Duration::from_secs(LONGEST_RESET)));
        return error;
    }
    let mut error = PortError::new(ErrorKind::RateLimited, "Pipedrive asks for fewer requests");
    error.retry_after = reset;
    error
}

fn unauthorized() -> String {
    "Pipedrive refused the token: copy the API token of a user who is active from their personal preferences into token_file"
        .to_owned()
}

/// Pipedrive's own words, without the sentence that it adds to all of them.
fn words(refusal: &Refusal) -> String {
    let info = refusal.error_info.as_deref().filter(|info| !info.contains("developers.pipedrive.com"));
    let mut words: Vec<&str> =
        refusal.error.as_deref().into_iter().chain(info).filter(|text| !text.is_empty()).collect();
    words.dedup();
    if words.is_empty() {
        words.extend(refusal.code.as_deref());
    }
    if words.is_empty() { "without a reason".to_owned() } else { shortened(&words.join("; ")) }
}

fn is_capped(refusal: &Refusal) -> bool {
    refusal.code.as_deref().is_some_and(|code| code.starts_with("feature_capping"))
}

/// What an app was not allowed to ask for at all.
fn lacks_scope(refusal: &Refusal) -> bool {
    refusal.error.as_deref().is_some_and(|error| error.to_ascii_lowercase().contains("scope"))
}

/// An address that is not there is answered with the status of a record that is not there.
fn says_no_such_method(refusal: &Refusal) -> bool {
    refusal.error.as_deref().is_some_and(|error| error.to_ascii_lowercase().contains("unknown method"))
}

fn number(reply: &Reply, name: &str) -> Option<u64> {
    reply.headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Whether Pipedrive refused, in its own words, what was asked of one record: neither the plan nor the token's scope is the
/// reason, and the lists tell whether the right to all records was lost.
pub(super) fn is_about_one(error: &PortError) -> bool {
    // The client puts in front of a message what was asked.
    is_forbidden(error) && error.message.contains(FORBIDS)
}

/// A write to one record that Pipedrive forbids is that record's failure, and the others go on: a permission set may let a user edit
/// only what they own.
pub(super) fn about_record(error: PortError) -> PortError {
    if !is_about_one(&error) {
        return error;
    }
    let message = format!("{}; let them edit the records of other users, or own this one", error.message);
    PortError { kind: ErrorKind::Invalid, message, ..error }
}

/// Whether a status is one that Pipedrive answers a field with that the account does not have.
pub(super) fn is_forbidden(error: &PortError) -> bool {
    error.kind == ErrorKind::Forbidden && error.status == Some(StatusCode::FORBIDDEN.as_u16())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one(403, r#"{"success":false,"error":"You do not have permission to edit this organization."}"#, true)]
    #[case::silent(403, r#"{"success":false}"#, true)]
    #[case::plan(403, r#"{"success":false,"error":"Limit reached.","code":"feature_capping_deals_limit"}"#, false)]
    #[case::scope(403, r#"{"success":false,"error":"Scope and URL mismatch"}"#, false)]
    #[case::closed(402, r#"{"success":false,"error":"Company account is not open"}"#, false)]
    #[case::foreign(403, "<html>Forbidden</html>", false)]
    #[case::other(404, r#"{"success":false,"error":"Organization not found"}"#, false)]
    fn a_refusal_about_one_record_is_told_from_one_of_the_account(
        #[case] status: u16,
        #[case] body: &str,
        #[case] is_one: bool,
    ) {
        let status = StatusCode::from_u16(status).unwrap();
        let error =
            explain(&Reply { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()), date: None });
        assert_eq!(is_about_one(&error), is_one, "{error}");
        assert_eq!(about_record(error.clone()).kind == ErrorKind::Invalid, is_one, "{error}");
    }
    #[test]
    fn what_it_says_of_anybody_is_no_part_of_what_is_logged() {
        for status in [400, 403, 404, 408, 409, 410, 413, 422, 423, 429, 500, 503] {
            let body =
                Bytes::from_static(br#"{"success":false,"error":"Jan Kowalski","error_info":"jan@example.com"}"#);
            let status = StatusCode::from_u16(status).unwrap();
            let error = explain(&Reply { status, headers: HeaderMap::new(), body, date: None });
            let told = error.unquoted();
            assert!(!told.contains("Kowalski") && !told.contains("jan@"), "{status}: {told}");
        }
    }
}
