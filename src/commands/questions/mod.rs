//! `questions`: what only a person may answer about identity.

pub(super) mod answer;

use super::deciding;
use crate::clock::Clock;
use crate::config::Settings;
use crate::daemon::control::protocol::{Answer, Ask};
use crate::domain::value::Locale;
use crate::render::lists::Listing;
use crate::render::lists::questions::{QuestionItem, show};
use crate::store::seen::SeenId;
use crate::store::{Connection, Store, StoreError, seen, waiting};

/// Lists them, oldest first. Exit code 0.
pub async fn questions(settings: &Settings, clock: &dyn Clock, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let items = gather(&mut snapshot, settings.locale(), |_| true).await?;
    show(listing, &items, clock.now())?;
    Ok(0)
}

/// Answers a question: alone, or through the daemon. Exit code 0.
pub async fn answer(
    settings: &Settings,
    clock: &dyn Clock,
    question: i64,
    answer: Answer,
    out: &mut dyn std::io::Write,
) -> anyhow::Result<u8> {
    deciding::decide(settings, clock, Ask::Answer { question, answer }, out).await
}

/// The questions about the rows that `keep` wants.
pub(super) async fn gather(
    connection: &mut Connection,
    locale: &Locale,
    keep: impl Fn(SeenId) -> bool,
) -> Result<Vec<QuestionItem>, StoreError> {
    let mut subjects = waiting::question_subjects(connection).await?;
    subjects.retain(|_, row| keep(*row));
    let rows: Vec<SeenId> = subjects.values().copied().collect();
    let rows = seen::by_id(connection, locale, &rows).await?;
    let questions = waiting::questions(connection).await?;
    Ok(questions
        .into_iter()
        .filter_map(|question| {
            let row = subjects.get(&question.id)?;
            let row = rows.iter().find(|seen| seen.id == *row)?;
            Some(QuestionItem::new(question, row.record.kind))
        })
        .collect())
}

#[cfg(test)]
mod tests;
