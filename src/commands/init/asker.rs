//! Who is asked: a person at a terminal, or a script in a test.

use async_trait::async_trait;
use secrecy::SecretString;

/// One question, as it is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked.
    pub text: String,
    /// Where the answer is found, or what it is good for.
    pub help: String,
    /// What an empty answer takes.
    pub proposal: Option<String>,
}

/// Asks, and tells what came of it.
#[async_trait]
pub trait Asker: Send {
    /// Whether anybody is there to answer.
    fn answers(&self) -> bool;

    /// The answer, without blanks around it; `None` where nobody answers any more.
    async fn ask(&mut self, prompt: &Prompt) -> std::io::Result<Option<String>>;

    /// The answer, which is shown to nobody while it is typed.
    async fn ask_secret(&mut self, prompt: &Prompt) -> std::io::Result<Option<SecretString>>;

    /// Tells something, in a line.
    fn tell(&mut self, line: &str) -> std::io::Result<()>;
}
