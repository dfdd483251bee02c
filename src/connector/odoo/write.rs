//! Writes: many creates in one call, updates one by one, and then what Odoo stored.
//!
//! A call is one transaction. Only a definite refusal of a batch is taken apart and sent again; what may have been carried out is
//! left to recovery.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::call::MethodCall;
use super::error::not_the_protocol;
use super::fields::{Companies, Fields, IS_COMPANY, PARTNER};
use super::layout::PARENT;
use super::lookup::refused;
use super::read::{self, Writer, number};
use super::refusal::with_fields;
use super::rights::{Right, Rights};
use super::row::Entry;
use super::talk::Talk;
use crate::connector::error::{ErrorKind, FieldRefusal, Outcome, PortError};
use crate::connector::port::{Target, Write, Written};
use crate::domain::record::{Kind, RemoteId, Standing};
use crate::domain::shape::{Delivered, Row};

/// The fields of one record as they are sent.
type Vals = Map<String, Value>;

/// One answer for each write, in order.
pub(super) async fn write(talk: &Talk, kind: Kind, writes: &[Write]) -> Vec<Written> {
    let mut answers: Vec<Option<Written>> = writes.iter().map(|_| None).collect();
    let mut put = |position: usize, answer: Result<Row, PortError>| {
        let answer = answer.map_or_else(Written::Failed, |row| Written::Stored(Box::new(row)));
        if let Some(place) = answers.get_mut(position) {
            *place = Some(answer);
        }
    };
    let began = talk.elapsed();
    let mut creates: Vec<Ready<'_>> = Vec::new();
    for (position, write) in writes.iter().enumerate() {
        let vals = match vals(talk, kind, write).await {
            Ok(vals) => vals,
            Err(error) => {
                put(position, Err(error));
                continue;
            }
        };
        match &write.target {
            Target::Create => creates.push(Ready { position, write, vals }),
            Target::Update { id, .. } => {
                put(position, update(talk, kind, id, Ready { position, write, vals }, began).await);
            }
        }
    }
    for batch in creates.chunks(talk.settings.create_batch.max(1)) {
        let answers = match talk.in_time(began) {
            Ok(()) => create(talk, kind, batch, began).await,
            Err(late) => all_failed(batch, &late),
        };
        for (position, answer) in answers {
            put(position, answer);
        }
    }
    // Every write was answered above; this line keeps the promise of one answer a write.
    let unanswered = || Written::Failed(PortError::new(ErrorKind::Protocol, "Odoo says nothing about this record"));
    answers.into_iter().map(|answer| answer.unwrap_or_else(unanswered)).collect()
}

/// A write that is about to be sent.
struct Ready<'a> {
    position: usize,
    write: &'a Write,
    vals: Vals,
}

/// What is sent for a write. Nothing was sent yet where this fails: every text that cannot be is named.
async fn vals(talk: &Talk, kind: Kind, write: &Write) -> Result<Vals, PortError> {
    let fields = talk.fields.known(talk).await.map_err(unsent)?;
    let mut vals = Vals::new();
    let mut refusals: Vec<FieldRefusal> = Vec::new();
    for (path, text) in &write.texts {
        let sent = match fields.get(path) {
            Some(info) => talk.lookups.outgoing(talk, path, info, text.as_deref()).await,
            None => Err(refused(path, "this Odoo has no such field: map another one, or none".to_owned())),
        };
        match sent {
            Ok(value) => {
                vals.insert(path.clone(), value);
            }
            Err(error) if error.kind == ErrorKind::Invalid => refusals.extend(error.fields),
            Err(error) => return Err(unsent(error)),
        }
    }
    if !refusals.is_empty() {
        let told: Vec<String> = refusals.iter().map(|field| format!("{}: {}", field.path, field.message)).collect();
        let mut error = PortError::new(ErrorKind::Invalid, told.join("; "));
        error.fields = refusals;
        return Err(error);
    }
    if let Some(parent) = &write.parent {
        vals.insert(PARENT.to_owned(), json!(number(&parent.to)?));
    }
    if let Some(stored_id) = &write.stored_id {
        vals.insert(id_field(talk, kind, &fields, &write.target)?, json!(stored_id));
    }
    if write.target == Target::Create {
        let companies = Companies::of(&fields);
        if companies == Companies::Marked {
            vals.insert(IS_COMPANY.to_owned(), json!(kind == Kind::Company));
        }
        if (companies, kind) != (Companies::Marked, Kind::Company) {
            vals.insert("type".to_owned(), json!("contact"));
        }
    }
    Ok(vals)
}

