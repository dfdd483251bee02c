//! Open creates: found by our id or by the system's own evidence, concluded to have never happened, or asked about.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use tracing::{info, warn};

use crate::connector::error::ErrorKind;
use crate::connector::port::Find;
use crate::domain::field::Field;
use crate::domain::matching::{self, identifying};
use crate::domain::plan::{Asks, CandidateNote, Op, Question};
use crate::domain::record::{Kind, Record, RemoteId};
use crate::domain::value::{Reading, is_placeholder};
use crate::store::action::StepOp;
use crate::store::intent::{self, Doubt, Intent, Outcome};
use crate::store::link;
use crate::store::seen::{self, Seen, SeenId};
use crate::store::{Connection, Store, StoreError, match_key, waiting};
use crate::sync::answered::answered;
use crate::sync::match_up::stored_keys;
use crate::sync::scan::Scans;
use crate::sync::stage::take_in;
use crate::sync::{PassError, World, on};

use super::adopt::adopt;
use super::shown::{Shown, shows};
use super::{Recovery, close, is_over, over_after};

/// How many records without a partner are looked at together.
const BEHIND: u32 = 500;

/// A create that carried our id is found by it, whatever an index shows. Any other waits for what the scan shows, and so does
/// one that cannot be looked for: [`conclude`].
pub(super) async fn create(
    world: World<'_>,
    store: &mut Store,
    recovery: Recovery<'_>,
    intent: &Intent,
    sent: DateTime<Utc>,
) -> Result<Option<Outcome>, PassError> {
    let Some(source) = source_of(world, store, intent).await? else { return Ok(Some(Outcome::Overtaken)) };
    let Some(stored_id) = &intent.body.stored_id else { return Ok(None) };
    // Asked before the look: what it does not show may have come while it was under way.
    let was_over = is_over(world, intent.side, sent);
    let look = world.source(intent.side).find(intent.kind, &Find::StoredId(stored_id.clone())).await;
    world.progress.looked();
    let rows = match look {
        Ok(Some(rows)) => rows,
        Ok(None) => return doubted(store.connection(), intent, Doubt::Unread).await,
        Err(error) if says_no_such_look(error.kind) => {
            return doubted(store.connection(), intent, Doubt::Unread).await;
        }
        Err(error) => return Err(on(intent.side)(error)),
    };
    let alone = match rows.as_slice() {
        [] => return Ok((was_over && intent.body.doubt.is_none()).then_some(Outcome::Void)),
        [row] => Some(row.id.clone()),
        [_, _, ..] => None,
    };
    let mut transaction = store.begin().await?;
    take_in(&mut transaction, recovery.stage(world, intent), rows).await?;
    let outcome = match alone {
        Some(id) => carrying(&mut transaction, world, recovery, intent, &source, &id).await?,
        None => doubted(&mut transaction, intent, Doubt::Shared).await?,
    };
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(outcome)
}

/// One record carries our id: it is ours, unless it has a partner, or a person said that it is something else.
async fn carrying(
    connection: &mut Connection,
    world: World<'_>,
    recovery: Recovery<'_>,
    intent: &Intent,
    source: &Seen,
    id: &RemoteId,
) -> Result<Option<Outcome>, PassError> {
    let locale = &world.ruling.locale;
    let rows = seen::by_remote_id(connection, locale, intent.side, intent.kind, &[id.as_str()]).await?;
    let Some(target) = rows.into_iter().find(|row| row.link.is_none()) else {
        warn!(intent.id = intent.id, "the record of a lost create has another partner");
        return Ok(Some(Outcome::Overtaken));
    };
    let told = answered(connection, locale, &[source]).await?.remove(&source.id).unwrap_or_default();
    if told.excludes(target.id, target.link) {
        return doubted(connection, intent, Doubt::Shared).await;
    }
    adopt(connection, world, recovery, intent, source, &target).await?;
    Ok(Some(Outcome::Settled))
}

