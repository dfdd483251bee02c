//! From a request to an operation: the token, the limits, the route, the scope, then the operation itself.

use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::associations;
use super::batch;
use super::errors::{Failure, rate_limited};
use super::limits::Usage;
use super::notes;
use super::objects;
use super::options::HubSpotOptions;
use super::schema::Kind;
use super::state::State;
use super::write::Desk;
use super::{properties, search};
use crate::sandbox::exchange::{Answer, Ask, Intent, decoded};
use crate::sandbox::manners::Manners;

/// What an operation is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'server> {
    pub(super) options: &'server HubSpotOptions,
    pub(super) manners: &'server Manners,
    pub(super) ask: &'server Ask,
    /// `v3`, `v4` or a date.
    pub(super) version: &'server str,
}

impl<'server> Scene<'server> {
    pub(super) fn now(&self) -> i64 {
        self.ask.at.timestamp_millis()
    }

    pub(super) fn desk(&self) -> Desk<'server> {
        Desk { options: self.options, manners: self.manners, now: self.now() }
    }

    /// The older releases take a create without `associations`.
    pub(super) fn requires_associations(&self) -> bool {
        self.options.requires_associations && !self.version.starts_with('v')
    }
}

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'path> {
    Account,
    Objects(Kind),
    Object(Kind, &'path str),
    Search(Kind),
    Merge(Kind),
    Batch(Kind, batch::Operation),
    LinksOf(Kind, &'path str),
    DefaultLink(Kind, &'path str, &'path str),
    Link(Kind, &'path str, &'path str),
    Links(Kind, associations::Operation),
    Properties(Kind),
    Property(Kind, &'path str),
    Notes(notes::Route<'path>),
}

impl Route<'_> {
    fn allowed(self) -> &'static [Method] {
        match self {
            Self::Account | Self::LinksOf(..) | Self::Property(..) => &[Method::GET],
            Self::Objects(_) | Self::Properties(_) => &[Method::GET, Method::POST],
            Self::Object(..) | Self::Notes(notes::Route::One(_)) => &[Method::GET, Method::PATCH, Method::DELETE],
            Self::Search(_)
            | Self::Merge(_)
            | Self::Batch(..)
            | Self::Links(..)
            | Self::Notes(notes::Route::All | notes::Route::Read | notes::Route::OfCompanies) => &[Method::POST],
            Self::DefaultLink(..) => &[Method::PUT],
            Self::Link(..) => &[Method::PUT, Method::DELETE],
        }
    }

    fn intent(self, method: &Method) -> Intent {
        match self {
            Self::Search(_)
            | Self::Batch(_, batch::Operation::Read)
            | Self::Links(_, associations::Operation::Read)
            | Self::Notes(notes::Route::Read | notes::Route::OfCompanies) => Intent::Read,
            Self::Account
            | Self::Objects(_)
            | Self::Object(..)
            | Self::Merge(_)
            | Self::Batch(..)
            | Self::LinksOf(..)
            | Self::DefaultLink(..)
            | Self::Link(..)
            | Self::Links(..)
            | Self::Properties(_)
            | Self::Property(..)
            | Self::Notes(notes::Route::All | notes::Route::One(_)) => {
                if *method == Method::GET || *method == Method::HEAD { Intent::Read } else { Intent::Write }
            }
        }
    }

    /// The scope that the token needs.
    fn scope(self, method: &Method) -> Option<String> {
        let word = match self.intent(method) {
            Intent::Read => "read",
            Intent::Write => "write",
        };
        match self {
            Self::Account => None,
            // Notes go with the right to contacts.
            Self::Notes(_) => Some(format!("crm.objects.contacts.{word}")),
            Self::Properties(kind) | Self::Property(kind, _) => Some(format!("crm.schemas.{}.{word}", kind.plural())),
            Self::Objects(kind)
            | Self::Object(kind, _)
            | Self::Search(kind)
            | Self::Merge(kind)
            | Self::Batch(kind, _)
            | Self::LinksOf(kind, _)
            | Self::DefaultLink(kind, ..)
            | Self::Link(kind, ..)
            | Self::Links(kind, _) => Some(format!("crm.objects.{}.{word}", kind.plural())),
        }
    }
}

/// Answers a request.
pub(super) fn answer(
    options: &HubSpotOptions,
    state: &mut State,
    usage: &mut Usage,
    manners: &Manners,
    ask: &Ask,
) -> Answer {
    let correlation = state.correlation();
    if ask.bearer() != Some(options.token.as_str()) {
        return unauthorized().answer(&correlation);
    }
    let is_search = ask.path.ends_with("/search");
    if let Some(policy) = usage.admit(&options.limits, is_search, ask.at.timestamp_millis()) {
        return usage.stamp(&options.limits, is_search, rate_limited(policy, &correlation));
    }
    let answer = operate(options, state, manners, ask).unwrap_or_else(|failure| failure.answer(&correlation));
    usage.stamp(&options.limits, is_search, answer)
}

/// Whether a request is meant to change something.
pub(super) fn intent(options: &HubSpotOptions, ask: &Ask) -> Intent {
    let segments = segments(&ask.path);
    let route = route(options, &segments);
    route.map_or(Intent::Read, |(_, route)| route.intent(&ask.method))
}

/// An error that HubSpot gives by itself.
pub(super) fn thrown(options: &HubSpotOptions, state: &mut State, ask: &Ask, status: StatusCode) -> Answer {
    let correlation = state.correlation();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let is_search = ask.path.ends_with("/search");
        let policy = if is_search { "SECONDLY" } else { "TEN_SECONDLY_ROLLING" };
        return Usage::default().stamp(&options.limits, is_search, rate_limited(policy, &correlation));
    }
    let failure = match status.as_u16() {
        401 => unauthorized(),
        403 => Failure::missing_scope("crm.objects.companies.read"),
        404 => Failure::not_found(),
        423 => Failure::new(status, "This resource is locked. Please retry.", Some("LOCKED")),
        477 => Failure::new(status, "The account is being moved. Please retry.", Some("MIGRATION_IN_PROGRESS")),
        500..=599 => Failure::new(status, "internal error", None),
        _ => Failure::validation(status.canonical_reason().unwrap_or("refused")),
    };
    Failure { status, ..failure }.answer(&correlation)
}

