//! What one person is told alone, in a channel that both are in. Slack does not keep it, so it is worth some tries and no more.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, time::Instant};

use super::{
    api::{Api, ApiError},
    kit::Message,
};

/// Tries in all, and the time after which an answer would only puzzle.
const TRIES: u32 = 6;
const TOO_LATE: Duration = Duration::from_secs(120);
/// First wait between two tries; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_secs(1);
/// Most answers under way at once; who comes when there are more is not told.
const AT_ONCE: usize = 256;

/// Tells people things.
#[derive(Clone)]
pub struct Whisper {
    slack: Api,
    places: Arc<Semaphore>,
}

impl Whisper {
    /// By way of `slack`.
    pub fn new(slack: Api) -> Self {
        Self { slack, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Tells a person something; nobody waits for it.
    pub fn tell(&self, channel: String, user: String, text: String) {
        self.show(channel, user, Message::new(text, Vec::new()));
    }

    /// Shows a person a message; nobody waits for it.
    pub fn show(&self, channel: String, user: String, message: Message) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            tracing::warn!(channel, user, "too many people are being told something; this one is not");
            return;
        };
        let slack = self.slack.clone();
        tokio::spawn(async move {
            if let Err(error) = insist(&slack, &channel, &user, &message).await {
                tracing::warn!(%error, channel, user, "a person was not told what became of their click");
            }
            drop(place);
        });
    }
}

/// Tries again while Slack is slow or fails. One whose answer was lost may so be seen twice.
async fn insist(slack: &Api, channel: &str, user: &str, message: &Message) -> Result<(), ApiError> {
    let until = Instant::now() + TOO_LATE;
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        let error = match slack.tell(channel, user, message).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let wait = match &error {
            ApiError::RateLimited(Some(wait)) => *wait,
            ApiError::RateLimited(None) | ApiError::Failed(_) => pause,
            ApiError::Refused(refusal) if refusal.may_pass() => pause,
            ApiError::Refused(_) => return Err(error),
        };
        if Instant::now() + wait > until {
            return Err(error);
        }
        tokio::time::sleep(wait).await;
        pause *= 2;
    }
    slack.tell(channel, user, message).await
}
