//! Writes: one request a record. Lists of addresses and numbers and the parts of an address are written whole, so what is
//! there is read just before, and only the mapped part of it is changed.

use http::Method;
use serde_json::{Map, Value, json};

use super::error::{about_record, is_forbidden};
use super::fields::{Bound, Definition, FieldType, Slot, slot};
use super::layout::Layout;
use super::line;
use super::place::Path;
use super::read::{self, Single};
use super::settings::{Lane, PipedriveSettings};
use super::talk::Talk;
use super::value;
use super::wire::{self, Item};
use crate::connector::error::{ErrorKind, FieldRefusal, Outcome, PortError};
use crate::connector::port::{ParentWrite, Target, Write, Written};
use crate::domain::record::{Kind, Version};
use crate::domain::shape::{Delivered, Row};

/// Pipedrive's own properties of a person that are only there where Contact Sync is on; else they are forbidden.
const CONTACT_SYNC: [&str; 5] = ["job_title", "postal_address", "birthday", "notes", "im"];

/// One answer for each write, in order.
pub(super) async fn write(talk: &Talk, kind: Kind, writes: &[Write]) -> Vec<Written> {
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        answers.push(match one(talk, kind, write).await {
            Ok(row) => Written::Stored(Box::new(row)),
            Err(error) => Written::Failed(error),
        });
    }
    answers
}

async fn one(talk: &Talk, kind: Kind, write: &Write) -> Result<Row, PortError> {
    let (layout, began) = (talk.layout(kind), talk.elapsed());
    // Nothing of what is read before the write can leave its outcome open: nothing was written yet.
    let body = body(talk, kind, write).await.map_err(not_sent)?;
    talk.in_time(began)?;
    let reply = match &write.target {
        Target::Update { id, .. } if body.is_empty() => {
            return read::one(talk, kind, id)
                .await?
                .ok_or_else(|| PortError::new(ErrorKind::NotFound, "it is not there, or may not be seen"));
        }
        Target::Update { id, .. } => {
            let url = talk.at.records(kind, &[id.as_str()]);
            let body = Value::Object(body.clone());
            talk.order(Method::PATCH, "/api/v2/{type}/{id}", url, &body, Lane::Write).await
        }
        Target::Create => {
            let url = talk.at.records(kind, &[]);
            let body = Value::Object(body.clone());
            let made = talk.order(Method::POST, "/api/v2/{type}", url, &body, Lane::Write).await;
            made.map_err(super::talk::endpoint_must_exist)
        }
    };
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            let bound = talk.bound(kind).await;
            let error = named(layout, bound.as_deref().ok(), write, &body, error);
            return Err(if write.target == Target::Create { error } else { about_record(error) });
        }
    };
    let item = wire::reply::<Item>(&reply.body)?.data;
    stored(talk, kind, write, item).await
}

/// The row that Pipedrive says that it stored. What its reply leaves out is read.
async fn stored(talk: &Talk, kind: Kind, write: &Write, item: Item) -> Result<Row, PortError> {
    let mut row = talk.rows(kind, std::slice::from_ref(&item)).await.map_err(|error| unread(&error))?.pop();
    if let (Some(row), Target::Update { id, .. }) = (&row, &write.target)
        && row.id != *id
    {
        return Err(PortError::new(ErrorKind::Protocol, "Pipedrive answered a write with another record"));
    }
    if let Some(row) = &mut row
        && is_short(talk, kind, row).await
    {
        let read = read::one(talk, kind, &row.id).await.map_err(|error| unread(&error))?;
        let paths: Vec<&str> = talk.layout(kind).shape.paths().collect();
        let was_sent = |place: usize| write.texts.iter().any(|(path, _)| paths.get(place) == Some(&path.as_str()));
        fill(row, read.as_ref(), was_sent);
    }
    row.ok_or_else(|| PortError::new(ErrorKind::Protocol, "Pipedrive's reply holds no record"))
}

/// Whether a reply leaves something out that this account has.
async fn is_short(talk: &Talk, kind: Kind, row: &Row) -> bool {
    let Ok(bound) = talk.bound(kind).await else { return false };
    row.texts.iter().zip(&bound.slots).any(|(text, slot)| {
        let is_there = match slot {
            Slot::Missing => false,
            // Those of a feature that is off are not there either.
            Slot::Standard(name, _) => !CONTACT_SYNC.contains(&name.as_str()),
            Slot::Part(..) | Slot::Primary(_) | Slot::Custom(..) => true,
        };
        is_there && *text == Delivered::Unknown
    })
}

