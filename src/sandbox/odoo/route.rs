//! From a request to a call: JSON-2 by its path, JSON-RPC by its envelope.

use http::{HeaderName, StatusCode, header};
use serde_json::{Map, Value, json};

use super::errors::{Failure, JSON, html};
use super::fields::Model;
use super::methods::{self, Call, Method};
use super::partners::Hand;
use super::state::State;
use crate::sandbox::exchange::{Answer, Ask, Intent, decoded};
use crate::sandbox::manners::Manners;

/// The first version with JSON-2.
const JSON2_SINCE: u64 = 19;

const DATABASE: HeaderName = HeaderName::from_static("x-odoo-database");

/// Answers a request. Odoo's own server closes the connection after each.
pub(super) fn answer(state: &mut State, manners: &Manners, ask: &Ask) -> Answer {
    let segments: Vec<String> = ask.path.trim_matches('/').split('/').map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let answer = match segments.as_slice() {
        ["json", "version"] if state.options.version >= JSON2_SINCE => version(state.options.version),
        ["json", "2", rest @ ..] if state.options.version >= JSON2_SINCE => json2(state, manners, ask, rest),
        ["jsonrpc"] => json_rpc(state, manners, ask),
        _ => html(StatusCode::NOT_FOUND, "The requested URL was not found on the server."),
    };
    answer.with(header::CONNECTION, "close")
}

/// Whether a request is meant to change something.
pub(super) fn intent(ask: &Ask) -> Intent {
    let by_name = |name: &str| Method::parse(name).map_or(Intent::Read, Method::intent);
    if ask.path == "/jsonrpc" {
        let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
        let method = body.pointer("/params/args/4").and_then(Value::as_str);
        return method.map_or(Intent::Read, by_name);
    }
    by_name(ask.path.rsplit('/').next().unwrap_or_default())
}

/// An error that is thrown from outside, in the words of the protocol that was spoken.
pub(super) fn thrown(ask: &Ask, status: StatusCode) -> Answer {
    let failure = methods::thrown(status);
    if ask.path == "/jsonrpc" { told_by_rpc(&json!(1), &failure) } else { failure.answer() }
}

fn version(version: u64) -> Answer {
    let body = json!({"version_info": [version, 0, 0, "final", 0, ""], "version": format!("{version}.0")});
    Answer::new(StatusCode::OK, JSON, body.to_string())
        .with(header::SET_COOKIE, "session_id=anonymous; HttpOnly; Path=/")
}

fn json2(state: &mut State, manners: &Manners, ask: &Ask, rest: &[&str]) -> Answer {
    if ask.header(&DATABASE).is_some_and(|name| name != state.options.database) {
        return html(StatusCode::NOT_FOUND, "No database is selected for this request.");
    }
    if ask.method != http::Method::POST || rest.is_empty() {
        return Failure::not_found("Did you mean POST /json/2/<model>/<method>?").answer();
    }
    if ask.media_type().as_deref() != Some("application/json") {
        return html(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The server does not support the media type transmitted in the request.",
        );
    }
    if ask.bearer() != Some(state.options.key.as_str()) {
        return Failure::unauthorized().answer();
    }
    let done = call_of(state, ask, rest).and_then(|call| {
        let hand = hand(state, manners, ask);
        methods::carry_out(state, hand, &call)
    });
    match done {
        Ok((out, is_page)) => {
            let answer = Answer::new(StatusCode::OK, JSON, out);
            if is_page { answer.page() } else { answer }
        }
        Err(failure) => failure.answer(),
    }
}

fn hand<'a>(state: &State, manners: &'a Manners, ask: &Ask) -> Hand<'a> {
    Hand { manners, now: ask.at.timestamp_micros(), user: state.options.uid }
}

fn call_of(state: &State, ask: &Ask, rest: &[&str]) -> Result<Call, Failure> {
    let [model, method] = rest else { return Err(Failure::not_found("Did you mean POST /json/2/<model>/<method>?")) };
    let body: Value = serde_json::from_slice(&ask.body)
        .map_err(|error| Failure::bad_request(format!("could not parse the body as json: {error}")))?;
    let Value::Object(mut arguments) = body else {
        return Err(Failure::arguments("the body must be a JSON object"));
    };
    let (model, method) = named(state, model, method)?;
    let context = match arguments.remove("context") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(context)) => context,
        Some(_) => return Err(Failure::arguments("context must be an object")),
    };
    let given = arguments.remove("ids");
    if given.is_some() && !method.is_on_records() {
        return Err(Failure::arguments("cannot call this method with ids"));
    }
    let ids = given.as_ref().map_or(Ok(Vec::new()), ids_of)?;
    Ok(Call { model, method, ids, arguments, context })
}

fn named(state: &State, model: &str, method: &str) -> Result<(Model, Method), Failure> {
    let known = Model::of(model, state.options.version)
        .ok_or_else(|| Failure::not_found(format!("the model '{model}' does not exist")))?;
    if method.starts_with('_') {
        return Err(Failure::access(format!(
            "Private methods (such as '{model}.{method}') cannot be called remotely."
        )));
    }
    let unknown = || Failure::not_found(format!("The method '{model}.{method}' does not exist"));
    let method = Method::of(method, state.options.version).ok_or_else(unknown)?;
    if method == Method::ContextGet && known != Model::User {
        return Err(unknown());
    }
    Ok((known, method))
}

