//! Getting one message through: at Slack's pace, again when Slack fails, elsewhere when the channel is closed, in a simpler form when Slack
//! does not take it, never twice, and remembered in the log.
//!
//! Slack offers no key that would keep a message from being posted twice. So each carries a mark in its metadata, and whenever a message may be
//! there already it is looked for first: when the answer to a post was lost, and when the program may have died between Slack's answer and the
//! record of it.

use std::{future::Future, sync::Arc, sync::atomic::Ordering, time::Duration};

use commands::journal::Event;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use storage::{Actor, Clock, Entry, Log, Origin, ReadError};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::{
    pace::{Act, Pace},
    progress::{LaneProgress, Trouble},
};
use crate::slack::{
    api::{Api, ApiError, Blame, Mark, Refusal},
    kit::{Form, Message},
};

/// First and longest wait after a failure. There is no last: what is to be told waits for as long as Slack is away.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Failures in a row after which Slack counts as away.
const AWAY: u32 = 4;
/// How far Slack's clock and this host's may be apart, and more.
const SKEW: Duration = Duration::from_secs(600);

/// Why following the log ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// As asked.
    Stopped,
    /// The log cannot be read.
    Unreadable(ReadError),
}

impl From<ReadError> for Ended {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) channel: String,
    pub(super) ts: String,
}

/// A message to be posted.
pub(super) struct Post<'a> {
    /// Its name, under which it is posted once only.
    pub(super) key: &'a str,
    /// What it is about, as the record of its posting says.
    pub(super) application: Option<&'a str>,
    pub(super) run: Option<&'a str>,
    /// The message whose thread it belongs to.
    pub(super) thread: Option<&'a Place>,
    /// Number and time of the record that it tells of.
    pub(super) cause: (u64, Timestamp),
    pub(super) message: &'a Message,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivered {
    /// It is there.
    At(Place),
    /// What it was to edit or to answer is gone.
    Gone,
    /// It was given up, and that is on record.
    Refused,
}

/// The way to one channel.
pub(super) struct Delivery {
    log: Log,
    api: Api,
    clock: Clock,
    pace: Arc<Pace>,
    progress: Arc<LaneProgress>,
    stop: CancellationToken,
    /// The channel.
    pub(super) home: String,
    fallback: Option<String>,
    born: u64,
    /// When the log began, which tells it from others whose bots post to the same channel.
    identity: Option<String>,
}

/// What a delivery is made of.
pub(super) struct Way {
    pub(super) log: Log,
    pub(super) api: Api,
    pub(super) clock: Clock,
    pub(super) pace: Arc<Pace>,
    pub(super) progress: Arc<LaneProgress>,
    pub(super) stop: CancellationToken,
    pub(super) home: String,
    pub(super) fallback: Option<String>,
    /// Messages that tell of records below this number may have been posted by an earlier process.
    pub(super) born: u64,
}

/// Failures in a row and what to wait for next.
struct Patience {
    failures: u32,
    wait: Duration,
}

impl Patience {
    fn new() -> Self {
        Self { failures: 0, wait: BACKOFF.0 }
    }
}

impl Delivery {
    pub(super) fn new(way: Way) -> Self {
        let Way { log, api, clock, pace, progress, stop, home, fallback, born } = way;
        Self { log, api, clock, pace, progress, stop, home, fallback, born, identity: None }
    }

    /// Ends when the outbox is to stop.
    pub(super) fn stopped(&self) -> WaitForCancellationFutureOwned {
        self.stop.clone().cancelled_owned()
    }

    /// Everything below that record is shown.
    pub(super) fn reached(&self, next: u64) {
        self.progress.next.store(next, Ordering::Relaxed);
    }

    /// When an edit would not have to wait.
    pub(super) fn edits_free_at(&self) -> Option<Instant> {
        self.pace.free_at(&Act::Edit)
    }

