//! What Slack sends, as far as the bot reads it; everything else is ignored.

use serde::Deserialize;
use storage::{Actor, Origin};

/// A slash command: <https://docs.slack.dev/interactivity/implementing-slash-commands>.
#[derive(Debug, Deserialize)]
pub(super) struct SlashCommand {
    team_id: String,
    channel_id: String,
    user_id: String,
    #[serde(default)]
    user_name: Option<String>,
    /// What stands after `/dr`.
    #[serde(default)]
    pub(super) text: String,
}

impl SlashCommand {
    /// Reads a form body.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        serde_urlencoded::from_bytes(body).map_err(|error| error.to_string())
    }

    /// Who typed it, and where.
    pub(super) fn source(&self) -> (Actor, Origin) {
        let actor = Actor::Slack { team: self.team_id.clone(), user: self.user_id.clone(), name: self.user_name.clone() };
        (actor, Origin::Slack { channel: self.channel_id.clone(), message: None })
    }
}

/// A click on a button: <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.
#[derive(Debug, Deserialize)]
pub(super) struct Click {
    user: User,
    #[serde(default)]
    team: Option<Id>,
    #[serde(default)]
    channel: Option<Id>,
    #[serde(default)]
    container: Option<Container>,
    actions: Vec<Action>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    team_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Container {
    #[serde(default)]
    message_ts: Option<String>,
    #[serde(default)]
    channel_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Action {
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
struct Interaction {
    payload: String,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

impl Click {
    /// Reads a form body whose `payload` is JSON; `None` if it is an interaction of another kind.
    pub(super) fn read(body: &[u8]) -> Result<Option<Self>, String> {
        let interaction: Interaction = serde_urlencoded::from_bytes(body).map_err(|error| error.to_string())?;
        let kind: Kind = serde_json::from_str(&interaction.payload).map_err(|error| error.to_string())?;
        if kind.kind != "block_actions" {
            return Ok(None);
        }
        serde_json::from_str(&interaction.payload).map(Some).map_err(|error| error.to_string())
    }

    /// The value of the button; `None` if it has none.
    pub(super) fn value(&self) -> Option<&str> {
        self.actions.first()?.value.as_deref()
    }

    /// Who clicked, and where. The person's own team counts: in a shared channel it is not the channel's.
    pub(super) fn source(&self) -> Result<(Actor, Origin), String> {
        let team = self.user.team_id.as_ref().or(self.team.as_ref().map(|team| &team.id)).ok_or("no team id")?;
        let container = self.container.as_ref();
        let channel = self.channel.as_ref().map(|channel| &channel.id).or(container.and_then(|container| container.channel_id.as_ref()));
        let actor = Actor::Slack { team: team.clone(), user: self.user.id.clone(), name: self.user.username.clone() };
        let message = container.and_then(|container| container.message_ts.clone());
        Ok((actor, Origin::Slack { channel: channel.ok_or("no channel id")?.clone(), message }))
    }
}
