//! Limits in number: shares, counts, the sliding day.

use rstest::rstest;

use super::*;

#[rstest]
#[case::a_lost_state_creates_the_whole_firm_again(creates as fn(Side, u64) -> Totals, RefusalName::TooManyCreates, 200)]
#[case::a_new_normal_form_rewrites_every_record(updates, RefusalName::TooManyUpdates, 400)]
#[case::a_property_that_was_emptied_by_mistake_clears_the_other_side(blanked, RefusalName::TooManyBlankedValues, 100)]
fn a_plan_beyond_count_and_share_is_refused(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] most: u64,
) {
    for side in Side::BOTH {
        assert_eq!(judge(&totals(side, most), &LIMITS, &settled()), vec![]);
        let refusals = judge(&totals(side, most + 1), &LIMITS, &settled());
        assert_eq!(names(&refusals), vec![(name, Some(side), most + 1, most)]);
        let allowed = Circumstances { allowed: BTreeSet::from([name]), ..settled() };
        assert_eq!(judge(&totals(side, most + 1), &LIMITS, &allowed), vec![]);
    }
}

#[rstest]
#[case::creates(creates as fn(Side, u64) -> Totals, RefusalName::TooManyCreates, 50)]
#[case::updates(updates, RefusalName::TooManyUpdates, 100)]
#[case::cleared_values(blanked, RefusalName::TooManyBlankedValues, 20)]
fn a_small_firm_is_not_stopped_by_its_share_and_an_unknown_one_is_ruled_by_the_count(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] count: u64,
) {
    let small = Circumstances { known: BTreeMap::from([((Side::Crm, Kind::Company), 3)]), ..Circumstances::default() };
    for circumstances in [small, Circumstances::default()] {
        assert_eq!(judge(&totals(Side::Crm, count), &LIMITS, &circumstances), vec![]);
        let refusals = judge(&totals(Side::Crm, count + 1), &LIMITS, &circumstances);
        assert_eq!(names(&refusals), vec![(name, Some(Side::Crm), count + 1, count)]);
    }
}

#[test]
fn the_share_is_of_the_records_of_that_side_alone() {
    let mut circumstances = settled();
    circumstances.known.retain(|(side, _), _| *side == Side::Flowtly);
    assert_eq!(judge(&creates(Side::Flowtly, 200), &LIMITS, &circumstances), vec![]);
    let refusals = judge(&creates(Side::Crm, 200), &LIMITS, &circumstances);
    assert_eq!(names(&refusals), vec![(RefusalName::TooManyCreates, Some(Side::Crm), 200, 50)]);
}

#[rstest]
#[case::creates(creates as fn(Side, u64) -> Totals, RefusalName::TooManyCreates, 200)]
#[case::updates(updates, RefusalName::TooManyUpdates, 400)]
#[case::cleared_values(blanked, RefusalName::TooManyBlankedValues, 100)]
fn a_storm_in_small_plans_is_stopped_by_the_sliding_day(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] most: u64,
) {
    let done = |side, count| Circumstances { done_today: totals(side, count), ..settled() };
    assert_eq!(judge(&totals(Side::Crm, 30), &LIMITS, &done(Side::Crm, most - 30)), vec![]);
    let refusals = judge(&totals(Side::Crm, 30), &LIMITS, &done(Side::Crm, most - 29));
    assert_eq!(names(&refusals), vec![(name, Some(Side::Crm), most + 1, most)]);
    assert_eq!(judge(&totals(Side::Crm, 30), &LIMITS, &done(Side::Flowtly, most)), vec![], "the other side's day");
    assert_eq!(judge(&Totals::default(), &LIMITS, &done(Side::Crm, most * 2)), vec![], "nothing more is planned");
}

#[rstest]
#[case::not_a_number(f64::NAN)]
#[case::negative(-0.5)]
#[case::more_than_all(1.5)]
#[case::without_end(f64::INFINITY)]
fn a_share_that_cannot_be_evaluated_allows_nothing(#[case] share: f64) {
    let limits = Limits { creates: Limit { count: 50, share }, ..LIMITS };
    assert_eq!(judge(&creates(Side::Crm, 50), &limits, &settled()), vec![]);
    assert_eq!(judge(&creates(Side::Crm, 51), &limits, &settled()).len(), 1);
}

