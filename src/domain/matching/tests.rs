//! Tables of single decisions, every combination for one candidate, and what holds for any number of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::field::Field;
use crate::domain::record::{Kind, Record, RemoteId, Side};
use crate::domain::rules::{Gone, KindRules};
use crate::domain::value::{Locale, Reading, Text};

const STORED: KeyKind = KeyKind::StoredId;
const TAX: KeyKind = KeyKind::TaxNumber;
const PLACE: KeyKind = KeyKind::NameAndCountry;
const NAME: KeyKind = KeyKind::Name;
const CONFIGURED: KeyKind = KeyKind::Configured(0);
const PERSON: KeyKind = KeyKind::EmailAndName;
const EMAIL: KeyKind = KeyKind::Email;
const LINK: LinkId = LinkId(7);

fn keys(pairs: &[(KeyKind, &str)]) -> MatchKeys {
    MatchKeys { keys: pairs.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect() }
}

fn at(side: Side, id: &str) -> RecordRef {
    RecordRef { side, id: RemoteId::new(id), parent: None }
}

fn candidate(id: &str, bond: Bond, pairs: &[(KeyKind, &str)]) -> Candidate {
    Candidate { record: at(Side::Crm, id), label: format!("record {id}"), keys: keys(pairs), bond }
}

fn free(id: &str, pairs: &[(KeyKind, &str)]) -> Candidate {
    candidate(id, Bond::Free, pairs)
}

fn link(id: &str, by: KeyKind) -> Verdict {
    Verdict::Link { with: at(Side::Crm, id), by }
}

/// What is asked, and about which records.
fn asked(verdict: &Verdict) -> Option<(Asks, Vec<String>)> {
    match verdict {
        Verdict::Ask { asks, candidates } => {
            Some((*asks, candidates.iter().map(|note| note.record.id.to_string()).collect()))
        }
        Verdict::Link { .. } | Verdict::Repoint { .. } | Verdict::Rest | Verdict::None => None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what is asked, which may be nothing")]
fn asks(asks: Asks, ids: &[&str]) -> Option<(Asks, Vec<String>)> {
    Some((asks, ids.iter().map(|id| (*id).to_owned()).collect()))
}

fn acme() -> MatchKeys {
    keys(&[(STORED, "1/17"), (TAX, "PL 526"), (PLACE, "PL acme"), (NAME, "acme")])
}

#[rstest]
#[case::the_stored_id(&[(STORED, "1/17")], STORED)]
#[case::the_tax_number(&[(TAX, "PL 526")], TAX)]
#[case::name_and_country(&[(PLACE, "PL acme"), (NAME, "acme")], PLACE)]
#[case::the_strongest_of_several(&[(STORED, "1/17"), (TAX, "PL 526"), (PLACE, "PL acme"), (NAME, "acme")], STORED)]
#[case::the_tax_number_though_it_was_renamed(&[(TAX, "PL 526"), (PLACE, "PL zenit"), (NAME, "zenit")], TAX)]
#[case::the_stored_id_though_the_tax_number_was_corrected(
    &[(STORED, "1/17"), (TAX, "PL 111"), (PLACE, "PL acme"), (NAME, "acme")], STORED)]
#[case::the_stored_id_though_it_was_renamed(&[(STORED, "1/17"), (TAX, "PL 526"), (PLACE, "PL zenit")], STORED)]
fn one_free_candidate_is_linked_by_the_strongest_equal_key(#[case] theirs: &[(KeyKind, &str)], #[case] by: KeyKind) {
    assert_eq!(decide(&acme(), &[free("a", theirs)], &[]), link("a", by));
}

#[rstest]
#[case::no_key_at_all(&[])]
#[case::nothing_equal(&[(TAX, "PL 111"), (PLACE, "PL zenit"), (NAME, "zenit")])]
#[case::another_tax_number_under_the_same_name_and_country(
    &[(TAX, "PL 111"), (PLACE, "PL acme"), (NAME, "acme")])]
#[case::another_stored_id_under_the_same_name_and_country(
    &[(STORED, "1/18"), (PLACE, "PL acme"), (NAME, "acme")])]
#[case::the_same_name_in_another_country(&[(PLACE, "DE acme"), (NAME, "acme")])]
#[case::the_same_name_without_country_but_another_tax_number(&[(TAX, "PL 111"), (NAME, "acme")])]
#[case::another_stored_id_and_another_tax_number(&[(STORED, "1/18"), (TAX, "PL 111"), (PLACE, "PL acme")])]
fn a_stronger_key_that_differs_is_a_veto(#[case] theirs: &[(KeyKind, &str)]) {
    assert_eq!(decide(&acme(), &[free("a", theirs)], &[]), Verdict::None);
}

