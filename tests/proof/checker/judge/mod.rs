//! The invariants, and what they share: which pair, which reason.

pub mod agree;
pub mod doubles;
pub mod edits;
pub mod invented;
pub mod refusals;
pub mod rest;
pub mod writes;

use super::evidence::{Evidence, Kind, Rec, Record, Side};
use super::journal::{Lap, What};
use super::normal;
use super::rules::Field;
use super::state::{Link, State};
use super::story::Story;

/// One run, and its story.
#[derive(Debug)]
pub struct Case<'evidence> {
    pub evidence: &'evidence Evidence,
    pub story: Story,
}

impl<'evidence> Case<'evidence> {
    pub fn of(evidence: &'evidence Evidence) -> Self {
        Self { evidence, story: Story::of(evidence) }
    }

    pub fn state(&self) -> &'evidence State {
        &self.evidence.state
    }

    /// Both records of a link, where both are there and live.
    pub fn pair(&self, link: &Link) -> Option<(&'evidence Record, &'evidence Record)> {
        Some((self.evidence.live(&link.half(Side::Flowtly))?, self.evidence.live(&link.half(Side::Crm))?))
    }

    /// Why a field of a link may stay as it is until a person or a system moves: conflict, refusal, question, open write.
    pub fn waits(&self, link: &Link, field: &Field) -> bool {
        let state = self.state();
        let concerns = |name: &str| {
            let is_path = |side| field.property(side, name).is_some();
            name.is_empty() || name == field.name || Side::BOTH.into_iter().any(is_path)
        };
        let of_link = |row: Option<i64>| row == Some(link.id);
        state.conflicts.iter().any(|row| of_link(row.link) && row.field == field.name)
            || state.failures.iter().any(|row| of_link(row.link) && concerns(&row.field))
            || Side::BOTH.into_iter().any(|side| state.asks_about(&link.half(side)))
            || state.intents.iter().any(|intent| intent.link == Some(link.id) && !intent.closed)
    }

    /// Whether the halves of a link say the same in a field, as this checker understands it.
    pub fn agrees(&self, link: &Link, field: &Field, ours: &Record, theirs: &Record) -> bool {
        if field.name == "parent" {
            return self.parents_agree(link, ours, theirs);
        }
        let (ours, theirs) = (normal::texts(field, Side::Flowtly, ours), normal::texts(field, Side::Crm, theirs));
        normal::same(&field.name, &ours, &theirs)
    }

    /// Whether it was merged into a record that is there.
    pub fn is_absorbed(&self, rec: &Rec) -> bool {
        let alike = |other: &Rec| (other.side, other.kind) == (rec.side, rec.kind);
        self.evidence.records.iter().any(|(other, record)| alike(other) && record.absorbed.contains(&rec.id))
    }

    /// A contact's company on one side is linked to (one of) its companies on the other. A link stays written down at its old
    /// company where its person is at the new one under another link.
    fn parents_agree(&self, link: &Link, ours: &Record, theirs: &Record) -> bool {
        let firms = self.state().links.iter().filter(|firm| firm.kind == Kind::Company);
        let mut firms = firms.filter(|firm| ours.parents.contains(&firm.flowtly));
        let others = || {
            let links = self.state().links.iter();
            links.filter(|other| other.kind == Kind::Contact && other.crm == link.crm && other.id != link.id)
        };
        firms.any(|firm| {
            let is_there = link.parent.is_none() || link.parent == Some(firm.id);
            theirs.parents.contains(&firm.crm) && (is_there || others().any(|other| other.parent == Some(firm.id)))
        })
    }

    /// The companies of a contact on a side that are not those of another row of the same person, linked or told about.
    pub fn places(&self, contact: &Link, side: Side) -> impl Iterator<Item = String> {
        let half = contact.half(side);
        let others = self.state().seen_of(&half).filter(|row| !row.gone && row.link != Some(contact.id));
        let taken: Vec<String> = others.map(|row| row.parent.clone()).collect();
        let parents = self.evidence.live(&half).map(|record| record.parents.clone()).unwrap_or_default();
        parents.into_iter().filter(move |id| !taken.contains(id))
    }

    /// The request behind which the pass began that sent a request of this number.
    pub fn pass_of(&self, side: Side, number: u64) -> u64 {
        self.lap_of(side, number).map_or(0, |lap| lap.place(side))
    }

    /// The pass that sent a request of this number.
    pub fn lap_of(&self, side: Side, number: u64) -> Option<&'evidence Lap> {
        let began = self.evidence.laps.iter().filter(|lap| lap.place(side) < number);
        began.max_by_key(|lap| lap.place(side))
    }

    /// Whether the system takes the liberty to keep what it had where it was sent something else.
    pub fn may_ignore(&self, rec: &Rec, property: &str) -> bool {
        self.evidence.liberties.iter().any(|liberty| {
            liberty.manner == flowtly_sync::sandbox::Manner::Ignore
                && (liberty.side, liberty.kind) == (rec.side, rec.kind)
                && liberty.property.as_deref().is_none_or(|path| path == property)
        })
    }

    /// Whether a person decided something about this record, or about one that stands for the same thing, from this deed on.
    pub fn decided(&self, rec: &Rec, from: usize) -> bool {
        let kin = self.story.kin(rec);
        self.evidence
            .deeds
            .iter()
            .skip(from)
            .any(|deed| matches!(deed.what, What::Decided { .. }) && kin.contains(&deed.rec))
    }
}
