//! What hangs on the primary region's cluster, and goes wrong with its deletion: blue/green deployments, proxies, custom endpoints.

use aws_sdk_rds::types::{BlueGreenDeployment, DbProxyTarget};
use futures::{FutureExt as _, future::try_join_all};

use super::{Aws, AwsError, absent_is_none, call::Operation, pages};
use crate::topology::{Region, SideName};

static DEPLOYMENTS: Operation = Operation::new("rds", "DescribeBlueGreenDeployments");
static PROXIES: Operation = Operation::new("rds", "DescribeDBProxies");
static PROXY_TARGETS: Operation = Operation::new("rds", "DescribeDBProxyTargets");
static ENDPOINTS: Operation = Operation::new("rds", "DescribeDBClusterEndpoints");

/// Most pages of a list, of a hundred each: the quotas are 20 proxies in a region and five custom endpoints of a cluster.
const PAGES: usize = 5;

impl Aws {
    /// The blue/green deployments that the cluster is the source or the target of, and that are not over, each with its status.
    pub(crate) async fn blue_green_deployments(&self) -> Result<Vec<String>, AwsError> {
        let regional = self.regional(SideName::Primary);
        pages::whole(PAGES, |marker| {
            async move {
                let send = || regional.rds.describe_blue_green_deployments().set_marker(marker.clone()).send();
                let answer = regional.caller.read(&DEPLOYMENTS, send).await?;
                let all = answer.blue_green_deployments().iter();
                let found = all.filter_map(|deployment| part_of(deployment, self.side(SideName::Primary)));
                Ok((found.collect(), answer.marker))
            }
            .boxed()
        })
        .await
    }

    /// The proxies that send connections to the cluster.
    pub(crate) async fn proxies(&self) -> Result<Vec<String>, AwsError> {
        let regional = self.regional(SideName::Primary);
        let names = pages::whole(PAGES, |marker| {
            async move {
                let send = || regional.rds.describe_db_proxies().set_marker(marker.clone()).send();
                let answer = regional.caller.read(&PROXIES, send).await?;
                let names = answer.db_proxies().iter().filter_map(|proxy| proxy.db_proxy_name().map(str::to_owned));
                Ok((names.collect(), answer.marker))
            }
            .boxed()
        });
        let names: Vec<String> = names.await?;
        let to_it = try_join_all(names.iter().map(|name| self.is_target_of(name))).await?;
        Ok(names.into_iter().zip(to_it).filter_map(|(name, is)| is.then_some(name)).collect())
    }

    /// Whether the cluster, or an instance of it, is a target of that proxy. A proxy has few targets: one page.
    pub(super) async fn is_target_of(&self, proxy: &str) -> Result<bool, AwsError> {
        let regional = self.regional(SideName::Primary);
        let cluster = &self.side(SideName::Primary).db_cluster;
        let send = || regional.rds.describe_db_proxy_targets().db_proxy_name(proxy).send();
        let answer = absent_is_none(regional.caller.read(&PROXY_TARGETS, send).await)?;
        let is_it = |target: &DbProxyTarget| {
            let mut ids = target.tracked_cluster_id().into_iter().chain(target.rds_resource_id());
            ids.any(|id| id.eq_ignore_ascii_case(cluster))
        };
        Ok(answer.is_some_and(|answer| answer.targets().iter().any(is_it)))
    }

    /// The cluster's custom endpoints.
    pub(crate) async fn custom_endpoints(&self) -> Result<Vec<String>, AwsError> {
        let regional = self.regional(SideName::Primary);
        let cluster = &self.side(SideName::Primary).db_cluster;
        let send = || regional.rds.describe_db_cluster_endpoints().db_cluster_identifier(cluster).send();
        let answer = absent_is_none(regional.caller.read(&ENDPOINTS, send).await)?;
        let all = answer.iter().flat_map(|answer| answer.db_cluster_endpoints());
        let custom = all.filter(|endpoint| endpoint.endpoint_type() == Some("CUSTOM"));
        Ok(custom.filter_map(|endpoint| endpoint.db_cluster_endpoint_identifier().map(str::to_owned)).collect())
    }
}

/// A deployment that the cluster is part of, and its status; of a global database the source is another region's, and the members tell. After a
/// switchover the old environment has another name.
fn part_of(deployment: &BlueGreenDeployment, region: &Region) -> Option<String> {
    let members = deployment.switchover_details().iter();
    let members = members.flat_map(|pair| pair.source_member().into_iter().chain(pair.target_member()));
    let mut arns = deployment.source().into_iter().chain(deployment.target()).chain(members);
    let is_it = |arn: &str| {
        matches!(arn.split(':').collect::<Vec<_>>()[..], [_, _, "rds", in_region, _, "cluster", id]
            if in_region == region.region && id.eq_ignore_ascii_case(&region.db_cluster))
    };
    let status = deployment.status().unwrap_or_default();
    let over = matches!(status, "SWITCHOVER_COMPLETED" | "DELETING");
    let id = deployment.blue_green_deployment_identifier().unwrap_or_default();
    (!over && arns.any(is_it)).then(|| format!("{id} ({status})"))
}
