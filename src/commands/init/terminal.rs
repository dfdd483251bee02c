//! Asks on the terminal: questions on standard error, so that standard output holds the result alone, answers from standard
//! input.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stderr, stdin};

use async_trait::async_trait;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use super::asker::{Asker, Prompt};
use crate::render::Style;
use crate::render::clean::Clean;
use crate::render::style::Tone;

/// The terminal that the program was started from.
#[derive(Debug)]
pub struct Terminal {
    style: Style,
}

impl Terminal {
    /// `None` where nobody can be asked: an answer could not be typed, or a question not be seen.
    pub fn of_process(style: Style) -> Option<Self> {
        (stdin().is_terminal() && stderr().is_terminal()).then_some(Self { style })
    }

    fn put(&self, prompt: &Prompt) -> std::io::Result<()> {
        let mut out = stderr().lock();
        if !prompt.help.is_empty() {
            writeln!(out, "{}", self.style.paint(Tone::Quiet, &Clean(&prompt.help).to_string()))?;
        }
        let text = self.style.paint(Tone::Strong, &Clean(&prompt.text).to_string());
        match &prompt.proposal {
            Some(proposal) => write!(out, "{text} [{}]: ", Clean(proposal))?,
            None => write!(out, "{text}: ")?,
        }
        out.flush()
    }
}

#[async_trait]
impl Asker for Terminal {
    fn answers(&self) -> bool {
        true
    }

    async fn ask(&mut self, prompt: &Prompt) -> std::io::Result<Option<String>> {
        self.put(prompt)?;
        Ok(line().await?.map(|line| line.trim().to_owned()))
    }

    async fn ask_secret(&mut self, prompt: &Prompt) -> std::io::Result<Option<SecretString>> {
        // Before it is asked for, so that whoever is quick shows nothing either. Dropped where this ends, by an answer or
        // because the program is stopped.
        let _hidden = Hidden::begin()?;
        self.put(prompt)?;
        Ok(line().await?.map(SecretString::from))
    }

    fn tell(&mut self, line: &str) -> std::io::Result<()> {
        writeln!(stderr(), "{line}")
    }
}

/// Nobody: what is told goes to standard error all the same.
#[derive(Debug)]
pub struct Nobody;

#[async_trait]
impl Asker for Nobody {
    fn answers(&self) -> bool {
        false
    }

    async fn ask(&mut self, _prompt: &Prompt) -> std::io::Result<Option<String>> {
        Ok(None)
    }

    async fn ask_secret(&mut self, _prompt: &Prompt) -> std::io::Result<Option<SecretString>> {
        Ok(None)
    }

    fn tell(&mut self, line: &str) -> std::io::Result<()> {
        writeln!(stderr(), "{line}")
    }
}

/// A line without its end, read where waiting for it keeps nobody else; `None` at the end of input.
async fn line() -> std::io::Result<Option<String>> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let length = stdin().lock().read_line(&mut line)?;
        Ok::<_, std::io::Error>((length > 0).then_some(line))
    });
    Ok(read.await.map_err(std::io::Error::other)??.map(|line| line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// The terminal shows nothing of what is typed, but for the end of the line, for as long as this lives.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn begin() -> std::io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
