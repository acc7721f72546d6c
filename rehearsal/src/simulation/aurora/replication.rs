//! Replication from the writer's volume: when a secondary gets anything, and how far behind it is.

use std::time::Duration;

use jiff::Timestamp;

use super::{DbCluster, GlobalCluster, Life, Step, Synchronization};
use crate::{
    durations::Durations,
    region::Region,
    simulation::{Simulation, agenda::Event},
};

/// Why a secondary's volume has to be filled from the writer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refill {
    /// It was the writer before a managed failover.
    AfterFailover,
    /// It is a new secondary.
    New,
}

impl Refill {
    fn takes(self, durations: &Durations) -> Duration {
        match self {
            Self::AfterFailover => durations.resync,
            Self::New => durations.seed,
        }
    }
}

/// How far the filling of a secondary's volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CatchUp {
    /// It has not begun.
    Waiting,
    /// It is over then, or has been since.
    At(Timestamp),
    /// It has begun and leads nowhere.
    Stuck,
}

/// A time of replication under the same circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// The writer's region.
    pub(crate) source: Region,
    from: Timestamp,
    until: Option<Timestamp>,
    /// When the secondary has caught up; never if absent.
    caught_up: Option<Timestamp>,
}

impl Span {
    /// Replication from `from` on, with nothing to catch up.
    pub(crate) fn connected(source: Region, from: Timestamp) -> Self {
        Self { source, from, until: None, caught_up: Some(from) }
    }

    /// How far the secondary is behind at the end of the minute that begins at `second`, above the normal lag: as long
    /// as it still takes to catch up, and `stuck` if it never does. None if the span does not cover the minute.
    pub(crate) fn behind(&self, second: i64, stuck: Duration) -> Option<Duration> {
        let (minute, over) = (Timestamp::from_second(second).ok()?, Timestamp::from_second(second + 60).ok()?);
        let covered = self.from <= minute && self.until.is_none_or(|until| over <= until);
        covered.then(|| match self.caught_up {
            Some(at) => Duration::try_from(at.duration_since(over)).unwrap_or_default(),
            None => stuck,
        })
    }

    /// Whether it goes on under the circumstances of `other`.
    fn goes_on_as(&self, other: &Self) -> bool {
        self.until.is_none() && self.source == other.source && self.caught_up == other.caught_up
    }
}

impl Simulation {
    /// Whether a secondary and its writer can reach each other.
    fn is_fed(&self, cluster: &DbCluster) -> bool {
        let source = self.aurora.source(cluster);
        source.is_some_and(|writer| !self.is_dark(&writer.region)) && !self.is_dark(&cluster.region)
    }

    /// A member begins to catch up, if it and its writer can reach each other; else when they can again. A former
    /// primary that waits for it meets its fate first.
    pub(super) fn begin_resync(&mut self, id: &str, arn: &str) {
        let Some(cluster) = self.aurora.clusters.get(arn).filter(|cluster| cluster.life == Life::Available) else {
            return;
        };
        if !self.is_fed(cluster) {
            return;
        }
        let (refill, waiting) = (cluster.refill, cluster.catch_up == CatchUp::Waiting);
        if refill == Refill::AfterFailover {
            if waiting && !self.rejoin(id, arn) {
                return;
            }
            // RDS-EVENT-0240
            self.tell_cluster(arn, |name| {
                format!("Started resynchronizing members of DB cluster {name} after global failover.")
            });
        }
        let takes = self.dice.around(refill.takes(self.durations()), &format!("resync/{arn}/{}", self.now));
        let stuck = self.faults.never_connects(id);
        let at = self.now + takes;
        if let Some(cluster) = self.aurora.clusters.get_mut(arn) {
            cluster.catch_up = if stuck { CatchUp::Stuck } else { CatchUp::At(at) };
        }
        if !stuck {
            self.later(takes, Event::Aurora { global_cluster: id.to_owned(), step: Step::Resynced });
        }
    }

