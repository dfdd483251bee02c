//! Invented worlds.

use std::collections::BTreeSet;

use serde_json::Value;

use super::clock;
use crate::sandbox::{Flavour, FlowtlyOptions, FlowtlyServer, HubSpotOptions, HubSpotServer, Spread, World};

fn servers() -> (FlowtlyServer, HubSpotServer) {
    let clock = clock();
    (FlowtlyServer::new(FlowtlyOptions::default(), clock.clone()), HubSpotServer::new(HubSpotOptions::default(), clock))
}

/// Checks a whole VAT number, the other way round from how it was made.
fn is_valid(vat: &str) -> bool {
    let (country, number) = vat.split_at(2);
    let digits: Vec<u64> = number.chars().filter_map(|letter| letter.to_digit(10)).map(u64::from).collect();
    let sum = |weights: &[u64]| digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u64>();
    let luhn = |digits: &[u64]| {
        let add = |(place, digit): (usize, &u64)| if place % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 };
        digits.iter().rev().enumerate().map(add).sum::<u64>() % 10 == 0
    };
    let whole: u64 = digits.iter().fold(0, |whole, digit| whole * 10 + digit);
    match country {
        "PL" => digits.len() == 10 && sum(&[6, 5, 7, 2, 3, 4, 5, 6, 7, 10]) % 11 == 0,
        "DE" => {
            let product = digits[..8].iter().fold(10, |product, digit| match (digit + product) % 10 {
                0 => 20 % 11,
                sum => sum * 2 % 11,
            });
            digits.len() == 9 && (product + digits[8]) % 10 == 1
        }
        "FR" => {
            let siren = whole % 1_000_000_000;
            digits.len() == 11 && luhn(&digits[2..]) && whole / 1_000_000_000 == (12 + 3 * (siren % 97)) % 97
        }
        "NL" => number.ends_with("B01") && number.len() == 12 && sum(&[9, 8, 7, 6, 5, 4, 3, 2, 10]) % 11 == 0,
        "ES" => number.starts_with('B') && digits.len() == 8 && luhn(&digits),
        "IT" => digits.len() == 11 && luhn(&digits),
        "DK" => digits.len() == 8 && sum(&[2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0,
        "SE" => digits.len() == 12 && number.ends_with("01") && luhn(&digits[..10]),
        "PT" => {
            let rest = sum(&[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            digits.len() == 9 && digits[8] == if rest < 2 { 0 } else { 11 - rest }
        }
        "AT" => {
            let doubled: u64 = [1, 3, 5].iter().map(|place| digits[*place] * 2 / 10 + digits[*place] * 2 % 10).sum();
            let single: u64 = [0, 2, 4, 6].iter().map(|place| digits[*place]).sum();
            number.starts_with('U') && digits.len() == 8 && (doubled + single + 4 + digits[7]).is_multiple_of(10)
        }
        "BE" => digits.len() == 10 && whole / 100 % 97 + whole % 100 == 97,
        "CZ" => {
            let check = match sum(&[8, 7, 6, 5, 4, 3, 2]) % 11 {
                0 => 1,
                1 => 0,
                rest => 11 - rest,
            };
            digits.len() == 8 && digits[7] == check
        }
        _ => false,
    }
}

#[test]
fn every_number_is_one_that_could_be() {
    let world = World::generate(600, 7, Flavour::Plain);
    let mut countries = BTreeSet::new();
    let (mut names, mut emails) = (BTreeSet::new(), BTreeSet::new());
    for firm in world.firms() {
        assert!(is_valid(&firm.tax.vat), "{}", firm.tax.vat);
        countries.insert(firm.country);
        assert!(names.insert(firm.name.clone()), "{} twice", firm.name);
        let phones = firm.people.iter().map(|person| &person.phone).chain([&firm.phone]);
        for phone in phones {
            let parsed = phonenumber::parse(None, &phone.e164).unwrap();
            assert!(phonenumber::is_valid(&parsed), "{} of {}", phone.e164, firm.country);
            let region = firm.country.parse().unwrap();
            for spelling in [&phone.spaced, &phone.national] {
                let again = phonenumber::parse(Some(region), spelling).unwrap();
                assert_eq!(again.format().to_string(), phone.e164, "{spelling}");
            }
        }
        for person in &firm.people {
            assert!(person.email.is_ascii() && emails.insert(person.email.clone()), "{}", person.email);
        }
        assert!((1..4).contains(&firm.people.len()) && !firm.post_code.contains('#'));
    }
    assert_eq!(countries.len(), 12);
}

#[test]
fn a_seed_makes_one_world() {
    let rows = |seed: u64, flavour: Flavour| {
        let (flowtly, hubspot) = servers();
        let filled = World::generate(60, seed, flavour).fill(&flowtly, &hubspot, Spread::default());
        (filled, flowtly.clients(), hubspot.companies(), hubspot.contacts())
    };
    for flavour in [Flavour::Plain, Flavour::Messy] {
        assert_eq!(rows(3, flavour), rows(3, flavour));
        assert_ne!(rows(3, flavour).1, rows(4, flavour).1);
    }
}

#[test]
fn a_plain_world_differs_only_in_blanks_and_spelling() {
    let (flowtly, hubspot) = servers();
    let filled = World::generate(300, 1, Flavour::Plain).fill(&flowtly, &hubspot, Spread::default());
    assert!(filled.pairs.len() > 200 && filled.flowtly_only.len() > 10 && filled.crm_only.len() > 10);
    assert!(filled.twins.is_empty());
    assert_eq!(flowtly.client_count(), filled.pairs.len() + filled.flowtly_only.len());
    assert_eq!(hubspot.company_count(), filled.pairs.len() + filled.crm_only.len());
    let (mut blanks, mut spellings) = (0, 0);
    for (client, company) in &filled.pairs {
        let client = flowtly.client(*client).unwrap();
        let company = hubspot.company(*company).unwrap()["properties"].clone();
        for (ours, theirs) in [("name", "name"), ("vatNumber", "vat_number"), ("addressCity", "city")] {
            assert!(company[theirs].is_null() || client[ours] == company[theirs]);
            blanks += u32::from(company[theirs].is_null());
        }
        let region = client["country"].as_str().unwrap().rsplit('/').next().unwrap().parse().unwrap();
        if let Value::String(phone) = &company["phone"] {
            let parsed = phonenumber::parse(Some(region), phone).unwrap();
            assert_eq!(parsed.format().to_string(), client["addressPhoneNumber"].as_str().unwrap());
            spellings += u32::from(client["addressPhoneNumber"] != *phone);
        }
    }
    assert!(blanks > 10 && spellings > 50, "{blanks} {spellings}");
}

#[test]
fn a_messy_world_has_every_accident() {
    let (flowtly, hubspot) = servers();
    let filled = World::generate(600, 1, Flavour::Messy).fill(&flowtly, &hubspot, Spread::default());
    assert!(!filled.twins.is_empty());
    let companies = hubspot.companies();
    let missing = |key: &str| companies.iter().filter(|one| one["properties"][key].is_null()).count();
    assert!(missing("vat_number") > 5 && missing("country") > 2);
    let contacts = hubspot.contacts();
    assert!(contacts.iter().any(|one| one["properties"]["email"].is_null()));
    assert!(contacts.iter().any(|one| one.get("associations").is_none()));
    let tins: BTreeSet<String> =
        flowtly.clients().iter().filter_map(|one| Some(one["tin"].as_str()?.to_owned())).collect();
    assert!(tins.contains("brak") || tins.contains("0000000000"));
}

#[test]
fn an_agreed_world_has_stored_ids_and_equal_values() {
    let (flowtly, hubspot) = servers();
    let world = World::generate(50, 1, Flavour::Plain).contacts_per_company(1..2);
    let filled = world.fill_agreed(&flowtly, &hubspot);
    assert_eq!((filled.pairs.len(), filled.contact_pairs.len()), (50, 50));
    for (client, company) in filled.pairs {
        assert_eq!(
            hubspot.company_property(company, "flowtly_id"),
            Some(format!("{}/{client}", flowtly.options().organization))
        );
        let shown = flowtly.client(client).unwrap();
        for (ours, theirs) in [("name", "name"), ("addressPhoneNumber", "phone"), ("addressPostCode", "zip")] {
            assert_eq!(shown[ours].as_str().map(str::to_owned), hubspot.company_property(company, theirs));
        }
    }
    for (ours, theirs) in filled.contact_pairs {
        let person = flowtly.contact(ours).unwrap();
        assert_eq!(person["email"].as_str().map(str::to_owned), hubspot.contact_property(theirs, "email"));
    }
}
