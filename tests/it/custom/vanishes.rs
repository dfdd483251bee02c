//! A property that vanishes, an object that is none any more, a declaration that is changed or taken away: nothing is blanked.

use flowtly_sync::domain::record::Side;
use flowtly_sync::sandbox::ObjectType;
use serde_json::json;

use super::travels::{SEGMENT, with_attributes};
use crate::firm::Firm;

async fn in_agreement() -> (Firm, u64, u64) {
    let (firm, client, company) = with_attributes(SEGMENT).await;
    firm.hubspot.edit_company(company, "industry_segment", "A");
    firm.reconcile().await;
    assert_eq!(firm.flowtly.attribute(client, "segment"), Some(json!("gold")));
    (firm, client, company)
}

#[tokio::test]
async fn a_property_that_is_removed_is_unknown_and_clears_nothing() {
    let (firm, client, _) = in_agreement().await;
    assert!(firm.hubspot.remove_property(ObjectType::Company, "industry_segment"));
    let report = firm.reconcile().await;
    assert_eq!((report.written, report.missing.len()), (0, 1), "{report:?}");
    assert_eq!(firm.flowtly.attribute(client, "segment"), Some(json!("gold")));
    firm.assert_settled().await;
}

#[tokio::test]
async fn attributes_that_are_no_object_any_more_say_nothing() {
    let (firm, client, company) = in_agreement().await;
    let odd = |said: &str| said.replace(r#""attributes":{"segment":"gold"}"#, r#""attributes":"\/attribute-sets\/1""#);
    firm.meddling.distort(Side::Flowtly, "/clients", odd);
    assert_eq!(firm.reconcile().await.written, 0);
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("A"));
    firm.meddling.distort_nothing();
    firm.flowtly.edit_attribute(client, "segment", "silver");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("B"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_list_that_is_not_shown_makes_the_relation_unknown() {
    let extra = "\
[mapping.flowtly.company]
default_cost = false
[custom.company.contractor]
type = \"relation\"
flowtly = { path = \"defaultCost\", look_up = \"/contractors\" }
crm = \"is_vip\"
";
    let (firm, client, company) = with_attributes(extra).await;
    firm.flowtly.edit_client(client, "defaultCost", "1");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "is_vip"), None, "an id is no label");
    firm.hubspot.edit_company(company, "is_vip", "Beta Works");
    assert_eq!(firm.reconcile().await.written, 0);
    assert_eq!(firm.client_text(client, "defaultCost").as_deref(), Some("/contractors/1"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_declaration_that_is_taken_away_and_comes_back_goes_on_where_it_was() {
    let (mut firm, client, company) = in_agreement().await;
    firm.reconfigure("");
    assert_eq!(firm.reconcile().await.written, 0, "a state that names an unknown field is read all the same");
    firm.assert_settled().await;
    firm.flowtly.edit_attribute(client, "segment", "silver");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("A"));
    firm.reconfigure(SEGMENT);
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("B"));
    firm.assert_settled().await;
}

#[tokio::test]
async fn another_type_of_the_same_property_moves_nothing() {
    let (mut firm, client, company) = in_agreement().await;
    for sort in ["relation", "choice"] {
        firm.reconfigure(&SEGMENT.replace("\"choice\"", &format!("\"{sort}\"")));
        let report = firm.reconcile().await;
        assert_eq!((report.written, report.totals.conflicts), (0, 0), "{sort}: {report:?}");
        firm.assert_settled().await;
    }
    firm.flowtly.edit_attribute(client, "segment", "silver");
    firm.reconcile().await;
    assert_eq!(firm.hubspot.company_property(company, "industry_segment").as_deref(), Some("B"));
}
