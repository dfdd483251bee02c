//! What people do to data: the accidents that [`Flavour::Messy`](super::Flavour::Messy) adds.

use fastrand::Rng;

/// One accident of a firm that is on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mess {
    /// A colleague made it a second time in the CRM, with the same tax number.
    Twin,
    /// Another firm in the CRM has the same name and country, and its own tax number.
    Namesake,
    /// A tax number that says nothing stands in Flowtly.
    Placeholder,
    /// The CRM has no tax number.
    NoTaxNumber,
    /// The CRM has neither tax number nor country.
    NoCountry,
    /// The two sides have different telephones.
    OtherPhone,
    /// Its first contact has no e-mail address in the CRM.
    NoEmail,
    /// Its first contact belongs to nobody in the CRM.
    Orphan,
}

const ALL: [Mess; 8] = [
    Mess::Twin,
    Mess::Namesake,
    Mess::Placeholder,
    Mess::NoTaxNumber,
    Mess::NoCountry,
    Mess::OtherPhone,
    Mess::NoEmail,
    Mess::Orphan,
];

/// What stands where a tax number should.
const PLACEHOLDERS: [&str; 4] = ["0000000000", "brak", "n/a", "1234567890"];

/// The accident of a firm, if it has one: every fourth does.
pub(super) fn accident(rng: &mut Rng) -> Option<Mess> {
    if rng.u32(0..4) == 0 { ALL.get(rng.usize(0..ALL.len())).copied() } else { None }
}

/// A tax number that says nothing.
pub(super) fn placeholder(rng: &mut Rng) -> &'static str {
    PLACEHOLDERS.get(rng.usize(0..PLACEHOLDERS.len())).copied().unwrap_or_default()
}
