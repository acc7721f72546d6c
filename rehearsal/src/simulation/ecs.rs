//! ECS: services, their tasks, and the calls that change how many there are.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Simulation,
    agenda::Event,
    refusal::{Refusal, Result},
};
use crate::{
    dice,
    pair::{Deploys, EcsService, Pair, Side},
    region::Region,
    scenario::Scenario,
};

/// All services of all regions.
#[derive(Debug)]
pub(crate) struct Ecs {
    pub(crate) services: BTreeMap<ServiceKey, Service>,
}

/// What names a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServiceKey {
    pub(crate) region: Region,
    pub(crate) cluster: String,
    pub(crate) name: String,
}

/// A Fargate service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) account: String,
    pub(crate) desired: u32,
    pub(crate) tasks: Vec<Task>,
    /// Newest last.
    pub(crate) events: Vec<ServiceEvent>,
    /// The target group that its tasks are registered with.
    pub(crate) target_group: Option<String>,
    /// The target group that the service itself names.
    pub(crate) configured: Option<String>,
    pub(crate) deploys: Deploys,
    pub(crate) spot: bool,
    /// The rule whose weights ECS sets.
    pub(crate) rule: Option<String>,
    /// Tasks that stopped because they could not run, newest last.
    pub(crate) stopped: Vec<Stopped>,
    pub(crate) zones: usize,
    pub(crate) created: Timestamp,
    /// Tasks ever placed: the next task's serial number.
    pub(crate) placed: u32,
    /// Placements that are on the agenda.
    pub(super) placing: u32,
    pub(super) steady: bool,
}

/// A task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) serial: u32,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) status: TaskStatus,
    pub(crate) healthy: bool,
}

/// A task that could not run.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) reason: String,
}

/// `lastStatus` of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskStatus {
    /// Its network interface is being attached.
    Provisioning,
    /// Its image is being pulled.
    Pending,
    /// Its containers run.
    Running,
    /// It is being taken out of its target group and stopped.
    Deactivating,
}

impl TaskStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
        }
    }
}

/// What happens to a service's tasks by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskStep {
    /// The scheduler places one.
    Place,
    /// The task with that serial number has its network interface.
    Pull(u32),
    /// It runs.
    Run(u32),
    /// Its target group calls it healthy.
    Healthy(u32),
    /// It is gone.
    Gone(u32),
}

/// An entry of a service's `events`.
#[derive(Debug)]
pub(crate) struct ServiceEvent {
    pub(crate) at: Timestamp,
    pub(crate) message: String,
}

impl Ecs {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut services = BTreeMap::new();
        for (pair, side, site) in scenario.sites() {
            for service in &pair.services {
                let key = ServiceKey::new(site.region.clone(), &site.ecs_cluster, &service.name);
                services.insert(key.clone(), Service::new(&key, pair, side, service, scenario.epoch));
            }
        }
        Self { services }
    }

    pub(crate) fn service(&self, key: &ServiceKey) -> Result<&Service> {
        self.services.get(key).ok_or_else(service_not_found)
    }

    /// The services of a cluster, by name.
    pub(crate) fn in_cluster<'a>(
        &'a self,
        region: &'a Region,
        cluster: &'a str,
    ) -> impl Iterator<Item = (&'a ServiceKey, &'a Service)> {
        self.services.iter().filter(move |(key, _)| key.region == *region && key.cluster == cluster)
    }

    /// The targets that ECS registered with a target group, as tasks of their services.
    pub(crate) fn targets<'a>(&'a self, target_group: &'a str) -> impl Iterator<Item = (&'a Service, &'a Task)> {
        let attached = move |service: &&Service| service.target_group.as_deref() == Some(target_group);
        let registered = |task: &&Task| matches!(task.status, TaskStatus::Running | TaskStatus::Deactivating);
        self.services
            .values()
            .filter(attached)
            .flat_map(move |service| service.tasks.iter().filter(registered).map(move |task| (service, task)))
    }
}

impl ServiceKey {
    pub(crate) fn new(region: Region, cluster: &str, name: &str) -> Self {
        Self { region, cluster: cluster.to_owned(), name: name.to_owned() }
    }

    /// ARN of the service.
    pub(crate) fn arn(&self, account: &str) -> String {
        format!("arn:aws:ecs:{}:{account}:service/{}/{}", self.region, self.cluster, self.name)
    }
}

