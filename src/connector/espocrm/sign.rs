//! Who we are: the API user's key, or a signature of each request.
//!
//! The signature is HMAC-SHA-256 (RFC 2104) over the method and the path below the API's root, without its query; the
//! header holds key and signature in base64.

use http::{HeaderName, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

use super::settings::Digest;
use crate::connector::error::{ErrorKind, PortError};

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const SIGNED: HeaderName = HeaderName::from_static("x-hmac-authorization");

/// SHA-256's block, in bytes.
const BLOCK: usize = 64;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The API user's credentials.
#[derive(Debug)]
pub(super) struct Signer {
    key: SecretString,
    secret: Option<SecretString>,
    digest: Digest,
}

impl Signer {
    /// An empty secret signs nothing.
    pub(super) fn new(key: &SecretString, secret: &SecretString, digest: Digest) -> Self {
        let trimmed = |text: &SecretString| SecretString::from(text.expose_secret().trim());
        let secret = Some(trimmed(secret)).filter(|secret| !secret.expose_secret().is_empty());
        Self { key: trimmed(key), secret, digest }
    }

    /// The header of a request; `path` is the one below the API's root, without a slash in front. Fails with
    /// [`ErrorKind::Setting`] if the key holds characters that no header takes.
    pub(super) fn header(&self, method: &Method, path: &str) -> Result<(HeaderName, HeaderValue), PortError> {
        let key = self.key.expose_secret();
        let (name, text) = match &self.secret {
            None => (KEY, key.to_owned()),
            Some(secret) => {
                let digest = hmac(secret.expose_secret().as_bytes(), format!("{method} /{path}").as_bytes());
                let mut bytes = format!("{key}:").into_bytes();
                match self.digest {
                    Digest::Hex => bytes.extend(hex(&digest).into_bytes()),
                    Digest::Raw => bytes.extend(digest),
                }
                (SIGNED, base64(&bytes))
            }
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| PortError::new(ErrorKind::Setting, "the EspoCRM API key holds characters that no key has"))?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    let hashed: [u8; 32];
    let key = if key.len() > BLOCK {
        hashed = Sha256::digest(key).into();
        hashed.as_slice()
    } else {
        key
    };
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, place| (bits << 8) | chunk.get(place).map_or(0, |byte| u32::from(*byte)));
        for place in 0..4_usize {
            let six = (bits >> (18 - 6 * place)) & 0x3f;
            let character = if place <= chunk.len() { ALPHABET.get(six as usize).copied() } else { Some(b'=') };
            text.push(char::from(character.unwrap_or(b'=')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_standard_says() {
        // RFC 4231, test cases 2 and 6.
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn writes_base64_as_the_standard_says() {
        // RFC 4648, section 10.
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in vectors {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn a_secret_signs_and_a_key_alone_is_sent_as_it_is() {
        let plain = Signer::new(&"key\n".into(), &SecretString::default(), Digest::Hex);
        let (name, value) = plain.header(&Method::GET, "Account").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap(), value.is_sensitive()), ("x-api-key", "key", true));
        let signed = Signer::new(&"key".into(), &"secret".into(), Digest::Hex);
        let (name, one) = signed.header(&Method::GET, "Account").unwrap();
        let (_, other) = signed.header(&Method::POST, "Account").unwrap();
        assert_eq!(name.as_str(), "x-hmac-authorization");
        assert_ne!(one, other, "the method is signed");
        assert!(Signer::new(&"k\u{1}".into(), &SecretString::default(), Digest::Hex).header(&Method::GET, "").is_err());
    }
}
