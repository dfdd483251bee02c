//! Composes and nothing else.
fn main() {}
