//! The mapping that is proposed: the usual one of that CRM, without what this account does not have or does not let us write,
//! and with what might be meant instead. What is guessed stands in a comment, and is never in force.

use toml::Value;

use super::likeness::{Wanted, candidates, has_words};
use super::text::{comment, described, quoted};
use crate::commands::check::judge_cell;
use crate::config::Key;
use crate::connector::port::{Offered, Presence, Property};
use crate::domain::field::{Field, Part};
use crate::domain::record::Kind;
use crate::domain::rules::KindRules;
use crate::domain::shape::{Cell, Countries, Shape};
use crate::render::lists::check::Health;

/// What becomes of the usual mapping of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) kind: Kind,
    fields: Vec<Mapped>,
    /// Fields of Flowtly that the CRM usually has nothing for, and what this account might have.
    others: Vec<(Field, Vec<Named>)>,
}

/// A field of the usual mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapped {
    field: Field,
    cells: Vec<Placed>,
}

/// A property of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    cell: Cell,
    standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// As usual.
    Usual,
    /// A person named this one instead.
    Chosen,
    /// It is left out.
    Out {
        why: String,
        /// What a person would do to have it; `None` where it would have to be made.
        mend: Option<String>,
        /// What might be meant instead.
        named: Vec<Named>,
    },
}

/// A property that might be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: String,
    /// What people call it, and what it holds: for a comment.
    pub(super) words: String,
}

impl Named {
    pub(super) fn of(offered: &Offered) -> Self {
        Self { path: offered.property.path.clone(), words: described(offered) }
    }
}

/// Holds the usual mapping against what the account has. `properties` stand in the order of [`Shape::paths`], `offered` is all
/// that the account describes.
pub(super) fn propose(
    shape: &Shape,
    flowtly: &Shape,
    rules: &KindRules,
    properties: &[Property],
    offered: &[Offered],
) -> Proposal {
    let taken: Vec<&str> = properties.iter().map(|property| property.path.as_str()).collect();
    let named = |field, part| -> Vec<Named> {
        candidates(Wanted::Part(field, part), offered, &taken).into_iter().map(Named::of).collect()
    };
    let mut fields: Vec<Mapped> = Vec::new();
    for (cell, property) in shape.cells.iter().zip(properties) {
        let findings = judge_cell(shape, flowtly, rules, property, cell);
        let standing = match findings.into_iter().find(|finding| finding.health == Health::Failure) {
            None => Standing::Usual,
            Some(finding) => Standing::Out {
                why: finding.message,
                mend: finding.mend.filter(|_| property.presence != Presence::Missing),
                named: named(cell.field, cell.part),
            },
        };
        let placed = Placed { cell: cell.clone(), standing };
        match fields.iter_mut().find(|known| known.field == cell.field) {
            Some(known) => known.cells.push(placed),
            None => fields.push(Mapped { field: cell.field, cells: vec![placed] }),
        }
    }
    let others = flowtly
        .cells
        .iter()
        .filter(|cell| cell.part == Part::Whole && shape.parts(cell.field).is_empty())
        .filter(|cell| has_words(Wanted::Part(cell.field, cell.part)))
        .map(|cell| (cell.field, named(cell.field, cell.part)))
        .filter(|(_, named)| !named.is_empty())
        .collect();
    Proposal { kind: shape.kind, fields, others }
}

impl Proposal {
    /// Maps a property to a part of the usual mapping.
    pub(super) fn choose(&mut self, field: Field, part: Part, path: &str) {
        let cells = self.fields.iter_mut().flat_map(|mapped| &mut mapped.cells);
        for placed in cells.filter(|placed| (placed.cell.field, placed.cell.part) == (field, part)) {
            path.clone_into(&mut placed.cell.path);
            placed.standing = Standing::Chosen;
        }
    }

    /// Leaves a part of the usual mapping out, because a person says so.
    pub(super) fn leave_out(&mut self, field: Field, part: Part, why: &str) {
        let cells = self.fields.iter_mut().flat_map(|mapped| &mut mapped.cells);
        for placed in cells.filter(|placed| (placed.cell.field, placed.cell.part) == (field, part)) {
            placed.standing = Standing::Out { why: why.to_owned(), mend: None, named: Vec::new() };
        }
    }