/// What the reply said stands, because somebody may have edited the record in between. Where the stamp tells that somebody did,
/// what was sent is not taken from there either: what is read then may be theirs. Stamps count seconds, within one they do not tell.
fn fill(row: &mut Row, read: Option<&Row>, was_sent: impl Fn(usize) -> bool) {
    let Some(read) = read else { return };
    let is_edited = row.version != read.version;
    for (place, (text, read)) in row.texts.iter_mut().zip(&read.texts).enumerate() {
        if *text == Delivered::Unknown && !(is_edited && was_sent(place)) {
            text.clone_from(read);
        }
    }
    if row.stored_id.is_none() {
        row.stored_id.clone_from(&read.stored_id);
    }
    row.created = row.created.or(read.created);
}

/// The body of a write.
async fn body(talk: &Talk, kind: Kind, write: &Write) -> Result<Map<String, Value>, PortError> {
    let layout = talk.layout(kind);
    let mut bound = talk.bound(kind).await?;
    let slots = |bound: &Bound| {
        let texts = write.texts.iter().map(|(path, text)| -> Result<_, PortError> {
            let slot = slot(&bound.definitions, &Path::parse(path))?;
            Ok((path.clone(), slot, text.clone()))
        });
        let ours = layout.id_path.iter().zip(&bound.id_field).zip(&write.stored_id);
        let ours = ours.map(|((path, slot), id)| Ok((path.clone(), slot.clone(), Some(id.clone()))));
        texts.chain(ours).collect::<Result<Vec<_>, PortError>>()
    };
    let mut wanted = slots(&bound)?;
    if wanted.iter().any(|(_, slot, text)| is_riddle(slot, text.as_deref())) {
        bound = talk.renewed(kind).await?;
        wanted = slots(&bound)?;
    }
    let present = match &write.target {
        Target::Update { id, version } if wanted.iter().any(|(_, slot, _)| is_composite(slot)) => {
            match read::item(talk, kind, id).await? {
                Single::Shown(item) if is_another(&item, version.as_ref()) => return Err(moved()),
                Single::Shown(item) => item,
                Single::Closed => return Err(PortError::new(ErrorKind::Invalid, "the token's user may not see it")),
                Single::Gone => return Err(PortError::new(ErrorKind::NotFound, "it is not there any more")),
            }
        }
        Target::Update { .. } | Target::Create => Item::new(),
    };
    let mut body = Map::new();
    let mut refusals = Vec::new();
    for (path, slot, text) in &wanted {
        if let Err(message) = put(&mut body, &present, slot, text.as_deref(), &talk.settings) {
            refusals.push(FieldRefusal { path: path.clone(), message });
        }
    }
    if !refusals.is_empty() {
        let words: Vec<String> =
            refusals.iter().map(|refusal| format!("{}: {}", refusal.path, refusal.message)).collect();
        let mut error =
            PortError::new(ErrorKind::Invalid, format!("this cannot be written to Pipedrive: {}", words.join("; ")));
        error.fields = refusals;
        return Err(error);
    }
    if talk.settings.compose_address && !line::is_mapped(layout) {
        line::compose(&mut body, &present);
    }
    if let Some(ParentWrite { to, .. }) = &write.parent {
        body.insert("org_id".to_owned(), json!(read::number(to)?));
    }
    Ok(body)
}

/// Whether a record is not as it was planned from, by the second of its last change.
fn is_another(item: &Item, version: Option<&Version>) -> bool {
    let now = item.get("update_time").and_then(Value::as_str);
    now.zip(version).is_some_and(|(now, version)| now != version.0)
}

fn moved() -> PortError {
    let message = "somebody changed the record since it was read: nothing was written";
    PortError { superseded: true, ..PortError::new(ErrorKind::Conflict, message) }
}

/// Puts a text into the body; or says why it cannot be written.
fn put(
    body: &mut Map<String, Value>,
    present: &Item,
    slot: &Slot,
    text: Option<&str>,
    settings: &PipedriveSettings,
) -> Result<(), String> {
    let null = Value::Null;
    match slot {
        Slot::Missing => {
            return Err("the account has no such custom field: add it in Pipedrive, or by `flowtly-sync check --fix`"
                .to_owned());
        }
        Slot::Standard(name, _) if !settings.writable_names && (name == "first_name" || name == "last_name") => {
            return Err("Pipedrive takes the full name only: map `name`, or set writable_names".to_owned());
        }
        Slot::Standard(name, Some(definition)) => {
            body.insert(name.clone(), value::write(definition, None, text, present.get(name).unwrap_or(&null))?);
        }
        Slot::Standard(name, None) => {
            body.insert(name.clone(), text.map_or(Value::Null, |text| json!(text)));
        }
        Slot::Part(name, part) => {
            let parts = body
                .entry(name.clone())
                .or_insert_with(|| Value::Object(value::address_parts(present.get(name).unwrap_or(&Value::Null))));
            if let Value::Object(parts) = parts {
                // A part is documented as a text; an empty one clears it.
                parts.insert(part.clone(), json!(text.unwrap_or_default()));
            }
        }
        Slot::Primary(name) => {
            let list = with_primary(present.get(name).unwrap_or(&null), text, &settings.new_label);
            body.insert(name.clone(), list);
        }
        Slot::Custom(definition, part) => {
            let fields = body.entry("custom_fields").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(fields) = fields {
                let stored =
                    present.get("custom_fields").and_then(|fields| fields.get(&definition.code)).unwrap_or(&null);
                // Two parts of one field are written into each other.
                let present = fields.get(&definition.code).unwrap_or(stored);
                let written = value::write(definition, part.as_deref(), text, present)?;
                fields.insert(definition.code.clone(), written);
            }
        }
    }
    Ok(())
}

