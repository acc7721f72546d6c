//! A run: the fold of its records. Nothing else is stored, so a bot that died goes on by reading.

mod fold;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;
use storage::{Actor, Origin};

pub use fold::Unexpected;

use crate::{
    access::Terms,
    change::{Call, Irreversible},
    comparison::Comparison,
    ids::RunId,
    journal::{CallOutcome, Decision, Refusal, Resolution},
    observation::Lag,
    plan::{Method, Plan, RunbookName, StepId, SuspendedService},
    report::{Report, RunOutcome},
    runbook::Runbook,
    status::{OpenRun, Waits},
    topology::{Application, SideName},
};

/// One run of a runbook, as its records tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The application.
    pub application: String,
    /// Who asked for it.
    pub requester: Actor,
    /// From where; progress goes to that channel.
    pub origin: Origin,
    /// The reason given.
    pub reason: Option<String>,
    /// The plan that people decide on.
    pub plan: Plan,
    /// Its digest.
    pub plan_digest: String,
    /// Number of the command's record.
    pub command: u64,
    /// When the command was received.
    pub commanded_at: Timestamp,
    /// Number of its first record.
    pub first: u64,
    /// Number of its latest record.
    pub latest: u64,
    /// The gate, once opened.
    pub gate: Option<Gate>,
    /// Steps that began.
    pub steps: BTreeMap<StepId, StepRun>,
    /// Changing calls by the number of their intent's record.
    pub calls: BTreeMap<u64, CallRun>,
    /// What people were told to run themselves.
    pub handoff: Option<String>,
    /// Whether people were told that it waits for them, and not answered yet.
    pub paused: bool,
    /// That a person ended it, wherever it stood; a failed step that was answered with an abort says so itself.
    pub aborted: Option<Aborted>,
    /// The promote that a person asked for in its place: this run ends, and another one asks.
    pub instead: Option<Instead>,
    /// How both regions stood when it was about to end.
    pub compared: Option<Comparison>,
    /// The report, once ended.
    pub ended: Option<Report>,
}

/// Who ended a run before its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Aborted {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Number of the record.
    pub seq: u64,
}

/// What a person asked for in a run's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Instead {
    /// Number of the click's or the command's record.
    pub command: u64,
    /// Whether its plan offers the failover alone, as a switchover was refused.
    pub failover_only: bool,
    /// Why, in the person's words.
    pub reason: Option<String>,
}

/// The gate of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Ways that can be chosen.
    pub methods: Vec<Method>,
    /// Blocking checks that an approval overrides, by id.
    pub overrides: Vec<String>,
    /// What it takes to choose each way.
    pub terms: Vec<Terms>,
    /// When it opened.
    pub opened_at: Timestamp,
    /// When people are reminded, if they are.
    pub warn_at: Option<Timestamp>,
    /// Whether they were.
    pub warned: bool,
    /// When it closes.
    pub expires_at: Timestamp,
    /// Approvals so far that were not enough by themselves.
    pub approvals: Vec<Given>,
    /// The decision, once made.
    pub decided: Option<Decided>,
}

impl Gate {
    /// What it takes to choose that way; `None` if it is not offered.
    pub fn terms(&self, method: Method) -> Option<&Terms> {
        self.terms.iter().find(|terms| terms.method == method)
    }

    /// Approvals of that way that count so far.
    pub fn counted(&self, method: Method) -> impl Iterator<Item = &Given> {
        self.approvals.iter().filter(move |given| given.method == method && given.lapsed.is_none())
    }
}

/// An approval that takes more of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The chosen way.
    pub method: Method,
    /// Who approved.
    pub by: Actor,
    /// From where.
    pub origin: Origin,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Number of the record.
    pub seq: u64,
    /// Why it counts no more, if it does not.
    pub lapsed: Option<Refusal>,
}

/// A decision with who made it and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// What was decided.
    pub decision: Decision,
    /// Who decided; the bot for an expiry.
    pub by: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Numbers of the records of the approvals that counted before this one.
    pub approvals: Vec<u64>,
    /// When.
    pub at: Timestamp,
    /// Number of the record.
    pub seq: u64,
}

/// A step that began.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRun {
    /// Where it stands.
    pub state: StepState,
    /// What holds when it is done.
    pub goal: String,
    /// When it first began.
    pub started_at: Timestamp,
    /// When the current attempt began; its deadline counts from here.
    pub attempt_at: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What was last seen.
    pub detail: String,
    /// Seconds that it is expected to take.
    pub expected_s: f64,
    /// Whether people were told that it takes longer.
    pub late: bool,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Under way, or interrupted by a restart.
    Running,
    /// Its goal holds.
    Done {
        /// Whether it held before anything was done.
        already: bool,
    },
    /// It failed.
    Failed {
        /// What failed.
        error: String,
        /// Whether the run goes on without it.
        best_effort: bool,
    },
    /// A person wants it tried again.
    Retrying,
    /// A person decided to go on without it.
    Skipped,
    /// A person ended the run at it.
    Aborted,
}

