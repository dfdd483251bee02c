//! `explain`: why a record, or one field of it, is what it is.

mod fields;

use anyhow::bail;

use self::fields::{Halves, fields};
use super::{named, questions};
use crate::config::Settings;
use crate::connector::port::{Document, Source};
use crate::domain::documents::{Known, State};
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::render::lists::Listing;
use crate::render::lists::explain::{
    DocumentSaid, Documents, Explanation, HalfSaid, LinkSaid, StandSaid, TodoSaid, show,
};
use crate::render::words::when;
use crate::store::document::Row;
use crate::store::seen::Seen;
use crate::store::todo::Subject;
use crate::store::{Connection, Store, StoreError, document, intent, link, seen, todo};

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subjected<'a> {
    /// Company or contact.
    pub kind: Kind,
    /// Whose id it is.
    pub side: Side,
    /// The id.
    pub id: &'a RemoteId,
    /// One field only.
    pub field: Option<Field>,
}

/// Explains a record that was ever read; a CRM person who belongs to several companies once for each. `flowtly` is asked
/// for a company's documents, if it is given. Exit code 0.
pub async fn explain(
    settings: &Settings,
    flowtly: Option<&dyn Source>,
    asked: &Subjected<'_>,
    listing: &mut Listing<'_>,
) -> anyhow::Result<u8> {
    let mut store = Store::open_read_only(&settings.state_path).await?;
    let mut snapshot = store.begin().await?;
    let rows =
        seen::by_remote_id(&mut snapshot, settings.locale(), asked.side, asked.kind, &[asked.id.as_str()]).await?;
    if rows.is_empty() {
        bail!(
            "{} was never read; check kind, side and id, or run `flowtly-sync reconcile --full` first",
            named::plain(asked.kind, asked.side, asked.id)
        );
    }
    if let Some(field) = asked.field
        && field != Field::Parent
        && Side::BOTH.iter().all(|side| settings.shape(*side, asked.kind).parts(field).is_empty())
    {
        bail!("`{field}` is mapped on neither side; `flowtly-sync check --show-config` shows what is");
    }
    let mut explanations = Vec::new();
    let known = match (settings.documents, rows.first().and_then(|row| row.link)) {
        (Some(_), Some(link)) if asked.kind == Kind::Company => document::known(&mut snapshot, link, &[]).await?,
        _ => Vec::new(),
    };
    for row in rows {
        explanations.push(one(&mut snapshot, settings, asked.field, row).await?);
    }
    // The documents are asked for when the state is no longer held.
    drop(snapshot);
    store.close().await?;
    for explanation in &mut explanations {
        if let (Kind::Company, None, Some(id)) = (asked.kind, asked.field, &explanation.record.flowtly) {
            explanation.documents = documents(flowtly, id, settings.documents.map(|_| known.as_slice())).await;
        }
    }
    show(listing, &explanations)?;
    Ok(0)
}

async fn one(
    connection: &mut Connection,
    settings: &Settings,
    field: Option<Field>,
    row: Seen,
) -> Result<Explanation, StoreError> {
    let locale = settings.locale();
    let link = match row.link {
        Some(id) => link::by_id(connection, &[id]).await?.remove(&id),
        None => None,
    };
    let halves = match &link {
        Some(link) => seen::by_link(connection, locale, &[link.id]).await?,
        None => vec![row.clone()],
    };
    let halves = Halves::of(halves);
    let about = row.link.map_or(Subject::Seen(row.id), Subject::Link);
    let is_about = |link: Option<LinkId>, seen| match about {
        Subject::Link(id) => link == Some(id),
        Subject::Seen(id) => seen == Some(id),
    };
    let ids: Vec<_> = halves.rows().map(|half| half.id).collect();
    let open = intent::open(connection).await?;
    let link_said = match &link {
        Some(link) => Some(LinkSaid {
            id: link.id,
            state: link.state.as_str(),
            assessment: link.assessment.clone(),
            reasons: link::stated_reasons(connection, link.id).await?,
            reason: link.reason.clone(),
            parent: link.parent,
        }),
        None => None,
    };
    Ok(Explanation {
        record: link.as_ref().map_or_else(|| named::record(&row), |link| named::pair(link, halves.rows())),
        fields: fields(connection, settings, &halves, row.link, field).await?,
        halves: halves.rows().map(half_said).collect(),
        link: link_said,
        verdict: if row.link.is_none() { row.verdict.clone() } else { None },
        todo: todo::of(connection, about).await?.map(|(why, due)| TodoSaid { why, due }),
        open_writes: open.iter().filter(|intent| is_about(intent.link, intent.source)).count() as u64,
        questions: questions::gather(connection, locale, |id| ids.contains(&id)).await?,
        failures: named::failures(connection, locale, |failure| is_about(failure.link, failure.seen)).await?,
        documents: Documents::NotAsked,
    })
}