/// Whether a side says that nobody can be looked for by our id: it has no such property, or does not let us see it. Where the
/// whole side is closed to us, the scan fails as well.
fn says_no_such_look(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Invalid | ErrorKind::Setting | ErrorKind::Forbidden | ErrorKind::NotFound => true,
        ErrorKind::Connect
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::RateLimited
        | ErrorKind::Quota
        | ErrorKind::Unavailable
        | ErrorKind::Unauthorized
        | ErrorKind::Conflict
        | ErrorKind::Protocol
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled => false,
    }
}

/// Our id decides nothing, now and later; told once.
async fn doubted(connection: &mut Connection, intent: &Intent, doubt: Doubt) -> Result<Option<Outcome>, PassError> {
    if intent.body.doubt < Some(doubt) {
        let why = match doubt {
            Doubt::Unread => "nobody can be looked for by our id: what the lists show decides about a lost create",
            Doubt::Shared => "our id does not say which record a lost create made: a person is asked",
        };
        warn!(intent.id = intent.id, side.name = intent.side.as_str(), "{why}");
        intent::doubt(connection, intent, doubt).await?;
    }
    Ok(None)
}

/// The record that a create copies; `None` if it is gone, or was linked meanwhile: whatever became of the create, it has its
/// partner.
async fn source_of(world: World<'_>, store: &mut Store, intent: &Intent) -> Result<Option<Seen>, StoreError> {
    let Some(source) = intent.source else { return Ok(None) };
    let rows = seen::by_id(store.connection(), &world.ruling.locale, &[source]).await?;
    Ok(rows.into_iter().next().filter(|source| source.link.is_none()))
}

/// Closes open creates by what the scan has shown; `began` is our time when it began. Those about which our id decides are left
/// to it.
///
/// One unlinked record that is newer than the send by the system's own evidence, and equal in every field that was sent, is
/// ours. That it never happened is concluded only from a whole listing that began after the request was certainly over, and
/// that shows nothing newer under the same keys. Anything else is a question, and so is it which of several records that carry our
/// id is ours. What is found for one create is no candidate
/// for another, whichever of them was sent first.
pub(crate) async fn conclude(
    world: World<'_>,
    store: &mut Store,
    recovery: Recovery<'_>,
    scans: &Scans,
    began: DateTime<Utc>,
) -> Result<(), PassError> {
    let mut open = intent::open(store.connection()).await?;
    let by_id = |intent: &Intent| intent.body.stored_id.is_some() && intent.body.doubt.is_none();
    open.retain(|intent| intent.op == StepOp::Create && !by_id(intent));
    loop {
        let before = open.len();
        let mut left = Vec::with_capacity(before);
        for intent in open {
            if !is_found(world, store, recovery, &intent).await? {
                left.push(intent);
            }
        }
        open = left;
        // What was found now was a candidate for those before it.
        if open.len() == before {
            break;
        }
    }
    for intent in open {
        let (Some(sent), Some(lost)) = (intent.sending, lost(world, store, recovery, &intent).await?) else { continue };
        let whole = scans.get(&(intent.side, intent.kind)).is_some_and(|scan| scan.complete && scan.consistent);
        if lost.newer.is_empty() && whole && began > sent + over_after(world, intent.side) {
            info!(intent.id = intent.id, "a lost create never happened");
            close(store.connection(), world, &intent, Outcome::Void).await?;
        } else {
            ask(world, store, recovery, &lost.source, &lost.newer).await?;
        }
    }
    Ok(())
}

/// An open create, and what may have become of it.
struct Lost {
    source: Seen,
    home: Option<RemoteId>,
    newer: Vec<Seen>,
}

/// `None` for one that was not sent, and where the record that it copies is gone or has its partner.
async fn lost(
    world: World<'_>,
    store: &mut Store,
    recovery: Recovery<'_>,
    intent: &Intent,
) -> Result<Option<Lost>, StoreError> {
    let (Some(sent), Some(source)) = (intent.sending, source_of(world, store, intent).await?) else { return Ok(None) };
    let home = home(store, intent).await?;
    let newer = newer(world, store, recovery, intent, &source, home.as_ref(), sent).await?;
    Ok(Some(Lost { source, home, newer }))
}

