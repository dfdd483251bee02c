//! What stands around the actions: how it ended, the sums, what is refused, what waits, and the certificate.

use std::collections::BTreeMap;

use super::Detail;
use crate::domain::documents::Stand;
use crate::domain::record::Side;
use crate::render::lines::Section;
use crate::render::style::Tone;
use crate::render::words::{self, count, when};
use crate::sync::certificate::Certificate;
use crate::sync::documents::DocumentsReport;
use crate::sync::pass::{Ending, Report};

/// What stands where no action is told.
pub(super) const NOTHING: &str = "Nothing to send, ask or link.";

/// The report's first line, and the sentence below it.
pub(super) fn title(report: &Report) -> (String, &'static str) {
    let extent = if report.complete { "complete" } else { "incremental" };
    let is_refused = !report.refusals.is_empty();
    let (what, sentence) = match report.ending {
        Ending::Planned if is_refused => ("Dry run", "Nothing was written. The safety limits would refuse this plan."),
        Ending::Planned => ("Dry run", "Nothing was written."),
        Ending::Applied => ("Pass", "The whole plan was carried out."),
        Ending::Partly => ("Pass", "A part of the plan was carried out; the rest waits for the next pass."),
        Ending::Refused => ("Pass", "The safety limits refused this plan. Nothing was written."),
    };
    match report.ending {
        Ending::Planned => (format!("{what} ({extent})"), sentence),
        Ending::Applied | Ending::Partly | Ending::Refused => (format!("{what} {} ({extent})", report.pass), sentence),
    }
}

/// Everything behind the actions, in order; empty sections are not shown. [`Detail::Totals`] names no record, and repeats nothing
/// that a system said of one.
pub(super) fn sections(report: &Report, detail: Detail) -> Vec<Section> {
    vec![
        totals(report),
        report
            .documents
            .as_ref()
            .map_or_else(|| Section::new("Documents"), |documents| self::documents(report, documents, detail)),
        refusals(report, detail),
        troubles(report, detail),
        waiting(report),
        certificate(&report.certificate),
    ]
}

fn totals(report: &Report) -> Section {
    let totals = &report.totals;
    let mut section = Section::new("Totals");
    if report.transition {
        section.own(
            "rules, mapping or scope changed since a plan was last accepted: every record was looked at again, and what is \
             planned may follow from that",
        );
    }
    if totals.links > 0 {
        section.own(format!("{} to be made", count(totals.links, "link")));
    }
    for side in Side::BOTH {
        let of = |counts: &BTreeMap<Side, u64>| counts.get(&side).copied().unwrap_or_default();
        let (creates, updates, blanked) = (of(&totals.creates), of(&totals.updates), of(&totals.blanked));
        section.own(format!(
            "{side}: {}, {}, {} cleared",
            count(creates, "create"),
            count(updates, "update"),
            count(blanked, "value")
        ));
    }
    let mut some = |number: u64, text: String| {
        if number > 0 {
            section.own(text);
        }
    };
    some(totals.stamps, format!("{} to be written into the CRM", count(totals.stamps, "Flowtly id")));
    some(totals.conflicts, format!("new: {}", count(totals.conflicts, "conflict")));
    some(totals.questions, format!("new: {}", count(totals.questions, "question")));
    some(
        totals.local,
        format!("{} paused, resumed, separated or going on with another id", count(totals.local, "pair")),
    );
    some(totals.agreed, format!("{} agreed without sending anything", count(totals.agreed, "field")));
    let skipped: u64 = totals.skipped.values().sum();
    if skipped > 0 {
        section.own(format!("{} left as they are:", count(skipped, "record")));
        for (reason, number) in &totals.skipped {
            section.own_below(format!("{number} {reason}"));
        }
    }
    if report.ending.was_carried_out() {
        section.own(format!(
            "carried out: {}; {} refused, {} put off",
            count(report.written, "write"),
            report.refused,
            report.put_off
        ));
    }
    section
}

fn documents(report: &Report, documents: &DocumentsReport, detail: Detail) -> Section {
    let mut section = Section::new("Documents");
    if documents.planned() > 0 {
        section.own(format!(
            "{} to be shown, {} to be renamed in the CRM",
            count(documents.shows, "document"),
            documents.renames
        ));
    }
    if report.ending.was_carried_out() && documents.planned() > 0 {
        section.own(format!(
            "carried out: {} shown, {} renamed; {} refused, {} of unknown outcome, {} put off",
            documents.shown, documents.renamed, documents.refused, documents.unknown, documents.put_off
        ));
    }
    if documents.adopted > 0 {
        section.own(format!("{} found there already, by our mark", count(documents.adopted, "document")));
    }
    if documents.unread > 0 {
        section.own_toned(
            Tone::Ask,
            format!("of {} the documents could not be read; it is tried again", count(documents.unread, "company")),
        );
    }
    if let Some(trouble) = &documents.trouble {
        match detail {
            Detail::Totals => section.own("left alone for now"),
            Detail::Brief | Detail::Full => section.foreign(format!("left alone for now: {trouble}")),
        }
    }
    section
}

