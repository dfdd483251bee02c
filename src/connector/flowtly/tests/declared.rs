//! Properties that the configuration declares: within an object, and looked up by their label.

use rstest::rstest;

use super::*;
use crate::connector::port::{Presence, PropertySort, Target};
use crate::domain::custom::{CustomField, CustomType};
use crate::domain::shape::{Declared, LookUp};

fn declared(name: &str, sort: CustomType, path: &str, look_up: Option<LookUp>) -> Cell {
    let field = CustomField::new(Kind::Company, name).unwrap();
    Cell { declared: Some(Declared { look_up, ..Declared::new(sort) }), ..cell(field.into(), Part::Whole, path) }
}

fn shape() -> Shape {
    let staff = LookUp { list: "/employees".to_owned(), label: "email".to_owned() };
    let cells = vec![
        cell(Field::Name, Part::Whole, "name"),
        declared("segment", CustomType::Choice, "attributes.segment", None),
        declared("score", CustomType::Number, "attributes.deep.score", None),
        declared("owner", CustomType::Relation, "owner", Some(staff)),
    ];
    Shape { cells, watched: Vec::new(), ..company_shape() }
}

fn employees() -> Value {
    let person = |id: u64, email: &str| json!({"@id": format!("/employees/{id}"), "id": id, "email": email});
    json!({"@type": "Collection", "totalItems": 4, "member": [
        person(1, "jan@firm.test"), person(2, "anna@firm.test"), person(3, "anna@firm.test"), {"id": 4},
    ]})
}

/// A server with one client, and with employees where they are listed.
fn bench(record: Value, lists_employees: bool) -> Bench {
    Bench::shaped(
        shape(),
        |_| {},
        move |asked| match asked.path() {
            "/clients" => ok(&json!({"@type": "Collection", "totalItems": 1, "member": [record.clone()]})),
            "/clients/1" => ok(&record),
            "/employees" if lists_employees => ok(&employees()),
            _ => no_record(),
        },
    )
}

fn record(more: &Value) -> Value {
    let mut record = client(1);
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

async fn read(bench: &Bench) -> Vec<Delivered> {
    bench.walk(Kind::Company).await.unwrap().0.remove(0).texts[1..].to_vec()
}

fn write(texts: &[(&str, Option<&str>)]) -> Write {
    let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned))).collect();
    Write {
        target: Target::Update { id: id(1), version: None },
        texts,
        parent: None,
        stored_id: None,
        apart_from: Vec::new(),
    }
}

#[tokio::test]
async fn what_is_within_an_object_is_read_and_what_is_looked_up_is_its_label() {
    let more = json!({"attributes": {"segment": "gold", "deep": {"score": 12.5}}, "owner": "/employees/1"});
    let texts = read(&bench(record(&more), true)).await;
    assert_eq!(texts, [text("gold"), text("12.5"), text("jan@firm.test")]);
}

#[rstest]
#[case(json!({}), [Delivered::Blank, Delivered::Blank, Delivered::Blank])]
#[case(json!({"attributes": null, "owner": null}), [Delivered::Blank, Delivered::Blank, Delivered::Blank])]
#[case(json!({"attributes": [], "owner": "/employees/9"}), [Delivered::Blank, Delivered::Blank, Delivered::Unknown])]
#[case(json!({"attributes": "/sets/1", "owner": "/employees/4"}), [Delivered::Unknown, Delivered::Unknown, Delivered::Unknown])]
#[tokio::test]
async fn what_is_absent_is_blank_and_what_cannot_be_read_is_unknown(
    #[case] more: Value,
    #[case] wanted: [Delivered; 3],
) {
    assert_eq!(read(&bench(record(&more), true)).await, wanted);
}

#[tokio::test]
async fn a_list_that_is_not_shown_makes_labels_unknown_and_writes_refused() {
    let bench = bench(record(&json!({"owner": "/employees/1"})), false);
    assert_eq!(read(&bench).await[2], Delivered::Unknown);
    let error = bench.write_one(Kind::Company, write(&[("owner", Some("jan@firm.test"))])).await.unwrap_err();
    assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "owner"));
    assert!(!error.message.contains("jan"), "the value stays out: {}", error.message);
}

#[tokio::test]
async fn a_write_within_an_object_reads_the_record_first_and_sends_what_stands_beside_it() {
    let more = json!({"attributes": {"segment": "gold", "tier": 2, "deep": {"x": 1}}});
    let bench = bench(record(&more), true);
    let texts = [("attributes.segment", None), ("attributes.deep.score", Some("7")), ("name", Some("Beta"))];
    bench.write_one(Kind::Company, write(&texts)).await.unwrap();
    assert_eq!(bench.targets(), ["GET /clients/1", "PATCH /clients/1"]);
    let wanted = json!({"attributes": {"segment": null, "tier": 2, "deep": {"x": 1, "score": 7}}, "name": "Beta"});
    assert_eq!(bench.asked()[1].body, wanted);
}

