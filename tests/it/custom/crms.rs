//! Every type that a CRM has travels both ways and settles, and `check` finds it well.

use std::sync::Arc;

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{CrmServer, EspoOptions, EspoServer, OdooServer, PipedriveOptions, PipedriveServer};
use serde_json::{Value, json};

use super::pair::{Pair, clock};

/// A declared field on its way: what a person types in the CRM, what Flowtly then shows, what a person types there, and what
/// the CRM then shows.
struct Way {
    flowtly: &'static str,
    crm: &'static str,
    typed_in_crm: Value,
    shown_in_flowtly: Value,
    typed_in_flowtly: Value,
    shown_in_crm: Value,
}

fn way(flowtly: &'static str, crm: &'static str, there: [Value; 2], back: [Value; 2]) -> Way {
    let ([typed_in_crm, shown_in_flowtly], [typed_in_flowtly, shown_in_crm]) = (there, back);
    Way { flowtly, crm, typed_in_crm, shown_in_flowtly, typed_in_flowtly, shown_in_crm }
}

/// Each field there and back, and both systems at rest after each.
async fn travel(
    pair: &Pair,
    client: u64,
    ways: &[Way],
    type_in: impl Fn(&str, &Value),
    shown: impl Fn(&str) -> Option<Value>,
) {
    pair.reconcile().await;
    pair.assert_settled().await;
    for way in ways {
        type_in(way.crm, &way.typed_in_crm);
    }
    pair.reconcile().await;
    for way in ways {
        assert_eq!(pair.shown(client, way.flowtly).as_ref(), Some(&way.shown_in_flowtly), "{}", way.flowtly);
    }
    pair.assert_settled().await;
    for way in ways {
        pair.edit(client, way.flowtly, &way.typed_in_flowtly);
    }
    pair.reconcile().await;
    for way in ways {
        assert_eq!(shown(way.crm).as_ref(), Some(&way.shown_in_crm), "{}", way.crm);
    }
    pair.assert_settled().await;
    let (code, told) = pair.check().await;
    assert!(code == 0 && !told.contains("warn"), "{told}");
}

