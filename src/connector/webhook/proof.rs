//! Proofs, compared in constant time: how long a comparison takes says nothing of how much was right.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::Sha256;

/// The name under which secrets are compared: what is compared are two codes, whose length is always the same.
const COMPARED: &[u8] = b"flowtly-sync";

/// Whether `code` is the HMAC-SHA256 of these pieces under `secret`.
pub fn is_signed(secret: &[u8], pieces: &[&[u8]], code: &[u8]) -> bool {
    mac(secret, pieces).is_some_and(|mac| mac.verify_slice(code).is_ok())
}

/// The HMAC-SHA256 of these pieces under `secret`: what [`is_signed`] accepts.
pub fn code(secret: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    mac(secret, pieces).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// Whether two secrets are the same.
pub fn is_same(given: &[u8], secret: &[u8]) -> bool {
    let Some(wanted) = mac(COMPARED, &[secret]) else { return false };
    is_signed(COMPARED, &[given], &wanted.finalize().into_bytes())
}

/// Whether a request says `Authorization: Bearer` and this token.
pub fn bears(headers: &HeaderMap, token: &str) -> bool {
    credentials(headers, "Bearer").is_some_and(|given| is_same(given.as_bytes(), token.as_bytes()))
}

/// Whether a request says `Authorization: Basic` and this name and password.
pub fn is_user(headers: &HeaderMap, name: &str, password: &str) -> bool {
    let given = credentials(headers, "Basic").and_then(from_base64);
    given.is_some_and(|given| is_same(&given, format!("{name}:{password}").as_bytes()))
}

/// The text of a header; the first where there are several.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Bytes written in base 64, with padding.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim()).ok()
}

/// Bytes written in hexadecimal digits.
pub fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// Bytes as hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn credentials<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| credentials.trim())
}

fn mac(secret: &[u8], pieces: &[&[u8]]) -> Option<Hmac<Sha256>> {
    // A key may have any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    for piece in pieces {
        mac.update(piece);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_right_or_wrong_whatever_the_pieces_are() {
        // RFC 4231, test case 2.
        let code = from_hex(b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843").unwrap();
        assert!(is_signed(b"Jefe", &[b"what do ya want for nothing?"], &code));
        assert!(is_signed(b"Jefe", &[b"what do ya want ", b"for nothing?"], &code));
        assert!(!is_signed(b"Jefe", &[b"what do ya want for nothing!"], &code));
        assert!(!is_signed(b"Jeff", &[b"what do ya want for nothing?"], &code));
        assert!(!is_signed(b"Jefe", &[b"what do ya want for nothing?"], &code[..31]));
        assert!(!is_signed(b"Jefe", &[b"what do ya want for nothing?"], b""));
    }

    #[test]
    fn what_is_signed_here_is_accepted_here() {
        let code = code(b"Jefe", &[b"what do ya want for nothing?"]);
        assert_eq!(to_hex(&code), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(is_signed(b"Jefe", &[b"what do ya want for nothing?"], &code));
    }

    #[test]
    fn secrets_are_the_same_or_not() {
        assert!(is_same(b"hush", b"hush") && is_same(b"", b""));
        assert!(!is_same(b"hus", b"hush") && !is_same(b"hushh", b"hush") && !is_same(b"", b"hush"));
    }

    #[test]
    fn who_asks_is_known_by_the_header_alone() {
        let with = |text: &str| HeaderMap::from_iter([(AUTHORIZATION, text.parse().unwrap())]);
        assert!(bears(&with("Bearer hush"), "hush") && bears(&with("bearer  hush"), "hush"));
        assert!(!bears(&with("Bearer hus"), "hush") && !bears(&with("Basic hush"), "hush"));
        assert!(!bears(&HeaderMap::new(), "hush") && !bears(&with("hush"), "hush"));
        assert!(is_user(&with("Basic dXNlcjpwYTpzcw=="), "user", "pa:ss"));
        assert!(!is_user(&with("Basic dXNlcjpwYTpzcw=="), "user", "pa"));
        assert!(!is_user(&with("Basic ????"), "user", "pa:ss"));
    }

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        assert_eq!(from_hex(b"00fFa0"), Some(vec![0, 255, 160]));
        assert_eq!(from_hex(b""), Some(Vec::new()));
        assert_eq!(from_hex(b"0"), None);
        assert_eq!(from_hex(b"0g"), None);
        assert_eq!(from_hex("ł0".as_bytes()), None);
    }
}