impl StepState {
    /// Whether what comes after may begin.
    pub fn lets_on(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Skipped | Self::Failed { best_effort: true, .. })
    }

    /// Its name in reports and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Retrying => "retrying",
            Self::Skipped => "skipped",
            Self::Aborted => "aborted",
        }
    }

    /// Whether it waits for a person.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Failed { best_effort: false, .. })
    }
}

/// A changing call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRun {
    /// The step that makes it.
    pub step: StepId,
    /// Which attempt of the step. Not told by times: the host's clock may jump between two records.
    pub attempt: u32,
    /// The call.
    pub call: Call,
    /// What it changes, as seen before.
    pub before: Value,
    /// When its intent was recorded.
    pub at: Timestamp,
    /// How it ended; absent while under way or if the program died meanwhile.
    pub outcome: Option<CallOutcome>,
}

/// A scalable target whose maximum a run raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RaisedMaximum {
    pub(crate) side: SideName,
    pub(crate) service: String,
    /// What it was before.
    pub(crate) was: i32,
}

impl CallRun {
    /// Whether it suspends scheduled scaling that ran before.
    pub fn suspends_schedules(&self) -> bool {
        let ran = self.before["scaling"]["known"]["suspended"]["scheduled"] == Value::Bool(false);
        ran && self.call.params["SuspendedState"]["ScheduledScalingSuspended"] == Value::Bool(true)
    }

    /// The maximum that it raises, and what it was.
    fn raises_maximum(&self) -> Option<i32> {
        let refused = matches!(self.outcome, Some(CallOutcome::Failed { .. }));
        let was = self.before["scaling"]["known"]["max"].as_i64().filter(|_| !refused)?;
        let wanted = self.call.params["MaxCapacity"].as_i64()?;
        i32::try_from(was).ok().filter(|_| wanted > was)
    }

    /// The service whose scalable target it changes.
    fn scaled(&self, app: &Application) -> Option<SuspendedService> {
        let service = self.call.params["ResourceId"].as_str()?.rsplit('/').next()?.to_owned();
        Some(SuspendedService { side: app.side_in(&self.call.region)?, service })
    }
}

impl Run {
    /// Services whose scheduled scaling this bot suspended: those that the plan names, and those of this run.
    pub fn suspended(&self, app: &Application) -> Vec<SuspendedService> {
        self.plan.suspended.iter().cloned().chain(self.suspended_here(app)).collect()
    }

    /// Those of this run alone.
    pub fn suspended_here(&self, app: &Application) -> Vec<SuspendedService> {
        self.calls.values().filter(|call| call.suspends_schedules()).filter_map(|call| call.scaled(app)).collect()
    }

    /// Maxima of scalable targets that this run raised, in the order of its calls.
    pub(crate) fn raised_maxima(&self, app: &Application) -> Vec<RaisedMaximum> {
        let raised = |call: &CallRun| {
            let was = call.raises_maximum()?;
            let SuspendedService { side, service } = call.scaled(app)?;
            Some(RaisedMaximum { side, service, was })
        };
        self.calls.values().filter_map(raised).collect()
    }

    /// Whether it is a rebuild that completed, after which the way back goes on.
    pub fn is_rebuilt(&self) -> bool {
        let completed = self.ended.as_ref().is_some_and(|report| report.outcome == RunOutcome::Completed);
        completed && self.plan.runbook == RunbookName::Rebuild
    }

    /// Whether it ended, and another run follows on it by itself: the way back on a rebuild, or the promote that people asked for in its place.
    pub fn has_successor(&self) -> bool {
        self.is_rebuilt() || (self.ended.is_some() && self.instead.is_some())
    }

    /// Number of the record that the run which follows on it answers.
    pub fn successor_answers(&self) -> u64 {
        self.instead.as_ref().map_or(self.command, |instead| instead.command)
    }

    /// What people can decide about that step if it failed. A failover instead of the switchover that could not be made takes a plan and a
    /// confirmation of its own, so it ends this run.
    pub fn resolutions(&self, step: StepId) -> Vec<Resolution> {
        let may_skip = self.runbook().step(step).is_some_and(|step| step.may_skip);
        let promote = self.plan.runbook == RunbookName::Promote && step == StepId::Database;
        let may_fail_over = promote && self.method() == Some(Method::Switchover);
        let offered = |resolution: &Resolution| match resolution {
            Resolution::Retry | Resolution::Abort => true,
            Resolution::Skip => may_skip,
            Resolution::FailOver => may_fail_over,
        };
        Resolution::ALL.into_iter().filter(offered).collect()
    }

