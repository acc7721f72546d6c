//! The one message of a run that is edited in place.

use std::collections::BTreeMap;

use commands::{
    plan::{RunbookName, StepId},
    report::RunOutcome,
    run::{Run, StepRun, StepState},
};
use jiff::Timestamp;

use super::{
    decided::outcome,
    wording::{achieved, deed, label},
};
use crate::slack::{
    kit::{Message, context, header, joined, section},
    text::{actor, date, elapsed, escape, seconds},
};

/// Where the run stands at `now`, which is when it ended once it did.
pub fn progress(run: &Run, now: Timestamp) -> Message {
    let plan = &run.plan;
    let title = deed(plan);
    let state = state(run);
    let lines: Vec<String> =
        plan.steps.iter().map(|step| line(step.step, step.expected_s, run.steps.get(&step.step), now)).collect();
    let mut blocks = vec![header(&title), section(&format!("*{state}*\n{}", pace(run, now)))];
    // A run that was not approved has no steps to wait for.
    if run.decided().is_none() || run.method().is_some() {
        blocks.push(section(&joined(&lines, 2_500)));
    }
    blocks.push(context(&format!(
        "{} · run {} · asked for by {} · last updated {}",
        label(plan.environment),
        escape(run.id.as_str()),
        actor(&run.requester),
        date(now)
    )));
    Message::new(format!("{title} · {state}"), blocks)
}

fn state(run: &Run) -> String {
    let total = run.plan.steps.len();
    let over = run.steps.values().filter(|step| step.state.lets_on()).count();
    let Some(decided) = run.decided() else { return undecided(run, over, total) };
    match (run.ended.as_ref().map(|report| report.outcome), run.waiting_step()) {
        _ if run.method().is_none() => format!("⛔ {}: nothing was changed", outcome(&decided.decision)),
        (Some(RunOutcome::Aborted), _) => format!("⛔ aborted after {over} of {total} steps"),
        (Some(_), _) if verified(run) => format!("✅ done: {}", escape(&achieved(&run.plan))),
        (Some(_), _) => "⚠️ ended: traffic was not verified".to_owned(),
        (None, Some((step, _))) => {
            format!("⏸️ paused at {}: a decision is needed ({over} of {total} steps over)", step.name())
        }
        (None, None) => format!("⏳ step {} of {total}", (over + 1).min(total)),
    }
}

fn undecided(run: &Run, over: usize, total: usize) -> String {
    match run.waiting_step() {
        Some((step, _)) => format!("⏸️ paused at {}: a decision is needed", step.name()),
        None if run.gate.is_none() && !run.steps.is_empty() => format!("⏳ step {} of {total}", (over + 1).min(total)),
        None => "🖐️ waits for a confirmation".to_owned(),
    }
}

pub(super) fn verified(run: &Run) -> bool {
    let proof = match run.plan.runbook {
        RunbookName::Rebuild => StepId::Rebuild,
        RunbookName::Promote | RunbookName::Failback => StepId::Verify,
    };
    run.steps.get(&proof).is_some_and(|step| matches!(step.state, StepState::Done { .. }))
}

/// Elapsed time against the expectation.
fn pace(run: &Run, now: Timestamp) -> String {
    let Some(decided) = run.decided().filter(|_| run.method().is_some()) else {
        return format!("asked {}", date(run.commanded_at));
    };
    format!("{} since the confirmation, expected {}", seconds(elapsed(decided.at, now)), seconds(expected(run)))
}

/// The longest way through the runbook, in seconds, by what its steps are expected to take.
pub(super) fn expected(run: &Run) -> f64 {
    let takes: BTreeMap<StepId, f64> = run.plan.steps.iter().map(|step| (step.step, step.expected_s)).collect();
    let mut ends: BTreeMap<StepId, f64> = BTreeMap::new();
    for step in run.runbook().steps {
        let starts = step.after.iter().filter_map(|before| ends.get(before)).copied().fold(0.0, f64::max);
        ends.insert(step.id, starts + takes.get(&step.id).copied().unwrap_or(0.0));
    }
    ends.values().copied().fold(0.0, f64::max)
}

fn line(id: StepId, expected_s: f64, step: Option<&StepRun>, now: Timestamp) -> String {
    let Some(step) = step else {
        return format!("⚪ waiting · *{}* (expected {})", id.name(), seconds(expected_s));
    };
    let state = match &step.state {
        StepState::Running if step.late => "🐢 late",
        StepState::Running => "⏳ running",
        StepState::Done { already: true } => "✅ held already",
        StepState::Done { already: false } => "✅ done",
        StepState::Failed { best_effort: true, .. } => "⚠️ failed, goes on",
        StepState::Failed { best_effort: false, .. } => "❌ failed",
        StepState::Retrying => "🔁 to be tried again",
        StepState::Skipped => "⏭️ skipped",
        StepState::Aborted => "⛔ aborted",
    };
    let took = seconds(elapsed(step.started_at, step.ended_at.unwrap_or(now)));
    let detail = if step.detail.is_empty() { &step.goal } else { &step.detail };
    format!("{state} · *{}* {took} (expected {}) · {}", id.name(), seconds(expected_s), escape(detail))
}
