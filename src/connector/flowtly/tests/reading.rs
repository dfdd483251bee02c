//! Records, look-ups, properties, documents, and who it is.

use std::sync::atomic::{AtomicBool, Ordering};

use rstest::rstest;

use super::*;
use crate::connector::port::Presence;

#[tokio::test]
async fn a_client_is_read_field_by_field() {
    let bench = Bench::new(|_| {
        ok(&json!({"@context": "/contexts/Client", "@id": "/clients/6", "@type": "Client", "id": 6,
            "name": "A & \"B\" Łódź", "country": "/countries/PL", "currency": {"@id": "/currencies/1", "code": "EUR"},
            "dueDays": 14, "defaultCost": "/costs/a%20b", "status": "active", "clientContacts": [{"id": 1}]}))
    });
    let found = bench.connector.get(Kind::Company, &[id(6)]).await.unwrap();
    let [Lookup::Found(row)] = found.as_slice() else { panic!("{found:?}") };
    let wanted =
        [text("A & \"B\" Łódź"), text("PL"), text("EUR"), Delivered::Blank, text("14"), text("a b"), Delivered::Blank];
    assert_eq!(row.texts[..7], wanted);
    assert_eq!(row.texts[7..], [text("active"), text("active")], "mapped and watched");
    assert_eq!((row.id.clone(), row.parents.len()), (id(6), 0));
    assert_eq!(bench.targets(), ["GET /clients/6"], "ISO codes need no look-up list");
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_ids_and_only_the_apis_own_words_mean_gone() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/2" => no_record(),
        path => ok(&client(path.rsplit('/').next().unwrap().parse().unwrap())),
    });
    let found = bench.connector.get(Kind::Company, &[id(3), id(2), id(1)]).await.unwrap();
    assert!(matches!(&found[..], [Lookup::Found(three), Lookup::Gone, Lookup::Found(one)]
        if three.id == id(3) && one.id == id(1)));
    let symfony = json!({"type": "https://tools.ietf.org/html/rfc2616#section-10", "title": "An error occurred",
        "status": 404, "detail": "Not Found"});
    for answer in [html(404), Answer(404, "application/ld+json", symfony.to_string().into_bytes())] {
        let answer = Mutex::new(Some(answer));
        let bench = Bench::new(move |_| answer.lock().unwrap().take().unwrap());
        let error = bench.connector.get(Kind::Company, &[id(3)]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Setting, "{error}");
        assert!(error.message.contains("flowtly.base_url"), "{error}");
    }
}

