//! Puts the firms of a world into the servers.

use fastrand::Rng;

use super::mess::{Mess, accident, placeholder};
use super::numbers::tax_number;
use super::{Firm, Flavour, Person, World};
use crate::domain::record::Kind;
use crate::sandbox::crm::{CrmServer, Import, Property};
use crate::sandbox::flowtly::{FlowtlyServer, NewClient, NewContact};

/// On which side firms are, in per cent; the rest is on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Only in Flowtly.
    pub flowtly_only: u32,
    /// Only in the CRM.
    pub crm_only: u32,
}

impl Default for Spread {
    fn default() -> Self {
        Self { flowtly_only: 10, crm_only: 10 }
    }
}

/// Where the firms ended up: the truth that a matching is measured by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filled {
    /// The same firm: Flowtly's id and the CRM's.
    pub pairs: Vec<(u64, u64)>,
    /// Clients that the CRM does not have.
    pub flowtly_only: Vec<u64>,
    /// Companies that Flowtly does not have.
    pub crm_only: Vec<u64>,
    /// Companies that are a second record of a firm in [`Self::pairs`].
    pub twins: Vec<u64>,
    /// The same person: Flowtly's id and the CRM's.
    pub contact_pairs: Vec<(u64, u64)>,
}

/// How the CRM's half of a firm differs from Flowtly's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Difference {
    /// Telephones in another spelling.
    respelt: bool,
    blank_phone: bool,
    blank_address: bool,
    blank_titles: bool,
    mess: Option<Mess>,
}

impl World {
    /// Spreads the firms over both sides. Plain differences are ones that rules decide.
    pub fn fill(&self, flowtly: &FlowtlyServer, crm: &dyn CrmServer, spread: Spread) -> Filled {
        let mut rng = Rng::with_seed(self.seed ^ 0x5EED);
        let mut filled = Filled::default();
        for firm in self.firms() {
            let place = rng.u32(0..100);
            if place < spread.flowtly_only {
                filled.flowtly_only.push(add_client(flowtly, &firm, None).0);
            } else if place < spread.flowtly_only.saturating_add(spread.crm_only) {
                let (company, _) = add_company(crm, &firm, Difference::default(), None);
                filled.crm_only.push(company);
            } else {
                let difference = Difference {
                    respelt: rng.bool(),
                    blank_phone: rng.u32(0..8) == 0,
                    blank_address: rng.u32(0..8) == 0,
                    blank_titles: rng.u32(0..8) == 0,
                    mess: if self.flavour == Flavour::Messy { accident(&mut rng) } else { None },
                };
                add_both(flowtly, crm, &firm, difference, &mut filled, &mut rng);
            }
        }
        filled
    }

    /// Puts all firms into both sides, equal in every mapped field, as if they had been synchronised: organisation and
    /// client are stored in the company, where the CRM has a place for them.
    pub fn fill_agreed(&self, flowtly: &FlowtlyServer, crm: &dyn CrmServer) -> Filled {
        let mut filled = Filled::default();
        let organization = flowtly.options().organization.clone();
        for firm in self.firms() {
            let (client, contacts) = add_client(flowtly, &firm, None);
            let stored = format!("{organization}/{client}");
            let (company, people) = add_company(crm, &firm, Difference::default(), Some(&stored));
            filled.pairs.push((client, company));
            filled.contact_pairs.extend(contacts.into_iter().zip(people));
        }
        filled
    }
}

fn add_both(
    flowtly: &FlowtlyServer,
    crm: &dyn CrmServer,
    firm: &Firm,
    difference: Difference,
    filled: &mut Filled,
    rng: &mut Rng,
) {
    let tax = (difference.mess == Some(Mess::Placeholder)).then(|| placeholder(rng));
    let (client, contacts) = add_client(flowtly, firm, tax);
    let (company, people) = add_company(crm, firm, difference, None);
    filled.pairs.push((client, company));
    filled.contact_pairs.extend(contacts.into_iter().zip(people));
    match difference.mess {
        Some(Mess::Twin) => {
            let nobody = Firm { people: Vec::new(), ..firm.clone() };
            filled.twins.push(add_company(crm, &nobody, difference, None).0);
        }
        Some(Mess::Namesake) => {
            let namesake = Firm { people: Vec::new(), tax: tax_number(firm.country, rng), ..firm.clone() };
            filled.crm_only.push(add_company(crm, &namesake, difference, None).0);
        }
        Some(
            Mess::Placeholder | Mess::NoTaxNumber | Mess::NoCountry | Mess::OtherPhone | Mess::NoEmail | Mess::Orphan,
        )
        | None => {}
    }
}

