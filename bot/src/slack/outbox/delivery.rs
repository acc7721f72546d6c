//! Getting one message through: at Slack's pace, again when Slack fails, elsewhere when the channel is closed, in a simpler form when Slack
//! does not take it, never twice, and remembered in the log.
//!
//! Slack offers no key that would keep a message from being posted twice. So each carries a mark in its metadata, and whenever a message may be
//! there already it is looked for first: when the answer to a post was lost, and when the program may have died between Slack's answer and the
//! record of it.

mod attempt;
mod lookup;
mod record;

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use jiff::Timestamp;
use storage::{Clock, Log, ReadError};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use self::attempt::{AWAY, Attempt, Patience};
use super::{
    dialect::Dialect,
    pace::{Act, Pace},
    progress::LaneProgress,
};
use crate::slack::{
    api::{Api, ApiError, Blame, Mark},
    kit::Message,
};

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
    dialect: Arc<Dialect>,
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
    pub(super) dialect: Arc<Dialect>,
    pub(super) progress: Arc<LaneProgress>,
    pub(super) stop: CancellationToken,
    pub(super) home: String,
    pub(super) fallback: Option<String>,
    /// Messages that tell of records below this number may have been posted by an earlier process.
    pub(super) born: u64,
}

impl Delivery {
    pub(super) fn new(way: Way) -> Self {
        let Way { log, api, clock, pace, dialect, progress, stop, home, fallback, born } = way;
        Self { log, api, clock, pace, dialect, progress, stop, home, fallback, born, identity: None }
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
        let mut attempt = Attempt::of(post.message, &self.dialect);
        loop {
            if unsure && let Some(found) = self.look_for(&targets, thread, post, &mark).await? {
                self.well(&found.channel).await;
                self.record(post, &found).await;
                return Ok(Delivered::At(found));
            }
            let target = targets[0].clone();
            self.turn(Act::Post(target.clone())).await?;
            let refusal = match self.api.post(&target, thread, &attempt.message(), &mark).await {
                Ok(ts) => {
                    attempt.taken(&self.dialect);
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
                    self.wait_out(&mut attempt.patience, &error).await?;
                    attempt.failed();
                    continue;
                }
                Err(ApiError::Refused(refusal)) => refusal,
            };
            match refusal.blame() {
                Blame::Content if attempt.simplify(post.key, &refusal) => {}
                Blame::Channel if targets.len() > 1 => {
                    self.closed(&refusal).await;
                    targets.remove(0);
                }
                Blame::Channel | Blame::Token => {
                    self.closed(&refusal).await;
                    self.pause(&mut attempt.patience).await?;
                    if post.thread.is_none() {
                        targets = std::iter::once(&self.home).chain(&self.fallback).cloned().collect();
                    }
                }
                Blame::Message if post.thread.is_some() => return Ok(Delivered::Gone),
                Blame::Content | Blame::Message | Blame::Call => {
                    self.give_up(post, &target, &refusal).await;
                    return Ok(Delivered::Refused);
                }
            }
        }
    }

    /// Edits a message.
    pub(super) async fn update(&mut self, post: &Post<'_>, place: &Place) -> Result<Delivered, Ended> {
        let mut attempt = Attempt::of(post.message, &self.dialect);
        loop {
            self.turn(Act::Edit).await?;
            let refusal = match self.api.update(&place.channel, &place.ts, &attempt.message()).await {
                Ok(()) => {
                    attempt.taken(&self.dialect);
                    self.well(&place.channel).await;
                    return Ok(Delivered::At(place.clone()));
                }
                Err(ApiError::RateLimited(wait)) => {
                    self.pace.hold(Act::Edit, wait);
                    continue;
                }
                // An edit that was made is made again without harm.
                Err(ApiError::Failed(error)) => {
                    self.wait_out(&mut attempt.patience, &error).await?;
                    attempt.failed();
                    continue;
                }
                Err(ApiError::Refused(refusal)) => refusal,
            };
            match refusal.blame() {
                Blame::Content if attempt.simplify(post.key, &refusal) => {}
                // Where new messages go elsewhere, nobody reads this one any more.
                Blame::Channel if place.channel == self.home && self.fallback.is_some() => {
                    self.closed(&refusal).await;
                    return Ok(Delivered::Refused);
                }
                Blame::Channel | Blame::Token => {
                    self.closed(&refusal).await;
                    self.pause(&mut attempt.patience).await?;
                }
                Blame::Message => return Ok(Delivered::Gone),
                Blame::Content | Blame::Call => {
                    self.give_up(post, &place.channel, &refusal).await;
                    return Ok(Delivered::Refused);
                }
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
        self.unless_stopped(tokio::time::sleep(patience.spend())).await
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ended::Stopped),
            done = work => Ok(done),
        }
    }
}
