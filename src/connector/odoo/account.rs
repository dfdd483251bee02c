//! Which Odoo this is: the id that its database was given when it was made.

use serde::Deserialize;
use serde_json::json;

use super::call::MethodCall;
use super::error::not_the_protocol;
use super::talk::Talk;
use super::value::Shown;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Account;

#[derive(Deserialize)]
struct Parameter<'a> {
    #[serde(borrow)]
    value: Shown<'a>,
}

/// Asks who Odoo is. Only administrators may read the database's id: without it canary records stand in.
pub(super) async fn account(talk: &Talk) -> Result<Account, PortError> {
    let server_time = talk.greet().await?;
    let call = MethodCall::new("ir.config_parameter", "search_read")
        .place("domain", json!([["key", "=", "database.uuid"]]))
        .with("fields", json!(["value"]))
        .with("limit", json!(1));
    let id = match talk.ask(call).await {
        Ok(reply) => {
            let found: Vec<Parameter<'_>> =
                serde_json::from_slice(&reply.body).map_err(|_| not_the_protocol("a list of parameters"))?;
            found.first().and_then(|parameter| parameter.value.text()).map(str::to_owned)
        }
        Err(error) if error.kind == ErrorKind::Forbidden => None,
        Err(error) => return Err(error),
    };
    Ok(Account { id, server_time })
}
