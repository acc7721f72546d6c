//! Open runs: one at a time for an application, whoever asks and from wherever.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard, watch};
use tracing::error;

use super::Desk;
use crate::{
    engine::{EngineError, drive},
    ids::RunId,
    run::Run,
};

/// Which application has a run open.
#[derive(Debug)]
pub(super) struct OpenRuns {
    /// Held while somebody checks that no run is open and starts one.
    starting: BTreeMap<String, AsyncMutex<()>>,
    /// Held while somebody's approval is counted.
    deciding: BTreeMap<String, AsyncMutex<()>>,
    open: watch::Sender<BTreeMap<String, RunId>>,
    /// Runs that cannot be carried on, with the reason.
    stuck: Mutex<BTreeMap<RunId, String>>,
}

impl OpenRuns {
    pub(super) fn new(applications: impl Iterator<Item = String>) -> Self {
        let starting: BTreeMap<String, AsyncMutex<()>> =
            applications.map(|name| (name, AsyncMutex::default())).collect();
        let deciding = starting.keys().map(|name| (name.clone(), AsyncMutex::default())).collect();
        Self { starting, deciding, open: watch::Sender::default(), stuck: Mutex::default() }
    }

    /// The right to start a run of that application; held by one at a time.
    pub(super) async fn starting(&self, application: &str) -> Option<MutexGuard<'_, ()>> {
        Some(self.starting.get(application)?.lock().await)
    }

    /// The right to count an approval for a run of that application; held by one at a time.
    pub(super) async fn deciding(&self, application: &str) -> Option<MutexGuard<'_, ()>> {
        Some(self.deciding.get(application)?.lock().await)
    }

    /// The application's open run.
    pub(super) fn of(&self, application: &str) -> Option<RunId> {
        self.open.borrow().get(application).cloned()
    }

    /// All open runs.
    pub(super) fn all(&self) -> Vec<RunId> {
        self.open.borrow().values().cloned().collect()
    }

    /// Waits until that run is not open any more.
    pub(super) async fn closed(&self, run: &Run) {
        let mut open = self.open.subscribe();
        // The sender lives as long as `self`.
        let _closed = open.wait_for(|open| open.get(&run.application) != Some(&run.id)).await;
    }

    /// A run that cannot be carried on, for people.
    pub(super) fn stuck(&self) -> Option<String> {
        let stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        stuck.iter().next().map(|(run, why)| format!("run {run} cannot be carried on: {why}"))
    }

    pub(super) fn insert(&self, run: &Run) {
        self.open.send_modify(|open| {
            open.insert(run.application.clone(), run.id.clone());
        });
    }

    fn remove(&self, application: &str) {
        self.open.send_modify(|open| {
            open.remove(application);
        });
    }
}

impl Desk {
    /// Carries a run on in a task of its own, until it ended or the program stops.
    pub(super) fn take_up(&self, run: Run) {
        let Some(pair) = self.0.pairs.get(&run.application).cloned() else {
            error!(run = %run.id, application = run.application, "an open run's application is not configured any more; it stays open");
            return;
        };
        self.0.runs.insert(&run);
        let desk = self.clone();
        self.spawn(async move {
            let (application, id) = (run.application.clone(), run.id.clone());
            let runs = &desk.0.runs;
            let run = match Box::pin(drive(desk.0.log.clone(), pair, run, desk.0.stop.clone())).await {
                Ok(run) => run,
                Err(failure) => {
                    runs.stuck.lock().unwrap_or_else(PoisonError::into_inner).insert(id, failure.to_string());
                    return Err(failure);
                }
            };
            if run.ended.is_none() {
                return Ok(());
            }
            runs.remove(&application);
            if run.has_successor() {
                return Box::pin(desk.follow_on(run)).await;
            }
            Ok(())
        });
    }

    /// The run as its records tell it now.
    ///
    /// # Errors
    /// When the log cannot be read, or its records contradict each other.
    pub async fn run(&self, id: &RunId) -> Result<Option<Run>, EngineError> {
        let records = self.0.log.run(id.as_str()).await?;
        Ok(Run::fold(records.iter().map(AsRef::as_ref))?)
    }
}
