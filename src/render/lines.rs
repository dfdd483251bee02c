//! Short lists under a heading, shown as text or as Markdown.

use std::io::{self, Write};

use super::clean::{Cell, Clean};
use super::style::{Style, Tone};

/// A heading and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    heading: &'static str,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    depth: usize,
    text: String,
    tone: Option<Tone>,
    origin: Origin,
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// This program: back-quotes mean code.
    Own,
    /// A system, a part of it at least.
    Foreign,
}

impl Section {
    /// A heading without lines: shown as nothing.
    pub const fn new(heading: &'static str) -> Self {
        Self { heading, lines: Vec::new() }
    }

    /// Adds a line in this program's own words.
    pub fn own(&mut self, text: impl Into<String>) {
        self.push(0, text.into(), None, Origin::Own);
    }

    /// Adds a line in this program's own words that is about something wrong, or about something that waits.
    pub fn own_toned(&mut self, tone: Tone, text: impl Into<String>) {
        self.push(0, text.into(), Some(tone), Origin::Own);
    }

    /// Adds a line below the last one, in this program's own words.
    pub fn own_below(&mut self, text: impl Into<String>) {
        self.push(1, text.into(), None, Origin::Own);
    }

    /// Adds a line that holds a system's words; they need not be clean.
    pub fn foreign(&mut self, text: impl Into<String>) {
        self.push(0, text.into(), None, Origin::Foreign);
    }

    /// Adds a line below the last one that holds a system's words; they need not be clean.
    pub fn foreign_below(&mut self, text: impl Into<String>) {
        self.push(1, text.into(), None, Origin::Foreign);
    }

    /// Whether there is nothing to show.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// As text, with an empty line before it.
    pub fn text(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", style.paint(Tone::Strong, self.heading))?;
        for line in &self.lines {
            let text = Clean(&line.text).to_string();
            let text = line.tone.map_or_else(|| text.clone(), |tone| style.paint(tone, &text));
            writeln!(out, "{:indent$}{text}", "", indent = 2 + 4 * line.depth)?;
        }
        Ok(())
    }

    /// As Markdown, with an empty line before it.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n## {}\n", self.heading)?;
        for line in &self.lines {
            let indent = 2 * line.depth;
            match line.origin {
                Origin::Own => writeln!(out, "{:indent$}- {}", "", Clean(&line.text))?,
                Origin::Foreign => writeln!(out, "{:indent$}- {}", "", Cell(&line.text))?,
            }
        }
        Ok(())
    }

    fn push(&mut self, depth: usize, text: String, tone: Option<Tone>, origin: Origin) {
        self.lines.push(Line { depth, text, tone, origin });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_systems_words_are_clean_in_text_and_escaped_in_markdown() {
        let mut section = Section::new("Sides");
        section.own("allow it with `--allow first-pass`");
        section.own_below("below");
        section.foreign("said \u{1b}[2J|*x*");
        let mut text = Vec::new();
        section.text(&mut text, Style::Plain).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "\nSides\n  allow it with `--allow first-pass`\n      below\n  said \\u{1b}[2J|*x*\n"
        );
        let mut markdown = Vec::new();
        section.markdown(&mut markdown).unwrap();
        assert_eq!(
            String::from_utf8(markdown).unwrap(),
            "\n## Sides\n\n- allow it with `--allow first-pass`\n  - below\n- said \\\\u\\{1b\\}\\[2J&#124;\\*x\\*\n"
        );
    }

    #[test]
    fn a_section_without_lines_is_not_shown() {
        let mut out = Vec::new();
        Section::new("Nothing").text(&mut out, Style::Plain).unwrap();
        Section::new("Nothing").markdown(&mut out).unwrap();
        assert!(out.is_empty());
    }
}
