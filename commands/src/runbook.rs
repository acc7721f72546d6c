//! Runbooks: which steps there are, what each waits for, what only people may let begin, and what may be left out.
//!
//! What takes something away comes after what replaces it. Where the writer moves by a switchover, the region that serves gives up nothing before
//! the other one can take it: capacity there first, then the writer, then the users, and only then its tasks. A failover is for when the old primary
//! counts for nothing any more: there the writer waits for nobody, and the tasks of the old primary go once it has moved.

use crate::plan::{Method, RunbookName, StepId};

/// A runbook: a graph of steps with one gate in it.
#[derive(Debug)]
pub struct Runbook {
    /// Its name.
    pub name: RunbookName,
    /// Steps that must have let on before people are asked.
    pub gate_after: &'static [StepId],
    /// Its steps, each after those that it waits for.
    pub steps: &'static [Step],
}

/// A step of a runbook.
#[derive(Debug)]
pub struct Step {
    /// Which.
    pub id: StepId,
    /// Steps that must have let on before it begins.
    after: &'static [StepId],
    /// The same where the writer moves by a switchover, if it waits for others then.
    after_switchover: Option<&'static [StepId]>,
    /// Whether it waits for the gate's approval.
    pub gated: bool,
    /// Whether the run goes on when it fails.
    pub best_effort: bool,
    /// Whether a person may skip it when it failed.
    pub may_skip: bool,
}

impl Runbook {
    /// The runbook with that name.
    pub fn named(name: RunbookName) -> &'static Self {
        match name {
            RunbookName::Promote => &PROMOTE,
            RunbookName::Rebuild => &REBUILD,
            RunbookName::Failback => &FAILBACK,
            RunbookName::Restore => &RESTORE,
            RunbookName::Rescue => &RESCUE,
        }
    }

    /// The step with that id.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}

impl Step {
    /// Steps that must have let on before it begins, where the writer moves that way.
    pub fn waits_for(&self, method: Option<Method>) -> &'static [StepId] {
        match (method, self.after_switchover) {
            (Some(Method::Switchover), Some(steps)) => steps,
            _ => self.after,
        }
    }
}

/// A step that waits for the approval and may be skipped, like most.
const fn step(id: StepId, after: &'static [StepId]) -> Step {
    Step { id, after, after_switchover: None, gated: true, best_effort: false, may_skip: true }
}

/// A step that nobody may skip, since what follows is unsafe or pointless without it.
const fn must(id: StepId, after: &'static [StepId]) -> Step {
    Step { may_skip: false, ..step(id, after) }
}

/// Promote: the DR region takes over. In a failover database and capacity do not depend on each other, so the critical path is the longer of the two
/// plus DNS, not their sum. In a switchover the old primary writes and serves until DR has the capacity for it.
pub static PROMOTE: Runbook = Runbook {
    name: RunbookName::Promote,
    gate_after: &[],
    steps: &[
        step(StepId::Capacity, &[]),
        // Without a writer there is nothing to send traffic to.
        Step { after_switchover: Some(&[StepId::Capacity]), ..must(StepId::Database, &[]) },
        step(StepId::Listener, &[StepId::Database, StepId::Capacity]),
        step(StepId::Dns, &[StepId::Listener]),
        step(StepId::Verify, &[StepId::Dns]),
        // The failing region may not answer at all.
        Step {
            best_effort: true,
            after_switchover: Some(&[StepId::Verify]),
            ..step(StepId::Fence, &[StepId::Database])
        },
    ],
};

/// Rebuild: the stale former primary, detached or gone, becomes a secondary of the global cluster again. Nothing is deleted before its snapshot is
/// available, what Aurora saved of it is kept, and a person approved.
pub static REBUILD: Runbook = Runbook {
    name: RunbookName::Rebuild,
    gate_after: &[StepId::Snapshot, StepId::Rescue],
    steps: &[
        Step { gated: false, ..must(StepId::Snapshot, &[]) },
        // Where RDS won't copy it, people may still decide to go on.
        Step { gated: false, ..step(StepId::Rescue, &[]) },
        must(StepId::Delete, &[StepId::Snapshot, StepId::Rescue]),
        must(StepId::Rebuild, &[StepId::Delete]),
    ],
};

/// Failback: the primary takes over again, planned, once it keeps up. Its services come first, so that they are there when it writes, and its endpoint
/// is asked before anybody is moved there. Nobody is in a hurry, so its capacity can't be skipped.
pub static FAILBACK: Runbook = Runbook {
    name: RunbookName::Failback,
    gate_after: &[StepId::Replication],
    steps: &[
        Step { gated: false, ..must(StepId::Replication, &[]) },
        must(StepId::Capacity, &[StepId::Replication]),
        step(StepId::Endpoint, &[StepId::Capacity]),
        must(StepId::Database, &[StepId::Endpoint]),
        step(StepId::Listener, &[StepId::Database]),
        step(StepId::Dns, &[StepId::Listener]),
        step(StepId::Verify, &[StepId::Dns]),
        step(StepId::Idle, &[StepId::Verify]),
        step(StepId::Reconcile, &[StepId::Idle]),
    ],
};

/// Restore: the region that serves gets its configured capacity back, whatever took it: a run that was broken off, a pipeline, a hand. It lowers
/// nothing, and touches neither the database nor the record.
pub static RESTORE: Runbook = Runbook {
    name: RunbookName::Restore,
    gate_after: &[],
    steps: &[
        // The listener must not send users to tasks that are not there.
        must(StepId::Capacity, &[]),
        step(StepId::Listener, &[StepId::Capacity]),
    ],
};

/// Rescue: what Aurora saved of the former primary by itself is copied to a manual snapshot, before RDS deletes it. It changes nothing else.
pub static RESCUE: Runbook =
    Runbook { name: RunbookName::Rescue, gate_after: &[], steps: &[must(StepId::Rescue, &[])] };
