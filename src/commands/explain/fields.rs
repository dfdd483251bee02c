//! The fields of a record or pair: what each side shows, what was agreed, what was.

use std::collections::BTreeMap;

use crate::config::Settings;
use crate::domain::field::Field;
use crate::domain::plan::LinkId;
use crate::domain::planner::OUTSIDE;
use crate::domain::record::{Kind, Side};
use crate::domain::value::{Reading, Text};
use crate::render::lists::explain::{FieldSaid, Since, ValueSaid};
use crate::store::seen::Seen;
use crate::store::{Connection, StoreError, base, history, seen, waiting};

/// How much of a field's history is told among all fields, and alone.
const AMONG_ALL: u32 = 3;
const ALONE: u32 = 50;

/// What is known of a record or pair, by side.
pub(super) struct Halves {
    by_side: BTreeMap<Side, Seen>,
    kind: Kind,
}

impl Halves {
    /// Of one row or two. Without any there is nothing to tell.
    pub(super) fn of(rows: Vec<Seen>) -> Self {
        let kind = rows.first().map_or(Kind::Company, |row| row.record.kind);
        Self { by_side: rows.into_iter().map(|row| (row.record.side, row)).collect(), kind }
    }

    /// The rows, Flowtly's first.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Seen> {
        self.by_side.values()
    }
}

/// Tells one field, or all that a side maps.
pub(super) async fn fields(
    connection: &mut Connection,
    settings: &Settings,
    halves: &Halves,
    link: Option<LinkId>,
    only: Option<Field>,
) -> Result<Vec<FieldSaid>, StoreError> {
    let kind = halves.kind;
    let locale = settings.locale();
    let mut now: BTreeMap<Side, BTreeMap<Field, Reading>> = BTreeMap::new();
    let mut agreed: BTreeMap<Side, BTreeMap<Field, Reading>> = BTreeMap::new();
    let links: Vec<LinkId> = link.into_iter().collect();
    let mut bases = base::load(connection, &links).await?;
    for (side, row) in &halves.by_side {
        let mut record = row.record.clone();
        if kind == Kind::Contact {
            let parent = company_of(connection, settings, row).await?;
            record.fields.insert(Field::Parent, Reading::of(Field::Parent, parent, locale));
        }
        if let Some(bases) = link.and_then(|link| bases.remove(&(link, *side))) {
            agreed.insert(*side, base::readings(&bases, &record, settings.shape(*side, kind), locale));
        }
        now.insert(*side, record.fields);
    }
    let conflicts = if links.is_empty() { Vec::new() } else { waiting::conflicts(connection, Some(&links)).await? };
    let mut said = Vec::new();
    for field in settings.fields(kind) {
        let is_mapped = field == Field::Parent
            || Side::BOTH.iter().any(|side| !settings.shape(*side, kind).parts(field).is_empty());
        if !is_mapped || only.is_some_and(|only| only != field) {
            continue;
        }
        let limit = if only.is_some() { ALONE } else { AMONG_ALL };
        let history = match link {
            Some(link) => history::of_link(connection, link, Some(field), limit).await?,
            None => Vec::new(),
        };
        let value = |side: Side| {
            let now = now.get(&side)?.get(&field).unwrap_or(&Reading::Unknown);
            let said = value_said(now, agreed.get(&side).and_then(|bases| bases.get(&field)));
            // Ours only as long as nobody there wrote something else.
            let last = history.iter().find(|written| written.entry.side == side);
            let writer = last
                .filter(|written| now.same_as(&Reading::of(field, written.entry.new.clone(), locale)))
                .map(|written| written.pass);
            Some(ValueSaid { writer, ..said })
        };
        said.push(FieldSaid {
            field,
            flowtly: value(Side::Flowtly),
            crm: value(Side::Crm),
            rule: settings.kind_rules(kind).fields.get(&field).copied(),
            history,
            conflict: conflicts.iter().find(|conflict| conflict.conflict.field == field).cloned(),
        });
    }
    Ok(said)
}

fn value_said(now: &Reading, base: Option<&Reading>) -> ValueSaid {
    let since = match (now, base) {
        (Reading::Unknown, _) => Since::Unknown,
        (Reading::Blank | Reading::Value(_), None | Some(Reading::Unknown)) => Since::NeverAgreed,
        (Reading::Blank | Reading::Value(_), Some(base @ (Reading::Blank | Reading::Value(_)))) => {
            if now.same_as(base) { Since::Same } else { Since::Moved }
        }
    };
    ValueSaid { now: now.text(), base: base.and_then(Reading::text), since, writer: None }
}

/// The link of a contact's company, as the engine compares it.
async fn company_of(connection: &mut Connection, settings: &Settings, row: &Seen) -> Result<Text, StoreError> {
    let outside = || Text::whole(OUTSIDE);
    let Some(parent) = &row.record.parent else { return Ok(outside()) };
    let companies =
        seen::by_remote_id(connection, settings.locale(), row.record.side, Kind::Company, &[parent.as_str()]).await?;
    let link = companies.iter().find_map(|company| company.link);
    Ok(link.map_or_else(outside, |link| Text::whole(link.0.to_string())))
}
