//! Getting one message through: at Slack's pace, again when Slack fails or puts it off, elsewhere when the channel is closed or waits for long, in a
//! simpler form when Slack does not take it, never twice, and remembered in the log.
//!
//! Slack offers no key that would keep a message from being posted twice. So each carries a mark in its metadata, and whenever a message may be
//! there already it is looked for first: when the answer to a post was lost, and when the program may have died between Slack's answer and the
//! record of it.

mod attempt;
mod edit;
mod lookup;
mod queue;
mod record;

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use jiff::Timestamp;
use storage::{Clock, Log, ReadError};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

pub(super) use self::attempt::Rest;
use self::{
    attempt::{AWAY, Attempt, ENDURANCE, Patience},
    queue::Queue,
};
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
    pub(super) tries: Tries,
}

/// How long a message is tried, and who waits meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tries {
    /// Everything else waits for it.
    InLine,
    /// Others go first while Slack puts it off: how often in a row Slack did so before. It is given up where nobody knows what Slack says to it.
    Aside(u32),
    /// The same for what asks people to decide, which is never given up.
    Question(u32),
}

impl Tries {
    /// How often in a row Slack put it off before.
    fn before(self) -> u32 {
        match self {
            Self::InLine => 0,
            Self::Aside(before) | Self::Question(before) => before,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivered {
    /// It is there.
    At(Place),
    /// It is there as plain text: Slack takes its buttons in no form.
    WithoutButtons(Place),
    /// What it was to edit or to answer is gone.
    Gone,
    /// It was given up, and that is on record.
    Refused,
    /// It stands in a channel that takes nothing at the moment; new messages go elsewhere.
    Closed,
    /// Slack may take it later.
    PutOff,
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
    /// What Slack put off here for long, as far as it is known.
    waits_for: BTreeSet<Act>,
    /// Keys of what was given up, which is recorded once.
    given_up: BTreeSet<String>,
    queue: Queue,
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
        Self {
            log,
            api,
            clock,
            pace,
            dialect,
            progress,
            stop,
            home,
            fallback,
            born,
            identity: None,
            waits_for: BTreeSet::new(),
            given_up: BTreeSet::new(),
            queue: Queue::new(),
        }
    }

    /// Ends when the outbox is to stop.
    pub(super) fn stopped(&self) -> WaitForCancellationFutureOwned {
        self.stop.clone().cancelled_owned()
    }

    /// Everything below that record is shown.
    pub(super) fn reached(&self, next: u64) {
        self.progress.next.store(next, Ordering::Relaxed);
    }

    /// When an edit would not have to wait; one that Slack puts off for long does not, but comes back undone.
    pub(super) fn edits_free_at(&self) -> Option<Instant> {
        if self.pace.is_put_off(&Act::Edit) { None } else { self.pace.free_at(&Act::Edit) }
    }

    /// Whether a message that tells of that record may have been posted by an earlier process.
    pub(super) fn may_be_posted(&self, cause: u64) -> bool {
        cause < self.born
    }

    /// Posts a message and records it under its key, unless that was done before.
    pub(super) async fn post(&mut self, post: &Post<'_>) -> Result<Delivered, Ended> {
        let places = match post.thread {
            Some(root) => vec![root.channel.clone()],
            None => std::iter::once(&self.home).chain(&self.fallback).cloned().collect(),
        };
        let mut targets = places.clone();
        let mark = Mark { key: post.key.to_owned(), log: self.identity().await? };
        let thread = post.thread.map(|root| root.ts.as_str());
        let mut unsure = self.may_be_posted(post.cause.0) || post.tries.before() > 0;
        let mut attempt = Attempt::of(post, &self.dialect);
        loop {
            let target = targets[0].clone();
            let act = Act::Post(target.clone());
            if self.pace.is_put_off(&act) {
                self.told_to_wait(&act, ApiError::RateLimited(None)).await;
                if targets.len() > 1 {
                    targets.remove(0);
                    continue;
                } else if post.tries != Tries::InLine {
                    return Ok(Delivered::PutOff);
                }
            }
            if unsure && let Some(found) = self.look_for(&places, thread, post, &mark).await? {
                self.well(&found.channel).await;
                self.record(post, &found).await;
                return Ok(Delivered::At(found));
            }
            self.turn(act.clone()).await?;
            let refusal = match self.api.post(&target, thread, &attempt.message(), &mark).await {
                Ok(ts) => {
                    attempt.taken(&self.dialect);
                    self.pace.took(&act);
                    self.well(&target).await;
                    let place = Place { channel: target, ts };
                    self.record(post, &place).await;
                    return Ok(if attempt.lost_buttons() {
                        Delivered::WithoutButtons(place)
                    } else {
                        Delivered::At(place)
                    });
                }
                Err(error @ ApiError::RateLimited(asked)) => {
                    self.pace.hold(act.clone(), asked);
                    self.told_to_wait(&act, error).await;
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
                Blame::Content if attempt.simplify(post, &refusal) => {}
                Blame::Channel if targets.len() > 1 => {
                    self.closed(&refusal).await;
                    targets.remove(0);
                }
                // A reply can go nowhere else, but what is new can.
                Blame::Channel if post.thread.is_some() && self.fallback.is_some() => {
                    self.closed(&refusal).await;
                    return Ok(Delivered::Closed);
                }
                Blame::Channel | Blame::Token => {
                    self.closed(&refusal).await;
                    self.pause(&mut attempt.patience).await?;
                    if post.thread.is_none() {
                        targets.clone_from(&places);
                    }
                }
                Blame::Message if post.thread.is_some() => return Ok(Delivered::Gone),
                blame @ (Blame::Moment | Blame::Unknown) => {
                    unsure = true;
                    let lasts = attempt.patience.failures >= AWAY || self.progress.trouble().is_some();
                    if targets.len() > 1 && lasts {
                        self.trouble(refusal.to_string(), self.fallback.clone()).await;
                        targets.remove(0);
                        continue;
                    }
                    let is_question = matches!(post.tries, Tries::Question(_));
                    if blame == Blame::Unknown && !is_question && attempt.patience.failures >= ENDURANCE {
                        self.give_up(post, &target, &refusal).await;
                        return Ok(Delivered::Refused);
                    }
                    if post.tries != Tries::InLine {
                        return Ok(self.put_off(post, &refusal.to_string()).await);
                    }
                    self.wait_out(&mut attempt.patience, &refusal.to_string()).await?;
                    attempt.failed();
                }
                Blame::Content | Blame::Message | Blame::Call => {
                    self.give_up(post, &target, &refusal).await;
                    return Ok(Delivered::Refused);
                }
            }
        }
    }

    async fn turn(&self, act: Act) -> Result<(), Ended> {
        let turn = self.pace.turn(act);
        self.unless_stopped(tokio::time::sleep_until(turn)).await
    }

    /// Slack asks to wait. If that is for long, people are told, and new messages go elsewhere meanwhile.
    async fn told_to_wait(&mut self, act: &Act, error: ApiError) {
        if self.pace.is_put_off(act) {
            self.waits_for.insert(act.clone());
            let instead = if *act == Act::Post(self.home.clone()) { self.fallback.clone() } else { None };
            self.trouble(error.to_string(), instead).await;
        }
    }

    /// Leaves a message for later; people are told if that happens again and again.
    async fn put_off(&mut self, post: &Post<'_>, error: &str) -> Delivered {
        let failures = post.tries.before();
        tracing::warn!(channel = self.home, key = post.key, error, failures, "Slack puts a message off");
        if failures >= AWAY {
            self.trouble(error.to_owned(), None).await;
        }
        Delivered::PutOff
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
