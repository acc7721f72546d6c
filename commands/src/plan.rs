//! The plan: what a promote would do, with the exact calls, and how safe it looks. Plain data that people read, a gate is bound to, and
//! the log keeps.

mod failback;
mod promote;
mod rebuild;
mod rescue;
mod restore;
mod steps;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    change::{Call, Irreversible},
    observation::{Lag, Seen},
    readiness::Check,
    topology::{Environment, SideName},
};

pub use {
    failback::failback,
    promote::{NoPlan, promote},
    rescue::rescue,
    restore::restore,
};

/// What a person can choose at a gate: how the writer moves, or that the way back is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Unplanned: takes over at once and loses what was not replicated.
    Failover,
    /// Planned: stops writes, waits for replication, loses nothing; needs a healthy writer and a secondary that keeps up.
    Switchover,
    /// Not a move: the stale former primary is deleted, after its snapshot, so that it can be built anew as a secondary.
    Rebuild,
    /// Not a move: the region that serves gets its configured capacity back, and keeps what it has above that.
    Restore,
    /// Not a move: what Aurora saved of the former primary by itself is kept as a manual snapshot.
    Rescue,
}

impl Method {
    /// All.
    pub const ALL: [Self; 5] = [Self::Failover, Self::Switchover, Self::Rebuild, Self::Restore, Self::Rescue];

    /// Its name in records, buttons and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::Switchover => "switchover",
            Self::Rebuild => "rebuild",
            Self::Restore => "restore",
            Self::Rescue => "rescue",
        }
    }

    /// The one with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether no other run brings back what it may lose: it is confirmed in words instead of with a click.
    pub fn is_final(self) -> bool {
        match self {
            Self::Failover | Self::Rebuild => true,
            Self::Switchover | Self::Restore | Self::Rescue => false,
        }
    }
}

/// A step of a runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepId {
    /// A manual snapshot of the stale former primary is available.
    Snapshot,
    /// What Aurora saved of the former primary by itself is kept as a manual snapshot.
    Rescue,
    /// The stale former primary is gone.
    Delete,
    /// Terraform has built the former primary anew, as a secondary.
    Rebuild,
    /// The secondary is connected and keeps up.
    Replication,
    /// The target's cluster becomes the writer.
    Database,
    /// ECS minimum, then desired count, to production.
    Capacity,
    /// The target's endpoint answers, before anybody is moved there.
    Endpoint,
    /// The old primary's services to zero; best effort.
    Fence,
    /// The listener forwards to the production target group.
    Listener,
    /// The record points at the target's endpoint, on all of Route 53's servers.
    Dns,
    /// The public URL answers well from the target region.
    Verify,
    /// DR's services are back at warm idle.
    Idle,
    /// Both regions are as steady state demands.
    Reconcile,
}

impl StepId {
    /// All.
    pub const ALL: [Self; 14] = [
        Self::Snapshot,
        Self::Rescue,
        Self::Delete,
        Self::Rebuild,
        Self::Replication,
        Self::Database,
        Self::Capacity,
        Self::Endpoint,
        Self::Fence,
        Self::Listener,
        Self::Dns,
        Self::Verify,
        Self::Idle,
        Self::Reconcile,
    ];

    /// The one with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Its name in records, metrics and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Rescue => "rescue",
            Self::Delete => "delete",
            Self::Rebuild => "rebuild",
            Self::Replication => "replication",
            Self::Database => "database",
            Self::Capacity => "capacity",
            Self::Endpoint => "endpoint",
            Self::Fence => "fence",
            Self::Listener => "listener",
            Self::Dns => "dns",
            Self::Verify => "verify",
            Self::Idle => "idle",
            Self::Reconcile => "reconcile",
        }
    }
}

/// What `/dr promote`, `/dr failback`, `/dr restore` or `/dr rescue` would do now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Application.
    pub application: String,
    /// Whether anybody depends on it.
    #[serde(default, skip_serializing_if = "Environment::is_live")]
    pub environment: Environment,
    /// The runbook.
    pub runbook: RunbookName,
    /// Region that serves before; for a restore the other region, which it leaves alone.
    pub from: String,
    /// Region that it is about: the one that takes over, is rebuilt, or gets its capacity back.
    pub to: String,
    /// The side of that region.
    pub target: SideName,
    /// What people can choose, the recommended way first. To promote, a switchover is offered only while the primary is reachable and
    /// healthy.
    pub options: Vec<MethodOption>,
    /// Replication lag, which is what a failover loses.
    pub lag: Seen<Option<Lag>>,
    /// Readiness.
    pub checks: Vec<Check>,
    /// Steps in the order in which they may start.
    pub steps: Vec<PlannedStep>,
    /// Services whose scheduled scaling this bot suspended since steady state, and resumes at the end of a failback.
    pub suspended: Vec<SuspendedService>,
    /// What is left for people once all is done.
    #[serde(default)]
    pub afterwards: Vec<String>,
    /// When the pair was observed.
    pub observed_at: Timestamp,
}

