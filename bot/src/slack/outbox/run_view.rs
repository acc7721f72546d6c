//! One run as the channel sees it: its messages, and what is yet to be shown.

use std::{collections::BTreeMap, time::Duration};

use commands::{
    choices::leads_to,
    journal::{Event, Resolution},
    plan::StepId,
    run::{Run, StepState},
};
use jiff::Timestamp;
use storage::Record;
use tokio::time::Instant;

use super::delivery::{Delivered, Delivery, Ended, Place, Post};
use crate::slack::{
    kit::Message,
    messages::{self, Failure},
};

/// Least time between two edits of a run's message.
const EDIT_EVERY: Duration = Duration::from_secs(3);
/// Time after which a running run's message is edited though nothing happened, so that people see that it is alive.
const STILL_RUNNING: Duration = Duration::from_secs(15);
/// Stands between a message's name and how often it was posted anew because somebody had deleted it.
const ANEW: char = '~';

/// A run and its messages.
pub(super) struct RunView {
    /// The run up to the record last shown.
    pub(super) run: Run,
    /// Where posted messages are, by name, and how often each was posted anew.
    posted: BTreeMap<String, (u32, Place)>,
    /// The question about a step that failed, by step.
    failures: BTreeMap<StepId, Failure>,
    /// Lines that the thread does not have yet, by their record's number.
    lines: Vec<(u64, String)>,
    /// The thread has the lines of all records below this number.
    threaded: u64,
    /// Whether it was asked what an earlier process left in the thread.
    thread_known: bool,
    /// First record that the root message does not show.
    pending_since: Option<u64>,
    /// Number and time of the record last shown.
    latest: (u64, Timestamp),
    edited_at: Instant,
    ended_at: Option<Timestamp>,
}

