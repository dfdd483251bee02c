//! Contacts, wherever they are.

use super::*;

fn with_contacts(id: u64, contacts: &Value) -> Value {
    let mut client = client(id);
    client["clientContacts"] = contacts.clone();
    client
}

fn inner(id: u64) -> Value {
    let mut inner = contact(id, 0);
    inner.as_object_mut().unwrap().remove("client");
    inner
}

#[tokio::test]
async fn a_list_of_their_own_is_walked_if_it_names_the_clients() {
    let all: Vec<Value> = (1..=5).map(|n| contact(n, n + 10)).collect();
    let bench = Bench::new(move |asked| match asked.path() {
        "/client-contacts" => ok(&paged(asked, &all, 2)),
        _ => panic!("{asked:?}"),
    });
    let (rows, end) = bench.walk(Kind::Contact).await.unwrap();
    assert_eq!(ids(&rows), [1, 2, 3, 4, 5]);
    assert_eq!((rows[0].parents.clone(), shown(&rows[0], &contact_shape(), "position")), (vec![id(11)], &text("1")));
    assert_eq!(rows[0].modified, Some("2026-02-01T00:00:00Z".parse().unwrap()));
    assert_eq!(rows[0].version.as_ref().unwrap().0, "2026-02-01T00:00:00+00:00");
    assert_eq!(end.evidence, Evidence::Numbered { first_total: Some(5), last_total: Some(5), distinct: 5 });
    let before = bench.asked().len();
    bench.walk(Kind::Contact).await.unwrap();
    assert_eq!(bench.asked().len() - before, 3, "where they are is found out once");
}

#[tokio::test]
async fn contacts_that_only_clients_show_are_taken_from_them() {
    let clients = [with_contacts(6, &json!([inner(1), inner(2)])), client(7), with_contacts(8, &json!([inner(3)]))];
    let bench = Bench::new(move |asked| match asked.path() {
        "/clients" => ok(&paged(asked, &clients, 2)),
        "/client-contacts/3" => ok(&inner(3)),
        _ => html(404),
    });
    let (rows, end) = bench.walk(Kind::Contact).await.unwrap();
    assert_eq!(ids(&rows), [1, 2, 3]);
    assert_eq!((rows[1].parents.clone(), rows[2].parents.clone()), (vec![id(6)], vec![id(8)]));
    let clients_met = Evidence::Numbered { first_total: Some(3), last_total: Some(3), distinct: 3 };
    assert_eq!(end.evidence, clients_met, "what is counted are the clients");
    let found = bench.connector.get(Kind::Contact, &[id(3)]).await.unwrap();
    assert!(matches!(&found[0], Lookup::Found(row) if row.parents == [id(8)]), "its client is remembered");
    assert_eq!(bench.connector.appeared(Kind::Contact, &end.frontier).await.unwrap().0, vec![]);
}

#[tokio::test]
async fn a_list_whose_rows_do_not_name_their_client_is_left_for_the_clients() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients" => ok(&json!({"member": [with_contacts(6, &json!([inner(1)]))]})),
        _ => ok(&json!({"member": [inner(1)]})),
    });
    assert_eq!(bench.walk(Kind::Contact).await.unwrap().0[0].parents, [id(6)]);
}

#[tokio::test]
async fn where_nobody_says_whose_contacts_they_are_nothing_is_guessed() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients" => ok(&json!({"member": [with_contacts(6, &json!(["/client-contacts/1"]))]})),
        _ => html(404),
    });
    let error = bench.walk(Kind::Contact).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting);
    assert!(error.message.contains("flowtly.contacts_path"), "{error}");
}

#[tokio::test]
async fn without_any_contacts_the_list_is_walked_and_nothing_remembered() {
    let all = Arc::new(Mutex::new(Vec::new()));
    let served = all.clone();
    let bench = Bench::new(move |asked| match asked.path() {
        "/clients" => ok(&json!({"totalItems": 1, "member": [client(6)]})),
        _ => ok(&paged(asked, &served.lock().unwrap(), 2)),
    });
    assert_eq!(bench.walk(Kind::Contact).await.unwrap().0, vec![]);
    all.lock().unwrap().push(contact(1, 6));
    assert_eq!(ids(&bench.walk(Kind::Contact).await.unwrap().0), [1]);
}

#[tokio::test]
async fn changes_are_asked_for_only_by_a_configured_parameter() {
    let all = vec![contact(1, 6)];
    let serve = move |asked: &Asked| ok(&paged(asked, &all, 2));
    let bench = Bench::with(|s| s.contacts_updated_parameter = Some("updatedAt[after]".into()), serve.clone());
    let since = Extent::Since("2026-11-01T00:00:00Z".parse().unwrap());
    let mut walk = bench.connector.walk(Kind::Contact, since).await.unwrap();
    let Step::Page(rows) = walk.next().await.unwrap() else { panic!() };
    assert_eq!(ids(&rows), [1], "a server that ignores the question shows more, which is harmless");
    let asked = bench.asked().pop().unwrap();
    assert_eq!(asked.parameter("updatedAt[after]").as_deref(), Some("2026-11-01T00:00:00Z"));
    let bench = Bench::new(serve);
    bench.connector.walk(Kind::Contact, since).await.unwrap().next().await.unwrap();
    assert_eq!(bench.asked().pop().unwrap().target, "/client-contacts?itemsPerPage=100");
}

