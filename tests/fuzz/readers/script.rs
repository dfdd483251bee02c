//! A server that answers with what the input says, and the connectors that talk to it.
//!
//! An input is text. Its first line is an operation (its first letter) and a word that the operation may use; behind it stand
//! replies, divided by lines of two hyphens. A reply begins with a line `STATUS | NAME: VALUE | …`, and the rest is its body;
//! instead of a status `connect`, `timeout` and `broken` are failures of the network. A header `on: TEXT` is not sent: the
//! reply is for requests whose address holds that text, and those get no other. When the replies are used up they come again
//! from the first one on, so that a connector that follows a server round and round is found out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use flowtly_sync::clock::{Clock, ManualClock};
use flowtly_sync::config::{self, Environment, Settings};
use flowtly_sync::connector::error::{ErrorKind, PortError};
use flowtly_sync::connector::http::Transport;
use flowtly_sync::connector::port::Connector;
use flowtly_sync::connector::registry::{Transports, connect};
use http::{HeaderName, HeaderValue, Request, Response};

/// The most requests that one operation may make of a server that tells nonsense. A walk that is sent round notices it by
/// what it has met, and a search goes on to the configured cap at most.
const MOST_REQUESTS: usize = 3_000;

/// The longest that an error may be: it goes into logs and onto terminals.
const LONGEST_ERROR: usize = 3_000;

/// What no error may quote.
const TOKENS: [&str; 3] = ["flowtly-t0ken", "crm-t0ken", "flowtly-passw0rd"];

const FLOWTLY: &str = r#"
[locale]
region = "PL"
[flowtly]
base_url = "https://flowtly.test/api"
search_parameter = "name"
contacts_updated_parameter = "updatedAt[after]"
max_text = 1024
"#;

/// A CRM by the name of its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    HubSpot,
    Espo,
    Odoo,
    Pipedrive,
}

impl System {
    const ALL: [Self; 4] = [Self::HubSpot, Self::Espo, Self::Odoo, Self::Pipedrive];

    /// Its section of the configuration, in which small pages and short texts are the rule.
    const fn section(self) -> &'static str {
        match self {
            Self::HubSpot => {
                r#"
[hubspot]
base_url = "https://crm.test"
max_text = 1024
page_size = 10
search_page_size = 10
[scope.crm.company]
lifecyclestage = ["customer"]
"#
            }
            Self::Espo => {
                r#"
[espocrm]
base_url = "https://crm.test"
max_text = 1024
page_size = 10
[scope.crm.company]
type = ["Customer"]
"#
            }
            Self::Odoo => {
                r#"
[odoo]
base_url = "https://crm.test"
database = "firm"
login = "sync@example.com"
id_property = "x_flowtly_id"
max_text = 1024
page_size = 10
lookup_cap = 50
[scope.crm.company]
customer_rank = { above = 0 }
"#
            }
            Self::Pipedrive => {
                r#"
[pipedrive]
base_url = "https://crm.test"
max_text = 1024
page_size = 10
limits.daily_tokens = 1000000000
[scope.crm.company]
label_ids = ["1"]
"#
            }
        }
    }

    /// The variable that holds what lets us in.
    const fn variable(self) -> &'static str {
        match self {
            Self::HubSpot => "FLOWTLY_SYNC__HUBSPOT__TOKEN",
            Self::Espo => "FLOWTLY_SYNC__ESPOCRM__API_KEY",
            Self::Odoo => "FLOWTLY_SYNC__ODOO__API_KEY",
            Self::Pipedrive => "FLOWTLY_SYNC__PIPEDRIVE__TOKEN",
        }
    }
}

/// An input taken apart.
pub struct Play {
    /// The first letter of the first line.
    pub operation: u8,
    /// The rest of the first line.
    pub word: String,
    replies: Vec<(String, Answer)>,
}

#[derive(Debug, Clone)]
enum Answer {
    Reply(Response<Bytes>),
    Fails(ErrorKind),
}

