//! Which properties there are: from the server's Hydra documentation where it answers, and from a page of records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::misrouted;
use super::shared::{Shared, Wanted};
use super::wire::docs::{self, Documented};
use super::wire::layout::Layout;
use super::wire::page::{self, Page};
use super::wire::sample::Sample;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::Reply;
use crate::connector::port::{Offered, Presence, Property, PropertySort};
use crate::domain::record::Kind;

/// The object of a record that holds what the tenant itself declared.
const ATTRIBUTES: &str = "attributes.";

/// What is known of the mapped properties of a kind, in their order.
pub(super) async fn properties(shared: &Shared, kind: Kind) -> Result<Vec<Property>, PortError> {
    let (sample, documented) = described(shared, kind).await?;
    let shape = match kind {
        Kind::Company => &shared.company_shape,
        Kind::Contact => &shared.contact_shape,
    };
    let layout = shared.layout(kind);
    let mut properties: Vec<Property> =
        shape.paths().map(|path| property(path, layout, &sample, documented.as_ref())).collect();
    for property in &mut properties {
        let Some(look_up) = layout.mapped(&property.path).and_then(|mapped| mapped.look_up.as_ref()) else { continue };
        let labels = shared.lookups.labels(&shared.talk, look_up, |labels| labels.is_there).await?;
        property.looked_up = Some(labels.is_there && labels.known().next().is_some());
        property.choices = labels.known().map(str::to_owned).collect();
    }
    Ok(properties)
}

/// Every property that the documentation or a page of records shows. What stands within objects is left out, but for the
/// tenant's own attributes.
pub(super) async fn offered(shared: &Shared, kind: Kind) -> Result<Vec<Offered>, PortError> {
    let (sample, documented) = described(shared, kind).await?;
    let layout = shared.layout(kind);
    let names = sample.keys.iter().chain(documented.iter().flat_map(BTreeMap::keys));
    let names: BTreeSet<&String> = names.filter(|name| !name.starts_with('@')).collect();
    let offered =
        names.into_iter().filter(|name| !name.contains('.') || name.starts_with(ATTRIBUTES)).map(|name| Offered {
            property: property(name, layout, &sample, documented.as_ref()),
            label: None,
            is_custom: name.starts_with(ATTRIBUTES),
        });
    Ok(offered.collect())
}

/// A page of records, and what the documentation says of their class.
async fn described(shared: &Shared, kind: Kind) -> Result<(Sample, Option<BTreeMap<String, Documented>>), PortError> {
    let (sample, reply) = sample(shared, kind).await?;
    let class = sample.class.clone().unwrap_or_else(|| {
        let usual = match kind {
            Kind::Company => "Client",
            Kind::Contact => "ClientContact",
        };
        usual.to_owned()
    });
    let documented = documented(shared, reply.as_ref(), &class).await?;
    Ok((sample, documented))
}

/// Of what stands within an object the documentation knows the object alone.
fn property(
    path: &str,
    layout: &Layout,
    sample: &Sample,
    documented: Option<&BTreeMap<String, Documented>>,
) -> Property {
    let (own, is_within) = path.split_once('.').map_or((path, false), |(object, _)| (object, true));
    let entry = documented.and_then(|properties| properties.get(own));
    let presence = match (sample.keys.contains(path), documented, entry) {
        (true, _, _) => Presence::Present,
        (false, Some(_), Some(entry)) if entry.readable != Some(false) => {
            if is_within {
                Presence::Unseen
            } else {
                Presence::Present
            }
        }
        (false, Some(_), Some(_) | None) => Presence::Missing,
        (false, None, _) => Presence::Unseen,
    };
    let type_name = entry.and_then(|entry| entry.range.clone()).filter(|_| !is_within);
    Property {
        shown: Some(sample.keys.contains(path)),
        writable: entry.and_then(|entry| entry.writable),
        sort: layout.relation(path).map(|_| PropertySort::Relation).or_else(|| type_name.as_deref().and_then(sort)),
        type_name,
        choices: sample.choices(path),
        ..Property::new(path, presence)
    }
}

