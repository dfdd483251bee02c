//! Settling believes little: only what was sent takes a new base, by what the reply shows as stored.

use std::collections::BTreeMap;

use crate::connector::port::KindCapabilities;
use crate::domain::field::Field;
use crate::domain::merge::is_cut_copy;
use crate::domain::record::Record;
use crate::domain::value::{Locale, Reading, Text};

/// What a reply says about one field that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// As sent, in normal form, or as the connector declares that the system rewrites it.
    AsSent,
    /// Not shown: what was sent is taken as stored.
    NotShown,
    /// As it was before, or blank: the server ignored it.
    Ignored,
    /// Neither: the server made something of its own of it.
    Rewritten,
}

/// Judges one field of a reply.
pub(super) fn judge(
    field: Field,
    sent: &Text,
    before: &Text,
    stored: &Reading,
    capabilities: &KindCapabilities,
    locale: &Locale,
) -> Stored {
    let sent = Reading::of(field, sent.clone(), locale);
    let before = Reading::of(field, before.clone(), locale);
    match stored {
        Reading::Unknown => Stored::NotShown,
        stored if stored.same_as(&sent) || stored.agrees_with(&sent) => Stored::AsSent,
        stored if is_cut(field, &sent, stored, capabilities) => Stored::AsSent,
        Reading::Blank => Stored::Ignored,
        Reading::Value(_) if stored.same_as(&before) || stored.agrees_with(&before) => Stored::Ignored,
        Reading::Value(_) => Stored::Rewritten,
    }
}

/// Whether what is stored is what was sent, cut at the declared length.
fn is_cut(field: Field, sent: &Reading, stored: &Reading, capabilities: &KindCapabilities) -> bool {
    let (Some(limit), Some(sent), Some(stored)) = (capabilities.manners.cuts.get(&field), sent.value(), stored.value())
    else {
        return false;
    };
    is_cut_copy(stored.text(), sent.text(), *limit)
}

/// What a reply does not show stays as it was seen; its company is believed only if it was written.
pub(super) fn overlay(mut reply: Record, seen: &Record) -> Record {
    let mut fields: BTreeMap<Field, Reading> = std::mem::take(&mut reply.fields);
    for (field, reading) in &seen.fields {
        let entry = fields.entry(*field).or_insert_with(|| reading.clone());
        if *entry == Reading::Unknown {
            *entry = reading.clone();
        }
    }
    reply.fields = fields;
    if reply.stored_id.is_none() {
        reply.stored_id.clone_from(&seen.stored_id);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::planner::Manners;
    use rstest::rstest;

    fn reading(text: &str) -> Reading {
        Reading::of(Field::Name, Text::whole(text), &Locale::default())
    }

    #[rstest]
    #[case::as_sent("New", "Old", reading("New"), Stored::AsSent)]
    #[case::trimmed(" New ", "Old", reading("New"), Stored::AsSent)]
    #[case::not_shown("New", "Old", Reading::Unknown, Stored::NotShown)]
    #[case::ignored("New", "Old", reading("Old"), Stored::Ignored)]
    #[case::blanked("New", "Old", Reading::Blank, Stored::Ignored)]
    #[case::cleared("", "Old", Reading::Blank, Stored::AsSent)]
    #[case::clear_ignored("", "Old", reading("Old"), Stored::Ignored)]
    #[case::rewritten("New", "Old", reading("Brand new"), Stored::Rewritten)]
    #[case::cut_as_declared("Newer name", "Old", reading("Newer"), Stored::AsSent)]
    #[case::cut_elsewhere("Newer name", "Old", reading("Newe"), Stored::Rewritten)]
    fn a_reply_is_judged(#[case] sent: &str, #[case] before: &str, #[case] stored: Reading, #[case] verdict: Stored) {
        let capabilities = KindCapabilities {
            manners: Manners { cuts: BTreeMap::from([(Field::Name, 5)]), ..Manners::default() },
            ..KindCapabilities::default()
        };
        let judged =
            judge(Field::Name, &Text::whole(sent), &Text::whole(before), &stored, &capabilities, &Locale::default());
        assert_eq!(judged, verdict);
    }
}