#[test]
fn equal_names_where_one_side_lacks_the_country_are_a_question() {
    let without_country = free("a", &[(NAME, "acme")]);
    assert_eq!(asked(&decide(&acme(), &[without_country], &[])), asks(Asks::SameThing, &["a"]));
    let subject = keys(&[(NAME, "acme")]);
    let with_country = free("a", &[(PLACE, "PL acme"), (NAME, "acme")]);
    assert_eq!(asked(&decide(&subject, &[with_country], &[])), asks(Asks::SameThing, &["a"]));
    let gone = candidate("a", Bond::Widowed(LINK), &[(NAME, "acme")]);
    assert_eq!(asked(&decide(&acme(), &[gone], &[])), asks(Asks::SameThing, &["a"]));
}

#[test]
fn a_configured_key_links_where_nothing_stronger_speaks_against_it() {
    let subject = keys(&[(PLACE, "PL acme"), (NAME, "acme"), (CONFIGURED, "cus_1")]);
    assert_eq!(decide(&subject, &[free("a", &[(CONFIGURED, "cus_1")])], &[]), link("a", CONFIGURED));
    let same_name = free("a", &[(NAME, "acme"), (CONFIGURED, "cus_1")]);
    assert_eq!(decide(&subject, &[same_name], &[]), link("a", CONFIGURED));
    let another_name = free("a", &[(PLACE, "PL zenit"), (NAME, "zenit"), (CONFIGURED, "cus_1")]);
    assert_eq!(decide(&subject, &[another_name], &[]), Verdict::None);
    let another_first = keys(&[(CONFIGURED, "cus_1"), (KeyKind::Configured(1), "x")]);
    let second_equal = free("a", &[(CONFIGURED, "cus_2"), (KeyKind::Configured(1), "x")]);
    assert_eq!(decide(&another_first, &[second_equal], &[]), Verdict::None);
}

#[rstest]
#[case::linked_and_alive(Bond::Linked(LINK), Some(Asks::Duplicate))]
#[case::at_rest(Bond::Tombstone(LINK), None)]
fn a_taken_candidate_is_not_linked(#[case] bond: Bond, #[case] question: Option<Asks>) {
    let verdict = decide(&acme(), &[candidate("a", bond, &[(TAX, "PL 526")])], &[]);
    match question {
        Some(question) => assert_eq!(asked(&verdict), asks(question, &["a"])),
        None => assert_eq!(verdict, Verdict::Rest),
    }
    let by_name_alone = decide(&acme(), &[candidate("a", bond, &[(NAME, "acme")])], &[]);
    match question {
        Some(question) => assert_eq!(asked(&by_name_alone), asks(question, &["a"])),
        None => assert_eq!(by_name_alone, Verdict::Rest),
    }
}

#[test]
fn a_candidate_whose_partner_is_gone_goes_on_with_this_record() {
    let widowed = candidate("a", Bond::Widowed(LINK), &[(TAX, "PL 526")]);
    assert_eq!(decide(&acme(), &[widowed], &[]), Verdict::Repoint { link: LINK, by: TAX });
}

#[test]
fn several_candidates_are_a_question_even_if_one_has_a_stronger_key() {
    let by_tax = free("a", &[(TAX, "PL 526")]);
    let by_name = free("b", &[(PLACE, "PL acme"), (NAME, "acme")]);
    let by_name_alone = free("c", &[(NAME, "acme")]);
    assert_eq!(asked(&decide(&acme(), &[by_tax.clone(), by_name], &[])), asks(Asks::WhichOf, &["a", "b"]));
    assert_eq!(asked(&decide(&acme(), &[by_name_alone, by_tax], &[])), asks(Asks::WhichOf, &["a", "c"]));
}

#[test]
fn a_vetoed_candidate_is_not_one_of_several() {
    let by_tax = free("a", &[(TAX, "PL 526")]);
    let namesake = free("b", &[(TAX, "PL 111"), (PLACE, "PL acme")]);
    assert_eq!(decide(&acme(), &[by_tax, namesake], &[]), link("a", TAX));
}

#[test]
fn the_one_candidate_that_carries_our_id_decides_among_several() {
    let ours = free("a", &[(STORED, "1/17")]);
    let by_tax = free("b", &[(TAX, "PL 526")]);
    assert_eq!(decide(&acme(), &[by_tax.clone(), ours.clone()], &[]), link("a", STORED));
    let copy = free("c", &[(STORED, "1/17")]);
    assert_eq!(asked(&decide(&acme(), &[by_tax, ours, copy], &[])), asks(Asks::WhichOf, &["a", "b", "c"]));
}

