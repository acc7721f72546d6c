//! After a start: what the records left open, and setting right what died with the process before.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, pin_mut};
use storage::{Actor, Entry, Log};

use super::{EngineError, Scribe};
use crate::{
    journal::{CallOutcome, Event},
    run::Run,
};

/// Reads the log once; gives intents without outcome the outcome *unknown*, tells people whose command died with the process, and returns the
/// open runs.
pub(crate) async fn recover(log: &Log) -> Result<Vec<Run>, EngineError> {
    let mut open: BTreeMap<String, Run> = BTreeMap::new();
    let mut unanswered: BTreeMap<u64, Entry> = BTreeMap::new();
    let mut answered: BTreeSet<u64> = BTreeSet::new();
    let records = log.read(..);
    pin_mut!(records);
    while let Some(record) = records.next().await {
        let record = record?;
        if let Some(run) = Run::begin(&record) {
            open.insert(run.id.to_string(), run);
        } else if let Some(run) = record.run.as_deref().and_then(|run| open.get_mut(run)) {
            run.apply(&record)?;
        }
        match Event::of(&record) {
            Some(Event::RunEnded { .. }) => {
                record.run.as_deref().map(|run| open.remove(run));
            }
            Some(Event::CommandReceived { text }) => {
                let failed = Event::CommandFailed {
                    command: record.seq,
                    text,
                    error: "the bot stopped before it could answer; nothing was done, please repeat it".to_owned(),
                };
                let (event, data) = failed.into_parts()?;
                let answer = Entry {
                    actor: Actor::Bot,
                    origin: record.origin.clone(),
                    application: record.application.clone(),
                    run: record.run.clone(),
                    step: None,
                    event,
                    dedupe: None,
                    data,
                };
                unanswered.insert(record.seq, answer);
            }
            _ => answered.extend(record.data["command"].as_u64()),
        }
    }
    unanswered.retain(|command, _| !answered.contains(command));
    for answer in unanswered.into_values() {
        log.append(answer).await?;
    }
    for run in open.values() {
        set_right(log, run).await?;
    }
    let mut runs = Vec::new();
    for id in open.keys() {
        let records = log.run(id).await?;
        runs.extend(Run::fold(records.iter().map(AsRef::as_ref))?);
    }
    Ok(runs)
}

/// An intent whose outcome died with the process: the step observes before it acts.
async fn set_right(log: &Log, run: &Run) -> Result<(), EngineError> {
    let scribe = Scribe::new(log.clone(), run.application.clone(), run.id.clone());
    for (&intent, call) in run.calls.iter().filter(|(_, call)| call.outcome.is_none()) {
        let why = "the program stopped before the outcome could be recorded".to_owned();
        scribe.of_step(call.step).write(Event::CallFinished { intent, outcome: CallOutcome::Unknown { why } }).await?;
    }
    scribe.write(Event::RunResumed {}).await?;
    Ok(())
}
