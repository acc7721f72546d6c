//! One run as the channel sees it: its messages, and what is yet to be shown.

use std::{collections::BTreeMap, time::Duration};

use commands::{
    journal::{Event, Resolution},
    plan::StepId,
    run::{Run, StepState},
};
use jiff::Timestamp;
use storage::Record;
use tokio::time::Instant;

use super::{
    delivery::{Delivered, Delivery, Ended, Place, Post, Rest, Tries},
    questions::{Asked, ECHO, HANDOFF, Questions, asked, failed, failure, is_question},
};
use crate::slack::{
    kit::Message,
    messages::{self, Failure},
};

/// Least time between two edits of a run's message.
const EDIT_EVERY: Duration = Duration::from_secs(3);
/// Time after which a running run's message is edited though nothing happened, so that people see that it is alive.
const STILL_RUNNING: Duration = Duration::from_secs(15);
/// Stands between a message's name and how often it was posted anew because somebody had deleted it.
pub(super) const ANEW: char = '~';

/// The key of a run's message.
pub(super) fn key(run: &str, name: &str) -> String {
    format!("{run}/{name}")
}

/// How far the root message and its thread are brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Whole,
    /// Slack puts it off.
    Later,
    /// Somebody deleted the message.
    Gone,
}

/// A run and its messages.
pub(super) struct RunView {
    /// The run up to the record last shown.
    pub(super) run: Run,
    /// Where posted messages are, by name, and how often each was posted anew.
    posted: BTreeMap<String, (u32, Place)>,
    /// What people are asked.
    questions: Questions,
    /// Steps that failed and wait for an answer.
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
    /// When the root message or the thread is tried again that Slack put off.
    rest: Rest,
    ended_at: Option<Timestamp>,
}

