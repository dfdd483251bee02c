//! Flowtly.
