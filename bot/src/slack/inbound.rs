//! What Slack sends, whichever way it came: commands, interactions, events. Each is handed to the desk, which makes it durable, and
//! answered; AWS is never waited for.

use std::time::Duration;

use commands::{
    desk::Desk,
    journal::Refusal,
    request::{Press, Reply, Request},
};
use serde_json::{Value, json};
use storage::Origin;

use crate::audit::Compliance;

use super::{
    api::Api,
    home::Home,
    messages::{refused, told},
    payload::{Click, Happened, Happening, SlashCommand, dedupe_key, kind},
};

/// Slack gives up after 3 s; this leaves time for the answer to travel.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// What a payload is, as Slack addresses it: by path over HTTP, by the envelope's type in Socket Mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A slash command.
    Command,
    /// A click or another interaction.
    Interaction,
    /// An event that the app subscribed to.
    Event,
}

/// What Slack is to be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// It was taken.
    Taken,
    /// It was taken, and this is to be shown: the response's body, or the acknowledgement's payload.
    Shown(Value),
    /// It is not what Slack sends, which is recorded: why.
    Malformed(String),
}

/// Takes what Slack sends. Who brings it vouches that it is Slack's.
#[derive(Clone)]
pub struct Inbound {
    /// Where requests go.
    pub desk: Desk,
    /// Tells people what became of their clicks.
    pub slack: Api,
    /// Shows people the app's home.
    pub home: Home,
    /// Answers those who may read the log.
    pub compliance: Compliance,
}

impl Inbound {
    /// Takes one payload. It is durable when the answer is there, or the answer says that it is not.
    pub(super) async fn take(&self, kind: Kind, payload: Value) -> Answer {
        let taken = match kind {
            Kind::Command => self.command(payload).await,
            Kind::Interaction => self.interaction(payload).await,
            Kind::Event => self.event(payload),
        };
        match taken {
            Ok(answer) => answer,
            Err(error) => self.malformed(&error).await,
        }
    }

    /// Refuses what cannot be read, and nobody can be named for.
    pub(super) async fn malformed(&self, error: &str) -> Answer {
        let reply = format!("this is not what Slack sends: {error}");
        self.desk.refuse(Origin::System, Refusal::Malformed, &reply).await;
        Answer::Malformed(reply)
    }

    async fn command(&self, payload: Value) -> Result<Answer, String> {
        let dedupe = dedupe_key(&payload);
        let command = SlashCommand::read(payload)?;
        let (actor, origin) = command.source();
        let request = Request { actor, origin, dedupe };
        let text = if Compliance::concerns(&command.text) {
            acknowledge(self.compliance.clone().command(request, command.text)).await
        } else {
            let desk = self.desk.clone();
            acknowledge(async move { desk.command(request, &command.text).await }).await
        };
        // Only the person sees it.
        Ok(Answer::Shown(json!({ "response_type": "ephemeral", "text": text })))
    }

    async fn interaction(&self, payload: Value) -> Result<Answer, String> {
        match kind(&payload)? {
            "block_actions" => self.click(payload).await,
            // Slack asks for an empty answer to interactions that mean nothing to an app.
            _ => Ok(Answer::Taken),
        }
    }

    async fn click(&self, payload: Value) -> Result<Answer, String> {
        let dedupe = dedupe_key(&payload);
        let clicked = Click::read(payload)?.clicked()?;
        let reply = match clicked.value.parse::<Press>() {
            Ok(press) => {
                let request = Request { actor: clicked.actor, origin: clicked.origin, dedupe };
                let desk = self.desk.clone();
                acknowledge(async move { desk.press(request, press).await }).await
            }
            Err(error) => {
                self.desk.refuse(clicked.origin, Refusal::NoSuchThing, &error.to_string()).await;
                refused(&error.to_string())
            }
        };
        self.tell(clicked.channel, clicked.user, reply);
        Ok(Answer::Taken)
    }

    /// What is done about an event is not waited for.
    fn event(&self, payload: Value) -> Result<Answer, String> {
        let Happened { team_id, event } = Happened::read(payload)?;
        match event {
            Happening::AppHomeOpened { user, tab } if tab == "home" => self.home.show(team_id, user),
            Happening::AppHomeOpened { .. } | Happening::Other => {}
        }
        Ok(Answer::Taken)
    }

    /// Tells the person who clicked. Slack shows nothing of what a click is answered with, so it takes a call, which
    /// the answer does not wait for.
    fn tell(&self, channel: String, user: String, text: String) {
        let slack = self.slack.clone();
        tokio::spawn(async move {
            if let Err(error) = slack.tell(&channel, &user, &text).await {
                tracing::warn!(%error, channel, user, "a person was not told what became of their click");
            }
        });
    }
}

/// What the desk replies, or in time without it. The work goes on either way: it is a task of its own, so neither Slack
/// hanging up nor a slow disk leaves it half done.
async fn acknowledge(work: impl Future<Output = Reply> + Send + 'static) -> String {
    match tokio::time::timeout(PATIENCE, tokio::spawn(work)).await {
        Ok(Ok(Reply::Accepted(text) | Reply::Told(text))) => told(&text),
        Ok(Ok(Reply::Refused { text, .. })) => refused(&text),
        Ok(Err(error)) => {
            tracing::error!(%error, "a request ended abnormally");
            "❌ this failed inside the bot; its own log says why".to_owned()
        }
        Err(_) => "⏳ the audit log is slow to answer; see `/dr status` before trying again".to_owned(),
    }
}
