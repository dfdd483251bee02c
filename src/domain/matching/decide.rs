//! The decision among candidates.

use std::collections::BTreeSet;

use super::{Bond, Candidate, MatchKeys, Verdict};
use crate::domain::plan::{Asks, CandidateNote, KeyKind, LinkId};

/// Decides about `subject` among all candidates of the other side and all twins of its own.
///
/// The order of the candidates, and naming one twice, change nothing. In this order:
///
/// 1. Candidates that a stronger key speaks against drop out. One alone that carries our stored id decides.
/// 2. Several: a question. One: link it if it is free, ask if its partner lives, re-point if its partner is gone, rest if
///    it belongs to a tombstone. Where only the names are equal, or the stored id is while name and tax number both differ
///    (ids of a copy, or of a restored system), it is a question too.
/// 3. What would be linked, re-pointed or created is asked instead if the own side has a twin.
/// 4. What would be created is asked instead if a candidate has the same tax number and only another stored id, or (for
///    contacts) the same e-mail address, another name, and no partner.
pub fn decide(subject: &MatchKeys, others: &[Candidate], twins: &[Candidate]) -> Verdict {
    let mut viable = Vec::new();
    let mut contested = Vec::new();
    for comparison in compared(subject, others) {
        match comparison.vetoes().as_slice() {
            [] if comparison.equal.is_empty() => {}
            [] => viable.push(comparison),
            [KeyKind::StoredId] if comparison.equal.contains(&KeyKind::TaxNumber) => contested.push(comparison),
            // "J. Kowalski" and "Jan Kowalski" at one address of one firm: two people who share it, or one who would be
            // doubled. A free candidate is worth the question.
            [KeyKind::EmailAndName]
                if comparison.equal.contains(&KeyKind::Email) && comparison.candidate.bond == Bond::Free =>
            {
                contested.push(comparison);
            }
            _ => {}
        }
    }
    let verdict = among(&viable);
    let doubles = doubles(&verdict, &compared_on_the_same_side(subject, twins));
    if !doubles.is_empty() {
        return Verdict::Ask { asks: Asks::Twin, candidates: doubles };
    }
    match verdict {
        Verdict::None => among(&contested),
        Verdict::Link { .. } | Verdict::Repoint { .. } | Verdict::Ask { .. } | Verdict::Rest => verdict,
    }
}

/// A candidate beside the subject, its keys strongest first.
struct Comparison<'a> {
    candidate: &'a Candidate,
    equal: BTreeSet<KeyKind>,
    differing: BTreeSet<KeyKind>,
}

impl Comparison<'_> {
    /// The strongest equal key that is enough for a link.
    fn link_key(&self) -> Option<KeyKind> {
        self.equal.iter().copied().find(|kind| *kind != KeyKind::Name)
    }

    /// Keys that both have, that differ, and that are stronger than what is equal.
    fn vetoes(&self) -> Vec<KeyKind> {
        let strongest = self.link_key().or_else(|| self.equal.first().copied());
        strongest.into_iter().flat_map(|strongest| self.differing.range(..strongest)).copied().collect()
    }

    /// The stored id is equal, and everything by which people would recognise the firm differs.
    fn is_another_under_the_stored_id(&self) -> bool {
        let differs = |kind| self.differing.contains(&kind);
        self.equal.contains(&KeyKind::StoredId)
            && differs(KeyKind::TaxNumber)
            && (differs(KeyKind::NameAndCountry) || differs(KeyKind::Name))
    }

    fn note(&self) -> CandidateNote {
        CandidateNote {
            record: self.candidate.record.clone(),
            label: self.candidate.label.clone(),
            speaks_for: self.equal.iter().copied().collect(),
            speaks_against: self.differing.iter().copied().collect(),
        }
    }
}

fn compared<'a>(subject: &MatchKeys, candidates: &'a [Candidate]) -> Vec<Comparison<'a>> {
    let mut sorted: Vec<&Candidate> = candidates.iter().collect();
    sorted.sort_by(|ours, theirs| ours.record.cmp(&theirs.record));
    sorted.dedup_by(|ours, theirs| ours.record == theirs.record);
    sorted.into_iter().map(|candidate| compare(subject, candidate)).collect()
}

