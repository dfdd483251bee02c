//! When a token ends, where it says so itself: the `exp` of a JSON Web Token (RFC 7519, section 4.1.4). Pure. Nothing is
//! trusted because of it, so that its signature does not matter.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Claims {
    /// Seconds since 1970; a fraction is allowed.
    exp: f64,
}

/// When a token ends; `None` where it does not say.
#[expect(clippy::cast_possible_truncation, reason = "seconds far beyond any calendar are none")]
pub(super) fn of(token: &str) -> Option<DateTime<Utc>> {
    let mut parts = token.trim().split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    DateTime::from_timestamp(claims.exp as i64, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("eyJhbGciOiJub25lIn0.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_says_when_it_ends_or_nothing() {
        let ends = "2026-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(of(&token("{\"sub\":\"sync\",\"exp\":1796083200}")), Some(ends));
        assert_eq!(of(&token("{\"exp\":1796083200.5}")), Some(ends));
        for none in ["", "plain", "a.b.c", &token("{}"), &token("{\"exp\":\"soon\"}"), &token("{\"exp\":1e300}")] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
