//! Stories: what people want, and in which world.

use rehearsal::{Fault, Scenario};

use super::Rig;
use crate::Stage;

/// A story whose undisturbed end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The primary region is dark and stays so; people fail over.
    DarkPrimary,
    /// All is well; people move the writer without losing anything.
    PlannedMove,
}

impl Story {
    /// All.
    pub const ALL: [Self; 2] = [Self::DarkPrimary, Self::PlannedMove];

    /// The world at the story's beginning, and the bot in it.
    pub async fn open(self, seed: u64) -> Rig {
        let stage = Stage::with().scenario(Scenario { seed, ..Scenario::pair() }).open().await;
        if self == Self::DarkPrimary {
            let primary = stage.world.pairs().remove(0).primary.region;
            stage.world.inject(Fault::RegionDark(primary));
        }
        Rig::over(stage)
    }

    /// What is typed after `/dr`.
    pub fn command(self) -> &'static str {
        match self {
            Self::DarkPrimary => "promote the primary is dark",
            Self::PlannedMove => "promote a planned move",
        }
    }

    /// The buttons that decide a gate in the way that people want, the preferred first.
    pub fn approvals(self) -> &'static [&'static str] {
        match self {
            Self::DarkPrimary => &["approve-failover"],
            // Where the primary cannot be seen, there is no switchover to choose.
            Self::PlannedMove => &["approve-switchover", "approve-failover"],
        }
    }
}
