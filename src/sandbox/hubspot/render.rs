//! Writes records straight from the state.

use chrono::DateTime;

use super::drawer::{Drawer, Object};
use super::schema::{Definition, Kind, Source};
use super::state::State;
use crate::sandbox::json::{self, Spelling};
use crate::sandbox::packed::Packed;

/// Which properties to show, and whether with associations: resolved once a request.
#[derive(Debug)]
pub(super) struct View<'drawer> {
    kind: Kind,
    /// Ordered by name.
    columns: Vec<(&'drawer str, Option<u16>, Source)>,
    associations: bool,
}

impl<'drawer> View<'drawer> {
    /// The named properties, or the default ones if none is named. Names that there are not are left out in silence.
    pub(super) fn new(drawer: &'drawer Drawer, names: &[String], associations: bool) -> Self {
        let mut columns: Vec<(&str, Option<u16>, Source)> = Vec::new();
        let always = ["createdate", drawer.kind.modified(), "hs_object_id"];
        let wanted: Vec<&str> = if names.is_empty() {
            drawer.kind.defaults().to_vec()
        } else {
            names.iter().map(String::as_str).chain(always).collect()
        };
        for name in wanted {
            if let Some((place, Definition { name, source, .. })) = drawer.property(name) {
                columns.push((name, (*source == Source::Stored).then_some(place), *source));
            }
        }
        columns.sort_by_key(|(name, ..)| *name);
        columns.dedup_by_key(|(name, ..)| *name);
        Self { kind: drawer.kind, columns, associations }
    }

    /// A record as it is.
    pub(super) fn object(&self, out: &mut Vec<u8>, state: &State, id: u64, object: &Object) {
        self.open(out, id, object, &object.fields, object.modified);
        if self.associations {
            self.associations(out, state, object);
        }
        out.push(b'}');
    }

    /// A record as search shows it.
    pub(super) fn indexed(&self, out: &mut Vec<u8>, id: u64, object: &Object, fields: &Packed, modified: i64) {
        self.open(out, id, object, fields, modified);
        out.push(b'}');
    }

    /// A record with something more before the closing brace.
    pub(super) fn object_with(&self, out: &mut Vec<u8>, id: u64, object: &Object, more: impl FnOnce(&mut Vec<u8>)) {
        self.open(out, id, object, &object.fields, object.modified);
        more(out);
        out.push(b'}');
    }

    fn open(&self, out: &mut Vec<u8>, id: u64, object: &Object, fields: &Packed, modified: i64) {
        out.extend_from_slice(b"{\"id\":\"");
        json::number(out, id);
        out.extend_from_slice(b"\",\"properties\":{");
        for (name, place, source) in &self.columns {
            json::comma(out);
            json::string(out, name, Spelling::Raw);
            out.push(b':');
            match source {
                Source::Stored => match place.and_then(|place| fields.get(place)).filter(|text| !text.is_empty()) {
                    Some(text) => json::string(out, text, Spelling::Raw),
                    None => out.extend_from_slice(b"null"),
                },
                Source::Id => {
                    out.push(b'"');
                    json::number(out, id);
                    out.push(b'"');
                }
                Source::Created => instant(out, object.created),
                Source::Modified => instant(out, modified),
                Source::Absorbed => absorbed(out, object),
            }
        }
        out.extend_from_slice(b"},\"createdAt\":");
        instant(out, object.created);
        out.extend_from_slice(b",\"updatedAt\":");
        instant(out, modified);
        match object.archived {
            None => out.extend_from_slice(b",\"archived\":false"),
            Some(at) => {
                out.extend_from_slice(b",\"archived\":true,\"archivedAt\":");
                instant(out, at);
            }
        }
    }

    /// A primary partner is shown twice, once for each type of the association.
    fn associations(&self, out: &mut Vec<u8>, state: &State, object: &Object) {
        let mut links = state.links(self.kind, object).peekable();
        if links.peek().is_none() {
            return;
        }
        out.extend_from_slice(b",\"associations\":{\"");
        out.extend_from_slice(self.kind.other().plural().as_bytes());
        out.extend_from_slice(b"\":{\"results\":[");
        for link in links {
            let suffixes: &[&str] = if link.primary { &["", "_unlabeled"] } else { &["_unlabeled"] };
            for suffix in suffixes {
                json::comma(out);
                out.extend_from_slice(b"{\"id\":\"");
                json::number(out, link.other);
                out.extend_from_slice(b"\",\"type\":\"");
                let (from, to) = (self.kind.singular(), self.kind.other().singular());
                json::number(out, format_args!("{from}_to_{to}{suffix}"));
                out.extend_from_slice(b"\"}");
            }
        }
        out.extend_from_slice(b"]}}");
    }
}

/// A time as Java's `Instant` writes it: milliseconds, and no fraction where they are zero.
pub(super) fn instant(out: &mut Vec<u8>, millis: i64) {
    out.push(b'"');
    out.extend_from_slice(instant_text(millis).as_bytes());
    out.push(b'"');
}

/// The text of [`instant`].
pub(super) fn instant_text(millis: i64) -> String {
    let at = DateTime::from_timestamp_millis(millis).unwrap_or_default();
    let format = if millis % 1000 == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
    at.format(format).to_string()
}

fn absorbed(out: &mut Vec<u8>, object: &Object) {
    if object.absorbed.is_empty() {
        out.extend_from_slice(b"null");
        return;
    }
    out.push(b'"');
    for (place, id) in object.absorbed.iter().enumerate() {
        if place > 0 {
            out.push(b';');
        }
        json::number(out, id);
    }
    out.push(b'"');
}
