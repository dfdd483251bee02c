//! An input as the texts of a field.

use flowtly_sync::domain::field::{Field, Part};
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::value::{Locale, Text};

/// What the first three letters name (a field, a country, which parts there are), and the texts behind them, divided by `|`.
pub fn taken_apart(input: &[u8]) -> (Field, Locale, usize, Vec<String>) {
    let fields: Vec<Field> = Kind::BOTH.into_iter().flat_map(|kind| Field::of(kind).iter().copied()).collect();
    let nth = |at: usize| input.get(at).map_or(0, |byte| usize::from(byte.wrapping_sub(b'a')));
    let field = fields[nth(0) % fields.len()];
    let regions = [Some("PL"), Some("DE"), None, Some("US"), Some("RU"), Some("BR"), Some("XX"), Some("")];
    let region = regions[nth(1) % regions.len()].map(str::to_owned);
    let rest = String::from_utf8_lossy(input.get(3..).unwrap_or_default()).into_owned();
    (field, Locale { region, ..Locale::default() }, nth(2), rest.split('|').map(str::to_owned).collect())
}

/// The texts as the parts that the bits of `which` choose; all of them where they choose none.
pub fn text_of(field: Field, which: usize, texts: &mut impl Iterator<Item = String>) -> Text {
    let chosen = |(at, _): &(usize, &Part)| which >> at & 1 == 1;
    let mut parts: Vec<Part> = field.parts().iter().enumerate().filter(chosen).map(|(_, part)| *part).collect();
    if parts.is_empty() {
        parts = field.parts().to_vec();
    }
    parts.into_iter().map(|part| (part, texts.next().unwrap_or_default())).collect()
}
