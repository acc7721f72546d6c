//! Where the time of a record comes from.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};

/// The source of wall-clock time (UTC). Waiting always goes through `tokio::time`; this answers only "what time is it".
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The host's clock.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that asks `now`, for hosts whose clock is wrong.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that started at `epoch` when this was called and moves with tokio's time, so that a runtime whose time is
    /// paused, or paced, has records with matching times.
    pub fn simulated(epoch: Timestamp) -> Self {
        let start = tokio::time::Instant::now();
        Self(Arc::new(move || {
            let elapsed = SignedDuration::try_from(start.elapsed()).unwrap_or(SignedDuration::MAX);
            epoch.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
        }))
    }

    /// The current time, UTC.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
