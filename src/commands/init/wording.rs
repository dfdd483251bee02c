//! How questions are worded, and which of them are put again: pure.

use super::answers::{Answers, is_about};
use super::asker::Prompt;
use super::unseen;
use crate::config::Problem;
use crate::connector::error::ErrorKind;
use crate::connector::setup::{Answer, Question};
use crate::domain::record::Side;

/// What takes an answer away that was there.
pub(super) const NONE: &str = "-";

/// Which answers are asked again after a failure of a sort: what it can be about.
pub(super) fn again(kind: ErrorKind, questions: &[Question]) -> Vec<Question> {
    let is_url = |question: &&Question| matches!(question.answer, Answer::Url(_));
    let is_secret = |question: &&Question| matches!(question.answer, Answer::Secret(_) | Answer::OptionalSecret(_));
    match kind {
        // Who we are: everything but where it is.
        ErrorKind::Unauthorized => questions.iter().filter(|question| !is_url(question)).copied().collect(),
        // We are who we are; the rights may be given meanwhile, or belong to another user.
        ErrorKind::Forbidden => questions.iter().filter(is_secret).copied().collect(),
        ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::RateLimited
        | ErrorKind::Quota
        | ErrorKind::Unavailable
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => questions.iter().filter(is_url).copied().collect(),
        // The server is there and understands something else: where it is, and which part of it is ours.
        ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::Setting => {
            questions.iter().filter(|question| !is_secret(question)).copied().collect()
        }
    }
}

/// `NAME=VALUE; NAME=VALUE`, or nothing; `None` where it is something else.
pub(super) fn headers(text: &str) -> Option<Vec<(String, String)>> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())))
        .collect()
}

pub(super) fn prompt(question: &Question, proposal: Option<String>) -> Prompt {
    let help = match (&proposal, question.answer) {
        (None, _) => question.help.to_owned(),
        (Some(_), Answer::Optional) => format!("{}; {NONE} for none", question.help_without_empty()),
        (Some(_), _) => question.help_without_empty().to_owned(),
    };
    Prompt { text: question.prompt.to_owned(), help, proposal }
}

/// A problem, by the option that would mend it.
pub(super) fn named(answers: &Answers, problem: &Problem) -> String {
    let mut asked = Side::BOTH
        .into_iter()
        .flat_map(|side| answers.questions(side).into_iter().map(move |question| (side, question)));
    let about = asked.find(|(side, question)| is_about(problem, &answers.key(*side, question)));
    let what = about.map(|(_, question)| format!("--{}", question.option)).or_else(|| further(problem));
    let what = what.unwrap_or_else(|| problem.key.to_string());
    format!("{what}: {}; {}", problem.message, problem.mend)
}

/// The option of what no question of a side asks.
fn further(problem: &Problem) -> Option<String> {
    let parts: Vec<&str> = problem.key.parts().iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["locale", "region"] => Some("--region".to_owned()),
        ["flowtly", "defaults", kind, name, ..] => Some(format!("--default {kind}.{name}")),
        _ if unseen::is_about_tax(problem) => Some("--tax-property".to_owned()),
        _ if unseen::is_about_id(problem) => Some("--id-property".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use toml::Value;

    use super::*;
    use crate::config::Key;
    use crate::connector::registry::SYSTEMS;

    #[rstest]
    #[case("", &[])]
    #[case("X-Instance=1hkzxrub", &[("X-Instance", "1hkzxrub")])]
    #[case(" A = 1 ;B=2=3; ", &[("A", "1"), ("B", "2=3")])]
    fn headers_are_taken_apart(#[case] text: &str, #[case] wanted: &[(&str, &str)]) {
        let wanted = wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
        assert_eq!(headers(text), Some(wanted));
        assert_eq!(headers("tenant"), None);
    }

    #[rstest]
    #[case("odoo", ErrorKind::Connect, &["base_url"])]
    #[case("odoo", ErrorKind::Protocol, &["base_url"])]
    #[case("odoo", ErrorKind::Setting, &["base_url", "database", "login"])]
    #[case("odoo", ErrorKind::Unauthorized, &["database", "login", "api_key"])]
    #[case("odoo", ErrorKind::Forbidden, &["api_key"])]
    #[case("hubspot", ErrorKind::Unauthorized, &["token"])]
    #[case("hubspot", ErrorKind::RateLimited, &["base_url"])]
    fn what_a_failure_can_be_about_is_asked_again(#[case] name: &str, #[case] kind: ErrorKind, #[case] keys: &[&str]) {
        let crm = SYSTEMS.iter().find(|system| system.name == name).unwrap();
        let asked: Vec<&str> = again(kind, crm.setup.questions).iter().map(|question| question.key).collect();
        assert_eq!(asked, keys);
    }

    #[test]
    fn a_problem_is_told_by_its_option() {
        let mut answers = Answers::new(SYSTEMS.iter().find(|system| system.name == "odoo").unwrap());
        let url = answers.next(Side::Crm).unwrap();
        answers.say(Side::Crm, &url, "odoo.example");
        answers.settings.insert(Key::of("locale.region"), Value::String("Poland".to_owned()));
        let problems = answers.draft(std::path::Path::new("x.toml")).unwrap_err();
        let told: Vec<String> = problems.iter().map(|problem| named(&answers, problem)).collect();
        assert!(told.iter().any(|line| line.starts_with("--crm-url: this is not a URL; ")), "{told:?}");
        assert!(told.iter().any(|line| line.starts_with("--region: ")), "{told:?}");
    }
}
