//! Records by what they say or belong to: the contacts of companies, and candidates for a text.

use std::collections::HashSet;

use super::associations;
use super::read;
use super::request::FilterGroup;
use super::search;
use super::talk::Talk;
use crate::connector::error::PortError;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// HubSpot takes at most this many groups of filters in one search.
const GROUPS: usize = 5;

/// The live contacts of companies, each once, with all the companies that they belong to.
pub(super) async fn children(talk: &Talk, companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let mut links = associations::read(talk, Kind::Company, companies).await?;
    let contacts: Vec<RemoteId> = companies.iter().flat_map(|company| links.take(company)).collect();
    read::rows(talk, Kind::Contact, &contacts).await
}

/// Candidates for a text: records that hold just this text where the mapping puts names, tax numbers or e-mails, then
/// those of HubSpot's own search, which looks into its standard properties only.
pub(super) async fn by_text(talk: &Talk, kind: Kind, text: &str) -> Result<Vec<Row>, PortError> {
    let mut ids: Vec<RemoteId> = Vec::new();
    let mut met = HashSet::new();
    let groups = groups(talk, kind, text);
    let searches = [(None, groups), (Some(text), Vec::new())];
    for (query, groups) in searches {
        if query.is_none() && groups.is_empty() {
            continue;
        }
        let page = search::first_page(talk, kind, query, groups, vec![talk.layout(kind).modified]).await?;
        ids.extend(page.results.into_iter().map(|hit| RemoteId::new(hit.id.0)).filter(|id| met.insert(id.clone())));
    }
    read::rows(talk, kind, &ids).await
}

fn groups<'a>(talk: &'a Talk, kind: Kind, text: &str) -> Vec<FilterGroup<'a>> {
    let fields: &[Field] = match kind {
        Kind::Company => &[Field::TaxIdentity, Field::Name],
        Kind::Contact => &[Field::Email],
    };
    // The type and the country of a tax number are no texts that anybody looks for, and may be lists of choices.
    let cells = talk
        .layout(kind)
        .shape
        .cells
        .iter()
        .filter(|cell| fields.contains(&cell.field) && !matches!(cell.part, Part::TinType | Part::TinCountry));
    let mut paths: Vec<&str> = cells.map(|cell| cell.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths.into_iter().take(GROUPS).map(|path| FilterGroup::one(path, "EQ", text.to_owned())).collect()
}