#[test]
fn among_tombstones_alone_nothing_is_asked() {
    let tombstone = |id: &str| candidate(id, Bond::Tombstone(LINK), &[(TAX, "PL 526")]);
    assert_eq!(decide(&acme(), &[tombstone("a"), tombstone("b")], &[]), Verdict::Rest);
    let living = free("c", &[(TAX, "PL 526")]);
    assert_eq!(asked(&decide(&acme(), &[tombstone("a"), living], &[])), asks(Asks::WhichOf, &["a", "c"]));
}

#[test]
fn naming_a_candidate_twice_does_not_make_it_several() {
    let one = free("a", &[(TAX, "PL 526")]);
    assert_eq!(decide(&acme(), &[one.clone(), one], &[]), link("a", TAX));
}

#[test]
fn records_of_one_person_at_two_firms_are_several() {
    let at_firm = |parent: &str| {
        let mut candidate = free("a", &[(PERSON, "1 jan@acme.pl jan")]);
        candidate.record.parent = Some(RemoteId::new(parent));
        candidate
    };
    let subject = keys(&[(PERSON, "1 jan@acme.pl jan")]);
    assert_eq!(asked(&decide(&subject, &[at_firm("1"), at_firm("2")], &[])), asks(Asks::WhichOf, &["a", "a"]));
}

#[test]
fn a_question_says_what_speaks_for_and_against() {
    let other = candidate("a", Bond::Linked(LINK), &[(TAX, "PL 526"), (PLACE, "DE acme"), (NAME, "acme")]);
    let Verdict::Ask { candidates, .. } = decide(&acme(), &[other], &[]) else { panic!("a question") };
    let note = CandidateNote {
        record: at(Side::Crm, "a"),
        label: "record a".to_owned(),
        speaks_for: vec![TAX],
        speaks_against: vec![PLACE],
    };
    assert_eq!(candidates, vec![note]);
}

#[rstest]
#[case::stored_id_against_a_link_by_it(STORED, STORED, true)]
#[case::tax_number_against_a_link_by_stored_id(TAX, STORED, false)]
#[case::tax_number_against_a_link_by_name(TAX, PLACE, true)]
#[case::tax_number_against_a_link_by_tax_number(TAX, TAX, true)]
#[case::configured_against_a_link_by_tax_number(CONFIGURED, TAX, true)]
#[case::name_and_country_against_a_link_by_tax_number(PLACE, TAX, false)]
#[case::name_and_country_against_a_link_by_it(PLACE, PLACE, true)]
#[case::name_and_country_against_a_link_by_a_configured_key(PLACE, CONFIGURED, false)]
#[case::name_alone_against_a_link_by_name(NAME, PLACE, false)]
fn a_twin_makes_a_link_a_question(#[case] shared: KeyKind, #[case] by: KeyKind, #[case] question: bool) {
    let subject = keys(&[(STORED, "s"), (TAX, "t"), (PLACE, "p"), (NAME, "n"), (CONFIGURED, "c")]);
    let text = |kind: KeyKind| subject.keys.get(&kind).expect("a key").as_str();
    let other = free("a", &[(by, text(by))]);
    let twin = free("z", &[(shared, text(shared))]);
    let expected = if question { asks(Asks::Twin, &["z"]) } else { None };
    assert_eq!(asked(&decide(&subject, std::slice::from_ref(&other), std::slice::from_ref(&twin))), expected);
    let widowed = Candidate { bond: Bond::Widowed(LINK), ..other };
    assert_eq!(asked(&decide(&subject, &[widowed], &[twin])), expected);
}

#[rstest]
#[case::stored_id(STORED, true)]
#[case::tax_number(TAX, true)]
#[case::name_and_country(PLACE, true)]
#[case::configured(CONFIGURED, true)]
#[case::name_alone(NAME, false)]
fn twins_with_nothing_on_the_other_side_are_a_question(#[case] shared: KeyKind, #[case] question: bool) {
    let subject = keys(&[(STORED, "s"), (TAX, "t"), (PLACE, "p"), (NAME, "n"), (CONFIGURED, "c")]);
    let text = subject.keys.get(&shared).expect("a key").as_str();
    let verdict = decide(&subject, &[], &[free("z", &[(shared, text)])]);
    assert_eq!(asked(&verdict), if question { asks(Asks::Twin, &["z"]) } else { None });
    assert_eq!(verdict == Verdict::None, !question);
}

