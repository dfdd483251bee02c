//! Passes on a state that the test has in its hands, and what they leave behind.

use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::store::Store;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Report, Request};
use flowtly_sync::sync::{PassError, World};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, Row};
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, ruling};

pub fn allowed() -> Request {
    Request { complete: true, allow: [RefusalName::FirstPass].into() }
}

/// One pass on this open state.
pub async fn pass_on(firm: &Firm, store: Store, request: Request) -> (Store, Result<Report, PassError>) {
    let settings = firm.settings();
    let systems = firm.systems(&settings);
    let ruling = ruling(&settings);
    let world = World::of(&systems, firm.clock.as_ref(), &ruling);
    let sinks = Sinks::from(&systems);
    pass::run(world, sinks, store, request, &CancellationToken::new()).await
}

/// The state file as any tool opens it.
pub async fn raw(firm: &Firm) -> sqlx::SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(firm.state()).connect().await.unwrap()
}

/// One number out of the state file.
pub async fn number(firm: &Firm, query: &'static str) -> i64 {
    let mut connection = raw(firm).await;
    let found: i64 = sqlx::query(query).fetch_one(&mut connection).await.unwrap().get(0);
    connection.close().await.unwrap();
    found
}

/// A firm with work in both directions: companies and contacts to create, an update either way. Fifteen records a side in
/// the end.
pub async fn busy_firm() -> Firm {
    let firm = Firm::new();
    let (client, company) = firm.linked("Zeta", &crate::firm::vat(90)).await;
    more_work(&firm, 0);
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 111 11 11");
    firm
}

/// Four firms a side that the other does not have, each with a contact.
pub fn more_work(firm: &Firm, round: u32) {
    let round = round * 100;
    for n in round + 1..=round + 4 {
        let client = firm.client(&format!("Klient {n}"), Some(&crate::firm::vat(n)));
        firm.person(client, &format!("Osoba {n}"), &format!("osoba{n}@klient{n}.pl"));
        let company = firm.company(&format!("Firma {n}"), Some(&crate::firm::vat(1_000 + n)));
        let email = format!("kto{n}@firma{n}.pl");
        let properties = [("firstname", "Kto"), ("lastname", "Inny"), ("email", email.as_str())];
        firm.hubspot.add_contact(&properties, Some(company));
    }
}

/// How many companies and contacts each side has.
pub fn counts(firm: &Firm) -> [(usize, usize); 2] {
    [
        (firm.flowtly.client_count(), firm.hubspot.company_count()),
        (firm.flowtly.contact_count(), firm.hubspot.contact_count()),
    ]
}

/// The values of one field of all records of a listing, sorted.
pub fn texts(records: &[Value], field: &str) -> Vec<String> {
    let mut texts: Vec<String> = records
        .iter()
        .filter_map(|record| record.get(field).or_else(|| record["properties"].get(field))?.as_str().map(str::to_owned))
        .collect();
    texts.sort();
    texts
}