#[tokio::test]
async fn a_record_that_may_not_be_read_by_its_id_is_closed_and_says_nothing_of_the_others() {
    let denied = || json_answer(403, &json!({"detail": "Access Denied."}));
    let bench = Bench::new(move |asked| match asked.path() {
        "/clients/2" | "/client-contacts/2" => denied(),
        "/clients/1" => ok(&client(1)),
        "/client-contacts/1" => ok(&contact(1, 1)),
        _ => panic!("{asked:?}"),
    });
    for kind in Kind::BOTH {
        let found = bench.connector.get(kind, &[id(2), id(1)]).await.unwrap();
        assert!(
            matches!(&found[..], [Lookup::Closed(words), Lookup::Found(one)]
            if words.contains("403: Access Denied.") && one.id == id(1)),
            "{found:?}"
        );
    }
    // What a whole list refuses is about the side.
    let bench = Bench::new(move |_| denied());
    assert_eq!(bench.connector.probe().await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(bench.walk(Kind::Company).await.unwrap_err().kind, ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_reply_about_another_record_is_not_believed() {
    let bench = Bench::new(|_| ok(&client(9)));
    assert_eq!(bench.connector.get(Kind::Company, &[id(3)]).await.unwrap_err().kind, ErrorKind::Protocol);
}

#[tokio::test]
async fn ids_are_encoded_into_the_path() {
    let bench = Bench::new(|_| no_record());
    bench.connector.get(Kind::Company, &[RemoteId::new("a/../b?c")]).await.unwrap();
    assert_eq!(bench.targets(), ["GET /clients/a%2F..%2Fb%3Fc"]);
}

fn with_numbered_countries(asked: &Asked) -> Answer {
    match asked.path() {
        "/api/countries" => ok(&paged(
            asked,
            &[
                json!({"@id": "/api/countries/1", "id": 1, "code": "PL"}),
                json!({"@id": "/api/countries/2", "id": 2, "code": "DE"}),
                json!({"@id": "/api/countries/3", "id": 3}),
            ],
            1,
        )),
        "/api/currencies" => html(404),
        _ => {
            let mut clients = Vec::new();
            for (number, country) in [(1, 1), (2, 2), (3, 3), (4, 99)] {
                let mut client = client(number);
                client["@id"] = json!(format!("/api/clients/{number}"));
                client["country"] = json!(format!("/api/countries/{country}"));
                client["addressCountry"] = json!(format!("/api/countries/{country}"));
                client["currency"] = json!("/api/currencies/euro");
                clients.push(client);
            }
            ok(&paged(asked, &clients, 2))
        }
    }
}

#[tokio::test]
async fn numbered_countries_are_read_through_the_list_once() {
    let bench = Bench::with(|s| s.base_url = "https://api.test/api/".parse().unwrap(), with_numbered_countries);
    let (rows, _) = bench.walk(Kind::Company).await.unwrap();
    let countries: Vec<_> = rows.iter().map(|row| shown(row, &company_shape(), "country").clone()).collect();
    assert_eq!(countries, [text("PL"), text("DE"), Delivered::Unknown, Delivered::Unknown]);
    assert_eq!(shown(&rows[1], &company_shape(), "addressCountry"), &text("DE"));
    assert_eq!(shown(&rows[0], &company_shape(), "currency"), &Delivered::Unknown, "no code, and there is no list");
    let of_list = bench.asked().iter().filter(|asked| asked.path() == "/api/countries").count();
    assert_eq!(of_list, 3, "one request for each page of the list");
}

#[tokio::test]
async fn without_a_list_an_id_is_a_code_only_if_it_looks_like_one() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients" => {
            let rows = [("1", "2"), ("PL", "EUR"), ("840", "pln"), ("POL", "EURO")].map(|(country, currency)| {
                let mut client = client(1);
                client["country"] = json!(format!("/countries/{country}"));
                client["currency"] = json!(format!("/currencies/{currency}"));
                client
            });
            ok(&json!({"member": rows}))
        }
        _ => json_answer(403, &json!({"detail": "Access Denied."})),
    });
    let (rows, _) = bench.walk(Kind::Company).await.unwrap();
    let read = |path: &str| rows.iter().map(|row| shown(row, &company_shape(), path).clone()).collect::<Vec<_>>();
    assert_eq!(read("country"), [Delivered::Unknown, text("PL"), Delivered::Unknown, Delivered::Unknown]);
    assert_eq!(read("currency"), [Delivered::Unknown, text("EUR"), text("pln"), Delivered::Unknown]);
}

#[tokio::test]
async fn properties_come_from_the_documentation_and_from_a_page() {
    let property = |name: &str, readable: bool| {
        json!({"hydra:property": {"@id": format!("#Client/{name}"), "range": "xmls:string"}, "hydra:title": name,
            "hydra:readable": readable, "hydra:writeable": true})
    };
    let properties = [property("name", true), property("tin", true), property("defaultCost", false)];
    let class = json!({"@id": "#Client", "hydra:title": "Client", "hydra:supportedProperty": properties});
    let docs = json!({"hydra:supportedClass": [class]});
    let bench = Bench::new(move |asked| {
        if asked.path() == "/docs.jsonld" {
            return ok(&docs);
        }
        let mut second = client(2);
        second["status"] = json!("lead");
        ok(&json!({"member": [second, client(1), client(3)]}))
    });
    let properties = bench.connector.properties(Kind::Company).await.unwrap();
    let of = |path: &str| properties.iter().find(|property| property.path == path).unwrap();
    assert_eq!((of("name").presence, of("name").writable), (Presence::Present, Some(true)));
    assert_eq!(of("name").type_name.as_deref(), Some("xmls:string"));
    assert_eq!(of("tin").presence, Presence::Present, "documented, though nobody has one");
    assert_eq!((of("name").shown, of("tin").shown), (Some(true), Some(false)), "what is documented need not be shown");
    assert_eq!(of("defaultCost").presence, Presence::Missing, "shown to nobody");
    assert_eq!(of("addressCountry").presence, Presence::Missing, "neither documented nor shown");
    assert_eq!(of("country").presence, Presence::Present, "shown");
    assert_eq!(of("status").choices, ["active", "lead"], "the most used first");
    assert_eq!(properties.len(), company_shape().paths().count());
}

