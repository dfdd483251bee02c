//! Shows documents in the CRM: guard, journal, send, settle.
//!
//! The guard is what the CRM shows at the company just then: what carries a mark already is adopted and not shown again. A
//! document that is refused, or whose outcome is not known, stops no other; a CRM that takes none at all is left alone.

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{REFUSAL_GAPS, Sinks, UNKNOWN_IN_A_ROW, is_belated};
use crate::connector::error::{Outcome, PortError};
use crate::connector::port::{Showing, Shown, Sink};
use crate::domain::documents::{Does, Known, Listing, Verdict, Wanted, plan_company};
use crate::domain::plan::LinkId;
use crate::domain::record::{RemoteId, Side};
use crate::store::document::{self, DocumentId, Row};
use crate::store::link::LinkState;
use crate::store::{Store, StoreError, link};
use crate::sync::documents::{DocumentsReport, found, hold, settling};
use crate::sync::plan::Situation;
use crate::sync::{PassError, World};

/// How many planned rows are held at once.
const ROWS: u32 = 200;

/// Carries out what is planned of documents, company by company.
pub(crate) async fn show_documents(
    world: World<'_>,
    sinks: Sinks<'_>,
    store: &mut Store,
    situation: &Situation,
    report: &mut DocumentsReport,
    stop: &CancellationToken,
) -> Result<(), PassError> {
    let mut shower = Shower { world, sinks, situation, report, unknown_in_a_row: 0, stopped: false };
    let mut after = (LinkId(0), DocumentId(0));
    while !shower.stopped && !stop.is_cancelled() {
        let rows = document::planned(store.connection(), situation.pass, after, ROWS).await?;
        let Some(last) = rows.last() else { break };
        after = (last.link, last.id);
        for company in rows.chunk_by(|one, other| one.link == other.link) {
            if shower.stopped || stop.is_cancelled() {
                break;
            }
            shower.company(store, company).await?;
        }
    }
    report.put_off += document::left(store.connection(), situation.pass).await?;
    if report.trouble.is_none() && report.shown + report.renamed > 0 {
        hold::clear(store).await?;
    }
    report.stand = document::stand(store.connection()).await?;
    Ok(())
}

struct Shower<'a> {
    world: World<'a>,
    sinks: Sinks<'a>,
    situation: &'a Situation,
    report: &'a mut DocumentsReport,
    unknown_in_a_row: u32,
    /// The CRM takes no more in this pass.
    stopped: bool,
}

/// A document that is about to be sent.
struct Sending {
    row: Row,
    does: Does,
}

