//! A live pair of systems: the cases that need no switches, over the network, and nothing left behind that can be removed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::config::{self, Environment};
use flowtly_sync::connector::http::Transport;
use flowtly_sync::connector::registry::Transports;
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use http::{Method, Request};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use toml::Table;

use crate::bench::Bench;
use crate::cases;

/// What a system lets an API user delete, and how: by the section of its configuration. `None`: nobody may delete it.
const DELETES: &[(&str, Delete)] = &[
    ("flowtly", delete_from_flowtly),
    ("hubspot", delete_from_hubspot),
    ("espocrm", delete_from_espocrm),
    ("odoo", delete_from_odoo),
    ("pipedrive", delete_from_pipedrive),
];

type Delete = fn(&Access, Kind, &RemoteId) -> Option<Request<Bytes>>;

/// Both systems of a configuration.
pub struct Live {
    runtime: Arc<Runtime>,
    sides: Vec<(String, Arc<Bench>, Access)>,
}

/// How to reach a system besides its connector: what the suite needs to clear up.
struct Access {
    transport: Arc<dyn Transport>,
    /// Its section in force.
    section: Table,
    /// What opens it: a token.
    token: String,
}

impl Live {
    /// Connects to the systems that a configuration names.
    pub fn open(file: &Path) -> Self {
        let runtime = Arc::new(Runtime::new().unwrap());
        let settings =
            config::load(Some(file), &Environment::of_process()).unwrap_or_else(|problems| panic!("{problems}"));
        let shown: Table = settings.show().parse().unwrap();
        let crm = shown["crm"]["kind"].as_str().unwrap().to_owned();
        let mut sides = Vec::new();
        for (side, name) in [(Side::Flowtly, "flowtly".to_owned()), (Side::Crm, crm)] {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let transports = Transports::network(&settings).unwrap();
            let transport = match side {
                Side::Flowtly => Arc::clone(&transports.flowtly),
                Side::Crm => Arc::clone(&transports.crm),
            };
            let section = shown[&name].as_table().unwrap().clone();
            let token = runtime.block_on(token(file, &name, &section, transport.as_ref()));
            let bench = Arc::new(Bench::over(&settings, transports, clock, side, None));
            sides.push((name, bench, Access { transport, section, token }));
        }
        Self { runtime, sides }
    }

    /// Every case on both sides.
    pub fn trials(&self) -> Vec<Trial> {
        let of_side = |(name, bench, _): &(String, Arc<Bench>, Access)| {
            let (name, bench, runtime) = (name.clone(), Arc::clone(bench), Arc::clone(&self.runtime));
            cases::all().map(move |case| {
                let (name, bench, runtime) = (name.clone(), Arc::clone(&bench), Arc::clone(&runtime));
                Trial::test(format!("live {name}: {}", case.name), move || {
                    runtime.block_on(async { case.judge(&bench, &name).await })
                })
            })
        };
        self.sides.iter().flat_map(of_side).collect()
    }

    /// Removes what was made, and tells what could not be.
    pub fn sweep(&self) {
        for (name, bench, access) in &self.sides {
            let made = bench.take_made();
            let mut left = Vec::new();
            for (kind, id) in &made {
                if let Err(why) = self.runtime.block_on(delete(name, access, *kind, id)) {
                    left.push(format!("  {kind} {id}: {why}"));
                }
            }
            println!(
                "\n{name}: {} records made, {} removed, {} left behind",
                made.len(),
                made.len() - left.len(),
                left.len()
            );
            for line in &left {
                println!("{line}");
            }
        }
    }
}

async fn delete(name: &str, access: &Access, kind: Kind, id: &RemoteId) -> Result<(), String> {
    let request = DELETES.iter().find(|(of, _)| *of == name).and_then(|(_, delete)| delete(access, kind, id));
    let request = request.ok_or("the system publishes no delete")?;
    let reply =
        access.transport.send(request, Duration::from_secs(30), 1 << 20).await.map_err(|error| error.to_string())?;
    if reply.status().is_success() { Ok(()) } else { Err(format!("the delete was answered with {}", reply.status())) }
}