#[tokio::test]
async fn without_documentation_what_no_record_shows_is_unseen() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients" => ok(&json!({"member": [client(1)]})),
        _ => html(404),
    });
    let properties = bench.connector.properties(Kind::Company).await.unwrap();
    let of = |path: &str| properties.iter().find(|property| property.path == path).unwrap().presence;
    assert_eq!((of("name"), of("tin")), (Presence::Present, Presence::Unseen));
}

/// A server that documents its clients as long as it is `well`, and then answers in this way.
fn documenting(well: Arc<AtomicBool>, failing: fn() -> Answer) -> impl Fn(&Asked) -> Answer + Send + Sync {
    let property = json!({"title": "name", "readable": true, "writeable": true});
    let docs = json!({"supportedClass": [{"@id": "#Client", "title": "Client", "supportedProperty": [property]}]});
    move |asked| match asked.path() {
        "/docs.jsonld" if well.load(Ordering::SeqCst) => ok(&docs),
        "/docs.jsonld" => failing(),
        _ => ok(&json!({"member": [client(1)]})),
    }
}

#[rstest]
#[case(|| json_answer(401, &json!({"code": 401, "message": "JWT Token not found"})))]
#[case(|| html(403))]
#[case(|| html(408))]
#[case(|| html(429))]
#[case(|| html(500))]
#[case(|| html(503))]
#[case(|| html(200))]
#[tokio::test]
async fn documentation_that_cannot_be_had_is_asked_for_once_and_stops_nothing(#[case] failing: fn() -> Answer) {
    let bench = Bench::new(documenting(Arc::default(), failing));
    let properties = bench.connector.properties(Kind::Company).await.unwrap();
    let of = |path: &str| properties.iter().find(|property| property.path == path).unwrap().presence;
    assert_eq!((of("name"), of("tin")), (Presence::Present, Presence::Unseen));
    assert_eq!(bench.targets().iter().filter(|target| target.ends_with("/docs.jsonld")).count(), 1);
    assert_eq!(bench.clock.elapsed(), Duration::ZERO);
    bench.walk(Kind::Company).await.unwrap();
    assert!(bench.asked().iter().all(|asked| asked.headers["authorization"] == "Bearer static-token"));
}

/// An outage makes nothing of what is missing a blank.
#[tokio::test]
async fn while_the_documentation_cannot_be_had_what_it_said_last_stands() {
    let well = Arc::new(AtomicBool::new(true));
    let bench = Bench::new(documenting(well.clone(), || html(503)));
    let before = bench.connector.properties(Kind::Company).await.unwrap();
    assert_eq!(before.iter().find(|property| property.path == "tin").unwrap().presence, Presence::Missing);
    well.store(false, Ordering::SeqCst);
    assert_eq!(bench.connector.properties(Kind::Company).await.unwrap(), before);
}

#[tokio::test]
async fn contacts_properties_are_seen_wherever_contacts_are_shown() {
    let serve = |contacts: Value| {
        move |asked: &Asked| match asked.path() {
            "/clients" => {
                let mut client = client(1);
                client["clientContacts"] = contacts.clone();
                ok(&json!({"member": [client]}))
            }
            _ => html(404),
        }
    };
    let whole =
        json!([{"@type": "ClientContact", "id": 1, "name": "Person 1", "type": "main", "possibleTypes": ["other"]}]);
    let properties = Bench::new(serve(whole)).connector.properties(Kind::Contact).await.unwrap();
    let of = |path: &str| properties.iter().find(|property| property.path == path).unwrap();
    assert_eq!((of("name").presence, of("phone").presence), (Presence::Present, Presence::Unseen));
    assert_eq!(of("type").choices, ["main", "other"]);
    let links = Bench::new(serve(json!(["/client-contacts/1"])));
    assert_eq!(links.connector.properties(Kind::Contact).await.unwrap_err().kind, ErrorKind::Setting);
}

