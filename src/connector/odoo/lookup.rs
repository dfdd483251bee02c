//! Texts on our side, ids and keys on Odoo's: countries, languages, and whatever else a mapped field links to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Archived, MethodCall};
use super::error::not_the_protocol;
use super::fields::FieldInfo;
use super::talk::Talk;
use super::value::Shown;
use crate::connector::error::{ErrorKind, FieldRefusal, PortError};
use crate::domain::value::country_code;

/// The model of countries.
pub(super) const COUNTRIES: &str = "res.country";

/// The model of languages.
const LANGUAGES: &str = "res.lang";

/// The partner's language: a choice whose list is the languages that are switched on.
const LANGUAGE_FIELD: &str = "lang";

/// The lists that were read.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    /// By model.
    tables: tokio::sync::Mutex<HashMap<String, Arc<Table>>>,
    /// When the countries were refused to the key's user.
    refused_at: Mutex<Option<Duration>>,
}

/// One list.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_id: HashMap<u64, Line>,
    /// By key or label, in lower case; `None` where several have it.
    by_text: HashMap<String, Option<u64>>,
    /// Whether it shows every record.
    whole: bool,
    read_at: Duration,
}

/// One record of a list.
#[derive(Debug, Clone)]
struct Line {
    /// Its code, where its model has codes; else its label.
    key: String,
}

impl Table {
    /// The code of a record.
    pub(super) fn key(&self, id: u64) -> Option<&str> {
        self.by_id.get(&id).map(|line| line.key.as_str())
    }

    #[expect(clippy::option_option, reason = "a text that nobody has, that several have, or that one has")]
    fn find(&self, text: &str) -> Option<Option<u64>> {
        self.by_text.get(&text.to_lowercase()).copied()
    }

    fn add(&mut self, id: u64, key: &str, label: &str, others: &[&str]) {
        for text in [key, label].into_iter().chain(others.iter().copied()).filter(|text| !text.is_empty()) {
            let known = self.by_text.entry(text.to_lowercase()).or_insert(Some(id));
            if *known != Some(id) {
                *known = None;
            }
        }
        self.by_id.insert(id, Line { key: key.to_owned() });
    }

    #[cfg(test)]
    pub(super) fn of<const N: usize>(lines: [(u64, &str, &str); N]) -> Self {
        let mut table = Self { whole: true, ..Self::default() };
        for (id, key, label) in lines {
            table.add(id, key, label, &[]);
        }
        table
    }
}

