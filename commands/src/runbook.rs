//! Runbooks: which steps there are, what each waits for, what only people may let begin, and what may be left out.

use crate::plan::{RunbookName, StepId};

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
    pub after: &'static [StepId],
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
        }
    }

    /// The step with that id.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}

/// A step that waits for the approval and may be skipped, like most.
const fn step(id: StepId, after: &'static [StepId]) -> Step {
    Step { id, after, gated: true, best_effort: false, may_skip: true }
}

/// A step that nobody may skip, since what follows is unsafe or pointless without it.
const fn must(id: StepId, after: &'static [StepId]) -> Step {
    Step { may_skip: false, ..step(id, after) }
}

/// Promote: the DR region takes over. Database, capacity and fence do not depend on each other, so the critical path is the longer of
/// the first two plus DNS, not their sum.
pub static PROMOTE: Runbook = Runbook {
    name: RunbookName::Promote,
    gate_after: &[],
    steps: &[
        // Without a writer there is nothing to send traffic to.
        must(StepId::Database, &[]),
        step(StepId::Capacity, &[]),
        // The failing region may not answer at all.
        Step { best_effort: true, ..step(StepId::Fence, &[]) },
        step(StepId::Listener, &[StepId::Database, StepId::Capacity]),
        step(StepId::Dns, &[StepId::Listener]),
        step(StepId::Verify, &[StepId::Dns]),
    ],
};

/// Rebuild: the stale former primary, detached or gone, becomes a secondary of the global cluster again. Nothing is deleted before its snapshot is
/// available and a person approved.
pub static REBUILD: Runbook = Runbook {
    name: RunbookName::Rebuild,
    gate_after: &[StepId::Snapshot],
    steps: &[
        Step { gated: false, ..must(StepId::Snapshot, &[]) },
        must(StepId::Delete, &[StepId::Snapshot]),
        must(StepId::Rebuild, &[StepId::Delete]),
    ],
};

/// Failback: the primary takes over again, planned, once it keeps up. Its services come first, so that they are there when it writes.
pub static FAILBACK: Runbook = Runbook {
    name: RunbookName::Failback,
    gate_after: &[StepId::Replication],
    steps: &[
        Step { gated: false, ..must(StepId::Replication, &[]) },
        step(StepId::Capacity, &[StepId::Replication]),
        must(StepId::Database, &[StepId::Capacity]),
        step(StepId::Listener, &[StepId::Database]),
        step(StepId::Dns, &[StepId::Listener]),
        step(StepId::Verify, &[StepId::Dns]),
        step(StepId::Idle, &[StepId::Verify]),
        step(StepId::Reconcile, &[StepId::Idle]),
    ],
};
