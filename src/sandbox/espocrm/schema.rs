//! Entity types and their fields.

use super::options::EspoOptions;

/// An entity type with records of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    /// Companies.
    Account,
    /// People.
    Contact,
}

impl Entity {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Contact => "Contact",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Account, Self::Contact].into_iter().find(|entity| entity.name() == text)
    }
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldType {
    Varchar,
    Text,
    Url,
    Phone,
    Email,
    Enum(&'static [&'static str]),
    Int,
    Float,
    Bool,
    Date,
    /// To an account. The field is kept under its attribute `…Id`; `…Name` is shown beside it.
    Link,
}

impl FieldType {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Varchar => "varchar",
            Self::Text => "text",
            Self::Url => "url",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Enum(_) => "enum",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Link => "link",
        }
    }

    /// The type of a custom field, by EspoCRM's word for it.
    pub(super) fn of(word: &str, options: &'static [&'static str]) -> Option<Self> {
        let plain = [Self::Varchar, Self::Text, Self::Int, Self::Float, Self::Bool, Self::Date, Self::Link];
        plain.into_iter().chain([Self::Enum(options)]).find(|kind| kind.name() == word)
    }
}

/// Who sees a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    Shown,
    /// The role hides it from the API user.
    Hidden,
    /// An administrator removed it.
    Removed,
}

/// A stored field. Its place in the list of its type is its key in a record.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: FieldType,
    pub(super) required: bool,
    pub(super) max_length: Option<usize>,
    /// A name: trimmed, and without the characters of markup.
    pub(super) is_name: bool,
    pub(super) read_only: bool,
    pub(super) visibility: Visibility,
}

/// A custom field, as the Entity Manager makes it; of a link its attribute `…Id`.
pub(super) fn custom(name: &str, kind: FieldType) -> Field {
    field(name, kind, (kind == FieldType::Varchar).then_some(100))
}

/// The fields of a fresh installation, and the custom ones.
pub(super) fn fields(entity: Entity, options: &EspoOptions) -> Vec<Field> {
    use FieldType::{Email, Enum, Phone, Text, Url, Varchar};
    let (mut fields, own) = match entity {
        Entity::Account => (
            vec![
                Field { required: true, ..name("name", 249) },
                field("website", Url, Some(255)),
                field("emailAddress", Email, None),
                field("phoneNumber", Phone, Some(36)),
                field("type", Enum(&["", "Customer", "Investor", "Partner", "Reseller"]), None),
                field("industry", Varchar, Some(100)),
                field("sicCode", Varchar, Some(40)),
                field("billingAddressStreet", Text, Some(255)),
                field("billingAddressCity", Varchar, Some(100)),
                field("billingAddressState", Varchar, Some(100)),
                field("billingAddressCountry", Varchar, Some(100)),
                field("billingAddressPostalCode", Varchar, Some(40)),
                field("description", Text, None),
            ],
            &options.account_fields,
        ),
        Entity::Contact => (
            vec![
                field("salutationName", Enum(&["", "Mr.", "Ms.", "Mrs.", "Dr."]), None),
                name("firstName", 100),
                Field { required: true, ..name("lastName", 100) },
                field("title", Varchar, Some(100)),
                field("emailAddress", Email, None),
                field("phoneNumber", Phone, Some(36)),
                field("description", Text, None),
            ],
            &options.contact_fields,
        ),
    };
    fields.extend(own.iter().map(|name| custom(name, Varchar)));
    fields
}

/// Attributes that the system fills.
pub(super) fn system_attributes(entity: Entity) -> &'static [&'static str] {
    match entity {
        Entity::Account => {
            &["id", "deleted", "createdAt", "modifiedAt", "createdById", "modifiedById", "versionNumber"]
        }
        Entity::Contact => &[
            "id",
            "deleted",
            "name",
            "createdAt",
            "modifiedAt",
            "createdById",
            "modifiedById",
            "accountId",
            "accountName",
        ],
    }
}

fn field(name: &str, kind: FieldType, max_length: Option<usize>) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        required: false,
        max_length,
        is_name: false,
        read_only: false,
        visibility: Visibility::Shown,
    }
}

fn name(name: &str, max_length: usize) -> Field {
    Field { is_name: true, ..field(name, FieldType::Varchar, Some(max_length)) }
}
