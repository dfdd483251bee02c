//! Reports of literal plans, as a person or a program reads them.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::Value;

use super::*;
use crate::connector::error::{ErrorKind, PortError};
use crate::domain::documents::State;
use crate::domain::field::{Field, Part};
use crate::domain::plan::{
    ActionId, Asks, CandidateNote, Change, Conflict, KeyKind, LinkId, LinkRef, Question, RecordRef, Totals,
};
use crate::domain::record::Kind;
use crate::domain::safety::{Example, Number, Refusal, RefusalName};
use crate::domain::value::Text;
use crate::render::clean::is_harmful;
use crate::sync::apply::Uncreated;
use crate::sync::certificate::Certificate;
use crate::sync::documents::DocumentsReport;
use crate::sync::pass::Ending;

const HOSTILE: &str = "\u{1b}[2J\u{9b}1mEvil|*x*\n@all <b>\u{202e}";

fn reference(side: Side, id: &str, parent: Option<&str>) -> RecordRef {
    RecordRef { side, id: RemoteId::new(id), parent: parent.map(RemoteId::new) }
}

fn action(id: u32, op: Op, reason: Reason) -> Action {
    Action {
        id: ActionId(id),
        kind: Kind::Company,
        label: "ACME".to_owned(),
        link: Some(LinkRef::Existing(LinkId(3))),
        flowtly: Some(reference(Side::Flowtly, "17", None)),
        crm: Some(reference(Side::Crm, "900", None)),
        op,
        reason,
    }
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

fn question(asks: Asks) -> Op {
    Op::Question(Question {
        asks,
        subject: reference(Side::Crm, "901", None),
        candidates: vec![CandidateNote {
            record: reference(Side::Flowtly, "18", None),
            label: "Beta".to_owned(),
            speaks_for: vec![KeyKind::Name],
            speaks_against: vec![KeyKind::TaxNumber],
        }],
    })
}

fn plan() -> Vec<Action> {
    let conflict = Conflict {
        field: Field::Name,
        flowtly: Text::whole("ACME"),
        crm: Text::whole("Acme Ltd"),
        flowtly_base: Some(Text::whole("Acme")),
        crm_base: None,
    };
    let address = Text::of([(Part::Line, "Long Street 1"), (Part::City, "Łódź")]);
    let person = |op, reason| Action {
        kind: Kind::Contact,
        label: "Anna Nowak".to_owned(),
        link: None,
        flowtly: None,
        crm: Some(reference(Side::Crm, "6001", Some("900"))),
        ..action(9, op, reason)
    };
    vec![
        action(1, Op::Link, Reason::Matched { by: KeyKind::TaxNumber }),
        action(
            2,
            Op::Update {
                side: Side::Crm,
                changes: vec![change(Field::Phone, "", "+48 1"), change(Field::Currency, "EUR", "")],
            },
            Reason::Moved { side: Side::Flowtly },
        ),
        action(3, Op::Agree { fields: vec![(Field::Status, Reason::FirstEqual)] }, Reason::FirstEqual),
        action(4, Op::Conflict(conflict), Reason::BothMoved),
        action(5, Op::Stamp, Reason::StampMissing),
        Action {
            label: "Gamma".to_owned(),
            link: None,
            crm: None,
            flowtly: Some(reference(Side::Flowtly, "19", None)),
            ..action(
                6,
                Op::Create { side: Side::Crm, fields: vec![(Field::Address, address)], parent: None },
                Reason::New,
            )
        },
        Action {
            label: "Beta Sp. z o.o.".to_owned(),
            flowtly: None,
            crm: Some(reference(Side::Crm, "901", None)),
            ..action(7, question(Asks::SameThing), Reason::Ambiguous)
        },
        Action { crm: None, ..action(8, Op::Skip, Reason::OutOfScope) },
        person(Op::Skip, Reason::NotEligible { missing: vec![Field::Email] }),
        person(Op::Repoint { side: Side::Crm, to: RemoteId::new("6002") }, Reason::Merged),
    ]
}

fn report(actions: &[Action]) -> Report {
    let mut totals = Totals::default();
    for action in actions {
        totals.count(action);
    }
    Report {
        pass: 12,
        complete: true,
        ending: Ending::Planned,
        totals,
        refusals: Vec::new(),
        missing: Vec::new(),
        vanished: Vec::new(),
        not_whole: Vec::new(),
        transition: false,
        failing: BTreeMap::new(),
        unwritten: BTreeMap::new(),
        uncreated: BTreeMap::new(),
        written: 0,
        refused: 0,
        rewritten: 0,
        put_off: 0,
        waiting: (0, 0, 0),
        documents: None,
        certificate: Certificate { equal: 1, ..Certificate::default() },
        acted: Vec::new(),
        links: Vec::new(),
        more: false,
    }
}

fn told(format: Format, style: Style, detail: Detail, report: &Report, actions: &[Action]) -> String {
    let mut out = Vec::new();
    let mut told = PlanReport::new(format, style, detail);
    told.begin(&mut out, report).unwrap();
    for action in actions {
        told.action(&mut out, action).unwrap();
    }
    told.end(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_groups_by_record_and_shows_every_field_with_its_reason() {
    let actions = plan();
    let text = told(Format::Text, Style::Plain, Detail::Brief, &report(&actions), &actions);
    assert_eq!(
        text,
        "\
Dry run (complete)
Nothing was written.

company ACME (Flowtly 17, CRM 900)
  = link: recognised by tax number
  ~ update in CRM: changed in Flowtly
      phone: (blank) -> +48 1 (changed in Flowtly)
      currency: EUR -> (blank) (changed in Flowtly)
  ! conflict in name: changed on both sides, differently
      Flowtly: ACME (agreed: Acme)
      CRM:     Acme Ltd (agreed: never agreed)
  ~ write the Flowtly id into the CRM: the Flowtly id is not in the CRM yet

company Gamma (Flowtly 19)
  + create in CRM: no counterpart
      address: Long Street 1, Łódź

company Beta Sp. z o.o. (CRM 901)
  ? question: not decidable by rule
      Is the company Beta Sp. z o.o. (CRM 901) the same as the record below? Too little speaks for it to be decided by rule.
      - Beta (Flowtly 18): for it: name; against it: tax number

contact Anna Nowak (CRM 6001; of company CRM 900)
  - leave: not eligible, missing email
  > go on with CRM 6002: merged there

Totals
  1 link to be made
  Flowtly: 0 creates, 0 updates, 0 values cleared
  CRM: 1 create, 1 update, 1 value cleared
  1 Flowtly id to be written into the CRM
  new: 1 conflict
  new: 1 question
  1 pair paused, resumed, separated or going on with another id
  1 field agreed without sending anything
  2 records left as they are:
      1 not eligible, missing email
      1 outside the scope

Certificate
  neither side, or only one, has been walked whole yet; as far as is known:
  1 pair equal
  0 pairs differ for a stated reason
  0 pairs wait for a person
  0 pairs go on in the next pass
  0 pairs differ without a reason
"
    );
}

#[test]
fn a_full_report_tells_agreements_and_what_the_rules_leave_alone_too() {
    let actions = plan();
    let text = told(Format::Text, Style::Plain, Detail::Full, &report(&actions), &actions);
    assert!(
        text.contains("  . agree on 1 field: equal at first sight\n      status: equal at first sight\n"),
        "{text}"
    );
    assert!(text.contains("  - leave: outside the scope\n"), "{text}");
}

#[test]
fn an_empty_plan_says_so() {
    for format in [Format::Text, Format::Markdown] {
        let text = told(format, Style::Plain, Detail::Brief, &report(&[]), &[]);
        assert!(text.contains("Nothing to send, ask or link."), "{text}");
    }
}

#[test]
fn what_surrounds_the_actions_is_told() {
    let mut report = report(&[]);
    report.ending = Ending::Refused;
    report.refusals = vec![Refusal {
        name: RefusalName::TooManyCreates,
        side: Some(Side::Crm),
        kind: None,
        found: 70,
        allowed: 50,
        message: "70 records to be created in CRM, at most 50; to allow it once: `--allow too-many-creates`".to_owned(),
        numbers: vec![Number { of: RefusalName::TooManyCreates, side: Some(Side::Crm), kind: None, found: 70 }],
        examples: vec![
            Example {
                kind: Kind::Company,
                label: HOSTILE.to_owned(),
                flowtly: Some(RemoteId::new("17")),
                crm: None,
                values: Some(3),
            },
            Example::of_record(Side::Crm, Kind::Contact, RemoteId::new("9")),
        ],
    }];
    report.not_whole = vec![(Side::Flowtly, Kind::Company)];
    report.transition = true;
    report.missing = vec![(Side::Crm, Kind::Company, "vat_number".to_owned())];
    report.failing = BTreeMap::from([(Side::Crm, PortError::new(ErrorKind::Timeout, format!("no reply {HOSTILE}")))]);
    let refused = PortError::new(ErrorKind::Forbidden, format!("no right {HOSTILE}"));
    report.uncreated = BTreeMap::from([
        ((Side::Crm, Kind::Company), Uncreated::Refused(refused)),
        ((Side::Crm, Kind::Contact), Uncreated::Held),
    ]);
    report.waiting = (2, 1, 0);
    report.more = true;
    report.certificate = Certificate {
        as_of: DateTime::from_timestamp(1_750_000_000, 0),
        equal: 1_000,
        differ: 3,
        reasons: BTreeMap::from([("name: no rule".to_owned(), 3)]),
        waiting: 1,
        pending: 1,
        unexplained: 2,
        unlinked: BTreeMap::from([("CRM company: outside the scope".to_owned(), 40)]),
        documents: None,
    };
    let text = told(Format::Text, Style::Plain, Detail::Brief, &report, &[]);
    assert_eq!(
        text,
        "\
Pass 12 (complete)
The safety limits refused this plan. Nothing was written.

Nothing to send, ask or link.

Totals
  rules, mapping or scope changed since a plan was last accepted: every record was looked at again, and what is planned \
may follow from that
  Flowtly: 0 creates, 0 updates, 0 values cleared
  CRM: 0 creates, 0 updates, 0 values cleared

Refused
  too-many-creates: 70 records to be created in CRM, at most 50; to allow it once: `--allow too-many-creates`
      company \\u{1b}[2J\\u{9b}1mEvil|*x*\\n@all <b>\\u{202e} (Flowtly 17): 3 values
      contact (CRM 9)

Troubles
  CRM failed while it was written: no reply \\u{1b}[2J\\u{9b}1mEvil|*x*\\n@all <b>\\u{202e}
  CRM takes no new company records, changes go on: no right \\u{1b}[2J\\u{9b}1mEvil|*x*\\n@all <b>\\u{202e}
  the list of company records in Flowtly could not be read whole: nothing is taken as gone because of it, and nothing is \
created there
  CRM does not show the mapped company property vat_number: its field is left alone; see flowtly-sync check

Waits for a person
  2 conflicts: `flowtly-sync conflicts` lists them, `conflicts resolve` decides
  1 question: `flowtly-sync questions` lists them, `questions answer` answers
  more is due at once: the next pass goes on

Certificate
  as of the last complete scan at 2025-06-15 15:06:40Z:
  1000 pairs equal
  3 pairs differ for a stated reason
      3 name: no rule
  1 pair waits for a person
  1 pair goes on in the next pass
  2 pairs differ without a reason: a fault of this program, please report it
  40 records without a partner:
      40 CRM companies: outside the scope
"
    );
    let markdown = told(Format::Markdown, Style::Plain, Detail::Brief, &report, &[]);
    assert!(markdown.contains("\n## Refused\n\n- too-many-creates: 70 records"), "{markdown}");
    assert!(markdown.contains("; to allow it once: `--allow too-many-creates`\n"), "{markdown}");
    assert!(markdown.contains("\n  - contact \\(CRM 9\\)\n"), "{markdown}");
    assert!(!markdown.chars().any(|c| c != '\n' && is_harmful(c)), "{markdown}");
    let json: Value = serde_json::from_str(&told(Format::Json, Style::Plain, Detail::Brief, &report, &[])).unwrap();
    assert_eq!(json["refusals"][0]["examples"][0]["values"], 3);
    assert_eq!(json["refusals"][0]["examples"][1]["crm"], "9");
    assert_eq!(json["refusals"][0]["numbers"][0]["of"], "too-many-creates");
    assert_eq!(json["not_whole"], serde_json::json!([{"side": "flowtly", "kind": "company"}]));
    assert_eq!(json["transition"], true);
}

#[test]
fn a_carried_out_pass_says_what_was_written() {
    let mut report = report(&[]);
    report.ending = Ending::Partly;
    report.complete = false;
    (report.written, report.refused, report.put_off) = (5, 1, 2);
    let text = told(Format::Text, Style::Plain, Detail::Brief, &report, &[]);
    assert!(text.starts_with("Pass 12 (incremental)\nA part of the plan was carried out"), "{text}");
    assert!(text.contains("  carried out: 5 writes; 1 refused, 2 put off\n"), "{text}");
}

#[test]
fn markdown_has_a_row_a_field() {
    let actions = plan();
    let text = told(Format::Markdown, Style::Plain, Detail::Brief, &report(&actions), &actions);
    let table: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(table[0], "| | Record | Does | Field | From | To | Why |");
    assert_eq!(
        table[3],
        "| `~` | company ACME \\(Flowtly 17, CRM 900\\) | update in CRM | phone | \\(blank\\) | +48 1 | changed in Flowtly |"
    );
    assert_eq!(table.len(), 2 + 9);
}

#[test]
fn json_is_one_object_whose_actions_read_back_as_they_were() {
    let actions = plan();
    for actions in [&actions[..], &[]] {
        let text = told(Format::Json, Style::Plain, Detail::Brief, &report(actions), actions);
        let read: Value = serde_json::from_str(&text).unwrap();
        let keys: Vec<&String> = read.as_object().unwrap().keys().collect();
        let mut expected = vec![
            "pass",
            "complete",
            "ending",
            "totals",
            "refusals",
            "missing",
            "not_whole",
            "transition",
            "failing",
            "uncreated",
            "written",
            "refused",
            "put_off",
            "waiting",
            "more",
            "certificate",
            "documents",
            "planned_documents",
            "actions",
        ];
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(read["ending"], "planned");
        assert_eq!(read["waiting"]["conflicts"], 0);
        let back: Vec<Action> = serde_json::from_value(read["actions"].clone()).unwrap();
        assert_eq!(back, actions);
    }
    let text = told(Format::Json, Style::Plain, Detail::Brief, &report(&actions), &actions);
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["actions"][1]["op"]["op"], "update");
    assert_eq!(read["actions"][1]["op"]["changes"][0]["after"]["whole"], "+48 1");
    assert_eq!(read["actions"][1]["says"], "changed in Flowtly");
    assert_eq!(read["totals"]["creates"]["crm"], 1);
}

/// Every place of a plan that holds a system's text.
fn hostile_plan() -> Vec<Action> {
    let hostile = || Text::whole(HOSTILE);
    let subject = || reference(Side::Crm, HOSTILE, Some(HOSTILE));
    let mut update = change(Field::Name, HOSTILE, HOSTILE);
    update.source = hostile();
    let conflict = Conflict {
        field: Field::Name,
        flowtly: hostile(),
        crm: hostile(),
        flowtly_base: Some(hostile()),
        crm_base: Some(hostile()),
    };
    let candidate = CandidateNote {
        record: subject(),
        label: HOSTILE.to_owned(),
        speaks_for: vec![KeyKind::Name],
        speaks_against: vec![],
    };
    let asked = Question { asks: Asks::WhichOf, subject: subject(), candidates: vec![candidate] };
    [
        Op::Create { side: Side::Crm, fields: vec![(Field::Name, hostile())], parent: None },
        Op::Update { side: Side::Crm, changes: vec![update] },
        Op::Conflict(conflict),
        Op::Question(asked),
        Op::Repoint { side: Side::Crm, to: RemoteId::new(HOSTILE) },
    ]
    .into_iter()
    .zip(1..)
    .map(|(op, id)| Action {
        label: HOSTILE.to_owned(),
        flowtly: Some(reference(Side::Flowtly, HOSTILE, Some(HOSTILE))),
        crm: Some(subject()),
        ..action(id, op, Reason::New)
    })
    .collect()
}

#[test]
fn a_hostile_name_moves_no_cursor_in_any_form() {
    let actions = hostile_plan();
    let mut report = report(&actions);
    let totals = told(Format::Text, Style::Plain, Detail::Totals, &report, &actions);
    assert!(totals.contains("Totals\n") && !totals.contains("Evil"), "sums hold nothing of anybody: {totals}");
    let quoting = PortError::new(ErrorKind::Unavailable, format!("it failed: {HOSTILE}")).quoting(HOSTILE);
    report.failing = BTreeMap::from([(Side::Crm, quoting)]);
    let totals = told(Format::Text, Style::Plain, Detail::Totals, &report, &actions);
    assert!(totals.contains("it failed: ") && !totals.contains("Evil"), "{totals}");
    report.missing = vec![(Side::Crm, Kind::Company, HOSTILE.to_owned())];
    for format in [Format::Text, Format::Markdown, Format::Json] {
        let text = told(format, Style::Plain, Detail::Full, &report, &actions);
        assert!(text.contains("Evil"), "{text}");
        let harmful: Vec<char> = text.chars().filter(|c| *c != '\n' && is_harmful(*c)).collect();
        assert!(harmful.is_empty(), "{format:?}: {harmful:?}");
    }
    let markdown = told(Format::Markdown, Style::Plain, Detail::Full, &report, &actions);
    for row in markdown.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(row.matches('|').count(), 8, "{row}");
        assert!(!row.contains("<b>") && !row.contains("@all") && !row.contains(" *x*"), "{row}");
    }
    let read: Value = serde_json::from_str(&told(Format::Json, Style::Plain, Detail::Full, &report, &actions)).unwrap();
    assert_eq!(read["actions"][0]["label"], HOSTILE);
}

#[test]
fn colours_come_only_if_asked_for_and_never_from_a_system() {
    let actions = hostile_plan();
    let text = told(Format::Text, Style::Coloured, Detail::Full, &report(&actions), &actions);
    let mut rest = text.as_str();
    let mut found = 0;
    while let Some((_, after)) = rest.split_once('\u{1b}') {
        let (code, _) = after.split_once('m').unwrap();
        assert!(["[0", "[1", "[2", "[31", "[32", "[33", "[36"].contains(&code), "{code}");
        rest = after;
        found += 1;
    }
    assert!(found > 4 && found % 2 == 0);
}

/// A document in each form, whatever its title holds.
#[test]
fn a_document_is_told_in_every_form() {
    let document = |crm_id: Option<&str>| Known {
        mark: "1/6/3".to_owned(),
        document: "3".to_owned(),
        title: format!("Offer {HOSTILE}"),
        link: Some("https://a.b/3".to_owned()),
        company: RemoteId::new("900"),
        crm_id: crm_id.map(RemoteId::new),
        told: None,
        state: State::Wanted,
        provable: None,
        gone: false,
        refused: None,
    };
    let report = Report {
        documents: Some(DocumentsReport { shows: 1, renames: 1, ..DocumentsReport::default() }),
        ..report(&[])
    };
    let told = |format: Format| {
        let mut printer = PlanReport::new(format, Style::Plain, Detail::Brief);
        let mut out = Vec::new();
        printer.begin(&mut out, &report).unwrap();
        printer.document(&mut out, &document(None)).unwrap();
        printer.document(&mut out, &document(Some("70"))).unwrap();
        printer.end(&mut out, &report).unwrap();
        String::from_utf8(out).unwrap()
    };
    let text = told(Format::Text);
    assert!(
        text.contains("(Flowtly document 3, CRM company 900)\n  + show in the CRM\n      link: https://a.b/3\n"),
        "{text}"
    );
    assert!(text.contains("  ~ rename in the CRM\n"), "{text}");
    assert!(text.contains("Documents\n  1 document to be shown, 1 to be renamed in the CRM\n"), "{text}");
    assert!(!text.contains(summary::NOTHING), "{text}");
    let markdown = told(Format::Markdown);
    assert_eq!(markdown.matches("| show in the CRM |").count(), 1, "{markdown}");
    assert_eq!(markdown.matches("| rename in the CRM |").count(), 1, "{markdown}");
    for form in [&text, &markdown] {
        assert!(!form.contains('\u{1b}'), "{form:?}");
    }
    let json: Value = serde_json::from_str(&told(Format::Json)).unwrap();
    assert_eq!(
        (json["actions"].clone(), json["planned_documents"][1]["does"].clone()),
        (serde_json::json!([]), serde_json::json!("rename"))
    );
    assert_eq!(json["documents"]["shows"], 1);
}
