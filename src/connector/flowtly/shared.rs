//! What all parts of the connector share: the conversation, the layouts, and what was found out about the server.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use url::Url;

use super::lookup::Lookups;
use super::talk::Talk;
use super::wire::Undecodable;
use super::wire::docs::Documented;
use super::wire::layout::Layout;
use super::wire::page::{self, View};
use super::wire::row::{Decoded, Embedded, Scribe};
use crate::connector::error::PortError;
use crate::connector::http::Reply;
use crate::connector::port::Capabilities;
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::{Row, Shape};

/// Shared by the connector and the walks that it began.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) talk: Talk,
    pub(super) lookups: Lookups,
    pub(super) capabilities: Capabilities,
    pub(super) company_shape: Shape,
    pub(super) contact_shape: Shape,
    pub(super) companies: Layout,
    pub(super) contacts: Layout,
    pub(super) learned: Mutex<Learned>,
}

/// What was found out about the server.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// Where contacts are read from.
    pub(super) home: Option<Home>,
    /// The client of each contact, kept only where contacts do not say it themselves.
    pub(super) owners: HashMap<RemoteId, RemoteId>,
    /// What the documentation said last, by class.
    pub(super) documented: HashMap<String, BTreeMap<String, Documented>>,
    /// By position in a contact's texts: shown by contacts on their own.
    shown_alone: Vec<bool>,
    /// The same of contacts that are embedded in clients.
    shown_embedded: Vec<bool>,
}

/// Where contacts are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// They have a list of their own.
    List,
    /// They are embedded in the clients.
    Clients,
}

/// What a page is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Clients.
    Companies,
    /// Clients that the server's own search finds.
    Search,
    /// Contacts from their own list.
    Contacts,
    /// Contacts that are embedded in clients.
    Embedded,
}

/// A page as the walks use it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    /// Its records.
    pub(super) rows: Vec<Row>,
    /// The ids that the page itself lists: of the records, or of the clients that they are embedded in.
    pub(super) listed: Vec<RemoteId>,
    /// Whether every client showed whole contacts; true where that was not asked.
    pub(super) whole: bool,
    /// By position in a row's texts: whether any of its records showed the property.
    pub(super) shown: Vec<bool>,
    pub(super) total: Option<u64>,
    pub(super) view: View,
    pub(super) bare: bool,
    pub(super) date: Option<DateTime<Utc>>,
}

impl Wanted {
    fn route(self) -> &'static str {
        match self {
            Self::Companies | Self::Embedded => "/clients",
            Self::Search => "/clients/search",
            Self::Contacts => "/client-contacts",
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Companies | Self::Embedded => "flowtly.clients_path",
            Self::Search => "flowtly.search_path",
            Self::Contacts => "flowtly.contacts_path",
        }
    }
}

impl Shared {
    /// The path of a kind's collection, and the template of one record's address.
    pub(super) fn place(&self, kind: Kind) -> (&str, &'static str) {
        match kind {
            Kind::Company => (&self.talk.settings.clients_path, "/clients/{id}"),
            Kind::Contact => (&self.talk.settings.contacts_path, "/client-contacts/{id}"),
        }
    }

    /// The address of the first page of what is wanted.
    pub(super) fn first_page(&self, wanted: Wanted) -> Url {
        match wanted {
            Wanted::Companies | Wanted::Embedded => self.talk.first_page(&self.talk.settings.clients_path),
            Wanted::Search => self.talk.first_page(&self.talk.settings.search_path),
            Wanted::Contacts => self.talk.first_page(&self.talk.settings.contacts_path),
        }
    }

