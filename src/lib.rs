//! `flowtly-sync` keeps client companies, contacts and documents in agreement between Flowtly and a CRM.
pub mod domain;
pub mod clock;
pub mod connector;
pub mod store;
pub mod sync;
pub mod daemon;
pub mod sandbox;
pub mod config;
pub mod telemetry;
pub mod render;
pub mod commands;
pub mod cli;
