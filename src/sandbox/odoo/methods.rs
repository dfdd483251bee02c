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
    HasAccess,
    CheckAccessRights,
}

impl Method {
    /// The method of a name, where a version has it.
    pub(super) fn of(name: &str, version: u64) -> Option<Self> {
        Self::parse(name).filter(|method| match method {
            Self::HasAccess => version >= 18,
            Self::CheckAccessRights => version < 19,
            Self::Read
            | Self::Search
            | Self::SearchRead
            | Self::SearchCount
            | Self::WebSearchRead
            | Self::FieldsGet
            | Self::Create
            | Self::Write
            | Self::Unlink
            | Self::Archive
            | Self::Unarchive
            | Self::ContextGet => true,
        })
    }

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
            "has_access" => Self::HasAccess,
            "check_access_rights" => Self::CheckAccessRights,
            _ => return None,
        })
    }

    /// Whether it is called on records.
    pub(super) const fn is_on_records(self) -> bool {
        matches!(self, Self::Read | Self::Write | Self::Unlink | Self::Archive | Self::Unarchive | Self::HasAccess)
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
            Self::HasAccess => &["operation"],
            Self::CheckAccessRights => &["operation", "raise_exception"],
            Self::Unlink | Self::Archive | Self::Unarchive | Self::ContextGet => &[],
        }
    }

    const fn required(self) -> &'static [&'static str] {
        match self {
            Self::WebSearchRead => &["domain", "specification"],
            Self::Create => &["vals_list"],
            Self::Write => &["vals"],
            Self::HasAccess | Self::CheckAccessRights => &["operation"],
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
            | Self::ContextGet
            | Self::HasAccess
            | Self::CheckAccessRights => Intent::Read,
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
    check_arguments(state, call)?;
    if matches!(call.method, Method::HasAccess | Method::CheckAccessRights) {
        return may_do(state, call).map(|may| (json!(may).to_string().into_bytes(), false));
    }
    check_access(state, call)?;
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
        // Answered above: whoever asks what he may is not refused.
        Method::HasAccess | Method::CheckAccessRights => Ok((b"true".to_vec(), false)),
        Method::Write | Method::Unlink | Method::Archive | Method::Unarchive => {
            change(state, hand, call)?;
            let archives = matches!(call.method, Method::Archive | Method::Unarchive);
            Ok((if archives { b"null".to_vec() } else { b"true".to_vec() }, false))
        }
    }
}

fn check_arguments(state: &State, call: &Call) -> Result<(), Failure> {
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
    Ok(())
}

/// Whether the key's user has the right to a model, whichever the record.
fn has_right(state: &State, model: Model, writes: bool) -> bool {
    let options = &state.options;
    match model {
        Model::Partner => {
            if writes {
                options.may_write
            } else {
                options.may_read
            }
        }
        Model::Attachment => options.may_write || !writes,
        Model::Parameter => options.administrator,
        Model::Field | Model::Model | Model::User => options.administrator || !writes,
        Model::Country | Model::State | Model::Language | Model::Currency | Model::Title | Model::ApiKey => !writes,
    }
}

/// What a user is told who asks what he may: of a model, or of records too.
fn may_do(state: &State, call: &Call) -> Result<bool, Failure> {
    let writes = match call.arguments.get("operation").and_then(Value::as_str) {
        Some("read") => false,
        Some("write" | "create" | "unlink") => true,
        Some(_) | None => return Err(Failure::database("builtins.AssertionError", "Invalid access operation")),
    };
    let hides = call.model == Model::Partner && call.ids.iter().any(|id| state.hidden.contains(id));
    let may = has_right(state, call.model, writes) && !hides;
    // It raises unless it is told not to.
    let raises = call.method == Method::CheckAccessRights
        && call.arguments.get("raise_exception").is_none_or(|raises| *raises != Value::Bool(false));
    if raises && !may { Err(Failure::no_right("access", call.model.name())) } else { Ok(may) }
}

fn check_access(state: &State, call: &Call) -> Result<(), Failure> {
    let writes = call.method.intent() == Intent::Write;
    let asks = matches!(call.method, Method::FieldsGet | Method::ContextGet);
    if !asks && !has_right(state, call.model, writes) {
        return Err(Failure::no_right(if writes { "modify" } else { "access" }, call.model.name()));
    }
    let meant: Vec<u64> = match call.model {
        Model::Partner => call.ids.clone(),
        // What is attached to a record is as open as the record.
        Model::Attachment if writes => attached_to(state, call),
        Model::Attachment
        | Model::Country
        | Model::State
        | Model::Language
        | Model::Currency
        | Model::Title
        | Model::Parameter
        | Model::Model
        | Model::Field
        | Model::User
        | Model::ApiKey => Vec::new(),
    };
    let hidden = meant.iter().filter(|id| state.hidden.contains(id));
    let hidden: Vec<(u64, String)> = hidden.map(|id| (*id, state.label(Model::Partner, *id))).collect();
    if !hidden.is_empty() {
        let what = if writes { "write" } else { "read" };
        return Err(Failure::rule(what, PARTNER, &hidden, &state.options.speaks));
    }
    // To write the contact of another internal user is to write that user, whatever the field.
    let is_write = call.model == Model::Partner && call.method == Method::Write;
    if is_write && !has_right(state, Model::User, true) && call.ids.iter().any(|id| state.employed.contains(id)) {
        return Err(Failure::no_right("modify", Model::User.name()));
    }
    Ok(())
}

/// The partners that a write of attachments is about.
fn attached_to(state: &State, call: &Call) -> Vec<u64> {
    let of_new =
        values(call, "vals_list").unwrap_or_default().into_iter().filter_map(|vals| vals.get("res_id")?.as_u64());
    let of_old = call.ids.iter().filter_map(|id| state.attachments.get(*id)).map(|one| one.res_id);
    of_new.chain(of_old).collect()
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
        if !has_right(state, call.model, true) {
            // Nothing is open to who may only read.
            told.insert("readonly".to_owned(), json!(true));
        }
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
