//! The report for a program: one object, its actions written one by one. The module above documents the keys.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::documents::{Does, Known};
use crate::domain::plan::{Action, Totals};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::Refusal;
use crate::render::json::{Array, compact};
use crate::sync::certificate::Certificate;
use crate::sync::documents::DocumentsReport;
use crate::sync::pass::{Ending, Report};

#[derive(Debug, Default)]
pub(super) struct Json {
    actions: Array,
    /// Begun when the actions are over.
    documents: Option<Array>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the key of its id in the JSON")]
struct Document<'a> {
    does: &'static str,
    document: &'a str,
    title: &'a str,
    link: Option<&'a str>,
    company: &'a RemoteId,
    crm_id: Option<&'a RemoteId>,
}

#[derive(Serialize)]
struct Missing<'a> {
    side: Side,
    kind: Kind,
    property: &'a str,
}

#[derive(Serialize)]
struct List {
    side: Side,
    kind: Kind,
}

#[derive(Serialize)]
struct Failing<'a> {
    side: Side,
    message: &'a str,
}

#[derive(Serialize)]
struct Uncreated<'a> {
    side: Side,
    kind: Kind,
    message: &'a str,
}

#[derive(Serialize)]
struct Waiting {
    conflicts: u64,
    questions: u64,
    failures: u64,
}

#[derive(Serialize)]
struct Head<'a> {
    pass: i64,
    complete: bool,
    ending: &'a Ending,
    totals: &'a Totals,
    refusals: &'a [Refusal],
    missing: Vec<Missing<'a>>,
    not_whole: Vec<List>,
    transition: bool,
    failing: Vec<Failing<'a>>,
    uncreated: Vec<Uncreated<'a>>,
    written: u64,
    refused: u64,
    put_off: u64,
    waiting: Waiting,
    documents: Option<&'a DocumentsReport>,
    more: bool,
    certificate: &'a Certificate,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    action: &'a Action,
    says: String,
}

impl Json {
    pub(super) fn begin(out: &mut dyn Write, report: &Report) -> io::Result<()> {
        let (conflicts, questions, failures) = report.waiting;
        let head = Head {
            pass: report.pass,
            complete: report.complete,
            ending: &report.ending,
            totals: &report.totals,
            refusals: &report.refusals,
            missing: report
                .missing
                .iter()
                .map(|(side, kind, property)| Missing { side: *side, kind: *kind, property })
                .collect(),
            not_whole: report.not_whole.iter().map(|(side, kind)| List { side: *side, kind: *kind }).collect(),
            transition: report.transition,
            failing: report
                .failing
                .iter()
                .map(|(side, error)| Failing { side: *side, message: &error.message })
                .collect(),
            uncreated: report
                .refusing()
                .map(|(side, kind, error)| Uncreated { side, kind, message: &error.message })
                .collect(),
            written: report.written,
            refused: report.refused,
            put_off: report.put_off,
            waiting: Waiting { conflicts, questions, failures },
            documents: report.documents.as_ref(),
            more: report.more,
            certificate: &report.certificate,
        };
        let mut text = Vec::new();
        compact(&mut text, &head)?;
        // The object goes on with the actions.
        text.pop();
        out.write_all(&text)?;
        out.write_all(b",\n\"actions\":")
    }

    pub(super) fn action(&mut self, out: &mut dyn Write, action: &Action) -> io::Result<()> {
        self.actions.item(out, &Told { action, says: action.reason.to_string() })
    }

    pub(super) fn document(&mut self, out: &mut dyn Write, document: &Known) -> io::Result<()> {
        let told = Document {
            does: if document.crm_id.is_some() { Does::Rename } else { Does::Show }.as_str(),
            document: &document.document,
            title: &document.title,
            link: document.link.as_deref(),
            company: &document.company,
            crm_id: document.crm_id.as_ref(),
        };
        self.documents(out)?.item(out, &told)
    }

    /// The array of documents, begun behind the one of actions.
    fn documents(&mut self, out: &mut dyn Write) -> io::Result<&mut Array> {
        if self.documents.is_none() {
            self.actions.end(out)?;
            out.write_all(b",\n\"planned_documents\":")?;
        }
        Ok(self.documents.get_or_insert_default())
    }

    pub(super) fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.documents(out)?.end(out)?;
        writeln!(out, "}}")
    }
}