impl Play {
    pub fn of(input: &[u8]) -> Self {
        // A server that knows our secrets may tell them, and so may whoever asks for a record by one; libFuzzer reads them out of the
        // program.
        let input = if quotes(input) { &[] } else { input };
        let (first, rest) = line(input);
        let (operation, word) = first.split_first().map_or((b'a', &[][..]), |(letter, word)| (*letter, word));
        Self {
            operation,
            word: String::from_utf8_lossy(word).trim().to_owned(),
            replies: blocks(rest).into_iter().map(answer).collect(),
        }
    }

    /// One of `count` operations: `a` is the first.
    pub fn choice(&self, count: u8) -> u8 {
        self.operation.wrapping_sub(b'a') % count
    }
}

fn quotes(input: &[u8]) -> bool {
    TOKENS.iter().any(|token| input.windows(token.len()).any(|window| window == token.as_bytes()))
}

/// The line at the beginning, and what stands behind it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n');
    end.map_or((text, &[][..]), |end| (&text[..end], &text[end + 1..]))
}

fn blocks(text: &[u8]) -> Vec<&[u8]> {
    const BETWEEN: &[u8] = b"\n--\n";
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        blocks.push(&rest[..at]);
        rest = &rest[at + BETWEEN.len()..];
    }
    blocks.push(rest);
    blocks
}

/// A reply, and what the address must hold for it (nothing where it is for all the others).
fn answer(block: &[u8]) -> (String, Answer) {
    let (head, body) = line(block);
    let mut parts = head.split(|byte| *byte == b'|').map(<[u8]>::trim_ascii);
    let first = parts.next().unwrap_or_default();
    let mut on = String::new();
    let mut response = Response::new(Bytes::copy_from_slice(body));
    let status = std::str::from_utf8(first).ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    for header in parts {
        let Some(at) = header.iter().position(|byte| *byte == b':') else { continue };
        if header[..at].trim_ascii() == b"on" {
            on = String::from_utf8_lossy(header[at + 1..].trim_ascii()).into_owned();
            continue;
        }
        let name = HeaderName::from_bytes(header[..at].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(header[at + 1..].trim_ascii())) {
            response.headers_mut().append(name, value);
        }
    }
    let answer = match first {
        b"connect" => Answer::Fails(ErrorKind::Connect),
        b"timeout" => Answer::Fails(ErrorKind::Timeout),
        b"broken" => Answer::Fails(ErrorKind::Broken),
        _ => Answer::Reply(response),
    };
    (on, answer)
}

/// Answers each request with the next reply.
#[derive(Debug)]
pub struct Server {
    host: &'static str,
    replies: Vec<(String, Answer)>,
    /// By the text that replies are for, how many were given.
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Server {
    fn next(&self, address: &str) -> Option<&Answer> {
        let mut asked = self.asked.lock().expect("nobody panics with it");
        assert!(asked.values().sum::<usize>() < MOST_REQUESTS, "it asks for ever");
        let named = self.replies.iter().map(|(on, _)| on).find(|on| !on.is_empty() && address.contains(on.as_str()));
        let on = named.cloned().unwrap_or_default();
        let count = self.replies.iter().filter(|(other, _)| *other == on).count();
        let nth = asked.entry(on.clone()).or_default();
        *nth += 1;
        self.replies.iter().filter(|(other, _)| *other == on).nth((*nth - 1) % count.max(1)).map(|(_, answer)| answer)
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Bytes>, _: Duration, limit: usize) -> Result<Response<Bytes>, PortError> {
        assert_eq!(request.uri().host(), Some(self.host), "a token goes to its own system only");
        let address = request.uri().path_and_query().map_or("", |address| address.as_str());
        let answer = self.next(address);
        tokio::task::yield_now().await;
        match answer {
            None => Err(PortError::new(ErrorKind::Connect, "nobody answers")),
            Some(Answer::Fails(kind)) => Err(PortError::new(*kind, "the network fails")),
            Some(Answer::Reply(reply)) if reply.body().len() > limit => {
                Err(PortError::new(ErrorKind::TooLarge, "the reply is beyond the size limit"))
            }
            Some(Answer::Reply(reply)) => Ok(reply.clone()),
        }
    }
}

/// How we are let into Flowtly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    Token,
    Password,
}

