//! The canonical fields: every field of Flowtly's client and contact schemas, under one name for both systems.
//!
//! What only makes sense together is one field with several [`Part`]s: a postal address, a tax identity, a person's name.
//! Beside them stand the fields that a configuration declares: [`Field::Custom`].

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::custom::CustomField;
use super::record::Kind;

/// A field of a company or a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// A company's name.
    Name,
    /// The company's country, the one that matching uses; ISO 3166-1 alpha-2 in normal form.
    Country,
    /// ISO 4217.
    Currency,
    /// Flowtly's default contractor (an opaque reference).
    DefaultCost,
    /// Flowtly's status (a choice whose values are the tenant's).
    Status,
    /// Flowtly's custom-field set (an opaque reference).
    AttributeSet,
    /// Payment term in days.
    DueDays,
    /// Tax number, its type and country, and the VAT number: one decision.
    TaxIdentity,
    /// An id at a payment provider.
    ExternalPaymentCustomerId,
    /// Printed on invoices.
    InvoiceComment,
    /// A rate as text.
    DefaultTaxRate,
    /// The language of documents.
    DocumentsLanguage,
    /// The company's telephone number.
    Phone,
    /// Street, building, unit, city, post code and the address's own country: one decision.
    Address,
    /// Read-only in Flowtly.
    CostGroup,
    /// Read-only in Flowtly.
    CostGroupIcon,
    /// A person's name.
    PersonName,
    /// A person's e-mail address.
    Email,
    /// A person's telephone number.
    ContactPhone,
    /// A person's job title.
    Title,
    /// Flowtly's contact type (a choice whose values are the tenant's).
    ContactType,
    /// Flowtly's order of contacts.
    Position,
    /// The company that a contact belongs to: the link of that company, or outside.
    Parent,
    /// One that the configuration declares; it stands after the canonical ones.
    Custom(CustomField),
}

/// How a field's text becomes its normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text: NFC, outer white space dropped, inner runs of white space folded; case kept.
    Text,
    /// Several lines: as [`Form::Text`], line breaks kept.
    Lines,
    /// E.164 with its extension.
    Phone,
    /// An address of RFC 5321, lower case.
    Email,
    /// ISO 3166-1 alpha-2.
    Country,
    /// ISO 4217.
    Currency,
    /// A language code of BCP 47, lower case.
    Language,
    /// A whole number.
    Integer,
    /// A decimal number, without trailing zeros.
    Decimal,
    /// A calendar date of ISO 8601.
    Date,
    /// `true` or `false`.
    Boolean,
    /// One of the system's own choices, compared exactly.
    Choice,
    /// The id of another resource, compared exactly.
    Reference,
    /// A person's name: first and last, or one text.
    PersonName,
    /// A postal address.
    Address,
    /// A tax identity.
    TaxIdentity,
    /// The link of a contact's company.
    Parent,
    /// As the configuration says of this field: [`Locale::form`](super::value::Locale::form) knows.
    Custom,
}

/// A part of a field's text. Simple fields have [`Part::Whole`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The whole text of a simple field; of a person's name, the full name.
    Whole,
    /// Given name.
    First,
    /// Family name.
    Last,
    /// Street, building and unit in one line.
    Line,
    /// Street without number.
    Street,
    /// Building number.
    Building,
    /// Unit, flat or suite.
    Unit,
    /// City.
    City,
    /// Post code.
    PostCode,
    /// The address's country.
    Country,
    /// A tax number of either sort, with or without country prefix: the shape of a CRM with one property.
    Number,
    /// The national tax number.
    Tin,
    /// The type of the tax number.
    TinType,
    /// The country of the tax number.
    TinCountry,
    /// The VAT number, with country prefix.
    VatNumber,
}

impl Part {
    const ALL: [Self; 15] = [
        Self::Whole,
        Self::First,
        Self::Last,
        Self::Line,
        Self::Street,
        Self::Building,
        Self::Unit,
        Self::City,
        Self::PostCode,
        Self::Country,
        Self::Number,
        Self::Tin,
        Self::TinType,
        Self::TinCountry,
        Self::VatNumber,
    ];

