//! Reads dates and delays from headers. Whatever a server writes there, nothing here fails: what cannot be read is absent.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use http::{HeaderMap, HeaderName};

/// The longest delay that a server is believed to mean.
const LONGEST_DELAY: Duration = Duration::from_hours(24);

/// The `Date` header.
pub fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    http_date(text(headers, &http::header::DATE)?)
}

/// The `Retry-After` header, in seconds or as a date (RFC 9110, section 10.2.3), at most a day. A date is measured from the
/// reply's own `Date`, else from `now`; one that is past means zero.
pub fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = text(headers, &http::header::RETRY_AFTER)?;
    let asked = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        (http_date(text)? - date(headers).unwrap_or(now)).to_std().unwrap_or_default()
    };
    Some(asked.min(LONGEST_DELAY))
}

/// A date in any of the three forms of RFC 9110, section 5.6.7. Its year has four digits there; one that could not be
/// written down as RFC 3339 says would be a mark that nobody can read.
pub fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let others = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let date = DateTime::parse_from_rfc2822(text).map(|date| date.to_utc()).ok().or_else(|| {
        others.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|date| date.and_utc())
    });
    date.filter(|date| (1..=9999).contains(&date.year()))
}

/// A header's text; `None` where it is absent or not text.
pub fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn asked(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", value.parse().unwrap());
        retry_after(&headers, now())
    }

    #[test]
    fn reads_all_three_forms_of_a_date() {
        let wanted = "1994-11-06T08:49:37Z".parse().unwrap();
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(http_date(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn a_year_that_no_stamp_can_hold_is_no_date() {
        for text in ["1 Jan 262142 00:00:00 +0000", "Sun Nov  6 08:49:37 -0005", "31 Dec 9999 23:59:59 -0100"] {
            assert_eq!(http_date(text), None, "{text}");
        }
        assert!(http_date("Fri, 31 Dec 9999 23:59:59 GMT").is_some());
    }

    #[test]
    fn reads_a_delay_in_seconds_or_as_a_date() {
        assert_eq!(asked("2"), Some(Duration::from_secs(2)));
        assert_eq!(asked("Mon, 23 Nov 2026 10:00:09 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(asked("Mon, 23 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_is_measured_by_the_servers_own_clock() {
        let mut headers = HeaderMap::new();
        headers.insert("date", "Mon, 23 Nov 2026 12:00:00 GMT".parse().unwrap());
        headers.insert("retry-after", "Mon, 23 Nov 2026 12:00:05 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(5)));
    }

    #[test]
    fn odd_delays_are_absent_or_capped() {
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-5"), None);
        assert_eq!(asked("1.5"), None);
        assert_eq!(asked(""), None);
        assert_eq!(asked("99999999999999999999999999"), Some(LONGEST_DELAY));
        assert_eq!(asked("Fri, 31 Dec 9999 23:59:59 GMT"), Some(LONGEST_DELAY));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let mut headers = HeaderMap::new();
                headers.insert("retry-after", value.clone());
                headers.insert("date", value);
                let delay = retry_after(&headers, now());
                prop_assert!(delay.is_none_or(|delay| delay <= LONGEST_DELAY));
                let _ = date(&headers);
            }
        }
    }
}
