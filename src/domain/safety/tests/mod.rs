//! One table row per accident that a limit prevents.

use super::*;

mod allowances;
mod numbers;
mod sights;

const LIMITS: Limits = Limits {
    creates: Limit { count: 50, share: 0.10 },
    updates: Limit { count: 100, share: 0.20 },
    blanked: Limit { count: 20, share: 0.05 },
    links: Limit { count: 40, share: 0.10 },
    conflicts: Limit { count: 30, share: 0.05 },
    pauses: Limit { count: 20, share: 0.05 },
    documents: Limit { count: 25, share: 0.05 },
    shrink: Limit { count: 10, share: 0.05 },
};

/// A state that has had its first pass, with 1,000 companies and 1,000 contacts a side.
fn settled() -> Circumstances {
    let mut known = BTreeMap::new();
    for side in Side::BOTH {
        for kind in Kind::BOTH {
            known.insert((side, kind), 1_000);
        }
    }
    Circumstances { known, ..Circumstances::default() }
}

fn creates(side: Side, count: u64) -> Totals {
    Totals { creates: BTreeMap::from([(side, count)]), ..Totals::default() }
}

fn updates(side: Side, count: u64) -> Totals {
    Totals { updates: BTreeMap::from([(side, count)]), ..Totals::default() }
}

fn blanked(side: Side, count: u64) -> Totals {
    Totals { blanked: BTreeMap::from([(side, count)]), ..updates(side, 1) }
}

fn names(refusals: &[Refusal]) -> Vec<(RefusalName, Option<Side>, u64, u64)> {
    refusals.iter().map(|refusal| (refusal.name, refusal.side, refusal.found, refusal.allowed)).collect()
}

fn acting() -> Vec<Totals> {
    vec![
        creates(Side::Crm, 1),
        updates(Side::Flowtly, 1),
        Totals { links: 1, ..Totals::default() },
        Totals { stamps: 1, ..Totals::default() },
        Totals { conflicts: 1, ..Totals::default() },
        Totals { questions: 1, ..Totals::default() },
        Totals { local: 1, ..Totals::default() },
        Totals { documents: 1, ..Totals::default() },
    ]
}

#[test]
fn refusals_come_in_the_order_of_their_names() {
    let mut totals = creates(Side::Crm, 5_000);
    totals.updates.insert(Side::Crm, 5_000);
    totals.blanked.insert(Side::Crm, 5_000);
    let circumstances = Circumstances {
        listed: BTreeMap::from([((Side::Crm, Kind::Company), None), ((Side::Flowtly, Kind::Contact), Some(0))]),
        ..settled()
    };
    let order: Vec<RefusalName> = judge(&totals, &LIMITS, &circumstances).iter().map(|refusal| refusal.name).collect();
    assert_eq!(
        order,
        vec![
            RefusalName::TooManyCreates,
            RefusalName::TooManyUpdates,
            RefusalName::TooManyBlankedValues,
            RefusalName::ShrunkenListing,
            RefusalName::ShrunkenListing,
        ]
    );
}

#[test]
fn every_refusal_tells_its_numbers_and_how_to_allow_it() {
    let totals = creates(Side::Crm, 812);
    let refusals = judge(&totals, &LIMITS, &Circumstances { done_today: creates(Side::Crm, 5), ..settled() });
    assert_eq!(
        refusals[0].message,
        "817 records to be created in CRM (812 in this plan, 5 within the last day), at most 200 of 2000 records; to allow \
         it once: `--allow too-many-creates`"
    );
    let circumstances = Circumstances {
        first_pass: true,
        listed: BTreeMap::from([((Side::Flowtly, Kind::Company), Some(3)), ((Side::Crm, Kind::Company), None)]),
        ..settled()
    };
    for refusal in judge(&totals, &LIMITS, &circumstances) {
        assert!(refusal.message.ends_with(&format!("`--allow {}`", refusal.name)), "{}", refusal.message);
        let number = if refusal.name == RefusalName::FirstPass { 812 } else { refusal.found };
        assert!(refusal.message.contains(&number.to_string()), "{}", refusal.message);
    }
}

