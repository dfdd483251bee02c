//! Reading: who it is, records by id, what appeared, look-ups and documents.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::contacts::home;
use super::error::{closed, is_about_this_record, is_no_address};
use super::frontier::Mark;
use super::shared::{Home, Shared, Sheet, Wanted, all_or_first_failure};
use super::talk::numbered;
use super::walk::PageWalk;
use super::wire::layout::Relation;
use super::wire::{documents, entry};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Account, Document, Extent, Frontier, Lookup, Step, Walk};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// How far back is looked for what appeared, in pages? Further than any deletes during a pass can shift them.
const MOST_PAGES_BACK: usize = 50;

/// The most pages that a search may show; one that shows more is taken for a list that ignores the question.
const MOST_SEARCH_PAGES: usize = 5;

/// Who it is. The organisation's id is the configured one, else that of the only organisation that is shown.
pub(super) async fn probe(shared: &Shared) -> Result<Account, PortError> {
    if shared.talk.settings.organisation.is_none() {
        let url = shared.talk.url(&shared.talk.settings.organisations_path);
        let read = shared.talk.read(url, "/organizations", |reply| super::wire::page::plain_page(&reply.body)).await;
        match read {
            Ok((page, reply)) => {
                let mut ids = page.rows.iter().filter_map(|value| entry::entry(value, Relation::Other));
                let only = ids.next().filter(|_| page.rows.len() == 1 && page.total.is_none_or(|total| total == 1));
                return Ok(Account { id: only.map(|entry| entry.id), server_time: reply.date });
            }
            // Not everybody may see organisations; whether we are let in, the clients tell.
            Err(error) if is_no_address(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let sheet = shared.sheet(Wanted::Companies, shared.first_page(Wanted::Companies)).await?;
    Ok(Account { id: shared.talk.settings.organisation.clone(), server_time: sheet.date })
}

/// Begins a walk. Clients cannot be asked what changed: all are shown then, too.
pub(super) async fn walk(shared: &Arc<Shared>, kind: Kind, extent: Extent) -> Result<PageWalk, PortError> {
    let wanted = wanted(shared, kind).await?;
    let mut first = shared.first_page(wanted);
    let since = match (extent, wanted, &shared.talk.settings.contacts_updated_parameter) {
        (Extent::Since(since), Wanted::Contacts, Some(parameter)) => {
            let stamp = since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            first.query_pairs_mut().append_pair(parameter, &stamp);
            Some(since)
        }
        (Extent::Complete | Extent::Since(_), _, _) => None,
    };
    Ok(PageWalk::new(shared.clone(), wanted, first, since))
}

/// Reads by id, several at once, one answer for each.
pub(super) async fn get(shared: &Shared, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PortError> {
    let wanted = match kind {
        Kind::Company => Wanted::Companies,
        Kind::Contact => Wanted::Contacts,
    };
    let tasks = ids.iter().map(|id| lookup(shared, kind, id, wanted));
    all_or_first_failure(shared.talk.settings.concurrent_pages, tasks).await
}

async fn lookup(shared: &Shared, kind: Kind, id: &RemoteId, wanted: Wanted) -> Result<Lookup, PortError> {
    match shared.record(kind, id, wanted).await {
        Ok(decoded) => Ok(Lookup::Found(Box::new(decoded.row))),
        // Only the API's own words get here: an address that nobody knows is a wrong setting.
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Lookup::Gone),
        Err(error) if is_about_this_record(&error) => {
            tracing::warn!(
                record.kind = kind.as_str(),
                record.id = id.as_str(),
                "Flowtly does not let us read this record by its id: what its list shows is all that is known of it"
            );
            Ok(Lookup::Closed(error.message))
        }
        Err(error) => Err(error),
    }
}

/// What appeared since a walk ended: the end of the list again, from the remembered page on.
pub(super) async fn appeared(
    shared: &Arc<Shared>,
    kind: Kind,
    frontier: &Frontier,
) -> Result<(Vec<Row>, Frontier), PortError> {
    let mut mark =
        Mark::read(frontier).ok_or_else(|| shared.talk.protocol("the frontier of the last walk cannot be read"))?;
    let rows = appeared_since(shared, kind, &mark).await?;
    mark.take_in(rows.iter().map(|row| &row.id));
    Ok((rows, mark.write()))
}

async fn appeared_since(shared: &Arc<Shared>, kind: Kind, mark: &Mark) -> Result<Vec<Row>, PortError> {
    let wanted = wanted(shared, kind).await?;
    let mut rows = Vec::new();
    if !mark.ascending || wanted == Wanted::Embedded {
        // What is new may stand anywhere.
        let mut walk = PageWalk::new(shared.clone(), wanted, shared.first_page(wanted), None);
        while let Step::Page(page) = walk.next().await? {
            rows.extend(page.into_iter().filter(|row| mark.is_new(&row.id)));
        }
        return Ok(rows);
    }
    let start = shared.talk.resolve(&mark.last)?;
    let mut visited = HashSet::from([start.clone()]);
    let mut sheets = VecDeque::from([shared.sheet(wanted, start.clone()).await?]);
    let mut url = start.clone();
    for _ in 0..MOST_PAGES_BACK {
        let Some(earliest) = sheets.front() else { break };
        // After deletes what is new may have moved to earlier pages.
        if mark.reaches_back(&earliest.listed) {
            break;
        }
        let Some(before) = earlier(shared, &url, earliest)?.filter(|before| visited.insert(before.clone())) else {
            break;
        };
        sheets.push_front(shared.sheet(wanted, before.clone()).await?);
        url = before;
    }
    let mut met: HashSet<RemoteId> = sheets.iter().flat_map(|sheet| sheet.listed.iter().cloned()).collect();
    let mut url = start;
    while let Some(after) = sheets.back().map(|sheet| later(shared, &url, sheet)).transpose()?.flatten() {
        if !visited.insert(after.clone()) {
            break;
        }
        let sheet = shared.sheet(wanted, after.clone()).await?;
        let fresh = sheet.listed.iter().filter(|id| met.insert((*id).clone())).count();
        // A server that ignores the number of the page never comes to an end.
        if fresh == 0 && !sheet.listed.is_empty() && later(shared, &after, &sheet)?.is_some() {
            return Err(shared.talk.repeats());
        }
        sheets.push_back(sheet);
        url = after;
    }
    let mut taken = HashSet::new();
    for row in sheets.into_iter().flat_map(|sheet| sheet.rows) {
        if mark.is_new(&row.id) && taken.insert(row.id.clone()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The server's own search for a text, where it is configured.
pub(super) async fn search(shared: &Arc<Shared>, text: &str) -> Result<Option<Vec<Row>>, PortError> {
    let Some(parameter) = &shared.talk.settings.search_parameter else { return Ok(None) };
    let mut url = shared.first_page(Wanted::Search);
    url.query_pairs_mut().append_pair(parameter, text);
    let mut walk = PageWalk::new(shared.clone(), Wanted::Search, url, None);
    let mut rows = Vec::new();
    for _ in 0..MOST_SEARCH_PAGES {
        match walk.next().await? {
            Step::Page(page) => rows.extend(page),
            Step::End(_) => return Ok(Some(rows)),
        }
    }
    tracing::warn!("the search shows too much to be one, flowtly.search_parameter seems to be ignored");
    Ok(None)
}

/// The documents of a client.
pub(super) async fn documents(shared: &Shared, company: &RemoteId) -> Result<Option<Vec<Document>>, PortError> {
    // The template's braces would be percent-encoded with the rest of the path.
    let path = shared.talk.settings.documents_path.replace("{id}", &super::wire::iri::join("", company.as_str()));
    let url = shared.talk.url(&path);
    let read = shared
        .talk
        .read(url, "/clients/{id}/documents", |reply| serde_json::from_slice::<Value>(&reply.body).map_err(Into::into));
    match read.await {
        Ok((reply, _)) => {
            let mut documents = documents::documents(&reply);
            for document in &mut documents {
                document.location = document.location.take().map(|location| absolute(shared, location));
            }
            Ok(Some(documents))
        }
        // No such address; a client that is gone, or may not be read, says nothing of the others.
        Err(error) if error.kind == ErrorKind::Setting => Ok(None),
        Err(error) => Err(closed(error)),
    }
}

/// Where a document can be had, for whoever does not know where Flowtly is. What is no path of the host stays as it is.
fn absolute(shared: &Shared, location: String) -> String {
    if !location.starts_with('/') {
        return location;
    }
    shared.talk.settings.base_url.join(&location).map_or(location, String::from)
}

async fn wanted(shared: &Shared, kind: Kind) -> Result<Wanted, PortError> {
    Ok(match kind {
        Kind::Company => Wanted::Companies,
        Kind::Contact => match home(shared).await? {
            Home::List => Wanted::Contacts,
            Home::Clients => Wanted::Embedded,
        },
    })
}

fn earlier(shared: &Shared, url: &Url, sheet: &Sheet) -> Result<Option<Url>, PortError> {
    // A page past the end names the last one; its `previous` may be past the end as well.
    let link = match &sheet.view {
        view if sheet.listed.is_empty() => view.last.as_ref().or(view.previous.as_ref()),
        view => view.previous.as_ref(),
    };
    match link {
        Some(link) => shared.talk.resolve(link).map(Some),
        None if sheet.bare => Ok(page_number(url).filter(|number| *number > 1).map(|n| numbered(url.clone(), n - 1))),
        None => Ok(None),
    }
}

fn later(shared: &Shared, url: &Url, sheet: &Sheet) -> Result<Option<Url>, PortError> {
    match &sheet.view.next {
        Some(link) => shared.talk.resolve(link).map(Some),
        None if sheet.bare && !sheet.listed.is_empty() => {
            Ok(Some(numbered(url.clone(), page_number(url).unwrap_or(1).saturating_add(1))))
        }
        None => Ok(None),
    }
}

fn page_number(url: &Url) -> Option<usize> {
    url.query_pairs().find(|(key, _)| key == "page").and_then(|(_, text)| text.parse().ok())
}
