//! Who brings notices: a [`command`], e-mail ([`mail`]), a [`webhook`]. Each tries once; whoever asks decides about more.

pub mod command;
pub mod mail;
pub mod webhook;

use std::fmt;

use async_trait::async_trait;

use super::letter::Letter;

/// A way out.
#[async_trait]
pub trait Carrier: fmt::Debug + Send + Sync {
    /// Its word, for logs and for what is remembered.
    fn name(&self) -> &'static str;

    /// Brings a letter, once.
    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered>;
}

/// Why a letter did not arrive, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Undelivered {
    /// What happened, without anything that a server said: it may name people.
    pub words: String,
    /// Whether it may help to try again soon.
    pub again: bool,
}

impl Undelivered {
    /// It does not help to try again soon.
    pub(super) fn for_good(words: impl Into<String>) -> Self {
        Self { words: words.into(), again: false }
    }

    /// It may help.
    pub(super) fn for_now(words: impl Into<String>) -> Self {
        Self { words: words.into(), again: true }
    }
}
