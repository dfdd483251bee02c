//! Bad days.

use rstest::rstest;

use super::*;
use crate::connector::error::ErrorKind;
use crate::sandbox::{Fault, When};

#[rstest]
#[case(Fault::Html, ErrorKind::Protocol)]
#[case(Fault::HalfJson, ErrorKind::Protocol)]
#[case(Fault::WrongType, ErrorKind::Protocol)]
#[case(Fault::Truncate, ErrorKind::Broken)]
#[case(Fault::DropBefore, ErrorKind::Broken)]
#[case(Fault::Unreachable, ErrorKind::Connect)]
#[case(Fault::TimeOut { carried_out: false }, ErrorKind::Timeout)]
#[case(Fault::Gateway(502), ErrorKind::Unavailable)]
#[case(Fault::Gateway(404), ErrorKind::Setting)]
#[case(Fault::Gateway(403), ErrorKind::Forbidden)]
#[case(Fault::Gateway(429), ErrorKind::RateLimited)]
#[case(Fault::Refusal { status: 401, retry_after: None }, ErrorKind::Unauthorized)]
#[case(Fault::Refusal { status: 405, retry_after: None }, ErrorKind::Setting)]
#[case(Fault::Refusal { status: 500, retry_after: None }, ErrorKind::Unavailable)]
#[tokio::test]
async fn nothing_that_goes_wrong_is_an_answer(#[case] fault: Fault, #[case] kind: ErrorKind) {
    let bench = Bench::new();
    let company = bench.company("Acme");
    bench.server.faults().when(When::always(), fault);
    assert_eq!(bench.walk(Kind::Company, Extent::Complete).await.unwrap_err().kind, kind);
    assert_eq!(bench.get(Kind::Company, company).await.unwrap_err().kind, kind, "never Gone");
    assert_eq!(bench.connector.probe().await.unwrap_err().kind, kind);
    assert_eq!(bench.connector.properties(Kind::Company).await.unwrap_err().kind, kind);
    assert_eq!(bench.connector.children(&bench.ids(&[company])).await.unwrap_err().kind, kind);
}

#[tokio::test]
async fn a_404_of_its_own_words_is_gone_by_id_and_a_setting_in_a_list() {
    let bench = Bench::new();
    let company = bench.company("Acme");
    bench.server.faults().when(When::always(), Fault::Refusal { status: 404, retry_after: None });
    assert_eq!(bench.walk(Kind::Company, Extent::Complete).await.unwrap_err().kind, ErrorKind::Setting);
    let answer = bench.get(Kind::Company, company).await;
    assert!(matches!(answer, Ok(Lookup::Gone)), "{answer:?}");
}

#[tokio::test]
async fn a_role_without_rights_makes_nothing_gone() {
    let bench = Bench::with(EspoOptions { closed: vec!["Account".to_owned()], ..EspoOptions::default() }, |_| ());
    let company = bench.company("Acme");
    let error = bench.get(Kind::Company, company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("role") && error.message.contains("No read access."), "{}", error.message);
    assert_eq!(bench.connector.probe().await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(bench.walk(Kind::Company, Extent::Complete).await.unwrap_err().kind, ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_proxy_that_forbids_closes_no_record() {
    let bench = Bench::new();
    let (company, other) = (bench.company("Acme"), bench.company("Other"));
    let person = bench.person("Lovelace", Some(company));
    bench.server.faults().when(When::always(), Fault::Gateway(403));
    assert_eq!(bench.get(Kind::Company, company).await.unwrap_err().kind, ErrorKind::Forbidden);
    for write in [create(&[("name", "New")]), update_of(bench.id(company), &[("name", "B")])] {
        assert_eq!(bench.write(Kind::Company, write).await.unwrap_err().kind, ErrorKind::Forbidden);
    }
    let moves = moved(&bench, person, Some(company), other);
    assert_eq!(bench.write(Kind::Contact, moves).await.unwrap_err().kind, ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_list_that_espocrm_forbids_is_a_missing_right() {
    let bench = Bench::new();
    bench.company("Acme");
    bench.server.faults().when(When::always(), Fault::Refusal { status: 403, retry_after: None });
    assert_eq!(bench.walk(Kind::Company, Extent::Complete).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(bench.connector.probe().await.unwrap_err().kind, ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_role_that_no_longer_opens_contacts_leaves_no_company_without_any() {
    let bench = Bench::with(EspoOptions { closed: vec!["Contact".to_owned()], ..EspoOptions::default() }, |_| ());
    let company = bench.company("Acme");
    let error = bench.connector.children(&bench.ids(&[company])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
}

#[tokio::test]
async fn a_server_with_shorter_pages_is_told_with_the_mend() {
    let bench = Bench::with(EspoOptions { max_size: 50, ..EspoOptions::default() }, |_| ());
    let error = bench.walk(Kind::Company, Extent::Complete).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Setting, Some(403)));
    assert!(error.message.contains("page_size"), "{}", error.message);
}

#[tokio::test]
async fn a_reply_beyond_the_limit_is_no_answer() {
    let bench = Bench::new();
    bench.company("Acme");
    bench.server.faults().when(When::always(), Fault::HugeText(2 << 20));
    assert_eq!(bench.walk(Kind::Company, Extent::Complete).await.unwrap_err().kind, ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_wrong_address_is_a_setting() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.api_path = "/api/v1/more".to_owned());
    assert_eq!(bench.connector.probe().await.unwrap_err().kind, ErrorKind::Setting);
}

#[tokio::test]
async fn a_short_outage_is_waited_out_by_reads() {
    let bench = Bench::new();
    bench.company("Acme");
    bench.server.faults().next(Fault::Gateway(503));
    assert_eq!(bench.everything(Kind::Company).await.len(), 1);
}

#[tokio::test]
async fn the_budget_is_kept() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.requests_per_minute = 5);
    let company = bench.company("Acme");
    let before = bench.clock.elapsed();
    for _ in 0..6 {
        bench.get(Kind::Company, company).await.unwrap();
    }
    assert!(bench.clock.elapsed() >= before + Duration::from_mins(1), "the sixth request waits for the minute to end");
}
