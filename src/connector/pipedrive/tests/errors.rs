//! What goes wrong, and what it is taken for.

use std::time::Duration;

use http::Method;

use super::*;
use crate::clock::Clock;
use crate::connector::error::Outcome;
use crate::connector::port::{Extent, Lookup};
use crate::sandbox::{Fault, When};

fn refusal(status: u16) -> Fault {
    Fault::Refusal { status, retry_after: None }
}

async fn read_of(fault: Fault) -> (Firm, Result<Vec<Lookup>, PortError>) {
    let firm = Firm::plain();
    let id = firm.server.add_organization(&[("name", "A")]);
    firm.connector.properties(Kind::Company).await.unwrap();
    firm.server.faults().next(fault);
    let answer = firm.connector.get(Kind::Company, &[id_of(id)]).await;
    (firm, answer)
}

#[tokio::test]
async fn every_refusal_has_its_kind() {
    let cases = [
        (refusal(400), ErrorKind::Invalid),
        (refusal(401), ErrorKind::Unauthorized),
        (refusal(402), ErrorKind::Forbidden),
        (refusal(410), ErrorKind::Setting),
        (refusal(429), ErrorKind::RateLimited),
        (refusal(500), ErrorKind::Unavailable),
        (refusal(503), ErrorKind::Unavailable),
        (Fault::Gateway(403), ErrorKind::RateLimited),
        (Fault::Gateway(404), ErrorKind::Setting),
        (Fault::Gateway(429), ErrorKind::RateLimited),
        (Fault::Gateway(502), ErrorKind::Unavailable),
        (Fault::Html, ErrorKind::Protocol),
        (Fault::HalfJson, ErrorKind::Protocol),
        (Fault::WrongType, ErrorKind::Protocol),
        (Fault::Truncate, ErrorKind::Broken),
        (Fault::DropBefore, ErrorKind::Broken),
        (Fault::Unreachable, ErrorKind::Connect),
        (Fault::HugeText(20 << 20), ErrorKind::TooLarge),
    ];
    for (fault, kind) in cases {
        let (_, answer) = read_of(fault.clone()).await;
        assert_eq!(answer.unwrap_err().kind, kind, "{fault:?}");
    }
}

#[tokio::test]
async fn only_pipedrives_own_404_says_that_a_record_is_gone() {
    let (_, answer) = read_of(refusal(404)).await;
    assert_eq!(answer.unwrap(), [Lookup::Gone]);
    let (_, answer) = read_of(Fault::Gateway(404)).await;
    assert_eq!(answer.unwrap_err().kind, ErrorKind::Setting);
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.records_path = "/api/v3".into());
    let error = firm.connector.get(Kind::Company, &[id_of(1)]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting, "an address that is not there: {error}");
}

#[tokio::test]
async fn a_block_by_the_network_in_front_is_waited_out_and_forbids_nothing() {
    let (firm, answer) = read_of(Fault::Gateway(403)).await;
    let error = answer.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, Some(403)));
    assert_eq!(error.retry_after, Some(Duration::from_mins(10)));
    assert_eq!(error.kind.outcome(), Outcome::NotApplied);
    let (before, sent) = (firm.clock.now(), firm.server.counts().requests);
    let error = firm.connector.get(Kind::Company, &[id_of(1)]).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimited, Some(Duration::from_mins(10))));
    assert_eq!(firm.server.counts().requests, sent, "nothing is sent before the block is over");
    firm.clock.advance(Duration::from_mins(9));
    firm.connector.get(Kind::Company, &[id_of(1)]).await.unwrap();
    assert!(firm.clock.now() - before >= chrono::Duration::minutes(10), "what is left of it is waited for");
}

#[tokio::test]
async fn a_block_of_a_write_leaves_nothing_open() {
    let firm = Firm::plain();
    firm.connector.properties(Kind::Company).await.unwrap();
    firm.server.faults().when(When::always().method(Method::POST).times(1), Fault::Gateway(403));
    let error = firm.refused(Kind::Company, create(&[("name", "A")])).await;
    assert_eq!((error.kind, error.kind.outcome()), (ErrorKind::RateLimited, Outcome::NotApplied));
}

#[tokio::test]
async fn a_wrong_token_is_told_its_mend() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.token = "wrong".into());
    let error = firm.connector.probe().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert!(error.message.contains("token_file"), "{}", error.message);
    assert!(!error.message.contains("wrong"), "{}", error.message);
}

#[tokio::test]
async fn a_refusal_names_the_property_that_it_is_about() {
    let firm = Firm::plain();
    let long = "x".repeat(300);
    let id = firm.server.add_organization(&[("name", "A")]);
    for path in ["custom:VAT number", "name", "address.locality"] {
        let error = firm.refused(Kind::Company, update(id, &[(path, Some(&long)), ("custom:Phone", Some("1"))])).await;
        let named: Vec<&str> = error.fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!((error.kind, named), (ErrorKind::Invalid, vec![path]), "{error}");
        assert!(error.message.len() < 1_000);
    }
}

#[tokio::test]
async fn a_property_of_a_feature_that_is_off_is_refused_alone() {
    let firm = Firm::open(PipedriveOptions { contact_sync: false, ..PipedriveOptions::default() }, |_| ());
    let id = firm.server.add_person(&[("name", "Jan")], None);
    let error = firm.refused(Kind::Contact, update(id, &[("name", Some("Ewa")), ("job_title", Some("CTO"))])).await;
    let named: Vec<&str> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!((error.kind, named), (ErrorKind::Invalid, vec!["job_title"]));
    assert!(error.message.contains("Contact Sync"), "{}", error.message);
}

#[tokio::test]
async fn a_huge_text_is_unknown_and_the_walk_goes_on() {
    let firm = Firm::open(PipedriveOptions::default(), |settings| settings.max_text = 100);
    for _ in 0..2 {
        firm.server.add_organization(&[("name", "A"), ("VAT number", "1")]);
    }
    firm.connector.properties(Kind::Company).await.unwrap();
    firm.server.faults().next(Fault::HugeText(101));
    let mut walk = firm.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
    let (pages, _) = all(walk.as_mut()).await;
    let names: Vec<&str> = pages[0].iter().map(|row| text(row, 0)).collect();
    assert_eq!(names, ["?", "A"]);
    assert_eq!(text(&pages[0][0], 1), "1");
}

#[tokio::test]
async fn a_success_that_says_it_is_none_is_not_believed() {
    assert_eq!(
        super::super::wire::reply::<serde_json::Value>(br#"{"success":false,"error":"no","data":null}"#)
            .unwrap_err()
            .kind,
        ErrorKind::Protocol
    );
    assert_eq!(
        super::super::wire::reply::<Vec<u8>>(br#"{"success":true,"data":null}"#).unwrap_err().kind,
        ErrorKind::Protocol
    );
}
