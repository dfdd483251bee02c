//! A conversation in process: embedded servers, and somebody who answers from a script.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use flowtly_sync::cli::{Cli, Command, InitArgs};
use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::commands::init::{Around, Asker, Prompt, Unfinished, init};
use flowtly_sync::config::{Environment, Settings, load};
use flowtly_sync::connector::registry::Transports;
use flowtly_sync::render::Style;
use flowtly_sync::render::lists::{Form, Listing};
use flowtly_sync::sandbox::{
    CrmServer, Embedded, Flavour, FlowtlyOptions, FlowtlyServer, RouterTransport, Spread, World,
};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

/// Who answers: what each question is known by, and the answer.
#[derive(Debug, Default)]
pub struct Script {
    answers: VecDeque<(&'static str, String)>,
    /// Everything that was told and asked, in order.
    pub heard: Vec<String>,
}

impl Script {
    pub fn of<const N: usize>(answers: [(&'static str, &str); N]) -> Self {
        let answers = answers.into_iter().map(|(question, answer)| (question, answer.to_owned())).collect();
        Self { answers, heard: Vec::new() }
    }

    fn next(&mut self, prompt: &Prompt) -> Option<String> {
        let proposal = prompt.proposal.as_deref().map(|proposal| format!(" [{proposal}]")).unwrap_or_default();
        self.heard.push(format!("{}{proposal}? {}", prompt.text, prompt.help));
        let (question, answer) = self.answers.pop_front()?;
        assert!(prompt.text.contains(question), "{question:?} was expected: {:#?}", self.heard);
        Some(answer)
    }

    pub fn told(&self) -> String {
        self.heard.join("\n")
    }

    pub fn is_over(&self) -> bool {
        self.answers.is_empty()
    }
}

#[async_trait]
impl Asker for Script {
    fn answers(&self) -> bool {
        true
    }

    async fn ask(&mut self, prompt: &Prompt) -> std::io::Result<Option<String>> {
        Ok(self.next(prompt))
    }

    async fn ask_secret(&mut self, prompt: &Prompt) -> std::io::Result<Option<SecretString>> {
        Ok(self.next(prompt).map(SecretString::from))
    }

    fn tell(&mut self, line: &str) -> std::io::Result<()> {
        self.heard.push(line.to_owned());
        Ok(())
    }
}

/// Two servers and a folder.
pub struct Desk {
    pub flowtly: FlowtlyServer,
    pub crm: Arc<dyn CrmServer>,
    clock: Arc<dyn Clock>,
    folder: tempfile::TempDir,
}

/// What came of a conversation.
pub struct Outcome {
    pub code: Result<u8, Unfinished>,
    pub printed: String,
}

impl Desk {
    /// With everything there that the mapping names.
    pub fn furnished(crm: &str) -> Self {
        Self::with(|clock| (Embedded::named(crm).unwrap().start)(clock))
    }

    pub fn with(crm: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn CrmServer>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let flowtly = FlowtlyServer::new(FlowtlyOptions::default(), Arc::clone(&clock));
        let crm = crm(Arc::clone(&clock));
        World::generate(8, 17, Flavour::Plain).fill(&flowtly, crm.as_ref(), Spread::default());
        Self { flowtly, crm, clock, folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file there, and returns its path as an option takes it.
    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// The password of Flowtly, as it is typed.
    pub fn password(&self) -> String {
        self.flowtly.options().password.clone()
    }

    /// `init` with these words behind it.
    pub async fn init(&self, words: &[&str], asker: &mut dyn Asker) -> Outcome {
        let network = |settings: &Settings| {
            // A loopback address is what the embedded servers stand at; nobody is anywhere else.
            let nowhere = |host: Option<&str>| host != Some("127.0.0.1");
            let (flowtly_url, crm_url) = (&settings.flowtly.base_url, settings.crm.base_url());
            let flowtly = RouterTransport::new(self.flowtly.router(), self.flowtly.faults());
            let crm = RouterTransport::new(self.crm.router(), self.crm.faults());
            let real = Transports::network(settings)?;
            Ok(Transports {
                flowtly: if nowhere(flowtly_url.host_str()) { real.flowtly } else { Arc::new(flowtly) },
                crm: if nowhere(crm_url.host_str()) { real.crm } else { Arc::new(crm) },
            })
        };
        let nothing: [(String, String); 0] = [];
        let environment: Environment = nothing.into_iter().collect();
        let around =
            Around { environment: &environment, named: None, network: &network, clock: Arc::clone(&self.clock) };
        let args = args(words, &self.path("flowtly-sync.toml").display().to_string());
        let mut out = Vec::new();
        let mut listing = Listing { out: &mut out, form: Form::Text(Style::Plain) };
        let code = init(&args, &around, asker, &mut listing, &CancellationToken::new()).await;
        Outcome { code, printed: String::from_utf8(out).unwrap() }
    }

    /// What was written, read by the real loader.
    pub fn settings(&self) -> Settings {
        let nothing: [(String, String); 0] = [];
        load(Some(&self.path("flowtly-sync.toml")), &nothing.into_iter().collect()).unwrap()
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(self.path("flowtly-sync.toml")).unwrap()
    }
}

fn args(words: &[&str], output: &str) -> InitArgs {
    let line = ["flowtly-sync", "init", "--output", output]
        .into_iter()
        .chain(words.iter().copied())
        .map(std::ffi::OsString::from);
    let Command::Init(args) = Cli::take(line).unwrap().command else { panic!("another command") };
    *args
}
