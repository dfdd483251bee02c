//! The replies of the CRMs that speak in one way for everything: an operation of the connector for each letter.

use flowtly_sync::connector::port::{Extent, Find, Frontier, Target};
use flowtly_sync::domain::record::Kind;

use super::account::update;
use super::script::{Play, System, began, crm};

/// `EspoCRM`.
pub fn espocrm(input: &[u8]) {
    any(System::Espo, input);
}

/// Odoo, whichever of its two protocols it turns out to speak.
pub fn odoo(input: &[u8]) {
    any(System::Odoo, input);
}

/// Pipedrive.
pub fn pipedrive(input: &[u8]) {
    any(System::Pipedrive, input);
}

fn any(system: System, input: &[u8]) {
    let play = Play::of(input);
    let bench = crm(&play, system);
    let word = play.word.as_str();
    let frontier = Frontier(word.to_owned());
    match play.choice(20) {
        0 => bench.walk(Kind::Company, Extent::Complete),
        1 => bench.walk(Kind::Contact, Extent::Complete),
        2 => bench.walk(Kind::Company, Extent::Since(began())),
        3 => bench.walk(Kind::Contact, Extent::Since(began())),
        4 => drop(bench.appeared(Kind::Company, &frontier)),
        5 => drop(bench.appeared(Kind::Contact, &frontier)),
        6 => bench.get(Kind::Company, &["1", "2", "1", word]),
        7 => bench.get(Kind::Contact, &["1", "2"]),
        8 => bench.children(word),
        9 => bench.find(Kind::Company, &Find::StoredId("org/1".to_owned())),
        10 => bench.find(Kind::Company, &Find::Text(word.to_owned())),
        11 => bench.find(Kind::Contact, &Find::Text(word.to_owned())),
        12 => bench.write(Kind::Company, &Target::Create, word),
        13 => bench.write(Kind::Company, &update(), word),
        14 => bench.write(Kind::Contact, &Target::Create, word),
        15 => bench.write(Kind::Contact, &update(), word),
        16 => bench.probe(),
        17 => bench.schema(if word.is_empty() { Kind::Company } else { Kind::Contact }),
        18 => bench.shown(),
        _ => bench.show(word),
    }
}
