//! ECS services, with the task they run.

mod events;
mod stopped;
mod whereabouts;

use aws_sdk_ecs::types;
use futures::future::{join3, try_join};
use tokio::time::Instant;

pub(crate) use self::stopped::STOPPED;
use super::{Aws, AwsError, absent_is_none, call::Operation, seen, timestamp};
use crate::{
    needs::{LogTarget, Needs},
    observation::{
        Controller, Governed, Provider, Rollout, ScalableTarget, Seen, ServiceState, TargetGroup, TaskShape,
    },
    topology::SideName,
    vcpus::{Need, needed},
};

static SERVICES: Operation = Operation::new("ecs", "DescribeServices");
static TASK_DEFINITION: Operation = Operation::new("ecs", "DescribeTaskDefinition");

/// A task set that takes production traffic.
const PRIMARY: &str = "PRIMARY";
/// A task set whose tasks are being stopped.
const DRAINING: &str = "DRAINING";

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
            try_join(self.service_and_surroundings(side, name, deadline), async { Ok(scaling.await) }).await?;
        Ok(found.map(|found| found.state(scaling)))
    }

    async fn service_and_surroundings(
        &self,
        side: SideName,
        name: &str,
        deadline: Instant,
    ) -> Result<Option<Found>, AwsError> {
        let Some(service) = self.describe_service(side, name).await? else { return Ok(None) };
        let (task, target_groups, governs) = join3(
            self.task_of(side, &service, deadline),
            self.target_groups(side, &service, deadline),
            self.governed(side, &service, deadline),
        )
        .await;
        Ok(Some(Found { service, task, target_groups, governs }))
    }

    /// What the application's services take of Fargate's quotas on that side.
    pub(super) async fn need(&self, side: SideName) -> Result<Need, AwsError> {
        let deadline = self.deadline();
        let mut sum = Need::default();
        for service in &self.app().services {
            let Some(found) = self.describe_service(side, &service.name).await? else { continue };
            let task = self.task_of(side, &found, deadline).await;
            let found = Found { service: found, task, target_groups: Vec::new(), governs: Vec::new() };
            let state = found.state(Seen::Known(None));
            let need = needed(service, &state).ok_or_else(|| {
                let why = state.task.why().unwrap_or("the size of its tasks is not known");
                AwsError::unreadable(&TASK_DEFINITION, &self.regional(side).caller.region, why)
            })?;
            sum = sum + need;
        }
        Ok(sum)
    }

    async fn describe_service(&self, side: SideName, name: &str) -> Result<Option<types::Service>, AwsError> {
        let regional = self.regional(side);
        let send = || regional.ecs.describe_services().cluster(&self.side(side).ecs_cluster).services(name).send();
        let answer = absent_is_none(regional.caller.read(&SERVICES, send).await)?;
        Ok(answer.and_then(|answer| answer.services.unwrap_or_default().into_iter().next()))
    }

    async fn task_of(&self, side: SideName, service: &types::Service, deadline: Instant) -> Seen<TaskShape> {
        match task_definition(service) {
            None => Seen::Unknown("the service has no primary task set, so nothing says which task it runs".to_owned()),
            Some(arn) => seen(deadline, "ecs DescribeTaskDefinition", self.task_shape(side, arn)).await,
        }
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
            registered_at: definition.registered_at().and_then(timestamp),
        })
    }
}

