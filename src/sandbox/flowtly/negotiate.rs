//! Which media type a caller accepts, and whether it sends one that the operation takes.

use http::{StatusCode, header};

use super::errors::Refusal;
use super::options::Formats;
use crate::sandbox::exchange::Ask;

/// What an answer is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON-LD.
    Linked,
    /// Plain JSON.
    Plain,
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Linked => "application/ld+json",
            Self::Plain => "application/json",
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Linked => "application/ld+json; charset=utf-8",
            Self::Plain => "application/json; charset=utf-8",
        }
    }
}

const MERGE_PATCH: &str = "application/merge-patch+json";

/// The formats in the server's order.
pub(super) const fn offered(formats: Formats) -> &'static [Format] {
    match formats {
        Formats::Both => &[Format::Linked, Format::Plain],
        Formats::LinkedOnly => &[Format::Linked],
        Formats::PlainOnly => &[Format::Plain],
    }
}

/// The format of the answer: the caller's weights first, then the server's order.
pub(super) fn accepted(ask: &Ask, formats: Formats) -> Result<Format, Refusal> {
    let offered = offered(formats);
    let preferred = offered.first().copied().unwrap_or(Format::Linked);
    let Some(accept) = ask.header(&header::ACCEPT).map(str::trim).filter(|accept| !accept.is_empty()) else {
        return Ok(preferred);
    };
    let ranges: Vec<(String, f32)> = accept.split(',').map(range).collect();
    let mut best: Option<(f32, Format)> = None;
    for format in offered {
        let weight = ranges
            .iter()
            .filter(|(wanted, _)| wanted == "*/*" || wanted == "application/*" || wanted == format.media_type())
            .map(|(_, weight)| *weight)
            .fold(0.0, f32::max);
        if weight > best.map_or(0.0, |(most, _)| most) {
            best = Some((weight, *format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let first = ranges.first().map_or("", |(wanted, _)| wanted.as_str());
        let supported = supported(&offered.iter().map(|format| format.media_type()).collect::<Vec<_>>());
        let detail = format!("Requested format \"{first}\" is not supported. Supported MIME types are {supported}.");
        Refusal::Problem(StatusCode::NOT_ACCEPTABLE, detail)
    })
}

/// Refuses the body of a POST that is not in one of the server's formats.
pub(super) fn check_post(ask: &Ask, formats: Formats) -> Result<(), Refusal> {
    let taken: Vec<&str> = offered(formats).iter().map(|format| format.media_type()).collect();
    check_type(ask, &taken)
}

/// Refuses the body of a PATCH that is no merge patch.
pub(super) fn check_patch(ask: &Ask) -> Result<(), Refusal> {
    check_type(ask, &[MERGE_PATCH])
}

fn check_type(ask: &Ask, taken: &[&str]) -> Result<(), Refusal> {
    let refuse = |detail: String| Err(Refusal::Problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    match ask.media_type() {
        None => refuse("The \"Content-Type\" header must exist.".to_owned()),
        Some(given) if taken.contains(&given.as_str()) => Ok(()),
        Some(given) => refuse(format!(
            "The content-type \"{given}\" is not supported. Supported MIME types are {}.",
            supported(taken)
        )),
    }
}

fn supported(types: &[&str]) -> String {
    types.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ")
}

fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
    (name, weight)
}
