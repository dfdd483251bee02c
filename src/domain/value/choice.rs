//! Choices and references: words and ids of one system, compared exactly.

/// The text itself. Only outer white space, which no system's choice or id begins or ends with, is dropped.
pub fn exact(text: &str) -> String {
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_outer_white_space_is_folded() {
        assert_eq!(exact(" active\n"), "active");
        assert_ne!(exact("Active"), exact("active"));
        assert_ne!(exact("in  touch"), exact("in touch"));
    }
}
