//! What a pass has done, as its figures tell.

use std::time::Duration;

use flowtly_sync::domain::record::Side;
use http::Method;

use crate::firm::{Firm, vat};
use crate::meddle::Moment;

#[tokio::test]
async fn a_long_pass_tells_also_what_it_sent_at_its_beginning() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.hubspot.edit_company(company, "city", "Kraków");
    firm.person(client, "Jan Kowalski", "jan@alfa.pl");
    // What is closed an hour ago is no evidence any more when the pass ends.
    let clock = firm.clock.clone();
    let later = move || clock.advance(Duration::from_hours(1));
    firm.meddling.at(Side::Flowtly, Method::PATCH, "/clients/", Moment::After, later);
    let clock = firm.clock.clone();
    let later = move || clock.advance(Duration::from_hours(1));
    firm.meddling.at(Side::Crm, Method::POST, "/contacts/batch/create", Moment::After, later);
    let report = firm.beat().await;
    assert!(firm.meddling.is_done());
    assert_eq!(report.written, 2, "{report:?}");
    let acted = |op: &str, side: &str, kind: &str| {
        let is_it = |told: &&flowtly_sync::store::action::Tally| {
            (told.op.as_str(), told.side.as_deref(), told.kind.as_str()) == (op, Some(side), kind)
        };
        report.acted.iter().filter(is_it).map(|told| told.count).sum::<u64>()
    };
    assert_eq!((acted("update", "flowtly", "company"), acted("create", "crm", "contact")), (1, 1), "{report:?}");
    // Each pass tells its own.
    assert!(firm.beat().await.acted.iter().all(|told| told.op != "update" && told.op != "create"));
    firm.assert_settled().await;
}
