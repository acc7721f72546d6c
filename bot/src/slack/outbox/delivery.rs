//! Getting one message through: at Slack's pace, again when Slack fails, and remembered in the log.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use commands::journal::Event;
use storage::{Actor, Entry, Log, Origin, ReadError};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Progress;
use crate::slack::{
    api::{Api, ApiError},
    kit::Message,
};

/// Least time between two posts to a channel: <https://docs.slack.dev/apis/web-api/rate-limits>.
const POST_EVERY: Duration = Duration::from_secs(1);
/// First and longest wait after a failure.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Attempts before a message is given up: with the longest wait, about two hours.
const ATTEMPTS: u32 = 240;

/// Why following the log ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// As asked.
    Stopped,
    /// The log cannot be read.
    Unreadable(ReadError),
}

/// What a message is about, as the record of its posting says.
pub(super) struct About<'a> {
    pub(super) application: Option<&'a str>,
    pub(super) run: Option<&'a str>,
}

/// The way to Slack.
pub(super) struct Delivery {
    log: Log,
    api: Api,
    progress: Arc<Progress>,
    stop: CancellationToken,
    /// When each channel may be posted to again.
    free_at: BTreeMap<String, Instant>,
    /// Number of the record after the one last shown.
    pub(super) next: u64,
}

impl Delivery {
    pub(super) fn new(log: Log, api: Api, progress: Arc<Progress>, stop: CancellationToken) -> Self {
        Self { log, api, progress, stop, free_at: BTreeMap::new(), next: 0 }
    }

    /// Ends when the outbox is to stop.
    pub(super) fn stopped(&self) -> WaitForCancellationFutureOwned {
        self.stop.clone().cancelled_owned()
    }

    /// Whether a message was posted under that key.
    pub(super) async fn was_posted(&self, key: &str) -> Result<bool, Ended> {
        Ok(self.log.seen(&dedupe(key)).await?.is_some())
    }

    /// Posts a message and records it under `key`. `None`: Slack refused it, and it was given up.
    pub(super) async fn post(
        &mut self,
        key: &str,
        about: &About<'_>,
        channel: &str,
        thread: Option<&str>,
        message: &Message,
    ) -> Result<Option<String>, Ended> {
        if let Some(&free_at) = self.free_at.get(channel) {
            self.unless_stopped(tokio::time::sleep_until(free_at)).await?;
        }
        let Some(ts) = self.insist(key, || self.api.post(channel, thread, message)).await? else { return Ok(None) };
        self.free_at.insert(channel.to_owned(), Instant::now() + POST_EVERY);
        self.record(key, about, channel, &ts).await;
        Ok(Some(ts))
    }

    /// Edits a message.
    pub(super) async fn update(&mut self, key: &str, channel: &str, ts: &str, message: &Message) -> Result<(), Ended> {
        self.insist(key, || self.api.update(channel, ts, message)).await.map(drop)
    }

    /// Calls until it succeeds, Slack refuses, attempts run out, or the outbox is to stop.
    async fn insist<T, F: Future<Output = Result<T, ApiError>>>(
        &self,
        key: &str,
        call: impl Fn() -> F,
    ) -> Result<Option<T>, Ended> {
        let mut backoff = BACKOFF.0;
        for attempt in 1..=ATTEMPTS {
            // A call under way is awaited even when stopping, for what it posts has to be recorded; it has a deadline.
            let wait = match call().await {
                Ok(done) => return Ok(Some(done)),
                Err(ApiError::Refused(error)) => {
                    tracing::error!(key, error, "Slack refused a message");
                    break;
                }
                Err(ApiError::RateLimited(wait)) => wait.max(BACKOFF.0),
                Err(ApiError::Failed(error)) => {
                    tracing::warn!(key, error, attempt, "a message did not get through");
                    let wait = backoff;
                    backoff = (backoff * 2).min(BACKOFF.1);
                    wait
                }
            };
            self.unless_stopped(tokio::time::sleep(wait)).await?;
        }
        self.progress.refused.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ended::Stopped),
            done = work => Ok(done),
        }
    }

    async fn record(&self, key: &str, about: &About<'_>, channel: &str, ts: &str) {
        let event = Event::MessagePosted { key: key.to_owned(), channel: channel.to_owned(), ts: ts.to_owned() };
        let (event, data) = match event.into_parts() {
            Ok(parts) => parts,
            Err(error) => {
                tracing::error!(key, %error, "a posted message has no record");
                return;
            }
        };
        let entry = Entry {
            actor: Actor::Bot,
            origin: Origin::System,
            application: about.application.map(str::to_owned),
            run: about.run.map(str::to_owned),
            step: None,
            event,
            dedupe: Some(dedupe(key)),
            data,
        };
        if let Err(error) = self.log.append(entry).await {
            tracing::error!(key, %error, "a posted message was not recorded; it may be posted again after a restart");
        }
    }
}

fn dedupe(key: &str) -> String {
    format!("posted/{key}")
}
