//! A plan is plain data: it survives being written down, and says why.

use std::collections::BTreeMap;

use super::*;

fn at(side: Side, id: &str, parent: Option<&str>) -> RecordRef {
    RecordRef { side, id: RemoteId::new(id), parent: parent.map(RemoteId::new) }
}

fn change(field: Field, before: &str, after: &str) -> Change {
    Change {
        field,
        before: Text::whole(before),
        after: Text::whole(after),
        source: Text::whole(after),
        reason: Reason::Moved { side: Side::Flowtly },
    }
}

/// Each operation once; a new one does not compile until it stands here.
fn next_op(op: Option<&Op>) -> Option<Op> {
    let note = CandidateNote {
        record: at(Side::Crm, "9", Some("4")),
        label: "Acme".to_owned(),
        speaks_for: vec![KeyKind::TaxNumber, KeyKind::Configured(1)],
        speaks_against: vec![KeyKind::NameAndCountry],
    };
    Some(match op {
        None => Op::Link,
        Some(Op::Link) => Op::Create {
            side: Side::Crm,
            fields: vec![(Field::Name, Text::whole("Acme")), (Field::Address, Text::of([]))],
            parent: Some(LinkRef::Planned(ActionId(3))),
        },
        Some(Op::Create { .. }) => Op::Update {
            side: Side::Flowtly,
            changes: vec![change(Field::Name, "Acme", "Acme Foods"), change(Field::Phone, "123", "")],
        },
        Some(Op::Update { .. }) => Op::Stamp,
        Some(Op::Stamp) => {
            Op::Agree { fields: vec![(Field::Name, Reason::BothEqual), (Field::Phone, Reason::Decided)] }
        }
        Some(Op::Agree { .. }) => Op::Repoint { side: Side::Crm, to: RemoteId::new("12") },
        Some(Op::Repoint { .. }) => Op::Pause { side: Side::Crm },
        Some(Op::Pause { .. }) => Op::Resume,
        Some(Op::Resume) => Op::Unlink { side: Side::Flowtly },
        Some(Op::Unlink { .. }) => Op::Conflict(Conflict {
            field: Field::Name,
            flowtly: Text::whole("Acme"),
            crm: Text::default(),
            flowtly_base: Some(Text::whole("Akme")),
            crm_base: None,
        }),
        Some(Op::Conflict(_)) => Op::Question(Question {
            asks: Asks::WhichOf,
            subject: at(Side::Flowtly, "17", None),
            candidates: vec![note],
        }),
        Some(Op::Question(_)) => Op::Skip,
        Some(Op::Skip) => return None,
    })
}

/// Each reason once; a new one does not compile until it stands here.
fn next_reason(reason: Option<&Reason>) -> Option<Reason> {
    let side = Side::Crm;
    Some(match reason {
        None => Reason::Moved { side },
        Some(Reason::Moved { .. }) => Reason::Fill,
        Some(Reason::Fill) => Reason::FirstPolicy { side },
        Some(Reason::FirstPolicy { .. }) => Reason::ConflictPolicy { side },
        Some(Reason::ConflictPolicy { .. }) => Reason::OneWay,
        Some(Reason::OneWay) => Reason::DriftCorrected,
        Some(Reason::DriftCorrected) => Reason::DriftKept,
        Some(Reason::DriftKept) => Reason::Decided,
        Some(Reason::Decided) => Reason::BothEqual,
        Some(Reason::BothEqual) => Reason::FirstEqual,
        Some(Reason::FirstEqual) => Reason::NotCarried,
        Some(Reason::NotCarried) => Reason::BothMoved,
        Some(Reason::BothMoved) => Reason::FirstDiffers,
        Some(Reason::FirstDiffers) => Reason::CutCopyMoved,
        Some(Reason::CutCopyMoved) => Reason::RequiredElsewhere,
        Some(Reason::RequiredElsewhere) => Reason::Alternates,
        Some(Reason::Alternates) => Reason::Unknown { side },
        Some(Reason::Unknown { .. }) => Reason::UnknownOnBoth,
        Some(Reason::UnknownOnBoth) => Reason::NotWritable,
        Some(Reason::NotWritable) => Reason::Matched { by: KeyKind::Configured(0) },
        Some(Reason::Matched { .. }) => Reason::LinkedByHand,
        Some(Reason::LinkedByHand) => Reason::New,
        Some(Reason::New) => Reason::OutOfScope,
        Some(Reason::OutOfScope) => Reason::CreationOff { side },
        Some(Reason::CreationOff { .. }) => Reason::NotEligible { missing: vec![Field::Email, Field::PersonName] },
        Some(Reason::NotEligible { .. }) => Reason::BlockedByParent,
        Some(Reason::BlockedByParent) => Reason::NoWholeScan { side },
        Some(Reason::NoWholeScan { .. }) => Reason::Adoption,
        Some(Reason::Adoption) => Reason::OpenIntent,
        Some(Reason::OpenIntent) => Reason::Merged,
        Some(Reason::Merged) => Reason::Archived { side },
        Some(Reason::Archived { .. }) => Reason::Restored,
        Some(Reason::Restored) => Reason::Gone { side },
        Some(Reason::Gone { .. }) => Reason::StampMissing,
        Some(Reason::StampMissing) => Reason::IdentityChanged,
        Some(Reason::IdentityChanged) => Reason::Ambiguous,
        Some(Reason::Ambiguous) => Reason::WaitsAfterRefusal,
        Some(Reason::WaitsAfterRefusal) => Reason::LeftAlone,
        Some(Reason::LeftAlone) => Reason::OutcomeUnknown { planned: Some(Box::new(Reason::Fill)) },
        Some(Reason::OutcomeUnknown { .. }) => return None,
    })
}

