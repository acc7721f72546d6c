//! An ECS service as it really is: what deploys it, where its tasks are registered, and what keeps them from starting.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Seen, WeightedTarget};
use crate::needs::Needs;

/// An ECS service with its scalable target and target groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceState {
    /// `ACTIVE`, …
    pub status: String,
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks running.
    pub running: i32,
    /// Tasks pending.
    pub pending: i32,
    /// Deployments, service revisions or task sets that are not draining, the current one included: 1 when quiet.
    pub deployments: usize,
    /// What replaces its tasks, and so says where they are.
    #[serde(default)]
    pub controller: Controller,
    /// How its current deployment fares.
    #[serde(default)]
    pub rollout: Rollout,
    /// One task on every container instance (`schedulingStrategy` DAEMON): its count cannot be set.
    #[serde(default)]
    pub daemon: bool,
    /// Percent of the desired count that the primary task set runs; absent without one.
    #[serde(default)]
    pub scale: Option<f64>,
    /// Where its tasks run, with their shares. Empty: AWS did not say.
    #[serde(default)]
    pub providers: Vec<Provider>,
    /// Task definition ARN; empty if it has none, as without a primary task set.
    pub task_definition: String,
    /// vCPU units (1024 = 1 vCPU) and memory (MiB) of one task, and its container images.
    pub task: Seen<TaskShape>,
    /// Scalable target. `Known(None)`: none registered.
    pub scaling: Seen<Option<ScalableTarget>>,
    /// Target groups that its tasks are registered with now, and healthy targets in each. Empty: it has none, and health can't be seen.
    pub target_groups: Vec<TargetGroup>,
    /// Subnets whose addresses its tasks take, one each (network mode `awsvpc`).
    #[serde(default)]
    pub subnets: Vec<String>,
    /// Listener rules whose weights ECS sets in its own blue/green deployments.
    #[serde(default)]
    pub governs: Vec<Governed>,
    /// Latest service event that says a task could not be placed, with its time.
    pub placement_failure: Option<(Timestamp, String)>,
    /// Newest service event that reports no success, unless a steady state was reached since.
    #[serde(default)]
    pub trouble: Option<Trouble>,
}

impl ServiceState {
    /// Its capacity, as records tell what a change found.
    pub(crate) fn capacity(&self) -> Value {
        json!({ "desired": self.desired, "running": self.running, "scaling": self.scaling })
    }

    /// Whether a deployment is under way. ECS goes on scaling out meanwhile, and stops scaling in.
    pub fn in_flight(&self) -> bool {
        let shifting = self.controller == Controller::BlueGreen && self.rollout.state == Rollout::IN_PROGRESS;
        self.deployments > 1 || shifting
    }

    /// Tasks that the desired count `count` makes ECS run: all of them, or the primary task set's share, rounded up.
    pub fn runs(&self, count: i32) -> i32 {
        match self.scale {
            // Counts are small: the product is exact.
            #[expect(clippy::cast_possible_truncation, reason = "a share of an i32, rounded up, and at most that i32")]
            Some(percent) if percent < 100.0 => (f64::from(count) * percent / 100.0).ceil() as i32,
            _ => count,
        }
    }
}

/// What replaces a service's tasks when it is deployed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    /// ECS, in place.
    #[default]
    Rolling,
    /// ECS, beside the old tasks, in the alternate target group (strategies `BLUE_GREEN`, `LINEAR`, `CANARY`).
    BlueGreen,
    /// CodeDeploy, by task sets.
    CodeDeploy,
    /// Somebody else, by task sets (`EXTERNAL`).
    External,
}

impl Controller {
    /// Whether task sets say what runs and where.
    pub fn has_task_sets(self) -> bool {
        matches!(self, Self::CodeDeploy | Self::External)
    }
}

/// How the current (`PRIMARY`) deployment of a service fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// `COMPLETED`, `IN_PROGRESS`, `FAILED`; empty where AWS does not tell, as with task sets.
    pub state: String,
    /// `rolloutStateReason`, in ECS's words.
    pub reason: String,
    /// Tasks that failed in a row.
    pub failed_tasks: i32,
    /// The reason of an earlier deployment that failed and is being rolled back.
    pub rolled_back: Option<String>,
}

impl Rollout {
    /// The deployment is under way.
    pub const IN_PROGRESS: &str = "IN_PROGRESS";
    /// The deployment failed: it starts no tasks any more.
    pub const FAILED: &str = "FAILED";
}

/// A service event that reports no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When ECS said so first in these words, among the events it still lists.
    pub at: Timestamp,
    /// ECS's words.
    pub message: String,
}

/// A capacity provider with its share, or a launch type, which has all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// `FARGATE`, `FARGATE_SPOT`, `EC2`, or the name of one's own.
    pub name: String,
    /// Tasks that run there before weights count.
    pub base: i32,
    /// Share of the rest.
    pub weight: i32,
}

/// A rule (or, of a Network Load Balancer, a listener) whose weights ECS sets in blue/green deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Governed {
    /// ARN of the rule or listener (`productionListenerRule`).
    pub arn: String,
    /// Whether it is its listener's default rule. Absent: not read, or no rule.
    pub default: Option<bool>,
    /// Where it forwards to now.
    pub forwards: Seen<Vec<WeightedTarget>>,
}

/// What one task needs and runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskShape {
    /// CPU units; 1024 is one vCPU.
    pub cpu: i32,
    /// Container images in order.
    pub images: Vec<String>,
    /// What else it needs before it can start.
    #[serde(default)]
    pub needs: Needs,
    /// When its task definition was registered; absent in records of before it was read.
    #[serde(default)]
    pub registered_at: Option<Timestamp>,
}

/// A target group and how many of its targets are healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// ARN.
    pub arn: String,
    /// Healthy targets.
    pub healthy: Seen<usize>,
}

/// Application Auto Scaling's scalable target of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalableTarget {
    /// Minimum.
    pub min: i32,
    /// Maximum.
    pub max: i32,
    /// Which scaling is suspended.
    pub suspended: Suspended,
    /// Names of scheduled actions.
    pub schedules: Vec<String>,
}

/// Which of a scalable target's scaling is suspended. Always handled whole: what a change leaves out, AWS might reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    /// Scaling in by policies.
    pub dynamic_in: bool,
    /// Scaling out by policies.
    pub dynamic_out: bool,
    /// Scheduled scaling.
    pub scheduled: bool,
}