/// The list with another primary entry; the others and all labels stay. One of the others that holds the new text already becomes
/// the primary one, and the old one stays beside it, so that nothing is lost and nothing stands twice.
fn with_primary(list: &Value, text: Option<&str>, label: &str) -> Value {
    let mut entries: Vec<Value> = list.as_array().cloned().unwrap_or_default();
    entries.retain(|entry| entry.get("value").and_then(Value::as_str).is_some_and(|value| !value.is_empty()));
    let value_of = |entry: &Value| entry.get("value").and_then(Value::as_str).unwrap_or_default().to_owned();
    let says_so = entries.iter().position(|entry| entry.get("primary").and_then(Value::as_bool) == Some(true));
    let place = says_so.or_else(|| (!entries.is_empty()).then_some(0));
    match (text, place) {
        (None, Some(place)) => {
            entries.remove(place);
        }
        (None, None) => {}
        (Some(text), place) => {
            let same = entries.iter().position(|entry| value_of(entry).eq_ignore_ascii_case(text));
            let chosen = match (same, place) {
                (Some(same), _) => same,
                (None, Some(place)) => place,
                (None, None) => {
                    entries.push(json!({"label": label}));
                    entries.len().saturating_sub(1)
                }
            };
            for (position, entry) in entries.iter_mut().enumerate() {
                let Value::Object(entry) = entry else { continue };
                entry.insert("primary".to_owned(), json!(position == chosen));
                if position == chosen {
                    entry.insert("value".to_owned(), json!(text));
                }
            }
        }
    }
    Value::Array(entries)
}

/// Whether what is there now is needed for a write of it.
fn is_composite(slot: &Slot) -> bool {
    match slot {
        Slot::Part(..) | Slot::Primary(_) => true,
        Slot::Custom(definition, part) => part.is_some() || definition.field_type == FieldType::Money,
        Slot::Standard(..) | Slot::Missing => false,
    }
}

/// Whether the list of fields may be too old for a write.
fn is_riddle(slot: &Slot, text: Option<&str>) -> bool {
    match slot {
        Slot::Missing => true,
        Slot::Custom(definition, None) => has_no_such_choice(definition, text),
        Slot::Standard(_, Some(definition)) => has_no_such_choice(definition, text),
        Slot::Standard(_, None) | Slot::Part(..) | Slot::Primary(_) | Slot::Custom(_, Some(_)) => false,
    }
}

fn has_no_such_choice(definition: &Definition, text: Option<&str>) -> bool {
    let has_choices = matches!(definition.field_type, FieldType::One | FieldType::Several);
    has_choices && text.is_some_and(|text| value::write(definition, None, Some(text), &Value::Null).is_err())
}

/// A refusal with the mapped properties that it names: by Pipedrive's own key, or by its feature that is off.
fn named(
    layout: &Layout,
    bound: Option<&Bound>,
    write: &Write,
    body: &Map<String, Value>,
    mut error: PortError,
) -> PortError {
    let Some(bound) = bound else { return error };
    let by_feature = is_forbidden(&error) && CONTACT_SYNC.iter().any(|name| body.contains_key(*name));
    if by_feature {
        error.kind = ErrorKind::Invalid;
        error.message =
            format!("{}; Contact Sync is off for this company, so do not map these properties", error.message);
    }
    if error.kind != ErrorKind::Invalid {
        return error;
    }
    let ours = layout.id_path.iter().filter(|_| write.stored_id.is_some());
    for path in write.texts.iter().map(|(path, _)| path).chain(ours) {
        let is_named = match slot(&bound.definitions, &Path::parse(path)) {
            Ok(Slot::Custom(definition, _)) => has_word(&error.message, &definition.code),
            Ok(Slot::Standard(name, _)) if by_feature => CONTACT_SYNC.contains(&name.as_str()),
            Ok(Slot::Standard(name, _) | Slot::Part(name, _) | Slot::Primary(name)) => has_word(&error.message, &name),
            Ok(Slot::Missing) | Err(_) => false,
        };
        if is_named && !error.fields.iter().any(|field| field.path == *path) {
            error.fields.push(FieldRefusal { path: path.clone(), message: error.message.clone() });
        }
    }
    error
}

