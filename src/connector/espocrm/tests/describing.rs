//! The fields that are there.

use super::*;
use crate::connector::error::ErrorKind;
use crate::connector::port::{Presence, Schema};

#[tokio::test]
async fn mapped_fields_are_described_and_then_the_one_for_our_id() {
    let bench = Bench::new();
    bench.server.freeze_account_field("phoneNumber");
    bench.server.hide_account_field("description");
    let properties = bench.connector.properties(Kind::Company).await.unwrap();
    let told: Vec<(&str, Presence, Option<bool>)> =
        properties.iter().map(|it| (it.path.as_str(), it.presence, it.writable)).collect();
    assert_eq!(
        told,
        [
            ("name", Presence::Present, Some(true)),
            ("cVatNumber", Presence::Present, Some(true)),
            ("phoneNumber", Presence::Present, Some(false)),
            ("billingAddressStreet", Presence::Present, Some(true)),
            ("billingAddressCity", Presence::Present, Some(true)),
            ("description", Presence::Missing, None),
            ("cFlowtlyId", Presence::Present, Some(true)),
        ]
    );
    assert_eq!(properties[1].type_name.as_deref(), Some("varchar, at most 100 characters"));
    let contact = bench.connector.properties(Kind::Contact).await.unwrap();
    assert!(contact.iter().all(|property| property.presence == Presence::Present), "{contact:?}");
    assert_eq!(bench.requests(), ["GET /api/v1/Metadata"], "one reading serves both kinds");
}

#[tokio::test]
async fn a_field_that_vanishes_is_missing_at_the_next_look() {
    let bench = Bench::new();
    bench.connector.properties(Kind::Company).await.unwrap();
    bench.server.remove_account_field("cVatNumber");
    let properties = bench.connector.properties(Kind::Company).await.unwrap();
    assert_eq!(properties[1].presence, Presence::Missing);
}

#[tokio::test]
async fn only_an_administrator_adds_a_field_and_is_told_how() {
    let bench = Bench::with(EspoOptions { account_fields: Vec::new(), ..EspoOptions::default() }, |_| ());
    let error = bench.connector.add_missing(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
    for word in ["cVatNumber", "cFlowtlyId", "vatNumber, flowtlyId", "Entity Manager > Account"] {
        assert!(error.message.contains(word), "{}", error.message);
    }
    bench.server.add_account_field("cVatNumber");
    bench.server.add_account_field("cFlowtlyId");
    assert_eq!(bench.connector.add_missing(Kind::Company).await.unwrap(), Vec::<String>::new());
    assert_eq!(bench.connector.add_missing(Kind::Contact).await.unwrap(), Vec::<String>::new());
}
