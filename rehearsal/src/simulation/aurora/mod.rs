//! Aurora Global Database: global clusters, their members, and what becomes of them.

pub(crate) mod clusters;
mod events;
pub(crate) mod instances;
mod membership;
mod replication;
pub(crate) mod snapshots;
mod steps;
mod transition;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub(crate) use self::{
    clusters::{NewCluster, cluster_not_found},
    events::RdsEvent,
    instances::DbInstance,
    replication::{CatchUp, Refill, Span},
    steps::Step,
    transition::{Kind, Transition},
};
use super::{
    Simulation,
    refusal::{Refusal, Result},
};
use crate::{
    dice,
    pair::{Pair, Side, Site},
    region::Region,
    scenario::Scenario,
};

/// All global clusters, their DB clusters, and what RDS told about them.
#[derive(Debug)]
pub(crate) struct Aurora {
    pub(crate) global_clusters: BTreeMap<String, GlobalCluster>,
    /// By ARN.
    pub(crate) clusters: BTreeMap<String, DbCluster>,
    /// By ARN.
    pub(crate) snapshots: BTreeMap<String, snapshots::DbSnapshot>,
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

/// Where something is between its creation and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Creating,
    Available,
    Deleting,
}

impl Life {
    /// As RDS's statuses call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Deleting => "deleting",
        }
    }
}

/// A DB cluster and its instances.
#[derive(Debug)]
pub(crate) struct DbCluster {
    pub(crate) id: String,
    pub(crate) arn: String,
    /// What stays when it is renamed; a cluster that is made anew under the same name has another.
    pub(crate) resource_id: String,
    pub(crate) region: Region,
    /// The global cluster it is a member of; none if it stands alone.
    pub(crate) global_cluster: Option<String>,
    pub(crate) account: String,
    pub(crate) engine_version: String,
    pub(crate) kms_key_arn: String,
    pub(crate) zones: usize,
    pub(crate) instances: Vec<DbInstance>,
    /// Least and most Aurora capacity units.
    pub(crate) acu: Option<(f64, f64)>,
    pub(crate) life: Life,
    pub(crate) deletion_protection: bool,
    /// Whether its automated backups outlive its deletion (`DeleteAutomatedBackups=false`).
    pub(crate) keeps_backups: bool,
    pub(crate) created: Timestamp,
    /// When it could last be written to.
    pub(crate) wrote_until: Option<Timestamp>,
    /// Why its volume has to be filled from the writer's, should it have to.
    pub(crate) refill: Refill,
    pub(crate) catch_up: CatchUp,
    /// When it was replicating from a writer; the last span may be open.
    pub(crate) replicated: Vec<Span>,
}

/// Replication had been going on for so long when the world was made.
const BEFORE_EPOCH: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl Aurora {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let global = |pair: &Pair| (pair.global_cluster.clone(), GlobalCluster::new(pair));
        let cluster = |(pair, side, site): (&Pair, Side, &Site)| {
            (pair.db_cluster_arn(side), DbCluster::at_start(pair, side, site, scenario.epoch))
        };
        Self {
            global_clusters: scenario.pairs.iter().map(global).collect(),
            clusters: scenario.sites().map(cluster).collect(),
            snapshots: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// The global cluster that a DB cluster is a member of, if any.
    pub(crate) fn global_of(&self, cluster: &DbCluster) -> Option<&GlobalCluster> {
        self.global_clusters.get(cluster.global_cluster.as_ref()?)
    }

    /// A DB cluster's place in its global cluster, if it has one.
    pub(crate) fn member(&self, cluster: &DbCluster) -> Option<&Member> {
        self.global_of(cluster)?.members.iter().find(|member| member.cluster_arn == cluster.arn)
    }

    /// The global cluster's writer, if its members have one.
    pub(crate) fn writer(&self, global_cluster: &str) -> Option<&DbCluster> {
        let members = &self.global_clusters.get(global_cluster)?.members;
        self.clusters.get(&members.iter().find(|member| member.writer)?.cluster_arn)
    }

    /// The writer that a secondary replicates from; none for a writer, and for a cluster that stands alone.
    pub(crate) fn source(&self, cluster: &DbCluster) -> Option<&DbCluster> {
        let secondary = self.member(cluster).is_some_and(|member| !member.writer);
        self.writer(cluster.global_cluster.as_ref()?).filter(|_| secondary)
    }

    /// Takes down which clusters can be written to at that time: somebody is taken to do so.
    pub(crate) fn note_writes(&mut self, now: Timestamp) {
        let writable: Vec<String> =
            self.clusters.values().filter(|cluster| self.takes_writes(cluster)).map(|each| each.arn.clone()).collect();
        for arn in writable {
            if let Some(cluster) = self.clusters.get_mut(&arn) {
                cluster.wrote_until = Some(now);
            }
        }
    }

    /// Whether a DB cluster takes writes: it has an instance, and it is its global cluster's writer and not blocked, or
    /// it stands alone. What the latter takes is lost to the global cluster.
    pub(crate) fn takes_writes(&self, cluster: &DbCluster) -> bool {
        if !cluster.has_instance() {
            return false;
        }
        let Some(member) = self.member(cluster) else { return true };
        let transition = self.global_of(cluster).and_then(|global| global.transition.as_ref());
        let blocked = transition.is_some_and(|transition| transition.fenced && transition.to != cluster.arn);
        member.writer && !blocked
    }

    /// Status of the cluster's own life, or that of the transition it takes part in.
    fn own_status(&self, cluster: &DbCluster) -> &'static str {
        match cluster.life {
            Life::Available => self.global_of(cluster).map_or(AVAILABLE, GlobalCluster::status),
            life => life.as_str(),
        }
    }
}

