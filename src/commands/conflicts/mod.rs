//! `conflicts`: the fields on which a person decides, and the decision.

mod value;

use anyhow::bail;

use super::deciding::Deciding;
use super::named;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::plan::LinkId;
use crate::domain::planner::{Choice, Decision};
use crate::domain::record::Side;
use crate::domain::value::Locale;
use crate::render::lists::Listing;
use crate::render::lists::conflicts::{ConflictItem, decided, show};
use crate::store::todo::{Subject, Why};
use crate::store::{Connection, Store, StoreError, todo, waiting};

/// What shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choose {
    /// This side's value.
    Side(Side),
    /// This text, on both sides; of a field with parts `part=text; part=text`.
    Text(String),
}

/// Lists them, oldest first. Exit code 0.
pub async fn conflicts(settings: &Settings, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let items = gather(&mut snapshot, settings.locale()).await?;
    show(listing, &items)?;
    Ok(0)
}

/// Decides conflicts, all of them or none, and makes their pairs due. The decision binds to the values that the state
/// holds now, which are told: the planner heeds it only while both sides still show them. Exit code 0.
pub async fn resolve(
    settings: &Settings,
    clock: &dyn Clock,
    ids: &[i64],
    choose: &Choose,
    out: &mut dyn std::io::Write,
) -> anyhow::Result<u8> {
    let mut deciding = Deciding::open(&settings.state_path).await?;
    let mut transaction = deciding.store.begin().await?;
    let items = gather(&mut transaction, settings.locale()).await?;
    let mut chosen = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(item) = items.iter().find(|item| item.waiting.id == *id) else {
            bail!("there is no conflict {id}; `flowtly-sync conflicts` lists those that wait");
        };
        let mut item = item.clone();
        let decision = decide(&item, choose).map_err(|error| anyhow::anyhow!("conflict {id}: {error}"))?;
        waiting::decide(&mut transaction, *id, &decision).await?;
        let link = Subject::Link(item.waiting.link);
        todo::arm(&mut transaction, item.record.kind, &[link], Why::Decided, Some(clock.now())).await?;
        item.waiting.decision = Some(decision);
        chosen.push(item);
    }
    transaction.commit().await.map_err(StoreError::from)?;
    deciding.close().await?;
    decided(out, &chosen)?;
    Ok(0)
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
