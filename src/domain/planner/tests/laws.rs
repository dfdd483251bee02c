//! What holds for every pair: it is symmetric, it settles, and it never writes what must not be written.

use proptest::prelude::*;

use super::*;
use crate::domain::rules::{Direction, Drift, Preference};

/// How a value is written in the parts that a side carries; `nth` chooses among three values, `None` is blank.
fn spell(field: Field, parts: &[Part], nth: Option<usize>) -> Text {
    let Some(nth) = nth else { return parts.iter().map(|part| (*part, String::new())).collect() };
    let one_of = |texts: [&str; 3]| texts[nth].to_owned();
    let part = |part: Part| match (field, part) {
        (Field::PersonName, Part::First) => one_of(["Jan", "Anna", "Ewa"]),
        (Field::PersonName, Part::Last) => one_of(["Kowalski", "Nowak", "Zielińska"]),
        (Field::PersonName, _) => one_of(["Jan Kowalski", "Anna Nowak", "Ewa Zielińska"]),
        (Field::Address, Part::Street) => one_of(["Piotrkowska", "Wschodnia", "Prosta"]),
        (Field::Address, Part::Building) => one_of(["1", "20", "51"]),
        (Field::Address, Part::Unit) => one_of(["3", "4", "5"]),
        (Field::Address, Part::Line) => one_of(["Piotrkowska 1/3", "Wschodnia 20/4", "Prosta 51/5"]),
        (Field::Address, Part::City) => one_of(["Łódź", "Kraków", "Warszawa"]),
        (Field::TaxIdentity, Part::TinType) => "nip".to_owned(),
        (Field::TaxIdentity, Part::TinCountry) => "PL".to_owned(),
        (Field::TaxIdentity, Part::VatNumber) => one_of(["PL5260250274", "PL7740001454", "PL5252344078"]),
        (Field::TaxIdentity, _) => one_of(["5260250274", "7740001454", "5252344078"]),
        (Field::ContactPhone | Field::Phone, _) => one_of(["+48221234567", "+48501234567", "+48612345678"]),
        (Field::Email, _) => one_of(["jan@acme.pl", "anna@acme.pl", "ewa@acme.pl"]),
        (Field::Parent, _) => one_of(["5", "6", OUTSIDE]),
        // One that its target spells otherwise, one that it does not, and one that is none.
        (Field::Custom(own), _) => one_of(match CustomType::parse(own.name()) {
            Some(CustomType::Number) => ["012,50", "13", "a dozen"],
            Some(CustomType::Date) => ["01.05.2026", "2026-06-30", "next year"],
            Some(CustomType::Boolean) => ["Yes", "false", "perhaps"],
            Some(CustomType::Choice | CustomType::Relation | CustomType::Text) | None => {
                ["gold", "Gold", "gold and more"]
            }
        }),
        // The first is what is left of the second, cut at four.
        (_, _) => one_of(["Acme", "Acme Foods", "Zenit"]),
    };
    parts.iter().map(|carried| (*carried, part(*carried))).collect()
}

const COMPANY: [(Field, &[Part], &[Part]); 5] = [
    (Field::Name, &[Part::Whole], &[Part::Whole]),
    (Field::TaxIdentity, &[Part::Tin, Part::TinType, Part::TinCountry, Part::VatNumber], &[Part::Number]),
    (Field::Address, &[Part::Street, Part::Building, Part::Unit, Part::City], &[Part::Line, Part::City]),
    (Field::Phone, &[Part::Whole], &[Part::Whole]),
    (Field::InvoiceComment, &[Part::Whole], &[Part::Whole]),
];

/// The fields of a kind, canonical and declared.
fn fields_of(kind: Kind) -> Vec<(Field, &'static [Part], &'static [Part])> {
    let whole: &[Part] = &[Part::Whole];
    match kind {
        Kind::Company => {
            let declared = CustomType::ALL.map(|sort| (declared(sort), whole, whole));
            COMPANY.into_iter().chain(declared).collect()
        }
        Kind::Contact => CONTACT.to_vec(),
    }
}

/// As many as companies have fields here.
const MOST: usize = COMPANY.len() + CustomType::ALL.len();