    /// The word used in mappings and in the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::First => "first",
            Self::Last => "last",
            Self::Line => "line",
            Self::Street => "street",
            Self::Building => "building",
            Self::Unit => "unit",
            Self::City => "city",
            Self::PostCode => "post_code",
            Self::Country => "country",
            Self::Number => "number",
            Self::Tin => "tin",
            Self::TinType => "tin_type",
            Self::TinCountry => "tin_country",
            Self::VatNumber => "vat_number",
        }
    }

    /// The part that [`Self::as_str`] names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == text)
    }
}

impl Field {
    /// The fields of a company, in the order in which reports show them.
    pub const COMPANY: [Self; 16] = [
        Self::Name,
        Self::TaxIdentity,
        Self::Country,
        Self::Address,
        Self::Phone,
        Self::Currency,
        Self::Status,
        Self::DueDays,
        Self::DocumentsLanguage,
        Self::DefaultTaxRate,
        Self::InvoiceComment,
        Self::ExternalPaymentCustomerId,
        Self::DefaultCost,
        Self::AttributeSet,
        Self::CostGroup,
        Self::CostGroupIcon,
    ];

    /// The fields of a contact, in the order in which reports show them.
    pub const CONTACT: [Self; 7] = [
        Self::PersonName,
        Self::Email,
        Self::ContactPhone,
        Self::Title,
        Self::ContactType,
        Self::Position,
        Self::Parent,
    ];

    /// The canonical fields of a kind.
    pub const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Company => &Self::COMPANY,
            Kind::Contact => &Self::CONTACT,
        }
    }

    /// The canonical fields of a kind, then those that are declared among `fields`: the order in which reports show them, and
    /// in which plans go.
    pub fn every(kind: Kind, fields: impl IntoIterator<Item = Self>) -> impl Iterator<Item = Self> {
        let is_declared = |field: &Self| field.custom().is_some_and(|custom| custom.kind() == kind);
        let declared: BTreeSet<Self> = fields.into_iter().filter(is_declared).collect();
        Self::of(kind).iter().copied().chain(declared)
    }

    /// The field if it is declared by the configuration.
    pub const fn custom(self) -> Option<CustomField> {
        if let Self::Custom(custom) = self { Some(custom) } else { None }
    }

    /// The kind that has this field.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Name
            | Self::Country
            | Self::Currency
            | Self::DefaultCost
            | Self::Status
            | Self::AttributeSet
            | Self::DueDays
            | Self::TaxIdentity
            | Self::ExternalPaymentCustomerId
            | Self::InvoiceComment
            | Self::DefaultTaxRate
            | Self::DocumentsLanguage
            | Self::Phone
            | Self::Address
            | Self::CostGroup
            | Self::CostGroupIcon => Kind::Company,
            Self::PersonName
            | Self::Email
            | Self::ContactPhone
            | Self::Title
            | Self::ContactType
            | Self::Position
            | Self::Parent => Kind::Contact,
            Self::Custom(custom) => custom.kind(),
        }
    }

    /// The word used in mappings and reports; unique within a kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name | Self::PersonName => "name",
            Self::Country => "country",
            Self::Currency => "currency",
            Self::DefaultCost => "default_cost",
            Self::Status => "status",
            Self::AttributeSet => "attribute_set",
            Self::DueDays => "due_days",
            Self::TaxIdentity => "tax_identity",
            Self::ExternalPaymentCustomerId => "external_payment_customer_id",
            Self::InvoiceComment => "invoice_comment",
            Self::DefaultTaxRate => "default_tax_rate",
            Self::DocumentsLanguage => "documents_language",
            Self::Phone | Self::ContactPhone => "phone",
            Self::Address => "address",
            Self::CostGroup => "cost_group",
            Self::CostGroupIcon => "cost_group_icon",
            Self::Email => "email",
            Self::Title => "title",
            Self::ContactType => "type",
            Self::Position => "position",
            Self::Parent => "parent",
            Self::Custom(custom) => custom.name(),
        }
    }

    /// The canonical field of `kind` that [`Self::as_str`] names.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        Self::of(kind).iter().copied().find(|field| field.as_str() == text)
    }

    /// How its text becomes its normal form.
    pub const fn form(self) -> Form {
        match self {
            Self::Name | Self::Title | Self::ExternalPaymentCustomerId | Self::CostGroup | Self::CostGroupIcon => {
                Form::Text
            }
            Self::InvoiceComment => Form::Lines,
            Self::Country => Form::Country,
            Self::Currency => Form::Currency,
            Self::DefaultCost | Self::AttributeSet => Form::Reference,
            Self::Status | Self::ContactType => Form::Choice,
            Self::DueDays | Self::Position => Form::Integer,
            Self::DefaultTaxRate => Form::Decimal,
            Self::DocumentsLanguage => Form::Language,
            Self::Phone | Self::ContactPhone => Form::Phone,
            Self::TaxIdentity => Form::TaxIdentity,
            Self::Address => Form::Address,
            Self::PersonName => Form::PersonName,
            Self::Email => Form::Email,
            Self::Parent => Form::Parent,
            Self::Custom(_) => Form::Custom,
        }
    }

    /// The parts that a mapping may name for this field.
    pub const fn parts(self) -> &'static [Part] {
        match self.form() {
            Form::PersonName => &[Part::Whole, Part::First, Part::Last],
            Form::Address => {
                &[Part::Line, Part::Street, Part::Building, Part::Unit, Part::City, Part::PostCode, Part::Country]
            }
            Form::TaxIdentity => &[Part::Number, Part::Tin, Part::TinType, Part::TinCountry, Part::VatNumber],
            Form::Text
            | Form::Lines
            | Form::Phone
            | Form::Email
            | Form::Country
            | Form::Currency
            | Form::Language
            | Form::Integer
            | Form::Decimal
            | Form::Date
            | Form::Boolean
            | Form::Choice
            | Form::Reference
            | Form::Parent
            | Form::Custom => &[Part::Whole],
        }
    }
}

