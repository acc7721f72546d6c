//! What a run does next: a pure function of its runbook and its records. It does no I/O and reads no clock.

use jiff::Timestamp;

use crate::{
    journal::Decision,
    plan::StepId,
    report::RunOutcome,
    run::{Run, StepState},
    runbook::{Runbook, Step},
};

/// Something that the executor has to see to. Level-triggered: it stands until the records say that it is seen to, and seeing to it twice does
/// no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ask people.
    OpenGate,
    /// People were asked; the gate closes then.
    AwaitGate {
        /// When.
        expires_at: Timestamp,
    },
    /// The step must be under way.
    Work(StepId),
    /// People must be told that the step waits for them.
    Pause(StepId),
    /// The run is over.
    End(RunOutcome),
}

/// What the run does next. Empty: it has ended, or waits for a person on a failed step.
pub fn decide(runbook: &Runbook, run: &Run) -> Vec<Next> {
    if run.ended.is_some() {
        return Vec::new();
    }
    let Some(gate) = &run.gate else { return vec![Next::OpenGate] };
    match gate.decided.as_ref().map(|decided| &decided.decision) {
        None => vec![Next::AwaitGate { expires_at: gate.expires_at }],
        Some(Decision::Cancelled | Decision::Expired | Decision::Void { .. }) => {
            vec![Next::End(RunOutcome::NotApproved)]
        }
        Some(Decision::Approved { .. }) => decide_steps(runbook, run),
    }
}

fn decide_steps(runbook: &Runbook, run: &Run) -> Vec<Next> {
    if run.steps.values().any(|step| step.state == StepState::Aborted) {
        return vec![Next::End(RunOutcome::Aborted)];
    }
    if runbook.steps.iter().all(|step| lets_on(run, step.id)) {
        return vec![Next::End(RunOutcome::Completed)];
    }
    let work = runbook.steps.iter().filter(|step| works(run, step)).map(|step| Next::Work(step.id));
    let pause = run.waiting_step().filter(|_| !run.paused).map(|(step, _)| Next::Pause(step));
    work.chain(pause).collect()
}

fn lets_on(run: &Run, step: StepId) -> bool {
    run.steps.get(&step).is_some_and(|step| step.state.lets_on())
}

fn works(run: &Run, step: &Step) -> bool {
    match run.steps.get(&step.id) {
        Some(begun) => matches!(begun.state, StepState::Running | StepState::Retrying),
        None => step.after.iter().all(|&before| lets_on(run, before)),
    }
}
