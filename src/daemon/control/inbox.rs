//! What people ask for, between two passes.

use std::collections::VecDeque;
use std::fmt;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::protocol::{Ask, Outcome};
use crate::domain::safety::RefusalName;
use crate::store::Store;
use crate::sync::PassError;
use crate::sync::pass::{Report, Request};

/// How often a pass that was asked for goes on with what it left due, before the person is told: as often as `reconcile` alone.
pub const ROUNDS: u32 = 3;

/// A request, and where its outcome goes.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) ask: Ask,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// Who carries decisions out: the very functions that the commands call when no daemon runs.
#[async_trait(?Send)]
pub trait Desk {
    /// Carries a decision out. Called between two passes only, never while a plan is applied.
    async fn decide(&self, store: &mut Store, ask: &Ask) -> Outcome;

    /// Says how a pass ended, as `reconcile` does: `quiet` says it in sums alone.
    async fn report(&self, store: &mut Store, report: &Report, quiet: bool) -> Outcome;
}

/// Somebody who waits for a pass.
struct Asker {
    reply: oneshot::Sender<Outcome>,
    quiet: bool,
    told: String,
    rounds: u32,
}

/// Whether the next pass may begin at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hurry {
    /// Somebody asked for a pass.
    Pass,
    /// Something was decided, which a pass carries out.
    Decided,
    /// Nothing was asked for.
    None,
}

/// What people ask for. Requests are taken up between two passes, in the order in which they came.
pub struct Inbox<'a> {
    desk: &'a dyn Desk,
    post: Post,
}

/// What people asked for and nobody has taken up, whoever carries it out.
pub struct Post {
    letters: Option<mpsc::Receiver<Letter>>,
    arrived: VecDeque<Letter>,
    /// Who waits for the pass that comes next, or that is under way.
    askers: Vec<Asker>,
    full: bool,
    allow: Vec<RefusalName>,
}

impl fmt::Debug for Inbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("post", &self.post).finish_non_exhaustive()
    }
}

impl Post {
    pub(super) fn new(letters: Option<mpsc::Receiver<Letter>>) -> Self {
        Self { letters, arrived: VecDeque::new(), askers: Vec::new(), full: false, allow: Vec::new() }
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("arrived", &self.arrived.len())
            .field("askers", &self.askers.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Inbox<'a> {
    /// What was asked for is carried out at this desk from now on.
    pub fn at(desk: &'a dyn Desk, post: Post) -> Self {
        Self { desk, post }
    }

    /// Leaves the desk, with what was asked for.
    pub fn leave(self) -> Post {
        self.post
    }

    /// Returns when a request is there; without a socket never. May be dropped at any time: nothing is lost.
    pub async fn arrived(&mut self) {
        if !self.post.arrived.is_empty() {
            return;
        }
        let letter = match &mut self.post.letters {
            Some(letters) => letters.recv().await,
            None => None,
        };
        match letter {
            Some(letter) => self.post.arrived.push_back(letter),
            None => std::future::pending().await,
        }
    }

    /// Carries out what was asked for so far; passes that were asked for wait for [`Self::request`].
    pub async fn take_up(&mut self, store: &mut Store) -> Hurry {
        let mut hurry = if self.post.askers.is_empty() { Hurry::None } else { Hurry::Pass };
        while let Some(letter) = self.next() {
            let Letter { ask, reply } = letter;
            // Who has left did not see what would be done.
            if reply.is_closed() {
                continue;
            }
            if let Ask::Reconcile { full, allow, quiet } = ask {
                self.post.full |= full;
                self.post.allow.extend(allow);
                self.post.askers.push(Asker { reply, quiet, told: String::new(), rounds: 0 });
                hurry = Hurry::Pass;
                continue;
            }
            let outcome = self.desk.decide(store, &ask).await;
            if hurry == Hurry::None && matches!(outcome, Outcome::Done { .. }) {
                hurry = Hurry::Decided;
            }
            // That the person has left by now changes nothing: it is done.
            let _ = reply.send(outcome);
        }
        hurry
    }

    fn next(&mut self) -> Option<Letter> {
        self.post.arrived.pop_front().or_else(|| self.post.letters.as_mut()?.try_recv().ok())
    }

    /// Whether somebody still waits after [`Self::passed`]: the next pass goes on at once.
    pub fn is_waited_for(&self) -> bool {
        !self.post.askers.is_empty()
    }

    /// What the next pass is asked to do beside what the schedule wants.
    pub fn request(&mut self, mut request: Request) -> Request {
        request.complete |= std::mem::take(&mut self.post.full);
        request.allow.extend(std::mem::take(&mut self.post.allow));
        request
    }

    /// Tells those who waited for the pass how it ended; who is told is told once, when what it left due was gone on with.
    pub async fn passed(&mut self, store: &mut Store, outcome: &Result<Report, PassError>) {
        let askers = std::mem::take(&mut self.post.askers);
        let goes_on = outcome.as_ref().is_ok_and(goes_on);
        for mut asker in askers {
            let said = match outcome {
                Ok(report) => self.desk.report(store, report, asker.quiet).await,
                Err(error) => Outcome::Failed(error.to_string()),
            };
            match said {
                Outcome::Done { told, code } => {
                    asker.rounds += 1;
                    asker.told.push_str(&told);
                    if goes_on && asker.rounds < ROUNDS {
                        self.post.askers.push(asker);
                    } else {
                        let _ = asker.reply.send(Outcome::Done { told: asker.told, code });
                    }
                }
                Outcome::Failed(message) => {
                    let _ = asker.reply.send(Outcome::Failed(message));
                }
            }
        }
    }
}

/// Whether a single run goes on at once with what was left due.
pub fn goes_on(report: &Report) -> bool {
    report.more && !report.has_trouble() && report.ending.was_carried_out()
}
