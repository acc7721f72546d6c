//! A run: the fold of its records. Nothing else is stored, so a bot that died goes on by reading.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use storage::{Actor, Origin, Record};

use crate::{
    change::Call,
    ids::RunId,
    journal::{CallOutcome, Decision, Event, Resolution},
    plan::{Method, Plan, StepId, SuspendedService},
    report::Report,
    runbook::Runbook,
    status::OpenRun,
    topology::Application,
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
    /// Whether people were told that it waits for them, and not answered yet.
    pub paused: bool,
    /// The report, once ended.
    pub ended: Option<Report>,
}

/// The gate of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Ways that can be chosen.
    pub methods: Vec<Method>,
    /// Blocking checks that an approval overrides, by id.
    pub overrides: Vec<String>,
    /// When it opened.
    pub opened_at: Timestamp,
    /// When it closes.
    pub expires_at: Timestamp,
    /// The decision, once made.
    pub decided: Option<Decided>,
}

/// A decision with who made it and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// What was decided.
    pub decision: Decision,
    /// Who decided; the bot for an expiry.
    pub by: Actor,
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

impl CallRun {
    /// Whether it suspends scheduled scaling that ran before.
    pub fn suspends_schedules(&self) -> bool {
        let ran = self.before["scaling"]["known"]["suspended"]["scheduled"] == Value::Bool(false);
        ran && self.call.params["SuspendedState"]["ScheduledScalingSuspended"] == Value::Bool(true)
    }

    /// The service whose scalable target it changes.
    fn scaled(&self, app: &Application) -> Option<SuspendedService> {
        let service = self.call.params["ResourceId"].as_str()?.rsplit('/').next()?.to_owned();
        Some(SuspendedService { side: app.side_in(&self.call.region)?, service })
    }
}

/// A record that cannot follow what the run's records said before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} ({event}) cannot follow in run {run}: {why}; the log was not written by this program's engine")]
pub struct Unexpected {
    /// The record's number.
    pub seq: u64,
    /// Its event.
    pub event: String,
    /// The run.
    pub run: String,
    /// Why.
    pub why: &'static str,
}

impl Run {
    /// The run that a `run.started` record begins; `None` for any other record.
    pub fn begin(record: &Record) -> Option<Self> {
        let Some(Event::RunStarted { reason, plan, plan_digest, command, commanded_at, .. }) = Event::of(record) else {
            return None;
        };
        Some(Self {
            id: record.run.as_deref()?.into(),
            application: record.application.clone()?,
            requester: record.actor.clone(),
            origin: record.origin.clone(),
            reason,
            plan: *plan,
            plan_digest,
            command,
            commanded_at,
            first: record.seq,
            latest: record.seq,
            gate: None,
            steps: BTreeMap::new(),
            calls: BTreeMap::new(),
            paused: false,
            ended: None,
        })
    }

