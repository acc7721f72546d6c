//! RDS: global clusters, DB clusters, instances, subnet groups and events.

use serde_json::{Value, json};

use super::{Context, Service, input::Input, iso, rds_shapes, unknown_operation, xml::Dialect};
use crate::{
    region::Region,
    simulation::{
        Simulation,
        aurora::{DbCluster, GlobalCluster, global_not_found},
        refusal::{Refusal, Result},
    },
};

pub(super) const DIALECT: Dialect = Dialect { namespace: "http://rds.amazonaws.com/doc/2014-10-31/", item };

/// Names of list items in RDS's model.
fn item(list: &str) -> &'static str {
    match list {
        // The model calls the items of both lists so.
        "GlobalClusters" | "GlobalClusterMembers" => "GlobalClusterMember",
        "DBClusters" => "DBCluster",
        "DBClusterMembers" => "DBClusterMember",
        "DBInstances" => "DBInstance",
        "DBSubnetGroups" => "DBSubnetGroup",
        "Subnets" => "Subnet",
        "AvailabilityZones" => "AvailabilityZone",
        "Events" => "Event",
        "EventCategories" => "EventCategory",
        _ => "member",
    }
}

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "DescribeGlobalClusters" => describe_global_clusters(simulation, context.region, input),
        "DescribeDBClusters" => describe_clusters(simulation, context.region, input),
        "DescribeDBInstances" => describe_instances(simulation, context.region, input),
        "DescribeDBSubnetGroups" => describe_subnet_groups(simulation, context.region, input),
        "DescribeEvents" => describe_events(simulation, context.region, input),
        "FailoverGlobalCluster" => fail_over(simulation, context.region, input),
        "SwitchoverGlobalCluster" => switch_over(simulation, context.region, input),
        _ => Err(unknown_operation(Service::Rds, operation)),
    }
}

/// A global cluster is seen from every region in which it has a member.
fn global_clusters<'a>(simulation: &'a Simulation, region: &'a Region) -> impl Iterator<Item = &'a GlobalCluster> {
    let here = move |arn: &String| simulation.aurora.clusters.get(arn).is_some_and(|cluster| cluster.region == *region);
    simulation
        .aurora
        .global_clusters
        .values()
        .filter(move |global| global.members.iter().any(|member| here(&member.cluster_arn)))
}

fn clusters<'a>(simulation: &'a Simulation, region: &'a Region) -> impl Iterator<Item = &'a DbCluster> {
    simulation.aurora.clusters.values().filter(move |cluster| cluster.region == *region)
}

fn describe_global_clusters(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("GlobalClusterIdentifier");
    let with_member = input.filter("db-cluster-id");
    let found: Vec<Value> = global_clusters(simulation, region)
        .filter(|global| wanted.is_none_or(|id| global.id == id || global.arn == id))
        .filter(|global| with_member.as_ref().is_none_or(|ids| rds_shapes::has_member(simulation, global, ids)))
        .map(rds_shapes::global_cluster)
        .collect();
    match wanted {
        Some(id) if found.is_empty() => Err(global_not_found(id)),
        _ => Ok(json!({"GlobalClusters": found})),
    }
}

fn describe_clusters(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("DBClusterIdentifier");
    let filter = input.filter("db-cluster-id");
    let found: Vec<Value> = clusters(simulation, region)
        .filter(|cluster| wanted.is_none_or(|id| is_cluster(cluster, id)))
        .filter(|cluster| filter.as_ref().is_none_or(|ids| ids.iter().any(|id| is_cluster(cluster, id))))
        .map(|cluster| rds_shapes::cluster(simulation, cluster))
        .collect();
    match wanted {
        Some(id) if found.is_empty() => {
            Err(Refusal::not_found("DBClusterNotFoundFault", format!("DBCluster {id} not found.")))
        }
        _ => Ok(json!({"DBClusters": found})),
    }
}

