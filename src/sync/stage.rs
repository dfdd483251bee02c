//! Staging: what was read and differs from *seen* moves *seen*, and is put into `todo`, in one transaction.
//!
//! Everything that reads a record comes through here: scans, reads by id, guards, and replies to our own writes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::match_up::index_companies;
use super::{PassError, World};
use crate::domain::matching::identifying;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, Record, RemoteId, Side};
use crate::domain::shape::{Cell, Delivered, RawHash, Row};
use crate::domain::value::Text;
use crate::store::seen::{Put, Seen, SeenId};
use crate::store::todo::{Subject, Why};
use crate::store::{Connection, StoreError, base, seen, todo};

/// What staging needs beside the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage<'a> {
    /// The surroundings.
    pub(crate) world: World<'a>,
    /// Flowtly's account, for stored ids.
    pub(crate) organisation: &'a str,
    /// The side that was read.
    pub(crate) side: Side,
    /// The kind that was read.
    pub(crate) kind: Kind,
    /// When what differs is due.
    pub(crate) due: DateTime<Utc>,
    /// Properties that are missing, by their position in a row.
    pub(crate) missing: &'a Missing,
}

/// Positions in a row, by side and kind.
pub(crate) type Places = BTreeMap<(Side, Kind), BTreeSet<usize>>;

/// Properties that say nothing, or nothing by being blank.
#[derive(Debug, Clone, Default)]
pub(crate) struct Missing {
    /// They are not there, or not shown to us: their texts are unknown whatever is delivered.
    pub(crate) gone: Places,
    /// No record that was looked at shows them, replies leave out what is blank, and this pass does not walk all records: one
    /// that reads as blank and was not is unknown, until a walk says whether anybody shows the property.
    pub(crate) unproven: Places,
}

impl Stage<'_> {
    /// What a missing property delivers is unknown, whatever it looks like on the wire.
    pub(crate) fn hide(&self, rows: &mut [Row]) {
        let Some(missing) = self.missing.gone.get(&(self.side, self.kind)) else { return };
        for row in rows {
            for position in missing {
                if let Some(text) = row.texts.get_mut(*position) {
                    *text = Delivered::Unknown;
                }
            }
        }
    }

    /// The row without the blanks that prove nothing: where a record had a value, or nothing is known of it. `None` where
    /// there are none.
    pub(crate) fn doubted<'s>(&self, row: &Row, known: &(impl Iterator<Item = &'s Record> + Clone)) -> Option<Row> {
        let unproven = self.missing.unproven.get(&(self.side, self.kind))?;
        let cells = &self.world.shape(self.side, self.kind).cells;
        let was_blank = |cell: &Cell| {
            let mut known = known.clone().peekable();
            known.peek().is_some() && known.all(|record| is_blank(record, cell))
        };
        let is_doubtful = |position: usize| {
            let reads_blank = row.texts.get(position) == Some(&Delivered::Blank);
            reads_blank && cells.get(position).is_some_and(|cell| !was_blank(cell))
        };
        let doubtful: Vec<usize> = unproven.iter().copied().filter(|position| is_doubtful(*position)).collect();
        if doubtful.is_empty() {
            return None;
        }
        let mut row = row.clone();
        for position in doubtful {
            if let Some(text) = row.texts.get_mut(position) {
                *text = Delivered::Unknown;
            }
        }
        Some(row)
    }

    /// Whether a row does not tell by what its record is recognised, although the properties are there.
    pub(crate) fn hides_who_it_is(&self, row: &Row) -> bool {
        let missing = self.missing.gone.get(&(self.side, self.kind));
        let cells = &self.world.shape(self.side, self.kind).cells;
        row.texts.iter().zip(cells).enumerate().any(|(position, (text, cell))| {
            *text == Delivered::Unknown
                && identifying(self.kind).contains(&cell.field)
                && !missing.is_some_and(|missing| missing.contains(&position))
        })
    }
}

/// Whether a record shows a part, and it is blank there.
pub(crate) fn is_blank(record: &Record, cell: &Cell) -> bool {
    record.reading(cell.field).text().is_some_and(|text| !says(&text, cell))
}

/// Whether a text says something in a part.
pub(crate) fn says(text: &Text, cell: &Cell) -> bool {
    text.part(cell.part).is_some_and(|part| !Text::whole(part).is_blank())
}

