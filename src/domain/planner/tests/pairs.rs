//! One pair, by table.

use rstest::rstest;

use super::*;

const NAME: Field = Field::Name;

fn company() -> World {
    let mut world = World::alike(
        Kind::Company,
        &[(NAME, Part::Whole), (Field::TaxIdentity, Part::Number), (Field::ExternalPaymentCustomerId, Part::Whole)],
    );
    world.rules.fields.remove(&Field::TaxIdentity);
    world
}

fn moved(side: Side) -> Reason {
    Reason::Moved { side }
}

fn change(field: Field, before: &str, after: &str, source: &str, reason: Reason) -> Change {
    let text = |text: &str| if text.is_empty() { Text::default() } else { Text::whole(text) };
    Change { field, before: text(before), after: text(after), source: text(source), reason }
}

#[test]
fn a_change_on_one_side_is_written_to_the_other_with_its_texts() {
    let pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme Foods"), (Some("Acme"), "Acme"));
    let plan = plan_pair(&pair, company().context());
    let expected = PairPlan {
        to_crm: vec![change(NAME, "Acme", "Acme Foods", "Acme Foods", moved(Side::Flowtly))],
        ..notes_about_the_rest()
    };
    assert_eq!(plan, expected);
    assert_eq!(plan.changes(Side::Crm).len(), 1);
    assert!(plan.changes(Side::Flowtly).is_empty());
    assert!(!plan.is_settled());
}

/// The payment id is mapped, and not put into the record.
fn notes_about_the_rest() -> PairPlan {
    PairPlan { notes: vec![(Field::ExternalPaymentCustomerId, Reason::UnknownOnBoth)], ..PairPlan::default() }
}

#[test]
fn a_pair_at_rest_has_an_empty_plan() {
    let pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme"), (Some("ACME"), "ACME"));
    let plan = plan_pair(&pair, company().context());
    assert_eq!(plan, notes_about_the_rest());
    assert!(plan.is_settled());
}

#[test]
fn what_is_equal_at_first_sight_is_agreed() {
    let pair = pair(Kind::Company).with(NAME, (None, "Acme"), (None, "Acme"));
    let plan = plan_pair(&pair, company().context());
    assert_eq!(plan, PairPlan { agreed: vec![(NAME, Reason::FirstEqual)], ..notes_about_the_rest() });
    assert!(!plan.is_settled());
}

#[test]
fn a_conflict_shows_both_texts_and_both_bases() {
    let pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme Foods"), (Some("ACME"), ""));
    let conflict = Conflict {
        field: NAME,
        flowtly: Text::whole("Acme Foods"),
        crm: Text::default(),
        flowtly_base: Some(Text::whole("Acme")),
        crm_base: Some(Text::whole("ACME")),
    };
    let plan = plan_pair(&pair, company().context());
    assert_eq!(plan, PairPlan { conflicts: vec![(conflict, Reason::BothMoved)], ..notes_about_the_rest() });
    assert!(!plan.is_settled());
}

#[test]
fn adoption_alternation_manners_and_cuts_reach_the_merge() {
    let reason =
        |world: &World, pair: &Pair| plan_pair(pair, world.context()).conflicts.pop().map(|(_, reason)| reason);
    let mut world = company();
    world.rule(NAME).first = crate::domain::rules::Preference::Flowtly;
    let never_agreed = pair(Kind::Company).with(NAME, (None, "Acme"), (None, "Zenit"));
    assert_eq!(reason(&world, &never_agreed), None);
    assert_eq!(reason(&World { adoption: true, ..world }, &never_agreed), Some(Reason::FirstDiffers));

    let mut world = company();
    let mut robots = pair(Kind::Company).with(NAME, (Some("A"), "B"), (Some("A"), "A"));
    assert_eq!(reason(&world, &robots), None);
    robots.alternating.insert(Field::Phone);
    assert_eq!(reason(&world, &robots), None);
    robots.alternating.insert(NAME);
    assert_eq!(reason(&world, &robots), Some(Reason::Alternates));

    let cleared = pair(Kind::Company).with(NAME, (Some("A"), ""), (Some("A"), "A"));
    world.manners_mut(Side::Flowtly).required.insert(NAME);
    assert_eq!(reason(&world, &cleared), None);
    world.manners_mut(Side::Crm).required.insert(NAME);
    assert_eq!(reason(&world, &cleared), Some(Reason::RequiredElsewhere));

    let mut world = company();
    let cut = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme"), (Some("Ac"), "Zenit"));
    world.manners_mut(Side::Flowtly).cuts.insert(NAME, 2);
    assert_eq!(reason(&world, &cut), None);
    world.manners_mut(Side::Crm).cuts.insert(NAME, 2);
    assert_eq!(reason(&world, &cut), Some(Reason::CutCopyMoved));
}

