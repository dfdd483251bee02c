//! How an Odoo is set up: what differs between firms and versions is a switch here.

use chrono::NaiveDate;

/// How an Odoo is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooOptions {
    /// The user's API key.
    pub key: String,
    /// The user's login.
    pub login: String,
    /// The user's id.
    pub uid: u64,
    /// The database.
    pub database: String,
    /// The id that the database was given when it was made.
    pub uuid: String,
    /// The main version. JSON-2 is served from 19 on, JSON-RPC always; some fields are gone in 19.
    pub version: u64,
    /// Whether who is a company is computed, as from 19.1 on: a partner that is filed under nobody and has a VAT number.
    pub computes_companies: bool,
    /// Whether the module that judges and rewrites VAT numbers is installed.
    pub base_vat: bool,
    /// Whether the user may read contacts.
    pub may_read: bool,
    /// Whether the user may write contacts.
    pub may_write: bool,
    /// Whether the user is an administrator: sees the database's id, adds fields, writes users.
    pub administrator: bool,
    /// Custom text fields of partners that are there from the start.
    pub custom_fields: Vec<String>,
    /// The custom field in which a client may keep its ids.
    pub id_field: Option<String>,
    /// The languages that are switched on.
    pub languages: Vec<String>,
    /// The user's own language, in which rules about records word what they refuse: `en_US` or `de_DE`.
    pub speaks: String,
    /// The last day of the key, which Odoo shows its user.
    pub key_ends: Option<NaiveDate>,
}

impl Default for OdooOptions {
    fn default() -> Self {
        Self {
            key: "sandbox-key".to_owned(),
            login: "sync@example.com".to_owned(),
            uid: 2,
            database: "sandbox".to_owned(),
            uuid: "8f6c1c1e-0000-4000-8000-000000000001".to_owned(),
            version: 19,
            computes_companies: false,
            base_vat: false,
            may_read: true,
            may_write: true,
            administrator: true,
            custom_fields: Vec::new(),
            id_field: None,
            languages: vec!["en_US".to_owned(), "pl_PL".to_owned(), "de_DE".to_owned()],
            speaks: "en_US".to_owned(),
            key_ends: None,
        }
    }
}