/// The body of a write as an object.
pub(super) fn object_of(ask: &Ask) -> Result<Map<String, Value>, Failure> {
    match value_of(ask)? {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Failure::input("the body has to be an object"))
        }
    }
}

/// The body of a write.
pub(super) fn value_of(ask: &Ask) -> Result<Value, Failure> {
    if ask.media_type().as_deref() != Some("application/json") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Failure::new(status, "HTTP 415 Unsupported Media Type", None));
    }
    serde_json::from_slice(&ask.body).map_err(|error| {
        let message = format!("Invalid input JSON on line {}, column {}: unreadable", error.line(), error.column());
        Failure::new(StatusCode::BAD_REQUEST, message, None)
    })
}

fn operate(options: &HubSpotOptions, state: &mut State, manners: &Manners, ask: &Ask) -> Result<Answer, Failure> {
    let segments = segments(&ask.path);
    let (version, route) = route(options, &segments).ok_or_else(Failure::not_found)?;
    let method = if ask.method == Method::HEAD { &Method::GET } else { &ask.method };
    if !route.allowed().contains(method) {
        return Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed", None));
    }
    if let Some(scope) = route.scope(method).filter(|scope| options.missing_scopes.contains(scope)) {
        return Err(Failure::missing_scope(&scope));
    }
    let accept = ask.header(&header::ACCEPT).unwrap_or("*/*");
    if !["*/*", "application/*", "application/json"].iter().any(|one| accept.contains(one)) {
        return Err(Failure::new(StatusCode::NOT_ACCEPTABLE, "HTTP 406 Not Acceptable", None));
    }
    let scene = Scene { options, manners, ask, version };
    match route {
        Route::Account => Ok(account(options)),
        Route::Objects(kind) if *method == Method::GET => objects::list(&scene, state, kind),
        Route::Objects(kind) => objects::create(&scene, state, kind),
        Route::Object(kind, id) if *method == Method::GET => objects::show(&scene, state, kind, &decoded(id)),
        Route::Object(kind, id) if *method == Method::PATCH => objects::update(&scene, state, kind, &decoded(id)),
        Route::Object(kind, id) => objects::archive(&scene, state, kind, id),
        Route::Search(kind) => search::search(&scene, state, kind),
        Route::Merge(kind) => objects::merge(&scene, state, kind),
        Route::Batch(kind, operation) => batch::batch(&scene, state, kind, operation),
        Route::LinksOf(kind, id) => associations::list(&scene, state, kind, id),
        Route::DefaultLink(kind, id, other) => associations::put_default(&scene, state, kind, id, other),
        Route::Link(kind, id, other) if *method == Method::PUT => associations::put(&scene, state, kind, id, other),
        Route::Link(kind, id, other) => associations::delete(state, kind, id, other),
        Route::Links(kind, operation) => associations::batch(&scene, state, kind, operation),
        Route::Properties(kind) if *method == Method::GET => Ok(properties::list(state, kind)),
        Route::Properties(kind) => properties::create(&scene, state, kind),
        Route::Property(kind, name) => properties::show(state, kind, name),
        Route::Notes(notes::Route::All) => notes::create(&scene, state),
        Route::Notes(notes::Route::Read) => notes::read(&scene, state),
        Route::Notes(notes::Route::OfCompanies) => notes::of_companies(&scene, state),
        Route::Notes(notes::Route::One(id)) if *method == Method::GET => notes::show(&scene, state, id),
        Route::Notes(notes::Route::One(id)) if *method == Method::PATCH => notes::update(&scene, state, id),
        Route::Notes(notes::Route::One(id)) => notes::archive(state, id),
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.trim_start_matches('/').split('/').collect()
}

/// Date-named releases put the version after the area (`/crm/objects/2026-03/…`), the older ones before it
/// (`/crm/v3/objects/…`).
fn route<'path>(options: &HubSpotOptions, segments: &[&'path str]) -> Option<(&'path str, Route<'path>)> {
    let dated = |version: &str| options.versions.iter().any(|served| served == version);
    let (version, area, rest) = match segments {
        ["account-info", version, "details"] => {
            return (dated(version) || *version == "v3").then_some((*version, Route::Account));
        }
        ["crm", area @ ("objects" | "associations" | "properties"), version, rest @ ..] if dated(version) => {
            (*version, *area, rest)
        }
        ["crm", version @ ("v3" | "v4"), area, rest @ ..] => (*version, *area, rest),
        _ => return None,
    };
    let route = match (area, rest) {
        ("objects", ["notes", rest @ ..]) => Route::Notes(match rest {
            [] => notes::Route::All,
            ["batch", "read"] => notes::Route::Read,
            [id] => notes::Route::One(id),
            _ => return None,
        }),
        ("associations", [from, "notes", "batch", "read"]) if Kind::parse(from) == Some(Kind::Companies) => {
            Route::Notes(notes::Route::OfCompanies)
        }
        ("objects", [kind, rest @ ..]) => object_route(Kind::parse(kind)?, rest)?,
        ("associations", [from, to, rest @ ..]) => {
            let from = Kind::parse(from)?;
            if Kind::parse(to)? != from.other() {
                return None;
            }
            Route::Links(from, associations::Operation::parse(rest)?)
        }
        ("properties", [kind]) => Route::Properties(Kind::parse(kind)?),
        ("properties", [kind, name]) => Route::Property(Kind::parse(kind)?, name),
        _ => return None,
    };
    Some((version, route))
}