#[test]
fn a_field_without_a_rule_does_not_travel() {
    let mut world = company();
    world.rules.fields.remove(&NAME);
    let pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme Foods"), (Some("Acme"), "Acme"));
    assert_eq!(plan_pair(&pair, world.context()), notes_about_the_rest());
}

#[test]
fn a_field_that_one_side_does_not_map_is_a_note_even_if_the_record_has_it() {
    for side in Side::BOTH {
        let mut world = company();
        let shape = if side == Side::Crm { &mut world.crm } else { &mut world.flowtly };
        shape.cells.retain(|cell| cell.field != NAME);
        let pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme Foods"), (Some("Acme"), "Acme"));
        let mut expected = notes_about_the_rest();
        expected.notes.insert(0, (NAME, Reason::Unknown { side }));
        assert_eq!(plan_pair(&pair, world.context()), expected);
    }
}

#[test]
fn a_value_that_one_side_did_not_show_is_a_note() {
    let mut pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme Foods"), (Some("Acme"), "Acme"));
    pair.crm.record.fields.insert(NAME, Reading::Unknown);
    let mut expected = notes_about_the_rest();
    expected.notes.insert(0, (NAME, Reason::Unknown { side: Side::Crm }));
    assert_eq!(plan_pair(&pair, company().context()), expected);
}

#[test]
fn what_cannot_be_written_is_a_note_and_not_a_change() {
    let pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Acme Foods"), (Some("Acme"), "Acme"));
    let mut world = company();
    world.lock(Side::Flowtly, NAME);
    assert_eq!(plan_pair(&pair, world.context()).to_crm.len(), 1);
    world.lock(Side::Crm, NAME);
    let mut expected = notes_about_the_rest();
    expected.notes.insert(0, (NAME, Reason::NotWritable));
    assert_eq!(plan_pair(&pair, world.context()), expected);
}

#[test]
fn a_conflict_is_asked_only_where_somebody_could_carry_it_out() {
    let pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Foods"), (Some("Acme"), "Zenit"));
    let mut world = company();
    world.lock(Side::Flowtly, NAME);
    assert_eq!(plan_pair(&pair, world.context()).conflicts.len(), 1);
    world.lock(Side::Crm, NAME);
    let plan = plan_pair(&pair, world.context());
    assert!(plan.conflicts.is_empty());
    assert_eq!(plan.notes[0], (NAME, Reason::NotWritable));
}

#[test]
fn fields_come_in_the_order_of_reports() {
    let world = World::alike(
        Kind::Contact,
        &[(Field::Title, Part::Whole), (Field::Email, Part::Whole), (Field::PersonName, Part::Whole)],
    );
    let first = (None, "jan@acme.pl");
    let pair = pair(Kind::Contact).with(Field::Title, first, first).with(Field::Email, first, first).with(
        Field::PersonName,
        first,
        first,
    );
    let fields: Vec<Field> = plan_pair(&pair, world.context()).agreed.into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, vec![Field::PersonName, Field::Email, Field::Title]);
}

