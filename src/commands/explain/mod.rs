//! `explain`: why a record, or one field of it, is what it is.

mod fields;

use anyhow::bail;

use self::fields::{Halves, fields};
use super::{named, questions};
use crate::config::Settings;
use crate::connector::port::Source;
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::render::lists::Listing;
use crate::render::lists::explain::{DocumentSaid, Documents, Explanation, HalfSaid, LinkSaid, TodoSaid, show};
use crate::store::seen::Seen;
use crate::store::todo::Subject;
use crate::store::{Connection, Store, StoreError, intent, link, seen, todo};

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
    for row in rows {
        explanations.push(one(&mut snapshot, settings, asked.field, row).await?);
    }
    // The documents are asked for when the state is no longer held.
    drop(snapshot);
    store.close().await?;
    for explanation in &mut explanations {
        if let (Kind::Company, None, Some(id)) = (asked.kind, asked.field, &explanation.record.flowtly) {
            explanation.documents = documents(flowtly, id).await;
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

/// That they cannot be read is told, and stops nothing: the explanation stands without them.
async fn documents(flowtly: Option<&dyn Source>, company: &RemoteId) -> Documents {
    let Some(flowtly) = flowtly else {
        return Documents::Failed("Flowtly could not be asked; see `flowtly-sync check`".to_owned());
    };
    match flowtly.documents(company).await {
        Ok(None) => Documents::None,
        Ok(Some(documents)) => Documents::Listed(
            documents
                .into_iter()
                .map(|document| DocumentSaid { id: document.id, name: document.name, location: document.location })
                .collect(),
        ),
        Err(error) => Documents::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