fn compare<'a>(subject: &MatchKeys, candidate: &'a Candidate) -> Comparison<'a> {
    let both_have = |kind| subject.keys.contains_key(&kind) && candidate.keys.keys.contains_key(&kind);
    let mut comparison = Comparison { candidate, equal: BTreeSet::new(), differing: BTreeSet::new() };
    for (kind, ours) in &subject.keys {
        let Some(theirs) = candidate.keys.keys.get(kind) else { continue };
        // The name alone says nothing more where both have the country.
        if *kind == KeyKind::Name && both_have(KeyKind::NameAndCountry) {
            continue;
        }
        if ours == theirs { &mut comparison.equal } else { &mut comparison.differing }.insert(*kind);
    }
    comparison
}

/// On one side, every record has another stored id or should have: that it differs speaks against nothing.
fn compared_on_the_same_side<'a>(subject: &MatchKeys, twins: &'a [Candidate]) -> Vec<Comparison<'a>> {
    let mut comparisons = compared(subject, twins);
    for comparison in &mut comparisons {
        comparison.differing.remove(&KeyKind::StoredId);
    }
    comparisons.retain(|comparison| comparison.vetoes().is_empty());
    comparisons
}

fn among(candidates: &[Comparison<'_>]) -> Verdict {
    let mut stored = candidates.iter().filter(|comparison| comparison.equal.contains(&KeyKind::StoredId));
    if let (Some(one), None) = (stored.next(), stored.next())
        && !one.is_another_under_the_stored_id()
    {
        return alone(one);
    }
    match candidates {
        [] => Verdict::None,
        [one] => alone(one),
        several if several.iter().all(|comparison| matches!(comparison.candidate.bond, Bond::Tombstone(_))) => {
            Verdict::Rest
        }
        several => Verdict::Ask { asks: Asks::WhichOf, candidates: several.iter().map(Comparison::note).collect() },
    }
}

fn alone(comparison: &Comparison<'_>) -> Verdict {
    let ask = |asks| Verdict::Ask { asks, candidates: vec![comparison.note()] };
    let by = comparison
        .link_key()
        .filter(|_| comparison.vetoes().is_empty() && !comparison.is_another_under_the_stored_id());
    match (comparison.candidate.bond, by) {
        (Bond::Tombstone(_), Some(_) | None) => Verdict::Rest,
        (Bond::Linked(_), Some(_) | None) => ask(Asks::Duplicate),
        (Bond::Free | Bond::Widowed(_), None) => ask(Asks::SameThing),
        (Bond::Free, Some(by)) => Verdict::Link { with: comparison.candidate.record.clone(), by },
        (Bond::Widowed(link), Some(by)) => Verdict::Repoint { link, by },
    }
}

/// The twins that stand against carrying out a verdict.
fn doubles(verdict: &Verdict, twins: &[Comparison<'_>]) -> Vec<CandidateNote> {
    let (by, continued) = match verdict {
        Verdict::Link { by, .. } => (Some(*by), None),
        Verdict::Repoint { link, by } => (Some(*by), Some(*link)),
        Verdict::None => (None, None),
        Verdict::Ask { .. } | Verdict::Rest => return Vec::new(),
    };
    twins
        .iter()
        // The record that the link leaves behind is no twin of the one that follows it.
        .filter(|twin| continued.is_none() || bond_link(twin.candidate.bond) != continued)
        .filter(|twin| twin.equal.iter().any(|shared| is_double(*shared, by)))
        .map(Comparison::note)
        .collect()
}

/// Whether a twin that shares this key makes it doubtful which of the two is meant by `by` (`None`: a create).
fn is_double(shared: KeyKind, by: Option<KeyKind>) -> bool {
    match shared {
        KeyKind::StoredId => true,
        // Our own id says which of the two it is.
        KeyKind::TaxNumber | KeyKind::Configured(_) | KeyKind::EmailAndName => by != Some(KeyKind::StoredId),
        KeyKind::NameAndCountry | KeyKind::Email => by.is_none_or(|by| by == shared),
        KeyKind::Name => false,
    }
}

const fn bond_link(bond: Bond) -> Option<LinkId> {
    match bond {
        Bond::Free => None,
        Bond::Linked(link) | Bond::Widowed(link) | Bond::Tombstone(link) => Some(link),
    }
}