const CONTACT: [(Field, &[Part], &[Part]); 5] = [
    (Field::PersonName, &[Part::First, Part::Last], &[Part::Whole]),
    (Field::Email, &[Part::Whole], &[Part::Whole]),
    (Field::ContactPhone, &[Part::Whole], &[Part::Whole]),
    (Field::Title, &[Part::Whole], &[Part::Whole]),
    (Field::Parent, &[Part::Whole], &[Part::Whole]),
];

/// One half of one field: base and present value; the outer `None` is no base, or unknown.
type Values = (Option<Option<usize>>, Option<Option<usize>>);

/// One field of a pair with everything around it.
#[derive(Debug, Clone)]
struct Draft {
    rule: Option<FieldRule>,
    flowtly: Values,
    crm: Values,
    writable: (bool, bool),
    required: (bool, bool),
    cuts: (bool, bool),
    alternates: bool,
    decision: Option<(Option<Side>, bool, Option<usize>)>,
}

fn any_rule() -> impl Strategy<Value = FieldRule> {
    let preference = || prop_oneof![Just(Preference::Flowtly), Just(Preference::Crm), Just(Preference::Ask)];
    let direction = prop_oneof![Just(Direction::Both), Just(Direction::ToCrm), Just(Direction::ToFlowtly)];
    (direction, preference(), preference(), prop_oneof![Just(Drift::Keep), Just(Drift::Correct)])
        .prop_map(|(direction, conflict, first, drift)| FieldRule { direction, conflict, first, drift })
}

fn any_values() -> impl Strategy<Value = Values> {
    let value = || proptest::option::weighted(0.8, 0_usize..3);
    (proptest::option::weighted(0.8, value()), proptest::option::weighted(0.9, value()))
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let mostly = || (proptest::bool::weighted(0.9), proptest::bool::weighted(0.9));
    let rarely = || (proptest::bool::weighted(0.2), proptest::bool::weighted(0.2));
    let side = proptest::option::of(prop_oneof![Just(Side::Flowtly), Just(Side::Crm)]);
    let decision = (side, proptest::bool::weighted(0.7), proptest::option::weighted(0.8, 0_usize..3));
    (
        proptest::option::weighted(0.9, any_rule()),
        any_values(),
        any_values(),
        mostly(),
        rarely(),
        rarely(),
        proptest::bool::weighted(0.1),
        proptest::option::weighted(0.3, decision),
    )
        .prop_map(|(rule, flowtly, crm, writable, required, cuts, alternates, decision)| Draft {
            rule,
            flowtly,
            crm,
            writable,
            required,
            cuts,
            alternates,
            decision,
        })
}

fn build(kind: Kind, alike: bool, adoption: bool, drafts: &[Draft]) -> (World, Pair) {
    let mut world = World::of(kind, &[], &[]);
    world.rules.fields.clear();
    world.adoption = adoption;
    let mut pair = pair(kind);
    for ((field, flowtly_parts, crm_parts), draft) in fields_of(kind).into_iter().zip(drafts) {
        let crm_parts = if alike { flowtly_parts } else { crm_parts };
        world.rules.fields.extend(draft.rule.map(|rule| (field, rule)));
        if draft.alternates {
            pair.alternating.insert(field);
        }
        let sides = [
            (Side::Flowtly, flowtly_parts, draft.flowtly, draft.writable.0, draft.required.0, draft.cuts.0),
            (Side::Crm, crm_parts, draft.crm, draft.writable.1, draft.required.1, draft.cuts.1),
        ];
        for (side, parts, (base, now), writable, required, cuts) in sides {
            if field != Field::Parent {
                let cells: Vec<(Field, Part)> = parts.iter().map(|part| (field, *part)).collect();
                let mut cells = shape(side, kind, &cells).cells;
                for cell in &mut cells {
                    cell.writable = writable;
                }
                match side {
                    Side::Flowtly => world.flowtly.cells.append(&mut cells),
                    Side::Crm => world.crm.cells.append(&mut cells),
                }
            }
            if required {
                world.manners_mut(side).required.insert(field);
            }
            if cuts {
                world.manners_mut(side).cuts.insert(field, 4);
            }
            let half = pair.half_mut(side);
            let now = now.map_or(Reading::Unknown, |nth| read(field, &spell(field, parts, nth)));
            half.record.fields.insert(field, now);
            half.base.extend(base.map(|nth| (field, read(field, &spell(field, parts, nth)))));
        }
        if let Some((side, shown, nth)) = draft.decision {
            let text = |side: Side, parts: &[Part]| {
                if shown {
                    pair.half(side).record.reading(field).text().unwrap_or_default()
                } else {
                    spell(field, parts, nth)
                }
            };
            let decision = Decision {
                flowtly: text(Side::Flowtly, flowtly_parts),
                crm: text(Side::Crm, crm_parts),
                choice: side.map_or_else(|| Choice::Text(spell(field, crm_parts, nth)), Choice::Side),
            };
            pair.decisions.insert(field, decision);
        }
    }
    (world, pair)
}