#[test]
fn a_share_is_not_one_short_for_being_binary() {
    let limits = Limits { creates: Limit { count: 0, share: 0.29 }, ..LIMITS };
    let hundred = Circumstances { known: BTreeMap::from([((Side::Crm, Kind::Company), 100)]), ..settled() };
    assert_eq!(judge(&creates(Side::Crm, 29), &limits, &hundred), vec![]);
    assert_eq!(judge(&creates(Side::Crm, 30), &limits, &hundred).len(), 1);
}

#[test]
fn a_share_of_all_or_nothing_is_one() {
    let limits = |share| Limits { creates: Limit { count: 0, share }, ..LIMITS };
    assert_eq!(judge(&creates(Side::Crm, 2_000), &limits(1.0), &settled()), vec![]);
    assert_eq!(judge(&creates(Side::Crm, 2_001), &limits(1.0), &settled()).len(), 1);
    assert_eq!(judge(&creates(Side::Crm, 1), &limits(0.0), &settled()).len(), 1);
}

#[rstest]
#[case::a_placeholder_tax_number_joins_strangers(links as fn(Side, u64) -> Totals, RefusalName::TooManyLinks, None, 200)]
#[case::two_robots_write_every_record_on_both_sides(conflicts, RefusalName::TooManyConflicts, None, 100)]
#[case::somebody_archives_the_whole_portal(pauses, RefusalName::TooManyPauses, Some(Side::Crm), 100)]
fn a_flood_is_refused_and_counts_with_what_was_done_today(
    #[case] totals: fn(Side, u64) -> Totals,
    #[case] name: RefusalName,
    #[case] side: Option<Side>,
    #[case] most: u64,
) {
    assert_eq!(judge(&totals(Side::Crm, most), &LIMITS, &settled()), vec![]);
    let refusals = judge(&totals(Side::Crm, most + 1), &LIMITS, &settled());
    assert_eq!(names(&refusals), vec![(name, side, most + 1, most)]);
    let after = Circumstances { done_today: totals(Side::Crm, most), ..settled() };
    assert_eq!(names(&judge(&totals(Side::Crm, 1), &LIMITS, &after)), vec![(name, side, most + 1, most)]);
    assert_eq!(judge(&Totals::default(), &LIMITS, &after), vec![]);
    let first = Circumstances { first_pass: true, allowed: BTreeSet::from([RefusalName::FirstPass]), ..settled() };
    assert_eq!(judge(&totals(Side::Crm, most + 1), &LIMITS, &first), vec![]);
}

#[test]
fn pairs_are_measured_by_the_side_that_has_fewer_records() {
    let mut circumstances = settled();
    circumstances.known.insert((Side::Flowtly, Kind::Company), 0);
    circumstances.known.insert((Side::Flowtly, Kind::Contact), 500);
    assert_eq!(judge(&links(Side::Crm, 50), &LIMITS, &circumstances), vec![]);
    let refusals = judge(&links(Side::Crm, 51), &LIMITS, &circumstances);
    assert_eq!(names(&refusals), vec![(RefusalName::TooManyLinks, None, 51, 50)]);
    assert!(refusals[0].message.contains("50 of 500 records of the side that has fewer"), "{}", refusals[0].message);
}

/// Each guard with what it needs taken away.
#[rstest]
#[case::creates(creates as fn(Side, u64) -> Totals)]
#[case::updates(updates)]
#[case::cleared_values(blanked)]
#[case::links(links)]
#[case::conflicts(conflicts)]
#[case::pauses(pauses)]
#[case::documents(documents)]
fn a_count_that_cannot_be_held_against_a_share_trips(#[case] totals: fn(Side, u64) -> Totals) {
    let limits = |share| {
        let limit = Limit { count: 10, share };
        Limits {
            creates: limit,
            updates: limit,
            blanked: limit,
            links: limit,
            conflicts: limit,
            pauses: limit,
            documents: limit,
            shrink: limit,
        }
    };
    assert_eq!(judge(&totals(Side::Crm, 11), &limits(0.5), &settled()), vec![]);
    for share in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        assert_eq!(judge(&totals(Side::Crm, 11), &limits(share), &settled()).len(), 1, "{share}");
    }
    assert_eq!(judge(&totals(Side::Crm, 11), &limits(0.5), &Circumstances::default()).len(), 1, "nothing is known");
    let endless = Circumstances { done_today: totals(Side::Crm, u64::MAX), ..settled() };
    assert_eq!(judge(&totals(Side::Crm, 1), &limits(0.5), &endless).len(), 1);
}
