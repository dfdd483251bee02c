//! HubSpot's search: it lags, it is capped, and it sorts by one property only. So it is asked for ids alone, in the order
//! of a time, and every page begins where the last one ended, by key and not by offset: a record that is edited during the
//! walk moves to the end, and under an offset it would push another one out of sight.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::layout::OBJECT_ID;
use super::request::{Filter, FilterGroup, SearchBody, Sort};
use super::row::moment;
use super::settings::SEARCH_LANE;
use super::talk::{Talk, endpoint_must_exist};
use super::wire::{self, Hit, Paging, SearchPage};
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::record::{Kind, RemoteId};

const ROUTE: &str = "/crm/objects/{version}/{type}/search";

/// The ids of records whose time in a property is at or after a bound, oldest first.
#[derive(Debug)]
pub(super) struct Search {
    property: &'static str,
    cap: usize,
    /// Milliseconds since 1970.
    bound: i64,
    place: Place,
    /// Ids already given whose time is the bound.
    met: HashSet<RemoteId>,
}

/// Where a search stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// At the first record from the bound on.
    Bound,
    /// Within more records of one time than a page holds (HubSpot's own jobs stamp thousands alike): those of the bound's
    /// time with an id above this one, by id.
    Tie(u64),
    /// The index showed a page out of order, so that its last time bounds nothing: the same query goes on by offset.
    Offset(usize),
    /// At the end.
    End,
}

impl Search {
    /// A search from a time on.
    pub(super) fn since(property: &'static str, since: DateTime<Utc>, cap: usize) -> Self {
        Self { property, cap, bound: since.timestamp_millis(), place: Place::Bound, met: HashSet::new() }
    }

    /// The next ids, perhaps none; `None` at the end.
    pub(super) async fn next(&mut self, talk: &Talk, kind: Kind) -> Result<Option<Vec<RemoteId>>, PortError> {
        if self.place == Place::End {
            return Ok(None);
        }
        let limit = talk.settings.search_page_size;
        let page = ask(talk, kind, &self.body(limit)).await?.0;
        self.advance(page, limit).map(Some)
    }

    fn body(&self, limit: usize) -> SearchBody<'static> {
        let by_time = |operator| Filter { property: self.property, operator, value: self.bound.to_string() };
        let (filters, property, after) = match &self.place {
            Place::Tie(last) => {
                let by_id = Filter { property: OBJECT_ID, operator: "GT", value: last.to_string() };
                // As a window of one millisecond: equality of times is not something that HubSpot documents.
                (vec![by_time("GTE"), by_time("LTE"), by_id], OBJECT_ID, 0)
            }
            Place::Offset(offset) => (vec![by_time("GTE")], self.property, *offset),
            Place::Bound | Place::End => (vec![by_time("GTE")], self.property, 0),
        };
        SearchBody {
            query: None,
            filter_groups: vec![FilterGroup { filters }],
            sorts: vec![Sort { property, direction: "ASCENDING" }],
            properties: vec![self.property],
            limit,
            after: after.to_string(),
        }
    }

    /// Takes a page in: what of it is new, and where to go on.
    fn advance(&mut self, page: SearchPage, limit: usize) -> Result<Vec<RemoteId>, PortError> {
        let goes_on = page.paging.and_then(Paging::after).is_some();
        let times: Vec<Option<i64>> = page.results.iter().map(|hit| self.time_of(hit)).collect();
        let ids: Vec<RemoteId> = page.results.into_iter().map(|hit| RemoteId::new(hit.id.0)).collect();
        let fresh: Vec<RemoteId> = ids.iter().filter(|id| !self.met.contains(*id)).cloned().collect();
        match self.place {
            Place::Tie(last) => {
                if goes_on {
                    let highest = ids.iter().filter_map(RemoteId::as_number).max().filter(|highest| *highest > last);
                    self.place = Place::Tie(highest.ok_or_else(|| stuck("by id"))?);
                } else {
                    self.bound = self.bound.saturating_add(1);
                    self.met.clear();
                    self.place = Place::Bound;
                }
            }
            Place::Bound | Place::Offset(_) | Place::End if !goes_on => self.place = Place::End,
            Place::Bound | Place::Offset(_) | Place::End => self.go_on(&ids, &times, limit)?,
        }
        Ok(fresh)
    }

    fn go_on(&mut self, ids: &[RemoteId], times: &[Option<i64>], limit: usize) -> Result<(), PortError> {
        let known: Vec<i64> = times.iter().flatten().copied().collect();
        let in_order = known.len() == times.len() && known.is_sorted();
        match known.last() {
            Some(last) if in_order && *last > self.bound => {
                self.met =
                    ids.iter().zip(times).filter(|(_, time)| **time == Some(*last)).map(|(id, _)| id.clone()).collect();
                self.bound = *last;
                self.place = Place::Bound;
            }
            Some(last) if in_order && *last == self.bound => {
                self.met.extend(ids.iter().cloned());
                self.place = Place::Tie(0);
            }
            Some(_) | None => {
                let offset = match self.place {
                    Place::Offset(offset) => offset,
                    Place::Bound | Place::Tie(_) | Place::End => 0,
                };
                let next = offset.saturating_add(ids.len().max(1));
                if next.saturating_add(limit) > self.cap {
                    return Err(stuck("by time, and it is not in order"));
                }
                self.place = Place::Offset(next);
            }
        }
        Ok(())
    }

    fn time_of(&self, hit: &Hit) -> Option<i64> {
        hit.property(self.property).and_then(moment).map(|time| time.timestamp_millis())
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

fn stuck(how: &str) -> PortError {
    PortError::new(
        ErrorKind::Protocol,
        format!("HubSpot's search does not get on {how}: the next complete pass reads what it did not show"),
    )
}