fn delete_from_flowtly(access: &Access, kind: Kind, id: &RemoteId) -> Option<Request<Bytes>> {
    match kind {
        Kind::Company => None,
        Kind::Contact => Some(access.request(&format!("{}/{id}", access.text("contacts_path")))),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for all systems")]
fn delete_from_hubspot(access: &Access, kind: Kind, id: &RemoteId) -> Option<Request<Bytes>> {
    let collection = match kind {
        Kind::Company => "companies",
        Kind::Contact => "contacts",
    };
    Some(access.request(&format!("/crm/v3/objects/{collection}/{id}")))
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for all systems")]
fn delete_from_espocrm(access: &Access, kind: Kind, id: &RemoteId) -> Option<Request<Bytes>> {
    let entity = match kind {
        Kind::Company => "Account",
        Kind::Contact => "Contact",
    };
    let request = access.begin(Method::DELETE, &format!("/api/v1/{entity}/{id}"));
    Some(request.header("x-api-key", &access.token).body(Bytes::new()).unwrap())
}

/// Companies and contacts are one model.
fn delete_from_odoo(access: &Access, _kind: Kind, id: &RemoteId) -> Option<Request<Bytes>> {
    let request = access.begin(Method::POST, "/json/2/res.partner/unlink").header("content-type", "application/json");
    let request = request.header("authorization", format!("bearer {}", access.token));
    Some(request.body(json!({"ids": [id.as_number()?]}).to_string().into()).unwrap())
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for all systems")]
fn delete_from_pipedrive(access: &Access, kind: Kind, id: &RemoteId) -> Option<Request<Bytes>> {
    let collection = match kind {
        Kind::Company => "organizations",
        Kind::Contact => "persons",
    };
    let request = access.begin(Method::DELETE, &format!("/api/v2/{collection}/{id}"));
    Some(request.header("x-api-token", &access.token).body(Bytes::new()).unwrap())
}

impl Access {
    fn text(&self, key: &str) -> &str {
        self.section[key].as_str().unwrap()
    }

    fn begin(&self, method: Method, path: &str) -> http::request::Builder {
        let url = format!("{}{path}", self.text("base_url").trim_end_matches('/'));
        Request::builder().method(method).uri(url)
    }

    /// A delete with a bearer token.
    fn request(&self, path: &str) -> Request<Bytes> {
        let request = self.begin(Method::DELETE, path);
        request.header("authorization", format!("Bearer {}", self.token)).body(Bytes::new()).unwrap()
    }
}

/// The token of a system; a user's name and password are exchanged for one.
async fn token(file: &Path, name: &str, section: &Table, transport: &dyn Transport) -> String {
    let given = |key: &str| secret(file, name, section, key);
    let Some(username) = section.get("username").and_then(toml::Value::as_str).filter(|text| !text.is_empty()) else {
        return ["token", "api_key"].into_iter().find_map(given).unwrap_or_default();
    };
    let Some(path) = section.get("login_path").and_then(toml::Value::as_str) else {
        return ["api_key", "password"].into_iter().find_map(given).unwrap_or_default();
    };
    let url = format!("{}{path}", section["base_url"].as_str().unwrap().trim_end_matches('/'));
    let body = json!({"username": username, "password": given("password").unwrap_or_default()}).to_string();
    let request = Request::builder().method(Method::POST).uri(url).header("content-type", "application/json");
    let request = request.header("accept", "application/json").body(Bytes::from(body)).unwrap();
    let reply = transport.send(request, Duration::from_secs(30), 1 << 20).await.unwrap();
    let reply: Value = serde_json::from_slice(reply.body()).unwrap_or_default();
    reply.get("token").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A secret as the configuration gives it: by a variable, or in a file.
fn secret(file: &Path, name: &str, section: &Table, key: &str) -> Option<String> {
    let variable = format!("FLOWTLY_SYNC__{}__{}", name.to_uppercase(), key.to_uppercase());
    std::env::var(variable).ok().or_else(|| {
        let named = section.get(&format!("{key}_file"))?.as_str().filter(|named| !named.is_empty())?;
        let base = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let base = base.or_else(|| file.parent().map(Path::to_owned)).unwrap_or_default();
        let text = std::fs::read_to_string(base.join(named)).ok()?;
        Some(text.trim_end_matches(['\n', '\r']).to_owned())
    })
}