#[test]
fn two_contacts_with_the_same_address_and_name_are_twins_and_a_shared_mailbox_is_not() {
    let anna = keys(&[(PERSON, "1 info@acme.pl anna"), (EMAIL, "1 info@acme.pl")]);
    let again = free("z", &[(PERSON, "1 info@acme.pl anna"), (EMAIL, "1 info@acme.pl")]);
    let bob = free("y", &[(PERSON, "1 info@acme.pl bob"), (EMAIL, "1 info@acme.pl")]);
    let nameless = free("x", &[(EMAIL, "1 info@acme.pl")]);
    let counterpart = free("a", &[(PERSON, "1 info@acme.pl anna"), (EMAIL, "1 info@acme.pl")]);
    let others = std::slice::from_ref(&counterpart);
    assert_eq!(asked(&decide(&anna, others, &[again])), asks(Asks::Twin, &["z"]));
    assert_eq!(decide(&anna, others, std::slice::from_ref(&bob)), link("a", PERSON));
    assert_eq!(decide(&anna, others, std::slice::from_ref(&nameless)), link("a", PERSON));
    assert_eq!(decide(&anna, &[], std::slice::from_ref(&bob)), Verdict::None);
    assert_eq!(asked(&decide(&anna, &[], std::slice::from_ref(&nameless))), asks(Asks::Twin, &["x"]));
    assert_eq!(asked(&decide(&anna, std::slice::from_ref(&bob), &[])), asks(Asks::SameThing, &["y"]));
    let bob_has_a_partner = Candidate { bond: Bond::Linked(LinkId(7)), ..bob };
    assert_eq!(decide(&anna, &[bob_has_a_partner], &[]), Verdict::None);
    assert_eq!(decide(&anna, &[nameless], &[]), link("x", EMAIL));
}

#[test]
fn a_namesake_with_another_tax_number_is_no_twin() {
    let namesake = free("z", &[(STORED, "1/18"), (TAX, "PL 111"), (PLACE, "PL acme"), (NAME, "acme")]);
    assert_eq!(decide(&acme(), &[], &[namesake]), Verdict::None);
}

#[test]
fn a_twin_on_one_side_has_another_stored_id_and_still_is_one() {
    let twin = free("z", &[(STORED, "1/18"), (TAX, "PL 526")]);
    let Verdict::Ask { asks, candidates } = decide(&acme(), &[], &[twin]) else { panic!("a question") };
    assert_eq!(asks, Asks::Twin);
    assert_eq!(candidates[0].speaks_for, vec![TAX]);
    assert_eq!(candidates[0].speaks_against, vec![]);
}

// Accident 7.
#[test]
fn a_firm_out_of_scope_in_the_crm_and_made_by_hand_in_flowtly_is_linked_not_doubled() {
    let out_of_scope = free("a", &[(PLACE, "PL acme"), (NAME, "acme")]);
    assert_eq!(decide(&acme(), &[out_of_scope], &[]), link("a", PLACE));
}

// Accident 7.
#[test]
fn two_namesakes_are_a_question_from_either_side() {
    let namesake = |id: &str| free(id, &[(PLACE, "PL acme"), (NAME, "acme")]);
    assert_eq!(asked(&decide(&acme(), &[namesake("a"), namesake("b")], &[])), asks(Asks::WhichOf, &["a", "b"]));
    let from_the_crm = decide(&namesake("a").keys, &[namesake("17")], &[namesake("b")]);
    assert_eq!(asked(&from_the_crm), asks(Asks::Twin, &["b"]));
}

// Accident 8.
#[test]
fn two_crm_records_merged_into_a_new_id_continue_the_link() {
    let merged = keys(&[(STORED, "1/17"), (TAX, "PL 526")]);
    let client = candidate("17", Bond::Widowed(LINK), &[(STORED, "1/17"), (TAX, "PL 526")]);
    let left_behind = candidate("a", Bond::Linked(LINK), &[(STORED, "1/17"), (TAX, "PL 526")]);
    let verdict = decide(&merged, std::slice::from_ref(&client), std::slice::from_ref(&left_behind));
    assert_eq!(verdict, Verdict::Repoint { link: LINK, by: STORED });
    let another = candidate("b", Bond::Linked(LinkId(8)), &[(STORED, "1/17")]);
    assert_eq!(asked(&decide(&merged, &[client], &[left_behind, another])), asks(Asks::Twin, &["b"]));
}