fn swapped_world(world: &World) -> World {
    let mut rules = world.rules.clone();
    let preference = |preference| match preference {
        Preference::Flowtly => Preference::Crm,
        Preference::Crm => Preference::Flowtly,
        Preference::Ask => Preference::Ask,
    };
    for rule in rules.fields.values_mut() {
        *rule = FieldRule {
            direction: match rule.direction {
                Direction::Both => Direction::Both,
                Direction::ToCrm => Direction::ToFlowtly,
                Direction::ToFlowtly => Direction::ToCrm,
            },
            conflict: preference(rule.conflict),
            first: preference(rule.first),
            drift: rule.drift,
        };
    }
    World {
        rules,
        flowtly: Shape { side: Side::Flowtly, ..world.crm.clone() },
        crm: Shape { side: Side::Crm, ..world.flowtly.clone() },
        flowtly_manners: world.crm_manners.clone(),
        crm_manners: world.flowtly_manners.clone(),
        locale: world.locale.clone(),
        adoption: world.adoption,
    }
}

fn swapped_pair(pair: &Pair) -> Pair {
    let half = |half: &PairHalf| {
        let mut half = half.clone();
        half.record.side = half.record.side.opposite();
        half
    };
    let decision = |decision: &Decision| Decision {
        choice: match &decision.choice {
            Choice::Side(side) => Choice::Side(side.opposite()),
            Choice::Text(text) => Choice::Text(text.clone()),
        },
        flowtly: decision.crm.clone(),
        crm: decision.flowtly.clone(),
    };
    Pair {
        flowtly: half(&pair.crm),
        crm: half(&pair.flowtly),
        decisions: pair.decisions.iter().map(|(field, taken)| (*field, decision(taken))).collect(),
        alternating: pair.alternating.clone(),
        confirmed: pair.confirmed,
    }
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

fn swapped_plan(plan: PairPlan) -> PairPlan {
    let changes = |changes: Vec<Change>| {
        changes.into_iter().map(|change| Change { reason: swapped_reason(change.reason), ..change }).collect()
    };
    let reasons = |reasons: Vec<(Field, Reason)>| {
        reasons.into_iter().map(|(field, reason)| (field, swapped_reason(reason))).collect()
    };
    let conflict = |(conflict, reason): (Conflict, Reason)| {
        let swapped = Conflict {
            field: conflict.field,
            flowtly: conflict.crm,
            crm: conflict.flowtly,
            flowtly_base: conflict.crm_base,
            crm_base: conflict.flowtly_base,
        };
        (swapped, swapped_reason(reason))
    };
    PairPlan {
        to_flowtly: changes(plan.to_crm),
        to_crm: changes(plan.to_flowtly),
        agreed: reasons(plan.agreed),
        conflicts: plan.conflicts.into_iter().map(conflict).collect(),
        identity_changed: plan.identity_changed.map(Side::opposite),
        notes: reasons(plan.notes),
    }
}

/// What the pair looks like once every change and agreement has been carried out.
fn carried_out(mut pair: Pair, plan: &PairPlan) -> Pair {
    let mut settled: BTreeSet<Field> = plan.agreed.iter().map(|(field, _)| *field).collect();
    for side in Side::BOTH {
        for change in plan.changes(side) {
            let stored = read(change.field, &change.after);
            pair.half_mut(side).record.fields.insert(change.field, stored);
            settled.insert(change.field);
        }
    }
    for field in settled {
        pair.decisions.remove(&field);
        for side in Side::BOTH {
            let now = pair.half(side).record.reading(field).clone();
            pair.half_mut(side).base.insert(field, now);
        }
    }
    pair
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Company), Just(Kind::Contact)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn swapping_the_sides_swaps_the_plan_and_nothing_else(
        kind in any_kind(),
        alike: bool,
        adoption: bool,
        drafts in proptest::collection::vec(any_draft(), MOST),
    ) {
        let (world, pair) = build(kind, alike, adoption, &drafts);
        let plan = plan_pair(&pair, world.context());
        let mirrored = plan_pair(&swapped_pair(&pair), swapped_world(&world).context());
        prop_assert_eq!(mirrored, swapped_plan(plan));
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(
        kind in any_kind(),
        alike: bool,
        adoption: bool,
        drafts in proptest::collection::vec(any_draft(), MOST),
    ) {
        let (world, pair) = build(kind, alike, adoption, &drafts);
        let plan = plan_pair(&pair, world.context());
        let again = plan_pair(&carried_out(pair, &plan), world.context());
        let waiting = PairPlan { to_flowtly: vec![], to_crm: vec![], agreed: vec![], ..plan };
        prop_assert_eq!(again, waiting);
    }

    #[test]
    fn every_field_is_named_once_and_no_change_writes_what_must_not_be_written(
        kind in any_kind(),
        alike: bool,
        adoption: bool,
        drafts in proptest::collection::vec(any_draft(), MOST),
    ) {
        let (world, pair) = build(kind, alike, adoption, &drafts);
        let plan = plan_pair(&pair, world.context());
        for side in Side::BOTH {
            for change in plan.changes(side) {
                let is_parent = change.field == Field::Parent;
                prop_assert!(is_parent || world.context().shape(side).is_writable(change.field));
                let now = pair.half(side).record.reading(change.field);
                prop_assert_eq!(Some(change.before.clone()), now.text());
                prop_assert!(change.before != change.after);
                prop_assert!(!(is_parent && change.after.part(Part::Whole) == Some(OUTSIDE)));
                prop_assert!(!(change.blanks() && world.context().manners(side).required.contains(&change.field)));
                let source = pair.half(side.opposite()).record.reading(change.field);
                prop_assert!(source != &Reading::Unknown && now != &Reading::Unknown, "unknown is never a change");
            }
        }
        let once = |fields: Vec<Field>| fields.iter().collect::<BTreeSet<_>>().len() == fields.len();
        let rest = || {
            let conflicts = plan.conflicts.iter().map(|(conflict, _)| conflict.field);
            plan.agreed.iter().chain(&plan.notes).map(|(field, _)| *field).chain(conflicts)
        };
        for side in Side::BOTH {
            prop_assert!(once(plan.changes(side).iter().map(|change| change.field).chain(rest()).collect()));
        }
        if plan.identity_changed.is_some() {
            prop_assert!(plan.to_flowtly.is_empty() && plan.to_crm.is_empty() && rest().next().is_none());
        }
    }

    #[test]
    fn a_field_of_which_nothing_is_said_stands_on_both_sides_where_it_was_agreed(
        kind in any_kind(),
        alike: bool,
        adoption: bool,
        drafts in proptest::collection::vec(any_draft(), MOST),
    ) {
        let (world, pair) = build(kind, alike, adoption, &drafts);
        let plan = plan_pair(&pair, world.context());
        prop_assume!(plan.identity_changed.is_none());
        let changed = plan.to_flowtly.iter().chain(&plan.to_crm).map(|change| change.field);
        let said = plan.agreed.iter().chain(&plan.notes).map(|(field, _)| *field);
        let disputed = plan.conflicts.iter().map(|(conflict, _)| conflict.field);
        let told: BTreeSet<Field> = changed.chain(said).chain(disputed).collect();
        for field in world.rules.fields.keys().filter(|field| !told.contains(field)) {
            let rests = |side: Side| {
                let half = pair.half(side);
                half.base.get(field).is_some_and(|base| half.record.reading(*field).same_as(base))
            };
            let outside = |side: Side| match pair.half(side).record.reading(*field) {
                Reading::Unknown => false,
                Reading::Blank => true,
                Reading::Value(value) => value.text().part(Part::Whole) == Some(OUTSIDE),
            };
            let nowhere = *field == Field::Parent && Side::BOTH.into_iter().all(outside);
            prop_assert!(nowhere || Side::BOTH.into_iter().all(rests), "nothing is said of {field}");
        }
    }
}
