//! Which contact belongs to which company. Links are records of their own in HubSpot: they are read, made and taken away
//! apart, and they do not move the modified date of either end.

use std::collections::{HashMap, HashSet, VecDeque};

use super::error::{explain_item, says_no_links, says_not_there};
use super::request::{IdInput, Inputs, LinkInput, LinkType, LinksOf, UnlinkInput};
use super::row::primary_first;
use super::settings::BATCH;
use super::talk::{Talk, endpoint_must_exist};
use super::wire::{self, Fault, LinksReply, Paging};
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::record::{Kind, RemoteId};

/// A contact's primary company, by HubSpot's number of the link type.
const CONTACT_TO_PRIMARY_COMPANY: u32 = 1;

/// The same link seen from the company.
const PRIMARY_COMPANY_TO_CONTACT: u32 = 2;

/// The links of some records.
#[derive(Debug, Default)]
pub(super) struct Links {
    of: HashMap<RemoteId, Vec<(RemoteId, bool)>>,
    /// Records that HubSpot says are not there.
    pub(super) missing: HashSet<RemoteId>,
}

impl Links {
    /// The other ends of a record's links, distinct, the primary one first; none if it has no links.
    pub(super) fn take(&mut self, id: &RemoteId) -> Vec<RemoteId> {
        primary_first(self.of.remove(id).unwrap_or_default())
    }

    /// The other end of a record's primary link, where it has one.
    pub(super) fn primary(&self, id: &RemoteId) -> Option<&RemoteId> {
        self.of.get(id)?.iter().find(|(_, primary)| *primary).map(|(other, _)| other)
    }
}

/// A company that a contact is to be put to.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewHome<'a> {
    pub(super) contact: &'a RemoteId,
    pub(super) company: &'a RemoteId,
    /// Whether it becomes the contact's primary one.
    pub(super) primary: bool,
}

/// Reads the links from records of a kind to the other kind, in batches, following the pages of each record.
pub(super) async fn read(talk: &Talk, from: Kind, ids: &[RemoteId]) -> Result<Links, PortError> {
    let (to, primary) = match from {
        Kind::Contact => (Kind::Company, CONTACT_TO_PRIMARY_COMPANY),
        Kind::Company => (Kind::Contact, PRIMARY_COMPANY_TO_CONTACT),
    };
    let mut links = Links::default();
    let mut asked: HashSet<(String, Option<String>)> = HashSet::new();
    let mut pending: VecDeque<LinksOf> = VecDeque::new();
    for id in ids {
        if asked.insert((id.as_str().to_owned(), None)) {
            pending.push_back(LinksOf { id: id.as_str().to_owned(), after: None });
        }
    }
    while !pending.is_empty() {
        let inputs: Vec<LinksOf> = pending.drain(..pending.len().min(BATCH)).collect();
        let url = talk.at.associations(from, to, &["batch", "read"]);
        let reply = talk
            .ask("/crm/associations/{version}/{from}/{to}/batch/read", url, &Inputs { inputs }, None)
            .await
            .map_err(endpoint_must_exist)?;
        let reply: LinksReply = wire::reply(&reply.body)?;
        for fault in &reply.errors {
            take_fault(&mut links, fault)?;
        }
        for result in reply.results {
            let id = result.from.id.0;
            let known = links.of.entry(RemoteId::new(id.as_str())).or_default();
            known.extend(
                result.to.iter().map(|link| (RemoteId::new(link.to_object_id.0.as_str()), link.is_of_type(primary))),
            );
            if let Some(after) = result.paging.and_then(Paging::after) {
                if !asked.insert((id.clone(), Some(after.clone()))) {
                    return Err(PortError::new(ErrorKind::Protocol, "HubSpot's list of links goes round in a circle"));
                }
                pending.push_back(LinksOf { id, after: Some(after) });
            }
        }
    }
    Ok(links)
}

/// Puts contacts to companies. The answer holds what HubSpot refused in a partial success; whether a link is there is for the
/// caller to read.
pub(super) async fn make(talk: &Talk, homes: &[NewHome<'_>]) -> Result<Vec<Fault>, PortError> {
    let inputs = homes
        .iter()
        .map(|home| LinkInput {
            from: IdInput { id: home.contact.as_str() },
            to: IdInput { id: home.company.as_str() },
            types: if home.primary { &LinkType::PRIMARY } else { &LinkType::PLAIN },
        })
        .collect();
    let url = talk.at.associations(Kind::Contact, Kind::Company, &["batch", "create"]);
    let reply = talk.order("/crm/associations/{version}/{from}/{to}/batch/create", url, &Inputs { inputs }).await?;
    faults(&reply.body)
}

/// Takes links away: `(contact, company)` each.
pub(super) async fn remove(talk: &Talk, pairs: &[(&RemoteId, &RemoteId)]) -> Result<Vec<Fault>, PortError> {
    let inputs = pairs
        .iter()
        .map(|(contact, company)| UnlinkInput {
            from: IdInput { id: contact.as_str() },
            to: vec![IdInput { id: company.as_str() }],
        })
        .collect();
    let url = talk.at.associations(Kind::Contact, Kind::Company, &["batch", "archive"]);
    let reply = talk.order("/crm/associations/{version}/{from}/{to}/batch/archive", url, &Inputs { inputs }).await?;
    faults(&reply.body)
}

/// What a reply to a write of links refuses: nothing where it is empty (204).
fn faults(body: &[u8]) -> Result<Vec<Fault>, PortError> {
    #[derive(serde::Deserialize)]
    struct Partial {
        #[serde(default)]
        errors: Vec<Fault>,
    }
    if body.is_empty() {
        return Ok(Vec::new());
    }
    wire::reply::<Partial>(body).map(|partial| partial.errors)
}

fn take_fault(links: &mut Links, fault: &Fault) -> Result<(), PortError> {
    if says_no_links(fault) {
        return Ok(());
    }
    let named: Vec<RemoteId> = ["fromObjectId", "ids", "id"]
        .iter()
        .flat_map(|key| wire::context(&fault.context, key))
        .chain(fault.id.iter().map(|id| id.0.as_str()))
        .map(RemoteId::new)
        .collect();
    if !says_not_there(fault) || named.is_empty() {
        return Err(explain_item(fault));
    }
    links.missing.extend(named);
    Ok(())
}
