//! Pairs and births by table, and what holds for every pair.
//!
//! Everything here holds whatever the normal forms and lenses are, as long as they keep their laws.

mod pairs;
mod births;
mod laws;

use super::*;
use crate::domain::custom::{CustomField, CustomType, one_of_each};
use crate::domain::field::Part;
use crate::domain::record::Kind;
use crate::domain::rules::{FieldRule, Gone};
use crate::domain::shape::Cell;

/// Everything that a [`Context`] borrows.
#[derive(Debug, Clone)]
struct World {
    rules: KindRules,
    flowtly: Shape,
    crm: Shape,
    flowtly_manners: Manners,
    crm_manners: Manners,
    locale: Locale,
    adoption: bool,
}

impl World {
    /// Both sides map the fields in these parts, all writable, all two-way.
    fn of(kind: Kind, flowtly: &[(Field, Part)], crm: &[(Field, Part)]) -> Self {
        let fields = Field::of(kind).iter().map(|field| (*field, FieldRule::default())).collect();
        Self {
            rules: KindRules {
                fields,
                create_in_flowtly: true,
                create_in_crm: true,
                gone: Gone::Report,
                match_fields: Vec::new(),
                defaults: BTreeMap::new(),
            },
            flowtly: shape(Side::Flowtly, kind, flowtly),
            crm: shape(Side::Crm, kind, crm),
            flowtly_manners: Manners::default(),
            crm_manners: Manners::default(),
            locale: locale(),
            adoption: false,
        }
    }

    /// The same parts on both sides.
    fn alike(kind: Kind, cells: &[(Field, Part)]) -> Self {
        let mut world = Self::of(kind, cells, cells);
        world.rules.fields = cells.iter().map(|(field, _)| (*field, FieldRule::default())).collect();
        world
    }

    fn context(&self) -> Context<'_> {
        Context {
            rules: &self.rules,
            flowtly: &self.flowtly,
            crm: &self.crm,
            flowtly_manners: &self.flowtly_manners,
            crm_manners: &self.crm_manners,
            locale: &self.locale,
            adoption: self.adoption,
        }
    }

    fn lock(&mut self, side: Side, field: Field) {
        let shape = match side {
            Side::Flowtly => &mut self.flowtly,
            Side::Crm => &mut self.crm,
        };
        for cell in shape.cells.iter_mut().filter(|cell| cell.field == field) {
            cell.writable = false;
        }
    }

    fn manners_mut(&mut self, side: Side) -> &mut Manners {
        match side {
            Side::Flowtly => &mut self.flowtly_manners,
            Side::Crm => &mut self.crm_manners,
        }
    }

    fn rule(&mut self, field: Field) -> &mut FieldRule {
        self.rules.fields.entry(field).or_default()
    }
}

fn shape(side: Side, kind: Kind, cells: &[(Field, Part)]) -> Shape {
    let cells =
        cells.iter().map(|(field, part)| Cell::new(*field, *part, format!("{field}_{}", part.as_str()))).collect();
    Shape { side, kind, cells, watched: Vec::new(), scope: Vec::new() }
}

/// Companies have a declared field of each type.
fn locale() -> Locale {
    Locale { customs: one_of_each(Kind::Company), ..Locale::default() }
}

fn declared(sort: CustomType) -> Field {
    CustomField::new(Kind::Company, sort.as_str()).unwrap().into()
}

fn read(field: Field, text: &Text) -> Reading {
    Reading::of(field, text.clone(), &locale())
}

fn whole(field: Field, text: &str) -> Reading {
    read(field, &Text::whole(text))
}

fn record(side: Side, kind: Kind) -> Record {
    Record::bare(side, kind, "17")
}

fn pair(kind: Kind) -> Pair {
    let half = |side| PairHalf { record: record(side, kind), base: BTreeMap::new() };
    Pair {
        flowtly: half(Side::Flowtly),
        crm: half(Side::Crm),
        decisions: BTreeMap::new(),
        alternating: BTreeSet::new(),
        confirmed: false,
    }
}

impl Pair {
    fn half_mut(&mut self, side: Side) -> &mut PairHalf {
        match side {
            Side::Flowtly => &mut self.flowtly,
            Side::Crm => &mut self.crm,
        }
    }

    /// What a side shows, and what it showed at the last agreement.
    fn put(&mut self, side: Side, field: Field, base: Option<&str>, now: &str) {
        let half = self.half_mut(side);
        half.record.fields.insert(field, whole(field, now));
        if let Some(base) = base {
            half.base.insert(field, whole(field, base));
        }
    }

    fn with(mut self, field: Field, flowtly: (Option<&str>, &str), crm: (Option<&str>, &str)) -> Self {
        self.put(Side::Flowtly, field, flowtly.0, flowtly.1);
        self.put(Side::Crm, field, crm.0, crm.1);
        self
    }
}
