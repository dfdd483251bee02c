//! Integration tests: the real engine and connectors against the sandbox servers, in process, by an injected clock.
#![expect(missing_docs, reason = "tests are their own documentation")]

mod firm;
mod scenarios;
