//! Reads the documents of the companies that are due, holds them against what is known and what the CRM shows, and takes what
//! is wanted into the plan.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use futures_util::future::join_all;
use tracing::{info, warn};

use super::{DocumentsReport, found, hold};
use crate::connector::error::PortError;
use crate::connector::port::Document;
use crate::domain::documents::{
    Does, Entry, Found, Incomplete, Known, Listing, Readable, State, Verdict, needs_listing, plan_company, read,
};
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::{Example, FEW};
use crate::store::document::{self, Company, DocumentId, Due, Looked};
use crate::store::{Store, StoreError, link};
use crate::sync::plan::Situation;
use crate::sync::{PassError, World};

/// How many companies are looked up in the state together.
const COMPANIES: u32 = 250;

/// How many documents that lack something are named.
const NAMED: usize = 20;

/// How long after a send its absence proves nothing.
pub(crate) fn settling(world: World<'_>) -> TimeDelta {
    let capabilities = world.crm.capabilities();
    // Beyond all reckoning is later than any pass asks.
    TimeDelta::from_std(capabilities.longest_request + capabilities.lag).unwrap_or(TimeDelta::days(365))
}

/// How long a company rests whose documents could not be read.
const UNREAD_GAP: TimeDelta = TimeDelta::hours(1);

/// After this many companies in a row whose documents could not be read the pass goes on without.
const UNREAD_IN_A_ROW: u32 = 3;

/// Why no more documents are read in this pass.
struct Trouble {
    words: String,
    /// The same for the log.
    told: String,
    lasts: bool,
}

/// The reading of one pass.
struct Reading<'a> {
    world: World<'a>,
    situation: &'a Situation,
    report: DocumentsReport,
    unread_in_a_row: u32,
    trouble: Option<Trouble>,
}

/// Plans the documents; `None` where they are off. `changed` are the links that this pass looked at.
pub(crate) async fn plan_documents(
    world: World<'_>,
    store: &mut Store,
    situation: &Situation,
    changed: &BTreeSet<LinkId>,
) -> Result<Option<DocumentsReport>, PassError> {
    let Some(rules) = world.ruling.documents else { return Ok(None) };
    let mut report = DocumentsReport::default();
    let changed: Vec<LinkId> = changed.iter().copied().collect();
    // What is not read now, although it ought to be, is read when it can be.
    let missed = (!situation.complete).then_some(changed.as_slice());
    let held = hold::load(store).await?;
    let was_held = held.is_some();
    if let Some(hold) = held.filter(|hold| hold.until > situation.now) {
        report.trouble =
            Some(format!("{}; tried again from {} on", hold.words, hold.until.format("%Y-%m-%d %H:%M UTC")));
        // Nothing of an earlier plan is shown as this one's.
        document::put_off_all(store.connection()).await?;
        document::look_again(store.connection(), missed, situation.now).await?;
        report.stand = document::stand(store.connection()).await?;
        return Ok(Some(report));
    }
    let due = Due { complete: situation.complete, links: &changed, now: situation.now };
    let mut reading = Reading { world, situation, report, unread_in_a_row: 0, trouble: None };
    let mut after = LinkId(0);
    while reading.trouble.is_none() {
        let companies = document::due(store.connection(), due, after, COMPANIES).await?;
        let Some(last) = companies.last() else { break };
        after = last.link;
        for chunk in companies.chunks(rules.at_once.max(1)) {
            if reading.trouble.is_none() {
                reading.look(store, chunk).await?;
            }
        }
    }
    let Reading { mut report, trouble, .. } = reading;
    if let Some(Trouble { words, told, lasts }) = trouble {
        warn!(documents.lasts = lasts, "documents could not be read: {told}");
        document::look_again(store.connection(), missed, situation.now).await?;
        if lasts {
            hold::put(store, situation.now, &words).await?;
        }
        report.trouble = Some(words);
    }
    let planned = document::plan(store.connection(), situation.pass, situation.now).await?;
    (report.shows, report.renames) = (planned.shows, planned.renames);
    if was_held && report.trouble.is_none() && report.companies > 0 && report.planned() == 0 {
        hold::clear(store).await?;
    }
    report.examples = examples(store, situation.pass).await?;
    report.stand = document::stand(store.connection()).await?;
    Ok(Some(report))
}

