//! The text of the configuration: what was answered, and a comment beside everything that a person may want to change.

use super::answers::Answers;
use super::newborn::Newborn;
use super::text::{comment, quoted};
use crate::config::Key;
use crate::connector::setup::{Answer, Question, Setup};
use crate::domain::record::{Kind, Side};

/// Why there is no property for our id, where a person says so.
pub(super) const NO_ID: &str = "No property holds Flowtly's id, as was said.";

/// What stands in the file beside the answers.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The lines of `[mapping.company]` and `[mapping.contact]`, where the CRM was asked.
    pub(super) mapping: Option<[Vec<String>; 2]>,
    /// The lines about fields of the firm's own.
    pub(super) declared: Vec<String>,
    /// The lines of `[mapping.company]`, where the CRM was not asked.
    pub(super) unseen: Vec<String>,
    /// Lines of the CRM's section that no question answers.
    pub(super) section: Vec<String>,
    /// Lines of a scope that is proposed.
    pub(super) scope: Vec<String>,
    /// What new records are given.
    pub(super) newborn: Newborn,
    /// A region that is proposed and was not taken.
    pub(super) region: Option<String>,
}

/// The whole text.
pub(super) fn text(answers: &Answers, beside: &Beside) -> String {
    let crm = answers.crm.label;
    let mut lines = comment(&format!(
        "Flowtly and {crm} are kept in agreement: written by `flowtly-sync init`. What is not said here has a default: \
         `flowtly-sync check --show-config` prints what is in force. Secrets stand in files of their own, which are named here: \
         in $CREDENTIALS_DIRECTORY where that is set, else beside this file."
    ));
    lines.push(String::new());
    lines.push("[locale]".to_owned());
    lines.extend(comment("The country in which a telephone number without country code is dialled. Without it such numbers are compared as they are written."));
    match (answers.text(&Key::of("locale.region")), &beside.region) {
        (Some(region), _) => lines.push(format!("region = {}", quoted(region))),
        (None, Some(proposed)) => {
            lines.push(format!("# region = {}   # most of Flowtly's companies are there", quoted(proposed)));
        }
        (None, None) => lines.push("# region = \"PL\"".to_owned()),
    }
    section(&mut lines, answers, Side::Flowtly);
    headers(&mut lines, answers);
    lines.extend(beside.newborn.lines());
    section(&mut lines, answers, Side::Crm);
    lines.extend(beside.section.iter().cloned());
    if !beside.scope.is_empty() {
        table(&mut lines, "[scope.crm.company]");
        lines.extend(comment("Which companies of the CRM may become clients. The others are recognised all the same, so that nothing is doubled. Without a line: all."));
        lines.extend(beside.scope.iter().cloned());
    }
    if let Some(mapping) = &beside.mapping {
        for (kind, of_kind) in Kind::BOTH.into_iter().zip(mapping) {
            table(&mut lines, &format!("[mapping.{kind}]"));
            if kind == Kind::Company {
                lines.extend(comment(&format!(
                    "Which property of {crm} holds which field, as this account has them. What stands behind a # holds anyway; \
                     `phone = false` takes a field away."
                )));
            }
            lines.extend(of_kind.iter().cloned());
        }
    }
    if !beside.unseen.is_empty() {
        table(&mut lines, "[mapping.company]");
        lines.extend(beside.unseen.iter().cloned());
    }
    if !beside.declared.is_empty() {
        lines.push(String::new());
        lines.extend(beside.declared.iter().cloned());
    }
    lines.push(String::new());
    lines.join("\n")
}

fn table(lines: &mut Vec<String>, heading: &str) {
    lines.push(String::new());
    lines.push(heading.to_owned());
}

/// A side's own table: what was answered, in the order of the questions.
fn section(lines: &mut Vec<String>, answers: &Answers, side: Side) {
    table(lines, &format!("[{}]", answers.section(side)));
    for question in answers.questions(side) {
        let key = answers.key(side, &question);
        let line = match question.answer {
            Answer::Secret(_) | Answer::OptionalSecret(_) => {
                answers.secrets.get(&key).map(|held| format!("{}_file = {}", question.key, quoted(&held.file)))
            }
            Answer::Url(_) | Answer::Text | Answer::Optional => {
                answers.text(&key).map(|text| format!("{} = {}", question.key, quoted(text)))
            }
        };
        if let Some(line) = line {
            lines.extend(comment(&about(&question)));
            lines.push(line);
        }
    }
}

fn about(question: &Question) -> String {
    let prompt = question.prompt;
    match question.answer {
        Answer::Secret(_) | Answer::OptionalSecret(_) => format!("{prompt}: the file that holds it."),
        Answer::Url(_) | Answer::Text | Answer::Optional => {
            format!("{prompt}: {}.", question.help_without_empty())
        }
    }
}

fn headers(lines: &mut Vec<String>, answers: &Answers) {
    let parent = Key::of("flowtly.headers");
    let headers: Vec<(&str, &str)> = answers
        .settings
        .iter()
        .filter(|(key, _)| key.parts().len() > parent.parts().len() && key.parts().starts_with(parent.parts()))
        .filter_map(|(key, value)| Some((key.parts().last()?.as_str(), value.as_str()?)))
        .collect();
    if headers.is_empty() {
        return;
    }
    table(lines, "[flowtly.headers]");
    lines.extend(comment("Sent with every request."));
    lines.extend(headers.into_iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))));
}

/// The lines of the scopes that a CRM's users often want, where the account has their properties.
pub(super) fn scope(setup: &Setup, has: impl Fn(&str) -> bool) -> Vec<String> {
    let scopes = setup.scopes.iter().filter(|scope| has(scope.path));
    scopes.map(|scope| format!("# {} = {}   # {}", scope.path, scope.test, scope.why)).collect()
}

/// The line that says which property holds our id, with the reason where there is none.
pub(super) fn id_property(path: &str, why: Option<&str>) -> Vec<String> {
    let mut lines = match why {
        Some(why) => comment(why),
        None => comment(
            "The company property that holds Flowtly's id, so that a create whose reply was lost is found again.",
        ),
    };
    lines.push(format!("id_property = {}", quoted(path)));
    lines
}