/// The field for our id. A create that leaves it out would be looked for by it in vain, and be made again: without the field there
/// is none. A record that is there already lacks our id, and nothing else waits for that.
fn id_field(talk: &Talk, kind: Kind, fields: &Fields, target: &Target) -> Result<String, PortError> {
    let field = talk.layout(kind).id_field.as_deref().filter(|field| fields.contains_key(*field));
    field.map(str::to_owned).ok_or_else(|| {
        let message = "Odoo has no field for our id: run `check --fix`, or leave id_property empty";
        let kind = if *target == Target::Create { ErrorKind::Setting } else { ErrorKind::Invalid };
        PortError::new(kind, message)
    })
}

/// A failure before the write: whatever became of that request, the write was not sent.
fn unsent(error: PortError) -> PortError {
    match error.kind.outcome() {
        Outcome::NotApplied => error,
        Outcome::Unknown => PortError { kind: ErrorKind::Connect, ..error },
    }
}

/// Makes records, all or none; a definite refusal of several is taken apart, as long as the look that all of them rely on is not
/// old.
async fn create(talk: &Talk, kind: Kind, batch: &[Ready<'_>], began: Duration) -> Vec<(usize, Result<Row, PortError>)> {
    let mut answers = Vec::with_capacity(batch.len());
    let mut waiting: Vec<&[Ready<'_>]> = vec![batch];
    let mut rights = Rights::new(PARTNER, Right::Create);
    while let Some(batch) = waiting.pop() {
        // One answer is waited for, or a batch that is refused slowly would be taken apart for ever.
        if !answers.is_empty()
            && let Err(late) = talk.in_time(began)
        {
            answers.extend(all_failed(batch, &late));
            continue;
        }
        match send_creates(talk, batch).await {
            Ok(ids) => answers.extend(created(talk, kind, batch, &ids).await),
            Err(error) => match (batch, judged(talk, &mut rights, error, batch).await) {
                ([_, _, ..], judged)
                    if judged.kind.outcome() == Outcome::NotApplied && judged.kind.is_about_record() =>
                {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    // The first half is the next one: what stands first is made first.
                    waiting.extend([second, first]);
                }
                (_, judged) => answers.extend(all_failed(batch, &judged)),
            },
        }
    }
    answers
}

fn all_failed(batch: &[Ready<'_>], error: &PortError) -> Vec<(usize, Result<Row, PortError>)> {
    batch.iter().map(|one| (one.position, Err(error.clone()))).collect()
}

async fn send_creates(talk: &Talk, batch: &[Ready<'_>]) -> Result<Vec<u64>, PortError> {
    let list: Vec<&Vals> = batch.iter().map(|one| &one.vals).collect();
    let reply = talk.order(MethodCall::new(PARTNER, "create").place("vals_list", json!(list))).await?;
    let ids: Vec<u64> = match serde_json::from_slice::<Value>(&reply.body) {
        Ok(Value::Array(ids)) => ids.iter().filter_map(Value::as_u64).collect(),
        // Older versions answer a list of one with the one.
        Ok(Value::Number(id)) => id.as_u64().into_iter().collect(),
        Ok(_) | Err(_) => Vec::new(),
    };
    if ids.len() == batch.len() { Ok(ids) } else { Err(not_the_protocol("an id for each record that was made")) }
}

/// A refusal of one record names its fields; one of several says only whether it is about records at all.
async fn judged(talk: &Talk, rights: &mut Rights, error: PortError, batch: &[Ready<'_>]) -> PortError {
    if error.kind == ErrorKind::Forbidden {
        return rights.judge(talk, error).await;
    }
    match (batch, talk.fields.known(talk).await) {
        ([one], Ok(fields)) => with_fields(error, &one.vals, &fields),
        ([_, _, ..], Ok(fields))
            if batch.iter().any(|one| with_fields(error.clone(), &one.vals, &fields).kind == ErrorKind::Invalid) =>
        {
            PortError { kind: ErrorKind::Invalid, ..error }
        }
        (_, _) => error,
    }
}

async fn created(talk: &Talk, kind: Kind, batch: &[Ready<'_>], ids: &[u64]) -> Vec<(usize, Result<Row, PortError>)> {
    let made: Vec<RemoteId> = ids.iter().map(|id| RemoteId::new(id.to_string())).collect();
    talk.met.note(kind, &made);
    let mut stored: HashMap<RemoteId, Entry> = match read::by_id(talk, kind, ids, Writer::Told).await {
        Ok(entries) => entries.into_iter().map(|entry| (entry.row.id.clone(), entry)).collect(),
        Err(error) => {
            tracing::debug!(error.kind = ?error.kind, "what Odoo stored could not be read back");
            HashMap::new()
        }
    };
    let user = talk.user().await;
    batch
        .iter()
        .zip(made)
        .map(|(one, id)| {
            let row = match stored.remove(&id) {
                Some(entry) => as_stored(talk, kind, one.write, entry, user),
                // It is there under an id that we know: what was sent stands for what was stored.
                None => as_sent(talk, kind, one.write, bare(talk, kind, id, one.write)),
            };
            (one.position, Ok(row))
        })
        .collect()
}

async fn update(talk: &Talk, kind: Kind, id: &RemoteId, ready: Ready<'_>, began: Duration) -> Result<Row, PortError> {
    let Ready { write, vals, .. } = ready;
    let number = number(id)?;
    if !vals.is_empty() {
        talk.in_time(began)?;
        let call = MethodCall::new(PARTNER, "write").on(vec![number]).place("vals", json!(vals));
        let reply = match talk.order(call).await {
            Ok(reply) => reply,
            // Its words name the record, which is no field that was refused.
            Err(error) if error.kind == ErrorKind::Forbidden => {
                return Err(Rights::new(PARTNER, Right::Write).judge(talk, error).await);
            }
            Err(error) => {
                let fields = talk.fields.known(talk).await.map_err(|_| error.clone())?;
                return Err(with_fields(error, &vals, &fields));
            }
        };
        if !matches!(serde_json::from_slice::<Value>(&reply.body), Ok(Value::Bool(true))) {
            return Err(not_the_protocol("the `true` of a write"));
        }
    }
    let unread = |why: &str| {
        PortError::new(ErrorKind::Broken, format!("Odoo took the write, but what it stored could not be read: {why}"))
    };
    let entries = read::by_id(talk, kind, &[number], Writer::Told).await.map_err(|error| unread(&error.message))?;
    let entry = entries.into_iter().find(|entry| entry.row.id == *id).ok_or_else(|| unread("it is not shown"))?;
    Ok(as_stored(talk, kind, write, entry, talk.user().await))
}

/// What was read back. Where somebody else wrote the record since, what was sent stands: their edit is one of its own. The
/// beginning of what was sent is no edit, but what the system left of it.
pub(super) fn as_stored(talk: &Talk, kind: Kind, write: &Write, entry: Entry, user: Option<u64>) -> Row {
    match (entry.writer, user) {
        (Some(writer), Some(user)) if writer != user => as_sent(talk, kind, write, entry.row),
        (_, _) => entry.row,
    }
}

fn as_sent(talk: &Talk, kind: Kind, write: &Write, mut row: Row) -> Row {
    for (place, path) in row.texts.iter_mut().zip(talk.layout(kind).shape.paths()) {
        if let Some((_, text)) = write.texts.iter().find(|(written, _)| written == path) {
            let is_beginning =
                |shown: &str| !shown.is_empty() && text.as_deref().is_some_and(|sent| sent.starts_with(shown));
            if matches!(place, Delivered::Text(shown) if is_beginning(shown)) {
                continue;
            }
            *place = text.as_deref().map_or(Delivered::Blank, |text| Delivered::Text(text.into()));
        }
    }
    row
}

/// A record of which nothing is known but that it was made.
fn bare(talk: &Talk, kind: Kind, id: RemoteId, write: &Write) -> Row {
    Row {
        id,
        parents: write.parent.iter().map(|parent| parent.to.clone()).collect(),
        version: None,
        created: None,
        modified: None,
        standing: Standing::Live,
        stored_id: write.stored_id.clone(),
        absorbed: Vec::new(),
        texts: vec![Delivered::Unknown; talk.layout(kind).shape.paths().count()],
    }
}