#[test]
fn a_change_is_put_into_the_shape_of_the_target() {
    let parts = [(Field::PersonName, Part::First), (Field::PersonName, Part::Last)];
    let mut world = World::of(Kind::Contact, &parts, &[(Field::PersonName, Part::Whole)]);
    world.rules.fields.retain(|field, _| *field == Field::PersonName);
    let name = |first: &str, last: &str| Text::of([(Part::First, first), (Part::Last, last)]);
    let mut pair = pair(Kind::Contact);
    pair.put(Side::Crm, Field::PersonName, Some("Jan Kowalski"), "Jan Kowalski");
    let now = name("Anna", "Nowak");
    pair.flowtly.record.fields.insert(Field::PersonName, read(Field::PersonName, &now));
    pair.flowtly.base.insert(Field::PersonName, read(Field::PersonName, &name("Jan", "Kowalski")));
    let plan = plan_pair(&pair, world.context());
    assert_eq!(plan.to_crm.len(), 1);
    assert_eq!(plan.to_crm[0].before, Text::whole("Jan Kowalski"));
    assert_eq!(plan.to_crm[0].source, now);
    let after = crate::domain::lens::put(
        Field::PersonName,
        &now,
        &Text::whole("Jan Kowalski"),
        &[Part::Whole],
        &Locale::default(),
    );
    assert_eq!(plan.to_crm[0].after, after);
    assert!(read(Field::PersonName, &plan.to_crm[0].after).agrees_with(&read(Field::PersonName, &now)));
}

// Decisions.

fn decided(choice: Choice, flowtly: &str, crm: &str) -> Decision {
    Decision { choice, flowtly: Text::whole(flowtly), crm: Text::whole(crm) }
}

fn plan_decided(world: &World, now: (&str, &str), decision: Decision) -> PairPlan {
    let mut pair = pair(Kind::Company).with(NAME, (Some("Acme"), now.0), (Some("Acme"), now.1));
    pair.decisions.insert(NAME, decision);
    plan_pair(&pair, world.context())
}

#[test]
fn a_decision_for_a_side_is_written_to_the_other() {
    let plan = plan_decided(&company(), ("Foods", "Zenit"), decided(Choice::Side(Side::Crm), "Foods", "Zenit"));
    let to_flowtly = vec![change(NAME, "Foods", "Zenit", "Zenit", Reason::Decided)];
    assert_eq!(plan, PairPlan { to_flowtly, ..notes_about_the_rest() });
    let plan = plan_decided(&company(), ("Foods", "Zenit"), decided(Choice::Side(Side::Flowtly), "Foods", "Zenit"));
    let to_crm = vec![change(NAME, "Zenit", "Foods", "Foods", Reason::Decided)];
    assert_eq!(plan, PairPlan { to_crm, ..notes_about_the_rest() });
}

#[rstest]
#[case::flowtly_moved("Other", "Zenit")]
#[case::the_crm_moved("Foods", "Other")]
#[case::flowtly_was_cleared("", "Zenit")]
fn a_decision_on_values_that_have_moved_since_is_asked_again(#[case] flowtly: &str, #[case] crm: &str) {
    for choice in [Choice::Side(Side::Flowtly), Choice::Side(Side::Crm), Choice::Text(Text::whole("Third"))] {
        let plan = plan_decided(&company(), (flowtly, crm), decided(choice, "Foods", "Zenit"));
        assert!(plan.to_flowtly.is_empty() && plan.to_crm.is_empty());
        assert_eq!(plan.conflicts.len(), 1);
        assert_eq!(plan.conflicts[0].1, Reason::BothMoved);
    }
}

#[test]
fn a_decision_is_bound_to_the_normal_form_and_not_to_the_letter() {
    let plan = plan_decided(&company(), ("Foods ", "Zenit"), decided(Choice::Side(Side::Crm), "Foods ", "Zenit"));
    assert_eq!(plan.to_flowtly.len(), 1);
}

