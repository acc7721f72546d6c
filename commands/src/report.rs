//! The report at the end of a run: a pure function of its records.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::{Method, StepId};

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
