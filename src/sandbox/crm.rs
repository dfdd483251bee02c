//! What people do in a CRM, whichever it is, and what they see there: the demo, the contract suite and the proof work on
//! every embedded CRM through this.

use std::fmt;
use std::time::Duration;

use axum::Router;
use serde_json::Value;

use super::faults::Faults;
use super::log::{Counts, Detail, LoggedRequest};
use super::manners::Manners;
use crate::domain::record::Kind;

/// A property by what it means; each system files it under its own name and in its own shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// A company's name.
    Name,
    /// A company's country, as a person of that system writes it.
    Country,
    /// A company's VAT number.
    TaxNumber,
    /// A company's or a contact's telephone number.
    Phone,
    /// Street, building and unit in one line.
    Street,
    /// A company's city.
    City,
    /// A company's post code.
    PostCode,
    /// A contact's given name.
    FirstName,
    /// A contact's family name.
    LastName,
    /// A contact's e-mail address.
    Email,
    /// A contact's job title.
    JobTitle,
}

/// What the user whose key we have may do with one record, whatever its role says of the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grant {
    /// As the role says.
    #[default]
    Full,
    /// It sees the record, and may not write it.
    Read,
    /// No list and no search shows the record to it, and a read by id is refused.
    Nothing,
}

/// A company as an import brings it in.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// What any system holds, the country in English; nothing blank.
    pub properties: &'a [(Property, &'a str)],
    /// Its internet domain, for systems that file it.
    pub domain: &'a str,
    /// Our id, where the company shall carry it.
    pub stored_id: Option<&'a str>,
}

/// An embedded CRM.
///
/// Records go by number here: where a system's ids are texts, [`Self::id_text`] and [`Self::id_number`] lead from one to the
/// other, without loss. Whatever a system cannot do answers `false` or `None` and changes nothing.
pub trait CrmServer: fmt::Debug + Send + Sync {
    /// The section of the configuration that reaches it: `hubspot`.
    fn section(&self) -> &'static str;

    /// Its HTTP side.
    fn router(&self) -> Router;

    /// The switches that make it fail.
    fn faults(&self) -> Faults;

    /// The liberties that it takes with what it is sent.
    fn manners(&self) -> Manners;

    /// Carries out what [`Fault::CarriedOutLater`](super::Fault::CarriedOutLater) held back and is due.
    fn settle(&self);

    /// The requests that it remembers, the oldest first.
    fn log(&self) -> Vec<LoggedRequest>;

    /// Totals since the start or the last [`Self::clear_log`].
    fn counts(&self) -> Counts;

    /// From now on a change is shown by the index only after this time, where the system has an index that lags.
    fn set_lag(&self, _lag: Duration) -> bool {
        false
    }

    /// Forgets requests and totals.
    fn clear_log(&self);

    /// How much the log keeps from now on.
    fn keep_log(&self, detail: Detail);

    /// The lines of its section below `[section]`, the base URL apart: who we are, and where the secret is read from.
    fn configuration(&self, secret_file: &str) -> String;

    /// What the secret's file holds.
    fn secret(&self) -> String;

    /// A record's id as the system writes it.
    fn id_text(&self, id: u64) -> String;

    /// The number of an id that the system writes so.
    fn id_number(&self, text: &str) -> Option<u64>;

    /// The collection of a kind, and the name of a property in it: as [`Manners::set`] takes them, and as requests name them.
    fn place(&self, kind: Kind, property: Property) -> (&'static str, &'static str);

    /// The path of the requests that make records of a kind: what a fault is aimed at.
    fn makes_at(&self, kind: Kind) -> &'static str;

    /// Somebody makes a record. Returns its number.
    fn add(&self, kind: Kind, properties: &[(Property, &str)], company: Option<u64>) -> u64;

    /// Somebody imports a company, with what this system has besides the properties of any. Returns its number.
    fn import(&self, company: &Import<'_>) -> u64 {
        self.add(Kind::Company, company.properties, None)
    }

    /// Somebody types a text into a property; an empty one clears it. `false` where there is no such record.
    fn edit(&self, kind: Kind, id: u64, property: Property, text: &str) -> bool;

    /// Somebody types a text into a property by the system's own name for it, which need not have a meaning anywhere else.
    fn type_in(&self, kind: Kind, id: u64, name: &str, text: &str) -> bool;

    /// Whether the system's own form lets nobody clear a property.
    fn demands(&self, _kind: Kind, _property: Property) -> bool {
        false
    }

    /// Whether the system refuses a text because another record holds it.
    fn is_taken(&self, _kind: Kind, _property: Property, _text: &str, _by_other_than: Option<u64>) -> bool {
        false
    }

    /// The property by which firms tell their clients from other companies, by the system's own name, with what a client
    /// shows and what another company shows, where the system has one.
    fn client_mark(&self) -> Option<(&'static str, [&'static str; 2])> {
        None
    }

    /// A record as a read by id shows it, in the system's own JSON; one in the archive too.
    fn record(&self, kind: Kind, id: u64) -> Option<Value>;

    /// What a person sees in a property; `None` for blank, and where there is no such record.
    fn text(&self, kind: Kind, id: u64, property: Property) -> Option<String>;

    /// Our id in a company, where it is stored.
    fn stored_id(&self, company: u64) -> Option<String>;

    /// All live records of a kind, in the order of their making.
    fn ids(&self, kind: Kind) -> Vec<u64>;

    /// The companies of a contact, the primary one first.
    fn companies_of(&self, contact: u64) -> Vec<u64>;

    /// Somebody moves a contact to a company, or to none.
    fn move_contact(&self, contact: u64, company: Option<u64>) -> bool;

    /// Somebody puts a contact to a further company, where the system lets a contact have several.
    fn join(&self, _contact: u64, _company: u64) -> bool {
        false
    }

    /// Somebody adds a further e-mail address or number to a contact, where the system keeps several.
    fn add_further(&self, _contact: u64, _property: Property, _text: &str) -> bool {
        false
    }

    /// Somebody archives a record, where the system has an archive.
    fn archive(&self, kind: Kind, id: u64) -> bool;

    /// Somebody takes it out of the archive again.
    fn restore(&self, kind: Kind, id: u64) -> bool;

    /// An administrator changes what the user whose key we have may do with a record, where the system has rights of single
    /// records. Nothing of the record itself moves.
    fn grant(&self, _kind: Kind, _id: u64, _grant: Grant) -> bool {
        false
    }

    /// Somebody deletes a record for good, in the system's own way with what belongs to it.
    fn remove(&self, kind: Kind, id: u64) -> bool;

    /// Somebody merges the second record into the first, where the system can. Returns the number of what is left.
    fn merge(&self, kind: Kind, first: u64, second: u64) -> Option<u64>;

    /// How many documents or notes of ours a company shows, by title.
    fn documents(&self, company: u64) -> Vec<String>;
}
