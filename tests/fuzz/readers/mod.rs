//! One function for each reader of foreign bytes. Whatever the bytes are, it must end, within bounded requests and without a
//! panic, and what was read must keep the laws that are asserted beside it.
//!
//! The fuzz targets (`tests/fuzz/targets`) hand libFuzzer's inputs to these functions; `tests/it/foreign.rs` hands the kept
//! inputs (`tests/fuzz/seeds/TARGET`) to them in every ordinary run of the tests. Wire types stay private to their
//! connectors: they are reached through a transport that answers with the input ([`script`]).

mod account;
mod script;
mod texts;

pub mod configuration;
pub mod crms;
pub mod cursors;
pub mod flowtly;
pub mod headers;
pub mod hubspot;
pub mod lenses;
pub mod plan;
pub mod values;
pub mod webhooks;

/// What is done with an input.
pub type Reader = fn(&[u8]);

/// By target its reader.
pub const READERS: [(&str, Reader); 18] = [
    ("flowtly_pages", flowtly::pages),
    ("flowtly_records", flowtly::records),
    ("flowtly_account", flowtly::account),
    ("flowtly_login", flowtly::login),
    ("hubspot_pages", hubspot::pages),
    ("hubspot_batches", hubspot::batches),
    ("hubspot_writes", hubspot::writes),
    ("hubspot_account", hubspot::account),
    ("espocrm", crms::espocrm),
    ("odoo", crms::odoo),
    ("pipedrive", crms::pipedrive),
    ("headers", headers::headers),
    ("cursors", cursors::cursors),
    ("configuration", configuration::configuration),
    ("plan", plan::plan),
    ("values", values::values),
    ("lenses", lenses::lenses),
    ("webhooks", webhooks::webhooks),
];
