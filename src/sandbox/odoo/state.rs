//! What an Odoo holds.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::cell::Cell;
use super::fields::{Definition, Model, Type, custom, is_company, of_model, partner};
use super::lists::{COUNTRIES, CURRENCIES, LANGUAGES, STATES, TITLES};
use super::options::OdooOptions;
use crate::sandbox::packed::Packed;
use crate::sandbox::table::Table;

/// A company, a person or an address.
#[derive(Debug, Clone)]
pub(super) struct Partner {
    /// By the place of the field among the definitions; an empty text is there, `false` is not.
    pub(super) fields: Packed,
    pub(super) active: bool,
    pub(super) is_company: bool,
    pub(super) parent: Option<u64>,
    /// Microseconds of the epoch: the start of the transaction that made it.
    pub(super) created: i64,
    /// The same of the one that wrote it last.
    pub(super) written: i64,
    pub(super) writer: u64,
}

/// A document or a link in a record's chatter.
#[derive(Debug, Clone, Default)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) url: Option<String>,
    pub(super) description: Option<String>,
    pub(super) res_model: Option<String>,
    pub(super) res_id: u64,
    pub(super) created: i64,
    pub(super) written: i64,
}

/// The id of the model of partners among the models.
pub(super) const PARTNER_MODEL: u64 = 81;

/// The id of the first custom field.
const FIRST_CUSTOM: u64 = 4_001;

/// Everything.
#[derive(Debug)]
pub(super) struct State {
    pub(super) options: OdooOptions,
    pub(super) definitions: Vec<Definition>,
    pub(super) partners: Table<Partner>,
    pub(super) attachments: Table<Attachment>,
    /// Partners that a rule hides from the key's user.
    pub(super) hidden: BTreeSet<u64>,
    /// Partners that are the contacts of internal users.
    pub(super) employed: BTreeSet<u64>,
    /// Custom fields that were added through the API or by a person.
    added: Vec<String>,
}

