//! From a request to an operation, in the order in which Symfony and API Platform look: the route, the token, the
//! accepted format, then the operation itself.

use std::hash::{DefaultHasher, Hash, Hasher};

use http::{HeaderValue, Method, StatusCode, header};

use super::errors::{self, Refusal};
use super::negotiate::{self, Format};
use super::options::FlowtlyOptions;
use super::render::{Pen, Sight};
use super::schema::Resource;
use super::state::{Forbidden, State};
use super::{clients, contacts, docs, login, lookups};
use crate::sandbox::exchange::{Answer, Ask, Content};
use crate::sandbox::manners::Manners;

/// What an operation is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'server> {
    pub(super) options: &'server FlowtlyOptions,
    pub(super) ask: &'server Ask,
    pub(super) format: Format,
}

impl<'server> Scene<'server> {
    pub(super) fn pen(&self, state: &'server State) -> Pen<'server> {
        Pen { options: self.options, state, format: self.format, sight: Sight::User }
    }
}

/// What an operation says.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    pub(super) location: Option<(Resource, u64)>,
    content: Content,
    patchable: bool,
}

impl Reply {
    /// A page of a list; `other` is the method that the list takes beside GET.
    pub(super) fn page(body: Vec<u8>, other: &Method) -> Self {
        Self { content: Content::Page, ..Self::item(body, other) }
    }

    /// One record; `other` is the method that it takes beside GET.
    pub(super) fn item(body: Vec<u8>, other: &Method) -> Self {
        let patchable = *other == Method::PATCH;
        Self { status: StatusCode::OK, body, location: None, content: Content::Other, patchable }
    }

    /// Done, nothing to say.
    pub(super) fn none() -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::item(Vec::new(), &Method::GET) }
    }
}

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'path> {
    Login,
    Docs,
    Clients,
    ClientSearch,
    Client(u64),
    Documents(u64),
    Contacts,
    Contact(u64),
    Lookups(Resource),
    Lookup(Resource, &'path str),
}

impl Route<'_> {
    fn allowed(self) -> &'static [Method] {
        match self {
            Self::Login => &[Method::POST],
            Self::Clients | Self::Contacts => &[Method::GET, Method::POST],
            Self::Client(_) => &[Method::GET, Method::PATCH],
            Self::Contact(_) => &[Method::GET, Method::PATCH, Method::DELETE],
            Self::Docs | Self::ClientSearch | Self::Documents(_) | Self::Lookups(_) | Self::Lookup(..) => {
                &[Method::GET]
            }
        }
    }
}

/// Answers a request.
pub(super) fn answer(options: &FlowtlyOptions, state: &mut State, manners: &Manners, ask: &Ask) -> Answer {
    if let Some(bare) = ask.path.strip_suffix('/').filter(|bare| !bare.is_empty()) {
        return moved(ask, bare);
    }
    let Some(route) = route(options, &ask.path) else { return errors::unrouted(ask, StatusCode::NOT_FOUND) };
    let method = if ask.method == Method::HEAD { &Method::GET } else { &ask.method };
    if !route.allowed().contains(method) {
        let names: Vec<&str> = route.allowed().iter().map(Method::as_str).collect();
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let refusal = if route == Route::Login { errors::page(status) } else { errors::unrouted(ask, status) };
        return refusal.with(header::ALLOW, &names.join(", "));
    }
    if route == Route::Login {
        return login::log_in(options, state.key, ask);
    }
    if route == Route::Docs {
        return Answer::new(StatusCode::OK, "application/ld+json; charset=utf-8", docs::document(options));
    }
    if let Err(message) = login::authorise(options, state.key, ask) {
        return errors::unauthorized(message);
    }
    let format = match negotiate::accepted(ask, options.formats) {
        Ok(format) => format,
        Err(refusal) => {
            let preferred = negotiate::offered(options.formats).first().copied().unwrap_or(Format::Linked);
            return refusal.answer(options.dialect, preferred);
        }
    };
    let scene = Scene { options, ask, format };
    let result = if is_foreign(options, ask) {
        Err(Refusal::not_found())
    } else {
        operate(&scene, state, manners, route, method)
    };
    match result {
        Ok(reply) => finish(&scene, state, reply),
        Err(refusal) => refusal.answer(options.dialect, format),
    }
}

/// An error that the application throws by itself.
pub(super) fn thrown(options: &FlowtlyOptions, ask: &Ask, status: StatusCode) -> Answer {
    if route(options, &ask.path) == Some(Route::Login) {
        return errors::page(status);
    }
    if status == StatusCode::UNAUTHORIZED {
        return errors::unauthorized("Expired JWT Token");
    }
    let detail = if status == StatusCode::FORBIDDEN {
        "Access Denied."
    } else if status.is_server_error() {
        // No detail leaks, not even of a thrown 503.
        "Internal Server Error"
    } else {
        status.canonical_reason().unwrap_or_default()
    };
    let format = negotiate::accepted(ask, options.formats).unwrap_or(Format::Linked);
    errors::problem(options.dialect, format, status, detail)
}

/// Whether the request is a log-in.
pub(super) fn is_login(options: &FlowtlyOptions, ask: &Ask) -> bool {
    route(options, &ask.path) == Some(Route::Login)
}