#[test]
fn a_refusal_is_parsed_from_the_word_that_it_shows() {
    for name in RefusalName::ALL {
        assert_eq!(RefusalName::parse(&name.to_string()), Some(name));
    }
    assert_eq!(RefusalName::parse("too-many"), None);
}

fn links(_: Side, count: u64) -> Totals {
    Totals { links: count, ..Totals::default() }
}

fn conflicts(_: Side, count: u64) -> Totals {
    Totals { conflicts: count, ..Totals::default() }
}

fn pauses(side: Side, count: u64) -> Totals {
    Totals { local: count, pauses: BTreeMap::from([(side, count)]), ..Totals::default() }
}

fn documents(_: Side, count: u64) -> Totals {
    Totals { documents: count, ..Totals::default() }
}

fn uneven(told: Option<u64>, shown: u64) -> Circumstances {
    let not_whole = BTreeMap::from([((Side::Flowtly, Kind::Company), Uneven { told, shown })]);
    Circumstances { not_whole, ..settled() }
}

fn canaries(asked: u64, seen: Option<u64>, named: bool) -> Circumstances {
    let unseen = vec![Example::of_record(Side::Crm, Kind::Company, RemoteId::new("900"))];
    let canaries = BTreeMap::from([(Side::Crm, Canaries { asked, seen, named, unseen })]);
    Circumstances { canaries, ..settled() }
}

#[test]
fn every_refusal_says_what_was_found_what_is_allowed_and_how_to_allow_it() {
    let totals = Totals {
        links: 300,
        creates: BTreeMap::from([(Side::Crm, 812)]),
        updates: BTreeMap::from([(Side::Flowtly, 900)]),
        blanked: BTreeMap::from([(Side::Flowtly, 500)]),
        conflicts: 150,
        local: 400,
        pauses: BTreeMap::from([(Side::Crm, 400)]),
        ..Totals::default()
    };
    let canary = |asked, seen, named| Canaries { asked, seen, named, unseen: vec![] };
    let not_whole = BTreeMap::from([
        ((Side::Flowtly, Kind::Company), Uneven { told: Some(500), shown: 300 }),
        ((Side::Flowtly, Kind::Contact), Uneven { told: None, shown: 300 }),
    ]);
    let circumstances = Circumstances {
        listed: BTreeMap::from([((Side::Flowtly, Kind::Company), Some(3)), ((Side::Crm, Kind::Contact), None)]),
        not_shown: BTreeMap::from([(
            (Side::Flowtly, Kind::Company),
            (1..9).map(|n| RemoteId::new(n.to_string())).collect(),
        )]),
        not_whole,
        canaries: BTreeMap::from([(Side::Flowtly, canary(3, Some(0), false)), (Side::Crm, canary(4, Some(2), true))]),
        done_today: Totals { conflicts: 7, ..creates(Side::Crm, 5) },
        ..settled()
    };
    let refusals = judge(&totals, &LIMITS, &circumstances);
    let told: Vec<String> = refusals
        .iter()
        .map(|refusal| {
            let ending = format!("; to allow it once: `--allow {}`", refusal.name);
            let says = refusal.message.strip_suffix(&ending).expect("how to allow it");
            format!("{} {}/{} {says}", refusal.name, refusal.found, refusal.allowed)
        })
        .collect();
    assert_eq!(
        told,
        [
            "too-many-creates 817/200 817 records to be created in CRM (812 in this plan, 5 within the last day), at most \
             200 of 2000 records",
            "too-many-updates 900/400 900 records to be updated in Flowtly (900 in this plan, 0 within the last day), at \
             most 400 of 2000 records",
            "too-many-blanked-values 500/100 500 values to be cleared in Flowtly (500 in this plan, 0 within the last day), \
             at most 100 of 2000 records",
            "too-many-links 300/200 300 links to be made (300 in this plan, 0 within the last day), at most 200 of 2000 \
             records of the side that has fewer",
            "too-many-conflicts 157/100 157 new conflicts (150 in this plan, 7 within the last day), at most 100 of 2000 \
             records of the side that has fewer",
            "too-many-pauses 400/100 400 pairs archived, gone or merged in CRM (400 in this plan, 0 within the last day), at \
             most 100 of 2000 records",
            "shrunken-listing 997/50 Flowtly shows 3 company records and had 1000: 997 fewer, at most 50 may be missing; \
             look whether the account, the permissions or a filter changed",
            "shrunken-listing 1000/50 how many contact records CRM has could not be told, and it had 1000; repeat the pass \
             first",
            "walk-not-whole 200/0 the list of company records in Flowtly could not be read whole: it told of 500 and showed \
             300; the plan links or creates records, for which every one must be known; repeat the pass first",
            "walk-not-whole 300/0 the list of contact records in Flowtly could not be read whole: it told of no number and \
             showed 300; the plan links or creates records, for which every one must be known; repeat the pass first",
            "canary-not-seen 3/2 none of the 3 lowest pairs was found in Flowtly; look whether the account or the \
             permissions changed",
            "canary-not-seen 2/0 2 of the 4 pairs that limits.canaries names were found in CRM; look whether the account or \
             the permissions changed, or name others",
        ]
    );
    let shrunken = &refusals[6];
    assert_eq!(shrunken.examples.len(), FEW);
    assert_eq!(refusals[8].examples, shrunken.examples);
    // Each name has words of its own where an allowance is held against what was shown.
    let shown = remember(&[], |_| false, &judge(&updates(Side::Crm, 1), &LIMITS, &circumstances));
    let allowed = |name| Circumstances { allowed: BTreeSet::from([name]), shown: shown.clone(), ..settled() };
    let listed = BTreeMap::from([((Side::Flowtly, Kind::Company), Some(0)), ((Side::Crm, Kind::Contact), Some(0))]);
    let grown = Circumstances { listed, ..allowed(RefusalName::ShrunkenListing) };
    assert_eq!(judge(&Totals::default(), &LIMITS, &grown), vec![], "a tenth more");
    let listed = BTreeMap::from([((Side::Flowtly, Kind::Contact), Some(0))]);
    let grown = Circumstances { listed, ..allowed(RefusalName::ShrunkenListing) };
    let again = judge(&Totals::default(), &LIMITS, &grown);
    assert!(
        again[0].message.starts_with(
            "the allowance stands for what was shown and a tenth more: that was 0, now there are 1000 records not shown in \
             Flowtly (contact); Flowtly shows 0 contact records"
        ),
        "{}",
        again[0].message
    );
    let words: BTreeSet<&str> = RefusalName::ALL.into_iter().map(RefusalName::counts).collect();
    assert_eq!(words.len(), RefusalName::ALL.len());
    assert!(!words.contains(""));
}