#[test]
fn a_decision_is_not_bound_by_direction() {
    let mut world = company();
    world.rule(NAME).direction = crate::domain::rules::Direction::ToCrm;
    let plan = plan_decided(&world, ("Acme", "Zenit"), decided(Choice::Side(Side::Crm), "Acme", "Zenit"));
    assert_eq!(plan.to_flowtly, vec![change(NAME, "Acme", "Zenit", "Zenit", Reason::Decided)]);
}

#[test]
fn a_decided_text_is_written_to_both_sides_or_to_the_one_that_differs() {
    let third = || Choice::Text(Text::whole("Third"));
    let plan = plan_decided(&company(), ("Foods", "Zenit"), decided(third(), "Foods", "Zenit"));
    assert_eq!(plan.to_flowtly, vec![change(NAME, "Foods", "Third", "Third", Reason::Decided)]);
    assert_eq!(plan.to_crm, vec![change(NAME, "Zenit", "Third", "Third", Reason::Decided)]);

    let plan = plan_decided(&company(), ("Third", "Zenit"), decided(third(), "Third", "Zenit"));
    let to_crm = vec![change(NAME, "Zenit", "Third", "Third", Reason::Decided)];
    assert_eq!(plan, PairPlan { to_crm, ..notes_about_the_rest() });

    let plan = plan_decided(&company(), ("Foods", "Third"), decided(third(), "Foods", "Third"));
    let to_flowtly = vec![change(NAME, "Foods", "Third", "Third", Reason::Decided)];
    assert_eq!(plan, PairPlan { to_flowtly, ..notes_about_the_rest() });
}

#[test]
fn a_decided_text_of_which_one_write_failed_is_finished() {
    let third = || Choice::Text(Text::whole("Third"));
    let plan = plan_decided(&company(), ("Third", "Zenit"), decided(third(), "Foods", "Zenit"));
    assert_eq!(plan.to_crm, vec![change(NAME, "Zenit", "Third", "Third", Reason::Decided)]);
    assert!(plan.to_flowtly.is_empty());
    let plan = plan_decided(&company(), ("Foods", "Third"), decided(third(), "Foods", "Zenit"));
    assert_eq!(plan.to_flowtly, vec![change(NAME, "Foods", "Third", "Third", Reason::Decided)]);
    let plan = plan_decided(&company(), ("Third", "Third"), decided(third(), "Foods", "Zenit"));
    assert_eq!(plan, PairPlan { agreed: vec![(NAME, Reason::Decided)], ..notes_about_the_rest() });
}

#[test]
fn a_decision_that_is_so_already_is_agreed() {
    for choice in [Choice::Side(Side::Flowtly), Choice::Side(Side::Crm), Choice::Text(Text::whole("Foods"))] {
        let plan = plan_decided(&company(), ("Foods", "Foods"), decided(choice, "Foods", "Foods"));
        assert_eq!(plan, PairPlan { agreed: vec![(NAME, Reason::Decided)], ..notes_about_the_rest() });
    }
}

#[rstest]
#[case::a_side(Choice::Side(Side::Flowtly))]
#[case::a_text(Choice::Text(Text::whole("Third")))]
fn a_decision_that_cannot_be_written_is_a_note_and_half_of_it_is_not_written(#[case] choice: Choice) {
    for locked in Side::BOTH {
        let mut world = company();
        world.lock(locked, NAME);
        let plan = plan_decided(&world, ("Foods", "Zenit"), decided(choice.clone(), "Foods", "Zenit"));
        if choice == Choice::Side(Side::Flowtly) && locked == Side::Flowtly {
            assert_eq!(plan.to_crm.len(), 1);
        } else {
            assert!(plan.to_flowtly.is_empty() && plan.to_crm.is_empty());
            assert_eq!(plan.notes[0], (NAME, Reason::NotWritable));
        }
    }
}

