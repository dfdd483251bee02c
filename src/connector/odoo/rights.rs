//! What the key's user may do with a model as a whole. That alone tells the refusal of one record from that of a side: Odoo words
//! both in the user's own language, and one record may be refused for the sake of another model (to write the contact of an
//! internal user is to write a user, `odoo/addons/base/models/res_partner.py`).

use serde_json::{Value, json};

use super::call::MethodCall;
use super::error::{not_the_protocol, unnamed};
use super::talk::Talk;
use crate::connector::error::{ErrorKind, PortError};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// To make records.
    Create,
    /// To change them.
    Write,
}

impl Right {
    const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Write => "write",
        }
    }
}

/// A right to a model; asked for once, and only after a refusal.
#[derive(Debug)]
pub(super) struct Rights {
    model: &'static str,
    right: Right,
    granted: Option<bool>,
}

impl Rights {
    /// Nothing is asked yet.
    pub(super) fn new(model: &'static str, right: Right) -> Self {
        Self { model, right, granted: None }
    }

    /// Judges the failure of a write. What is forbidden to a user who has the right to the model concerns the record, in Odoo's
    /// own words; without the right, or where it is not known, it concerns the side.
    pub(super) async fn judge(&mut self, talk: &Talk, error: PortError) -> PortError {
        if error.kind != ErrorKind::Forbidden {
            return error;
        }
        if self.granted.is_none() {
            match granted(talk, self.model, self.right).await {
                Ok(granted) => self.granted = Some(granted),
                Err(asking) => tracing::debug!(error.kind = ?asking.kind, "Odoo does not tell what its user may do"),
            }
        }
        match self.granted {
            Some(true) => PortError { kind: ErrorKind::Invalid, ..error },
            // Of a model it names the groups that may, and nobody.
            Some(false) => error,
            None => unnamed(error),
        }
    }
}

async fn granted(talk: &Talk, model: &str, right: Right) -> Result<bool, PortError> {
    // Since 18; it is called on records, and on none it is about the model.
    let call = MethodCall::new(model, "has_access").on(Vec::new()).place("operation", json!(right.word()));
    let reply = match talk.ask(call).await {
        // Before 18 there is no such method; gone in 19.
        Err(error) if error.kind == ErrorKind::Setting => {
            let call = MethodCall::new(model, "check_access_rights")
                .place("operation", json!(right.word()))
                .place("raise_exception", json!(false));
            talk.ask(call).await?
        }
        reply => reply?,
    };
    match serde_json::from_slice::<Value>(&reply.body) {
        Ok(Value::Bool(granted)) => Ok(granted),
        Ok(_) | Err(_) => Err(not_the_protocol("whether something is allowed")),
    }
}
