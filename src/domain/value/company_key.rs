//! Match keys of names: what is left of a firm's or a person's name when writing habits are taken away. Only for
//! recognising; values are compared by their normal forms.

use unicode_normalization::UnicodeNormalization as _;

use super::placeholder::is_placeholder;

/// The key of a firm's name: lower case, German umlauts written out, other accents dropped, punctuation dropped, the legal
/// form at the end taken off, the words in order. `None` for a placeholder or a text without letters and digits.
///
/// A plain `ue` is never folded to `u`: `Müller` is `Mueller`, and `Bauer` stays a farmer.
pub fn match_name(text: &str) -> Option<String> {
    let words = words(text);
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    let key = without_legal_form(&all).join(" ");
    (!key.is_empty() && !is_placeholder(&key) && !is_placeholder(text)).then_some(key)
}

/// The key of a person's name: folded as a firm's, the words sorted, so that the order of first and last does not matter.
pub fn match_person(text: &str) -> Option<String> {
    let mut words = words(text);
    words.sort_unstable();
    let key = words.join(" ");
    (!key.is_empty() && !is_placeholder(&key) && !is_placeholder(text)).then_some(key)
}

fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    for character in text.nfkc().flat_map(char::to_lowercase) {
        match character {
            'ä' => plain.push_str("ae"),
            'ö' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            // Signs that stand inside a word, or divide the letters of a legal form.
            '.' | '\'' | '’' | '´' | '`' => {}
            other if other.is_ascii_alphanumeric() => plain.push(other),
            other if other.is_alphanumeric() => {
                // Chinese is transcribed with a space behind each syllable: they stay words of their own.
                let latin = deunicode::deunicode_char(other).unwrap_or_default();
                plain.extend(
                    latin.chars().map(
                        |letter| {
                            if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { ' ' }
                        },
                    ),
                );
            }
            // An accent that stands alone belongs to the letter before it.
            other if unicode_normalization::char::is_combining_mark(other) => {}
            _ => plain.push(' '),
        }
    }
    plain.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Takes legal forms off the end, as long as a name is left before them.
fn without_legal_form<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let mut rest = words;
    'again: loop {
        for form in LEGAL_FORMS {
            let form_words = form.split(' ');
            let count = form_words.clone().count();
            let Some((name, end)) = rest.len().checked_sub(count).and_then(|at| rest.split_at_checked(at)) else {
                continue;
            };
            if !name.is_empty() && end.iter().copied().eq(form_words) {
                rest = name;
                continue 'again;
            }
        }
        return rest;
    }
}

