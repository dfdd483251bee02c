//! Creates and updates, and what becomes of them.

use super::*;

use crate::connector::error::Outcome;
use crate::connector::port::{ParentWrite, Target};

fn create(texts: &[(&str, Option<&str>)]) -> Write {
    write(Target::Create, texts)
}

fn update(number: u64, texts: &[(&str, Option<&str>)]) -> Write {
    write(Target::Update { id: id(number), version: None }, texts)
}

fn write(target: Target, texts: &[(&str, Option<&str>)]) -> Write {
    let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned))).collect();
    Write { target, texts, parent: None, stored_id: None, apart_from: Vec::new() }
}

fn written(bench: &Bench) -> Asked {
    bench.asked().into_iter().find(|asked| asked.method != Method::GET).unwrap()
}

fn lists(asked: &Asked) -> Option<Answer> {
    match asked.path() {
        "/countries" => Some(ok(&json!({"member": [{"@id": "/api/countries/616", "id": 616, "code": "PL"}]}))),
        "/currencies" => Some(ok(&json!({"member": [{"@id": "/api/currencies/EUR", "id": "EUR"}]}))),
        _ => None,
    }
}

#[tokio::test]
async fn a_create_sends_numbers_and_references_as_the_server_writes_them() {
    let bench = Bench::new(|asked| lists(asked).unwrap_or_else(|| json_answer(201, &client(17))));
    let texts = [
        ("name", Some("Firm 17")),
        ("country", Some("pl")),
        ("currency", Some("EUR")),
        ("dueDays", Some("14")),
        ("tin", None),
    ];
    let row = bench.write_one(Kind::Company, create(&texts)).await.unwrap();
    assert_eq!((row.id.clone(), shown(&row, &company_shape(), "name")), (id(17), &text("Firm 17")));
    let asked = written(&bench);
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/clients"));
    assert_eq!(asked.headers["content-type"], "application/ld+json");
    assert_eq!(asked.headers["authorization"], "Bearer static-token");
    let sent =
        json!({"name": "Firm 17", "country": "/api/countries/616", "currency": "/api/currencies/EUR", "dueDays": 14});
    assert_eq!(asked.body, sent);
}

#[tokio::test]
async fn an_update_is_a_merge_patch_of_what_changes() {
    let bench = Bench::new(|_| ok(&client(17)));
    bench.write_one(Kind::Company, update(17, &[("tin", None), ("name", Some("Ż"))])).await.unwrap();
    let asked = written(&bench);
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("PATCH", "/clients/17"));
    assert_eq!(asked.headers["content-type"], "application/merge-patch+json");
    assert_eq!(asked.body, json!({"name": "Ż", "tin": null}));
}

#[tokio::test]
async fn without_lists_codes_are_ids_in_the_style_that_was_seen() {
    let bench = Bench::with(
        |settings| settings.base_url = "https://api.test/api".parse().unwrap(),
        |asked| match asked.path() {
            "/api/countries" | "/api/currencies" => html(404),
            _ => {
                let mut client = client(1);
                client["country"] = json!("/v2/countries/PL");
                client["defaultCost"] = json!("/v2/contractors/3");
                ok(&client)
            }
        },
    );
    bench.connector.get(Kind::Company, &[id(1)]).await.unwrap();
    let texts = [("country", Some("DE")), ("defaultCost", Some("4")), ("currency", Some("USD"))];
    bench.write_one(Kind::Company, update(1, &texts)).await.unwrap();
    let sent =
        json!({"country": "/v2/countries/DE", "defaultCost": "/v2/contractors/4", "currency": "/currencies/USD"});
    assert_eq!(written(&bench).body, sent, "each in the style of the rows");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_by_name_before_anything_is() {
    let bench = Bench::new(|asked| lists(asked).expect("nothing is written"));
    for (path, value) in
        [("dueDays", "two weeks"), ("country", "ZZ"), ("defaultCost", "7"), ("clientContacts", "[]"), ("id", "1")]
    {
        let error = bench.write_one(Kind::Company, update(1, &[(path, Some(value))])).await.unwrap_err();
        assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, path));
    }
}

#[tokio::test]
async fn a_contact_is_made_at_its_client_and_moved_by_name() {
    let bench = Bench::new(|asked| match asked.method {
        Method::POST => json_answer(201, &contact(5, 6)),
        _ => ok(&contact(5, 7)),
    });
    let parent = |to| Some(ParentWrite { from: None, to: id(to) });
    let made = Write { parent: parent(6), ..create(&[("email", Some("a@b.test")), ("position", Some("2"))]) };
    assert_eq!(bench.write_one(Kind::Contact, made).await.unwrap().parents, [id(6)]);
    assert_eq!(written(&bench).body, json!({"client": "/clients/6", "email": "a@b.test", "position": 2}));
    let moved = Write { parent: parent(7), ..update(5, &[]) };
    assert_eq!(bench.write_one(Kind::Contact, moved).await.unwrap().parents, [id(7)]);
    let asked = bench.asked().pop().unwrap();
    assert_eq!((asked.target.as_str(), asked.body), ("/client-contacts/5", json!({"client": "/clients/7"})));
}

#[tokio::test]
async fn the_clients_own_address_is_what_a_contact_refers_to() {
    let bench = Bench::new(|asked| match asked.method {
        Method::POST => json_answer(201, &contact(5, 6)),
        _ => ok(&json!({"@id": "/elsewhere/clients/6", "id": 6})),
    });
    bench.connector.get(Kind::Company, &[id(6)]).await.unwrap();
    let made = Write { parent: Some(ParentWrite { from: None, to: id(6) }), ..create(&[]) };
    bench.write_one(Kind::Contact, made).await.unwrap();
    assert_eq!(written(&bench).body["client"], "/elsewhere/clients/6");
}