fn object_route<'path>(kind: Kind, rest: &[&'path str]) -> Option<Route<'path>> {
    let is_other = |text: &str| Kind::parse(text) == Some(kind.other());
    Some(match rest {
        [] => Route::Objects(kind),
        ["search"] => Route::Search(kind),
        ["merge"] => Route::Merge(kind),
        ["batch", operation] => Route::Batch(kind, batch::Operation::parse(operation)?),
        [id] => Route::Object(kind, id),
        [id, "associations", to] if is_other(to) => Route::LinksOf(kind, id),
        [id, "associations", "default", to, other] if is_other(to) => Route::DefaultLink(kind, id, other),
        [id, "associations", to, other] if is_other(to) => Route::Link(kind, id, other),
        _ => return None,
    })
}

fn account(options: &HubSpotOptions) -> Answer {
    let body = json!({
        "portalId": options.portal,
        "accountType": "STANDARD",
        "timeZone": "Europe/Warsaw",
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3_600_000,
        "uiDomain": "app-eu1.hubspot.com",
        "dataHostingLocation": "eu1",
    });
    objects::answer(StatusCode::OK, body.to_string())
}

fn unauthorized() -> Failure {
    let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find \
                   more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
    Failure::new(StatusCode::UNAUTHORIZED, message, Some("INVALID_AUTHENTICATION"))
}
