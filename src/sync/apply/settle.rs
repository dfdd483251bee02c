//! Settling believes little: only what was sent takes a new base, by what the reply shows as stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::connector::port::KindCapabilities;
use crate::domain::field::{Field, Part};
use crate::domain::merge::is_cut_copy;
use crate::domain::record::Record;
use crate::domain::value::normal::normalise;
use crate::domain::value::{Facet, Locale, Normal, Reading, Text};

/// What a reply says about one field that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// As sent, in normal form, or as the connector declares that the system rewrites it.
    AsSent,
    /// Not shown: what was sent is taken as stored.
    NotShown,
    /// As it was before, or blank: the server ignored it.
    Ignored,
    /// Some of the parts that were sent are as they were before, or blank; the others arrived.
    PartlyIgnored,
    /// Neither: the server made something of its own of it, or somebody else changed a part that was not sent.
    Rewritten,
}

/// The judgement of one field of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    /// What became of it.
    pub(super) stored: Stored,
    /// What the base of the written side takes, in its shape; `None` stands for "as seen". A part that was not sent never
    /// takes what is stored: it is somebody else's doing, and still has to travel.
    pub(super) base: Option<Text>,
    /// The parts that the server ignored.
    pub(super) ignored: BTreeSet<Part>,
}

impl Judged {
    const fn of(stored: Stored) -> Self {
        Self { stored, base: None, ignored: BTreeSet::new() }
    }

    /// Whether somebody else changed a part that was not sent.
    pub(super) fn is_edited_beside(&self) -> bool {
        self.base.is_some() && self.stored != Stored::NotShown
    }

    /// The base of the other side: the value that was planned from, less what the server ignored, which stays as it was at
    /// the last agreement and so is tried again. Where it has not moved since (it won a conflict by a part that did arrive),
    /// it is held against what the server `kept`, in the shape of this side.
    pub(super) fn source_base(
        &self,
        field: Field,
        (planned, last, kept): (&Text, &Text, &Text),
        locale: &Locale,
    ) -> Text {
        if self.ignored.is_empty() {
            return planned.clone();
        }
        let ignored: BTreeSet<Facet> = self.ignored.iter().flat_map(|part| feeds(*part)).copied().collect();
        let (now, then) = (normalise(field, planned, locale), normalise(field, last, locale));
        // A facet that nothing feeds is a blank one.
        let moved = |facet: &Facet| now.facet(*facet).unwrap_or_default() != then.facet(*facet).unwrap_or_default();
        let parts: BTreeSet<Part> =
            [planned, last, kept].into_iter().flat_map(Text::parts).map(|(part, _)| part).collect();
        parts
            .into_iter()
            .map(|part| {
                let facets: Vec<Facet> = feeds(part).iter().filter(|facet| ignored.contains(facet)).copied().collect();
                let text = match (facets.is_empty(), facets.iter().any(moved)) {
                    (true, _) => planned,
                    (false, true) => last,
                    (false, false) => kept,
                };
                (part, text.part(part).unwrap_or_default().to_owned())
            })
            .collect()
    }

    /// What was sent, with what the server kept in place of what it ignored.
    pub(super) fn arrived(&self, sent: &Text, stored: &Text) -> Text {
        let mut text = sent.clone();
        for part in &self.ignored {
            text.set(*part, stored.part(*part).unwrap_or_default());
        }
        text
    }

    /// What a person reads about what the server took and did not store.
    pub(super) fn words(&self) -> String {
        const IGNORED: &str = "ignored by the server: it answered with success and kept the value from before";
        let parts: Vec<&str> =
            self.ignored.iter().filter(|part| **part != Part::Whole).map(|part| part.as_str()).collect();
        if parts.is_empty() { IGNORED.to_owned() } else { format!("{IGNORED} ({})", parts.join(", ")) }
    }
}

/// Judges one field of a reply.
pub(super) fn judge(
    field: Field,
    sent: &Text,
    before: &Text,
    stored: &Reading,
    capabilities: &KindCapabilities,
    locale: &Locale,
) -> Judged {
    let Some(shown) = stored.text() else {
        return Judged { base: Some(sent.clone()), ..Judged::of(Stored::NotShown) };
    };
    // A part that one text leaves out and another one carries is a blank one: else an edit of it would pass unseen.
    let parts: BTreeSet<Part> =
        [sent, before, &shown].into_iter().flat_map(Text::parts).map(|(part, _)| part).collect();
    let filled = |text: &Text| -> Text {
        parts.iter().map(|part| (*part, text.part(*part).unwrap_or_default().to_owned())).collect()
    };
    let (sent, before, shown) = (filled(sent), filled(before), filled(&shown));
    let reading = |text: &Text| Reading::of(field, text.clone(), locale);
    let (wanted, now) = (reading(&sent), reading(&shown));
    if now.same_as(&wanted) || now.agrees_with(&wanted) || is_cut(field, &wanted, &now, capabilities) {
        return Judged::of(Stored::AsSent);
    }
    let differing = differing(&normalise(field, &sent, locale), &normalise(field, &shown, locale));
    let normal = |text: &Text, part: Part| {
        let text = text.part(part).unwrap_or_default().to_owned();
        normalise(field, &Text::from_iter([(part, text)]), locale)
    };
    let is_blank = |text: &Text, part: Part| text.part(part).unwrap_or_default().trim().is_empty();
    let was_sent = |part: &Part| normal(&sent, *part) != normal(&before, *part);
    let is_ignored = |part: &Part| {
        let is_as_before = normal(&shown, *part) == normal(&before, *part);
        feeds(*part).iter().any(|facet| differing.contains(facet))
            && (is_as_before || (is_blank(&shown, *part) && !is_blank(&sent, *part)))
    };
    let (changed, kept): (BTreeSet<Part>, BTreeSet<Part>) = parts.iter().copied().partition(|part| was_sent(part));
    let ignored: BTreeSet<Part> = changed.iter().copied().filter(is_ignored).collect();
    let stored = match ignored.len() {
        0 => Stored::Rewritten,
        some if some == changed.len() => Stored::Ignored,
        _ => Stored::PartlyIgnored,
    };
    let is_moved = kept.iter().any(|part| normal(&shown, *part) != normal(&sent, *part));
    let base = is_moved.then(|| {
        let believed = |part: &Part| if changed.contains(part) { &shown } else { &sent };
        parts.iter().map(|part| (*part, believed(part).part(*part).unwrap_or_default().to_owned())).collect()
    });
    Judged { stored, base, ignored }
}

