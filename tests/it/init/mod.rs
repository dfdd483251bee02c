//! `init`: from nothing to a configuration with which a pass works.

mod desk;
mod served;
mod asked;
mod alone;
mod lacks;
mod typed;
mod options;
