//! Log-in and tokens.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::errors;
use super::options::FlowtlyOptions;
use crate::sandbox::exchange::{Answer, Ask};

/// Answers `POST /login`. `key` is the number of the signing key in use.
pub(super) fn log_in(options: &FlowtlyOptions, key: u64, ask: &Ask) -> Answer {
    // The log-in handler takes JSON only; without it the request falls through to no route at all.
    if !ask.media_type().is_some_and(|given| given.ends_with("json")) {
        return errors::page(StatusCode::NOT_FOUND);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&ask.body) else { return errors::bad_login() };
    let word = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (Some(username), Some(password)) = (word("username"), word("password")) else { return errors::bad_login() };
    if username != options.username || password != options.password {
        return errors::unauthorized("Invalid credentials.");
    }
    let life = i64::try_from(options.token_life.as_secs()).unwrap_or(i64::MAX);
    let issued = ask.at.timestamp();
    let payload = json!({
        "iat": issued, "exp": issued.saturating_add(life), "roles": ["ROLE_USER"], "username": username,
    });
    let head = base64_url(br#"{"typ":"JWT","alg":"RS256"}"#);
    let signed = format!("{head}.{}", base64_url(payload.to_string().as_bytes()));
    let token = format!("{signed}.{}", signature(key, &signed));
    Answer::new(StatusCode::OK, "application/json", json!({"token": token}).to_string())
}

/// Refuses a request without a valid token, in LexikJWT's words.
pub(super) fn authorise(options: &FlowtlyOptions, key: u64, ask: &Ask) -> Result<(), &'static str> {
    let Some(token) = ask.bearer().filter(|token| !token.is_empty()) else {
        return Err("JWT Token not found");
    };
    if options.static_token.as_deref() == Some(token) {
        return Ok(());
    }
    match expiry(key, token) {
        None => Err("Invalid JWT Token"),
        Some(expiry) if expiry <= ask.at => Err("Expired JWT Token"),
        Some(_) => Ok(()),
    }
}

/// When a token that this key signed expires.
fn expiry(key: u64, token: &str) -> Option<DateTime<Utc>> {
    let (signed, given) = token.rsplit_once('.')?;
    if signature(key, signed) != given {
        return None;
    }
    let payload: Value = serde_json::from_slice(&from_base64_url(signed.split_once('.')?.1)?).ok()?;
    DateTime::from_timestamp(payload.get("exp")?.as_i64()?, 0)
}

fn signature(key: u64, signed: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(key.to_le_bytes());
    hasher.update(signed.as_bytes());
    base64_url(&hasher.finalize())
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64_url(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (word >> (18 - 6 * place)) & 63;
            out.extend(ALPHABET.get(index as usize).map(|byte| char::from(*byte)));
        }
    }
    out
}

fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for byte in chunk {
            let index = ALPHABET.iter().position(|letter| letter == byte)?;
            word = (word << 6) | u32::try_from(index).ok()?;
        }
        word <<= 6 * (4 - chunk.len());
        let [_, bytes @ ..] = word.to_be_bytes();
        out.extend(bytes.iter().take(chunk.len().saturating_sub(1)));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_there_and_back() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar", "Łódź"] {
            assert_eq!(from_base64_url(&base64_url(text.as_bytes())).unwrap(), text.as_bytes());
        }
        assert_eq!(base64_url(b"foobar"), "Zm9vYmFy");
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8");
    }
}
