//! What is taken, what is refused, and that every part says what it does.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use rstest::rstest;

use super::{Cli, Command, exit_code};
use crate::domain::field::Field;
use crate::domain::record::{Kind, Side};
use crate::domain::safety::RefusalName;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_and_option_says_what_it_does() {
    fn walk(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{} has no help", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&Cli::command());
}

#[rstest]
#[case("flowtly-sync init")]
#[case("flowtly-sync init -y --crm odoo --default company.status=active --default contact.type=main --crm-database x")]
#[case("flowtly-sync init --no-input --unchecked --flowtly-header X-Instance=a=b --region PL --output x.toml --force")]
#[case("flowtly-sync run")]
#[case("flowtly-sync run --allow first-pass --allow too-many-creates")]
#[case("flowtly-sync --config x.toml -vv reconcile --full --log-format json")]
#[case("flowtly-sync diff --format markdown --full")]
#[case("flowtly-sync check --fix --json")]
#[case("flowtly-sync check --show-config")]
#[case("flowtly-sync health --ready")]
#[case("flowtly-sync status --json")]
#[case("flowtly-sync status --all")]
#[case("flowtly-sync status --all /srv/pairs --states /srv/states --json")]
#[case("flowtly-sync conflicts")]
#[case("flowtly-sync conflicts --json")]
#[case("flowtly-sync conflicts resolve 3 4 --take crm")]
#[case("flowtly-sync conflicts resolve 3 --value Acme")]
#[case("flowtly-sync conflicts resolve --all --take crm")]
#[case("flowtly-sync conflicts resolve --all --record company:flowtly:17 --field phone --take crm")]
#[case("flowtly-sync questions --json")]
#[case("flowtly-sync questions answer 4 --link 6001")]
#[case("flowtly-sync questions answer 4 --separate")]
#[case("flowtly-sync questions answer 4 --same")]
#[case("flowtly-sync questions answer 4 --copy")]
#[case("flowtly-sync questions answer 4 --never-happened")]
#[case("flowtly-sync questions answer 4 --postpone 1d12h")]
#[case("flowtly-sync failures --json")]
#[case("flowtly-sync failures retry 3 4")]
#[case("flowtly-sync failures retry --all")]
#[case("flowtly-sync history --json --limit 5")]
#[case("flowtly-sync history contact:crm:6001")]
#[case("flowtly-sync links --json")]
#[case("flowtly-sync links add company 17 6001")]
#[case("flowtly-sync links remove contact 17")]
#[case("flowtly-sync explain company:flowtly:17")]
#[case("flowtly-sync explain contact:crm:a:b phone")]
#[case("flowtly-sync demo --companies 3 --seed plain --crm hubspot --keep somewhere")]
#[case("flowtly-sync sandbox --flowtly-port 8001 --crm-port 8002")]
#[case("flowtly-sync completions fish")]
#[case("flowtly-sync man target/man")]
fn a_right_line_is_taken(#[case] line: &str) {
    assert!(parse(line).is_ok(), "{line}");
}

#[rstest]
#[case("flowtly-sync", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)]
#[case("flowtly-sync run --allow everything", ErrorKind::InvalidValue)]
#[case("flowtly-sync sandbox --crm salesforce", ErrorKind::InvalidValue)]
#[case("flowtly-sync conflicts resolve --take crm", ErrorKind::MissingRequiredArgument)]
#[case("flowtly-sync conflicts resolve 3", ErrorKind::MissingRequiredArgument)]
#[case("flowtly-sync conflicts resolve 3 --take crm --value x", ErrorKind::ArgumentConflict)]
#[case("flowtly-sync conflicts resolve 3 --take hubspot", ErrorKind::ValueValidation)]
#[case("flowtly-sync conflicts resolve 3 --all --take crm", ErrorKind::ArgumentConflict)]
#[case("flowtly-sync conflicts resolve 3 --field phone --take crm", ErrorKind::ArgumentConflict)]
#[case("flowtly-sync questions answer 3", ErrorKind::MissingRequiredArgument)]
#[case("flowtly-sync questions answer --same", ErrorKind::MissingRequiredArgument)]
#[case("flowtly-sync questions answer 3 --same --separate", ErrorKind::ArgumentConflict)]
#[case("flowtly-sync questions answer 3 --postpone soon", ErrorKind::ValueValidation)]
#[case("flowtly-sync failures retry", ErrorKind::MissingRequiredArgument)]
#[case("flowtly-sync links add firm 1 2", ErrorKind::ValueValidation)]
#[case("flowtly-sync links add company /clients/1 2", ErrorKind::ValueValidation)]
#[case("flowtly-sync explain 17", ErrorKind::ValueValidation)]
#[case("flowtly-sync explain company:flowtly:", ErrorKind::ValueValidation)]
#[case("flowtly-sync demo --companies 0", ErrorKind::ValueValidation)]
#[case("flowtly-sync completions tcsh", ErrorKind::InvalidValue)]
#[case("flowtly-sync man", ErrorKind::MissingRequiredArgument)]
#[case("flowtly-sync status --states /srv/states", ErrorKind::MissingRequiredArgument)]
#[case("flowtly-sync init --crm salesforce", ErrorKind::InvalidValue)]
#[case("flowtly-sync init --yes --no-input", ErrorKind::ArgumentConflict)]
#[case("flowtly-sync init --unchecked --add-missing", ErrorKind::ArgumentConflict)]
#[case("flowtly-sync init --flowtly-username x --flowtly-token-file y", ErrorKind::ArgumentConflict)]
#[case("flowtly-sync init --default status=active", ErrorKind::ValueValidation)]
#[case("flowtly-sync init --default firm.status=active", ErrorKind::ValueValidation)]
#[case("flowtly-sync init --flowtly-header tenant", ErrorKind::ValueValidation)]
#[case("flowtly-sync init --crm-secret hunter2", ErrorKind::UnknownArgument)]
#[case("flowtly-sync frobnicate", ErrorKind::InvalidSubcommand)]
fn a_wrong_line_is_refused(#[case] line: &str, #[case] kind: ErrorKind) {
    assert_eq!(parse(line).map(|_| ()).map_err(|error| error.kind()), Err(kind), "{line}");
}

#[test]
fn an_unknown_allowance_names_all_that_there_are() {
    let error = parse("flowtly-sync reconcile --allow all").unwrap_err().to_string();
    for name in RefusalName::ALL {
        assert!(error.contains(name.as_str()), "{name} is missing in {error}");
    }
}

#[test]
fn a_record_is_taken_apart() {
    let Command::Explain { record, field, json: false } =
        parse("flowtly-sync explain contact:crm:6001 email").unwrap().command
    else {
        panic!("another command")
    };
    assert_eq!((record.kind, record.side, record.id.as_str()), (Kind::Contact, Side::Crm, "6001"));
    assert_eq!(record.field(&field.unwrap(), Field::of(Kind::Contact)), Ok(Field::Email));
    assert!(record.field("currency", Field::of(Kind::Contact)).unwrap_err().contains("its fields are name, email"));
}

#[rstest]
#[case("flowtly-sync --help", 0)]
#[case("flowtly-sync --version", 0)]
#[case("flowtly-sync", 4)]
#[case("flowtly-sync reconcile --allow all", 4)]
#[case("flowtly-sync reconcile --ful", 4)]
fn a_wrong_line_is_not_mistaken_for_an_open_question(#[case] line: &str, #[case] code: u8) {
    assert_eq!(exit_code(&parse(line).unwrap_err()), code);
}

#[test]
fn exit_codes_are_in_the_help() {
    for (command, code) in
        [("reconcile", "  3  "), ("diff", "  2  "), ("check", "  4  "), ("status", "  3  "), ("run", "SIGHUP")]
    {
        let help = parse(&format!("flowtly-sync {command} --help")).unwrap_err().to_string();
        assert!(help.contains(code), "{help}");
    }
}
