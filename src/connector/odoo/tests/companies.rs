//! An Odoo in which who is a company is computed: from 19.1 on.

use crate::connector::port::Find;

use super::*;

/// Such an Odoo over each protocol.
fn firms() -> [Firm; 2] {
    [Protocol::Json2, Protocol::JsonRpc]
        .map(|protocol| Firm::with(computing(), |settings| settings.protocol = protocol))
}

fn computing() -> OdooOptions {
    OdooOptions { computes_companies: true, ..OdooOptions::default() }
}

async fn all(firm: &Firm, kind: Kind) -> Vec<u64> {
    ids(&firm.walked(kind, Extent::Complete).await.0)
}

async fn found_by(firm: &Firm, kind: Kind, text: &str) -> Vec<u64> {
    ids(&firm.odoo.find(kind, &Find::Text(text.to_owned())).await.unwrap().unwrap())
}

#[tokio::test]
async fn a_company_without_a_number_is_walked_and_found_and_no_contact() {
    for firm in firms() {
        let row = firm.write(Kind::Company, create(&[("name", "Beta"), ("city", "Gent")])).await.unwrap();
        let id = row.id.as_number().unwrap();
        assert_eq!(firm.server.partner_text(id, "is_company").as_deref(), Some("false"), "in Odoo's own view");
        let person = firm.write(Kind::Contact, moved(create(&[("name", "Jan Beta")]), id)).await.unwrap();
        let person = person.id.as_number().unwrap();
        assert_eq!((all(&firm, Kind::Company).await, all(&firm, Kind::Contact).await), (vec![id], vec![person]));
        assert_eq!(found_by(&firm, Kind::Company, "Beta").await, [id]);
        assert_eq!(found_by(&firm, Kind::Contact, "Beta").await, [person]);
        let rows = firm.odoo.children(&[remote(id)]).await.unwrap();
        assert_eq!((ids(&rows), rows[0].parents.clone()), (vec![person], vec![remote(id)]));
    }
}

#[tokio::test]
async fn a_company_without_a_number_appears_once_and_shows_as_changed() {
    for firm in firms() {
        let (_, frontier, _) = firm.walked(Kind::Company, Extent::Complete).await;
        let ours = firm.write(Kind::Company, create(&[("name", "Ours")])).await.unwrap();
        let colleague = firm.company("A colleague's");
        firm.person("Jan", Some(colleague));
        let (rows, _) = firm.odoo.appeared(Kind::Company, &frontier).await.unwrap();
        assert_eq!(ids(&rows), [colleague], "and not {}", ours.id);
        firm.pass(3_600);
        firm.server.edit_partner(colleague, &json!({"city": "Gent"}));
        let since = "2026-11-23T13:00:00Z".parse().unwrap();
        let (rows, ..) = firm.walked(Kind::Company, Extent::Since(since)).await;
        assert_eq!(ids(&rows), [colleague]);
    }
}

#[tokio::test]
async fn a_number_makes_no_company_of_what_is_filed_under_one() {
    for firm in firms() {
        let root = firm.server.add_partner(&json!({"name": "Group", "vat": "PL5260250274"}));
        let branch = firm.server.add_partner(&json!({"name": "Branch", "vat": "PL5260250274", "parent_id": root}));
        let person = firm.person("Jan", Some(branch));
        firm.server.add_partner(&json!({"name": "Delivery", "type": "delivery", "parent_id": root}));
        firm.server.add_partner(&json!({"name": "Somewhere", "type": "other"}));
        assert_eq!(all(&firm, Kind::Company).await, [root]);
        let (rows, ..) = firm.walked(Kind::Contact, Extent::Complete).await;
        assert_eq!(ids(&rows), [branch, person], "addresses are neither");
        assert!(rows.iter().all(|row| row.parents == [remote(root)]));
    }
}

#[tokio::test]
async fn the_mark_is_not_sent_and_a_number_that_comes_and_goes_moves_nobody() {
    for firm in firms() {
        let row = firm.write(Kind::Company, create(&[("name", "Firm")])).await.unwrap();
        let id = row.id.as_number().unwrap();
        for (vat, is_company) in [("PL5260250274", "true"), ("", "false")] {
            firm.write(Kind::Company, update(id, &[("vat", vat)])).await.unwrap();
            assert_eq!(firm.server.partner_text(id, "is_company").as_deref(), Some(is_company));
            assert_eq!((all(&firm, Kind::Company).await, all(&firm, Kind::Contact).await), (vec![id], Vec::new()));
        }
        let log = firm.server.log();
        let created = log.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned());
        assert!(created.filter(|body| body.contains("\"name\":\"Firm\"")).all(|body| !body.contains("is_company")));
    }
}

#[tokio::test]
async fn a_reader_to_whom_nothing_is_open_sees_the_same_companies() {
    for version in VERSIONS {
        let firm = Firm::with(OdooOptions { version, may_write: false, ..OdooOptions::default() }, |_| ());
        let (marked, person) = (firm.company("Firm"), firm.person("Private", None));
        assert_eq!((all(&firm, Kind::Company).await, all(&firm, Kind::Contact).await), (vec![marked], vec![person]));
    }
    let firm = Firm::with(OdooOptions { may_write: false, ..computing() }, |_| ());
    let (first, second) = (firm.company("Firm"), firm.person("Private", None));
    assert_eq!((all(&firm, Kind::Company).await, all(&firm, Kind::Contact).await), (vec![first, second], Vec::new()));
}

#[tokio::test]
async fn an_odoo_that_is_upgraded_while_we_run_is_looked_at_again() {
    let firm = Firm::new();
    let id = firm.company("Firm");
    assert_eq!(all(&firm, Kind::Company).await, [id]);
    firm.server.upgrade();
    firm.server.edit_partner(id, &json!({"city": "Gent"}));
    assert_eq!(all(&firm, Kind::Company).await, Vec::<u64>::new(), "by the mark, which is computed away");
    firm.odoo.properties(Kind::Company).await.unwrap();
    assert_eq!(all(&firm, Kind::Company).await, [id]);
}
