//! What options, variables and files say before anything is asked: taken, and judged all at once.

use super::answers::{Answers, Held, USER, is_about};
use super::conversation::Conversation;
use super::wording::{NONE, named};
use super::{Unfinished, given, unseen};
use crate::config::{Key, Problem, secret_variable};
use crate::connector::registry::SYSTEMS;
use crate::connector::setup::{Answer, PASSWORD, Question, TOKEN};
use crate::domain::record::Side;

/// The key of the region.
pub(super) const REGION: &str = "locale.region";

impl Conversation<'_> {
    /// Takes it. Where nobody can be asked, everything that is wrong or missing is told at once; else what is wrong is told, and
    /// is no answer.
    pub(super) fn prefill(&mut self, answers: &mut Answers) -> Result<(), Unfinished> {
        let mut wrong = given::strange(self.args, answers.crm);
        let problems = self.take(answers, &Side::BOTH, &mut wrong);
        if !self.asks {
            let said: &Answers = answers;
            let lacks = given::missing(said, |side, question| self.has(side, said, question));
            return in_the_way(wrong, &lacks).map_or(Ok(()), Err);
        }
        for line in wrong {
            self.tell_wrong(&line)?;
        }
        for side in Side::BOTH {
            for question in answers.questions(side) {
                let key = answers.key(side, &question);
                if problems.iter().any(|problem| is_about(problem, &key)) {
                    answers.ask_again(side, &question);
                }
            }
        }
        answers.settings.retain(|key, _| !problems.iter().any(|problem| is_about(problem, key)));
        if problems.iter().any(unseen::is_about_id) {
            answers.settings.remove(&unseen::id_key(answers));
        }
        Ok(())
    }

    /// Why nothing comes of it where it is not said which CRM is meant: what is wrong or missing with any.
    pub(super) fn without_crm(&self) -> Unfinished {
        let (mut wrong, mut lacks) = (Vec::new(), Vec::new());
        if let Some(any) = SYSTEMS.first() {
            let mut answers = Answers::new(any);
            self.take(&mut answers, &[Side::Flowtly], &mut wrong);
            lacks = given::missing_with_crm(self.args, &answers, |side, question| self.has(side, &answers, question));
        }
        in_the_way(wrong, &lacks).unwrap_or_else(|| Unfinished::Answers("it is not said which CRM is meant".to_owned()))
    }

    /// Takes what is said about these sides, and tells what is wrong with it.
    fn take(&self, answers: &mut Answers, sides: &[Side], wrong: &mut Vec<String>) -> Vec<Problem> {
        let args = self.args;
        // Whether there is a user decides whether there is a password or a token.
        if args.flowtly_username.is_none() && (args.flowtly_token_file.is_some() || !self.asks) {
            let username = answers.questions(Side::Flowtly).into_iter().find(|question| question.key == USER);
            if let Some(username) = &username {
                answers.say(Side::Flowtly, username, "");
            }
        }
        if self.has_password_of_nobody() {
            wrong.push(format!("--{}: a password is somebody's: add --flowtly-username USER", PASSWORD.option));
        }
        if !args.flowtly_header.is_empty() {
            answers.say_headers(&args.flowtly_header);
        }
        for side in sides.iter().copied() {
            for question in answers.questions(side) {
                if let Some(text) = given::text(args, &question) {
                    answers.say(side, &question, text);
                }
            }
            // Again, since there may be a user now.
            for question in answers.questions(side) {
                match self.secret(answers, side, &question) {
                    Ok(Some(held)) => answers.hold(side, &question, Some(held)),
                    Ok(None) => {}
                    Err(error) => wrong.push(format!("--{}: {error}", question.option)),
                }
            }
        }
        if let Some(region) = &args.region {
            answers.settings.insert(Key::of(REGION), toml::Value::String(region_of(region)));
        }
        for value in given::defaults(args) {
            answers.settings.insert(value.key(), toml::Value::String(value.taken.unwrap_or_default()));
        }
        if args.unchecked && sides.contains(&Side::Crm) {
            unseen::take(args, answers);
        }
        let problems = answers.draft(&self.target.path).err().unwrap_or_default();
        wrong.extend(problems.iter().map(|problem| named(answers, problem)));
        problems
    }

    /// The secret that an option, a variable or its usual file holds.
    pub(super) fn secret(&self, answers: &Answers, side: Side, question: &Question) -> Result<Option<Held>, String> {
        let (Answer::Secret(name) | Answer::OptionalSecret(name)) = question.answer else { return Ok(None) };
        if let Some(file) = given::secret_file(self.args, question) {
            return self.target.secret_in(file, name).map(Some);
        }
        if let Some(text) = secret_variable(self.around.environment, &answers.key(side, question)) {
            return self.target.secret_to_be(text, name).map(Some);
        }
        // Somebody who is asked is told of the file, and says whether it is meant.
        Ok(self.target.secret_there(name).filter(|_| !self.asks))
    }

    /// Whether a question is answered beforehand, or what lacks with it is told in other words.
    fn has(&self, side: Side, answers: &Answers, question: &Question) -> bool {
        let there = match question.answer {
            Answer::Secret(name) | Answer::OptionalSecret(name) => self.target.secret_there(name).is_some(),
            Answer::Url(_) | Answer::Text | Answer::Optional => false,
        };
        let held = answers.secrets.contains_key(&answers.key(side, question));
        let given = given::text(self.args, question).is_some() || given::secret_file(self.args, question).is_some();
        held || there || given || *question == TOKEN && self.has_password_of_nobody()
    }

    /// Whether a password is given, and nobody will say whose it is.
    fn has_password_of_nobody(&self) -> bool {
        let nobody = match self.args.flowtly_username.as_deref() {
            None => !self.asks,
            Some(username) => username.is_empty(),
        };
        nobody && self.args.flowtly_password_file.is_some()
    }
}

/// A region as the configuration has it; empty: none.
pub(super) fn region_of(text: &str) -> String {
    if text == NONE { String::new() } else { text.to_uppercase() }
}

/// Everything that is wrong or missing, where there is any of it.
fn in_the_way(mut wrong: Vec<String>, lacks: &[String]) -> Option<Unfinished> {
    if !lacks.is_empty() {
        let lacks: Vec<String> = lacks.iter().map(|line| format!("\n  {line}")).collect();
        wrong.push(format!("nobody is asked here, and these answers are missing:{}", lacks.concat()));
    }
    (!wrong.is_empty()).then(|| Unfinished::Answers(wrong.join("\n")))
}