    /// Reads a page.
    pub(super) async fn sheet(&self, wanted: Wanted, url: Url) -> Result<Sheet, PortError> {
        let layout = match wanted {
            Wanted::Companies | Wanted::Search | Wanted::Embedded => &self.companies,
            Wanted::Contacts => &self.contacts,
        };
        let embedded = (wanted == Wanted::Embedded).then_some(&self.contacts);
        let read = self.talk.read(url, wanted.route(), |reply| {
            let mut scribe = Scribe::new(layout, embedded, self.talk.settings.max_text);
            page::page(&reply.body, &mut scribe).map(|page| (page, Notes::of(scribe)))
        });
        let ((page, notes), reply) = read.await.map_err(|error| super::error::misrouted(error, wanted.setting()))?;
        let shown = match wanted {
            Wanted::Companies | Wanted::Search | Wanted::Contacts => notes.shown.clone(),
            Wanted::Embedded => notes.shown_embedded.clone(),
        };
        self.take_in(wanted, notes);
        let listed: Vec<RemoteId> = page.rows.iter().map(|decoded| decoded.row.id.clone()).collect();
        let mut whole = true;
        let mut rows = Vec::with_capacity(page.rows.len());
        for Decoded { row, contacts } in page.rows {
            match (wanted, contacts) {
                (Wanted::Companies | Wanted::Search | Wanted::Contacts, _) => rows.push(row),
                (Wanted::Embedded, Embedded::Whole(contacts)) => rows.extend(contacts),
                (Wanted::Embedded, Embedded::Absent | Embedded::Links(_)) => whole = false,
            }
        }
        match wanted {
            Wanted::Companies | Wanted::Search | Wanted::Contacts => {
                self.lookups.translate(&self.talk, layout, &mut rows).await?;
            }
            Wanted::Embedded => {
                self.lookups.translate(&self.talk, &self.contacts, &mut rows).await?;
                let mut learned = self.learned();
                learned
                    .owners
                    .extend(rows.iter().filter_map(|row| Some((row.id.clone(), row.parents.first()?.clone()))));
            }
        }
        let page::Page { total, view, bare, .. } = page;
        Ok(Sheet { rows, listed, whole, shown, total, view, bare, date: reply.date })
    }

    /// Reads one record by id, with the contacts that a client shows if they are wanted.
    pub(super) async fn record(&self, kind: Kind, id: &RemoteId, wanted: Wanted) -> Result<Decoded, PortError> {
        let (path, route) = self.place(kind);
        let url = self.talk.item(path, id.as_str());
        let read = self.talk.read(url, route, |reply| self.decode(kind, wanted, reply));
        let ((decoded, notes), _) = read.await?;
        self.finish(kind, wanted, decoded, notes, Some(id)).await
    }

    /// The record that a reply to a write shows.
    pub(super) async fn stored(&self, kind: Kind, reply: &Reply, id: Option<&RemoteId>) -> Result<Row, PortError> {
        let (_, route) = self.place(kind);
        let wanted = match kind {
            Kind::Company => Wanted::Companies,
            Kind::Contact => Wanted::Contacts,
        };
        let decoded = self.decode(kind, wanted, reply);
        let (mut decoded, notes) = decoded.map_err(|error| self.talk.undecodable(route, reply, error))?;
        self.take_in(wanted, notes);
        self.check(&mut decoded, kind, id)?;
        // The write was carried out. A list that cannot be read now makes a field unknown, and not the write.
        self.lookups.translate_or_leave(&self.talk, self.layout(kind), &mut decoded.row).await;
        Ok(decoded.row)
    }

    /// What is mapped of a kind.
    pub(super) fn layout(&self, kind: Kind) -> &Layout {
        match kind {
            Kind::Company => &self.companies,
            Kind::Contact => &self.contacts,
        }
    }

    pub(super) fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decode(&self, kind: Kind, wanted: Wanted, reply: &Reply) -> Result<(Decoded, Notes), Undecodable> {
        let embedded = (wanted == Wanted::Embedded).then_some(&self.contacts);
        let mut scribe = Scribe::new(self.layout(kind), embedded, self.talk.settings.max_text);
        page::item(&reply.body, &mut scribe).map(|decoded| (decoded, Notes::of(scribe)))
    }

