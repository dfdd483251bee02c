//! Records by what they say or belong to: the contacts of companies, our id, and candidates for a text.

use std::collections::{HashMap, HashSet};

use super::error::forbids;
use super::query::{self, Where};
use super::read::{self, Single};
use super::row;
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// The live contacts of companies, each once, with all the companies that they belong to.
pub(super) async fn children(talk: &Talk, companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let mut rows: HashMap<RemoteId, Row> = HashMap::new();
    let batch = talk.settings.children_batch;
    if batch == 0 || companies.len() == 1 {
        for company in companies {
            rows.extend(of_one(talk, company).await?.into_iter().map(|row| (row.id.clone(), row)));
        }
    } else {
        for companies in companies.chunks(batch) {
            let ids = companies.iter().map(|id| id.as_str().to_owned());
            let linked = read::all(talk, Kind::Contact, &[Where::many("linkedWith", "accounts", ids)]).await?;
            rows.extend(linked.into_iter().map(|row| (row.id.clone(), row)));
        }
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(rows)
}

/// The contacts of one company, by its own list. A company that is gone, or that may not be read, shows none.
async fn of_one(talk: &Talk, company: &RemoteId) -> Result<Vec<Row>, PortError> {
    let (layout, size) = (talk.layout(Kind::Contact), talk.settings.page_size);
    let mut rows: Vec<Row> = Vec::new();
    let mut after: Option<RemoteId> = None;
    loop {
        let behind: Vec<Where> = after.iter().map(|after| Where::one("greaterThan", "id", after.as_str())).collect();
        let query = query::list(&talk.settings, layout, &behind, size);
        let path = ["Account", company.as_str(), "contacts"];
        let reply = match talk.get("/Account/{id}/contacts", &path, &query).await {
            Ok(reply) => reply,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(rows),
            Err(error) if forbids(&error) && !may_be_read(talk, company).await? => return Ok(rows),
            Err(error) => return Err(error),
        };
        let entries = row::list(layout, &reply.body)?;
        let is_last = entries.len() < size;
        let last = entries.last().map(|entry| entry.row.id.clone());
        rows.extend(read::completed(talk, Kind::Contact, entries).await?);
        if is_last || last.is_none() || last == after {
            return Ok(rows);
        }
        after = last;
    }
}

/// Whether it is the company that is closed. A refusal of its list may as well say that contacts are.
async fn may_be_read(talk: &Talk, company: &RemoteId) -> Result<bool, PortError> {
    Ok(matches!(read::single(talk, Kind::Company, company).await?, Single::Shown(_)))
}

/// The records whose field for our id holds `stored_id`; `None` where there is no such field. It is not unique in EspoCRM: a
/// duplicated record carries a copy of it.
pub(super) async fn by_stored_id(talk: &Talk, kind: Kind, stored_id: &str) -> Result<Option<Vec<Row>>, PortError> {
    let Some(field) = talk.layout(kind).id_field.as_deref() else { return Ok(None) };
    let found = read::all(talk, kind, &[Where::one("equals", field, stored_id)]).await;
    let mut rows = found.map_err(|error| {
        if error.kind == ErrorKind::Invalid {
            PortError { kind: ErrorKind::Setting, message: no_id_field(field), ..error }
        } else {
            error
        }
    })?;
    // The database compares without case and accents.
    rows.retain(|row| row.stored_id.as_deref() == Some(stored_id));
    Ok(Some(rows))
}

/// Without the field EspoCRM takes our id and forgets it.
pub(super) fn no_id_field(field: &str) -> String {
    format!(
        "accounts have no field {field} that the API user sees: add it (type Varchar) in Administration > Entity Manager > \
         Account > Fields, or set id_property = \"\""
    )
}

/// Candidates for a text: equal names and tax numbers, of contacts equal e-mail addresses.
pub(super) async fn by_text(talk: &Talk, kind: Kind, text: &str) -> Result<Vec<Row>, PortError> {
    let fields: &[Field] = match kind {
        Kind::Company => &[Field::TaxIdentity, Field::Name],
        Kind::Contact => &[Field::Email],
    };
    // The type and the country of a tax number are no texts that anybody looks for.
    let cells = talk
        .layout(kind)
        .shape
        .cells
        .iter()
        .filter(|cell| fields.contains(&cell.field) && !matches!(cell.part, Part::TinType | Part::TinCountry));
    let mut paths: Vec<&str> = cells.map(|cell| cell.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut rows: Vec<Row> = Vec::new();
    let mut met = HashSet::new();
    for path in paths {
        match read::all(talk, kind, &[Where::one("equals", path, text)]).await {
            Ok(found) => rows.extend(found.into_iter().filter(|row| met.insert(row.id.clone()))),
            // A field that is not there is told by the probe; the others can still be asked.
            Err(error) if error.kind == ErrorKind::Invalid => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}
