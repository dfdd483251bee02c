//! Fields that the configuration declares, scopes that compare, and firms that their CRM does not call companies.

mod pair;

mod travels;
mod within;
mod vanishes;
mod scope;
mod crms;
mod unmarked;
