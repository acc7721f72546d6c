//! Who belongs to a global cluster: what becomes of a former primary, and leaving.

use super::{CatchUp, DbCluster, GlobalCluster, Member, Synchronization, cluster_not_found, global_not_found};
use crate::{
    pair::OldPrimary,
    region::Region,
    simulation::{
        Simulation,
        refusal::{Refusal, Result},
    },
};

impl Simulation {
    /// What becomes of a former primary once a managed failover is over and its region answers: Aurora re-adds it as a
    /// secondary after attempting a snapshot of the old volume, or cannot and leaves it alone. Tells whether it has
    /// been re-added.
    pub(super) fn rejoin(&mut self, id: &str, arn: &str) -> bool {
        let fate = self.scenario.pairs.iter().find(|pair| pair.global_cluster == id).map(|pair| pair.old_primary);
        match fate {
            Some(OldPrimary::Detached) => self.detach(id, arn),
            Some(OldPrimary::Rejoins) | None => self.rescue_snapshot(arn),
        }
        fate != Some(OldPrimary::Detached)
    }

    /// `RemoveFromGlobalCluster`. The cluster stands alone afterwards, and takes writes: nothing is fenced.
    pub(crate) fn remove_from_global(&mut self, id: &str, cluster: &str) -> Result<()> {
        let global = self.aurora.global_clusters.get(id).ok_or_else(|| global_not_found(id))?;
        let mut members = global.members.iter();
        let member = members.find(|member| member.cluster_arn == cluster).ok_or_else(|| cluster_not_found(cluster))?;
        if global.transition.is_some() || (member.writer && global.members.len() > 1) {
            let why = if member.writer { "its primary cluster has secondary clusters" } else { global.status() };
            let message = format!("Unable to remove {cluster} from global cluster {id}: {why}");
            return Err(Refusal::invalid("InvalidGlobalClusterStateFault", message));
        }
        self.detach(id, cluster);
        self.follow_replication();
        Ok(())
    }

    /// `CreateGlobalCluster` around a cluster that stands alone, which becomes its writer.
    pub(crate) fn create_global(&mut self, region: &Region, id: &str, source: &str) -> Result<()> {
        if self.aurora.global_clusters.contains_key(id) {
            let message = format!("Global cluster {id} already exists");
            return Err(Refusal::invalid("GlobalClusterAlreadyExistsFault", message));
        }
        let cluster = self.cluster_in(region, source)?;
        if let Some(other) = &cluster.global_cluster {
            let message = format!("{source} is already part of global cluster {other}");
            return Err(Refusal::invalid("InvalidDBClusterStateFault", message));
        }
        let arn = cluster.arn.clone();
        let global = GlobalCluster {
            id: id.to_owned(),
            arn: format!("arn:aws:rds::{}:global-cluster:{id}", cluster.account),
            engine_version: cluster.engine_version.clone(),
            members: vec![Member {
                cluster_arn: arn.clone(),
                writer: true,
                synchronization: Synchronization::Connected,
            }],
            transition: None,
            attempts: 0,
        };
        self.aurora.global_clusters.insert(id.to_owned(), global);
        if let Some(cluster) = self.aurora.clusters.get_mut(&arn) {
            cluster.global_cluster = Some(id.to_owned());
        }
        Ok(())
    }

    fn detach(&mut self, id: &str, arn: &str) {
        if let Some(global) = self.aurora.global_clusters.get_mut(id) {
            global.members.retain(|member| member.cluster_arn != arn);
        }
        if let Some(cluster) = self.aurora.clusters.get_mut(arn) {
            cluster.global_cluster = None;
            cluster.catch_up = CatchUp::Waiting;
        }
    }

    /// Whether a cluster is a secondary of its global cluster.
    pub(in crate::simulation) fn is_secondary(&self, cluster: &DbCluster) -> bool {
        self.aurora.member(cluster).is_some_and(|member| !member.writer)
    }
}
