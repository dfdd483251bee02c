//! Fields that the configuration declares, and scopes that compare.

mod pair;

mod travels;
mod within;
mod vanishes;
mod scope;
mod crms;
