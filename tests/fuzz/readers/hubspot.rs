//! HubSpot's replies: lists and searches, batches and links, answers to writes, the account and its properties.

use flowtly_sync::connector::port::{Extent, Find, Frontier, Target};
use flowtly_sync::domain::record::Kind;

use super::account::update;
use super::script::{Bench, Play, System, began, crm};

fn hubspot(play: &Play) -> Bench {
    crm(play, System::HubSpot)
}

/// Lists and searches: walks, and what appeared since.
pub fn pages(input: &[u8]) {
    let play = Play::of(input);
    let bench = hubspot(&play);
    let frontier = Frontier(play.word.clone());
    match play.choice(6) {
        0 => bench.walk(Kind::Company, Extent::Complete),
        1 => bench.walk(Kind::Contact, Extent::Complete),
        2 => bench.walk(Kind::Company, Extent::Since(began())),
        3 => bench.walk(Kind::Contact, Extent::Since(began())),
        4 => drop(bench.appeared(Kind::Company, &frontier)),
        _ => drop(bench.appeared(Kind::Contact, &frontier)),
    }
}

/// Reads in batches, links, and look-ups.
pub fn batches(input: &[u8]) {
    let play = Play::of(input);
    let bench = hubspot(&play);
    match play.choice(6) {
        0 => bench.get(Kind::Company, &["1", "2", "1", &play.word]),
        1 => bench.get(Kind::Contact, &["1", "2"]),
        2 => bench.children(&play.word),
        3 => bench.find(Kind::Company, &Find::StoredId("org/1".to_owned())),
        4 => bench.find(Kind::Company, &Find::Text(play.word.clone())),
        _ => bench.find(Kind::Contact, &Find::Text(play.word.clone())),
    }
}

/// Answers to writes: whole, in parts, refused.
pub fn writes(input: &[u8]) {
    let play = Play::of(input);
    let bench = hubspot(&play);
    match play.choice(4) {
        0 => bench.write(Kind::Company, &Target::Create, &play.word),
        1 => bench.write(Kind::Company, &update(), &play.word),
        2 => bench.write(Kind::Contact, &Target::Create, &play.word),
        _ => bench.write(Kind::Contact, &update(), &play.word),
    }
}

/// Who the account is, its properties, and its notes about documents.
pub fn account(input: &[u8]) {
    let play = Play::of(input);
    let bench = hubspot(&play);
    match play.choice(5) {
        0 => bench.probe(),
        1 => bench.schema(Kind::Company),
        2 => bench.schema(Kind::Contact),
        3 => bench.shown(),
        _ => bench.show(&play.word),
    }
}