    async fn finish(
        &self,
        kind: Kind,
        wanted: Wanted,
        mut decoded: Decoded,
        notes: Notes,
        asked: Option<&RemoteId>,
    ) -> Result<Decoded, PortError> {
        self.take_in(wanted, notes);
        self.check(&mut decoded, kind, asked)?;
        self.lookups.translate(&self.talk, self.layout(kind), std::slice::from_mut(&mut decoded.row)).await?;
        if let Embedded::Whole(contacts) = &mut decoded.contacts {
            self.lookups.translate(&self.talk, &self.contacts, contacts).await?;
        }
        Ok(decoded)
    }

    /// Whether a reply is about the record that was asked for; a contact that never names its client gets the known one.
    fn check(&self, decoded: &mut Decoded, kind: Kind, asked: Option<&RemoteId>) -> Result<(), PortError> {
        if asked.is_some_and(|id| *id != decoded.row.id) {
            return Err(self.talk.protocol("the reply is about another record than the one that was asked for"));
        }
        if kind == Kind::Contact && decoded.row.parents.is_empty() {
            let learned = self.learned();
            if learned.home == Some(Home::Clients) {
                decoded.row.parents.extend(learned.owners.get(&decoded.row.id).cloned());
            }
        }
        Ok(())
    }

    fn take_in(&self, wanted: Wanted, notes: Notes) {
        if notes.too_long > 0 {
            let (texts, limit) = (notes.too_long, self.talk.settings.max_text);
            tracing::warn!(texts, limit, "texts beyond flowtly.max_text were not read");
        }
        let mut prefixes = notes.prefixes;
        if wanted != Wanted::Contacts {
            // A client's own address is what a contact's reference to it looks like.
            if let Some(prefix) = prefixes.remove("@id").filter(|prefix| !prefix.is_empty()) {
                prefixes.insert("client".into(), prefix);
            }
        }
        prefixes.remove("@id");
        self.lookups.note(prefixes);
        let mut learned = self.learned();
        match wanted {
            Wanted::Contacts => add(&mut learned.shown_alone, &notes.shown),
            Wanted::Embedded => add(&mut learned.shown_embedded, &notes.shown_embedded),
            Wanted::Companies | Wanted::Search => {}
        }
    }
}

impl Learned {
    /// Whether contacts on their own have shown properties that embedded ones never did: an absent key of an embedded one
    /// then says nothing.
    pub(super) fn embedded_are_partial(&self) -> bool {
        let embedded = |cell: usize| self.shown_embedded.get(cell).copied().unwrap_or(false);
        self.shown_alone.iter().enumerate().any(|(cell, shown)| *shown && !embedded(cell))
    }
}

/// Runs some of these at once, and keeps their order. They are collected first: a stream that makes them from borrowed items
/// is not general enough for a port's futures.
pub(super) async fn some_at_once<F: Future>(at_once: usize, tasks: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let tasks: Vec<F> = tasks.into_iter().collect();
    stream::iter(tasks).buffered(at_once.max(1)).collect().await
}

/// The same, up to the first failure.
pub(super) async fn all_or_first_failure<T, F>(
    at_once: usize,
    tasks: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, PortError>
where
    F: Future<Output = Result<T, PortError>>,
{
    let tasks: Vec<F> = tasks.into_iter().collect();
    stream::iter(tasks).buffered(at_once.max(1)).try_collect().await
}

/// What a scribe noted.
#[derive(Debug)]
struct Notes {
    prefixes: super::wire::row::Prefixes,
    too_long: u64,
    shown: Vec<bool>,
    shown_embedded: Vec<bool>,
}

impl Notes {
    fn of(scribe: Scribe<'_>) -> Self {
        let Scribe { prefixes, too_long, shown, shown_embedded, .. } = scribe;
        Self { prefixes, too_long, shown, shown_embedded }
    }
}

/// Adds what a page showed to what was shown before.
pub(super) fn add(known: &mut Vec<bool>, shown: &[bool]) {
    known.resize(known.len().max(shown.len()), false);
    for (known, shown) in known.iter_mut().zip(shown) {
        *known |= shown;
    }
}
