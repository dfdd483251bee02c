//! Which fields this Odoo has: versions and modules differ, and to ask for one that is not there is refused as a whole.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::MethodCall;
use super::error::not_the_protocol;
use super::talk::Talk;
use crate::connector::error::PortError;
use crate::domain::record::Kind;

/// The model of companies and contacts.
pub(super) const PARTNER: &str = "res.partner";

/// The firm that a person belongs to over any number of departments in between.
pub(super) const COMMERCIAL: &str = "commercial_partner_id";

/// What is known of a field.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct FieldInfo {
    /// Odoo's word for its type.
    #[serde(rename = "type", default)]
    pub(super) type_name: String,
    /// Whether it can be written.
    #[serde(default)]
    pub(super) readonly: Option<bool>,
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
    let mut names: BTreeSet<&str> = BTreeSet::from([COMMERCIAL]);
    for kind in Kind::BOTH {
        let layout = talk.layout(kind);
        names.extend(layout.shape.paths());
        names.extend(layout.id_field.as_deref());
    }
    describe(talk, MethodCall::new(PARTNER, "fields_get").with("allfields", json!(names))).await
}

async fn describe(talk: &Talk, call: MethodCall) -> Result<Fields, PortError> {
    let call = call.with("attributes", json!(["type", "readonly", "relation", "selection", "string"]));
    let reply = talk.ask(call).await?;
    serde_json::from_slice(&reply.body).map_err(|_| not_the_protocol("a description of fields"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
