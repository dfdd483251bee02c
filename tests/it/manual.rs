//! Manual pages and completions: what the definition of the command line says, they say too.

use std::path::Path;

use clap::{Command, CommandFactory as _};
use flowtly_sync::cli::Cli;

use crate::served::{code, command, printed, told};

/// The definition as the pages are made of it.
fn definition() -> Command {
    let mut definition = Cli::command().disable_help_subcommand(true);
    definition.build();
    definition
}

/// A command and all below it.
fn all(definition: &Command) -> Vec<&Command> {
    std::iter::once(definition).chain(definition.get_subcommands().flat_map(all)).collect()
}

/// A page as a reader sees it: hyphens are written `\-`, quotes `\*(Aq`, and a font begins and ends by `\f`.
fn read(page: &Path) -> String {
    let mut text = std::fs::read_to_string(page).unwrap().replace("\\-", "-").replace("\\*(Aq", "'");
    for font in ["\\fB", "\\fI", "\\fR"] {
        text = text.replace(font, "");
    }
    text
}

#[test]
fn every_command_has_a_page_and_a_page_names_every_option() {
    let directory = tempfile::tempdir().unwrap();
    let output = command(directory.path(), &["man", "share/man1"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", told(&output));
    let definition = definition();
    let commands = all(&definition);
    assert!(commands.len() > 20, "there are commands of commands");
    assert_eq!(printed(&output), format!("{} pages are in share/man1\n", commands.len()));
    let pages = directory.path().join("share/man1");
    for command in &commands {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let page = read(&pages.join(format!("{name}.1")));
        assert!(page.contains(&format!(".TH {name} 1")), "{name}: {page}");
        assert!(page.contains(concat!("flowtly-sync ", env!("CARGO_PKG_VERSION"))), "{name} says of which release");
        for argument in command.get_arguments() {
            let long = argument.get_long().map(|long| format!("--{long}"));
            let short = argument.get_short().map(|short| format!("-{short}"));
            let place = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
            let word = long.or(short).or(place).expect("an argument has a name");
            let help = argument.get_long_help().or(argument.get_help()).expect("an argument has a help").to_string();
            let options = page.split_once(".SH OPTIONS").expect("there are options").1;
            assert!(options.contains(&word), "{name} lacks {word}: {page}");
            assert!(options.contains(&help), "{name} does not say what {word} does: {page}");
        }
        if let Some(notes) = command.get_after_help() {
            let notes = notes.to_string();
            assert!(notes.lines().all(|line| page.lines().any(|read| read == line)), "{name} keeps lines: {page}");
        }
        for below in command.get_subcommands() {
            assert!(page.contains(&format!("{name}-{}(1)", below.get_name())), "{name} lacks {}", below.get_name());
        }
    }
    assert_eq!(std::fs::read_dir(pages).unwrap().count(), commands.len(), "and no other page");
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("taken"), "").unwrap();
    let output = command(directory.path(), &["man", "taken/man"]).output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(told(&output).contains("taken/man cannot be made"), "{}", told(&output));
}

#[test]
fn every_shell_completes_every_command() {
    let directory = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = command(directory.path(), &["completions", shell]).output().unwrap();
        assert_eq!(code(&output), 0, "{shell}: {}", told(&output));
        let script = printed(&output);
        for command in all(&definition()) {
            assert!(script.contains(command.get_name()), "{shell} lacks {}", command.get_name());
            for long in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(script.contains(long), "{shell} lacks --{long} of {}", command.get_name());
            }
        }
    }
}

/// The shells that are here take what is printed for them.
#[test]
fn a_shell_can_read_its_completions() {
    let directory = tempfile::tempdir().unwrap();
    for shell in ["bash", "fish", "zsh"] {
        let script = command(directory.path(), &["completions", shell]).output().unwrap().stdout;
        let path = directory.path().join(shell);
        std::fs::write(&path, script).unwrap();
        // Where a shell is not installed the other ones still count.
        if let Ok(output) = std::process::Command::new(shell).arg("-n").arg(&path).output() {
            assert!(output.status.success(), "{shell}: {}", told(&output));
        }
    }
}
