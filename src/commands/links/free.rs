//! A pair is none any more, as if it had never been one.

use anyhow::bail;
use chrono::{DateTime, Utc};

use crate::domain::record::Kind;
use crate::domain::value::Locale;
use crate::store::link::{self, Link};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, intent, seen};

/// Forgets a pair and those of its contacts: what was agreed means nothing any more. The records are ones without a link from
/// now on, and looked at by the next pass. Fails while the outcome of a write to them is not known.
pub(in crate::commands) async fn free(
    connection: &mut Connection,
    locale: &Locale,
    now: DateTime<Utc>,
    link: &Link,
) -> anyhow::Result<()> {
    let mut ids = vec![link.id];
    if link.kind == Kind::Company {
        ids.extend(link::of_company(connection, link.id).await?.iter().map(|contact| contact.id));
    }
    let open = intent::open(connection).await?;
    if open.iter().any(|intent| intent.link.is_some_and(|id| ids.contains(&id))) {
        bail!("what became of a write to link {} is not known yet; run a pass first", link.id.0);
    }
    let halves = seen::by_link(connection, locale, &ids).await?;
    link::forget(connection, &ids).await?;
    for kind in Kind::BOTH {
        let freed: Vec<Subject> = halves
            .iter()
            .filter(|half| half.record.kind == kind && !half.gone)
            .map(|half| Subject::Seen(half.id))
            .collect();
        todo::arm(connection, kind, &freed, Why::Staged, Some(now)).await?;
    }
    Ok(())
}
