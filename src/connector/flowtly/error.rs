//! From a reply that is not a success to an error with a kind, in Flowtly's own words and with the mend where there is one.

use http::StatusCode;

use super::wire::problem::{self, Author};
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::connector::http::Reply;

/// Explains a reply outside 2xx: one pure function, whoever asked.
pub(super) fn explain(reply: &Reply) -> PortError {
    let problem = problem::read(&reply.headers, &reply.body);
    let kind = kind(reply.status, problem.author);
    let words = match problem.words.as_str() {
        "" => "no words".to_owned(),
        words => words.to_owned(),
    };
    let mut message = format!("{}: {words}", reply.status.as_u16());
    if let Some(mend) = mend(reply.status, problem.author) {
        message.push_str(", ");
        message.push_str(mend);
    }
    let mut error = PortError::new(kind, message).quoting(&words).with_status(reply.status.as_u16());
    if kind == ErrorKind::Invalid {
        error.fields = problem.fields;
        if let (true, Some(path)) = (error.fields.is_empty(), problem::attribute(&problem.words)) {
            error.fields.push(FieldRefusal { path: path.to_owned(), message: problem.words.clone() });
        }
    }
    error
}

/// The same error, where there is no record that could be missing: whatever is not found is an address, and `setting` says it.
pub(super) fn misrouted(mut error: PortError, setting: &str) -> PortError {
    if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Setting) {
        error.kind = ErrorKind::Setting;
        error.message = format!("{} (is {setting} right?)", error.message);
    }
    error
}

/// Whether an error says that an address is not there for us.
pub(super) fn is_no_address(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Setting | ErrorKind::NotFound | ErrorKind::Forbidden)
}

/// Whether a request about one record was refused because of that record: API Platform decides on each record by itself
/// (`security: "is_granted('VIEW', object)"`), and shows it in lists all the same. Who may not do anything here at all is
/// refused the list, which every pass reads first.
pub(super) fn is_about_this_record(error: &PortError) -> bool {
    error.kind == ErrorKind::Forbidden && error.status == Some(StatusCode::FORBIDDEN.as_u16())
}

/// The same error of a write to one record, where it is about that record.
pub(super) fn closed(mut error: PortError) -> PortError {
    if is_about_this_record(&error) {
        error.kind = ErrorKind::Invalid;
    }
    error
}

fn kind(status: StatusCode, author: Author) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        402 | 403 => ErrorKind::Forbidden,
        404 | 410 => match author {
            Author::Api => ErrorKind::NotFound,
            Author::Router | Author::Stranger => ErrorKind::Setting,
        },
        300..=399 | 405 | 406 | 415 => ErrorKind::Setting,
        408 => ErrorKind::Timeout,
        409 | 412 | 423 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Unavailable,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Protocol,
    }
}

fn mend(status: StatusCode, author: Author) -> Option<&'static str> {
    match status.as_u16() {
        300..=399 => Some("the server sends us elsewhere: mend flowtly.base_url or the path (no slash at the end)"),
        403 => Some("give the user of flowtly.credentials the right to do this"),
        404 | 410 if author != Author::Api => Some("there is no such address: mend flowtly.base_url or the path"),
        405 => Some("the address does not take this method: mend flowtly.base_url or the path"),
        406 => Some("mend flowtly.accept"),
        413 => Some("the record is too long for the server"),
        415 => Some("mend flowtly.write_media_type"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use rstest::rstest;

    use super::*;

    const SYMFONY: &str = r#"{"type":"https:\/\/tools.ietf.org\/html\/rfc2616#section-10","title":"An error occurred","status":404,"detail":"Not Found"}"#;
    const RECORD: &str = r#"{"title":"An error occurred","detail":"Not Found","status":404,"type":"\/errors\/404"}"#;
    const HTML: &str = "<html><head><title>502 Bad Gateway</title></head></html>";

    fn of(status: u16, body: &'static str) -> PortError {
        let status = StatusCode::from_u16(status).unwrap();
        explain(&Reply { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()), date: None })
    }

    #[rstest]
    #[case(400, r#"{"detail":"Syntax error"}"#, ErrorKind::Invalid)]
    #[case(401, r#"{"code":401,"message":"Invalid JWT Token"}"#, ErrorKind::Unauthorized)]
    #[case(403, r#"{"detail":"Access Denied."}"#, ErrorKind::Forbidden)]
    #[case(404, RECORD, ErrorKind::NotFound)]
    #[case(404, SYMFONY, ErrorKind::Setting)]
    #[case(404, HTML, ErrorKind::Setting)]
    #[case(404, "", ErrorKind::Setting)]
    #[case(410, RECORD, ErrorKind::NotFound)]
    #[case(301, HTML, ErrorKind::Setting)]
    #[case(405, HTML, ErrorKind::Setting)]
    #[case(406, r#"{"detail":"Requested format \"text/html\" is not supported."}"#, ErrorKind::Setting)]
    #[case(408, HTML, ErrorKind::Timeout)]
    #[case(409, "{}", ErrorKind::Conflict)]
    #[case(413, HTML, ErrorKind::Invalid)]
    #[case(415, r#"{"detail":"The \"Content-Type\" header must exist."}"#, ErrorKind::Setting)]
    #[case(422, r#"{"violations":[]}"#, ErrorKind::Invalid)]
    #[case(429, HTML, ErrorKind::RateLimited)]
    #[case(500, r#"{"detail":"Internal Server Error"}"#, ErrorKind::Unavailable)]
    #[case(502, HTML, ErrorKind::Unavailable)]
    #[case(503, HTML, ErrorKind::Unavailable)]
    #[case(504, "", ErrorKind::Unavailable)]
    fn each_status_has_one_kind(#[case] status: u16, #[case] body: &'static str, #[case] kind: ErrorKind) {
        let error = of(status, body);
        assert_eq!((error.kind, error.status), (kind, Some(status)));
    }

    #[test]
    fn the_message_holds_the_words_and_the_mend() {
        assert_eq!(of(502, HTML).message, "502: HTML page \"502 Bad Gateway\"");
        assert!(of(406, "").message.ends_with("mend flowtly.accept"));
    }

    #[test]
    fn a_wrong_type_names_its_field() {
        let error = of(400, r#"{"detail":"The type of the \"dueDays\" attribute must be \"int\", \"string\" given."}"#);
        assert_eq!(error.fields[0].path, "dueDays");
    }

    #[test]
    fn a_missing_collection_is_a_wrong_setting() {
        assert_eq!(misrouted(of(404, RECORD), "flowtly.clients_path").kind, ErrorKind::Setting);
        assert_eq!(misrouted(of(503, HTML), "flowtly.clients_path").kind, ErrorKind::Unavailable);
    }
    #[test]
    fn what_it_says_of_anybody_is_no_part_of_what_is_logged() {
        for status in [400, 403, 404, 408, 409, 410, 413, 422, 423, 429, 500, 503] {
            let error = of(status, r#"{"detail":"Jan Kowalski is not \u0142aska"}"#);
            assert!(!error.unquoted().contains("Kowalski"), "{status}: {}", error.unquoted());
        }
    }
}
