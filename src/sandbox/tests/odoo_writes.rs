//! Odoo's writes and refusals, against what a real one answered.

use http::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::odoo_reads::{Desk, ids};
use crate::domain::record::Kind;
use crate::sandbox::{CrmServer, OdooOptions, OdooServer, Property};

#[tokio::test]
async fn a_create_makes_all_or_none_in_order() {
    let desk = Desk::plain();
    let seen = desk.call("res.partner", "create", json!({"vals_list": [{"name": "A"}, {"name": "B"}]})).await;
    let made = seen.json();
    assert_eq!((seen.status, made.as_array().unwrap().len()), (StatusCode::OK, 2));
    let rows = desk.partners(json!({"domain": [], "fields": ["name", "write_date"]})).await;
    assert_eq!((rows[0]["name"].clone(), rows[1]["name"].clone()), (json!("A"), json!("B")));
    assert_eq!(rows[0]["write_date"], rows[1]["write_date"], "one call, one stamp");
    let seen = desk.call("res.partner", "create", json!({"vals_list": [{"name": "C"}, {"name": false}]})).await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.server.partner_count(), 2);
}

#[tokio::test]
async fn writes_answer_true_and_archiving_null_and_a_second_delete_is_missing() {
    let desk = Desk::plain();
    let id = desk.company("Firm");
    let seen = desk.call("res.partner", "write", json!({"ids": [id], "vals": {"city": "Gent"}})).await;
    assert_eq!(seen.json(), true);
    assert_eq!(desk.call("res.partner", "action_archive", json!({"ids": [id]})).await.json(), Value::Null);
    assert_eq!(desk.call("res.partner", "unlink", json!({"ids": [id]})).await.json(), true);
    let seen = desk.call("res.partner", "unlink", json!({"ids": [id]})).await;
    assert_eq!(
        (seen.status, seen.json()["name"].as_str()),
        (StatusCode::NOT_FOUND, Some("odoo.exceptions.MissingError"))
    );
}

#[tokio::test]
async fn an_equal_write_moves_the_stamp() {
    let desk = Desk::plain();
    let id = desk.company("Firm");
    let before = desk.server.partner_text(id, "write_date");
    desk.pass(2_000);
    desk.call("res.partner", "write", json!({"ids": [id], "vals": {"name": "Firm"}})).await;
    assert_ne!(desk.server.partner_text(id, "write_date"), before);
}

#[rstest]
#[case::no_such_field(json!({"name": "x", "nonsense": 1}), 500, "builtins.ValueError")]
#[case::gone_in_19(json!({"name": "x", "mobile": "1"}), 500, "builtins.ValueError")]
#[case::a_text_for_a_link(json!({"name": "x", "country_id": "PL"}), 500, "builtins.ValueError")]
#[case::no_such_link(json!({"name": "x", "country_id": 9999}), 404, "odoo.exceptions.MissingError")]
#[case::no_such_choice(json!({"name": "x", "type": "home"}), 500, "builtins.ValueError")]
#[case::no_such_language(json!({"name": "x", "lang": "nl_NL"}), 500, "builtins.ValueError")]
#[case::nul(json!({"name": "a\u{0}b"}), 500, "builtins.ValueError")]
#[case::an_object(json!({"name": {}}), 500, "psycopg2.ProgrammingError")]
#[case::without_a_name(json!({"is_company": true}), 422, "odoo.exceptions.ValidationError")]
#[case::no_object(json!([1]), 500, "builtins.ValueError")]
#[tokio::test]
async fn what_does_not_fit_is_refused_by_name(#[case] vals: Value, #[case] status: u16, #[case] name: &str) {
    let desk = Desk::plain();
    let seen = desk.call("res.partner", "create", json!({"vals_list": [vals]})).await;
    let body = seen.json();
    assert_eq!((seen.status.as_u16(), body["name"].as_str()), (status, Some(name)), "{}", seen.text());
    assert!(body["debug"].as_str().unwrap().starts_with("Traceback"));
    assert_eq!(desk.server.partner_count(), 0);
}

