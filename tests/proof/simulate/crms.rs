//! Which CRM a seed has, and how that is set up.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use flowtly_sync::clock::Clock;
use flowtly_sync::sandbox::hubspot::{BatchOrder, Limits};
use flowtly_sync::sandbox::{
    AddressWrites, CrmServer, EMBEDDED, Embedded, EspoOptions, EspoServer, HubSpotOptions, HubSpotServer, ObjectType,
    OdooOptions, OdooServer, PipedriveOptions, PipedriveServer,
};

use super::world::{of as one_of, one_in};

/// Starts a CRM that goes by a clock.
type Start = Box<dyn FnOnce(Arc<dyn Clock>) -> Arc<dyn CrmServer>>;

/// A CRM that is about to be started.
pub struct Drawn {
    pub start: Start,
    /// For how long its searches may show what was.
    pub search_lag: Duration,
    /// Further lines of its section, for pages of a size.
    pub lines: Box<dyn FnOnce(usize) -> String>,
}

/// A world: its CRM, and the number that everything else follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    pub crm: &'static str,
    pub number: u64,
}

impl Seed {
    /// What replays it.
    pub fn replay(self) -> String {
        let Self { crm, number } = self;
        format!("PROOF_CRM={crm} PROOF_SEED={number} cargo test --release --test proof -- --nocapture simulate")
    }
}

/// The CRMs of a run: all of them, or the one that `PROOF_CRM` names.
pub fn asked() -> Vec<&'static str> {
    match std::env::var("PROOF_CRM") {
        Ok(name) => {
            let found = Embedded::named(&name);
            vec![found.unwrap_or_else(|| panic!("PROOF_CRM is {name:?}: no embedded CRM is called so")).name]
        }
        Err(_) => EMBEDDED.iter().map(|crm| crm.name).collect(),
    }
}

/// Draws how it is set up.
pub fn draw(rng: &mut Rng, crm: &str) -> Drawn {
    match crm {
        "espocrm" => espocrm(rng),
        "odoo" => odoo(rng),
        "pipedrive" => pipedrive(rng),
        _ => hubspot(rng),
    }
}

fn hubspot(rng: &mut Rng) -> Drawn {
    let has_id = !one_in(rng, 5);
    let search_cap = if one_in(rng, 8) { 4 } else { 10_000 };
    let options = HubSpotOptions {
        flowtly_id: has_id,
        search_lag: Duration::from_secs(one_of(rng, &[0, 0, 20, 55])),
        search_cap,
        search_disorder: Duration::from_mins(55),
        batch_order: if rng.bool() { BatchOrder::Inputs } else { BatchOrder::Reversed },
        association_page: one_of(rng, &[1, 500]),
        first_is_primary: rng.bool(),
        limits: if one_in(rng, 8) {
            Limits { burst: Some(30), search: Some(4), daily: None }
        } else {
            Limits::default()
        },
        ..HubSpotOptions::default()
    };
    let id = if has_id { "flowtly_id" } else { "" };
    Drawn {
        search_lag: options.search_lag,
        start: Box::new(|clock| {
            let server = HubSpotServer::new(options, clock);
            server.add_property(ObjectType::Company, "vat_number");
            Arc::new(server)
        }),
        lines: Box::new(move |page| {
            let search_page = page.min(search_cap);
            format!("page_size = {page}\nsearch_page_size = {search_page}\nid_property = \"{id}\"\n")
        }),
    }
}

fn espocrm(rng: &mut Rng) -> Drawn {
    let has_id = !one_in(rng, 5);
    let fields: &[&str] = if has_id { &["cVatNumber", "cFlowtlyId"] } else { &["cVatNumber"] };
    let options = EspoOptions {
        account_fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        accounts_in_lists: !one_in(rng, 4),
        ..EspoOptions::default()
    };
    let children = one_of(rng, &[0, 1, 20]);
    let batch = one_of(rng, &[1, 2, 50]);
    let id = if has_id { "cFlowtlyId" } else { "" };
    Drawn {
        search_lag: Duration::ZERO,
        start: Box::new(|clock| Arc::new(EspoServer::new(options, clock))),
        lines: Box::new(move |page| {
            format!("page_size = {page}\nchildren_batch = {children}\nread_batch = {batch}\nid_property = \"{id}\"\n")
        }),
    }
}

fn odoo(rng: &mut Rng) -> Drawn {
    let has_id = !one_in(rng, 5);
    let version = one_of(rng, &[17, 19, 19]);
    let options =
        OdooOptions { version, id_field: has_id.then(|| "x_flowtly_id".to_owned()), ..OdooOptions::default() };
    let create_batch = one_of(rng, &[1, 2, 100]);
    Drawn {
        search_lag: Duration::ZERO,
        start: Box::new(|clock| Arc::new(OdooServer::new(options, clock))),
        lines: Box::new(move |page| format!("page_size = {page}\ncreate_batch = {create_batch}\n")),
    }
}

fn pipedrive(rng: &mut Rng) -> Drawn {
    let has_id = !one_in(rng, 5);
    let search_lag = Duration::from_secs(one_of(rng, &[0, 0, 20, 55]));
    let options = PipedriveOptions {
        flowtly_id: has_id,
        search_lag,
        address_writes: if rng.bool() { AddressWrites::Replace } else { AddressWrites::Merge },
        replies_whole: !one_in(rng, 4),
        ..PipedriveOptions::default()
    };
    let id = if has_id { "custom:Flowtly id" } else { "" };
    Drawn {
        search_lag,
        start: Box::new(|clock| Arc::new(PipedriveServer::new(options, clock))),
        lines: Box::new(move |page| format!("page_size = {page}\nid_property = \"{id}\"\n")),
    }
}