impl Simulation {
    /// `DBCluster.Status`: that of the transition it takes part in, of its own life, or of what goes on with it.
    pub(crate) fn cluster_status(&self, cluster: &DbCluster) -> &str {
        match self.aurora.own_status(cluster) {
            AVAILABLE => self.faults.database_status(&cluster.id).map_or(AVAILABLE, |(status, _)| status),
            status => status,
        }
    }

    /// `DBInstance.DBInstanceStatus`.
    pub(crate) fn instance_status(&self, instance: &DbInstance) -> &str {
        match instance.life {
            Life::Available => self.faults.database_status(&instance.id).map_or(AVAILABLE, |(status, _)| status),
            life => life.as_str(),
        }
    }

    /// Whether RDS takes calls that change the cluster, or move the writer to or from it.
    pub(crate) fn check_state(&self, cluster: &DbCluster) -> Result<()> {
        if self.faults.database_status(&cluster.id).is_some_and(|(_, refuses)| refuses) {
            return Err(cluster.not_available());
        }
        cluster.must_be_available()
    }
}

const AVAILABLE: &str = "available";

impl GlobalCluster {
    fn new(pair: &Pair) -> Self {
        let members = Side::BOTH.map(|side| Member {
            cluster_arn: pair.db_cluster_arn(side),
            writer: side == Side::Primary,
            synchronization: Synchronization::Connected,
        });
        Self {
            id: pair.global_cluster.clone(),
            arn: pair.global_cluster_arn(),
            engine_version: pair.engine_version.clone(),
            members: members.into(),
            transition: None,
            attempts: 0,
        }
    }

    /// `GlobalCluster.Status`.
    pub(crate) fn status(&self) -> &'static str {
        match &self.transition {
            Some(transition) if transition.begun => transition.kind.status(),
            _ => "available",
        }
    }
}

impl DbCluster {
    fn at_start(pair: &Pair, side: Side, site: &Site, epoch: Timestamp) -> Self {
        let since = epoch - BEFORE_EPOCH;
        let replicated = (side == Side::Dr).then(|| Span::connected(pair.primary.region.clone(), since));
        let instance = |number| DbInstance {
            id: format!("{}-{number}", site.db_cluster),
            class: site.db_instance_class.clone(),
            created: epoch,
            life: Life::Available,
        };
        Self {
            id: site.db_cluster.clone(),
            arn: pair.db_cluster_arn(side),
            resource_id: resource_id(&pair.db_cluster_arn(side), epoch),
            region: site.region.clone(),
            global_cluster: Some(pair.global_cluster.clone()),
            account: pair.account.clone(),
            engine_version: site.engine_version(pair),
            kms_key_arn: pair.kms_key_arn(side),
            zones: site.zones,
            acu: site.db_acu,
            instances: (1..=site.db_instances).map(instance).collect(),
            life: Life::Available,
            deletion_protection: true,
            keeps_backups: false,
            created: epoch,
            wrote_until: None,
            refill: Refill::AfterFailover,
            catch_up: CatchUp::At(since),
            replicated: replicated.into_iter().collect(),
        }
    }

    /// Whether an instance of it can serve.
    pub(crate) fn has_instance(&self) -> bool {
        self.instances.iter().any(|instance| instance.life == Life::Available)
    }
}

/// `DbClusterResourceId` of a cluster that is made then.
pub(crate) fn resource_id(arn: &str, created: Timestamp) -> String {
    format!("cluster-{}", dice::hex_id(&format!("{arn}/{created}"), 26).to_uppercase())
}

/// The answer to an unknown global cluster.
pub(crate) fn global_not_found(id: &str) -> Refusal {
    Refusal::not_found("GlobalClusterNotFoundFault", format!("Global cluster {id} not found"))
}
