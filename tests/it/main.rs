//! Integration tests: the real engine and connectors against the sandbox servers, in process, by an injected clock.
#![expect(missing_docs, reason = "tests are their own documentation")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on shall end")]

mod cli;
mod firm;
mod house;
mod scenarios;
