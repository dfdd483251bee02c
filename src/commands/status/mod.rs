//! `status`: what the last passes did, what waits, and how it stands; of one pair of accounts, or of all in a few words.

mod all;
mod instances;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::named;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::record::{Kind, Side};
use crate::render::lists::Listing;
use crate::render::lists::status::{BackupItem, CursorItem, PassItem, Status, TodoItem, Waiting, show};
use crate::store::copies::Copies;
use crate::store::mark::Mark;
use crate::store::{Connection, Store, StoreError, intent, mark, pass, quarantine, thrift, todo, waiting};
use crate::sync::certificate::Certificate;

pub use all::all;
pub use instances::Places;

/// How many passes are shown.
const PASSES: usize = 5;

/// How far back the last certificate is looked for.
const LOOK_BACK: u32 = 100;

/// Shows how it stands. Exit code 0.
pub async fn status(settings: &Settings, clock: &dyn Clock, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let status = gather(&mut snapshot, settings, clock.now()).await?;
    show(listing, &status)?;
    Ok(0)
}

async fn gather(connection: &mut Connection, settings: &Settings, now: DateTime<Utc>) -> Result<Status, StoreError> {
    let locale = settings.locale();
    let mut accounts = BTreeMap::new();
    for side in Side::BOTH {
        accounts.extend(mark::account(connection, side).await?.map(|id| (side, id)));
    }
    let records = pass::last(connection, LOOK_BACK).await?;
    let certificate = records.iter().find_map(|record| record.certificate.as_deref());
    let certificate: Option<Certificate> =
        certificate.map(|text| crate::store::from_json("pass.certificate", text)).transpose()?;
    let under_way = mark::get(connection, Mark::Running).await?;
    let mut passes = Vec::new();
    for record in records.into_iter().take(PASSES) {
        passes.push(PassItem {
            pass: record.id,
            started: record.started,
            ended: record.ended,
            extent: record.extent,
            outcome: record.outcome,
            under_way: record.ended.is_none() && under_way.as_deref() == Some(record.id.to_string().as_str()),
            error: record.error,
            totals: pass::totals(connection, record.id).await?,
        });
    }
    let (conflicts, questions, failures) = waiting::counts(connection, settings.documents.is_some(), now).await?;
    let mut cursors = Vec::new();
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            let cursor = pass::cursor(connection, side, kind).await?;
            cursors.push(CursorItem { side, kind, since: cursor.since, whole_at: cursor.whole_at });
        }
    }
    let backup = match &settings.backup {
        Some(plan) => Some(copies(connection, &plan.folder, now).await?),
        None => None,
    };
    let todo_rows = todo::tally(connection, now).await?;
    Ok(Status {
        accounts,
        adoption: mark::adoption(connection).await?,
        quarantine: quarantine::load(connection).await?,
        short: thrift::load(connection).await?,
        passes,
        waiting: Waiting { conflicts, questions, failures },
        todo: todo_rows.into_iter().map(|(why, due, count)| TodoItem { why, due, count }).collect(),
        next_due: todo::next_due(connection).await?,
        open_writes: intent::open(connection).await?.len() as u64,
        failures: named::failures(connection, locale, |_| true).await?,
        cursors,
        backup,
        certificate,
    })
}

/// The copies that a folder has of this state.
async fn copies(connection: &mut Connection, folder: &Path, now: DateTime<Utc>) -> Result<BackupItem, StoreError> {
    let kept = Copies::of(folder, connection).await?.kept(now);
    let directory = folder.to_path_buf();
    Ok(match kept {
        Ok(kept) => BackupItem { directory, newest: kept.newest, kept: kept.count, error: None },
        Err(error) => BackupItem { directory, newest: None, kept: 0, error: Some(error.to_string()) },
    })
}

#[cfg(test)]
mod tests;
