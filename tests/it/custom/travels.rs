//! Values of every sort travel both ways and settle, in the direction and by the policy that the table says.

use flowtly_sync::domain::custom::CustomField;
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::flowtly::Attributes;
use flowtly_sync::sandbox::{FlowtlyOptions, HubSpotOptions, ObjectType};
use serde_json::{Value, json};

use crate::firm::{Firm, vat};

pub(super) const SEGMENT: &str = "\
[custom.company.segment]
type = \"choice\"
flowtly = \"attributes.segment\"
crm = \"industry_segment\"
values = { \"A\" = \"gold\", \"B\" = \"silver\" }
";

/// A firm whose clients have attributes, with a pair that is linked.
pub(super) async fn with_attributes(extra: &str) -> (Firm, u64, u64) {
    let options = FlowtlyOptions { attributes: Attributes::Merged, ..FlowtlyOptions::default() };
    let firm = Firm::with(options, HubSpotOptions::default(), extra);
    firm.hubspot.define_property(ObjectType::Company, "industry_segment", "enumeration", &["A", "B", "C"]);
    firm.hubspot.define_property(ObjectType::Company, "customer_since", "datetime", &[]);
    firm.hubspot.define_property(ObjectType::Company, "lead_score", "number", &[]);
    firm.hubspot.add_property(ObjectType::Company, "is_vip");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    (firm, client, company)
}

fn own(name: &str) -> Field {
    CustomField::new(Kind::Company, name).unwrap().into()
}

#[tokio::test]
async fn a_choice_travels_both_ways_through_its_table() {
    let (firm, client, company) = with_attributes(SEGMENT).await;
    firm.hubspot.edit_company(company, "industry_segment", "A");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.attribute(client, "segment"), Some(json!("gold")));
    firm.assert_settled().await;
    firm.flowtly.edit_attribute(client, "segment", "silver");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("B"));
    firm.assert_settled().await;
    // What the table does not name travels as it is, and clearing is a change like any other.
    firm.hubspot.edit_company(company, "industry_segment", "C");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.attribute(client, "segment"), Some(json!("C")));
    firm.flowtly.edit_attribute(client, "segment", Value::Null);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment"), None);
    firm.assert_settled().await;
    let link = firm.links().await[0].id;
    let told: Vec<String> =
        firm.history(link, own("segment")).await.iter().map(|written| written.entry.new.to_string()).collect();
    assert_eq!(told, ["", "C", "silver", "gold"], "the history tells what people see");
}

#[tokio::test]
async fn a_choice_that_the_crm_does_not_offer_waits_as_a_refusal_and_its_repair_travels() {
    let (firm, client, company) = with_attributes(SEGMENT).await;
    firm.flowtly.edit_attribute(client, "segment", "platinum");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"), "the others travel");
    assert_eq!(firm.hubspot.company_property(company, "industry_segment"), None);
    assert_eq!(firm.refusals().await.len(), 1);
    firm.flowtly.edit_attribute(client, "segment", "gold");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("A"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_date_and_a_number_that_a_system_spells_its_own_way_do_not_go_round() {
    let extra = "\
[custom.company.since]
type = \"date\"
flowtly = \"attributes.since\"
crm = \"customer_since\"
[custom.company.score]
type = \"number\"
flowtly = \"attributes.score\"
crm = \"lead_score\"
";
    let (firm, client, company) = with_attributes(extra).await;
    firm.flowtly.edit_attribute(client, "since", "2026-05-01T00:00:00+00:00");
    firm.flowtly.edit_attribute(client, "score", "12.50");
    firm.reconcile().await;
    // HubSpot stores a moment.
    let since = firm.hubspot.company_property(company, "customer_since").unwrap();
    assert!(since.starts_with("2026-05-01T"), "{since}");
    assert_eq!(firm.hubspot.company_property(company, "lead_score").as_deref(), Some("12.5"));
    firm.assert_settled().await;
    // Another spelling of the same is no change.
    firm.flowtly.edit_attribute(client, "since", "01.05.2026");
    firm.flowtly.edit_attribute(client, "score", 12.5);
    firm.hubspot.edit_company(company, "lead_score", "12.500");
    assert_eq!(firm.reconcile().await.written, 0);
    firm.assert_settled().await;
    firm.hubspot.edit_company(company, "customer_since", "2026-06-30");
    firm.hubspot.edit_company(company, "lead_score", "13");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.attribute(client, "since"), Some(json!("2026-06-30")));
    assert_eq!(firm.flowtly.attribute(client, "score"), Some(json!(13)), "a number is sent as one");
    firm.assert_settled().await;
}

#[tokio::test]
async fn what_does_not_look_like_its_type_is_carried_as_text_and_clears_nothing() {
    let extra = "\
[custom.company.since]
type = \"date\"
flowtly = \"attributes.since\"
crm = \"is_vip\"
";
    let (firm, client, company) = with_attributes(extra).await;
    firm.flowtly.edit_attribute(client, "since", "spring of 2026");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "is_vip").as_deref(), Some("spring of 2026"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_truth_value_is_read_in_each_systems_spelling() {
    let extra = "\
[custom.company.vip]
type = \"boolean\"
flowtly = \"attributes.vip\"
crm = \"is_vip\"
values = { \"Ja\" = \"true\", \"Nein\" = \"false\" }
";
    let (firm, client, company) = with_attributes(extra).await;
    firm.flowtly.edit_attribute(client, "vip", true);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "is_vip").as_deref(), Some("Ja"));
    firm.hubspot.edit_company(company, "is_vip", "Nein");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.attribute(client, "vip"), Some(json!(false)));
    firm.flowtly.edit_attribute(client, "vip", "0");
    assert_eq!(firm.reconcile().await.written, 0);
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_relation_travels_by_its_label_where_the_id_is_looked_up() {
    let extra = "\
[mapping.flowtly.company]
default_cost = false
[custom.company.contractor]
type = \"relation\"
flowtly = { path = \"defaultCost\", look_up = \"/contractors\", label = \"name\" }
crm = \"contractor\"
";
    let contractors = ["Alfa Consulting", "Beta Works", "Beta Works"].map(str::to_owned).to_vec();
    let options = FlowtlyOptions { contractors, ..FlowtlyOptions::default() };
    let firm = Firm::with(options, HubSpotOptions::default(), extra);
    firm.hubspot.add_property(ObjectType::Company, "contractor");
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "contractor", "Alfa Consulting");
    firm.reconcile().await;
    assert_eq!(firm.client_text(client, "defaultCost").as_deref(), Some("/contractors/1"));
    firm.assert_settled().await;
    firm.flowtly.edit_client(client, "defaultCost", "2");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "contractor").as_deref(), Some("Beta Works"));
    firm.assert_settled().await;
    // Nobody knows which of two namesakes is meant, nor who is not listed at all.
    firm.flowtly.edit_client(client, "defaultCost", "1");
    firm.reconcile().await;
    for (text, told) in [("Beta Works", "several of /contractors"), ("Nobody", "none of /contractors")] {
        firm.hubspot.edit_company(company, "contractor", text);
        firm.reconcile().await;
        assert_eq!(firm.client_text(client, "defaultCost").as_deref(), Some("/contractors/1"), "{text}");
        let refusals = firm.refusals().await;
        assert!(refusals.len() == 1 && refusals[0].contains(told), "{refusals:?}");
    }
}

