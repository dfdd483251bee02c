//! Walks over numbered pages.
//!
//! The server's links lead: the size asked for says nothing about the size that comes. Pages are fetched ahead only up to
//! the server's own `last` link, by putting numbers into its own `next` link; else one link is followed after the other.

use std::collections::{HashSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use url::Url;

use super::frontier::{Met, Tail};
use super::shared::{Shared, Sheet, Wanted, add};
use super::talk::numbered;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Evidence, Step, Walk, WalkEnd};

/// Pages without records in a row, each with a link to the next, after which a walk is given up.
const MOST_EMPTY_PAGES: usize = 3;

/// A walk under way.
#[derive(Debug)]
pub(super) struct PageWalk {
    shared: Arc<Shared>,
    wanted: Wanted,
    /// The next page, where none is being fetched ahead.
    next: Option<Url>,
    /// Pages that are being fetched, in order.
    ahead: VecDeque<Fetch>,
    /// Pages that are to be fetched ahead.
    planned: Option<Planned>,
    visited: HashSet<Url>,
    first: Url,
    last: Url,
    pages: usize,
    empty_pages: usize,
    first_total: Option<u64>,
    last_total: Option<u64>,
    met: Met,
    tail: Tail,
    /// By position in a row's texts: whether any record showed the property.
    shown: Vec<bool>,
    started: Option<DateTime<Utc>>,
    /// A walk that asks for changes since a time meets older ones only if the server ignores the question.
    since: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Fetch {
    url: Url,
    task: AbortOnDropHandle<Result<Sheet, PortError>>,
}

impl PageWalk {
    /// A walk that begins at `first`.
    pub(super) fn new(shared: Arc<Shared>, wanted: Wanted, first: Url, since: Option<DateTime<Utc>>) -> Self {
        Self {
            shared,
            wanted,
            next: Some(first.clone()),
            ahead: VecDeque::new(),
            planned: None,
            visited: HashSet::new(),
            last: first.clone(),
            first,
            pages: 0,
            empty_pages: 0,
            first_total: None,
            last_total: None,
            met: Met::default(),
            tail: Tail::new(),
            shown: Vec::new(),
            started: None,
            since,
        }
    }

    async fn fetch(&mut self) -> Result<Option<(Url, Sheet)>, PortError> {
        if let Some(Fetch { url, task }) = self.ahead.pop_front() {
            let fetched = task.await;
            self.fetch_ahead();
            let sheet =
                fetched.map_err(|_| PortError::new(ErrorKind::Cancelled, "the fetching of a page was stopped"))?;
            return Ok(Some((url, sheet?)));
        }
        let Some(url) = self.next.take() else { return Ok(None) };
        // A link to a page that was read already would go on for ever.
        if !self.visited.insert(url.clone()) {
            return Err(self.shared.talk.repeats());
        }
        let sheet = self.shared.sheet(self.wanted, url.clone()).await?;
        Ok(Some((url, sheet)))
    }

    /// Keeps as many pages under way as are allowed.
    fn fetch_ahead(&mut self) {
        while self.ahead.len() < self.shared.talk.settings.concurrent_pages.max(1) {
            let Some(url) = self.planned.as_mut().and_then(Iterator::next) else { return };
            self.visited.insert(url.clone());
            let (shared, wanted, asked) = (self.shared.clone(), self.wanted, url.clone());
            let task = tokio::spawn(async move { shared.sheet(wanted, asked).await }.in_current_span());
            self.ahead.push_back(Fetch { url, task: AbortOnDropHandle::new(task) });
        }
    }

    /// Takes a page in: totals, ids, and where to go from here.
    fn take(&mut self, url: &Url, sheet: &Sheet) -> Result<(), PortError> {
        self.pages += 1;
        self.last_total = sheet.total;
        add(&mut self.shown, &sheet.shown);
        if self.pages == 1 {
            self.first_total = sheet.total;
            self.started = sheet.date.or(self.started);
            if sheet.listed.is_empty() && sheet.total.is_some_and(|total| total > 0) {
                return Err(self.shared.talk.protocol(
                    "the list tells of records and shows none (is flowtly.page_size right? leave it out to try)",
                ));
            }
        }
        if !sheet.whole {
            return Err(self
                .shared
                .talk
                .protocol("clients do not show their contacts, and contacts do not name their client"));
        }
        let fresh = sheet.listed.iter().filter(|id| self.met.insert(id)).count();
        if !sheet.listed.is_empty() {
            self.last = url.clone();
        }
        for row in &sheet.rows {
            self.tail.push(&row.id);
        }
        self.empty_pages = if sheet.listed.is_empty() { self.empty_pages + 1 } else { 0 };
        if self.pages == 1 {
            self.planned = self.plan(sheet)?;
            self.fetch_ahead();
        }
        if self.ahead.is_empty() {
            self.next = self.following(sheet)?;
        }
        let goes_on = self.next.is_some() || !self.ahead.is_empty();
        let repeats = fresh == 0 && !sheet.listed.is_empty();
        if goes_on && (repeats || self.empty_pages > MOST_EMPTY_PAGES) {
            return Err(self.shared.talk.repeats());
        }
        Ok(())
    }

