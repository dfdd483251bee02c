//! Questions about identity that only a person may answer.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::record::Kind;
use crate::render::clean::Clean;
use crate::render::json;
use crate::render::lists::{Form, Listing};
use crate::render::style::{Style, Tone};
use crate::render::words::{self, when};
use crate::store::waiting::WaitingQuestion;

/// A question in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuestionItem {
    /// Number, what is asked about which records, since when.
    #[serde(flatten)]
    pub waiting: WaitingQuestion,
    /// Company or contact.
    pub kind: Kind,
    /// What is asked.
    pub sentence: String,
    /// How it is answered.
    pub answers: Vec<String>,
}

impl QuestionItem {
    /// Puts a question into words.
    pub fn new(waiting: WaitingQuestion, kind: Kind) -> Self {
        let sentence = words::asks(&waiting.question, kind, &waiting.label);
        let answers = words::answers(waiting.id, &waiting.question);
        Self { waiting, kind, sentence, answers }
    }
}

/// Shows them; in JSON an array. Those that a person put off beyond `now` are only counted in text.
pub fn show(listing: &mut Listing<'_>, questions: &[QuestionItem], now: DateTime<Utc>) -> io::Result<()> {
    let style = match listing.form {
        Form::Json => return json::pretty(listing.out, questions),
        Form::Text(style) => style,
    };
    let (later, asked): (Vec<_>, Vec<_>) = questions.iter().partition(|item| item.waiting.is_postponed(now));
    if asked.is_empty() {
        writeln!(listing.out, "No questions.")?;
    }
    asked.into_iter().try_for_each(|question| text(listing.out, style, question))?;
    for item in later {
        let until = item.waiting.postponed.map_or_else(String::new, when);
        writeln!(listing.out, "{}  put off until {until}: {}", item.waiting.id, Clean(&item.sentence))?;
    }
    Ok(())
}

pub(super) fn text(out: &mut dyn Write, style: Style, item: &QuestionItem) -> io::Result<()> {
    let number = style.paint(Tone::Strong, &item.waiting.id.to_string());
    writeln!(out, "{number}  {}", Clean(&item.sentence))?;
    writeln!(out, "    since {}", when(item.waiting.since))?;
    for candidate in &item.waiting.question.candidates {
        let (label, reference) = (Clean(&candidate.label), words::reference(&candidate.record));
        writeln!(out, "    - {label} ({reference}): {}", words::evidence(candidate))?;
    }
    for answer in &item.answers {
        writeln!(out, "    {}", style.paint(Tone::Quiet, &Clean(answer).to_string()))?;
    }
    writeln!(out)
}
