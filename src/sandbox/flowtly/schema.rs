//! Flowtly's clients and contacts as data: reading, writing, validating and describing them all go by these tables.
//!
//! Names, required marks and read-only marks are Flowtly's published ones; limits, choices and defaults are not public
//! and are the sandbox's own.

/// What an IRI points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    Country,
    Currency,
    Organization,
    Contractor,
    AttributeSet,
    Client,
    ClientContact,
}

impl Resource {
    const ALL: [Self; 7] = [
        Self::Country,
        Self::Currency,
        Self::Organization,
        Self::Contractor,
        Self::AttributeSet,
        Self::Client,
        Self::ClientContact,
    ];

    /// The collection's path segment.
    pub(super) const fn segment(self) -> &'static str {
        match self {
            Self::Country => "countries",
            Self::Currency => "currencies",
            Self::Organization => "organizations",
            Self::Contractor => "contractors",
            Self::AttributeSet => "attribute-sets",
            Self::Client => "clients",
            Self::ClientContact => "client-contacts",
        }
    }

    /// The name in `@type`.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Country => "Country",
            Self::Currency => "Currency",
            Self::Organization => "Organization",
            Self::Contractor => "Contractor",
            Self::AttributeSet => "AttributeSet",
            Self::Client => "Client",
            Self::ClientContact => "ClientContact",
        }
    }

    pub(super) fn of_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.segment() == segment)
    }
}

/// The JSON type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Whole,
    Iri(Resource),
}

/// What becomes of a field that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A violation.
    Required,
    /// It takes this text, and cannot be null.
    Default(&'static str),
    /// It is null.
    Nullable,
}

/// Which of the tenant's choices a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Status,
    TinType,
    ContactType,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) key: &'static str,
    pub(super) sort: Sort,
    pub(super) need: Need,
    /// The most characters.
    pub(super) most: Option<usize>,
    /// The exact number of characters.
    pub(super) exactly: Option<usize>,
    pub(super) choice: Option<Choice>,
    pub(super) email: bool,
}

const fn text(key: &'static str, need: Need) -> Slot {
    Slot { key, sort: Sort::Text, need, most: Some(255), exactly: None, choice: None, email: false }
}

const fn choice(key: &'static str, choice: Choice) -> Slot {
    Slot { choice: Some(choice), ..text(key, Need::Required) }
}

const fn whole(key: &'static str, default: &'static str) -> Slot {
    Slot { sort: Sort::Whole, most: None, ..text(key, Need::Default(default)) }
}

const fn iri(key: &'static str, resource: Resource, need: Need) -> Slot {
    Slot { sort: Sort::Iri(resource), most: None, ..text(key, need) }
}

/// The fields of a client, in the order in which they are shown.
pub(super) const CLIENT: [Slot; 22] = [
    iri("country", Resource::Country, Need::Required),
    iri("currency", Resource::Currency, Need::Required),
    iri("defaultCost", Resource::Contractor, Need::Nullable),
    choice("status", Choice::Status),
    iri("attributeSet", Resource::AttributeSet, Need::Nullable),
    text("name", Need::Required),
    whole("dueDays", "14"),
    choice("tinType", Choice::TinType),
    Slot { exactly: Some(2), most: None, ..text("tinCountry", Need::Nullable) },
    text("tin", Need::Nullable),
    text("externalPaymentCustomerId", Need::Nullable),
    Slot { most: None, ..text("invoiceComment", Need::Nullable) },
    text("defaultTaxRate", Need::Nullable),
    text("documentsLanguage", Need::Default("en")),
    text("addressPhoneNumber", Need::Nullable),
    text("addressCity", Need::Nullable),
    text("addressPostCode", Need::Nullable),
    text("addressStreetLine", Need::Nullable),
    text("addressBuildingNumber", Need::Nullable),
    text("addressLocaleNumber", Need::Nullable),
    iri("addressCountry", Resource::Country, Need::Nullable),
    text("vatNumber", Need::Nullable),
];

/// The fields of a contact, in the order in which they are shown.
pub(super) const CONTACT: [Slot; 7] = [
    iri("client", Resource::Client, Need::Required),
    choice("type", Choice::ContactType),
    whole("position", "0"),
    Slot { email: true, ..text("email", Need::Required) },
    text("name", Need::Required),
    text("title", Need::Nullable),
    text("phone", Need::Nullable),
];

/// The place of [`CONTACT`]'s parent.
pub(super) const PARENT: u16 = 0;

/// A field of a table and its place.
pub(super) fn slot<'table>(table: &'table [Slot], key: &str) -> Option<(u16, &'table Slot)> {
    (0..).zip(table).find(|(_, slot)| slot.key == key)
}
