//! Writes JSON text by hand: pages are rendered straight from the state, because the sandbox is the floor under every
//! measurement.

use std::io::Write;

/// How a server spells its strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// API Platform's JSON-LD: UTF-8 raw; `&`, `'`, `"`, `<`, `>` as `\u0026` and so on; `/` as `\/`.
    Linked,
    /// PHP's plain JSON: everything beyond ASCII as `\uXXXX`; `/` as `\/`.
    Plain,
    /// UTF-8 raw, `/` as it is.
    Raw,
}

/// Writes a string with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str, spelling: Spelling) {
    out.push(b'"');
    escaped(out, text, spelling);
    out.push(b'"');
}

/// Writes the inside of a string.
pub(crate) fn escaped(out: &mut Vec<u8>, text: &str, spelling: Spelling) {
    let mut rest = text;
    while let Some(place) = rest.bytes().position(|byte| is_special(byte, spelling)) {
        let (clean, from) = rest.split_at(place);
        out.extend_from_slice(clean.as_bytes());
        let Some(character) = from.chars().next() else { return };
        special(out, character, spelling);
        rest = from.get(character.len_utf8()..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Writes `,"key":`; the comma only if something stands before it. The key is known to need no escapes.
pub(crate) fn key(out: &mut Vec<u8>, key: &str) {
    if !matches!(out.last(), Some(b'{' | b'[') | None) {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Writes a comma between the elements of a list.
pub(crate) fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[') | None) {
        out.push(b',');
    }
}

/// Writes a whole number.
pub(crate) fn number(out: &mut Vec<u8>, number: impl std::fmt::Display) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{number}");
}

/// Writes a value as a server of that spelling would.
pub(crate) fn value(out: &mut Vec<u8>, given: &serde_json::Value, spelling: Spelling) {
    match given {
        serde_json::Value::Null => out.extend_from_slice(b"null"),
        serde_json::Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        serde_json::Value::Number(given) => number(out, given),
        serde_json::Value::String(text) => string(out, text, spelling),
        serde_json::Value::Array(list) => {
            out.push(b'[');
            for item in list {
                comma(out);
                value(out, item, spelling);
            }
            out.push(b']');
        }
        serde_json::Value::Object(map) => {
            out.push(b'{');
            for (name, item) in map {
                comma(out);
                string(out, name, spelling);
                out.push(b':');
                value(out, item, spelling);
            }
            out.push(b'}');
        }
    }
}

const fn is_special(byte: u8, spelling: Spelling) -> bool {
    match byte {
        b'"' | b'\\' | 0..=0x1f => true,
        b'/' => !matches!(spelling, Spelling::Raw),
        b'&' | b'\'' | b'<' | b'>' => matches!(spelling, Spelling::Linked),
        0x80..=0xff => matches!(spelling, Spelling::Plain),
        _ => false,
    }
}

fn special(out: &mut Vec<u8>, character: char, spelling: Spelling) {
    match character {
        '"' if spelling != Spelling::Linked => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '/' => out.extend_from_slice(b"\\/"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        other => {
            let mut units = [0; 2];
            for unit in other.encode_utf16(&mut units) {
                // Writing to a vector cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(text: &str, spelling: Spelling) -> String {
        let mut out = Vec::new();
        string(&mut out, text, spelling);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn spells_as_each_server_does() {
        let text = "Łódź & <Søn> 'a/b' \"q\"\n😀\u{0}";
        assert_eq!(
            spelt(text, Spelling::Linked),
            r#""Łódź \u0026 \u003cSøn\u003e \u0027a\/b\u0027 \u0022q\u0022\n😀\u0000""#
        );
        assert_eq!(spelt("Łø & a/b 😀\"", Spelling::Plain), r#""\u0141\u00f8 & a\/b \ud83d\ude00\"""#);
        assert_eq!(spelt("Łø & a/b", Spelling::Raw), r#""Łø & a/b""#);
        for spelling in [Spelling::Linked, Spelling::Plain, Spelling::Raw] {
            assert_eq!(serde_json::from_str::<String>(&spelt(text, spelling)).unwrap(), text);
        }
    }
}
