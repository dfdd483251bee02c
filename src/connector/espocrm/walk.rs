//! Walks: by key, over everything or over what changed, and what appeared since.
//!
//! Both go by id, which no edit moves: a record that is written during a walk neither hides another one nor is lost. What is
//! changed behind a walk's back is newer than its beginning, so that the next one shows it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};

use super::query::Where;
use super::read;
use super::row::stamp;
use super::talk::{Began, Talk};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Evidence, Frontier, Step, Walk, WalkEnd};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// A walk in the order of ids.
#[derive(Debug)]
pub(super) struct KeyWalk {
    talk: Arc<Talk>,
    kind: Kind,
    conditions: Vec<Where>,
    place: Place,
    started: Option<DateTime<Utc>>,
}

/// Where a walk stands.
#[derive(Debug)]
enum Place {
    Start,
    Behind(RemoteId),
    End,
}

impl KeyWalk {
    /// Everything, or what changed since. Stamps are whole seconds, and a second change within one of them leaves no trace:
    /// the second itself is read, too.
    pub(super) fn new(talk: Arc<Talk>, kind: Kind, since: Option<DateTime<Utc>>) -> Self {
        let conditions = since.map(|since| Where::one("greaterThanOrEquals", "modifiedAt", stamp(since)));
        Self { talk, kind, conditions: conditions.into_iter().collect(), place: Place::Start, started: None }
    }
}

#[async_trait]
impl Walk for KeyWalk {
    async fn next(&mut self) -> Result<Step, PortError> {
        loop {
            let after = match &self.place {
                Place::Start => None,
                Place::Behind(id) => Some(id.clone()),
                Place::End => {
                    let started = self.started.unwrap_or_else(|| self.talk.now());
                    return Ok(Step::End(WalkEnd {
                        evidence: Evidence::Key,
                        started,
                        frontier: mark(started),
                        shown: None,
                    }));
                }
            };
            let began = Began::now(&self.talk);
            let page = read::page(&self.talk, self.kind, &self.conditions, after.as_ref()).await?;
            self.started.get_or_insert_with(|| began.server_time(&self.talk, page.date));
            self.place = page.next.map_or(Place::End, Place::Behind);
            if !page.rows.is_empty() {
                return Ok(Step::Page(page.rows));
            }
        }
    }
}

/// What was made since a walk, or an earlier call, began. A record is stamped before it can be seen, so that each call
/// reaches some seconds further back.
pub(super) async fn appeared(talk: &Talk, kind: Kind, frontier: &Frontier) -> Result<(Vec<Row>, Frontier), PortError> {
    let since = parse(frontier)? - chrono::Duration::from_std(talk.settings.late_commit).unwrap_or_default();
    let condition = [Where::one("greaterThanOrEquals", "createdAt", stamp(since))];
    let began = Began::now(talk);
    let first = read::page(talk, kind, &condition, None).await?;
    let now = began.server_time(talk, first.date);
    let mut rows = first.rows;
    let mut next = first.next;
    while let Some(after) = next {
        let page = read::page(talk, kind, &condition, Some(&after)).await?;
        rows.extend(page.rows);
        next = page.next;
    }
    Ok((rows, mark(now)))
}

fn mark(time: DateTime<Utc>) -> Frontier {
    Frontier(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn parse(frontier: &Frontier) -> Result<DateTime<Utc>, PortError> {
    let time = DateTime::parse_from_rfc3339(&frontier.0);
    let wrong = |_| PortError::new(ErrorKind::Setting, "the mark of the last walk is not one of EspoCRM's");
    time.map(|time| time.with_timezone(&Utc)).map_err(wrong)
}