fn half_said(half: &Seen) -> HalfSaid {
    HalfSaid {
        side: half.record.side,
        id: half.record.id.clone(),
        parent: half.record.parent.clone(),
        standing: half.record.standing,
        gone: half.gone,
        in_scope: half.record.in_scope,
        stored_id: half.record.stored_id.clone(),
        modified: half.record.modified,
    }
}

/// That they cannot be read is told, and stops nothing: the explanation stands without them. `known` is what the state knows
/// of them; `None` where documents are off.
async fn documents(flowtly: Option<&dyn Source>, company: &RemoteId, known: Option<&[Row]>) -> Documents {
    let Some(flowtly) = flowtly else {
        return Documents::Failed("Flowtly could not be asked; see `flowtly-sync check`".to_owned());
    };
    match flowtly.documents(company).await {
        Ok(None) => Documents::None,
        Ok(Some(documents)) => Documents::Listed(listed(documents, known)),
        Err(error) => Documents::Failed(error.to_string()),
    }
}

/// What Flowtly lists, then what it lists no more.
fn listed(documents: Vec<Document>, known: Option<&[Row]>) -> Vec<DocumentSaid> {
    let is_listed = |row: &&Row| documents.iter().any(|document| document.id.as_ref() == Some(&row.known.document));
    let gone: Vec<DocumentSaid> = known
        .unwrap_or_default()
        .iter()
        .filter(|row| !is_listed(row))
        .map(|row| DocumentSaid {
            id: Some(row.known.document.clone()),
            name: Some(row.known.title.clone()),
            location: row.known.link.clone(),
            stands: Some(stand(&row.known, true)),
        })
        .collect();
    let listed = documents.into_iter().map(|Document { id, name, location, .. }| {
        let stands = known.map(|known| {
            let row = known.iter().find(|row| id.as_ref() == Some(&row.known.document));
            match (&id, &name, row) {
                (Some(_), Some(_), Some(row)) => stand(&row.known, false),
                (Some(_), Some(_), None) => said("wanted", "not looked at yet"),
                (Some(_), None, _) => said("incomplete", "not shown: it has no name"),
                (None, Some(_), _) => said("incomplete", "not shown: it has no id"),
                (None, None, _) => said("incomplete", "not shown: it has neither id nor name"),
            }
        });
        DocumentSaid { id, name, location, stands }
    });
    listed.chain(gone).collect()
}

fn said(state: &'static str, says: &str) -> StandSaid {
    StandSaid { state, says: says.to_owned(), crm_id: None, gone: false }
}

fn stand(known: &Known, gone: bool) -> StandSaid {
    let says = match (known.state, &known.refused) {
        (State::Wanted, Some((_, next_try))) => {
            format!("the CRM refused it, see `flowtly-sync failures`; tried again at {}", when(*next_try))
        }
        (State::Wanted, None) if known.crm_id.is_some() => "to be renamed in the CRM".to_owned(),
        (State::Wanted, None) if gone => "never shown".to_owned(),
        (State::Wanted, None) => "to be shown in the CRM".to_owned(),
        (State::Sending, _) => "sent to the CRM, and looked for there".to_owned(),
        (State::Moved, _) => "its company goes on as another record, and it is looked for there".to_owned(),
        (State::Shown, _) => "shown in the CRM".to_owned(),
        (State::Removed, _) => "taken away in the CRM, and left alone".to_owned(),
    };
    let says = if gone { format!("gone in Flowtly; {says}") } else { says };
    StandSaid { state: known.state.as_str(), says, crm_id: known.crm_id.clone(), gone }
}

#[cfg(test)]
mod tests;
