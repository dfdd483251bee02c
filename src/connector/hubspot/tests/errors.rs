//! From literal refusals to errors.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::super::error::{daily_remaining, explain, explain_item};
use super::super::wire::Fault;
use crate::connector::error::{ErrorKind, FieldRefusal};
use crate::connector::http::Reply;
use crate::domain::record::RemoteId;

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
fn an_item_of_a_batch_that_is_not_there_is_told_by_its_words_where_it_has_no_category() {
    let fault = |text: &str| explain_item(&serde_json::from_str(text).unwrap()).kind;
    assert_eq!(fault(r#"{"status":"error","message":"resource not found"}"#), ErrorKind::NotFound);
    assert_eq!(fault(r#"{"status":"error","message":"no"}"#), ErrorKind::Invalid);
    let category = r#"{"status":"error","category":"VALIDATION_ERROR","message":"resource not found"}"#;
    assert_eq!(fault(category), ErrorKind::Invalid);
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
        r#"{"status":"error","message":"Property values were not valid: [{\"message\":\"Cannot set flowtly_id=org/17 on 5. 456 already has that value.\",\"error\":\"CONFLICTING_UNIQUE_VALUE\",\"name\":\"flowtly_id\"}]","category":"VALIDATION_ERROR"}"#,
    ));
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(error.fields[0].path, "flowtly_id");
    assert_eq!(error.duplicates, [RemoteId::new("456")]);
}

#[test]
fn long_words_are_cut_wherever_they_stand_and_are_one_line() {
    let long = "ż\\u001b\\n".repeat(5_000);
    let bodies = [
        format!(r#"{{"status":"error","message":"{long}"}}"#),
        format!(r#"{{"status":"error","correlationId":"{long}"}}"#),
        format!(r#"{{"status":"error","errors":[{{"message":"{long}","context":{{"propertyName":"city"}}}}]}}"#),
        format!(r#"{{"status":"error","context":{{"missingScopes":"{long}"}}}}"#),
    ];
    for body in bodies {
        for status in [400, 403] {
            let error = explain(&reply(status, &body));
            for words in error.fields.iter().map(|field| &field.message).chain([&error.message]) {
                assert!(words.chars().count() < 500 && !words.chars().any(char::is_control), "{words}");
            }
        }
    }
}

#[test]
fn what_is_left_of_the_day_is_read_from_the_header() {
    let mut reply = reply(200, "{}");
    assert_eq!(daily_remaining(&reply), None);
    reply.headers.insert("x-hubspot-ratelimit-daily-remaining", "249999".parse().unwrap());
    assert_eq!(daily_remaining(&reply), Some(249_999));
}

#[test]
fn what_it_says_of_anybody_is_no_part_of_what_is_logged() {
    let body = r#"{"status":"error","message":"Jan Kowalski","errors":[{"message":"jan@example.com is taken"}]}"#;
    for status in [400, 403, 404, 408, 409, 410, 413, 422, 423, 429, 500, 503] {
        let told = explain(&reply(status, body)).unquoted();
        assert!(!told.contains("Kowalski") && !told.contains("jan@"), "{status}: {told}");
    }
}
