//! What happens to who is who: merges, archive and restore, gone and back, moves, scope, numbers used again, lost state.

mod gone_and_back;
mod archived;
mod merged;
mod moved;
mod scope;
mod lost_state;

use flowtly_sync::commands::links;
use flowtly_sync::domain::record::{Kind, RemoteId};

use crate::firm::Firm;

/// A person separates a client from its company.
async fn separate(firm: &Firm, client: u64) {
    let client = RemoteId::new(client.to_string());
    links::remove(&firm.settings(), firm.clock.as_ref(), Kind::Company, &client, &mut Vec::new()).await.unwrap();
}