/// A record of any model.
pub(super) enum Record<'a> {
    Partner(u64, &'a Partner),
    Attachment(u64, &'a Attachment),
    /// One of a list: its fields by name.
    Listed(u64, Vec<(&'static str, Cell<'a>)>),
}

impl State {
    pub(super) fn new(options: &OdooOptions) -> Self {
        Self {
            definitions: partner(options),
            options: options.clone(),
            // The first ones are the firm itself, the robot and the administrator.
            partners: Table::starting_at(8),
            attachments: Table::starting_at(301),
            hidden: BTreeSet::new(),
            employed: BTreeSet::new(),
            added: Vec::new(),
        }
    }

    /// The place of a partner's field.
    pub(super) fn place(&self, name: &str) -> Option<u16> {
        let place = self.definitions.iter().position(|field| field.name == name)?;
        u16::try_from(place).ok()
    }

    pub(super) fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions.iter().find(|field| field.name == name)
    }

    /// Adds a custom field of partners. Returns its id.
    pub(super) fn add_field(&mut self, name: &str, kind: Type) -> u64 {
        if self.definition(name).is_none() {
            self.definitions.push(custom(name, name, kind));
            self.added.push(name.to_owned());
        }
        let place = self.added.iter().position(|added| added == name).and_then(|place| u64::try_from(place).ok());
        FIRST_CUSTOM + place.unwrap_or_default()
    }

    /// Who is a company is computed from now on.
    pub(super) fn compute_companies(&mut self) {
        self.options.computes_companies = true;
        if let Some(field) = self.definitions.iter_mut().find(|field| field.name == "is_company") {
            *field = is_company(true);
        }
    }

    /// Takes a field away, and its values with it. Whether it was there.
    pub(super) fn remove_field(&mut self, name: &str) -> bool {
        let place = self.definitions.iter().position(|field| field.name == name);
        if let Some(field) = place.and_then(|place| self.definitions.get_mut(place)) {
            // The places of the others stay.
            field.name = String::new();
        }
        place.is_some()
    }

    /// The fields of a model.
    pub(super) fn fields(&self, model: Model) -> Cow<'_, [Definition]> {
        match model {
            Model::Partner => Cow::Borrowed(&self.definitions),
            Model::Country
            | Model::State
            | Model::Language
            | Model::Currency
            | Model::Title
            | Model::Attachment
            | Model::Parameter
            | Model::Model
            | Model::Field
            | Model::User
            | Model::ApiKey => Cow::Owned(of_model(model, self.options.version)),
        }
    }

    /// The firm that a person belongs to over any number of partners in between; a company belongs to itself, where it is not
    /// its place that makes it one.
    pub(super) fn commercial(&self, id: u64) -> u64 {
        let mut at = id;
        // A loop cannot be stored; the bound is there for the reader.
        for _ in 0..100 {
            match self.partners.get(at) {
                Some(Partner { is_company, parent: Some(parent), .. })
                    if !is_company || self.options.computes_companies =>
                {
                    at = *parent;
                }
                Some(_) | None => break,
            }
        }
        at
    }

    /// Whether people take a partner for a company: it has the mark, or, where that is computed, is filed under nobody.
    pub(super) fn is_firm(&self, partner: &Partner) -> bool {
        if self.options.computes_companies {
            partner.parent.is_none() && self.text(partner, "type") == Some("contact")
        } else {
            partner.is_company
        }
    }

    /// The partners that are filed under one.
    pub(super) fn children(&self, parent: u64) -> Vec<u64> {
        self.partners.iter().filter(|(_, partner)| partner.parent == Some(parent)).map(|(id, _)| id).collect()
    }

    /// A partner's text.
    pub(super) fn text<'a>(&self, partner: &'a Partner, field: &str) -> Option<&'a str> {
        partner.fields.get(self.place(field)?)
    }

    /// How a link shows a record.
    pub(super) fn label(&self, model: Model, id: u64) -> String {
        match model {
            Model::Partner => {
                let Some(partner) = self.partners.get(id) else { return String::new() };
                let name = self.text(partner, "name").unwrap_or_default();
                match partner.parent.filter(|_| !partner.is_company).and_then(|parent| self.partners.get(parent)) {
                    Some(parent) => format!("{}, {name}", self.text(parent, "name").unwrap_or_default()),
                    None => name.to_owned(),
                }
            }
            Model::User => "Sync".to_owned(),
            Model::Country
            | Model::State
            | Model::Language
            | Model::Currency
            | Model::Title
            | Model::Attachment
            | Model::Parameter
            | Model::Model
            | Model::Field
            | Model::ApiKey => match self.records(model).into_iter().find(|record| record.id() == id) {
                Some(record) => match record.cell(self, "display_name") {
                    Cell::Text(label) => label.into_owned(),
                    Cell::Empty
                    | Cell::Flag(_)
                    | Cell::Number(_)
                    | Cell::Decimal(_)
                    | Cell::Stamp(_)
                    | Cell::Link(..)
                    | Cell::Many(_) => String::new(),
                },
                None => String::new(),
            },
        }
    }

    /// Whether a record is there.
    pub(super) fn has(&self, model: Model, id: u64) -> bool {
        match model {
            Model::Partner => self.partners.get(id).is_some(),
            Model::Attachment => self.attachments.get(id).is_some(),
            Model::Country
            | Model::State
            | Model::Language
            | Model::Currency
            | Model::Title
            | Model::Parameter
            | Model::Model
            | Model::Field
            | Model::User
            | Model::ApiKey => self.records(model).iter().any(|record| record.id() == id),
        }
    }

    /// The id of a country.
    pub(super) fn country(code: &str) -> Option<u64> {
        numbered(&COUNTRIES).find(|(_, (known, _))| *known == code).map(|(id, _)| id)
    }

    /// The code of a country.
    pub(super) fn country_code(id: u64) -> Option<&'static str> {
        numbered(&COUNTRIES).find(|(known, _)| *known == id).map(|(_, (code, _))| *code)
    }

    /// All records of a model that the key's user may see, in the order of their ids.
    pub(super) fn records(&self, model: Model) -> Vec<Record<'_>> {
        let listed = |id, cells| Record::Listed(id, cells);
        match model {
            Model::Partner => self
                .partners
                .iter()
                .filter(|(id, _)| !self.hidden.contains(id))
                .map(|(id, partner)| Record::Partner(id, partner))
                .collect(),
            Model::Attachment => self.attachments.iter().map(|(id, one)| Record::Attachment(id, one)).collect(),
            Model::Country => numbered(&COUNTRIES)
                .map(|(id, (code, name))| listed(id, named(name, [("code", Cell::text(*code))])))
                .collect(),
            Model::State => numbered(&STATES)
                .map(|(id, (name, code, country))| {
                    let link = Self::country(country).map_or(Cell::Empty, |id| Cell::Link(Model::Country, id));
                    let mut cells = named(name, [("code", Cell::text(*code)), ("country_id", link)]);
                    if let Some((_, label)) = cells.iter_mut().find(|(field, _)| *field == "display_name") {
                        *label = Cell::text(format!("{name} ({country})"));
                    }
                    listed(id, cells)
                })
                .collect(),
            Model::Language => numbered(&LANGUAGES)
                .map(|(id, (code, iso, name))| {
                    let active = self.options.languages.iter().any(|on| on == code);
                    let more =
                        [("code", Cell::text(*code)), ("iso_code", Cell::text(*iso)), ("active", Cell::Flag(active))];
                    listed(id, named(name, more))
                })
                .collect(),
            Model::Currency => numbered(&CURRENCIES)
                .map(|(id, (code, symbol))| {
                    listed(id, named(code, [("symbol", Cell::text(*symbol)), ("active", Cell::Flag(true))]))
                })
                .collect(),
            Model::Title => numbered(&TITLES)
                .map(|(id, (name, short))| listed(id, named(name, [("shortcut", Cell::text(*short))])))
                .collect(),
            Model::Parameter => {
                let uuid = Cell::text(self.options.uuid.as_str());
                vec![listed(1, vec![("key", Cell::text("database.uuid")), ("value", uuid)])]
            }
            Model::Model => vec![listed(PARTNER_MODEL, named("Contact", [("model", Cell::text("res.partner"))]))],
            Model::Field => (FIRST_CUSTOM..)
                .zip(&self.added)
                .map(|(id, name)| {
                    listed(id, vec![("name", Cell::text(name.as_str())), ("model", Cell::text("res.partner"))])
                })
                .collect(),
            Model::User => {
                let login = Cell::text(self.options.login.as_str());
                vec![listed(self.options.uid, named("Sync", [("login", login)]))]
            }
            Model::ApiKey => {
                let ends = self.options.key_ends.and_then(|day| day.and_hms_opt(0, 0, 0));
                let ends = ends.map_or(Cell::Empty, |ends| Cell::Stamp(ends.and_utc().timestamp_micros()));
                let user = Cell::Link(Model::User, self.options.uid);
                let more = [("user_id", user), ("scope", Cell::text("rpc")), ("expiration_date", ends)];
                vec![listed(1, named("flowtly-sync", more))]
            }
        }
    }
}

