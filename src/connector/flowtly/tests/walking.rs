//! Walks over collections of every form, honest and not.

use super::*;

fn clients(range: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    range.map(client).collect()
}

fn numbered(first: u64, last: u64, distinct: u64) -> Evidence {
    Evidence::Numbered { first_total: Some(first), last_total: Some(last), distinct }
}

#[tokio::test]
async fn all_pages_are_read_whatever_size_the_server_makes_of_the_one_asked_for() {
    let all = clients(1..=95);
    let bench = Bench::new(move |asked| ok(&paged(asked, &all, 30)));
    let (rows, end) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!(ids(&rows), (1..=95).collect::<Vec<_>>(), "in the server's order");
    assert_eq!(end.evidence, numbered(95, 95, 95));
    assert_eq!(end.started, "2026-11-23T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    assert_eq!(bench.asked().len(), 4, "as many requests as pages");
    assert_eq!(bench.asked()[0].target, "/clients?itemsPerPage=100");
    assert_eq!(bench.asked()[0].headers["accept"], "application/ld+json");
}

#[tokio::test]
async fn the_older_prefixed_envelope_is_read_and_its_links_followed_one_by_one() {
    let bench = Bench::new(|asked| {
        let page: u64 = asked.parameter("cursor").map_or(1, |page| page.parse().unwrap());
        let mut view = json!({"@type": "hydra:PartialCollectionView"});
        if page < 3 {
            view["hydra:next"] = json!(format!("/clients?cursor={}", page + 1));
        }
        ok(
            &json!({"@type": "hydra:Collection", "hydra:totalItems": 3, "hydra:member": [client(page)], "hydra:view": view}),
        )
    });
    let (rows, end) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!((ids(&rows), end.evidence), (vec![1, 2, 3], numbered(3, 3, 3)));
}

#[tokio::test]
async fn bare_arrays_are_read_to_an_empty_page() {
    let all = clients(1..=5);
    let bench = Bench::with(
        |settings| settings.accept = "application/json".to_owned(),
        move |asked| ok(&paged(asked, &all, 2)["member"]),
    );
    let (rows, end) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!(ids(&rows), [1, 2, 3, 4, 5]);
    assert_eq!(end.evidence, Evidence::Numbered { first_total: None, last_total: None, distinct: 5 });
    assert_eq!(bench.asked().last().unwrap().target, "/clients?itemsPerPage=100&page=4");
}

#[tokio::test]
async fn a_single_page_has_no_links_and_an_empty_list_ends_at_once() {
    let bench = Bench::new(|_| ok(&json!({"totalItems": 1, "member": [client(7)]})));
    assert_eq!(ids(&bench.walk(Kind::Company).await.unwrap().0), [7]);
    let bench = Bench::new(|_| ok(&json!({"totalItems": 0, "member": []})));
    let (rows, end) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!((rows.len(), end.evidence), (0, numbered(0, 0, 0)));
}

#[tokio::test]
async fn rows_that_are_added_during_the_walk_are_read_and_told() {
    let bench = Bench::new(|asked| {
        let all = if asked.parameter("page").is_none() { 4 } else { 7 };
        ok(&paged(asked, &clients(1..=all), 2))
    });
    let (rows, end) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!((ids(&rows), end.evidence), ((1..=7).collect(), numbered(4, 7, 7)));
}

#[tokio::test]
async fn rows_that_are_hidden_by_a_shift_are_missing_from_the_count() {
    let bench = Bench::new(|asked| {
        let all = if asked.parameter("page").is_none() { clients(1..=6) } else { clients(2..=6) };
        ok(&paged(asked, &all, 2))
    });
    let (rows, end) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!((ids(&rows), end.evidence), (vec![1, 2, 4, 5, 6], numbered(6, 5, 5)));
}

#[tokio::test]
async fn a_page_that_comes_again_and_again_is_an_error() {
    let same_link = |_: &Asked| ok(&json!({"member": [client(1)], "view": {"next": "/clients?page=2"}}));
    let counting_link = |asked: &Asked| {
        let page: usize = asked.parameter("page").map_or(1, |page| page.parse().unwrap());
        ok(&json!({"member": [client(1)], "view": {"next": format!("/clients?page={}", page + 1)}}))
    };
    let empty_for_ever = |asked: &Asked| {
        let page: usize = asked.parameter("page").map_or(1, |page| page.parse().unwrap());
        ok(&json!({"member": [], "view": {"next": format!("/clients?page={}", page + 1)}}))
    };
    let ignored_number = |_: &Asked| {
        let first = json!({"next": "/clients?page=2", "last": "/clients?page=400"});
        ok(&json!({"totalItems": 800, "member": [client(1), client(2)], "view": first}))
    };
    let bare = |_: &Asked| ok(&json!([client(1)]));
    for serve in [
        Box::new(same_link) as Box<Serve>,
        Box::new(counting_link),
        Box::new(empty_for_ever),
        Box::new(ignored_number),
        Box::new(bare),
    ] {
        let bench = Bench::new(serve);
        let error = bench.walk(Kind::Company).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{error}");
        assert!(bench.asked().len() < 12, "it stops soon: {}", bench.asked().len());
    }
}

#[tokio::test]
async fn a_walk_tells_which_properties_any_of_its_records_showed() {
    let all: Vec<Value> = (1..=5)
        .map(|number| {
            let mut client = client(number);
            if number == 5 {
                client["defaultCost"] = json!(null);
                client["tin"] = json!("1");
            }
            client["clientContacts"] = json!([{"id": number, "name": "Person", "email": "p@firm.test"}]);
            client
        })
        .collect();
    let bench = Bench::new(move |asked| match asked.path() {
        "/clients" => ok(&paged(asked, &all, 2)),
        _ => html(404),
    });
    let shown = |end: WalkEnd, shape: &Shape| {
        let shown = end.shown.unwrap();
        shape.paths().zip(shown).filter(|(_, shown)| !shown).map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
    };
    let (_, end) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!(shown(end, &company_shape()), ["addressCountry"], "a blank one is shown, too");
    let (_, end) = bench.walk(Kind::Contact).await.unwrap();
    assert_eq!(shown(end, &contact_shape()), ["phone", "type", "position"]);
}

#[tokio::test]
async fn no_rows_where_the_total_tells_of_some_is_no_end() {
    let bench = Bench::new(|_| ok(&json!({"totalItems": 1000, "member": []})));
    let error = bench.walk(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("flowtly.page_size"), "{error}");
}

#[tokio::test]
async fn links_of_another_host_are_asked_of_ours() {
    // The server of the bench fails a request that goes anywhere else.
    let bench = Bench::new(|asked| match asked.parameter("page") {
        None => ok(&json!({"member": [client(1)], "view": {"next": "https://evil.test:99/clients?page=2"}})),
        Some(_) => ok(&json!({"member": [client(2)]})),
    });
    assert_eq!(ids(&bench.walk(Kind::Company).await.unwrap().0), [1, 2]);
}

#[tokio::test]
async fn half_a_reply_is_asked_for_again_once() {
    let half = Mutex::new(1);
    let bench = Bench::new(move |_| {
        let mut left = half.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return Answer(200, "application/ld+json", b"{\"member\":[{\"id\":1,\"na".to_vec());
        }
        ok(&json!({"member": [client(1)]}))
    });
    assert_eq!(bench.walk(Kind::Company).await.unwrap().0.len(), 1);
    let bench = Bench::new(|_| Answer(200, "application/ld+json", b"{\"member\":[{\"id\":1,\"na".to_vec()));
    let error = bench.walk(Kind::Company).await.unwrap_err();
    assert_eq!((error.kind, bench.asked().len()), (ErrorKind::Protocol, 2));
}