mod examples {
    use super::*;
    use crate::domain::field::Field;
    use crate::domain::plan::{Action, ActionId, Change, KeyKind, Op, Reason, RecordRef};
    use crate::domain::value::Text;

    fn action(id: u32, op: Op, reason: Reason) -> Action {
        let record = |side| Some(RecordRef { side, id: RemoteId::new(id.to_string()), parent: None });
        Action {
            id: ActionId(id),
            kind: Kind::Company,
            label: format!("Firma {id}"),
            link: None,
            flowtly: record(Side::Flowtly),
            crm: record(Side::Crm),
            op,
            reason,
        }
    }

    fn update(id: u32, cleared: usize, changed: usize) -> Action {
        let change = |after: &str| Change {
            field: Field::Phone,
            before: Text::whole("before"),
            after: Text::whole(after),
            source: Text::whole(after),
            reason: Reason::Moved { side: Side::Flowtly },
        };
        let all = (0..cleared).map(|_| change("")).chain((0..changed).map(|_| change("after"))).collect();
        action(id, Op::Update { side: Side::Crm, changes: all }, Reason::Moved { side: Side::Flowtly })
    }

    fn ids(examples: &[Example]) -> Vec<&str> {
        examples.iter().filter_map(|example| example.flowtly.as_ref()).map(RemoteId::as_str).collect()
    }

