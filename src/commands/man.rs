//! `man`: the manual pages, made of the definition of the command line. They carry no date, so that the same program makes the
//! same pages.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::Cli;

const PROGRAM: &str = env!("CARGO_PKG_NAME");
const RELEASE: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Writes a page of the program and one of each command, commands of commands too, into a directory, which is made where it
/// is missing. Pages of the same names are replaced. Exit code 0.
pub(super) fn man(into: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    fs::create_dir_all(into).with_context(|| format!("the directory {} cannot be made", into.display()))?;
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives each command its full name and the options of every command.
    program.build();
    let pages = write_below(&program, into)?;
    writeln!(out, "{pages} pages are in {}", into.display())?;
    Ok(0)
}

/// Writes the page of a command and of all below it; tells how many.
fn write_below(command: &clap::Command, into: &Path) -> anyhow::Result<usize> {
    let man = Man::new(command.clone()).source(RELEASE).manual(PROGRAM);
    let path = into.join(man.get_filename());
    let written = page(command, &man).and_then(|page| fs::write(&path, page));
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    command.get_subcommands().try_fold(1, |pages, below| Ok(pages + write_below(below, into)?))
}

fn page(command: &clap::Command, man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = command.get_after_help() {
        // A table of exit codes keeps its lines, which the generator's own section would run together.
        let mut section = Roff::default();
        section.control("SH", ["NOTES"]).control("nf", []);
        for line in notes.to_string().lines() {
            section.text([roman(line)]);
        }
        section.control("fi", []).to_writer(&mut page)?;
    }
    Ok(page)
}
