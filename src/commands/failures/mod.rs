//! `failures`: what the systems refused, and another try at once.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::bail;
use chrono::{DateTime, Utc};

use super::{deciding, named};
use crate::clock::Clock;
use crate::config::Settings;
use crate::daemon::control::protocol::{Ask, Which};
use crate::render::lists::Listing;
use crate::render::lists::failures::{DocumentFailureItem, FailureItem, retried, show};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, document, waiting};

/// Lists them, oldest first. Exit code 0.
pub async fn failures(settings: &Settings, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let items = named::failures(&mut snapshot, settings.locale(), |_| true).await?;
    let documents = documents(&mut snapshot, settings).await?;
    show(listing, &items, &documents)?;
    Ok(0)
}

/// Documents that the CRM refused; none where they are not shown any more.
async fn documents(connection: &mut Connection, settings: &Settings) -> Result<Vec<DocumentFailureItem>, StoreError> {
    match settings.documents {
        Some(_) => named::document_failures(connection, settings.locale()).await,
        None => Ok(Vec::new()),
    }
}

/// Makes refused records due at once, all that are meant or none: alone, or through the daemon. All are the documents too. Exit code 0.
pub async fn retry(settings: &Settings, clock: &dyn Clock, which: Which, out: &mut dyn Write) -> anyhow::Result<u8> {
    deciding::decide(settings, clock, Ask::Retry { which }, out).await
}

/// The same payload is sent once more by the next pass; if it is refused again, it waits longer than before.
pub(super) async fn retry_now(
    store: &mut Store,
    settings: &Settings,
    now: DateTime<Utc>,
    which: &Which,
) -> anyhow::Result<String> {
    let mut transaction = store.begin().await?;
    let all = named::failures(&mut transaction, settings.locale(), |_| true).await?;
    let chosen: Vec<FailureItem> = match which {
        Which::Numbers(ids) => {
            if let Some(id) = ids.iter().find(|id| !all.iter().any(|item| item.failure.id == **id)) {
                bail!("there is no refusal {id} (any more); `flowtly-sync failures` lists those that wait");
            }
            all.into_iter().filter(|item| ids.contains(&item.failure.id)).collect()
        }
        Which::All { .. } => all,
    };
    let mut subjects = BTreeSet::new();
    for item in &chosen {
        let subject = item.failure.link.map(Subject::Link).or(item.failure.seen.map(Subject::Seen));
        let Some(subject) = subject else { continue };
        let (side, field) = (item.failure.side, &item.failure.field);
        waiting::set_next_try(&mut transaction, subject, side, field, now).await?;
        if subjects.insert(subject) {
            todo::arm(&mut transaction, item.record.kind, &[subject], Why::Refused, Some(now)).await?;
        }
    }
    // A document has no number of its own.
    let documents = match which {
        Which::Numbers(_) => Vec::new(),
        Which::All { .. } => documents(&mut transaction, settings).await?,
    };
    if !documents.is_empty() {
        document::retry_all(&mut transaction, now).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    let mut told = Vec::new();
    retried(&mut told, &chosen, &documents)?;
    Ok(String::from_utf8_lossy(&told).into_owned())
}

#[cfg(test)]
mod tests;
