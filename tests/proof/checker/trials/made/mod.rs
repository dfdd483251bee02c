//! Runs made by hand: a clean one, and for each invariant what must be told and what must not.

mod making;
mod doubles;
mod passed_on;
mod told;

pub use told::trials;
