//! What is a reference on Flowtly's side and something else on ours: countries and currencies are ISO codes, and a declared
//! relation that is to be looked up is its label.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::talk::Talk;
use super::wire::entry::{self, Entry};
use super::wire::iri;
use super::wire::layout::{Layout, Listed, Relation};
use super::wire::outgoing::refused;
use super::wire::row::Prefixes;
use super::wire::value::is_iso;
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::shape::{Delivered, LookUp, Row};

/// How soon is a list read again in which something was not found?
const FRESH: Duration = Duration::from_hours(1);

/// The same of a list of the firm's own things, to which somebody adds every day.
const FRESH_LABELS: Duration = Duration::from_mins(5);

/// The look-up lists, read when first needed, and the style of references as rows show them.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    countries: tokio::sync::Mutex<Option<Arc<Table>>>,
    currencies: tokio::sync::Mutex<Option<Arc<Table>>>,
    labels: tokio::sync::Mutex<BTreeMap<LookUp, Arc<Labels>>>,
    prefixes: Mutex<Prefixes>,
}

/// One list.
#[derive(Debug)]
struct Table {
    by_id: HashMap<String, Entry>,
    by_code: HashMap<String, Entry>,
    /// Whether the server has such a list; without one, only ids of the form of a code can be read and written.
    is_there: bool,
    read_at: Duration,
}

/// A list of the firm's own things.
#[derive(Debug)]
pub(super) struct Labels {
    /// By id, the label; blank ones are none.
    by_id: HashMap<String, String>,
    /// By label, what is sent; `None` where several have it.
    by_label: BTreeMap<String, Option<Entry>>,
    /// Whether the server has such a list.
    pub(super) is_there: bool,
    read_at: Duration,
}

impl Labels {
    /// The labels, as far as they are of one thing.
    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        self.by_label.iter().filter(|(_, entry)| entry.is_some()).map(|(label, _)| label.as_str())
    }
}

impl Lookups {
    /// Remembers what rows showed of references.
    pub(super) fn note(&self, prefixes: Prefixes) {
        let mut known = self.prefixes.lock().unwrap_or_else(PoisonError::into_inner);
        for (property, prefix) in prefixes {
            known.entry(property).or_insert(prefix);
        }
    }

    /// What the references of a property begin with, if a row showed one.
    pub(super) fn prefix(&self, property: &str) -> Option<String> {
        self.prefixes.lock().unwrap_or_else(PoisonError::into_inner).get(property).map(ToString::to_string)
    }

    /// Turns ids of countries and currencies into ISO codes, and of what is looked up into labels. What a list does not know
    /// is unknown.
    pub(super) async fn translate(&self, talk: &Talk, layout: &Layout, rows: &mut [Row]) -> Result<(), PortError> {
        for (cell, listed) in layout.looked_up() {
            for row in rows.iter_mut().filter(|row| row.texts.get(cell).is_some_and(|text| is_foreign(listed, text))) {
                let Some(Delivered::Text(id)) = row.texts.get(cell) else { continue };
                let ours = match listed {
                    Listed::Code(relation) => self.code(talk, relation, id).await?,
                    Listed::Label(look_up) => self.label(talk, look_up, id).await?,
                };
                if let Some(text) = row.texts.get_mut(cell) {
                    *text = ours.map_or(Delivered::Unknown, |ours| Delivered::Text(ours.into()));
                }
            }
        }
        Ok(())
    }

    /// The same of one row; what cannot be looked up now is unknown.
    pub(super) async fn translate_or_leave(&self, talk: &Talk, layout: &Layout, row: &mut Row) {
        let mut translated = [row.clone()];
        let done = self.translate(talk, layout, &mut translated).await;
        for (cell, listed) in layout.looked_up() {
            let Some(text) = row.texts.get_mut(cell) else { continue };
            let is_foreign = is_foreign(listed, text);
            match (&done, translated.first().and_then(|row| row.texts.get(cell))) {
                (Ok(()), Some(code)) => text.clone_from(code),
                (Err(_), _) if is_foreign => *text = Delivered::Unknown,
                (Ok(()) | Err(_), _) => {}
            }
        }
    }

    /// What to send for a text of a reference. Fails with [`ErrorKind::Invalid`] for what Flowtly does not offer.
    pub(super) async fn reference(
        &self,
        talk: &Talk,
        relation: Relation,
        property: &str,
        text: &str,
    ) -> Result<String, PortError> {
        if text.contains('/') {
            return Ok(text.to_owned());
        }
        if relation == Relation::Other {
            let prefix = self.prefix(property).ok_or_else(|| {
                refused(
                    property,
                    "no record that was read shows what its references look like, give the whole one (/…/id)",
                )
            })?;
            return Ok(iri::join(&prefix, text));
        }
        let wanted = text.trim().to_ascii_uppercase();
        let table = self.table(talk, relation, |table| table.by_code.contains_key(&wanted)).await?;
        match table.by_code.get(&wanted) {
            Some(Entry { iri: Some(iri), .. }) => Ok(iri.clone()),
            Some(Entry { id, .. }) => Ok(iri::join(&self.style(talk, relation, property), id)),
            None if table.is_there => Err(refused(property, "Flowtly's own list does not offer this code")),
            None => Ok(iri::join(&self.style(talk, relation, property), &wanted)),
        }
    }

