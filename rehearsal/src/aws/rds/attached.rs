//! What hangs on DB clusters: blue/green deployments, proxies and custom endpoints, as far as faults say so.

use serde_json::{Value, json};

use crate::{
    aws::input::Input,
    fault::Attachment,
    region::Region,
    simulation::{
        Simulation,
        aurora::{DbCluster, cluster_not_found},
        refusal::{Refusal, Result},
    },
};

/// The clusters of a region with what hangs on each.
fn of_region<'a>(
    simulation: &'a Simulation,
    region: &'a Region,
) -> impl Iterator<Item = (&'a DbCluster, &'a Attachment)> {
    simulation.faults.attached().filter_map(move |(id, what)| {
        let mut clusters = simulation.aurora.clusters.values();
        Some((clusters.find(|cluster| cluster.region == *region && cluster.is(id))?, what))
    })
}

pub(super) fn blue_green_deployments(simulation: &Simulation, region: &Region) -> Value {
    let deployments = of_region(simulation, region).filter_map(|(cluster, what)| match what {
        Attachment::BlueGreen(id) => Some(json!({
            "BlueGreenDeploymentIdentifier": id,
            "BlueGreenDeploymentName": format!("{}-next", cluster.id),
            "Source": cluster.arn,
            "Target": format!("{}-green", cluster.arn),
            "Status": "AVAILABLE",
        })),
        _ => None,
    });
    json!({ "BlueGreenDeployments": deployments.collect::<Vec<_>>() })
}

pub(super) fn proxies(simulation: &Simulation, region: &Region) -> Value {
    let proxies = of_region(simulation, region).filter_map(|(_, what)| match what {
        Attachment::Proxy(name) => {
            Some(json!({"DBProxyName": name, "Status": "available", "EngineFamily": "POSTGRESQL"}))
        }
        _ => None,
    });
    json!({ "DBProxies": proxies.collect::<Vec<_>>() })
}

pub(super) fn proxy_targets(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.required("DBProxyName")?;
    let found =
        of_region(simulation, region).find(|(_, what)| matches!(what, Attachment::Proxy(name) if name == wanted));
    let Some((cluster, _)) = found else {
        return Err(Refusal::not_found("DBProxyNotFoundFault", format!("DB proxy {wanted} not found.")));
    };
    let tracked = json!({"RdsResourceId": cluster.id, "Type": "TRACKED_CLUSTER"});
    let instances = cluster
        .instances
        .iter()
        .map(|instance| json!({"RdsResourceId": instance.id, "TrackedClusterId": cluster.id, "Type": "RDS_INSTANCE"}));
    let targets: Vec<Value> = [tracked].into_iter().chain(instances).collect();
    Ok(json!({ "Targets": targets }))
}

/// A cluster's own endpoints, and then its custom ones.
pub(super) fn endpoints(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let wanted = input.required("DBClusterIdentifier")?;
    let mut clusters = simulation.aurora.clusters.values();
    let cluster = clusters
        .find(|cluster| cluster.region == *region && cluster.is(wanted))
        .ok_or_else(|| cluster_not_found(wanted))?;
    let own = ["WRITER", "READER"].map(|kind| json!({"DBClusterIdentifier": cluster.id, "EndpointType": kind}));
    let custom = of_region(simulation, region).filter(|(of, _)| of.arn == cluster.arn);
    let custom = custom.filter_map(|(cluster, what)| match what {
        Attachment::Endpoint(id) => Some(json!({
            "DBClusterEndpointIdentifier": id,
            "DBClusterIdentifier": cluster.id,
            "EndpointType": "CUSTOM",
            "CustomEndpointType": "READER",
            "Status": "available",
        })),
        _ => None,
    });
    let endpoints: Vec<Value> = own.into_iter().chain(custom).collect();
    Ok(json!({ "DBClusterEndpoints": endpoints }))
}