/// Legal forms as [`match_name`] sees their words, longer ones before their own endings.
const LEGAL_FORMS: [&str; 169] = [
    "spolka z ograniczona odpowiedzialnoscia spolka komandytowa",
    "gesellschaft mit beschraenkter haftung",
    "gmbh und co kg",
    "j d o o",
    "societa a responsabilita limitata",
    "societe a responsabilite limitee",
    "societe par actions simplifiee",
    "sp z o o",
    "spol s r o",
    "spolecnost s rucenim omezenym",
    "spolka z o o",
    "spolka z ograniczona odpowiedzialnoscia",
    "ug haftungsbeschraenkt co kg",
    "ag co kg",
    "d o o",
    "gmbh co kg",
    "gmbh co kgaa",
    "gmbh co ohg",
    "korlatolt felelossegu tarsasag",
    "limited liability company",
    "limited liability partnership",
    "prosta spolka akcyjna",
    "public limited company",
    "s a s",
    "s p a",
    "s r l",
    "s r o",
    "societa per azioni",
    "sp z oo",
    "sp zo o",
    "spol s ro",
    "spolka komandytowo akcyjna",
    "spolka z oo",
    "a s",
    "akciova spolecnost",
    "anonim sirketi",
    "b v",
    "co ltd",
    "d d",
    "e k",
    "e v",
    "limited sirketi",
    "ltd sti",
    "n v",
    "oy ab",
    "private limited",
    "pte ltd",
    "pty ltd",
    "pvt ltd",
    "s a",
    "s l",
    "sarl s",
    "sociedad anonima",
    "sociedad limitada",
    "sociedade anonima",
    "societa cooperativa",
    "societe anonyme",
    "sp a",
    "sp j",
    "sp k",
    "sp p",
    "sp zoo",
    "spol sro",
    "spolka akcyjna",
    "spolka cywilna",
    "spolka jawna",
    "spolka komandytowa",
    "spolka partnerska",
    "spolka zoo",
    "spz oo",
    "spzo o",
    "ug haftungsbeschraenkt",
    "unipessoal lda",
    "ab",
    "ad",
    "ag",
    "aktiengesellschaft",
    "aktsiaselts",
    "amba",
    "aps",
    "as",
    "asa",
    "asbl",
    "bt",
    "bv",
    "bvba",
    "cic",
    "corp",
    "corporation",
    "dd",
    "dno",
    "doo",
    "ead",
    "ehf",
    "eood",
    "eurl",
    "fzco",
    "fze",
    "gbr",
    "ggmbh",
    "gmbh",
    "hf",
    "inc",
    "incorporated",
    "jdoo",
    "jsc",
    "kft",
    "kg",
    "kgaa",
    "kkt",
    "ks",
    "lda",
    "limitada",
    "limited",
    "llc",
    "llp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "nyrt",
    "oao",
    "ohg",
    "ood",
    "ooo",
    "osauhing",
    "ou",
    "oue",
    "oy",
    "oyj",
    "pao",
    "plc",
    "psa",
    "publ",
    "sa",
    "sapa",
    "sarl",
    "sas",
    "sasu",
    "sc",
    "sca",
    "sce",
    "sci",
    "scrl",
    "se",
    "sia",
    "ska",
    "sl",
    "slu",
    "snc",
    "spa",
    "spj",
    "spk",
    "spp",
    "sprl",
    "spzoo",
    "srl",
    "srls",
    "sro",
    "tov",
    "uab",
    "ug",
    "vof",
    "vos",
    "vsi",
    "vzw",
    "zao",
    "zrt",
    "zs",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn longer_legal_forms_come_before_their_endings() {
        for (place, form) in LEGAL_FORMS.iter().enumerate() {
            for shorter in LEGAL_FORMS.iter().take(place) {
                assert!(!form.ends_with(&format!(" {shorter}")), "{form:?} behind {shorter:?} is never found");
                assert_ne!(form, shorter);
            }
        }
    }

    #[rstest]
    #[case("Acme Sp. z o.o.", "acme")]
    #[case("ACME sp.z o.o.", "acme")]
    #[case("Acme Sp. z o. o.", "acme")]
    #[case("Acme spółka z ograniczoną odpowiedzialnością", "acme")]
    #[case("Acme Spółka z o.o. Sp. k.", "acme")]
    #[case("Acme Sp. z o.o. S.K.A.", "acme")]
    #[case("Acme S.A.", "acme")]
    #[case("Acme Prosta Spółka Akcyjna", "acme")]
    #[case("Acme P.S.A.", "acme")]
    #[case("Acme GmbH", "acme")]
    #[case("Acme GmbH & Co. KG", "acme")]
    #[case("Acme AG", "acme")]
    #[case("Acme S.A.S.", "acme")]
    #[case("Acme SARL", "acme")]
    #[case("Acme B.V.", "acme")]
    #[case("Acme NV", "acme")]
    #[case("Acme Limited", "acme")]
    #[case("Acme, Ltd.", "acme")]
    #[case("Acme, Inc.", "acme")]
    #[case("Acme LLC", "acme")]
    #[case("Acme S.r.l.", "acme")]
    #[case("Acme SpA", "acme")]
    #[case("Acme, S.L.", "acme")]
    #[case("Acme ApS", "acme")]
    #[case("Acme A/S", "acme")]
    #[case("Acme AS", "acme")]
    #[case("Acme AB", "acme")]
    #[case("Acme Oy", "acme")]
    #[case("Acme Kft.", "acme")]
    #[case("Acme s.r.o.", "acme")]
    #[case("Acme, spol. s r.o.", "acme")]
    #[case("Acme a.s.", "acme")]
    #[case("Acme d.o.o.", "acme")]
    #[case("Acme OÜ", "acme")]
    #[case("Acme UAB", "acme")]
    #[case("Acme SIA", "acme")]
    #[case("Acme EOOD", "acme")]
    #[case("Müller & Sohn GmbH", "mueller sohn")]
    #[case("Mueller und Sohn", "mueller und sohn")]
    #[case("Muller", "muller")]
    #[case("Bauer", "bauer")]
    #[case("Groß AG", "gross")]
    #[case("Bär & Söhne AG", "baer soehne")]
    #[case("Acme € Foods", "acme foods")]
    #[case("Ax\u{301}me", "axme")]
    #[case("Łódzka Fabryka S.A.", "lodzka fabryka")]
    #[case("L’Oréal", "loreal")]
    #[case("AB Volvo", "ab volvo")]
    #[case("AB", "ab")]
    #[case("SA Holding", "sa holding")]
    #[case("Ａｃｍｅ", "acme")]
    #[case("3M", "3m")]
    #[case("株式会社", "zhu shi hui she")]
    fn keys_of_firms(#[case] text: &str, #[case] key: &str) {
        assert_eq!(match_name(text).as_deref(), Some(key));
    }

    #[rstest]
    #[case("brak")]
    #[case("Test Sp. z o.o.")]
    #[case("n/a")]
    #[case("---")]
    #[case("")]
    fn placeholders_are_no_keys(#[case] text: &str) {
        assert_eq!(match_name(text), None);
        assert!(match_person(text).is_none_or(|_| text.contains("o.o.")));
    }

    #[test]
    fn different_firms_have_different_keys() {
        assert_ne!(match_name("Alfa Beta Sp. z o.o."), match_name("Beta Alfa Sp. z o.o."));
        assert_ne!(match_name("Acme Polska"), match_name("Acme"));
        assert_ne!(match_name("Muller"), match_name("Müller"));
    }

    #[test]
    fn the_order_of_a_persons_names_does_not_matter() {
        assert_eq!(match_person("Kowalski Jan").as_deref(), Some("jan kowalski"));
        assert_eq!(match_person("Jan KOWALSKI"), match_person("Kowalski, Jan"));
        assert_eq!(match_person("Zoë Łęcka").as_deref(), Some("lecka zoe"));
        assert_ne!(match_person("Jan Kowalski"), match_person("Jan Kowalska"));
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key_and_nothing_panics(text in any::<String>(), latin in "[A-Za-zäöüßł.,&/ -]{0,24}") {
            for text in [text, latin] {
                let _ = match_person(&text);
                if let Some(key) = match_name(&text) {
                    prop_assert_eq!(match_name(&key), Some(key));
                }
            }
        }
    }
}
