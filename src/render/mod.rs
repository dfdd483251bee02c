//! The only formatter for people: text, Markdown, JSON.