#[rstest]
#[case::a_blank_side(Choice::Side(Side::Flowtly), Side::Crm)]
#[case::a_blank_text(Choice::Text(Text::default()), Side::Crm)]
#[case::a_blank_text(Choice::Text(Text::whole(" ")), Side::Flowtly)]
fn a_decision_cannot_clear_what_is_required(#[case] choice: Choice, #[case] requiring: Side) {
    let mut world = company();
    let now = match requiring {
        Side::Crm => ("", "Zenit"),
        Side::Flowtly => ("Zenit", ""),
    };
    let plan = plan_decided(&world, now, decided(choice.clone(), now.0, now.1));
    assert_eq!(plan.changes(requiring).len(), 1);
    assert!(plan.changes(requiring)[0].blanks());
    world.manners_mut(requiring).required.insert(NAME);
    let plan = plan_decided(&world, now, decided(choice, now.0, now.1));
    assert!(plan.to_flowtly.is_empty() && plan.to_crm.is_empty());
    assert_eq!(plan.conflicts[0].1, Reason::RequiredElsewhere);
}

#[test]
fn a_decision_waits_while_a_side_does_not_show_the_field() {
    let mut pair = pair(Kind::Company).with(NAME, (Some("Acme"), "Foods"), (Some("Acme"), ""));
    pair.crm.record.fields.insert(NAME, Reading::Unknown);
    pair.decisions.insert(NAME, decided(Choice::Side(Side::Flowtly), "Foods", ""));
    let plan = plan_pair(&pair, company().context());
    assert!(plan.to_crm.is_empty());
    assert_eq!(plan.notes[0], (NAME, Reason::Unknown { side: Side::Crm }));
}

// Identity.

const JAN: &str = "Jan Kowalski";
const ANNA: &str = "Anna Nowak";

/// Base and present name and e-mail of Flowtly's half; the CRM's half is at rest.
#[rstest]
#[case::both_moved((Some(JAN), ANNA), (Some("jan@acme.pl"), "anna@acme.pl"), true)]
#[case::both_moved_and_the_address_was_cleared((Some(JAN), ANNA), (Some("jan@acme.pl"), ""), true)]
#[case::only_the_name_moved((Some(JAN), ANNA), (Some("jan@acme.pl"), "jan@acme.pl"), false)]
#[case::only_the_address_moved((Some(JAN), JAN), (Some("jan@acme.pl"), "anna@acme.pl"), false)]
#[case::the_address_was_filled_in((Some(JAN), ANNA), (Some(""), "anna@acme.pl"), false)]
#[case::the_name_was_never_agreed((None, ANNA), (Some("jan@acme.pl"), "anna@acme.pl"), false)]
#[case::the_address_was_never_agreed((Some(JAN), ANNA), (None, "anna@acme.pl"), false)]
fn name_and_key_that_change_together_look_like_another_thing(
    #[case] name: (Option<&str>, &str),
    #[case] email: (Option<&str>, &str),
    #[case] asked: bool,
) {
    let world = World::alike(
        Kind::Contact,
        &[(Field::PersonName, Part::Whole), (Field::Email, Part::Whole), (Field::Title, Part::Whole)],
    );
    for side in Side::BOTH {
        let mut pair = pair(Kind::Contact);
        pair.put(side, Field::PersonName, name.0, name.1);
        pair.put(side, Field::Email, email.0, email.1);
        pair.put(side, Field::Title, Some("Director"), "Chairman");
        pair.put(side.opposite(), Field::PersonName, Some(JAN), JAN);
        pair.put(
            side.opposite(),
            Field::Email,
            Some(email.0.unwrap_or("jan@acme.pl")),
            email.0.unwrap_or("jan@acme.pl"),
        );
        pair.put(side.opposite(), Field::Title, Some("Director"), "Director");
        let plan = plan_pair(&pair, world.context());
        if asked {
            assert_eq!(plan, PairPlan { identity_changed: Some(side), ..PairPlan::default() });
            assert!(!plan.is_settled());
        } else {
            assert_eq!(plan.identity_changed, None);
            assert_eq!(plan.changes(side.opposite()).last().map(|change| change.field), Some(Field::Title));
        }
    }
}

