//! Questions about identity that only a person may answer.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::record::{Kind, RemoteId};
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
    /// Puts a question into words. `linked` is the Flowtly id of the subject's pair, if it has one.
    pub fn new(waiting: WaitingQuestion, kind: Kind, linked: Option<&RemoteId>) -> Self {
        let sentence = words::asks(&waiting.question, kind, &waiting.label);
        let answers = words::answers(&waiting.question, kind, linked);
        Self { waiting, kind, sentence, answers }
    }
}

/// Shows them; in JSON an array.
pub fn show(listing: &mut Listing<'_>, questions: &[QuestionItem]) -> io::Result<()> {
    match listing.form {
        Form::Json => json::pretty(listing.out, questions),
        Form::Text(_) if questions.is_empty() => writeln!(listing.out, "No questions."),
        Form::Text(style) => questions.iter().try_for_each(|question| text(listing.out, style, question)),
    }
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
