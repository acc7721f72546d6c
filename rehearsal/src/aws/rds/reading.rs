//! What RDS tells of what there is.

use serde_json::{Value, json};

use super::{check_filters, shapes};
use crate::{
    aws::{input::Input, iso},
    region::Region,
    simulation::{
        Simulation,
        aurora::{DbCluster, cluster_not_found, global_not_found, instances::instance_not_found},
        refusal::{Refusal, Result},
    },
};

fn clusters_of<'a>(simulation: &'a Simulation, region: &'a Region) -> impl Iterator<Item = &'a DbCluster> {
    simulation.aurora.clusters.values().filter(move |cluster| cluster.region == *region)
}

/// Global clusters belong to no region: every region tells of all of them, whether it has a member or not.
pub(super) fn global_clusters(simulation: &Simulation, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("GlobalClusterIdentifier");
    let with_member = input.filter("db-cluster-id");
    let found: Vec<Value> = simulation
        .aurora
        .global_clusters
        .values()
        .filter(|global| wanted.is_none_or(|id| global.id.eq_ignore_ascii_case(id) || global.arn == id))
        .filter(|global| with_member.as_ref().is_none_or(|ids| shapes::has_member(simulation, global, ids)))
        .map(shapes::global_cluster)
        .collect();
    match wanted {
        Some(id) if found.is_empty() => Err(global_not_found(id)),
        _ => Ok(json!({"GlobalClusters": found})),
    }
}

pub(super) fn clusters(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("DBClusterIdentifier");
    check_filters(input, &["db-cluster-id", "engine"])?;
    let filter = input.filter("db-cluster-id");
    let engine = input.filter("engine");
    let found: Vec<Value> = clusters_of(simulation, region)
        .filter(|_| engine.as_ref().is_none_or(|engines| engines.contains(&shapes::ENGINE)))
        .filter(|cluster| wanted.is_none_or(|id| cluster.is(id)))
        .filter(|cluster| filter.as_ref().is_none_or(|ids| ids.iter().any(|id| cluster.is(id))))
        .map(|cluster| shapes::cluster(simulation, cluster))
        .collect();
    match wanted {
        Some(id) if found.is_empty() => Err(cluster_not_found(id)),
        _ => Ok(json!({"DBClusters": found})),
    }
}

pub(super) fn instances(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    check_filters(input, &["db-cluster-id"])?;
    let wanted = input.text("DBInstanceIdentifier");
    let filter = input.filter("db-cluster-id");
    let found: Vec<Value> = clusters_of(simulation, region)
        .filter(|cluster| filter.as_ref().is_none_or(|ids| ids.iter().any(|id| cluster.is(id))))
        .flat_map(|cluster| cluster.instances.iter().map(move |instance| (cluster, instance)))
        .filter(|(_, instance)| wanted.is_none_or(|id| instance.id.eq_ignore_ascii_case(id)))
        .map(|(cluster, instance)| shapes::instance(simulation, cluster, instance))
        .collect();
    match wanted {
        Some(id) if found.is_empty() => Err(instance_not_found(id)),
        _ => Ok(json!({"DBInstances": found})),
    }
}

pub(super) fn subnet_groups(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.text("DBSubnetGroupName");
    let found: Vec<Value> = clusters_of(simulation, region)
        .filter(|cluster| wanted.is_none_or(|name| name == shapes::subnet_group_name(cluster)))
        .map(shapes::subnet_group)
        .collect();
    match wanted {
        Some(name) if found.is_empty() => {
            Err(Refusal::not_found("DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist.")))
        }
        _ => Ok(json!({"DBSubnetGroups": found})),
    }
}

/// Oldest first, of the last hour unless the caller says otherwise.
pub(super) fn events(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
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
