//! Slack's rate limits, kept before Slack has to: <https://docs.slack.dev/apis/web-api/rate-limits>.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// What is limited.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// A post to that channel.
    Post(String),
    /// An edit, wherever.
    Edit,
    /// A look at what was posted, wherever.
    Look,
}

impl Act {
    /// Least time between two.
    fn every(&self) -> Duration {
        match self {
            Self::Post(_) => Duration::from_secs(1),
            // Tier 3: 50 a minute.
            Self::Edit | Self::Look => Duration::from_millis(1_200),
        }
    }
}

/// When Slack takes what next; shared by all lanes. There are no more channels in it than lanes and their fallbacks.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<BTreeMap<Act, Instant>>);

impl Pace {
    /// Takes the next place in the queue: it is the caller's turn at that time.
    pub(super) fn turn(&self, act: Act) -> Instant {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let turn = free.get(&act).map_or(now, |&at| at.max(now));
        let next = turn + act.every();
        free.insert(act, next);
        turn
    }

    /// When the next place is, if not now.
    pub(super) fn free_at(&self, act: &Act) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(act).copied()
    }

    /// Slack wants nothing of that kind for so long.
    pub(super) fn hold(&self, act: Act, wait: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(act, Instant::now() + wait);
    }
}