impl Reading<'_> {
    /// Reads the documents of some companies at once and decides.
    async fn look(&mut self, store: &mut Store, companies: &[Company]) -> Result<(), PassError> {
        let world = self.world;
        let lists = join_all(companies.iter().map(|company| world.flowtly.documents(&company.flowtly))).await;
        let mut looks = Vec::new();
        for (company, list) in companies.iter().zip(lists) {
            match list {
                Ok(Some(documents)) => {
                    let entries: Vec<Entry> = documents.into_iter().map(entry).collect();
                    let readable = read(&self.situation.organisation, company.flowtly.as_str(), &entries);
                    let marks: Vec<&str> = readable.wanted.iter().map(|wanted| wanted.mark.as_str()).collect();
                    let known = document::known(store.connection(), company.link, &marks).await?;
                    let known: Vec<Known> = known.into_iter().map(|row| row.known).collect();
                    let asks = needs_listing(&readable.wanted, &known, &company.crm);
                    looks.push((company, readable, known, asks));
                }
                Ok(None) => {
                    self.stop(
                        "Flowtly shows no documents at flowtly.documents_path: mend it, or set documents = false",
                    );
                }
                Err(error) => self.unread(store, Side::Flowtly, company, &error).await?,
            }
        }
        let begun = world.clock.now();
        let shown = join_all(looks.iter().map(|(company, _, _, asks)| shown(world, &company.crm, *asks))).await;
        let mut decided = Vec::new();
        for ((company, readable, known, _), shown) in looks.into_iter().zip(shown) {
            let shown = match shown {
                Ok(shown) => shown,
                Err(None) => {
                    self.stop("this CRM shows no documents: set documents = false");
                    continue;
                }
                Err(Some(error)) => {
                    self.unread(store, Side::Crm, company, &error).await?;
                    continue;
                }
            };
            let listing = shown.as_deref().map(|found| Listing { begun, found });
            let now = self.situation.now;
            let verdicts = plan_company(&readable.wanted, &known, listing, &company.crm, now, settling(world));
            self.report.companies += 1;
            self.unread_in_a_row = 0;
            decided.push((company, readable, known, verdicts));
        }
        world.progress.looked();
        note(store, self.situation, decided, &mut self.report).await
    }

    /// Documents are not there at all.
    fn stop(&mut self, words: &str) {
        self.trouble.get_or_insert(Trouble { words: words.to_owned(), told: words.to_owned(), lasts: true });
    }

    /// One company's documents could not be read: it rests, and the others go on, unless it is the side that fails.
    async fn unread(
        &mut self,
        store: &mut Store,
        side: Side,
        company: &Company,
        error: &PortError,
    ) -> Result<(), PassError> {
        self.report.unread += 1;
        self.unread_in_a_row += 1;
        let now = self.situation.now;
        let lasts = hold::lasts(error);
        if lasts || self.unread_in_a_row >= UNREAD_IN_A_ROW {
            let told = format!("{side}: {}", error.unquoted());
            self.trouble.get_or_insert(Trouble { words: format!("{side}: {error}"), told, lasts });
        } else {
            document::look_failed(store.connection(), company.link, now, now + UNREAD_GAP).await?;
        }
        warn!(
            side.name = side.as_str(),
            company.id = %company.flowtly,
            error.kind = ?error.kind,
            "the documents of a company could not be read"
        );
        Ok(())
    }
}

/// What the CRM shows at a company, if it is asked. A failure without an error: it shows no documents at all.
async fn shown(world: World<'_>, company: &RemoteId, asks: bool) -> Result<Option<Vec<Found>>, Option<PortError>> {
    if !asks {
        return Ok(None);
    }
    match world.crm.shown(company).await {
        Ok(Some(shown)) => Ok(Some(found(shown))),
        Ok(None) => Err(None),
        Err(error) => Err(Some(error)),
    }
}

type Decided<'a> = (&'a Company, Readable, Vec<Known>, Vec<Verdict>);

