//! Who asks: an API key, or a request that is signed with the API user's secret.

use http::HeaderName;
use sha2::{Digest, Sha256};

use super::options::EspoOptions;
use crate::sandbox::exchange::Ask;

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const SIGNED: HeaderName = HeaderName::from_static("x-hmac-authorization");

/// SHA-256's block, in bytes.
const BLOCK: usize = 64;

/// What a request shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    Known,
    Wrong,
    Missing,
}

/// Looks at the headers; `path` is the one below the API's root.
pub(super) fn login(options: &EspoOptions, ask: &Ask, path: &str) -> Login {
    if let Some(header) = ask.header(&SIGNED) {
        let decoded = from_base64(header).unwrap_or_default();
        let place = decoded.iter().position(|byte| *byte == b':').unwrap_or(decoded.len());
        let (key, rest) = decoded.split_at(place);
        let given = rest.get(1..).unwrap_or_default();
        let digest = hmac(options.secret_key.as_bytes(), format!("{} /{path}", ask.method).as_bytes());
        let hex = hex(&digest);
        // As text since 8.4; the bare digest is still taken.
        let is_right = key == options.api_key.as_bytes() && (given == hex.as_bytes() || given == digest);
        return if is_right { Login::Known } else { Login::Wrong };
    }
    match ask.header(&KEY) {
        None => Login::Missing,
        Some(key) if key == options.api_key => Login::Known,
        Some(_) => Login::Wrong,
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// HMAC-SHA-256 of RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        for (place, byte) in block.iter_mut().zip(Sha256::digest(key)) {
            *place = byte;
        }
    } else {
        for (place, byte) in block.iter_mut().zip(key) {
            *place = *byte;
        }
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for character in text.trim_end_matches('=').bytes() {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap_or_default());
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_standard_says() {
        // RFC 4231, test case 2.
        let digest = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&digest), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn reads_base64() {
        assert_eq!(from_base64("a2V5OmFi").unwrap(), b"key:ab");
        assert_eq!(from_base64("a2V5Og==").unwrap(), b"key:");
        assert_eq!(from_base64("+/8=").unwrap(), [0xfb, 0xff]);
        assert!(from_base64("a b").is_none());
    }
}