    #[test]
    fn the_records_with_the_most_cleared_values_come_first_and_only_a_few_are_kept() {
        let mut worst = Worst::default();
        for (id, cleared) in (1..).zip([1, 2, 1, 9, 1, 1, 3]) {
            worst.note(&update(id, cleared, 1));
        }
        worst.note(&update(8, 0, 20));
        let blanked = worst.of(RefusalName::TooManyBlankedValues, Some(Side::Crm));
        assert_eq!(ids(&blanked), ["4", "7", "2", "1", "3"]);
        assert_eq!(blanked[0].values, Some(9));
        assert_eq!(ids(&worst.of(RefusalName::TooManyUpdates, Some(Side::Crm)))[0], "8");
        assert_eq!(worst.of(RefusalName::TooManyBlankedValues, Some(Side::Flowtly)), []);
    }

    #[test]
    fn the_links_for_which_least_speaks_come_first_and_creates_in_their_order() {
        let mut worst = Worst::default();
        let keys = [KeyKind::StoredId, KeyKind::TaxNumber, KeyKind::NameAndCountry, KeyKind::Configured(0)];
        for (id, by) in (1..).zip(keys) {
            worst.note(&action(id, Op::Link, Reason::Matched { by }));
        }
        assert_eq!(ids(&worst.of(RefusalName::TooManyLinks, None)), ["4", "3", "2", "1"]);
        for id in 10..20 {
            worst.note(&action(id, Op::Create { side: Side::Crm, fields: vec![], parent: None }, Reason::New));
            worst.note(&action(id, Op::Pause { side: Side::Crm }, Reason::Archived { side: Side::Crm }));
        }
        assert_eq!(ids(&worst.of(RefusalName::TooManyCreates, Some(Side::Crm))), ["10", "11", "12", "13", "14"]);
        assert_eq!(ids(&worst.of(RefusalName::TooManyPauses, Some(Side::Crm))), ["10", "11", "12", "13", "14"]);
        assert_eq!(worst.overall().len(), FEW);
    }

    #[test]
    fn the_less_speaks_for_a_link_the_worse_it_is() {
        let keys = [
            KeyKind::StoredId,
            KeyKind::TaxNumber,
            KeyKind::EmailAndName,
            KeyKind::NameAndCountry,
            KeyKind::Email,
            KeyKind::Configured(1),
            KeyKind::Name,
        ];
        let by_hand = (1, Reason::LinkedByHand);
        let reasons: Vec<(u32, Reason)> =
            std::iter::once(by_hand).chain((2..).zip(keys.map(|by| Reason::Matched { by }))).collect();
        for two in reasons.windows(2) {
            let mut worst = Worst::default();
            for (id, reason) in two {
                worst.note(&action(*id, Op::Link, reason.clone()));
            }
            let order = [two[1].0.to_string(), two[0].0.to_string()];
            assert_eq!(ids(&worst.of(RefusalName::TooManyLinks, None)), order);
        }
    }

    #[test]
    fn a_first_pass_shows_what_it_clears_before_what_it_creates_and_links() {
        let mut worst = Worst::default();
        worst.note(&action(1, Op::Link, Reason::LinkedByHand));
        worst.note(&action(2, Op::Create { side: Side::Flowtly, fields: vec![], parent: None }, Reason::New));
        worst.note(&update(3, 1, 0));
        worst.note(&update(4, 0, 9));
        let first = Circumstances { first_pass: true, worst, ..settled() };
        assert_eq!(ids(&judge(&creates(Side::Crm, 1), &LIMITS, &first)[0].examples), ["3", "2", "1"]);
    }

    #[test]
    fn a_refusal_carries_them_and_its_message_and_ids_hold_no_names() {
        let mut worst = Worst::default();
        worst.note(&update(4, 2, 0));
        let refusals = judge(&blanked(Side::Crm, 500), &LIMITS, &Circumstances { worst, ..settled() });
        assert_eq!(refusals[0].examples[0].label, "Firma 4");
        assert_eq!(refusals[0].ids(), "company Flowtly 4, CRM 4");
        assert!(!refusals[0].message.contains("Firma"), "{}", refusals[0].message);
    }
}
