//! The report at the end of a run: a pure function of its records.

mod leftovers;
mod put_back;
mod remaining;

pub use self::leftovers::leftovers;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    plan::{Method, StepId},
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
    /// Estimated data loss in milliseconds: the last lag seen before the failover; 0 for a switchover; absent if unknown, as in a
    /// rebuild or where somebody else moved the writer, or if the run leaves the database alone.
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
    /// Nobody approved: refused, cancelled, expired or void. Nothing was changed.
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
    let lag = run.lag_before();
    let method = run.method();
    Report {
        outcome,
        method,
        rto_from_command_s: seconds(Some(run.commanded_at), verified_at),
        rto_from_confirmation_s: seconds(confirmed_at, verified_at),
        data_loss_ms: match method {
            Some(Method::Switchover) => (!run.moved_by_others()).then_some(0.0),
            Some(Method::Failover) => lag.as_ref().map(|lag| lag.millis),
            // What only the stale cluster holds was not measured, and is in its snapshot.
            Some(Method::Rebuild | Method::Restore | Method::Rescue) | None => None,
        },
        data_loss_measured_at: lag.filter(|_| method == Some(Method::Failover)).map(|lag| lag.at),
        steps: steps(run),
        remaining: remaining::remaining(run, outcome),
    }
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
