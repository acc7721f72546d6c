//! What Slack sends, as far as the bot reads it; everything else is ignored.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use storage::{Actor, Origin};

/// A form body as the object that Socket Mode sends in its stead.
pub(super) fn form(body: &[u8]) -> Result<Value, String> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|error| error.to_string())?;
    Ok(Value::Object(fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>()))
}

/// The JSON in the field `payload` of a form body.
pub(super) fn in_form(body: &[u8]) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Form {
        payload: String,
    }
    let form: Form = serde_urlencoded::from_bytes(body).map_err(|error| error.to_string())?;
    serde_json::from_str(&form.payload).map_err(|error| error.to_string())
}

/// What kind of interaction it is.
pub(super) fn kind(payload: &Value) -> Result<&str, String> {
    payload["type"].as_str().ok_or_else(|| "no type".to_owned())
}

/// The same deed of a person has the same key, however often and whichever way it is delivered: Slack gives each a `trigger_id`.
/// Without one the content is the key.
pub(super) fn dedupe_key(payload: &Value) -> String {
    match payload["trigger_id"].as_str() {
        Some(trigger) if !trigger.is_empty() => format!("trigger:{trigger}"),
        // serde_json keeps an object's members in order.
        _ => format!("content:{}", hex::encode(Sha256::digest(payload.to_string()))),
    }
}

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
    /// Reads a payload.
    pub(super) fn read(payload: Value) -> Result<Self, String> {
        serde_json::from_value(payload).map_err(|error| error.to_string())
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
    #[serde(default)]
    trigger_id: String,
    actions: Vec<Action>,
}

/// A modal that was submitted: <https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload>.
#[derive(Debug, Deserialize)]
pub(super) struct Submission {
    user: User,
    #[serde(default)]
    team: Option<Id>,
    view: SubmittedView,
}

#[derive(Debug, Deserialize)]
struct SubmittedView {
    private_metadata: String,
    state: ViewState,
}

#[derive(Debug, Deserialize)]
struct ViewState {
    /// By block id and action id.
    values: BTreeMap<String, BTreeMap<String, Typed>>,
}

#[derive(Debug, Deserialize)]
struct Typed {
    #[serde(default)]
    value: Option<String>,
}

impl Submission {
    /// Reads a payload of type `view_submission`.
    pub(super) fn read(payload: Value) -> Result<Self, String> {
        serde_json::from_value(payload).map_err(|error| error.to_string())
    }

    /// Who submitted it; the person's own team counts.
    pub(super) fn by(&self) -> Result<Actor, String> {
        let team = self.user.team_id.clone().or(self.team.as_ref().map(|team| team.id.clone())).ok_or("no team id")?;
        Ok(Actor::Slack { team, user: self.user.id.clone(), name: self.user.username.clone() })
    }

    /// Their user id.
    pub(super) fn user(&self) -> &str {
        &self.user.id
    }

    /// What the bot kept in the modal.
    pub(super) fn kept(&self) -> &str {
        &self.view.private_metadata
    }

    /// What was typed into the input with that id, without white space around it.
    pub(super) fn typed(&self, id: &str) -> &str {
        let typed = self.view.state.values.get(id).and_then(|block| block.get(id));
        typed.and_then(|typed| typed.value.as_deref()).unwrap_or_default().trim()
    }
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

impl Click {
    /// Reads a payload of type `block_actions`.
    pub(super) fn read(payload: Value) -> Result<Self, String> {
        serde_json::from_value(payload).map_err(|error| error.to_string())
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
            trigger: self.trigger_id,
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
    /// Opens a modal for the person, once and within 3 s.
    pub(super) trigger: String,
    /// What the button says; empty if it says nothing.
    pub(super) value: String,
}

/// What Slack tells an app of by itself: <https://docs.slack.dev/apis/events-api>.
#[derive(Debug, Deserialize)]
pub(super) struct Happened {
    /// The workspace.
    pub(super) team_id: String,
    /// What happened.
    pub(super) event: Happening,
}

impl Happened {
    /// Reads a payload.
    pub(super) fn read(payload: Value) -> Result<Self, String> {
        serde_json::from_value(payload).map_err(|error| error.to_string())
    }
}

/// An event.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Happening {
    /// A person opened the app: <https://docs.slack.dev/reference/events/app_home_opened>.
    AppHomeOpened {
        /// The person.
        user: String,
        /// `home` or `messages`.
        tab: String,
    },
    /// Not for the bot.
    #[serde(other)]
    Other,
}
