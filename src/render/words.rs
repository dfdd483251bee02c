//! Words that several reports share.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::clean::Clean;
use crate::domain::field::{Field, Part};
use crate::domain::plan::{Asks, CandidateNote, KeyKind, LinkId, Question, RecordRef};
use crate::domain::planner::{Choice, Decision, OUTSIDE};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::Example;
use crate::domain::value::Text;

/// What is shown where a value is empty.
pub const BLANK: &str = "(blank)";

/// A record or pair, as lists name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Company or contact.
    pub kind: Kind,
    /// How a person recognises it: a system's own text.
    pub label: String,
    /// Its link, if it has one.
    pub link: Option<LinkId>,
    /// Its id in Flowtly.
    pub flowtly: Option<RemoteId>,
    /// Its id in the CRM.
    pub crm: Option<RemoteId>,
}

impl Named {
    /// In one line, clean: `company ACME (Flowtly 17, CRM 900)`.
    pub fn line(&self) -> String {
        format!("{} {} ({})", self.kind, Clean(&self.label), ids(self.flowtly.as_ref(), self.crm.as_ref()))
    }
}

/// Both ids, clean: `Flowtly 17, CRM 900`.
pub fn ids(flowtly: Option<&RemoteId>, crm: Option<&RemoteId>) -> String {
    let id = |side: Side, id: Option<&RemoteId>| id.map(|id| format!("{side} {}", Clean(id)));
    let both: Vec<String> = [id(Side::Flowtly, flowtly), id(Side::Crm, crm)].into_iter().flatten().collect();
    if both.is_empty() { "no id".to_owned() } else { both.join(", ") }
}

/// A record's name, clean: `Flowtly 17`, or `CRM 6001 of company 900`.
pub fn reference(record: &RecordRef) -> String {
    match &record.parent {
        Some(parent) => format!("{} {} of company {}", record.side, Clean(&record.id), Clean(parent)),
        None => format!("{} {}", record.side, Clean(&record.id)),
    }
}

/// A field's text, not yet clean: `(blank)` where it is empty; a contact's company by the number of its link.
pub fn value(field: Field, text: &Text) -> String {
    if text.is_blank() {
        return BLANK.to_owned();
    }
    match (field, text.part(Part::Whole)) {
        (Field::Parent, Some(OUTSIDE)) => "a company without a link".to_owned(),
        (Field::Parent, Some(link)) => format!("the company of link {link}"),
        _ => text.to_string(),
    }
}

/// A part of a field, as people name it: `phone`, `address.city`.
pub fn place(field: Field, part: Part) -> String {
    if part == Part::Whole { field.to_string() } else { format!("{field}.{}", part.as_str()) }
}

/// A field's text at the last agreement, not yet clean.
pub fn base(field: Field, text: Option<&Text>) -> String {
    text.map_or_else(|| "never agreed".to_owned(), |text| value(field, text))
}

/// A time for people: UTC, to the second.
pub fn when(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).replace('T', " ")
}

