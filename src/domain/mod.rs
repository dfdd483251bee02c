//! The pure core: what a record is, when two values are the same, and what ought to be done.
//!
//! Architecture invariant: nothing here is async, does I/O, reads a clock, logs or knows SQL. Time enters as an argument.
//!
//! In reading order: a [`field`] (a canonical one, or a [`custom`] one that the configuration declares) has [`value`]s, which a
//! [`lens`] carries from one system's shape into the other's; a [`shape`] says which remote properties make up which fields,
//! and turns a delivered row into a [`record`]; [`rules`] and [`scope`] are what the user decides; [`matching`] finds
//! partners, [`merge`] decides one field, the [`planner`] one pair; the [`plan`] is plain data; [`safety`] accepts it or
//! refuses it. [`documents`] go one way and are decided apart.

pub mod field;
pub mod custom;
pub mod value;
pub mod lens;
pub mod shape;
pub mod record;
pub mod hint;
pub mod rules;
pub mod scope;
pub mod matching;
pub mod merge;
pub mod planner;
pub mod plan;
pub mod documents;
pub mod safety;

#[cfg(test)]
mod tests;
