//! One message on its way: the form in which it is tried, and how long Slack has failed.

use std::time::Duration;

use tokio::time::Instant;

use super::{super::dialect::Dialect, Post, Tries};
use crate::slack::{
    api::Refusal,
    kit::{Form, Message},
};

/// First and longest wait after a failure. There is no last: what is to be told waits for as long as Slack is away.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Failures in a row after which Slack counts as away.
pub(super) const AWAY: u32 = 3;
/// Failures in a row, about a quarter of an hour, after which a message that others wait for is given up where nobody knows what Slack says.
pub(super) const ENDURANCE: u32 = 20;

/// Failures in a row and what to wait for next.
pub(super) struct Patience {
    pub(super) failures: u32,
    wait: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { failures: 0, wait: BACKOFF.0 }
    }

    /// How long to wait after one more failure.
    pub(super) fn spend(&mut self) -> Duration {
        let wait = self.wait;
        self.failures += 1;
        self.wait = (wait * 2).min(BACKOFF.1);
        wait
    }
}

/// When something that Slack put off is tried again: later and later.
pub(in crate::slack::outbox) struct Rest {
    patience: Patience,
    until: Instant,
}

impl Rest {
    pub(in crate::slack::outbox) fn new() -> Self {
        Self { patience: Patience::new(), until: Instant::now() }
    }

    /// How often Slack has put it off in a row.
    pub(in crate::slack::outbox) fn failures(&self) -> u32 {
        self.patience.failures
    }

    /// Slack put it off once more.
    pub(in crate::slack::outbox) fn extend(&mut self) {
        self.until = Instant::now() + self.patience.spend();
    }

    /// When it is tried again.
    pub(in crate::slack::outbox) fn until(&self) -> Instant {
        self.until
    }
}

/// One message on its way.
pub(super) struct Attempt<'a> {
    message: &'a Message,
    form: Form,
    /// What Slack said to the form before.
    refusal: Option<Refusal>,
    pub(super) patience: Patience,
}

impl<'a> Attempt<'a> {
    pub(super) fn of(post: &Post<'a>, dialect: &Dialect) -> Self {
        let message = post.message;
        let mut attempt = Self { message, form: dialect.form_of(message), refusal: None, patience: Patience::new() };
        attempt.patience.failures = post.tries.before();
        attempt.failed();
        attempt
    }

    /// The message as it is tried now.
    pub(super) fn message(&self) -> Message {
        self.message.simplified(self.form)
    }

    /// Goes on with a simpler form of what Slack refused; whether there is one. What people are to press is told once without buttons.
    pub(super) fn simplify(&mut self, post: &Post<'_>, refusal: &Refusal) -> bool {
        let Some(form) = self.message.simpler(self.form) else { return false };
        if form == Form::Text && matches!(post.tries, Tries::Question(1..)) {
            return false;
        }
        let key = post.key;
        match form {
            Form::Plainer => {
                tracing::warn!(key, %refusal, "Slack refused a message; it is tried without table and plan")
            }
            _ => tracing::error!(key, %refusal, "Slack refused a message; it is tried in a simpler form"),
        }
        self.form = form;
        self.refusal = Some(refusal.clone());
        true
    }

    /// Whether it has buttons that are not in the form in which it is tried.
    pub(super) fn lost_buttons(&self) -> bool {
        self.form == Form::Text && self.message.has_buttons()
    }

    /// Slack took it.
    pub(super) fn taken(&self, dialect: &Dialect) {
        if let (Form::Plainer, Some(refusal)) = (self.form, &self.refusal) {
            dialect.lacks_structure(refusal);
        }
    }

    /// Slack failed again and again: that may lie with blocks which are new to it.
    pub(super) fn failed(&mut self) {
        if self.form == Form::Whole && self.patience.failures >= AWAY {
            self.form = Form::Plainer;
        }
    }
}
