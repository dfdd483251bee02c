//! Which of a CRM's properties might hold a field, by their names and by what they hold. It proposes; a person decides.

use crate::connector::port::{Offered, PropertySort};
use crate::domain::field::{Field, Form, Part};
use crate::render::words::place;

/// How many properties are named for one field.
const NAMED: usize = 3;

/// How alike two words are that are written differently, at least: a plural, a slip.
const ALIKE: f64 = 0.93;

/// Shorter words are too easily alike.
const LONG: usize = 5;

/// What a property is looked for to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A part of a field.
    Part(Field, Part),
    /// Flowtly's id.
    OurId,
}

/// What people call these, in the languages of Flowtly's customers. Lower case, no accents, no signs.
const WORDS: &[(Meaning, &[&str])] = &[
    (
        Meaning::TaxNumber,
        &[
            "vat",
            "vat number",
            "vat no",
            "vat id",
            "vat reg no",
            "vatin",
            "tax id",
            "tax number",
            "tax no",
            "tin",
            "nip",
            "nip ue",
            "ust id",
            "ust id nr",
            "ustid",
            "umsatzsteuer id",
            "uid nummer",
            "nif",
            "cif",
            "numero tva",
            "tva intracommunautaire",
            "partita iva",
            "piva",
            "btw",
            "btw nummer",
            "dic",
            "ic dph",
            "momsnummer",
        ],
    ),
    (Meaning::OurId, &["flowtly", "flowtly id", "id flowtly", "flowtly client id"]),
    (Meaning::Phone, &["phone", "phone number", "telephone", "telefon", "tel", "mobile"]),
    (Meaning::Country, &["country", "billing country", "kraj", "land", "pays", "pais", "paese"]),
    (
        Meaning::Currency,
        &["currency", "currency code", "billing currency", "waluta", "wahrung", "devise", "moneda", "valuta"],
    ),
    (
        Meaning::DueDays,
        &["due days", "payment days", "payment terms", "payment term days", "termin platnosci", "zahlungsziel"],
    ),
    (Meaning::Comment, &["invoice comment", "invoice note", "billing note"]),
    (
        Meaning::Language,
        &["documents language", "invoice language", "language", "jezyk", "sprache", "langue", "idioma", "lingua"],
    ),
    (Meaning::Title, &["title", "job title", "position", "stanowisko", "funktion", "function", "role"]),
    (Meaning::Email, &["email", "e mail", "email address"]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    TaxNumber,
    OurId,
    Phone,
    Country,
    Currency,
    DueDays,
    Comment,
    Language,
    Title,
    Email,
}

impl Meaning {
    fn of(wanted: Wanted) -> Option<Self> {
        match wanted {
            Wanted::OurId => Some(Self::OurId),
            Wanted::Part(Field::TaxIdentity, Part::Number | Part::VatNumber | Part::Tin) => Some(Self::TaxNumber),
            Wanted::Part(Field::Phone | Field::ContactPhone, _) => Some(Self::Phone),
            Wanted::Part(Field::Country, _) => Some(Self::Country),
            Wanted::Part(Field::Currency, _) => Some(Self::Currency),
            Wanted::Part(Field::DueDays, _) => Some(Self::DueDays),
            Wanted::Part(Field::InvoiceComment, _) => Some(Self::Comment),
            Wanted::Part(Field::DocumentsLanguage, _) => Some(Self::Language),
            Wanted::Part(Field::Title | Field::Position, _) => Some(Self::Title),
            Wanted::Part(Field::Email, _) => Some(Self::Email),
            Wanted::Part(..) => None,
        }
    }
}

/// The properties that might hold it, the likeliest first. `taken` are those that hold something else.
pub(super) fn candidates<'a>(wanted: Wanted, offered: &'a [Offered], taken: &[&str]) -> Vec<&'a Offered> {
    let words: Vec<String> = match (Meaning::of(wanted), wanted) {
        (Some(meaning), _) => {
            let known = WORDS.iter().find(|(known, _)| *known == meaning);
            known.into_iter().flat_map(|(_, words)| words.iter().map(|word| (*word).to_owned())).collect()
        }
        (None, Wanted::Part(field, part)) => vec![plain(&place(field, part))],
        (None, Wanted::OurId) => Vec::new(),
    };
    let mut scored: Vec<(f64, &Offered)> = offered
        .iter()
        .filter(|one| !taken.contains(&one.property.path.as_str()) && may_hold(wanted, one))
        .filter_map(|one| Some((likeness(one, &words)?, one)))
        .collect();
    // What somebody made for it comes before what is alike by chance.
    scored.sort_by(|(left, one), (right, other)| {
        right
            .total_cmp(left)
            .then(other.is_custom.cmp(&one.is_custom))
            .then(one.property.path.cmp(&other.property.path))
    });
    scored.into_iter().take(NAMED).map(|(_, one)| one).collect()
}

/// Whether it is known what people call it.
pub(super) fn has_words(wanted: Wanted) -> bool {
    Meaning::of(wanted).is_some()
}

/// How alike two names are: 1 where they say the same, `None` where they are not alike at all.
pub(super) fn alike(one: &str, other: &str) -> Option<f64> {
    let (one, other) = (plain(one), plain(other));
    if one.is_empty() || other.is_empty() {
        return None;
    }
    if one == other || one.replace(' ', "") == other.replace(' ', "") {
        return Some(1.0);
    }
    let score = strsim::jaro_winkler(&one, &other);
    (one.len() >= LONG && other.len() >= LONG && score >= ALIKE).then_some(score * 0.9)
}

