//! Walks: everything by id, and what changed since a time. A cursor goes by the key of the last record and not by its number, so
//! that nothing is pushed out of sight; deleted records are in no list.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::list::{List, Query};
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Evidence, Frontier, Step, Walk, WalkEnd};
use crate::domain::record::{Kind, RemoteId, Version};
use crate::domain::shape::Row;

/// A walk over a list.
#[derive(Debug)]
pub(super) struct ListWalk {
    talk: Arc<Talk>,
    kind: Kind,
    list: List,
    started: Option<DateTime<Utc>>,
    extent: Went,
    /// The highest id up to which every record was met, or was there when it began. Changes do not raise it: they may show a record
    /// and leave out another one below it.
    highest: Option<u64>,
    pages: usize,
    /// The revisions of the last page: a cursor that begins at the last record, and not behind it, shows it twice.
    given: HashSet<(RemoteId, Version)>,
}

/// How far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    /// Over everything.
    Everything,
    /// Over what changed.
    Changed,
}

impl ListWalk {
    /// Everything, by id.
    pub(super) fn complete(talk: Arc<Talk>, kind: Kind) -> Self {
        Self::new(talk, kind, Query::sorted("id", "asc"), Went::Everything, None)
    }

    /// What changed since a time, the oldest change first. Pipedrive refuses fractions of a second.
    pub(super) fn changed(talk: Arc<Talk>, kind: Kind, since: DateTime<Utc>) -> Self {
        let query = Query::sorted("update_time", "asc").with("updated_since", whole_seconds(since));
        let highest = talk.highest(kind);
        Self::new(talk, kind, query, Went::Changed, highest)
    }

    fn new(talk: Arc<Talk>, kind: Kind, query: Query, extent: Went, highest: Option<u64>) -> Self {
        let list = List::new(kind, query, talk.settings.page_size);
        Self { talk, kind, list, started: None, extent, highest, pages: 0, given: HashSet::new() }
    }

    /// A walk of changes without a walk before it asks for the highest id: once, for that costs as much as a page. No stamp tells
    /// what appears later, for whoever imports a record chooses when it was made.
    async fn begin(&mut self) -> Result<(), PortError> {
        if self.extent == Went::Changed && self.highest.is_none() {
            let newest = List::new(self.kind, Query::sorted("id", "desc"), 1).next(&self.talk).await?;
            let ids = newest.iter().flat_map(|page| &page.rows).filter_map(|row| row.id.as_number());
            self.highest = Some(ids.max().unwrap_or(0));
        }
        Ok(())
    }

    /// What of a page was not given with the one before. What is edited during the walk comes again, under another revision.
    fn fresh(&mut self, mut rows: Vec<Row>) -> Vec<Row> {
        let revision = |row: &Row| row.version.clone().map(|version| (row.id.clone(), version));
        let page: HashSet<_> = rows.iter().filter_map(revision).collect();
        let before = std::mem::replace(&mut self.given, page);
        rows.retain(|row| revision(row).is_none_or(|revision| !before.contains(&revision)));
        rows
    }
}

#[async_trait]
impl Walk for ListWalk {
    async fn next(&mut self) -> Result<Step, PortError> {
        self.begin().await?;
        loop {
            let began = Began::now(&self.talk);
            let Some(page) = self.list.next(&self.talk).await? else { break };
            let started = *self.started.get_or_insert_with(|| began.server_time(&self.talk, page.date));
            self.pages += 1;
            if self.extent == Went::Everything {
                self.highest = self.highest.max(highest_before(&page.rows, started));
            }
            let rows = self.fresh(page.rows);
            if !rows.is_empty() {
                return Ok(Step::Page(rows));
            }
        }
        let started = self.started.unwrap_or_else(|| self.talk.now());
        // Where nothing was made before, everything is new.
        let highest = self.highest.unwrap_or(0);
        self.talk.met(self.kind, highest);
        if self.kind == Kind::Contact && self.extent == Went::Everything {
            self.talk.contact_pages.store(self.pages, Ordering::Relaxed);
        }
        Ok(Step::End(WalkEnd { evidence: Evidence::Key, started, frontier: mark(highest, started), shown: None }))
    }
}

/// What was made since, newest first: what has a higher id than the highest that was met. A walk of changes leaves that to the
/// walks before it, so that what it showed may come again. What else changed or came back since stands at the old ids: of that,
/// whatever is met on these pages.
pub(super) async fn appeared(talk: &Talk, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
    let (known, since) = parse(frontier)?;
    let began = Began::now(talk);
    let mut started = None;
    let mut list = List::new(kind, Query::sorted("id", "desc"), talk.settings.page_size);
    let mut rows: Vec<Row> = Vec::new();
    let mut highest = known;
    let is_new = |row: &Row| row.id.as_number().is_some_and(|id| id > known);
    while let Some(page) = list.next(talk).await? {
        started.get_or_insert_with(|| began.server_time(talk, page.date));
        highest = page.rows.iter().filter_map(|row| row.id.as_number()).fold(highest, u64::max);
        let is_last = !page.rows.iter().all(is_new);
        rows.extend(page.rows.into_iter().filter(|row| is_new(row) || row.modified.is_some_and(|at| at >= since)));
        if is_last {
            break;
        }
    }
    talk.met(kind, highest);
    Ok((rows, mark(highest, started.unwrap_or(since))))
}

/// The highest id that was met, and the server's second in which the reading began.
fn mark(highest: u64, started: DateTime<Utc>) -> Frontier {
    Frontier(format!("{highest} {}", started.timestamp()))
}

fn parse(frontier: &Frontier) -> Result<(u64, DateTime<Utc>), PortError> {
    let parts = frontier.0.split_once(' ').and_then(|(highest, started)| {
        Some((highest.parse().ok()?, DateTime::from_timestamp(started.parse().ok()?, 0)?))
    });
    parts.ok_or_else(|| PortError::new(ErrorKind::Setting, "the mark of the last walk is not one of Pipedrive's"))
}

fn whole_seconds(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The highest id of records that were made before the walk began: what was made since lies behind it.
fn highest_before(rows: &[Row], started: DateTime<Utc>) -> Option<u64> {
    rows.iter()
        .filter(|row| row.created.is_some_and(|created| created < started))
        .filter_map(|row| row.id.as_number())
        .max()
}

/// When a request was sent.
struct Began {
    now: DateTime<Utc>,
    elapsed: Duration,
}

impl Began {
    fn now(talk: &Talk) -> Self {
        Self { now: talk.now(), elapsed: talk.elapsed() }
    }

    /// The server's time when it was sent: what its reply told less the time since; ours where it told none.
    fn server_time(&self, talk: &Talk, date: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let since = talk.elapsed().saturating_sub(self.elapsed);
        date.map_or(self.now, |date| date - chrono::Duration::from_std(since).unwrap_or_default())
    }
}