/// Stages rows as a system delivered them: hidden, hashed, and compared with *seen*.
pub(crate) async fn take_in(
    connection: &mut Connection,
    to: Stage<'_>,
    mut rows: Vec<Row>,
) -> Result<Staged, PassError> {
    to.hide(&mut rows);
    let shape = to.world.shape(to.side, to.kind);
    let key = shape.key();
    let hashed: Vec<_> = rows.into_iter().map(|row| (shape.raw_hash(key, &row), row)).collect();
    stage(connection, to, &hashed).await
}

/// What became of the rows.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    /// The rows of `seen` that were met.
    pub(crate) met: Vec<SeenId>,
    /// How many records differed from what was seen.
    pub(crate) differing: u64,
    /// Ids that were merged into records that were read.
    pub(crate) absorbed: Vec<RemoteId>,
    /// A record carries a stored id.
    pub(crate) stored_ids: Vec<String>,
}

/// Moves *seen* for rows that differ from it in their wire text.
pub(crate) async fn stage(
    connection: &mut Connection,
    stage: Stage<'_>,
    rows: &[(RawHash, Row)],
) -> Result<Staged, PassError> {
    let locale = &stage.world.ruling.locale;
    let shape = stage.world.shape(stage.side, stage.kind);
    let ids: BTreeSet<&str> = rows.iter().map(|(_, row)| row.id.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut existing: BTreeMap<RemoteId, Vec<Seen>> = BTreeMap::new();
    for row in seen::by_remote_id(connection, locale, stage.side, stage.kind, &ids).await? {
        existing.entry(row.record.id.clone()).or_default().push(row);
    }

    let mut staged = Staged::default();
    let mut puts: Vec<Put> = Vec::new();
    let mut moved: Vec<(Seen, Record)> = Vec::new();
    let mut touched = Vec::new();
    let mut left: Vec<Seen> = Vec::new();
    let mut in_the_way: Vec<SeenId> = Vec::new();
    // Delivered twice (for two companies, or before and after a merge), it is the later one: the earlier would be taken for
    // another record, and *seen* would move past what was agreed.
    let last: BTreeMap<&RemoteId, usize> = rows.iter().enumerate().map(|(place, (_, row))| (&row.id, place)).collect();
    for (_, (raw_hash, row)) in rows.iter().enumerate().filter(|(place, (_, row))| last.get(&row.id) == Some(place)) {
        staged.absorbed.extend(row.absorbed.iter().cloned());
        staged.stored_ids.extend(row.stored_id.clone());
        let known = existing.remove(&row.id).unwrap_or_default();
        let doubted = stage.doubted(row, &known.iter().map(|known| &known.record));
        let (raw_hash, row) = match &doubted {
            Some(row) => (shape.raw_hash(shape.key(), row), row),
            None => (*raw_hash, row),
        };
        let records = shape.records(row, locale);
        for pairing in pair_up(known, records) {
            match pairing {
                Pairing::Same(old, record) if old.fingerprint == record.fingerprint() && !old.gone => {
                    staged.met.push(old.id);
                    touched.push((old.id, raw_hash, record.version.clone()));
                }
                Pairing::Same(old, record) | Pairing::Moved(old, record) => {
                    puts.push(Put { id: Some(old.id), record: record.clone(), raw_hash });
                    moved.push((old, record));
                }
                Pairing::New(record) => puts.push(Put { id: None, record, raw_hash }),
                Pairing::Left(old) => left.push(old),
                Pairing::Stale(id) => in_the_way.push(id),
            }
        }
    }

    if !touched.is_empty() {
        seen::touch(connection, &touched).await?;
    }
    if !left.is_empty() {
        let ids: Vec<SeenId> = left.iter().map(|row| row.id).collect();
        seen::mark_gone(connection, &ids).await?;
        let newly: Vec<Subject> =
            left.iter().filter(|row| !row.gone).filter_map(|row| row.link.map(Subject::Link)).collect();
        todo::arm(connection, stage.kind, &newly, Why::Staged, Some(stage.due)).await?;
    }
    if !in_the_way.is_empty() {
        seen::forget(connection, &in_the_way).await?;
    }
    if puts.is_empty() {
        return Ok(staged);
    }
    hold_bases(connection, &moved).await?;
    let put_ids = seen::put(connection, &puts).await?;
    if stage.kind == Kind::Company {
        let records = put_ids.iter().copied().zip(puts.iter().map(|put| &put.record));
        index_companies(connection, stage.world, stage.organisation, stage.side, records).await?;
    }
    let links: BTreeMap<SeenId, LinkId> = moved.iter().filter_map(|(old, _)| Some((old.id, old.link?))).collect();
    let subjects: Vec<Subject> =
        put_ids.iter().map(|id| links.get(id).map_or(Subject::Seen(*id), |link| Subject::Link(*link))).collect();
    todo::arm(connection, stage.kind, &subjects, Why::Staged, Some(stage.due)).await?;
    staged.differing += put_ids.len() as u64;
    staged.met.extend(put_ids);
    Ok(staged)
}

/// Before *seen* moves, the bases that say "as seen" take the old text.
async fn hold_bases(connection: &mut Connection, moved: &[(Seen, Record)]) -> Result<(), StoreError> {
    let links: Vec<LinkId> = moved.iter().filter_map(|(old, _)| old.link).collect();
    if links.is_empty() {
        return Ok(());
    }
    let mut bases = base::load(connection, &links).await?;
    let mut held = Vec::new();
    for (old, new) in moved {
        let Some(link) = old.link else { continue };
        let key = (link, old.record.side);
        if let Some(bases) = bases.get_mut(&key)
            && base::hold(bases, &old.record, new)
        {
            held.push((key.0, key.1, bases.clone()));
        }
    }
    if held.is_empty() { Ok(()) } else { base::put(connection, &held).await }
}

enum Pairing {
    /// The row of this record.
    Same(Seen, Record),
    /// The row continues with another company, or with none.
    Moved(Seen, Record),
    /// No row yet.
    New(Record),
    /// The person left this company, and no company took its place.
    Left(Seen),
    /// A row that stands for nothing any more and would be in the way.
    Stale(SeenId),
}

/// Pairs the rows of a person (one a company) with the records that were delivered. One row without a record and one
/// record without a row are a move to another company; a linked row that is left over became a contact without one. Linked
/// rows come first; what is gone and has no link is used only where nothing else fits, and never stands in the way.
fn pair_up(known: Vec<Seen>, records: Vec<Record>) -> Vec<Pairing> {
    let mut pairs = Vec::with_capacity(records.len());
    let (mut stale, mut rows): (Vec<Seen>, Vec<Seen>) =
        known.into_iter().partition(|row| row.gone && row.link.is_none());
    let template = records.first().cloned();
    let mut homeless = records.iter().any(|record| record.parent.is_none());
    let mut unpaired = Vec::new();
    for record in records {
        match rows.iter().position(|row| row.record.parent == record.parent) {
            Some(position) => pairs.push(Pairing::Same(rows.swap_remove(position), record)),
            None => unpaired.push(record),
        }
    }
    rows.sort_by_key(|row| (row.link.is_none(), row.id));
    let mut rows = rows.into_iter();
    for record in unpaired {
        let before =
            stale.iter().position(|row| row.record.parent == record.parent).map(|place| stale.swap_remove(place));
        match (rows.next(), before) {
            (Some(row), before) => {
                pairs.extend(before.map(|stale| Pairing::Stale(stale.id)));
                pairs.push(Pairing::Moved(row, record));
            }
            (None, Some(before)) => pairs.push(Pairing::Same(before, record)),
            (None, None) => pairs.push(Pairing::New(record)),
        }
    }
    let rows: Vec<Seen> = rows.collect();
    let in_the_way = |row: &Seen| row.link.is_none() && row.record.parent.is_none();
    // A linked row that says "no company" already is the one; only one can.
    homeless |= rows.iter().any(|row| row.link.is_some() && row.record.parent.is_none());
    let mut without: Vec<Seen> = Vec::new();
    for row in rows {
        match &template {
            Some(template) if row.link.is_some() && !homeless => {
                homeless = true;
                pairs.extend(stale.iter().filter(|stale| in_the_way(stale)).map(|stale| Pairing::Stale(stale.id)));
                pairs.push(Pairing::Moved(row, Record { parent: None, ..template.clone() }));
            }
            Some(template) if row.link.is_some() && row.record.parent.is_none() => {
                pairs.push(Pairing::Same(row, Record { parent: None, ..template.clone() }));
            }
            Some(_) | None => without.push(row),
        }
    }
    let moved_out = pairs.iter().any(|pair| matches!(pair, Pairing::Moved(_, record) if record.parent.is_none()));
    for row in without {
        pairs.push(if moved_out && in_the_way(&row) { Pairing::Stale(row.id) } else { Pairing::Left(row) });
    }
    pairs
}
