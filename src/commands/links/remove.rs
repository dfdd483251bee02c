//! Two records are not the same: a person says so.

use std::io::Write;

use anyhow::bail;

use super::{SEPARATED, WITH_COMPANY};
use crate::clock::Clock;
use crate::commands::{deciding, named};
use crate::config::Settings;
use crate::daemon::control::protocol::Ask;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::value::Locale;
use crate::render::clean::Clean;
use crate::render::words::Named;
use crate::store::link::{self, Link, LinkState};
use crate::store::todo::{self, Subject};
use crate::store::{Connection, Store, StoreError, seen, waiting};

/// Separates a pair: the link becomes a tombstone, which keeps both records from being matched or created again until a
/// person says so. The pairs of a company's contacts go with it. Exit code 0.
pub async fn remove(
    settings: &Settings,
    clock: &dyn Clock,
    kind: Kind,
    flowtly: &RemoteId,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    deciding::decide(settings, clock, Ask::Unlink { kind, flowtly: flowtly.clone() }, out).await
}

pub(in crate::commands) async fn carry_out(
    store: &mut Store,
    settings: &Settings,
    kind: Kind,
    flowtly: &RemoteId,
) -> anyhow::Result<String> {
    let mut transaction = store.begin().await?;
    let locale = settings.locale();
    let name = named::plain(kind, Side::Flowtly, flowtly);
    let links = link::by_remote_id(&mut transaction, kind, Side::Flowtly, &[flowtly.as_str()]).await?;
    let Some(found) = links.into_iter().next() else {
        bail!("{name} has no link; `flowtly-sync links` lists those that there are");
    };
    // What a rule cut comes back with its record; a person may say that it never shall.
    if is_final(&found) {
        bail!("{name} is separated already (link {})", found.id.0);
    }
    let names = named::pairs(&mut transaction, locale, &[found.id]).await?;
    separate(&mut transaction, locale, &found, SEPARATED).await?;
    let contacts: Vec<Link> = link::of_company(&mut transaction, found.id).await?;
    let contacts: Vec<Link> = contacts.into_iter().filter(|contact| !is_final(contact)).collect();
    for contact in &contacts {
        separate(&mut transaction, locale, contact, WITH_COMPANY).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    let line = names.get(&found.id).map_or(name, Named::line);
    let mut told = vec![format!("separated: {line}, link {}; neither is matched or created again", found.id.0)];
    if !contacts.is_empty() {
        told.push(format!("separated with it: {} of its contacts", contacts.len()));
    }
    let (flowtly, crm) = (Clean(&found.flowtly_id), Clean(&found.crm_id));
    told.push(format!("To join them again: flowtly-sync links add {kind} {flowtly} {crm}"));
    Ok(super::lines(&told))
}

fn is_final(link: &Link) -> bool {
    link.state == LinkState::Tombstone && !link.is_unlinked_by_rule()
}

async fn separate(connection: &mut Connection, locale: &Locale, found: &Link, reason: &str) -> Result<(), StoreError> {
    link::set_state(connection, found.id, LinkState::Tombstone, reason).await?;
    link::assess(connection, &[(found.id, "differs", Some(crate::store::to_json(&["unlinked"])))]).await?;
    // Nothing waits for a pair that is none.
    todo::remove(connection, Subject::Link(found.id)).await?;
    waiting::keep_conflicts(connection, &[found.id], &[]).await?;
    waiting::keep_failures(connection, &[found.id], &[]).await?;
    let rows: Vec<_> = seen::by_link(connection, locale, &[found.id]).await?.iter().map(|row| row.id).collect();
    waiting::close_questions(connection, &rows).await
}
