//! An Odoo that computes who is a company (from 19.1 on): a firm without a VAT number is none in its own view, and is one here.

use std::sync::Arc;

use flowtly_sync::domain::record::Kind;
use flowtly_sync::sandbox::{CrmServer, OdooOptions, OdooServer};
use serde_json::json;

use super::pair::{Pair, clock};

const SCOPE: &str = "[scope.crm.company]\nref = [\"client\"]\n";

#[tokio::test]
async fn firms_without_a_number_are_made_once_and_their_people_stay_theirs() {
    let clock = clock();
    let options =
        OdooOptions { computes_companies: true, id_field: Some("x_flowtly_id".to_owned()), ..OdooOptions::default() };
    let odoo = OdooServer::new(options, clock.clone());
    let pair = Pair::new(clock, Arc::new(odoo.clone()), &[], SCOPE);
    let client = pair.flowtly.add_client(&json!({
        "name": "Alfa", "country": "/countries/PL", "currency": "/currencies/PLN", "status": "active", "tinType": "vat",
        "dueDays": 14, "documentsLanguage": "pl",
    }));
    pair.flowtly.add_contact(client, &json!({"name": "Anna Nowak", "email": "anna@example.com", "type": "main"}));
    let poland = OdooServer::country("PL").unwrap();
    let firm = odoo.add_partner(&json!({"name": "Beta", "ref": "client", "country_id": poland}));
    odoo.add_partner(&json!({"name": "Jan Kowalski", "email": "jan@example.com", "parent_id": firm}));
    // A person of no firm is one of its own there; the scope leaves them out, as it does our own firm.
    odoo.add_partner(&json!({"name": "Private Person", "email": "private@example.com"}));

    pair.reconcile().await;
    let in_odoo = || (odoo.ids(Kind::Company).len(), odoo.ids(Kind::Contact).len());
    let in_flowtly = || (pair.flowtly.clients().len(), pair.flowtly.contacts().len());
    assert_eq!((in_odoo(), in_flowtly()), ((3, 2), (2, 2)));
    pair.assert_settled().await;

    let made = odoo.ids(Kind::Company).into_iter().max().unwrap();
    assert_eq!(odoo.partner_text(made, "is_company").as_deref(), Some("false"), "in its own view");
    assert!(odoo.edit_partner(made, &json!({"city": "Gent"})));
    assert!(odoo.edit_partner(firm, &json!({"vat": "PL5260250274"})), "now it has the mark");
    pair.reconcile().await;
    assert_eq!(pair.shown(client, "addressCity"), Some(json!("Gent")));
    assert_eq!((in_odoo(), in_flowtly()), ((3, 2), (2, 2)));
    pair.assert_settled().await;
}
