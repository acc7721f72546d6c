//! RDS's structures, as its API reference describes them.

use serde_json::{Value, json};

use crate::{
    aws::iso,
    dice,
    simulation::{
        Simulation,
        aurora::{DbCluster, DbInstance, GlobalCluster, Kind, instances::instance_arn, snapshots::DbSnapshot},
    },
};

/// The only engine.
pub(super) const ENGINE: &str = "aurora-postgresql";

pub(super) fn global_cluster(global: &GlobalCluster) -> Value {
    let members: Vec<Value> = global
        .members
        .iter()
        .map(|member| {
            let others = global.members.iter().filter(|other| other.cluster_arn != member.cluster_arn);
            let readers: Vec<&str> = others.filter(|_| member.writer).map(|other| other.cluster_arn.as_str()).collect();
            json!({
                "DBClusterArn": member.cluster_arn,
                "IsWriter": member.writer,
                "Readers": readers,
                "SynchronizationStatus": member.synchronization.as_str(),
                "GlobalWriteForwardingStatus": if member.writer { Value::Null } else { json!("disabled") },
            })
        })
        .collect();
    let failover = global.transition.as_ref().map(|transition| {
        json!({
            "Status": transition.status(),
            "FromDbClusterArn": transition.from,
            "ToDbClusterArn": transition.to,
            "IsDataLossAllowed": transition.kind == Kind::Failover,
        })
    });
    json!({
        "GlobalClusterIdentifier": global.id,
        "GlobalClusterResourceId": format!("cluster-{}", dice::hex_id(&global.arn, 16)),
        "GlobalClusterArn": global.arn,
        "Status": global.status(),
        "Engine": ENGINE,
        "EngineVersion": global.engine_version,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "DatabaseName": "app",
        "StorageEncrypted": true,
        "DeletionProtection": true,
        "Endpoint": format!("{}.global-{}.global.rds.amazonaws.com", global.id, dice::hex_id(&global.id, 12)),
        "GlobalClusterMembers": members,
        "FailoverState": failover,
    })
}

/// Whether one of the members has one of those ids or ARNs.
pub(super) fn has_member(simulation: &Simulation, global: &GlobalCluster, ids: &[&str]) -> bool {
    let clusters = global.members.iter().filter_map(|member| simulation.aurora.clusters.get(&member.cluster_arn));
    clusters.into_iter().any(|cluster| ids.contains(&cluster.id.as_str()) || ids.contains(&cluster.arn.as_str()))
}

pub(super) fn cluster(simulation: &Simulation, cluster: &DbCluster) -> Value {
    let writes = is_writer(simulation, cluster);
    let source = simulation.aurora.source(cluster).map(|writer| &writer.arn);
    let members: Vec<Value> = cluster
        .instances
        .iter()
        .enumerate()
        .map(|(index, instance)| {
            json!({
                "DBInstanceIdentifier": instance.id,
                "IsClusterWriter": writes && index == 0,
                "DBClusterParameterGroupStatus": "in-sync",
                "PromotionTier": 1,
            })
        })
        .collect();
    json!({
        "DBClusterIdentifier": cluster.id,
        "DBClusterArn": cluster.arn,
        "DbClusterResourceId": cluster.resource_id,
        "Status": simulation.cluster_status(cluster),
        "Engine": ENGINE,
        "EngineMode": "provisioned",
        "EngineVersion": cluster.engine_version,
        "DatabaseName": "app",
        "MasterUsername": "app",
        "Port": 5432,
        "Endpoint": host(cluster, &cluster.id, "cluster-"),
        "ReaderEndpoint": host(cluster, &cluster.id, "cluster-ro-"),
        "MultiAZ": cluster.instances.len() > 1,
        "AvailabilityZones": zones(cluster),
        "DBSubnetGroup": subnet_group_name(cluster),
        "DBClusterMembers": members,
        "StorageEncrypted": true,
        "KmsKeyId": cluster.kms_key_arn,
        "DeletionProtection": cluster.deletion_protection,
        "BackupRetentionPeriod": 7,
        "ReplicationSourceIdentifier": source,
        "GlobalClusterIdentifier": cluster.global_cluster,
        "ServerlessV2ScalingConfiguration": cluster.acu.map(|(min, max)| json!({
            "MinCapacity": min,
            "MaxCapacity": max,
            "SecondsUntilAutoPause": (min == 0.0).then_some(300),
        })),
        "GlobalWriteForwardingStatus": if writes { Value::Null } else { json!("disabled") },
        "ClusterCreateTime": iso(cluster.created),
        "HttpEndpointEnabled": false,
        "CrossAccountClone": false,
        "CopyTagsToSnapshot": true,
    })
}

