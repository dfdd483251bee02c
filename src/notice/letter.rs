//! What is said: JSON for programs, a subject and lines for people. Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::topic::{Change, Standing, Topic, Turn};
use crate::domain::record::Side;

/// The version of the JSON: another one where a key changes its meaning or goes.
const VERSION: u32 = 1;

/// What is told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The version of this form.
    pub version: u32,
    /// Who tells it: `notices.name`.
    pub from: String,
    /// When, UTC.
    pub at: DateTime<Utc>,
    /// Whether it only tries the way out.
    pub test: bool,
    /// What changed.
    pub notices: Vec<Notice>,
    /// What was done since the last one, and what waits, once a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The same in lines.
    pub text: String,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The topic's word.
    pub topic: &'static str,
    /// What became of it.
    pub turn: Turn,
    /// The side that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// How many wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Names of limits, or what of a side fails.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub names: BTreeSet<String>,
    /// It in words, with what to do.
    pub text: String,
}

/// What passes did, summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Passes that came to an end.
    pub passes: u64,
    /// Passes that failed.
    pub failed: u64,
    /// Passes whose plan was refused.
    pub refused: u64,
    /// Writes that were carried out.
    pub written: u64,
}

impl Tally {
    /// What was done between two sums.
    #[must_use]
    pub const fn since(self, before: Self) -> Self {
        Self {
            passes: self.passes.saturating_sub(before.passes),
            failed: self.failed.saturating_sub(before.failed),
            refused: self.refused.saturating_sub(before.refused),
            written: self.written.saturating_sub(before.written),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, more: Self) -> Self {
        Self {
            passes: self.passes.saturating_add(more.passes),
            failed: self.failed.saturating_add(more.failed),
            refused: self.refused.saturating_add(more.refused),
            written: self.written.saturating_add(more.written),
        }
    }
}

/// What was done since the last digest, and what waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// Since when.
    pub since: DateTime<Utc>,
    /// What was done.
    pub done: Tally,
    /// What needs a person now, in words.
    pub waits: Vec<String>,
}

impl Digest {
    /// The digest of what was done since then.
    pub fn of(since: DateTime<Utc>, done: Tally, standing: &Standing) -> Self {
        let waits = standing
            .iter()
            .map(|(topic, held)| words(&Change { topic: *topic, turn: Turn::Begins, held: held.clone() }));
        Self { since, done, waits: waits.collect() }
    }

    fn write(&self, text: &mut String) {
        let Tally { passes, failed, refused, written } = self.done;
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "Since {since}: {passes} passes ended ({refused} of them refused), {failed} failed; {written} writes."
        );
        if self.waits.is_empty() {
            text.push_str("Nothing waits for you.\n");
        }
        for line in &self.waits {
            let _ = writeln!(text, "{line}.");
        }
    }
}

impl Letter {
    /// What changed, and a digest where one is due. `None` where there is nothing to say.
    pub fn of(from: &str, at: DateTime<Utc>, changes: &[Change], digest: Option<Digest>) -> Option<Self> {
        if changes.is_empty() && digest.is_none() {
            return None;
        }
        let notices: Vec<Notice> = changes.iter().map(Notice::of).collect();
        let mut text = String::new();
        for notice in &notices {
            let _ = writeln!(text, "{}.", notice.text);
        }
        if let Some(digest) = &digest {
            digest.write(&mut text);
        }
        Some(Self { version: VERSION, from: from.to_owned(), at, test: false, notices, digest, text })
    }

    /// One that only tries the way out.
    pub fn test(from: &str, at: DateTime<Utc>) -> Self {
        let text = "This is a test: notices arrive here.\n".to_owned();
        Self { version: VERSION, from: from.to_owned(), at, test: true, notices: Vec::new(), digest: None, text }
    }

    /// Its first line, short.
    pub fn subject(&self) -> String {
        let what = match (self.notices.as_slice(), &self.digest) {
            ([], Some(_)) => "digest of the day".to_owned(),
            ([], None) => "test".to_owned(),
            ([first], _) => first.headline().to_owned(),
            ([first, rest @ ..], _) => format!("{} (and {} more)", first.headline(), rest.len()),
        };
        format!("[{}] {what}", self.from)
    }