    /// Whether a message that tells of that record may have been posted by an earlier process.
    pub(super) fn may_be_posted(&self, cause: u64) -> bool {
        cause < self.born
    }

    /// Posts a message and records it under its key, unless that was done before.
    pub(super) async fn post(&mut self, post: &Post<'_>) -> Result<Delivered, Ended> {
        let mut targets = match post.thread {
            Some(root) => vec![root.channel.clone()],
            None => std::iter::once(&self.home).chain(&self.fallback).cloned().collect(),
        };
        let mark = Mark { key: post.key.to_owned(), log: self.identity().await? };
        let thread = post.thread.map(|root| root.ts.as_str());
        let mut unsure = self.may_be_posted(post.cause.0);
        let (mut form, mut patience) = (Form::Whole, Patience::new());
        loop {
            if unsure && let Some(found) = self.look_for(&targets, thread, post, &mark).await? {
                self.well(&found.channel).await;
                self.record(post, &found).await;
                return Ok(Delivered::At(found));
            }
            let target = targets[0].clone();
            self.turn(Act::Post(target.clone())).await?;
            let message = post.message.simplified(form);
            let refusal = match self.api.post(&target, thread, &message, &mark).await {
                Ok(ts) => {
                    self.well(&target).await;
                    let place = Place { channel: target, ts };
                    self.record(post, &place).await;
                    return Ok(Delivered::At(place));
                }
                Err(ApiError::RateLimited(wait)) => {
                    self.pace.hold(Act::Post(target), wait);
                    continue;
                }
                Err(ApiError::Failed(error)) => {
                    unsure = true;
                    self.wait_out(&mut patience, &error).await?;
                    continue;
                }
                Err(ApiError::Refused(refusal)) => refusal,
            };
            match (refusal.blame(), form.simpler()) {
                (Blame::Content, Some(simpler)) => {
                    tracing::error!(key = post.key, %refusal, "Slack refused a message; it is sent in a simpler form");
                    form = simpler;
                }
                (Blame::Channel, _) if targets.len() > 1 => {
                    self.closed(&refusal).await;
                    targets.remove(0);
                }
                (Blame::Channel | Blame::Token, _) => {
                    self.closed(&refusal).await;
                    self.pause(&mut patience).await?;
                    if post.thread.is_none() {
                        targets = std::iter::once(&self.home).chain(&self.fallback).cloned().collect();
                    }
                }
                (Blame::Message, _) if post.thread.is_some() => return Ok(Delivered::Gone),
                (Blame::Content | Blame::Message | Blame::Call, _) => {
                    self.give_up(post, &target, &refusal).await;
                    return Ok(Delivered::Refused);
                }
            }
        }
    }

    /// Edits a message.
    pub(super) async fn update(&mut self, post: &Post<'_>, place: &Place) -> Result<Delivered, Ended> {
        let (mut form, mut patience) = (Form::Whole, Patience::new());
        loop {
            self.turn(Act::Edit).await?;
            let message = post.message.simplified(form);
            let refusal = match self.api.update(&place.channel, &place.ts, &message).await {
                Ok(()) => {
                    self.well(&place.channel).await;
                    return Ok(Delivered::At(place.clone()));
                }
                Err(ApiError::RateLimited(wait)) => {
                    self.pace.hold(Act::Edit, wait);
                    continue;
                }
                // An edit that was made is made again without harm.
                Err(ApiError::Failed(error)) => {
                    self.wait_out(&mut patience, &error).await?;
                    continue;
                }
                Err(ApiError::Refused(refusal)) => refusal,
            };
            match (refusal.blame(), form.simpler()) {
                (Blame::Content, Some(simpler)) => {
                    tracing::error!(key = post.key, %refusal, "Slack refused an edit; it is made in a simpler form");
                    form = simpler;
                }
                // Where new messages go elsewhere, nobody reads this one any more.
                (Blame::Channel, _) if place.channel == self.home && self.fallback.is_some() => {
                    self.closed(&refusal).await;
                    return Ok(Delivered::Refused);
                }
                (Blame::Channel | Blame::Token, _) => {
                    self.closed(&refusal).await;
                    self.pause(&mut patience).await?;
                }
                (Blame::Message, _) => return Ok(Delivered::Gone),
                (Blame::Content | Blame::Call, _) => {
                    self.give_up(post, &place.channel, &refusal).await;
                    return Ok(Delivered::Refused);
                }
            }
        }
    }

