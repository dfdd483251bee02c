//! Lists that shrink or are not read whole, and canaries.

use rstest::rstest;

use super::*;

#[test]
fn a_filter_that_hides_half_the_firm_is_not_taken_for_deletions() {
    let listed =
        |count| Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Contact), Some(count))]), ..settled() };
    assert_eq!(judge(&Totals::default(), &LIMITS, &listed(1_000)), vec![]);
    assert_eq!(judge(&Totals::default(), &LIMITS, &listed(1_200)), vec![]);
    assert_eq!(judge(&Totals::default(), &LIMITS, &listed(950)), vec![]);
    let refusals = judge(&Totals::default(), &LIMITS, &listed(949));
    assert_eq!(names(&refusals), vec![(RefusalName::ShrunkenListing, Some(Side::Crm), 51, 50)]);
    let allowed = Circumstances { allowed: BTreeSet::from([RefusalName::ShrunkenListing]), ..listed(0) };
    assert_eq!(judge(&Totals::default(), &LIMITS, &allowed), vec![]);
}

#[test]
fn a_few_records_of_a_small_side_may_go() {
    let circumstances = |listed| Circumstances {
        known: BTreeMap::from([((Side::Flowtly, Kind::Company), 12)]),
        listed: BTreeMap::from([((Side::Flowtly, Kind::Company), Some(listed))]),
        ..Circumstances::default()
    };
    assert_eq!(judge(&Totals::default(), &LIMITS, &circumstances(2)), vec![]);
    let refusals = judge(&Totals::default(), &LIMITS, &circumstances(1));
    assert_eq!(names(&refusals), vec![(RefusalName::ShrunkenListing, Some(Side::Flowtly), 11, 10)]);
}

#[test]
fn a_walk_whose_size_cannot_be_told_trips_and_one_that_was_not_made_does_not() {
    let circumstances = Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Company), None)]), ..settled() };
    let refusals = judge(&Totals::default(), &LIMITS, &circumstances);
    assert_eq!(names(&refusals), vec![(RefusalName::ShrunkenListing, Some(Side::Crm), 1_000, 50)]);
    let new_state = Circumstances { known: BTreeMap::new(), ..circumstances };
    assert_eq!(judge(&Totals::default(), &LIMITS, &new_state).len(), 1);
    assert_eq!(judge(&Totals::default(), &LIMITS, &settled()), vec![]);
}

#[test]
fn a_kind_that_nothing_was_known_of_cannot_shrink() {
    let circumstances =
        Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Company), Some(0))]), ..Circumstances::default() };
    assert_eq!(judge(&Totals::default(), &LIMITS, &circumstances), vec![]);
}

#[test]
fn a_walk_that_was_not_whole_refuses_what_rests_on_knowing_every_record() {
    for totals in [links(Side::Crm, 1), creates(Side::Crm, 1), creates(Side::Flowtly, 1)] {
        let refusals = judge(&totals, &LIMITS, &uneven(Some(500), 300));
        assert_eq!(names(&refusals), vec![(RefusalName::WalkNotWhole, Some(Side::Flowtly), 200, 0)]);
        assert!(refusals[0].message.contains("told of 500 and showed 300"), "{}", refusals[0].message);
        // Allowing the first pass does not stand for it.
        let first = Circumstances {
            first_pass: true,
            allowed: BTreeSet::from([RefusalName::FirstPass]),
            ..uneven(Some(500), 300)
        };
        assert_eq!(judge(&totals, &LIMITS, &first).len(), 1);
        let allowed = Circumstances { allowed: BTreeSet::from([RefusalName::WalkNotWhole]), ..uneven(Some(500), 300) };
        assert_eq!(judge(&totals, &LIMITS, &allowed), vec![]);
    }
    let idle = [
        Totals::default(),
        creates(Side::Crm, 0),
        updates(Side::Crm, 1),
        pauses(Side::Crm, 1),
        conflicts(Side::Crm, 1),
    ];
    for totals in idle {
        assert_eq!(judge(&totals, &LIMITS, &uneven(Some(500), 300)), vec![], "{totals:?}");
    }
    let moved = judge(&links(Side::Crm, 1), &LIMITS, &uneven(Some(300), 300));
    assert_eq!(moved[0].found, 1, "the totals moved while it was read: {}", moved[0].message);
    assert_eq!(judge(&links(Side::Crm, 1), &LIMITS, &uneven(None, 7))[0].found, 7);
}

#[rstest]
#[case::none_before_the_first_link(0, Some(0), false, None)]
#[case::one_of_the_lowest_is_enough(3, Some(1), false, None)]
#[case::none_of_the_lowest(3, Some(0), false, Some(3))]
#[case::the_only_one(1, Some(0), false, Some(1))]
#[case::every_named_one(2, Some(2), true, None)]
#[case::a_named_one_is_missing(2, Some(1), true, Some(1))]
#[case::it_could_not_be_told(2, None, false, Some(2))]
#[case::it_could_not_be_told_and_there_are_none(0, None, false, None)]
#[case::it_could_not_be_told_of_named_ones(2, None, true, Some(2))]
fn a_side_where_the_pairs_are_not_is_refused(
    #[case] asked: u64,
    #[case] seen: Option<u64>,
    #[case] named: bool,
    #[case] missing: Option<u64>,
) {
    // Also where the plan does nothing: something is wrong, and a person should know.
    let refusals = judge(&Totals::default(), &LIMITS, &canaries(asked, seen, named));
    let found: Vec<_> = refusals.iter().map(|refusal| (refusal.name, refusal.side, refusal.found)).collect();
    let expected: Vec<_> =
        missing.map(|missing| (RefusalName::CanaryNotSeen, Some(Side::Crm), missing)).into_iter().collect();
    assert_eq!(found, expected);
    assert!(refusals.iter().all(|refusal| refusal.ids() == "company CRM 900"), "{refusals:?}");
    let allowed =
        Circumstances { allowed: BTreeSet::from([RefusalName::CanaryNotSeen]), ..canaries(asked, seen, named) };
    assert_eq!(judge(&Totals::default(), &LIMITS, &allowed), vec![]);
}

#[test]
fn a_shrink_that_cannot_be_held_against_a_share_trips() {
    let listed = |count| Circumstances { listed: BTreeMap::from([((Side::Crm, Kind::Company), count)]), ..settled() };
    let limits = |share| Limits { shrink: Limit { count: 10, share }, ..LIMITS };
    assert_eq!(judge(&Totals::default(), &limits(0.5), &listed(Some(900))), vec![]);
    assert_eq!(judge(&Totals::default(), &limits(f64::NAN), &listed(Some(900))).len(), 1);
    assert_eq!(judge(&Totals::default(), &limits(0.5), &listed(None)).len(), 1);
}
