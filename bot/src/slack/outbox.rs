//! The log, as the incident channel sees it: a task that follows the log from its cursor and posts, edits and threads
//! messages.
//!
//! It is a projection: Slack may be down for an hour, and the messages catch up. What was posted is a record
//! (`message.posted`) under a key, so that neither a restart nor a lost cursor posts anything twice. A crash between
//! Slack's answer and that record can; Slack offers no key to prevent it.

mod delivery;
mod run_view;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::{
    journal::{CallOutcome, Event},
    plan::StepId,
    run::Run,
};
use futures::StreamExt as _;
use storage::{Checkpoint, Clock, Log, Origin, ReadError, Record};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::{
    delivery::{About, Delivery, Ended},
    run_view::RunView,
};
use super::{api::Api, kit::Message, messages};

/// Name of the cursor in the store.
const CURSOR: &str = "slack";
/// Least time between two edits of a run's message (`chat.update` allows 50 a minute).
const EDIT_EVERY: Duration = Duration::from_secs(3);
/// Time after which a running run's message is edited though nothing happened, so that people see that it is alive.
const STILL_RUNNING: Duration = Duration::from_secs(15);

/// How far the outbox is, for metrics.
#[derive(Debug, Default)]
pub struct Progress {
    /// Number of the first record that is not yet shown.
    pub next: AtomicU64,
    /// Messages given up because Slack refused them.
    pub refused: AtomicU64,
}

/// The task's parts.
pub struct Outbox {
    log: Log,
    clock: Clock,
    /// Incident channel of each application.
    channels: BTreeMap<String, String>,
    delivery: Delivery,
    runs: BTreeMap<String, RunView>,
    progress: Arc<Progress>,
}

impl Outbox {
    /// An outbox that posts through `api` until `stop` is cancelled.
    pub fn new(log: Log, api: Api, channels: BTreeMap<String, String>, clock: Clock, stop: CancellationToken) -> Self {
        let progress = Arc::new(Progress::default());
        let delivery = Delivery::new(log.clone(), api, progress.clone(), stop);
        Self { log, clock, channels, delivery, runs: BTreeMap::new(), progress }
    }

    /// How far it is.
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Follows the log until stopped. What is not shown by then is shown after the next start.
    pub async fn run(mut self) {
        match self.follow().await {
            Ok(()) | Err(Ended::Stopped) => {}
            Err(Ended::Unreadable(error)) => {
                tracing::error!(%error, "the outbox cannot read the log; nothing more is posted")
            }
        }
    }

    async fn follow(&mut self) -> Result<(), Ended> {
        let from = self.log.cursor(CURSOR).await?.unwrap_or(0).min(self.log.head().size);
        self.progress.next.store(from, Ordering::Relaxed);
        let mut records = Box::pin(self.log.follow(from));
        loop {
            let due = self.runs.values().filter_map(RunView::due).min();
            let stopped = self.delivery.stopped();
            tokio::select! {
                biased;
                () = stopped => return Ok(()),
                // An edit that is due goes before new records, or a busy log would keep it waiting.
                () = at(due) => self.flush_due().await?,
                record = records.next() => match record {
                    Some(record) => {
                        let record = record?;
                        self.show(&record).await?;
                    }
                    None => return Ok(()),
                },
            }
            self.remember().await?;
        }
    }

    /// Keeps the cursor at the first record that is not shown whole.
    async fn remember(&mut self) -> Result<(), Ended> {
        let shown = self.delivery.next;
        let next = self.runs.values().filter_map(RunView::pending_since).min().unwrap_or(shown).min(shown);
        if self.progress.next.swap(next, Ordering::Relaxed) != next {
            self.log.set_cursor(CURSOR, next).await?;
        }
        Ok(())
    }

    async fn show(&mut self, record: &Record) -> Result<(), Ended> {
        if let Some(event) = Event::of(record) {
            match &event {
                // Told at once, or not for the channel.
                Event::MessagePosted { .. } | Event::CommandReceived { .. } | Event::CommandRefused { .. } => {}
                Event::StatusAnswered { status, .. } => {
                    self.answer(record, &messages::status(status, record.seq)).await?
                }
                Event::PlanAnswered { plan, .. } => self.answer(record, &messages::plan(plan, record.seq)).await?,
                Event::HistoryAnswered { history, .. } => {
                    self.answer(record, &messages::history(history, record.seq)).await?
                }
                Event::ReportAnswered { timeline, .. } => {
                    self.answer(record, &messages::timeline(timeline, record.seq)).await?
                }
                Event::HandoffLooked { lacks, .. } => {
                    let application = record.application.as_deref().unwrap_or_default();
                    self.answer(record, &messages::looked(application, lacks.as_deref(), record.seq)).await?
                }
                Event::CommandFailed { text, error, .. } => {
                    self.answer(record, &messages::failed(text, error, record.seq)).await?
                }
                _ => self.show_run(record, &event).await?,
            }
        } else if let Some(checkpoint) = Checkpoint::of(record) {
            self.witness(record, &checkpoint).await?;
        }
        self.delivery.next = record.seq + 1;
        Ok(())
    }

