//! A call of a model's method, and how each of the two protocols spells it.

use serde_json::{Map, Value, json};

/// Whether a call sees archived records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archived {
    /// As if they were not there.
    Hidden,
    /// Among the others.
    Shown,
}

/// A call of a method.
#[derive(Debug, Clone)]
pub(super) struct MethodCall {
    pub(super) model: String,
    pub(super) method: &'static str,
    /// The records that it is called on, where it is called on records.
    ids: Option<Vec<u64>>,
    /// Arguments whose name differs between versions, or that older versions take by place alone.
    placed: Vec<(&'static str, Value)>,
    named: Vec<(&'static str, Value)>,
    archived: Archived,
}

/// Who calls by JSON-RPC.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) database: &'a str,
    pub(super) uid: u64,
    pub(super) key: &'a str,
}

impl MethodCall {
    /// A method of a model.
    pub(super) fn new(model: &str, method: &'static str) -> Self {
        Self {
            model: model.to_owned(),
            method,
            ids: None,
            placed: Vec::new(),
            named: Vec::new(),
            archived: Archived::Hidden,
        }
    }

    /// The records that it is called on.
    pub(super) fn on(mut self, ids: Vec<u64>) -> Self {
        self.ids = Some(ids);
        self
    }

    /// An argument that JSON-RPC gives by place.
    pub(super) fn place(mut self, name: &'static str, value: Value) -> Self {
        self.placed.push((name, value));
        self
    }

    /// An argument.
    pub(super) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.named.push((name, value));
        self
    }

    /// What it sees of the archive.
    pub(super) fn archived(mut self, archived: Archived) -> Self {
        self.archived = archived;
        self
    }

    /// The body of a JSON-2 request.
    pub(super) fn json2(self, language: Option<&str>) -> Value {
        let context = self.context(language);
        let mut body = Map::new();
        if let Some(ids) = self.ids {
            body.insert("ids".to_owned(), json!(ids));
        }
        let arguments = self.placed.into_iter().chain(self.named);
        body.extend(arguments.map(|(name, value)| (name.to_owned(), value)));
        body.insert("context".to_owned(), context);
        Value::Object(body)
    }

    /// The body of a JSON-RPC request.
    pub(super) fn json_rpc(self, caller: Caller<'_>, language: Option<&str>) -> Value {
        let context = self.context(language);
        let ids = self.ids.map(|ids| json!(ids));
        let placed: Vec<Value> = ids.into_iter().chain(self.placed.into_iter().map(|(_, value)| value)).collect();
        let mut named: Map<String, Value> =
            self.named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        named.insert("context".to_owned(), context);
        let Caller { database, uid, key } = caller;
        envelope("object", "execute_kw", json!([database, uid, key, self.model, self.method, placed, named]))
    }

    fn context(&self, language: Option<&str>) -> Value {
        let mut context = Map::new();
        if let Some(language) = language {
            context.insert("lang".to_owned(), json!(language));
        }
        if self.archived == Archived::Shown {
            context.insert("active_test".to_owned(), json!(false));
        }
        Value::Object(context)
    }
}

/// The body of a JSON-RPC request to a service.
#[expect(clippy::needless_pass_by_value, reason = "`json!` takes its values by reference and clones them")]
pub(super) fn envelope(service: &str, method: &str, arguments: Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "method": "call",
        "id": 1,
        "params": {"service": service, "method": method, "args": arguments},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> MethodCall {
        MethodCall::new("res.partner", "read").on(vec![7]).with("fields", json!(["name"])).archived(Archived::Shown)
    }

    #[test]
    fn json2_names_every_argument() {
        let body = read().json2(Some("en_US"));
        let wanted = json!({"ids": [7], "fields": ["name"], "context": {"lang": "en_US", "active_test": false}});
        assert_eq!(body, wanted);
    }

    #[test]
    fn json_rpc_gives_records_first_and_what_has_no_sure_name_by_place() {
        let caller = Caller { database: "firm", uid: 2, key: "k" };
        let body = read().json_rpc(caller, None);
        let wanted = json!(["firm", 2, "k", "res.partner", "read", [[7]],
            {"fields": ["name"], "context": {"active_test": false}}]);
        assert_eq!(body["params"]["args"], wanted);
        let create = MethodCall::new("res.partner", "create").place("vals_list", json!([{"name": "A"}]));
        let body = create.json_rpc(caller, None);
        assert_eq!(body["params"]["args"][5], json!([[{"name": "A"}]]));
    }
}
