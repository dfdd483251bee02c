//! From a request to an operation: the token, the limits, the route, the body, then the operation itself.

use http::{HeaderName, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::errors::{Failure, success, thrown};
use super::limits::Usage;
use super::options::PipedriveOptions;
use super::state::{Kind, State};
use super::{fields, list, notes, search, write};
use crate::sandbox::exchange::{Answer, Ask, Intent, decoded};
use crate::sandbox::manners::Manners;

/// What an operation is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'server> {
    pub(super) options: &'server PipedriveOptions,
    pub(super) manners: &'server Manners,
    pub(super) ask: &'server Ask,
}

impl Scene<'_> {
    pub(super) fn now(&self) -> i64 {
        self.ask.at.timestamp_millis()
    }
}

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route {
    Account,
    Records(Kind),
    Search(Kind),
    Record(Kind, String),
    Merge(Kind, String),
    Fields(Kind),
    Notes,
    Note(String),
    /// An address of the old version that was taken away.
    Withdrawn,
}

impl Route {
    fn allowed(&self) -> &'static [Method] {
        const READ: [Method; 1] = [Method::GET];
        const RECORD: [Method; 3] = [Method::GET, Method::PATCH, Method::DELETE];
        const NOTE: [Method; 3] = [Method::GET, Method::PUT, Method::DELETE];
        const MERGE: [Method; 1] = [Method::PUT];
        match self {
            Self::Account | Self::Search(_) => &READ,
            Self::Records(_) | Self::Fields(_) | Self::Notes => &fields::ALLOWED,
            Self::Record(..) => &RECORD,
            Self::Note(_) => &NOTE,
            Self::Merge(..) => &MERGE,
            Self::Withdrawn => &[],
        }
    }

    /// Tokens of the day that a request takes.
    fn cost(&self, method: &Method) -> u64 {
        let is_read = *method == Method::GET;
        match self {
            Self::Account => 2,
            Self::Records(_) => {
                if is_read {
                    10
                } else {
                    5
                }
            }
            Self::Search(_) => 20,
            Self::Record(..) if is_read => 1,
            Self::Record(..) => {
                if *method == Method::DELETE {
                    3
                } else {
                    5
                }
            }
            Self::Merge(..) => 40,
            Self::Fields(_) => 10,
            Self::Notes => {
                if is_read {
                    20
                } else {
                    10
                }
            }
            Self::Note(_) => {
                if is_read {
                    2
                } else {
                    10
                }
            }
            Self::Withdrawn => 0,
        }
    }
}

/// Answers a request.
pub(super) fn answer(
    options: &PipedriveOptions,
    state: &mut State,
    usage: &mut Usage,
    manners: &Manners,
    ask: &Ask,
) -> Answer {
    let now = ask.at.timestamp_millis();
    if ask.header(&HeaderName::from_static("x-api-token")) != Some(options.token.as_str()) {
        return thrown(StatusCode::UNAUTHORIZED);
    }
    let route = route(&ask.path);
    let cost = route.as_ref().map_or(0, |route| route.cost(&ask.method));
    let is_search = matches!(route, Some(Route::Search(_)));
    if let Some(refusal) = usage.admit(&options.limits, cost, is_search, now) {
        return refusal;
    }
    let answer = operate(&Scene { options, manners, ask }, state, route).unwrap_or_else(|failure| failure.answer());
    usage.stamp(&options.limits, now, answer)
}

/// Whether a request is meant to change something.
pub(super) fn intent(ask: &Ask) -> Intent {
    if ask.method == Method::GET || ask.method == Method::HEAD { Intent::Read } else { Intent::Write }
}

