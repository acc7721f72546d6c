//! The events of a run and of everything around it, as they are persisted: the `event` and `data` of a record, format version 1.
//! `docs/events.md` describes them for readers of the log.

mod outcome;
mod refusal;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::Record;

use crate::{
    access::Terms,
    change::Call,
    comparison::Comparison,
    history::{History, Timeline},
    ids::RunId,
    observation::Lag,
    plan::{Method, Plan, RunbookName, StepId},
    report::Report,
    status::Status,
};

pub use self::{
    outcome::{CallOutcome, Decision, Promote, Resolution},
    refusal::Refusal,
};

/// What happened. The tag is the record's `event`, the content its `data`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data")]
pub enum Event {
    /// The program started and opened the log.
    #[serde(rename = "process.started")]
    ProcessStarted {
        /// Program version.
        version: String,
        /// SHA-256 of the configuration file's bytes, hex.
        config_digest: String,
        /// Host name.
        host: String,
    },
    /// The program stopped as asked.
    #[serde(rename = "process.stopped")]
    ProcessStopped {
        /// Why: `signal`, …
        reason: String,
    },
    /// A request was refused before anybody could be named: bad signature, stale, replayed, too large.
    #[serde(rename = "request.refused")]
    RequestRefused {
        /// Why.
        reason: Refusal,
        /// The reply.
        reply: String,
        /// Refusals of this kind not recorded since the last such record, because too many came.
        suppressed: u64,
    },
    /// A person typed a command or clicked a button, and it was understood and allowed.
    #[serde(rename = "command.received")]
    CommandReceived {
        /// The text after `/dr`, or the button's value.
        text: String,
    },
    /// A person asked for help and got it.
    #[serde(rename = "help.given")]
    HelpGiven {
        /// The text after `/dr`.
        text: String,
    },
    /// A command or click was refused.
    #[serde(rename = "command.refused")]
    CommandRefused {
        /// The text after `/dr`, or the button's value.
        text: String,
        /// Why.
        reason: Refusal,
        /// The reply that the person got.
        reply: String,
    },
    /// The answer to `status`.
    #[serde(rename = "status.answered")]
    StatusAnswered {
        /// Number of the command's record.
        command: u64,
        /// What was seen.
        status: Box<Status>,
        /// Whether the person may ask for a run, so that they are told how.
        asks: bool,
    },
    /// The answer to `plan promote`: a dry run.
    #[serde(rename = "plan.answered")]
    PlanAnswered {
        /// Number of the command's record.
        command: u64,
        /// What would be done.
        plan: Box<Plan>,
        /// Whether the person may ask for it, so that they are told how.
        asks: bool,
    },
    /// The answer to `history`.
    #[serde(rename = "history.answered")]
    HistoryAnswered {
        /// Number of the command's record.
        command: u64,
        /// The last runs.
        history: Box<History>,
    },
    /// The answer to `report`.
    #[serde(rename = "report.answered")]
    ReportAnswered {
        /// Number of the command's record.
        command: u64,
        /// What happened in the run.
        timeline: Box<Timeline>,
    },
    /// A command failed inside; the person was told.
    #[serde(rename = "command.failed")]
    CommandFailed {
        /// Number of the command's record.
        command: u64,
        /// The text after `/dr`, or the button's value.
        text: String,
        /// What failed, for people.
        error: String,
        /// Why it was refused, where it was found only on the way that the person may not.
        refused: Option<Refusal>,
    },
    /// A run began: the plan is what people decide on.
    #[serde(rename = "run.started")]
    RunStarted {
        /// Which.
        runbook: RunbookName,
        /// Reason given with the command.
        reason: Option<String>,
        /// The plan.
        plan: Box<Plan>,
        /// Its digest.
        plan_digest: String,
        /// Number of the command's record.
        command: u64,
        /// When the command was received.
        commanded_at: Timestamp,
    },
    /// People are asked.
    #[serde(rename = "gate.opened")]
    GateOpened {
        /// Digest of the plan that a decision is bound to.
        plan_digest: String,
        /// Ways that can be chosen.
        methods: Vec<Method>,
        /// Blocking checks that an approval overrides, by id.
        overrides: Vec<String>,
        /// What it takes to choose each way.
        terms: Vec<Terms>,
        /// When people are reminded; `null` for never.
        warn_at: Option<Timestamp>,
        /// When it closes.
        expires_at: Timestamp,
    },
    /// A person approved, and it takes more of them. The approval that is enough is the gate's decision.
    #[serde(rename = "gate.approved")]
    GateApproved {
        /// Number of the click's record.
        command: u64,
        /// The chosen way.
        method: Method,
        /// Why, in the person's words.
        reason: Option<String>,
        /// Digest of the plan in front of the person.
        plan_digest: String,
        /// How many approvals of that way count now.
        number: u32,
        /// How many it takes.
        of: u32,
    },
    /// An approval counts no more: whoever gave it lost the right.
    #[serde(rename = "gate.lapsed")]
    GateLapsed {
        /// Number of the approval's record.
        approval: u64,
        /// Why.
        why: Refusal,
    },
    /// Nobody decided so far, and the gate closes soon.
    #[serde(rename = "gate.closing")]
    GateClosing {
        /// When it closes.
        expires_at: Timestamp,
    },
    /// The gate was decided; once only.
    #[serde(rename = "gate.decided")]
    GateDecided {
        /// Number of the click's record; `null` where nobody clicked.
        command: Option<u64>,
        /// How.
        decision: Decision,
        /// Why, in the person's words.
        reason: Option<String>,
        /// Numbers of the records of the approvals that counted before this one.
        approvals: Vec<u64>,
        /// Digest of the plan in front of the person.
        plan_digest: String,
        /// Blocking checks that were overridden, by id.
        overrides: Vec<String>,
    },
    /// A step began.
    #[serde(rename = "step.started")]
    StepStarted {
        /// What holds when it is done.
        goal: String,
        /// Seconds it is expected to take.
        expected_s: f64,
        /// Seconds after which it fails.
        deadline_s: f64,
    },
    /// What a step saw, when that changed.
    #[serde(rename = "step.observed")]
    StepObserved {
        /// For people: `failing-over`, `3 of 6 tasks running`, …
        detail: String,
    },
    /// Replication lag of the region that a run is about, at each new datapoint while the run is open.
    #[serde(rename = "lag.observed")]
    LagObserved {
        /// The datapoint.
        lag: Lag,
    },
    /// A step takes longer than it was expected to; said once.
    #[serde(rename = "step.late")]
    StepLate {
        /// Seconds it was expected to take.
        expected_s: f64,
        /// Seconds since the attempt began.
        elapsed_s: f64,
        /// What was last seen, for people.
        detail: String,
    },
    /// A changing call is about to be made; where AWS does not take it at once, several times.
    #[serde(rename = "call.intended")]
    CallIntended {
        /// The call.
        call: Call,
        /// What it changes, as it was seen before; `null` where that says nothing.
        before: Value,
        /// How often it is made at most; more than once only while it certainly had no effect, or does no harm when it is made again.
        #[serde(default = "outcome::once")]
        tries: u32,
    },
    /// A changing call ended, or its end is not known.
    #[serde(rename = "call.finished")]
    CallFinished {
        /// Number of the intent's record.
        intent: u64,
        /// How it ended: the last try, where there were several.
        outcome: CallOutcome,
        /// How often it was made.
        #[serde(default = "outcome::once", skip_serializing_if = "outcome::is_once")]
        tries: u32,
        /// How the tries ended that were not accepted, if there were several: AWS's codes, each with how often.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        answers: BTreeMap<String, u32>,
    },
    /// People were told what to run themselves; what comes of it is observed.
    #[serde(rename = "handoff.given")]
    HandoffGiven {
        /// What to run.
        text: String,
    },
    /// A person said that it was run, and the bot looked; the run goes by what it sees itself.
    #[serde(rename = "handoff.looked")]
    HandoffLooked {
        /// Number of the command's record.
        command: u64,
        /// What is still missing, for people; `null` if nothing.
        lacks: Option<String>,
    },
    /// A step's goal holds.
    #[serde(rename = "step.done")]
    StepDone {
        /// What was seen at the end, for people.
        detail: String,
        /// Whether it held before anything was done.
        already: bool,
    },
    /// A step failed or passed its deadline. Where it is not best effort, the run pauses.
    #[serde(rename = "step.failed")]
    StepFailed {
        /// What failed, for people, with the fix where there is one.
        error: String,
        /// Whether the run goes on without it.
        best_effort: bool,
    },
    /// A person resolved a failed step.
    #[serde(rename = "step.resolved")]
    StepResolved {
        /// Number of the click's record.
        command: u64,
        /// How.
        resolution: Resolution,
    },
    /// The run waits for people: at least one step failed.
    #[serde(rename = "run.paused")]
    RunPaused {
        /// The step that failed.
        failed: StepId,
        /// What failed.
        error: String,
        /// Whether the step may be skipped.
        may_skip: bool,
    },
    /// A person ended the run, wherever it stood: no step begins another call, and what AWS accepted goes on there.
    #[serde(rename = "run.aborted")]
    RunAborted {
        /// Number of the command's record.
        command: u64,
        /// The promote that they asked for in its place; it begins once this run has ended.
        #[serde(default)]
        promote: Option<Promote>,
    },
    /// The program took the run up again after a restart.
    #[serde(rename = "run.resumed")]
    RunResumed {},
    /// Both regions, held against what the configuration demands of the region that serves as the run ends. The report is made from it.
    #[serde(rename = "run.compared")]
    RunCompared {
        /// What differs, and what mends it.
        comparison: Box<Comparison>,
    },
    /// The run ended.
    #[serde(rename = "run.ended")]
    RunEnded {
        /// The report.
        report: Box<Report>,
    },
    /// A message was posted; edits are not recorded.
    #[serde(rename = "message.posted")]
    MessagePosted {
        /// Which message: the key under which the outbox finds it again.
        key: String,
        /// Channel.
        channel: String,
        /// Slack's message id (`ts`).
        ts: String,
    },
    /// A message was given up, because it would be refused again.
    #[serde(rename = "message.refused")]
    MessageRefused {
        /// Which message.
        key: String,
        /// Channel.
        channel: String,
        /// Why.
        error: String,
    },
    /// Messages to a channel do not get through; they wait, or go to another channel. Said once, until they do again.
    #[serde(rename = "delivery.failed")]
    DeliveryFailed {
        /// Channel.
        channel: String,
        /// Why.
        error: String,
        /// The channel that new messages go to meanwhile, if there is one.
        instead: Option<String>,
    },
    /// Messages to a channel get through again.
    #[serde(rename = "delivery.restored")]
    DeliveryRestored {
        /// Channel.
        channel: String,
    },
    /// Somebody read a run's page; once for each link, and for each person whom a proxy names. The record is not one of the run's.
    #[serde(rename = "page.viewed")]
    PageViewed {
        /// The run.
        viewed: RunId,
        /// By whom, as far as it is known.
        by: Viewer,
    },
}

/// Who reads a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Viewer {
    /// Whoever has a link.
    Link {
        /// When the link expires; one hour's links have the same.
        expires_at: Timestamp,
    },
    /// A person whom a trusted proxy names.
    Proxy {
        /// As the proxy names them.
        user: String,
    },
}

impl Event {
    /// The event of a record; `None` for events of other rooms (the log's own) or of a newer version.
    pub fn of(record: &Record) -> Option<Self> {
        serde_json::from_value(serde_json::json!({ "event": record.event, "data": record.data })).ok()
    }

    /// The `event` and `data` of its record.
    pub fn into_parts(self) -> Result<(String, Value), serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        let data = value["data"].take();
        Ok((value["event"].as_str().unwrap_or_default().to_owned(), data))
    }
}