    /// Folds a run's records, the first of which is its `run.started`.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Option<Self>, Unexpected> {
        let mut records = records.into_iter();
        let Some(mut run) = records.next().and_then(Self::begin) else { return Ok(None) };
        for record in records {
            run.apply(record)?;
        }
        Ok(Some(run))
    }

    /// Applies the next record of this run. Records of other runs, and events that do not move a run, are passed over.
    pub fn apply(&mut self, record: &Record) -> Result<(), Unexpected> {
        if record.run.as_deref() != Some(self.id.as_str()) || record.seq <= self.latest {
            return Ok(());
        }
        let Some(event) = Event::of(record) else { return Ok(()) };
        let result = match record.step.as_deref().and_then(StepId::named) {
            Some(step) => self.apply_to_step(step, event, record),
            None => self.apply_to_run(event, record),
        };
        result.map_err(|why| Unexpected {
            seq: record.seq,
            event: record.event.clone(),
            run: self.id.to_string(),
            why,
        })?;
        self.latest = record.seq;
        Ok(())
    }

    fn apply_to_run(&mut self, event: Event, record: &Record) -> Result<(), &'static str> {
        if self.ended.is_some() {
            return match event {
                Event::MessagePosted { .. }
                | Event::CommandReceived { .. }
                | Event::CommandRefused { .. }
                | Event::CommandFailed { .. } => Ok(()),
                _ => Err("the run has ended"),
            };
        }
        match event {
            Event::GateOpened { methods, overrides, expires_at, .. } => {
                if self.gate.is_some() {
                    return Err("the gate is open already");
                }
                self.gate = Some(Gate { methods, overrides, opened_at: record.at, expires_at, decided: None });
            }
            Event::GateDecided { decision, .. } => {
                let gate = self.gate.as_mut().ok_or("no gate is open")?;
                if gate.decided.is_some() {
                    return Err("the gate is decided already");
                }
                gate.decided = Some(Decided { decision, by: record.actor.clone(), at: record.at, seq: record.seq });
            }
            Event::RunPaused { .. } => self.paused = true,
            Event::RunEnded { report } => self.ended = Some(*report),
            _ => {}
        }
        Ok(())
    }

    fn apply_to_step(&mut self, id: StepId, event: Event, record: &Record) -> Result<(), &'static str> {
        if self.ended.is_some() {
            return Err("the run has ended");
        }
        match event {
            Event::StepStarted { goal, expected_s, .. } => {
                if self.method().is_none() && self.runbook().step(id).is_none_or(|step| step.gated) {
                    return Err("the gate is not approved");
                }
                self.start_step(id, goal, expected_s, record.at)
            }
            Event::CallIntended { call, before } => {
                let attempt = self.running(id)?.attempts;
                let made = CallRun { step: id, attempt, call, before, at: record.at, outcome: None };
                self.calls.insert(record.seq, made);
                Ok(())
            }
            Event::CallFinished { intent, outcome } => {
                self.calls.get_mut(&intent).ok_or("there is no such intent")?.outcome = Some(outcome);
                Ok(())
            }
            Event::StepObserved { detail } => {
                self.running(id)?.detail = detail;
                Ok(())
            }
            Event::StepLate { .. } => {
                self.running(id)?.late = true;
                Ok(())
            }
            Event::StepDone { detail, already } => self.end_step(id, StepState::Done { already }, detail, record.at),
            Event::StepFailed { error, best_effort } => {
                let detail = error.clone();
                self.end_step(id, StepState::Failed { error, best_effort }, detail, record.at)
            }
            Event::StepResolved { resolution, .. } => self.resolve_step(id, resolution),
            _ => Ok(()),
        }
    }

    fn start_step(&mut self, id: StepId, goal: String, expected_s: f64, at: Timestamp) -> Result<(), &'static str> {
        match self.steps.get_mut(&id) {
            Some(step) if step.state == StepState::Retrying => {
                step.state = StepState::Running;
                step.attempt_at = at;
                step.attempts += 1;
                step.ended_at = None;
            }
            Some(_) => return Err("the step began before"),
            None => {
                let (state, detail) = (StepState::Running, String::new());
                let step = StepRun {
                    state,
                    goal,
                    started_at: at,
                    attempt_at: at,
                    attempts: 1,
                    ended_at: None,
                    detail,
                    expected_s,
                    late: false,
                };
                self.steps.insert(id, step);
            }
        }
        Ok(())
    }

    fn running(&mut self, id: StepId) -> Result<&mut StepRun, &'static str> {
        self.steps.get_mut(&id).filter(|step| step.state == StepState::Running).ok_or("the step is not running")
    }

    fn end_step(&mut self, id: StepId, state: StepState, detail: String, at: Timestamp) -> Result<(), &'static str> {
        let step = self.running(id)?;
        step.state = state;
        step.detail = detail;
        step.ended_at = Some(at);
        Ok(())
    }

    fn resolve_step(&mut self, id: StepId, resolution: Resolution) -> Result<(), &'static str> {
        let step = self.steps.get_mut(&id).filter(|step| step.state.waits()).ok_or("the step does not wait")?;
        step.state = match resolution {
            Resolution::Retry => StepState::Retrying,
            Resolution::Skip => StepState::Skipped,
            Resolution::Abort => StepState::Aborted,
        };
        self.paused = self.steps.values().any(|step| step.state.waits());
        Ok(())
    }

    /// Services whose scheduled scaling this bot suspended: those that the plan names, and those of this run.
    pub fn suspended(&self, app: &Application) -> Vec<SuspendedService> {
        self.plan.suspended.iter().cloned().chain(self.suspended_here(app)).collect()
    }

    /// Those of this run alone.
    pub fn suspended_here(&self, app: &Application) -> Vec<SuspendedService> {
        self.calls.values().filter(|call| call.suspends_schedules()).filter_map(|call| call.scaled(app)).collect()
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

    /// The gate's decision, once made.
    pub fn decided(&self) -> Option<&Decided> {
        self.gate.as_ref()?.decided.as_ref()
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
        OpenRun { id: self.id.to_string(), requester, state: self.state() }
    }

    fn state(&self) -> String {
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
