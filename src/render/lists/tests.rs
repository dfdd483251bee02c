//! No list lets a system's text reach the terminal as it is; and a reader that closes its end is an error, not a panic.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::check::{Finding, Findings, Health};
use super::conflicts::ConflictItem;
use super::explain::{
    DocumentSaid, Documents, Explanation, FieldSaid, HalfSaid, LinkSaid, Since, StandSaid, TodoSaid, ValueSaid,
};
use super::failures::FailureItem;
use super::links::{LinkItem, Links};
use super::questions::QuestionItem;
use super::status::{PassItem, Status, Waiting};
use super::*;
use crate::domain::field::Field;
use crate::domain::plan::{Asks, CandidateNote, Conflict, LinkId, Question, Reason, RecordRef};
use crate::domain::planner::{Choice, Decision};
use crate::domain::record::{Kind, RemoteId, Side, Standing};
use crate::domain::value::Text;
use crate::render::clean::is_harmful;
use crate::render::words::Named;
use crate::store::history::{Entry, Written};
use crate::store::quarantine::{Fails, Illness};
use crate::store::waiting::{Failure, WaitingConflict, WaitingQuestion};

const HOSTILE: &str = "\u{1b}[2J\u{9b}1mEvil\u{202e}\nx";

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

fn hostile() -> Text {
    Text::whole(HOSTILE)
}

fn id() -> RemoteId {
    RemoteId::new(HOSTILE)
}

fn named() -> Named {
    Named {
        kind: Kind::Company,
        label: HOSTILE.to_owned(),
        link: Some(LinkId(1)),
        flowtly: Some(id()),
        crm: Some(id()),
    }
}

fn conflict() -> ConflictItem {
    ConflictItem {
        waiting: WaitingConflict {
            id: 1,
            link: LinkId(1),
            conflict: Conflict {
                field: Field::Name,
                flowtly: hostile(),
                crm: hostile(),
                flowtly_base: Some(hostile()),
                crm_base: Some(hostile()),
            },
            reason: Reason::BothMoved,
            since: at(),
            decision: Some(Decision { choice: Choice::Text(hostile()), flowtly: hostile(), crm: hostile() }),
        },
        record: named(),
    }
}

fn question(asks: Asks) -> QuestionItem {
    let record = RecordRef { side: Side::Crm, id: id(), parent: Some(id()) };
    let candidate = CandidateNote {
        record: RecordRef { side: Side::Flowtly, ..record.clone() },
        label: HOSTILE.to_owned(),
        speaks_for: vec![],
        speaks_against: vec![],
    };
    let question = Question { asks, subject: record, candidates: vec![candidate] };
    let waiting = WaitingQuestion { id: 1, question, label: HOSTILE.to_owned(), since: at(), postponed: None };
    QuestionItem::new(waiting, Kind::Contact)
}

fn failure() -> FailureItem {
    let failure = Failure {
        id: 1,
        link: Some(LinkId(1)),
        seen: None,
        side: Side::Crm,
        field: HOSTILE.to_owned(),
        message: HOSTILE.to_owned(),
        attempts: 2,
        since: at(),
        next_try: None,
    };
    FailureItem { failure, record: named() }
}

fn link() -> LinkItem {
    LinkItem {
        id: LinkId(1),
        kind: Kind::Company,
        state: "live",
        flowtly: id(),
        crm: id(),
        parent: None,
        label: HOSTILE.to_owned(),
        assessment: "equal".to_owned(),
        reason: HOSTILE.to_owned(),
    }
}

fn status() -> Status {
    let pass = PassItem {
        pass: 1,
        started: at(),
        ended: None,
        extent: "complete".to_owned(),
        outcome: Some("failed".to_owned()),
        under_way: false,
        error: Some(HOSTILE.to_owned()),
        totals: None,
    };
    let illness = Illness {
        fails: Fails::Reading,
        kinds: BTreeSet::new(),
        uncreated: BTreeSet::new(),
        times: 1,
        since: DateTime::UNIX_EPOCH,
        next_try: DateTime::UNIX_EPOCH,
        locked: true,
        words: HOSTILE.to_owned(),
    };
    Status {
        quarantine: BTreeMap::from([(Side::Flowtly, illness)]),
        short: None,
        accounts: BTreeMap::from([(Side::Crm, HOSTILE.to_owned())]),
        adoption: Some(HOSTILE.to_owned()),
        passes: vec![pass],
        waiting: Waiting::default(),
        todo: vec![],
        next_due: None,
        open_writes: 1,
        failures: vec![failure(); 22],
        cursors: vec![],
        backup: Some(status::BackupItem {
            directory: HOSTILE.into(),
            newest: None,
            kept: 0,
            error: Some(HOSTILE.to_owned()),
        }),
        certificate: None,
    }
}

