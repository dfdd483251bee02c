//! The methods of models that are called from outside, with the names and the order of their arguments.

use std::cmp::Ordering;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::cell::{self, Cell};
use super::domain::{self, Node};
use super::errors::Failure;
use super::fields::{Definition, Model, description};
use super::partners::{self, Hand, PARTNER};
use super::state::{Attachment, Record, State};
use crate::sandbox::exchange::Intent;
use crate::sandbox::json::{self, Spelling};

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Read,
    Search,
    SearchRead,
    SearchCount,
    WebSearchRead,
    FieldsGet,
    Create,
    Write,
    Unlink,
    Archive,
    Unarchive,
    ContextGet,
}

impl Method {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "read" => Self::Read,
            "search" => Self::Search,
            "search_read" => Self::SearchRead,
            "search_count" => Self::SearchCount,
            "web_search_read" => Self::WebSearchRead,
            "fields_get" => Self::FieldsGet,
            "create" => Self::Create,
            "write" => Self::Write,
            "unlink" => Self::Unlink,
            "action_archive" => Self::Archive,
            "action_unarchive" => Self::Unarchive,
            "context_get" => Self::ContextGet,
            _ => return None,
        })
    }

    /// Whether it is called on records.
    pub(super) const fn is_on_records(self) -> bool {
        matches!(self, Self::Read | Self::Write | Self::Unlink | Self::Archive | Self::Unarchive)
    }

    /// Its arguments beside the records, in order.
    pub(super) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["fields", "load"],
            Self::Search => &["domain", "offset", "limit", "order"],
            Self::SearchRead => &["domain", "fields", "offset", "limit", "order"],
            Self::SearchCount => &["domain", "limit"],
            Self::WebSearchRead => &["domain", "specification", "offset", "limit", "order", "count_limit"],
            Self::FieldsGet => &["allfields", "attributes"],
            Self::Create => &["vals_list"],
            Self::Write => &["vals"],
            Self::Unlink | Self::Archive | Self::Unarchive | Self::ContextGet => &[],
        }
    }

    const fn required(self) -> &'static [&'static str] {
        match self {
            Self::WebSearchRead => &["domain", "specification"],
            Self::Create => &["vals_list"],
            Self::Write => &["vals"],
            Self::Read
            | Self::Search
            | Self::SearchRead
            | Self::SearchCount
            | Self::FieldsGet
            | Self::Unlink
            | Self::Archive
            | Self::Unarchive
            | Self::ContextGet => &[],
        }
    }

    pub(super) const fn intent(self) -> Intent {
        match self {
            Self::Create | Self::Write | Self::Unlink | Self::Archive | Self::Unarchive => Intent::Write,
            Self::Read
            | Self::Search
            | Self::SearchRead
            | Self::SearchCount
            | Self::WebSearchRead
            | Self::FieldsGet
            | Self::ContextGet => Intent::Read,
        }
    }
}

/// A call whose arguments have names.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) model: Model,
    pub(super) method: Method,
    pub(super) ids: Vec<u64>,
    pub(super) arguments: Map<String, Value>,
    pub(super) context: Map<String, Value>,
}

/// Carries a call out and gives the JSON that it returns; whether it is a page of records.
pub(super) fn carry_out(state: &mut State, hand: Hand<'_>, call: &Call) -> Result<(Vec<u8>, bool), Failure> {
    check(state, call)?;
    match call.method {
        Method::ContextGet => {
            let lang = call.context.get("lang").cloned().unwrap_or_else(|| json!("en_US"));
            Ok((json!({"lang": lang, "tz": "Europe/Warsaw", "uid": hand.user}).to_string().into_bytes(), false))
        }
        Method::FieldsGet => Ok((fields_get(state, call)?.to_string().into_bytes(), false)),
        Method::Read => read(state, call).map(|out| (out, true)),
        Method::Search | Method::SearchRead | Method::SearchCount | Method::WebSearchRead => {
            search(state, call).map(|out| (out, call.method != Method::SearchCount))
        }
        Method::Create => create(state, hand, call).map(|ids| (json!(ids).to_string().into_bytes(), false)),
        Method::Write | Method::Unlink | Method::Archive | Method::Unarchive => {
            change(state, hand, call)?;
            let archives = matches!(call.method, Method::Archive | Method::Unarchive);
            Ok((if archives { b"null".to_vec() } else { b"true".to_vec() }, false))
        }
    }
}