#[tokio::test]
async fn an_edit_on_both_sides_is_a_conflict_of_this_field_alone() {
    let (firm, client, company) = with_attributes(SEGMENT).await;
    firm.hubspot.edit_company(company, "industry_segment", "A");
    firm.reconcile().await;
    firm.hubspot.edit_company(company, "industry_segment", "B");
    firm.flowtly.edit_attribute(client, "segment", "C");
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.reconcile().await;
    assert_eq!(firm.disputed().await, [own("segment")]);
    assert_eq!(firm.hubspot.company_property(company, "city").as_deref(), Some("Kraków"));
    assert_eq!(firm.flowtly.attribute(client, "segment"), Some(json!("C")));
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("B"));
    firm.assert_at_rest().await;
}

#[tokio::test]
async fn the_tables_own_policy_and_direction_decide() {
    let (mut firm, client, company) = with_attributes(&format!("{SEGMENT}conflict = \"crm\"\n")).await;
    firm.hubspot.edit_company(company, "industry_segment", "A");
    firm.reconcile().await;
    firm.hubspot.edit_company(company, "industry_segment", "B");
    firm.flowtly.edit_attribute(client, "segment", "C");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.attribute(client, "segment"), Some(json!("silver")));
    firm.assert_settled().await;
    firm.reconfigure(&format!("{SEGMENT}direction = \"to-crm\"\ndrift = \"correct\"\n"));
    firm.hubspot.edit_company(company, "industry_segment", "A");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("B"), "written back");
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_record_is_born_with_it_and_with_its_default() {
    let extra = format!("[crm.defaults.company]\nsegment = \"gold\"\n{SEGMENT}");
    let (firm, client, _) = with_attributes(&extra).await;
    let born = firm.company("Beta", Some(&vat(2)));
    firm.hubspot.edit_company(born, "industry_segment", "B");
    let blank = firm.client("Gamma", Some(&vat(3)));
    firm.reconcile().await;
    let pairs = firm.pairs(Kind::Company).await;
    let partner = |id: u64, of_client: bool| -> u64 {
        let is_it = |(flowtly, crm): &&(String, String)| *if of_client { flowtly } else { crm } == id.to_string();
        let (flowtly, crm) = pairs.iter().find(is_it).unwrap();
        if of_client { crm } else { flowtly }.parse().unwrap()
    };
    assert_eq!(firm.flowtly.attribute(partner(born, false), "segment"), Some(json!("silver")));
    let by_default = firm.hubspot.company_property(partner(blank, true), "industry_segment");
    assert_eq!(by_default.as_deref(), Some("A"));
    assert_eq!(firm.flowtly.attribute(client, "segment"), None, "a default is for what is new");
}
