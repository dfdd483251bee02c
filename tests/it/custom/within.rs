//! A property within an object: what stands beside it is nobody's to lose.

use flowtly_sync::sandbox::flowtly::Attributes;
use flowtly_sync::sandbox::{FlowtlyOptions, HubSpotOptions, ObjectType};
use serde_json::json;

use super::travels::SEGMENT;
use crate::firm::{Firm, vat};

#[tokio::test]
async fn other_attributes_stay_whether_the_server_merges_an_object_or_replaces_it() {
    for attributes in [Attributes::Merged, Attributes::Replaced] {
        let options = FlowtlyOptions { attributes, ..FlowtlyOptions::default() };
        let firm = Firm::with(options, HubSpotOptions::default(), SEGMENT);
        firm.hubspot.add_property(ObjectType::Company, "industry_segment");
        let (client, company) = firm.linked("Alfa", &vat(1)).await;
        firm.flowtly.edit_attribute(client, "tier", 3);
        firm.flowtly.edit_attribute(client, "notes", json!({"by": "Jan", "tags": ["a"]}));
        firm.hubspot.edit_company(company, "industry_segment", "A");
        firm.reconcile().await;
        assert_eq!(firm.flowtly.attribute(client, "segment"), Some(json!("gold")), "{attributes:?}");
        firm.assert_settled().await;
        firm.hubspot.edit_company(company, "industry_segment", "");
        firm.reconcile().await;
        firm.assert_settled().await;
        assert_eq!(firm.flowtly.attribute(client, "tier"), Some(json!(3)), "{attributes:?}");
        assert_eq!(firm.flowtly.attribute(client, "notes"), Some(json!({"by": "Jan", "tags": ["a"]})));
        assert!(firm.flowtly.attribute(client, "segment").is_none_or(|value| value.is_null()));
    }
}

#[tokio::test]
async fn an_attribute_that_nobody_maps_is_no_change() {
    let options = FlowtlyOptions { attributes: Attributes::Merged, ..FlowtlyOptions::default() };
    let firm = Firm::with(options, HubSpotOptions::default(), SEGMENT);
    firm.hubspot.add_property(ObjectType::Company, "industry_segment");
    let (client, _) = firm.linked("Alfa", &vat(1)).await;
    firm.flowtly.edit_attribute(client, "tier", 3);
    assert_eq!(firm.reconcile().await.written, 0);
    firm.assert_settled().await;
}