#[tokio::test]
async fn a_record_whose_reading_took_long_is_not_written_on_the_strength_of_an_old_look() {
    let bench = Bench::shaped(
        shape(),
        |settings| settings.requests_per_minute = Some(2),
        |_| ok(&record(&json!({"attributes": {"tier": 2}}))),
    );
    bench.connector.get(Kind::Company, &[id(1), id(1)]).await.unwrap();
    let texts = [("attributes.segment", Some("gold"))];
    let error = bench.write_one(Kind::Company, write(&texts)).await.unwrap_err();
    assert_eq!((error.kind, error.superseded), (ErrorKind::RateLimited, true));
    assert_eq!(bench.targets()[2..], ["GET /clients/1"]);
    bench.clock.advance(Duration::from_mins(1));
    bench.write_one(Kind::Company, write(&texts)).await.unwrap();
}

#[tokio::test]
async fn another_write_reads_nothing_first() {
    let bench = bench(record(&json!({})), true);
    bench.write_one(Kind::Company, write(&[("name", Some("Beta"))])).await.unwrap();
    assert_eq!(bench.targets(), ["PATCH /clients/1"]);
}

#[tokio::test]
async fn a_label_is_sent_as_the_reference_that_alone_has_it() {
    let bench = bench(record(&json!({})), true);
    bench.write_one(Kind::Company, write(&[("owner", Some("jan@firm.test"))])).await.unwrap();
    assert_eq!(bench.asked().last().unwrap().body, json!({"owner": "/employees/1"}));
    for label in ["anna@firm.test", "nobody@firm.test"] {
        let error = bench.write_one(Kind::Company, write(&[("owner", Some(label))])).await.unwrap_err();
        assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "owner"), "{label}");
    }
}

#[tokio::test]
async fn an_id_is_kept_as_it_is_until_a_record_shows_what_references_look_like() {
    let cells = vec![declared("partner", CustomType::Relation, "attributes.partner", None)];
    let shaped = |shown: Value| {
        let record = record(&json!({"attributes": {"partner": shown}}));
        Bench::shaped(
            Shape { cells: cells.clone(), watched: Vec::new(), ..company_shape() },
            |_| {},
            move |asked| match asked.path() {
                "/clients" => ok(&json!({"@type": "Collection", "totalItems": 1, "member": [record.clone()]})),
                "/clients/1" => ok(&record),
                _ => no_record(),
            },
        )
    };
    for (shown, delivered, sent) in [
        (json!(null), Delivered::Blank, "17"),
        (json!("9"), text("9"), "17"),
        (json!("/partners/9"), text("9"), "/partners/17"),
    ] {
        let bench = shaped(shown);
        assert_eq!(bench.walk(Kind::Company).await.unwrap().0.remove(0).texts, [delivered]);
        bench.write_one(Kind::Company, write(&[("attributes.partner", Some("17"))])).await.unwrap();
        assert_eq!(bench.asked().last().unwrap().body, json!({"attributes": {"partner": sent}}));
    }
}

#[tokio::test]
async fn a_list_is_read_again_when_it_may_have_what_is_looked_for_by_now() {
    let bench = bench(record(&json!({"owner": "/employees/9"})), true);
    let lists = |bench: &Bench| bench.targets().iter().filter(|target| target.contains("/employees")).count();
    read(&bench).await;
    read(&bench).await;
    assert_eq!(lists(&bench), 1);
    bench.clock.advance(Duration::from_mins(6));
    read(&bench).await;
    assert_eq!(lists(&bench), 2);
}

#[tokio::test]
async fn properties_tell_whether_they_are_there_and_can_be_looked_up() {
    let more = json!({"attributes": {"segment": "gold"}, "owner": "/employees/1"});
    let with = bench(record(&more), true).connector.properties(Kind::Company).await.unwrap();
    let presence: Vec<Presence> = with.iter().map(|property| property.presence).collect();
    assert_eq!(presence, [Presence::Present, Presence::Present, Presence::Unseen, Presence::Present]);
    let owner = &with[3];
    assert_eq!((owner.sort, owner.looked_up), (Some(PropertySort::Relation), Some(true)));
    assert_eq!(owner.choices, ["jan@firm.test"], "those that are one person's");
    assert_eq!(with[1].looked_up, None);
    let without = bench(record(&more), false).connector.properties(Kind::Company).await.unwrap();
    assert_eq!((without[3].presence, without[3].looked_up), (Presence::Present, Some(false)));
}

#[tokio::test]
async fn the_documentation_tells_of_an_object_and_not_of_what_is_within() {
    let documented = |names: &'static [&'static str]| {
        Bench::shaped(
            shape(),
            |_| {},
            move |asked| match asked.path() {
                "/clients" => ok(&json!({"@type": "Collection", "totalItems": 1, "member": [client(1)]})),
                "/employees" => ok(&employees()),
                "/docs.jsonld" => {
                    let property = |name: &&str| json!({"title": name, "readable": true, "writeable": false});
                    let properties: Vec<Value> = names.iter().map(property).collect();
                    ok(
                        &json!({"supportedClass": [{"@id": "#Client", "title": "Client", "supportedProperty": properties}]}),
                    )
                }
                _ => no_record(),
            },
        )
    };
    let properties = documented(&["name", "attributes"]).connector.properties(Kind::Company).await.unwrap();
    let of = |place: usize| (properties[place].presence, properties[place].writable);
    assert_eq!(of(1), (Presence::Unseen, Some(false)));
    assert_eq!(of(3), (Presence::Missing, None));
    let properties = documented(&["name"]).connector.properties(Kind::Company).await.unwrap();
    assert_eq!(properties[1].presence, Presence::Missing);
}