impl Shower<'_> {
    async fn company(&mut self, store: &mut Store, rows: &[Row]) -> Result<(), PassError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let links = link::by_id(store.connection(), &[first.link]).await?;
        let link = links.get(&first.link).filter(|link| link.state == LinkState::Live);
        // It was paused, separated or merged since it was planned.
        let Some(company) = link.map(|link| link.crm_id.clone()).filter(|id| *id == first.known.company) else {
            return self.put_off(store, rows).await;
        };
        let begun = self.world.clock.now();
        let shown = match self.sinks.of(Side::Crm).shown(&company).await {
            Ok(Some(shown)) => found(shown),
            Ok(None) => return self.put_off(store, rows).await,
            Err(error) => {
                if !error.kind.is_about_record() {
                    self.trouble(store, &error).await?;
                }
                return self.put_off(store, rows).await;
            }
        };
        let wanted: Vec<Wanted> = rows.iter().map(|row| wanted(&row.known)).collect();
        let known: Vec<Known> = rows.iter().map(|row| row.known.clone()).collect();
        let listing = Some(Listing { begun, found: &shown });
        let verdicts = plan_company(&wanted, &known, listing, &company, begun, settling(self.world));
        let mut sendings = Vec::new();
        let mut transaction = store.begin().await?;
        for (row, Verdict { known, does, .. }) in rows.iter().zip(verdicts) {
            if known != row.known || !does.sends() {
                document::put(&mut transaction, row.link, &known).await?;
            }
            match does {
                Does::Show | Does::Rename => sendings.push(Sending { row: Row { known, ..row.clone() }, does }),
                Does::Adopt => {
                    document::add(&mut transaction, self.situation.pass, begun, row.id, does, &known.title).await?;
                    self.report.adopted += 1;
                }
                Does::Nothing => self.report.put_off += 1,
            }
        }
        transaction.commit().await.map_err(StoreError::from)?;
        let at_once = self.world.crm.capabilities().concurrent_writes.max(1);
        for group in sendings.chunks(at_once) {
            if self.stopped {
                break;
            }
            self.send(store, &company, group).await?;
        }
        document::refresh_due(store.connection(), &[first.link]).await?;
        Ok(())
    }

    /// Journals some documents, sends them at once, and settles each.
    async fn send(&mut self, store: &mut Store, company: &RemoteId, group: &[Sending]) -> Result<(), PassError> {
        let now = self.world.clock.now();
        let ids: Vec<DocumentId> = group.iter().map(|sending| sending.row.id).collect();
        document::sending(store.connection(), now, now + settling(self.world), &ids).await?;
        let sink = self.sinks.of(Side::Crm);
        let answers =
            futures_util::future::join_all(group.iter().map(|sending| show(sink, company, &sending.row.known))).await;
        for (sending, answer) in group.iter().zip(answers) {
            match answer {
                Ok(shown) => self.settle(store, sending, &shown).await?,
                Err(error) => self.failed(store, sending, &error).await?,
            }
        }
        self.world.progress.applied(group.len() as u64);
        Ok(())
    }

    async fn settle(&mut self, store: &mut Store, sending: &Sending, shown: &Shown) -> Result<(), PassError> {
        let Sending { row: Row { id, known, .. }, does } = sending;
        self.unknown_in_a_row = 0;
        let now = self.world.clock.now();
        let mut transaction = store.begin().await?;
        // What was sent is what it says: how the CRM words it is not sent against for ever.
        document::settled(&mut transaction, *id, &shown.id, known.fingerprint()).await?;
        document::add(&mut transaction, self.situation.pass, now, *id, *does, &known.title).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        match does {
            Does::Rename => self.report.renamed += 1,
            Does::Show | Does::Adopt | Does::Nothing => self.report.shown += 1,
        }
        info!(document.id = known.document, crm.id = %shown.id, document.did = does.as_str(), "a document is shown");
        Ok(())
    }

    async fn failed(&mut self, store: &mut Store, sending: &Sending, error: &PortError) -> Result<(), PassError> {
        let Row { id, known, .. } = &sending.row;
        match (error.kind.outcome(), error.kind.is_about_record()) {
            (Outcome::Unknown, _) => {
                self.report.unknown += 1;
                self.unknown_in_a_row += 1;
                warn!(document.id = known.document, error.kind = ?error.kind, "what came of a document is not known; it is looked for");
                if self.unknown_in_a_row >= UNKNOWN_IN_A_ROW {
                    self.trouble(store, error).await?;
                }
            }
            (Outcome::NotApplied, true) => {
                self.report.refused += 1;
                let now = self.world.clock.now();
                let mut transaction = store.begin().await?;
                let (attempts, _) =
                    document::refused(&mut transaction, *id, known.fingerprint(), &error.message, now).await?;
                let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(REFUSAL_GAPS.len() - 1);
                let gap = REFUSAL_GAPS.get(place).copied().unwrap_or(TimeDelta::days(7));
                document::set_next_try(&mut transaction, *id, now + gap).await?;
                transaction.commit().await.map_err(StoreError::from)?;
                warn!(document.id = known.document, error.kind = ?error.kind, "the CRM refused a document; it waits");
            }
            (Outcome::NotApplied, false) if is_belated(error) => {
                document::void(store.connection(), *id).await?;
                self.report.put_off += 1;
            }
            (Outcome::NotApplied, false) => {
                document::void(store.connection(), *id).await?;
                self.report.put_off += 1;
                self.trouble(store, error).await?;
            }
        }
        Ok(())
    }

    async fn put_off(&mut self, store: &mut Store, rows: &[Row]) -> Result<(), PassError> {
        let ids: Vec<DocumentId> = rows.iter().map(|row| row.id).collect();
        document::put_off(store.connection(), &ids).await?;
        self.report.put_off += rows.len() as u64;
        Ok(())
    }

    /// No more documents are sent in this pass. What was under way at once may fail alike: that is one trouble, told once.
    async fn trouble(&mut self, store: &mut Store, error: &PortError) -> Result<(), PassError> {
        if self.stopped {
            return Ok(());
        }
        let words = format!("{}: {error}", Side::Crm);
        if hold::lasts(error) {
            hold::put(store, self.world.clock.now(), &words).await?;
        }
        warn!(error.kind = ?error.kind, "no more documents are sent in this pass");
        self.report.trouble.get_or_insert(words);
        self.stopped = true;
        Ok(())
    }
}

async fn show(sink: &dyn Sink, company: &RemoteId, known: &Known) -> Result<Shown, PortError> {
    let showing = Showing { mark: known.mark.clone(), title: known.title.clone(), link: known.link.clone() };
    sink.show(company, known.crm_id.as_ref(), &showing).await
}

fn wanted(known: &Known) -> Wanted {
    Wanted {
        mark: known.mark.clone(),
        document: known.document.clone(),
        title: known.title.clone(),
        link: known.link.clone(),
    }
}
