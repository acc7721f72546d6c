//! The calls that move the writer.

use super::{DbCluster, Step, Synchronization, cluster_not_found, global_not_found};
use crate::{
    durations,
    region::Region,
    simulation::{
        Simulation,
        agenda::Event,
        refusal::{Refusal, Result},
    },
};

/// A failover or switchover on its way.
#[derive(Debug, Clone)]
pub(crate) struct Transition {
    pub(crate) kind: Kind,
    /// False while RDS still verifies the request.
    pub(crate) begun: bool,
    /// Whether writes in the old primary are blocked.
    pub(crate) fenced: bool,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Transition {
    /// `FailoverState.Status`.
    pub(crate) fn status(&self) -> &'static str {
        if self.begun { self.kind.status() } else { "pending" }
    }
}

/// What moves the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `FailoverGlobalCluster` with `AllowDataLoss`.
    Failover,
    /// `SwitchoverGlobalCluster`, or `FailoverGlobalCluster` without `AllowDataLoss`.
    Switchover,
}

impl Kind {
    /// Status of the global cluster and of its DB clusters meanwhile.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::Failover => "failing-over",
            Self::Switchover => "switching-over",
        }
    }
}

impl Simulation {
    /// `FailoverGlobalCluster` with `AllowDataLoss`, as called in `region`. RDS takes it in the target's region only;
    /// the code for another region is not documented, the one used here is that of a target it cannot use.
    pub(crate) fn fail_over(&mut self, region: &Region, global_cluster: &str, target: &str) -> Result<()> {
        let target = self.transition_target(global_cluster, target)?;
        if target.region != *region {
            return Err(wrong_region(&target.region));
        }
        let to = target.arn.clone();
        self.begin_transition(global_cluster, Kind::Failover, to)
    }

    /// `SwitchoverGlobalCluster`, as called in `region`, which must be the current primary's.
    pub(crate) fn switch_over(&mut self, region: &Region, global_cluster: &str, target: &str) -> Result<()> {
        let target = self.transition_target(global_cluster, target)?;
        let synchronized = self.aurora.member(target).map(|member| member.synchronization);
        if synchronized != Some(Synchronization::Connected) || self.is_dark(&target.region) {
            let message = format!("DB cluster {} is not in sync with the primary DB cluster", target.id);
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        let to = target.arn.clone();
        let refused = self.faults.switchover_refused(global_cluster);
        let refused = refused.map(|(code, reason)| Refusal::invalid(code, reason));
        match (self.aurora.writer(global_cluster).map(|writer| writer.region.clone()), refused) {
            (Some(writer), _) if writer != *region => Err(wrong_region(&writer)),
            (_, Some(refused)) => Err(refused),
            _ => self.begin_transition(global_cluster, Kind::Switchover, to),
        }
    }

    /// The secondary that is to become the writer, if the request may be made at all.
    fn transition_target(&self, global_cluster: &str, target: &str) -> Result<&DbCluster> {
        let global = self.aurora.global_clusters.get(global_cluster).ok_or_else(|| global_not_found(global_cluster))?;
        let not_found = || cluster_not_found(target);
        let member = global.members.iter().find(|member| member.cluster_arn == target).ok_or_else(not_found)?;
        let cluster = self.aurora.clusters.get(target).ok_or_else(not_found)?;
        if let Some(transition) = &global.transition {
            let message = format!("Global cluster {global_cluster} is already {}", transition.kind.status());
            return Err(Refusal::invalid("InvalidGlobalClusterStateFault", message));
        }
        if member.writer {
            let message = format!("DB cluster {target} is already the primary of global cluster {global_cluster}");
            return Err(Refusal::invalid("InvalidGlobalClusterStateFault", message));
        }
        let refused =
            |cluster: &&DbCluster| self.faults.database_status(&cluster.id).is_some_and(|(_, refuses)| refuses);
        if let Some(busy) = [Some(cluster), self.aurora.writer(global_cluster)].into_iter().flatten().find(refused) {
            return Err(busy.not_available());
        }
        if !cluster.has_instance() {
            let message = format!("DB cluster {} has no available DB instance", cluster.id);
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        Ok(cluster)
    }

    fn begin_transition(&mut self, id: &str, kind: Kind, to: String) -> Result<()> {
        let fails = self.faults.promotion_fails(id);
        let durations = self.durations().clone();
        let old_dark = self.aurora.writer(id).is_some_and(|writer| self.is_dark(&writer.region));
        let global = self.aurora.global_clusters.get_mut(id).ok_or_else(|| global_not_found(id))?;
        global.attempts += 1;
        let from = global.members.iter().find(|member| member.writer).map(|member| member.cluster_arn.clone());
        let middle = match kind {
            Kind::Failover => durations.promotion,
            Kind::Switchover => durations.switchover,
        };
        let total = self.dice.around(middle, &durations::promotion(id, global.attempts));
        global.transition = Some(Transition { kind, begun: false, fenced: false, from: from.unwrap_or_default(), to });
        let fence = if old_dark { durations.fence_timeout } else { durations.fence };
        let mut steps = vec![(total.mul_f64(0.05), Step::Begin), (fence.min(total.mul_f64(0.8)), Step::Fence)];
        if fails {
            steps.push((total.mul_f64(0.6), Step::Fail));
        } else {
            steps.extend([(total.mul_f64(0.92), Step::Flip), (total, Step::Finish)]);
        }
        for (after, step) in steps {
            self.later(after, Event::Aurora { global_cluster: id.to_owned(), step });
        }
        Ok(())
    }
}

pub(super) fn wrong_region(right: &Region) -> Refusal {
    Refusal::invalid("InvalidDBClusterStateFault", format!("This operation must be called in the {right} Region"))
}
