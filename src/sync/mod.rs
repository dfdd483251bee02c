//! One pass, step by step. Each step is a function that takes ports, store and clock.
//!
//! In order: [`probe`] asks both sides who they are; [`recover`] closes open intents by evidence; [`scan`] reads what is
//! there and [`stage`]s what differs (`hinted` reads what webhooks name, by id); `vanished` finds properties that no record
//! shows any more;
//! `apart` takes a group of reads by id asunder that one record holds up; `canary` looks for the pairs that must be there; [`gone`] confirms what is missing;
//! [`plan`] decides, with [`match_up`] for records without a link; `judged` holds the plan against `domain::safety`;
//! [`apply`] writes: guard, intent, write, settle; [`documents`] are read, planned and shown apart from all that;
//! [`certificate`] says how it stands; `decide` is the story up to the verdict on the plan, [`pass`] the whole of it.
//!
//! Architecture invariant: only [`apply`] is given a `Sink`.

pub mod probe;
pub mod recover;
pub mod scan;
mod lag;
pub mod stage;
mod hinted;
mod apart;
mod canary;
mod vanished;
pub mod gone;
pub mod match_up;
pub(crate) mod answered;
pub mod plan;
pub mod apply;
pub mod documents;
pub mod certificate;
mod standing;
mod judged;
mod decide;
pub mod pass;

mod bitmap;

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::clock::Clock;
use crate::connector::error::PortError;
use crate::connector::port::{Lookup, Source};
use crate::connector::registry::Systems;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::rules::KindRules;
use crate::domain::safety::Limits;
use crate::domain::shape::{Shape, first_eight};
use crate::domain::value::Locale;
use crate::store::StoreError;

/// Moves when a normal form or a match key changes its meaning, so that every record is looked at again.
const NORMAL_FORMS: u64 = 1;

/// What the user decides, as the engine takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// The rules of companies.
    pub company: KindRules,
    /// The rules of contacts.
    pub contact: KindRules,
    /// The normal forms' surroundings.
    pub locale: Locale,
    /// The safety limits.
    pub limits: Limits,
    /// Flowtly's ids of companies whose pairs every pass must find on both sides; empty for the lowest pairs.
    pub canaries: Vec<RemoteId>,
    /// Whether, and how, Flowtly's documents are shown in the CRM.
    pub documents: Option<documents::DocumentRules>,
}

impl Ruling {
    /// The rules of a kind.
    pub const fn of(&self, kind: Kind) -> &KindRules {
        match kind {
            Kind::Company => &self.company,
            Kind::Contact => &self.contact,
        }
    }
}

/// What every step is given. The sources can only be read.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Flowtly, to read.
    pub flowtly: &'a dyn Source,
    /// The CRM, to read.
    pub crm: &'a dyn Source,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What the user decided.
    pub ruling: &'a Ruling,
    /// Who is told how it goes.
    pub progress: &'a dyn Progress,
    /// Whether its steps may overlap.
    pub pace: Pace,
}

/// Whether a pass overlaps what does not depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Both sides are read at once, and pages are fetched ahead while earlier ones are compared: the order of requests then
    /// depends on how fast everybody is.
    #[default]
    Together,
    /// One thing after the other: the same inputs give the same requests in the same order, for runs that are repeated.
    InTurn,
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

impl<'a> World<'a> {
    /// Both systems, with nobody who is told how it goes.
    pub fn of(systems: &'a Systems, clock: &'a dyn Clock, ruling: &'a Ruling) -> Self {
        Self {
            flowtly: systems.flowtly.as_ref(),
            crm: systems.crm.as_ref(),
            clock,
            ruling,
            progress: &Silent,
            pace: Pace::default(),
        }
    }

    /// A side, to read.
    pub fn source(&self, side: Side) -> &'a dyn Source {
        match side {
            Side::Flowtly => self.flowtly,
            Side::Crm => self.crm,
        }
    }

    /// What a side maps.
    pub fn shape(&self, side: Side, kind: Kind) -> &'a Shape {
        self.source(side).shape(kind)
    }

    /// What a side says of records by their ids, in the order asked.
    pub(crate) async fn look_up(&self, side: Side, kind: Kind, ids: &[RemoteId]) -> Result<Vec<Lookup>, PassError> {
        let answers = self.source(side).get(kind, ids).await.map_err(on(side))?;
        self.progress.looked();
        Ok(answers)
    }

    /// The hash of rules, mappings and scope: what verdicts are bound to.
    pub fn ruling_key(&self) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(NORMAL_FORMS.to_le_bytes());
        for side in Side::BOTH {
            for kind in Kind::BOTH {
                hasher.update(self.shape(side, kind).key().to_le_bytes());
            }
        }
        // Debug output of plain data: stable within a release, and another release may well look at everything again.
        hasher.update(format!("{:?}{:?}{:?}", self.ruling.company, self.ruling.contact, self.ruling.locale).as_bytes());
        first_eight(hasher)
    }
}

/// Is told how a pass goes: for progress bars and log lines. Numbers only, no personal data.
pub trait Progress: Send + Sync {
    /// Records were read.
    fn scanned(&self, side: Side, kind: Kind, rows: usize);
    /// A side answered about single records: the pass gets on, however long it takes.
    fn looked(&self);
    /// The plan is made: how many actions send something.
    fn planned(&self, actions: u64);
    /// Actions were carried out, refused or put off.
    fn applied(&self, actions: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn scanned(&self, _side: Side, _kind: Kind, _rows: usize) {}
    fn looked(&self) {}
    fn planned(&self, _actions: u64) {}
    fn applied(&self, _actions: u64) {}
}

/// Why a pass stopped. A record's failure is not one of these: it waits in `todo`, and the pass goes on.
#[derive(Debug, Error)]
pub enum PassError {
    /// The state is broken or cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A side does not answer, refuses the credential, or answers nonsense.
    #[error("{side}: {error}")]
    Side {
        /// Which.
        side: Side,
        /// What.
        error: PortError,
    },
    /// A side answers, but it is not the account that the state belongs to.
    #[error(
        "{side} is account {found}, but this state belongs to account {expected}; use the right credentials, or another \
         state file for another pair of accounts"
    )]
    WrongAccount {
        /// Which.
        side: Side,
        /// The account that answers.
        found: String,
        /// The account of the state.
        expected: String,
    },
    /// A side does not tell any more which account it is: it cannot be held against the one that the state belongs to.
    #[error(
        "{side} does not tell which account it is, but this state belongs to account {expected}; use credentials that may \
         see it, or name the account in the configuration"
    )]
    AccountNotTold {
        /// Which.
        side: Side,
        /// The account of the state.
        expected: String,
    },
    /// The program is stopping.
    #[error("stopped before the end; nothing is lost, the next pass goes on")]
    Stopped,
}

impl PassError {
    /// It without what a system says of it in its own words, for logs.
    pub fn unquoted(&self) -> String {
        match self {
            Self::Side { side, error } => format!("{side}: {}", error.unquoted()),
            Self::Store(_) | Self::WrongAccount { .. } | Self::AccountNotTold { .. } | Self::Stopped => {
                self.to_string()
            }
        }
    }
}

/// Names the side of a port's failure.
pub(crate) fn on(side: Side) -> impl Fn(PortError) -> PassError {
    move |error| PassError::Side { side, error }
}
