//! Fields that the configuration declares, and scopes that compare.

mod travels;
mod within;
mod vanishes;
mod scope;