/// What an operation is done with.
pub struct Bench {
    pub connector: Arc<dyn Connector>,
    pub settings: &'static Settings,
    pub clock: Arc<ManualClock>,
}

pub fn began() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_420_800, 0).expect("a time")
}

pub fn flowtly(play: &Play, entry: Entry) -> Bench {
    bench(play, settings(entry, System::HubSpot), true)
}

pub fn crm(play: &Play, crm: System) -> Bench {
    bench(play, settings(Entry::Token, crm), false)
}

fn bench(play: &Play, settings: &'static Settings, flowtly: bool) -> Bench {
    let server = |host| Server { host, replies: play.replies.clone(), asked: Mutex::default() };
    let transports = Transports { flowtly: Arc::new(server("flowtly.test")), crm: Arc::new(server("crm.test")) };
    let clock = Arc::new(ManualClock::new(began()));
    let port: Arc<dyn Clock> = clock.clone();
    let systems = connect(settings, transports, &port).expect("the configuration is right");
    Bench { connector: if flowtly { systems.flowtly } else { systems.crm }, settings, clock }
}

fn settings(entry: Entry, crm: System) -> &'static Settings {
    static LOADED: OnceLock<BTreeMap<(Entry, System), Settings>> = OnceLock::new();
    let load_all = || {
        let of = |crm| [Entry::Token, Entry::Password].map(|entry| ((entry, crm), load(entry, crm)));
        System::ALL.into_iter().flat_map(of).collect()
    };
    LOADED.get_or_init(load_all).get(&(entry, crm)).expect("all are loaded")
}

fn load(entry: Entry, crm: System) -> Settings {
    let mut variables = vec![(crm.variable(), TOKENS[1])];
    match entry {
        Entry::Token => variables.push(("FLOWTLY_SYNC__FLOWTLY__TOKEN", TOKENS[0])),
        Entry::Password => variables.extend([
            ("FLOWTLY_SYNC__FLOWTLY__USERNAME", "sync@example.com"),
            ("FLOWTLY_SYNC__FLOWTLY__PASSWORD", TOKENS[2]),
        ]),
    }
    let environment: Environment = variables.into_iter().collect();
    let loaded = load_text(&format!("{FLOWTLY}{}", crm.section()), &environment);
    loaded.unwrap_or_else(|problems| panic!("{problems}"))
}

/// A text through the real loader, which reads files.
pub fn load_text(text: &str, environment: &Environment) -> Result<Settings, config::Problems> {
    let thread = std::thread::current().id();
    let path = std::env::temp_dir().join(format!("flowtly-sync-{}-{thread:?}.toml", std::process::id()));
    std::fs::write(&path, text).expect("the temporary directory can be written");
    let loaded = config::load(Some(&path), environment);
    std::fs::remove_file(&path).expect("it was just written");
    loaded
}

/// Runs an operation to its end. Time only moves when it waits.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
            tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O needs nothing"),
        );
    }
    RUNTIME.with_borrow(|runtime| runtime.block_on(future))
}

/// What must hold of every error: short, without secrets, and nothing that moves a cursor.
pub fn check(error: &PortError) {
    let told = error.to_string();
    for words in error.fields.iter().map(|field| &field.message).chain([&told]) {
        assert!(words.len() <= LONGEST_ERROR, "{} bytes of error: {words:.200}", words.len());
        assert!(!words.chars().any(char::is_control), "an error that moves the cursor: {words:?}");
    }
    for token in TOKENS {
        assert!(!told.contains(token), "the error quotes a secret");
    }
}