fn operate(scene: &Scene<'_>, state: &mut State, route: Option<Route>) -> Result<Answer, Failure> {
    let route = route.ok_or_else(Failure::unknown_method)?;
    if route == Route::Withdrawn {
        return Ok(thrown(StatusCode::GONE));
    }
    let method = &scene.ask.method;
    if !route.allowed().contains(method) {
        return Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", None));
    }
    let body =
        if intent(scene.ask) == Intent::Write && *method != Method::DELETE { Some(body(scene.ask)?) } else { None };
    match (route, &body) {
        (Route::Account, _) => Ok(account(scene.options)),
        (Route::Records(kind), None) => list::list(scene, state, kind),
        (Route::Records(kind), Some(body)) => write::create(scene, state, kind, body),
        (Route::Search(kind), _) => search::search(scene, state, kind),
        (Route::Record(kind, id), Some(body)) => write::update(scene, state, kind, &id, body),
        (Route::Record(kind, id), None) if *method == Method::DELETE => write::delete(scene, state, kind, &id),
        (Route::Record(kind, id), None) => list::show(scene, state, kind, &id),
        (Route::Merge(kind, id), body) => merge(scene, state, kind, &id, body.as_ref()),
        (Route::Fields(kind), Some(body)) => fields::add(scene.options, state, kind, body),
        (Route::Fields(kind), None) => fields::list(state, scene.ask, kind),
        (Route::Notes, Some(body)) => notes::create(scene, state, body),
        (Route::Notes, None) => notes::list(scene, state),
        (Route::Note(id), body) => notes::one(scene, state, &id, body.as_ref()),
        (Route::Withdrawn, _) => Err(Failure::unknown_method()),
    }
}

fn route(path: &str) -> Option<Route> {
    let segments: Vec<String> = path.trim_start_matches('/').split('/').map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let kind = |text: &str| match text {
        "organizations" => Some(Kind::Organizations),
        "persons" => Some(Kind::Persons),
        _ => None,
    };
    match segments.as_slice() {
        ["api", "v2", "organizationFields"] => Some(Route::Fields(Kind::Organizations)),
        ["api", "v2", "personFields"] => Some(Route::Fields(Kind::Persons)),
        ["api", "v2", of] => kind(of).map(Route::Records),
        ["api", "v2", of, "search"] => kind(of).map(Route::Search),
        ["api", "v2", of, id] => kind(of).map(|kind| Route::Record(kind, (*id).to_owned())),
        ["api", "v1", rest @ ..] | ["v1", rest @ ..] => match rest {
            ["users", "me"] => Some(Route::Account),
            ["notes"] => Some(Route::Notes),
            ["notes", id] => Some(Route::Note((*id).to_owned())),
            [of, id, "merge"] => kind(of).map(|kind| Route::Merge(kind, (*id).to_owned())),
            [of, ..] => kind(of).map(|_| Route::Withdrawn),
            [] => None,
        },
        _ => None,
    }
}

fn body(ask: &Ask) -> Result<Map<String, Value>, Failure> {
    if ask.media_type().as_deref() != Some("application/json") {
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type", None));
    }
    match serde_json::from_slice(&ask.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Failure::invalid("body: Expected object")),
        Err(_) => Err(Failure::new(StatusCode::BAD_REQUEST, "Bad request: the body is no JSON", None)),
    }
}

/// The record in the path is merged into the one in the body, which wins.
fn merge(
    scene: &Scene<'_>,
    state: &mut State,
    kind: Kind,
    id: &str,
    body: Option<&Map<String, Value>>,
) -> Result<Answer, Failure> {
    let loser = list::record_id(id)?;
    let winner = body.and_then(|body| body.get("merge_with_id")).and_then(Value::as_u64);
    let winner = winner.ok_or_else(|| Failure::invalid("merge_with_id: is required"))?;
    if !state.merge(kind, loser, winner, scene.now()) {
        return Err(Failure::not_found(kind.noun()));
    }
    Ok(success(&json!({"id": winner}), &Value::Null))
}

fn account(options: &PipedriveOptions) -> Answer {
    let data = json!({
        "id": 1,
        "name": "Sync",
        "email": "sync@example.com",
        "active_flag": true,
        "is_admin": u8::from(options.is_admin),
        "company_id": options.company,
        "company_name": "Example",
        "company_domain": "example",
        "company_country": "PL",
        "default_currency": "EUR",
        "timezone_name": "Europe/Warsaw",
    });
    success(&data, &Value::Null)
}
