//! Integration tests: the real engine and connectors against the sandbox servers, in process, by an injected clock.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what a test leans on may panic")]
#![expect(unreachable_pub, reason = "a test binary: what its files share is public among them")]

mod cli;
mod manual;
mod served;
mod service;
mod units;
mod images;
mod firm;
mod foreign;
mod house;
mod meddle;

mod accidents;
mod decisions;
mod documents;
mod identity;
mod state;
mod pass;
mod bad_input;
mod custom;
mod scenarios;
mod instances;
mod espocrm;
mod web;
mod notices;
mod package;
mod leaks;
mod init;
