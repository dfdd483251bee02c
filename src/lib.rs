//! `flowtly-sync` keeps client companies, their contacts and documents in agreement between Flowtly and a CRM, in both
//! directions. The binary composes what is here; tests and benchmarks call the same.
//!
//! # The map, in reading order
//!
//! - [`domain`]: pure decisions. What a value is, when two are the same, what ought to be done and whether it is safe.
//! - [`clock`]: the one source of time.
//! - [`connector`]: how to talk to one system; the port that the engine sees, HTTP with retry and budgets, the connectors.
//! - [`store`]: the state, one SQLite file.
//! - [`sync`]: one pass, step by step.
//! - [`notice`]: people are told when something needs them, and when it is well again.
//! - [`daemon`]: passes on a schedule, signals, systemd, and the socket through which people decide meanwhile.
//! - [`sandbox`]: embedded servers that answer as the real systems do.
//! - [`config`], [`telemetry`]: what the user says, and what the program says.
//! - [`metrics`], [`web`]: figures, health, and the end-points over HTTP that show them and take webhooks.
//! - [`render`], [`commands`], [`cli`]: what people see and type.
//!
//! Arrows point one way: main, cli, commands, daemon, sync, then connector and store, then domain.
//!
//! # Invariants
//!
//! 1. [`domain`] does no I/O and is never async; time enters as an argument.
//! 2. Only [`sync::apply`] holds a [`connector::port::Sink`]. Whatever plans, recovers or shows holds a
//!    [`connector::port::Source`], so that a dry run cannot write.
//! 3. Only `connector::<system>::wire` knows a system's JSON; only [`store`] knows SQL; only [`config`] reads the
//!    environment; only [`render`] and [`cli`] print.
//! 4. No action is applied that is not in a plan that [`domain::safety`] accepted, or that the operator allowed by name.
//! 5. Nothing is sent that the journal ([`store::intent`]) does not already hold.
//! 6. One writer a state file: an exclusive lock, held as a proof value ([`store::lock::WriterLock`]).

pub mod domain;
pub mod clock;
mod alarm;
pub mod connector;
pub mod store;
pub mod sync;
pub mod notice;
pub mod daemon;
pub mod sandbox;
pub mod config;
pub mod telemetry;
pub mod metrics;
pub mod web;
pub mod render;
pub mod commands;
pub mod cli;
