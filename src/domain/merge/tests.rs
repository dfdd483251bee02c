//! The table against a second formulation of it: the rows of the design as literal data, over every combination.

use super::*;
use crate::domain::field;
use crate::domain::value::Locale;

/// What a half can hold here. `Cut` is what a side that cuts at three characters keeps of `Long`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Unknown,
    Blank,
    Long,
    Cut,
    Other,
}

const CUT: usize = 3;
const BASES: [Option<Holds>; 4] = [None, Some(Holds::Blank), Some(Holds::Long), Some(Holds::Cut)];
const NOWS: [Holds; 5] = [Holds::Unknown, Holds::Blank, Holds::Long, Holds::Cut, Holds::Other];
const DIRECTIONS: [Direction; 3] = [Direction::Both, Direction::ToCrm, Direction::ToFlowtly];
const PREFERENCES: [Preference; 3] = [Preference::Flowtly, Preference::Crm, Preference::Ask];
const DRIFTS: [Drift; 2] = [Drift::Keep, Drift::Correct];
const BOOLS: [bool; 2] = [false, true];

fn reading(text: &str) -> Reading {
    Reading::of(Field::Name, Text::whole(text), &Locale::default())
}

/// The readings, made once.
struct Shelf([Reading; 5]);

impl Shelf {
    fn new() -> Self {
        Self([Reading::Unknown, Reading::Blank, reading("abcdef"), reading("abc"), reading("other")])
    }

