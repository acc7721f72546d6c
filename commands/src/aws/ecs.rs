//! ECS services, with the task they run.

use aws_sdk_ecs::types;
use futures::future::{join, join_all, try_join};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Aws, AwsError, absent_is_none, call::Operation, seen, timestamp};
use crate::{
    needs::{LogTarget, Needs},
    observation::{Seen, ServiceState, TargetGroup, TaskShape},
    topology::SideName,
};

static SERVICES: Operation = Operation::new("ecs", "DescribeServices");
static TASK_DEFINITION: Operation = Operation::new("ecs", "DescribeTaskDefinition");

impl Aws {
    /// A service with its scalable target, task and target groups; `None` if there is no such service.
    pub async fn service(&self, side: SideName, name: &str) -> Result<Option<ServiceState>, AwsError> {
        let deadline = self.deadline();
        let scaling = seen(
            deadline,
            "application-autoscaling (DescribeScalableTargets, DescribeScheduledActions)",
            self.scalable_target(side, name),
        );
        // Side by side: what does not answer about the scaling must not cost the answers about the tasks.
        let (found, scaling) =
            try_join(self.service_and_targets(side, name, deadline), async { Ok(scaling.await) }).await?;
        let Some((service, task, target_groups)) = found else { return Ok(None) };
        Ok(Some(ServiceState {
            status: service.status().unwrap_or_default().to_owned(),
            desired: service.desired_count(),
            running: service.running_count(),
            pending: service.pending_count(),
            deployments: service.deployments().len(),
            task_definition: service.task_definition().unwrap_or_default().to_owned(),
            task,
            scaling,
            target_groups,
            subnets: subnets(&service),
            placement_failure: placement_failure(service.events()),
        }))
    }

    async fn service_and_targets(
        &self,
        side: SideName,
        name: &str,
        deadline: Instant,
    ) -> Result<Option<(types::Service, Seen<TaskShape>, Vec<TargetGroup>)>, AwsError> {
        let Some(service) = self.describe_service(side, name).await? else { return Ok(None) };
        let task_definition = service.task_definition().unwrap_or_default();
        let task = seen(deadline, "ecs DescribeTaskDefinition", self.task_shape(side, task_definition));
        let groups = service.load_balancers().iter().filter_map(|balancer| balancer.target_group_arn());
        let groups = join_all(groups.map(async |arn| TargetGroup {
            arn: arn.to_owned(),
            healthy: seen(deadline, "elasticloadbalancing DescribeTargetHealth", self.healthy_targets(side, arn)).await,
        }));
        let (task, groups) = join(task, groups).await;
        Ok(Some((service, task, groups)))
    }

    async fn describe_service(&self, side: SideName, name: &str) -> Result<Option<types::Service>, AwsError> {
        let regional = self.regional(side);
        let send = || regional.ecs.describe_services().cluster(&self.side(side).ecs_cluster).services(name).send();
        let answer = absent_is_none(regional.caller.read(&SERVICES, send).await)?;
        Ok(answer.and_then(|answer| answer.services.unwrap_or_default().into_iter().next()))
    }

    async fn task_shape(&self, side: SideName, task_definition: &str) -> Result<TaskShape, AwsError> {
        let regional = self.regional(side);
        let send = || regional.ecs.describe_task_definition().task_definition(task_definition).send();
        let answer = regional.caller.read(&TASK_DEFINITION, send).await?;
        let definition = answer.task_definition().ok_or_else(|| {
            AwsError::unreadable(&TASK_DEFINITION, &regional.caller.region, "there is no task definition in it")
        })?;
        let containers = definition.container_definitions();
        // Fargate demands CPU units of the task; elsewhere they may be given per container only.
        let of_containers = || containers.iter().map(|container| container.cpu()).sum();
        Ok(TaskShape {
            cpu: definition.cpu().and_then(|cpu| cpu.parse().ok()).unwrap_or_else(of_containers),
            images: containers.iter().filter_map(|container| container.image()).map(str::to_owned).collect(),
            needs: needs(containers),
        })
    }
}

/// Subnets of a service whose tasks have addresses of their own.
fn subnets(service: &types::Service) -> Vec<String> {
    let network = service.network_configuration().and_then(|network| network.awsvpc_configuration());
    network.map(|network| network.subnets().to_vec()).unwrap_or_default()
}

fn needs(containers: &[types::ContainerDefinition]) -> Needs {
    let registry = |container: &types::ContainerDefinition| {
        container.repository_credentials().map(|credentials| credentials.credentials_parameter().to_owned())
    };
    let secrets = containers.iter().flat_map(|container| {
        container.secrets().iter().map(|secret| secret.value_from().to_owned()).chain(registry(container))
    });
    let mut secrets: Vec<String> = secrets.collect();
    secrets.sort();
    secrets.dedup();
    let mut logs: Vec<LogTarget> = Vec::new();
    for target in containers.iter().filter_map(|container| log_target(container.log_configuration()?)) {
        if !logs.contains(&target) {
            logs.push(target);
        }
    }
    Needs { secrets, logs }
}

fn log_target(log: &types::LogConfiguration) -> Option<LogTarget> {
    let options = log.options().filter(|_| *log.log_driver() == types::LogDriver::Awslogs)?;
    Some(LogTarget {
        group: options.get("awslogs-group")?.clone(),
        region: options.get("awslogs-region").cloned(),
        created: options.get("awslogs-create-group").is_some_and(|create| create == "true"),
    })
}

/// The latest event that says a task could not be placed or started for want of room.
fn placement_failure(events: &[types::ServiceEvent]) -> Option<(Timestamp, String)> {
    events
        .iter()
        .filter_map(|event| Some((timestamp(event.created_at()?)?, event.message()?)))
        .filter(|(_, message)| message.contains("unable to place") || message.contains("unable to consistently start"))
        .max_by_key(|(at, _)| *at)
        .map(|(at, message)| (at, message.to_owned()))
}