impl<'a> Record<'a> {
    pub(super) fn id(&self) -> u64 {
        match self {
            Self::Partner(id, _) | Self::Attachment(id, _) | Self::Listed(id, _) => *id,
        }
    }

    /// Whether it is not archived.
    pub(super) fn is_active(&self) -> bool {
        match self {
            Self::Partner(_, partner) => partner.active,
            Self::Attachment(..) => true,
            Self::Listed(_, cells) => !cells.contains(&("active", Cell::Flag(false))),
        }
    }

    /// The value of a field that its model has.
    pub(super) fn cell(&self, state: &State, name: &str) -> Cell<'a> {
        match self {
            Self::Partner(id, partner) => of_partner(state, *id, partner, name),
            Self::Attachment(id, one) => of_attachment(*id, one, name),
            Self::Listed(id, _) if name == "id" => Cell::Number(i64::try_from(*id).unwrap_or(i64::MAX)),
            Self::Listed(_, cells) => {
                cells.iter().find(|(field, _)| *field == name).map_or(Cell::Empty, |(_, cell)| cell.clone())
            }
        }
    }
}

fn of_partner<'a>(state: &State, id: u64, partner: &'a Partner, name: &str) -> Cell<'a> {
    match name {
        "id" => Cell::Number(i64::try_from(id).unwrap_or(i64::MAX)),
        "active" => Cell::Flag(partner.active),
        "is_company" => Cell::Flag(partner.is_company),
        "parent_id" => partner.parent.map_or(Cell::Empty, |parent| Cell::Link(Model::Partner, parent)),
        "create_date" => Cell::Stamp(partner.created),
        "write_date" => Cell::Stamp(partner.written),
        "create_uid" | "write_uid" => Cell::Link(Model::User, partner.writer),
        "commercial_partner_id" => Cell::Link(Model::Partner, state.commercial(id)),
        "display_name" => Cell::text(state.label(Model::Partner, id)),
        "child_ids" => Cell::Many(state.children(id)),
        "email_normalized" => match state.text(partner, "email") {
            Some(email) if email.contains('@') => Cell::text(email.trim().to_lowercase()),
            Some(_) | None => Cell::Empty,
        },
        _ => {
            let text = state.text(partner, name);
            match (state.definition(name).map(|field| field.of), text) {
                (Some(Type::Boolean), text) => Cell::Flag(text == Some("1")),
                (Some(Type::Integer), text) => Cell::Number(text.and_then(|text| text.parse().ok()).unwrap_or(0)),
                (Some(Type::Float), text) => Cell::Decimal(text.and_then(|text| text.parse().ok()).unwrap_or(0.0)),
                (_, None) => Cell::Empty,
                (Some(Type::Link(model)), Some(text)) => text.parse().map_or(Cell::Empty, |id| Cell::Link(model, id)),
                (_, Some(text)) => Cell::text(text),
            }
        }
    }
}

fn of_attachment<'a>(id: u64, one: &'a Attachment, name: &str) -> Cell<'a> {
    let text = |text: &'a Option<String>| text.as_deref().map_or(Cell::Empty, Cell::text);
    let number = |number: u64| Cell::Number(i64::try_from(number).unwrap_or(i64::MAX));
    match name {
        "id" => number(id),
        "name" | "display_name" => Cell::text(one.name.as_str()),
        "type" => Cell::text(one.kind.as_str()),
        "url" => text(&one.url),
        "description" => text(&one.description),
        "res_model" => text(&one.res_model),
        "res_id" => number(one.res_id),
        "create_date" => Cell::Stamp(one.created),
        "write_date" => Cell::Stamp(one.written),
        _ => Cell::Empty,
    }
}

fn numbered<T>(list: &'static [T]) -> impl Iterator<Item = (u64, &'static T)> {
    (1..).zip(list)
}

fn named<'a, const N: usize>(name: &'a str, more: [(&'static str, Cell<'a>); N]) -> Vec<(&'static str, Cell<'a>)> {
    let mut cells = vec![("name", Cell::text(name)), ("display_name", Cell::text(name))];
    cells.extend(more);
    cells
}
