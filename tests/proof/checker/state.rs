//! What stands in the state file, as plain rows: read over a connection of its own, by its own SQL, from the migrations.

use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

use super::evidence::{Kind, Rec, Side};

/// A row of `link`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub id: i64,
    pub kind: Kind,
    pub parent: Option<i64>,
    pub flowtly: String,
    pub crm: String,
    /// `live`, `paused`, `tombstone`.
    pub state: String,
    /// What the certificate counts it as: `equal`, `differs`, `waits`, `due`.
    pub assessment: String,
}

impl Link {
    /// Its half on a side.
    pub fn half(&self, side: Side) -> Rec {
        let id = match side {
            Side::Flowtly => &self.flowtly,
            Side::Crm => &self.crm,
        };
        Rec::new(side, self.kind, id)
    }

    pub fn is_live(&self) -> bool {
        self.state == "live"
    }
}

/// A row of `seen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: i64,
    pub rec: Rec,
    /// A contact's company.
    pub parent: String,
    pub link: Option<i64>,
    pub gone: bool,
    pub archived: bool,
    /// What was decided about it, without a link.
    pub verdict: Option<String>,
    /// Its texts as JSON.
    pub fields: String,
}

/// A row of `conflict`, or of `failure` (`words` are the system's own; without a field the whole record was refused).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub link: Option<i64>,
    pub seen: Option<i64>,
    pub side: Option<Side>,
    pub field: String,
    pub words: String,
}

/// A row of `question`: the record that raised it, and the whole of it as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub seen: i64,
    pub body: Value,
}

/// A row of `history`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub link: i64,
    pub side: Side,
    pub field: String,
    pub old: Value,
    pub new: Value,
    /// The word of the reason (`moved`, `conflict_policy`, …).
    pub reason: String,
}

/// A row of `intent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    pub side: Side,
    pub kind: Kind,
    pub link: Option<i64>,
    pub source: Option<i64>,
    pub target: Option<String>,
    pub closed: bool,
    pub body: Value,
}

/// A row of `todo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo {
    pub link: Option<i64>,
    pub seen: Option<i64>,
    pub why: String,
    pub due: Option<String>,
}

/// The whole of it.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub links: Vec<Link>,
    pub seen: Vec<Seen>,
    pub conflicts: Vec<Waiting>,
    pub failures: Vec<Waiting>,
    pub questions: Vec<Question>,
    pub history: Vec<Written>,
    pub intents: Vec<Intent>,
    pub todo: Vec<Todo>,
    /// The certificate of the last pass that has one.
    pub certificate: Value,
    /// What `SQLite` itself says about the file: rows of `integrity_check` that are not `ok`, and broken foreign keys.
    pub complaints: Vec<String>,
}

impl State {
    /// Whether a refusal that is listed names this record in the system's own words ("already exists: 1001").
    pub fn is_named_by_a_refusal(&self, rec: &Rec) -> bool {
        let names = |words: &str| words.split(|sign: char| !sign.is_alphanumeric()).any(|word| word == rec.id);
        self.failures.iter().any(|row| row.side == Some(rec.side) && names(&row.words))
    }

    /// Reads a state file that nobody writes to.
    pub async fn read(path: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let state = Self::rows(&mut connection).await;
        connection.close().await.unwrap();
        state
    }

    /// Its links alone.
    pub async fn links(path: &Path) -> Vec<Link> {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let links = links(&mut connection).await;
        connection.close().await.unwrap();
        links
    }

    async fn rows(c: &mut SqliteConnection) -> Self {
        let links = links(c).await;
        let seen = all(
            c,
            "SELECT id, side, kind, remote_id, link, gone, standing = 'archived', verdict, fields, parent_id FROM seen \
             ORDER BY id",
        );
        let seen = seen.await;
        let conflicts = all(c, "SELECT link, NULL, NULL, field, reason FROM conflict ORDER BY id").await;
        let failures = all(c, "SELECT link, seen, side, field, message FROM failure ORDER BY id").await;
        let questions = all(c, "SELECT seen, body FROM question ORDER BY id").await;
        let history = all(c, "SELECT link, side, field, old, new, reason FROM history ORDER BY id").await;
        let intents =
            all(c, "SELECT side, kind, link, source, target_id, closed IS NOT NULL, body FROM intent ORDER BY id");
        let intents = intents.await;
        let todo = all(c, "SELECT link, seen, why, due FROM todo ORDER BY id").await;
        let passes = all(c, "SELECT certificate FROM pass ORDER BY id").await;
        let broken = all(c, "PRAGMA foreign_key_check").await;
        let checked = all(c, "PRAGMA integrity_check").await;
        let mut certificates = passes.iter().rev().filter_map(|row| row.get::<Option<String>, _>(0));
        let certificate = certificates.next().map(|text| json(&text)).unwrap_or_default();
        let mut complaints: Vec<String> =
            checked.iter().map(|row| row.get::<String, _>(0)).filter(|said| said != "ok").collect();
        complaints.extend(broken.iter().map(|row| format!("a row of {} points nowhere", row.get::<String, _>(0))));
        Self {
            links,
            seen: seen.iter().map(seen_row).collect(),
            conflicts: conflicts.iter().map(waiting).collect(),
            failures: failures.iter().map(waiting).collect(),
            questions: questions
                .iter()
                .map(|row| Question { seen: row.get(0), body: json(row.get::<&str, _>(1)) })
                .collect(),
            history: history.iter().map(written).collect(),
            intents: intents.iter().map(intent).collect(),
            todo: todo
                .iter()
                .map(|row| Todo { link: row.get(0), seen: row.get(1), why: row.get(2), due: row.get(3) })
                .collect(),
            certificate,
            complaints,
        }
    }

