//! Names for what the state knows by number.

use std::collections::BTreeMap;

use crate::domain::plan::LinkId;
use crate::domain::record::{RemoteId, Side};
use crate::domain::value::Locale;
use crate::render::lists::failures::{DocumentFailureItem, FailureItem};
use crate::render::words::Named;
use crate::store::link::Link;
use crate::store::seen::{Seen, SeenId};
use crate::store::waiting::Failure;
use crate::store::{Connection, StoreError, document, link, seen, waiting};

/// A record without a link.
pub(super) fn record(row: &Seen) -> Named {
    let id = |side: Side| (row.record.side == side).then(|| row.record.id.clone());
    Named {
        kind: row.record.kind,
        label: row.record.label(),
        link: row.link,
        flowtly: id(Side::Flowtly),
        crm: id(Side::Crm),
    }
}

/// A pair of which the halves are given, as far as they are known.
pub(super) fn pair<'a>(link: &Link, halves: impl IntoIterator<Item = &'a Seen>) -> Named {
    // Flowtly's name comes first; a half that was never read leaves the other's, or the id.
    let half = halves.into_iter().min_by_key(|half| half.record.side);
    Named {
        kind: link.kind,
        label: half.map_or_else(|| link.flowtly_id.to_string(), |half| half.record.label()),
        link: Some(link.id),
        flowtly: Some(link.flowtly_id.clone()),
        crm: Some(link.crm_id.clone()),
    }
}

/// The names of these pairs.
pub(super) async fn pairs(
    connection: &mut Connection,
    locale: &Locale,
    links: &[LinkId],
) -> Result<BTreeMap<LinkId, Named>, StoreError> {
    let halves = seen::by_link(connection, locale, links).await?;
    let rows = link::by_id(connection, links).await?;
    Ok(rows
        .into_iter()
        .map(|(id, link)| (id, pair(&link, halves.iter().filter(|half| half.link == Some(id)))))
        .collect())
}

/// What systems refused, with the names of the records; only those that `keep` wants.
pub(super) async fn failures(
    connection: &mut Connection,
    locale: &Locale,
    keep: impl Fn(&Failure) -> bool,
) -> Result<Vec<FailureItem>, StoreError> {
    let failures: Vec<Failure> = waiting::failures(connection).await?.into_iter().filter(keep).collect();
    let links: Vec<LinkId> = failures.iter().filter_map(|failure| failure.link).collect();
    let rows: Vec<SeenId> = failures.iter().filter_map(|failure| failure.seen).collect();
    let pairs = pairs(connection, locale, &links).await?;
    let records: BTreeMap<SeenId, Named> =
        seen::by_id(connection, locale, &rows).await?.iter().map(|row| (row.id, record(row))).collect();
    Ok(failures
        .into_iter()
        .filter_map(|failure| {
            let by_link = failure.link.and_then(|id| pairs.get(&id));
            let by_row = failure.seen.and_then(|id| records.get(&id));
            let record = by_link.or(by_row)?.clone();
            Some(FailureItem { failure, record })
        })
        .collect())
}

/// What documents the CRM refused, with the names of their companies.
pub(super) async fn document_failures(
    connection: &mut Connection,
    locale: &Locale,
) -> Result<Vec<DocumentFailureItem>, StoreError> {
    let failures = document::failures(connection).await?;
    let links: Vec<LinkId> = failures.iter().map(|failure| failure.link).collect();
    let pairs = pairs(connection, locale, &links).await?;
    let item = |failure: document::Failure| {
        let record = pairs.get(&failure.link).cloned();
        DocumentFailureItem { failure, record }
    };
    Ok(failures.into_iter().map(item).collect())
}

/// A record in words for an error or a hint: `company 17 of Flowtly`. Ids only.
pub(super) fn plain(kind: crate::domain::record::Kind, side: Side, id: &RemoteId) -> String {
    format!("{kind} {} of {side}", crate::render::clean::Clean(id))
}
