//! Headers: dates, delays, quotas and links. The whole input is the headers of a refusal; the reply behind it has them too.

use std::time::Duration;

use flowtly_sync::clock::Clock as _;
use flowtly_sync::connector::http::header;
use flowtly_sync::domain::record::Kind;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::script::{Entry, Play, System, began, check, crm, flowtly, run};

/// The longest that one call may wait: tries end by their own clock, and a pause that a server asks for is a day at most.
const LONGEST_WAIT: Duration = Duration::from_hours(25);

pub fn headers(input: &[u8]) {
    let (status, lines) = input.split_first().map_or((b'a', input), |(status, lines)| (*status, lines));
    alone(lines);
    let head: Vec<u8> = lines.iter().map(|byte| if *byte == b'\n' { b'|' } else { *byte }).collect();
    let status = [429_u16, 503, 500, 403, 401, 200][usize::from(status.wrapping_sub(b'a') % 6)];
    let mut played = b"a\n".to_vec();
    for (status, body) in [(status, "{}"), (200, r#"{"token":"t","portalId":1,"member":[],"results":[]}"#)] {
        if played.len() > 2 {
            played.extend(b"\n--\n");
        }
        played.extend(format!("{status} | ").bytes());
        played.extend(&head);
        played.extend(b"\n");
        played.extend(body.bytes());
    }
    let play = Play::of(&played);
    for bench in [flowtly(&play, Entry::Token), flowtly(&play, Entry::Password), crm(&play, System::HubSpot)] {
        if let Err(error) = run(bench.connector.probe()) {
            check(&error);
        }
        if let Err(error) = run(bench.connector.properties(Kind::Company)) {
            check(&error);
        }
        assert!(bench.clock.elapsed() <= LONGEST_WAIT * 4, "it waits for ever: {:?}", bench.clock.elapsed());
    }
}

/// The same bytes as one header's value.
fn alone(bytes: &[u8]) {
    let line: Vec<u8> = bytes.iter().copied().take_while(|byte| *byte != b'\n').collect();
    if let Ok(value) = HeaderValue::from_bytes(&line) {
        let mut headers = HeaderMap::new();
        for name in ["date", "retry-after"] {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
        let delay = header::retry_after(&headers, began());
        assert!(delay.is_none_or(|delay| delay <= Duration::from_hours(24)));
        let _ = header::date(&headers);
        let _ = header::text(&headers, &http::header::DATE);
    }
    let _ = header::http_date(&String::from_utf8_lossy(bytes));
}