fn describe_instances(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("DBInstanceIdentifier");
    let filter = input.filter("db-cluster-id");
    let found: Vec<Value> = clusters(simulation, region)
        .filter(|cluster| filter.as_ref().is_none_or(|ids| ids.iter().any(|id| is_cluster(cluster, id))))
        .flat_map(|cluster| cluster.instances.iter().map(move |instance| (cluster, instance)))
        .filter(|(_, instance)| wanted.is_none_or(|id| id == instance.as_str()))
        .map(|(cluster, instance)| rds_shapes::instance(simulation, cluster, instance))
        .collect();
    match wanted {
        Some(id) if found.is_empty() => {
            Err(Refusal::not_found("DBInstanceNotFound", format!("DBInstance {id} not found.")))
        }
        _ => Ok(json!({"DBInstances": found})),
    }
}

fn describe_subnet_groups(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("DBSubnetGroupName");
    let found: Vec<Value> = clusters(simulation, region)
        .filter(|cluster| wanted.is_none_or(|name| name == rds_shapes::subnet_group_name(cluster)))
        .map(rds_shapes::subnet_group)
        .collect();
    match wanted {
        Some(name) if found.is_empty() => {
            Err(Refusal::not_found("DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist.")))
        }
        _ => Ok(json!({"DBSubnetGroups": found})),
    }
}

/// Oldest first, of the last hour unless the caller says otherwise.
fn describe_events(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let now = simulation.now.as_second();
    let minutes = i64::from(input.number("Duration")?.unwrap_or(60));
    let until = input.seconds("EndTime").unwrap_or(now);
    let from = input.seconds("StartTime").unwrap_or(until - minutes * 60);
    let (source, source_type) = (input.text("SourceIdentifier"), input.text("SourceType"));
    let categories = input.texts("EventCategories");
    let found: Vec<Value> = simulation
        .aurora
        .events
        .iter()
        .filter(|event| event.region == *region && (from..=until).contains(&event.at.as_second()))
        .filter(|event| source.is_none_or(|wanted| wanted == event.source))
        .filter(|event| source_type.is_none_or(|wanted| wanted == event.source_type))
        .filter(|event| categories.is_empty() || event.categories.iter().any(|category| categories.contains(category)))
        .map(|event| {
            json!({
                "SourceIdentifier": event.source,
                "SourceType": event.source_type,
                "SourceArn": event.arn,
                "Date": iso(event.at),
                "EventCategories": event.categories,
                "Message": event.message,
            })
        })
        .collect();
    Ok(json!({"Events": found}))
}

/// Without `AllowDataLoss` this is the same as a switchover (API reference of `FailoverGlobalCluster`).
fn fail_over(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let loss = input.flag("AllowDataLoss").unwrap_or(false);
    if loss && input.flag("Switchover").unwrap_or(false) {
        let message = "AllowDataLoss and Switchover cannot be specified together";
        return Err(Refusal::invalid("InvalidParameterCombination", message));
    }
    if !loss {
        return switch_over(simulation, region, input);
    }
    let (id, target) = (input.required("GlobalClusterIdentifier")?, input.required("TargetDbClusterIdentifier")?);
    simulation.fail_over(region, id, target)?;
    changed_global_cluster(simulation, id)
}

fn switch_over(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let (id, target) = (input.required("GlobalClusterIdentifier")?, input.required("TargetDbClusterIdentifier")?);
    simulation.switch_over(region, id, target)?;
    changed_global_cluster(simulation, id)
}

fn changed_global_cluster(simulation: &Simulation, id: &str) -> Result<Value> {
    let global = simulation.aurora.global_clusters.get(id).ok_or_else(|| global_not_found(id))?;
    Ok(json!({"GlobalCluster": rds_shapes::global_cluster(global)}))
}

/// Identifiers may be names or ARNs.
fn is_cluster(cluster: &DbCluster, id: &str) -> bool {
    cluster.id == id || cluster.arn == id
}
