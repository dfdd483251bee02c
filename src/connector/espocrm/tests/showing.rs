//! Documents as posts.

use super::*;
use crate::connector::error::ErrorKind;
use crate::connector::port::Showing;
use crate::sandbox::{Fault, When};

fn showing(mark: u32, title: &str) -> Showing {
    Showing {
        mark: format!("org/1/{mark}"),
        title: title.to_owned(),
        link: Some(format!("https://flowtly.example/d/{mark}")),
    }
}

#[tokio::test]
async fn a_document_is_posted_and_found_again_among_what_people_post() {
    let bench = Bench::with(EspoOptions::default(), |settings| settings.page_size = 2);
    let company = bench.company("Acme");
    assert_eq!(bench.connector.shown(&bench.id(company)).await.unwrap(), Some(Vec::new()));
    for number in 0..3 {
        bench.server.post(company, "Called them.");
        let posted = bench.connector.show(&bench.id(company), None, &showing(number, "Offer")).await.unwrap();
        assert_eq!(posted.showing, showing(number, "Offer"));
    }
    let shown = bench.connector.shown(&bench.id(company)).await.unwrap().unwrap();
    let showings: Vec<Showing> = shown.into_iter().map(|shown| shown.showing).collect();
    assert_eq!(showings, [0, 1, 2].map(|number| showing(number, "Offer")));
    assert_eq!(CrmServer::documents(&bench.server, company), ["Offer", "Offer", "Offer"]);
}

#[tokio::test]
async fn another_name_edits_the_post_and_an_old_post_is_posted_anew() {
    let bench = Bench::new();
    let company = bench.company("Acme");
    let id = bench.id(company);
    let first = bench.connector.show(&id, None, &showing(1, "Offer")).await.unwrap();
    let second = bench.connector.show(&id, Some(&first.id), &showing(1, "Contract")).await.unwrap();
    assert_eq!(second.id, first.id);
    assert_eq!(bench.server.posts(company).len(), 1);
    // Its author may edit a post for a week.
    bench.pass(8 * 86_400);
    let third = bench.connector.show(&id, Some(&second.id), &showing(1, "Annex")).await.unwrap();
    assert_ne!(third.id, second.id);
    assert_eq!(bench.connector.shown(&id).await.unwrap(), Some(vec![third]), "the later post counts");
}

#[tokio::test]
async fn a_lost_post_is_not_posted_twice() {
    let bench = Bench::new();
    let company = bench.company("Acme");
    bench.server.faults().when(When::always().method(Method::POST), Fault::DropAfter);
    let error = bench.connector.show(&bench.id(company), None, &showing(1, "Offer")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Broken);
    assert_eq!(bench.connector.shown(&bench.id(company)).await.unwrap().unwrap().len(), 1);
    assert_eq!(bench.server.posts(company).len(), 1);
}

#[tokio::test]
async fn a_role_without_streams_is_told_with_the_mend_and_the_switch_turns_them_off() {
    let options = EspoOptions { streams: false, ..EspoOptions::default() };
    let bench = Bench::with(options.clone(), |_| ());
    let company = bench.company("Acme");
    let error = bench.connector.shown(&bench.id(company)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid, "a role may open the streams of some accounts alone");
    assert!(
        error.message.contains("stream access") && error.message.contains("documents = false"),
        "{}",
        error.message
    );
    let bench = Bench::with(options, |settings| settings.documents = false);
    assert_eq!(bench.connector.shown(&bench.id(company)).await.unwrap(), None);
    let error = bench.connector.show(&bench.id(company), None, &showing(1, "Offer")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
}
