//! Pages of records.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::settings::Lane;
use super::talk::{Talk, circle, endpoint_must_exist};
use super::wire::{self, Item};
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::record::Kind;
use crate::domain::shape::Row;

/// Which records are listed, and in which order.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    parameters: Vec<(&'static str, String)>,
}

impl Query {
    pub(super) fn sorted(by: &'static str, direction: &'static str) -> Self {
        Self::default().with("sort_by", by).with("sort_direction", direction)
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }
}

/// A page of records.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) date: Option<DateTime<Utc>>,
}

/// Records, a page at a time, by cursor.
#[derive(Debug)]
pub(super) struct List {
    kind: Kind,
    query: Query,
    limit: usize,
    place: Place,
    used: HashSet<String>,
}

#[derive(Debug)]
enum Place {
    Beginning,
    Cursor(String),
    End,
}

impl List {
    pub(super) fn new(kind: Kind, query: Query, limit: usize) -> Self {
        Self { kind, query, limit, place: Place::Beginning, used: HashSet::new() }
    }

    /// The next page, perhaps an empty one; `None` at the end.
    pub(super) async fn next(&mut self, talk: &Talk) -> Result<Option<Page>, PortError> {
        let cursor = match &self.place {
            Place::Beginning => None,
            Place::Cursor(cursor) => Some(cursor.as_str()),
            Place::End => return Ok(None),
        };
        let (reply, date) = self.ask(talk, cursor).await?;
        self.place = match reply.next {
            None => Place::End,
            Some(next) if !self.used.insert(next.clone()) => return Err(circle()),
            Some(next) => Place::Cursor(next),
        };
        Ok(Some(Page { rows: talk.rows(self.kind, &reply.data).await?, date }))
    }

    /// A key that Pipedrive refuses is one of a field that was deleted since: the fields are read again.
    async fn ask(&self, talk: &Talk, cursor: Option<&str>) -> Result<Answer, PortError> {
        let selected = talk.bound(self.kind).await?.selected.clone().filter(|_| talk.settings.select_fields);
        match self.ask_with(talk, cursor, selected.as_deref()).await {
            Err(error) if error.kind == ErrorKind::Invalid && selected.is_some() => {
                let again = talk.fresh(self.kind).await?.selected.clone();
                if again == selected {
                    return Err(error);
                }
                self.ask_with(talk, cursor, again.as_deref()).await
            }
            answer => answer,
        }
    }

    async fn ask_with(
        &self,
        talk: &Talk,
        cursor: Option<&str>,
        selected: Option<&[String]>,
    ) -> Result<Answer, PortError> {
        let mut url = talk.at.records(self.kind, &[]);
        {
            let mut query = url.query_pairs_mut();
            for (name, value) in &self.query.parameters {
                query.append_pair(name, value);
            }
            query.append_pair("limit", &self.limit.to_string());
            if let Some(selected) = selected {
                query.append_pair("custom_fields", &selected.join(","));
            }
            if let Some(cursor) = cursor {
                query.append_pair("cursor", cursor);
            }
        }
        let reply = talk.get("/api/v2/{type}", url, Lane::List).await.map_err(endpoint_must_exist)?;
        Ok((wire::reply::<Vec<Item>>(&reply.body)?, reply.date))
    }
}

type Answer = (wire::Reply<Vec<Item>>, Option<DateTime<Utc>>);