fn check(state: &State, call: &Call) -> Result<(), Failure> {
    if let Some(unknown) = call.arguments.keys().find(|name| !call.method.arguments().contains(&name.as_str())) {
        return Err(Failure::arguments(format!("got an unexpected keyword argument '{unknown}'")));
    }
    if let Some(missing) = call.method.required().iter().find(|name| !call.arguments.contains_key(**name)) {
        return Err(Failure::arguments(format!("missing a required argument: '{missing}'")));
    }
    if let Some(Value::String(lang)) = call.context.get("lang")
        && !state.options.languages.contains(lang)
    {
        return Err(Failure::user(format!("Invalid language code: {lang}")));
    }
    let options = &state.options;
    let writes = call.method.intent() == Intent::Write;
    match call.model {
        Model::Parameter if !options.administrator => Err(Failure::no_right("access", call.model.name())),
        Model::Field | Model::Model if writes && !options.administrator => {
            Err(Failure::no_right("create", call.model.name()))
        }
        Model::Partner | Model::Attachment if writes && !options.may_write => {
            Err(Failure::no_right("modify", call.model.name()))
        }
        Model::Partner if call.ids.iter().any(|id| state.hidden.contains(id)) => {
            let hidden: Vec<u64> = call.ids.iter().copied().filter(|id| state.hidden.contains(id)).collect();
            Err(Failure::rule(if writes { "modify" } else { "access" }, PARTNER, &hidden))
        }
        _ => Ok(()),
    }
}

fn names(call: &Call, argument: &str, fields: &[Definition]) -> Result<Vec<String>, Failure> {
    let every = || fields.iter().map(|field| field.name.clone()).filter(|name| !name.is_empty()).collect();
    let listed = match call.arguments.get(argument) {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(every()),
        Some(Value::Array(list)) if list.is_empty() => return Ok(every()),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>(),
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        Some(other) => return Err(Failure::value(format!("Invalid {argument}: {other}"))),
    };
    for name in &listed {
        if name.is_empty() || !fields.iter().any(|field| field.name == *name) {
            return Err(Failure::invalid_field(name, call.model.name()));
        }
    }
    Ok(listed)
}

fn render(out: &mut Vec<u8>, state: &State, record: &Record<'_>, names: &[String]) {
    out.extend_from_slice(b"{\"id\":");
    json::number(out, record.id());
    for name in names.iter().filter(|name| *name != "id") {
        out.push(b',');
        json::string(out, name, Spelling::Raw);
        out.push(b':');
        cell::write(out, state, &record.cell(state, name));
    }
    out.push(b'}');
}

/// Records by id, in the order of the ids; those that are not there are left out.
fn read(state: &State, call: &Call) -> Result<Vec<u8>, Failure> {
    let fields = state.fields(call.model);
    let names = names(call, "fields", &fields)?;
    let mut out = Vec::from(b"[");
    let listed = if matches!(call.model, Model::Partner | Model::Attachment) { Vec::new() } else { state.records(call.model) };
    for id in &call.ids {
        let record = match call.model {
            Model::Partner => state.partners.get(*id).map(|partner| Record::Partner(*id, partner)),
            Model::Attachment => state.attachments.get(*id).map(|one| Record::Attachment(*id, one)),
            _ => None,
        };
        let found = record.as_ref().or_else(|| listed.iter().find(|record| record.id() == *id));
        if let Some(record) = found {
            json::comma(&mut out);
            render(&mut out, state, record, &names);
        }
    }
    out.push(b']');
    Ok(out)
}

