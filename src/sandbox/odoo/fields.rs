//! The models and their fields, as far as a client of contacts meets them.

use serde_json::{Map, Value, json};

use super::options::OdooOptions;

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Partner,
    Country,
    State,
    Language,
    Currency,
    Title,
    Attachment,
    Parameter,
    #[expect(clippy::enum_variant_names, reason = "it is called `ir.model` there")]
    Model,
    Field,
    User,
    ApiKey,
}

impl Model {
    const ALL: [Self; 12] = [
        Self::Partner,
        Self::Country,
        Self::State,
        Self::Language,
        Self::Currency,
        Self::Title,
        Self::Attachment,
        Self::Parameter,
        Self::Model,
        Self::Field,
        Self::User,
        Self::ApiKey,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Partner => "res.partner",
            Self::Country => "res.country",
            Self::State => "res.country.state",
            Self::Language => "res.lang",
            Self::Currency => "res.currency",
            Self::Title => "res.partner.title",
            Self::Attachment => "ir.attachment",
            Self::Parameter => "ir.config_parameter",
            Self::Model => "ir.model",
            Self::Field => "ir.model.fields",
            Self::User => "res.users",
            Self::ApiKey => "res.users.apikeys",
        }
    }

    /// The model of a name, where this version has it.
    pub(super) fn of(name: &str, version: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name && (*model != Self::Title || version < 19))
    }

    /// Whether a record of it can be archived.
    pub(super) const fn has_archive(self) -> bool {
        matches!(self, Self::Partner | Self::Language | Self::Currency)
    }
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Char,
    Text,
    Boolean,
    Integer,
    Float,
    /// A day.
    Date,
    Datetime,
    Selection(&'static [(&'static str, &'static str)]),
    /// The languages that are switched on.
    Language,
    Link(Model),
    /// Links to many records.
    Many(Model),
}

impl Type {
    const fn word(self) -> &'static str {
        match self {
            Self::Char => "char",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Selection(_) | Self::Language => "selection",
            Self::Link(_) => "many2one",
            Self::Many(_) => "one2many",
        }
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) of: Type,
    pub(super) readonly: bool,
    /// Whether a partner keeps it; the others come of something else.
    pub(super) stored: bool,
    /// What it is computed of.
    depends: &'static [&'static str],
}

fn of(name: &str, label: &str, of: Type) -> Definition {
    Definition { name: name.to_owned(), label: label.to_owned(), of, readonly: false, stored: true, depends: &[] }
}

fn computed(name: &str, label: &str, kind: Type) -> Definition {
    Definition { readonly: true, stored: false, ..of(name, label, kind) }
}

fn computed_of(name: &str, label: &str, kind: Type, depends: &'static [&'static str]) -> Definition {
    Definition { depends, ..computed(name, label, kind) }
}

/// A custom field.
pub(super) fn custom(name: &str, label: &str, kind: Type) -> Definition {
    of(name, label, kind)
}

/// The type of a custom field by Odoo's word for it; a link leads to a partner.
pub(super) fn type_of(word: &str, choices: &'static [(&'static str, &'static str)]) -> Option<Type> {
    Some(match word {
        "char" => Type::Char,
        "text" => Type::Text,
        "boolean" => Type::Boolean,
        "integer" => Type::Integer,
        "float" => Type::Float,
        "date" => Type::Date,
        "datetime" => Type::Datetime,
        "selection" => Type::Selection(choices),
        "many2one" => Type::Link(Model::Partner),
        _ => return None,
    })
}

/// What a partner's address may be for.
const TYPES: &[(&str, &str)] =
    &[("contact", "Contact"), ("invoice", "Invoice"), ("delivery", "Delivery"), ("other", "Other")];

/// Whether somebody is a company: a mark, or computed.
pub(super) fn is_company(is_computed: bool) -> Definition {
    let (name, label) = ("is_company", "Is a Company");
    if is_computed {
        computed_of(name, label, Type::Boolean, &["vat", "commercial_partner_id"])
    } else {
        of(name, label, Type::Boolean)
    }
}

