//! Writing: one request a record, contacts always on their own, nothing repeated whose outcome is unknown.

use http::{Method, StatusCode};

use super::error::{closed, misrouted};
use super::shared::{Home, Shared, Wanted};
use super::wire::iri;
use super::wire::layout::{Mapped, Relation};
use super::wire::outgoing::{Purpose, body, is_within};
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::connector::http::Reply;
use crate::connector::port::{Target, Write};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// RFC 7396, the only media type that API Platform takes for a PATCH unless it is told otherwise.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Carries out one write, and returns the record as the reply shows it.
pub(super) async fn write(shared: &Shared, kind: Kind, write: &Write) -> Result<Row, PortError> {
    let began = shared.talk.elapsed();
    let texts = with_references(shared, kind, &write.texts).await?;
    let client = match (&write.parent, kind) {
        (Some(parent), Kind::Contact) => Some(client(shared, &parent.to)),
        (Some(_), Kind::Company) | (None, Kind::Company | Kind::Contact) => None,
    };
    let (path, item_route) = shared.place(kind);
    let sent = match &write.target {
        Target::Create => {
            let route = match kind {
                Kind::Company => "/clients",
                Kind::Contact => "/client-contacts",
            };
            let body = body(shared.layout(kind), Purpose::Create, &texts, client, None)?;
            let media_type = &shared.talk.settings.write_media_type;
            let sent = shared.talk.write(began, Method::POST, shared.talk.url(path), route, media_type, body).await;
            // A right may hang on the client that a contact is made for: who may make none at all is told so for each.
            sent.map_err(|error| misrouted(closed(error), collection_setting(kind)))
        }
        Target::Update { id, .. } => {
            let url = shared.talk.item(path, id.as_str());
            let record = if is_within(&texts) {
                Some(record(shared, url.clone(), item_route).await.map_err(closed)?)
            } else {
                None
            };
            let body = body(shared.layout(kind), Purpose::Update, &texts, client, record.as_ref())?;
            shared.talk.write(began, Method::PATCH, url, item_route, MERGE_PATCH, body).await.map_err(closed)
        }
    };
    let reply = sent.map_err(|error| named(error, shared, kind, &texts))?;
    let mut row = stored(shared, kind, write, &reply).await?;
    if let (true, Some(parent)) = (row.parents.is_empty(), &write.parent) {
        // Where contacts never name their client, silence is no refusal of what was sent.
        let mut learned = shared.learned();
        if learned.home == Some(Home::Clients) {
            learned.owners.insert(row.id.clone(), parent.to.clone());
            row.parents.push(parent.to.clone());
        }
    }
    Ok(row)
}

/// Reads the look-up lists that these texts need. What Flowtly does not offer is told by the write itself.
pub(super) async fn read_ahead(
    shared: &Shared,
    kind: Kind,
    texts: &[(String, Option<String>)],
) -> Result<(), PortError> {
    for (path, text) in texts {
        match reference(shared, kind, path, text.as_deref()).await {
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::Invalid => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The record that a reply shows; after an update without a body it is read.
async fn stored(shared: &Shared, kind: Kind, write: &Write, reply: &Reply) -> Result<Row, PortError> {
    let id = match &write.target {
        Target::Create => None,
        Target::Update { id, .. } => Some(id),
    };
    if let (Some(id), StatusCode::NO_CONTENT) = (id, reply.status) {
        let wanted = match kind {
            Kind::Company => Wanted::Companies,
            Kind::Contact => Wanted::Contacts,
        };
        let read = shared.record(kind, id, wanted).await;
        // It was carried out, and what became of it is not known.
        return read.map(|decoded| decoded.row).map_err(|error| shared.talk.protocol(&error.message));
    }
    // Nothing but the protocol can be broken from here on, so that the outcome is unknown.
    shared.stored(kind, reply, id).await
}

/// The texts, with references as Flowtly writes them.
async fn with_references(
    shared: &Shared,
    kind: Kind,
    texts: &[(String, Option<String>)],
) -> Result<Vec<(String, Option<String>)>, PortError> {
    let mut ready = Vec::with_capacity(texts.len());
    for (path, text) in texts {
        ready.push((path.clone(), reference(shared, kind, path, text.as_deref()).await?));
    }
    Ok(ready)
}

/// What is sent for a text: a reference in Flowtly's style for what is one, else the text.
async fn reference(shared: &Shared, kind: Kind, path: &str, text: Option<&str>) -> Result<Option<String>, PortError> {
    let Some(text) = text else { return Ok(None) };
    let layout = shared.layout(kind);
    let mapped = layout.mapped(path);
    let is_declared = mapped.is_some_and(Mapped::is_declared);
    let sent = match (mapped.and_then(|mapped| mapped.look_up.as_ref()), layout.relation(path)) {
        (Some(look_up), _) => shared.lookups.labelled(&shared.talk, look_up, path, text).await?,
        // Nobody's schema says what a declared property refers to: until a record shows a reference, the id itself is kept.
        (None, Some(Relation::Other)) if is_declared && shared.lookups.prefix(path).is_none() => text.to_owned(),
        (None, Some(relation)) => shared.lookups.reference(&shared.talk, relation, path, text).await?,
        (None, None) => text.to_owned(),
    };
    Ok(Some(sent))
}

/// The record as it is right before a write within one of its objects. Nothing was sent by then.
async fn record(shared: &Shared, url: url::Url, route: &'static str) -> Result<serde_json::Value, PortError> {
    let read = shared.talk.read(url, route, |reply| serde_json::from_slice(&reply.body).map_err(Into::into));
    read.await.map(|(record, _)| record)
}

/// A client as a contact refers to it: in the style that was seen, else under the configured path.
fn client(shared: &Shared, company: &RemoteId) -> String {
    let prefix = shared.lookups.prefix("client").filter(|prefix| !prefix.is_empty());
    let prefix = prefix.unwrap_or_else(|| shared.talk.prefix(&shared.talk.settings.clients_path));
    iri::join(&prefix, company.as_str())
}

/// The refusal with fields as they are mapped: paths of children and parts belong to a property, and a text that names a
/// reference names the property that it was sent in.
fn named(mut error: PortError, shared: &Shared, kind: Kind, texts: &[(String, Option<String>)]) -> PortError {
    if error.kind != ErrorKind::Invalid {
        return error;
    }
    let shape = match kind {
        Kind::Company => &shared.company_shape,
        Kind::Contact => &shared.contact_shape,
    };
    for field in &mut error.fields {
        // Symfony names what stands in an array by brackets.
        let dotted = field.path.replace('[', ".").replace(']', "");
        if shape.position(&dotted).is_some() {
            field.path = dotted;
        }
        if shape.position(&field.path).is_none() {
            let first = field.path.split(['.', '[']).next().unwrap_or_default();
            if shape.position(first).is_some() {
                field.path = first.to_owned();
            }
        }
    }
    if error.fields.is_empty() {
        let is_named = |text: &str| text.contains('/') && error.message.contains(&format!("\"{text}\""));
        let names = texts.iter().filter(|(_, text)| text.as_deref().is_some_and(is_named));
        let message = &error.message;
        error.fields = names.map(|(path, _)| FieldRefusal { path: path.clone(), message: message.clone() }).collect();
    }
    error
}

fn collection_setting(kind: Kind) -> &'static str {
    match kind {
        Kind::Company => "flowtly.clients_path",
        Kind::Contact => "flowtly.contacts_path",
    }
}