/// The facets that two normal forms show differently.
fn differing(ours: &Normal, theirs: &Normal) -> BTreeSet<Facet> {
    let facets = ours.facets().chain(theirs.facets()).map(|(facet, _)| facet);
    facets.filter(|facet| ours.facet(*facet) != theirs.facet(*facet)).collect()
}

/// The facets that a part has a share in.
const fn feeds(part: Part) -> &'static [Facet] {
    match part {
        Part::Whole | Part::First | Part::Last => &[Facet::Whole],
        Part::Line | Part::Street | Part::Building | Part::Unit => &[Facet::Line],
        Part::City => &[Facet::City],
        Part::PostCode => &[Facet::PostCode],
        Part::Country => &[Facet::Country],
        Part::Number => &[Facet::TaxNumber, Facet::TaxCountry],
        Part::Tin => &[Facet::TaxNumber, Facet::TaxCountry, Facet::Tin],
        Part::TinType => &[Facet::TaxType],
        Part::TinCountry => &[Facet::TaxCountry],
        Part::VatNumber => &[Facet::TaxNumber, Facet::TaxCountry, Facet::VatNumber],
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
        assert_eq!(judged.stored, verdict);
    }

    fn address(street: &str, city: &str, code: &str) -> Text {
        Text::of([(Part::Line, street), (Part::City, city), (Part::PostCode, code)])
    }

    #[rstest]
    #[case::as_sent(("Prosta", "Kraków", ""), Stored::AsSent, None, &[])]
    #[case::in_other_words((" Prosta", "Kraków ", ""), Stored::AsSent, None, &[])]
    #[case::rewritten(("Prosta", "KRAKÓW", ""), Stored::Rewritten, None, &[])]
    #[case::one_part_kept(("Prosta", "Opole", ""), Stored::PartlyIgnored, None, &[Part::City])]
    #[case::one_part_blanked(("", "Kraków", ""), Stored::PartlyIgnored, None, &[Part::Line])]
    #[case::all_that_was_sent_kept(("Krzywa", "Opole", ""), Stored::Ignored, None, &[Part::Line, Part::City])]
    #[case::edited_beside(("Prosta", "Kraków", "31-001"), Stored::Rewritten, Some(("Prosta", "Kraków", "")), &[])]
    #[case::kept_and_edited_beside(
        ("Prosta", "Opole", "31-001"),
        Stored::PartlyIgnored,
        Some(("Prosta", "Opole", "")),
        &[Part::City]
    )]
    fn the_parts_of_a_composite_are_judged_alone(
        #[case] stored: (&str, &str, &str),
        #[case] verdict: Stored,
        #[case] base: Option<(&str, &str, &str)>,
        #[case] ignored: &[Part],
    ) {
        let locale = Locale::default();
        let text = |(street, city, code): (&str, &str, &str)| address(street, city, code);
        let stored = Reading::of(Field::Address, text(stored), &locale);
        let (sent, before) = (address("Prosta", "Kraków", ""), address("Krzywa", "Opole", ""));
        let judged = judge(Field::Address, &sent, &before, &stored, &KindCapabilities::default(), &locale);
        assert_eq!(
            judged,
            Judged { stored: verdict, base: base.map(text), ignored: ignored.iter().copied().collect() }
        );
    }

    #[test]
    fn a_part_that_is_left_out_is_a_blank_one() {
        let locale = Locale::default();
        let stored = Reading::of(Field::Address, address("", "Kraków", "31-001"), &locale);
        let sent = Text::of([(Part::City, "Kraków")]);
        let judged = judge(Field::Address, &sent, &Text::default(), &stored, &KindCapabilities::default(), &locale);
        assert_eq!(judged.base, Some(address("", "Kraków", "")));
    }

    #[test]
    fn what_was_ignored_is_not_agreed_on_the_other_side_either() {
        let judged = Judged { ignored: BTreeSet::from([Part::City]), ..Judged::of(Stored::PartlyIgnored) };
        let (planned, last) = (address("Prosta", "Kraków", "31-001"), address("Krzywa", "Opole", ""));
        let kept = address("Prosta", "Łódź", "31-001");
        let base = |planned: &Text, last: &Text| {
            judged.source_base(Field::Address, (planned, last, &kept), &Locale::default())
        };
        assert_eq!(base(&planned, &last), address("Prosta", "Opole", "31-001"));
        assert_eq!(base(&planned, &Text::default()), address("Prosta", "", "31-001"));
        assert_eq!(base(&Text::default(), &last), address("", "Opole", ""));
        // It had not moved itself: what the server kept is what it still differs from.
        assert_eq!(base(&planned, &address("Krzywa", "Kraków", "")), address("Prosta", "Łódź", "31-001"));
        assert_eq!(base(&Text::default(), &Text::default()), address("", "Łódź", ""));
        assert_eq!(base(&address("", "", ""), &Text::default()), address("", "Łódź", ""));
    }
}