// Accident 8.
#[test]
fn a_contact_deleted_and_made_again_with_a_new_id_continues_the_link() {
    let again = keys(&[(PERSON, "1 jan@acme.pl jan"), (EMAIL, "1 jan@acme.pl")]);
    let partner = candidate("5", Bond::Widowed(LINK), &[(PERSON, "1 jan@acme.pl jan"), (EMAIL, "1 jan@acme.pl")]);
    assert_eq!(decide(&again, &[partner], &[]), Verdict::Repoint { link: LINK, by: PERSON });
}

// Accident 8.
#[test]
fn a_colleagues_second_record_with_the_same_tax_number_is_a_question() {
    let second = keys(&[(TAX, "PL 526"), (PLACE, "PL acme spółka"), (NAME, "acme spółka")]);
    let client = candidate("17", Bond::Linked(LINK), &[(STORED, "1/17"), (TAX, "PL 526"), (PLACE, "PL acme")]);
    let first = candidate("a", Bond::Linked(LINK), &[(STORED, "1/17"), (TAX, "PL 526")]);
    assert_eq!(asked(&decide(&second, &[client], &[first])), asks(Asks::Duplicate, &["17"]));
}

// Accident 9.
#[test]
fn different_tax_numbers_under_one_name_and_country_are_never_linked() {
    let other = free("a", &[(TAX, "PL 111"), (PLACE, "PL acme"), (NAME, "acme")]);
    assert_eq!(decide(&acme(), &[other], &[]), Verdict::None);
}

// Accident 9.
#[test]
fn two_crm_records_with_one_stored_id_are_a_question_from_either_side() {
    let copy = |id: &str| free(id, &[(STORED, "1/17")]);
    assert_eq!(asked(&decide(&acme(), &[copy("a"), copy("b")], &[])), asks(Asks::WhichOf, &["a", "b"]));
    let client = Candidate { record: at(Side::Flowtly, "17"), keys: acme(), ..free("17", &[]) };
    assert_eq!(asked(&decide(&copy("a").keys, &[client], &[copy("b")])), asks(Asks::Twin, &["b"]));
}

// Accidents 9 and 15.
#[test]
fn a_stored_id_under_which_another_firm_is_found_is_a_question() {
    let another = free("a", &[(STORED, "1/17"), (TAX, "PL 111"), (PLACE, "PL zenit"), (NAME, "zenit")]);
    assert_eq!(asked(&decide(&acme(), std::slice::from_ref(&another), &[])), asks(Asks::SameThing, &["a"]));
    let without_country = free("a", &[(STORED, "1/17"), (TAX, "PL 111"), (NAME, "zenit")]);
    assert_eq!(asked(&decide(&acme(), &[without_country], &[])), asks(Asks::SameThing, &["a"]));
    let real = free("b", &[(TAX, "PL 526"), (PLACE, "PL acme")]);
    assert_eq!(asked(&decide(&acme(), &[another, real], &[])), asks(Asks::WhichOf, &["a", "b"]));
}

// Accident 9: a copy's id never makes a second record of a firm that is there.
#[test]
fn the_same_tax_number_under_another_stored_id_is_a_question_not_a_create() {
    let stale = free("a", &[(STORED, "1/99"), (TAX, "PL 526"), (PLACE, "PL acme")]);
    assert_eq!(asked(&decide(&acme(), std::slice::from_ref(&stale), &[])), asks(Asks::SameThing, &["a"]));
    let real = free("b", &[(TAX, "PL 526")]);
    assert_eq!(decide(&acme(), &[stale.clone(), real], &[]), link("b", TAX));
    let taken = Candidate { bond: Bond::Linked(LINK), ..stale.clone() };
    assert_eq!(asked(&decide(&acme(), &[taken], &[])), asks(Asks::Duplicate, &["a"]));
    let twin = free("z", &[(TAX, "PL 526")]);
    assert_eq!(asked(&decide(&acme(), &[stale], &[twin])), asks(Asks::Twin, &["z"]));
}

/// What one key of the only candidate is to the subject's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Absent,
    Equal,
    Other,
}

const STATES: [Is; 3] = [Is::Absent, Is::Equal, Is::Other];
const BONDS: [Bond; 4] = [Bond::Free, Bond::Linked(LINK), Bond::Widowed(LINK), Bond::Tombstone(LINK)];

