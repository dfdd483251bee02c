//! Lenses: any text of one side put into any text of the other.

use flowtly_sync::domain::field::{Field, Part};
use flowtly_sync::domain::lens::put;
use flowtly_sync::domain::value::{Reading, Text};

use super::texts::{taken_apart, text_of};

pub fn lenses(input: &[u8]) {
    let (field, locale, which, texts) = taken_apart(input);
    let mut texts = texts.into_iter();
    let (source, target) = (text_of(field, which, &mut texts), text_of(field, which >> 3, &mut texts));
    let numbers = [Part::Number, Part::Tin, Part::VatNumber];
    let is_carried = |text: &Text| field != Field::TaxIdentity || text.parts().any(|(part, _)| numbers.contains(&part));
    // A country or a type without any number is no tax identity; the configuration refuses to map it.
    if !is_carried(&source) || !is_carried(&target) {
        return;
    }
    let parts: Vec<Part> = target.parts().map(|(part, _)| part).collect();
    let written = put(field, &source, &target, &parts, &locale);
    assert_eq!(written.parts().map(|(part, _)| part).collect::<Vec<_>>(), parts, "it has the target's parts");
    assert_eq!(put(field, &source, &written, &parts, &locale), written, "putting twice is putting once");
    let read = |text: &Text| Reading::of(field, text.clone(), &locale);
    let (wanted, there, before) = (read(&source), read(&written), read(&target));
    if wanted.agrees_with(&before) {
        assert_eq!(written, target, "what is there already stays as it is");
    }
    match (wanted.value(), there.value()) {
        (None, there) => assert!(there.is_none(), "a blank source blanks"),
        (Some(_), None) => {}
        (Some(wanted), Some(there)) => {
            for (facet, text) in wanted.normal().facets() {
                let read = there.normal().facet(facet);
                assert!(read.is_none_or(|read| read == text), "{facet:?}: {read:?} is read back, not {text:?}");
            }
        }
    }
}
