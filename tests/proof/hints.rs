//! What the systems' webhooks name: a record by its id, and no more.

use std::collections::BTreeSet;

use flowtly_sync::domain::hint::Hint;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};

use crate::firm::Firm;

/// Hints at every record that is there and at every record that the state knows: as if a webhook had told of each.
pub async fn all(firm: &Firm) -> BTreeSet<Hint> {
    let mut hints = BTreeSet::new();
    let mut name = |side, kind, id: String| hints.extend(at(firm, side, kind, &id));
    for client in firm.flowtly.clients() {
        name(Side::Flowtly, Kind::Company, client["id"].as_u64().unwrap().to_string());
    }
    for person in firm.flowtly.contacts() {
        name(Side::Flowtly, Kind::Contact, person["id"].as_u64().unwrap().to_string());
    }
    for kind in Kind::BOTH {
        for id in firm.crm.ids(kind) {
            name(Side::Crm, kind, firm.crm.id_text(id));
        }
    }
    let mut store = firm.store().await;
    let known: Vec<(String, String, String)> =
        sqlx::query_as("SELECT side, kind, remote_id FROM seen").fetch_all(store.connection()).await.unwrap();
    store.close().await.unwrap();
    for (side, kind, id) in known {
        name(Side::parse(&side).unwrap(), Kind::parse(&kind).unwrap(), id);
    }
    hints
}

/// What one webhook hints at. Where a system files both kinds as one, it does not say which of them a record is.
pub fn at(firm: &Firm, side: Side, kind: Kind, id: &str) -> Vec<Hint> {
    let sure = side == Side::Flowtly || firm.crm.section() != "odoo";
    let kinds = Kind::BOTH.into_iter().filter(|other| !sure || *other == kind);
    kinds.map(|kind| Hint { side, kind, id: RemoteId::new(id), sure }).collect()
}