/// The decision about one candidate, told as a list of sentences.
fn expected_of_one(stored: Is, tax: Is, place: Is, configured: Is, bond: Bond) -> Verdict {
    let by = if stored == Is::Equal {
        Some(STORED)
    } else if tax == Is::Equal && stored != Is::Other {
        Some(TAX)
    } else if place == Is::Equal && stored != Is::Other && tax != Is::Other {
        Some(PLACE)
    } else if configured == Is::Equal && stored != Is::Other && tax == Is::Absent && place == Is::Absent {
        Some(CONFIGURED)
    } else {
        None
    };
    let doubtful_id = stored == Is::Equal && tax == Is::Other && place == Is::Other;
    let contested = stored == Is::Other && tax == Is::Equal;
    if by.is_none() && !contested {
        return Verdict::None;
    }
    let question = |asks| {
        let state = [(STORED, stored), (TAX, tax), (PLACE, place), (CONFIGURED, configured)];
        let which = |is| state.iter().filter(|(_, state)| *state == is).map(|(kind, _)| *kind).collect();
        let note = CandidateNote {
            record: at(Side::Crm, "a"),
            label: "record a".to_owned(),
            speaks_for: which(Is::Equal),
            speaks_against: which(Is::Other),
        };
        Verdict::Ask { asks, candidates: vec![note] }
    };
    match (bond, by) {
        (Bond::Tombstone(_), _) => Verdict::Rest,
        (Bond::Linked(_), _) => question(Asks::Duplicate),
        (_, None) => question(Asks::SameThing),
        (_, Some(_)) if doubtful_id => question(Asks::SameThing),
        (Bond::Free, Some(by)) => link("a", by),
        (Bond::Widowed(link), Some(by)) => Verdict::Repoint { link, by },
    }
}

#[test]
fn every_combination_of_keys_and_bond_of_one_candidate_is_decided_as_told() {
    let subject = keys(&[(STORED, "s"), (TAX, "t"), (PLACE, "p n"), (NAME, "n"), (CONFIGURED, "c")]);
    let mut combinations = 0;
    for stored in STATES {
        for tax in STATES {
            for place in STATES {
                for configured in STATES {
                    for bond in BONDS {
                        combinations += 1;
                        let mut theirs = BTreeMap::new();
                        let mut put = |kind, is: Is, equal: &str| match is {
                            Is::Absent => {}
                            Is::Equal => drop(theirs.insert(kind, equal.to_owned())),
                            Is::Other => drop(theirs.insert(kind, "other".to_owned())),
                        };
                        put(STORED, stored, "s");
                        put(TAX, tax, "t");
                        put(PLACE, place, "p n");
                        put(CONFIGURED, configured, "c");
                        let one = Candidate { keys: MatchKeys { keys: theirs }, ..candidate("a", bond, &[]) };
                        assert_eq!(
                            decide(&subject, &[one], &[]),
                            expected_of_one(stored, tax, place, configured, bond),
                            "{stored:?} {tax:?} {place:?} {configured:?} {bond:?}"
                        );
                    }
                }
            }
        }
    }
    assert_eq!(combinations, 3 * 3 * 3 * 3 * 4);
}

fn any_keys() -> impl Strategy<Value = MatchKeys> {
    let text = || proptest::option::of(prop_oneof!["x", "y"]);
    (text(), text(), text(), text(), text(), text()).prop_map(|(stored, tax, place, configured, person, email)| {
        let all = [
            (STORED, stored),
            (TAX, tax),
            (PLACE, place.clone()),
            (NAME, place),
            (CONFIGURED, configured),
            (PERSON, person),
            (EMAIL, email),
        ];
        MatchKeys { keys: all.into_iter().filter_map(|(kind, text)| text.map(|text| (kind, text))).collect() }
    })
}

fn any_candidates(side: Side) -> impl Strategy<Value = Vec<Candidate>> {
    let bond = prop_oneof![
        Just(Bond::Free),
        (1..4_i64).prop_map(|id| Bond::Linked(LinkId(id))),
        (1..4_i64).prop_map(|id| Bond::Widowed(LinkId(id))),
        (1..4_i64).prop_map(|id| Bond::Tombstone(LinkId(id))),
    ];
    proptest::collection::vec((any_keys(), bond), 0..4).prop_map(move |candidates| {
        candidates
            .into_iter()
            .enumerate()
            .map(|(position, (keys, bond))| Candidate {
                record: at(side, &position.to_string()),
                label: String::new(),
                keys,
                bond,
            })
            .collect()
    })
}

/// The same candidates in another order, some of them named twice: a place for each, and for its second naming.
fn mixed(candidates: &[Candidate], places: &[(u8, Option<u8>)]) -> Vec<Candidate> {
    let mut all: Vec<(u8, &Candidate)> = candidates
        .iter()
        .zip(places)
        .flat_map(|(candidate, (place, again))| {
            [Some(*place), *again].into_iter().flatten().map(move |at| (at, candidate))
        })
        .collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, candidate)| candidate.clone()).collect()
}