fn firm(flowtly: [(&str, &str); 2], crm: [(&str, &str); 2]) -> Pair {
    let mut pair = pair(Kind::Company);
    for (side, [name, tax]) in [(Side::Flowtly, flowtly), (Side::Crm, crm)] {
        pair.put(side, NAME, Some(name.0), name.1);
        let number = |number: &str| read(Field::TaxIdentity, &Text::of([(Part::Number, number)]));
        pair.half_mut(side).record.fields.insert(Field::TaxIdentity, number(tax.1));
        pair.half_mut(side).base.insert(Field::TaxIdentity, number(tax.0));
    }
    pair
}

const OURS: &str = "5260250274";
const THEIRS: &str = "7740001454";

fn firms() -> World {
    World::alike(Kind::Company, &[(NAME, Part::Whole), (Field::TaxIdentity, Part::Number)])
}

#[test]
fn a_client_that_is_another_firm_since_a_restore_is_a_question() {
    let at_rest = [("Acme", "Acme"), (OURS, OURS)];
    let another = [("Acme", "Zenit"), (OURS, THEIRS)];
    let identity = |pair: &Pair| plan_pair(pair, firms().context()).identity_changed;
    assert_eq!(identity(&firm(another, at_rest)), Some(Side::Flowtly));
    assert_eq!(identity(&firm(at_rest, another)), Some(Side::Crm));
    assert_eq!(identity(&firm(at_rest, at_rest)), None);
    assert_eq!(identity(&firm([("Acme", "Zenit"), (OURS, OURS)], [("Acme", "Acme"), (OURS, THEIRS)])), None);
}

#[test]
fn a_number_that_is_filled_in_beside_its_type_speaks_against_nothing() {
    let mut pair = firm([("Acme", "Zenit"), ("", OURS)], [("Acme", "Acme"), ("", "")]);
    let typed = Text::of([(Part::Number, ""), (Part::TinType, "nip"), (Part::TinCountry, "PL")]);
    pair.flowtly.base.insert(Field::TaxIdentity, read(Field::TaxIdentity, &typed));
    assert_eq!(plan_pair(&pair, firms().context()).identity_changed, None);
}

#[test]
fn one_base_alone_is_none_for_identity_too() {
    let mut pair = firm([("Acme", "Zenit"), (OURS, THEIRS)], [("Acme", "Acme"), (OURS, OURS)]);
    pair.crm.base.remove(&Field::TaxIdentity);
    assert_eq!(plan_pair(&pair, firms().context()).identity_changed, None);
}

#[test]
fn both_halves_that_became_the_same_other_thing_are_agreed() {
    let another = [("Acme", "Zenit"), (OURS, THEIRS)];
    let plan = plan_pair(&firm(another, another), firms().context());
    assert_eq!(plan.identity_changed, None);
    assert_eq!(plan.agreed, vec![(NAME, Reason::BothEqual), (Field::TaxIdentity, Reason::BothEqual)]);
}

#[test]
fn both_halves_that_became_different_things_are_one_question() {
    let zenit = [("Acme", "Zenit"), (OURS, THEIRS)];
    let orlen = [("Acme", "Orlen"), (OURS, "5252344078")];
    let identity = |pair: &Pair| plan_pair(pair, firms().context()).identity_changed;
    assert_eq!(identity(&firm(zenit, orlen)), Some(Side::Crm));
    assert_eq!(identity(&firm(orlen, zenit)), Some(Side::Flowtly));
}