/// What the types of XML Schema, as Hydra names them, say of a text.
fn sort(range: &str) -> Option<PropertySort> {
    let (prefix, name) = range.rsplit_once([':', '#'])?;
    match name {
        "integer" | "int" | "long" | "decimal" | "float" | "double" => Some(PropertySort::Number),
        "boolean" => Some(PropertySort::Boolean),
        "date" => Some(PropertySort::Date),
        "dateTime" => Some(PropertySort::Moment),
        "string" => Some(PropertySort::Text),
        // A class of the documentation itself.
        _ => prefix.is_empty().then_some(PropertySort::Relation),
    }
}

/// A page of records as they are; contacts from wherever they are shown.
async fn sample(shared: &Shared, kind: Kind) -> Result<(Sample, Option<Reply>), PortError> {
    let mut sample = Sample::default();
    let clients = plain(shared, Wanted::Companies).await;
    let (records, reply) = match kind {
        Kind::Company => clients?,
        Kind::Contact => match plain(shared, Wanted::Contacts).await {
            Ok((page, reply)) if !page.rows.is_empty() => (page, reply),
            other => {
                let embedded = clients.as_ref().map(|(page, reply)| (embedded(page), reply.clone()));
                match (embedded, other) {
                    (Ok((page, reply)), _) if !page.rows.is_empty() => (page, reply),
                    (_, other) => other?,
                }
            }
        },
    };
    for record in &records.rows {
        sample.look_at(record);
    }
    Ok((sample, Some(reply)))
}

async fn plain(shared: &Shared, wanted: Wanted) -> Result<(Page<Value>, Reply), PortError> {
    let (route, setting) = match wanted {
        Wanted::Companies | Wanted::Search | Wanted::Embedded => ("/clients", "flowtly.clients_path"),
        Wanted::Contacts => ("/client-contacts", "flowtly.contacts_path"),
    };
    let read = shared.talk.read(shared.first_page(wanted), route, |reply| page::plain_page(&reply.body)).await;
    read.map_err(|error| misrouted(error, setting))
}

fn embedded(page: &Page<Value>) -> Page<Value> {
    let lists = page.rows.iter().filter_map(|client| client.get("clientContacts")?.as_array());
    Page { rows: lists.flatten().filter(|contact| contact.is_object()).cloned().collect(), ..Page::default() }
}

/// The documentation of a class. It is only a help: while it cannot be had, what it said last stands; `None` where it has said
/// nothing that can be used.
async fn documented(
    shared: &Shared,
    reply: Option<&Reply>,
    class: &str,
) -> Result<Option<BTreeMap<String, Documented>>, PortError> {
    let docs = match asked(shared, reply).await {
        Ok(reply) => serde_json::from_slice::<Value>(&reply.body).ok(),
        Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
        Err(error) => {
            tracing::debug!(error.kind = ?error.kind, error.status, "the API documentation cannot be had");
            None
        }
    };
    // A property that it says is missing is not to read as blank because of an outage.
    let Some(docs) = docs else { return Ok(shared.learned().documented.get(class).cloned()) };
    let properties = docs::properties(&docs, class);
    if let Some(properties) = &properties {
        shared.learned().documented.insert(class.to_owned(), properties.clone());
    }
    Ok(properties)
}

/// The reply of the documentation's address: the one that a reply links to, else the configured one.
async fn asked(shared: &Shared, reply: Option<&Reply>) -> Result<Reply, PortError> {
    let links = reply.into_iter().flat_map(|reply| reply.headers.get_all(http::header::LINK));
    let linked = links.filter_map(|link| link.to_str().ok()).find_map(docs::link);
    let url = match linked {
        Some(link) => shared.talk.resolve(link)?,
        None => shared.talk.url(&shared.talk.settings.docs_path),
    };
    shared.talk.get_once(url, "/docs.jsonld").await
}
