//! The phase of a pair: a pure function of what was observed.

use serde::{Deserialize, Serialize};

/// Where a pair stands between steady state and promoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The primary writes and serves; DR follows.
    Steady,
    /// The writer moves, or has moved and the record has not.
    Promoting,
    /// DR writes and serves.
    Promoted,
    /// What was seen does not fit together, or too little was seen.
    Unclear {
        /// Why, for people.
        why: String,
    },
}