proptest! {
    // The mixture is drawn apart from what is mixed, so that a failure shrinks to the candidates that matter.
    #[test]
    fn the_order_of_candidates_and_twins_and_naming_one_twice_change_nothing(
        subject in any_keys(),
        others in any_candidates(Side::Crm),
        twins in any_candidates(Side::Flowtly),
        places in proptest::collection::vec(any::<(u8, Option<u8>)>(), 6),
    ) {
        let (others_places, twins_places) = places.split_at(3);
        let verdict = decide(&subject, &mixed(&others, others_places), &mixed(&twins, twins_places));
        prop_assert_eq!(verdict, decide(&subject, &others, &twins));
    }

    #[test]
    fn only_a_free_candidate_that_shares_the_key_is_linked_and_only_a_widow_repointed(
        subject in any_keys(),
        others in any_candidates(Side::Crm),
        twins in any_candidates(Side::Flowtly),
    ) {
        let shares = |candidate: &Candidate, by: KeyKind| {
            subject.keys.get(&by).is_some_and(|ours| candidate.keys.keys.get(&by) == Some(ours))
        };
        match decide(&subject, &others, &twins) {
            Verdict::Link { with, by } => {
                let linked = others.iter().find(|candidate| candidate.record == with).expect("one of the others");
                prop_assert!(linked.bond == Bond::Free && by != NAME && shares(linked, by));
            }
            Verdict::Repoint { link, by } => {
                let is_it = |candidate: &Candidate| candidate.bond == Bond::Widowed(link) && shares(candidate, by);
                prop_assert!(by != NAME && others.iter().any(is_it));
            }
            Verdict::Ask { candidates, .. } => prop_assert!(!candidates.is_empty()),
            Verdict::Rest => prop_assert!(others.iter().any(|candidate| matches!(candidate.bond, Bond::Tombstone(_)))),
            Verdict::None => prop_assert!(
                !others.iter().chain(&twins).any(|candidate| shares(candidate, STORED)),
                "a stored id that is there is never ignored"
            ),
        }
    }
}

fn record(side: Side, kind: Kind, fields: &[(Field, &str)]) -> Record {
    let reading = |field, text: &str| Reading::of(field, Text::whole(text), &Locale::default());
    Record {
        fields: fields.iter().map(|(field, text)| (*field, reading(*field, text))).collect(),
        ..Record::bare(side, kind, "17")
    }
}

fn rules(match_fields: Vec<Field>) -> KindRules {
    KindRules {
        fields: BTreeMap::new(),
        create_in_flowtly: true,
        create_in_crm: true,
        gone: Gone::Report,
        match_fields,
        defaults: BTreeMap::new(),
    }
}

#[test]
fn a_flowtly_record_has_the_stored_id_that_the_crm_would_carry() {
    let flowtly = record(Side::Flowtly, Kind::Company, &[]);
    let stored = |record: &Record, organisation: &str| {
        company_keys(record, organisation, &rules(vec![])).keys.get(&STORED).cloned()
    };
    assert_eq!(stored(&flowtly, "1"), Some("1/17".to_owned()));
    assert_eq!(stored(&flowtly, ""), None);
    let mut crm = record(Side::Crm, Kind::Company, &[]);
    assert_eq!(stored(&crm, "1"), None);
    crm.stored_id = Some(" 1/17 ".to_owned());
    assert_eq!(stored(&crm, "1"), Some("1/17".to_owned()));
    crm.stored_id = Some("  ".to_owned());
    assert_eq!(stored(&crm, "1"), None);
}

#[test]
fn a_company_has_the_keys_of_what_it_shows() {
    let full = record(
        Side::Crm,
        Kind::Company,
        &[(Field::Name, "Acme"), (Field::Country, "PL"), (Field::ExternalPaymentCustomerId, "cus_1")],
    );
    let kinds = |record: &Record, match_fields| -> Vec<KeyKind> {
        company_keys(record, "1", &rules(match_fields)).keys.into_keys().collect()
    };
    assert_eq!(kinds(&full, vec![]), vec![PLACE, NAME]);
    let configured = vec![Field::Phone, Field::ExternalPaymentCustomerId];
    assert_eq!(kinds(&full, configured.clone()), vec![PLACE, NAME, KeyKind::Configured(1)]);
    let key = company_keys(&full, "1", &rules(configured)).keys.remove(&KeyKind::Configured(1));
    assert_eq!(key.as_deref(), Some("cus_1"));
    assert_eq!(kinds(&record(Side::Crm, Kind::Company, &[(Field::Name, "Acme")]), vec![]), vec![NAME]);
    assert_eq!(kinds(&record(Side::Crm, Kind::Company, &[(Field::Country, "PL")]), vec![]), vec![]);
}

