//! Rate limits: a sliding window for each method, and for posts each channel.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::api::Method;
use super::settings::Rate;

/// When each method was last called. Posts are counted by channel, the rest for the whole workspace.
#[derive(Debug, Default)]
pub(super) struct RateLimiter(BTreeMap<(Method, String), VecDeque<Instant>>);

impl RateLimiter {
    /// Counts a call, or says how long to wait (at least a second). A refused call does not count.
    pub(super) fn admit(&mut self, method: Method, channel: &str, rate: Rate, now: Instant) -> Result<(), Duration> {
        let calls = self.0.entry((method, channel.to_owned())).or_default();
        while calls.front().is_some_and(|first| now.duration_since(*first) >= rate.per) {
            calls.pop_front();
        }
        if calls.len() >= rate.calls {
            let wait = calls.front().map_or(rate.per, |first| rate.per.saturating_sub(now.duration_since(*first)));
            return Err(wait.max(Duration::from_secs(1)));
        }
        calls.push_back(now);
        Ok(())
    }
}
