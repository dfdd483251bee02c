//! `conflicts`: the fields on which a person decides, and the decision.

mod value;

use anyhow::bail;
use chrono::{DateTime, Utc};

use super::{deciding, named};
use crate::clock::Clock;
use crate::config::Settings;
use crate::daemon::control::protocol::{Ask, Choose, RecordName, Which};
use crate::domain::plan::LinkId;
use crate::domain::planner::{Choice, Decision};
use crate::domain::record::Side;
use crate::domain::value::Locale;
use crate::render::lists::Listing;
use crate::render::lists::conflicts::{ConflictItem, decided, show};
use crate::store::todo::{Subject, Why};
use crate::store::{Connection, Store, StoreError, todo, waiting};

/// Lists them, oldest first. Exit code 0.
pub async fn conflicts(settings: &Settings, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let items = gather(&mut snapshot, settings.locale()).await?;
    show(listing, &items)?;
    Ok(0)
}

/// Decides conflicts, all that are meant or none, and makes their pairs due: alone, or through the daemon. Exit code 0.
pub async fn resolve(
    settings: &Settings,
    clock: &dyn Clock,
    which: Which,
    choose: Choose,
    out: &mut dyn std::io::Write,
) -> anyhow::Result<u8> {
    let which = match which {
        Which::All { .. } => shown_now(settings, &which).await?,
        Which::Numbers(_) => which,
    };
    deciding::decide(settings, clock, Ask::Resolve { which, choose }, out).await
}

/// The numbers of those that wait at this moment: a pass that is under way may add others, which nobody was shown.
async fn shown_now(settings: &Settings, which: &Which) -> anyhow::Result<Which> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let items = meant(gather(&mut snapshot, settings.locale()).await?, which)?;
    Ok(Which::Numbers(items.iter().map(|item| item.waiting.id).collect()))
}

/// The decision binds to the values that stand under the numbers, which are told: the planner heeds it only while both
/// sides still show them.
pub(super) async fn decide_all(
    store: &mut Store,
    settings: &Settings,
    now: DateTime<Utc>,
    which: &Which,
    choose: &Choose,
) -> anyhow::Result<String> {
    let mut transaction = store.begin().await?;
    let items = gather(&mut transaction, settings.locale()).await?;
    let mut chosen = Vec::new();
    for item in meant(items, which)? {
        let mut item = item;
        let id = item.waiting.id;
        let decision = decide(&item, choose).map_err(|error| anyhow::anyhow!("conflict {id}: {error}"))?;
        waiting::decide(&mut transaction, id, &decision).await?;
        let link = Subject::Link(item.waiting.link);
        todo::arm(&mut transaction, item.record.kind, &[link], Why::Decided, Some(now)).await?;
        item.waiting.decision = Some(decision);
        chosen.push(item);
    }
    transaction.commit().await.map_err(StoreError::from)?;
    let mut told = Vec::new();
    decided(&mut told, &chosen)?;
    Ok(String::from_utf8_lossy(&told).into_owned())
}

/// Those that are meant; at least one.
fn meant(items: Vec<ConflictItem>, which: &Which) -> anyhow::Result<Vec<ConflictItem>> {
    match which {
        Which::Numbers(ids) => {
            let unknown = ids.iter().find(|id| !items.iter().any(|item| item.waiting.id == **id));
            if let Some(id) = unknown {
                bail!(
                    "there is no conflict {id} (any more): it is over, or its values moved and it has another number; \
                     `flowtly-sync conflicts` lists those that wait"
                );
            }
            Ok(items.into_iter().filter(|item| ids.contains(&item.waiting.id)).collect())
        }
        Which::All { record, fields } => {
            let is_of = |item: &ConflictItem, name: &RecordName| {
                let id = match name.side {
                    Side::Flowtly => item.record.flowtly.as_ref(),
                    Side::Crm => item.record.crm.as_ref(),
                };
                item.record.kind == name.kind && id == Some(&name.id)
            };
            let found: Vec<ConflictItem> = items
                .into_iter()
                .filter(|item| record.as_ref().is_none_or(|name| is_of(item, name)))
                .filter(|item| fields.is_empty() || fields.contains(&item.waiting.conflict.field))
                .collect();
            if found.is_empty() {
                bail!("no such conflict waits; `flowtly-sync conflicts` lists those that do");
            }
            Ok(found)
        }
    }
}

fn decide(item: &ConflictItem, choose: &Choose) -> Result<Decision, String> {
    let conflict = &item.waiting.conflict;
    let choice = match choose {
        Choose::Side(side) => Choice::Side(*side),
        Choose::Text(text) => Choice::Text(value::parse(conflict.field, text)?),
    };
    Ok(Decision { choice, flowtly: conflict.flowtly.clone(), crm: conflict.crm.clone() })
}

async fn gather(connection: &mut Connection, locale: &Locale) -> Result<Vec<ConflictItem>, StoreError> {
    let waiting = waiting::conflicts(connection, None).await?;
    let links: Vec<LinkId> = waiting.iter().map(|conflict| conflict.link).collect();
    let names = named::pairs(connection, locale, &links).await?;
    Ok(waiting
        .into_iter()
        .filter_map(|waiting| {
            let record = names.get(&waiting.link)?.clone();
            Some(ConflictItem { waiting, record })
        })
        .collect())
}

#[cfg(test)]
mod tests;
