//! Whether the mapped properties of a kind are there, let themselves be written where a rule writes them, and hold what the
//! mapping takes them for.

use super::choices::choices;
use super::sorts::{look_up, sort};
use super::{failure, warning};
use crate::connector::port::{Presence, Property};
use crate::domain::field::Field;
use crate::domain::record::Side;
use crate::domain::rules::KindRules;
use crate::domain::shape::{Cell, Shape};
use crate::render::lists::check::Finding;
use crate::render::words::place;

/// Judges a kind's properties, given in the order of [`Shape::paths`]; what stands behind them is the property for our id.
pub(super) fn judge(shape: &Shape, other: &Shape, rules: &KindRules, properties: &[Property]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (position, property) in properties.iter().enumerate() {
        match Use::of(shape, position) {
            Use::Mapped(cell) => findings.extend(judge_cell(shape, other, rules, property, cell)),
            use_of @ (Use::Scope | Use::OurId) => findings.extend(presence(shape, property, use_of)),
        }
    }
    findings
}

/// Judges one mapped property.
pub(in crate::commands) fn judge_cell(
    shape: &Shape,
    other: &Shape,
    rules: &KindRules,
    property: &Property,
    cell: &Cell,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = presence(shape, property, Use::Mapped(cell)).into_iter().collect();
    if property.presence != Presence::Missing {
        findings.extend(writable(shape, rules, property, cell));
        findings.extend(sort(shape, property, cell));
        findings.extend(look_up(shape, property, cell));
        findings.extend(choices(shape, other, property, cell));
    }
    findings
}

/// The table that says what is mapped to a field.
pub(super) fn said_in(shape: &Shape, field: Field) -> String {
    match (field.custom(), shape.side) {
        (Some(_), _) => format!("custom.{}.{field}", shape.kind),
        (None, Side::Flowtly) => format!("mapping.flowtly.{}", shape.kind),
        (None, Side::Crm) => format!("mapping.{}", shape.kind),
    }
}

/// What a property is read for.
#[derive(Debug, Clone, Copy)]
enum Use<'a> {
    Mapped(&'a Cell),
    Scope,
    OurId,
}

impl<'a> Use<'a> {
    fn of(shape: &'a Shape, position: usize) -> Self {
        match shape.cells.get(position) {
            Some(cell) => Self::Mapped(cell),
            None if position < shape.paths().count() => Self::Scope,
            None => Self::OurId,
        }
    }
}

fn presence(shape: &Shape, property: &Property, use_of: Use<'_>) -> Option<Finding> {
    let area = shape.side.to_string();
    let (kind, path) = (shape.kind, &property.path);
    let fix = match shape.side {
        Side::Crm if property.addable => "`flowtly-sync check --fix` adds it; or ",
        Side::Crm => "add it in the CRM; or ",
        Side::Flowtly => "",
    };
    match (property.presence, use_of) {
        (Presence::Present, _) => None,
        (Presence::Missing, Use::Mapped(cell)) => Some(failure(
            &area,
            format!(
                "{kind}: the property {path} ({}) is missing: its field is left alone",
                place(cell.field, cell.part)
            ),
            Some(match cell.field.custom() {
                None => format!(
                    "{fix}map another one, or none: `{} = false` under [{}]",
                    cell.field,
                    said_in(shape, cell.field)
                ),
                Some(_) => {
                    format!("{fix}name another one under [{}], or remove that table", said_in(shape, cell.field))
                }
            }),
        )),
        (Presence::Missing, Use::Scope) => Some(failure(
            &area,
            format!("{kind}: the property {path} of the scope is missing: nothing is in scope"),
            Some(format!("correct [scope.{}.{kind}]", shape.side.as_str())),
        )),
        (Presence::Missing, Use::OurId) => Some(failure(
            &area,
            format!("{kind}: the property {path}, which holds the Flowtly id, is missing"),
            Some(format!("{fix}set id_property to another name, or to \"\" to do without")),
        )),
        (Presence::Unseen, Use::Mapped(_) | Use::Scope | Use::OurId) => Some(warning(
            &area,
            format!("{kind}: no record shows the property {path}, and the system does not say whether there is one"),
            "look at its name; it may only be empty everywhere, or there may be no record yet",
        )),
    }
}

fn writable(shape: &Shape, rules: &KindRules, property: &Property, cell: &Cell) -> Option<Finding> {
    let rule = rules.fields.get(&cell.field)?;
    let is_target = rule.direction.target().is_none_or(|target| target == shape.side);
    if property.writable != Some(false) || !cell.writable || !is_target {
        return None;
    }
    let other = match shape.side {
        Side::Flowtly => "to-crm",
        Side::Crm => "to-flowtly",
    };
    Some(failure(
        &shape.side.to_string(),
        format!("{}: the rule of {} writes {}, which cannot be written", shape.kind, cell.field, property.path),
        Some(format!("set `direction = \"{other}\"` under [{}], or map it as read_only", ruled_in(shape, cell.field))),
    ))
}

/// The table that says a field's rule.
fn ruled_in(shape: &Shape, field: Field) -> String {
    match field.custom() {
        Some(_) => said_in(shape, field),
        None => format!("rules.{}.fields.{field}", shape.kind),
    }
}
