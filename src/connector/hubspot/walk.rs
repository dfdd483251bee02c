//! Walks: the list by key (live records, then archived ones), and the search for what changed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};

use super::layout::CREATED;
use super::read::{self, Which};
use super::row;
use super::search::{self, Search};
use super::settings::BATCH;
use super::talk::{Talk, endpoint_must_exist};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Evidence, Frontier, Step, Walk, WalkEnd};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// A list of properties longer than this does not fit into a URL; then contents are read by id.
const LONGEST_PROPERTY_LIST: usize = 2_000;

/// Everything, by key.
#[derive(Debug)]
pub(super) struct ListWalk {
    talk: Arc<Talk>,
    kind: Kind,
    cursor: Option<Cursor>,
    started: Option<DateTime<Utc>>,
    highest: Option<u64>,
}

impl ListWalk {
    pub(super) fn new(talk: Arc<Talk>, kind: Kind) -> Self {
        Self { talk, kind, cursor: Some(Cursor::new(Which::Live, None)), started: None, highest: None }
    }
}

#[async_trait]
impl Walk for ListWalk {
    async fn next(&mut self) -> Result<Step, PortError> {
        while let Some(cursor) = &mut self.cursor {
            let began = Began::now(&self.talk);
            let page = list_page(&self.talk, self.kind, cursor).await?;
            let started = *self.started.get_or_insert_with(|| began.server_time(&self.talk, page.date));
            self.highest = self.highest.max(highest_before(&page.rows, started));
            if !cursor.go_on(page.after)? {
                self.cursor = match cursor.which {
                    Which::Live => Some(Cursor::new(Which::Archived, None)),
                    Which::Archived => None,
                };
            }
            if !page.rows.is_empty() {
                return Ok(Step::Page(page.rows));
            }
        }
        let started = self.started.unwrap_or_else(|| self.talk.now());
        Ok(Step::End(end(started, self.highest)))
    }
}

/// What changed since a time. The index tells ids, contents are read by id.
#[derive(Debug)]
pub(super) struct ChangedWalk {
    talk: Arc<Talk>,
    kind: Kind,
    search: Search,
    /// Ids that the search gave and that are not read yet.
    waiting: Vec<RemoteId>,
    started: DateTime<Utc>,
    highest: Option<u64>,
}

impl ChangedWalk {
    /// Asks first for the highest known id: what is made from now on has a higher one.
    pub(super) async fn begin(talk: Arc<Talk>, kind: Kind, since: DateTime<Utc>) -> Result<Self, PortError> {
        let began = Began::now(&talk);
        let (highest, date) = search::highest_id(&talk, kind).await?;
        let search = Search::since(talk.layout(kind).modified, since);
        let started = began.server_time(&talk, date);
        Ok(Self { talk, kind, search, waiting: Vec::new(), started, highest })
    }
}

#[async_trait]
impl Walk for ChangedWalk {
    async fn next(&mut self) -> Result<Step, PortError> {
        loop {
            if self.waiting.is_empty() {
                let Some(ids) = self.search.next(&self.talk, self.kind).await? else {
                    let evidence = self.search.evidence();
                    return Ok(Step::End(WalkEnd { evidence, ..end(self.started, self.highest) }));
                };
                self.waiting = ids;
            }
            let batch: Vec<RemoteId> = self.waiting.drain(..self.waiting.len().min(BATCH)).collect();
            if batch.is_empty() {
                continue;
            }
            let rows = read::rows(&self.talk, self.kind, &batch).await?;
            if !rows.is_empty() {
                return Ok(Step::Page(rows));
            }
        }
    }
}

/// What was made since a walk began: what the list shows behind the highest id of then, and, the first time or where a list
/// cannot begin behind an id, what the index shows of it. Later calls go on from the highest id of this one.
///
/// What the list shows counts whenever it was made: the walk's index may not have shown it, and what absorbs a record is younger
/// than its stamp.
pub(super) async fn appeared(talk: &Talk, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
    let (started, highest, searched) = parse(frontier)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut met: HashSet<RemoteId> = HashSet::new();
    if talk.settings.list_after_is_id {
        let mut cursor = Cursor::new(Which::Live, highest.map(|id| id.to_string()));
        loop {
            let page = list_page(talk, kind, &cursor).await?;
            rows.extend(page.rows.into_iter().filter(|row| met.insert(row.id.clone())));
            if !cursor.go_on(page.after)? {
                break;
            }
        }
    }
    if !(searched && talk.settings.list_after_is_id) {
        let lag = chrono::Duration::from_std(talk.settings.search_lag).unwrap_or_default();
        let mut search = Search::since(CREATED, started - lag);
        while let Some(ids) = search.next(talk, kind).await? {
            let fresh: Vec<RemoteId> = ids.into_iter().filter(|id| met.insert(id.clone())).collect();
            rows.extend(read::rows(talk, kind, &fresh).await?);
        }
        if search.evidence() != Evidence::Key {
            return Err(search::incomplete("told of more new records than it showed"));
        }
    }
    let highest = rows.iter().filter_map(|row| row.id.as_number()).chain(highest).max();
    Ok((rows, mark(started, highest, SEARCHED)))
}