fn search(state: &State, call: &Call) -> Result<Vec<u8>, Failure> {
    let fields = state.fields(call.model);
    let empty = json!([]);
    let domain = domain::parse(call.model, &fields, call.arguments.get("domain").unwrap_or(&empty))?;
    let limit = limit(call.arguments.get("limit"))?;
    let offset = offset(call.arguments.get("offset"))?;
    let order = order(call, &fields)?;
    let found = matching(state, call, &domain, &order, (order.is_empty() && offset == 0).then_some(limit).flatten());
    if call.method == Method::SearchCount {
        return Ok(found.len().to_string().into_bytes());
    }
    let total = found.len();
    let shown = found.into_iter().skip(offset).take(limit.unwrap_or(usize::MAX));
    let mut out = Vec::from(b"[");
    match call.method {
        Method::Search => {
            for record in shown {
                json::comma(&mut out);
                json::number(&mut out, record.id());
            }
        }
        _ => {
            let argument = if call.method == Method::WebSearchRead { "specification" } else { "fields" };
            let names = names(call, argument, &fields)?;
            for record in shown {
                json::comma(&mut out);
                render(&mut out, state, &record, &names);
            }
        }
    }
    out.push(b']');
    if call.method == Method::WebSearchRead {
        let mut whole = format!("{{\"length\":{total},\"records\":").into_bytes();
        whole.append(&mut out);
        whole.push(b'}');
        return Ok(whole);
    }
    Ok(out)
}

/// The records that meet a domain, in order; no more than `enough` where nothing is to be sorted or skipped.
fn matching<'a>(
    state: &'a State,
    call: &Call,
    domain: &Node,
    order: &[(String, bool)],
    enough: Option<usize>,
) -> Vec<Record<'a>> {
    let hides = call.model.has_archive()
        && call.context.get("active_test") != Some(&Value::Bool(false))
        && !domain.names_active();
    let meets = |record: &Record<'_>| (!hides || record.is_active()) && domain.holds(state, record);
    let mut found: Vec<Record<'a>> = if call.model == Model::Partner {
        // Long lists are walked by key: what lies before it is not looked at.
        let from = domain.lowest_id().saturating_add(1);
        let visible = state.partners.rows_from(from).filter(|(id, _)| !state.hidden.contains(id));
        let records = visible.map(|(id, partner)| Record::Partner(id, partner));
        records.filter(meets).take(enough.unwrap_or(usize::MAX)).collect()
    } else {
        state.records(call.model).into_iter().filter(meets).collect()
    };
    if !order.is_empty() {
        found.sort_by(|one, other| {
            order.iter().fold(Ordering::Equal, |so_far, (name, down)| {
                so_far.then_with(|| {
                    let ordering = compare(&one.cell(state, name), &other.cell(state, name));
                    if *down { ordering.reverse() } else { ordering }
                })
            })
        });
    }
    found
}

fn compare(one: &Cell<'_>, other: &Cell<'_>) -> Ordering {
    match (one, other) {
        (Cell::Number(one), Cell::Number(other)) | (Cell::Stamp(one), Cell::Stamp(other)) => one.cmp(other),
        (Cell::Text(one), Cell::Text(other)) => one.cmp(other),
        (Cell::Flag(one), Cell::Flag(other)) => one.cmp(other),
        (Cell::Link(_, one), Cell::Link(_, other)) => one.cmp(other),
        // PostgreSQL puts what is empty last.
        (Cell::Empty, Cell::Empty) => Ordering::Equal,
        (Cell::Empty, _) => Ordering::Greater,
        (_, Cell::Empty) => Ordering::Less,
        (_, _) => Ordering::Equal,
    }
}

