//! What others do to an application while the bot works on it: pipelines, clean-up jobs, people in the console.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::{pair::Side, snapshot::Snapshot};

/// Something that somebody else does. AWS may refuse it, as it would refuse the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interference {
    /// A pipeline applies the values from before the failover: production counts in the primary, warm idle in DR, and deletion protection.
    OldValues(Side),
    /// Somebody scales every service of a region to that many tasks, with that minimum.
    Scales(Side, u32),
    /// Somebody starts the production count of a region's tasks, and leaves their minimum as it is.
    StartsTasks(Side),
    /// Somebody points the records at a region, at once and in force at once.
    MovesRecord(Side),
    /// Somebody points the record at a maintenance page.
    TakesRecord,
    /// Somebody points a region's listener at the idle page.
    IdlesListener(Side),
    /// A clean-up job deletes every manual snapshot of the primary region's cluster that is available.
    DeletesSnapshots,
    /// Somebody deletes the last reader of a region's cluster.
    DeletesReader(Side),
    /// Somebody adds a reader to a region's cluster.
    AddsReader(Side),
    /// Somebody gives the primary region's cluster another name.
    RenamesCluster,
    /// Somebody takes a region's cluster out of the global cluster.
    Detaches(Side),
    /// Terraform makes the primary region's cluster under another name than the configured one.
    BuildsElsewhere,
}

impl Interference {
    /// What kind it is, whatever region it concerns.
    pub fn kind(self) -> &'static str {
        match self {
            Self::OldValues(_) => "old values",
            Self::Scales(..) => "scales",
            Self::StartsTasks(_) => "starts tasks",
            Self::MovesRecord(_) => "moves the record",
            Self::TakesRecord => "takes the record",
            Self::IdlesListener(_) => "idles the listener",
            Self::DeletesSnapshots => "deletes snapshots",
            Self::DeletesReader(_) => "deletes a reader",
            Self::AddsReader(_) => "adds a reader",
            Self::RenamesCluster => "renames the cluster",
            Self::Detaches(_) => "detaches",
            Self::BuildsElsewhere => "builds elsewhere",
        }
    }
}

/// An interference as it happened.
#[derive(Debug, Clone)]
pub struct Interfered {
    /// When.
    pub at: Timestamp,
    /// What somebody did.
    pub what: Interference,
    /// AWS's code and words, where it refused that.
    pub refused: Option<String>,
    /// The world just before.
    pub before: Arc<Snapshot>,
}