#[rstest]
#[case::read_of_an_unknown_field("read", json!({"ids": [8], "fields": ["nonsense"]}), 500)]
#[case::search_by_one("search_read", json!({"domain": [["nonsense", "=", 1]]}), 500)]
#[case::order_by_one("search_read", json!({"domain": [], "order": "nonsense"}), 500)]
#[case::an_unknown_operator("search_read", json!({"domain": [["name", "~", 1]]}), 500)]
#[case::a_negative_offset("search_read", json!({"domain": [], "offset": -1}), 500)]
#[case::a_text_for_an_id("search_read", json!({"domain": [["id", ">", "x"]]}), 500)]
#[case::an_unknown_argument("search_read", json!({"domian": []}), 422)]
#[case::a_missing_argument("create", json!({}), 422)]
#[case::ids_where_there_are_none("search_read", json!({"ids": [1], "domain": []}), 422)]
#[case::no_such_method("fly", json!({}), 404)]
#[case::a_private_method("_write", json!({}), 403)]
#[case::a_missing_record("write", json!({"ids": [999], "vals": {}}), 404)]
#[case::a_language_that_is_off("search_read", json!({"domain": [], "context": {"lang": "xx_XX"}}), 422)]
#[tokio::test]
async fn a_call_is_judged_strictly(#[case] method: &str, #[case] body: Value, #[case] status: u16) {
    let desk = Desk::plain();
    desk.company("Firm");
    let seen = desk.call("res.partner", method, body).await;
    assert_eq!(seen.status.as_u16(), status, "{}", seen.text());
}