/// The fields of partners.
pub(super) fn partner(options: &OdooOptions) -> Vec<Definition> {
    let mut fields = vec![
        computed("id", "ID", Type::Integer),
        computed_of("display_name", "Display Name", Type::Char, &["complete_name"]),
        computed("active", "Active", Type::Boolean),
        computed("create_date", "Created on", Type::Datetime),
        computed("write_date", "Last Updated on", Type::Datetime),
        computed("create_uid", "Created by", Type::Link(Model::User)),
        computed("write_uid", "Last Updated by", Type::Link(Model::User)),
        computed_of(
            "commercial_partner_id",
            "Commercial Entity",
            Type::Link(Model::Partner),
            &["parent_id", "parent_id.commercial_partner_id"],
        ),
        computed("child_ids", "Contact", Type::Many(Model::Partner)),
        computed_of("email_normalized", "Normalized Email", Type::Char, &["email"]),
        is_company(options.computes_companies),
        of("parent_id", "Related Company", Type::Link(Model::Partner)),
        of("type", "Address Type", Type::Selection(TYPES)),
        of("name", "Name", Type::Char),
        of("ref", "Reference", Type::Char),
        of("vat", "Tax ID", Type::Char),
        of("company_registry", "Company ID", Type::Char),
        of("street", "Street", Type::Char),
        of("street2", "Street2", Type::Char),
        of("city", "City", Type::Char),
        of("zip", "Zip", Type::Char),
        of("state_id", "State", Type::Link(Model::State)),
        of("country_id", "Country", Type::Link(Model::Country)),
        of("lang", "Language", Type::Language),
        of("email", "Email", Type::Char),
        of("phone", "Phone", Type::Char),
        of("website", "Website Link", Type::Char),
        of("function", "Job Position", Type::Char),
        of("comment", "Notes", Type::Text),
        of("color", "Color Index", Type::Integer),
        of("employee", "Employee", Type::Boolean),
    ];
    if options.version < 19 {
        fields.push(of("mobile", "Mobile", Type::Char));
        fields.push(of("title", "Title", Type::Link(Model::Title)));
    }
    let own = options.custom_fields.iter().map(String::as_str).chain(options.id_field.as_deref());
    fields.extend(own.map(|name| custom(name, name, Type::Char)));
    fields
}

/// The fields of the other models.
pub(super) fn of_model(model: Model, version: u64) -> Vec<Definition> {
    let mut fields = vec![computed("id", "ID", Type::Integer), computed("display_name", "Display Name", Type::Char)];
    let text = |name: &str| of(name, name, Type::Char);
    match model {
        Model::Partner => {}
        Model::Country => fields.extend([text("name"), text("code")]),
        Model::State => {
            fields.extend([text("name"), text("code"), of("country_id", "Country", Type::Link(Model::Country))]);
        }
        Model::Language => {
            fields.extend([text("name"), text("code"), text("iso_code"), of("active", "Active", Type::Boolean)]);
        }
        Model::Currency => fields.extend([text("name"), text("symbol"), of("active", "Active", Type::Boolean)]),
        Model::Title => fields.extend([text("name"), text("shortcut")]),
        Model::Attachment => fields.extend([
            text("name"),
            of("type", "Type", Type::Selection(&[("url", "URL"), ("binary", "File")])),
            text("url"),
            of("description", "Description", Type::Text),
            text("res_model"),
            of("res_id", "Resource ID", Type::Integer),
            computed("create_date", "Created on", Type::Datetime),
            computed("write_date", "Last Updated on", Type::Datetime),
        ]),
        Model::Parameter => fields.extend([text("key"), text("value")]),
        Model::Model => fields.extend([text("model"), text("name")]),
        Model::Field => fields.extend([
            text("name"),
            text("field_description"),
            text("help"),
            text("ttype"),
            of("model_id", "Model", Type::Link(Model::Model)),
            text("model"),
            of("index", "Indexed", Type::Boolean),
            of("copied", "Copied", Type::Boolean),
        ]),
        Model::User => {
            fields.extend([text("login"), text("name"), of("partner_id", "Partner", Type::Link(Model::Partner))]);
        }
        Model::ApiKey => {
            fields.extend([text("name"), of("user_id", "User", Type::Link(Model::User)), text("scope")]);
            if version >= 18 {
                fields.push(of("expiration_date", "Expiration Date", Type::Datetime));
            }
        }
    }
    fields
}

/// A field as `fields_get` describes it.
pub(super) fn description(field: &Definition, languages: &[String]) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("name".to_owned(), json!(field.name));
    told.insert("type".to_owned(), json!(field.of.word()));
    told.insert("string".to_owned(), json!(field.label));
    told.insert("readonly".to_owned(), json!(field.readonly));
    told.insert("depends".to_owned(), json!(field.depends));
    told.insert("required".to_owned(), json!(false));
    told.insert("store".to_owned(), json!(field.stored));
    match field.of {
        Type::Link(model) | Type::Many(model) => {
            told.insert("relation".to_owned(), json!(model.name()));
        }
        Type::Selection(choices) => {
            told.insert("selection".to_owned(), json!(choices));
        }
        Type::Language => {
            let choices: Vec<[&str; 2]> = languages.iter().map(|code| [code.as_str(), code.as_str()]).collect();
            told.insert("selection".to_owned(), json!(choices));
        }
        Type::Char | Type::Text | Type::Boolean | Type::Integer | Type::Float | Type::Date | Type::Datetime => {}
    }
    told
}
