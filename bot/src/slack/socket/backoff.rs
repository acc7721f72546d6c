//! How long to wait before the next connection.

use std::time::Duration;

/// The first wait after a failure; each further one is twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);
/// A connection that lasted so long was a good one.
const STEADY: Duration = Duration::from_secs(60);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after a connection ended, or its end was announced. The next one is opened at once if this one lasted.
    pub(super) fn ended(&mut self, lasted: Duration) -> Duration {
        if lasted >= STEADY {
            self.failures = 0;
            return Duration::ZERO;
        }
        self.failed(None)
    }

    /// The wait after no connection was opened; at least as long as Slack asks for.
    pub(super) fn failed(&mut self, asked: Option<Duration>) -> Duration {
        let wait = FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        // Jitter, so that not all bots return at the same moment when Slack does.
        wait.mul_f64(rand::random_range(0.5..=1.0)).max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_begin_anew_after_a_good_connection() {
        let mut backoff = Backoff::default();
        for most in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            let (wait, most) = (backoff.failed(None), Duration::from_secs(most));
            assert!(most / 2 <= wait && wait <= most, "{wait:?} for {most:?}");
        }
        assert!(backoff.ended(Duration::from_secs(1)) >= LONGEST / 2);
        assert_eq!(backoff.ended(STEADY), Duration::ZERO);
        assert!(backoff.ended(Duration::ZERO) <= FIRST);
    }

    #[test]
    fn slack_is_given_the_time_that_it_asks_for() {
        assert_eq!(Backoff::default().failed(Some(Duration::from_secs(300))), Duration::from_secs(300));
    }
}
