//! Which fields this Odoo has: versions and modules differ, and to ask for one that is not there is refused as a whole. They
//! also tell what makes a partner a company here.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::MethodCall;
use super::error::not_the_protocol;
use super::layout::PARENT;
use super::talk::Talk;
use crate::connector::error::PortError;
use crate::domain::record::Kind;

/// The model of companies and contacts.
pub(super) const PARTNER: &str = "res.partner";

/// The firm that a person belongs to over any number of departments in between.
pub(super) const COMMERCIAL: &str = "commercial_partner_id";

/// Whether a partner is a company, in Odoo's own view.
pub(super) const IS_COMPANY: &str = "is_company";

/// What makes a partner a company in this Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Companies {
    /// A mark that anybody sets.
    Marked,
    /// It is filed under nobody. From 19.1 on the mark is computed, of the parents and the VAT number (odoo/odoo#211043): a
    /// firm without a number has none, a person with one has it, and whatever is sent is computed away.
    Roots,
}

impl Companies {
    /// By what Odoo says of the mark. That it cannot be written says too little: nothing can, for a user who may only read.
    pub(super) fn of(fields: &Fields) -> Self {
        let Some(mark) = fields.get(IS_COMPANY) else { return Self::Marked };
        let is_closed = |info: &FieldInfo| info.readonly == Some(true);
        let others_are_open = fields.get(PARENT).is_some_and(|parent| !is_closed(parent));
        if is_closed(mark) && (!mark.depends.is_empty() || others_are_open) { Self::Roots } else { Self::Marked }
    }
}

/// What is known of a field.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct FieldInfo {
    /// Odoo's word for its type.
    #[serde(rename = "type", default)]
    pub(super) type_name: String,
    /// Whether it can be written.
    #[serde(default)]
    pub(super) readonly: Option<bool>,
    /// The fields that it is computed of.
    #[serde(default)]
    depends: Vec<Value>,
    /// The model that a link leads to.
    #[serde(default)]
    pub(super) relation: Option<String>,
    /// The choices: pairs of key and label.
    #[serde(default)]
    selection: Value,
    /// What people call it.
    #[serde(default)]
    pub(super) string: Option<String>,
}

impl FieldInfo {
    /// The keys of its choices, and their labels.
    pub(super) fn choices(&self) -> Vec<(&str, &str)> {
        let pairs = self.selection.as_array().map(Vec::as_slice).unwrap_or_default();
        pairs.iter().filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?))).collect()
    }
}

/// The fields of the partner model that concern us, by name. One that is not here is not in this Odoo.
pub(super) type Fields = HashMap<String, FieldInfo>;

/// The fields as they were last read.
#[derive(Debug, Default)]
pub(super) struct FieldCache(tokio::sync::Mutex<Option<Arc<Fields>>>);

impl FieldCache {
    /// The fields as they were last read; now, if they never were.
    pub(super) async fn known(&self, talk: &Talk) -> Result<Arc<Fields>, PortError> {
        let mut slot = self.0.lock().await;
        if let Some(fields) = &*slot {
            return Ok(fields.clone());
        }
        let fields = Arc::new(read(talk).await?);
        *slot = Some(fields.clone());
        Ok(fields)
    }

    /// The fields as they are now.
    pub(super) async fn read_anew(&self, talk: &Talk) -> Result<Arc<Fields>, PortError> {
        let mut slot = self.0.lock().await;
        let fields = Arc::new(read(talk).await?);
        *slot = Some(fields.clone());
        Ok(fields)
    }
}

/// All fields of the partner model, those that do not concern us too.
pub(super) async fn every(talk: &Talk) -> Result<Fields, PortError> {
    describe(talk, MethodCall::new(PARTNER, "fields_get")).await
}

async fn read(talk: &Talk) -> Result<Fields, PortError> {
    let mut names: BTreeSet<&str> = BTreeSet::from([COMMERCIAL, IS_COMPANY, PARENT]);
    for kind in Kind::BOTH {
        let layout = talk.layout(kind);
        names.extend(layout.shape.paths());
        names.extend(layout.id_field.as_deref());
    }
    describe(talk, MethodCall::new(PARTNER, "fields_get").with("allfields", json!(names))).await
}

async fn describe(talk: &Talk, call: MethodCall) -> Result<Fields, PortError> {
    let call = call.with("attributes", json!(["type", "readonly", "depends", "relation", "selection", "string"]));
    let reply = talk.ask(call).await?;
    serde_json::from_slice(&reply.body).map_err(|_| not_the_protocol("a description of fields"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::of_old(r#"{"readonly":false,"depends":[]}"#, r#"{"readonly":false}"#, Companies::Marked)]
    #[case::of_old_for_a_reader(r#"{"readonly":true,"depends":[]}"#, r#"{"readonly":true}"#, Companies::Marked)]
    #[case::computed(r#"{"readonly":true,"depends":["vat"]}"#, r#"{"readonly":false}"#, Companies::Roots)]
    #[case::computed_for_a_reader(r#"{"readonly":true,"depends":["vat"]}"#, r#"{"readonly":true}"#, Companies::Roots)]
    #[case::computed_of_what_is_not_told(r#"{"readonly":true}"#, r#"{"readonly":false}"#, Companies::Roots)]
    #[case::computed_and_open(r#"{"readonly":false,"depends":["vat"]}"#, r#"{"readonly":false}"#, Companies::Marked)]
    #[case::not_told("{}", "{}", Companies::Marked)]
    fn companies_are_roots_where_the_mark_is_computed(
        #[case] mark: &str,
        #[case] parent: &str,
        #[case] wanted: Companies,
    ) {
        let fields = format!(r#"{{"is_company":{mark},"parent_id":{parent}}}"#);
        assert_eq!(Companies::of(&serde_json::from_str(&fields).unwrap()), wanted);
    }

    #[test]
    fn a_description_without_the_mark_is_of_an_odoo_that_has_it() {
        assert_eq!(Companies::of(&Fields::new()), Companies::Marked);
    }

    #[test]
    fn a_description_is_read_and_what_is_missing_in_it_is_no_failure() {
        let fields: Fields = serde_json::from_str(
            r#"{"lang":{"type":"selection","readonly":false,"selection":[["pl_PL","Polish"],["en_US","English"]],
                "string":"Language"},"country_id":{"type":"many2one","relation":"res.country"}}"#,
        )
        .unwrap();
        assert_eq!(fields["lang"].choices(), [("pl_PL", "Polish"), ("en_US", "English")]);
        assert_eq!(fields["country_id"].relation.as_deref(), Some("res.country"));
        assert_eq!(fields["country_id"].readonly, None);
        assert!(fields["country_id"].choices().is_empty());
    }
}
