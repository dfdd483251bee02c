//! The world of a seed: how both systems and the program are set up, and the firms that are there before the first pass.

use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use flowtly_sync::domain::record::{Kind, Side};
use flowtly_sync::sandbox::flowtly::{ContactsShown, Dialect, Totals};
use flowtly_sync::sandbox::{FlowtlyOptions, Manner, Property};
use serde_json::Value;

use super::crms;
use super::sim::Known;
use crate::firm::{Firm, vat};

/// What a seed begins with.
pub struct Made {
    pub firm: Firm,
    /// The lines of its configuration that may change.
    pub rules: String,
    /// For how long Flowtly's lists may show what was.
    pub list_lag: Duration,
    /// For how long the CRM's searches may show what was.
    pub search_lag: Duration,
    /// What the servers make of what they are sent.
    pub liberties: Vec<Liberty>,
    pub known: Known,
}

/// The firm that nobody touches.
pub const ANCHOR: &str = "Kotwica";

pub(super) fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.u32(0..n) == 0
}

pub(super) fn of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    *rng.choice(all).unwrap()
}

/// Makes it, with a CRM of this name.
pub fn make(rng: &mut Rng, crm: &str) -> Made {
    let flowtly = FlowtlyOptions {
        dialect: of(rng, &[Dialect::V4, Dialect::V41, Dialect::V4Prefixed, Dialect::V34, Dialect::V34Legacy]),
        totals: if one_in(rng, 6) { Totals::Absent } else { Totals::Shown },
        contacts: if one_in(rng, 4) { ContactsShown::Iris } else { ContactsShown::Embedded },
        ..FlowtlyOptions::default()
    };
    let drawn = crms::draw(rng, crm);
    let (start, search_lag, lines) = (drawn.start, drawn.search_lag, drawn.lines);
    let mut firm = Firm::of(flowtly, start);
    let extra = rules(rng, firm.crm.client_mark());
    firm.reconfigure(&extra);
    let list_lag = if one_in(rng, 3) { Duration::from_secs(30) } else { Duration::ZERO };
    let page = of(rng, &[2, 3, 100]);
    let ours = format!("password_file = \"flowtly-password\"\npage_size = {page}\nlag = \"{}s\"", list_lag.as_secs());
    firm.change_base("password_file = \"flowtly-password\"", &ours);
    let page = of(rng, &[2, 3, 100]);
    let section = firm.crm.section();
    let theirs = lines(page);
    firm.change_base(&format!("[{section}]\n"), &format!("[{section}]\n{theirs}"));
    let liberties = manners(&firm, rng);
    let mut known = Known::default();
    // A pair that nobody touches: the canary. Where nothing answers any more, nothing can be told from a lost permission.
    known.make(&firm, Side::Flowtly, Kind::Company, firm.client(ANCHOR, Some(&vat(99))));
    known.make(&firm, Side::Crm, Kind::Company, firm.company(ANCHOR, Some(&vat(99))));
    let firms = rng.u32(2..=4);
    for number in 1..=firms {
        found(&firm, rng, number, &mut known);
    }
    Made { firm, rules: extra, list_lag, search_lag, liberties, known }
}

/// A liberty that a server takes, so that the seeds in which it mattered can be counted.
#[derive(Debug, Clone)]
pub struct Liberty {
    pub kind: &'static str,
    pub side: Side,
    pub collection: String,
    /// `None`: every text.
    pub property: Option<String>,
    pub manner: Manner,
}