impl Lookups {
    /// The countries, as they were last read; `None` where the key's user may not see them. With `anew` a list that is not
    /// fresh is read again, because something was not found in it.
    pub(super) async fn countries(&self, talk: &Talk, anew: bool) -> Result<Option<Arc<Table>>, PortError> {
        let refused_at = *self.refused_at.lock().unwrap_or_else(PoisonError::into_inner);
        if refused_at.is_some_and(|at| talk.elapsed().saturating_sub(at) < talk.settings.lookup_fresh) {
            return Ok(None);
        }
        match self.table(talk, COUNTRIES, |_| !anew).await {
            Ok(table) => Ok(Some(table)),
            Err(error) if error.kind == ErrorKind::Forbidden => {
                *self.refused_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(talk.elapsed());
                tracing::warn!("the key's user may not see Odoo's countries: they are read by their names");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the list that a text of a field is looked up in, so that writing it needs no further request.
    pub(super) async fn prepare(&self, talk: &Talk, path: &str, info: &FieldInfo, text: &str) -> Result<(), PortError> {
        match list_of(path, info) {
            Some(model) => self.table(talk, model, |table| wanted(model, table, text).is_some()).await.map(drop),
            None => Ok(()),
        }
    }

    /// What to send for a text. Fails with the field's own refusal for what this Odoo does not offer.
    pub(super) async fn outgoing(
        &self,
        talk: &Talk,
        path: &str,
        info: &FieldInfo,
        text: Option<&str>,
    ) -> Result<Value, PortError> {
        let Some(text) = text else { return Ok(Value::Bool(false)) };
        let Some(model) = list_of(path, info) else { return plain(path, info, text) };
        let table = self.table(talk, model, |table| wanted(model, table, text).is_some()).await?;
        match wanted(model, &table, text) {
            Some(Some(id)) if info.type_name == "many2one" => Ok(json!(id)),
            Some(Some(id)) => Ok(json!(table.key(id))),
            Some(None) => {
                Err(refused(path, "several records have this name: make their names differ in Odoo".to_owned()))
            }
            None if !table.whole => {
                let message =
                    format!("the list of {model} is longer than lookup_cap: raise it, or make the field read_only");
                Err(refused(path, message))
            }
            None if model == LANGUAGES => {
                Err(refused(path, "this language is not switched on in Odoo: add it in its settings".to_owned()))
            }
            None => {
                let message =
                    format!("Odoo's own list ({model}) does not offer this: add it there, or translate it by `values`");
                Err(refused(path, message))
            }
        }
    }

    /// The list: as it is if it is good enough or fresh, else read anew, by one caller at a time.
    async fn table(
        &self,
        talk: &Talk,
        model: &str,
        is_enough: impl Fn(&Table) -> bool,
    ) -> Result<Arc<Table>, PortError> {
        let mut tables = self.tables.lock().await;
        let now = talk.elapsed();
        if let Some(table) = tables.get(model)
            && (is_enough(table) || now.saturating_sub(table.read_at) < talk.settings.lookup_fresh)
        {
            return Ok(table.clone());
        }
        let table = Arc::new(Table { read_at: now, ..read(talk, model).await? });
        tables.insert(model.to_owned(), table.clone());
        Ok(table)
    }
}

/// The model in which a field's texts are looked up; `None` for one that holds its text itself.
fn list_of<'a>(path: &str, info: &'a FieldInfo) -> Option<&'a str> {
    match (info.type_name.as_str(), info.relation.as_deref()) {
        ("many2one", Some(model)) => Some(model),
        ("selection", _) if path == LANGUAGE_FIELD => Some(LANGUAGES),
        (_, _) => None,
    }
}

/// The record of a text: a country by any of its names, a language with or without its region.
#[expect(clippy::option_option, reason = "as `Table::find`")]
fn wanted(model: &str, table: &Table, text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    let found = table.find(text);
    match model {
        COUNTRIES => found.or_else(|| table.find(country_code(text)?)),
        LANGUAGES => found.or_else(|| table.find(&text.replace('-', "_"))),
        _ => found,
    }
}

/// What is sent for a text of a field that holds it itself.
fn plain(path: &str, info: &FieldInfo, text: &str) -> Result<Value, PortError> {
    if text.contains('\0') {
        return Err(refused(path, "the text holds a character NUL, which Odoo cannot store".to_owned()));
    }
    let whole = || text.trim().parse::<i64>().ok().map(Value::from);
    let value = match info.type_name.as_str() {
        "boolean" => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        "integer" => whole(),
        "float" | "monetary" => whole().or_else(|| text.trim().parse::<f64>().ok().map(Value::from)),
        "selection" => {
            let choices = info.choices();
            let by_key = choices.iter().find(|(key, _)| *key == text);
            let chosen = by_key.or_else(|| choices.iter().find(|(_, label)| label.eq_ignore_ascii_case(text)));
            chosen.map(|(key, _)| json!(key))
        }
        "one2many" | "many2many" | "many2one" | "binary" => None,
        _ => Some(json!(text)),
    };
    value.ok_or_else(|| {
        let choices: Vec<&str> = info.choices().into_iter().map(|(key, _)| key).collect();
        let mend = if choices.is_empty() { String::new() } else { format!(", which is one of {}", choices.join(", ")) };
        refused(path, format!("this is nothing that Odoo takes for a field of type {}{mend}", info.type_name))
    })
}

/// The refusal of one field, before anything was sent.
pub(super) fn refused(path: &str, message: String) -> PortError {
    let mut error = PortError::new(ErrorKind::Invalid, format!("{path}: {message}"));
    error.fields.push(FieldRefusal { path: path.to_owned(), message });
    error
}

/// A record of a list; which fields it has depends on its model.
#[derive(Deserialize)]
struct Listed<'a> {
    id: u64,
    #[serde(borrow, default)]
    display_name: Option<Shown<'a>>,
    #[serde(borrow, default)]
    code: Option<Shown<'a>>,
    #[serde(borrow, default)]
    iso_code: Option<Shown<'a>>,
    #[serde(borrow, default)]
    name: Option<Shown<'a>>,
}

