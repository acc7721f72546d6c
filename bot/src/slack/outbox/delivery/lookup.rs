//! Looking for messages that are there already.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    super::pace::Act,
    Delivery, Ended, Place, Post,
    attempt::{AWAY, Patience},
};
use crate::slack::api::{ApiError, Blame, Mark};

/// How far Slack's clock and this host's may be apart, and more.
const SKEW: Duration = Duration::from_secs(600);

impl Delivery {
    /// The marks of this log's messages in a thread, with where they are: what an earlier process may have posted without recording it.
    pub(in crate::slack::outbox) async fn in_thread(
        &mut self,
        root: &Place,
        since: Timestamp,
    ) -> Result<Vec<(String, Place)>, Ended> {
        let log = self.identity().await?;
        let found = self.look(&root.channel, Some(&root.ts), since).await?;
        let ours = found.into_iter().filter(|(mark, _)| mark.log == log);
        Ok(ours.map(|(mark, place)| (mark.key, place)).collect())
    }

    /// Whether a message still stands. Slack may not say; then it is taken to.
    pub(in crate::slack::outbox) async fn stands(&mut self, place: &Place) -> Result<bool, Ended> {
        if self.pace.is_put_off(&Act::Look) {
            return Ok(true);
        }
        self.turn(Act::Look).await?;
        Ok(match self.api.stands(&place.channel, &place.ts).await {
            Ok(stands) => {
                self.pace.took(&Act::Look);
                stands
            }
            Err(ApiError::RateLimited(asked)) => {
                self.pace.hold(Act::Look, asked);
                true
            }
            Err(ApiError::Refused(refusal)) => refusal.blame() != Blame::Message,
            Err(ApiError::Failed(_)) => true,
        })
    }

    /// The message, if it is there already.
    pub(super) async fn look_for(
        &mut self,
        targets: &[String],
        thread: Option<&str>,
        post: &Post<'_>,
        mark: &Mark,
    ) -> Result<Option<Place>, Ended> {
        for channel in targets {
            let found = self.look(channel, thread, post.cause.1).await?;
            if let Some((_, place)) = found.into_iter().find(|(found, _)| found == mark) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// The marked messages of a channel or thread since then. Where the bot may not look, it is as if there were none: a message twice is better
    /// than none.
    async fn look(
        &mut self,
        channel: &str,
        thread: Option<&str>,
        since: Timestamp,
    ) -> Result<Vec<(Mark, Place)>, Ended> {
        let oldest =
            format!("{}.000000", since.as_second().saturating_sub(SKEW.as_secs().try_into().unwrap_or(i64::MAX)));
        let mut patience = Patience::new();
        loop {
            if self.pace.is_put_off(&Act::Look) {
                tracing::warn!(channel, "Slack puts looks off; a message may come twice");
                return Ok(Vec::new());
            }
            self.turn(Act::Look).await?;
            match self.api.marked(channel, thread, &oldest).await {
                Ok(found) => {
                    self.pace.took(&Act::Look);
                    let place = |ts| Place { channel: channel.to_owned(), ts };
                    return Ok(found.into_iter().map(|found| (found.mark, place(found.ts))).collect());
                }
                Err(ApiError::RateLimited(wait)) => self.pace.hold(Act::Look, wait),
                Err(ApiError::Failed(error)) => self.wait_out(&mut patience, &error).await?,
                Err(ApiError::Refused(refusal)) => match refusal.blame() {
                    // A thread that is gone holds nothing.
                    Blame::Message => return Ok(Vec::new()),
                    Blame::Channel if self.fallback.is_some() => {
                        self.closed(&refusal).await;
                        return Ok(Vec::new());
                    }
                    Blame::Channel | Blame::Token if !refusal.lacks_scope() => {
                        self.closed(&refusal).await;
                        self.pause(&mut patience).await?;
                    }
                    Blame::Content | Blame::Call | Blame::Moment | Blame::Unknown if patience.failures < AWAY => {
                        self.pause(&mut patience).await?
                    }
                    _ => {
                        tracing::warn!(channel, %refusal, "what was posted cannot be looked up; a message may come twice");
                        return Ok(Vec::new());
                    }
                },
            }
        }
    }
}
