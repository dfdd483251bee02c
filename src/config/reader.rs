//! Takes typed values out of the layers. Whatever is wrong is collected, and a stand-in returned, so that reading goes on
//! and all problems are told at once; a configuration with a problem is never used.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::{Table, Value};
use url::{Host, Url};

use super::duration;
use super::environment::Environment;
use super::key::Key;
use super::layers::{Layers, nearest};
use super::positions::Sort;
use super::problem::{Place, Problem};

/// Reads settings and collects problems. A key is named by its dotted path, `hubspot.page_size`.
pub struct Reader<'a> {
    /// The merged layers.
    pub(super) layers: &'a Layers,
    /// Where systemd's directories are named.
    pub(super) environment: &'a Environment,
    /// Files of secrets are left alone: what stands in them is as if it were not said.
    pub(super) is_sealed: bool,
    /// What whoever runs the program has to be able to read: the files of secrets that no service manager reads in its stead.
    pub(super) files: Vec<PathBuf>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader that goes on from the problems that are known already.
    pub(super) fn new(layers: &'a Layers, environment: &'a Environment, problems: Vec<Problem>) -> Self {
        Self { layers, environment, is_sealed: false, files: Vec::new(), problems }
    }

    /// Everything that was found wrong.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Notes that a key is wrong.
    pub(crate) fn refuse(&mut self, key: &Key, message: impl Into<String>, mend: impl Into<String>) {
        self.refuse_at(self.layers.place(key), key, message, mend);
    }

    /// Notes that what stands at a place of its own is wrong.
    pub(super) fn refuse_at(&mut self, place: Place, key: &Key, message: impl Into<String>, mend: impl Into<String>) {
        self.problems.push(Problem { place, key: key.clone(), message: message.into(), mend: mend.into() });
    }

    /// Notes that a name in an open table is none of `known`.
    pub(super) fn refuse_name<'b>(&mut self, key: &Key, what: &str, known: impl Iterator<Item = &'b str>) {
        let known: Vec<&str> = known.collect();
        let mend = match nearest(key.last(), known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known: {}", known.join(", ")),
        };
        self.refuse(key, format!("there is no {what} `{}`", key.last()), mend);
    }

    /// Notes that a value is of the wrong sort.
    pub(super) fn refuse_sort(&mut self, key: &Key, wanted: &str, mend: &str) {
        match self.layers.sort(key) {
            Some(found) => self.refuse(key, format!("this must be {wanted}, not {}", found.describe()), mend),
            // A table above it is wrong, and told; else the compiled-in defaults are.
            None if !self.problems.is_empty() => {}
            None => self.refuse(key, "there is no value", format!("set it to {wanted}")),
        }
    }

    /// A text; empty means not set.
    pub(crate) fn text(&mut self, key: &Key) -> String {
        if let (Some(Value::String(text)), Some(Sort::Text)) = (self.layers.value(key), self.layers.sort(key)) {
            return text.clone();
        }
        self.refuse_sort(key, "a text", "put it in quotes");
        String::new()
    }

    /// A text that may be missing.
    pub(crate) fn optional(&mut self, dotted: &str) -> Option<String> {
        Some(self.text(&Key::of(dotted))).filter(|text| !text.is_empty())
    }

    /// A text that must be there and satisfy a rule, told as "this must be `wanted`".
    pub(crate) fn text_where(&mut self, dotted: &str, wanted: &str, holds: impl FnOnce(&str) -> bool) -> String {
        let key = Key::of(dotted);
        let problems = self.problems.len();
        let text = self.text(&key);
        if self.problems.len() == problems && !holds(&text) {
            self.refuse(&key, format!("`{text}` does not do"), format!("this must be {wanted}"));
        }
        text
    }

    /// A path below a base URL.
    pub(crate) fn route(&mut self, dotted: &str) -> String {
        self.text_where(dotted, "a path that begins with `/`, without query", |path| {
            path.starts_with('/') && !path.contains(|c: char| c.is_whitespace() || c == '?' || c == '#')
        })
    }

    /// A whole number within a range.
    pub(crate) fn count(&mut self, dotted: &str, range: RangeInclusive<u64>) -> u64 {
        let key = Key::of(dotted);
        let number = match self.layers.value(&key) {
            Some(Value::Integer(number)) => Some(i128::from(*number)),
            Some(Value::String(text)) if self.layers.is_variable(&key) => text.trim().parse().ok(),
            _ => {
                self.refuse_sort(&key, "a whole number", "write it without quotes");
                return *range.start();
            }
        };
        let within = number.and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number));
        within.unwrap_or_else(|| {
            let mend = format!("set it to a whole number from {} to {}", range.start(), range.end());
            self.refuse(&key, "the number is out of range", mend);
            *range.start()
        })
    }

    /// A number of records, characters or requests from 1 to `most`.
    pub(crate) fn size(&mut self, dotted: &str, most: u64) -> usize {
        usize::try_from(self.count(dotted, 1..=most)).unwrap_or(usize::MAX)
    }

    /// A number within a range.
    pub(crate) fn share(&mut self, dotted: &str, range: RangeInclusive<f64>) -> f64 {
        let key = Key::of(dotted);
        let number = match self.layers.value(&key) {
            Some(Value::Float(number)) => Some(*number),
            Some(Value::Integer(number)) => i32::try_from(*number).ok().map(f64::from),
            Some(Value::String(text)) if self.layers.is_variable(&key) => text.trim().parse().ok(),
            _ => {
                self.refuse_sort(&key, "a number", "write it without quotes");
                return *range.start();
            }
        };
        number.filter(|number| range.contains(number)).unwrap_or_else(|| {
            let mend = format!("set it to a number from {} to {}", range.start(), range.end());
            self.refuse(&key, "the number is out of range", mend);
            *range.start()
        })
    }

    /// True or false.
    pub(crate) fn switch(&mut self, key: &Key) -> bool {
        match self.layers.value(key) {
            Some(Value::Boolean(on)) => *on,
            Some(Value::String(text)) if self.layers.is_variable(key) && text == "true" => true,
            Some(Value::String(text)) if self.layers.is_variable(key) && text == "false" => false,
            _ => {
                self.refuse_sort(key, "true or false", "write `true` or `false`, without quotes");
                false
            }
        }
    }

    /// A duration within a range.
    pub(crate) fn duration(&mut self, dotted: &str, range: RangeInclusive<Duration>) -> Duration {
        let key = Key::of(dotted);
        let (Some(Value::String(text)), Some(Sort::Text)) = (self.layers.value(&key), self.layers.sort(&key)) else {
            self.refuse_sort(&key, "a duration", "write a text such as \"90s\", \"5m\" or \"1h30m\"");
            return *range.start();
        };
        let (from, to) = (duration::format(*range.start()), duration::format(*range.end()));
        match duration::parse(text) {
            Some(duration) if range.contains(&duration) => duration,
            Some(_) => {
                self.refuse(&key, format!("`{text}` is out of range"), format!("set it from \"{from}\" to \"{to}\""));
                *range.start()
            }
            None => {
                let message = format!("`{text}` is not a duration");
                self.refuse(&key, message, "write a text such as \"90s\", \"5m\" or \"1h30m\"");
                *range.start()
            }
        }
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&mut self, key: &Key, choices: &[(&str, T)], stand_in: T) -> T {
        let problems = self.problems.len();
        let text = self.text(key);
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return *choice;
        }
        if self.problems.len() == problems {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.refuse(key, format!("`{text}` is not a choice"), format!("set it to one of {}", words.join(", ")));
        }
        stand_in
    }

    /// A list of texts; a text alone is a list of one.
    pub(crate) fn texts(&mut self, key: &Key) -> Vec<String> {
        let mend = "write [\"one\", \"two\"]";
        match self.layers.value(key) {
            Some(Value::String(text)) if self.layers.sort(key) == Some(Sort::Text) => vec![text.clone()],
            Some(Value::Array(items)) => {
                let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                texts.unwrap_or_else(|| {
                    self.refuse(key, "the list holds something that is not a text", mend);
                    Vec::new()
                })
            }
            _ => {
                self.refuse_sort(key, "a list of texts", mend);
                Vec::new()
            }
        }
    }

    /// A table whose keys are the user's; empty where it is not a table.
    pub(crate) fn table(&self, key: &Key) -> &'a Table {
        static EMPTY: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::new);
        self.layers.value(key).and_then(Value::as_table).unwrap_or(&EMPTY)
    }

    /// Whether a URL leads to this machine.
    pub(super) fn is_loopback(url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// A system's base URL: https (or a loopback address), ending in `/` so that paths join below it.
    pub(crate) fn base_url(&mut self, dotted: &str) -> Option<Url> {
        let key = Key::of(dotted);
        let problems = self.problems.len();
        let text = self.text(&key);
        if self.problems.len() > problems {
            return None;
        }
        let Ok(mut url) = Url::parse(&text) else {
            self.refuse(&key, "this is not a URL", "write it as \"https://api.example.com\"");
            return None;
        };
        let loopback = Self::is_loopback(&url);
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            self.refuse(&key, "the connection would not be encrypted", "use https; http is for loopback addresses");
        } else if !url.username().is_empty() || url.password().is_some() {
            self.refuse(&key, "a credential stands in the URL", "remove it; credentials have settings of their own");
        } else if url.query().is_some() || url.fragment().is_some() {
            self.refuse(&key, "a base URL has no query and no fragment", "remove what follows `?` or `#`");
        } else {
            let path = format!("{}/", url.path().trim_end_matches('/'));
            url.set_path(&path);
            return Some(url);
        }
        None
    }
}
