//! Stories: what people want, and in which world.

use std::time::Duration;

use rehearsal::{Fault, Membership, OldPrimary, Pair, PairState, Scenario, ServiceState, Side};

use super::{Crew, Hand, Rig};
use crate::{Stage, StageBuilder};

/// A story whose undisturbed end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The primary region is dark and stays so; people fail over.
    DarkPrimary,
    /// All is well; people move the writer without losing anything.
    PlannedMove,
    /// The pair was promoted, and its former primary is a secondary again that keeps up; people fail back.
    Rejoined,
    /// The same, while the former primary still catches up.
    Resyncing,
    /// The pair was promoted, and its former primary stands alone with stale data; people rebuild it and fail back.
    Detached,
    /// The same, but somebody took the snapshot, the protection off and the first instance away by hand.
    HalfDeleted,
    /// The same, but somebody deleted the former primary by hand, and whole.
    Absent,
    /// The pair was promoted, and somebody moved the writer back by hand, and nothing else; people fail back.
    SwitchedByHand,
    /// Somebody, or a run that was broken off, took every task of the region that serves, and its minimum; people restore its capacity.
    LeftAtZero,
}

impl Story {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::DarkPrimary,
        Self::PlannedMove,
        Self::Rejoined,
        Self::Resyncing,
        Self::Detached,
        Self::HalfDeleted,
        Self::Absent,
        Self::SwitchedByHand,
        Self::LeftAtZero,
    ];

    /// The world at the story's beginning, and the bot in it.
    ///
    /// # Errors
    /// When what came before the story did not go as it should.
    pub async fn open(self, seed: u64) -> Result<Rig, String> {
        self.open_on(seed, |stage| stage).await
    }

    /// The same on a stage of its own kind.
    ///
    /// # Errors
    /// When what came before the story did not go as it should.
    pub async fn open_on(self, seed: u64, kind: impl FnOnce(StageBuilder) -> StageBuilder) -> Result<Rig, String> {
        let pair = Pair { old_primary: self.fate(), ..Pair::named("shop", 1) };
        let region = pair.primary.region.clone();
        let mut rig = Rig::over(kind(stage(Scenario { seed, ..Scenario::of([pair]) })).open().await);
        if self == Self::PlannedMove {
            return Ok(rig);
        }
        if self == Self::LeftAtZero {
            rig.stage.world.inject(Fault::ScaledToZero { pair: "shop".to_owned(), side: Side::Primary });
            rig.settle().await;
            rig.begins_here();
            return Ok(rig);
        }
        let dark = rig.stage.world.inject(Fault::RegionDark(region));
        if self != Self::DarkPrimary {
            Crew::of(Self::DarkPrimary).see_to_the_end(&rig.stage).await?;
            rig.stage.world.clear(dark);
            rig.settle().await;
            self.prepare(&Hand::in_pair_of(&rig.stage.world)).await?;
            rig.begins_here();
        }
        Ok(rig)
    }

    fn fate(self) -> OldPrimary {
        match self {
            Self::Detached | Self::HalfDeleted | Self::Absent => OldPrimary::Detached,
            Self::DarkPrimary
            | Self::PlannedMove
            | Self::Rejoined
            | Self::Resyncing
            | Self::SwitchedByHand
            | Self::LeftAtZero => OldPrimary::Rejoins,
        }
    }

    /// What time and people did to the promoted pair before the way back begins.
    async fn prepare(self, hand: &Hand) -> Result<(), String> {
        match self {
            Self::DarkPrimary | Self::PlannedMove | Self::Detached | Self::LeftAtZero => Ok(()),
            Self::Resyncing => hand.waits(|pair| pair.primary.synchronization == "pending-resync").await,
            Self::Rejoined => hand.waits(keeps_up).await,
            Self::HalfDeleted => {
                hand.takes_the_snapshot().await?;
                hand.waits(|pair| pair.primary.snapshots.iter().any(|taken| taken.status == "available")).await?;
                hand.protects(false).await?;
                hand.deletes_instance(1).await
            }
            Self::Absent => {
                let instances = 1..=hand.pair().primary.db_instances;
                hand.protects(false).await?;
                for number in instances {
                    hand.deletes_instance(number).await?;
                }
                hand.waits(|pair| pair.primary.db_instances == 0).await?;
                hand.deletes_cluster().await?;
                hand.waits(|pair| pair.primary.membership == Membership::Absent).await
            }
            Self::SwitchedByHand => {
                hand.waits(keeps_up).await?;
                hand.switches_over_to(Side::Primary).await?;
                hand.waits(|pair| pair.failover.is_none() && pair.writer == Some(Side::Primary)).await
            }
        }
    }

    /// The region in which the story ends.
    pub fn side(self) -> Side {
        match self {
            Self::DarkPrimary | Self::PlannedMove => Side::Dr,
            Self::Rejoined
            | Self::Resyncing
            | Self::Detached
            | Self::HalfDeleted
            | Self::Absent
            | Self::SwitchedByHand
            | Self::LeftAtZero => Side::Primary,
        }
    }

    /// What is typed after `/dr`.
    pub fn command(self) -> &'static str {
        match self {
            Self::DarkPrimary => "promote the primary is dark",
            Self::PlannedMove => "promote a planned move",
            Self::LeftAtZero => "restore nothing runs there",
            _ => "failback the primary is healthy",
        }
    }

    /// The runbook with which the story ends.
    pub fn runbook(self) -> &'static str {
        match (self, self.side()) {
            (Self::LeftAtZero, _) => "restore",
            (_, Side::Dr) => "promote",
            (_, Side::Primary) => "failback",
        }
    }

    /// The buttons that decide a gate in the way that people want, the preferred first.
    pub fn approvals(self) -> &'static [&'static str] {
        match self {
            Self::DarkPrimary => &["approve-failover"],
            // Where the primary cannot be seen, there is no switchover to choose.
            Self::PlannedMove => &["approve-switchover", "approve-failover"],
            Self::LeftAtZero => &["approve-restore"],
            // The failover is a promote's that was left half-way, and moves the record alone.
            _ => &["approve-rebuild", "approve-switchover", "approve-failover"],
        }
    }

    /// Whether the pair is where the story ends.
    pub fn is_done(self, pair: &PairState) -> bool {
        let side = self.side();
        let idle = side == Side::Dr || pair.dr.services.iter().all(|dr| dr.desired == 1);
        let restored = self != Self::LeftAtZero || is_manned(&pair.primary.services);
        pair.writer == Some(side) && pair.resolves_to == Some(side) && pair.failover.is_none() && idle && restored
    }
}

/// A stage for sweeps: the ordinary one, on which the bot looks less often, since nothing but the computer's time hangs on that.
pub(super) fn stage(scenario: Scenario) -> StageBuilder {
    Stage::with().scenario(scenario).looks_every(Duration::from_secs(10))
}

/// Whether every service runs more than a task of warm idle.
pub(super) fn is_manned(services: &[ServiceState]) -> bool {
    services.iter().all(|service| service.running > 1)
}

fn keeps_up(pair: &PairState) -> bool {
    pair.primary.synchronization == "connected" && pair.writer == Some(Side::Dr)
}