/// Whether a sentence holds a name as a word of its own, before a colon or in quotes.
fn has_word(sentence: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    sentence.match_indices(word).any(|(at, _)| {
        let before = sentence.get(..at).and_then(|text| text.chars().next_back());
        let mut after = sentence.get(at + word.len()..).unwrap_or_default().chars();
        let next = after.next();
        let quoted = before.is_some_and(|it| it == '\'' || it == '"') && next.is_some_and(|it| it == '\'' || it == '"');
        let is_word = !before.is_some_and(is_part) && !next.is_some_and(is_part);
        is_word && (quoted || matches!(next, Some(':' | '.' | '[')))
    })
}

/// A failure before anything was sent: the write did not happen.
fn not_sent(error: PortError) -> PortError {
    match error.kind.outcome() {
        Outcome::NotApplied => error,
        Outcome::Unknown => {
            let message =
                format!("what is needed for the write could not be read, nothing was sent: {}", error.message);
            PortError { kind: ErrorKind::Connect, message, ..error }
        }
    }
}

/// A write that was carried out and whose result is not known: recovery must look.
fn unread(error: &PortError) -> PortError {
    let message = format!("Pipedrive took the write, but what it stored could not be read: {}", error.message);
    PortError::new(ErrorKind::Broken, message)
}

/// Whether texts that are to be written need newer fields: a choice that the known ones do not have.
pub(super) async fn read_ahead(talk: &Talk, kind: Kind, texts: &[(String, Option<String>)]) -> Result<(), PortError> {
    let bound = talk.bound(kind).await?;
    for (path, text) in texts {
        if is_riddle(&slot(&bound.definitions, &Path::parse(path))?, text.as_deref()) {
            talk.renewed(kind).await?;
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::{RemoteId, Standing};

    fn row(version: &str, texts: Vec<Delivered>) -> Row {
        Row {
            version: Some(Version(version.to_owned())),
            standing: Standing::Live,
            texts,
            ..Row::closed(RemoteId::new("1"), 0)
        }
    }

    #[test]
    fn what_was_sent_is_not_taken_from_somebody_elses_edit() {
        let text = |text: &str| Delivered::Text(text.into());
        let filled = |version: &str| {
            let mut reply = row("2026-11-23T12:00:00Z", vec![text("Alfa"), Delivered::Unknown, Delivered::Unknown]);
            let read = row(version, vec![text("Beta"), text("2"), text("3")]);
            fill(&mut reply, Some(&read), |place| place < 2);
            reply.texts
        };
        assert_eq!(filled("2026-11-23T12:00:00Z"), [text("Alfa"), text("2"), text("3")]);
        assert_eq!(filled("2026-11-23T12:00:05Z"), [text("Alfa"), Delivered::Unknown, text("3")]);
    }

    fn entry(value: &str, primary: bool, label: &str) -> Value {
        json!({"value": value, "primary": primary, "label": label})
    }

    #[test]
    fn only_the_primary_entry_is_replaced() {
        let list = json!([entry("home@a", false, "home"), entry("work@a", true, "work")]);
        let written = with_primary(&list, Some("new@a"), "x");
        assert_eq!(written, json!([entry("home@a", false, "home"), entry("new@a", true, "work")]));
        assert_eq!(with_primary(&list, None, "x"), json!([entry("home@a", false, "home")]));
        assert_eq!(with_primary(&Value::Null, Some("a@a"), "work"), json!([entry("a@a", true, "work")]));
        assert_eq!(
            with_primary(&json!([entry("", true, "")]), Some("a@a"), "work"),
            json!([entry("a@a", true, "work")])
        );
        assert_eq!(with_primary(&Value::Null, None, "work"), json!([]));
    }

    #[test]
    fn an_entry_that_holds_the_text_already_becomes_the_primary_one() {
        let list = json!([entry("old@a", true, "work"), entry("new@a", false, "home")]);
        let written = with_primary(&list, Some("New@a"), "x");
        assert_eq!(written, json!([entry("old@a", false, "work"), entry("New@a", true, "home")]));
    }

    #[test]
    fn a_name_counts_where_the_sentence_is_about_it() {
        assert!(has_word("Validation failed: custom_fields.9dc8: Expected 'number'", "9dc8"));
        assert!(has_word("Validation failed: emails: must be an array", "emails"));
        assert!(has_word("Parameter 'first_name' is not allowed", "first_name"));
        assert!(!has_word("Pipedrive refused the data: the name is bad", "name"));
        assert!(!has_word("first_name: is not allowed", "name"));
    }
}