    fn of(&self, holds: Holds) -> &Reading {
        &self.0[holds as usize]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Two,
    One,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Did {
    NoBase,
    Same,
    Moved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Equal,
    SourceBlank,
    TargetBlank,
    Differ,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Nothing,
    Agree(Reason),
    ToTarget(Reason),
    ToSource(Reason),
    Conflict(Reason),
}

/// A row holds where every column contains the present state. Source and target of a two-way field are Flowtly and the CRM.
struct Row {
    way: Way,
    source: &'static [Did],
    target: &'static [Did],
    now: &'static [Now],
    adoption: &'static [bool],
    drift: &'static [Drift],
    first: &'static [Preference],
    conflict: &'static [Preference],
    expected: Expected,
}

const ANY_NOW: &[Now] = &[Now::Equal, Now::SourceBlank, Now::TargetBlank, Now::Differ];
const UNEQUAL: &[Now] = &[Now::SourceBlank, Now::TargetBlank, Now::Differ];
const MOVED: &[Did] = &[Did::Moved];
const SAME: &[Did] = &[Did::Same];
const NO_BASE: &[Did] = &[Did::NoBase];

fn rows() -> Vec<Row> {
    let row = |way, source, target, now, expected| Row {
        way,
        source,
        target,
        now,
        adoption: &BOOLS,
        drift: &DRIFTS,
        first: &PREFERENCES,
        conflict: &PREFERENCES,
        expected,
    };
    let moved = |side| Reason::Moved { side };
    let by_conflict = |side| Reason::ConflictPolicy { side };
    let by_first = |side| Reason::FirstPolicy { side };
    vec![
        // Two-way, agreed before.
        row(Way::Two, SAME, SAME, ANY_NOW, Expected::Nothing),
        row(Way::Two, MOVED, SAME, &[Now::Equal], Expected::Agree(Reason::NotCarried)),
        row(Way::Two, SAME, MOVED, &[Now::Equal], Expected::Agree(Reason::NotCarried)),
        row(Way::Two, MOVED, SAME, UNEQUAL, Expected::ToTarget(moved(Side::Flowtly))),
        row(Way::Two, SAME, MOVED, UNEQUAL, Expected::ToSource(moved(Side::Crm))),
        row(Way::Two, MOVED, MOVED, &[Now::Equal], Expected::Agree(Reason::BothEqual)),
        Row {
            conflict: &[Preference::Flowtly],
            ..row(Way::Two, MOVED, MOVED, UNEQUAL, Expected::ToTarget(by_conflict(Side::Flowtly)))
        },
        Row {
            conflict: &[Preference::Crm],
            ..row(Way::Two, MOVED, MOVED, UNEQUAL, Expected::ToSource(by_conflict(Side::Crm)))
        },
        Row {
            conflict: &[Preference::Ask],
            ..row(Way::Two, MOVED, MOVED, UNEQUAL, Expected::Conflict(Reason::BothMoved))
        },
        // Two-way, never agreed.
        row(Way::Two, NO_BASE, NO_BASE, &[Now::Equal], Expected::Agree(Reason::FirstEqual)),
        row(Way::Two, NO_BASE, NO_BASE, &[Now::TargetBlank], Expected::ToTarget(Reason::Fill)),
        row(Way::Two, NO_BASE, NO_BASE, &[Now::SourceBlank], Expected::ToSource(Reason::Fill)),
        Row {
            adoption: &[true],
            ..row(Way::Two, NO_BASE, NO_BASE, &[Now::Differ], Expected::Conflict(Reason::FirstDiffers))
        },
        Row {
            adoption: &[false],
            first: &[Preference::Ask],
            ..row(Way::Two, NO_BASE, NO_BASE, &[Now::Differ], Expected::Conflict(Reason::FirstDiffers))
        },
        Row {
            adoption: &[false],
            first: &[Preference::Flowtly],
            ..row(Way::Two, NO_BASE, NO_BASE, &[Now::Differ], Expected::ToTarget(by_first(Side::Flowtly)))
        },
        Row {
            adoption: &[false],
            first: &[Preference::Crm],
            ..row(Way::Two, NO_BASE, NO_BASE, &[Now::Differ], Expected::ToSource(by_first(Side::Crm)))
        },
        // One-way, agreed before.
        row(Way::One, SAME, SAME, ANY_NOW, Expected::Nothing),
        row(Way::One, MOVED, SAME, &[Now::Equal], Expected::Agree(Reason::NotCarried)),
        row(Way::One, SAME, MOVED, &[Now::Equal], Expected::Agree(Reason::NotCarried)),
        row(Way::One, MOVED, MOVED, &[Now::Equal], Expected::Agree(Reason::BothEqual)),
        row(Way::One, MOVED, &[Did::Same, Did::Moved], UNEQUAL, Expected::ToTarget(Reason::OneWay)),
        Row { drift: &[Drift::Keep], ..row(Way::One, SAME, MOVED, UNEQUAL, Expected::Agree(Reason::DriftKept)) },
        Row {
            drift: &[Drift::Correct],
            ..row(Way::One, SAME, MOVED, UNEQUAL, Expected::ToTarget(Reason::DriftCorrected))
        },
        // One-way, never agreed.
        row(Way::One, NO_BASE, NO_BASE, &[Now::Equal], Expected::Agree(Reason::FirstEqual)),
        row(Way::One, NO_BASE, NO_BASE, &[Now::TargetBlank], Expected::ToTarget(Reason::Fill)),
        Row {
            adoption: &[false],
            ..row(Way::One, NO_BASE, NO_BASE, &[Now::SourceBlank, Now::Differ], Expected::ToTarget(Reason::OneWay))
        },
        Row {
            adoption: &[true],
            ..row(
                Way::One,
                NO_BASE,
                NO_BASE,
                &[Now::SourceBlank, Now::Differ],
                Expected::Conflict(Reason::FirstDiffers),
            )
        },
    ]
}

#[derive(Debug, Clone, Copy)]
struct Part {
    base: Option<Holds>,
    now: Holds,
}

impl Part {
    fn did(self, other: Self) -> Did {
        match (self.base, other.base) {
            (None, _) | (_, None) => Did::NoBase,
            (Some(base), Some(_)) if base == self.now => Did::Same,
            (Some(_), Some(_)) => Did::Moved,
        }
    }
}

/// The one row that holds for what is known on both sides.
fn expect(rows: &[Row], rule: FieldRule, adoption: bool, source: Part, target: Part) -> Expected {
    let now = match (source.now, target.now) {
        (ours, theirs) if ours == theirs => Now::Equal,
        (Holds::Blank, _) => Now::SourceBlank,
        (_, Holds::Blank) => Now::TargetBlank,
        _ => Now::Differ,
    };
    let way = if rule.direction == Direction::Both { Way::Two } else { Way::One };
    let mut holding = rows.iter().filter(|row| {
        row.way == way
            && row.source.contains(&source.did(target))
            && row.target.contains(&target.did(source))
            && row.now.contains(&now)
            && row.adoption.contains(&adoption)
            && row.drift.contains(&rule.drift)
            && row.first.contains(&rule.first)
            && row.conflict.contains(&rule.conflict)
    });
    let expected = holding.next().expect("the rows are complete").expected.clone();
    assert!(holding.next().is_none(), "the rows do not overlap");
    expected
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only reasons with a side change")]
fn swapped_reason(reason: Reason) -> Reason {
    match reason {
        Reason::Moved { side } => Reason::Moved { side: side.opposite() },
        Reason::FirstPolicy { side } => Reason::FirstPolicy { side: side.opposite() },
        Reason::ConflictPolicy { side } => Reason::ConflictPolicy { side: side.opposite() },
        Reason::Unknown { side } => Reason::Unknown { side: side.opposite() },
        other => other,
    }
}

fn swapped_verdict(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Nothing(reason) => Verdict::Nothing(reason.map(swapped_reason)),
        Verdict::Agree(reason) => Verdict::Agree(swapped_reason(reason)),
        Verdict::Write { to, reason } => Verdict::Write { to: to.opposite(), reason: swapped_reason(reason) },
        Verdict::Conflict(reason) => Verdict::Conflict(swapped_reason(reason)),
    }
}

fn swapped_rule(rule: FieldRule) -> FieldRule {
    let swapped = |preference| match preference {
        Preference::Flowtly => Preference::Crm,
        Preference::Crm => Preference::Flowtly,
        Preference::Ask => Preference::Ask,
    };
    FieldRule {
        direction: match rule.direction {
            Direction::Both => Direction::Both,
            Direction::ToCrm => Direction::ToFlowtly,
            Direction::ToFlowtly => Direction::ToCrm,
        },
        conflict: swapped(rule.conflict),
        first: swapped(rule.first),
        drift: rule.drift,
    }
}

fn every_rule() -> Vec<FieldRule> {
    let mut rules = Vec::new();
    for direction in DIRECTIONS {
        for conflict in PREFERENCES {
            for first in PREFERENCES {
                for drift in DRIFTS {
                    rules.push(FieldRule { direction, conflict, first, drift });
                }
            }
        }
    }
    rules
}

fn every_part() -> Vec<Part> {
    BASES.into_iter().flat_map(|base| NOWS.into_iter().map(move |now| Part { base, now })).collect()
}

#[derive(Debug, Clone, Copy)]
struct Traits {
    required: bool,
    cuts: bool,
}

const TRAITS: [Traits; 4] = [
    Traits { required: false, cuts: false },
    Traits { required: false, cuts: true },
    Traits { required: true, cuts: false },
    Traits { required: true, cuts: true },
];

fn half(shelf: &Shelf, part: Part, traits: Traits) -> Half<'_> {
    Half {
        base: part.base.map(|base| shelf.of(base)),
        now: shelf.of(part.now),
        required: traits.required,
        cut: traits.cuts.then_some(CUT),
    }
}

/// What stands against a write, first come first told.
fn objected(from: Part, onto: Part, from_cuts: bool, onto_requires: bool, alternates: bool) -> Option<Reason> {
    let was_cut = from_cuts && from.base == Some(Holds::Cut) && onto.base == Some(Holds::Long);
    [
        (was_cut && from.now != Holds::Cut, Reason::CutCopyMoved),
        (from.now == Holds::Blank && onto_requires, Reason::RequiredElsewhere),
        (alternates, Reason::Alternates),
    ]
    .into_iter()
    .find_map(|(stands, reason)| stands.then_some(reason))
}

#[test]
fn every_combination_of_bases_values_rules_and_circumstances_is_decided_as_the_rows_say() {
    let shelf = Shelf::new();
    let rows = rows();
    let mut combinations = 0_u64;
    for rule in every_rule() {
        let mirrored = swapped_rule(rule);
        let source_is_crm = rule.direction == Direction::ToFlowtly;
        for flowtly in every_part() {
            for crm in every_part() {
                for adoption in BOOLS {
                    let (source, target) = if source_is_crm { (crm, flowtly) } else { (flowtly, crm) };
                    let (source_side, target_side) =
                        if source_is_crm { (Side::Crm, Side::Flowtly) } else { (Side::Flowtly, Side::Crm) };
                    let unknown = match (flowtly.now == Holds::Unknown, crm.now == Holds::Unknown) {
                        (true, true) => Some(Reason::UnknownOnBoth),
                        (true, false) => Some(Reason::Unknown { side: Side::Flowtly }),
                        (false, true) => Some(Reason::Unknown { side: Side::Crm }),
                        (false, false) => None,
                    };
                    let row = unknown.is_none().then(|| expect(&rows, rule, adoption, source, target));
                    for flowtly_traits in TRAITS {
                        for crm_traits in TRAITS {
                            for alternates in BOOLS {
                                combinations += 1;
                                let (source_traits, target_traits) = if source_is_crm {
                                    (crm_traits, flowtly_traits)
                                } else {
                                    (flowtly_traits, crm_traits)
                                };
                                let write = |to: Side, reason: Reason| {
                                    let objection = if to == target_side {
                                        objected(source, target, source_traits.cuts, target_traits.required, alternates)
                                    } else {
                                        objected(target, source, target_traits.cuts, source_traits.required, alternates)
                                    };
                                    objection.map_or(Verdict::Write { to, reason }, Verdict::Conflict)
                                };
                                let expected = match row.clone() {
                                    None => Verdict::Nothing(unknown.clone()),
                                    Some(Expected::Nothing) => Verdict::Nothing(None),
                                    Some(Expected::Agree(reason)) => Verdict::Agree(reason),
                                    Some(Expected::Conflict(reason)) => Verdict::Conflict(reason),
                                    Some(Expected::ToTarget(reason)) => write(target_side, reason),
                                    Some(Expected::ToSource(reason)) => write(source_side, reason),
                                };
                                let ours = half(&shelf, flowtly, flowtly_traits);
                                let theirs = half(&shelf, crm, crm_traits);
                                let circumstances = Circumstances { adoption, alternates };
                                let verdict = merge(Field::Name, &rule, ours, theirs, circumstances);
                                assert_eq!(
                                    verdict, expected,
                                    "{rule:?} {flowtly:?} {flowtly_traits:?} {crm:?} {crm_traits:?} {circumstances:?}"
                                );
                                assert_carried_out_is_settled(rule, ours, theirs, circumstances, &verdict);
                                let mirror = merge(Field::Name, &mirrored, theirs, ours, circumstances);
                                assert_eq!(mirror, swapped_verdict(verdict), "{rule:?} {flowtly:?} {crm:?}");
                            }
                        }
                    }
                }
            }
        }
    }
    // 54 rules, 20 halves a side, 4 traits a side, adoption, alternation.
    assert_eq!(combinations, 54 * 20 * 20 * 4 * 4 * 2 * 2);
}

/// After the verdict was carried out, both sides rest; what waits for a person or for a reading stays what it is.
fn assert_carried_out_is_settled(
    rule: FieldRule,
    flowtly: Half<'_>,
    crm: Half<'_>,
    circumstances: Circumstances,
    verdict: &Verdict,
) {
    let (flowtly_now, crm_now) = match verdict {
        Verdict::Agree(_) => (flowtly.now, crm.now),
        Verdict::Write { to: Side::Flowtly, .. } => (crm.now, crm.now),
        Verdict::Write { to: Side::Crm, .. } => (flowtly.now, flowtly.now),
        Verdict::Nothing(_) | Verdict::Conflict(_) => return,
    };
    let again = merge(
        Field::Name,
        &rule,
        Half { base: Some(flowtly_now), now: flowtly_now, ..flowtly },
        Half { base: Some(crm_now), now: crm_now, ..crm },
        circumstances,
    );
    assert_eq!(again, Verdict::Nothing(None));
}

fn plain<'a>(base: Option<&'a Reading>, now: &'a Reading) -> Half<'a> {
    Half { base, now, required: false, cut: None }
}

#[test]
fn a_base_that_is_unknown_counts_as_none() {
    let (old, new) = (reading("old"), reading("new"));
    let verdict = merge(
        Field::Name,
        &FieldRule::default(),
        plain(Some(&Reading::Unknown), &new),
        plain(Some(&old), &old),
        Circumstances::default(),
    );
    assert_eq!(verdict, Verdict::Conflict(Reason::FirstDiffers));
}

#[test]
fn the_type_of_a_tax_number_says_nothing_without_the_number() {
    let tax = |text: &Text| Reading::of(Field::TaxIdentity, text.clone(), &Locale::default());
    let flowtly = |number: &str| {
        tax(&Text::of([(field::Part::Tin, number), (field::Part::TinType, "nip"), (field::Part::TinCountry, "PL")]))
    };
    let crm = |number: &str| tax(&Text::of([(field::Part::Number, number)]));
    let decide = |flowtly: Half<'_>, crm: Half<'_>| {
        let rule = FieldRule { first: Preference::Flowtly, ..FieldRule::default() };
        merge(Field::TaxIdentity, &rule, flowtly, crm, Circumstances::default())
    };
    let (number, bare, blank) = (crm("5260250274"), flowtly(""), crm(""));
    let fill = Verdict::Write { to: Side::Flowtly, reason: Reason::Fill };
    assert_eq!(decide(plain(None, &bare), plain(None, &number)), fill, "whatever wins at a first meeting");
    assert_eq!(decide(plain(None, &bare), plain(None, &blank)), Verdict::Agree(Reason::FirstEqual));
    let was = flowtly("5260250274");
    let cleared = decide(plain(Some(&was), &bare), plain(Some(&number), &blank));
    assert_eq!(cleared, Verdict::Agree(Reason::BothEqual), "by both");
}

#[test]
fn a_conflict_whose_cause_is_gone_becomes_an_agreement() {
    let (base, ours, theirs) = (reading("base"), reading("ours"), reading("theirs"));
    let decide = |crm_now| {
        merge(
            Field::Name,
            &FieldRule::default(),
            plain(Some(&base), &ours),
            plain(Some(&base), crm_now),
            Circumstances::default(),
        )
    };
    assert_eq!(decide(&theirs), Verdict::Conflict(Reason::BothMoved));
    assert_eq!(decide(&ours), Verdict::Agree(Reason::BothEqual));
}

#[test]
fn a_name_of_300_characters_cut_to_255_and_edited_there_is_a_conflict() {
    let long = reading(&"ż".repeat(300));
    let cut = reading(&"ż".repeat(255));
    let edited = reading("Zenit");
    let decide = |declared| {
        merge(
            Field::Name,
            &FieldRule::default(),
            plain(Some(&long), &long),
            Half { cut: declared, ..plain(Some(&cut), &edited) },
            Circumstances::default(),
        )
    };
    assert_eq!(decide(Some(255)), Verdict::Conflict(Reason::CutCopyMoved));
    let update = Verdict::Write { to: Side::Flowtly, reason: Reason::Moved { side: Side::Crm } };
    assert_eq!(decide(Some(254)), update);
    assert_eq!(decide(Some(256)), update);
    assert_eq!(decide(None), update);
}

#[test]
fn a_name_that_is_exactly_as_long_as_the_cut_lost_nothing_and_travels() {
    let exact = reading(&"a".repeat(255));
    let edited = reading("Zenit");
    let verdict = merge(
        Field::Name,
        &FieldRule::default(),
        plain(Some(&exact), &exact),
        Half { cut: Some(255), ..plain(Some(&exact), &edited) },
        Circumstances::default(),
    );
    assert_eq!(verdict, Verdict::Write { to: Side::Flowtly, reason: Reason::Moved { side: Side::Crm } });
}

#[test]
fn a_new_long_text_replaces_a_cut_copy() {
    let (long, cut) = (reading("abcdef"), reading("abc"));
    let longer = reading("abcdefghi");
    let verdict = merge(
        Field::Name,
        &FieldRule::default(),
        plain(Some(&long), &longer),
        Half { cut: Some(3), ..plain(Some(&cut), &cut) },
        Circumstances::default(),
    );
    assert_eq!(verdict, Verdict::Write { to: Side::Crm, reason: Reason::Moved { side: Side::Flowtly } });
}

#[test]
fn one_part_of_an_address_can_be_the_cut_copy() {
    let text = |street: &str| Text::of([(field::Part::Street, street), (field::Part::City, "Łódź")]);
    assert!(is_cut_copy(&text("Piotr"), &text("Piotrkowska"), 5));
    assert!(!is_cut_copy(&text("Piotr"), &text("Piotrkowska"), 6));
    assert!(!is_cut_copy(&text("Piotrkowska"), &text("Piotr"), 5));
    assert!(!is_cut_copy(&text("Wschodnia"), &text("Piotrkowska"), 9));
}

#[test]
fn a_drifted_target_is_overwritten_when_the_source_moves_whatever_the_conflict_policy() {
    let (base, drifted, moved) = (reading("base"), reading("drifted"), reading("moved"));
    let rule = FieldRule { direction: Direction::ToCrm, conflict: Preference::Crm, ..FieldRule::default() };
    let verdict =
        merge(Field::Name, &rule, plain(Some(&base), &moved), plain(Some(&base), &drifted), Circumstances::default());
    assert_eq!(verdict, Verdict::Write { to: Side::Crm, reason: Reason::OneWay });
}
