//! Aurora: the global cluster and its DB clusters.

use std::collections::BTreeSet;

use aws_sdk_rds::types;
use futures::future::{FutureExt as _, OptionFuture, join, try_join};

use super::{Aws, AwsError, absent_is_none, call::Operation, pages, seen, timestamp};
use crate::{
    elsewhere::FoundCluster,
    observation::{AcuRange, DbCluster, DbInstance, FailoverState, GlobalCluster, Member, Snapshot},
    topology::SideName,
};

static GLOBAL_CLUSTERS: Operation = Operation::new("rds", "DescribeGlobalClusters");
static CLUSTERS: Operation = Operation::new("rds", "DescribeDBClusters");
static SNAPSHOTS: Operation = Operation::new("rds", "DescribeDBClusterSnapshots");
/// Most pages of snapshots that are read, of a hundred each: the default quota is a hundred manual ones in a region.
const SNAPSHOT_PAGES: usize = 20;
static INSTANCES: Operation = Operation::new("rds", "DescribeDBInstances");
static SUBNET_GROUPS: Operation = Operation::new("rds", "DescribeDBSubnetGroups");

/// Most pages of a list, of a hundred clusters each.
const PAGES: usize = 5;

impl Aws {
    /// The global cluster as that side's region tells it; `None` if there is none.
    pub async fn global_cluster(&self, side: SideName) -> Result<Option<GlobalCluster>, AwsError> {
        let regional = self.regional(side);
        let send =
            || regional.rds.describe_global_clusters().global_cluster_identifier(&self.0.app.global_cluster).send();
        let answer = absent_is_none(regional.caller.read(&GLOBAL_CLUSTERS, send).await)?;
        Ok(answer.and_then(|answer| answer.global_clusters().first().map(global_cluster)))
    }

    /// That side's DB cluster with its instances, key and zones; `None` if there is none.
    pub async fn db_cluster(&self, side: SideName) -> Result<Option<DbCluster>, AwsError> {
        let deadline = self.deadline();
        let (cluster, instances) = try_join(self.describe_cluster(side), self.instances(side)).await?;
        let Some(cluster) = cluster else { return Ok(None) };
        let key = OptionFuture::from(cluster.kms_key_id().map(|key| seen(deadline, "kms", self.kms_key(side, key))));
        let (key, zones) = join(key, seen(deadline, "rds", self.zones(side, &cluster))).await;
        Ok(Some(DbCluster {
            arn: cluster.db_cluster_arn().unwrap_or_default().to_owned(),
            status: cluster.status().unwrap_or_default().to_owned(),
            engine: cluster.engine().unwrap_or_default().to_owned(),
            engine_version: cluster.engine_version().unwrap_or_default().to_owned(),
            resource_id: cluster.db_cluster_resource_id().unwrap_or_default().to_owned(),
            deletion_protection: cluster.deletion_protection().unwrap_or_default(),
            global_cluster: belongs_to(&cluster),
            replicas: cluster.read_replica_identifiers().to_vec(),
            instances: with_writer(instances, &cluster),
            backup_retention_days: cluster.backup_retention_period(),
            serverless: cluster.serverless_v2_scaling_configuration().and_then(acu_range),
            key,
            parameter_group: cluster.db_cluster_parameter_group().map(str::to_owned),
            zones,
        }))
    }

    /// The DB clusters of that side's region, by whatever identifier.
    pub(crate) async fn clusters(&self, side: SideName) -> Result<Vec<FoundCluster>, AwsError> {
        let regional = self.regional(side);
        pages::whole(PAGES, |marker| {
            async move {
                let send = || regional.rds.describe_db_clusters().set_marker(marker.clone()).send();
                let answer = regional.caller.read(&CLUSTERS, send).await?;
                Ok((answer.db_clusters().iter().map(found_cluster).collect(), answer.marker))
            }
            .boxed()
        })
        .await
    }

    /// All snapshots of clusters with that side's DB cluster identifier, manual ones and RDS's own, those of deleted clusters included.
    pub async fn cluster_snapshots(&self, side: SideName) -> Result<Vec<Snapshot>, AwsError> {
        let regional = self.regional(side);
        let cluster = &self.side(side).db_cluster;
        pages::whole(SNAPSHOT_PAGES, |marker| {
            async move {
                let send = || {
                    let list = regional.rds.describe_db_cluster_snapshots().db_cluster_identifier(cluster);
                    list.set_marker(marker.clone()).send()
                };
                let answer = absent_is_none(regional.caller.read(&SNAPSHOTS, send).await)?;
                Ok(answer.map_or_else(Default::default, |answer| {
                    (answer.db_cluster_snapshots().iter().map(snapshot).collect(), answer.marker)
                }))
            }
            .boxed()
        })
        .await
    }

