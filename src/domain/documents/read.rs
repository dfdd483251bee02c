//! What Flowtly lists becomes what is wanted. Its fields are not public, so that what is there is kept, and what is missing
//! is said.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::fingerprint;

/// The longest title that is shown, in characters.
const LONGEST_TITLE: usize = 500;

/// The longest link that is shown, in characters: a longer one is left out, a cut one would lead nowhere.
const LONGEST_LINK: usize = 4_000;

/// A document as it was listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its id, where one is shown.
    pub id: Option<String>,
    /// Its name, where one is shown.
    pub name: Option<String>,
    /// Where it can be had, where that is shown.
    pub location: Option<String>,
}

/// A document that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Our mark, `organisation/client/document`, each percent-encoded: it can stand in any text of any CRM.
    pub mark: String,
    /// Its id in Flowtly.
    pub document: String,
    /// Its title, in one line.
    pub title: String,
    /// Where it can be had: a link of the web or nothing.
    pub link: Option<String>,
}

impl Wanted {
    /// What tells one wording from another.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(&self.title, self.link.as_deref())
    }
}

/// A document that cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// What is there of it: its id or its name; neither, for one of which nothing is known.
    pub known_as: Option<String>,
    /// What is missing.
    pub missing: &'static str,
}

/// What can be made of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readable {
    /// What can be shown, each id once, in the order of the list.
    pub wanted: Vec<Wanted>,
    /// What cannot.
    pub incomplete: Vec<Incomplete>,
}

/// Reads the list of a client's documents.
pub fn read(organisation: &str, client: &str, listed: &[Entry]) -> Readable {
    let mut readable = Readable::default();
    let mut met = BTreeSet::new();
    for entry in listed {
        let id = entry.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        let title = entry.name.as_deref().map(one_line).filter(|title| !title.is_empty());
        match (id, title) {
            (Some(id), Some(title)) => {
                if met.insert(id.to_owned()) {
                    readable.wanted.push(Wanted {
                        mark: format!("{}/{}/{}", encoded(organisation), encoded(client), encoded(id)),
                        document: id.to_owned(),
                        title,
                        link: entry.location.as_deref().and_then(web_link),
                    });
                }
            }
            (Some(id), None) => {
                readable.incomplete.push(Incomplete { known_as: Some(id.to_owned()), missing: "name" });
            }
            (None, Some(title)) => {
                readable.incomplete.push(Incomplete { known_as: Some(title), missing: "id" });
            }
            (None, None) => readable.incomplete.push(Incomplete { known_as: None, missing: "id and name" }),
        }
    }
    readable
}

/// A name in one line, without control characters, cut where it is beyond all use.
fn one_line(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|sign: char| sign.is_whitespace() || sign.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= LONGEST_TITLE {
        return line;
    }
    let cut: String = line.chars().take(LONGEST_TITLE - 1).collect();
    format!("{cut}…")
}

/// Only what leads somewhere from a CRM, and nothing that runs there.
fn web_link(location: &str) -> Option<String> {
    let location = location.trim();
    let is_web = ["https://", "http://"].iter().any(|scheme| {
        location.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && location.len() > scheme.len()
    });
    let is_plain = !location.chars().any(|sign| sign.is_whitespace() || sign.is_control() || "<>\"".contains(sign));
    (is_web && is_plain && location.chars().count() <= LONGEST_LINK).then(|| location.to_owned())
}

/// Letters, digits and `-._~` as they are, everything else percent-encoded.
fn encoded(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing into a text does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
