//! A text of a person's own, for a field of one part or several.

use crate::domain::field::{Field, Part};
use crate::domain::value::Text;

/// The text that `--value` means. A field of one part takes it as it is; one of several takes `part=text` pairs between
/// semicolons, a person's name also as a whole.
pub(super) fn parse(field: Field, text: &str) -> Result<Text, String> {
    if field == Field::Parent {
        return Err("a contact's company is no text; take one side's with --take".to_owned());
    }
    let parts = field.parts();
    let is_whole = parts == [Part::Whole] || (parts.contains(&Part::Whole) && !text.contains('='));
    if is_whole {
        return Ok(Text::whole(text.trim()));
    }
    let mut value = Text::default();
    for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((name, text)) = pair.split_once('=') else {
            return Err(format!("`{pair}` names no part; {}", usage(field)));
        };
        let Some(part) = Part::parse(name.trim()).filter(|part| parts.contains(part)) else {
            return Err(format!("{field} has no part `{}`; {}", name.trim(), usage(field)));
        };
        if value.part(part).is_some() {
            return Err(format!("the part `{}` is there twice", part.as_str()));
        }
        value.set(part, text.trim());
    }
    if value.parts().next().is_none() {
        return Err(format!("the value is empty; {}", usage(field)));
    }
    Ok(value)
}

fn usage(field: Field) -> String {
    let parts: Vec<String> = field.parts().iter().map(|part| format!("{}=TEXT", part.as_str())).collect();
    format!("write what is to be set of --value \"{}\"", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::simple(Field::Phone, " +48 1 ", Text::whole("+48 1"))]
    #[case::simple_with_signs(Field::InvoiceComment, "a=b; c", Text::whole("a=b; c"))]
    #[case::cleared(Field::Phone, "", Text::whole(""))]
    #[case::name_as_a_whole(Field::PersonName, "Anna Nowak", Text::whole("Anna Nowak"))]
    #[case::name_in_parts(
        Field::PersonName,
        "first=Anna; last=Nowak",
        Text::of([(Part::First, "Anna"), (Part::Last, "Nowak")])
    )]
    #[case::address(
        Field::Address,
        "street = Long Street; building=1; city=Łódź; post_code=90-001;",
        Text::of([(Part::Street, "Long Street"), (Part::Building, "1"), (Part::City, "Łódź"), (Part::PostCode, "90-001")])
    )]
    #[case::a_cleared_part(Field::Address, "unit=", Text::of([(Part::Unit, "")]))]
    fn a_value_is_taken_as_it_is_or_by_its_parts(#[case] field: Field, #[case] text: &str, #[case] expected: Text) {
        assert_eq!(parse(field, text), Ok(expected));
    }

    #[rstest]
    #[case::no_part(
        Field::Address,
        "Long Street 1",
        "`Long Street 1` names no part; write what is to be set of --value \"line=TEXT; street=TEXT; building=TEXT; unit=TEXT; city=TEXT; post_code=TEXT; country=TEXT\""
    )]
    #[case::unknown_part(
        Field::TaxIdentity,
        "nip=1",
        "tax_identity has no part `nip`; write what is to be set of --value \"number=TEXT; tin=TEXT; tin_type=TEXT; tin_country=TEXT; vat_number=TEXT\""
    )]
    #[case::another_fields_part(
        Field::PersonName,
        "city=Łódź",
        "name has no part `city`; write what is to be set of --value \"whole=TEXT; first=TEXT; last=TEXT\""
    )]
    #[case::twice(Field::Address, "city=a;city=b", "the part `city` is there twice")]
    #[case::empty(
        Field::Address,
        " ; ",
        "the value is empty; write what is to be set of --value \"line=TEXT; street=TEXT; building=TEXT; unit=TEXT; city=TEXT; post_code=TEXT; country=TEXT\""
    )]
    #[case::parent(Field::Parent, "17", "a contact's company is no text; take one side's with --take")]
    fn a_wrong_value_is_refused_with_the_parts(#[case] field: Field, #[case] text: &str, #[case] told: &str) {
        assert_eq!(parse(field, text), Err(told.to_owned()));
    }
}
