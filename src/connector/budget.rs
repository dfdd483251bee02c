//! Request budgets: sliding windows, daily quotas, pauses.

/// The budget of one account.
#[derive(Debug, Default)]
pub struct Budget {}
