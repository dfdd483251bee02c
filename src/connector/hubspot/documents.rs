//! Documents as notes: a note at the company, with the title as a link, and our mark below it.
//!
//! What a company's notes show is read by their associations and by their ids, never by the search, which lags. A note is
//! never deleted, and what people wrote into it stays when a document is renamed.
//!
//! <https://developers.hubspot.com/docs/api-reference/2026-03/crm/activities/notes/guide>

use std::collections::HashSet;

use chrono::SecondsFormat;

use super::error::{explain_item, says_no_links, says_not_there};
use super::note::{self, Note};
use super::request::{IdInput, Inputs, LinksOf, NoteBody, NoteLink, NoteProperties, ReadBody};
use super::settings::BATCH;
use super::talk::{Talk, endpoint_must_exist};
use super::wire::{self, Hit, LinksReply, Paging, RecordsReply};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Showing, Shown};
use crate::domain::record::RemoteId;

/// The property that holds a note's text.
const BODY: &str = "hs_note_body";

/// Every note at a company that carries our mark.
pub(super) async fn shown(talk: &Talk, company: &RemoteId) -> Result<Vec<Shown>, PortError> {
    let ids = ids(talk, company).await?;
    let properties = [BODY.to_owned()];
    let mut shown = Vec::new();
    for batch in ids.chunks(BATCH) {
        let inputs = batch.iter().map(|id| IdInput { id }).collect();
        let body = ReadBody { properties: &properties, properties_with_history: [], id_property: None, inputs };
        let url = talk.at.notes(&["batch", "read"]);
        let reply =
            talk.ask("/crm/objects/{version}/notes/batch/read", url, &body, None).await.map_err(endpoint_must_exist)?;
        let reply: RecordsReply = wire::reply(&reply.body)?;
        // A note that was deleted since is not there; anything else that failed is a failure.
        if let Some(fault) = reply.errors.iter().find(|fault| !says_not_there(fault)) {
            return Err(explain_item(fault));
        }
        shown.extend(reply.results.into_iter().filter_map(of_record));
    }
    Ok(shown)
}

/// Shows a document anew, or under another name or link.
pub(super) async fn show(
    talk: &Talk,
    company: &RemoteId,
    id: Option<&RemoteId>,
    showing: &Showing,
) -> Result<Shown, PortError> {
    let reply = match id {
        None => create(talk, company, showing).await?,
        Some(id) => update(talk, id, showing).await?,
    };
    // HubSpot took it: a body that it words in another way is the same note still.
    Ok(Shown { id: RemoteId::new(reply.id.0), showing: showing.clone() })
}

async fn create(talk: &Talk, company: &RemoteId, showing: &Showing) -> Result<Hit, PortError> {
    let body = NoteBody {
        properties: NoteProperties {
            hs_timestamp: Some(talk.now().to_rfc3339_opts(SecondsFormat::Millis, true)),
            hs_note_body: note::render(showing),
        },
        associations: Some([NoteLink::to_company(company.as_str())]),
    };
    let reply =
        talk.order("/crm/objects/{version}/notes", talk.at.notes(&[]), &body).await.map_err(endpoint_must_exist)?;
    wire::reply(&reply.body)
}

async fn update(talk: &Talk, id: &RemoteId, showing: &Showing) -> Result<Hit, PortError> {
    let mut url = talk.at.notes(&[id.as_str()]);
    url.query_pairs_mut().append_pair("properties", BODY);
    let now: Hit = wire::reply(&talk.get("/crm/objects/{version}/notes/{id}", url).await?.body)?;
    let body = NoteBody {
        properties: NoteProperties {
            hs_timestamp: None,
            hs_note_body: note::rewritten(now.property(BODY).unwrap_or_default(), showing),
        },
        associations: None,
    };
    let url = talk.at.notes(&[id.as_str()]);
    let reply = talk.change("/crm/objects/{version}/notes/{id}", url, &body).await?;
    wire::reply(&reply.body)
}

/// The ids of a company's notes, following the pages.
async fn ids(talk: &Talk, company: &RemoteId) -> Result<Vec<String>, PortError> {
    let mut ids = Vec::new();
    let mut met = HashSet::new();
    let mut asked: HashSet<Option<String>> = HashSet::new();
    let mut after = None;
    while asked.insert(after.clone()) {
        let inputs = vec![LinksOf { id: company.as_str().to_owned(), after: after.clone() }];
        let url = talk.at.notes_of_companies(&["batch", "read"]);
        let reply = talk
            .ask("/crm/associations/{version}/companies/notes/batch/read", url, &Inputs { inputs }, None)
            .await
            .map_err(endpoint_must_exist)?;
        let reply: LinksReply = wire::reply(&reply.body)?;
        if let Some(fault) = reply.errors.iter().find(|fault| !says_no_links(fault)) {
            return Err(explain_item(fault));
        }
        after = None;
        for result in reply.results {
            ids.extend(result.to.into_iter().map(|link| link.to_object_id.0).filter(|id| met.insert(id.clone())));
            after = after.or(result.paging.and_then(Paging::after));
        }
        if after.is_none() {
            return Ok(ids);
        }
    }
    Err(PortError::new(ErrorKind::Protocol, "HubSpot's list of a company's notes goes round in a circle"))
}

fn of_record(record: Hit) -> Option<Shown> {
    let Note { mark, title, link } = note::parse(record.property(BODY)?)?;
    Some(Shown { id: RemoteId::new(record.id.0), showing: Showing { mark, title, link } })
}
