//! HubSpot's search: it lags, it is capped, and it sorts by one property only. So it is asked for ids alone, and every page
//! begins where the last one ended, by key and not by offset.
//!
//! The key is the id and not the time that is asked about: HubSpot does not keep the order of a time (records come later than
//! they should, by up to an hour; estuary/connectors 5180), its own jobs stamp thousands alike, and a record that is edited
//! during the walk takes another place. Its id stays, and what is stamped anew is still at or after the time. Whether all that
//! the index told of was shown is counted nevertheless.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::layout::OBJECT_ID;
use super::request::{Filter, FilterGroup, SearchBody, Sort};
use super::settings::SEARCH_LANE;
use super::talk::{Talk, endpoint_must_exist};
use super::wire::{self, Paging, SearchPage};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Evidence;
use crate::domain::record::{Kind, RemoteId};

const ROUTE: &str = "/crm/objects/{version}/{type}/search";

/// The ids of records whose time in a property is at or after a bound, in their order.
#[derive(Debug)]
pub(super) struct Search {
    property: &'static str,
    /// Milliseconds since 1970.
    since: i64,
    /// The highest id that was shown; the search goes on behind it.
    last: u64,
    /// How many records the first answer told of, where it told.
    told: Option<u64>,
    /// What was shown since.
    shown: HashSet<RemoteId>,
    /// What was given before everything was asked for again.
    before: HashSet<RemoteId>,
    place: Place,
}

/// Where a search stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is under way.
    First,
    /// It showed less than it told of, and is repeated: records that are archived meanwhile are missing rightly.
    Again,
    /// At the end.
    End,
}

impl Search {
    /// A search from a time on.
    pub(super) fn since(property: &'static str, since: DateTime<Utc>) -> Self {
        Self {
            property,
            since: since.timestamp_millis(),
            last: 0,
            told: None,
            shown: HashSet::new(),
            before: HashSet::new(),
            place: Place::First,
        }
    }

    /// The next ids, perhaps none; `None` at the end.
    pub(super) async fn next(&mut self, talk: &Talk, kind: Kind) -> Result<Option<Vec<RemoteId>>, PortError> {
        if self.place == Place::End {
            return Ok(None);
        }
        let page = ask(talk, kind, &self.body(talk.settings.search_page_size)).await?.0;
        self.advance(page).map(Some)
    }

    /// What says at the end that it showed everything: that it went by key, unless it told of more than it showed.
    pub(super) fn evidence(&self) -> Evidence {
        let shown = self.shown.len() as u64;
        match self.told {
            Some(told) if told > shown => {
                Evidence::Numbered { first_total: Some(told), last_total: Some(told), distinct: shown }
            }
            Some(_) | None => Evidence::Key,
        }
    }

    fn body(&self, limit: usize) -> SearchBody<'static> {
        let at_or_after = Filter { property: self.property, operator: "GTE", value: self.since.to_string() };
        let behind = Filter { property: OBJECT_ID, operator: "GT", value: self.last.to_string() };
        SearchBody {
            query: None,
            filter_groups: vec![FilterGroup { filters: vec![at_or_after, behind] }],
            sorts: vec![Sort { property: OBJECT_ID, direction: "ASCENDING" }],
            properties: vec![OBJECT_ID],
            limit,
            after: "0".to_owned(),
        }
    }

    /// Takes a page in: what of it is new, and where to go on.
    fn advance(&mut self, page: SearchPage) -> Result<Vec<RemoteId>, PortError> {
        if self.last == 0 {
            self.told = page.total;
        }
        let goes_on = page.paging.and_then(Paging::after).is_some();
        let mut fresh = Vec::with_capacity(page.results.len());
        let mut highest = self.last;
        for hit in page.results {
            let id = RemoteId::new(hit.id.0);
            highest = highest.max(id.as_number().unwrap_or_default());
            if self.shown.insert(id.clone()) && !self.before.contains(&id) {
                fresh.push(id);
            }
        }
        if goes_on && highest == self.last {
            return Err(incomplete("does not get on by id"));
        }
        self.last = highest;
        if !goes_on {
            self.place = match (self.place, self.evidence()) {
                (Place::First, Evidence::Numbered { .. }) => {
                    self.before.extend(self.shown.drain());
                    self.last = 0;
                    Place::Again
                }
                (Place::First | Place::Again | Place::End, _) => Place::End,
            };
        }
        Ok(fresh)
    }
}

/// The first page of a search that needs no second one.
pub(super) async fn first_page<'a>(
    talk: &Talk,
    kind: Kind,
    query: Option<&'a str>,
    filter_groups: Vec<FilterGroup<'a>>,
    properties: Vec<&'a str>,
) -> Result<SearchPage, PortError> {
    let body = SearchBody {
        query,
        filter_groups,
        sorts: vec![Sort { property: OBJECT_ID, direction: "ASCENDING" }],
        properties,
        limit: talk.settings.search_page_size,
        after: "0".to_owned(),
    };
    Ok(ask(talk, kind, &body).await?.0)
}

/// The highest id in the index (`None` in an empty account), and the server's time of the answer.
pub(super) async fn highest_id(talk: &Talk, kind: Kind) -> Result<(Option<u64>, Option<DateTime<Utc>>), PortError> {
    let body = SearchBody {
        query: None,
        filter_groups: Vec::new(),
        sorts: vec![Sort { property: OBJECT_ID, direction: "DESCENDING" }],
        properties: vec![OBJECT_ID],
        limit: 1,
        after: "0".to_owned(),
    };
    let (page, date) = ask(talk, kind, &body).await?;
    Ok((page.results.first().and_then(|hit| hit.id.0.parse().ok()), date))
}

async fn ask(talk: &Talk, kind: Kind, body: &SearchBody<'_>) -> Result<(SearchPage, Option<DateTime<Utc>>), PortError> {
    let url = talk.at.objects(kind, &["search"]);
    let reply = talk.ask(ROUTE, url, body, Some(SEARCH_LANE)).await.map_err(endpoint_must_exist)?;
    Ok((wire::reply(&reply.body)?, reply.date))
}

/// The error of a search that cannot have shown everything.
pub(super) fn incomplete(how: &str) -> PortError {
    let words = format!("HubSpot's search {how}: the next complete pass reads what it did not show");
    PortError::new(ErrorKind::Protocol, words)
}