    /// The pages between the server's own `next` and `last`, if both differ in one number alone.
    fn plan(&self, sheet: &Sheet) -> Result<Option<Planned>, PortError> {
        let (Some(next), Some(last)) = (&sheet.view.next, &sheet.view.last) else { return Ok(None) };
        Ok(Planned::new(&self.shared.talk.resolve(next)?, &self.shared.talk.resolve(last)?))
    }

    fn following(&self, sheet: &Sheet) -> Result<Option<Url>, PortError> {
        match &sheet.view.next {
            Some(link) => self.shared.talk.resolve(link).map(Some),
            None if sheet.bare && !sheet.listed.is_empty() => Ok(Some(numbered(self.first.clone(), self.pages + 1))),
            None => Ok(None),
        }
    }

    /// Whether the question for changes is ignored: told, and harmless, for reading a record twice is.
    fn verify(&self, sheet: &Sheet) {
        let Some(since) = self.since else { return };
        if sheet.rows.iter().any(|row| row.modified.is_some_and(|modified| modified < since)) {
            tracing::warn!("the server ignores flowtly.contacts_updated_parameter and lists everything");
        }
    }

    fn end(&self) -> WalkEnd {
        let evidence = Evidence::Numbered {
            first_total: self.first_total,
            last_total: self.last_total,
            distinct: self.met.count(),
        };
        let started = self.started.unwrap_or_else(|| self.shared.talk.clock().now());
        let last = match self.last.query() {
            Some(query) => format!("{}?{query}", self.last.path()),
            None => self.last.path().to_owned(),
        };
        WalkEnd { evidence, started, frontier: self.tail.mark(last).write(), shown: Some(self.shown.clone()) }
    }
}

#[async_trait]
impl Walk for PageWalk {
    async fn next(&mut self) -> Result<Step, PortError> {
        if self.pages == 0 {
            self.started = Some(self.shared.talk.clock().now());
        }
        while let Some((url, sheet)) = self.fetch().await? {
            self.take(&url, &sheet)?;
            if self.pages == 1 {
                self.verify(&sheet);
            }
            if !sheet.rows.is_empty() {
                return Ok(Step::Page(sheet.rows));
            }
        }
        Ok(Step::End(self.end()))
    }
}

/// Addresses that differ in one number, from the server's `next` to its `last`.
#[derive(Debug, PartialEq, Eq)]
struct Planned {
    pairs: Vec<(String, String)>,
    place: usize,
    base: Url,
    numbers: RangeInclusive<u64>,
}

impl Planned {
    /// The range of two links; `None` if they are not of that form.
    fn new(next: &Url, last: &Url) -> Option<Self> {
        let read = |url: &Url| {
            url.query_pairs().map(|(key, text)| (key.into(), text.into())).collect::<Vec<(String, String)>>()
        };
        let (pairs, others) = (read(next), read(last));
        if next.path() != last.path() || pairs.len() != others.len() {
            return None;
        }
        let mut differing = pairs.iter().zip(&others).enumerate().filter(|(_, (ours, theirs))| ours != theirs);
        let (place, ((key, number), (other_key, end))) = differing.next()?;
        let (number, end) = (number.parse().ok()?, end.parse().ok()?);
        let is_range = key == other_key && number < end && differing.next().is_none();
        is_range.then(|| Self { place, base: next.clone(), numbers: number..=end, pairs: pairs.clone() })
    }
}

impl Iterator for Planned {
    type Item = Url;

    fn next(&mut self) -> Option<Url> {
        let number = self.numbers.next()?;
        if let Some((_, text)) = self.pairs.get_mut(self.place) {
            *text = number.to_string();
        }
        let mut url = self.base.clone();
        url.query_pairs_mut().clear().extend_pairs(&self.pairs);
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(next: &str, last: &str) -> Option<Vec<String>> {
        let url = |text: &str| Url::parse("https://api.test").unwrap().join(text).unwrap();
        Planned::new(&url(next), &url(last)).map(|plan| plan.map(|url| url.query().unwrap().to_owned()).collect())
    }

    #[test]
    fn numbers_run_from_next_to_last_and_the_rest_of_the_link_stays() {
        let pages = planned("/clients?itemsPerPage=5&page=2", "/clients?itemsPerPage=5&page=4").unwrap();
        assert_eq!(pages, ["itemsPerPage=5&page=2", "itemsPerPage=5&page=3", "itemsPerPage=5&page=4"]);
        assert_eq!(planned("/c?_p=2", "/c?_p=3").unwrap(), ["_p=2", "_p=3"]);
        let highest = planned("/c?p=18446744073709551614", "/c?p=18446744073709551615").unwrap();
        assert_eq!(highest.last().unwrap(), "p=18446744073709551615", "and not on from the beginning");
    }

    #[test]
    fn what_is_no_range_is_followed_link_by_link() {
        assert_eq!(planned("/c?page=2", "/c?page=2"), None);
        assert_eq!(planned("/c?cursor=a", "/c?cursor=b"), None);
        assert_eq!(planned("/c?page=2", "/d?page=4"), None);
        assert_eq!(planned("/c?page=2&x=1", "/c?page=4&x=2"), None);
        assert_eq!(planned("/c?page=9", "/c?page=4"), None);
        assert_eq!(planned("/c?page=2", "/c"), None);
    }
}
