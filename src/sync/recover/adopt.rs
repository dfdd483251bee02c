//! A lost create that was found: linked, and agreed on what it shows as it was sent.

use crate::domain::plan::{LinkId, Op};
use crate::domain::record::{Kind, Record, Side};
use crate::domain::value::Reading;
use crate::store::base::{self, Entry};
use crate::store::intent::Intent;
use crate::store::link::{self, NewLink};
use crate::store::seen::Seen;
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, StoreError};
use crate::sync::World;
use crate::sync::apply::wake_contacts;

use super::Recovery;
use super::shown::{Shown, shows};

/// The record is ours: it is linked as its create would have done it.
pub(super) async fn adopt(
    connection: &mut Connection,
    world: World<'_>,
    recovery: Recovery<'_>,
    intent: &Intent,
    source: &Seen,
    target: &Seen,
) -> Result<(), StoreError> {
    let new_half = (target.id, &target.record.id);
    let old_half = (source.id, &source.record.id);
    let (flowtly, crm) = match intent.side {
        Side::Flowtly => (new_half, old_half),
        Side::Crm => (old_half, new_half),
    };
    let new = NewLink {
        kind: intent.kind,
        parent: intent.body.parent,
        flowtly,
        crm,
        reason: "created, the reply was lost",
        pass: recovery.pass,
    };
    let link = link::insert(connection, &new).await?;
    agree_on_sent(connection, world, intent, link, source, &target.record).await?;
    if intent.kind == Kind::Company {
        for half in [source, target] {
            let (company, now) = ((half.record.side, &half.record.id), world.clock.now());
            wake_contacts(connection, &world.ruling.locale, company, Why::BlockedByParent, now).await?;
        }
    }
    todo::arm(connection, intent.kind, &[Subject::Link(link)], Why::Interrupted, Some(world.clock.now())).await
}

/// Fields that are stored as they were sent are agreed, and so is what the system left of a text that it cut: the rule about
/// values that never agreed would put the beginning in the place of the whole. The others are merged by the next plan.
async fn agree_on_sent(
    connection: &mut Connection,
    world: World<'_>,
    intent: &Intent,
    link: LinkId,
    source: &Seen,
    target: &Record,
) -> Result<(), StoreError> {
    let Op::Create { fields, .. } = &intent.body.action.op else { return Ok(()) };
    let locale = &world.ruling.locale;
    let shape = world.shape(intent.side, intent.kind);
    let source_shape = world.shape(intent.side.opposite(), intent.kind);
    let (mut ours, mut theirs) = (base::Bases::new(), base::Bases::new());
    for (field, text) in fields {
        let sent = Reading::of(*field, text.clone(), locale);
        let agrees = shows(*field, target.reading(*field), text, locale) != Shown::Other;
        if let (true, Some(key), Some(source_key)) = (agrees, base::key(shape, *field), base::key(source_shape, *field))
        {
            theirs.insert(*field, Entry { key, text: None });
            let now = source.record.reading(*field);
            if *now != Reading::Unknown {
                // What the source shows may have moved since: agreed is what was copied, and the move still travels. A journal
                // of an earlier release does not say what that was: then what was sent stands for it, and nothing for a default.
                let copied = intent.body.copied.iter().find(|(copied, _)| copied == field).map(|(_, text)| text);
                let unmoved = copied.map_or_else(
                    || *now == Reading::Blank || now.same_as(&sent) || now.agrees_with(&sent),
                    |copied| Reading::of(*field, copied.clone(), locale).same_as(now),
                );
                let text = (!unmoved).then(|| copied.unwrap_or(text).clone());
                ours.insert(*field, Entry { key: source_key, text });
            }
        }
    }
    base::put(connection, &[(link, intent.side, theirs), (link, intent.side.opposite(), ours)]).await
}
