//! `history`: what was written, value by value.

use anyhow::bail;

use super::named;
use crate::config::Settings;
use crate::daemon::control::protocol::RecordName;
use crate::domain::plan::LinkId;
use crate::render::lists::Listing;
use crate::render::lists::history::{DocumentItem, HistoryItem, show};
use crate::store::{Store, document, history, seen};

/// Lists what was written, newest first; of one record only, where one is given. Exit code 0.
pub async fn history(
    settings: &Settings,
    record: Option<RecordName>,
    limit: u32,
    listing: &mut Listing<'_>,
) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let links = match &record {
        None => None,
        Some(RecordName { kind, side, id }) => {
            let rows = seen::by_remote_id(&mut snapshot, settings.locale(), *side, *kind, &[id.as_str()]).await?;
            if rows.is_empty() {
                bail!("{} was never read; check kind, side and id", named::plain(*kind, *side, id));
            }
            Some(rows.iter().filter_map(|row| row.link).collect::<Vec<LinkId>>())
        }
    };
    let written = history::last(&mut snapshot, links.as_deref(), limit).await?;
    let deeds = match settings.documents {
        Some(_) => document::last(&mut snapshot, links.as_deref(), limit).await?,
        None => Vec::new(),
    };
    let of_deeds = deeds.iter().map(|deed| deed.link);
    let ids: Vec<LinkId> = written.iter().map(|written| written.entry.link).chain(of_deeds).collect();
    let names = named::pairs(&mut snapshot, settings.locale(), &ids).await?;
    let items: Vec<HistoryItem> = written
        .into_iter()
        .map(|written| HistoryItem { record: names.get(&written.entry.link).cloned(), written })
        .collect();
    let documents: Vec<DocumentItem> =
        deeds.into_iter().map(|deed| DocumentItem { record: names.get(&deed.link).cloned(), deed }).collect();
    show(listing, &items, &documents)?;
    Ok(0)
}
