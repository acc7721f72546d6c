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
    /// People were asked; they are reminded, and then the gate closes.
    AwaitGate {
        /// When they are reminded, if that is still to come.
        warn_at: Option<Timestamp>,
        /// When it closes.
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
    if run.aborted.is_some() || run.steps.values().any(|step| step.state == StepState::Aborted) {
        return vec![Next::End(RunOutcome::Aborted)];
    }
    if matches!(
        run.decided().map(|decided| &decided.decision),
        Some(Decision::Refused | Decision::Cancelled | Decision::Expired | Decision::Void { .. })
    ) {
        return vec![Next::End(RunOutcome::NotApproved)];
    }
    if run.method().is_some() && runbook.steps.iter().all(|step| lets_on(run, step.id)) {
        return vec![Next::End(RunOutcome::Completed)];
    }
    let work = runbook.steps.iter().filter(|step| works(run, step)).map(|step| Next::Work(step.id));
    let pause = run.waiting_step().filter(|_| !run.paused).map(|(step, _)| Next::Pause(step));
    work.chain(pause).chain(decide_gate(runbook, run)).collect()
}

fn decide_gate(runbook: &Runbook, run: &Run) -> Option<Next> {
    match &run.gate {
        None => all_let_on(run, runbook.gate_after).then_some(Next::OpenGate),
        Some(gate) => gate
            .decided
            .is_none()
            .then_some(Next::AwaitGate { warn_at: gate.warn_at.filter(|_| !gate.warned), expires_at: gate.expires_at }),
    }
}

fn works(run: &Run, step: &Step) -> bool {
    match run.steps.get(&step.id) {
        Some(begun) => matches!(begun.state, StepState::Running | StepState::Retrying),
        None => all_let_on(run, step.waits_for(run.method())) && (!step.gated || run.method().is_some()),
    }
}

fn all_let_on(run: &Run, steps: &[StepId]) -> bool {
    steps.iter().all(|&step| lets_on(run, step))
}

fn lets_on(run: &Run, step: StepId) -> bool {
    run.steps.get(&step).is_some_and(|step| step.state.lets_on())
}