#[test]
fn namesakes_in_two_countries_have_different_keys_and_one_spelling_has_one() {
    let key = |name: &str, country: &str, kind: KeyKind| {
        let record = record(Side::Crm, Kind::Company, &[(Field::Name, name), (Field::Country, country)]);
        company_keys(&record, "1", &rules(vec![])).keys.remove(&kind)
    };
    assert_ne!(key("Acme", "PL", PLACE), key("Acme", "DE", PLACE));
    assert_eq!(key("Acme", "PL", NAME), key("Acme", "DE", NAME));
    assert_eq!(key("ACME  Foods", "PL", PLACE), key("Acme Foods", "PL", PLACE));
    assert_ne!(key("Acme", "PL", NAME), key("Zenit", "PL", NAME));
    assert_ne!(key("City Foods", "atlantis", PLACE), key("Foods", "atlantis city", PLACE), "they do not run together");
}

#[test]
fn a_valid_tax_number_is_a_key_and_a_placeholder_is_none() {
    let key = |number: &str| {
        let mut record = record(Side::Crm, Kind::Company, &[(Field::Country, "PL")]);
        let text = Text::of([(crate::domain::field::Part::Number, number)]);
        record.fields.insert(Field::TaxIdentity, Reading::of(Field::TaxIdentity, text, &Locale::default()));
        company_keys(&record, "1", &rules(vec![])).keys.remove(&TAX)
    };
    assert!(key("5260250274").is_some());
    assert_ne!(key("5260250274"), key("7740001454"));
    assert_eq!(key("0000000000"), None);
    assert_eq!(key("brak"), None);
    assert_eq!(key(""), None);
}

#[test]
fn a_placeholder_is_no_configured_key() {
    let configured = |text: &str| {
        let record = record(Side::Crm, Kind::Company, &[(Field::ExternalPaymentCustomerId, text)]);
        company_keys(&record, "1", &rules(vec![Field::ExternalPaymentCustomerId])).keys.remove(&CONFIGURED)
    };
    assert_eq!(configured("brak"), None);
    assert_eq!(configured("cus_1"), Some("cus_1".to_owned()));
}

#[test]
fn a_contact_is_known_by_company_address_and_name() {
    let jan = record(Side::Crm, Kind::Contact, &[(Field::PersonName, "Jan Kowalski"), (Field::Email, "jan@acme.pl")]);
    let here = contact_keys(&jan, LinkId(1));
    assert_eq!(here.keys.keys().copied().collect::<Vec<_>>(), vec![PERSON, EMAIL]);
    let elsewhere = contact_keys(&jan, LinkId(2));
    assert_ne!(here.keys[&EMAIL], elsewhere.keys[&EMAIL]);
    assert_ne!(here.keys[&PERSON], elsewhere.keys[&PERSON]);
    let anna = record(Side::Crm, Kind::Contact, &[(Field::PersonName, "Anna Nowak"), (Field::Email, "jan@acme.pl")]);
    assert_eq!(contact_keys(&anna, LinkId(1)).keys[&EMAIL], here.keys[&EMAIL]);
    assert_ne!(contact_keys(&anna, LinkId(1)).keys[&PERSON], here.keys[&PERSON]);
    let nameless = record(Side::Crm, Kind::Contact, &[(Field::Email, "jan@acme.pl")]);
    assert_eq!(contact_keys(&nameless, LinkId(1)).keys.into_keys().collect::<Vec<_>>(), vec![EMAIL]);
}

#[rstest]
#[case::none(&[(Field::PersonName, "Jan Kowalski")])]
#[case::no_address(&[(Field::PersonName, "Jan Kowalski"), (Field::Email, "brak")])]
#[case::half_an_address(&[(Field::PersonName, "Jan Kowalski"), (Field::Email, "jan.kowalski")])]
#[case::nobodys_address(&[(Field::PersonName, "Jan Kowalski"), (Field::Email, "x@x.xx")])]
fn a_contact_without_a_valid_address_has_no_key(#[case] fields: &[(Field, &str)]) {
    assert_eq!(contact_keys(&record(Side::Crm, Kind::Contact, fields), LinkId(1)), MatchKeys::default());
}
