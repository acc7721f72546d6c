//! Messages that come in their order, and wait together while Slack puts the first of them off. Edits, replies and questions do not wait for them.

use std::collections::VecDeque;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Delivered, Delivery, Ended, Post, Tries, attempt::Rest};
use crate::slack::kit::Message;

/// What waits, the first first.
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// When the first is tried again.
    rest: Rest,
}

struct Waiting {
    key: String,
    application: Option<String>,
    run: Option<String>,
    cause: (u64, Timestamp),
    message: Message,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), rest: Rest::new() }
    }
}

impl Delivery {
    /// Posts a message after those that wait.
    pub(in crate::slack::outbox) async fn post_in_order(&mut self, post: Post<'_>) -> Result<Delivered, Ended> {
        if self.queue.waiting.is_empty() {
            let post = Post { tries: Tries::Aside(0), ..post };
            match self.post(&post).await? {
                Delivered::PutOff => {
                    self.queue.rest = Rest::new();
                    self.queue.rest.extend();
                }
                delivered => return Ok(delivered),
            }
        }
        self.queue.waiting.push_back(Waiting {
            key: post.key.to_owned(),
            application: post.application.map(str::to_owned),
            run: post.run.map(str::to_owned),
            cause: post.cause,
            message: post.message.clone(),
        });
        Ok(Delivered::PutOff)
    }

    /// The first record whose message waits.
    pub(in crate::slack::outbox) fn waiting_since(&self) -> Option<u64> {
        self.queue.waiting.iter().map(|waiting| waiting.cause.0).min()
    }

    /// When those that wait are tried again.
    pub(in crate::slack::outbox) fn waiting_due(&self) -> Option<Instant> {
        (!self.queue.waiting.is_empty()).then(|| self.queue.rest.until())
    }

    /// Posts what waits, as far as Slack takes it.
    pub(in crate::slack::outbox) async fn catch_up(&mut self) -> Result<(), Ended> {
        if self.queue.rest.until() > Instant::now() {
            return Ok(());
        }
        while let Some(waiting) = self.queue.waiting.pop_front() {
            let post = Post {
                key: &waiting.key,
                application: waiting.application.as_deref(),
                run: waiting.run.as_deref(),
                thread: None,
                cause: waiting.cause,
                message: &waiting.message,
                tries: Tries::Aside(self.queue.rest.failures()),
            };
            if self.post(&post).await? == Delivered::PutOff {
                self.queue.waiting.push_front(waiting);
                self.queue.rest.extend();
                return Ok(());
            }
            self.queue.rest = Rest::new();
        }
        Ok(())
    }
}
