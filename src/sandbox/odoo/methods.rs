//! The methods of models that are called from outside, with the names and the order of their arguments.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::Failure;
use super::extras;
use super::fields::{Model, description};
use super::partners::{self, Hand, PARTNER};
use super::search;
use super::state::State;
use crate::sandbox::exchange::Intent;

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
        Method::Read => search::read(state, call).map(|out| (out, true)),
        Method::Search | Method::SearchRead | Method::SearchCount | Method::WebSearchRead => {
            search::search(state, call).map(|out| (out, call.method != Method::SearchCount))
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
    let writes = call.method.intent() == Intent::Write;
    let (options, name) = (&state.options, call.model.name());
    if call.model == Model::Parameter && !options.administrator {
        return Err(Failure::no_right("access", name));
    }
    if matches!(call.model, Model::Field | Model::Model) && writes && !options.administrator {
        return Err(Failure::no_right("create", name));
    }
    if matches!(call.model, Model::Partner | Model::Attachment) && writes && !options.may_write {
        return Err(Failure::no_right("modify", name));
    }
    let hidden: Vec<u64> = call.ids.iter().copied().filter(|id| state.hidden.contains(id)).collect();
    if call.model == Model::Partner && !hidden.is_empty() {
        return Err(Failure::rule(if writes { "modify" } else { "access" }, PARTNER, &hidden));
    }
    Ok(())
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
        Model::Attachment => extras::attach(state, hand, &list),
        Model::Field => extras::add_fields(state, &list),
        Model::Country
        | Model::State
        | Model::Language
        | Model::Currency
        | Model::Title
        | Model::Parameter
        | Model::Model
        | Model::User
        | Model::ApiKey => Err(Failure::no_right("create", call.model.name())),
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
            extras::write_attachments(state, hand, &call.ids, vals)
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
