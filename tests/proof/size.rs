//! How much is tried.

/// How much of the proof is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A sample: without optimisation.
    Sample,
    /// What every change must pass.
    Whole,
    /// Ten times as much.
    Long,
}

/// What this run was asked for.
pub fn size() -> Size {
    match std::env::var("PROOF").as_deref() {
        Ok("long") => Size::Long,
        Ok("whole") => Size::Whole,
        Ok("sample") => Size::Sample,
        Ok(other) => panic!("PROOF is {other:?}: sample, whole or long"),
        Err(_) if cfg!(debug_assertions) => Size::Sample,
        Err(_) => Size::Whole,
    }
}