/// Whether a create needs no further look: its record is there and linked now, or the one that it copies has no need of it.
async fn is_found(
    world: World<'_>,
    store: &mut Store,
    recovery: Recovery<'_>,
    intent: &Intent,
) -> Result<bool, PassError> {
    if intent.sending.is_none() {
        return Ok(true);
    }
    let Some(lost) = lost(world, store, recovery, intent).await? else {
        close(store.connection(), world, intent, Outcome::Overtaken).await?;
        return Ok(true);
    };
    let is_ours = |row: &&Seen| is_as_sent(world, intent, &row.record) && row.record.parent == lost.home;
    let ours: Vec<&Seen> = lost.newer.iter().filter(is_ours).collect();
    let [one] = ours.as_slice() else { return Ok(false) };
    let is_shared = lost.newer.iter().any(|row| row.id != one.id && carries_our_id(intent, row));
    if is_shared || intent.body.doubt == Some(Doubt::Shared) {
        return Ok(false);
    }
    let mut transaction = store.begin().await?;
    adopt(&mut transaction, world, recovery, intent, &lost.source, one).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    info!(intent.id = intent.id, "a lost create arrived: its record is linked");
    close(store.connection(), world, intent, Outcome::Settled).await?;
    Ok(true)
}

/// The company on the target side to which a contact was sent.
async fn home(store: &mut Store, intent: &Intent) -> Result<Option<RemoteId>, StoreError> {
    let Some(parent) = intent.body.parent else { return Ok(None) };
    let links = link::by_id(store.connection(), &[parent]).await?;
    Ok(links.get(&parent).map(|link| link.remote_id(intent.side).clone()))
}

/// Unlinked records of the target side that appeared after the send, and share a key with the source, belong to the company to
/// which it was sent, or may be what people have made of it since. What a person is asked about already stays among them,
/// whatever becomes of it, until the person answers.
async fn newer(
    world: World<'_>,
    store: &mut Store,
    recovery: Recovery<'_>,
    intent: &Intent,
    source: &Seen,
    home: Option<&RemoteId>,
    sent: DateTime<Utc>,
) -> Result<Vec<Seen>, StoreError> {
    let locale = &world.ruling.locale;
    let as_sent = as_sent(world, intent, &source.record);
    let mut rows: BTreeMap<SeenId, Seen> = match (intent.kind, home) {
        (Kind::Company, _) => {
            // By what it shows now, and by what was sent: the source may have been edited since.
            let rules = world.ruling.of(Kind::Company);
            let of = |record: &Record| stored_keys(&matching::company_keys(record, recovery.organisation, rules));
            let mut keys = of(&source.record);
            keys.extend(of(&as_sent));
            let rows = match_key::find(store.connection(), locale, intent.side, &keys).await?;
            rows.into_iter().map(|(_, row)| (row.id, row)).collect()
        }
        (Kind::Contact, Some(company)) => {
            let rows = seen::children(store.connection(), locale, intent.side, &[company.as_str()]).await?;
            rows.into_iter().map(|row| (row.id, row)).collect()
        }
        (Kind::Contact, None) => BTreeMap::new(),
    };
    let (side, kind, highest) = (intent.side, intent.kind, intent.body.highest);
    let mut after = SeenId(0);
    loop {
        let behind = seen::unlinked_behind(store.connection(), locale, (side, kind), highest, after, BEHIND).await?;
        let Some(last) = behind.last() else { break };
        after = last.id;
        let candidates = behind.into_iter().filter(|row| may_have_become(&as_sent, intent, &row.record));
        rows.extend(candidates.map(|row| (row.id, row)));
    }
    let asked = waiting::questioned(store.connection()).await?;
    let asked = asked.iter().filter(|(subject, question)| *subject == source.id && question.asks == Asks::LostCreate);
    let ids: Vec<&str> =
        asked.flat_map(|(_, question)| &question.candidates).map(|one| one.record.id.as_str()).collect();
    let found = seen::by_remote_id(store.connection(), locale, side, kind, &ids).await?;
    rows.extend(found.into_iter().map(|row| (row.id, row)));
    let told = answered(store.connection(), locale, &[source]).await?.remove(&source.id).unwrap_or_default();
    let is_newer = |row: &Seen| {
        // Where no number was known, any is higher.
        let by_number = row.record.id.as_number().map(|id| intent.body.highest.is_none_or(|known| id > known));
        let is_after = row.record.created.is_some_and(|created| created > sent);
        // A system may show the time of a creation in whole seconds, and what was made just before the send is no older: within
        // that second the number decides, where there is one.
        let in_its_second = || row.record.created.is_some_and(|created| created >= sent.trunc_subsecs(0));
        carries_our_id(intent, row) || is_after || by_number.unwrap_or_else(in_its_second)
    };
    Ok(rows
        .into_values()
        .filter(|row| row.record.kind == intent.kind && row.link.is_none() && !row.gone)
        // One that somebody has archived since did arrive, too: its pair rests, and it is not made again.
        .filter(is_newer)
        // A person said that it is something else.
        .filter(|row| !told.excludes(row.id, row.link))
        .collect())
}

