//! Where contacts are: in a list of their own, or embedded in the clients. Found out by looking, and remembered.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use url::Url;

use super::error::{is_about_this_record, is_no_address};
use super::shared::{Home, Shared, Wanted, all_or_first_failure};
use super::walk::PageWalk;
use super::wire::row::Embedded;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Step, Walk};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// Finds out where contacts are read from. The list of their own is taken if its rows name their client; it is taken too,
/// but not remembered, as long as there are no contacts anywhere.
pub(super) async fn home(shared: &Shared) -> Result<Home, PortError> {
    let known = shared.learned().home;
    if let Some(home) = known {
        return Ok(home);
    }
    let listed = shared.sheet(Wanted::Contacts, shared.first_page(Wanted::Contacts)).await;
    let home = match &listed {
        Ok(sheet) if sheet.rows.iter().any(|row| !row.parents.is_empty()) => Home::List,
        Ok(_) => match embedded(shared).await? {
            Some(true) => Home::Clients,
            Some(false) | None => return Ok(Home::List),
        },
        Err(error) if is_no_address(error) => match embedded(shared).await? {
            Some(_) => Home::Clients,
            None => return Err(error.clone()),
        },
        Err(error) => return Err(error.clone()),
    };
    shared.learned().home = Some(home);
    tracing::debug!(?home, "found out where Flowtly's contacts are read from");
    Ok(home)
}

/// The contacts of these companies; each row verified to belong to one of them.
pub(super) async fn children(shared: &Arc<Shared>, companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let at_once = shared.talk.settings.concurrent_pages;
    let shown = all_or_first_failure(at_once, companies.iter().map(|company| shown(shared, company))).await?;
    let mut rows = Vec::new();
    let mut by_id: Vec<RemoteId> = Vec::new();
    let mut owners = HashMap::new();
    let mut unshown = BTreeSet::new();
    let mut closed = BTreeSet::new();
    for (company, shown) in companies.iter().zip(shown) {
        match shown {
            Shown::Closed => {
                closed.insert(company.clone());
            }
            Shown::Rows(contacts) => rows.extend(contacts),
            Shown::Ids(ids) => {
                owners.extend(ids.iter().map(|id| (id.clone(), company.clone())));
                by_id.extend(ids);
            }
            Shown::Nothing => {
                unshown.insert(company.clone());
            }
        }
    }
    let read = all_or_first_failure(at_once, by_id.iter().map(|id| contact(shared, id))).await?;
    for (id, read) in by_id.iter().zip(read) {
        let mut row = match read {
            Contact::Row(row) => *row,
            Contact::Gone => continue,
            Contact::Closed => {
                closed.extend(owners.get(id).cloned());
                continue;
            }
        };
        let owner = owners.get(&row.id);
        if row.parents.is_empty() {
            // It does not say it; the client did.
            row.parents.extend(owner.cloned());
        }
        if row.parents.first() == owner {
            rows.push(row);
        }
    }
    // What may not be read by its id the lists show all the same.
    if !closed.is_empty() && home(shared).await? == Home::Clients {
        let first = shared.first_page(Wanted::Embedded);
        let found = walked(shared, Wanted::Embedded, first, |row| row.parents.iter().any(|id| closed.contains(id)));
        rows.extend(found.await?.rows);
    } else {
        unshown.extend(closed);
    }
    if !unshown.is_empty() {
        rows.extend(filtered(shared, &unshown).await?);
    }
    Ok(rows)
}

/// What one client shows of its contacts.
enum Shown {
    Rows(Vec<Row>),
    Ids(Vec<RemoteId>),
    Nothing,
    /// We may not read the client by its id.
    Closed,
}

/// What one contact says by its id.
enum Contact {
    Row(Box<Row>),
    Gone,
    /// We may not read it by its id.
    Closed,
}

async fn shown(shared: &Shared, company: &RemoteId) -> Result<Shown, PortError> {
    let decoded = match shared.record(Kind::Company, company, Wanted::Embedded).await {
        Ok(decoded) => decoded,
        // A client that is gone has no contacts.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Shown::Rows(Vec::new())),
        Err(error) if is_about_this_record(&error) => return Ok(Shown::Closed),
        Err(error) => return Err(error),
    };
    Ok(match decoded.contacts {
        Embedded::Whole(rows) if rows.is_empty() || !shared.learned().embedded_are_partial() => Shown::Rows(rows),
        Embedded::Whole(rows) => Shown::Ids(rows.into_iter().map(|row| row.id).collect()),
        Embedded::Links(ids) => Shown::Ids(ids),
        Embedded::Absent => Shown::Nothing,
    })
}

async fn contact(shared: &Shared, id: &RemoteId) -> Result<Contact, PortError> {
    match shared.record(Kind::Contact, id, Wanted::Contacts).await {
        Ok(decoded) => Ok(Contact::Row(Box::new(decoded.row))),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Contact::Gone),
        Err(error) if is_about_this_record(&error) => Ok(Contact::Closed),
        Err(error) => Err(error),
    }
}

/// Contacts by the list's own filter. A filter that the server does not understand shows everything, so that one walk then
/// serves all the companies.
async fn filtered(shared: &Arc<Shared>, companies: &BTreeSet<RemoteId>) -> Result<Vec<Row>, PortError> {
    let mut rows = Vec::new();
    for company in companies {
        let mut url = shared.first_page(Wanted::Contacts);
        url.query_pairs_mut().append_pair("client", company.as_str());
        let found = walked(shared, Wanted::Contacts, url, |row| row.parents.contains(company)).await?;
        rows.extend(found.rows);
        if found.strangers {
            tracing::warn!("the server ignores the filter of contacts by client, the whole list is read");
            let ours = |row: &Row| row.parents.iter().any(|parent| companies.contains(parent));
            return Ok(walked(shared, Wanted::Contacts, shared.first_page(Wanted::Contacts), ours).await?.rows);
        }
    }
    Ok(rows)
}

struct Found {
    rows: Vec<Row>,
    strangers: bool,
}

/// Walks contacts and keeps ours; stops early where a filter is plainly ignored and the rest is not asked for.
async fn walked(
    shared: &Arc<Shared>,
    wanted: Wanted,
    url: Url,
    is_ours: impl Fn(&Row) -> bool + Send,
) -> Result<Found, PortError> {
    let is_filtered = url.query_pairs().any(|(key, _)| key == "client");
    let mut walk = PageWalk::new(shared.clone(), wanted, url, None);
    let mut found = Found { rows: Vec::new(), strangers: false };
    while let Step::Page(page) = walk.next().await? {
        let (ours, strangers): (Vec<Row>, Vec<Row>) = page.into_iter().partition(&is_ours);
        found.rows.extend(ours);
        found.strangers |= !strangers.is_empty();
        if found.strangers && is_filtered {
            break;
        }
    }
    Ok(found)
}

/// Whether clients show whole contacts: `None` if they show none or only references; false if there are no contacts at all.
async fn embedded(shared: &Shared) -> Result<Option<bool>, PortError> {
    let sheet = shared.sheet(Wanted::Embedded, shared.first_page(Wanted::Embedded)).await?;
    Ok((sheet.whole && !sheet.listed.is_empty()).then_some(!sheet.rows.is_empty()))
}