    /// Why a part is left out, and what it might be instead; `None` where it is not.
    pub(super) fn left_out(&self, field: Field, part: Part) -> Option<(&str, &[Named])> {
        let mut cells = self.fields.iter().flat_map(|mapped| &mapped.cells);
        let placed = cells.find(|placed| (placed.cell.field, placed.cell.part) == (field, part))?;
        match &placed.standing {
            Standing::Out { why, named, .. } => Some((why, named)),
            Standing::Usual | Standing::Chosen => None,
        }
    }

    /// Why what is left out is left out.
    pub(super) fn reasons(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().flat_map(|mapped| &mapped.cells).filter_map(|placed| match &placed.standing {
            Standing::Out { why, .. } => Some(why.as_str()),
            Standing::Usual | Standing::Chosen => None,
        })
    }

    /// The settings that differ from the usual mapping.
    pub(super) fn settings(&self) -> Vec<(Key, Value)> {
        let table = Key::of("mapping").child(self.kind.as_str());
        let mut settings = Vec::new();
        for mapped in &self.fields {
            let key = table.child(mapped.field.as_str());
            if mapped.is_out() {
                settings.push((key, Value::Boolean(false)));
                continue;
            }
            for placed in &mapped.cells {
                let key = key.child(placed.cell.part.as_str());
                match placed.standing {
                    Standing::Usual => {}
                    Standing::Chosen => settings.push((key, Value::String(placed.cell.path.clone()))),
                    Standing::Out { .. } => settings.push((key, Value::Boolean(false))),
                }
            }
        }
        settings
    }

    /// The lines of its table: what holds anyway in comments, what differs in force.
    pub(super) fn lines(&self, make: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for mapped in &self.fields {
            lines.extend(mapped.lines(make));
        }
        if !self.others.is_empty() {
            lines.push("# These might be meant as well; none of them is mapped:".to_owned());
        }
        for (field, named) in &self.others {
            lines.extend(named.iter().map(|one| instead(*field, Part::Whole, Countries::AsWritten, one)));
        }
        lines
    }
}

impl Mapped {
    fn is_out(&self) -> bool {
        self.cells.iter().all(|placed| matches!(placed.standing, Standing::Out { .. }))
    }

    fn lines(&self, make: &str) -> Vec<String> {
        let field = self.field;
        let usual = format!("# {field} = {}", side(&self.cells.iter().map(|placed| &placed.cell).collect::<Vec<_>>()));
        if self.cells.iter().all(|placed| placed.standing == Standing::Usual) {
            return vec![usual];
        }
        let mut lines = Vec::new();
        let mut parts = Vec::new();
        for placed in &self.cells {
            let part = placed.cell.part.as_str();
            match &placed.standing {
                Standing::Usual => {}
                Standing::Chosen => parts.push(format!("{part} = {}", quoted(&placed.cell.path))),
                Standing::Out { why, mend, .. } => {
                    let mend = mend.as_deref().unwrap_or(make);
                    lines.extend(comment(&format!("{why}. To have it, {mend}; then take away the line below.")));
                    parts.push(format!("{part} = false"));
                }
            }
        }
        if self.is_out() {
            lines.push(format!("{field} = false"));
        } else {
            if !lines.is_empty() {
                lines.push(usual);
            }
            lines.push(format!("{field} = {{ {} }}", parts.join(", ")));
        }
        for placed in &self.cells {
            if let Standing::Out { named, .. } = &placed.standing {
                let cell = &placed.cell;
                lines.extend(named.iter().map(|one| instead(field, cell.part, cell.countries, one)));
            }
        }
        lines
    }
}

/// A comment that maps another property.
fn instead(field: Field, part: Part, countries: Countries, named: &Named) -> String {
    let cell = Cell { countries, ..Cell::new(field, part, &named.path) };
    format!("# {field} = {}   # perhaps: {}", side(&[&cell]), named.words)
}

/// The right side of a field's line.
fn side(cells: &[&Cell]) -> String {
    if let [only] = cells
        && only.part == Part::Whole
        && only.countries == Countries::AsWritten
    {
        return quoted(&only.path);
    }
    let parts: Vec<String> = cells.iter().map(|cell| part(cell, cells.len())).collect();
    format!("{{ {} }}", parts.join(", "))
}

fn part(cell: &Cell, number: usize) -> String {
    let (name, path) = (cell.part.as_str(), quoted(&cell.path));
    let countries = match cell.countries {
        Countries::AsWritten => return format!("{name} = {path}"),
        Countries::Code => "code",
        Countries::Name => "name",
    };
    if number == 1 {
        format!("{name} = {path}, countries = \"{countries}\"")
    } else {
        format!("{name} = {{ path = {path}, countries = \"{countries}\" }}")
    }
}
