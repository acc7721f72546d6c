//! Aborting a run, wherever it stands: paused, at its question, or while a step waits for days. And what is told to people who ask for a run while
//! another one is open, with the way out.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use storage::{Actor, Record};

use super::{
    Desk, Pair, append,
    decisions::who,
    past::no_such_run,
    request_entry,
    task::{Offer, Refused, Task, Understood, Way},
};
use crate::{
    access::Right,
    engine::EngineError,
    ids::RunId,
    journal::{Event, Promote, Refusal},
    plan::RunbookName,
    request::{Press, Request},
    run::Run,
};

/// How long a run that was aborted may take to end: calls that are under way are waited for, and both regions are observed.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

impl Desk {
    /// `/dr abort`: what the button of a run's message does, typed. Which run needs no naming where only one is open.
    pub(super) async fn understand_abort(
        &self,
        request: &Request,
        run: Option<RunId>,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        let run = match run {
            Some(run) => match self.visible(request, &run).await? {
                Some(_) => run,
                None => return Ok(Err(no_such_run(&run))),
            },
            None => match self.visible_open(request).await?.as_slice() {
                [one] => one.id.clone(),
                [] => {
                    let reply = "No run is open, so there is nothing to abort. `/dr status` shows where things stand.";
                    return Ok(Err(Refused::new(None, Refusal::NoSuchThing, reply)));
                }
                several => {
                    let named: Vec<String> = several.iter().map(|run| format!("`/dr abort {}`", run.id)).collect();
                    let reply = format!("Which run? {}.", named.join(" or "));
                    return Ok(Err(Refused::new(None, Refusal::Ambiguous, reply)));
                }
            },
        };
        self.understand_press(request, &Press::Abort { run, promote: None }).await
    }

    /// Records that the run ends. It stops between two calls; a promote that was asked for in its place begins once it has.
    pub(super) async fn abort_run(
        self,
        request: Request,
        pair: Pair,
        run: Run,
        promote: Option<Promote>,
        click: Arc<Record>,
    ) -> Result<(), EngineError> {
        let mut entry = request_entry(&request);
        entry.application = Some(pair.name.clone());
        entry.run = Some(run.id.to_string());
        entry.dedupe = Some(format!("abort:{}", run.id));
        let aborted = Event::RunAborted { command: click.seq, promote: promote.clone() };
        let first = append(&self.0.log, entry, aborted).await?.is_some();
        let run = self.run(&run.id).await?.unwrap_or(run);
        match promote {
            // Nothing is left that a promote would wait for, and no run's end starts it.
            Some(Promote { reason }) if !first || run.aborted.is_none() => {
                self.start(request, pair, Way::Promote, click, reason).await
            }
            None if !first || run.aborted.is_none() => {
                let reply = may_abort(&run).err().map_or_else(|| already_aborted(&run), |(_, reply)| reply);
                self.refuse_late(&request, &pair, &click, Refusal::AlreadyDecided, reply).await
            }
            _ => Ok(()),
        }
    }

    /// The application's open run.
    pub(super) async fn open_run(&self, pair: &Pair) -> Result<Option<Run>, EngineError> {
        match self.0.runs.of(&pair.name) {
            Some(id) => self.run(&id).await,
            None => Ok(None),
        }
    }

    /// The application's open run, if nothing ends it: one that was aborted or not approved is out of the way in a moment.
    pub(super) async fn in_the_way(&self, pair: &Pair) -> Result<Option<Run>, EngineError> {
        Ok(self.open_run(pair).await?.filter(|run| !run.is_ending()))
    }

    /// Waits for the end of a run that is ending, if there is one.
    pub(super) async fn let_it_end(&self, pair: &Pair) -> Result<(), EngineError> {
        if let Some(run) = self.open_run(pair).await?.filter(Run::is_ending) {
            // One that does not end is found open as the next is started.
            let _ended = tokio::time::timeout(ENDS_WITHIN, self.0.runs.closed(&run)).await;
        }
        Ok(())
    }

    /// That another run is open, and how it is ended; whoever asks for a promote and may end it gets that in one press.
    pub(super) async fn blocked_by(&self, request: &Request, pair: &Pair, run: &Run, task: &Task) -> Refused {
        let promote = match task {
            Task::Start { way: Way::Promote, reason } if run.plan.runbook != RunbookName::Promote => {
                let may = self.allowed(request, pair, Right::Resolve).await.is_ok();
                may.then(|| Promote { reason: reason.clone() })
            }
            _ => None,
        };
        let refused = Refused::of(pair, Refusal::RunInProgress, run_in_progress(run));
        refused.offering(Offer { run: run.id.clone(), promote })
    }
}

/// Whether the run can still be aborted.
pub(super) fn may_abort(run: &Run) -> Result<(), (Refusal, String)> {
    if run.aborted.is_some() {
        return Err((Refusal::AlreadyDecided, already_aborted(run)));
    }
    match &run.ended {
        None => Ok(()),
        Some(_) => {
            let reply =
                format!("{} has ended, so there is nothing to abort. `/dr report {}` tells it.", run.id, run.id);
            Err((Refusal::AlreadyDecided, reply))
        }
    }
}

/// That somebody aborted it before.
pub(super) fn already_aborted(run: &Run) -> String {
    match &run.aborted {
        Some(aborted) => {
            format!("{} was aborted by {}, audit #{}; this changed nothing.", run.id, who(&aborted.by), aborted.seq)
        }
        None => format!("{} was aborted; this changed nothing.", run.id),
    }
}

/// What stands in the way of a new run, since when, and what ends it.
pub(super) fn run_in_progress(run: &Run) -> String {
    let summary = run.summary();
    format!(
        "{} is open since {} ({}), asked for by {}. Only one run of {} goes at a time. `/dr abort {}` ends it and undoes nothing; then ask again.",
        run.id,
        since(run.commanded_at),
        summary.state,
        match &run.requester {
            Actor::Bot => summary.requester,
            person => who(person),
        },
        run.application,
        run.id
    )
}

fn since(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