    /// It as JSON.
    pub fn json(&self) -> Vec<u8> {
        // Texts, numbers and lists always can be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Notice {
    fn of(change: &Change) -> Self {
        let counted = match change.topic {
            Topic::Conflicts | Topic::Questions | Topic::Failures => change.turn != Turn::Ends,
            Topic::Stopped
            | Topic::SideFails(_)
            | Topic::Refused
            | Topic::CredentialExpires(_)
            | Topic::DiskAlmostFull
            | Topic::BackupFails => false,
        };
        Self {
            topic: change.topic.as_str(),
            turn: change.turn,
            side: change.topic.side(),
            count: counted.then_some(change.held.count),
            names: change.held.names.clone(),
            text: words(change),
        }
    }

    fn headline(&self) -> &str {
        self.text.split([';', ':']).next().unwrap_or(&self.text)
    }
}

/// A change in words: what, and what to do.
fn words(change: &Change) -> String {
    let Change { topic, turn, held } = change;
    let names = held.names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let count = held.count;
    let more = match turn {
        Turn::Grows => ", new ones among them",
        Turn::Begins | Turn::Ends => "",
    };
    match (topic, turn) {
        (Topic::Stopped, Turn::Begins | Turn::Grows) => {
            format!("It stopped by an error ({names}); its log says the mend")
        }
        (Topic::Stopped, Turn::Ends) => "It runs again".to_owned(),
        (Topic::SideFails(side), Turn::Begins | Turn::Grows) => {
            format!("{side} keeps failing ({names}); it is tried ever more slowly, `status` tells when")
        }
        (Topic::SideFails(side), Turn::Ends) => format!("{side} is well again"),
        (Topic::Refused, Turn::Begins | Turn::Grows) => {
            format!("A plan was refused by safety limits: {names}; look at `diff`, then allow it")
        }
        (Topic::Refused, Turn::Ends) => "Plans are accepted again".to_owned(),
        (Topic::Conflicts, Turn::Begins | Turn::Grows) => format!("{count} conflicts wait{more}; see `conflicts`"),
        (Topic::Conflicts, Turn::Ends) => "No conflict waits any more".to_owned(),
        (Topic::Questions, Turn::Begins | Turn::Grows) => format!("{count} questions wait{more}; see `questions`"),
        (Topic::Questions, Turn::Ends) => "No question waits any more".to_owned(),
        (Topic::Failures, Turn::Begins | Turn::Grows) => {
            format!("{count} records wait that a system refused{more}; see `failures`")
        }
        (Topic::Failures, Turn::Ends) => "No refused record waits any more".to_owned(),
        (Topic::CredentialExpires(side), Turn::Begins | Turn::Grows) => {
            format!("The credential for {side} expires soon ({names}); make a new one")
        }
        (Topic::CredentialExpires(side), Turn::Ends) => format!("The credential for {side} was renewed"),
        (Topic::DiskAlmostFull, Turn::Begins | Turn::Grows) => {
            "The disk of the state is almost full; make room before passes stop".to_owned()
        }
        (Topic::DiskAlmostFull, Turn::Ends) => "The disk of the state has room again".to_owned(),
        (Topic::BackupFails, Turn::Begins | Turn::Grows) => {
            "No copy of the state can be made; the log says the mend".to_owned()
        }
        (Topic::BackupFails, Turn::Ends) => "Copies of the state are made again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::topic::Held;
    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn change(topic: Topic, turn: Turn, count: u64, names: &[&str]) -> Change {
        Change {
            topic,
            turn,
            held: Held { count, newest: 1, names: names.iter().map(|&name| name.to_owned()).collect() },
        }
    }

    #[test]
    fn a_letter_says_what_changed_and_what_to_do() {
        let changes = [
            change(Topic::SideFails(Side::Crm), Turn::Begins, 0, &["reading"]),
            change(Topic::Conflicts, Turn::Grows, 5, &[]),
            change(Topic::Questions, Turn::Ends, 3, &[]),
        ];
        let letter = Letter::of("firm", at(), &changes, None).unwrap();
        assert_eq!(letter.subject(), "[firm] CRM keeps failing (reading) (and 2 more)");
        let wanted = "CRM keeps failing (reading); it is tried ever more slowly, `status` tells when.\n\
                      5 conflicts wait, new ones among them; see `conflicts`.\nNo question waits any more.\n";
        assert_eq!(letter.text, wanted);
        let json: serde_json::Value = serde_json::from_slice(&letter.json()).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["notices"][0]["topic"], "side-fails");
        assert_eq!((&json["notices"][0]["side"], &json["notices"][0]["turn"]), (&"crm".into(), &"begins".into()));
        assert_eq!((&json["notices"][1]["count"], &json["notices"][2]["count"]), (&5.into(), &serde_json::Value::Null));
    }

    #[test]
    fn nothing_is_said_where_there_is_nothing_to_say() {
        assert_eq!(Letter::of("firm", at(), &[], None), None);
    }

    #[test]
    fn a_digest_sums_up_what_was_done_and_lists_what_waits() {
        let before = Tally { passes: 10, failed: 1, refused: 0, written: 100 };
        let now = Tally { passes: 298, failed: 1, refused: 2, written: 142 };
        let standing = Standing::from([(Topic::Conflicts, Held { count: 2, newest: 9, ..Held::default() })]);
        let letter = Letter::of("firm", at(), &[], Some(Digest::of(at(), now.since(before), &standing))).unwrap();
        assert_eq!(letter.subject(), "[firm] digest of the day");
        let wanted = "Since 2026-11-24T08:00:00Z: 288 passes ended (2 of them refused), 0 failed; 42 writes.\n\
                      2 conflicts wait; see `conflicts`.\n";
        assert_eq!(letter.text, wanted);
    }

    #[test]
    fn every_topic_has_words_for_each_turn() {
        for topic in [
            Topic::Stopped,
            Topic::SideFails(Side::Flowtly),
            Topic::Refused,
            Topic::Conflicts,
            Topic::Questions,
            Topic::Failures,
            Topic::CredentialExpires(Side::Crm),
            Topic::DiskAlmostFull,
            Topic::BackupFails,
        ] {
            let words = [Turn::Begins, Turn::Ends].map(|turn| words(&change(topic, turn, 1, &["x"])));
            assert!(words[0] != words[1] && words.iter().all(|words| words.len() > 10), "{words:?}");
        }
    }
}
