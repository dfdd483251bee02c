//! A hint: somebody says that a record is worth a look. Nothing of what it says about the record itself is believed.

use serde::{Deserialize, Serialize};

use super::record::{Kind, RemoteId, Side};

/// A record that is worth a look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hint {
    /// Where it is.
    pub side: Side,
    /// What it is.
    pub kind: Kind,
    /// Its id there.
    pub id: RemoteId,
    /// Whether the system itself says that it is of this kind. Where both kinds share their ids, a record that is not known
    /// yet cannot be read by its id: it might be taken for what it is not.
    pub sure: bool,
}
