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
        let actor =
            Actor::Slack { team: self.team_id.clone(), user: self.user_id.clone(), name: self.user_name.clone() };
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

    /// What was clicked, by whom and where. The person's own team counts: in a shared channel it is not the channel's.
    pub(super) fn clicked(self) -> Result<Clicked, String> {
        let team = self.user.team_id.or(self.team.map(|team| team.id)).ok_or("no team id")?;
        let (message, container) =
            self.container.map_or((None, None), |container| (container.message_ts, container.channel_id));
        let channel = self.channel.map(|channel| channel.id).or(container).ok_or("no channel id")?;
        let value = self.actions.into_iter().next().and_then(|action| action.value).unwrap_or_default();
        Ok(Clicked {
            actor: Actor::Slack { team, user: self.user.id.clone(), name: self.user.username },
            origin: Origin::Slack { channel: channel.clone(), message },
            channel,
            user: self.user.id,
            value,
        })
    }
}

/// A click, taken apart.
pub(super) struct Clicked {
    /// Who.
    pub(super) actor: Actor,
    /// Where, the message included.
    pub(super) origin: Origin,
    /// The channel.
    pub(super) channel: String,
    /// The person.
    pub(super) user: String,
    /// What the button says; empty if it says nothing.
    pub(super) value: String,
}