/// How documents stand, for a certificate.
fn documents_stand(section: &mut Section, stand: &Stand) {
    section.own(format!("{} shown in the CRM", count(stand.shown, "document")));
    let mut some = |number: u64, text: &str| {
        if number > 0 {
            section.own_below(format!("{number} {text}"));
        }
    };
    some(stand.wanted - stand.refused.min(stand.wanted), "still to be shown or renamed");
    some(stand.refused, "refused by the CRM; tried again by itself");
    some(stand.unknown, "sent or moved, and looked for");
    some(stand.removed, "taken away in the CRM, and left alone");
    some(stand.gone, "gone in Flowtly; what shows them is left alone");
    some(stand.incomplete, "without id or name in Flowtly: not shown; see `explain company:…`");
}

fn refusals(report: &Report, detail: Detail) -> Section {
    let mut section = Section::new(match report.ending {
        Ending::Planned => "Would be refused",
        Ending::Applied | Ending::Partly | Ending::Refused => "Refused",
    });
    for refusal in &report.refusals {
        section.own_toned(Tone::Bad, format!("{}: {}", refusal.name, refusal.message));
        for example in refusal.examples.iter().filter(|_| detail != Detail::Totals) {
            section.foreign_below(words::example(example));
        }
    }
    section
}

fn troubles(report: &Report, detail: Detail) -> Section {
    let mut section = Section::new("Troubles");
    for (side, error) in &report.failing {
        let words = if detail == Detail::Totals { error.unquoted() } else { error.to_string() };
        section.foreign(format!("{side} failed while it was written: {words}"));
    }
    for (side, kind, error) in report.refusing() {
        section.foreign(format!("{side} takes no new {kind} records, changes go on: {error}"));
    }
    for (side, kind) in &report.not_whole {
        section.own(format!(
            "the list of {kind} records in {side} could not be read whole: nothing is taken as gone because of it, and nothing \
             is created there"
        ));
    }
    for (side, kind, path) in &report.vanished {
        section.foreign(format!(
            "no {kind} in {side} shows the mapped property {path} any more, although some had a value: its field is left \
             alone. Is it still there, and may the user that signs in see it? If people emptied it everywhere, put a value into \
             one record: then what is empty counts as emptied"
        ));
    }
    for (side, kind, path) in report.missing.iter().filter(|missing| !report.vanished.contains(missing)) {
        section.foreign(format!(
            "{side} does not show the mapped {kind} property {path}: its field is left alone; \
             see flowtly-sync check"
        ));
    }
    section
}

fn waiting(report: &Report) -> Section {
    let (conflicts, questions, failures) = report.waiting;
    let mut section = Section::new("Waits for a person");
    let mut some = |number: u64, noun: &str, mend: &str| {
        if number > 0 {
            section.own_toned(Tone::Ask, format!("{}: {mend}", count(number, noun)));
        }
    };
    some(conflicts, "conflict", "`flowtly-sync conflicts` lists them, `conflicts resolve` decides");
    some(questions, "question", "`flowtly-sync questions` lists them, `questions answer` answers");
    some(failures, "refused record", "`flowtly-sync failures` shows why; it is tried again by itself");
    if report.more {
        section.own("more is due at once: the next pass goes on");
    }
    section
}

/// How every pair stands.
pub fn certificate(certificate: &Certificate) -> Section {
    let mut section = Section::new("Certificate");
    section.own(match certificate.as_of {
        Some(at) => format!("as of the last complete scan at {}:", when(at)),
        None => "neither side, or only one, has been walked whole yet; as far as is known:".to_owned(),
    });
    section.own(format!("{} equal", count(certificate.equal, "pair")));
    section.own(format!("{} for a stated reason", verb(certificate.differ, "differs", "differ")));
    for (reason, number) in &certificate.reasons {
        section.own_below(format!("{number} {reason}"));
    }
    section.own(format!("{} for a person", verb(certificate.waiting, "waits", "wait")));
    section.own(format!("{} on in the next pass", verb(certificate.pending, "goes", "go")));
    let unexplained = format!("{} without a reason", verb(certificate.unexplained, "differs", "differ"));
    if certificate.unexplained == 0 {
        section.own(unexplained);
    } else {
        section.own_toned(Tone::Bad, format!("{unexplained}: a fault of this program, please report it"));
    }
    let unlinked: u64 = certificate.unlinked.values().sum();
    if unlinked > 0 {
        section.own(format!("{} without a partner:", count(unlinked, "record")));
        for (reason, number) in &certificate.unlinked {
            // Whose it is comes before the reason.
            let (whose, why) = reason.split_once(": ").unwrap_or(("record", reason));
            section.own_below(format!("{}: {why}", count(*number, whose)));
        }
    }
    if let Some(stand) = &certificate.documents {
        documents_stand(&mut section, stand);
    }
    section
}

fn verb(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number, "pair"), if number == 1 { one } else { many })
}
