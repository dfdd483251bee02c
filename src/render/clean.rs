//! What systems deliver is made harmless: a company's name must not move the cursor, colour the screen, turn the reading
//! direction or end a table's row.

use std::fmt::{self, Write as _};
use std::path::Path;

/// A text of a system, for a terminal: what is not visible is spelled out (`\u{1b}`), line breaks become `\n`.
#[derive(Debug, Clone, Copy)]
pub struct Clean<T>(pub T);

impl<T: fmt::Display> fmt::Display for Clean<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Cleaner(f), "{}", self.0)
    }
}

/// A text of a system, for a cell of a Markdown table: clean, and nothing in it is Markdown, HTML, a mention or a reference.
#[derive(Debug, Clone, Copy)]
pub struct Cell<T>(pub T);

impl<T: fmt::Display> fmt::Display for Cell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper(f), "{}", Clean(&self.0))
    }
}

/// A path within a command that is to be copied into a shell: quoted where the shell would take it apart.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a>(pub &'a Path);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.to_string_lossy();
        // What cannot be quoted holds a NUL, and names no file.
        f.write_str(&shlex::try_quote(&path).unwrap_or_default())
    }
}

/// Whether a character would do something on a terminal instead of being shown: control characters, and those that turn
/// the reading direction (Unicode UAX #9), separate lines or carry hidden tags.
pub fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

struct Cleaner<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Cleaner<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '\n' => self.0.write_str("\\n")?,
                '\r' => self.0.write_str("\\r")?,
                '\t' => self.0.write_str("\\t")?,
                harmful if is_harmful(harmful) => write!(self.0, "\\u{{{:x}}}", u32::from(harmful))?,
                harmless => self.0.write_char(harmless)?,
            }
        }
        Ok(())
    }
}

struct Escaper<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                // Character references: a backslash before these is shown, or not heeded, by some renderers.
                '&' => self.0.write_str("&amp;")?,
                '<' => self.0.write_str("&lt;")?,
                '>' => self.0.write_str("&gt;")?,
                '@' => self.0.write_str("&#64;")?,
                '#' => self.0.write_str("&#35;")?,
                '|' => self.0.write_str("&#124;")?,
                // A scheme makes a link of a text.
                ':' => self.0.write_str("&#58;")?,
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '~' => {
                    self.0.write_char('\\')?;
                    self.0.write_char(character)?;
                }
                harmless => self.0.write_char(harmless)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_cursor_or_turns_the_text_is_spelled_out() {
        assert_eq!(
            Clean("\u{1b}[2J\u{1b}]0;title\u{7}A\u{9b}1m").to_string(),
            r"\u{1b}[2J\u{1b}]0;title\u{7}A\u{9b}1m"
        );
        assert_eq!(Clean("one\r\ntwo\tthree").to_string(), r"one\r\ntwo\tthree");
        assert_eq!(Clean("abc\u{202e}fed\u{2066}").to_string(), r"abc\u{202e}fed\u{2066}");
    }

    #[test]
    fn names_of_people_stay_as_they_are() {
        let names = "Łódź, Zażółć & Söhne GmbH, 株式会社, شركة, é, 👩\u{200d}💻";
        assert_eq!(Clean(names).to_string(), names);
    }

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        let word = |path: &str| Word(Path::new(path)).to_string();
        assert_eq!(word("/etc/flowtly-sync/acme.toml"), "/etc/flowtly-sync/acme.toml");
        assert_eq!(word("My Files/a;b.toml"), "'My Files/a;b.toml'");
        assert_eq!(word("it's.toml"), "\"it's.toml\"");
    }

    #[test]
    fn a_cell_holds_no_markup_no_mention_and_no_end_of_row() {
        let cell = Cell("a|b <img src=x> [x](http://e) `c` *d* @all #1\n").to_string();
        assert_eq!(cell, r"a&#124;b &lt;img src=x&gt; \[x\]\(http&#58;//e\) \`c\` \*d\* &#64;all &#35;1\\n");
        assert!(!cell.contains('\n') && !cell.contains('|'));
    }
}
