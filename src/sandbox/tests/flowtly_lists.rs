//! Pages, links, filters.

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};

use super::Office;
use crate::sandbox::FlowtlyOptions;
use crate::sandbox::flowtly::{Dialect, Totals};

fn ids(page: &Value) -> Vec<u64> {
    page["member"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn pages_link_to_each_other_and_end_without_next() {
    let office = Office::with_clients(1000).await;
    let first = office.get("/clients").await;
    assert!(
        first.text().starts_with(
            r#"{"@context":"\/contexts\/Client","@id":"\/clients","@type":"Collection","totalItems":1000,"member":[{"@id":"\/clients\/1","@type":"Client""#
        ),
        "{}",
        &first.text()[..200]
    );
    let page = first.json();
    assert_eq!(ids(&page), (1..=30).collect::<Vec<_>>());
    assert_eq!(
        page["view"],
        json!({"@id": "/clients?page=1", "@type": "PartialCollectionView", "first": "/clients?page=1",
            "last": "/clients?page=34", "next": "/clients?page=2"})
    );
    assert_eq!(page["search"]["@type"], "IriTemplate");
    let last = office.get("/clients?page=34").await.json();
    assert_eq!((last["view"].get("next"), &last["view"]["previous"]), (None, &json!("/clients?page=33")));
    assert_eq!(ids(&last), (991..=1000).collect::<Vec<_>>());
    for (page, previous) in [(35, "/clients?page=34"), (9999, "/clients?page=9998")] {
        let past = office.get(&format!("/clients?page={page}")).await.json();
        assert_eq!((ids(&past).len(), &past["totalItems"], past["view"].get("next")), (0, &json!(1000), None));
        assert_eq!((&past["view"]["last"], &past["view"]["previous"]), (&json!("/clients?page=34"), &json!(previous)));
    }
    assert_eq!(office.server.counts().pages, 4);
}

#[rstest]
#[case("/clients?page=0", "Page should not be less than 1")]
#[case("/clients?page=-1", "Page should not be less than 1")]
#[case("/clients?page=abc", "Page should not be less than 1")]
#[case("/clients?page=", "Page should not be less than 1")]
#[case("/clients?page=99999999999999999999", "Page parameter is too large.")]
#[case("/clients?itemsPerPage=-1", "Limit should not be less than 0")]
#[case("/clients?itemsPerPage=0&page=2", "Page should not be greater than 1 if limit is equal to 0")]
#[tokio::test]
async fn bad_pages_are_refused(#[case] target: &str, #[case] detail: &str) {
    let office = Office::with_clients(40).await;
    let seen = office.get(target).await;
    assert_eq!((seen.status.as_u16(), seen.json()["detail"].as_str()), (400, Some(detail)));
}

#[tokio::test]
async fn sizes_are_clamped_in_silence_and_zero_reads_as_finished() {
    let office = Office::with_clients(1000).await;
    let clamped = office.get("/clients?itemsPerPage=100000").await.json();
    assert_eq!(ids(&clamped).len(), 500);
    assert_eq!(clamped["view"]["next"], "/clients?itemsPerPage=100000&page=2");
    let raw = office.get("/clients?itemsPerPage=100").await;
    assert!(raw.text().contains(r#""next":"\/clients?itemsPerPage=100\u0026page=2""#));
    for zero in ["/clients?itemsPerPage=0", "/clients?itemsPerPage=abc"] {
        let page = office.get(zero).await.json();
        assert_eq!((ids(&page).len(), &page["totalItems"], page["view"].get("next")), (0, &json!(1000), None));
    }
    let options = FlowtlyOptions { page_limit: None, ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    for number in 0..40 {
        office.add(&number.to_string());
    }
    let ignored = office.get("/clients?itemsPerPage=100").await.json();
    assert_eq!((ids(&ignored).len(), &ignored["view"]["next"]), (30, &json!("/clients?itemsPerPage=100&page=2")));
}

#[tokio::test]
async fn one_page_has_no_view_unless_something_was_asked() {
    let office = Office::with_clients(3).await;
    assert_eq!(office.get("/clients").await.json().get("view"), None);
    let asked = office.get("/clients?nothing=1").await.json();
    assert_eq!(asked["view"], json!({"@id": "/clients?nothing=1", "@type": "PartialCollectionView"}));
    assert_eq!(ids(&asked).len(), 3);
}

#[tokio::test]
async fn a_full_last_page_of_partial_pagination_points_to_an_empty_one() {
    let options = FlowtlyOptions { totals: Totals::Absent, ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    for number in 0..60 {
        office.add(&number.to_string());
    }
    let second = office.get("/clients?page=2").await.json();
    assert_eq!((second.get("totalItems"), second["view"].get("last")), (None, None));
    assert_eq!(second["view"]["next"], "/clients?page=3");
    let third = office.get("/clients?page=3").await.json();
    assert_eq!((ids(&third).len(), third["view"].get("next")), (0, None));
}

#[tokio::test]
async fn prefixed_releases_prefix_the_envelope_and_not_the_rows() {
    let options = FlowtlyOptions { dialect: Dialect::V34, ..FlowtlyOptions::default() };
    let office = Office::open(options).await;
    for number in 0..31 {
        office.add(&number.to_string());
    }
    let page = office.get("/clients").await.json();
    assert_eq!((&page["@type"], &page["hydra:totalItems"]), (&json!("hydra:Collection"), &json!(31)));
    assert_eq!(page["hydra:member"][0]["name"], "0");
    assert_eq!(page["hydra:view"]["@type"], "hydra:PartialCollectionView");
    assert_eq!(page["hydra:view"]["hydra:next"], "/clients?page=2");
    assert!(page.get("member").is_none() && page.get("hydra:search").is_some());
}

#[tokio::test]
async fn plain_json_is_a_bare_array() {
    let office = Office::with_clients(31).await;
    let second = office.ask("GET /clients?page=2", &["accept: application/json"], Body::empty()).await.json();
    assert_eq!(second.as_array().unwrap().len(), 1);
    let past = office.ask("GET /clients?page=3", &["accept: application/json"], Body::empty()).await;
    assert_eq!(past.text(), "[]");
}

#[tokio::test]
async fn rows_that_move_up_during_a_walk_are_never_seen() {
    let office = Office::with_clients(100).await;
    assert_eq!(ids(&office.get("/clients").await.json()).last(), Some(&30));
    for id in 3..8 {
        assert!(office.server.remove_client(id));
    }
    let second = office.get("/clients?page=2").await.json();
    assert_eq!(ids(&second), (36..=65).collect::<Vec<_>>());
    assert_eq!(second["totalItems"], 95);
}

#[tokio::test]
async fn a_malformed_filter_shows_everything() {
    let office = Office::with_clients(3).await;
    for client in 1..=3 {
        for number in 0..2 {
            let email = format!("c{client}n{number}@example.com");
            office.server.add_contact(client, &json!({"name": "N", "email": email, "type": "main"}));
        }
    }
    for (query, rows) in [
        ("", 6),
        ("?client=1", 2),
        ("?client=/clients/1", 2),
        ("?client=%2Fclients%2F1", 2),
        ("?client[]=1&client[]=3", 4),
        ("?client=0", 0),
        ("?client=99", 0),
        ("?client=/countries/PL", 0),
        ("?client=null", 6),
        ("?client=abc", 6),
        ("?client=", 6),
        ("?client=/clients/abc", 6),
        ("?email=c2n1@example.com", 1),
        ("?email=", 0),
        ("?unknown=1", 6),
    ] {
        let page = office.get(&format!("/client-contacts{query}")).await.json();
        assert_eq!(ids(&page).len(), rows, "{query}");
    }
}

#[tokio::test]
async fn clients_are_filtered_and_searched() {
    let office = Office::plain().await;
    let one = office.add("Żółw Logistyka");
    office.add("Other");
    office.server.edit_client(one, "tin", "5260300291");
    office.server.edit_client(one, "vatNumber", "PL5260300291");
    assert_eq!(ids(&office.get("/clients?tin=5260300291").await.json()), [one]);
    assert_eq!(ids(&office.get("/clients?name=logist").await.json()), [one]);
    assert_eq!(ids(&office.get("/clients?tin=").await.json()), Vec::<u64>::new());
    assert_eq!(ids(&office.get("/clients/search?query=PL526").await.json()), [one]);
    assert_eq!(ids(&office.get("/clients/search?query=%C5%BB%C3%B3%C5%82w").await.json()), [one]);
    // Another parameter means nothing.
    assert_eq!(ids(&office.get("/clients/search?q=nothing").await.json()).len(), 2);
}
