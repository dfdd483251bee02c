//! References between resources: `/countries/PL`, `/api/clients/17`. Opaque, except that the last segment is an id.

use std::borrow::Cow;
use std::fmt::Write;

/// The id that an IRI ends with, percent-decoded; a text without a slash is an id already.
pub(in crate::connector::flowtly) fn id(iri: &str) -> Cow<'_, str> {
    match iri.rsplit_once('/') {
        Some((_, last)) => decoded(last),
        None => Cow::Borrowed(iri),
    }
}

/// All before the id, with the slash; empty for a bare id.
pub(in crate::connector::flowtly) fn prefix(iri: &str) -> &str {
    iri.rfind('/').and_then(|slash| iri.get(..=slash)).unwrap_or_default()
}

/// The IRI of an id under a prefix.
pub(in crate::connector::flowtly) fn join(prefix: &str, id: &str) -> String {
    let mut iri = prefix.to_owned();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            iri.push(char::from(byte));
        } else {
            // Writing into a string never fails.
            let _ = write!(iri, "%{byte:02X}");
        }
    }
    iri
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(nibble(*high) << 4 | nibble(*low));
                rest = tail;
            }
            _ => bytes.push(*first),
        }
    }
    match String::from_utf8(bytes) {
        Ok(decoded) => Cow::Owned(decoded),
        Err(_) => Cow::Borrowed(text),
    }
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => digit.wrapping_sub(b'0'),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_iri_of_any_style_ends_with_its_id() {
        for iri in ["PL", "/countries/PL", "/api/countries/PL", "https://api.example/countries/PL"] {
            assert_eq!(id(iri), "PL", "{iri}");
        }
        assert_eq!((prefix("/api/countries/PL"), prefix("PL")), ("/api/countries/", ""));
        assert_eq!(id("/sets/a%20b%2Fc"), "a b/c");
        assert_eq!(id("/sets/100%"), "100%");
        assert_eq!(id("/sets/%ff"), "%ff", "what is no text stays as it is");
    }

    proptest! {
        #[test]
        fn what_is_joined_is_taken_apart_again(text in "\\PC{1,20}") {
            let iri = join("/api/sets/", &text);
            prop_assert_eq!(id(&iri), text);
            prop_assert_eq!(prefix(&iri), "/api/sets/");
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC*") {
            let _ = (id(&text), prefix(&text));
        }
    }
}