/// A client; `tax` stands in the place of its tax number. Its id and those of its contacts.
fn add_client(flowtly: &FlowtlyServer, firm: &Firm, tax: Option<&str>) -> (u64, Vec<u64>) {
    let contacts: Vec<NewContact<'_>> = firm
        .people
        .iter()
        .map(|person| NewContact {
            name: person.name(),
            email: &person.email,
            phone: &person.phone.e164,
            title: person.title,
        })
        .collect();
    flowtly.seed(
        &NewClient {
            name: &firm.name,
            country: firm.country,
            currency: firm.currency,
            language: firm.language,
            tin: tax.unwrap_or(&firm.tax.number),
            vat: tax.unwrap_or(&firm.tax.vat),
            phone: &firm.phone.e164,
            street: &firm.street,
            building: &firm.building,
            unit: &firm.unit,
            city: &firm.city,
            post_code: &firm.post_code,
        },
        &contacts,
    )
}

/// A company with its people. Its id and theirs.
fn add_company(crm: &dyn CrmServer, firm: &Firm, difference: Difference, stored_id: Option<&str>) -> (u64, Vec<u64>) {
    let has = |mess: Mess| difference.mess == Some(mess);
    let (line, no_text) = (firm.line(), String::new());
    let address = |text: &String| if difference.blank_address { no_text.clone() } else { text.clone() };
    let phone = match (difference.blank_phone, has(Mess::OtherPhone)) {
        (_, true) => other_number(&firm.phone.e164),
        (true, false) => String::new(),
        (false, false) => spelt(&firm.phone, firm.country, difference.respelt),
    };
    let no_tax = has(Mess::NoTaxNumber) || has(Mess::NoCountry);
    let (city, post_code, line) = (address(&firm.city), address(&firm.post_code), address(&line));
    let properties = [
        (Property::Name, firm.name.as_str()),
        (Property::Phone, phone.as_str()),
        (Property::Street, line.as_str()),
        (Property::City, city.as_str()),
        (Property::PostCode, post_code.as_str()),
        (Property::Country, if has(Mess::NoCountry) { "" } else { firm.country_name }),
        (Property::TaxNumber, if no_tax { "" } else { firm.tax.vat.as_str() }),
    ];
    let filled: Vec<(Property, &str)> = properties.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    let company = crm.import(&Import { properties: &filled, domain: &firm.domain, stored_id });
    let people = firm
        .people
        .iter()
        .enumerate()
        .map(|(place, person)| add_person(crm, firm, person, place, difference, company))
        .collect();
    (company, people)
}

fn add_person(
    crm: &dyn CrmServer,
    firm: &Firm,
    person: &Person,
    place: usize,
    difference: Difference,
    company: u64,
) -> u64 {
    let has = |mess: Mess| place == 0 && difference.mess == Some(mess);
    let phone = spelt(&person.phone, firm.country, difference.respelt);
    let properties = [
        (Property::FirstName, person.first.as_str()),
        (Property::LastName, person.last.as_str()),
        (Property::Email, if has(Mess::NoEmail) { "" } else { person.email.as_str() }),
        (Property::Phone, phone.as_str()),
        (Property::JobTitle, if difference.blank_titles { "" } else { person.title }),
    ];
    let filled: Vec<(Property, &str)> = properties.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    crm.add(Kind::Contact, &filled, (!has(Mess::Orphan)).then_some(company))
}

/// A Pole writes a Polish number as it is dialled at home; other numbers carry their country.
fn spelt(phone: &super::Phone, country: &str, respelt: bool) -> String {
    match (respelt, country) {
        (false, _) => phone.e164.clone(),
        (true, "PL") => phone.national.clone(),
        (true, _) => phone.spaced.clone(),
    }
}

/// Another number of the same exchange.
fn other_number(e164: &str) -> String {
    let last = e164.bytes().last().unwrap_or(b'0');
    let other = if last == b'9' { '0' } else { char::from(last + 1) };
    let head = e164.get(..e164.len().saturating_sub(1)).unwrap_or_default();
    format!("{head}{other}")
}
