//! What people answered about records without a link, as far as it still holds.
//!
//! An answer is about two records, and so about the pairs that they belong to: who is another firm than Acme in the CRM is
//! another firm than Acme's half in Flowtly. It holds while both records show the identity that they showed when it was
//! given; after that, the same question may be asked again.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::matching::identity;
use crate::domain::plan::LinkId;
use crate::domain::value::Locale;
use crate::store::answer::{self, Answer, Says, Shown};
use crate::store::seen::{Seen, SeenId};
use crate::store::{Connection, StoreError, seen};

/// What was answered about one record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answered {
    others: Vec<Other>,
}

#[derive(Debug, Clone)]
struct Other {
    row: SeenId,
    link: Option<LinkId>,
    word: Word,
}

/// The record beside another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Two things.
    Different,
    /// The record is a copy of the other.
    IsCopy,
    /// The other is a copy of the record.
    HasCopy,
}

impl Answered {
    /// Whether a candidate is none: another thing, or only a copy of the record.
    pub(crate) fn excludes(&self, row: SeenId, link: Option<LinkId>) -> bool {
        self.words(row, link).any(|word| matches!(word, Word::Different | Word::HasCopy))
    }

    /// The candidates that are none, each with its link.
    pub(crate) fn excluded(&self) -> impl Iterator<Item = (SeenId, Option<LinkId>)> {
        let is_none = |other: &&Other| matches!(other.word, Word::Different | Word::HasCopy);
        self.others.iter().filter(is_none).map(|other| (other.row, other.link))
    }

    /// Whether the record is a copy of this one.
    pub(crate) fn is_copy_of(&self, row: SeenId, link: Option<LinkId>) -> bool {
        self.words(row, link).any(|word| word == Word::IsCopy)
    }

    fn words(&self, row: SeenId, link: Option<LinkId>) -> impl Iterator<Item = Word> {
        self.others
            .iter()
            .filter(move |other| other.row == row || (link.is_some() && other.link == link))
            .map(|other| other.word)
    }
}

/// What was answered about these records and still holds.
pub(crate) async fn answered(
    connection: &mut Connection,
    locale: &Locale,
    subjects: &[&Seen],
) -> Result<BTreeMap<SeenId, Answered>, StoreError> {
    let ids: BTreeSet<SeenId> = subjects.iter().map(|row| row.id).collect();
    let answers = answer::about(connection, &ids.iter().copied().collect::<Vec<_>>()).await?;
    let mut found: BTreeMap<SeenId, Answered> = BTreeMap::new();
    if answers.is_empty() {
        return Ok(found);
    }
    let rows = rows_of(connection, locale, &answers).await?;
    for Answer { one, other, says } in answers {
        let (Some(first), Some(second)) = (as_shown(&rows, one), as_shown(&rows, other)) else { continue };
        let words = match says {
            Says::Same => continue,
            Says::Different => [Word::Different, Word::Different],
            Says::Copy => [Word::IsCopy, Word::HasCopy],
        };
        for ((subject, other), word) in [(first, second), (second, first)].into_iter().zip(words) {
            if ids.contains(&subject.id) {
                let about = Other { row: other.id, link: other.link, word };
                found.entry(subject.id).or_default().others.push(about);
            }
        }
    }
    Ok(found)
}

/// The links whose halves a person called the same thing, by what both show now.
pub(crate) async fn confirmed(
    connection: &mut Connection,
    locale: &Locale,
    halves: impl Iterator<Item = SeenId>,
) -> Result<BTreeSet<LinkId>, StoreError> {
    let answers = answer::about(connection, &halves.collect::<Vec<_>>()).await?;
    let answers: Vec<Answer> = answers.into_iter().filter(|answer| answer.says == Says::Same).collect();
    if answers.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = rows_of(connection, locale, &answers).await?;
    Ok(answers
        .iter()
        .filter_map(|answer| {
            let (one, other) = (as_shown(&rows, answer.one)?, as_shown(&rows, answer.other)?);
            one.link.filter(|link| other.link == Some(*link))
        })
        .collect())
}

async fn rows_of(
    connection: &mut Connection,
    locale: &Locale,
    answers: &[Answer],
) -> Result<BTreeMap<SeenId, Seen>, StoreError> {
    let ids: BTreeSet<SeenId> = answers.iter().flat_map(|answer| [answer.one.row, answer.other.row]).collect();
    let rows = seen::by_id(connection, locale, &ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

fn as_shown(rows: &BTreeMap<SeenId, Seen>, shown: Shown) -> Option<&Seen> {
    rows.get(&shown.row).filter(|row| identity(&row.record) == shown.identity)
}
