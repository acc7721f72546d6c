//! Stories: what people want, and in which world.

use rehearsal::{Fault, OldPrimary, Pair, PairState, Scenario, Side};

use super::{Crew, Rig};
use crate::Stage;

/// A story whose undisturbed end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The primary region is dark and stays so; people fail over.
    DarkPrimary,
    /// All is well; people move the writer without losing anything.
    PlannedMove,
    /// The pair was promoted, and its former primary is a secondary again; people fail back.
    Rejoined,
    /// The pair was promoted, and its former primary stands alone with stale data; people rebuild it and fail back.
    Detached,
}

impl Story {
    /// All.
    pub const ALL: [Self; 4] = [Self::DarkPrimary, Self::PlannedMove, Self::Rejoined, Self::Detached];

    /// The world at the story's beginning, and the bot in it.
    ///
    /// # Errors
    /// When what came before the story did not go as it should.
    pub async fn open(self, seed: u64) -> Result<Rig, String> {
        let fate = match self {
            Self::Detached => OldPrimary::Detached,
            Self::DarkPrimary | Self::PlannedMove | Self::Rejoined => OldPrimary::Rejoins,
        };
        let pair = Pair { old_primary: fate, ..Pair::named("shop", 1) };
        let region = pair.primary.region.clone();
        let stage = Stage::with().scenario(Scenario { seed, ..Scenario::of([pair]) }).open().await;
        let mut rig = Rig::over(stage);
        if self == Self::PlannedMove {
            return Ok(rig);
        }
        let dark = rig.stage.world.inject(Fault::RegionDark(region));
        if self != Self::DarkPrimary {
            Crew::of(Self::DarkPrimary).see_to_the_end(&rig.stage).await?;
            rig.stage.world.clear(dark);
            rig.settle().await;
            rig.begins_here();
        }
        Ok(rig)
    }

    /// What is typed after `/dr`.
    pub fn command(self) -> &'static str {
        match self {
            Self::DarkPrimary => "promote the primary is dark",
            Self::PlannedMove => "promote a planned move",
            Self::Rejoined | Self::Detached => "failback the primary is healthy",
        }
    }

    /// The runbook with which the story ends.
    pub fn runbook(self) -> &'static str {
        match self {
            Self::DarkPrimary | Self::PlannedMove => "promote",
            Self::Rejoined | Self::Detached => "failback",
        }
    }

    /// The buttons that decide a gate in the way that people want, the preferred first.
    pub fn approvals(self) -> &'static [&'static str] {
        match self {
            Self::DarkPrimary => &["approve-failover"],
            // Where the primary cannot be seen, there is no switchover to choose.
            Self::PlannedMove => &["approve-switchover", "approve-failover"],
            Self::Rejoined | Self::Detached => &["approve-rebuild", "approve-switchover"],
        }
    }

    /// Whether the pair is where the story ends.
    pub fn is_done(self, pair: &PairState) -> bool {
        let (side, idle) = match self {
            Self::DarkPrimary | Self::PlannedMove => (Side::Dr, true),
            Self::Rejoined | Self::Detached => (Side::Primary, pair.dr.services.iter().all(|dr| dr.desired == 1)),
        };
        pair.writer == Some(side) && pair.resolves_to == Some(side) && pair.failover.is_none() && idle
    }
}
