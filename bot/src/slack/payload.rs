//! What Slack sends, as far as the bot reads it; everything else is ignored.

use std::collections::BTreeMap;

use commands::typed::{bounded, clean};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use storage::{Actor, Origin};

/// A name as it may be recorded, with its line breaks: evidence has it as the person wrote it, as far as it can be seen.
fn named(name: &str) -> String {
    let lines: Vec<String> = name.lines().map(clean).filter(|line| !line.is_empty()).collect();
    bounded(&lines.join("\n")).into_owned()
}

/// A form body as the object that Socket Mode sends in its stead.
pub(super) fn form(body: &[u8]) -> Result<Value, String> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|error| error.to_string())?;
    Ok(Value::Object(fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>()))
}

/// Whether a form is Slack's look at the certificate rather than a command.
pub(super) fn is_ssl_check(form: &[u8]) -> bool {
    let fields = serde_urlencoded::from_bytes::<Vec<(String, String)>>(form).unwrap_or_default();
    fields.iter().any(|(name, value)| name == "ssl_check" && value == "1")
        && fields.iter().all(|(name, _)| ["ssl_check", "token"].contains(&name.as_str()))
}

/// The same without members that are `null`, which is how Slack writes some of what is absent.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let there = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        value => value,
    }
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

/// What is wrong with a payload that names neither workspace nor organization.
const NO_TEAM: &str = "no team id";

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
    #[serde(default)]
    team_id: Option<String>,
    #[serde(default)]
    enterprise_id: Option<String>,
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
    pub(super) fn source(&self) -> Result<(Actor, Origin), String> {
        let team = self.team_id.clone().or_else(|| self.enterprise_id.clone()).ok_or(NO_TEAM)?;
        let name = self.user_name.as_deref().map(named);
        let actor = Actor::Slack { team, user: self.user_id.clone(), name };
        Ok((actor, Origin::Slack { channel: self.channel_id.clone(), message: None }))
    }
}

/// A click on a button: <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.
#[derive(Debug, Deserialize)]
pub(super) struct Click {
    user: User,
    #[serde(default)]
    team: Option<Id>,
    #[serde(default)]
    enterprise: Option<Id>,
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
    #[serde(default)]
    enterprise: Option<Id>,
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
        let team = team_of(&self.user, self.team.as_ref(), self.enterprise.as_ref())?;
        Ok(Actor::Slack { team, user: self.user.id.clone(), name: self.user.username.as_deref().map(named) })
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
        let team = team_of(&self.user, self.team.as_ref(), self.enterprise.as_ref())?;
        let (message, container) =
            self.container.map_or((None, None), |container| (container.message_ts, container.channel_id));
        let channel = self.channel.map(|channel| channel.id).or(container).ok_or("no channel id")?;
        let value = self.actions.into_iter().next().and_then(|action| action.value).unwrap_or_default();
        Ok(Clicked {
            actor: Actor::Slack { team, user: self.user.id.clone(), name: self.user.username.as_deref().map(named) },
            origin: Origin::Slack { channel: channel.clone(), message },
            channel,
            user: self.user.id,
            trigger: self.trigger_id,
            value,
        })
    }
}

/// The team that stands for the person: their own, or else where it was, which an app that was installed in a whole organization is told of as that.
fn team_of(user: &User, team: Option<&Id>, organization: Option<&Id>) -> Result<String, String> {
    let there = team.or(organization).map(|place| &place.id);
    Ok(user.team_id.as_ref().or(there).ok_or(NO_TEAM)?.clone())
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
    #[serde(default)]
    team_id: Option<String>,
    #[serde(default)]
    enterprise_id: Option<String>,
    event: Happening,
}

impl Happened {
    /// Reads a payload.
    pub(super) fn read(payload: Value) -> Result<Self, String> {
        serde_json::from_value(payload).map_err(|error| error.to_string())
    }
}

impl Happened {
    /// The workspace, or else the organization, and what happened there.
    pub(super) fn of(self) -> Result<(String, Happening), String> {
        Ok((self.team_id.or(self.enterprise_id).ok_or(NO_TEAM)?, self.event))
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
