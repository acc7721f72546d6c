//! What RDS tells in `DescribeEvents`. Messages are those of the Aurora User Guide's event tables, whose ids
//! (`RDS-EVENT-…`) `DescribeEvents` does not return.

use jiff::Timestamp;

use super::{DbCluster, instances::instance_arn, snapshots::DbSnapshot};
use crate::{region::Region, simulation::Simulation};

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

impl Simulation {
    /// A cluster's event about the writer's move, whose message gets the cluster's name as AWS words it:
    /// `<id> in Region <region>`.
    pub(super) fn tell_cluster(&mut self, arn: &str, message: impl FnOnce(&str) -> String) {
        let Some(cluster) = self.aurora.clusters.get(arn) else { return };
        let message = message(&format!("{} in Region {}", cluster.id, cluster.region));
        let event = cluster_event(self.now, cluster, &["global failover"], message);
        self.aurora.events.push(event);
    }

    /// A cluster's event about its own life.
    pub(super) fn tell_life(&mut self, arn: &str, categories: &'static [&'static str], message: &str) {
        let Some(cluster) = self.aurora.clusters.get(arn) else { return };
        let event = cluster_event(self.now, cluster, categories, message.to_owned());
        self.aurora.events.push(event);
    }

    /// An instance's event.
    pub(super) fn tell_instance(
        &mut self,
        cluster: &str,
        instance: &str,
        categories: &'static [&'static str],
        message: String,
    ) {
        let Some(cluster) = self.aurora.clusters.get(cluster) else { return };
        let event = RdsEvent {
            at: self.now,
            region: cluster.region.clone(),
            source_type: "db-instance",
            source: instance.to_owned(),
            arn: instance_arn(cluster, instance),
            categories,
            message,
        };
        self.aurora.events.push(event);
    }

    /// A cluster snapshot's event.
    pub(super) fn tell_snapshot(&mut self, snapshot: &DbSnapshot, message: &str) {
        self.aurora.events.push(RdsEvent {
            at: self.now,
            region: snapshot.region.clone(),
            source_type: "db-cluster-snapshot",
            source: snapshot.id.clone(),
            arn: snapshot.arn.clone(),
            categories: &["backup"],
            message: message.to_owned(),
        });
    }
}

fn cluster_event(at: Timestamp, cluster: &DbCluster, categories: &'static [&'static str], message: String) -> RdsEvent {
    RdsEvent {
        at,
        region: cluster.region.clone(),
        source_type: "db-cluster",
        source: cluster.id.clone(),
        arn: cluster.arn.clone(),
        categories,
        message,
    }
}
