//! The report at the end of a run: a pure function of its records.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    journal::CallOutcome,
    observation::Lag,
    plan::{Method, Plan, StepId},
    run::{Run, StepRun, StepState},
};

/// How a run ended and what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub outcome: RunOutcome,
    /// The way that was chosen, if it was approved.
    pub method: Option<Method>,
    /// Seconds from the command to verified traffic: RTO as people feel it.
    pub rto_from_command_s: Option<f64>,
    /// Seconds from the confirmation to verified traffic: RTO as the bot is measured.
    pub rto_from_confirmation_s: Option<f64>,
    /// Estimated data loss in milliseconds: the last lag seen before the failover; 0 for a switchover; absent if unknown.
    pub data_loss_ms: Option<f64>,
    /// When that lag was measured.
    pub data_loss_measured_at: Option<Timestamp>,
    /// Steps in the order in which they began.
    pub steps: Vec<StepReport>,
    /// What is left for people to do.
    pub remaining: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// All done and verified.
    Completed,
    /// Nobody approved: cancelled, expired or void. Nothing was changed.
    NotApproved,
    /// A person aborted it: everything is left where it was.
    Aborted,
}

/// One step of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Which.
    pub step: StepId,
    /// How it ended: `done`, `failed`, `skipped`, `open`.
    pub result: String,
    /// Seconds from its start to its end.
    pub took_s: Option<f64>,
    /// Seconds it was expected to take.
    pub expected_s: f64,
    /// What was seen at the end.
    pub detail: String,
}

/// The report of a run that ends with `outcome`.
pub fn report(run: &Run, outcome: RunOutcome) -> Report {
    let verified = run.steps.get(&StepId::Verify).filter(|step| matches!(step.state, StepState::Done { .. }));
    let verified_at = verified.and_then(|step| step.ended_at);
    let confirmed_at = run.method().and(run.decided()).map(|decided| decided.at);
    let lag = lag_before(run);
    let method = run.method();
    Report {
        outcome,
        method,
        rto_from_command_s: seconds(Some(run.commanded_at), verified_at),
        rto_from_confirmation_s: seconds(confirmed_at, verified_at),
        data_loss_ms: match method {
            Some(Method::Switchover | Method::Rebuild) => Some(0.0),
            Some(Method::Failover) => lag.as_ref().map(|lag| lag.millis),
            None => None,
        },
        data_loss_measured_at: lag.filter(|_| method == Some(Method::Failover)).map(|lag| lag.at),
        steps: steps(run),
        remaining: remaining(run, outcome),
    }
}

/// The last lag seen before the writer moved: with the failover's intent, or else in the plan.
fn lag_before(run: &Run) -> Option<Lag> {
    let measured = run.calls_of(StepId::Database).rev().find_map(|call| Lag::deserialize(&call.before["lag"]).ok());
    measured.or_else(|| run.plan.lag.known().cloned().flatten())
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.duration_since(from?).as_secs_f64())
}

fn steps(run: &Run) -> Vec<StepReport> {
    let mut begun: Vec<(StepId, &StepRun)> = run.steps.iter().map(|(&id, step)| (id, step)).collect();
    begun.sort_by_key(|(id, step)| (step.started_at, *id));
    begun.into_iter().map(|(id, step)| step_report(id, step)).collect()
}

fn step_report(id: StepId, step: &StepRun) -> StepReport {
    StepReport {
        step: id,
        result: step.state.name().to_owned(),
        took_s: seconds(Some(step.started_at), step.ended_at),
        expected_s: step.expected_s,
        detail: step.detail.clone(),
    }
}

/// What is left for people, each with what to do.
fn remaining(run: &Run, outcome: RunOutcome) -> Vec<String> {
    let Plan { application, from, to, .. } = &run.plan;
    let mut remaining = Vec::new();
    match outcome {
        RunOutcome::NotApproved => return vec![],
        RunOutcome::Aborted => {
            remaining.push(format!(
                "everything is where the steps above left it: look with `/dr status {application}`, go on with `/dr promote {application}`"
            ));
            remaining.extend(run.plan.steps.iter().map(|planned| whereabouts(&planned.goal, planned.step, run)));
        }
        RunOutcome::Completed => {}
    }
    for (id, step) in &run.steps {
        match (&step.state, id) {
            (StepState::Failed { error, .. }, StepId::Fence) => remaining.push(format!(
                "the old primary's services were not stopped ({error}): stop them when {from} answers again, before anything there writes"
            )),
            (StepState::Skipped, id) => remaining.push(format!("{} was skipped: {}", id.name(), step.detail)),
            _ => {}
        }
    }
    if run.calls.values().any(|call| call.suspends_schedules()) {
        remaining.push(format!("scheduled scaling in {to} is suspended: it is restored at failback"));
    }
    if outcome == RunOutcome::Completed {
        remaining.push(format!(
            "do not apply Terraform to {from} before failback: its state does not know that {to} writes and serves"
        ));
        remaining.push(format!("plan the failback to {from}; {to} now runs without a standby"));
    }
    remaining
}

/// Where an aborted run left a step.
fn whereabouts(goal: &str, id: StepId, run: &Run) -> String {
    let name = id.name();
    let Some(step) = run.steps.get(&id) else { return format!("{name} was not begun: {goal}") };
    match &step.state {
        StepState::Done { .. } => format!("{name} is done: {}", step.detail),
        StepState::Skipped => format!("{name} was left out: {goal}"),
        StepState::Failed { error, .. } => format!("{name} failed: {error}"),
        StepState::Running | StepState::Retrying | StepState::Aborted => {
            let accepted = run.calls_of(id).any(|call| matches!(call.outcome, Some(CallOutcome::Accepted { .. })));
            let goes_on = if accepted { "; what AWS accepted goes on there" } else { "" };
            format!("{name} was not finished ({goal}); last seen: {}{goes_on}", step.detail)
        }
    }
}
