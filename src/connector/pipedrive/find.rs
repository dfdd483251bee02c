//! Records by what they say or belong to: searches give ids, contents are read by id.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use super::list::{List, Query};
use super::read;
use super::settings::Lane;
use super::talk::{Talk, endpoint_must_exist};
use super::wire::{self, Found};
use crate::connector::error::PortError;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// Records that a search is asked for.
const HITS: usize = 100;

/// The longest text that is looked for, in characters: what is longer is no name and no number.
const LONGEST_TERM: usize = 200;

/// The live record whose field for our id holds `stored_id`; more than one where somebody copied it. `None` where the account
/// has no such field.
pub(super) async fn by_stored_id(talk: &Talk, kind: Kind, stored_id: &str) -> Result<Option<Vec<Row>>, PortError> {
    if talk.layout(kind).id_field.is_none() || talk.bound(kind).await?.id_key().is_none() {
        return Ok(None);
    }
    let ids = search(talk, kind, "custom_fields", stored_id).await?;
    let mut rows = read::live_rows(talk, kind, &ids).await?;
    // The search does not tell upper from lower case, nor one custom field from another.
    rows.retain(|row| row.stored_id.as_deref() == Some(stored_id));
    Ok(Some(rows))
}

/// Candidates for a text.
pub(super) async fn by_text(talk: &Talk, kind: Kind, text: &str) -> Result<Vec<Row>, PortError> {
    let fields = match kind {
        Kind::Company => "name,custom_fields",
        Kind::Contact => "name,email,custom_fields",
    };
    let ids = search(talk, kind, fields, text).await?;
    read::live_rows(talk, kind, &ids).await
}

/// The live contacts of companies: asked for company by company, or all read where that is cheaper.
pub(super) async fn children(talk: &Talk, companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let mut seen = HashSet::new();
    let wanted: Vec<&RemoteId> = companies.iter().filter(|id| seen.insert(*id)).collect();
    let pages = talk.contact_pages.load(Ordering::Relaxed);
    let queries: Vec<Query> = if pages > 0 && pages < wanted.len() {
        vec![Query::sorted("id", "asc")]
    } else {
        wanted.iter().map(|company| Query::sorted("id", "asc").with("org_id", company.as_str())).collect()
    };
    let mut rows = Vec::new();
    for query in queries {
        let mut list = List::new(Kind::Contact, query, talk.settings.page_size);
        while let Some(page) = list.next(talk).await? {
            // Whoever moved since the company was asked for is met at the other one.
            rows.extend(page.rows.into_iter().filter(|row| row.parents.iter().any(|parent| seen.contains(parent))));
        }
    }
    let mut met = HashSet::new();
    rows.retain(|row: &Row| met.insert(row.id.clone()));
    Ok(rows)
}

/// The ids of records that hold just this text in one of the fields.
async fn search(talk: &Talk, kind: Kind, fields: &str, term: &str) -> Result<Vec<RemoteId>, PortError> {
    let term = term.trim();
    if term.is_empty() || term.chars().count() > LONGEST_TERM {
        return Ok(Vec::new());
    }
    let mut url = talk.at.records(kind, &["search"]);
    url.query_pairs_mut()
        .append_pair("term", term)
        .append_pair("fields", fields)
        .append_pair("exact_match", "true")
        .append_pair("limit", &HITS.to_string());
    let reply = talk.get("/api/v2/{type}/search", url, Lane::Search).await.map_err(endpoint_must_exist)?;
    let found = wire::reply::<Found>(&reply.body)?.data;
    Ok(found.items.into_iter().map(|hit| RemoteId::new(hit.item.id.to_string())).collect())
}
