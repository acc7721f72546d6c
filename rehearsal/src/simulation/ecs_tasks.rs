//! What happens by itself to a service's tasks: placed, pulled, running, healthy, gone. Messages of service events are
//! ECS's (Amazon ECS Developer Guide, "service event messages").

use super::{
    Simulation,
    agenda::Event,
    ecs::{Service, ServiceEvent, ServiceKey, Stopped, Task, TaskStatus, TaskStep},
    faults::Deployment,
};
use crate::{dice, durations::TaskTimes, fault::TaskFailure};

/// So many tasks that could not read a secret stop before the service's events say that something is wrong.
const SILENT: usize = 20;

impl Simulation {
    /// One step of one task.
    pub(super) fn task_step(&mut self, key: &ServiceKey, step: TaskStep) {
        match step {
            TaskStep::Place => self.place(key),
            TaskStep::Pull(serial) => {
                self.with_task(key, serial, TaskStatus::Provisioning, |task, _| task.status = TaskStatus::Pending)
            }
            TaskStep::Run(serial) if self.faults.image_missing(&key.region) => {
                self.stop_failed(key, serial, "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found", 0)
            }
            TaskStep::Run(serial) if self.faults.tasks_fail(&key.region) == Some(TaskFailure::Secret) => self.stop_failed(
                key,
                serial,
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to \
                 retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException",
                SILENT,
            ),
            TaskStep::Run(serial) => self.run(key, serial),
            TaskStep::Healthy(serial) => {
                self.with_task(key, serial, TaskStatus::Running, |task, _| task.healthy = true)
            }
            TaskStep::Gone(serial) => self.gone(key, serial),
        }
        self.notice_steady(key);
    }

    fn place(&mut self, key: &ServiceKey) {
        let now = self.now;
        let account = self.ecs.services.get(key).map(|service| service.account.as_str()).unwrap_or_default();
        let shortage = self.unplaced(key, account);
        let placement_retry = self.durations().placement_retry;
        let Some(service) = self.ecs.services.get_mut(key) else { return };
        if service.staying() as u32 >= service.wanted() {
            service.placing = service.placing.saturating_sub(1);
            return;
        }
        if let Some(message) = shortage {
            // One event for all that could not be placed at this time.
            let told = |event: &ServiceEvent| event.message == message && event.at + placement_retry > now;
            if !service.events.iter().any(told) {
                service.tell(now, message);
            }
            return self.later(placement_retry, Event::Task { service: key.clone(), step: TaskStep::Place });
        }
        service.placing = service.placing.saturating_sub(1);
        let serial = service.placed;
        service.placed += 1;
        let id = key.task_id(serial);
        service.tell(now, format!("(service {}) has started 1 tasks: (task {id}).", key.name));
        service.tasks.push(Task {
            id,
            serial,
            created: now,
            started: None,
            status: TaskStatus::Provisioning,
            healthy: false,
        });
        let times = TaskTimes::draw(self.durations(), self.dice, &key.region, &key.cluster, &key.name, serial);
        self.later(times.provisioning, Event::Task { service: key.clone(), step: TaskStep::Pull(serial) });
        self.later(
            times.provisioning + times.starting,
            Event::Task { service: key.clone(), step: TaskStep::Run(serial) },
        );
    }

    /// What ECS says of a task that it cannot place or launch.
    fn unplaced(&self, key: &ServiceKey, account: &str) -> Option<String> {
        let (service, region) = (&key.name, &key.region);
        if let Some(reason) = self.faults.no_capacity(region) {
            return Some(format!("(service {service}) was unable to place a task. Reason: {reason}."));
        }
        if self.faults.tasks_fail(region) == Some(TaskFailure::Role) {
            return Some(format!(
                "(service {service}) failed to launch a task with (error ECS was unable to assume the role \
                 'arn:aws:iam::{account}:role/{service}-task' that was provided for this task. Please verify that the role being passed has the \
                 proper trust relationship and permissions and that your IAM user has permissions to pass this role)."
            ));
        }
        (self.faults.deployment(region) == Some(Deployment::Failed)).then(|| {
            let deployment = dice::hex_id(&key.arn(account), 19);
            format!("(service {service}) (deployment ecs-svc/{deployment}) deployment failed: tasks failed to start.")
        })
    }

    fn run(&mut self, key: &ServiceKey, serial: u32) {
        let now = self.now;
        let times = TaskTimes::draw(self.durations(), self.dice, &key.region, &key.cluster, &key.name, serial);
        self.with_task(key, serial, TaskStatus::Pending, |task, target_group| {
            task.status = TaskStatus::Running;
            task.started = Some(now);
            task.healthy = target_group.is_none();
        });
        let Some(service) = self.ecs.services.get_mut(key) else { return };
        let Some(target_group) = service.target_group.clone() else { return };
        service.tell(now, format!("(service {}) registered 1 targets in (target-group {target_group})", key.name));
        self.later(times.health, Event::Task { service: key.clone(), step: TaskStep::Healthy(serial) });
    }

    /// A task that cannot run stops, and ECS places another one after a while. The service's events tell it once so many have stopped before.
    fn stop_failed(&mut self, key: &ServiceKey, serial: u32, reason: &str, silent: usize) {
        let (now, placement_retry) = (self.now, self.durations().placement_retry);
        let Some(service) = self.ecs.services.get_mut(key) else { return };
        let tasks = service.tasks.len();
        service.tasks.retain(|task| task.serial != serial || task.status != TaskStatus::Pending);
        if service.tasks.len() == tasks {
            return;
        }
        service.stopped.push(Stopped { id: key.task_id(serial), at: now, reason: reason.to_owned() });
        let message = format!("(service {}) is unable to consistently start tasks successfully.", key.name);
        // As for placements: one event for all that stopped at this time.
        let told = |event: &ServiceEvent| event.message == message && event.at + placement_retry > now;
        if service.stopped.len() > silent && !service.events.iter().any(told) {
            service.tell(now, message);
        }
        service.placing += 1;
        self.later(placement_retry, Event::Task { service: key.clone(), step: TaskStep::Place });
    }

    fn gone(&mut self, key: &ServiceKey, serial: u32) {
        let now = self.now;
        let Some(service) = self.ecs.services.get_mut(key) else { return };
        service.tasks.retain(|task| task.serial != serial);
        let id = key.task_id(serial);
        service.tell(now, format!("(service {}) has stopped 1 running tasks: (task {id}).", key.name));
    }

    /// Says once that a service has reached its goal.
    pub(super) fn notice_steady(&mut self, key: &ServiceKey) {
        let now = self.now;
        let Some(service) = self.ecs.services.get_mut(key) else { return };
        let settled =
            service.tasks.len() == service.wanted() as usize && service.healthy() == service.wanted() as usize;
        if settled && !service.steady {
            service.tell(now, format!("(service {}) has reached a steady state.", key.name));
        }
        service.steady = settled;
    }

    /// Changes a task that has that status; the change is also given the service's target group.
    fn with_task(
        &mut self,
        key: &ServiceKey,
        serial: u32,
        status: TaskStatus,
        change: impl FnOnce(&mut Task, Option<&str>),
    ) {
        let Some(service) = self.ecs.services.get_mut(key) else { return };
        let wanted = |task: &&mut Task| task.serial == serial && task.status == status;
        if let Some(task) = service.tasks.iter_mut().find(wanted) {
            change(task, service.target_group.as_deref());
        }
    }
}

impl Service {
    fn tell(&mut self, at: jiff::Timestamp, message: String) {
        self.events.push(ServiceEvent { at, message });
    }
}