#[tokio::test]
async fn html_and_a_huge_reply_are_told_for_what_they_are() {
    let error = Bench::new(|_| html(200)).walk(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("HTML"), "{error}");
    let huge = || ok(&json!({"member": [{"id": 1, "name": "x".repeat(2 << 20)}]}));
    let error = Bench::new(move |_| huge()).walk(Kind::Company).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_text_beyond_the_limit_is_unknown_and_the_walk_goes_on() {
    let mut long = client(1);
    long["name"] = json!("ż".repeat(40_000));
    let bench = Bench::new(move |_| ok(&json!({"totalItems": 2, "member": [long, client(2)]})));
    let (rows, _) = bench.walk(Kind::Company).await.unwrap();
    assert_eq!(shown(&rows[0], &company_shape(), "name"), &Delivered::Unknown);
    assert_eq!(shown(&rows[0], &company_shape(), "status"), &text("active"));
    assert_eq!(shown(&rows[1], &company_shape(), "name"), &text("Firm 2"));
}

#[tokio::test]
async fn a_collection_that_is_not_there_is_a_wrong_setting() {
    for answer in [|| html(404), no_record, || html(405)] {
        let error = Bench::new(move |_| answer()).walk(Kind::Company).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting);
        assert!(error.message.contains("flowtly.clients_path"), "{error}");
    }
}

