//! What is done about a pass that nobody watches, beside the pass: as in the daemon the state is copied when that is due, and what
//! needs a person is put up for whoever brings it to people.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::session::Session;
use crate::daemon::backups::Backups;
use crate::daemon::quarantine::{self, Quarantine};
use crate::notice::look::{Desk, Ended};
use crate::store::{Store, StoreError, quarantine as known};
use crate::sync::PassError;
use crate::sync::pass::Report;

/// Whoever does it.
#[derive(Debug)]
pub(super) struct Unwatched<'a> {
    desk: Option<&'a Desk>,
    backups: Option<Backups>,
    quarantine: Quarantine,
}

impl<'a> Unwatched<'a> {
    /// Before the first pass. A side that failed the last time is tried at once, and goes on being counted.
    pub(super) async fn begin(
        session: &Session,
        desk: Option<&'a Desk>,
        store: &mut Store,
    ) -> Result<Self, StoreError> {
        let settings = &session.settings;
        let backups = settings
            .backup
            .is_some()
            .then(|| Backups::start(settings.state_path.clone(), None, Arc::clone(&session.clock)));
        let quarantine = Quarantine::after_a_start(known::load(store.connection()).await?, session.clock.now());
        known::save(store.connection(), quarantine.sides()).await?;
        Ok(Self { desk, backups, quarantine })
    }

    /// A pass came to its end. Returns when a copy that was due is made, or cannot be, or `stop` came before that.
    pub(super) async fn passed(
        &mut self,
        session: &Session,
        store: &mut Store,
        outcome: &Result<Report, PassError>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let (schedule, now) = (session.settings.schedule.beats(), session.clock.now());
        match outcome {
            Ok(report) => drop(quarantine::ended(&mut self.quarantine, report, &schedule, now)),
            // Of neither follows how anything stands.
            Err(PassError::Stopped | PassError::Store(_)) => return Ok(()),
            Err(error) => drop(self.quarantine.failed(error, &schedule, now)),
        }
        known::save(store.connection(), self.quarantine.sides()).await?;
        if let (Some(backups), Some(plan)) = (&self.backups, &session.settings.backup) {
            backups.passed(plan, store).await?;
            tokio::select! {
                () = backups.rest() => {}
                () = stop.cancelled() => {}
            }
        }
        if let Some(desk) = self.desk {
            let unsaved = self.backups.as_ref().map_or(Some(false), Backups::fails);
            let silent = crate::sync::Silent;
            let (world, ended) = (session.world(&silent), Ended::of(outcome));
            desk.passed(store, &world, self.quarantine.sides(), unsaved, ended).await?;
        }
        Ok(())
    }
}

/// Whether people are told of an error as of one that stops the daemon. A side that fails has been put up already.
pub(super) fn tells_of(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<PassError>() {
        Some(PassError::Store(_)) | None => true,
        Some(
            PassError::Side { .. }
            | PassError::WrongAccount { .. }
            | PassError::AccountNotTold { .. }
            | PassError::Stopped,
        ) => false,
    }
}
