//! Marks of the state as a whole, and the accounts that it belongs to.

use sqlx::Row as _;

use super::{Connection, StoreError};
use crate::domain::record::Side;

/// A mark of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Whether the state has proved itself, or why it has to: see [`adoption`].
    Adoption,
    /// The hash of rules, mappings and scope that records were last judged by.
    Ruling,
    /// How many records were known to be gone when a pass was last accepted, by side and kind, as JSON.
    Gone,
    /// The hash of rules, mappings and scope under which a plan was last accepted.
    Accepted,
    /// The numbers that refused passes showed since a plan was last accepted, as JSON.
    Shown,
    /// Sides that keep failing, as JSON.
    Quarantine,
    /// That a day's requests run low, as JSON.
    Thrift,
    /// Why documents are left alone for a while, as JSON.
    Documents,
    /// Properties that no record shows any more although some had a value, as JSON.
    Vanished,
    /// Set while a pass runs, so that an unclean stop is noticed.
    Running,
}

/// A pass carried out its whole plan, but perhaps for new records that a side took from nobody.
pub const PROVED: &str = "proved";

/// No pass did so yet.
const NEW: &str = "new";

/// The state was put back from a backup.
pub const RESTORED: &str = "restored";

/// Ids of ours were found that this state never wrote.
pub const FOREIGN: &str = "foreign";

impl Mark {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Adoption => "adoption",
            Self::Ruling => "ruling",
            Self::Gone => "gone",
            Self::Accepted => "accepted",
            Self::Shown => "shown",
            Self::Quarantine => "quarantine",
            Self::Thrift => "thrift",
            Self::Documents => "documents",
            Self::Vanished => "vanished",
            Self::Running => "running",
        }
    }
}

/// Reads a mark.
pub async fn get(connection: &mut Connection, mark: Mark) -> Result<Option<String>, StoreError> {
    let row =
        sqlx::query("SELECT value FROM mark WHERE name = ?1").bind(mark.as_str()).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Why the state has to prove itself (`new`, [`RESTORED`], [`FOREIGN`]); `None` once it has.
pub async fn adoption(connection: &mut Connection) -> Result<Option<String>, StoreError> {
    let adoption = get(connection, Mark::Adoption).await?.unwrap_or_else(|| NEW.to_owned());
    Ok(Some(adoption).filter(|adoption| adoption != PROVED))
}

/// Whether others may have agreed since this state last did: what it remembers of agreements then proves nothing.
pub async fn is_outdated(connection: &mut Connection) -> Result<bool, StoreError> {
    let adoption = get(connection, Mark::Adoption).await?;
    Ok(matches!(adoption.as_deref(), Some(RESTORED | FOREIGN)))
}

/// Sets a mark.
pub async fn set(connection: &mut Connection, mark: Mark, value: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO mark (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(mark.as_str())
    .bind(value)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes a mark.
pub async fn clear(connection: &mut Connection, mark: Mark) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM mark WHERE name = ?1").bind(mark.as_str()).execute(connection).await?;
    Ok(())
}

/// The account of a side that the state belongs to.
pub async fn account(connection: &mut Connection, side: Side) -> Result<Option<String>, StoreError> {
    let row =
        sqlx::query("SELECT id FROM account WHERE side = ?1").bind(side.as_str()).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Binds the state to an account.
pub async fn set_account(connection: &mut Connection, side: Side, id: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO account (side, id) VALUES (?1, ?2) ON CONFLICT (side) DO NOTHING")
        .bind(side.as_str())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}