#[tokio::test]
async fn a_failing_page_ahead_fails_the_walk_after_the_pages_before_it() {
    let all = clients(1..=10);
    let bench = Bench::new(move |asked| match asked.parameter("page").as_deref() {
        Some("3") => json_answer(403, &json!({"detail": "Access Denied."})),
        _ => ok(&paged(asked, &all, 2)),
    });
    let mut walk = bench.connector.walk(Kind::Company, Extent::Complete).await.unwrap();
    assert!(matches!(walk.next().await.unwrap(), Step::Page(_)));
    assert!(matches!(walk.next().await.unwrap(), Step::Page(_)));
    assert_eq!(walk.next().await.unwrap_err().kind, ErrorKind::Forbidden);
}

#[tokio::test]
async fn what_appears_after_a_walk_is_read_from_its_end_on() {
    let count = Arc::new(Mutex::new((1..=300).map(client).collect::<Vec<_>>()));
    let served = count.clone();
    let bench = Bench::new(move |asked| ok(&paged(asked, &served.lock().unwrap(), 30)));
    let (_, end) = bench.walk(Kind::Company).await.unwrap();
    let before = bench.asked().len();
    assert_eq!(bench.connector.appeared(Kind::Company, &end.frontier).await.unwrap().0, vec![]);
    assert!(bench.asked().len() - before <= 6, "only the end of the list is read again");
    count.lock().unwrap().extend((301..=370).map(client));
    let rows = bench.connector.appeared(Kind::Company, &end.frontier).await.unwrap().0;
    assert_eq!(ids(&rows), (301..=370).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_appears_is_found_although_deletes_have_shifted_the_pages() {
    let all = Arc::new(Mutex::new((1..=300).map(client).collect::<Vec<_>>()));
    let served = all.clone();
    let bench = Bench::new(move |asked| ok(&paged(asked, &served.lock().unwrap(), 30)));
    let (_, end) = bench.walk(Kind::Company).await.unwrap();
    {
        let mut all = all.lock().unwrap();
        all.drain(0..200);
        all.push(client(301));
    }
    let before = bench.asked().len();
    let rows = bench.connector.appeared(Kind::Company, &end.frontier).await.unwrap().0;
    assert_eq!(ids(&rows), [301]);
    assert!(bench.asked().len() - before <= 5, "a page past the end leads to the last one, not to the one before it");
}

#[tokio::test]
async fn a_record_that_was_saved_late_appears_although_its_number_is_lower() {
    let all = Arc::new(Mutex::new((1..=9).chain([11]).map(client).collect::<Vec<_>>()));
    let served = all.clone();
    let bench = Bench::new(move |asked| ok(&paged(asked, &served.lock().unwrap(), 30)));
    let (_, end) = bench.walk(Kind::Company).await.unwrap();
    all.lock().unwrap().insert(9, client(10));
    assert_eq!(ids(&bench.connector.appeared(Kind::Company, &end.frontier).await.unwrap().0), [10]);
}

#[tokio::test]
async fn in_another_order_the_whole_list_is_read_for_what_appeared() {
    let all = Arc::new(Mutex::new((1..=90).rev().map(client).collect::<Vec<_>>()));
    let served = all.clone();
    let bench = Bench::new(move |asked| ok(&paged(asked, &served.lock().unwrap(), 30)));
    let (_, end) = bench.walk(Kind::Company).await.unwrap();
    all.lock().unwrap().insert(0, client(91));
    assert_eq!(ids(&bench.connector.appeared(Kind::Company, &end.frontier).await.unwrap().0), [91]);
}