/// Writes down what was decided, in one transaction.
async fn note(
    store: &mut Store,
    situation: &Situation,
    decided: Vec<Decided<'_>>,
    report: &mut DocumentsReport,
) -> Result<(), PassError> {
    let mut transaction = store.begin().await?;
    let links: Vec<LinkId> = decided.iter().map(|(company, ..)| company.link).collect();
    for (company, readable, known, verdicts) in decided {
        let before: BTreeMap<&str, &Known> = known.iter().map(|known| (known.mark.as_str(), known)).collect();
        let mut adopted = Vec::new();
        for verdict in &verdicts {
            let earlier = before.get(verdict.known.mark.as_str()).copied();
            if earlier != Some(&verdict.known) {
                document::put(&mut transaction, company.link, &verdict.known).await?;
                tell(company, earlier, verdict);
            }
            if verdict.does == Does::Adopt {
                adopted.push(verdict.known.mark.as_str());
            }
        }
        if !adopted.is_empty() {
            report.adopted += adopted.len() as u64;
            for row in document::known(&mut transaction, company.link, &adopted).await? {
                if adopted.contains(&row.known.mark.as_str()) {
                    let (pass, now) = (situation.pass, situation.now);
                    document::add(&mut transaction, pass, now, row.id, Does::Adopt, &row.known.title).await?;
                }
            }
        }
        let looked = Looked { incomplete: readable.incomplete.len() as u64, lacks: lacks(&readable.incomplete) };
        let is_news = document::put_look(&mut transaction, company.link, situation.now, &looked).await?;
        if is_news && looked.incomplete > 0 {
            let missing: BTreeSet<&str> = readable.incomplete.iter().map(|incomplete| incomplete.missing).collect();
            let missing: Vec<&str> = missing.into_iter().collect();
            warn!(
                company.id = %company.flowtly,
                documents.incomplete = looked.incomplete,
                documents.missing = missing.join(", "),
                "Flowtly lists documents that cannot be shown, because something is missing: {}",
                missing.join(", ")
            );
        }
    }
    document::refresh_due(&mut transaction, &links).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Tells once what nobody carries out.
fn tell(company: &Company, earlier: Option<&Known>, verdict: &Verdict) {
    let Known { document, state, gone, .. } = &verdict.known;
    if *gone && earlier.is_some_and(|earlier| !earlier.gone) {
        info!(company.id = %company.flowtly, document.id = document, "a document is gone in Flowtly; what shows it is left alone");
    } else if *state == State::Removed && earlier.is_some_and(|earlier| earlier.state != *state) {
        info!(company.id = %company.flowtly, document.id = document, "a document was taken away in the CRM, and is left alone");
    }
}

fn entry(document: Document) -> Entry {
    Entry { id: document.id, name: document.name, location: document.location }
}

/// In words, for people: `document 5 has no name; "offer.pdf" has no id`.
fn lacks(incomplete: &[Incomplete]) -> String {
    let mut words: Vec<String> = incomplete
        .iter()
        .take(NAMED)
        .map(|incomplete| match (&incomplete.known_as, incomplete.missing) {
            (Some(id), missing @ "name") => format!("document {id} has no {missing}"),
            (Some(name), missing) => format!("\u{201c}{name}\u{201d} has no {missing}"),
            (None, missing) => format!("a document has no {missing}"),
        })
        .collect();
    let more = incomplete.len().saturating_sub(NAMED);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join("; ")
}

async fn examples(store: &mut Store, pass: i64) -> Result<Vec<Example>, StoreError> {
    let few = u32::try_from(FEW).unwrap_or(1);
    let rows = document::planned(store.connection(), pass, (LinkId(0), DocumentId(0)), few).await?;
    let links: Vec<LinkId> = rows.iter().map(|row| row.link).collect();
    let links = link::by_id(store.connection(), &links).await?;
    Ok(rows
        .into_iter()
        .map(|row| Example {
            kind: Kind::Company,
            label: row.known.title,
            flowtly: links.get(&row.link).map(|link| link.flowtly_id.clone()),
            crm: Some(row.known.company),
            values: None,
        })
        .collect())
}
