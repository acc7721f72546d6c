//! What the outbox itself records: where messages are, which were given up, and when a channel was out of reach.

use std::sync::atomic::Ordering;

use commands::journal::Event;
use futures::TryStreamExt as _;
use storage::{Actor, Entry, Origin};

use super::{super::progress::Trouble, Delivery, Ended, Place, Post};
use crate::slack::api::{Blame, Refusal};

impl Delivery {
    /// The channel, or Slack as a whole, takes nothing.
    pub(super) async fn closed(&mut self, refusal: &Refusal) {
        let instead = if refusal.blame() == Blame::Channel { self.fallback.clone() } else { None };
        self.trouble(refusal.to_string(), instead).await;
    }

    pub(super) async fn trouble(&mut self, error: String, instead: Option<String>) {
        let (since, channel) = (self.clock.now(), self.home.clone());
        if self.progress.note(Some(Trouble { since, error: error.clone(), instead: instead.clone() })) {
            tracing::error!(channel, error, ?instead, "messages do not get through");
            self.append(None, None, None, Event::DeliveryFailed { channel, error, instead }).await;
        }
    }

    /// A message got through. While Slack puts others of this channel off for long, all is not well.
    pub(super) async fn well(&mut self, channel: &str) {
        let pace = &self.pace;
        self.waits_for.retain(|act| pace.is_put_off(act));
        if channel == self.home && self.waits_for.is_empty() && self.progress.note(None) {
            tracing::info!(channel, "messages get through again");
            self.append(None, None, None, Event::DeliveryRestored { channel: channel.to_owned() }).await;
        }
    }

    pub(super) async fn give_up(&mut self, post: &Post<'_>, channel: &str, refusal: &Refusal) {
        tracing::error!(key = post.key, channel, %refusal, "Slack refused a message, which is given up");
        if !self.given_up.insert(post.key.to_owned()) {
            return;
        }
        self.progress.refused.fetch_add(1, Ordering::Relaxed);
        let (key, channel, error) = (post.key.to_owned(), channel.to_owned(), refusal.to_string());
        self.append(post.application, post.run, None, Event::MessageRefused { key, channel, error }).await;
    }

    /// Reports that somebody deleted a message which was to be edited.
    pub(in crate::slack::outbox) async fn report_gone(&mut self, post: &Post<'_>, place: &Place) {
        let refusal = Refusal { code: "message_not_found".to_owned(), details: String::new() };
        self.give_up(post, &place.channel, &refusal).await;
    }

    pub(super) async fn record(&self, post: &Post<'_>, place: &Place) {
        self.record_posted(post.application, post.run, post.key, place).await;
    }

    /// Records a message that was found to be there.
    pub(in crate::slack::outbox) async fn record_found(
        &self,
        (application, run): (&str, &str),
        key: &str,
        place: &Place,
    ) {
        self.record_posted(Some(application), Some(run), key, place).await;
    }

    async fn record_posted(&self, application: Option<&str>, run: Option<&str>, key: &str, place: &Place) {
        let Place { channel, ts } = place.clone();
        let posted = Event::MessagePosted { key: key.to_owned(), channel, ts };
        self.append(application, run, Some(dedupe(key)), posted).await;
    }

    /// Whether a message was posted under that key.
    pub(in crate::slack::outbox) async fn was_posted(&self, key: &str) -> Result<bool, Ended> {
        Ok(self.log.seen(&dedupe(key)).await?.is_some())
    }

    /// Appends what the outbox itself has to record. A log that takes no records stops runs and says so; here it only means that a message may be
    /// looked for again after the next start.
    async fn append(&self, application: Option<&str>, run: Option<&str>, dedupe: Option<String>, event: Event) {
        let (event, data) = match event.into_parts() {
            Ok(parts) => parts,
            Err(error) => {
                tracing::error!(%error, "what became of a message has no record");
                return;
            }
        };
        let entry = Entry {
            actor: Actor::Bot,
            origin: Origin::System,
            application: application.map(str::to_owned),
            run: run.map(str::to_owned),
            step: None,
            event,
            dedupe,
            data,
        };
        if let Err(error) = self.log.append(entry).await {
            tracing::error!(%error, "what became of a message was not recorded");
        }
    }

    pub(super) async fn identity(&mut self) -> Result<String, Ended> {
        if let Some(identity) = &self.identity {
            return Ok(identity.clone());
        }
        let first = self.log.read(..1).try_next().await?;
        let identity = first.map(|first| first.at.to_string()).unwrap_or_default();
        self.identity = Some(identity.clone());
        Ok(identity)
    }
}

fn dedupe(key: &str) -> String {
    format!("posted/{key}")
}