/// Field and whether it goes down; empty for the order of ids, in which records stand anyway.
fn order(call: &Call, fields: &[Definition]) -> Result<Vec<(String, bool)>, Failure> {
    let Some(Value::String(text)) = call.arguments.get("order") else { return Ok(Vec::new()) };
    let mut order = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let name = words.next().unwrap_or_default();
        if name.is_empty() || !fields.iter().any(|field| field.name == name) {
            return Err(Failure::invalid_field(name, call.model.name()));
        }
        let down = match words.next().map(str::to_lowercase).as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Failure::user("Invalid \"order\" specified")),
        };
        order.push((name.to_owned(), down));
    }
    if order == [("id".to_owned(), false)] { Ok(Vec::new()) } else { Ok(order) }
}

/// Zero, `false` and nothing mean everything.
fn limit(value: Option<&Value>) -> Result<Option<usize>, Failure> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(None),
        Some(Value::Number(number)) if number.as_u64().is_some() => {
            Ok(number.as_u64().and_then(|number| usize::try_from(number).ok()))
        }
        Some(other) => {
            let class = "psycopg2.errors.InvalidRowCountInLimitClause";
            Err(Failure::database(class, format!("LIMIT must not be {other}")))
        }
    }
}

fn offset(value: Option<&Value>) -> Result<usize, Failure> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(0),
        Some(value) => value.as_u64().and_then(|offset| usize::try_from(offset).ok()).ok_or_else(|| {
            Failure::database("psycopg2.errors.InvalidRowCountInResultOffsetClause", "OFFSET must not be negative")
        }),
    }
}

fn fields_get(state: &State, call: &Call) -> Result<Value, Failure> {
    let texts = |argument: &str| match call.arguments.get(argument) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>())),
        Some(other) => Err(Failure::value(format!("Invalid {argument}: {other}"))),
    };
    let (wanted, attributes) = (texts("allfields")?, texts("attributes")?);
    let fields = state.fields(call.model);
    let shown = fields.iter().filter(|field| !field.name.is_empty()).filter(|field| {
        // A field that is not there is not told of; that is no error here.
        wanted.as_ref().is_none_or(|wanted| wanted.is_empty() || wanted.contains(&field.name.as_str()))
    });
    let described = shown.map(|field| {
        let mut told = description(field, &state.options.languages);
        if let Some(attributes) = &attributes {
            told.retain(|name, _| attributes.contains(&name.as_str()));
        }
        (field.name.clone(), Value::Object(told))
    });
    Ok(Value::Object(described.collect()))
}

/// The values of a call, each an object.
fn values<'a>(call: &'a Call, argument: &str) -> Result<Vec<&'a Map<String, Value>>, Failure> {
    let wrong = || Failure::value(format!("{argument} must be a list of dictionaries"));
    match call.arguments.get(argument) {
        Some(Value::Array(list)) => list.iter().map(|one| one.as_object().ok_or_else(wrong)).collect(),
        Some(Value::Object(one)) => Ok(vec![one]),
        Some(_) | None => Err(wrong()),
    }
}

fn create(state: &mut State, hand: Hand<'_>, call: &Call) -> Result<Vec<u64>, Failure> {
    let list = values(call, "vals_list")?;
    match call.model {
        Model::Partner => {
            let list: Vec<Map<String, Value>> = list.into_iter().cloned().collect();
            partners::create(state, hand, &list)
        }
        Model::Attachment => {
            let mut ready = Vec::new();
            for vals in list {
                let mut one = Attachment { kind: "binary".to_owned(), created: hand.now, ..Attachment::default() };
                put(state, &mut one, vals, hand.now)?;
                if one.name.is_empty() {
                    return Err(Failure::validation("Missing required value for the field 'Name' (name)"));
                }
                ready.push(one);
            }
            Ok(ready
                .into_iter()
                .map(|one| {
                    let id = state.attachments.next_id();
                    state.attachments.insert(id, one);
                    id
                })
                .collect())
        }
        Model::Field => {
            let text = |vals: &Map<String, Value>, key: &str| vals.get(key).and_then(Value::as_str).map(str::to_owned);
            let known: Vec<String> = state.fields(Model::Field).iter().map(|field| field.name.clone()).collect();
            let mut ids = Vec::new();
            for vals in list {
                if let Some(unknown) = vals.keys().find(|name| !known.contains(name)) {
                    return Err(Failure::invalid_field(unknown, call.model.name()));
                }
                let name = text(vals, "name").unwrap_or_default();
                if !name.starts_with("x_") {
                    return Err(Failure::validation("Custom fields must have a name that starts with 'x_'!"));
                }
                if text(vals, "ttype").as_deref() != Some("char") || vals.get("model_id") != Some(&json!(81)) {
                    return Err(Failure::validation("Missing required value for the field 'Model' (model_id)"));
                }
                state.add_field(&name);
                ids.push(4_001 + u64::try_from(ids.len()).unwrap_or_default());
            }
            Ok(ids)
        }
        _ => Err(Failure::no_right("create", call.model.name())),
    }
}