impl From<CustomField> for Field {
    fn from(custom: CustomField) -> Self {
        Self::Custom(custom)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Field {
    /// The word under which the state, plans and history keep a canonical field; unique among all. States of older releases
    /// hold these words, so that none of them ever changes.
    const fn canonical_word(self) -> &'static str {
        match self {
            Self::PersonName => "person_name",
            Self::ContactPhone => "contact_phone",
            Self::ContactType => "contact_type",
            Self::Name
            | Self::Country
            | Self::Currency
            | Self::DefaultCost
            | Self::Status
            | Self::AttributeSet
            | Self::DueDays
            | Self::TaxIdentity
            | Self::ExternalPaymentCustomerId
            | Self::InvoiceComment
            | Self::DefaultTaxRate
            | Self::DocumentsLanguage
            | Self::Phone
            | Self::Address
            | Self::CostGroup
            | Self::CostGroupIcon
            | Self::Email
            | Self::Title
            | Self::Position
            | Self::Parent
            | Self::Custom(_) => self.as_str(),
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        let mut canonical = Self::COMPANY.iter().chain(&Self::CONTACT);
        canonical
            .find(|field| field.canonical_word() == word)
            .copied()
            .or_else(|| CustomField::of_word(word).map(Self::Custom))
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.custom() {
            Some(custom) => serializer.serialize_str(&custom.word()),
            None => serializer.serialize_str(self.canonical_word()),
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    /// A declared field is read whether a configuration declares it or not: a state outlives what was configured.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Field, E> {
                Field::of_word(word).ok_or_else(|| E::custom(format_args!("there is no field `{word}`")))
            }
        }
        deserializer.deserialize_str(Word)
    }
}
