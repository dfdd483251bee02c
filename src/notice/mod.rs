//! Notices: people are told when something begins to need them, and when it is well again; never that it is still so.
//!
//! A `topic` is what is told about; `look` finds out how things stand, `changes` is the pure difference to what was told; a
//! `letter` is what is said of it; the `carriers` bring it: a command, e-mail, a webhook. The [`Board`] takes how things stand
//! after each pass, and a task behind it does the rest: however slow a carrier is, no pass waits for it, and of what it missed
//! it is given the newest. `memory` is a file beside the state: it must still work when the state cannot be written, and while
//! a pass runs the state is the pass's.
//!
//! Architecture invariant: a notice holds counts, kinds, sides and names of guards; never a value, an id's owner, or what a
//! system said.

pub mod topic;
pub mod letter;
pub mod look;
pub mod carrier;
mod memory;
mod post;
pub(crate) mod board;
#[cfg(test)]
mod tests;

pub use board::{Board, Plan};
