//! From a request to an operation: the key, the route, the method, the role, then the operation itself.

use http::{Method, StatusCode};
use serde_json::json;

use super::errors::{self, Failure, JSON};
use super::login::{Login, login};
use super::options::EspoOptions;
use super::render::API_USER;
use super::schema::Entity;
use super::state::State;
use super::{links, metadata, notes, records};
use crate::sandbox::exchange::{Answer, Ask, Intent, decoded};
use crate::sandbox::manners::Manners;

/// Where the API begins.
const ROOT: &str = "/api/v1/";

/// What an operation is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'server> {
    pub(super) options: &'server EspoOptions,
    pub(super) manners: &'server Manners,
    pub(super) ask: &'server Ask,
}

impl Scene<'_> {
    /// Whole seconds of the epoch.
    pub(super) fn now(&self) -> i64 {
        self.ask.at.timestamp()
    }
}

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route {
    User,
    Metadata,
    Records(Entity),
    Record(Entity, String),
    Links(Entity, String),
    Stream(String),
    Notes,
    Note(String),
}

impl Route {
    const fn allowed(&self) -> &'static str {
        match self {
            Self::User | Self::Metadata | Self::Stream(_) => "GET",
            Self::Records(_) => "GET, POST",
            Self::Record(..) | Self::Note(_) => "GET, PUT, PATCH, DELETE",
            Self::Links(..) => "GET, POST, DELETE",
            Self::Notes => "POST",
        }
    }

    /// The entity types that the role has to open.
    fn opens(&self) -> Vec<&'static str> {
        match self {
            Self::User | Self::Metadata => Vec::new(),
            Self::Records(entity) | Self::Record(entity, _) => vec![entity.name()],
            Self::Links(..) => vec!["Account", "Contact"],
            Self::Stream(_) | Self::Notes | Self::Note(_) => vec!["Account"],
        }
    }
}

/// Answers a request.
pub(super) fn answer(options: &EspoOptions, state: &mut State, manners: &Manners, ask: &Ask) -> Answer {
    let path = ask.path.strip_prefix(ROOT).unwrap_or_default();
    match login(options, ask, path) {
        Login::Known => {}
        Login::Wrong => return errors::unauthorized(true),
        Login::Missing => return errors::unauthorized(false),
    }
    let route = match route(path) {
        Ok(route) => route,
        Err(failure) => return failure.answer(),
    };
    let method = if ask.method == Method::HEAD { &Method::GET } else { &ask.method };
    if !route.allowed().split(", ").any(|allowed| allowed == method.as_str()) {
        return errors::wrong_method(route.allowed());
    }
    operate(&Scene { options, manners, ask }, state, method, &route).unwrap_or_else(|failure| failure.answer())
}

/// Whether a request is meant to change something.
pub(super) fn intent(ask: &Ask) -> Intent {
    if ask.method == Method::GET || ask.method == Method::HEAD { Intent::Read } else { Intent::Write }
}

/// An error in EspoCRM's own words.
pub(super) fn thrown(status: StatusCode) -> Answer {
    match status.as_u16() {
        401 => errors::unauthorized(true),
        405 => errors::wrong_method("GET"),
        409 => Failure::new(status, "Conflict.").answer(),
        500..=599 => Failure::broken().answer(),
        _ => Failure::new(status, status.canonical_reason().unwrap_or("refused")).answer(),
    }
}

fn route(path: &str) -> Result<Route, Failure> {
    let segments: Vec<String> = path.split('/').map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let entity = |name: &str| Entity::parse(name).ok_or_else(|| Failure::no_controller(name));
    match segments.as_slice() {
        ["App", "user"] => Ok(Route::User),
        ["Metadata"] => Ok(Route::Metadata),
        ["Note"] => Ok(Route::Notes),
        ["Note", id] => Ok(Route::Note((*id).to_owned())),
        ["Account", id, "stream" | "posts"] => Ok(Route::Stream((*id).to_owned())),
        ["Account", id, "contacts"] => Ok(Route::Links(Entity::Account, (*id).to_owned())),
        ["Contact", id, "accounts"] => Ok(Route::Links(Entity::Contact, (*id).to_owned())),
        [name] => Ok(Route::Records(entity(name)?)),
        [name, id] => Ok(Route::Record(entity(name)?, (*id).to_owned())),
        _ => Err(Failure::new(StatusCode::NOT_FOUND, "Not found.")),
    }
}

fn operate(scene: &Scene<'_>, state: &mut State, method: &Method, route: &Route) -> Result<Answer, Failure> {
    if route.opens().iter().any(|name| scene.options.closed.iter().any(|closed| closed == name)) {
        let word = match (method, route) {
            (&Method::GET, _) => "read",
            (_, Route::Records(_)) => "create",
            (_, _) => "edit",
        };
        return Err(Failure::forbidden(format!("No {word} access.")));
    }
    match route {
        Route::User => {
            let body = json!({"user": {"id": API_USER, "userName": "sync", "type": "api"}});
            Ok(Answer::new(StatusCode::OK, JSON, body.to_string()))
        }
        Route::Metadata => Ok(metadata::show(state)),
        Route::Records(entity) if *method == Method::GET => records::list(scene, state, *entity, None),
        Route::Records(entity) => records::create(scene, state, *entity),
        Route::Record(entity, id) => match method.as_str() {
            "GET" => records::show(state, *entity, id),
            "DELETE" => records::delete(scene, state, *entity, id),
            _ => records::update(scene, state, *entity, id),
        },
        Route::Links(entity, id) => links::answer(scene, state, *entity, id),
        Route::Stream(id) => notes::stream(scene, state, id),
        Route::Notes => notes::create(scene, state),
        Route::Note(id) => match method.as_str() {
            "GET" => notes::show(state, id),
            "DELETE" => notes::delete(state, id),
            _ => notes::update(scene, state, id),
        },
    }
}
