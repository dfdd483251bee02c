//! A dry run.

use flowtly_sync::domain::plan::Op;
use flowtly_sync::domain::record::Side;
use flowtly_sync::sync::pass::Ending;

use crate::firm::{Firm, vat};

#[tokio::test]
async fn diff_leaves_the_state_to_the_byte_and_both_systems_as_they_were() {
    let firm = Firm::new();
    let (client, company) = firm.linked("Alfa", &vat(1)).await;
    firm.assert_settled().await;
    firm.flowtly.edit_client(client, "addressCity", "Kraków");
    firm.hubspot.edit_company(company, "phone", "+48 22 123 45 67");
    firm.company("Beta", Some(&vat(2)));
    let (bytes, writes) = (std::fs::read(firm.state()).unwrap(), firm.writes());
    let files = || -> Vec<_> {
        let folder = std::fs::read_dir(firm.state().parent().unwrap()).unwrap();
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    let (report, actions) = firm.diff().await;
    assert_eq!(report.ending, Ending::Planned);
    assert_eq!(
        (report.totals.updates.get(&Side::Crm), report.totals.updates.get(&Side::Flowtly)),
        (Some(&1), Some(&1))
    );
    assert_eq!(report.totals.creates.get(&Side::Flowtly), Some(&1));
    assert!(actions.iter().any(|action| matches!(action.op, Op::Create { .. })));
    assert_eq!(firm.writes(), writes);
    assert!(std::fs::read(firm.state()).unwrap() == bytes, "the state's bytes moved");
    assert_eq!(files(), before, "nothing is left beside it");

    // The pass does what the dry run said.
    let done = firm.reconcile().await;
    assert_eq!(done.totals, report.totals);
    firm.assert_settled().await;
    let (report, _) = firm.diff().await;
    assert!(!report.totals.would_act());
}

#[tokio::test]
async fn diff_without_a_state_makes_none() {
    let firm = Firm::new();
    firm.client("Alfa", Some(&vat(1)));
    let (report, _) = firm.diff().await;
    assert_eq!(report.totals.creates.get(&Side::Crm), Some(&1));
    assert!(!firm.state().exists());
    assert_eq!(firm.writes(), 0);
}