#[tokio::test]
async fn the_children_of_companies_are_what_the_clients_show() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/6" => ok(&with_contacts(6, &json!([inner(1), inner(2)]))),
        "/clients/7" => ok(&client(7)),
        "/clients/8" => no_record(),
        _ => panic!("{asked:?}"),
    });
    let rows = bench.connector.children(&[id(6), id(7), id(8)]).await.unwrap();
    assert_eq!(ids(&rows), [1, 2]);
    assert!(rows.iter().all(|row| row.parents == [id(6)]));
}

#[tokio::test]
async fn embedded_contacts_that_show_less_than_they_have_are_read_one_by_one() {
    let bench = Bench::new(|asked| match asked.path() {
        "/client-contacts" => ok(&json!({"member": [contact(1, 6), contact(2, 6)]})),
        "/clients/6" => ok(&with_contacts(6, &json!([{"id": 1, "name": "Person 1"}, {"id": 2, "name": "Person 2"}]))),
        "/client-contacts/1" => ok(&contact(1, 6)),
        "/client-contacts/2" => ok(&contact(2, 9)),
        _ => panic!("{asked:?}"),
    });
    bench.walk(Kind::Contact).await.unwrap();
    let rows = bench.connector.children(&[id(6)]).await.unwrap();
    assert_eq!(ids(&rows), [1], "the other one has moved meanwhile");
    assert_eq!(shown(&rows[0], &contact_shape(), "phone"), &text("+48 600"), "an absent key was no blank");
}

fn denied() -> Answer {
    json_answer(403, &json!({"detail": "Access Denied."}))
}

#[tokio::test]
async fn the_children_of_a_client_that_may_not_be_read_are_those_that_the_list_shows() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/6" => denied(),
        "/clients/7" => ok(&with_contacts(7, &json!([inner(3)]))),
        "/client-contacts" if asked.parameter("client").is_some() => ok(&json!({"member": [contact(1, 6)]})),
        "/client-contacts" => ok(&json!({"member": [contact(1, 6), contact(3, 7)]})),
        _ => panic!("{asked:?}"),
    });
    assert_eq!(ids(&bench.connector.children(&[id(6), id(7)]).await.unwrap()), [3, 1]);
}

#[tokio::test]
async fn so_are_those_of_clients_whose_contacts_have_no_list() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/6" => denied(),
        "/clients" => {
            ok(&json!({"member": [with_contacts(6, &json!([inner(1)])), with_contacts(7, &json!([inner(2)]))]}))
        }
        _ => html(404),
    });
    let rows = bench.connector.children(&[id(6)]).await.unwrap();
    assert_eq!((ids(&rows), rows[0].parents.clone()), (vec![1], vec![id(6)]));
}

#[tokio::test]
async fn a_contact_that_may_not_be_read_by_its_id_is_read_from_the_list() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/6" => ok(&with_contacts(6, &json!(["/client-contacts/1", "/client-contacts/2"]))),
        "/client-contacts/1" => ok(&contact(1, 6)),
        "/client-contacts/2" => denied(),
        _ => ok(&json!({"member": [contact(1, 6), contact(2, 6)]})),
    });
    let found: BTreeSet<u64> = ids(&bench.connector.children(&[id(6)]).await.unwrap()).into_iter().collect();
    assert_eq!(found, BTreeSet::from([1, 2]));
}

#[tokio::test]
async fn contacts_that_are_links_are_read_one_by_one() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/6" => ok(&with_contacts(6, &json!(["/client-contacts/1", {"@id": "/client-contacts/2"}]))),
        "/client-contacts/1" => ok(&contact(1, 6)),
        _ => no_record(),
    });
    assert_eq!(ids(&bench.connector.children(&[id(6)]).await.unwrap()), [1]);
}

fn without_embedded(id: u64) -> Value {
    let mut client = client(id);
    client.as_object_mut().unwrap().remove("clientContacts");
    client
}

#[tokio::test]
async fn where_clients_show_nothing_the_filter_is_used_and_each_row_verified() {
    let bench = Bench::new(|asked| match asked.path() {
        "/client-contacts" => {
            let client: u64 = asked.parameter("client").unwrap().parse().unwrap();
            ok(&json!({"totalItems": 1, "member": [contact(client * 10, client)]}))
        }
        path => ok(&without_embedded(path.rsplit('/').next().unwrap().parse().unwrap())),
    });
    let rows = bench.connector.children(&[id(6), id(7)]).await.unwrap();
    assert_eq!(ids(&rows), [60, 70]);
}

#[tokio::test]
async fn a_filter_that_shows_everybody_gives_nobody_a_stranger() {
    let all: Vec<Value> = (1..=40).map(|n| contact(n, n % 4)).collect();
    let bench = Bench::new(move |asked| match asked.path() {
        "/client-contacts" => ok(&paged(asked, &all, 10)),
        path => ok(&without_embedded(path.rsplit('/').next().unwrap().parse().unwrap())),
    });
    let rows = bench.connector.children(&[id(1), id(2)]).await.unwrap();
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row.parents == [id(1)] || row.parents == [id(2)]));
    let distinct: BTreeSet<_> = ids(&rows).into_iter().collect();
    assert_eq!(distinct.len(), 20, "none twice");
}