/// Ends a mark whose index was searched already.
const SEARCHED: &str = " searched";

fn mark(started: DateTime<Utc>, highest: Option<u64>, searched: &str) -> Frontier {
    let highest = highest.map(|id| id.to_string()).unwrap_or_default();
    Frontier(format!("{} {highest}{searched}", started.to_rfc3339_opts(SecondsFormat::Millis, true)))
}

/// A page of the list.
struct ListPage {
    rows: Vec<Row>,
    after: Option<String>,
    date: Option<DateTime<Utc>>,
}

/// Where a list stands.
#[derive(Debug)]
struct Cursor {
    which: Which,
    after: Option<String>,
    used: HashSet<String>,
}

impl Cursor {
    fn new(which: Which, after: Option<String>) -> Self {
        Self { which, after, used: HashSet::new() }
    }

    /// Moves on; false at the end. A cursor that comes again would never end.
    fn go_on(&mut self, after: Option<String>) -> Result<bool, PortError> {
        let Some(after) = after else { return Ok(false) };
        if Some(&after) == self.after.as_ref() || !self.used.insert(after.clone()) {
            return Err(PortError::new(ErrorKind::Protocol, "HubSpot's list goes round in a circle"));
        }
        self.after = Some(after);
        Ok(true)
    }
}

async fn list_page(talk: &Talk, kind: Kind, cursor: &Cursor) -> Result<ListPage, PortError> {
    let layout = talk.layout(kind);
    let properties = layout.asked.join(",");
    let in_url = properties.len() <= LONGEST_PROPERTY_LIST;
    let mut url = talk.at.objects(kind, &[]);
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("limit", &talk.settings.page_size.to_string());
        if let Some(after) = &cursor.after {
            query.append_pair("after", after);
        }
        if cursor.which == Which::Archived {
            query.append_pair("archived", "true");
        }
        if in_url {
            query.append_pair("properties", &properties);
        }
        if kind == Kind::Contact {
            query.append_pair("associations", "companies");
        }
    }
    let reply = talk.get("/crm/objects/{version}/{type}", url).await.map_err(endpoint_must_exist)?;
    let objects = row::objects(layout, &reply.body)?;
    read::tell_too_long(layout, &objects);
    let mut cut: Vec<Row> = Vec::new();
    let mut rows: Vec<Row> = Vec::with_capacity(objects.entries.len());
    for entry in objects.entries {
        if entry.parents_cut { &mut cut } else { &mut rows }.push(entry.row);
    }
    read::put_parents(talk, kind, &mut cut).await?;
    rows.append(&mut cut);
    if !in_url {
        rows = with_contents(talk, kind, rows, cursor.which).await?;
    }
    Ok(ListPage { rows, after: objects.after, date: reply.date })
}

/// The listed records with all their properties, and with the companies that the list gave.
async fn with_contents(talk: &Talk, kind: Kind, listed: Vec<Row>, which: Which) -> Result<Vec<Row>, PortError> {
    let ids: Vec<RemoteId> = listed.iter().map(|row| row.id.clone()).collect();
    let mut rows = read::bare_rows(talk, kind, &ids, which).await?;
    for row in &mut rows {
        if let Some(listed) = listed.iter().find(|listed| listed.id == row.id) {
            row.parents.clone_from(&listed.parents);
        }
    }
    Ok(rows)
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

/// The highest id of records that were made before the walk began: what was made since lies behind it.
fn highest_before(rows: &[Row], started: DateTime<Utc>) -> Option<u64> {
    rows.iter()
        .filter(|row| row.created.is_some_and(|created| created < started))
        .filter_map(|row| row.id.as_number())
        .max()
}

fn end(started: DateTime<Utc>, highest: Option<u64>) -> WalkEnd {
    WalkEnd { evidence: Evidence::Key, started, frontier: mark(started, highest, ""), shown: None }
}

/// When the walk began, the highest id of then, and whether the index was searched since.
fn parse(frontier: &Frontier) -> Result<(DateTime<Utc>, Option<u64>, bool), PortError> {
    let mut words = frontier.0.split(' ');
    let started = DateTime::parse_from_rfc3339(words.next().unwrap_or_default())
        .map_err(|_| PortError::new(ErrorKind::Setting, "the mark of the last walk is not one of HubSpot's"))?;
    let highest = words.next().and_then(|id| id.parse().ok());
    Ok((started.with_timezone(&Utc), highest, words.next() == Some(SEARCHED.trim_start())))
}
