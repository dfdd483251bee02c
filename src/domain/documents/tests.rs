//! One table row per decision.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rstest::rstest;

use super::*;

const MARK: &str = "1/6/3";

fn now() -> DateTime<Utc> {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn settling() -> TimeDelta {
    TimeDelta::minutes(2)
}

fn company() -> RemoteId {
    RemoteId::new("900")
}

fn wanted(title: &str) -> Wanted {
    Wanted { mark: MARK.into(), document: "3".into(), title: title.into(), link: Some("https://a.b/3".into()) }
}

fn found(title: &str) -> Found {
    Found { id: RemoteId::new("70"), mark: MARK.into(), title: title.into(), link: Some("https://a.b/3".into()) }
}

/// A document as it stands after it was shown under a title.
fn known(state: State, title: &str) -> Known {
    Known {
        mark: MARK.into(),
        document: "3".into(),
        title: title.into(),
        link: Some("https://a.b/3".into()),
        company: company(),
        crm_id: Some(RemoteId::new("70")),
        told: Some(wanted(title).fingerprint()),
        state,
        provable: None,
        gone: false,
        refused: None,
    }
}

fn never_shown(state: State) -> Known {
    Known { crm_id: None, told: None, ..known(state, "Offer") }
}

/// What was sent a moment ago.
fn fresh(known: Known) -> Known {
    Known { provable: Some(now() + settling()), ..known }
}

fn elsewhere(known: Known) -> Known {
    Known { company: RemoteId::new("899"), ..known }
}

fn decide(wanted: &Wanted, known: Option<&Known>, shows: Option<&[Found]>) -> Verdict {
    let known: Vec<Known> = known.into_iter().cloned().collect();
    let listing = shows.map(|found| Listing { begun: now(), found });
    let verdicts = plan_company(std::slice::from_ref(wanted), &known, listing, &company(), now(), settling());
    assert_eq!(verdicts.len(), 1);
    verdicts.into_iter().next().unwrap()
}

#[rstest]
#[case::new(None, &[], State::Wanted, Does::Show, Reason::New)]
#[case::new_and_there(None, &["Offer"], State::Shown, Does::Adopt, Reason::MarkFound)]
#[case::new_and_there_otherwise(None, &["Draft"], State::Wanted, Does::Rename, Reason::MarkFound)]
#[case::shown(Some(known(State::Shown, "Offer")), &["Offer"], State::Shown, Does::Nothing, Reason::Same)]
#[case::shown_and_edited_by_people(Some(known(State::Shown, "Offer")), &["Ours"], State::Shown, Does::Nothing, Reason::Same)]
#[case::renamed(Some(known(State::Shown, "Draft")), &["Draft"], State::Wanted, Does::Rename, Reason::Renamed)]
#[case::taken_away(Some(known(State::Shown, "Draft")), &[], State::Removed, Does::Nothing, Reason::TakenAway)]
#[case::not_seen_yet(Some(fresh(known(State::Shown, "Draft"))), &[], State::Shown, Does::Nothing, Reason::OutcomeUnknown)]
#[case::not_sent(Some(never_shown(State::Wanted)), &[], State::Wanted, Does::Show, Reason::New)]
#[case::not_sent_and_there(Some(never_shown(State::Wanted)), &["Offer"], State::Shown, Does::Adopt, Reason::MarkFound)]
#[case::rename_not_sent(Some(known(State::Wanted, "Draft")), &["Draft"], State::Wanted, Does::Rename, Reason::Renamed)]
#[case::rename_of_what_is_gone(Some(known(State::Wanted, "Draft")), &[], State::Removed, Does::Nothing, Reason::TakenAway)]
#[case::create_arrived(Some(fresh(never_shown(State::Sending))), &["Offer"], State::Shown, Does::Adopt, Reason::MarkFound)]
#[case::create_arrived_and_renamed_since(Some(fresh(never_shown(State::Sending))), &["Draft"], State::Wanted, Does::Rename, Reason::MarkFound)]
#[case::create_not_seen_yet(Some(fresh(never_shown(State::Sending))), &[], State::Sending, Does::Nothing, Reason::OutcomeUnknown)]
#[case::create_never_arrived(Some(never_shown(State::Sending)), &[], State::Wanted, Does::Show, Reason::NeverArrived)]
#[case::rename_arrived(Some(fresh(known(State::Sending, "Draft"))), &["Offer"], State::Shown, Does::Adopt, Reason::MarkFound)]
#[case::rename_not_seen_yet(Some(fresh(known(State::Sending, "Draft"))), &["Draft"], State::Sending, Does::Nothing, Reason::OutcomeUnknown)]
#[case::rename_never_arrived(Some(Known { provable: Some(now()), ..known(State::Sending, "Draft") }), &["Draft"], State::Wanted, Does::Rename, Reason::NeverArrived)]
#[case::rename_of_what_went(Some(known(State::Sending, "Draft")), &[], State::Removed, Does::Nothing, Reason::TakenAway)]
#[case::came_along(Some(elsewhere(known(State::Shown, "Offer"))), &["Offer"], State::Shown, Does::Adopt, Reason::MarkFound)]
#[case::not_come_along_yet(Some(elsewhere(known(State::Shown, "Offer"))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::moved_while_sent(Some(elsewhere(never_shown(State::Sending))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::moved_before_it_was_sent(Some(elsewhere(never_shown(State::Wanted))), &[], State::Wanted, Does::Show, Reason::New)]
#[case::moved_before_a_rename(Some(elsewhere(known(State::Wanted, "Draft"))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::looked_for(Some(fresh(known(State::Moved, "Offer"))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::looked_for_and_found(Some(fresh(known(State::Moved, "Offer"))), &["Offer"], State::Shown, Does::Adopt, Reason::MarkFound)]
#[case::did_not_come_along(Some(known(State::Moved, "Offer")), &[], State::Wanted, Does::Show, Reason::New)]
#[case::left_alone(Some(known(State::Removed, "Offer")), &[], State::Removed, Does::Nothing, Reason::TakenAway)]
#[case::back_again(Some(known(State::Removed, "Offer")), &["Offer"], State::Shown, Does::Adopt, Reason::MarkFound)]
#[case::another_link_is_taken_up(Some(Known { link: None, ..known(State::Shown, "Offer") }), &["Offer"], State::Shown, Does::Nothing, Reason::Same)]
#[case::came_along_edited(Some(elsewhere(known(State::Shown, "Offer"))), &["Ours"], State::Wanted, Does::Rename, Reason::MarkFound)]
#[case::not_come_along_nor_proved(Some(elsewhere(fresh(known(State::Shown, "Offer")))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::moved_while_renamed(Some(elsewhere(known(State::Sending, "Draft"))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::moved_just_after_it_was_sent(Some(elsewhere(fresh(known(State::Sending, "Draft")))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::moved_before_a_rename_unproved(Some(elsewhere(fresh(known(State::Wanted, "Draft")))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::not_sent_and_unproved(Some(fresh(never_shown(State::Wanted))), &[], State::Wanted, Does::Nothing, Reason::OutcomeUnknown)]
#[case::rename_unproved(Some(fresh(known(State::Wanted, "Draft"))), &[], State::Wanted, Does::Nothing, Reason::OutcomeUnknown)]
#[case::moved_again(Some(elsewhere(known(State::Moved, "Offer"))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
#[case::moved_again_unproved(Some(elsewhere(fresh(known(State::Moved, "Offer")))), &[], State::Moved, Does::Nothing, Reason::CompanyMoved)]
fn a_document_is_decided_by_what_is_known_and_what_is_shown(
    #[case] before: Option<Known>,
    #[case] shows: &[&str],
    #[case] state: State,
    #[case] does: Does,
    #[case] reason: Reason,
) {
    let shows: Vec<Found> = shows.iter().map(|title| found(title)).collect();
    let verdict = decide(&wanted("Offer"), before.as_ref(), Some(&shows));
    assert_eq!((verdict.known.state, verdict.does, verdict.reason), (state, does, reason));
    assert_eq!(
        verdict.known.crm_id.is_some(),
        does != Does::Show && (before.is_some_and(|k| k.crm_id.is_some()) || !shows.is_empty())
    );
    if (state != State::Removed && does != Does::Nothing) || reason == Reason::CompanyMoved {
        assert_eq!(verdict.known.company, company());
    }
}

#[rstest]
#[case::as_it_was(known(State::Shown, "Offer"), Reason::Same)]
#[case::renamed(known(State::Shown, "Draft"), Reason::Renamed)]
#[case::rename_not_sent(known(State::Wanted, "Draft"), Reason::Renamed)]
#[case::rename_never_arrived(known(State::Sending, "Offer"), Reason::NeverArrived)]
fn what_shows_it_now_is_what_is_known_of_it(#[case] before: Known, #[case] reason: Reason) {
    let before = Known { provable: Some(now()), ..before };
    let shows = [Found { id: RemoteId::new("71"), ..found("Draft") }];
    let verdict = decide(&wanted("Offer"), Some(&before), Some(&shows));
    assert_eq!((verdict.reason, verdict.known.crm_id), (reason, Some(RemoteId::new("71"))));
}

#[test]
fn a_move_is_given_its_time_once() {
    let provable = |known: &Known| decide(&wanted("Offer"), Some(known), Some(&[])).known.provable;
    let soon = Some(now() + TimeDelta::minutes(1));
    let later = Some(now() + settling());
    let latest = Some(now() + settling() + TimeDelta::minutes(1));
    let moved = elsewhere(known(State::Shown, "Offer"));
    assert_eq!(provable(&moved), later);
    assert_eq!(provable(&Known { provable: soon, ..moved.clone() }), later);
    assert_eq!(provable(&Known { provable: latest, ..moved }), latest, "what was sent just now takes its own time");
    assert_eq!(provable(&Known { provable: soon, ..known(State::Moved, "Offer") }), soon, "or it would never end");
}

#[rstest]
#[case::did_not_come_along(known(State::Moved, "Offer"))]
#[case::never_arrived(Known { told: Some(1), ..never_shown(State::Sending) })]
#[case::not_sent(Known { told: Some(1), ..never_shown(State::Wanted) })]
fn of_what_nothing_shows_nothing_is_known(#[case] before: Known) {
    let before = Known { provable: Some(now()), ..before };
    let verdict = decide(&wanted("Offer"), Some(&before), Some(&[]));
    assert_eq!(verdict.does, Does::Show);
    assert_eq!((verdict.known.crm_id, verdict.known.told, verdict.known.provable), (None, None, None));
}

#[test]
fn words_of_the_state_stay_what_they_are() {
    let words = ["wanted", "sending", "moved", "shown", "removed"];
    assert_eq!(State::ALL.map(State::as_str), words);
    assert_eq!(words.map(State::parse), State::ALL.map(Some));
    assert_eq!(State::parse("Wanted"), None);
    let does = [Does::Show, Does::Rename, Does::Adopt, Does::Nothing];
    assert_eq!(does.map(Does::as_str), ["show", "rename", "adopt", "nothing"]);
    assert_eq!(does.map(Does::sends), [true, true, false, false]);
    assert_eq!(
        Reason::NeverArrived.to_string(),
        "it was sent before, and a later listing says that nothing came of it"
    );
}

#[test]
fn nothing_is_sent_or_concluded_without_a_listing() {
    for state in State::ALL {
        for before in [known(state, "Draft"), never_shown(state), elsewhere(known(state, "Draft"))] {
            let verdict = decide(&wanted("Offer"), Some(&before), None);
            assert_eq!(verdict.does, Does::Nothing, "{before:?}");
            assert_ne!(verdict.known.state, if state == State::Removed { State::Shown } else { State::Removed });
        }
    }
}

#[test]
fn what_carries_a_mark_twice_is_taken_by_its_lowest_id() {
    let copies =
        [Found { id: RemoteId::new("700"), ..found("Offer") }, Found { id: RemoteId::new("71"), ..found("Offer") }];
    assert_eq!(decide(&wanted("Offer"), None, Some(&copies)).known.crm_id, Some(RemoteId::new("71")));
}

#[test]
fn a_refused_wording_waits_and_another_one_is_tried_at_once() {
    let refused = |title: &str, wait| Known {
        refused: Some((wanted(title).fingerprint(), now() + TimeDelta::minutes(wait))),
        ..never_shown(State::Wanted)
    };
    let of = |known: Known| {
        let verdict = decide(&wanted("Offer"), Some(&known), Some(&[]));
        (verdict.does, verdict.known.refused.is_some())
    };
    assert_eq!(of(refused("Offer", 5)), (Does::Nothing, true));
    assert_eq!(of(refused("Offer", 0)), (Does::Show, true), "its time has come");
    assert_eq!(of(refused("Draft", 5)), (Does::Show, false));
}

#[test]
fn what_flowtly_lists_no_more_is_left_alone_and_what_was_sent_is_still_looked_for() {
    let of = |known: Known, shows: &[Found]| {
        let listing = Some(Listing { begun: now(), found: shows });
        let verdicts = plan_company(&[], &[known], listing, &company(), now(), settling());
        let Verdict { known, does, reason } = verdicts.into_iter().next().unwrap();
        assert_eq!((known.gone, does, reason), (true, Does::Nothing, Reason::GoneInFlowtly));
        known.state
    };
    assert_eq!(of(known(State::Shown, "Offer"), &[]), State::Shown, "nobody looks");
    assert_eq!(of(never_shown(State::Wanted), &[]), State::Wanted);
    assert_eq!(of(fresh(never_shown(State::Sending)), &[]), State::Sending);
    assert_eq!(of(fresh(never_shown(State::Sending)), &[found("Offer")]), State::Shown);
    let back = decide(&wanted("Offer"), Some(&Known { gone: true, ..known(State::Shown, "Offer") }), None);
    assert!(!back.known.gone);
}

#[rstest]
#[case::nothing_is_known(&[wanted("Offer")], &[], true)]
#[case::nothing_is_there(&[], &[], false)]
#[case::as_it_was(&[wanted("Offer")], &[known(State::Shown, "Offer")], false)]
#[case::renamed(&[wanted("Offer")], &[known(State::Shown, "Draft")], true)]
#[case::at_another_company(&[wanted("Offer")], &[elsewhere(known(State::Shown, "Offer"))], true)]
#[case::wanted(&[wanted("Offer")], &[never_shown(State::Wanted)], true)]
#[case::sent(&[wanted("Offer")], &[never_shown(State::Sending)], true)]
#[case::sent_and_gone_since(&[], &[never_shown(State::Sending)], true)]
#[case::moved(&[wanted("Offer")], &[known(State::Moved, "Offer")], true)]
#[case::taken_away(&[wanted("Offer")], &[known(State::Removed, "Offer")], false)]
#[case::gone_before_it_was_sent(&[], &[Known { gone: true, ..never_shown(State::Wanted) }], false)]
#[case::gone(&[], &[known(State::Shown, "Offer")], false)]
fn the_crm_is_asked_where_something_is_to_be_done(
    #[case] wanted: &[Wanted],
    #[case] known: &[Known],
    #[case] asks: bool,
) {
    assert_eq!(needs_listing(wanted, known, &company()), asks);
}

fn entry(id: Option<&str>, name: Option<&str>, location: Option<&str>) -> Entry {
    Entry { id: id.map(str::to_owned), name: name.map(str::to_owned), location: location.map(str::to_owned) }
}

#[test]
fn what_is_missing_is_said_and_an_id_counts_once() {
    let listed = [
        entry(Some("3"), Some("offer.pdf"), Some("https://a.b/3")),
        entry(Some("3"), Some("offer again.pdf"), None),
        entry(Some("4"), None, None),
        entry(Some(" "), Some("plan.pdf"), None),
        entry(None, Some(" \n "), None),
    ];
    let readable = read("1hkzxrub", "6", &listed);
    let titles: Vec<&str> = readable.wanted.iter().map(|wanted| wanted.title.as_str()).collect();
    assert_eq!(titles, ["offer.pdf"]);
    assert_eq!(readable.wanted[0].mark, "1hkzxrub/6/3");
    let missing: Vec<_> = readable.incomplete.iter().map(|it| (it.known_as.as_deref(), it.missing)).collect();
    assert_eq!(missing, [(Some("4"), "name"), (Some("plan.pdf"), "id"), (None, "id and name")]);
}

#[rstest]
#[case("https://a.b/3?x=1&y=%20", true)]
#[case(" HTTP://a.b ", true)]
#[case("https://", false)]
#[case("/documents/3", false)]
#[case("javascript:alert(1)", false)]
#[case("data:text/html,x", false)]
#[case("https://a.b/\"><script>", false)]
#[case("https://a.b/two words", false)]
#[case("", false)]
fn only_what_leads_somewhere_and_runs_nothing_is_a_link(#[case] location: &str, #[case] is_link: bool) {
    let readable = read("", "6", &[entry(Some("3"), Some("offer.pdf"), Some(location))]);
    assert_eq!(readable.wanted[0].link.is_some(), is_link);
}

#[test]
fn a_title_is_one_line_of_a_length_that_fits() {
    let long = "ł".repeat(3_000);
    let titles =
        read("", "6", &[entry(Some("3"), Some(" a\r\n\tb\u{0}c "), None), entry(Some("4"), Some(&long), None)]);
    assert_eq!(titles.wanted[0].title, "a b c");
    assert_eq!(titles.wanted[1].title.chars().count(), 500);
    assert!(titles.wanted[1].title.ends_with('…'));
}

proptest! {
    #[test]
    fn marks_tell_documents_apart_and_hold_nothing_special(one in any::<(String, String, String)>(), other in any::<(String, String, String)>()) {
        let mark = |(organisation, client, id): &(String, String, String)| {
            let readable = read(organisation, client, &[entry(Some(id), Some("x"), None)]);
            readable.wanted.first().map(|wanted| wanted.mark.clone())
        };
        let trimmed = |(organisation, client, id): &(String, String, String)| (organisation.clone(), client.clone(), id.trim().to_owned());
        if let (Some(first), Some(second)) = (mark(&one), mark(&other)) {
            prop_assert_eq!(first == second, trimmed(&one) == trimmed(&other));
            prop_assert!(first.chars().all(|sign| sign.is_ascii_alphanumeric() || "-._~%/".contains(sign)));
        }
    }

    #[test]
    fn a_second_look_at_what_was_settled_finds_nothing_to_do(title in "[a-z]{1,5}", draft in "[a-z]{1,5}", place in 0..State::ALL.len()) {
        // Whatever was known: once the CRM shows what was wanted, a look settles it and the next one is at rest.
        let shows = [found(&title)];
        let verdict = decide(&wanted(&title), Some(&known(State::ALL[place], &draft)), Some(&shows));
        let known = match verdict.does {
            Does::Show | Does::Rename => Known { state: State::Shown, told: Some(wanted(&title).fingerprint()), ..verdict.known },
            Does::Adopt | Does::Nothing => verdict.known,
        };
        let again = decide(&wanted(&title), Some(&known), Some(&shows));
        prop_assert_eq!((again.does, again.known), (Does::Nothing, known));
    }
}