fn change(state: &mut State, hand: Hand<'_>, call: &Call) -> Result<(), Failure> {
    let vals = call.arguments.get("vals").and_then(Value::as_object);
    match (call.model, call.method) {
        (Model::Partner, Method::Write) => {
            let vals = vals.ok_or_else(|| Failure::value("vals must be a dictionary"))?;
            partners::write(state, hand, &call.ids, vals)
        }
        (Model::Partner, Method::Unlink) => partners::unlink(state, hand, &call.ids),
        (Model::Partner, Method::Archive) => partners::set_active(state, hand, &call.ids, false),
        (Model::Partner, Method::Unarchive) => partners::set_active(state, hand, &call.ids, true),
        (Model::Attachment, Method::Write) => {
            let vals = vals.ok_or_else(|| Failure::value("vals must be a dictionary"))?;
            for id in &call.ids {
                let found = state.attachments.get(*id).cloned();
                let mut one = found.ok_or_else(|| Failure::missing(call.model.name(), *id))?;
                put(state, &mut one, vals, hand.now)?;
                if let Some(place) = state.attachments.get_mut(*id) {
                    *place = one;
                }
            }
            Ok(())
        }
        (Model::Attachment, Method::Unlink) => {
            for id in &call.ids {
                state.attachments.remove(*id).ok_or_else(|| Failure::missing(call.model.name(), *id))?;
            }
            Ok(())
        }
        (_, _) => Err(Failure::no_right("modify", call.model.name())),
    }
}

fn put(state: &State, one: &mut Attachment, vals: &Map<String, Value>, now: i64) -> Result<(), Failure> {
    for (name, value) in vals {
        let text = || match value {
            Value::String(text) => Ok(Some(text.clone())),
            Value::Null | Value::Bool(false) => Ok(None),
            _ => Err(Failure::value(format!("Wrong value for ir.attachment.{name}: {value}"))),
        };
        match name.as_str() {
            "name" => one.name = text()?.unwrap_or_default(),
            "type" => one.kind = text()?.unwrap_or_default(),
            "url" => one.url = text()?,
            "description" => one.description = text()?,
            "res_model" => one.res_model = text()?,
            "res_id" => one.res_id = value.as_u64().unwrap_or_default(),
            _ => return Err(Failure::invalid_field(name, Model::Attachment.name())),
        }
    }
    if one.res_model.as_deref() == Some(PARTNER) && !state.has(Model::Partner, one.res_id) {
        return Err(Failure::missing(PARTNER, one.res_id));
    }
    one.written = now;
    Ok(())
}

/// A failure that is thrown from outside, as the server itself would word it.
pub(super) fn thrown(status: StatusCode) -> Failure {
    match status.as_u16() {
        400 => Failure::bad_request("could not parse the body as json"),
        401 => Failure::unauthorized(),
        403 => Failure::no_right("access", "Contact"),
        404 => Failure::missing(PARTNER, 0),
        422 => Failure::validation("The operation cannot be completed."),
        _ => Failure::trouble(status),
    }
}