/// A number with its noun: `1 pair`, `2 pairs`.
pub fn count(number: u64, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// An example of a refusal, not yet clean: `company ACME (Flowtly 17, CRM 900): 3 values`.
pub fn example(example: &Example) -> String {
    let ids = ids(example.flowtly.as_ref(), example.crm.as_ref());
    let values = example.values.map(|values| format!(": {}", count(values, "value"))).unwrap_or_default();
    if example.label.is_empty() {
        format!("{} ({ids}){values}", example.kind)
    } else {
        format!("{} {} ({ids}){values}", example.kind, example.label)
    }
}

/// What a person decided, not yet clean.
pub fn decision(field: Field, decision: &Decision) -> String {
    match &decision.choice {
        Choice::Side(side) => format!("{side}'s value shall hold"),
        Choice::Text(text) => format!("shall be {}", value(field, text)),
    }
}

/// What is asked, as a sentence, not yet clean.
pub fn asks(question: &Question, kind: Kind, label: &str) -> String {
    let subject = format!("{label} ({})", reference(&question.subject));
    let there = question.subject.side.opposite();
    match question.asks {
        Asks::WhichOf => format!(
            "Which of these {} in {there} is the {kind} {subject}?",
            count(question.candidates.len() as u64, "record")
        ),
        Asks::SameThing => {
            format!(
                "Is the {kind} {subject} the same as the record below? Too little speaks for it to be decided by rule."
            )
        }
        Asks::Duplicate => {
            format!(
                "Is the {kind} {subject} a duplicate? What it looks like already has another partner that is alive."
            )
        }
        Asks::Twin => format!(
            "Is the {kind} {subject} there twice? Another record in {} shares a strong key with it.",
            question.subject.side
        ),
        Asks::StillTheSame => format!(
            "Is the {kind} {subject} still the same? Its name and its key changed together since it was agreed."
        ),
        Asks::LostCreate => {
            format!("Did the {kind} {subject} arrive in {there}? It was sent, and what became of it is not known.")
        }
    }
}

/// How a question is answered: commands for a person, and what else ends it.
pub fn answers(number: i64, question: &Question) -> Vec<String> {
    let command = |option: String| format!("flowtly-sync questions answer {number} {option}");
    let mut lines: Vec<String> = answer_options(question).into_iter().map(command).collect();
    match question.asks {
        Asks::Duplicate | Asks::Twin | Asks::StillTheSame => lines.push(format!("or {}", mend_by_hand(question))),
        Asks::WhichOf | Asks::SameThing | Asks::LostCreate => {}
    }
    lines
}

/// What `questions answer` takes for this question, clean.
pub fn answer_options(question: &Question) -> Vec<String> {
    let there = question.candidates.iter().filter(|candidate| candidate.record.side != question.subject.side);
    let links = there.map(|candidate| format!("--link {}", Clean(&candidate.record.id)));
    let has_candidates = !question.candidates.is_empty();
    // Named by a system that refused to make it twice, and as far as is known without a partner.
    let is_named = has_candidates && question.candidates.iter().all(|note| note.speaks_for.is_empty());
    let separate = has_candidates.then_some("--separate");
    let (links, others): (Vec<String>, Vec<&str>) = match question.asks {
        Asks::WhichOf | Asks::SameThing => (links.collect(), separate.into_iter().collect()),
        Asks::LostCreate => (links.collect(), separate.into_iter().chain(["--never-happened"]).collect()),
        // Its candidate has a partner, or is on the same side.
        Asks::Duplicate | Asks::Twin => {
            let links = if is_named { links.collect() } else { Vec::new() };
            (links, separate.into_iter().chain(has_candidates.then_some("--copy")).collect())
        }
        Asks::StillTheSame => (Vec::new(), vec!["--same", "--separate"]),
    };
    let others = others.into_iter().chain(["--postpone 7d"]).map(str::to_owned);
    links.into_iter().chain(others).collect()
}

/// What a person may do in the systems instead of answering.
pub fn mend_by_hand(question: &Question) -> String {
    let side = question.subject.side;
    match question.asks {
        Asks::Duplicate | Asks::Twin => format!("merge or correct the duplicate in {side}: the question closes itself"),
        Asks::WhichOf | Asks::SameThing | Asks::StillTheSame | Asks::LostCreate => {
            "give both sides the same name and key: the question closes itself".to_owned()
        }
    }
}

/// What speaks for and against a candidate.
pub fn evidence(candidate: &CandidateNote) -> String {
    let keys = |keys: &[KeyKind]| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (candidate.speaks_for.is_empty(), candidate.speaks_against.is_empty()) {
        (true, true) => "nothing speaks for or against it".to_owned(),
        (false, true) => format!("for it: {}", keys(&candidate.speaks_for)),
        (true, false) => format!("against it: {}", keys(&candidate.speaks_against)),
        (false, false) => {
            format!("for it: {}; against it: {}", keys(&candidate.speaks_for), keys(&candidate.speaks_against))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!(count(0, "pair"), "0 pairs");
        assert_eq!(count(1, "company"), "1 company");
        assert_eq!(count(2, "company"), "2 companies");
    }

    #[test]
    fn blank_outside_and_parent_have_words() {
        assert_eq!(value(Field::Phone, &Text::whole("  ")), "(blank)");
        assert_eq!(value(Field::Parent, &Text::whole(OUTSIDE)), "a company without a link");
        assert_eq!(value(Field::Parent, &Text::whole("7")), "the company of link 7");
        assert_eq!(base(Field::Phone, None), "never agreed");
        assert_eq!(base(Field::Phone, Some(&Text::default())), "(blank)");
    }

    #[test]
    fn answers_are_commands_that_fit_the_question() {
        let record = |side, id: &str| RecordRef { side, id: RemoteId::new(id), parent: None };
        let candidate = CandidateNote {
            record: record(Side::Flowtly, "17"),
            label: "ACME".into(),
            speaks_for: vec![KeyKind::Name],
            speaks_against: vec![],
        };
        let question = |asks| Question { asks, subject: record(Side::Crm, "900"), candidates: vec![candidate.clone()] };
        let command = |option: &str| format!("flowtly-sync questions answer 4 {option}");
        assert_eq!(answers(4, &question(Asks::SameThing)), ["--link 17", "--separate", "--postpone 7d"].map(command));
        assert_eq!(answer_options(&question(Asks::Duplicate)), ["--separate", "--copy", "--postpone 7d"]);
        assert_eq!(answer_options(&question(Asks::StillTheSame)), ["--same", "--separate", "--postpone 7d"]);
        assert_eq!(
            answer_options(&question(Asks::LostCreate)),
            ["--link 17", "--separate", "--never-happened", "--postpone 7d"]
        );
        let bare = Question { candidates: vec![], ..question(Asks::Duplicate) };
        assert_eq!(answer_options(&bare), ["--postpone 7d"]);
        assert!(answers(4, &bare)[1].contains("merge or correct the duplicate in CRM"));
        assert_eq!(evidence(&candidate), "for it: name");
    }
}
