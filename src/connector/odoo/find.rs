//! Records by what they say or belong to: the contacts of companies, and candidates for a text.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::call::Archived;
use super::domain::{any, leaf, literally};
use super::fields::COMMERCIAL;
use super::layout::PARENT;
use super::read::{self, number};
use super::talk::Talk;
use crate::connector::error::PortError;
use crate::connector::port::Find;
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, RemoteId};
use crate::domain::shape::Row;

/// Companies whose contacts are asked for together.
const COMPANIES: usize = 200;

/// The live contacts of companies, those of their departments too.
pub(super) async fn children(talk: &Talk, companies: &[RemoteId]) -> Result<Vec<Row>, PortError> {
    let fields = talk.fields.known(talk).await?;
    let ids: Vec<u64> = companies.iter().map(number).collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    for batch in ids.chunks(COMPANIES) {
        let mut ways = vec![leaf(PARENT, "in", json!(batch))];
        if fields.contains_key(COMMERCIAL) {
            ways.push(leaf(COMMERCIAL, "in", json!(batch)));
        }
        rows.extend(read::every(talk, Kind::Contact, &any(ways), Archived::Hidden).await?);
    }
    // Between two batches a person may move, and be met in both.
    let mut met = HashSet::new();
    rows.retain(|row| met.insert(row.id.clone()));
    Ok(rows)
}

/// Candidates for a text, or the record that carries our id.
pub(super) async fn find(talk: &Talk, kind: Kind, find: &Find) -> Result<Option<Vec<Row>>, PortError> {
    let layout = talk.layout(kind);
    match find {
        Find::StoredId(id) => {
            let Some(field) = layout.id_field.as_deref() else { return Ok(None) };
            let conditions = [leaf(field, "=", json!(id))];
            let mut rows = read::every(talk, kind, &conditions, Archived::Shown).await?;
            // An index or a database may compare loosely; our id is one text.
            rows.retain(|row| row.stored_id.as_deref() == Some(id));
            Ok(Some(rows))
        }
        Find::Text(text) => {
            let ways = ways(talk, kind, text).await?;
            if ways.is_empty() {
                return Ok(Some(Vec::new()));
            }
            let page = read::page(talk, kind, &any(ways), 0, Archived::Hidden).await?;
            Ok(Some(page.rows))
        }
    }
}

/// A condition for every mapped field that people look for.
async fn ways(talk: &Talk, kind: Kind, text: &str) -> Result<Vec<Value>, PortError> {
    let wanted: &[Field] = match kind {
        Kind::Company => &[Field::TaxIdentity, Field::Name],
        Kind::Contact => &[Field::Email, Field::PersonName],
    };
    let fields = talk.fields.known(talk).await?;
    let cells = talk.layout(kind).shape.cells.iter().filter(|cell| {
        wanted.contains(&cell.field)
            && !matches!(cell.part, Part::TinType | Part::TinCountry)
            && fields.get(&cell.path).is_some_and(|info| info.type_name == "char")
    });
    Ok(cells.map(|cell| leaf(&cell.path, "ilike", json!(literally(text)))).collect())
}