async fn read(talk: &Talk, model: &str) -> Result<Table, PortError> {
    let names: &[&str] = match model {
        COUNTRIES => &["display_name", "code"],
        LANGUAGES => &["display_name", "code", "iso_code", "name"],
        _ => &["display_name"],
    };
    let cap = talk.settings.lookup_cap;
    let call = MethodCall::new(model, "search_read")
        .place("domain", json!([]))
        .with("fields", json!(names))
        .with("limit", json!(cap.saturating_add(1)))
        .with("order", json!("id"))
        // Only what is switched on can be chosen.
        .archived(Archived::Hidden);
    let reply = talk.ask(call).await?;
    let listed: Vec<Listed<'_>> =
        serde_json::from_slice(&reply.body).map_err(|_| not_the_protocol("a list to look texts up in"))?;
    let mut table = Table { whole: listed.len() <= cap, ..Table::default() };
    for line in &listed {
        let of = |shown: &Option<Shown<'_>>| shown.as_ref().and_then(Shown::text).unwrap_or_default().to_owned();
        let (label, code) = (of(&line.display_name), of(&line.code));
        let key = if code.is_empty() { &label } else { &code };
        table.add(line.id, key, &label, &[&of(&line.iso_code), &of(&line.name)]);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn info(json: &str) -> FieldInfo {
        serde_json::from_str(json).unwrap()
    }

    #[rstest]
    #[case(r#"{"type":"char"}"#, "x", json!("x"))]
    #[case(r#"{"type":"boolean"}"#, "false", json!(false))]
    #[case(r#"{"type":"integer"}"#, "14", json!(14))]
    #[case(r#"{"type":"float"}"#, "14.5", json!(14.5))]
    #[case(r#"{"type":"selection","selection":[["a","Alpha"]]}"#, "a", json!("a"))]
    #[case(r#"{"type":"selection","selection":[["a","Alpha"]]}"#, "alpha", json!("a"))]
    fn a_text_is_sent_as_its_fields_type_wants_it(#[case] field: &str, #[case] text: &str, #[case] sent: Value) {
        assert_eq!(plain("f", &info(field), text).unwrap(), sent);
    }

    #[rstest]
    #[case(r#"{"type":"boolean"}"#, "maybe")]
    #[case(r#"{"type":"integer"}"#, "many")]
    #[case(r#"{"type":"selection","selection":[["a","Alpha"]]}"#, "b")]
    #[case(r#"{"type":"many2many"}"#, "x")]
    #[case(r#"{"type":"char"}"#, "a\0b")]
    fn what_a_type_cannot_hold_is_refused_by_field(#[case] field: &str, #[case] text: &str) {
        let error = plain("f", &info(field), text).unwrap_err();
        assert_eq!((error.kind, error.fields[0].path.as_str()), (ErrorKind::Invalid, "f"));
    }

    #[test]
    fn a_country_is_found_by_code_or_name_and_a_language_by_any_of_its_codes() {
        let countries = Table::of([(1, "PL", "Poland"), (2, "DE", "Germany")]);
        for text in ["PL", "pl", "Poland", "POL"] {
            assert_eq!(wanted(COUNTRIES, &countries, text), Some(Some(1)), "{text}");
        }
        assert_eq!(wanted(COUNTRIES, &countries, "Atlantis"), None);
        let mut languages = Table::default();
        languages.add(5, "pl_PL", "Polish / Język polski", &["pl"]);
        languages.add(6, "pt_BR", "Portuguese (BR)", &["pt_BR"]);
        for (text, id) in [("pl", 5), ("pl_PL", 5), ("pl-PL", 5), ("pt-br", 6)] {
            assert_eq!(wanted(LANGUAGES, &languages, text), Some(Some(id)), "{text}");
        }
    }

    #[test]
    fn a_name_that_several_have_is_no_answer() {
        let table = Table::of([(1, "Same", "Same"), (2, "Same", "Same")]);
        assert_eq!(wanted("x.model", &table, "same"), Some(None));
    }
}
