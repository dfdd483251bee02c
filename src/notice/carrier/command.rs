//! A program of the user's, given the letter as JSON on its standard input. No shell, no secrets in its environment, and no
//! longer than it may take.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::{Carrier, Undelivered};
use crate::clock::Clock;
use crate::notice::letter::Letter;

/// A program that is run for each letter.
#[derive(Debug)]
pub struct CommandCarrier {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl CommandCarrier {
    /// A program, its arguments, all of its environment (ours may hold secrets), and how long it may take.
    pub fn new(
        program: String,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
        timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { program, arguments, environment, timeout, clock }
    }

    fn start(&self) -> Result<Child, Undelivered> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: what it started ends with it.
        command.process_group(0).kill_on_drop(true);
        command.spawn().map_err(|error| {
            Undelivered::for_good(format!("`{}` cannot be run: {error}; mend notices.command.run", self.program))
        })
    }
}

#[async_trait]
impl Carrier for CommandCarrier {
    fn name(&self) -> &'static str {
        "command"
    }

    async fn carry(&self, letter: &Letter) -> Result<(), Undelivered> {
        let mut child = self.start()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let input = child.stdin.take();
        let ended = async {
            if let Some(mut input) = input {
                // One that does not read it may know already what to do.
                let _ = input.write_all(&letter.json()).await;
            }
            child.wait().await
        };
        let ended = tokio::select! {
            ended = ended => Some(ended),
            () = self.clock.sleep(self.timeout) => None,
        };
        match ended {
            Some(Ok(status)) if status.success() => Ok(()),
            Some(Ok(status)) => Err(Undelivered::for_good(format!("`{}` ended with {status}", self.program))),
            Some(Err(error)) => Err(Undelivered::for_good(format!("`{}` was lost: {error}", self.program))),
            None => {
                if let Some(group) = group {
                    // It may have ended this moment.
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = child.wait().await;
                let seconds = self.timeout.as_secs();
                Err(Undelivered::for_good(format!("`{}` did not end within {seconds} s, and was killed", self.program)))
            }
        }
    }
}
