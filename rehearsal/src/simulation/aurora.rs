//! Aurora Global Database: global clusters, their members, and the calls that move the writer.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Simulation,
    agenda::Event,
    refusal::{Refusal, Result},
};
use crate::{durations, region::Region, scenario::Scenario};

/// All global clusters, their DB clusters, and what RDS told about them.
#[derive(Debug)]
pub(crate) struct Aurora {
    pub(crate) global_clusters: BTreeMap<String, GlobalCluster>,
    /// By ARN.
    pub(crate) clusters: BTreeMap<String, DbCluster>,
    pub(crate) events: Vec<RdsEvent>,
}

/// A global cluster.
#[derive(Debug)]
pub(crate) struct GlobalCluster {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) engine_version: String,
    pub(crate) members: Vec<Member>,
    pub(crate) transition: Option<Transition>,
    /// Failovers and switchovers accepted so far.
    pub(crate) attempts: u32,
}

/// A DB cluster's place in its global cluster.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) cluster_arn: String,
    pub(crate) writer: bool,
    pub(crate) synchronization: Synchronization,
}

/// `GlobalClusterMember.SynchronizationStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Synchronization {
    Connected,
    PendingResync,
}

impl Synchronization {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::PendingResync => "pending-resync",
        }
    }
}

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

/// What happens by itself while the writer moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The request has been verified.
    Begin,
    /// Writes in the old primary are blocked, or it is given up.
    Fence,
    /// The members change their parts.
    Flip,
    /// Everything is available again.
    Finish,
    /// The promotion fails.
    Fail,
    /// The former primary has caught up.
    Resynced,
}

/// A DB cluster and its instances.
#[derive(Debug)]
pub(crate) struct DbCluster {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) region: Region,
    pub(crate) global_cluster: String,
    pub(crate) account: String,
    pub(crate) engine_version: String,
    pub(crate) kms_key_arn: String,
    pub(crate) zones: usize,
    pub(crate) instance_class: String,
    pub(crate) instances: Vec<String>,
    /// Spans in which it was replicating from a writer; the last one may be open.
    pub(crate) replicating: Vec<(Timestamp, Option<Timestamp>)>,
}

/// An entry of `DescribeEvents`.
#[derive(Debug)]
pub(crate) struct RdsEvent {
    pub(crate) at: Timestamp,
    pub(crate) region: Region,
    pub(crate) source_type: &'static str,
    pub(crate) source: String,
    pub(crate) arn: String,
    pub(crate) categories: &'static [&'static str],
    pub(crate) message: String,
}

/// Replication had been going on for so long when the world was made.
const BEFORE_EPOCH: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl Aurora {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut aurora = Self { global_clusters: BTreeMap::new(), clusters: BTreeMap::new(), events: Vec::new() };
        for pair in &scenario.pairs {
            let members = crate::pair::Side::BOTH.map(|side| Member {
                cluster_arn: pair.db_cluster_arn(side),
                writer: side == crate::pair::Side::Primary,
                synchronization: Synchronization::Connected,
            });
            let global = GlobalCluster {
                id: pair.global_cluster.clone(),
                arn: pair.global_cluster_arn(),
                engine_version: pair.engine_version.clone(),
                members: members.into(),
                transition: None,
                attempts: 0,
            };
            aurora.global_clusters.insert(global.id.clone(), global);
        }
        for (pair, side, site) in scenario.sites() {
            let secondary = side == crate::pair::Side::Dr;
            let cluster = DbCluster {
                id: site.db_cluster.clone(),
                arn: pair.db_cluster_arn(side),
                region: site.region.clone(),
                global_cluster: pair.global_cluster.clone(),
                account: pair.account.clone(),
                engine_version: pair.engine_version.clone(),
                kms_key_arn: pair.kms_key_arn(side),
                zones: site.zones,
                instance_class: site.db_instance_class.clone(),
                instances: (1..=site.db_instances).map(|number| format!("{}-{number}", site.db_cluster)).collect(),
                replicating: secondary.then_some((scenario.epoch - BEFORE_EPOCH, None)).into_iter().collect(),
            };
            aurora.clusters.insert(cluster.arn.clone(), cluster);
        }
        aurora
    }

    /// The global cluster's writer, if its members have one.
    pub(crate) fn writer(&self, global_cluster: &str) -> Option<&DbCluster> {
        let members = &self.global_clusters.get(global_cluster)?.members;
        self.clusters.get(&members.iter().find(|member| member.writer)?.cluster_arn)
    }

    /// Whether the global cluster takes writes in the region: the writer is there, and not blocked.
    pub(crate) fn writable(&self, global_cluster: &str, region: &Region) -> bool {
        let Some(writer) = self.writer(global_cluster).filter(|writer| writer.region == *region) else { return false };
        let transition = self.global_clusters.get(global_cluster).and_then(|global| global.transition.as_ref());
        transition.is_none_or(|transition| !transition.fenced || transition.to == writer.arn)
    }

    /// A DB cluster's place in its global cluster.
    pub(crate) fn member(&self, cluster: &DbCluster) -> Option<&Member> {
        let global = self.global_clusters.get(&cluster.global_cluster)?;
        global.members.iter().find(|member| member.cluster_arn == cluster.arn)
    }

    /// `DBCluster.Status`: that of the transition it takes part in, else `available`.
    pub(crate) fn cluster_status(&self, cluster: &DbCluster) -> &'static str {
        self.global_clusters.get(&cluster.global_cluster).map_or("available", GlobalCluster::status)
    }
}

impl GlobalCluster {
    /// `GlobalCluster.Status`.
    pub(crate) fn status(&self) -> &'static str {
        match &self.transition {
            Some(transition) if transition.begun => transition.kind.status(),
            _ => "available",
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
        match self.aurora.writer(global_cluster).map(|writer| writer.region.clone()) {
            Some(writer) if writer != *region => Err(wrong_region(&writer)),
            _ => self.begin_transition(global_cluster, Kind::Switchover, to),
        }
    }

    /// The secondary that is to become the writer, if the request may be made at all.
    fn transition_target(&self, global_cluster: &str, target: &str) -> Result<&DbCluster> {
        let global = self.aurora.global_clusters.get(global_cluster).ok_or_else(|| global_not_found(global_cluster))?;
        let not_found = || Refusal::not_found("DBClusterNotFoundFault", format!("DBCluster {target} not found"));
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
        if cluster.instances.is_empty() {
            let message = format!("DB cluster {} has no DB instance", cluster.id);
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

/// The answer to an unknown global cluster.
pub(crate) fn global_not_found(id: &str) -> Refusal {
    Refusal::not_found("GlobalClusterNotFoundFault", format!("Global cluster {id} not found"))
}

fn wrong_region(right: &Region) -> Refusal {
    Refusal::invalid("InvalidDBClusterStateFault", format!("This operation must be called in the {right} Region"))
}
