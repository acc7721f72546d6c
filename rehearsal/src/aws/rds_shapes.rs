//! RDS's structures, as its API reference describes them.

use serde_json::{Value, json};

use super::iso;
use crate::{
    dice,
    simulation::{
        Simulation,
        aurora::{DbCluster, GlobalCluster},
    },
};

const ENGINE: &str = "aurora-postgresql";

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
            "IsDataLossAllowed": transition.kind == crate::simulation::aurora::Kind::Failover,
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
    let source = simulation.aurora.writer(&cluster.global_cluster).filter(|_| !writes).map(|writer| &writer.arn);
    let members: Vec<Value> = cluster
        .instances
        .iter()
        .enumerate()
        .map(|(index, instance)| {
            json!({
                "DBInstanceIdentifier": instance,
                "IsClusterWriter": writes && index == 0,
                "DBClusterParameterGroupStatus": "in-sync",
                "PromotionTier": 1,
            })
        })
        .collect();
    json!({
        "DBClusterIdentifier": cluster.id,
        "DBClusterArn": cluster.arn,
        "DbClusterResourceId": format!("cluster-{}", dice::hex_id(&cluster.arn, 26).to_uppercase()),
        "Status": simulation.aurora.cluster_status(cluster),
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
        "DeletionProtection": true,
        "BackupRetentionPeriod": 7,
        "ReplicationSourceIdentifier": source,
        "GlobalClusterIdentifier": cluster.global_cluster,
        "GlobalWriteForwardingStatus": if writes { Value::Null } else { json!("disabled") },
        "ClusterCreateTime": iso(simulation.scenario.epoch),
        "HttpEndpointEnabled": false,
        "CrossAccountClone": false,
        "CopyTagsToSnapshot": true,
    })
}

pub(super) fn instance(simulation: &Simulation, cluster: &DbCluster, instance: &str) -> Value {
    let index = cluster.instances.iter().position(|other| other == instance).unwrap_or_default();
    json!({
        "DBInstanceIdentifier": instance,
        "DBInstanceArn": crate::simulation::instance_arn(cluster, instance),
        "DbiResourceId": format!("db-{}", dice::hex_id(&format!("{}/{instance}", cluster.arn), 26).to_uppercase()),
        "DBClusterIdentifier": cluster.id,
        "DBInstanceClass": cluster.instance_class,
        "DBInstanceStatus": "available",
        "Engine": ENGINE,
        "EngineVersion": cluster.engine_version,
        "AvailabilityZone": cluster.region.zone(index % cluster.zones.max(1)),
        "Endpoint": {"Address": host(cluster, instance, ""), "Port": 5432},
        "DBSubnetGroup": subnet_group(cluster),
        "InstanceCreateTime": iso(simulation.scenario.epoch),
        "StorageEncrypted": true,
        "KmsKeyId": cluster.kms_key_arn,
        "PromotionTier": 1,
        "PubliclyAccessible": false,
        "AutoMinorVersionUpgrade": false,
        "DeletionProtection": false,
        "MultiAZ": false,
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