    pub fn link(&self, id: i64) -> Option<&Link> {
        self.links.iter().find(|link| link.id == id)
    }

    /// The links of a record, in any state.
    pub fn links_of<'state>(&'state self, rec: &'state Rec) -> impl Iterator<Item = &'state Link> {
        self.links.iter().filter(move |link| link.half(rec.side) == *rec)
    }

    /// The rows of a record (a CRM person has one for each company).
    pub fn seen_of<'state>(&'state self, rec: &'state Rec) -> impl Iterator<Item = &'state Seen> {
        self.seen.iter().filter(move |seen| seen.rec == *rec)
    }

    /// Whether a question is about this record, as its subject or as a candidate.
    pub fn asks_about(&self, rec: &Rec) -> bool {
        self.questions.iter().any(|question| {
            self.seen.iter().any(|seen| seen.id == question.seen && seen.rec == *rec) || mentions(&question.body, rec)
        })
    }
}

/// Whether some object within says this side and this id.
fn mentions(body: &Value, rec: &Rec) -> bool {
    match body {
        Value::Object(map) => {
            let says = |key: &str, text: &str| map.get(key).and_then(Value::as_str) == Some(text);
            (says("side", rec.side.word()) && says("id", &rec.id)) || map.values().any(|inner| mentions(inner, rec))
        }
        Value::Array(list) => list.iter().any(|inner| mentions(inner, rec)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

async fn links(c: &mut SqliteConnection) -> Vec<Link> {
    let rows = all(c, "SELECT id, kind, parent, flowtly_id, crm_id, state, assessment FROM link ORDER BY id").await;
    rows.iter().map(link).collect()
}

async fn all(connection: &mut SqliteConnection, sql: &'static str) -> Vec<SqliteRow> {
    sqlx::query(sql).fetch_all(connection).await.unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn link(row: &SqliteRow) -> Link {
    Link {
        id: row.get(0),
        kind: Kind::of_word(row.get(1)),
        parent: row.get(2),
        flowtly: row.get(3),
        crm: row.get(4),
        state: row.get(5),
        assessment: row.get(6),
    }
}

fn seen_row(row: &SqliteRow) -> Seen {
    Seen {
        id: row.get(0),
        rec: Rec::new(Side::of_word(row.get(1)), Kind::of_word(row.get(2)), row.get::<&str, _>(3)),
        link: row.get(4),
        gone: row.get(5),
        archived: row.get(6),
        verdict: row.get(7),
        fields: row.get(8),
        parent: row.get::<Option<String>, _>(9).unwrap_or_default(),
    }
}

fn waiting(row: &SqliteRow) -> Waiting {
    Waiting {
        link: row.get(0),
        seen: row.get(1),
        side: row.get::<Option<&str>, _>(2).map(Side::of_word),
        field: row.get::<&str, _>(3).trim_matches('"').to_owned(),
        words: row.get(4),
    }
}

fn written(row: &SqliteRow) -> Written {
    let reason = json(row.get::<&str, _>(5));
    // Of a write whose outcome nobody saw the history says why it was sent.
    let reason = reason.get("planned").cloned().unwrap_or(reason);
    Written {
        link: row.get(0),
        side: Side::of_word(row.get(1)),
        field: row.get::<&str, _>(2).trim_matches('"').to_owned(),
        old: json(row.get::<&str, _>(3)),
        new: json(row.get::<&str, _>(4)),
        reason: reason.get("why").and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}

fn intent(row: &SqliteRow) -> Intent {
    Intent {
        side: Side::of_word(row.get(0)),
        kind: Kind::of_word(row.get(1)),
        link: row.get(2),
        source: row.get(3),
        target: row.get(4),
        closed: row.get(5),
        body: json(row.get::<&str, _>(6)),
    }
}
