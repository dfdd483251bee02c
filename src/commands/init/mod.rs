//! `init`: from questions to a configuration that works.
//!
//! In reading order: an `asker` is whom the questions are put to, usually a `terminal`; `answers` are what was said, and
//! what it comes to; `given` is what the command line says; `examine` asks a system whether an answer holds, and what it
//! has; `wording` says how questions are put, and the `conversation` goes from one to the other, once what is said
//! `beforehand` is taken and judged. What was seen becomes proposals: the `mapping` (by `likeness` of names and types),
//! fields of the firm's own (`declared`), values of `newborn` records; `choices` are those that a person makes among them;
//! options say what is mapped of a CRM that is `unseen`. The `file` is the text of all that, and `write` says where it
//! belongs; `staged` files take their places together.
//!
//! Architecture invariant: a secret is held in its own type until it is in its file, and is part of no text and no argument.

mod asker;
mod terminal;
mod text;
mod answers;
mod given;
mod examine;
mod wording;
mod conversation;
mod beforehand;
mod likeness;
mod mapping;
mod declared;
mod newborn;
mod choices;
mod unseen;
mod file;
mod staged;
mod write;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use tokio_util::sync::CancellationToken;

pub use self::asker::{Asker, Prompt};
pub use self::terminal::{Nobody, Terminal};

use self::answers::Answers;
use self::conversation::Conversation;
use self::write::Target;
use super::check::{self, Mode, Sides};
use crate::cli::InitArgs;
use crate::clock::Clock;
use crate::config::{self, Environment, Settings, find_file, usual_file};
use crate::connector::error::PortError;
use crate::connector::registry::{Systems, Transports, connect};
use crate::render::clean::Word;
use crate::render::lists::Listing;

/// How the systems of a configuration are reached.
pub type Network<'a> = dyn Fn(&Settings) -> Result<Transports, PortError> + Send + Sync + 'a;

/// What a conversation takes place in.
pub struct Around<'a> {
    /// Where files are, and secrets may be.
    pub environment: &'a Environment,
    /// The configuration that this command is told of, by an option or by the environment.
    pub named: Option<PathBuf>,
    /// How systems are reached.
    pub network: &'a Network<'a>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Around<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Around").field("named", &self.named).finish_non_exhaustive()
    }
}

/// Why no configuration came of it.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// An answer is missing or wrong.
    #[error("{0}")]
    Answers(String),
    /// A system does not answer, or a file cannot be written.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Unfinished {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<std::io::Error> for Unfinished {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A configuration that is not written yet.
struct Ready {
    answers: Answers,
    text: String,
}

/// Asks, writes, and looks at what was written as `check` does. Returns the exit code of that.
pub async fn init(
    args: &InitArgs,
    around: &Around<'_>,
    asker: &mut dyn Asker,
    listing: &mut Listing<'_>,
    stop: &CancellationToken,
) -> Result<u8, Unfinished> {
    let named = args.output.clone().or_else(|| around.named.clone());
    let path = named.unwrap_or_else(|| usual_file(around.environment));
    let target = Target::at(path, around.environment.credentials_directory(), args.force)?;
    let ready = tokio::select! {
        ready = Conversation::new(args, around, &target, asker).hold() => ready?,
        () = stop.cancelled() => return Err(anyhow!("stopped; nothing was written").into()),
    };
    for path in ready.answers.secrets.values().filter_map(|held| target.open_to_others(held)) {
        asker.tell(&format!("warn  others may read {}: chmod 600 {}", path.display(), Word(&path)))?;
    }
    // Nothing is waited for while this goes on, so that a signal finds all of it written, or none.
    let written = target.write(&ready.text, ready.answers.secrets.values(), around.clock.now())?;
    writeln!(listing.out, "written: {}", target.path.display())?;
    if let Some(kept) = written.kept {
        writeln!(listing.out, "kept: {} (what it replaced)", kept.display())?;
    }
    for path in written.secrets {
        writeln!(listing.out, "written: {} (for its owner alone)", path.display())?;
    }
    let code = tokio::select! {
        code = look(args, around, &target, listing) => code?,
        () = stop.cancelled() => return Err(anyhow!("stopped before it was checked; the configuration is written").into()),
    };
    next(around, &target, listing.out)?;
    Ok(code)
}

/// Reads what was written as every command does, and checks it.
async fn look(
    args: &InitArgs,
    around: &Around<'_>,
    target: &Target,
    listing: &mut Listing<'_>,
) -> Result<u8, Unfinished> {
    let settings = config::load(Some(&target.path), around.environment)
        .map_err(|problems| Unfinished::Answers(problems.to_string()))?;
    if args.unchecked {
        writeln!(listing.out, "\nNo system was asked whether this works.")?;
        return Ok(0);
    }
    writeln!(listing.out)?;
    let systems = systems(&settings, around);
    let sides = match &systems {
        Ok(systems) => Sides { flowtly: Ok(systems.flowtly.as_ref()), crm: Ok(systems.crm.as_ref()) },
        Err(error) => Sides { flowtly: Err(error), crm: Err(error) },
    };
    Ok(check::check(&settings, sides, Mode::Look, around.clock.as_ref(), listing).await?)
}

/// What is done next, by commands that find what was written.
fn next(around: &Around<'_>, target: &Target, out: &mut dyn Write) -> std::io::Result<()> {
    let found = around.environment.configuration_file().or_else(|| find_file(around.environment));
    let is_found = found.is_some_and(|found| found == target.path || is_same(&found, &target.path));
    let program =
        if is_found { "flowtly-sync".to_owned() } else { format!("flowtly-sync --config {}", Word(&target.path)) };
    writeln!(out, "\nNext:\n  {program} check   # the table above, whenever something has changed")?;
    writeln!(out, "  {program} diff    # what a first pass would do; it writes nothing")
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Both connectors.
fn systems(settings: &Settings, around: &Around<'_>) -> Result<Systems, PortError> {
    connect(settings, (around.network)(settings)?, &around.clock)
}