/// Subnets of a service whose tasks have addresses of their own.
fn subnets(service: &types::Service) -> Vec<String> {
    let of_set = primary_task_set(service).and_then(|set| set.network_configuration());
    let network = of_set.or(service.network_configuration()).and_then(|network| network.awsvpc_configuration());
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

/// A service with what was looked up beside it.
struct Found {
    service: types::Service,
    task: Seen<TaskShape>,
    target_groups: Vec<TargetGroup>,
    governs: Vec<Governed>,
}

impl Found {
    fn state(self, scaling: Seen<Option<ScalableTarget>>) -> ServiceState {
        let Self { service, task, target_groups, governs } = self;
        let primary = primary_task_set(&service);
        // The service counts the tasks of all its task sets: those of a replaced one, or of one that is not tested yet, take no traffic.
        let alone = service.task_sets().len() < 2;
        let (running, pending) = match primary.filter(|_| !alone) {
            Some(set) => (set.running_count(), set.pending_count()),
            None => (service.running_count(), service.pending_count()),
        };
        ServiceState {
            status: service.status().unwrap_or_default().to_owned(),
            desired: service.desired_count(),
            running,
            pending,
            deployments: deployments(&service),
            controller: controller(&service),
            rollout: rollout(&service),
            daemon: service.scheduling_strategy() == Some(&types::SchedulingStrategy::Daemon),
            scale: primary.map(|set| set.scale().map_or(100.0, types::Scale::value)),
            providers: providers(&service),
            task_definition: task_definition(&service).unwrap_or_default().to_owned(),
            task,
            scaling,
            target_groups,
            governs,
            subnets: subnets(&service),
            placement_failure: events::placement_failure(service.events()),
            trouble: events::trouble(service.events()),
        }
    }
}

fn controller(service: &types::Service) -> Controller {
    use types::{DeploymentControllerType as Type, DeploymentStrategy as Strategy};
    match service.deployment_controller().map(types::DeploymentController::r#type) {
        Some(Type::CodeDeploy) => Controller::CodeDeploy,
        Some(Type::External) => Controller::External,
        _ => match service.deployment_configuration().and_then(|configuration| configuration.strategy()) {
            None | Some(Strategy::Rolling) => Controller::Rolling,
            // Blue/green, linear, canary, and what comes after them: tasks may be in either target group.
            Some(_) => Controller::BlueGreen,
        },
    }
}

fn primary_task_set(service: &types::Service) -> Option<&types::TaskSet> {
    service.task_sets().iter().find(|set| set.status() == Some(PRIMARY))
}

fn task_definition(service: &types::Service) -> Option<&str> {
    let of_set = primary_task_set(service).and_then(|set| set.task_definition());
    of_set.or(service.task_definition()).filter(|arn| !arn.is_empty())
}

fn deployments(service: &types::Service) -> usize {
    match controller(service) {
        Controller::Rolling => service.deployments().len(),
        Controller::BlueGreen => service.deployments().len().max(service.current_service_revisions().len()),
        Controller::CodeDeploy | Controller::External => {
            service.task_sets().iter().filter(|set| set.status() != Some(DRAINING)).count()
        }
    }
}

fn rollout(service: &types::Service) -> Rollout {
    let text = |state: Option<&types::DeploymentRolloutState>| state.map_or("", |state| state.as_str()).to_owned();
    let (current, former): (Vec<_>, Vec<_>) =
        service.deployments().iter().partition(|deployment| deployment.status() == Some(PRIMARY));
    let failed = |deployment: &&&types::Deployment| text(deployment.rollout_state()) == Rollout::FAILED;
    let reason = |deployment: &types::Deployment| deployment.rollout_state_reason().unwrap_or_default().to_owned();
    let Some(current) = current.first() else { return Rollout::default() };
    Rollout {
        state: text(current.rollout_state()),
        reason: reason(current),
        failed_tasks: current.failed_tasks(),
        rolled_back: former.iter().find(failed).map(|deployment| reason(deployment)),
    }
}

/// As the primary task set says, else the service, else its deployment: each may leave it to another.
fn providers(service: &types::Service) -> Vec<Provider> {
    let set = primary_task_set(service);
    let deployment = service.deployments().iter().find(|deployment| deployment.status() == Some(PRIMARY));
    let said = [
        set.map(|set| (set.capacity_provider_strategy(), set.launch_type())),
        Some((service.capacity_provider_strategy(), service.launch_type())),
        deployment.map(|deployment| (deployment.capacity_provider_strategy(), deployment.launch_type())),
    ];
    let said = said.into_iter().flatten().find(|(strategy, launch)| !strategy.is_empty() || launch.is_some());
    let Some((strategy, launch)) = said else { return Vec::new() };
    let all = |launch: &types::LaunchType| Provider { name: launch.as_str().to_owned(), base: 0, weight: 1 };
    let share = |item: &types::CapacityProviderStrategyItem| Provider {
        name: item.capacity_provider().to_owned(),
        base: item.base(),
        weight: item.weight(),
    };
    match strategy.is_empty() {
        true => launch.map(all).into_iter().collect(),
        false => strategy.iter().map(share).collect(),
    }
}
