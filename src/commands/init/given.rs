//! What the command line answers beforehand, and which answers it lacks where nobody can be asked.

use std::path::Path;

use super::answers::Answers;
use super::newborn::Value;
use crate::cli::InitArgs;
use crate::connector::registry::{CrmSystem, SYSTEMS};
use crate::connector::setup::{Answer, Question};
use crate::domain::record::Side;

/// The text that an option gives to a question.
pub(super) fn text<'a>(args: &'a InitArgs, question: &Question) -> Option<&'a str> {
    let text = match question.option {
        "flowtly-url" => &args.flowtly_url,
        "flowtly-organisation" => &args.flowtly_organisation,
        "flowtly-username" => &args.flowtly_username,
        "crm-url" => &args.crm_url,
        "crm-database" => &args.crm_database,
        "crm-login" => &args.crm_login,
        _ => &None,
    };
    text.as_deref()
}

/// The file that an option names for a secret.
pub(super) fn secret_file<'a>(args: &'a InitArgs, question: &Question) -> Option<&'a Path> {
    let file = match question.option {
        "flowtly-password-file" => &args.flowtly_password_file,
        "flowtly-token-file" => &args.flowtly_token_file,
        "crm-secret-file" => &args.crm_secret_file,
        "crm-signing-secret-file" => &args.crm_signing_secret_file,
        _ => &None,
    };
    file.as_deref()
}

/// What new records are to be given: one value a key, the last one said; an empty one says that there is none.
pub(super) fn defaults(args: &InitArgs) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    for (kind, name, text) in &args.defaults {
        let taken = Some(text.clone()).filter(|text| !text.is_empty());
        match values.iter_mut().find(|value| (value.kind, &value.name) == (*kind, name)) {
            Some(value) => value.taken = taken,
            None => {
                values.push(Value { kind: *kind, name: name.clone(), words: name.clone(), choices: Vec::new(), taken });
            }
        }
    }
    values
}

/// Options that were given and that nothing of this CRM asks for.
pub(super) fn strange(args: &InitArgs, crm: &CrmSystem) -> Vec<String> {
    let all = SYSTEMS.iter().flat_map(|system| system.setup.questions);
    let mut strange: Vec<String> = all
        .filter(|question| text(args, question).is_some() || secret_file(args, question).is_some())
        .filter(|question| !crm.setup.questions.iter().any(|asked| asked.option == question.option))
        .map(|question| format!("--{} is nothing that {} has: leave it out", question.option, crm.label))
        .collect();
    strange.dedup();
    strange
}

/// Every option without which a configuration cannot be made, told with what it wants. `has` says whether a question is
/// answered by an option, a variable or a file.
pub(super) fn missing(answers: &Answers, has: impl Fn(Side, &Question) -> bool) -> Vec<String> {
    let of_side = |side| missing_of(answers, side, &has);
    Side::BOTH.into_iter().flat_map(of_side).collect()
}

/// The same where it is not said which CRM is meant: what any of them needs.
pub(super) fn missing_with_crm(
    args: &InitArgs,
    answers: &Answers,
    has: impl Fn(Side, &Question) -> bool,
) -> Vec<String> {
    let names: Vec<&str> = SYSTEMS.iter().map(|system| system.name).collect();
    let mut missing = vec![format!("--crm NAME (one of {})", names.join(", "))];
    missing.extend(missing_of(answers, Side::Flowtly, &has));
    let needs_url = |system: &&CrmSystem| system.setup.questions.iter().any(|one| one.answer == Answer::Url(None));
    let labels: Vec<&str> = SYSTEMS.iter().filter(needs_url).map(|system| system.label).collect();
    if args.crm_url.is_none() {
        missing.push(format!("--crm-url URL (of {})", labels.join(" and ")));
    }
    if args.crm_secret_file.is_none() {
        missing.push("--crm-secret-file FILE (its token or API key)".to_owned());
    }
    missing
}

fn missing_of(answers: &Answers, side: Side, has: &impl Fn(Side, &Question) -> bool) -> Vec<String> {
    let questions = answers.questions(side).into_iter();
    questions.filter(|question| is_needed(question) && !has(side, question)).map(|question| told(&question)).collect()
}

fn is_needed(question: &Question) -> bool {
    match question.answer {
        Answer::Url(proposed) => proposed.is_none(),
        Answer::Text | Answer::Secret(_) => true,
        Answer::Optional | Answer::OptionalSecret(_) => false,
    }
}

