//! Question by question, each answer tried as soon as it can be; what does not hold is asked again, with the reason.

use anyhow::anyhow;
use secrecy::ExposeSecret as _;

use super::answers::{Answers, HEADERS};
use super::asker::{Asker, Prompt};
use super::examine::{Seen, Trouble, examine, reach};
use super::wording::{NONE, again, headers, named, prompt};
use super::write::Target;
use super::{Around, Ready, Unfinished, file, systems};
use crate::cli::InitArgs;
use crate::config::{Settings, load_new};
use crate::connector::port::Schema;
use crate::connector::registry::{CrmSystem, SYSTEMS};
use crate::connector::setup::{Answer, PASSWORD, Question};
use crate::domain::record::Side;
use crate::render::clean::Clean;
use crate::render::lists::check::{Finding, Health};

/// A conversation, and what was said so far.
pub(super) struct Conversation<'a> {
    pub(super) args: &'a InitArgs,
    pub(super) around: &'a Around<'a>,
    pub(super) target: &'a Target,
    asker: &'a mut dyn Asker,
    /// Somebody is there and may be asked.
    pub(super) asks: bool,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        args: &'a InitArgs,
        around: &'a Around<'a>,
        target: &'a Target,
        asker: &'a mut dyn Asker,
    ) -> Self {
        let asks = asker.answers() && !args.yes && !args.no_input;
        Self { args, around, target, asker, asks }
    }

    /// From the first question to the text of the file.
    pub(super) async fn hold(mut self) -> Result<Ready, Unfinished> {
        let mut answers = Answers::new(self.crm().await?);
        self.prefill(&mut answers)?;
        let flowtly = self.side(&mut answers, Side::Flowtly).await?;
        let crm = self.side(&mut answers, Side::Crm).await?;
        let beside = self.choose(&mut answers, flowtly, crm).await?;
        let text = file::text(&answers, &beside);
        let secrets: Vec<_> = answers.secrets.iter().map(|(key, held)| (key.clone(), held.text.clone())).collect();
        // What every command would refuse is not written in the first place.
        load_new(&self.target.path, &text, &secrets).map_err(|problems| Unfinished::Answers(problems.to_string()))?;
        Ok(Ready { answers, text })
    }

    /// Which CRM.
    async fn crm(&mut self) -> Result<&'static CrmSystem, Unfinished> {
        if let Some(system) = self.args.crm {
            return Ok(system);
        }
        if !self.asks {
            return Err(self.without_crm());
        }
        let names: Vec<&str> = SYSTEMS.iter().map(|system| system.name).collect();
        let prompt = Prompt { text: "Which CRM".to_owned(), help: names.join(", "), proposal: None };
        loop {
            let answer = self.ask(&prompt).await?.to_lowercase();
            let meant = SYSTEMS.iter().find(|system| answer == system.name || answer == system.label.to_lowercase());
            match meant {
                Some(system) => return Ok(system),
                None => self.tell_wrong(&format!("there is no such CRM here; it is one of {}", names.join(", ")))?,
            }
        }
    }

    /// All that is asked about a side, until it holds. `None` where it is not to be tried.
    async fn side(&mut self, answers: &mut Answers, side: Side) -> Result<Option<Seen>, Unfinished> {
        loop {
            while let Some(question) = answers.next(side) {
                if self.asks {
                    self.put(answers, side, &question).await?;
                } else {
                    leave(answers, side, &question);
                }
            }
            if self.args.unchecked {
                return Ok(None);
            }
            match self.look(answers, side).await? {
                Ok(seen) => {
                    let words: Vec<&str> = seen.findings.iter().map(|finding| finding.message.as_str()).collect();
                    self.tell(Health::Ok, &format!("{}; companies and contacts can be read", words.join("; ")))?;
                    return Ok(Some(seen));
                }
                Err(trouble) if self.asks => {
                    self.tell_finding(&trouble.finding)?;
                    for question in again(trouble.kind, &answers.questions(side)) {
                        answers.ask_again(side, &question);
                    }
                }
                Err(Trouble { finding, .. }) => {
                    let mend = finding.mend.map(|mend| format!("; {mend}")).unwrap_or_default();
                    let hint = "nothing was written; --unchecked writes it all the same";
                    return Err(anyhow!("{}: {}{mend}\n{hint}", finding.area, Clean(&finding.message)).into());
                }
            }
        }
    }

    /// Puts one question until its answer can be used.
    async fn put(&mut self, answers: &mut Answers, side: Side, question: &Question) -> Result<(), Unfinished> {
        let key = answers.key(side, question);
        if let Answer::Secret(name) | Answer::OptionalSecret(name) = question.answer {
            return self.put_secret(answers, side, question, name).await;
        }
        let is_header = question.key == HEADERS;
        let before = if is_header { answers.headers() } else { answers.text(&key).map(str::to_owned) };
        let usual = if let Answer::Url(usual) = question.answer { usual.map(str::to_owned) } else { None };
        let prompt = prompt(question, before.clone().or(usual));
        loop {
            let text = self.ask(&prompt).await?;
            let is_optional = question.answer == Answer::Optional;
            if text.is_empty() && !is_optional {
                self.tell_wrong("an answer is needed here")?;
                continue;
            }
            let text = if text == NONE && is_optional { "" } else { text.as_str() };
            if !is_header {
                answers.say(side, question, text);
            } else if let Some(headers) = headers(text) {
                answers.say_headers(&headers);
            } else {
                self.tell_wrong("write NAME=VALUE; several with a semicolon between them")?;
                continue;
            }
            let wrong = match answers.wrong(&self.target.path, &key) {
                Some(wrong) => Some(wrong),
                None => self.unreachable(answers, side, question).await?,
            };
            let Some(wrong) = wrong else { return Ok(()) };
            self.tell_wrong(&wrong)?;
            if !is_header {
                answers.say(side, question, before.as_deref().unwrap_or_default());
            }
        }
    }

    async fn put_secret(
        &mut self,
        answers: &mut Answers,
        side: Side,
        question: &Question,
        name: &str,
    ) -> Result<(), Unfinished> {
        let key = answers.key(side, question);
        // Whose password it is, if anybody's, was not known beforehand.
        if *question == PASSWORD && self.args.flowtly_username.is_none() && !answers.secrets.contains_key(&key) {
            match self.secret(answers, side, question) {
                Ok(Some(held)) => {
                    answers.hold(side, question, Some(held));
                    return Ok(());
                }
                Ok(None) => {}
                Err(error) => self.tell_wrong(&format!("--{}: {error}", question.option))?,
            }
        }
        let (before, there) = (answers.secrets.get(&key).cloned(), self.target.secret_there(name));
        let proposal = match (&before, &there) {
            (Some(_), _) => Some("the one just given".to_owned()),
            (None, Some(_)) => Some(format!("the one in {}", self.target.secrets.join(name).display())),
            (None, None) => None,
        };
        let prompt = prompt(question, proposal);
        loop {
            let secret = self.asker.ask_secret(&prompt).await?.ok_or_else(no_answer)?;
            let held = match (secret.expose_secret(), question.answer) {
                ("", _) if before.is_some() || there.is_some() => before.clone().or_else(|| there.clone()),
                ("" | NONE, Answer::OptionalSecret(_)) => None,
                ("", _) => {
                    self.tell_wrong("an answer is needed here")?;
                    continue;
                }
                (typed, _) => match self.target.secret_to_be(typed.into(), name) {
                    Ok(held) => Some(held),
                    Err(error) => {
                        self.tell_wrong(&error)?;
                        continue;
                    }
                },
            };
            answers.hold(side, question, held);
            return Ok(());
        }
    }

    /// Why nobody is met at a URL; `None` where somebody is, or it is not to be tried.
    async fn unreachable(
        &mut self,
        answers: &Answers,
        side: Side,
        question: &Question,
    ) -> Result<Option<String>, Unfinished> {
        if !matches!(question.answer, Answer::Url(_)) || self.args.unchecked {
            return Ok(None);
        }
        let settings = self.draft(answers)?;
        let reached = match ((self.around.network)(&settings), side) {
            (Ok(transports), Side::Flowtly) => reach(transports.flowtly.as_ref(), &settings.flowtly.base_url).await,
            (Ok(transports), Side::Crm) => reach(transports.crm.as_ref(), settings.crm.base_url()).await,
            (Err(error), _) => Err(error),
        };
        Ok(reached
            .err()
            .map(|error| format!("nobody answers there: {error}; look at the URL, the network and a proxy")))
    }

    /// Tries what was answered about a side.
    pub(super) async fn look(&self, answers: &Answers, side: Side) -> Result<Result<Seen, Trouble>, Unfinished> {
        let settings = self.draft(answers)?;
        let systems = match systems(&settings, self.around) {
            Ok(systems) => systems,
            Err(error) => {
                let finding = Finding {
                    area: side.to_string(),
                    health: Health::Failure,
                    message: format!("cannot be set up: {error}"),
                    mend: None,
                };
                return Ok(Err(Trouble { kind: error.kind, finding }));
            }
        };
        let source: &dyn Schema = match side {
            Side::Flowtly => systems.flowtly.as_ref(),
            Side::Crm => systems.crm.as_ref(),
        };
        Ok(examine(side, source, self.around.clock.as_ref()).await)
    }

    /// What the answers come to.
    pub(super) fn draft(&self, answers: &Answers) -> Result<Settings, Unfinished> {
        answers.draft(&self.target.path).map_err(|problems| {
            let told: Vec<String> = problems.iter().map(|problem| named(answers, problem)).collect();
            Unfinished::Answers(told.join("\n"))
        })
    }

    /// The answer to a question; the proposal where it is empty.
    pub(super) async fn ask(&mut self, prompt: &Prompt) -> Result<String, Unfinished> {
        let answer = self.asker.ask(prompt).await?.ok_or_else(no_answer)?;
        Ok(if answer.is_empty() { prompt.proposal.clone().unwrap_or_default() } else { answer })
    }

    /// Tells how something stands, in the words of `check`.
    pub(super) fn tell(&mut self, health: Health, words: &str) -> Result<(), Unfinished> {
        let word = match health {
            Health::Ok => "ok  ",
            Health::Warning => "warn",
            Health::Failure => "FAIL",
        };
        Ok(self.asker.tell(&format!("{word}  {}", Clean(words)))?)
    }

    /// Tells why an answer cannot be taken.
    pub(super) fn tell_wrong(&mut self, why: &str) -> Result<(), Unfinished> {
        self.tell(Health::Failure, why)
    }

    fn tell_finding(&mut self, finding: &Finding) -> Result<(), Unfinished> {
        self.tell(finding.health, &finding.message)?;
        match &finding.mend {
            Some(mend) => Ok(self.asker.tell(&format!("      {}", Clean(mend)))?),
            None => Ok(()),
        }
    }
}

/// The usual answer, or none, where nobody is asked.
fn leave(answers: &mut Answers, side: Side, question: &Question) {
    match question.answer {
        Answer::Url(usual) => answers.say(side, question, usual.unwrap_or_default()),
        Answer::Optional if question.key == HEADERS => answers.say_headers(&[]),
        Answer::Text | Answer::Optional => answers.say(side, question, ""),
        Answer::Secret(_) | Answer::OptionalSecret(_) => answers.hold(side, question, None),
    }
}

fn no_answer() -> anyhow::Error {
    anyhow!("no answer came; nothing was written")
}
