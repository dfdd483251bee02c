//! Languages: BCP 47 in lower case.
//!
//! The table is `languages.txt` beside this file: data, so that a person can read and check it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::country::country_code;
use super::text::{fold, lookup_key};

/// The language tag; a text that is no language stays folded text.
///
/// A region is kept where it says something: `pt-BR` is `pt-br`, and `pl-PL` is `pl`. English and Chinese have no region
/// that goes without saying.
pub fn language(text: &str) -> String {
    let folded = fold(text);
    tag(&folded).or_else(|| named(&folded)).unwrap_or(folded)
}

/// `pl`, `pol`, `pl_PL`, `pl-PL.UTF-8`, `zh-Hans-CN`.
fn tag(text: &str) -> Option<String> {
    let bare = text.split(['.', '@']).next().unwrap_or_default();
    let mut subtags = bare.split(['-', '_']);
    let primary = subtags.next().filter(|primary| (2..=3).contains(&primary.len()))?;
    let primary = LANGUAGES.by_code.get(primary.to_ascii_lowercase().as_str())?;
    let mut tag = (*primary).to_owned();
    let rest: Vec<String> = subtags.map(str::to_ascii_lowercase).collect();
    let well_formed =
        |subtag: &String| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !rest.iter().all(well_formed) {
        return None;
    }
    if let [region] = rest.as_slice()
        && is_home(primary, region)
    {
        return Some(tag);
    }
    for subtag in rest {
        tag.push('-');
        tag.push_str(&subtag);
    }
    Some(tag)
}

/// `Polish`, `polski`, `Portuguese (Brazil)`, `English - United Kingdom`.
fn named(text: &str) -> Option<String> {
    if let Some(code) = LANGUAGES.by_name.get(&lookup_key(text)) {
        return Some((*code).to_owned());
    }
    let (name, region) = text.split_once('(').or_else(|| text.split_once(" - "))?;
    let code = LANGUAGES.by_name.get(&lookup_key(name))?;
    let region = country_code(region.trim_end_matches(')'))?.to_ascii_lowercase();
    Some(if is_home(code, &region) { (*code).to_owned() } else { format!("{code}-{region}") })
}

/// Whether the region goes without saying.
fn is_home(language: &str, region: &str) -> bool {
    const HOMES: [(&str, &str); 32] = [
        ("be", "by"),
        ("bs", "ba"),
        ("ca", "es"),
        ("cs", "cz"),
        ("cy", "gb"),
        ("da", "dk"),
        ("el", "gr"),
        ("et", "ee"),
        ("eu", "es"),
        ("fa", "ir"),
        ("ga", "ie"),
        ("gl", "es"),
        ("he", "il"),
        ("hi", "in"),
        ("hy", "am"),
        ("ja", "jp"),
        ("ka", "ge"),
        ("kk", "kz"),
        ("ko", "kr"),
        ("lb", "lu"),
        ("ms", "my"),
        ("nb", "no"),
        ("nn", "no"),
        ("rm", "ch"),
        ("sl", "si"),
        ("sq", "al"),
        ("sr", "rs"),
        ("sv", "se"),
        ("uk", "ua"),
        ("ur", "pk"),
        ("vi", "vn"),
        ("no", "no"),
    ];
    const SAME: [&str; 20] = [
        "bg", "de", "es", "fi", "fr", "hr", "hu", "id", "is", "it", "lt", "lv", "mk", "mt", "nl", "pl", "pt", "ro",
        "ru", "sk",
    ];
    HOMES.contains(&(language, region))
        || (language == region && SAME.contains(&language))
        || (language, region) == ("tr", "tr")
}

struct Table {
    by_code: HashMap<&'static str, &'static str>,
    by_name: HashMap<String, &'static str>,
}

static LANGUAGES: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { by_code: HashMap::new(), by_name: HashMap::new() };
    for (codes, names) in rows() {
        let Some(code) = codes.split(' ').next() else { continue };
        table.by_code.extend(codes.split(' ').map(|other| (other, code)));
        for name in names.split(" | ") {
            table.by_name.entry(lookup_key(name)).or_insert(code);
        }
    }
    table
});

/// The lines of the table: `pl pol = Polish | polski | …`.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("languages.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_name_means_one_language() {
        assert_eq!(rows().count(), 183);
        for (codes, names) in rows() {
            let code = codes.split(' ').next().unwrap();
            assert_eq!(code.len(), 2);
            for text in codes.split(' ').chain(names.split(" | ")) {
                assert_eq!(language(text), code, "{text}");
            }
        }
    }

    #[rstest]
    #[case("pl", "pl")]
    #[case("PL", "pl")]
    #[case("pl_PL", "pl")]
    #[case("pl-PL", "pl")]
    #[case("pl_PL.UTF-8", "pl")]
    #[case("pol", "pl")]
    #[case("ger", "de")]
    #[case("Polish", "pl")]
    #[case("polski", "pl")]
    #[case("Deutsch", "de")]
    #[case("FRANÇAIS", "fr")]
    #[case("de-AT", "de-at")]
    #[case("en-GB", "en-gb")]
    #[case("en_US", "en-us")]
    #[case("en", "en")]
    #[case("pt-BR", "pt-br")]
    #[case("pt-PT", "pt")]
    #[case("zh-Hans-CN", "zh-hans-cn")]
    #[case("sv-SE", "sv")]
    #[case("tr-TR", "tr")]
    #[case("Portuguese (Brazil)", "pt-br")]
    #[case("German (Germany)", "de")]
    #[case("English - United Kingdom", "en-gb")]
    #[case("xx", "xx")]
    #[case("Klingon  (old)", "Klingon (old)")]
    #[case("pl-", "pl-")]
    #[case("PL-A+B", "PL-A+B")]
    #[case("PL-ABCDEFGHI", "PL-ABCDEFGHI")]
    fn languages(#[case] text: &str, #[case] normal: &str) {
        assert_eq!(language(text), normal);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[A-Za-z]{2,3}[-_]?[A-Za-z]{0,4}|\\PC*") {
            prop_assert_eq!(language(&language(&text)), language(&text));
        }
    }
}
