//! One run, from wherever it stands to its end: reads its records as they come, decides, and sees to what was decided.

use std::{
    collections::BTreeMap,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use futures::{Stream, StreamExt};
use jiff::Timestamp;
use storage::{Log, ReadError, Record};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::{EngineError, Pair, Scribe, watch, work::Job};
use crate::{
    comparison::Comparison,
    decide::{Next, decide},
    journal::{Decision, Event},
    observe::observe,
    plan::{Method, StepId},
    report::{self, RunOutcome},
    run::Run,
    runbook::Runbook,
};

/// Carries the run on until it ended, or the program stops; answers how it stands then.
pub(crate) async fn drive(log: Log, pair: Pair, run: Run, stop: CancellationToken) -> Result<Run, EngineError> {
    let scribe = Scribe::new(log.clone(), pair.name.clone(), run.id.clone());
    let records = log.follow(run.latest + 1);
    let steps = stop.child_token();
    let (read, working, tasks) = (run.latest, BTreeMap::new(), JoinSet::new());
    let runbook = run.runbook();
    let mut executor = Executor { pair, runbook, run, read, scribe, stop, steps, working, tasks };
    let result = executor.run(pin!(records)).await;
    // Steps stop between calls, so that no call is left without its outcome.
    executor.steps.cancel();
    while executor.tasks.join_next().await.is_some() {}
    result.map(|()| executor.run)
}

struct Executor {
    pair: Pair,
    runbook: &'static Runbook,
    run: Run,
    /// Number of the latest record that was read, of whatever run.
    read: u64,
    scribe: Scribe,
    /// The program stops.
    stop: CancellationToken,
    /// The steps stop: with the program, or because the run ends.
    steps: CancellationToken,
    working: BTreeMap<Id, StepId>,
    tasks: JoinSet<Result<(), EngineError>>,
}

impl Executor {
    async fn run(
        &mut self,
        mut records: Pin<&mut impl Stream<Item = Result<Arc<Record>, ReadError>>>,
    ) -> Result<(), EngineError> {
        if self.run.ended.is_none() {
            let (pair, scribe, stop) = (self.pair.clone(), self.scribe.clone(), self.steps.clone());
            self.tasks.spawn(watch::lag(pair, self.run.plan.target, scribe, stop));
        }
        loop {
            let mut written = None;
            let mut awaited = None;
            for next in decide(self.runbook, &self.run) {
                match next {
                    Next::Work(step) => self.start(step),
                    Next::AwaitGate { warn_at, expires_at } => awaited = Some(warn_at.unwrap_or(expires_at)),
                    Next::OpenGate => written = Some(self.open_gate().await?),
                    Next::Pause(step) => written = self.tell_pause(step).await?.or(written),
                    Next::End(outcome) => written = self.end(outcome, &mut records).await?,
                }
            }
            if let Some(seq) = written {
                self.read_to(seq, &mut records).await?;
                continue;
            }
            if self.run.ended.is_some() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                Some(joined) = self.tasks.join_next_with_id() => {
                    // Its last record first, or the step would look as if it still ran and be begun again.
                    self.read_all(&mut records).await?;
                    self.joined(joined).await?;
                }
                Some(record) = records.next() => self.take(record)?,
                () = until(&self.pair, awaited) => {
                    if let Some(written) = self.close_gate().await? {
                        self.read_to(written.seq, &mut records).await?;
                    }
                }
            }
        }
    }

    fn start(&mut self, id: StepId) {
        let Some(step) = self.runbook.step(id) else { return };
        if self.working.values().any(|&working| working == id) {
            return;
        }
        let job = Job {
            pair: self.pair.clone(),
            scribe: self.scribe.of_step(id),
            run: self.run.clone(),
            step,
            stop: self.steps.clone(),
        };
        let task = self.tasks.spawn(job.work());
        self.working.insert(task.id(), id);
    }

    /// A step's task ended. One that died leaves its step failed, so that people hear of it.
    async fn joined(&mut self, joined: Result<(Id, Result<(), EngineError>), JoinError>) -> Result<(), EngineError> {
        match joined {
            Ok((task, result)) => {
                self.working.remove(&task);
                result
            }
            Err(failure) => {
                error!(run = %self.run.id, %failure, "a step's task died");
                let Some(step) = self.working.remove(&failure.id()) else { return Ok(()) };
                let error = format!(
                    "internal error: {failure}; the program's log has the details, retry when it is understood"
                );
                let best_effort = self.runbook.step(step).is_some_and(|step| step.best_effort);
                self.scribe.of_step(step).write(Event::StepFailed { error, best_effort }).await?;
                Ok(())
            }
        }
    }

    async fn open_gate(&self) -> Result<u64, EngineError> {
        let plan = &self.run.plan;
        let timing = &self.pair.app.timing;
        let now = self.pair.clock.now();
        let warn_after = timing.gate_expiry.checked_sub(timing.gate_warning).filter(|_| !timing.gate_warning.is_zero());
        let methods: Vec<Method> = plan.options.iter().map(|option| option.method).collect();
        let opened = Event::GateOpened {
            plan_digest: self.run.plan_digest.clone(),
            terms: methods.iter().map(|&method| self.pair.access.terms(plan.runbook, method)).collect(),
            methods,
            overrides: plan.blockers().into_iter().map(|check| check.id.clone()).collect(),
            warn_at: warn_after.filter(|after| !after.is_zero()).map(|after| now + after),
            expires_at: now + timing.gate_expiry,
        };
        Ok(self.scribe.write(opened).await?.seq)
    }

    /// Reminds people that the gate closes soon; closes it once it is time.
    async fn close_gate(&self) -> Result<Option<Arc<Record>>, EngineError> {
        let Some(expires_at) = self.run.gate.as_ref().map(|gate| gate.expires_at) else { return Ok(None) };
        if self.pair.clock.now() < expires_at {
            return self.scribe.write(Event::GateClosing { expires_at }).await.map(Some);
        }
        let decided = Event::GateDecided {
            command: None,
            decision: Decision::Expired,
            reason: None,
            approvals: Vec::new(),
            plan_digest: self.run.plan_digest.clone(),
            overrides: Vec::new(),
        };
        self.scribe.write_once(gate_key(&self.run), decided).await
    }

    async fn tell_pause(&self, step: StepId) -> Result<Option<u64>, EngineError> {
        let (Some((_, error)), Some(spec)) = (self.run.waiting_step(), self.runbook.step(step)) else {
            return Ok(None);
        };
        let paused = Event::RunPaused { failed: step, error: error.to_owned(), may_skip: spec.may_skip };
        Ok(Some(self.scribe.write(paused).await?.seq))
    }

    /// Ends the run: steps that a person's abort left under way stop first, both regions are observed once more, and the report tells everything
    /// that was recorded. `None`: the program stops.
    async fn end(
        &mut self,
        outcome: RunOutcome,
        records: &mut Pin<&mut impl Stream<Item = Result<Arc<Record>, ReadError>>>,
    ) -> Result<Option<u64>, EngineError> {
        self.steps.cancel();
        while let Some(joined) = self.tasks.join_next_with_id().await {
            self.joined(joined).await?;
        }
        self.read_all(records).await?;
        // Where another run follows in its place, people wait for that one, and it observes the pair first.
        if !self.run.is_superseded() {
            let observed = observe(&self.pair.aws, &self.pair.app, &self.pair.clock);
            // A program that stops ends the run at its next start.
            let Some(observation) = self.stop.run_until_cancelled(observed).await else { return Ok(None) };
            let comparison = Box::new(Comparison::of(&self.pair.name, &self.pair.app, &observation));
            let compared = self.scribe.write(Event::RunCompared { comparison }).await?;
            self.read_to(compared.seq, records).await?;
        }
        let report = report::report(&self.run, outcome);
        info!(run = %self.run.id, ?outcome, rto_s = report.rto_from_confirmation_s, "run ends");
        Ok(Some(self.scribe.write(Event::RunEnded { report: Box::new(report) }).await?.seq))
    }

    /// Reads everything that is durable by now.
    async fn read_all(
        &mut self,
        records: &mut Pin<&mut impl Stream<Item = Result<Arc<Record>, ReadError>>>,
    ) -> Result<(), EngineError> {
        match self.scribe.next().checked_sub(1) {
            Some(last) => self.read_to(last, records).await,
            None => Ok(()),
        }
    }

    async fn read_to(
        &mut self,
        seq: u64,
        records: &mut Pin<&mut impl Stream<Item = Result<Arc<Record>, ReadError>>>,
    ) -> Result<(), EngineError> {
        while self.read < seq {
            let Some(record) = records.next().await else { return Ok(()) };
            self.take(record)?;
        }
        Ok(())
    }

    fn take(&mut self, record: Result<Arc<Record>, ReadError>) -> Result<(), EngineError> {
        let record = record?;
        self.read = record.seq;
        Ok(self.run.apply(&record)?)
    }
}

/// The key under which a run's gate is decided once.
pub(crate) fn gate_key(run: &Run) -> String {
    format!("gate:{}", run.id)
}

async fn until(pair: &Pair, at: Option<Timestamp>) {
    match at {
        Some(at) => {
            let wait = Duration::try_from(at.duration_since(pair.clock.now())).unwrap_or_default();
            tokio::time::sleep(wait).await;
        }
        None => std::future::pending().await,
    }
}
