//! All ECS services of a region, with their minimum.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::types::{self, DeploymentControllerType, DeploymentStrategy};

use super::Partly;
use crate::{
    aws::{
        AwsError, Regional,
        call::Operation,
        pages::{Gap, Listed, more},
    },
    discovery::{EcsService, Part, Unread},
};

static LIST_CLUSTERS: Operation = Operation::new("ecs", "ListClusters");
static LIST_SERVICES: Operation = Operation::new("ecs", "ListServices");
static SERVICES: Operation = Operation::new("ecs", "DescribeServices");
static SCALABLE_TARGETS: Operation = Operation::new("application-autoscaling", "DescribeScalableTargets");

/// Most services that one `DescribeServices` takes.
const AT_ONCE: usize = 10;
/// Most services that one page of `ListServices` has; it has ten if nothing is said.
const A_PAGE: i32 = 100;

impl Regional {
    /// The active services of all clusters, and what of their scaling could not be read.
    pub(super) async fn list_services(&self) -> (Partly<EcsService>, Vec<Unread>) {
        let (minimums, clusters) = futures::join!(self.minimums(), self.list_clusters());
        let mut services = Partly::nothing();
        if let Some(gap) = clusters.gap {
            services.lacks(Part::Services, format!("ECS clusters in {}", self.caller.region), gap.why);
        }
        let mut scaling = Partly::<()>::nothing();
        if let Some(gap) = minimums.gap {
            let what = format!("minimum capacity of ECS services in {}", self.caller.region);
            scaling.lacks(Part::Scaling, what, gap.why);
        }
        let minimums = minimums.found.into_iter().collect();
        let mut dark: Option<Gap> = None;
        for cluster in clusters.found {
            match &dark {
                Some(gap) => services.lacks(Part::Services, cluster_name(&cluster), gap.why.clone()),
                None => dark = self.cluster(&cluster, &minimums, &mut services).await,
            }
        }
        (services, scaling.unread)
    }

    /// Names of the clusters.
    async fn list_clusters(&self) -> Listed<String> {
        Listed::read(async |token: Option<String>| {
            let send = || self.ecs.list_clusters().set_next_token(token.clone()).send();
            let answer = self.caller.read(&LIST_CLUSTERS, send).await?;
            let names = answer.cluster_arns.unwrap_or_default().iter().map(|arn| last(arn).to_owned()).collect();
            Ok((names, more(answer.next_token)))
        })
        .await
    }

    /// Reads the services of one cluster, and gives the reason if nothing answers any more.
    async fn cluster(
        &self,
        cluster: &str,
        minimums: &BTreeMap<String, i32>,
        services: &mut Partly<EcsService>,
    ) -> Option<Gap> {
        let listed = Listed::read(async |token: Option<String>| {
            let list = || self.ecs.list_services().cluster(cluster).max_results(A_PAGE);
            let send = || list().set_next_token(token.clone()).send();
            let answer = self.caller.read(&LIST_SERVICES, send).await?;
            Ok((answer.service_arns.unwrap_or_default(), more(answer.next_token)))
        });
        let listed = listed.await;
        if let Some(gap) = listed.gap {
            services.lacks(Part::Services, format!("services of {}", cluster_name(cluster)), gap.why.clone());
            if gap.is_dark {
                return Some(gap);
            }
        }
        for some in listed.found.chunks(AT_ONCE) {
            let gap = match self.describe(cluster, some, minimums, services).await {
                Ok(()) => continue,
                Err(error) => Gap::from(error),
            };
            if gap.is_dark || some.len() == 1 {
                some.iter().for_each(|arn| services.lacks(Part::Services, service_name(cluster, arn), gap.why.clone()));
                match gap.is_dark {
                    true => return Some(gap),
                    false => continue,
                }
            }
            // One that this identity may not describe fails all of a call: each is asked about alone.
            for one in some {
                if let Err(error) = self.describe(cluster, std::slice::from_ref(one), minimums, services).await {
                    services.lacks(Part::Services, service_name(cluster, one), error.to_string());
                }
            }
        }
        None
    }

    async fn describe(
        &self,
        cluster: &str,
        arns: &[String],
        minimums: &BTreeMap<String, i32>,
        services: &mut Partly<EcsService>,
    ) -> Result<(), AwsError> {
        let send = || self.ecs.describe_services().cluster(cluster).set_services(Some(arns.to_vec())).send();
        let answer = self.caller.read(&SERVICES, send).await?;
        let active = answer.services().iter().filter(|service| service.status() == Some("ACTIVE"));
        services.found.extend(active.filter_map(|service| read(service, cluster, minimums)));
        for failure in answer.failures() {
            let what = service_name(cluster, failure.arn().unwrap_or("?"));
            let reason = [failure.reason(), failure.detail()].into_iter().flatten().collect::<Vec<_>>().join(": ");
            services.lacks(Part::Services, what, format!("ecs DescribeServices in {}: {reason}", self.caller.region));
        }
        Ok(())
    }

    /// Minimums by resource id: `service/CLUSTER/SERVICE`.
    async fn minimums(&self) -> Listed<(String, i32)> {
        Listed::read(async |token: Option<String>| {
            let send = || {
                let targets = self.scaling.describe_scalable_targets().service_namespace(ServiceNamespace::Ecs);
                let targets = targets.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
                targets.set_next_token(token.clone()).send()
            };
            let answer = self.caller.read(&SCALABLE_TARGETS, send).await?;
            let targets = answer.scalable_targets().iter();
            let minimums = targets.map(|target| (target.resource_id().to_owned(), target.min_capacity())).collect();
            Ok((minimums, more(answer.next_token)))
        })
        .await
    }
}

fn read(service: &types::Service, cluster: &str, minimums: &BTreeMap<String, i32>) -> Option<EcsService> {
    let name = service.service_name()?.to_owned();
    // Where task sets say what runs, the service's own target groups are those that it was created with.
    let primary = service.task_sets().iter().find(|set| set.status() == Some("PRIMARY"));
    let balancers = match primary.map(|set| set.load_balancers()) {
        Some(balancers) if !balancers.is_empty() => balancers,
        _ => service.load_balancers(),
    };
    let advanced = || balancers.iter().filter_map(|balancer| balancer.advanced_configuration());
    let configured = balancers.iter().filter_map(|balancer| balancer.target_group_arn());
    let alternate = advanced().filter_map(|advanced| advanced.alternate_target_group_arn());
    Some(EcsService {
        min: minimums.get(&format!("service/{cluster}/{name}")).copied(),
        desired: service.desired_count(),
        target_groups: configured.chain(alternate).map(str::to_owned).collect(),
        production_rules: advanced().filter_map(|it| it.production_listener_rule()).map(str::to_owned).collect(),
        moves_listener: moves_listener(service),
        cluster: cluster.to_owned(),
        name,
    })
}

/// Whether deployments of the service move the listener between target groups by themselves.
fn moves_listener(service: &types::Service) -> bool {
    let controller = service.deployment_controller().map(|controller| controller.r#type());
    let strategy = service.deployment_configuration().and_then(|configuration| configuration.strategy());
    controller.is_some_and(|it| *it != DeploymentControllerType::Ecs)
        || strategy.is_some_and(|it| *it != DeploymentStrategy::Rolling)
}

fn cluster_name(cluster: &str) -> String {
    format!("ECS cluster {cluster}")
}

fn service_name(cluster: &str, arn: &str) -> String {
    format!("ECS service {} in {}", last(arn), cluster_name(cluster))
}

/// The name at the end of an ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
