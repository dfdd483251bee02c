//! Whether a linked record still is the same thing: name and key that change together look like another one.

use super::pair::{reading, valid_decision};
use super::{Context, Pair};
use crate::domain::field::Field;
use crate::domain::record::{Kind, Side};
use crate::domain::value::{Facet, Reading, Text};

/// The side whose name and key both moved away from what was agreed, if there is one.
///
/// A key that was blank and is filled in speaks against nothing. Nor is there anything to ask where, for both fields, the
/// other side says the same by now or a person has decided with these values before their eyes.
pub(super) fn changed(pair: &Pair, context: Context<'_>) -> Option<Side> {
    let (name, key) = match context.flowtly.kind {
        Kind::Company => (Field::Name, Field::TaxIdentity),
        Kind::Contact => (Field::PersonName, Field::Email),
    };
    let is_settled = |field| {
        reading(pair, Side::Flowtly, field, context).agrees_with(reading(pair, Side::Crm, field, context))
            || valid_decision(pair, field, context).is_some()
    };
    if pair.confirmed || (is_settled(name) && is_settled(key)) {
        return None;
    }
    let both_moved = |side| moved(pair, side, name, context) && moved(pair, side, key, context);
    match (both_moved(Side::Flowtly), both_moved(Side::Crm)) {
        (false, false) => None,
        (true, false) => Some(Side::Flowtly),
        (false, true) => Some(Side::Crm),
        // Both: one question is enough. Which side raises it depends on the texts alone, so that swapping the sides
        // swaps the answer.
        (true, true) => {
            let texts = |side| [name, key].map(|field| text(pair, side, field, context));
            Some(if texts(Side::Flowtly) <= texts(Side::Crm) { Side::Flowtly } else { Side::Crm })
        }
    }
}

fn moved(pair: &Pair, side: Side, field: Field, context: Context<'_>) -> bool {
    let has_other_base = pair.half(side.opposite()).base.contains_key(&field);
    let base = pair.half(side).base.get(&field).filter(|_| has_other_base);
    match (base, reading(pair, side, field, context)) {
        (None | Some(Reading::Unknown | Reading::Blank), Reading::Unknown | Reading::Blank | Reading::Value(_))
        | (Some(Reading::Value(_)), Reading::Unknown) => false,
        (Some(base), _) if base.says_nothing() => false,
        (Some(Reading::Value(_)), Reading::Blank) => true,
        (Some(base @ Reading::Value(was)), now @ Reading::Value(is)) => {
            // The type of a tax number, or how it is split, is not the number.
            match (was.normal().facet(Facet::TaxNumber), is.normal().facet(Facet::TaxNumber)) {
                (Some(was), Some(is)) => was != is,
                (Some(_) | None, None) | (None, Some(_)) => !now.same_as(base),
            }
        }
    }
}

fn text(pair: &Pair, side: Side, field: Field, context: Context<'_>) -> Option<Text> {
    reading(pair, side, field, context).text()
}