#[test]
fn what_a_person_decided_about_name_and_key_is_not_asked_again() {
    let mut pair = firm([("Acme", "Zenit"), (OURS, THEIRS)], [("Acme", "Acme"), (OURS, OURS)]);
    let number = |number: &str| Text::of([(Part::Number, number)]);
    pair.decisions.insert(NAME, decided(Choice::Side(Side::Flowtly), "Zenit", "Acme"));
    assert_eq!(plan_pair(&pair, firms().context()).identity_changed, Some(Side::Flowtly));
    let decision = Decision { choice: Choice::Side(Side::Flowtly), flowtly: number(THEIRS), crm: number(OURS) };
    pair.decisions.insert(Field::TaxIdentity, decision);
    let plan = plan_pair(&pair, firms().context());
    assert_eq!(plan.identity_changed, None);
    assert_eq!(plan.to_crm.len(), 2);
    pair.put(Side::Flowtly, NAME, None, "Orlen");
    assert_eq!(plan_pair(&pair, firms().context()).identity_changed, Some(Side::Flowtly));
}

// A contact's company.

fn parents() -> World {
    let mut world = World::alike(Kind::Contact, &[]);
    world.rule(Field::Parent);
    world
}

#[rstest]
#[case::moved_in_the_crm((Some("5"), "5"), (Some("5"), "6"), Some((Side::Flowtly, "5", "6")), None)]
#[case::moved_in_flowtly((Some("5"), "6"), (Some("5"), "5"), Some((Side::Crm, "5", "6")), None)]
#[case::at_rest((Some("5"), "5"), (Some("5"), "5"), None, None)]
#[case::orphaned_in_the_crm((Some("5"), "5"), (Some("5"), OUTSIDE), None, Some(Reason::BlockedByParent))]
#[case::outside_in_flowtly((Some("5"), OUTSIDE), (Some("5"), "6"), None, Some(Reason::BlockedByParent))]
#[case::blank_in_the_crm((Some("5"), "5"), (Some("5"), ""), None, Some(Reason::BlockedByParent))]
#[case::outside_on_both_sides((Some("5"), OUTSIDE), (Some("5"), OUTSIDE), None, None)]
#[case::outside_for_the_first_time((None, OUTSIDE), (None, "5"), None, Some(Reason::BlockedByParent))]
fn a_contact_follows_its_company_and_is_never_orphaned(
    #[case] flowtly: (Option<&str>, &str),
    #[case] crm: (Option<&str>, &str),
    #[case] written: Option<(Side, &str, &str)>,
    #[case] note: Option<Reason>,
) {
    let pair = pair(Kind::Contact).with(Field::Parent, flowtly, crm);
    let plan = plan_pair(&pair, parents().context());
    let mut expected = PairPlan::default();
    if let Some((side, before, after)) = written {
        expected.changes_mut(side).push(change(Field::Parent, before, after, after, moved(side.opposite())));
    }
    expected.notes.extend(note.map(|reason| (Field::Parent, reason)));
    assert_eq!(plan, expected);
}

#[test]
fn a_company_that_a_contact_was_moved_to_on_both_sides_is_a_conflict() {
    let pair = pair(Kind::Contact).with(Field::Parent, (Some("5"), "6"), (Some("5"), "7"));
    let plan = plan_pair(&pair, parents().context());
    assert_eq!(plan.conflicts.len(), 1);
    assert_eq!(plan.conflicts[0].1, Reason::BothMoved);
}

#[test]
fn a_company_that_cannot_be_told_is_a_note() {
    let mut pair = pair(Kind::Contact).with(Field::Parent, (Some("5"), OUTSIDE), (Some("5"), "6"));
    pair.crm.record.fields.insert(Field::Parent, Reading::Unknown);
    let plan = plan_pair(&pair, parents().context());
    assert_eq!(plan.notes, vec![(Field::Parent, Reason::Unknown { side: Side::Crm })]);
}

#[test]
fn a_decision_does_not_carry_a_contact_outside() {
    let mut pair = pair(Kind::Contact).with(Field::Parent, (Some("5"), "6"), (Some("5"), OUTSIDE));
    pair.decisions.insert(Field::Parent, decided(Choice::Side(Side::Crm), "6", OUTSIDE));
    let plan = plan_pair(&pair, parents().context());
    assert_eq!(plan, PairPlan { notes: vec![(Field::Parent, Reason::BlockedByParent)], ..PairPlan::default() });
}

