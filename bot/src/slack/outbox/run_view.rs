//! One run as the channel sees it: its messages, and what is yet to be shown.

use std::collections::BTreeMap;

use commands::{
    journal::{Event, Resolution},
    plan::StepId,
    run::{Run, StepState},
};
use jiff::Timestamp;
use storage::Record;
use tokio::time::Instant;

use super::{
    EDIT_EVERY, STILL_RUNNING,
    delivery::{About, Delivery, Ended},
};
use crate::slack::{
    kit::Message,
    messages::{self, Failure},
};

/// Most lines in one message of the thread.
const LINES: usize = 25;

/// A run and its messages.
pub(super) struct RunView {
    /// The run up to the record last shown.
    pub(super) run: Run,
    channel: String,
    /// `ts` of posted messages by key.
    posted: BTreeMap<String, String>,
    /// The question about a step that failed, by step.
    failures: BTreeMap<StepId, Failure>,
    /// Lines that the thread does not have yet, by their record's number.
    lines: Vec<(u64, String)>,
    /// The thread has the lines of all records below this number.
    threaded: u64,
    /// First record that the root message does not show.
    pending_since: Option<u64>,
    edited_at: Instant,
    ended_at: Option<Timestamp>,
}

impl RunView {
    /// A view of `run`; `records` are all that the log has of it, later ones included, since they say what was posted.
    pub(super) fn new<'a>(run: Run, channel: String, records: impl Iterator<Item = &'a Record>) -> Self {
        let mut view = Self {
            channel,
            posted: BTreeMap::new(),
            failures: BTreeMap::new(),
            lines: Vec::new(),
            threaded: 0,
            pending_since: None,
            edited_at: Instant::now(),
            ended_at: None,
            run,
        };
        for record in records {
            match Event::of(record) {
                Some(Event::MessagePosted { key, ts, .. }) => view.known(key, ts),
                Some(Event::StepFailed { best_effort: false, error }) if record.seq <= view.run.latest => {
                    view.failed(record, error)
                }
                // The latest record is yet to be shown.
                Some(Event::StepResolved { .. }) if record.seq < view.run.latest => {
                    record.step.as_deref().and_then(StepId::named).and_then(|step| view.failures.remove(&step));
                }
                _ => {}
            }
        }
        view
    }

    fn known(&mut self, key: String, ts: String) {
        let upto = key.rsplit_once("/thread/").and_then(|(_, upto)| upto.parse().ok());
        self.threaded = self.threaded.max(upto.unwrap_or(0));
        self.posted.insert(key, ts);
    }

    fn failed(&mut self, record: &Record, error: String) {
        let Some(step) = record.step.as_deref().and_then(StepId::named) else { return };
        let failure = Failure {
            run: self.run.id.clone(),
            application: self.run.application.clone(),
            step,
            error,
            may_skip: self.run.runbook().step(step).is_some_and(|step| step.may_skip),
            seq: record.seq,
        };
        self.failures.insert(step, failure);
    }

    /// Takes in the next record.
    pub(super) fn apply(&mut self, record: &Record, event: &Event) {
        if let Err(error) = self.run.apply(record) {
            tracing::error!(%error, "a run is shown as it was before");
        }
        if record.seq >= self.threaded
            && let Some(line) = messages::detail(&self.run, record, event)
        {
            self.lines.push((record.seq, line));
        }
        match event {
            Event::StepFailed { best_effort: false, error } => self.failed(record, error.clone()),
            Event::RunEnded { .. } => self.ended_at = Some(record.at),
            _ => {}
        }
        self.pending_since.get_or_insert(record.seq);
    }

    /// First record that is not shown whole.
    pub(super) fn pending_since(&self) -> Option<u64> {
        self.pending_since
    }

    /// When the root message is to be edited next; never while nothing moves.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.pending_since.is_some() {
            return Some(self.edited_at + EDIT_EVERY);
        }
        let running = self.run.steps.values().any(|step| step.state == StepState::Running);
        running.then(|| self.edited_at + STILL_RUNNING)
    }

    /// Posts a top-level message, unless it was posted before.
    pub(super) async fn post(&mut self, key: &str, message: &Message, delivery: &mut Delivery) -> Result<(), Ended> {
        let key = self.key(key);
        if self.posted.contains_key(&key) {
            return Ok(());
        }
        if let Some(ts) = delivery.post(&key, &self.about(), &self.channel, None, message).await? {
            self.posted.insert(key, ts);
        }
        Ok(())
    }

    /// Edits a message, if it was posted.
    pub(super) async fn edit(&mut self, key: &str, message: &Message, delivery: &mut Delivery) -> Result<(), Ended> {
        let key = self.key(key);
        match self.posted.get(&key) {
            Some(ts) => delivery.update(&key, &self.channel, ts, message).await,
            None => Ok(()),
        }
    }

    /// Asks people about the step that failed.
    pub(super) async fn ask(&mut self, record: &Record, delivery: &mut Delivery) -> Result<(), Ended> {
        let failure = self.failures.values().find(|failure| failure.seq == record.seq);
        let Some((key, message)) = failure.map(|failure| (failure_key(failure), messages::paused(failure))) else {
            return Ok(());
        };
        self.post(&key, &message, delivery).await
    }

    /// Replaces the buttons of the step's question by who answered it.
    pub(super) async fn resolve(
        &mut self,
        record: &Record,
        resolution: Resolution,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        let failure = record.step.as_deref().and_then(StepId::named).and_then(|step| self.failures.remove(&step));
        let Some(failure) = failure else { return Ok(()) };
        self.edit(&failure_key(&failure), &messages::resolved(&failure, resolution, record), delivery).await
    }

    /// Takes the buttons from questions that the run's end left unanswered.
    pub(super) async fn close_questions(&mut self, record: &Record, delivery: &mut Delivery) -> Result<(), Ended> {
        for failure in std::mem::take(&mut self.failures).into_values() {
            self.edit(&failure_key(&failure), &messages::overtaken(&failure, record), delivery).await?;
        }
        Ok(())
    }

    /// Brings the thread and the root message up to date.
    pub(super) async fn flush(&mut self, now: Timestamp, delivery: &mut Delivery) -> Result<(), Ended> {
        if let Some(root) = self.posted.get(&self.key("root")).cloned() {
            while !self.lines.is_empty() {
                let rest = self.lines.split_off(self.lines.len().min(LINES));
                let some = std::mem::replace(&mut self.lines, rest);
                let upto = some.last().map_or(0, |(seq, _)| seq + 1);
                let key = self.key(&format!("thread/{upto}"));
                let lines: Vec<String> = some.into_iter().map(|(_, line)| line).collect();
                delivery.post(&key, &self.about(), &self.channel, Some(&root), &messages::details(&lines)).await?;
                self.threaded = upto;
            }
            let message = messages::progress(&self.run, self.ended_at.unwrap_or(now));
            self.edit("root", &message, delivery).await?;
        }
        self.pending_since = None;
        self.edited_at = Instant::now();
        Ok(())
    }

    fn about(&self) -> About<'_> {
        About { application: Some(&self.run.application), run: Some(self.run.id.as_str()) }
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.run.id)
    }
}

fn failure_key(failure: &Failure) -> String {
    format!("failed/{}", failure.seq)
}
