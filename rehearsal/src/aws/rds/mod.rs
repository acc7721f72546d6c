//! RDS: global clusters, DB clusters, instances, snapshots, subnet groups, events, and what hangs on clusters.

mod attached;
mod changing;
mod reading;
mod shapes;
mod snapshots;

use serde_json::Value;

use super::{Context, Service, input::Input, unknown_operation, xml::Dialect};
use crate::simulation::{
    Simulation,
    refusal::{Refusal, Result},
};

pub(super) const DIALECT: Dialect = Dialect { namespace: "http://rds.amazonaws.com/doc/2014-10-31/", item };

/// Names of list items in RDS's model.
fn item(list: &str) -> &'static str {
    match list {
        // The model calls the items of both lists so.
        "GlobalClusters" | "GlobalClusterMembers" => "GlobalClusterMember",
        "DBClusters" => "DBCluster",
        "DBClusterMembers" => "DBClusterMember",
        "DBClusterSnapshots" => "DBClusterSnapshot",
        "DBInstances" => "DBInstance",
        "DBSubnetGroups" => "DBSubnetGroup",
        "Subnets" => "Subnet",
        "AvailabilityZones" => "AvailabilityZone",
        "Events" => "Event",
        "EventCategories" => "EventCategory",
        "DBClusterEndpoints" => "DBClusterEndpointList",
        _ => "member",
    }
}

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    let region = context.region;
    match operation {
        "DescribeGlobalClusters" => reading::global_clusters(simulation, input),
        "DescribeDBClusters" => reading::clusters(simulation, region, input),
        "DescribeDBInstances" => reading::instances(simulation, region, input),
        "DescribeDBSubnetGroups" => reading::subnet_groups(simulation, region, input),
        "DescribeEvents" => reading::events(simulation, region, input),
        "DescribeBlueGreenDeployments" => Ok(attached::blue_green_deployments(simulation, region)),
        "DescribeDBProxies" => Ok(attached::proxies(simulation, region)),
        "DescribeDBProxyTargets" => attached::proxy_targets(simulation, region, input),
        "DescribeDBClusterEndpoints" => attached::endpoints(simulation, region, input),
        "DescribeDBClusterSnapshots" => snapshots::describe(simulation, region, input),
        "CreateDBClusterSnapshot" => snapshots::create(simulation, region, input),
        "CopyDBClusterSnapshot" => snapshots::copy(simulation, region, input),
        "DeleteDBClusterSnapshot" => snapshots::delete(simulation, region, input),
        "FailoverGlobalCluster" => changing::fail_over(simulation, region, input),
        "SwitchoverGlobalCluster" => changing::switch_over(simulation, region, input),
        "CreateGlobalCluster" => changing::create_global(simulation, region, input),
        "RemoveFromGlobalCluster" => changing::remove_from_global(simulation, region, input),
        "CreateDBCluster" => changing::create_cluster(simulation, region, input),
        "ModifyDBCluster" => changing::modify_cluster(simulation, region, input),
        "DeleteDBCluster" => changing::delete_cluster(simulation, region, input),
        "CreateDBInstance" => changing::create_instance(simulation, region, input),
        "DeleteDBInstance" => changing::delete_instance(simulation, region, input),
        _ => Err(unknown_operation(Service::Rds, operation)),
    }
}

/// Refuses filters that the operation does not have.
fn check_filters(input: Input<'_>, known: &[&str]) -> Result<()> {
    let unknown = input.list("Filters").filter_map(|filter| filter.text("Name")).find(|name| !known.contains(name));
    match unknown {
        Some(name) => Err(Refusal::invalid("InvalidParameterValue", format!("Unrecognized filter name: {name}"))),
        None => Ok(()),
    }
}
