//! How to talk to one system.
//!
//! The [`port`] is what the engine sees of a system; [`error`] what can go wrong; [`http`] sends requests through a
//! transport, with [`retry`] and [`budget`]; `typed` writes what the configuration declares; [`webhook`] is what systems say of themselves; one folder a system holds the conversation and its private wire types;
//! the [`registry`] is the only place that knows their names, and says what a new CRM needs.

pub mod port;
pub mod error;
pub mod http;
pub mod retry;
pub mod budget;
mod typed;
pub mod flowtly;
pub mod hubspot;
pub mod espocrm;
pub mod odoo;
pub mod pipedrive;
pub mod webhook;
pub mod setup;
pub mod registry;
