//! `links`: the pairs, and a person's word about them.

pub(super) mod add;
pub(super) mod remove;
mod free;
#[cfg(test)]
mod tests;

pub use add::add;
pub(super) use free::free;
pub use remove::remove;

use crate::config::Settings;
use crate::domain::plan::LinkId;
use crate::render::lists::Listing;
use crate::render::lists::links::{LinkItem, Links};
use crate::store::{Store, link};

use super::named;

/// How many links are read together.
const PAGE: u32 = 500;

/// Why a pair is one where a person said so.
const BY_HAND: &str = "linked by hand";

/// Why a pair is none any more.
const SEPARATED: &str = "separated by hand";

/// Why the pairs of contacts went with it.
const WITH_COMPANY: &str = "separated by hand with its company";

/// Lists all pairs in order of their number, page by page. Exit code 0.
pub async fn links(settings: &Settings, listing: &mut Listing<'_>) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut table = Links::default();
    let mut after = LinkId(0);
    loop {
        let page = link::page(store.connection(), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let ids: Vec<LinkId> = page.iter().map(|link| link.id).collect();
        let names = named::pairs(store.connection(), settings.locale(), &ids).await?;
        for link in page {
            let label = names.get(&link.id).map_or_else(String::new, |named| named.label.clone());
            let item = LinkItem {
                id: link.id,
                kind: link.kind,
                state: link.state.as_str(),
                flowtly: link.flowtly_id,
                crm: link.crm_id,
                parent: link.parent,
                label,
                assessment: link.assessment,
                reason: link.reason,
            };
            table.item(listing, &item)?;
        }
    }
    table.end(listing)?;
    Ok(0)
}

/// Lines of text, each with its end.
pub(super) fn lines(told: &[String]) -> String {
    told.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}
