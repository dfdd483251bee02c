//! Walks, by the ids' order: everything, or what changed since a time.
//!
//! What changed is not paged by its stamps. Odoo orders by microseconds and shows whole seconds, all records of one call share a
//! stamp, and `>` and `=` on stamps mean one thing in one version and another in the next; only `>=` is what it says. What was
//! written since a time stays written since that time, so that the ids alone order it without gaps.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::call::Archived;
use super::domain::{any, leaf};
use super::layout::{CREATED, WRITTEN};
use super::read;
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Evidence, Extent, Frontier, Lookup, Step, Walk, WalkEnd};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// A walk under way.
#[derive(Debug)]
pub(super) struct KeyWalk {
    talk: Arc<Talk>,
    kind: Kind,
    conditions: Vec<Value>,
    after: Option<u64>,
    started: DateTime<Utc>,
    highest: Option<u64>,
}

impl KeyWalk {
    /// Asks first for the highest id: what is made from now on has a higher one, or was begun before and shows by its stamp.
    pub(super) async fn begin(talk: Arc<Talk>, kind: Kind, extent: Extent) -> Result<Self, PortError> {
        let began = Began::now(&talk);
        talk.met.clear(kind);
        let (highest, date) = read::highest_id(&talk, kind).await?;
        let conditions = match extent {
            Extent::Complete => Vec::new(),
            Extent::Since(since) => vec![leaf(WRITTEN, ">=", json!(stamp(since)))],
        };
        let started = began.server_time(&talk, date);
        Ok(Self { talk, kind, conditions, after: Some(0), started, highest })
    }
}

#[async_trait]
impl Walk for KeyWalk {
    async fn next(&mut self) -> Result<Step, PortError> {
        if let Some(after) = self.after {
            let page = read::page(&self.talk, self.kind, &self.conditions, after, Archived::Shown).await?;
            self.after = page.after;
            if !page.rows.is_empty() {
                let since = self.started - overlap(&self.talk);
                let fresh = page.rows.iter().filter(|row| row.created.is_none_or(|created| created >= since));
                self.talk.met.note(self.kind, fresh.map(|row| &row.id));
                return Ok(Step::Page(page.rows));
            }
        }
        let frontier = mark(self.started, self.highest);
        Ok(Step::End(WalkEnd { evidence: Evidence::Key, started: self.started, frontier, shown: None }))
    }
}

/// What was made since a walk began: what lies behind the highest id of then, and what carries a stamp of the overlap before it,
/// for a transaction takes its ids and its stamp when it begins and shows them when it ends. What was delivered or made by us
/// since is not read again.
pub(super) async fn appeared(talk: &Talk, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
    let (started, highest) = parse(frontier)?;
    let mut ways = vec![leaf(CREATED, ">=", json!(stamp(started - overlap(talk))))];
    ways.extend(highest.map(|highest| leaf("id", ">", json!(highest))));
    let mut ids = read::ids(talk, kind, &any(ways)).await?;
    ids.retain(|id| !talk.met.knows(kind, *id));
    let ids: Vec<RemoteId> = ids.into_iter().map(|id| RemoteId::new(id.to_string())).collect();
    let mut rows = Vec::with_capacity(ids.len());
    if !ids.is_empty() {
        rows.extend(read::get(talk, kind, &ids).await?.into_iter().filter_map(|lookup| match lookup {
            Lookup::Found(row) => Some(*row),
            Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_) => None,
        }));
    }
    talk.met.note(kind, rows.iter().map(|row| &row.id));
    // The mark stays where it was: what is committed late has a lower id than what is known, and an older stamp.
    Ok((rows, mark(started, highest)))
}

fn overlap(talk: &Talk) -> chrono::Duration {
    chrono::Duration::from_std(talk.settings.overlap).unwrap_or_default()
}

/// A time for a condition: whole seconds without a zone; a zone would be refused, a fraction is cut off anyway.
fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn mark(started: DateTime<Utc>, highest: Option<u64>) -> Frontier {
    let highest = highest.map(|id| id.to_string()).unwrap_or_default();
    Frontier(format!("{} {highest}", started.to_rfc3339_opts(SecondsFormat::Millis, true)))
}

fn parse(frontier: &Frontier) -> Result<(DateTime<Utc>, Option<u64>), PortError> {
    let (started, highest) = frontier.0.split_once(' ').unwrap_or((&frontier.0, ""));
    let started = DateTime::parse_from_rfc3339(started)
        .map_err(|_| PortError::new(ErrorKind::Setting, "the mark of the last walk is not one of Odoo's"))?;
    Ok((started.with_timezone(&Utc), highest.parse().ok()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_another_systems_is_refused() {
        let started = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(parse(&mark(started, Some(7))).unwrap(), (started, Some(7)));
        assert_eq!(parse(&mark(started, None)).unwrap(), (started, None));
        assert_eq!(parse(&Frontier("page 7".to_owned())).unwrap_err().kind, ErrorKind::Setting);
    }

    #[test]
    fn a_condition_on_a_time_has_whole_seconds_and_no_zone() {
        assert_eq!(stamp("2026-11-23T12:00:00.987Z".parse().unwrap()), "2026-11-23 12:00:00");
    }
}
