//! One message on its way: the form in which it is tried, and how long Slack has failed.

use std::time::Duration;

use super::super::dialect::Dialect;
use crate::slack::{
    api::Refusal,
    kit::{Form, Message},
};

/// First and longest wait after a failure. There is no last: what is to be told waits for as long as Slack is away.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Failures in a row after which Slack counts as away.
pub(super) const AWAY: u32 = 4;

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

/// One message on its way.
pub(super) struct Attempt<'a> {
    message: &'a Message,
    form: Form,
    /// What Slack said to the form before.
    refusal: Option<Refusal>,
    pub(super) patience: Patience,
}

impl<'a> Attempt<'a> {
    pub(super) fn of(message: &'a Message, dialect: &Dialect) -> Self {
        Self { message, form: dialect.form_of(message), refusal: None, patience: Patience::new() }
    }

    /// The message as it is tried now.
    pub(super) fn message(&self) -> Message {
        self.message.simplified(self.form)
    }

    /// Goes on with a simpler form of what Slack refused; whether there is one.
    pub(super) fn simplify(&mut self, key: &str, refusal: &Refusal) -> bool {
        let Some(form) = self.message.simpler(self.form) else { return false };
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