    async fn describe_cluster(&self, side: SideName) -> Result<Option<types::DbCluster>, AwsError> {
        let regional = self.regional(side);
        let send = || regional.rds.describe_db_clusters().db_cluster_identifier(&self.side(side).db_cluster).send();
        let answer = absent_is_none(regional.caller.read(&CLUSTERS, send).await)?;
        Ok(answer.and_then(|answer| answer.db_clusters.unwrap_or_default().into_iter().next()))
    }

    async fn instances(&self, side: SideName) -> Result<Vec<DbInstance>, AwsError> {
        let regional = self.regional(side);
        let of_cluster = types::Filter::builder().name("db-cluster-id").values(&self.side(side).db_cluster).build();
        let send = || regional.rds.describe_db_instances().filters(of_cluster.clone()).send();
        let answer = absent_is_none(regional.caller.read(&INSTANCES, send).await)?;
        Ok(answer.map(|answer| answer.db_instances().iter().map(instance).collect()).unwrap_or_default())
    }

    /// Availability zones that the cluster's subnet group spans; where it names none, those that its storage spans.
    async fn zones(&self, side: SideName, cluster: &types::DbCluster) -> Result<Vec<String>, AwsError> {
        let Some(group) = cluster.db_subnet_group() else { return Ok(cluster.availability_zones().to_vec()) };
        let regional = self.regional(side);
        let send = || regional.rds.describe_db_subnet_groups().db_subnet_group_name(group).send();
        let answer = regional.caller.read(&SUBNET_GROUPS, send).await?;
        let subnets = answer.db_subnet_groups().iter().flat_map(|group| group.subnets());
        let zones: BTreeSet<&str> = subnets.filter_map(|subnet| subnet.subnet_availability_zone()?.name()).collect();
        Ok(zones.into_iter().map(str::to_owned).collect())
    }
}

fn found_cluster(cluster: &types::DbCluster) -> FoundCluster {
    FoundCluster {
        id: cluster.db_cluster_identifier().unwrap_or_default().to_owned(),
        arn: cluster.db_cluster_arn().unwrap_or_default().to_owned(),
        engine: cluster.engine().unwrap_or_default().to_owned(),
        global_cluster: belongs_to(cluster),
    }
}

/// The global cluster that it says it belongs to.
fn belongs_to(cluster: &types::DbCluster) -> Option<String> {
    cluster.global_cluster_identifier().filter(|id| !id.is_empty()).map(str::to_owned)
}

fn global_cluster(cluster: &types::GlobalCluster) -> GlobalCluster {
    GlobalCluster {
        arn: cluster.global_cluster_arn().unwrap_or_default().to_owned(),
        status: cluster.status().unwrap_or_default().to_owned(),
        engine_version: cluster.engine_version().unwrap_or_default().to_owned(),
        failover: cluster.failover_state().and_then(failover_state),
        members: cluster.global_cluster_members().iter().map(member).collect(),
    }
}

/// A failover state without status is what some answers carry when nothing is under way.
fn failover_state(state: &types::FailoverState) -> Option<FailoverState> {
    let status = state.status()?.as_str();
    (!status.is_empty())
        .then(|| FailoverState { status: status.to_owned(), to: state.to_db_cluster_arn().map(str::to_owned) })
}

fn member(member: &types::GlobalClusterMember) -> Member {
    Member {
        arn: member.db_cluster_arn().unwrap_or_default().to_owned(),
        writer: member.is_writer().unwrap_or_default(),
        synchronization: member.synchronization_status().map(|status| status.as_str().to_owned()),
    }
}

fn acu_range(range: &types::ServerlessV2ScalingConfigurationInfo) -> Option<AcuRange> {
    Some(AcuRange {
        min: range.min_capacity()?,
        max: range.max_capacity()?,
        pauses_after: range.seconds_until_auto_pause(),
    })
}

fn snapshot(found: &types::DbClusterSnapshot) -> Snapshot {
    Snapshot {
        id: found.db_cluster_snapshot_identifier().unwrap_or_default().to_owned(),
        status: found.status().unwrap_or_default().to_owned(),
        percent: found.percent_progress().unwrap_or_default(),
        taken_at: found.snapshot_create_time().and_then(timestamp),
    }
}

/// The instances, with which of them the cluster calls its writer.
fn with_writer(mut instances: Vec<DbInstance>, cluster: &types::DbCluster) -> Vec<DbInstance> {
    let writers = cluster.db_cluster_members().iter().filter(|member| member.is_cluster_writer() == Some(true));
    let writers: Vec<&str> = writers.filter_map(|member| member.db_instance_identifier()).collect();
    for instance in &mut instances {
        instance.writer = writers.contains(&instance.id.as_str());
    }
    instances
}

fn instance(instance: &types::DbInstance) -> DbInstance {
    DbInstance {
        id: instance.db_instance_identifier().unwrap_or_default().to_owned(),
        class: instance.db_instance_class().unwrap_or_default().to_owned(),
        status: instance.db_instance_status().unwrap_or_default().to_owned(),
        writer: false,
        pending_reboot: instance
            .db_parameter_groups()
            .iter()
            .any(|group| group.parameter_apply_status() == Some("pending-reboot")),
    }
}