fn route<'path>(options: &FlowtlyOptions, path: &'path str) -> Option<Route<'path>> {
    let path = path.strip_prefix(options.prefix.as_str())?;
    if path == options.login_path {
        return Some(Route::Login);
    }
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let number = |text: &str| text.parse::<u64>().ok();
    Some(match segments.as_slice() {
        ["docs.jsonld"] if options.docs => Route::Docs,
        ["clients"] => Route::Clients,
        ["clients", "search"] => Route::ClientSearch,
        ["clients", id] => Route::Client(number(id)?),
        ["clients", id, "documents"] => Route::Documents(number(id)?),
        ["client-contacts"] => Route::Contacts,
        ["client-contacts", id] => Route::Contact(number(id)?),
        [segment] => Route::Lookups(lookup(options, segment)?),
        [segment, id] => Route::Lookup(lookup(options, segment)?, id),
        _ => return None,
    })
}

fn lookup(options: &FlowtlyOptions, segment: &str) -> Option<Resource> {
    Resource::of_segment(segment).filter(|found| match found {
        Resource::Country | Resource::Currency | Resource::Organization => true,
        Resource::Contractor => !options.contractors.is_empty(),
        Resource::AttributeSet | Resource::Client | Resource::ClientContact => false,
    })
}

/// Without the tenant's header every row belongs to somebody else.
fn is_foreign(options: &FlowtlyOptions, ask: &Ask) -> bool {
    options.tenant_header.as_ref().is_some_and(|(name, value)| {
        ask.headers.get(name.as_str()).and_then(|given| given.to_str().ok()) != Some(value.as_str())
    })
}

fn operate(
    scene: &Scene<'_>,
    state: &mut State,
    manners: &Manners,
    route: Route<'_>,
    method: &Method,
) -> Result<Reply, Refusal> {
    let writes = *method != Method::GET;
    let record = match route {
        Route::Client(id) | Route::Documents(id) => Some((Resource::Client, id)),
        Route::Contact(id) => Some((Resource::ClientContact, id)),
        Route::Login
        | Route::Docs
        | Route::Clients
        | Route::ClientSearch
        | Route::Contacts
        | Route::Lookups(_)
        | Route::Lookup(..) => None,
    };
    match record.and_then(|record| state.forbidden.get(&record)) {
        Some(Forbidden::Everything) => return Err(Refusal::denied()),
        Some(Forbidden::Writing) if writes => return Err(Refusal::denied()),
        Some(Forbidden::Writing) | None => {}
    }
    match route {
        Route::Clients if writes => clients::create(scene, state, manners),
        Route::Clients => clients::list(scene, state),
        Route::ClientSearch => clients::search(scene, state),
        Route::Client(id) if writes => clients::update(scene, state, manners, id),
        Route::Client(id) => clients::show(scene, state, id, ""),
        Route::Documents(id) => clients::show(scene, state, id, "/documents"),
        Route::Contacts if writes => contacts::create(scene, state, manners),
        Route::Contacts => contacts::list(scene, state),
        Route::Contact(id) if *method == Method::DELETE => contacts::delete(state, id),
        Route::Contact(id) if writes => contacts::update(scene, state, manners, id),
        Route::Contact(id) => contacts::show(scene, state, id),
        Route::Lookups(resource) => lookups::list(scene, state, resource),
        Route::Lookup(resource, id) => lookups::show(scene, state, resource, id),
        // Answered before a token is asked for.
        Route::Login | Route::Docs => Err(Refusal::not_found()),
    }
}

fn finish(scene: &Scene<'_>, state: &State, reply: Reply) -> Answer {
    let mut answer = if reply.body.is_empty() {
        Answer::empty(reply.status)
    } else {
        Answer::new(reply.status, scene.format.content_type(), reply.body)
    };
    answer.content = reply.content;
    for name in ["Accept", "Content-Type", "Authorization", "Origin"] {
        answer.headers.append(header::VARY, HeaderValue::from_static(name));
    }
    answer.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    answer.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("deny"));
    if scene.options.docs {
        let host = scene.ask.header(&header::HOST).unwrap_or("localhost");
        let link = format!(
            "<http://{host}{}/docs.jsonld>; rel=\"http://www.w3.org/ns/hydra/core#apiDocumentation\"",
            scene.options.prefix
        );
        answer = answer.with(header::LINK, &link);
    }
    if reply.patchable {
        answer = answer.with(header::HeaderName::from_static("accept-patch"), "application/merge-patch+json");
    }
    if scene.ask.method == Method::GET || scene.ask.method == Method::HEAD {
        // Of the state and the request instead of the body: it changes with any row, and costs nothing.
        let mut hasher = DefaultHasher::new();
        (state.revision, &scene.ask.path, &scene.ask.query, scene.format == Format::Linked).hash(&mut hasher);
        answer = answer.with(header::ETAG, &format!("\"{:016x}\"", hasher.finish()));
    }
    if let Some((resource, id)) = reply.location {
        let path = format!("{}/{}/{id}", scene.options.prefix, resource.segment());
        let suffix = match scene.format {
            Format::Linked => "jsonld",
            Format::Plain => "json",
        };
        answer = answer.with(header::CONTENT_LOCATION, &format!("{path}.{suffix}"));
        if reply.status == StatusCode::CREATED {
            answer = answer.with(header::LOCATION, &path);
        }
    }
    answer
}

fn moved(ask: &Ask, bare: &str) -> Answer {
    let host = ask.header(&header::HOST).unwrap_or("localhost");
    let query = if ask.query.is_empty() { String::new() } else { format!("?{}", ask.query) };
    let target = format!("http://{host}{bare}{query}");
    let body = format!(
        "<!DOCTYPE html>\n<html>\n    <head>\n        <meta charset=\"UTF-8\" />\n        <title>Redirecting to \
         {target}</title>\n    </head>\n    <body>\n        Redirecting to <a href=\"{target}\">{target}</a>.\n    \
         </body>\n</html>"
    );
    Answer::new(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", body).with(header::LOCATION, &target)
}
