//! The plan: what a promote would do, with the exact calls, and how safe it looks. Plain data that people read, a gate is bound to, and
//! the log keeps.

mod promote;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    change::{Call, Irreversible},
    observation::{Lag, Seen},
    readiness::Check,
};

pub use promote::{NoPlan, promote};

/// How the writer moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Unplanned: takes over at once and loses what was not replicated.
    Failover,
    /// Planned: stops writes, waits for replication, loses nothing; needs a healthy primary.
    Switchover,
}

impl Method {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Failover, Self::Switchover];

    /// Its name in records, buttons and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::Switchover => "switchover",
        }
    }

    /// The one with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// A step of a runbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepId {
    /// The DR cluster becomes the writer.
    Database,
    /// ECS minimum, then desired count, to production.
    Capacity,
    /// The old primary's services to zero; best effort.
    Fence,
    /// The listener forwards to the production target group.
    Listener,
    /// The record points at the DR endpoint, everywhere that resolvers answer.
    Dns,
    /// The public URL answers well from the DR region.
    Verify,
}

impl StepId {
    /// All, in the order of the promote runbook.
    pub const ALL: [Self; 6] = [Self::Database, Self::Capacity, Self::Fence, Self::Listener, Self::Dns, Self::Verify];

    /// The one with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Its name in records, metrics and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Capacity => "capacity",
            Self::Fence => "fence",
            Self::Listener => "listener",
            Self::Dns => "dns",
            Self::Verify => "verify",
        }
    }
}

/// What `/dr promote` would do now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Application.
    pub application: String,
    /// Region that serves now, by configuration (the primary).
    pub from: String,
    /// Region that takes over (DR).
    pub to: String,
    /// Ways to move the writer, the recommended one first. A switchover is offered only while the primary is reachable and healthy.
    pub options: Vec<MethodOption>,
    /// Replication lag, which is what a failover loses.
    pub lag: Seen<Option<Lag>>,
    /// Readiness.
    pub checks: Vec<Check>,
    /// Steps in the order in which they may start.
    pub steps: Vec<PlannedStep>,
    /// When the pair was observed.
    pub observed_at: Timestamp,
}

/// A way to move the writer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodOption {
    /// Failover or switchover.
    pub method: Method,
    /// The change, as it will be made.
    pub change: Irreversible,
    /// The call that makes it.
    pub call: Call,
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
}

impl Plan {
    /// Checks that stand in the way, by id. A confirmation names them when it overrides them.
    pub fn blockers(&self) -> Vec<&Check> {
        self.checks.iter().filter(|check| check.blocks()).collect()
    }

    /// The option for that method, if it is offered.
    pub fn option(&self, method: Method) -> Option<&MethodOption> {
        self.options.iter().find(|option| option.method == method)
    }

    /// What holds when that step is done, for people.
    pub fn goal(&self, step: StepId) -> &str {
        self.steps.iter().find(|planned| planned.step == step).map_or("", |planned| planned.goal.as_str())
    }

    /// SHA-256, in lower-case hex, of what an approval is bound to: application, regions, calls and what stands in the way. Left out is
    /// what moves by itself and changes no decision: times, lag, warnings, and the fence, which depends on how far the failing region can be
    /// reached at that moment. The way that was chosen is compared besides.
    pub fn digest(&self) -> String {
        let blockers: Vec<_> = self.blockers().into_iter().map(|check| &check.id).collect();
        let bound = self.steps.iter().filter(|planned| planned.step != StepId::Fence);
        let calls: Vec<_> = bound.map(|planned| (planned.step, &planned.calls)).collect();
        let material = serde_json::json!([self.application, self.from, self.to, blockers, calls]);
        hex::encode(Sha256::digest(material.to_string()))
    }
}
