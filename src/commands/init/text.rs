//! Words of systems and of people as they may stand in a configuration: nothing in them is TOML.

use crate::connector::port::Offered;
use crate::render::clean::{Clean, is_harmful};

/// How long a line of a comment is at most, where it has blanks to be broken at.
const WIDTH: usize = 118;

/// How many choices are named.
const CHOICES: usize = 5;

/// A text in quotes, in one line whatever is in it: a basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if is_harmful(character) => quoted.extend(escaped(character)),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// `\U0000001B`: a character by its number, as TOML writes it.
fn escaped(character: char) -> impl Iterator<Item = char> {
    format!("\\U{:08X}", u32::from(character)).into_bytes().into_iter().map(char::from)
}

/// A comment, in as many lines as it takes.
pub(super) fn comment(text: &str) -> Vec<String> {
    let clean = Clean(text).to_string();
    let mut lines = Vec::new();
    let mut line = String::from("#");
    for word in clean.split_whitespace() {
        if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, String::from("#")));
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// A property in words, for a comment: what people call it, its type, its choices.
pub(super) fn described(offered: &Offered) -> String {
    let property = &offered.property;
    let label = offered.label.as_deref().filter(|label| *label != property.path).map(|label| format!("\"{label}\""));
    let mut choices = property.choices.iter().take(CHOICES).cloned().collect::<Vec<_>>().join(", ");
    if property.choices.len() > CHOICES {
        choices.push_str(", …");
    }
    let choices = Some(choices).filter(|choices| !choices.is_empty());
    let words: Vec<String> = [label, property.type_name.clone(), choices].into_iter().flatten().collect();
    Clean(words.join(", ")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::port::{Presence, Property};

    #[test]
    fn a_comment_is_broken_between_words_and_stays_one() {
        let text = "word ".repeat(60);
        let lines = comment(&text);
        assert!(
            lines.len() > 2 && lines.iter().all(|line| line.starts_with("# word") && line.len() <= WIDTH),
            "{lines:?}"
        );
        assert_eq!(comment("one\nx = 1"), ["# one\\nx = 1"], "what a system says begins no line of its own");
        assert_eq!(comment(&"x".repeat(300)).len(), 1, "a word is not broken");
    }

    #[test]
    fn whatever_is_quoted_stands_in_one_line_and_is_read_back() {
        for text in ["VAT number", "a \"b\" \\ c", "one\ntwo", "\u{202e}txt", "Łódź", ""] {
            let line = format!("x = {}", quoted(text));
            assert_eq!(line.lines().count(), 1);
            assert_eq!(line.parse::<toml::Table>().unwrap()["x"].as_str(), Some(text));
        }
    }

    #[test]
    fn a_property_is_told_by_what_people_know_of_it() {
        let property = Property {
            type_name: Some("enumeration".to_owned()),
            choices: ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec(),
            ..Property::new("tier", Presence::Present)
        };
        let offered = Offered { property, label: Some("Tier\u{1b}[2J".to_owned()), is_custom: true };
        assert_eq!(described(&offered), "\"Tier\\u{1b}[2J\", enumeration, a, b, c, d, e, …");
    }
}