fn every<T>(next: impl Fn(Option<&T>) -> Option<T>) -> Vec<T> {
    let mut all = Vec::new();
    while let Some(item) = next(all.last()) {
        all.push(item);
    }
    all
}

/// One action for each operation and each reason.
fn plan() -> Vec<Action> {
    let ops = every(next_op);
    let reasons = every(next_reason);
    let pairs = ops.iter().cloned().map(|op| (op, Reason::New)).chain(reasons.into_iter().map(|why| (Op::Skip, why)));
    (1..)
        .zip(pairs)
        .map(|(id, (op, reason))| Action {
            id: ActionId(id),
            kind: Kind::Contact,
            label: "Jan Kowalski".to_owned(),
            link: (id % 2 == 0).then_some(LinkRef::Existing(LinkId(7))),
            flowtly: Some(at(Side::Flowtly, "17", None)),
            crm: (id % 3 == 0).then(|| at(Side::Crm, "9", Some("4"))),
            op,
            reason,
        })
        .collect()
}

#[test]
fn a_plan_that_was_written_down_is_read_back_as_it_was() {
    let plan = plan();
    let json = serde_json::to_string_pretty(&plan).expect("a plan is serialisable");
    let read: Vec<Action> = serde_json::from_str(&json).expect("its own text");
    assert_eq!(read, plan);
    assert_eq!(serde_json::to_string_pretty(&read).expect("serialisable"), json);
    assert_eq!(plan.len(), 12 + 39);
}

#[test]
fn totals_that_were_written_down_are_read_back_as_they_were() {
    let mut totals = Totals::default();
    for action in plan() {
        totals.count(&action);
    }
    let json = serde_json::to_string(&totals).expect("totals are serialisable");
    assert_eq!(serde_json::from_str::<Totals>(&json).expect("their own text"), totals);
}

#[test]
fn every_reason_has_words_of_its_own() {
    let reasons = every(next_reason);
    let mut words: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    assert!(words.iter().all(|words| !words.trim().is_empty()));
    words.sort();
    words.dedup();
    assert_eq!(words.len(), reasons.len());
}

#[test]
fn every_key_has_words_of_its_own() {
    let keys = [
        KeyKind::StoredId,
        KeyKind::TaxNumber,
        KeyKind::NameAndCountry,
        KeyKind::Name,
        KeyKind::Configured(0),
        KeyKind::Configured(255),
        KeyKind::EmailAndName,
        KeyKind::Email,
    ];
    let words: std::collections::BTreeSet<String> = keys.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), keys.len());
    assert!(keys.is_sorted(), "strongest first");
    assert_eq!(KeyKind::Configured(255).to_string(), "configured key 256");
}

#[test]
fn a_missing_field_is_named() {
    let reason = Reason::NotEligible { missing: vec![Field::Email, Field::PersonName] };
    assert_eq!(reason.to_string(), "not eligible, missing email, name");
}

#[test]
fn only_what_was_there_is_cleared() {
    assert!(change(Field::Name, "Acme", " ").blanks());
    assert!(!change(Field::Name, "", "").blanks());
    assert!(!change(Field::Name, "", "Acme").blanks());
    assert!(!change(Field::Name, "Acme", "Zenit").blanks());
}

#[test]
fn totals_count_each_operation_where_it_belongs() {
    let mut totals = Totals::default();
    for action in plan().iter().filter(|action| action.reason == Reason::New) {
        totals.count(action);
    }
    let expected = Totals {
        links: 1,
        creates: BTreeMap::from([(Side::Crm, 1)]),
        updates: BTreeMap::from([(Side::Flowtly, 1)]),
        blanked: BTreeMap::from([(Side::Flowtly, 1)]),
        conflicts: 1,
        questions: 1,
        // The operation itself, and the reason of the same name.
        skipped: BTreeMap::from([("no counterpart".to_owned(), 2)]),
        agreed: 2,
        local: 4,
        pauses: BTreeMap::from([(Side::Crm, 2), (Side::Flowtly, 1)]),
        stamps: 1,
        documents: 0,
    };
    assert_eq!(totals, expected);
}

#[test]
fn a_side_on_which_nothing_is_cleared_is_not_counted_there() {
    let op = Op::Update { side: Side::Crm, changes: vec![change(Field::Name, "Acme", "Zenit")] };
    let mut totals = Totals::default();
    totals.count(&Action { op, ..plan().remove(0) });
    assert_eq!((totals.updates, totals.blanked), (BTreeMap::from([(Side::Crm, 1)]), BTreeMap::new()));
    let nothing = BTreeMap::from([(Side::Crm, 0)]);
    assert!(!Totals { creates: nothing.clone(), updates: nothing, ..Totals::default() }.would_act());
}

#[test]
fn only_skips_and_agreements_are_no_act() {
    for action in plan() {
        let mut totals = Totals::default();
        totals.count(&action);
        let idle = matches!(action.op, Op::Skip | Op::Agree { .. });
        assert_eq!(totals.would_act(), !idle, "{:?}", action.op);
    }
}

#[test]
fn a_write_of_unknown_outcome_says_why_it_was_sent_unless_an_older_version_noted_it() {
    let planned = Some(Box::new(Reason::Moved { side: Side::Crm }));
    let words = Reason::OutcomeUnknown { planned }.to_string();
    assert_eq!(words, "changed in CRM; sent, and what came of it could not be seen any more");
    let old: Reason = serde_json::from_str(r#"{"why":"outcome_unknown"}"#).unwrap();
    assert_eq!(old, Reason::OutcomeUnknown { planned: None });
    assert_eq!(old.to_string(), "sent, and what came of it could not be seen any more");
}
