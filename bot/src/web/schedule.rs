//! When each step of a run was, is, or will be: from its records and what its steps are expected to take. A pure function.

use std::collections::BTreeMap;

use commands::{
    plan::StepId,
    run::{Run, StepRun, StepState},
};
use jiff::Timestamp;

/// When a step begins and ends, in seconds since the schedule's begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    pub(super) begins: f64,
    pub(super) ends: f64,
    /// Whether it lies ahead.
    pub(super) ahead: bool,
}

/// The steps that wait for the confirmation, from it on; before it, as if it were given now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Schedule {
    pub(super) begin: Timestamp,
    pub(super) slots: BTreeMap<StepId, Slot>,
    /// The steps that the end waits for, each for the one before it.
    pub(super) critical: Vec<StepId>,
    /// Seconds from the begin to the end, by what is known now.
    pub(super) ends: f64,
    /// Seconds that it was expected to take.
    pub(super) expected: f64,
}

/// Seconds that the step is expected to take.
pub(super) fn expected(run: &Run, step: StepId) -> f64 {
    let planned = || run.plan.steps.iter().find(|planned| planned.step == step).map(|planned| planned.expected_s);
    run.steps.get(&step).map(|step| step.expected_s).or_else(planned).unwrap_or(0.0)
}

/// The schedule of the run's gated steps as of `now`.
pub(super) fn schedule(run: &Run, now: Timestamp) -> Schedule {
    let approved = run.method().and(run.decided()).map(|decided| decided.at);
    let begin = approved.unwrap_or(now);
    let mut slots: BTreeMap<StepId, Slot> = BTreeMap::new();
    let mut planned: BTreeMap<StepId, f64> = BTreeMap::new();
    let method = run.likely_method();
    for step in run.runbook().steps.iter().filter(|step| step.gated) {
        let takes = expected(run, step.id);
        let waits_for = step.waits_for(method);
        let after = |ends: &dyn Fn(&StepId) -> Option<f64>| waits_for.iter().filter_map(ends).fold(0.0, f64::max);
        planned.insert(step.id, after(&|before| planned.get(before).copied()) + takes);
        let slot = match run.steps.get(&step.id) {
            Some(begun) => slot(begun, begin, now),
            None => {
                let begins = after(&|before| slots.get(before).map(|slot| slot.ends)).max(seconds(begin, now));
                Slot { begins, ends: begins + takes, ahead: true }
            }
        };
        slots.insert(step.id, slot);
    }
    let critical = critical(run, &slots);
    let ends = critical.last().and_then(|last| slots.get(last)).map_or(0.0, |slot| slot.ends);
    // Nothing waits for a step that is best effort.
    let awaited = run.runbook().steps.iter().filter(|step| !step.best_effort);
    let expected = awaited.filter_map(|step| planned.get(&step.id).copied()).fold(0.0, f64::max);
    Schedule { begin, slots, critical, ends, expected }
}

/// A step that began. One that goes on ends when it is expected to, or now if that is over; one that waits for a person, as if tried again now.
fn slot(step: &StepRun, begin: Timestamp, now: Timestamp) -> Slot {
    let begins = seconds(begin, step.started_at);
    let (since_attempt, until_now) = (seconds(begin, step.attempt_at), seconds(begin, now));
    let ends = match (&step.state, step.ended_at) {
        (StepState::Running, _) | (_, None) => until_now.max(since_attempt + step.expected_s),
        (StepState::Failed { best_effort: false, .. } | StepState::Retrying, _) => until_now + step.expected_s,
        (_, Some(ended)) => seconds(begin, ended),
    };
    Slot { begins, ends: ends.max(begins), ahead: false }
}

/// Backwards from the step that ends last, which is never one that nothing waits for.
fn critical(run: &Run, slots: &BTreeMap<StepId, Slot>) -> Vec<StepId> {
    let ends = |id: &StepId| slots.get(id).map_or(0.0, |slot| slot.ends);
    let latest = |one: &StepId, other: &StepId| ends(one).total_cmp(&ends(other));
    let steps = run.runbook().steps.iter().filter(|step| step.gated && !step.best_effort);
    let mut path: Vec<StepId> = steps.map(|step| step.id).max_by(latest).into_iter().collect();
    while let Some(step) = path.last().and_then(|&last| run.runbook().step(last)) {
        // Of those that end at the same time, the first of the runbook.
        let before = step
            .waits_for(run.likely_method())
            .iter()
            .rev()
            .copied()
            .filter(|id| slots.contains_key(id))
            .max_by(latest);
        match before {
            Some(before) => path.push(before),
            None => break,
        }
    }
    path.reverse();
    path
}

/// Seconds from `from` to `to`, never negative: the host's clock may have stepped back.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