impl Service {
    fn new(key: &ServiceKey, pair: &Pair, side: Side, service: &EcsService, created: Timestamp) -> Self {
        let desired = match side {
            Side::Primary => service.desired,
            Side::Dr => 1,
        };
        let running = |serial| Task {
            id: key.task_id(serial),
            serial,
            created,
            started: Some(created),
            status: TaskStatus::Running,
            healthy: true,
        };
        Self {
            account: pair.account.clone(),
            desired,
            tasks: (0..desired).map(running).collect(),
            events: Vec::new(),
            target_group: pair
                .alternate_target_group_arn(side, service)
                .or_else(|| pair.service_target_group_arn(side, service)),
            configured: pair.service_target_group_arn(side, service),
            deploys: service.deploys,
            spot: service.spot,
            rule: Some(pair.service_rule_arn(side, service)).filter(|_| service.deploys == Deploys::BlueGreen),
            stopped: Vec::new(),
            zones: pair.site(side).zones,
            created,
            placed: desired,
            placing: 0,
            steady: true,
        }
    }

    /// Tasks that run, those about to stop included.
    pub(crate) fn running(&self) -> usize {
        self.count(|task| matches!(task.status, TaskStatus::Running | TaskStatus::Deactivating))
    }

    /// Tasks that have been placed and do not run yet.
    pub(crate) fn pending(&self) -> usize {
        self.count(|task| matches!(task.status, TaskStatus::Provisioning | TaskStatus::Pending))
    }

    /// Tasks that take traffic; without a target group those that run.
    pub(crate) fn healthy(&self) -> usize {
        self.count(|task| task.status == TaskStatus::Running && (task.healthy || self.target_group.is_none()))
    }

    /// Tasks that are to run: all that are desired, or the task set's share, rounded up.
    pub(crate) fn wanted(&self) -> u32 {
        match self.deploys {
            Deploys::External(percent) => (self.desired * u32::from(percent)).div_ceil(100),
            _ => self.desired,
        }
    }

    /// Tasks that are not about to stop.
    pub(super) fn staying(&self) -> usize {
        self.count(|task| task.status != TaskStatus::Deactivating)
    }

    fn count(&self, matching: impl Fn(&Task) -> bool) -> usize {
        self.tasks.iter().filter(|task| matching(task)).count()
    }
}

impl ServiceKey {
    pub(super) fn task_id(&self, serial: u32) -> String {
        dice::hex_id(&format!("task/{}/{}/{}/{serial}", self.region, self.cluster, self.name), 32)
    }
}

impl Simulation {
    /// `UpdateService` with a desired count, or a scalable target's doing.
    pub(crate) fn set_desired(&mut self, key: &ServiceKey, desired: u32) -> Result<()> {
        let service = self.ecs.services.get_mut(key).ok_or_else(service_not_found)?;
        service.desired = desired;
        service.steady = false;
        self.reconcile(key);
        Ok(())
    }

    /// Starts what is missing of a service, stops what is too much.
    pub(super) fn reconcile(&mut self, key: &ServiceKey) {
        let placement = self.durations().placement;
        let drain = self.durations().drain;
        let Some(service) = self.ecs.services.get_mut(key) else { return };
        let on_the_way = service.staying() as u32 + service.placing;
        let missing = service.wanted().saturating_sub(on_the_way);
        let first = service.placing + 1;
        service.placing += missing;
        let surplus = (service.staying() as u32).saturating_sub(service.wanted()) as usize;
        let mut stopping = Vec::new();
        for task in service.tasks.iter_mut().rev().filter(|task| task.status != TaskStatus::Deactivating).take(surplus)
        {
            task.status = TaskStatus::Deactivating;
            task.healthy = false;
            stopping.push(task.serial);
        }
        for number in first..first + missing {
            self.later(placement * number, Event::Task { service: key.clone(), step: TaskStep::Place });
        }
        for serial in stopping {
            self.later(drain, Event::Task { service: key.clone(), step: TaskStep::Gone(serial) });
        }
        self.notice_steady(key);
    }
}

/// The answer to an unknown service.
pub(crate) fn service_not_found() -> Refusal {
    Refusal::invalid("ServiceNotFoundException", "Service not found.")
}
