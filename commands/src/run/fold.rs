//! The fold of a run's records, one by one. The transitions that a journal may make are listed here; everything else is refused.

use std::collections::BTreeMap;

use jiff::Timestamp;
use storage::Record;

use super::{Aborted, CallRun, Decided, Gate, Given, Instead, Run, StepRun, StepState};
use crate::{
    journal::{Event, Resolution},
    plan::StepId,
};

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
            handoff: None,
            paused: false,
            aborted: None,
            instead: None,
            compared: None,
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
                | Event::MessageRefused { .. }
                | Event::CommandReceived { .. }
                | Event::CommandRefused { .. }
                | Event::CommandFailed { .. }
                | Event::GateApproved { .. }
                | Event::GateLapsed { .. }
                // People decide while a run ends: theirs came too late, and they are told.
                | Event::GateDecided { .. }
                | Event::RunAborted { .. } => Ok(()),
                _ => Err("the run has ended"),
            };
        }
        match event {
            Event::RunPaused { .. } => self.paused = true,
            Event::RunAborted { command, promote } => {
                let by = record.actor.clone();
                self.aborted.get_or_insert(Aborted { by, at: record.at, seq: record.seq });
                let instead = promote.map(|promote| Instead { command, failover_only: false, reason: promote.reason });
                self.instead = self.instead.take().or(instead);
            }
            Event::RunCompared { comparison } => self.compared = Some(*comparison),
            Event::RunEnded { report } => self.ended = Some(*report),
            event => return self.apply_to_gate(event, record),
        }
        Ok(())
    }

    fn apply_to_gate(&mut self, event: Event, record: &Record) -> Result<(), &'static str> {
        let (by, at, seq) = (record.actor.clone(), record.at, record.seq);
        match event {
            Event::GateOpened { methods, overrides, terms, warn_at, expires_at, .. } => {
                let (approvals, decided) = (Vec::new(), None);
                let gate = Gate {
                    methods,
                    overrides,
                    terms,
                    opened_at: at,
                    warn_at,
                    warned: false,
                    expires_at,
                    approvals,
                    decided,
                };
                return self.gate.replace(gate).map_or(Ok(()), |_| Err("the gate is open already"));
            }
            // What comes in while somebody else decides is late, and changes nothing.
            Event::GateApproved { method, reason, .. } => {
                let origin = record.origin.clone();
                self.opened_gate()?.approvals.push(Given { method, by, origin, reason, at, seq, lapsed: None });
            }
            Event::GateLapsed { approval, why } => {
                let given = self.opened_gate()?.approvals.iter_mut().find(|given| given.seq == approval);
                given.ok_or("there is no such approval")?.lapsed = Some(why);
            }
            Event::GateClosing { .. } => self.opened_gate()?.warned = true,
            Event::GateDecided { decision, reason, approvals, .. } => {
                let gate = self.opened_gate()?;
                if gate.decided.is_some() {
                    return Err("the gate is decided already");
                }
                gate.decided = Some(Decided { decision, by, reason, approvals, at, seq });
            }
            _ => {}
        }
        Ok(())
    }

    fn opened_gate(&mut self) -> Result<&mut Gate, &'static str> {
        self.gate.as_mut().ok_or("no gate is open")
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
            Event::CallIntended { call, before, .. } => {
                let attempt = self.running(id)?.attempts;
                let made = CallRun { step: id, attempt, call, before, at: record.at, outcome: None };
                self.calls.insert(record.seq, made);
                Ok(())
            }
            Event::CallFinished { intent, outcome, .. } => {
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
            Event::HandoffGiven { text } => {
                self.running(id)?;
                self.handoff = Some(text);
                Ok(())
            }
            Event::StepDone { detail, already } => self.end_step(id, StepState::Done { already }, detail, record.at),
            Event::StepFailed { error, best_effort } => {
                let detail = error.clone();
                self.end_step(id, StepState::Failed { error, best_effort }, detail, record.at)
            }
            Event::StepResolved { resolution, command } => {
                self.resolve_step(id, resolution)?;
                if resolution == Resolution::FailOver {
                    let reason = self.reason.clone();
                    self.instead = Some(Instead { command, failover_only: true, reason });
                }
                Ok(())
            }
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
            Resolution::FailOver | Resolution::Abort => StepState::Aborted,
        };
        self.paused = self.steps.values().any(|step| step.state.waits());
        Ok(())
    }
}