    /// Secondaries of a global cluster lose touch with its writer, and begin to catch up.
    pub(in crate::simulation) fn fall_behind(&mut self, id: &str) {
        let Some(global) = self.aurora.global_clusters.get_mut(id) else { return };
        let mut behind = Vec::new();
        for member in global.members.iter_mut().filter(|member| !member.writer) {
            member.synchronization = Synchronization::PendingResync;
            behind.push(member.cluster_arn.clone());
        }
        for arn in behind {
            if let Some(cluster) = self.aurora.clusters.get_mut(&arn) {
                cluster.catch_up = CatchUp::Stuck;
            }
            self.begin_resync(id, &arn);
        }
    }

    /// A region answers again: members that could not catch up meanwhile start over.
    pub(in crate::simulation) fn region_back(&mut self, region: &Region) {
        let clusters = &self.aurora.clusters;
        let here = |arn: &String| clusters.get(arn).is_some_and(|cluster| cluster.region == *region);
        let concerned = |global: &&GlobalCluster| global.members.iter().any(|member| here(&member.cluster_arn));
        let ids: Vec<String> =
            self.aurora.global_clusters.values().filter(concerned).map(|global| global.id.clone()).collect();
        ids.iter().for_each(|id| self.resume_resync(id));
    }

    /// Members of a global cluster that have not caught up start over.
    pub(in crate::simulation) fn resume_resync(&mut self, id: &str) {
        let Some(global) = self.aurora.global_clusters.get(id).filter(|global| global.transition.is_none()) else {
            return;
        };
        let pending = global.members.iter().filter(|member| member.synchronization == Synchronization::PendingResync);
        let pending: Vec<String> = pending.map(|member| member.cluster_arn.clone()).collect();
        pending.iter().for_each(|arn| self.begin_resync(id, arn));
    }

    /// Members whose time has come have caught up, unless they are cut off: then they start over when they no longer
    /// are.
    pub(super) fn resynced(&mut self, id: &str) {
        let Some(global) = self.aurora.global_clusters.get(id) else { return };
        let over = |cluster: &DbCluster| matches!(cluster.catch_up, CatchUp::At(at) if at <= self.now);
        let caught_up: Vec<(String, Refill)> = global
            .members
            .iter()
            .filter(|member| member.synchronization == Synchronization::PendingResync)
            .filter_map(|member| self.aurora.clusters.get(&member.cluster_arn))
            .filter(|cluster| over(cluster) && self.is_fed(cluster))
            .map(|cluster| (cluster.arn.clone(), cluster.refill))
            .collect();
        for (arn, refill) in caught_up {
            let members = self.aurora.global_clusters.get_mut(id).into_iter().flat_map(|global| &mut global.members);
            for member in members.filter(|member| member.cluster_arn == arn) {
                member.synchronization = Synchronization::Connected;
            }
            if refill == Refill::AfterFailover {
                // RDS-EVENT-0241
                self.tell_cluster(&arn, |name| {
                    format!("Finished resynchronizing members of DB cluster {name} after global failover.")
                });
            }
        }
    }

    /// Opens and closes the spans of replication. A secondary whose writer's region is dark gets nothing, and reports
    /// nothing: its lag is unknown, not small.
    pub(in crate::simulation) fn follow_replication(&mut self) {
        let feeds: Vec<(String, Option<Span>)> =
            self.aurora.clusters.values().map(|cluster| (cluster.arn.clone(), self.feed(cluster))).collect();
        let now = self.now;
        for (arn, feed) in feeds {
            let Some(cluster) = self.aurora.clusters.get_mut(&arn) else { continue };
            let last = cluster.replicated.last_mut();
            if let (Some(span), Some(feed)) = (&last, &feed)
                && span.goes_on_as(feed)
            {
                continue;
            }
            if let Some(span) = last {
                span.until.get_or_insert(now);
            }
            cluster.replicated.extend(feed);
        }
    }

    /// The span that begins now, if a secondary replicates.
    fn feed(&self, cluster: &DbCluster) -> Option<Span> {
        let source = self.aurora.source(cluster).filter(|_| self.is_fed(cluster))?.region.clone();
        let caught_up = match cluster.catch_up {
            CatchUp::Waiting => return None,
            CatchUp::At(at) => Some(at),
            CatchUp::Stuck => None,
        };
        Some(Span { source, from: self.now, until: None, caught_up })
    }
}
