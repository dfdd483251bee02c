//! A request as the sequence of requests remembers it, and what it asks for in the system that it goes to.

use std::fmt;

use bytes::Bytes;
use flowtly_sync::domain::record::Side;
use http::{Method, Request};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::sim::Noted;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// A new record.
    Create,
    /// Another change.
    Write,
    /// What an index knows.
    Search,
    /// A page of a list.
    List {
        /// Not the first one.
        later: bool,
    },
    /// Anything else that only reads.
    Other,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Sent {
    pub side: Side,
    pub path: String,
    method: Method,
    /// The system that it goes to: `flowtly`, or the CRM's section.
    system: &'static str,
    asks: Asks,
}

impl Sent {
    pub fn of(side: Side, crm: &'static str, request: &Request<Bytes>) -> Self {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let method = request.method().clone();
        let system = if side == Side::Flowtly { "flowtly" } else { crm };
        let asks = match system {
            "flowtly" => of_flowtly(&method, &path),
            "hubspot" => of_hubspot(&method, &path),
            "espocrm" => of_espocrm(&method, &path),
            "odoo" => of_odoo(&path, request.body()),
            "pipedrive" => of_pipedrive(&method, &path),
            other => panic!("nobody here knows what is asked of {other}"),
        };
        Self { side, path, method, system, asks }
    }

    pub fn noted(&self, body: &Bytes) -> Noted {
        let hash = Sha256::digest(body);
        Noted { line: self.to_string(), body: hash[..8].try_into().unwrap() }
    }

    /// Whether it is meant to change something.
    pub fn is_write(&self) -> bool {
        matches!(self.asks, Asks::Create | Asks::Write)
    }

    pub fn is_create(&self) -> bool {
        self.asks == Asks::Create
    }

    pub fn is_search(&self) -> bool {
        self.side == Side::Crm && self.asks == Asks::Search
    }

    pub fn is_list(&self) -> bool {
        matches!(self.asks, Asks::List { .. })
    }

    pub fn is_later_page(&self) -> bool {
        self.asks == Asks::List { later: true }
    }

    /// An error of the system, which comes with the status of a success.
    pub fn error_inside(&self) -> &'static str {
        match self.system {
            "flowtly" => {
                r#"{"@type":"Error","title":"An error occurred","detail":"Internal Server Error","status":500}"#
            }
            "espocrm" => r#"{"messageTranslation":{"label":"error","scope":null,"data":{}}}"#,
            "odoo" => {
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"Odoo Server Error","data":{"name":"builtins.Exception","message":"internal error","arguments":[],"context":{},"debug":""}}}"#
            }
            "pipedrive" => r#"{"success":false,"error":"internal error","error_info":"","data":null}"#,
            _ => {
                r#"{"status":"error","message":"internal error","correlationId":"00000000-0000-7000-8000-000000000000"}"#
            }
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.side, self.method, self.path)
    }
}

fn is_one_of(pages: &[&str], path: &str) -> bool {
    pages.iter().any(|page| path.contains(page))
}

fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

fn of_flowtly(method: &Method, path: &str) -> Asks {
    let is_collection = |path: &str| path == "/clients" || path == "/client-contacts";
    match *method {
        Method::GET if is_collection(bare(path)) => {
            Asks::List { later: is_one_of(&["page=2", "page=3", "after="], path) }
        }
        Method::GET => Asks::Other,
        Method::POST if is_collection(path) => Asks::Create,
        _ if path.starts_with("/login") => Asks::Other,
        _ => Asks::Write,
    }
}

fn of_hubspot(method: &Method, path: &str) -> Asks {
    let is_collection = bare(path).ends_with("/companies") || bare(path).ends_with("/contacts");
    match *method {
        Method::GET if is_collection => Asks::List { later: is_one_of(&["page=2", "page=3", "after="], path) },
        Method::GET => Asks::Other,
        _ if path.ends_with("/search") => Asks::Search,
        _ if path.ends_with("/batch/read") => Asks::Other,
        Method::POST if path.ends_with("/batch/create") => Asks::Create,
        _ => Asks::Write,
    }
}

fn of_espocrm(method: &Method, path: &str) -> Asks {
    let is_collection = bare(path).ends_with("/Account") || bare(path).ends_with("/Contact");
    match *method {
        Method::GET if is_collection => Asks::List { later: path.contains("greaterThan&") },
        Method::GET => Asks::Other,
        Method::POST if is_collection => Asks::Create,
        _ => Asks::Write,
    }
}

/// Everything is a POST; JSON-RPC has the method in its envelope.
fn of_odoo(path: &str, body: &Bytes) -> Asks {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = envelope.pointer("/params/args/4").and_then(Value::as_str);
    let method = named.or_else(|| bare(path).rsplit('/').next()).unwrap_or_default();
    let asked = String::from_utf8_lossy(body);
    match method {
        "create" => Asks::Create,
        "write" | "unlink" | "action_archive" | "action_unarchive" => Asks::Write,
        "search_read" if bare(path).contains("res.partner") || asked.contains("res.partner") => {
            Asks::List { later: asked.contains("[\"id\",\">\",") && !asked.contains("[\"id\",\">\",0]") }
        }
        _ => Asks::Other,
    }
}

fn of_pipedrive(method: &Method, path: &str) -> Asks {
    let is_collection = bare(path).ends_with("/organizations") || bare(path).ends_with("/persons");
    match *method {
        Method::GET if is_collection => Asks::List { later: path.contains("cursor=") },
        Method::GET if bare(path).ends_with("/search") => Asks::Search,
        Method::GET => Asks::Other,
        Method::POST if is_collection => Asks::Create,
        _ => Asks::Write,
    }
}
