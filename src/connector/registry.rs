//! The only `match` on a connector's name.
