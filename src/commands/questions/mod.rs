//! `questions`: what only a person may answer about identity.

use crate::config::Settings;
use crate::domain::plan::LinkId;
use crate::domain::value::Locale;
use crate::render::lists::Listing;
use crate::render::lists::questions::{QuestionItem, show};
use crate::store::seen::SeenId;
use crate::store::{Connection, Store, StoreError, link, seen, waiting};

/// Lists them, oldest first. Exit code 0.
pub async fn questions(settings: &Settings, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let items = gather(&mut snapshot, settings.locale(), |_| true).await?;
    show(listing, &items)?;
    Ok(0)
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
    let links: Vec<LinkId> = rows.iter().filter_map(|row| row.link).collect();
    let links = link::by_id(connection, &links).await?;
    let questions = waiting::questions(connection).await?;
    Ok(questions
        .into_iter()
        .filter_map(|question| {
            let row = subjects.get(&question.id)?;
            let row = rows.iter().find(|seen| seen.id == *row)?;
            let linked = row.link.and_then(|id| links.get(&id)).map(|link| &link.flowtly_id);
            Some(QuestionItem::new(question, row.record.kind, linked))
        })
        .collect())
}

#[cfg(test)]
mod tests;
