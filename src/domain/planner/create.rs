//! What a record is born with.

use super::Context;
use crate::domain::field::{Field, Part};
use crate::domain::lens;
use crate::domain::record::{Record, Side};
use crate::domain::rules::{Direction, FieldRule};
use crate::domain::value::{Reading, Text};

/// The fields of a record to be created on `side` from `source`, in the shape of `side` and in the order of [`Field::every`];
/// or the required ones that are missing.
///
/// Every field with a rule travels that both sides map and the new side lets us write. A one-way field for which the new
/// side itself decides does not, unless it is required there: then the source's value is the best there is, and the side
/// goes on from it. A default fills a field, or single parts of one, where the source has nothing; it never stands in for
/// a value that the source has but did not show, since that would invent one. A required field that nothing fills is
/// missing, and so is one that cannot be sent. A contact's company is not among the fields: it is the action's own.
pub fn plan_create(source: &Record, side: Side, context: Context<'_>) -> Result<Vec<(Field, Text)>, Vec<Field>> {
    let fields = || Field::every(source.kind, context.shape(side).fields()).filter(|field| *field != Field::Parent);
    let texts: Vec<(Field, Text)> =
        fields().filter_map(|field| birth_text(field, source, side, context).map(|text| (field, text))).collect();
    let missing: Vec<Field> = fields()
        .filter(|field| context.manners(side).required.contains(field))
        .filter(|field| !texts.iter().any(|(present, _)| present == field))
        .collect();
    if missing.is_empty() { Ok(texts) } else { Err(missing) }
}

fn birth_text(field: Field, source: &Record, side: Side, context: Context<'_>) -> Option<Text> {
    let target = context.shape(side);
    if !target.is_writable(field) {
        return None;
    }
    let parts = target.parts(field);
    let is_required = context.manners(side).required.contains(&field);
    let travels = context.shape(side.opposite()).maps(field)
        && context.rules.fields.get(&field).is_some_and(|rule| goes_to(*rule, side) || is_required);
    let carried = match (travels, source.reading(field)) {
        (true, Reading::Unknown) => return None,
        (true, Reading::Value(value)) => lens::put(field, value.text(), &Text::default(), &parts, context.locale),
        (true, Reading::Blank) | (false, Reading::Unknown | Reading::Blank | Reading::Value(_)) => Text::default(),
    };
    let text = match context.rules.defaults.get(&(side, field)) {
        Some(default) => filled_up(carried, default, &parts),
        None => carried,
    };
    let text = target.spell(field, &Text::default(), text);
    (!text.is_blank()).then_some(text)
}

fn goes_to(rule: FieldRule, side: Side) -> bool {
    match (rule.direction, side) {
        (Direction::Both, Side::Flowtly | Side::Crm)
        | (Direction::ToCrm, Side::Crm)
        | (Direction::ToFlowtly, Side::Flowtly) => true,
        (Direction::ToCrm, Side::Flowtly) | (Direction::ToFlowtly, Side::Crm) => false,
    }
}

/// The text with the default's parts where it has nothing, as far as the new side carries them.
fn filled_up(mut text: Text, default: &Text, parts: &[Part]) -> Text {
    for part in parts {
        let is_empty = text.part(*part).is_none_or(|present| present.trim().is_empty());
        if let Some(filling) = default.part(*part).filter(|_| is_empty) {
            text.set(*part, filling);
        }
    }
    text
}