pub(super) fn instance(simulation: &Simulation, cluster: &DbCluster, instance: &DbInstance) -> Value {
    let index = cluster.instances.iter().position(|other| other.id == instance.id).unwrap_or_default();
    json!({
        "DBInstanceIdentifier": instance.id,
        "DBInstanceArn": instance_arn(cluster, &instance.id),
        "DbiResourceId": format!("db-{}", dice::hex_id(&format!("{}/{}", cluster.arn, instance.id), 26).to_uppercase()),
        "DBClusterIdentifier": cluster.id,
        "DBInstanceClass": instance.class,
        "DBInstanceStatus": simulation.instance_status(instance),
        "Engine": ENGINE,
        "EngineVersion": cluster.engine_version,
        "AvailabilityZone": cluster.region.zone(index % cluster.zones.max(1)),
        "Endpoint": {"Address": host(cluster, &instance.id, ""), "Port": 5432},
        "DBSubnetGroup": subnet_group(cluster),
        "InstanceCreateTime": iso(instance.created),
        "StorageEncrypted": true,
        "KmsKeyId": cluster.kms_key_arn,
        "PromotionTier": 1,
        "PubliclyAccessible": false,
        "AutoMinorVersionUpgrade": false,
        "DeletionProtection": false,
        "MultiAZ": false,
    })
}

pub(super) fn snapshot(simulation: &Simulation, snapshot: &DbSnapshot) -> Value {
    json!({
        "DBClusterSnapshotIdentifier": snapshot.id,
        "DBClusterSnapshotArn": snapshot.arn,
        "DBClusterIdentifier": snapshot.cluster,
        "DbClusterResourceId": snapshot.resource_id,
        "SnapshotCreateTime": iso(snapshot.created),
        "ClusterCreateTime": iso(snapshot.cluster_created),
        "Engine": ENGINE,
        "EngineMode": "provisioned",
        "EngineVersion": snapshot.engine_version,
        "MasterUsername": "app",
        "Status": snapshot.status.as_str(),
        "PercentProgress": snapshot.percent(simulation.now),
        "SnapshotType": snapshot.kind(),
        "SourceDBClusterSnapshotArn": snapshot.source,
        "StorageEncrypted": true,
        "KmsKeyId": snapshot.kms_key_arn,
        "IAMDatabaseAuthenticationEnabled": false,
    })
}

pub(super) fn subnet_group(cluster: &DbCluster) -> Value {
    let subnets: Vec<Value> = zones(cluster)
        .into_iter()
        .map(|zone| {
            json!({
                "SubnetIdentifier": format!("subnet-{}", dice::hex_id(&format!("{}/{zone}", cluster.arn), 17)),
                "SubnetAvailabilityZone": {"Name": zone},
                "SubnetStatus": "Active",
            })
        })
        .collect();
    let name = subnet_group_name(cluster);
    json!({
        "DBSubnetGroupName": name,
        "DBSubnetGroupArn": format!("arn:aws:rds:{}:{}:subgrp:{name}", cluster.region, cluster.account),
        "DBSubnetGroupDescription": "Private subnets",
        "VpcId": format!("vpc-{}", dice::hex_id(cluster.region.as_str(), 17)),
        "SubnetGroupStatus": "Complete",
        "Subnets": subnets,
    })
}

/// Name of the subnet group of a cluster.
pub(super) fn subnet_group_name(cluster: &DbCluster) -> String {
    format!("{}-subnets", cluster.id)
}

fn is_writer(simulation: &Simulation, cluster: &DbCluster) -> bool {
    simulation.aurora.member(cluster).is_none_or(|member| member.writer)
}

fn zones(cluster: &DbCluster) -> Vec<String> {
    (0..cluster.zones).map(|index| cluster.region.zone(index)).collect()
}

fn host(cluster: &DbCluster, name: &str, kind: &str) -> String {
    format!("{name}.{kind}{}.{}.rds.amazonaws.com", dice::hex_id(&cluster.arn, 12), cluster.region)
}