fn told(question: &Question) -> String {
    let (option, help) = (question.option, question.help);
    match (question.option, question.answer) {
        ("flowtly-token-file", _) => {
            "--flowtly-username USER and --flowtly-password-file FILE, or --flowtly-token-file FILE".to_owned()
        }
        (_, Answer::Url(_)) => format!("--{option} URL ({help})"),
        (_, Answer::Secret(_) | Answer::OptionalSecret(_)) => format!("--{option} FILE ({})", question.prompt),
        (_, Answer::Text | Answer::Optional) => format!("--{option} TEXT ({help})"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::record::Kind;

    fn crm(name: &str) -> &'static CrmSystem {
        SYSTEMS.iter().find(|system| system.name == name).unwrap()
    }

    const LOGIN: &str = "--flowtly-username USER and --flowtly-password-file FILE, or --flowtly-token-file FILE";

    #[rstest]
    #[case("hubspot", &[], &[LOGIN, "--crm-secret-file FILE (HubSpot's token)"])]
    #[case("espocrm", &[], &[LOGIN, "--crm-url URL", "--crm-secret-file FILE (Key of the API user)"])]
    #[case("odoo", &["crm-secret-file"], &[LOGIN, "--crm-url URL"])]
    #[case("pipedrive", &["flowtly-token-file", "crm-secret-file"], &[])]
    fn everything_that_is_missing_is_told_at_once(#[case] name: &str, #[case] has: &[&str], #[case] told: &[&str]) {
        let answers = Answers::new(crm(name));
        let missing = missing(&answers, |_, question| has.contains(&question.option));
        assert_eq!(missing.len(), told.len(), "{missing:?}");
        assert!(missing.iter().zip(told).all(|(missing, told)| missing.starts_with(told)), "{missing:?}");
    }

    #[test]
    fn a_user_needs_a_password() {
        let mut answers = Answers::new(crm("hubspot"));
        let username = answers.questions(Side::Flowtly).into_iter().find(|one| one.key == "username").unwrap();
        answers.say(Side::Flowtly, &username, "sync@example.com");
        let missing = missing(&answers, |_, question| question.option == "crm-secret-file");
        assert_eq!(missing, ["--flowtly-password-file FILE (Password of that user)"]);
    }

    #[test]
    fn the_last_value_of_a_key_counts_and_an_empty_one_is_none() {
        let said = [("status", "lead"), ("currency", "EUR"), ("status", "active"), ("currency", "")];
        let said = said.map(|(name, text)| (Kind::Company, name.to_owned(), text.to_owned()));
        let values = defaults(&InitArgs { defaults: said.to_vec(), ..InitArgs::default() });
        let values: Vec<_> = values.iter().map(|value| (value.name.as_str(), value.taken.as_deref())).collect();
        assert_eq!(values, [("status", Some("active")), ("currency", None)]);
    }

    #[test]
    fn without_a_crm_what_any_of_them_needs_is_told_too() {
        let missing = missing_with_crm(&InitArgs::default(), &Answers::new(crm("hubspot")), |_, _| false);
        assert_eq!(
            missing,
            [
                "--crm NAME (one of hubspot, espocrm, odoo, pipedrive)",
                LOGIN,
                "--crm-url URL (of EspoCRM and Odoo)",
                "--crm-secret-file FILE (its token or API key)"
            ]
        );
    }

    #[test]
    fn every_option_that_a_system_asks_for_can_be_given() {
        let args = InitArgs {
            flowtly_url: Some("x".to_owned()),
            flowtly_organisation: Some("x".to_owned()),
            flowtly_username: Some("x".to_owned()),
            flowtly_password_file: Some("x".into()),
            flowtly_token_file: Some("x".into()),
            crm_url: Some("x".to_owned()),
            crm_database: Some("x".to_owned()),
            crm_login: Some("x".to_owned()),
            crm_secret_file: Some("x".into()),
            crm_signing_secret_file: Some("x".into()),
            ..InitArgs::default()
        };
        for system in SYSTEMS {
            let answers = Answers::new(system);
            for question in Side::BOTH.into_iter().flat_map(|side| answers.questions(side)) {
                let is_given = text(&args, &question).is_some() || secret_file(&args, &question).is_some();
                assert!(is_given || question.option == "flowtly-header", "{}", question.option);
            }
        }
        assert_eq!(
            strange(&args, crm("hubspot")),
            [
                "--crm-signing-secret-file is nothing that HubSpot has: leave it out",
                "--crm-database is nothing that HubSpot has: leave it out",
                "--crm-login is nothing that HubSpot has: leave it out"
            ]
        );
        assert_eq!(strange(&InitArgs::default(), crm("hubspot")), Vec::<String>::new());
    }
}
