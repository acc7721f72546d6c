//! Two people of the stand-in workspace: one asks, another confirms.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rehearsal::slack::{Message, Slack};

use crate::failure::Failure;

/// What a person takes to read and decide.
const READING: Duration = Duration::from_secs(8);

/// The two people and the channel that they are in.
pub(super) struct People<'a> {
    slack: &'a Slack,
    channel: &'a str,
    asks: &'a str,
    confirms: &'a str,
}

impl<'a> People<'a> {
    pub(super) fn of(slack: &'a Slack) -> Result<Self, Failure> {
        let settings = slack.settings();
        let [asks, confirms, ..] = settings.people.as_slice() else {
            return Err(anyhow!("the workspace needs two people").into());
        };
        let channel = settings.channels.first().context("the workspace needs a channel")?;
        Ok(Self { slack, channel: &channel.id, asks: &asks.id, confirms: &confirms.id })
    }

    /// One of them types `/dr text`.
    pub(super) async fn ask(&self, text: &str) -> Result<(), Failure> {
        tokio::time::sleep(READING).await;
        self.slack
            .command(self.asks, self.channel, text)
            .await
            .with_context(|| format!("failed to type /dr {text}"))?;
        Ok(())
    }

    /// The other one presses a button, once there is one, and types what the modal asks for that it may open.
    pub(super) async fn confirm(&self, action_id: &str) -> Result<(), Failure> {
        let gate = self.hear(|message| message.buttons().any(|(_, button)| button["action_id"] == action_id)).await;
        tokio::time::sleep(READING).await;
        let clicked = self.slack.click_through(self.confirms, self.channel, &gate.ts, action_id).await;
        clicked.with_context(|| format!("failed to press {action_id}"))?;
        Ok(())
    }

    /// Waits for a message.
    pub(super) async fn hear(&self, said: impl FnMut(&Message) -> bool) -> Message {
        self.slack.wait_for_message(self.channel, said).await
    }
}