    /// Answers where it was asked; at the terminal, the terminal answers.
    async fn answer(&mut self, record: &Record, message: &Message) -> Result<(), Ended> {
        let Origin::Slack { channel, .. } = &record.origin else { return Ok(()) };
        let key = format!("answer/{}", record.seq);
        if self.delivery.was_posted(&key).await? {
            return Ok(());
        }
        let about = About { application: record.application.as_deref(), run: None };
        self.delivery.post(&key, &about, channel, None, message).await?;
        Ok(())
    }

    /// Posts what was signed when a run ended, where its people see it.
    async fn witness(&mut self, record: &Record, checkpoint: &Checkpoint) -> Result<(), Ended> {
        let channel = record.application.as_ref().and_then(|application| self.channels.get(application)).cloned();
        let Some(channel) = channel.filter(|_| record.data["reason"] == "run.ended") else { return Ok(()) };
        let key = format!("checkpoint/{}", record.seq);
        if self.delivery.was_posted(&key).await? {
            return Ok(());
        }
        let message = messages::checkpoint(checkpoint, record.run.as_deref(), record.seq);
        let about = About { application: record.application.as_deref(), run: record.run.as_deref() };
        self.delivery.post(&key, &about, &channel, None, &message).await?;
        Ok(())
    }

    async fn show_run(&mut self, record: &Record, event: &Event) -> Result<(), Ended> {
        let Some(id) = record.run.clone() else { return Ok(()) };
        if !self.runs.contains_key(&id) {
            match self.load(record, &id).await? {
                Some(view) => self.runs.insert(id.clone(), view),
                None => return Ok(()),
            };
        }
        let Some(view) = self.runs.get_mut(&id) else { return Ok(()) };
        view.apply(record, event);
        self.announce(&id, record, event).await?;
        if matches!(event, Event::RunEnded { .. }) {
            self.flush(&id).await?;
            self.runs.remove(&id);
        }
        Ok(())
    }

    /// The run as it was before `record`, with everything that was ever posted for it.
    async fn load(&self, record: &Record, id: &str) -> Result<Option<RunView>, Ended> {
        let records = self.log.run(id).await?;
        let before = records.iter().map(AsRef::as_ref).filter(|known: &&Record| known.seq <= record.seq);
        let run = match Run::fold(before) {
            Ok(Some(run)) => run,
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::error!(%error, "a run cannot be shown");
                return Ok(None);
            }
        };
        let Some(channel) = self.channel(&run) else { return Ok(None) };
        Ok(Some(RunView::new(run, channel, records.iter().map(AsRef::as_ref))))
    }

    /// The application's incident channel; where it was asked, if the configuration no longer knows the application.
    fn channel(&self, run: &Run) -> Option<String> {
        let asked_in = match &run.origin {
            Origin::Slack { channel, .. } => Some(channel),
            _ => None,
        };
        self.channels.get(&run.application).or(asked_in).cloned()
    }

    /// New messages, for what people must not miss, and the end of buttons that were pressed.
    async fn announce(&mut self, id: &str, record: &Record, event: &Event) -> Result<(), Ended> {
        let Some(view) = self.runs.get_mut(id) else { return Ok(()) };
        let run = &view.run;
        match event {
            Event::RunStarted { .. } => {
                let message = messages::progress(run, record.at);
                view.post("root", &message, &mut self.delivery).await
            }
            Event::GateOpened { .. } => match &run.gate {
                Some(gate) => {
                    let message = messages::gate(run, gate);
                    view.post("gate", &message, &mut self.delivery).await
                }
                None => Ok(()),
            },
            Event::GateDecided { .. } => match run.gate.as_ref().zip(run.decided()) {
                Some((gate, decided)) => {
                    let message = messages::decided(run, gate, decided);
                    view.edit("gate", &message, &mut self.delivery).await
                }
                None => Ok(()),
            },
            Event::CallFinished { outcome, .. } if moves_the_writer(record, outcome) => {
                let message = messages::no_return(run, outcome, record.seq);
                view.post("no-return", &message, &mut self.delivery).await
            }
            Event::HandoffGiven { text } => {
                let message = messages::handoff(run, text, record.seq);
                view.post("handoff", &message, &mut self.delivery).await
            }
            Event::StepFailed { best_effort: false, .. } => view.ask(record, &mut self.delivery).await,
            Event::StepResolved { resolution, .. } => view.resolve(record, *resolution, &mut self.delivery).await,
            Event::RunEnded { report } => {
                let message = messages::report(run, report, record.seq, &self.log.head());
                view.post("report", &message, &mut self.delivery).await?;
                view.close_questions(record, &mut self.delivery).await
            }
            _ => Ok(()),
        }
    }

    async fn flush_due(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        let due: Vec<String> = self
            .runs
            .iter()
            .filter(|(_, view)| view.due().is_some_and(|due| due <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.flush(&id).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, id: &str) -> Result<(), Ended> {
        match self.runs.get_mut(id) {
            Some(view) => view.flush(self.clock.now(), &mut self.delivery).await,
            None => Ok(()),
        }
    }
}

/// Whether the call that moves the writer was accepted, or may have been.
fn moves_the_writer(record: &Record, outcome: &CallOutcome) -> bool {
    record.step.as_deref() == Some(StepId::Database.name()) && !matches!(outcome, CallOutcome::Failed { .. })
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl From<ReadError> for Ended {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

#[cfg(test)]
mod tests;