impl RunView {
    /// A view of `run`; `records` are all that the log has of it, later ones included, since they say what was posted.
    pub(super) fn new<'a>(run: Run, records: impl Iterator<Item = &'a Record> + Clone) -> Self {
        let mut view = Self {
            posted: BTreeMap::new(),
            questions: Questions::new(),
            failures: BTreeMap::new(),
            lines: Vec::new(),
            threaded: 0,
            thread_known: false,
            pending_since: None,
            latest: (run.first, run.commanded_at),
            edited_at: Instant::now(),
            rest: Rest::new(),
            ended_at: None,
            run,
        };
        for asked in asked(&view.run, records.clone().filter(|record| record.seq <= view.run.latest)) {
            view.questions.ask(asked);
        }
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
    pub(super) fn known(&mut self, key: &str, place: Place) {
        let Some(name) = key.strip_prefix(self.run.id.as_str()).and_then(|rest| rest.strip_prefix('/')) else { return };
        let upto = name.strip_prefix("thread/").and_then(|upto| upto.parse().ok());
        self.threaded = self.threaded.max(upto.unwrap_or(0));
        if let Some((name, _)) = name.split_once(ECHO) {
            return self.questions.posted(name, None, place);
        }
        let (name, anew) = match name.split_once(ANEW) {
            Some((name, anew)) => (name, anew.parse().unwrap_or(0)),
            None => (name, 0),
        };
        if is_question(name) {
            self.questions.posted(name, Some(anew), place);
        } else {
            self.posted.insert(name.to_owned(), (anew, place));
        }
    }

    fn failed(&mut self, record: &Record, error: String) {
        let failure = failure(&self.run, record, error);
        self.failures.extend(failure.map(|failure| (failure.step, failure)));
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
        if !self.run.awaits_handoff() {
            self.questions.forget(HANDOFF);
        }
        self.latest = (record.seq, record.at);
        self.pending_since.get_or_insert(record.seq);
    }

    /// First record that is not shown whole.
    pub(super) fn pending_since(&self) -> Option<u64> {
        [self.pending_since, self.questions.unseen_since()].into_iter().flatten().min()
    }

    /// First record that has to be read again after a restart: what is asked is looked after until it is answered.
    pub(super) fn needed_since(&self) -> Option<u64> {
        [self.pending_since, self.questions.needed_since()].into_iter().flatten().min()
    }

    /// Whether the run ended and everything about it is told.
    pub(super) fn is_over(&self) -> bool {
        self.ended_at.is_some() && self.pending_since().is_none()
    }

    /// When a message of the run is to be edited, posted anew or looked for next; never while nothing moves and nothing is asked.
    pub(super) fn due(&self) -> Option<Instant> {
        [self.root_due(), self.questions.due()].into_iter().flatten().min()
    }

    fn root_due(&self) -> Option<Instant> {
        if self.pending_since.is_some() {
            return Some(self.rest.until().max(self.edited_at + EDIT_EVERY));
        }
        let running = self.run.steps.values().any(|step| step.state == StepState::Running);
        (running && self.ended_at.is_none()).then(|| self.rest.until().max(self.edited_at + STILL_RUNNING))
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
        let delivered = delivery.post_in_order(self.about(&key, None, cause, message)).await?;
        if let Delivered::At(place) | Delivered::WithoutButtons(place) = delivered {
            self.posted.insert(name.to_owned(), (anew, place));
        }
        Ok(())
    }

    /// Asks people what the record makes necessary.
    pub(super) async fn ask(&mut self, asked: Asked, delivery: &mut Delivery) -> Result<(), Ended> {
        self.questions.ask(asked);
        self.settle(delivery).await
    }

    /// Asks people about the step that failed.
    pub(super) async fn ask_about(&mut self, record: &Record, delivery: &mut Delivery) -> Result<(), Ended> {
        let failure = self.failures.values().find(|failure| failure.seq == record.seq);
        let cause = (record.seq, record.at);
        let asked = failure.map(|failure| Asked { name: failed(failure), message: messages::paused(failure), cause });
        match asked {
            Some(asked) => self.ask(asked, delivery).await,
            None => Ok(()),
        }
    }

    /// Lets a question say something else, and be still open or decided.
    pub(super) async fn change(
        &mut self,
        name: &str,
        message: Message,
        cause: (u64, Timestamp),
        is_open: bool,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        self.questions.change(name, message, cause, is_open);
        self.settle(delivery).await
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
        let message = messages::resolved(&failure, resolution, record);
        self.change(&failed(&failure), message, (record.seq, record.at), false, delivery).await
    }

    /// Takes the buttons from questions that the run's end, or who aborted it, left unanswered.
    pub(super) async fn close_questions(&mut self, record: &Record, delivery: &mut Delivery) -> Result<(), Ended> {
        for failure in std::mem::take(&mut self.failures).into_values() {
            let message = messages::overtaken(&failure, record);
            self.questions.change(&failed(&failure), message, (record.seq, record.at), false);
        }
        self.settle(delivery).await
    }

    async fn settle(&mut self, delivery: &mut Delivery) -> Result<(), Ended> {
        self.questions.settle((self.run.id.as_str(), &self.run.application), delivery).await
    }

    /// Brings up to date what is due; `page` is where the run's page is.
    pub(super) async fn flush_due(
        &mut self,
        now: Timestamp,
        page: Option<&str>,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        self.settle(delivery).await?;
        match self.root_due().is_some_and(|due| due <= Instant::now()) {
            true => self.flush(now, page, delivery).await,
            false => Ok(()),
        }
    }

    /// Brings the root message and its thread up to date.
    pub(super) async fn flush(
        &mut self,
        now: Timestamp,
        page: Option<&str>,
        delivery: &mut Delivery,
    ) -> Result<(), Ended> {
        match self.show(now, page, delivery).await? {
            true => {
                self.pending_since = None;
                self.rest = Rest::new();
            }
            false => self.rest.extend(),
        }
        self.edited_at = Instant::now();
        Ok(())
    }

    /// Brings the thread and the root message up to date. Whether that is done.
    async fn show(&mut self, now: Timestamp, page: Option<&str>, delivery: &mut Delivery) -> Result<bool, Ended> {
        let message = messages::linked(messages::progress(&self.run, self.ended_at.unwrap_or(now)), page);
        let Some((anew, root)) = self.posted.get("root").cloned() else {
            return self.begin(&message, delivery).await;
        };
        let mut shown = self.thread(&root, delivery).await?;
        if shown != Shown::Gone {
            let key = self.key("root");
            match delivery.update(&self.about(&key, None, self.latest, &message), &root).await? {
                Delivered::Gone => shown = Shown::Gone,
                Delivered::PutOff => shown = Shown::Later,
                Delivered::At(_) | Delivered::WithoutButtons(_) | Delivered::Refused | Delivered::Closed => {}
            }
        }
        if shown == Shown::Gone {
            tracing::warn!(run = self.run.id.as_str(), "somebody deleted the run's message; it is posted anew");
            self.post_anew("root", anew + 1, &message, self.latest, delivery).await?;
            shown = match self.posted.get("root").cloned() {
                Some((_, root)) => self.thread(&root, delivery).await?,
                None => Shown::Whole,
            };
        }
        Ok(shown != Shown::Later)
    }

    /// Posts the root message and what its thread has so far. Whether that is done; at the run's end, a root message that Slack refuses is given up.
    async fn begin(&mut self, message: &Message, delivery: &mut Delivery) -> Result<bool, Ended> {
        let (key, cause) = (self.key("root"), (self.run.first, self.run.commanded_at));
        match delivery.post(&self.about(&key, None, cause, message)).await? {
            Delivered::At(place) | Delivered::WithoutButtons(place) => {
                self.posted.insert("root".to_owned(), (0, place.clone()));
                Ok(self.thread(&place, delivery).await? == Shown::Whole)
            }
            Delivered::Refused => Ok(self.ended_at.is_some()),
            Delivered::Gone | Delivered::Closed | Delivered::PutOff => Ok(false),
        }
    }

    /// Brings the thread up to date.
    async fn thread(&mut self, root: &Place, delivery: &mut Delivery) -> Result<Shown, Ended> {
        self.ask_what_the_thread_has(root, delivery).await?;
        while !self.lines.is_empty() {
            let lines: Vec<String> = self.lines.iter().map(|(_, line)| line.clone()).collect();
            let some = messages::details_fit(&lines).max(1);
            let message = messages::details(&lines[..some]);
            let upto = self.lines.get(some - 1).map_or(0, |(last, _)| last + 1);
            let key = self.key(&format!("thread/{upto}"));
            match delivery.post(&self.about(&key, Some(root), self.latest, &message)).await? {
                Delivered::Gone => return Ok(Shown::Gone),
                Delivered::PutOff | Delivered::Closed => return Ok(Shown::Later),
                Delivered::At(_) | Delivered::WithoutButtons(_) | Delivered::Refused => {}
            }
            self.threaded = upto;
            self.lines.retain(|(seq, _)| *seq >= upto);
        }
        Ok(Shown::Whole)
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
        let tries = Tries::Aside(self.rest.failures());
        Post { key, application: Some(application), run: Some(run), thread, cause, message, tries }
    }

    fn key(&self, name: &str) -> String {
        key(self.run.id.as_str(), name)
    }
}
