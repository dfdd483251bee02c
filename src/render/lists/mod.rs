//! The lists of the commands: what is, what waits, why. Each is plain data that a command gathers, shown as text or JSON.
//!
//! The keys of the JSON are those of the structures here and of what they hold; they are stable.

pub mod status;
pub mod instances;
pub mod conflicts;
pub mod questions;
pub mod failures;
pub mod history;
pub mod links;
pub mod explain;
pub mod check;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Write;

use super::style::Style;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a terminal.
    Text(Style),
    /// For a program.
    Json,
}

/// Where a list goes, and in which form.
pub struct Listing<'a> {
    /// Usually standard output.
    pub out: &'a mut dyn Write,
    /// Text or JSON.
    pub form: Form,
}

impl fmt::Debug for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("form", &self.form).finish_non_exhaustive()
    }
}
