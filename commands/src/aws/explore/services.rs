//! All ECS services of a region, with their minimum.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::types;

use super::pages;
use crate::{
    aws::{AwsError, Regional, call::Operation},
    discovery::EcsService,
};

static LIST_CLUSTERS: Operation = Operation::new("ecs", "ListClusters");
static LIST_SERVICES: Operation = Operation::new("ecs", "ListServices");
static SERVICES: Operation = Operation::new("ecs", "DescribeServices");
static SCALABLE_TARGETS: Operation = Operation::new("application-autoscaling", "DescribeScalableTargets");

/// Most services that one `DescribeServices` takes.
const AT_ONCE: usize = 10;

impl Regional {
    /// The active services of all clusters.
    pub(super) async fn list_services(&self) -> Result<Vec<EcsService>, AwsError> {
        let minimums = self.minimums().await?;
        let mut found = Vec::new();
        for cluster in self.list_clusters().await? {
            let arns = self.service_arns(&cluster).await?;
            for some in arns.chunks(AT_ONCE) {
                let send = || self.ecs.describe_services().cluster(&cluster).set_services(Some(some.to_vec())).send();
                let answer = self.caller.read(&SERVICES, send).await?;
                let active = answer.services().iter().filter(|service| service.status() == Some("ACTIVE"));
                found.extend(active.filter_map(|service| read(service, &cluster, &minimums)));
            }
        }
        Ok(found)
    }

    /// Names of the clusters.
    async fn list_clusters(&self) -> Result<Vec<String>, AwsError> {
        pages(async |token: Option<String>| {
            let send = || self.ecs.list_clusters().set_next_token(token.clone()).send();
            let answer = self.caller.read(&LIST_CLUSTERS, send).await?;
            Ok((
                answer.cluster_arns.unwrap_or_default().iter().map(|arn| last(arn).to_owned()).collect(),
                answer.next_token,
            ))
        })
        .await
    }

    async fn service_arns(&self, cluster: &str) -> Result<Vec<String>, AwsError> {
        pages(async |token: Option<String>| {
            let send = || self.ecs.list_services().cluster(cluster).set_next_token(token.clone()).send();
            let answer = self.caller.read(&LIST_SERVICES, send).await?;
            Ok((answer.service_arns.unwrap_or_default(), answer.next_token))
        })
        .await
    }

    /// Minimums by resource id: `service/CLUSTER/SERVICE`.
    async fn minimums(&self) -> Result<BTreeMap<String, i32>, AwsError> {
        let found = pages(async |token: Option<String>| {
            let send = || {
                let targets = self.scaling.describe_scalable_targets().service_namespace(ServiceNamespace::Ecs);
                let targets = targets.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
                targets.set_next_token(token.clone()).send()
            };
            let answer = self.caller.read(&SCALABLE_TARGETS, send).await?;
            let targets = answer.scalable_targets().iter();
            let minimums = targets.map(|target| (target.resource_id().to_owned(), target.min_capacity())).collect();
            Ok((minimums, answer.next_token))
        });
        Ok(found.await?.into_iter().collect())
    }
}

fn read(service: &types::Service, cluster: &str, minimums: &BTreeMap<String, i32>) -> Option<EcsService> {
    let name = service.service_name()?.to_owned();
    let balancers = service.load_balancers().iter();
    Some(EcsService {
        min: minimums.get(&format!("service/{cluster}/{name}")).copied(),
        desired: service.desired_count(),
        target_groups: balancers.filter_map(|balancer| balancer.target_group_arn()).map(str::to_owned).collect(),
        cluster: cluster.to_owned(),
        name,
    })
}

/// The name at the end of an ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
