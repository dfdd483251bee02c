//! Flowtly's replies: pages, single records, what is told of the account, and logins.

use flowtly_sync::connector::port::{Extent, Find, Frontier, Target};
use flowtly_sync::domain::record::{Kind, RemoteId};

use super::account::update;
use super::script::{Entry, Play, began, check, flowtly, run};

/// Lists: walks, what appeared since, contacts of clients, the search.
pub fn pages(input: &[u8]) {
    let play = Play::of(input);
    let bench = flowtly(&play, Entry::Token);
    let frontier = Frontier(play.word.clone());
    match play.choice(7) {
        0 => bench.walk(Kind::Company, Extent::Complete),
        1 => bench.walk(Kind::Contact, Extent::Complete),
        2 => bench.walk(Kind::Contact, Extent::Since(began())),
        3 => drop(bench.appeared(Kind::Company, &frontier)),
        4 => drop(bench.appeared(Kind::Contact, &frontier)),
        5 => bench.children(&play.word),
        _ => bench.find(Kind::Company, &Find::Text(play.word.clone())),
    }
}

/// Single records, refusals, and documents.
pub fn records(input: &[u8]) {
    let play = Play::of(input);
    let bench = flowtly(&play, Entry::Token);
    match play.choice(7) {
        0 => bench.get(Kind::Company, &["1", "2", "1"]),
        1 => bench.get(Kind::Contact, &["1", &play.word]),
        2 => bench.write(Kind::Company, &Target::Create, &play.word),
        3 => bench.write(Kind::Company, &update(), &play.word),
        4 => bench.write(Kind::Contact, &Target::Create, &play.word),
        5 => bench.write(Kind::Contact, &update(), &play.word),
        _ => {
            if let Err(error) = run(bench.connector.documents(&RemoteId::new(&play.word))) {
                check(&error);
            }
        }
    }
}

/// Who it is, and what its documentation and its records say of properties.
pub fn account(input: &[u8]) {
    let play = Play::of(input);
    let bench = flowtly(&play, Entry::Token);
    match play.choice(3) {
        0 => bench.probe(),
        1 => bench.schema(Kind::Company),
        _ => bench.schema(Kind::Contact),
    }
}

/// Being let in by name and password, and refused, in all orders.
pub fn login(input: &[u8]) {
    let play = Play::of(input);
    let bench = flowtly(&play, Entry::Password);
    match play.choice(3) {
        0 => bench.probe(),
        1 => bench.get(Kind::Company, &["1", "2"]),
        _ => bench.write(Kind::Company, &Target::Create, &play.word),
    }
}