impl Liberty {
    /// Whether it changes something in what is written.
    pub fn changes(&self, body: &Value) -> bool {
        match body {
            Value::Object(map) => map.iter().any(|(key, value)| match value {
                Value::String(text) => {
                    self.property.as_ref().is_none_or(|property| property == key) && self.touches(text)
                }
                other @ (Value::Object(_) | Value::Array(_)) => self.changes(other),
                Value::Null | Value::Bool(_) | Value::Number(_) => false,
            }),
            Value::Array(list) => list.iter().any(|value| self.changes(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    fn touches(&self, text: &str) -> bool {
        match self.manner {
            Manner::Trim => text.trim() != text,
            Manner::Cut(most) => text.chars().count() > most,
            Manner::LowerCase => text.to_lowercase() != text,
            Manner::BarePhone => text.chars().any(|one| one != '+' && !one.is_ascii_digit()),
            Manner::Ignore => true,
        }
    }
}

/// What the servers make of what they are sent.
fn manners(firm: &Firm, rng: &mut Rng) -> Vec<Liberty> {
    // What the CRM does whatever the seed.
    let declared = firm.crm.manners().declared().into_iter();
    let always = declared.map(|(collection, property, manner)| {
        let kind = if manner == Manner::LowerCase { "server lower-cases" } else { "server trims" };
        Liberty { kind, side: Side::Crm, collection, property, manner }
    });
    let always: Vec<Liberty> = always.collect();
    let mut all = Vec::new();
    let mut take = |kind, side, (collection, property): (&str, Option<&str>), manner: Manner| {
        let (collection, property) = (collection.to_owned(), property.map(str::to_owned));
        all.push(Liberty { kind, side, collection, property, manner });
    };
    let whole = |kind| (firm.crm.place(kind, Property::Phone).0, None);
    let of_crm = |kind, property| {
        let (collection, name) = firm.crm.place(kind, property);
        (collection, Some(name))
    };
    if one_in(rng, 4) {
        take("server trims", Side::Crm, whole(Kind::Company), Manner::Trim);
        take("server trims", Side::Crm, whole(Kind::Contact), Manner::Trim);
    }
    if one_in(rng, 6) {
        let most = of(rng, &[8, 60, 255]);
        take("server cuts", Side::Crm, of_crm(Kind::Company, Property::Name), Manner::Cut(most));
    }
    if one_in(rng, 8) {
        take("server rewrites telephones", Side::Crm, of_crm(Kind::Company, Property::Phone), Manner::BarePhone);
    }
    if one_in(rng, 12) {
        let (kind, property) = of(
            rng,
            &[(Kind::Company, Property::Phone), (Kind::Company, Property::City), (Kind::Contact, Property::JobTitle)],
        );
        take("server ignores", Side::Crm, of_crm(kind, property), Manner::Ignore);
    }
    if one_in(rng, 4) {
        take("server trims", Side::Flowtly, ("clients", None), Manner::Trim);
        take("server trims", Side::Flowtly, ("client-contacts", None), Manner::Trim);
    }
    if one_in(rng, 10) {
        take("server cuts", Side::Flowtly, ("clients", Some("addressCity")), Manner::Cut(4));
    }
    if one_in(rng, 12) {
        take("server lower-cases", Side::Flowtly, ("client-contacts", Some("email")), Manner::LowerCase);
    }
    if one_in(rng, 14) {
        take("server ignores", Side::Flowtly, ("clients", Some("addressPhoneNumber")), Manner::Ignore);
    }
    for liberty in &all {
        let manners = match liberty.side {
            Side::Flowtly => firm.flowtly.manners(),
            Side::Crm => firm.crm.manners(),
        };
        match &liberty.property {
            Some(property) => manners.set(&liberty.collection, property, liberty.manner.clone()),
            None => manners.set_all(&liberty.collection, liberty.manner.clone()),
        }
    }
    all.extend(always);
    all
}

/// Rules, scope and mapping: any configuration that holds together.
pub fn rules(rng: &mut Rng, mark: Option<(&str, [&str; 2])>) -> String {
    let mut text = String::new();
    let has_phone = !one_in(rng, 8);
    for kind in ["company", "contact"] {
        let conflict = of(rng, &["ask", "ask", "flowtly", "crm"]);
        let first = of(rng, &["ask", "ask", "flowtly", "crm"]);
        let gone = of(rng, &["report", "unlink"]);
        let _ = write!(text, "[rules.{kind}]\nconflict = \"{conflict}\"\nfirst = \"{first}\"\ngone = \"{gone}\"\n");
        for side in ["flowtly", "crm"] {
            if one_in(rng, 10) {
                let _ = writeln!(text, "create_in_{side} = false");
            }
        }
        let _ = writeln!(text, "[rules.{kind}.fields]");
        let fields: &[&str] = if kind == "company" {
            &["name", "phone", "address", "tax_identity"]
        } else {
            &["phone", "title", "email"]
        };
        for field in fields {
            if one_in(rng, 7) && (has_phone || kind == "contact" || *field != "phone") {
                let direction = of(rng, &["to-crm", "to-flowtly", "off"]);
                let drift = of(rng, &["keep", "correct"]);
                let _ = match direction {
                    "off" => writeln!(text, "{field} = {{ direction = \"off\" }}"),
                    _ => writeln!(text, "{field} = {{ direction = \"{direction}\", drift = \"{drift}\" }}"),
                };
            }
        }
    }
    if one_in(rng, 6)
        && let Some((mark, [client, _])) = mark
    {
        let _ = write!(text, "[scope.crm.company]\n{mark} = [\"{client}\"]\n");
    }
    text.push_str("[mapping.company]\n");
    if !has_phone {
        text.push_str("phone = false\n");
    }
    if one_in(rng, 8) {
        text.push_str("name = { whole = \"name\", max_length = 60 }\n");
    }
    text
}

/// One firm of the real world, as it stands in one system, in both, or badly in both.
fn found(firm: &Firm, rng: &mut Rng, number: u32, known: &mut Known) {
    let name = format!("{} {number}", of(rng, &["Alfa", "Beta Sp. z o.o.", "Ślimak i Syn", "Gamma GmbH"]));
    let tax = match rng.u32(0..10) {
        0 => Some("0000000000".to_owned()),
        1 | 2 => None,
        _ => Some(vat(number)),
    };
    let mut client = None;
    let mut company = None;
    let shape = rng.u32(0..12);
    if shape != 0 && shape != 1 && shape != 2 {
        client = Some(firm.client(&name, tax.as_deref()));
    }
    if shape != 3 && shape != 4 {
        company = Some(firm.company(&name, tax.as_deref()));
    }
    if shape == 5 {
        // A twin.
        known.make(firm, Side::Crm, Kind::Company, firm.company(&name, tax.as_deref()));
    }
    if shape == 6 {
        // A namesake with another tax number.
        known.make(firm, Side::Flowtly, Kind::Company, firm.client(&name, Some(&vat(number + 50))));
    }
    if let Some(client) = client {
        known.make(firm, Side::Flowtly, Kind::Company, client);
        if rng.bool() {
            firm.flowtly.edit_client(client, "addressCity", of(rng, &["Kraków", "Warszawa", "Łódź"]));
        }
        if one_in(rng, 3) {
            firm.flowtly.edit_client(client, "addressPhoneNumber", format!("+48 22 12{number} 45 67"));
        }
    }
    if let Some(company) = company {
        known.make(firm, Side::Crm, Kind::Company, company);
        if one_in(rng, 3) {
            firm.crm.edit(Kind::Company, company, Property::City, of(rng, &["Kraków", "Warszawa"]));
        }
        if one_in(rng, 4) {
            firm.crm.edit(Kind::Company, company, Property::Phone, &format!("+48 22 12{number} 45 67"));
        }
        if let Some((mark, texts)) = firm.crm.client_mark()
            && one_in(rng, 2)
        {
            firm.crm.type_in(Kind::Company, company, mark, of(rng, &texts));
        }
    }
    for person in 0..rng.u32(0..3) {
        let email = format!("jan{person}@firma{number}.pl");
        let last = of(rng, &["Kowalski", "Nowak"]);
        let where_to = rng.u32(0..3);
        if let (Some(client), 0 | 1) = (client, where_to) {
            let id = firm.person(client, &format!("Jan {last}"), &email);
            known.make(firm, Side::Flowtly, Kind::Contact, id);
        }
        if let (Some(company), 1 | 2) = (company, where_to) {
            known.make(firm, Side::Crm, Kind::Contact, firm.contact("Jan", last, &email, company));
        }
    }
}

impl Known {
    pub fn make(&mut self, firm: &Firm, side: Side, kind: Kind, id: u64) {
        let id = if side == Side::Crm { firm.crm.id_text(id) } else { id.to_string() };
        self.made.insert((side, kind, id));
    }
}

/// The text of a JSON value, empty for null.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}
