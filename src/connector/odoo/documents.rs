//! Documents of Flowtly as a company shows them in Odoo: attachments that are links, in its chatter.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Archived, MethodCall};
use super::error::not_the_protocol;
use super::fields::PARTNER;
use super::read::number;
use super::rights::{Right, Rights};
use super::talk::Talk;
use super::value::Shown as WireValue;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::http::Reply;
use crate::connector::port::{Showing, Shown};
use crate::domain::record::RemoteId;

/// The model of attachments.
const ATTACHMENT: &str = "ir.attachment";

/// What is read of one.
const FIELDS: [&str; 3] = ["name", "url", "description"];

#[derive(Deserialize)]
struct Attachment<'a> {
    id: u64,
    #[serde(borrow, default)]
    name: Option<WireValue<'a>>,
    #[serde(borrow, default)]
    url: Option<WireValue<'a>>,
    #[serde(borrow, default)]
    description: Option<WireValue<'a>>,
}

/// The attachments of a company that carry our mark.
pub(super) async fn shown(talk: &Talk, company: &RemoteId) -> Result<Vec<Shown>, PortError> {
    let domain = json!([
        ["res_model", "=", PARTNER],
        ["res_id", "=", number(company)?],
        ["type", "=", "url"],
        ["description", "!=", false],
    ]);
    let call = MethodCall::new(ATTACHMENT, "search_read")
        .place("domain", domain)
        .with("fields", json!(FIELDS))
        .with("order", json!("id"))
        .archived(Archived::Shown);
    let reply = talk.ask(call).await.map_err(why)?;
    Ok(read(&reply.body)?.into_iter().filter(|shown| is_mark(&shown.showing.mark)).collect())
}

/// Shows a document anew, or what is shown under another name or link. Answers with what Odoo stored.
pub(super) async fn show(
    talk: &Talk,
    company: &RemoteId,
    id: Option<&RemoteId>,
    showing: &Showing,
) -> Result<Shown, PortError> {
    let mut vals = json!({
        "name": showing.title,
        "url": showing.link.as_deref().map_or(Value::Bool(false), |link| json!(link)),
        "description": showing.mark,
    });
    let id = if let Some(id) = id {
        let call = MethodCall::new(ATTACHMENT, "write").on(vec![number(id)?]).place("vals", vals);
        let reply = order(talk, call, Right::Write).await?;
        if !matches!(serde_json::from_slice::<Value>(&reply.body), Ok(Value::Bool(true))) {
            return Err(not_the_protocol("the `true` of a write"));
        }
        id.clone()
    } else {
        let company = number(company)?;
        if let Some(vals) = vals.as_object_mut() {
            vals.insert("type".to_owned(), json!("url"));
            vals.insert("res_model".to_owned(), json!(PARTNER));
            vals.insert("res_id".to_owned(), json!(company));
        }
        let call = MethodCall::new(ATTACHMENT, "create").place("vals_list", json!([vals]));
        let reply = order(talk, call, Right::Create).await?;
        match serde_json::from_slice::<Vec<u64>>(&reply.body).as_deref() {
            Ok([id]) => RemoteId::new(id.to_string()),
            Ok(_) | Err(_) => return Err(not_the_protocol("the id of the attachment that was made")),
        }
    };
    let call = MethodCall::new(ATTACHMENT, "read").on(vec![number(&id)?]).with("fields", json!(FIELDS));
    let stored = match talk.ask(call).await {
        Ok(reply) => read(&reply.body)?.into_iter().next(),
        Err(error) => {
            tracing::debug!(error.kind = ?error.kind, "what Odoo stored of a document could not be read back");
            None
        }
    };
    Ok(stored.unwrap_or_else(|| Shown { id, showing: showing.clone() }))
}

/// A write; that the company is closed to the key's user concerns it alone.
async fn order(talk: &Talk, call: MethodCall, right: Right) -> Result<Reply, PortError> {
    match talk.order(call).await {
        Ok(reply) => Ok(reply),
        Err(error) => Err(why(Rights::new(ATTACHMENT, right).judge(talk, error).await)),
    }
}

fn read(body: &[u8]) -> Result<Vec<Shown>, PortError> {
    let attachments: Vec<Attachment<'_>> =
        serde_json::from_slice(body).map_err(|_| not_the_protocol("a list of attachments"))?;
    let text = |shown: Option<WireValue<'_>>| shown.as_ref().and_then(WireValue::text).map(str::to_owned);
    Ok(attachments
        .into_iter()
        .map(|attachment| Shown {
            id: RemoteId::new(attachment.id.to_string()),
            showing: Showing {
                mark: text(attachment.description).unwrap_or_default(),
                title: text(attachment.name).unwrap_or_default(),
                link: text(attachment.url),
            },
        })
        .collect())
}

/// Whether a description is `organisation/client/document`, and not what a person wrote there.
fn is_mark(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
}

fn why(error: PortError) -> PortError {
    if error.kind != ErrorKind::Forbidden {
        return error;
    }
    let message =
        format!("the key's user may not see or make attachments of partners, set documents = false: {}", error.message);
    PortError { message, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_mark_is_ours() {
        assert!(is_mark("org-1/17/55"));
        for other in ["", "17/55", "see a/b/c d", "a//c", "https://example.org/x"] {
            assert!(!is_mark(other), "{other}");
        }
    }
}
