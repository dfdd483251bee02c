//! The table at the end: cases by systems.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::cases;

/// What became of a case.
#[derive(Debug, Clone)]
pub enum Cell {
    Passed,
    /// The system does not have what the case is about: which capability says so.
    Skipped(&'static str),
    Failed,
}

static CELLS: Mutex<BTreeMap<(&'static str, String), Cell>> = Mutex::new(BTreeMap::new());

pub fn note(case: &'static str, system: &str, cell: Cell) {
    CELLS.lock().unwrap_or_else(PoisonError::into_inner).insert((case, system.to_owned()), cell);
}

/// Prints what ran; nothing where nothing did.
pub fn print() {
    let cells = CELLS.lock().unwrap_or_else(PoisonError::into_inner);
    let systems: BTreeSet<&String> = cells.keys().map(|(_, system)| system).collect();
    if systems.is_empty() {
        return;
    }
    let shown = |case: &'static str, system: &String| match cells.get(&(case, system.clone())) {
        Some(Cell::Passed) => "passed".to_owned(),
        Some(Cell::Skipped(capability)) => format!("skipped: {capability}"),
        Some(Cell::Failed) => "FAILED".to_owned(),
        None => "-".to_owned(),
    };
    let rows: Vec<(&str, Vec<String>)> =
        cases::all().map(|case| (case.name, systems.iter().map(|system| shown(case.name, system)).collect())).collect();
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let widths: Vec<usize> = systems
        .iter()
        .enumerate()
        .map(|(place, system)| rows.iter().map(|(_, row)| row[place].len()).max().unwrap_or_default().max(system.len()))
        .collect();
    let line = |name: &str, cells: &[String]| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("| {name:<widest$} | {} |", cells.join(" | "));
    };
    println!();
    line("case", &systems.iter().map(|system| (*system).clone()).collect::<Vec<_>>());
    line(&"-".repeat(widest), &widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>());
    for (name, row) in &rows {
        line(name, row);
    }
    let count = |wanted: fn(&Cell) -> bool| cells.values().filter(|cell| wanted(cell)).count();
    println!(
        "\ncontract: {} cases, {} systems: {} passed, {} skipped, {} failed",
        rows.len(),
        systems.len(),
        count(|cell| matches!(cell, Cell::Passed)),
        count(|cell| matches!(cell, Cell::Skipped(_))),
        count(|cell| matches!(cell, Cell::Failed)),
    );
}
