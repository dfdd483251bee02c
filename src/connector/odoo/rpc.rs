//! Makes JSON-RPC look like JSON-2: its envelope is taken off, and its errors, which come under the status 200, become
//! replies that are no success, with the same body as there.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::connector::error::PortError;
use crate::connector::http::Transport;

/// Where JSON-RPC is answered.
pub(super) const PATH: &str = "/jsonrpc";

/// A transport behind which both protocols answer alike.
#[derive(Debug)]
pub(super) struct Unwrapping(pub(super) Arc<dyn Transport>);

#[async_trait]
impl Transport for Unwrapping {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        body_limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        let is_rpc = request.uri().path().ends_with(PATH);
        let reply = self.0.send(request, timeout, body_limit).await?;
        Ok(if is_rpc && reply.status().is_success() { unwrapped(reply) } else { reply })
    }
}

/// What is not such an envelope stays as it is, and is no reply of the protocol for whoever reads it.
fn unwrapped(reply: Response<Bytes>) -> Response<Bytes> {
    let (mut parts, body) = reply.into_parts();
    let body = match opened(&body) {
        Some(Content::Result(result)) => result,
        Some(Content::Error(error)) => {
            let fault = serde_json::from_slice::<Fault>(&error).unwrap_or_default();
            parts.status = fault
                .code
                .and_then(|code| StatusCode::from_u16(code).ok())
                .filter(|status| status.is_client_error() || status.is_server_error())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            member(&error, "data").unwrap_or(error)
        }
        None => body,
    };
    Response::from_parts(parts, body)
}

/// The code of an error: 200 for what a model raised, 404 and others where HTTP has a word for it.
#[derive(Debug, Default, Deserialize)]
struct Fault {
    #[serde(default)]
    code: Option<u16>,
}

enum Content {
    Result(Bytes),
    Error(Bytes),
}

fn opened(body: &Bytes) -> Option<Content> {
    match (member(body, "error"), member(body, "result")) {
        (Some(error), _) => Some(Content::Error(error)),
        (None, Some(result)) => Some(Content::Result(result)),
        (None, None) => None,
    }
}

/// The text of a member of an object, where the whole is well-formed JSON; nothing is copied.
fn member(object: &Bytes, name: &str) -> Option<Bytes> {
    let mut at = skip(object, 0, b'{')?;
    let mut found = None;
    loop {
        let (key, end) = next::<String>(object, at)?;
        let colon = skip(object, end, b':')?;
        let start = colon + object.get(colon..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (IgnoredAny, end) = next::<IgnoredAny>(object, start)?;
        if key == name {
            found = Some(object.slice(start..end));
        }
        let Some(behind) = skip(object, end, b',') else {
            let end = skip(object, end, b'}')?;
            let rest = object.get(end..)?;
            return if rest.iter().all(u8::is_ascii_whitespace) { found } else { None };
        };
        at = behind;
    }
}

/// The place behind `wanted`, white space before it left out.
fn skip(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let blank = bytes.get(from..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    (bytes.get(from + blank) == Some(&wanted)).then_some(from + blank + 1)
}

/// The JSON value that begins at a place, and the place behind it.
fn next<'de, T: Deserialize<'de>>(bytes: &'de [u8], from: usize) -> Option<(T, usize)> {
    let mut values = serde_json::Deserializer::from_slice(bytes.get(from..)?).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, from + values.byte_offset()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(body: &'static str) -> (u16, String) {
        let reply = unwrapped(Response::new(Bytes::from_static(body.as_bytes())));
        (reply.status().as_u16(), String::from_utf8(reply.body().to_vec()).unwrap())
    }

    #[test]
    fn a_result_loses_its_envelope() {
        assert_eq!(
            through(r#"{"jsonrpc": "2.0", "id": 1, "result": [ {"id": 7} ]}"#),
            (200, r#"[ {"id": 7} ]"#.into())
        );
        assert_eq!(through(r#"{"result":false,"id":null}"#), (200, "false".into()));
    }

    #[test]
    fn an_error_is_no_success_and_has_the_body_of_the_newer_protocol() {
        let body = r#"{"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"Odoo Server Error",
            "data":{"name":"odoo.exceptions.UserError","message":"No"}}}"#;
        assert_eq!(through(body), (500, r#"{"name":"odoo.exceptions.UserError","message":"No"}"#.into()));
        let (status, body) = through(r#"{"error":{"code":404,"message":"404: Not Found"}}"#);
        assert_eq!((status, body.contains("Not Found")), (404, true));
    }

    #[test]
    fn what_is_no_envelope_stays_as_it_is() {
        for body in ["<html>", "", r#"{"result":[1"#, "[]", r#"{"id":1}"#, r#"{"result":1}x"#, r#"{"result" 1}"#] {
            assert_eq!(through(body), (200, body.to_owned()));
        }
    }
}