const ODOO: &str = "\
[scope.crm.company]
customer_rank = { above = 0 }
[mapping.flowtly.company]
default_cost = false
[custom.company]
remark = { type = \"text\", flowtly = \"attributes.remark\", crm = \"x_remark\" }
score = { type = \"number\", flowtly = \"attributes.score\", crm = \"x_score\" }
since = { type = \"date\", flowtly = \"attributes.since\", crm = \"x_since\" }
tier = { type = \"choice\", flowtly = \"attributes.tier\", crm = \"x_tier\", values = { a = \"gold\", b = \"silver\" } }
vip = { type = \"boolean\", flowtly = \"attributes.vip\", crm = \"x_vip\" }
referrer = { type = \"relation\", flowtly = { path = \"defaultCost\", look_up = \"/contractors\" }, crm = \"x_referrer_id\" }
";

/// An Odoo with a field of each type, and a partner that is no client.
fn odoo() -> (Pair, OdooServer, u64) {
    let clock = clock();
    let odoo = OdooServer::furnished(clock.clone());
    let tiers: &[(&str, &str)] = &[("a", "Alpha"), ("b", "Beta")];
    let fields = [("x_remark", "text"), ("x_score", "float"), ("x_since", "date"), ("x_vip", "boolean")];
    for (name, type_name) in fields.into_iter().chain([("x_referrer_id", "many2one"), ("customer_rank", "integer")]) {
        odoo.define_field(name, type_name, &[]);
    }
    odoo.define_field("x_tier", "selection", tiers);
    let referrer = odoo.add_partner(&json!({"name": "Alfa Consulting", "is_company": true}));
    let pair = Pair::new(clock, Arc::new(odoo.clone()), &["Beta Works", "Alfa Consulting"], ODOO);
    (pair, odoo, referrer)
}

#[tokio::test]
async fn odoo_carries_every_type_both_ways() {
    let (pair, odoo, referrer) = odoo();
    let other = odoo.add_partner(&json!({"name": "Beta Works", "is_company": true}));
    let (client, company) = pair.alike("Alfa", 1);
    let ways = [
        way("attributes.remark", "x_remark", [json!("one\ntwo"), json!("one\ntwo")], [json!("three"), json!("three")]),
        way("attributes.score", "x_score", [json!(12.5), json!(12.5)], [json!("013,0"), json!("13")]),
        way(
            "attributes.since",
            "x_since",
            [json!("2026-05-01"), json!("2026-05-01")],
            [json!("2026-06-30T00:00:00+02:00"), json!("2026-06-30")],
        ),
        way("attributes.tier", "x_tier", [json!("a"), json!("gold")], [json!("silver"), json!("b")]),
        way("attributes.vip", "x_vip", [json!(true), json!(true)], [json!(false), json!("false")]),
        way(
            "defaultCost",
            "x_referrer_id",
            [json!(referrer), json!("/contractors/2")],
            [json!("1"), json!(other.to_string())],
        ),
    ];
    let type_in = |field: &str, value: &Value| assert!(odoo.edit_partner(company, &json!({field: value})), "{field}");
    travel(&pair, client, &ways, type_in, |field| odoo.partner_text(company, field).map(Value::from)).await;
    assert_eq!(pair.flowtly.client_count(), 1, "what has no rank is no client");
    assert!(odoo.edit_partner(other, &json!({"customer_rank": 1})));
    pair.reconcile().await;
    assert_eq!(pair.flowtly.client_count(), 2);
    pair.assert_settled().await;
}

#[tokio::test]
async fn an_odoo_number_that_is_cleared_is_zero_there_and_does_not_come_back() {
    let (pair, odoo, _) = odoo();
    let (client, company) = pair.alike("Alfa", 1);
    pair.reconcile().await;
    assert_eq!(pair.shown(client, "attributes.score"), Some(json!(0)), "nobody typed it, and it is what Odoo says");
    pair.edit(client, "attributes.score", &json!(7));
    pair.reconcile().await;
    assert_eq!(odoo.partner_text(company, "x_score").as_deref(), Some("7"));
    pair.edit(client, "attributes.score", &Value::Null);
    pair.reconcile().await;
    assert_eq!(odoo.partner_text(company, "x_score").as_deref(), Some("0"));
    assert_eq!(pair.shown(client, "attributes.score"), None);
    pair.assert_settled().await;
}

#[tokio::test]
async fn what_odoo_does_not_list_waits_as_a_refusal_and_nothing_else_does() {
    let (pair, odoo, _) = odoo();
    let (client, company) = pair.alike("Alfa", 1);
    pair.reconcile().await;
    pair.edit(client, "attributes.tier", &json!("platinum"));
    pair.edit(client, "attributes.remark", &json!("new"));
    pair.reconcile().await;
    assert_eq!(odoo.partner_text(company, "x_remark").as_deref(), Some("new"));
    assert_eq!(odoo.partner_text(company, "x_tier"), None);
    let refusals = pair.refusals().await;
    assert!(
        refusals.len() == 1 && refusals[0].starts_with("CRM tier: ") && refusals[0].contains("a, b"),
        "{refusals:?}"
    );
}

const ESPO: &str = "\
[scope.crm.company]
type = { not = [\"Partner\"] }
[custom.company]
remark = { type = \"text\", flowtly = \"attributes.remark\", crm = \"cRemark\" }
score = { type = \"number\", flowtly = \"attributes.score\", crm = \"cScore\" }
seats = { type = \"number\", flowtly = \"attributes.seats\", crm = \"cSeats\" }
since = { type = \"date\", flowtly = \"attributes.since\", crm = \"cSince\" }
tier = { type = \"choice\", flowtly = \"attributes.tier\", crm = \"cTier\", values = { A = \"gold\", B = \"silver\" } }
vip = { type = \"boolean\", flowtly = \"attributes.vip\", crm = \"cVip\" }
partner = { type = \"relation\", flowtly = \"attributes.partner\", crm = \"cPartnerId\" }
partner_name = { type = \"text\", flowtly = \"attributes.partner_name\", crm = { path = \"cPartnerName\", read_only = true } }
";

fn espo() -> (Pair, EspoServer, [u64; 2]) {
    let clock = clock();
    let espo = EspoServer::new(EspoOptions::default(), clock.clone());
    let fields = [("cRemark", "text"), ("cScore", "float"), ("cSeats", "int"), ("cSince", "date"), ("cVip", "bool")];
    for (name, type_name) in fields.into_iter().chain([("cPartnerId", "link")]) {
        espo.define_account_field(name, type_name, &[]);
    }
    espo.define_account_field("cTier", "enum", &["", "A", "B"]);
    let partner = |name: &str| espo.add_account(&[("name", name), ("type", "Partner")]);
    let partners = [partner("Alfa Consulting"), partner("Beta Works")];
    (Pair::new(clock, Arc::new(espo.clone()), &[], ESPO), espo, partners)
}

#[tokio::test]
async fn espocrm_carries_every_type_both_ways() {
    let (mut pair, espo, partners) = espo();
    let (client, company) = pair.alike("Alfa", 1);
    // The partner's name follows its id a pass later.
    let without_name: String = ESPO.split_inclusive('\n').filter(|line| !line.starts_with("partner_name")).collect();
    pair.reconfigure(&without_name);
    let [one, other] = partners.map(|id| espo.id_text(id));
    let ways = [
        way("attributes.remark", "cRemark", [json!("one\ntwo"), json!("one\ntwo")], [json!("three"), json!("three")]),
        way("attributes.score", "cScore", [json!("12.5"), json!(12.5)], [json!("013,25"), json!(13.25)]),
        way("attributes.seats", "cSeats", [json!("12"), json!(12)], [json!("7"), json!(7)]),
        way(
            "attributes.since",
            "cSince",
            [json!("2026-05-01"), json!("2026-05-01")],
            [json!("30.06.2026"), json!("2026-06-30")],
        ),
        way("attributes.tier", "cTier", [json!("A"), json!("gold")], [json!("silver"), json!("B")]),
        way("attributes.vip", "cVip", [json!("true"), json!(true)], [json!(false), json!(false)]),
        way("attributes.partner", "cPartnerId", [json!(one), json!(one)], [json!(other), json!(other)]),
    ];
    let type_in = |field: &str, value: &Value| {
        assert!(espo.edit_account(company, field, value.as_str().unwrap()), "{field}");
    };
    let shown = |field: &str| espo.account(company)?.get(field).cloned();
    travel(&pair, client, &ways, type_in, shown).await;
    pair.reconfigure(ESPO);
    pair.reconcile().await;
    pair.assert_settled().await;
    assert_eq!(pair.shown(client, "attributes.partner_name"), Some(json!("Beta Works")), "read, and never written");
    assert_eq!(pair.flowtly.client_count(), 1, "partners are no clients");
}

#[tokio::test]
async fn what_espocrm_does_not_take_waits_as_a_refusal_of_its_field() {
    let (pair, espo, _) = espo();
    let (client, company) = pair.alike("Alfa", 1);
    pair.reconcile().await;
    pair.edit(client, "attributes.tier", &json!("platinum"));
    pair.edit(client, "attributes.score", &json!("plenty"));
    pair.edit(client, "attributes.remark", &json!("new"));
    pair.reconcile().await;
    assert_eq!(espo.account_text(company, "cRemark").as_deref(), Some("new"));
    let mut refusals = pair.refusals().await;
    refusals.sort();
    let of: Vec<&str> = refusals.iter().map(|told| told.split(':').next().unwrap()).collect();
    assert_eq!(of, ["CRM score", "CRM tier"], "{refusals:?}");
}

const PIPEDRIVE: &str = "\
[custom.company]
remark = { type = \"text\", flowtly = \"attributes.remark\", crm = \"custom:Remark\" }
score = { type = \"number\", flowtly = \"attributes.score\", crm = \"custom:Score\" }
since = { type = \"date\", flowtly = \"attributes.since\", crm = \"custom:Since\" }
tier = { type = \"choice\", flowtly = \"attributes.tier\", crm = \"custom:Tier\", values = { A = \"gold\", B = \"silver\" } }
vip = { type = \"boolean\", flowtly = \"attributes.vip\", crm = \"custom:VIP\", values = { Yes = \"true\", No = \"false\" } }
partner = { type = \"relation\", flowtly = \"attributes.partner\", crm = \"custom:Partner\" }
";

#[tokio::test]
async fn pipedrive_carries_every_type_both_ways() {
    let clock = clock();
    let pipedrive = PipedriveServer::new(PipedriveOptions::default(), clock.clone());
    let define =
        |name: &str, type_name: &str, choices: &[&str]| pipedrive.add_field(Kind::Company, name, type_name, choices);
    let keys = [
        ("Remark", define("Remark", "text", &[])),
        ("Score", define("Score", "double", &[])),
        ("Since", define("Since", "date", &[])),
        ("Tier", define("Tier", "enum", &["A", "B"])),
        ("VIP", define("VIP", "enum", &["Yes", "No"])),
        ("Partner", define("Partner", "org", &[])),
    ];
    let pair = Pair::new(clock, Arc::new(pipedrive.clone()), &[], PIPEDRIVE);
    let (client, company) = pair.alike("Alfa", 1);
    let [one, other] = [("Beta", 2), ("Gamma", 3)].map(|(name, number)| pair.alike(name, number).1);
    let ways = [
        way("attributes.remark", "Remark", [json!("one\ntwo"), json!("one\ntwo")], [json!("three"), json!("three")]),
        way("attributes.score", "Score", [json!(12.5), json!(12.5)], [json!("013,25"), json!(13.25)]),
        way(
            "attributes.since",
            "Since",
            [json!("2026-05-01"), json!("2026-05-01")],
            [json!("2026-06-30T10:00:00+02:00"), json!("2026-06-30")],
        ),
        // Choices go by their numbers: this account's are a hundred times their field's, and on.
        way("attributes.tier", "Tier", [json!(400), json!("gold")], [json!("silver"), json!(401)]),
        way("attributes.vip", "VIP", [json!(500), json!(true)], [json!(false), json!(501)]),
        way("attributes.partner", "Partner", [json!(one), json!(one.to_string())], [json!(other), json!(other)]),
    ];
    let key = |name: &str| keys.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let type_in = |name: &str, value: &Value| {
        assert!(pipedrive.set_value(Kind::Company, company, &key(name), value.clone()), "{name}");
    };
    let shown = |name: &str| pipedrive.record(Kind::Company, company)?["custom_fields"].get(key(name)).cloned();
    travel(&pair, client, &ways, type_in, shown).await;
}

#[tokio::test]
async fn check_holds_a_declaration_against_each_crms_own_schema() {
    let (mut pair, _, _) = odoo();
    for (from, to, told) in [
        ("x_remark", "x_nothing", "the property x_nothing (remark) is missing"),
        (
            "type = \"number\"",
            "type = \"date\"",
            "x_score (score) holds numbers there (float), and is mapped as a date",
        ),
        ("b = \"silver\"", "c = \"silver\"", "x_tier (tier) has no choice `c`"),
    ] {
        assert!(ODOO.contains(from), "{from}");
        pair.reconfigure(&ODOO.replace(from, to));
        let (code, text) = pair.check().await;
        assert!(code == 1 && text.contains(told), "{told}: {text}");
    }
    let (mut pair, espo, _) = espo();
    for (from, to, told) in [
        ("cRemark", "cNothing", "the property cNothing (remark) is missing"),
        ("crm = \"cVip\"", "crm = \"type\"", "type (vip) holds one of several choices there (enum)"),
        ("B = \"silver\"", "C = \"silver\"", "cTier (tier) has no choice `C`"),
        (", read_only = true", "", "the rule of partner_name writes cPartnerName, which cannot be written"),
    ] {
        assert!(ESPO.contains(from), "{from}");
        pair.reconfigure(&ESPO.replace(from, to));
        let (code, text) = pair.check().await;
        assert!(code == 1 && text.contains(told), "{told}: {text}");
    }
    assert!(espo.freeze_account_field("cSeats"));
    pair.reconfigure(ESPO);
    let (code, text) = pair.check().await;
    assert!(code == 1 && text.contains("the rule of seats writes cSeats, which cannot be written"), "{text}");
}