    /// What to send for a label. Fails with [`ErrorKind::Invalid`] for what Flowtly does not list, or lists twice.
    pub(super) async fn labelled(
        &self,
        talk: &Talk,
        look_up: &LookUp,
        property: &str,
        label: &str,
    ) -> Result<String, PortError> {
        let wanted = label.trim();
        let labels = self.labels(talk, look_up, |labels| labels.by_label.contains_key(wanted)).await?;
        match labels.by_label.get(wanted) {
            Some(Some(Entry { iri: Some(iri), .. })) => Ok(iri.clone()),
            Some(Some(Entry { id, .. })) => Ok(iri::join(&talk.prefix(&look_up.list), id)),
            Some(None) => Err(refused(property, format!("several of {} have this {}", look_up.list, look_up.label))),
            None if labels.is_there => {
                Err(refused(property, format!("none of {} has this {}", look_up.list, look_up.label)))
            }
            None => Err(refused(property, format!("Flowtly does not show {}, mend look_up", look_up.list))),
        }
    }

    async fn label(&self, talk: &Talk, look_up: &LookUp, id: &str) -> Result<Option<String>, PortError> {
        let labels = self.labels(talk, look_up, |labels| labels.by_id.contains_key(id)).await?;
        Ok(labels.by_id.get(id).cloned())
    }

    /// A list: as it is if it is good enough or fresh, else read anew, by one caller at a time.
    pub(super) async fn labels(
        &self,
        talk: &Talk,
        look_up: &LookUp,
        is_enough: impl Fn(&Labels) -> bool,
    ) -> Result<Arc<Labels>, PortError> {
        let mut known = self.labels.lock().await;
        let now = talk.clock().elapsed();
        if let Some(labels) = known.get(look_up)
            && (is_enough(labels) || now.saturating_sub(labels.read_at) < FRESH_LABELS)
        {
            return Ok(labels.clone());
        }
        let (entries, is_there) = match talk.list(&look_up.list, "/{look_up}").await {
            Ok(entries) => (entries, true),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Setting | ErrorKind::Forbidden) => {
                tracing::warn!(status = error.status, "a list of look_up is not shown, what refers to it is unknown");
                (Vec::new(), false)
            }
            Err(error) => return Err(error),
        };
        let mut labels = Labels { by_id: HashMap::new(), by_label: BTreeMap::new(), is_there, read_at: now };
        for value in &entries {
            let entry = entry::entry(value, Relation::Other).zip(entry::text(value, &look_up.label));
            let Some((entry, label)) = entry.filter(|(_, label)| !label.trim().is_empty()) else { continue };
            let label = label.trim().to_owned();
            labels.by_id.insert(entry.id.clone(), label.clone());
            labels.by_label.entry(label).and_modify(|known| *known = None).or_insert(Some(entry));
        }
        let labels = Arc::new(labels);
        known.insert(look_up.clone(), labels.clone());
        Ok(labels)
    }

    async fn code(&self, talk: &Talk, relation: Relation, id: &str) -> Result<Option<String>, PortError> {
        let table = self.table(talk, relation, |table| table.by_id.contains_key(id)).await?;
        // What has the form of a code never gets here. Anything else is a key of the server's own database.
        Ok(table.by_id.get(id).and_then(|entry| entry.code.clone()))
    }

    /// The list: as it is if it is good enough or fresh, else read anew, by one caller at a time.
    async fn table(
        &self,
        talk: &Talk,
        relation: Relation,
        is_enough: impl Fn(&Table) -> bool,
    ) -> Result<Arc<Table>, PortError> {
        let (slot, path, route) = match relation {
            Relation::Country => (&self.countries, &talk.settings.countries_path, "/countries"),
            Relation::Currency | Relation::Other => (&self.currencies, &talk.settings.currencies_path, "/currencies"),
        };
        let mut slot = slot.lock().await;
        let now = talk.clock().elapsed();
        if let Some(table) = slot.as_ref()
            && (is_enough(table) || now.saturating_sub(table.read_at) < FRESH)
        {
            return Ok(table.clone());
        }
        let (entries, is_there) = match talk.list(path, route).await {
            Ok(entries) => (entries, true),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Setting | ErrorKind::Forbidden) => {
                tracing::warn!(
                    route,
                    status = error.status,
                    "no such look-up list: ids of the form of ISO codes are codes, all others are unknown"
                );
                (Vec::new(), false)
            }
            Err(error) => return Err(error),
        };
        let entries: Vec<Entry> = entries.iter().filter_map(|value| entry::entry(value, relation)).collect();
        let by_code = entries.iter().filter_map(|entry| Some((entry.code.clone()?, entry.clone()))).collect();
        let by_id = entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
        let table = Arc::new(Table { by_id, by_code, is_there, read_at: now });
        *slot = Some(table.clone());
        Ok(table)
    }

    fn style(&self, talk: &Talk, relation: Relation, property: &str) -> String {
        self.prefix(property).unwrap_or_else(|| match relation {
            Relation::Country => talk.prefix(&talk.settings.countries_path),
            Relation::Currency | Relation::Other => talk.prefix(&talk.settings.currencies_path),
        })
    }
}

/// Whether a text is a reference still.
fn is_foreign(listed: Listed<'_>, text: &Delivered) -> bool {
    match (listed, text) {
        (Listed::Code(relation), Delivered::Text(id)) => !is_iso(relation, id),
        (Listed::Label(_), Delivered::Text(_)) => true,
        (Listed::Code(_) | Listed::Label(_), Delivered::Blank | Delivered::Unknown) => false,
    }
}
