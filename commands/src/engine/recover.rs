//! After a start: what the records left open, and setting right what died with the process before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::{StreamExt, pin_mut};
use storage::{Log, Record};

use super::{EngineError, Scribe};
use crate::{
    journal::{CallOutcome, Event},
    run::Run,
};

/// What was found open.
pub(crate) struct FoundOpen {
    /// Runs that have not ended.
    pub(crate) runs: Vec<Run>,
    /// Requests that were acknowledged and not answered, oldest first.
    pub(crate) unanswered: Vec<Arc<Record>>,
    /// Runs that ended and that another follows on, which has not begun.
    pub(crate) followed: Vec<Run>,
}

impl FoundOpen {
    /// Number of the first record that any of it needs.
    fn begins(&self) -> Option<u64> {
        let runs = self.runs.iter().chain(&self.followed).map(|run| run.command);
        runs.chain(self.unanswered.iter().map(|record| record.seq)).min()
    }
}

/// Name of the cursor in the store: nothing below it was open at the last start. Derived, as all cursors are: without it everything is read.
const SETTLED: &str = "settled";

/// Reads the log once, from where nothing was open, for what it left open.
pub(crate) async fn read_open(log: &Log) -> Result<FoundOpen, EngineError> {
    let mut open: BTreeMap<String, Run> = BTreeMap::new();
    let mut received: BTreeMap<u64, Arc<Record>> = BTreeMap::new();
    let mut answered: BTreeSet<u64> = BTreeSet::new();
    let mut followed: BTreeMap<String, Run> = BTreeMap::new();
    let size = log.head().size;
    let from = log.cursor(SETTLED).await?.unwrap_or(0).min(size);
    let records = log.read(from..size);
    pin_mut!(records);
    while let Some(record) = records.next().await {
        let record = record?;
        if let Some(run) = Run::begin(&record) {
            followed.remove(&run.application);
            open.insert(run.id.to_string(), run);
        } else if let Some(run) = record.run.as_deref().and_then(|run| open.get_mut(run)) {
            run.apply(&record)?;
        }
        answered.extend(record.data["command"].as_u64());
        match Event::of(&record) {
            Some(Event::CommandReceived { .. }) => {
                received.insert(record.seq, record);
            }
            Some(Event::RunEnded { .. }) => {
                let ended = record.run.as_deref().and_then(|run| open.remove(run));
                followed.extend(ended.filter(Run::has_successor).map(|run| (run.application.clone(), run)));
            }
            // People were told that it does not go on, and why.
            Some(Event::CommandFailed { command, .. }) => followed.retain(|_, run| run.successor_answers() != command),
            _ => {}
        }
    }
    received.retain(|command, _| !answered.contains(command));
    let found = FoundOpen {
        runs: open.into_values().collect(),
        unanswered: received.into_values().collect(),
        followed: followed.into_values().collect(),
    };
    log.set_cursor(SETTLED, found.begins().unwrap_or(size)).await?;
    Ok(found)
}

/// Records that the run is taken up, and that an outcome which died with the process is unknown: the step observes before it acts.
pub(crate) async fn set_right(log: &Log, mut run: Run) -> Result<Run, EngineError> {
    let scribe = Scribe::new(log.clone(), run.application.clone(), run.id.clone());
    let mut written = Vec::new();
    for (&intent, call) in run.calls.iter().filter(|(_, call)| call.outcome.is_none()) {
        let why = "the program stopped before the outcome could be recorded".to_owned();
        let outcome = CallOutcome::Unknown { why };
        let finished = Event::CallFinished { intent, outcome, tries: 1, answers: BTreeMap::new() };
        written.push(scribe.of_step(call.step).write(finished).await?);
    }
    written.push(scribe.write(Event::RunResumed {}).await?);
    for record in written {
        run.apply(&record)?;
    }
    Ok(run)
}