fn likeness(offered: &Offered, words: &[String]) -> Option<f64> {
    let names = [Some(offered.property.path.as_str()), offered.label.as_deref()].into_iter().flatten();
    let scores = names.flat_map(|name| {
        let name = plain(name);
        words.iter().filter_map(move |word| {
            let within = format!(" {name} ").contains(&format!(" {word} "));
            alike(&name, word).or((within && word.len() > 2).then_some(0.8))
        })
    });
    scores.max_by(f64::total_cmp)
}

/// Whether what a property holds could be it.
fn may_hold(wanted: Wanted, offered: &Offered) -> bool {
    let property = &offered.property;
    if property.writable == Some(false) {
        return false;
    }
    let form = match wanted {
        Wanted::OurId => Form::Text,
        Wanted::Part(field, _) => field.form(),
    };
    match property.sort {
        None | Some(PropertySort::Text) => true,
        Some(PropertySort::Number) => matches!(form, Form::Integer | Form::Decimal),
        Some(PropertySort::Choice | PropertySort::Relation) => {
            matches!(
                form,
                Form::Choice | Form::Country | Form::Currency | Form::Language | Form::Reference | Form::Integer
            )
        }
        Some(PropertySort::Date | PropertySort::Moment) => form == Form::Date,
        Some(PropertySort::Boolean) => form == Form::Boolean,
        Some(PropertySort::Choices) => false,
    }
}

/// The words of a name, in lower case, without what systems put in front: `cVatNumber`, `x_studio_vat_number`,
/// `custom:VAT number` and `attributes.vatNumber` are `vat number`.
pub(super) fn plain(name: &str) -> String {
    let name = name.strip_prefix("custom:").unwrap_or(name);
    let name = name.strip_prefix("attributes.").unwrap_or(name);
    let name = name.strip_prefix("x_studio_").or_else(|| name.strip_prefix("x_")).unwrap_or(name);
    let name = match name.strip_prefix('c') {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_uppercase()) => rest,
        Some(_) | None => name,
    };
    let mut words = String::new();
    let mut before = ' ';
    for character in name.chars() {
        if character.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.push(if character.is_alphanumeric() { character } else { ' ' });
        before = character;
    }
    deunicode::deunicode(&words).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::connector::port::{Presence, Property};

    fn offered(path: &str, label: Option<&str>, sort: PropertySort) -> Offered {
        let property = Property { sort: Some(sort), ..Property::new(path, Presence::Present) };
        Offered { property, label: label.map(str::to_owned), is_custom: true }
    }

    const TAX: Wanted = Wanted::Part(Field::TaxIdentity, Part::Number);

    #[rstest]
    #[case("cVatNumber", "vat number")]
    #[case("x_studio_nip", "nip")]
    #[case("x_flowtly_id", "flowtly id")]
    #[case("custom:USt-IdNr.", "ust id nr")]
    #[case("attributes.customerSince", "customer since")]
    #[case("Numéro TVA", "numero tva")]
    #[case("city", "city")]
    #[case("VAT", "vat")]
    fn a_name_comes_down_to_its_words(#[case] name: &str, #[case] words: &str) {
        assert_eq!(plain(name), words);
    }

    #[rstest]
    #[case::by_name(TAX, "cNip", None, PropertySort::Text, true)]
    #[case::by_label(TAX, "field_17", Some("Tax ID"), PropertySort::Text, true)]
    #[case::within(TAX, "company_vat_number_eu", None, PropertySort::Text, true)]
    #[case::plural(TAX, "tax_numbers", None, PropertySort::Text, true)]
    #[case::of_another_type(TAX, "vat_number", None, PropertySort::Boolean, false)]
    #[case::a_rate(TAX, "tax_rate", Some("Tax rate"), PropertySort::Text, false)]
    #[case::short_words_are_not_guessed(TAX, "nit", None, PropertySort::Text, false)]
    #[case::private(TAX, "private_notes", None, PropertySort::Text, false)]
    #[case::our_id(Wanted::OurId, "x_flowtly_id", Some("Flowtly id"), PropertySort::Text, true)]
    #[case::another_id(Wanted::OurId, "x_sap_id", Some("SAP id"), PropertySort::Text, false)]
    #[case::choice(Wanted::Part(Field::Currency, Part::Whole), "waluta", None, PropertySort::Choice, true)]
    #[case::number(Wanted::Part(Field::DueDays, Part::Whole), "payment_terms", None, PropertySort::Number, true)]
    fn a_property_is_a_candidate_by_name_and_type(
        #[case] wanted: Wanted,
        #[case] path: &str,
        #[case] label: Option<&str>,
        #[case] sort: PropertySort,
        #[case] expected: bool,
    ) {
        let all = [offered(path, label, sort)];
        assert_eq!(!candidates(wanted, &all, &[]).is_empty(), expected);
    }

    #[test]
    fn the_likeliest_comes_first_and_what_is_mapped_or_cannot_be_written_is_left_out() {
        let mut locked = offered("vat", None, PropertySort::Text);
        locked.property.writable = Some(false);
        let all = [
            offered("old_vat_number_2019", None, PropertySort::Text),
            offered("vat_number", None, PropertySort::Text),
            offered("nip", None, PropertySort::Text),
            locked,
        ];
        let found: Vec<&str> =
            candidates(TAX, &all, &["nip"]).into_iter().map(|one| one.property.path.as_str()).collect();
        assert_eq!(found, ["vat_number", "old_vat_number_2019"]);
    }
}