fn ids_of(value: &Value) -> Result<Vec<u64>, Failure> {
    let wrong = || {
        let class = "psycopg2.errors.InvalidTextRepresentation";
        Failure::database(class, format!("invalid input syntax for type integer: {value}"))
    };
    match value {
        Value::Number(one) => one.as_u64().map(|id| vec![id]).ok_or_else(wrong),
        Value::Array(list) => list.iter().map(|one| one.as_u64().ok_or_else(wrong)).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => Err(wrong()),
    }
}

/// JSON-RPC: whatever goes wrong in a call comes under the status 200.
fn json_rpc(state: &mut State, manners: &Manners, ask: &Ask) -> Answer {
    if ask.method != http::Method::POST {
        return html(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed for the requested URL.");
    }
    if ask.media_type().as_deref() != Some("application/json") {
        return html(StatusCode::BAD_REQUEST, "Function declared as capable of handling request of type 'json' only.");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&ask.body) else {
        return html(StatusCode::BAD_REQUEST, "Invalid JSON data");
    };
    let id = body.get("id").cloned().unwrap_or_default();
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let arguments = body.pointer("/params/args").and_then(Value::as_array).cloned().unwrap_or_default();
    let done = match (text("/params/service"), text("/params/method")) {
        ("common", "version") => {
            let version = state.options.version;
            let told = json!({"server_version": format!("{version}.0"), "server_version_info": [version, 0, 0, "final", 0, ""],
                "server_serie": format!("{version}.0"), "protocol_version": 1});
            Ok((told.to_string().into_bytes(), false))
        }
        ("common", "authenticate" | "login") => authenticate(state, &arguments).map(|out| (out, false)),
        ("object", "execute_kw") => {
            let hand = hand(state, manners, ask);
            rpc_call(state, &arguments).and_then(|call| methods::carry_out(state, hand, &call))
        }
        (service, method) => Err(Failure::value(format!("Method not found: {service}.{method}"))),
    };
    match done {
        Ok((out, is_page)) => {
            let mut whole = format!("{{\"jsonrpc\": \"2.0\", \"id\": {id}, \"result\": ").into_bytes();
            whole.extend_from_slice(&out);
            whole.push(b'}');
            let answer = Answer::new(StatusCode::OK, JSON, whole);
            if is_page { answer.page() } else { answer }
        }
        Err(failure) => told_by_rpc(&id, &failure),
    }
}

fn told_by_rpc(id: &Value, failure: &Failure) -> Answer {
    let error = json!({"code": 200, "message": "Odoo Server Error", "data": failure.body()});
    let body = json!({"jsonrpc": "2.0", "id": id, "error": error});
    Answer::new(StatusCode::OK, JSON, body.to_string())
}

fn authenticate(state: &State, arguments: &[Value]) -> Result<Vec<u8>, Failure> {
    let text = |place: usize| arguments.get(place).and_then(Value::as_str).unwrap_or_default();
    let options = &state.options;
    database(state, text(0))?;
    let known = text(1) == options.login && text(2) == options.key;
    Ok(if known { options.uid.to_string().into_bytes() } else { b"false".to_vec() })
}

fn database(state: &State, name: &str) -> Result<(), Failure> {
    if name == state.options.database {
        return Ok(());
    }
    let message = format!("connection to server failed: FATAL:  database \"{name}\" does not exist");
    Err(Failure::database("psycopg2.OperationalError", message))
}

/// `[db, uid, key, model, method, args, kwargs]`: a method on records takes them as its first argument.
fn rpc_call(state: &State, arguments: &[Value]) -> Result<Call, Failure> {
    let text = |place: usize| arguments.get(place).and_then(Value::as_str).unwrap_or_default();
    database(state, text(0))?;
    let options = &state.options;
    if arguments.get(1) != Some(&json!(options.uid)) || text(2) != options.key {
        return Err(Failure::denied());
    }
    let rpc_name = |failure: Failure| {
        // Here an unknown model or method is no 404 but what Python raises.
        if failure.status == StatusCode::NOT_FOUND {
            Failure { name: "builtins.AttributeError", ..failure }
        } else {
            failure
        }
    };
    let (model, method) = named(state, text(3), text(4)).map_err(rpc_name)?;
    let mut placed = arguments.get(5).and_then(Value::as_array).cloned().unwrap_or_default().into_iter();
    let mut named = arguments.get(6).and_then(Value::as_object).cloned().unwrap_or_default();
    let ids = if method.is_on_records() { ids_of(&placed.next().ok_or_else(Failure::index)?)? } else { Vec::new() };
    // The special case for creates looks at the first argument by place.
    if method == Method::Create && placed.len() == 0 {
        return Err(Failure::index());
    }
    let context = named.remove("context").and_then(|context| context.as_object().cloned()).unwrap_or_default();
    let mut unfilled = method.arguments().iter();
    for value in placed {
        let name =
            unfilled.next().ok_or_else(|| Failure::database("builtins.TypeError", "too many positional arguments"))?;
        named.insert((*name).to_owned(), value);
    }
    Ok(Call { model, method, ids, arguments: named, context })
}
