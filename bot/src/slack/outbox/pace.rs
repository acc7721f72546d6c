//! Slack's rate limits, kept before Slack has to: <https://docs.slack.dev/apis/web-api/rate-limits>. And what Slack puts off all the same.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// First and longest wait where Slack asks to slow down and says no time, or less.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// What is put off for so long in all is a trouble that people are told of.
const LONG: Duration = Duration::from_secs(15);

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
pub(super) struct Pace(Mutex<BTreeMap<Act, Queue>>);

#[derive(Debug)]
struct Queue {
    /// When the next place is.
    free: Instant,
    /// That Slack refused the last try, and for how long it does.
    held: Option<Held>,
}

/// Slack asked to slow down, again and again.
#[derive(Debug, Clone, Copy)]
struct Held {
    since: Instant,
    until: Instant,
    /// The last wait without what Slack asked for.
    wait: Duration,
}

impl Pace {
    /// Takes the next place in the queue: it is the caller's turn at that time.
    pub(super) fn turn(&self, act: Act) -> Instant {
        let (every, now) = (act.every(), Instant::now());
        let mut queues = self.queues();
        let queue = queues.entry(act).or_insert(Queue { free: now, held: None });
        let turn = queue.free.max(now);
        queue.free = turn + every;
        turn
    }

    /// When the next place is, if not now.
    pub(super) fn free_at(&self, act: &Act) -> Option<Instant> {
        self.queues().get(act).map(|queue| queue.free)
    }

    /// Slack wants nothing of that kind for as long as it asked. In a row, the waits get longer and longer.
    pub(super) fn hold(&self, act: Act, asked: Option<Duration>) {
        let now = Instant::now();
        let mut queues = self.queues();
        let queue = queues.entry(act).or_insert(Queue { free: now, held: None });
        let wait = queue.held.map_or(BACKOFF.0, |held| (held.wait * 2).min(BACKOFF.1));
        let until = now + wait.max(asked.unwrap_or_default());
        queue.held = Some(Held { since: queue.held.map_or(now, |held| held.since), until, wait });
        queue.free = until;
    }

    /// Slack took one.
    pub(super) fn took(&self, act: &Act) {
        if let Some(queue) = self.queues().get_mut(act) {
            queue.held = None;
        }
    }

    /// Whether Slack has put it off for long, and does so still.
    pub(super) fn is_put_off(&self, act: &Act) -> bool {
        let held = self.queues().get(act).and_then(|queue| queue.held);
        held.is_some_and(|held| held.until > Instant::now() && held.until - held.since >= LONG)
    }

    fn queues(&self) -> MutexGuard<'_, BTreeMap<Act, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_grow_until_slack_takes_one_and_a_long_one_is_known() {
        let (pace, post) = (Pace::default(), Act::Post("C1".to_owned()));
        for (wait, long) in
            [(1, false), (2, false), (4, false), (8, true), (16, true), (32, true), (60, true), (60, true)]
        {
            pace.hold(post.clone(), None);
            assert_eq!((pace.is_put_off(&post), pace.is_put_off(&Act::Edit)), (long, false), "{wait}");
            let turn = pace.turn(post.clone());
            assert_eq!(turn - Instant::now(), Duration::from_secs(wait));
            tokio::time::sleep_until(turn).await;
            assert!(!pace.is_put_off(&post), "it is tried again");
        }
        pace.took(&post);
        pace.hold(post.clone(), Some(Duration::ZERO));
        assert_eq!(pace.turn(post.clone()) - Instant::now(), Duration::from_secs(1));
        pace.hold(post.clone(), Some(Duration::from_secs(7_200)));
        assert!(pace.is_put_off(&post));
        assert_eq!(pace.turn(post) - Instant::now(), Duration::from_secs(7_200));
    }
}
