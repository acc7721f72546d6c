//! Why tasks stopped, where the service's events do not say.

use aws_sdk_ecs::types::{DesiredStatus, Task, TaskStopCode};

use super::{Aws, AwsError, timestamp};
use crate::{aws::call::Operation, observation::Trouble, topology::SideName};

static TASKS: Operation = Operation::new("ecs", "ListTasks");
static TASK: Operation = Operation::new("ecs", "DescribeTasks");

/// How a reason begins that is of a stopped task.
pub(crate) const STOPPED: &str = "a task stopped: ";

/// Most tasks that one `DescribeTasks` takes.
const MANY: i32 = 100;

impl Aws {
    /// Why the service's newest stopped task stopped. ECS remembers stopped tasks for an hour. Tasks that were stopped on request are left out.
    pub async fn stopped_reason(&self, side: SideName, service: &str) -> Result<Option<Trouble>, AwsError> {
        let (regional, cluster) = (self.regional(side), &self.side(side).ecs_cluster);
        let list = || {
            let tasks = regional.ecs.list_tasks().cluster(cluster).service_name(service);
            tasks.desired_status(DesiredStatus::Stopped).max_results(MANY).send()
        };
        let listed = regional.caller.read(&TASKS, list).await?;
        if listed.task_arns().is_empty() {
            return Ok(None);
        }
        let describe = || {
            let tasks = regional.ecs.describe_tasks().cluster(cluster);
            tasks.set_tasks(Some(listed.task_arns().to_vec())).send()
        };
        let described = regional.caller.read(&TASK, describe).await?;
        let failures = described.tasks().iter().filter_map(failure);
        Ok(failures.max_by_key(|trouble| trouble.at))
    }
}

fn failure(task: &Task) -> Option<Trouble> {
    let asked = [TaskStopCode::ServiceSchedulerInitiated, TaskStopCode::UserInitiated];
    let said = task.stopped_reason().filter(|reason| !reason.is_empty())?;
    // The scheduler stops what is too much, and also what fails its health checks.
    if task.stop_code().is_some_and(|code| asked.contains(code)) && !said.contains("health") {
        return None;
    }
    let of_container = task.containers().iter().find_map(|container| {
        let exit = container
            .exit_code()
            .filter(|&code| code != 0)
            .map(|code| format!("{} exited with {code}", container.name().unwrap_or_default()));
        container.reason().map(str::to_owned).or(exit)
    });
    let message = match of_container {
        Some(reason) if !said.contains(&reason) => format!("{said}: {reason}"),
        _ => said.to_owned(),
    };
    Some(Trouble { at: timestamp(task.stopped_at().or(task.stopping_at())?)?, message: format!("{STOPPED}{message}") })
}
