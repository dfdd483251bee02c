//! Walks: everything by id, and what changed since a time. A cursor goes by the key of the last record and not by its number, so
//! that nothing is pushed out of sight; deleted records are in no list.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};

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
    pages: usize,
    /// The revisions of the last page: a cursor that begins at the last record, and not behind it, shows it twice.
    given: HashSet<(RemoteId, Version)>,
}

/// How far it goes.
#[derive(Debug)]
enum Went {
    /// Over everything; the highest id of a record that was made before it began.
    Everything(Option<u64>),
    /// Over what changed.
    Changed,
}

impl ListWalk {
    /// Everything, by id.
    pub(super) fn complete(talk: Arc<Talk>, kind: Kind) -> Self {
        Self::new(talk, kind, Query::sorted("id", "asc"), Went::Everything(None))
    }

    /// What changed since a time, the oldest change first. Pipedrive refuses fractions of a second.
    pub(super) fn changed(talk: Arc<Talk>, kind: Kind, since: DateTime<Utc>) -> Self {
        let query = Query::sorted("update_time", "asc").with("updated_since", whole_seconds(since));
        Self::new(talk, kind, query, Went::Changed)
    }

    fn new(talk: Arc<Talk>, kind: Kind, query: Query, extent: Went) -> Self {
        let list = List::new(kind, query, talk.settings.page_size);
        Self { talk, kind, list, started: None, extent, pages: 0, given: HashSet::new() }
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
        loop {
            let began = Began::now(&self.talk);
            let Some(page) = self.list.next(&self.talk).await? else { break };
            let started = *self.started.get_or_insert_with(|| began.server_time(&self.talk, page.date));
            self.pages += 1;
            if let Went::Everything(highest) = &mut self.extent {
                *highest = (*highest).max(highest_before(&page.rows, started));
            }
            let rows = self.fresh(page.rows);
            if !rows.is_empty() {
                return Ok(Step::Page(rows));
            }
        }
        let started = self.started.unwrap_or_else(|| self.talk.now());
        let highest = match self.extent {
            Went::Everything(highest) => highest,
            Went::Changed => None,
        };
        if self.kind == Kind::Contact && matches!(self.extent, Went::Everything(_)) {
            self.talk.contact_pages.store(self.pages, Ordering::Relaxed);
        }
        Ok(Step::End(WalkEnd { evidence: Evidence::Key, started, frontier: mark(started, highest), shown: None }))
    }
}

/// What was made since a walk began, newest first: what has a higher id than the highest of then, or, where that is not known,
/// what was made since by Pipedrive's own stamps. The mark of the next call always has an id.
///
/// A stamp can be chosen by whoever makes a record; so a whole page of older ones has to be met before the rest is left.
pub(super) async fn appeared(talk: &Talk, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
    let (started, known) = parse(frontier)?;
    let mut list = List::new(kind, Query::sorted("id", "desc"), talk.settings.page_size);
    let mut rows: Vec<Row> = Vec::new();
    let mut highest = known;
    while let Some(page) = list.next(talk).await? {
        highest = page.rows.iter().filter_map(|row| row.id.as_number()).chain(highest).max();
        let met = page.rows.len();
        let new: Vec<Row> = page.rows.into_iter().filter(|row| is_new(row, started, known)).collect();
        let is_last = match known {
            Some(_) => new.len() < met,
            None => new.is_empty(),
        };
        rows.extend(new);
        if is_last {
            break;
        }
    }
    Ok((rows, mark(started, highest)))
}

fn is_new(row: &Row, started: DateTime<Utc>, known: Option<u64>) -> bool {
    match known {
        Some(known) => row.id.as_number().is_some_and(|id| id > known),
        // Stamps have whole seconds: what was made in the second of the beginning may have been made after it.
        None => row.created.is_none_or(|created| created >= started - chrono::Duration::seconds(1)),
    }
}

fn mark(started: DateTime<Utc>, highest: Option<u64>) -> Frontier {
    let highest = highest.map(|id| id.to_string()).unwrap_or_default();
    Frontier(format!("{} {highest}", started.to_rfc3339_opts(SecondsFormat::Millis, true)))
}

/// When the walk began, and the highest id of then.
fn parse(frontier: &Frontier) -> Result<(DateTime<Utc>, Option<u64>), PortError> {
    let (started, highest) = frontier.0.split_once(' ').unwrap_or((&frontier.0, ""));
    let started = DateTime::parse_from_rfc3339(started)
        .map_err(|_| PortError::new(ErrorKind::Setting, "the mark of the last walk is not one of Pipedrive's"))?;
    Ok((started.with_timezone(&Utc), highest.parse().ok()))
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
