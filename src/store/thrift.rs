//! That a day's requests run low: kept in the state, so that `status` can tell and a restart does not tell it again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::mark::{self, Mark};
use super::{Connection, StoreError, from_json, to_json};
use crate::domain::record::Side;

/// How little is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Short {
    /// Of which side's requests.
    pub side: Side,
    /// The share (0 to 1) of the day's requests that was left when it was last looked at.
    pub left: f64,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Whether passes are put off, as far as the daemon knows.
pub async fn load(connection: &mut Connection) -> Result<Option<Short>, StoreError> {
    let text = mark::get(connection, Mark::Thrift).await?;
    text.map(|text| from_json("mark.thrift", &text)).transpose()
}

/// Keeps it.
pub async fn save(connection: &mut Connection, short: Option<&Short>) -> Result<(), StoreError> {
    match short {
        Some(short) => mark::set(connection, Mark::Thrift, &to_json(short)).await,
        None => mark::clear(connection, Mark::Thrift).await,
    }
}
