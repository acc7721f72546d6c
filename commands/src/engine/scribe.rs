//! Writing events to the log.

use std::sync::Arc;

use storage::{Actor, Appended, Entry, Log, Origin, Record};

use super::EngineError;
use crate::{ids::RunId, journal::Event, plan::StepId};

/// Appends an event and returns its record. With a `dedupe` key that is taken, nothing is appended and the answer is `None`.
pub(crate) async fn append(log: &Log, mut entry: Entry, event: Event) -> Result<Option<Arc<Record>>, EngineError> {
    (entry.event, entry.data) = event.into_parts()?;
    Ok(match log.append(entry).await? {
        Appended::New(record) => Some(record),
        Appended::Duplicate { .. } => None,
    })
}

/// Writes the bot's own events about one run.
#[derive(Debug, Clone)]
pub(crate) struct Scribe {
    log: Log,
    application: String,
    run: RunId,
    step: Option<StepId>,
}

impl Scribe {
    pub(crate) fn new(log: Log, application: String, run: RunId) -> Self {
        Self { log, application, run, step: None }
    }

    /// The same for one step's events.
    pub(crate) fn of_step(&self, step: StepId) -> Self {
        Self { step: Some(step), ..self.clone() }
    }

    /// Appends an event.
    pub(crate) async fn write(&self, event: Event) -> Result<Arc<Record>, EngineError> {
        append(&self.log, self.entry(None), event).await?.ok_or(EngineError::Duplicate)
    }

    /// Appends an event unless one with that key exists.
    pub(crate) async fn write_once(&self, key: String, event: Event) -> Result<Option<Arc<Record>>, EngineError> {
        append(&self.log, self.entry(Some(key)), event).await
    }

    /// The run that it writes about.
    pub(crate) fn run(&self) -> &RunId {
        &self.run
    }

    /// Number that the next record will have.
    pub(crate) fn next(&self) -> u64 {
        self.log.head().size
    }

    fn entry(&self, dedupe: Option<String>) -> Entry {
        Entry {
            actor: Actor::Bot,
            origin: Origin::System,
            application: Some(self.application.clone()),
            run: Some(self.run.to_string()),
            step: self.step.map(|step| step.name().to_owned()),
            event: String::new(),
            dedupe,
            data: serde_json::Value::Null,
        }
    }
}
