//! Colours, if they are asked for.

/// Whether a report is coloured. Who calls knows the terminal; nothing here looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Bare text.
    #[default]
    Plain,
    /// With ANSI colours (ECMA-48, SGR).
    Coloured,
}

/// What a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something comes into being, or is well.
    Good,
    /// Something changes.
    Change,
    /// A person is asked.
    Ask,
    /// Something is wrong.
    Bad,
    /// Of less interest.
    Quiet,
    /// A heading.
    Strong,
}

impl Style {
    /// The text in a tone. The text must be clean already.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Change => "36",
            Tone::Ask => "33",
            Tone::Bad => "31",
            Tone::Quiet => "2",
            Tone::Strong => "1",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_escape_and_coloured_text_ends_its_own() {
        assert_eq!(Style::Plain.paint(Tone::Bad, "FAIL"), "FAIL");
        assert_eq!(Style::Coloured.paint(Tone::Bad, "FAIL"), "\u{1b}[31mFAIL\u{1b}[0m");
    }
}