fn explanation() -> Explanation {
    let value =
        || Some(ValueSaid { now: Some(hostile()), base: Some(hostile()), since: Since::Moved, writer: Some(1) });
    let entry = Entry {
        link: LinkId(1),
        side: Side::Crm,
        field: Field::Name,
        old: hostile(),
        new: hostile(),
        reason: Reason::OneWay,
    };
    Explanation {
        record: named(),
        link: Some(LinkSaid {
            id: LinkId(1),
            state: "live",
            assessment: "differs".to_owned(),
            reasons: vec![HOSTILE.to_owned()],
            reason: HOSTILE.to_owned(),
            parent: None,
        }),
        verdict: Some(HOSTILE.to_owned()),
        todo: Some(TodoSaid { why: "staged".to_owned(), due: None }),
        open_writes: 1,
        halves: vec![HalfSaid {
            side: Side::Crm,
            id: id(),
            parent: Some(id()),
            standing: Standing::Archived,
            gone: true,
            in_scope: false,
            stored_id: Some(HOSTILE.to_owned()),
            modified: Some(at()),
        }],
        fields: vec![FieldSaid {
            field: Field::Name,
            flowtly: value(),
            crm: value(),
            rule: None,
            history: vec![Written { pass: 1, at: at(), entry }],
            conflict: Some(conflict().waiting),
        }],
        questions: vec![question(Asks::Twin)],
        failures: vec![failure()],
        documents: Documents::Listed(vec![DocumentSaid {
            id: Some(HOSTILE.to_owned()),
            name: Some(HOSTILE.to_owned()),
            location: Some(HOSTILE.to_owned()),
            stands: Some(StandSaid {
                state: "wanted",
                says: HOSTILE.to_owned(),
                crm_id: Some(RemoteId::new(HOSTILE)),
                gone: false,
            }),
        }]),
    }
}

fn findings() -> Findings {
    let finding = Finding {
        area: "CRM".to_owned(),
        health: Health::Failure,
        message: HOSTILE.to_owned(),
        mend: Some(HOSTILE.to_owned()),
    };
    Findings { ok: false, findings: vec![finding], added: vec![HOSTILE.to_owned()] }
}

/// Every list, with hostile text in every place that can hold a system's.
fn show_all(form: Form, out: &mut dyn Write) -> io::Result<()> {
    fn listing(out: &mut dyn Write, form: Form) -> Listing<'_> {
        Listing { out, form }
    }
    conflicts::show(&mut listing(&mut *out, form), &[conflict()])?;
    if form != Form::Json {
        conflicts::decided(out, &[conflict()])?;
    }
    let asks = [Asks::WhichOf, Asks::SameThing, Asks::Duplicate, Asks::Twin, Asks::StillTheSame, Asks::LostCreate]
        .map(question);
    questions::show(&mut listing(&mut *out, form), &asks, at())?;
    status::show(&mut listing(&mut *out, form), &status())?;
    explain::show(&mut listing(&mut *out, form), &[explanation(), Explanation { link: None, ..explanation() }])?;
    let failed = Documents::Failed(HOSTILE.to_owned());
    explain::show(&mut listing(&mut *out, form), &[Explanation { documents: failed, ..explanation() }])?;
    check::show(&mut listing(&mut *out, form), &findings())?;
    let mut links = Links::default();
    let mut listing = listing(&mut *out, form);
    links.item(&mut listing, &link())?;
    links.end(&mut listing)
}

#[test]
fn a_hostile_text_moves_no_cursor_in_any_list() {
    for form in [Form::Text(Style::Plain), Form::Json] {
        let mut out = Vec::new();
        show_all(form, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.matches("Evil").count() > 50, "{form:?}");
        let harmful: Vec<char> = text.chars().filter(|c| *c != '\n' && is_harmful(*c)).collect();
        assert!(harmful.is_empty(), "{form:?}: {harmful:?}");
        // The text's own line break does not begin a line either.
        assert!(!text.lines().any(|line| line == "x" || line.starts_with("x ")), "{text}");
    }
}

#[test]
fn many_failures_are_cut_in_text_alone() {
    let mut out = Vec::new();
    status::show(&mut Listing { out: &mut out, form: Form::Text(Style::Plain) }, &status()).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("  … and 2 more; --json lists all\n"));
    let mut out = Vec::new();
    status::show(&mut Listing { out: &mut out, form: Form::Json }, &status()).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(read["failures"].as_array().unwrap().len(), 22);
}

#[test]
fn an_item_keeps_its_flattened_keys_apart() {
    fn keys<T: Serialize>(item: &T) -> Vec<String> {
        serde_json::to_value(item).unwrap().as_object().unwrap().keys().cloned().collect()
    }
    assert_eq!(keys(&conflict()), ["conflict", "decision", "id", "link", "reason", "record", "since"]);
    assert_eq!(
        keys(&question(Asks::Twin)),
        ["answers", "id", "kind", "label", "postponed", "question", "sentence", "since"]
    );
    assert_eq!(keys(&failure()), ["attempts", "field", "id", "link", "message", "next_try", "record", "side", "since"]);
}

/// Takes so many bytes, then has nobody who reads.
struct Closing(usize);

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_an_error_wherever_it_closes() {
    for form in [Form::Text(Style::Coloured), Form::Json] {
        let mut whole = Vec::new();
        show_all(form, &mut whole).unwrap();
        for taken in (0..whole.len()).step_by(97) {
            let error = show_all(form, &mut Closing(taken)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{form:?} after {taken}");
        }
    }
}