    /// The marks of this log's messages in a thread, with where they are: what an earlier process may have posted without recording it.
    pub(super) async fn in_thread(&mut self, root: &Place, since: Timestamp) -> Result<Vec<(String, Place)>, Ended> {
        let log = self.identity().await?;
        let found = self.look(&root.channel, Some(&root.ts), since).await?;
        let ours = found.into_iter().filter(|(mark, _)| mark.log == log);
        Ok(ours.map(|(mark, place)| (mark.key, place)).collect())
    }

    /// The message, if it is there already.
    async fn look_for(
        &mut self,
        targets: &[String],
        thread: Option<&str>,
        post: &Post<'_>,
        mark: &Mark,
    ) -> Result<Option<Place>, Ended> {
        for channel in targets {
            let found = self.look(channel, thread, post.cause.1).await?;
            if let Some((_, place)) = found.into_iter().find(|(found, _)| found == mark) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// The marked messages of a channel or thread since then. Where the bot may not look, it is as if there were none: a message twice is better
    /// than none.
    async fn look(
        &mut self,
        channel: &str,
        thread: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<(Mark, Place)>, Ended> {
        let oldest =
            format!("{}.000000", since.as_second().saturating_sub(SKEW.as_secs().try_into().unwrap_or(i64::MAX)));
        let mut patience = Patience::new();
        loop {
            self.turn(Act::Look).await?;
            match self.api.marked(channel, thread, &oldest).await {
                Ok(found) => {
                    let place = |ts| Place { channel: channel.to_owned(), ts };
                    return Ok(found.into_iter().map(|found| (found.mark, place(found.ts))).collect());
                }
                Err(ApiError::RateLimited(wait)) => self.pace.hold(Act::Look, wait),
                Err(ApiError::Failed(error)) => self.wait_out(&mut patience, &error).await?,
                Err(ApiError::Refused(refusal)) => match refusal.blame() {
                    // A thread that is gone holds nothing.
                    Blame::Message => return Ok(Vec::new()),
                    Blame::Channel if self.fallback.is_some() => {
                        self.closed(&refusal).await;
                        return Ok(Vec::new());
                    }
                    Blame::Channel | Blame::Token if !refusal.lacks_scope() => {
                        self.closed(&refusal).await;
                        self.pause(&mut patience).await?;
                    }
                    Blame::Content | Blame::Call if patience.failures < AWAY => self.pause(&mut patience).await?,
                    _ => {
                        tracing::warn!(channel, %refusal, "what was posted cannot be looked up; a message may come twice");
                        return Ok(Vec::new());
                    }
                },
            }
        }
    }

    async fn turn(&self, act: Act) -> Result<(), Ended> {
        let turn = self.pace.turn(act);
        self.unless_stopped(tokio::time::sleep_until(turn)).await
    }

    /// Waits after a call that Slack did not answer well.
    async fn wait_out(&mut self, patience: &mut Patience, error: &str) -> Result<(), Ended> {
        tracing::warn!(channel = self.home, error, failures = patience.failures, "a message did not get through");
        if patience.failures == AWAY {
            self.trouble(error.to_owned(), None).await;
        }
        self.pause(patience).await
    }

    async fn pause(&self, patience: &mut Patience) -> Result<(), Ended> {
        let wait = patience.wait;
        patience.failures += 1;
        patience.wait = (wait * 2).min(BACKOFF.1);
        self.unless_stopped(tokio::time::sleep(wait)).await
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ended::Stopped),
            done = work => Ok(done),
        }
    }

    /// The channel, or Slack as a whole, takes nothing.
    async fn closed(&mut self, refusal: &Refusal) {
        let instead = if refusal.blame() == Blame::Channel { self.fallback.clone() } else { None };
        self.trouble(refusal.to_string(), instead).await;
    }

    async fn trouble(&mut self, error: String, instead: Option<String>) {
        let (since, channel) = (self.clock.now(), self.home.clone());
        if self.progress.note(Some(Trouble { since, error: error.clone(), instead: instead.clone() })) {
            tracing::error!(channel, error, ?instead, "messages do not get through");
            self.append(None, None, None, Event::DeliveryFailed { channel, error, instead }).await;
        }
    }

    /// A message got through.
    async fn well(&mut self, channel: &str) {
        if channel == self.home && self.progress.note(None) {
            tracing::info!(channel, "messages get through again");
            self.append(None, None, None, Event::DeliveryRestored { channel: channel.to_owned() }).await;
        }
    }

    async fn give_up(&mut self, post: &Post<'_>, channel: &str, refusal: &Refusal) {
        tracing::error!(key = post.key, channel, %refusal, "Slack refused a message, which is given up");
        self.progress.refused.fetch_add(1, Ordering::Relaxed);
        let (key, channel, error) = (post.key.to_owned(), channel.to_owned(), refusal.to_string());
        self.append(post.application, post.run, None, Event::MessageRefused { key, channel, error }).await;
    }

    /// Reports that somebody deleted a message which was to be edited.
    pub(super) async fn report_gone(&mut self, post: &Post<'_>, place: &Place) {
        let refusal = Refusal { code: "message_not_found".to_owned(), details: String::new() };
        self.give_up(post, &place.channel, &refusal).await;
    }

    async fn record(&self, post: &Post<'_>, place: &Place) {
        self.record_posted(post.application, post.run, post.key, place).await;
    }

    /// Records a message that was found to be there.
    pub(super) async fn record_found(&self, (application, run): (&str, &str), key: &str, place: &Place) {
        self.record_posted(Some(application), Some(run), key, place).await;
    }

    async fn record_posted(&self, application: Option<&str>, run: Option<&str>, key: &str, place: &Place) {
        let Place { channel, ts } = place.clone();
        let posted = Event::MessagePosted { key: key.to_owned(), channel, ts };
        self.append(application, run, Some(dedupe(key)), posted).await;
    }

    /// Whether a message was posted under that key.
    pub(super) async fn was_posted(&self, key: &str) -> Result<bool, Ended> {
        Ok(self.log.seen(&dedupe(key)).await?.is_some())
    }

    /// Appends what the outbox itself has to record. A log that takes no records stops runs and says so; here it only means that a message may be
    /// looked for again after the next start.
    async fn append(&self, application: Option<&str>, run: Option<&str>, dedupe: Option<String>, event: Event) {
        let (event, data) = match event.into_parts() {
            Ok(parts) => parts,
            Err(error) => {
                tracing::error!(%error, "what became of a message has no record");
                return;
            }
        };
        let entry = Entry {
            actor: Actor::Bot,
            origin: Origin::System,
            application: application.map(str::to_owned),
            run: run.map(str::to_owned),
            step: None,
            event,
            dedupe,
            data,
        };
        if let Err(error) = self.log.append(entry).await {
            tracing::error!(%error, "what became of a message was not recorded");
        }
    }

    async fn identity(&mut self) -> Result<String, Ended> {
        if let Some(identity) = &self.identity {
            return Ok(identity.clone());
        }
        let first = self.log.read(..1).try_next().await?;
        let identity = first.map(|first| first.at.to_string()).unwrap_or_default();
        self.identity = Some(identity.clone());
        Ok(identity)
    }
}

fn dedupe(key: &str) -> String {
    format!("posted/{key}")
}