fn carries_our_id(intent: &Intent, row: &Seen) -> bool {
    intent.body.stored_id.is_some() && row.record.stored_id == intent.body.stored_id
}

/// The source as it was when its create was sent.
fn as_sent(world: World<'_>, intent: &Intent, source: &Record) -> Record {
    let mut record = source.clone();
    if let Op::Create { fields, .. } = &intent.body.action.op {
        let sent = fields.iter().map(|(field, text)| (*field, Reading::of(*field, text.clone(), &world.ruling.locale)));
        record.fields.extend(sent);
    }
    record
}

/// Whether a record may be the one that was sent, cut by its system or edited since: it shows something of it, and nothing by
/// which it would be known as another, unless it is reached as that one is. What is blank, no more than a placeholder, or only the beginning says nothing against it.
fn may_have_become(as_sent: &Record, intent: &Intent, record: &Record) -> bool {
    let Op::Create { fields, .. } = &intent.body.action.op else { return false };
    let is_shown = |field: Field| {
        let (sent, shown) = (as_sent.reading(field), record.reading(field));
        shown.value().is_some() && (shown.same_as(sent) || shown.agrees_with(sent))
    };
    let speaks_against = |field: &Field| {
        let (Some(sent), Some(shown)) = (as_sent.reading(*field).value(), record.reading(*field).value()) else {
            return false;
        };
        let (sent, shown) = (sent.text().to_string(), shown.text().to_string());
        !is_shown(*field) && !is_placeholder(&shown) && !sent.trim().starts_with(shown.trim())
    };
    // Renamed since, it still shows by what nobody else is reached.
    let is_reached = |field: &Field| {
        matches!(field, Field::Phone | Field::Address | Field::ContactPhone | Field::Email) && is_shown(*field)
    };
    fields.iter().any(|(field, _)| is_shown(*field))
        && (fields.iter().any(|(field, _)| is_reached(field)) || !identifying(record.kind).iter().any(speaks_against))
}

/// Whether a record shows every field as it was sent.
fn is_as_sent(world: World<'_>, intent: &Intent, record: &Record) -> bool {
    let Op::Create { fields, .. } = &intent.body.action.op else { return false };
    let locale = &world.ruling.locale;
    fields.iter().all(|(field, sent)| shows(*field, record.reading(*field), sent, locale) == Shown::AsSent)
}

async fn ask(
    world: World<'_>,
    store: &mut Store,
    recovery: Recovery<'_>,
    source: &Seen,
    newer: &[Seen],
) -> Result<(), PassError> {
    let candidates: Vec<CandidateNote> = newer
        .iter()
        .map(|row| CandidateNote {
            record: row.reference(),
            label: row.record.label(),
            speaks_for: Vec::new(),
            speaks_against: Vec::new(),
        })
        .collect();
    let question = Question { asks: Asks::LostCreate, subject: source.reference(), candidates };
    let now = world.clock.now();
    waiting::put_question(store.connection(), source.id, &question, &source.record.label(), recovery.pass, now).await?;
    Ok(())
}