#[tokio::test]
async fn the_only_organisation_is_who_it_is() {
    let organisations = |count: usize| {
        move |asked: &Asked| match asked.path() {
            "/organizations" => {
                let one = json!({"@id": "/api/organizations/1hkzxrub", "id": "1hkzxrub"});
                ok(&json!({"member": vec![one; count]}))
            }
            _ => ok(&json!({"member": [client(1)]})),
        }
    };
    let account = Bench::new(organisations(1)).connector.probe().await.unwrap();
    assert_eq!(account.id.as_deref(), Some("1hkzxrub"));
    assert_eq!(account.server_time, Some("2026-11-23T12:00:00Z".parse().unwrap()));
    assert_eq!(Bench::new(organisations(2)).connector.probe().await.unwrap().id, None);
    let configured = Bench::with(|settings| settings.organisation = Some("mine".into()), organisations(2));
    assert_eq!(configured.connector.probe().await.unwrap().id.as_deref(), Some("mine"));
}

#[tokio::test]
async fn who_may_not_see_organisations_must_still_be_let_in() {
    let bench = Bench::new(|asked| match asked.path() {
        "/organizations" => json_answer(403, &json!({"detail": "Access Denied."})),
        _ => html(404),
    });
    assert_eq!(bench.connector.probe().await.unwrap_err().kind, ErrorKind::Setting);
}

#[tokio::test]
async fn a_search_is_asked_only_if_it_is_configured() {
    let bench = Bench::new(|_| panic!("nothing is asked"));
    let text = Find::Text("123".to_owned());
    assert_eq!(bench.connector.find(Kind::Company, &text).await.unwrap(), None);
    assert_eq!(bench.connector.find(Kind::Company, &Find::StoredId("o/1".into())).await.unwrap(), None);
    let all: Vec<Value> = (1..=100).map(client).collect();
    let bench = Bench::with(
        |settings| settings.search_parameter = Some("q".to_owned()),
        move |asked| match asked.parameter("q").as_deref() {
            Some("a&b") => ok(&paged(asked, &all[..3], 2)),
            _ => ok(&paged(asked, &all, 2)),
        },
    );
    let found = bench.connector.find(Kind::Company, &Find::Text("a&b".to_owned())).await.unwrap().unwrap();
    assert_eq!(ids(&found), [1, 2, 3]);
    assert!(bench.targets()[0].starts_with("GET /clients/search?"));
    let ignored = bench.connector.find(Kind::Company, &Find::Text("x".to_owned())).await.unwrap();
    assert_eq!(ignored, None, "a search that shows everybody is none");
}

#[tokio::test]
async fn documents_are_read_where_there_are_any() {
    let bench = Bench::new(|asked| match asked.path() {
        "/clients/6/documents" => {
            ok(&json!({"@id": "/clients/6/documents", "id": 6, "storage": [{"id": 3, "name": "a.pdf", "size": 1}]}))
        }
        "/clients/7/documents" => no_record(),
        "/clients/8/documents" => json_answer(403, &json!({"detail": "Access Denied."})),
        _ => html(404),
    });
    let found = bench.connector.documents(&id(6)).await.unwrap().unwrap();
    assert_eq!((found.len(), found[0].name.as_deref()), (1, Some("a.pdf")));
    let of_one = async |number| bench.connector.documents(&id(number)).await.unwrap_err().kind;
    assert_eq!((of_one(7).await, of_one(8).await), (ErrorKind::NotFound, ErrorKind::Invalid), "one client's affair");
    assert_eq!(bench.connector.documents(&id(9)).await.unwrap(), None, "no such address at all");
}

#[tokio::test]
async fn what_it_can_do_is_declared() {
    let bench = Bench::with(|s| s.contacts_updated_parameter = Some("updatedAt[after]".into()), |_| html(500));
    let capabilities = bench.connector.capabilities();
    assert!(!capabilities.of(Kind::Company).changed_since && capabilities.of(Kind::Contact).changed_since);
    assert_eq!(capabilities.longest_request, Duration::from_secs(150));
    assert!(!capabilities.of(Kind::Company).manners.required.contains(&Field::TaxIdentity));
    assert!(capabilities.of(Kind::Contact).manners.required.contains(&Field::Email));
    assert!(bench.connector.add_missing(Kind::Company).await.unwrap().is_empty());
}