    /// Whether it waits for people to run what it handed over, or for what comes of that.
    pub fn awaits_handoff(&self) -> bool {
        let running = self.steps.get(&StepId::Rebuild).is_some_and(|step| step.state == StepState::Running);
        running && self.handoff.is_some() && self.ended.is_none()
    }

    /// The runbook that it follows.
    pub fn runbook(&self) -> &'static Runbook {
        Runbook::named(self.plan.runbook)
    }

    /// The method that a person approved, if one did.
    pub fn method(&self) -> Option<Method> {
        match self.decided()?.decision {
            Decision::Approved { method } => Some(method),
            _ => None,
        }
    }

    /// Whether another run follows in its place: its plan became void at the click that would have approved it, or people asked for a promote
    /// instead.
    pub fn is_superseded(&self) -> bool {
        self.instead.is_some() || matches!(self.decided().map(|decided| &decided.decision), Some(Decision::Void { .. }))
    }

    /// The method that was approved; before that, the one that the plan recommends.
    pub fn likely_method(&self) -> Option<Method> {
        self.method().or_else(|| self.plan.options.first().map(|option| option.method))
    }

    /// The gate's decision, once made.
    pub fn decided(&self) -> Option<&Decided> {
        self.gate.as_ref()?.decided.as_ref()
    }

    /// Whether nothing more is done in it but to say how it ended: somebody aborted it, or it was not approved.
    pub fn is_ending(&self) -> bool {
        self.aborted.is_some() || (self.decided().is_some() && self.method().is_none())
    }

    /// The last lag seen before the writer moved: with the failover's intent, or else in the plan.
    pub fn lag_before(&self) -> Option<Lag> {
        let measured =
            self.calls_of(StepId::Database).rev().find_map(|call| Lag::deserialize(&call.before["lag"]).ok());
        measured.or_else(|| self.plan.lag.known().cloned().flatten())
    }

    /// Whether somebody else moved the writer, which the run was to switch over: it arrived, and no call of the run brought it there. Then nobody knows
    /// whether what moved it loses nothing.
    pub fn moved_by_others(&self) -> bool {
        let chosen = self.plan.options.iter().filter(|option| Some(option.method) == self.method());
        let to_switch =
            chosen.flat_map(|option| &option.changes).any(|change| matches!(change, Irreversible::Switchover { .. }));
        let arrived =
            self.steps.get(&StepId::Database).is_some_and(|step| matches!(step.state, StepState::Done { .. }));
        let sent = |call: &CallRun| !matches!(call.outcome, Some(CallOutcome::Failed { .. }));
        to_switch && arrived && !self.calls_of(StepId::Database).any(sent)
    }

    /// The first step that waits for a person, and what failed.
    pub fn waiting_step(&self) -> Option<(StepId, &str)> {
        self.steps.iter().find_map(|(&id, step)| match &step.state {
            StepState::Failed { error, best_effort: false } => Some((id, error.as_str())),
            _ => None,
        })
    }

    /// The run in a few words, for a status.
    pub fn summary(&self) -> OpenRun {
        let requester = match &self.requester {
            Actor::Slack { user, .. } | Actor::Terminal { user } => user.clone(),
            Actor::Bot => "bot".to_owned(),
        };
        let waits = match (self.waiting_step(), &self.gate) {
            (Some(_), _) => Waits::Step,
            (None, Some(gate)) if gate.decided.is_none() => Waits::Decision,
            _ => Waits::Nothing,
        };
        OpenRun { id: self.id.to_string(), requester, state: self.state(), waits }
    }

    fn state(&self) -> String {
        if self.aborted.is_some() {
            return "ending: it was aborted".to_owned();
        }
        if let Some((step, error)) = self.waiting_step() {
            return format!("paused: {} failed: {error}", step.name());
        }
        if self.gate.is_some() && self.method().is_none() {
            return "waiting for a decision".to_owned();
        }
        let running = self.steps.iter().filter(|(_, step)| step.state == StepState::Running);
        let steps: Vec<&str> = running.map(|(id, _)| id.name()).collect();
        format!("running {}", steps.join(", "))
    }

    /// Calls of one step, oldest first.
    pub fn calls_of(&self, step: StepId) -> impl DoubleEndedIterator<Item = &CallRun> {
        self.calls.values().filter(move |call| call.step == step)
    }
}
