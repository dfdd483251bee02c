//! Whether a table of values names what the systems offer, and all of it.

use std::collections::BTreeSet;

use super::properties::said_in;
use super::{failure, warning};
use crate::connector::port::Property;
use crate::domain::shape::{Cell, Shape};
use crate::render::lists::check::Finding;
use crate::render::words::place;

/// How many choices are told.
const TOLD: usize = 5;

/// Judges a side's part of a field's table of values, where the system says which choices there are.
pub(super) fn choices(shape: &Shape, other: &Shape, property: &Property, cell: &Cell) -> Vec<Finding> {
    let named = named(other, cell);
    if !property.closed || named.is_empty() {
        return Vec::new();
    }
    let offered: BTreeSet<&str> = property.choices.iter().map(String::as_str).collect();
    let area = shape.side.to_string();
    let table = said_in(shape, cell.field);
    let what = format!("{}: {} ({})", shape.kind, property.path, place(cell.field, cell.part));
    let mut findings = Vec::new();
    let strange: Vec<&str> = named.difference(&offered).copied().collect();
    if !strange.is_empty() {
        let message = format!("{what} has no choice {}", list(&strange));
        let mend = format!("its choices are {}: correct `values` under [{table}]", list(&property.choices));
        findings.push(failure(&area, message, Some(mend)));
    }
    let untold: Vec<&str> = offered.difference(&named).copied().collect();
    if !untold.is_empty() {
        let message = format!("{what} has choices that no table translates: {}", list(&untold));
        findings.push(warning(
            &area,
            message,
            format!("add them to `values` under [{table}]; until then they travel as they are"),
        ));
    }
    findings
}

/// The side's own texts in the table, which stands on one of the sides.
fn named<'a>(other: &'a Shape, cell: &'a Cell) -> BTreeSet<&'a str> {
    if !cell.table.is_empty() {
        return cell.table.keys().map(String::as_str).collect();
    }
    let theirs = other.cells.iter().filter(|theirs| (theirs.field, theirs.part) == (cell.field, cell.part));
    theirs.flat_map(|theirs| theirs.table.values()).map(String::as_str).collect()
}

fn list(texts: &[impl AsRef<str>]) -> String {
    let told: Vec<String> = texts.iter().take(TOLD).map(|text| format!("`{}`", text.as_ref())).collect();
    let more = texts.len().saturating_sub(TOLD);
    if more == 0 { told.join(", ") } else { format!("{} and {more} more", told.join(", ")) }
}