#[tokio::test]
async fn violations_name_the_mapped_properties() {
    let bench = Bench::new(|_| {
        json_answer(
            422,
            &json!({"@type": "ConstraintViolation", "status": 422, "violations": [
            {"propertyPath": "name", "message": "This value is too long."},
            {"propertyPath": "tin.number", "message": "This value is wrong."},
            {"propertyPath": "clientContacts[1].email", "message": "Odd."}]}),
        )
    });
    let error = bench.write_one(Kind::Company, update(1, &[("name", Some("x"))])).await.unwrap_err();
    let paths: Vec<&str> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!((error.kind, paths), (ErrorKind::Invalid, vec!["name", "tin", "clientContacts[1].email"]));
    assert_eq!(error.status, Some(422));
    assert!(error.message.starts_with("Flowtly: PATCH /clients/{id}: 422: name: This value is too long."), "{error}");
}

#[tokio::test]
async fn an_unknown_reference_names_the_property_that_it_was_sent_in() {
    let bench = Bench::new(|asked| {
        let refusal = json!({"detail": "Item not found for \"/api/countries/616\"."});
        lists(asked).unwrap_or_else(|| json_answer(400, &refusal))
    });
    let texts = [("name", Some("x")), ("country", Some("PL"))];
    let error = bench.write_one(Kind::Company, update(1, &texts)).await.unwrap_err();
    assert_eq!((error.fields.len(), error.fields[0].path.as_str()), (1, "country"));
}

#[tokio::test]
async fn a_write_of_unknown_outcome_is_sent_once_and_says_so() {
    for answer in [
        || html(200),
        || Answer(201, "application/ld+json", b"{\"id\":17,\"na".to_vec()),
        || ok(&json!({"name": "no id"})),
        || html(502),
        || html(503),
        || Answer(204, "", Vec::new()),
    ] {
        let bench = Bench::new(move |_| answer());
        let error = bench.write_one(Kind::Company, create(&[("name", Some("x"))])).await.unwrap_err();
        assert_eq!((error.kind.outcome(), bench.asked().len()), (Outcome::Unknown, 1), "{error}");
    }
}

#[tokio::test]
async fn a_create_whose_country_cannot_be_looked_up_is_still_a_create() {
    let bench = Bench::new(|asked| match asked.method {
        Method::POST => {
            let mut client = client(1);
            client["country"] = json!("/countries/616");
            json_answer(201, &client)
        }
        _ => json_answer(401, &json!({"code": 401, "message": "Expired JWT Token"})),
    });
    let row = bench.write_one(Kind::Company, create(&[("name", Some("x"))])).await.unwrap();
    assert_eq!((row.id.clone(), shown(&row, &company_shape(), "country")), (id(1), &Delivered::Unknown));
    assert_eq!(shown(&row, &company_shape(), "currency"), &text("EUR"));
}

#[tokio::test]
async fn refusals_keep_their_kinds() {
    for (status, kind) in [
        (400, ErrorKind::Invalid),
        (403, ErrorKind::Invalid),
        (409, ErrorKind::Conflict),
        (406, ErrorKind::Setting),
        (415, ErrorKind::Setting),
    ] {
        let bench = Bench::new(move |_| json_answer(status, &json!({"detail": "no"})));
        let error = bench.write_one(Kind::Company, update(1, &[("name", Some("x"))])).await.unwrap_err();
        assert_eq!((error.kind, bench.asked().len()), (kind, 1));
    }
    let denied = Bench::new(move |_| json_answer(403, &json!({"detail": "no"})));
    let error = denied.write_one(Kind::Company, create(&[("name", Some("x"))])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid, "another one may be created: the right may hang on its client");
    let gone = Bench::new(|_| no_record());
    let error = gone.write_one(Kind::Company, update(1, &[("name", Some("x"))])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let wrong = Bench::new(|_| no_record());
    let error = wrong.write_one(Kind::Company, create(&[("name", Some("x"))])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Setting, "a create names no record that could be missing");
}

#[tokio::test]
async fn an_update_without_a_body_is_read_back() {
    let bench = Bench::new(|asked| match asked.method {
        Method::PATCH => Answer(204, "", Vec::new()),
        _ => ok(&client(1)),
    });
    let row = bench.write_one(Kind::Company, update(1, &[("name", Some("x"))])).await.unwrap();
    assert_eq!(shown(&row, &company_shape(), "name"), &text("Firm 1"));
}

#[tokio::test]
async fn a_reply_about_another_record_is_of_unknown_outcome() {
    let bench = Bench::new(|_| ok(&client(2)));
    let error = bench.write_one(Kind::Company, update(1, &[("name", Some("x"))])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
}

#[tokio::test]
async fn answers_stand_in_the_order_of_the_writes() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/2" => json_answer(422, &json!({"detail": "no"})),
        path => ok(&client(path.rsplit('/').next().unwrap().parse().unwrap())),
    });
    let writes: Vec<Write> = [3, 2, 1].map(|number| update(number, &[("name", Some("x"))])).into();
    let written = bench.connector.write(Kind::Company, &writes).await;
    assert!(matches!(&written[..], [Written::Stored(three), Written::Failed(_), Written::Stored(one)]
        if three.id == id(3) && one.id == id(1)));
}