impl RunView {
    /// A view of `run`; `records` are all that the log has of it, later ones included, since they say what was posted.
    pub(super) fn new<'a>(run: Run, records: impl Iterator<Item = &'a Record>) -> Self {
        let mut view = Self {
            posted: BTreeMap::new(),
            failures: BTreeMap::new(),
            lines: Vec::new(),
            threaded: 0,
            thread_known: false,
            pending_since: None,
            latest: (run.first, run.commanded_at),
            edited_at: Instant::now(),
            ended_at: None,
            run,
        };
        for record in records {
            match Event::of(record) {
                Some(Event::MessagePosted { key, channel, ts }) => view.known(&key, Place { channel, ts }),
                Some(Event::StepFailed { best_effort: false, error }) if record.seq <= view.run.latest => {
                    view.failed(record, error)
                }
                // The latest record is yet to be shown.
                Some(Event::StepResolved { .. }) if record.seq < view.run.latest => {
                    record.step.as_deref().and_then(StepId::named).and_then(|step| view.failures.remove(&step));
                }
                Some(Event::RunAborted { .. }) if record.seq < view.run.latest => view.failures.clear(),
                _ => {}
            }
        }
        view
    }

    /// Takes in that a message was posted.
    fn known(&mut self, key: &str, place: Place) {
        let Some(name) = key.strip_prefix(self.run.id.as_str()).and_then(|rest| rest.strip_prefix('/')) else { return };
        let upto = name.strip_prefix("thread/").and_then(|upto| upto.parse().ok());
        self.threaded = self.threaded.max(upto.unwrap_or(0));
        let (name, anew) = match name.split_once(ANEW) {
            Some((name, anew)) => (name, anew.parse().unwrap_or(0)),
            None => (name, 0),
        };
        self.posted.insert(name.to_owned(), (anew, place));
    }

    fn failed(&mut self, record: &Record, error: String) {
        let Some(step) = record.step.as_deref().and_then(StepId::named) else { return };
        let choices = self.run.resolutions(step).into_iter();
        let failure = Failure {
            run: self.run.id.clone(),
            application: messages::named(&self.run.plan),
            environment: self.run.plan.environment,
            step,
            error,
            choices: choices.map(|choice| (choice, leads_to(&self.run.plan, step, choice))).collect(),
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
        self.latest = (record.seq, record.at);
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

    /// Posts a top-level message, unless it was posted before. `cause` is the number and the time of the record that it tells of.
    pub(super) async fn post(
        &mut self,
        name: &str,
        message: &Message,
        cause: (u64, Timestamp),
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        if self.posted.contains_key(name) {
            return Ok(());
        }
        self.post_anew(name, 0, message, cause, delivery).await
    }

    async fn post_anew(
        &mut self,
        name: &str,
        anew: u32,
        message: &Message,
        cause: (u64, Timestamp),
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        let key = if anew == 0 { self.key(name) } else { self.key(&format!("{name}{ANEW}{anew}")) };
        if let Delivered::At(place) = delivery.post(&self.about(&key, None, cause, message)).await? {
            self.posted.insert(name.to_owned(), (anew, place));
        }
        Ok(())
    }

    /// Edits a message, if it was posted. One that somebody deleted is left so: what the edit would say stands elsewhere, too.
    pub(super) async fn edit(
        &mut self,
        name: &str,
        message: &Message,
        cause: (u64, Timestamp),
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        let Some((_, place)) = self.posted.get(name) else { return Ok(()) };
        let key = self.key(name);
        if delivery.update(&self.about(&key, None, cause, message), place).await? == Delivered::Gone {
            delivery.report_gone(&self.about(&key, None, cause, message), place).await;
        }
        Ok(())
    }

    /// Asks people about the step that failed.
    pub(super) async fn ask(&mut self, record: &Record, delivery: &mut Delivery) -> Result<(), Ended> {
        let failure = self.failures.values().find(|failure| failure.seq == record.seq);
        let Some((key, message)) = failure.map(|failure| (failure_key(failure), messages::paused(failure))) else {
            return Ok(());
        };
        self.post(&key, &message, (record.seq, record.at), delivery).await
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
        let (key, message) = (failure_key(&failure), messages::resolved(&failure, resolution, record));
        self.edit(&key, &message, (record.seq, record.at), delivery).await
    }

    /// Takes the buttons from questions that the run's end, or who aborted it, left unanswered.
    pub(super) async fn close_questions(&mut self, record: &Record, delivery: &mut Delivery) -> Result<(), Ended> {
        for failure in std::mem::take(&mut self.failures).into_values() {
            let (key, message) = (failure_key(&failure), messages::overtaken(&failure, record));
            self.edit(&key, &message, (record.seq, record.at), delivery).await?;
        }
        Ok(())
    }

    /// Brings the thread and the root message up to date; `page` is where the run's page is.
    pub(super) async fn flush(
        &mut self,
        now: Timestamp,
        page: Option<&str>,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        let message = messages::linked(messages::progress(&self.run, self.ended_at.unwrap_or(now)), page);
        if let Some((anew, root)) = self.posted.get("root").cloned() {
            let key = self.key("root");
            let there = self.thread(&root, delivery).await?
                && delivery.update(&self.about(&key, None, self.latest, &message), &root).await? != Delivered::Gone;
            if !there {
                tracing::warn!(run = self.run.id.as_str(), "somebody deleted the run's message; it is posted anew");
                self.post_anew("root", anew + 1, &message, self.latest, delivery).await?;
                if let Some((_, root)) = self.posted.get("root").cloned() {
                    self.thread(&root, delivery).await?;
                }
            }
        }
        self.pending_since = None;
        self.edited_at = Instant::now();
        Ok(())
    }

    /// Brings the thread up to date. Whether there is still a message that it hangs on.
    async fn thread(&mut self, root: &Place, delivery: &mut Delivery) -> Result<bool, Ended> {
        self.ask_what_the_thread_has(root, delivery).await?;
        while !self.lines.is_empty() {
            let lines: Vec<String> = self.lines.iter().map(|(_, line)| line.clone()).collect();
            let some = messages::details_fit(&lines).max(1);
            let message = messages::details(&lines[..some]);
            let upto = self.lines.get(some - 1).map_or(0, |(last, _)| last + 1);
            let key = self.key(&format!("thread/{upto}"));
            if delivery.post(&self.about(&key, Some(root), self.latest, &message)).await? == Delivered::Gone {
                return Ok(false);
            }
            self.threaded = upto;
            self.lines.retain(|(seq, _)| *seq >= upto);
        }
        Ok(true)
    }

    /// Lines that an earlier process posted, without being able to record it, are not posted again with others beside them.
    async fn ask_what_the_thread_has(&mut self, root: &Place, delivery: &mut Delivery) -> Result<(), Ended> {
        let first = self.lines.first().map(|(seq, _)| *seq);
        if self.thread_known || !first.is_some_and(|first| delivery.may_be_posted(first)) {
            return Ok(());
        }
        for (key, place) in delivery.in_thread(root, self.run.commanded_at).await? {
            if !delivery.was_posted(&key).await? {
                delivery.record_found(self.application_and_run(), &key, &place).await;
                self.known(&key, place);
            }
        }
        self.lines.retain(|(seq, _)| *seq >= self.threaded);
        self.thread_known = true;
        Ok(())
    }

    fn application_and_run(&self) -> (&str, &str) {
        (&self.run.application, self.run.id.as_str())
    }

    fn about<'a>(
        &'a self,
        key: &'a str,
        thread: Option<&'a Place>,
        cause: (u64, Timestamp),
        message: &'a Message,
    ) -> Post<'a> {
        let (application, run) = self.application_and_run();
        Post { key, application: Some(application), run: Some(run), thread, cause, message }
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.run.id)
    }
}

fn failure_key(failure: &Failure) -> String {
    format!("failed/{}", failure.seq)
}