#[rstest]
#[case::outside(OUTSIDE)]
#[case::nowhere("")]
fn a_decided_text_does_not_carry_a_contact_outside_either(#[case] text: &str) {
    let mut pair = pair(Kind::Contact).with(Field::Parent, (Some("5"), "6"), (Some("5"), "7"));
    pair.decisions.insert(Field::Parent, decided(Choice::Text(Text::whole(text)), "6", "7"));
    let plan = plan_pair(&pair, parents().context());
    assert_eq!(plan, PairPlan { notes: vec![(Field::Parent, Reason::BlockedByParent)], ..PairPlan::default() });
    pair.decisions.insert(Field::Parent, decided(Choice::Text(Text::whole("8")), "6", "7"));
    let plan = plan_pair(&pair, parents().context());
    assert_eq!((plan.to_flowtly.len(), plan.to_crm.len()), (1, 1));
}

#[test]
fn a_part_that_a_system_cut_does_not_travel_back_when_another_part_is_edited() {
    let parts = [(Field::Address, Part::City), (Field::Address, Part::PostCode)];
    let world = World::alike(Kind::Company, &parts);
    let address = |city: &str, code: &str| Text::of([(Part::City, city), (Part::PostCode, code)]);
    let edited = |before: Text, now: Text| {
        let mut pair = pair(Kind::Company);
        let halves = [(Side::Flowtly, before, now), (Side::Crm, address("Warszawa", ""), address("Warszawa", ""))];
        for (side, base, now) in halves {
            let half = pair.half_mut(side);
            half.base.insert(Field::Address, read(Field::Address, &base));
            half.record.fields.insert(Field::Address, read(Field::Address, &now));
        }
        plan_pair(&pair, world.context()).to_crm.pop().map(|change| change.after)
    };
    // What was agreed: Flowtly keeps four characters of a city.
    assert_eq!(edited(address("Wars", ""), address("Wars", "20-779")), Some(address("Warszawa", "20-779")));
    assert_eq!(edited(address("Wars", ""), address("Krak", "20-779")), Some(address("Krak", "20-779")));
    assert_eq!(edited(address("Wars", ""), address("", "")), Some(address("", "")));
}

#[test]
fn a_policy_decides_what_both_sides_edited_and_a_part_that_its_side_did_not_is_as_agreed() {
    let parts = [(Field::Address, Part::City), (Field::Address, Part::PostCode)];
    let mut world = World::alike(Kind::Company, &parts);
    world.rule(Field::Address).conflict = crate::domain::rules::Preference::Flowtly;
    let address = |city: &str, code: &str| Text::of([(Part::City, city), (Part::PostCode, code)]);
    let after = |flowtly: Text, crm: Text| {
        let mut pair = pair(Kind::Company);
        let halves = [(Side::Flowtly, address("Wars", ""), flowtly), (Side::Crm, address("Warszawa", ""), crm)];
        for (side, base, now) in halves {
            let half = pair.half_mut(side);
            half.base.insert(Field::Address, read(Field::Address, &base));
            half.record.fields.insert(Field::Address, read(Field::Address, &now));
        }
        plan_pair(&pair, world.context()).to_crm.pop().map(|change| change.after)
    };
    let edited = address("Wars", "64-082");
    assert_eq!(after(edited.clone(), address("Warszawa", "58-279")), Some(address("Warszawa", "64-082")));
    // One decision about one address: what the other side edited alone gives way too, to what was agreed there: never to what a
    // system made of it.
    assert_eq!(after(edited.clone(), address("Gdynia", "")), Some(address("Warszawa", "64-082")));
    assert_eq!(after(edited, address("", "58-279")), Some(address("Warszawa", "64-082")));
    assert_eq!(after(address("Krak", ""), address("Gdynia", "")), Some(address("Krak", "")));
}