#[tokio::test]
async fn the_door_is_as_narrow_as_there() {
    let desk = Desk::plain();
    let path = "POST /json/2/res.partner/search_count";
    let (key, json) = ("authorization: Bearer sandbox-key", "content-type: application/json");
    let seen = desk.send(path, &[json], "{}").await;
    assert_eq!((seen.status, seen.header("www-authenticate")), (StatusCode::UNAUTHORIZED, Some("Bearer")));
    let seen = desk.send(path, &[json, "authorization: Bearer wrong"], "{}").await;
    assert_eq!(seen.status, StatusCode::UNAUTHORIZED);
    let seen = desk.send(path, &[key, "content-type: text/plain"], "{}").await;
    assert_eq!((seen.status, seen.text().starts_with("<!doctype html>")), (StatusCode::UNSUPPORTED_MEDIA_TYPE, true));
    let seen = desk.send(path, &[key, json, "x-odoo-database: other"], "{}").await;
    assert_eq!((seen.status, seen.text().starts_with("<!doctype html>")), (StatusCode::NOT_FOUND, true));
    let seen = desk.send(path, &[key, json, "x-odoo-database: sandbox"], "{}").await;
    assert_eq!(seen.status, StatusCode::OK);
    let seen = desk.send(path, &[key, json], "{half").await;
    assert_eq!(
        (seen.status, seen.json()["name"].as_str()),
        (StatusCode::BAD_REQUEST, Some("werkzeug.exceptions.BadRequest"))
    );
    assert_eq!(desk.send(path, &[key, json], "[]").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for wrong in ["GET /json/2/res.partner/search_count", "POST /json/2"] {
        let seen = desk.send(wrong, &[key, json], "{}").await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
        assert!(seen.json()["message"].as_str().unwrap().starts_with("Did you mean POST"));
    }
    assert_eq!(desk.call("res.nothing", "read", json!({"ids": [1]})).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn json_rpc_says_everything_under_200() {
    let desk = Desk::plain();
    let uid = desk.rpc("common", "authenticate", json!(["sandbox", "sync@example.com", "sandbox-key", {}])).await;
    assert_eq!(uid, json!({"jsonrpc": "2.0", "id": 7, "result": 2}));
    let wrong = desk.rpc("common", "authenticate", json!(["sandbox", "sync@example.com", "no", {}])).await;
    assert_eq!(wrong["result"], false);
    let version = desk.rpc("common", "version", json!([])).await;
    assert_eq!(version["result"]["server_version"], "19.0");
    let call = |key: &str, method: &str, placed: Value, named: Value| {
        json!(["sandbox", 2, key, "res.partner", method, placed, named])
    };
    let name = |reply: Value| reply["error"]["data"]["name"].as_str().map(str::to_owned);
    let denied = desk.rpc("object", "execute_kw", call("no", "read", json!([[1]]), json!({}))).await;
    assert_eq!(name(denied).as_deref(), Some("odoo.exceptions.AccessDenied"));
    let by_name = call("sandbox-key", "create", json!([]), json!({"vals_list": [{"name": "A"}]}));
    let by_name = desk.rpc("object", "execute_kw", by_name).await;
    assert_eq!(name(by_name).as_deref(), Some("builtins.IndexError"), "the records to be made are looked for by place");
    let made = call("sandbox-key", "create", json!([[{"name": "A"}]]), json!({}));
    let made = desk.rpc("object", "execute_kw", made).await;
    let id = made["result"][0].as_u64().unwrap();
    let written = call("sandbox-key", "write", json!([[id], {"city": "Gent"}]), json!({}));
    assert_eq!(desk.rpc("object", "execute_kw", written).await["result"], true);
    let read = call("sandbox-key", "read", json!([[id, 999]]), json!({"fields": ["city"]}));
    assert_eq!(desk.rpc("object", "execute_kw", read).await["result"], json!([{"id": id, "city": "Gent"}]));
    let other = desk.rpc("common", "authenticate", json!(["other", "x", "y", {}])).await;
    assert_eq!(name(other).as_deref(), Some("psycopg2.OperationalError"));
}

#[tokio::test]
async fn a_company_gives_its_address_on_and_touches_its_contacts() {
    let desk = Desk::plain();
    let firm = desk.company("Firm");
    let person = desk.server.add_partner(&json!({"name": "Jan", "parent_id": firm}));
    let address =
        desk.server.add_partner(&json!({"name": "Store", "type": "delivery", "parent_id": firm, "city": "Aalst"}));
    let stamp = |id| desk.server.partner_text(id, "write_date").unwrap();
    let (before, of_address) = (stamp(person), stamp(address));
    desk.pass(2_000);
    let write = json!({"ids": [firm], "vals": {"city": "Gent", "vat": "BE1"}});
    desk.call("res.partner", "write", write).await;
    assert_eq!(desk.server.partner_text(person, "city").as_deref(), Some("Gent"));
    assert_eq!(desk.server.partner_text(person, "vat").as_deref(), Some("BE1"));
    assert_eq!(desk.server.partner_text(address, "city").as_deref(), Some("Aalst"));
    assert!(stamp(person) > before && stamp(address) == of_address);
    let before = stamp(person);
    desk.pass(2_000);
    desk.call("res.partner", "write", json!({"ids": [firm], "vals": {"phone": "1"}})).await;
    assert!(stamp(person) > before);
    assert_eq!(desk.server.partner_text(person, "phone"), None);
    let before = stamp(person);
    desk.pass(2_000);
    desk.call("res.partner", "write", json!({"ids": [firm], "vals": {"ref": "7"}})).await;
    assert_eq!(stamp(person), before);
}

#[tokio::test]
async fn who_is_a_company_is_computed_from_nineteen_one_on_whatever_is_sent() {
    let desk = Desk::open(OdooOptions { computes_companies: true, ..OdooOptions::default() });
    let is_company = |id| desk.server.partner_text(id, "is_company").unwrap() == "true";
    let firm = desk.server.add_partner(&json!({"is_company": true, "name": "Firm"}));
    assert!(!is_company(firm), "it has no number");
    for (vat, is) in [("BE1", true), ("/", false), ("NA", false), ("PL1", true)] {
        desk.call("res.partner", "write", json!({"ids": [firm], "vals": {"vat": vat}})).await;
        assert_eq!(is_company(firm), is, "{vat}");
    }
    let branch =
        desk.server.add_partner(&json!({"is_company": true, "name": "Branch", "vat": "PL2", "parent_id": firm}));
    let person = desk.server.add_partner(&json!({"name": "Jan", "parent_id": branch}));
    assert!(!is_company(branch) && !is_company(person));
    assert_eq!(desk.server.partner_text(person, "commercial_partner_id"), Some(firm.to_string()));
    desk.server.delete_partner(firm);
    assert!(is_company(branch), "it is filed under nobody now");
    let body = json!({"allfields": ["is_company"], "attributes": ["readonly", "depends"]});
    let seen = desk.call("res.partner", "fields_get", body).await.json();
    assert_eq!(seen["is_company"], json!({"readonly": true, "depends": ["vat", "commercial_partner_id"]}));
}

#[tokio::test]
async fn to_write_the_contact_of_an_internal_user_is_to_write_a_user() {
    let desk = Desk::plain();
    let id = desk.server.add_partner(&json!({"name": "Colleague"}));
    desk.server.employ_partner(id);
    let write = json!({"ids": [id], "vals": {"phone": "1"}});
    assert_eq!(desk.call("res.partner", "write", write.clone()).await.status, StatusCode::OK, "administrators may");
    desk.server.set_rights(true, false);
    let seen = desk.call("res.partner", "write", write).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(seen.json()["message"].as_str().unwrap().contains("'res.users'"), "{}", seen.text());
    assert_eq!(desk.call("res.partner", "read", json!({"ids": [id]})).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_attached_to_a_record_is_as_open_as_the_record() {
    let desk = Desk::plain();
    let id = desk.company("Firm");
    let vals = json!({"name": "Invoice", "type": "url", "res_model": "res.partner", "res_id": id});
    let made = desk.call("ir.attachment", "create", json!({"vals_list": [vals]})).await.json();
    desk.server.hide_partner(id);
    let seen = desk.call("ir.attachment", "create", json!({"vals_list": [vals]})).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    let write = json!({"ids": made, "vals": {"name": "x"}});
    assert_eq!(desk.call("ir.attachment", "write", write).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_website_gets_its_scheme_and_a_number_is_judged_only_by_its_module() {
    let desk = Desk::plain();
    let id = desk.company("Firm");
    let vals = json!({"website": "example.org", "vat": "whatever it is"});
    assert_eq!(desk.call("res.partner", "write", json!({"ids": [id], "vals": vals})).await.json(), true);
    assert_eq!(desk.server.partner_text(id, "website").as_deref(), Some("http://example.org"));
    assert_eq!(desk.server.partner_text(id, "vat").as_deref(), Some("whatever it is"));
    let desk = Desk::open(OdooOptions { base_vat: true, ..OdooOptions::default() });
    let id = desk.company("Firm");
    let write = |vat: &str| json!({"ids": [id], "vals": {"vat": vat}});
    assert_eq!(desk.call("res.partner", "write", write("be 0477.472.701")).await.json(), true);
    assert_eq!(desk.server.partner_text(id, "vat").as_deref(), Some("BE0477472701"));
    let seen = desk.call("res.partner", "write", write("BE 0477.472.702")).await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(seen.json()["message"].as_str().unwrap().contains("[0477472702]"), "{}", seen.text());
}

#[tokio::test]
async fn a_loop_of_parents_is_refused() {
    let desk = Desk::plain();
    let one = desk.company("One");
    let two = desk.server.add_partner(&json!({"is_company": true, "name": "Two", "parent_id": one}));
    let seen = desk.call("res.partner", "write", json!({"ids": [one], "vals": {"parent_id": two}})).await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_field_is_added_by_administrators_alone_and_begins_with_x() {
    let desk = Desk::plain();
    let field = |name: &str| json!({"vals_list": [{"name": name, "field_description": "Ours", "model_id": 81, "ttype": "char"}]});
    assert_eq!(desk.call("ir.model.fields", "create", field("ours")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.call("ir.model.fields", "create", field("x_ours")).await.status, StatusCode::OK);
    let id = desk.company("Firm");
    desk.call("res.partner", "write", json!({"ids": [id], "vals": {"x_ours": "7"}})).await;
    assert_eq!(desk.server.partner_text(id, "x_ours").as_deref(), Some("7"));
    desk.server.set_rights(true, false);
    assert_eq!(desk.call("ir.model.fields", "create", field("x_more")).await.status, StatusCode::FORBIDDEN);
    let seen = desk.call("ir.config_parameter", "search_read", json!({"domain": []})).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn attachments_are_kept_by_record() {
    let desk = Desk::plain();
    let id = desk.company("Firm");
    let vals = json!({"name": "Invoice", "type": "url", "url": "https://x", "res_model": "res.partner", "res_id": id, "description": "o/1/2"});
    let made = desk.call("ir.attachment", "create", json!({"vals_list": [vals]})).await.json();
    let domain = json!([["res_id", "=", id], ["description", "!=", false]]);
    let rows = desk.call("ir.attachment", "search_read", json!({"domain": domain, "fields": ["url"]})).await.json();
    assert_eq!(rows, json!([{"id": made[0], "url": "https://x"}]));
    let wrong = json!({"name": "x", "res_model": "res.partner", "res_id": 999});
    let seen = desk.call("ir.attachment", "create", json!({"vals_list": [wrong]})).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn offset_paging_skips_a_row_when_an_earlier_one_goes() {
    let desk = Desk::plain();
    let made: Vec<u64> = (0..10).map(|number| desk.company(&format!("Firm {number}"))).collect();
    let page = |offset| json!({"domain": [], "order": "id", "limit": 5, "offset": offset, "fields": ["id"]});
    let mut met = ids(&desk.partners(page(0)).await);
    desk.server.delete_partner(made[0]);
    met.extend(ids(&desk.partners(page(5)).await));
    assert!(!met.contains(&made[5]), "one row was never seen");
}

#[test]
fn people_do_here_what_they_do_in_any_crm() {
    let desk = Desk::open(OdooOptions { id_field: Some("x_flowtly_id".to_owned()), ..OdooOptions::default() });
    let crm: &dyn CrmServer = &desk.server;
    let values = [(Property::Name, "Firm"), (Property::Country, "Poland"), (Property::City, "Łódź")];
    let firm = crm.add(Kind::Company, &values, None);
    let name = [(Property::FirstName, "Anna Maria"), (Property::LastName, "Nowak"), (Property::JobTitle, "CEO")];
    let person = crm.add(Kind::Contact, &name, Some(firm));
    assert_eq!(crm.text(Kind::Company, firm, Property::Country).as_deref(), Some("PL"));
    assert_eq!(desk.server.partner_text(person, "name").as_deref(), Some("Anna Maria Nowak"));
    assert!(crm.edit(Kind::Contact, person, Property::LastName, "Kowalska"));
    assert_eq!(crm.text(Kind::Contact, person, Property::LastName).as_deref(), Some("Kowalska"));
    assert_eq!(crm.text(Kind::Contact, person, Property::FirstName).as_deref(), Some("Anna Maria"));
    assert!(crm.edit(Kind::Company, firm, Property::City, ""));
    assert_eq!(crm.text(Kind::Company, firm, Property::City), None);
    assert!(
        !crm.edit(Kind::Company, person, Property::City, "x") && !crm.edit(Kind::Company, 999, Property::City, "x")
    );
    let other = crm.add(Kind::Company, &[(Property::Name, "Other"), (Property::TaxNumber, "PL1")], None);
    assert!(crm.move_contact(person, Some(other)));
    assert_eq!(crm.companies_of(person), [other]);
    assert_eq!(crm.merge(Kind::Company, firm, other), Some(firm));
    assert_eq!((crm.companies_of(person), crm.ids(Kind::Company)), (vec![firm], vec![firm]));
    assert_eq!(crm.text(Kind::Company, firm, Property::TaxNumber).as_deref(), Some("PL1"));
    assert!(crm.archive(Kind::Company, firm) && crm.ids(Kind::Company).is_empty() && crm.restore(Kind::Company, firm));
    assert!(crm.remove(Kind::Company, firm) && !crm.remove(Kind::Company, firm));
    assert_eq!((crm.companies_of(person), crm.ids(Kind::Contact)), (Vec::new(), vec![person]));
    assert_eq!((crm.id_text(7), crm.id_number("7")), ("7".to_owned(), Some(7)));
    assert!(crm.configuration("key-file").contains("api_key_file = \"key-file\""));
    assert_eq!(OdooServer::country_code(OdooServer::country("DE").unwrap()), Some("DE"));
}