/// A service whose scheduled scaling this bot suspended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspendedService {
    /// Where.
    pub side: SideName,
    /// Service name.
    pub service: String,
}

/// Something that can be chosen, and what an approval of it covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodOption {
    /// Which.
    pub method: Method,
    /// The irreversible changes, as they will be made.
    pub changes: Vec<Irreversible>,
    /// The calls that make them.
    pub calls: Vec<Call>,
}

/// Which runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunbookName {
    /// DR takes over.
    Promote,
    /// The former primary becomes a secondary again.
    Rebuild,
    /// The primary takes over again, planned.
    Failback,
    /// The region that serves gets its configured capacity back.
    Restore,
    /// What Aurora saved of the former primary by itself is kept.
    Rescue,
}

impl RunbookName {
    /// Its name in run ids, records and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Rebuild => "rebuild",
            Self::Failback => "failback",
            Self::Restore => "restore",
            Self::Rescue => "rescue",
        }
    }

    /// The command that asks for it, without `/dr`.
    pub fn command(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Rebuild | Self::Failback => "failback",
            Self::Restore => "restore",
            Self::Rescue => "rescue",
        }
    }
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Which.
    pub step: StepId,
    /// What holds when it is done, for people.
    pub goal: String,
    /// The calls it will make, as far as can be told now; none if the goal holds already. The database step's call is in
    /// [`Plan::options`].
    pub calls: Vec<Call>,
    /// How long it is expected to take, in seconds.
    pub expected_s: f64,
    /// How long it may take, in seconds, where that is not what the configuration's timing says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_s: Option<f64>,
}

impl Plan {
    /// Checks that stand in the way, by id. A confirmation names them when it overrides them.
    pub fn blockers(&self) -> Vec<&Check> {
        self.checks.iter().filter(|check| check.blocks()).collect()
    }

    /// The checks as a gate shows them: without those that the run has waited for before it asks.
    pub fn checks_at_gate(&self) -> Vec<Check> {
        self.checks.iter().filter(|check| !check.awaited).cloned().collect()
    }

    /// The option for that method, if it is offered.
    pub fn option(&self, method: Method) -> Option<&MethodOption> {
        self.options.iter().find(|option| option.method == method)
    }

    /// Whether an approval of it deletes a DB cluster.
    pub fn deletes(&self) -> bool {
        let mut changes = self.options.iter().flat_map(|option| &option.changes);
        changes.any(|change| matches!(change, Irreversible::DeleteCluster { .. }))
    }

    /// What holds when that step is done, for people.
    pub fn goal(&self, step: StepId) -> &str {
        self.steps.iter().find(|planned| planned.step == step).map_or("", |planned| planned.goal.as_str())
    }

    /// How long a step may take: what the plan says, or else `configured`.
    pub fn deadline(&self, step: StepId, configured: Duration) -> Duration {
        let planned = self.steps.iter().find(|planned| planned.step == step).and_then(|planned| planned.deadline_s);
        planned.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(configured)
    }

    /// Whether an approval is bound to that step's calls. Those of the fence depend on how far the failing region can be reached at that moment, and a
    /// failback's capacity follows what autoscaling gives DR, which only raises.
    pub fn is_bound(&self, step: StepId) -> bool {
        match step {
            StepId::Fence => false,
            StepId::Capacity => self.runbook != RunbookName::Failback,
            _ => true,
        }
    }

    /// How long a step is expected to take: what the plan says, or else `configured`.
    pub fn expected(&self, step: StepId, configured: Duration) -> Duration {
        let planned = self.steps.iter().find(|planned| planned.step == step).map(|planned| planned.expected_s);
        planned.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(configured)
    }

    /// SHA-256, in lower-case hex, of what an approval is bound to: application, regions, calls and what stands in the way. Left out is
    /// what moves by itself and changes no decision: times, lag, warnings, and the calls of steps that [follow the moment](Self::is_bound).
    pub fn digest(&self) -> String {
        let blockers: Vec<_> = self.blockers().into_iter().map(|check| &check.id).collect();
        let bound = self.steps.iter().filter(|planned| self.is_bound(planned.step));
        let calls: Vec<_> = bound.map(|planned| (planned.step, &planned.calls)).collect();
        let material =
            serde_json::json!([self.application, self.runbook, self.from, self.to, self.options, blockers, calls]);
        hex::encode(Sha256::digest(material.to_string()))
    }
}
