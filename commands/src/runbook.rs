//! Runbooks: which steps there are, what each waits for, and what may be left out.

use crate::plan::StepId;

/// A runbook: a graph of steps behind a gate.
#[derive(Debug)]
pub struct Runbook {
    /// Its name, which begins the ids of its runs.
    pub name: &'static str,
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
    /// Whether the run goes on when it fails.
    pub best_effort: bool,
    /// Whether a person may skip it when it failed.
    pub may_skip: bool,
}

impl Runbook {
    /// The step with that id.
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}

/// Promote: the DR region takes over. Database, capacity and fence do not depend on each other, so the critical path is the longer of
/// the first two plus DNS, not their sum.
pub static PROMOTE: Runbook = Runbook {
    name: "promote",
    steps: &[
        // Without a writer there is nothing to send traffic to.
        Step { id: StepId::Database, after: &[], best_effort: false, may_skip: false },
        Step { id: StepId::Capacity, after: &[], best_effort: false, may_skip: true },
        // The failing region may not answer at all.
        Step { id: StepId::Fence, after: &[], best_effort: true, may_skip: true },
        Step { id: StepId::Listener, after: &[StepId::Database, StepId::Capacity], best_effort: false, may_skip: true },
        Step { id: StepId::Dns, after: &[StepId::Listener], best_effort: false, may_skip: true },
        Step { id: StepId::Verify, after: &[StepId::Dns], best_effort: false, may_skip: true },
    ],
};
