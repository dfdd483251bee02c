//! What people decide, carried out by whole passes: conflicts, questions about identity, refusals; alone and beside a daemon.

mod conflicts;
mod questions;
mod pairs;
mod daemon;

use flowtly_sync::commands::{conflicts as conflict_commands, failures, questions as question_commands};
use flowtly_sync::daemon::control::protocol::{Answer, Choose, Which};
use flowtly_sync::domain::plan::Asks;
use flowtly_sync::domain::record::{RemoteId, Side};

use crate::firm::Firm;

/// What a command printed, or why it did nothing.
type Told = Result<String, String>;

fn told(code: anyhow::Result<u8>, out: Vec<u8>) -> Told {
    match code {
        Ok(code) => {
            assert_eq!(code, 0);
            Ok(String::from_utf8(out).unwrap())
        }
        Err(error) => Err(format!("{error:#}")),
    }
}

impl Firm {
    /// `conflicts resolve NUMBER --take SIDE`.
    pub async fn take(&self, number: i64, side: Side) -> Told {
        self.resolve(Which::Numbers(vec![number]), Choose::Side(side)).await
    }

    /// `conflicts resolve …`.
    pub async fn resolve(&self, which: Which, choose: Choose) -> Told {
        let mut out = Vec::new();
        let (settings, clock) = (self.settings(), self.clock.as_ref());
        told(conflict_commands::resolve(&settings, clock, which, choose, &mut out).await, out)
    }

    /// `questions answer NUMBER …`.
    pub async fn answer(&self, number: i64, answer: Answer) -> Told {
        let mut out = Vec::new();
        let (settings, clock) = (self.settings(), self.clock.as_ref());
        told(question_commands::answer(&settings, clock, number, answer, &mut out).await, out)
    }

    /// `failures retry …`.
    pub async fn retry(&self, which: Which) -> Told {
        let mut out = Vec::new();
        let (settings, clock) = (self.settings(), self.clock.as_ref());
        told(failures::retry(&settings, clock, which, &mut out).await, out)
    }

    /// The number of the one question of this sort that is about this record.
    pub async fn question(&self, asks: Asks, side: Side, id: u64) -> i64 {
        let id = RemoteId::new(id.to_string());
        let questions = self.questions().await;
        let found: Vec<i64> = questions
            .iter()
            .filter(|waiting| waiting.question.asks == asks)
            .filter(|waiting| waiting.question.subject.side == side && waiting.question.subject.id == id)
            .map(|waiting| waiting.id)
            .collect();
        assert_eq!(found.len(), 1, "{questions:?}");
        found[0]
    }

    /// How many companies there are on both sides.
    pub fn firms(&self) -> (usize, usize) {
        (self.flowtly.client_count(), self.hubspot.company_count())
    }
}

fn candidate(id: u64) -> Answer {
    Answer::Link(RemoteId::new(id.to_string()))
}
