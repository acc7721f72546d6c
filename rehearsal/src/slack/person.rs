//! People: what they type and press becomes signed requests to the app, and the answers become what they see.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::Instant;

use super::api::Arguments;
use super::deliver::{Answer, DeliveryFailure, is_json};
use super::message::{Content, Message, buttons};
use super::response;
use super::settings::{Channel, Person};
use super::state::{Post, State, Viewer};
use super::transcript::Event;
use super::{Slack, sign, trigger};

/// A verification token, which Slack still sends and nobody should trust.
pub(super) const VERIFICATION_TOKEN: &str = "gIkuvaNzQIHg97ATvDxqgjtO";

/// Something that a person cannot do.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PersonError {
    /// There is nobody of that id.
    #[error("no person {0} in the workspace: use an id of `Settings::people`")]
    UnknownPerson(String),
    /// There is no channel of that id.
    #[error("no channel {0} in the workspace: use an id of `Settings::channels`")]
    UnknownChannel(String),
    /// The person sees no such message.
    #[error("no message {ts} in {channel} that this person sees")]
    UnknownMessage {
        /// The channel.
        channel: String,
        /// The message.
        ts: String,
    },
    /// The message or view, as it is now, has no such button.
    #[error("no button {action_id} in {place}; it has {buttons:?}")]
    NoSuchButton {
        /// `ts` of the message, or id of the view.
        place: String,
        /// The button that was looked for.
        action_id: String,
        /// The buttons that are there.
        buttons: Vec<String>,
    },
    /// The person has no modal open.
    #[error("no modal is open for {0}")]
    NoModal(String),
    /// The app has not published a home for the person.
    #[error("the app has no home for {0} yet")]
    NoHome(String),
    /// The modal, as it is now, has no such input.
    #[error("no input {input} in the modal; it has {inputs:?}")]
    NoSuchInput {
        /// The input that was looked for.
        input: String,
        /// Action ids of the inputs that are there.
        inputs: Vec<String>,
    },
    /// The input has no such option.
    #[error("no option {option}; there are {options:?}")]
    NoSuchOption {
        /// The option that was looked for.
        option: String,
        /// Values of the options that are there.
        options: Vec<String>,
    },
    /// The modal cannot be submitted as it is filled in: what is wrong, by block id.
    #[error("the modal is incomplete: {0:?}")]
    Incomplete(BTreeMap<String, String>),
    /// The app is not connected.
    #[error("requests have nowhere to go: call `deliver_to` first")]
    NotConnected,
}

impl Slack {
    /// A person types the slash command with `text` behind it.
    pub async fn command(&self, user: &str, channel: &str, text: &str) -> Result<Answer, PersonError> {
        let body = self.command_body(user, channel, text)?;
        let typed = self.change(|state| {
            let typed = format!("{} {text}", state.settings.app.command).trim_end().to_owned();
            let (user, channel) = (user.to_owned(), channel.to_owned());
            state.record(Event::Command { user, channel, text: typed.clone() });
            typed
        });
        let command = self.settings().app.command.clone();
        let (response, mut answer) = self.deliver(&self.settings().commands_path, body).await?;
        self.change(|state| {
            if let Some(response) = response
                && !show_answer(state, user, channel, &typed, &response)
            {
                answer.failure = Some(DeliveryFailure::InvalidCommandResponse);
            }
            report_failure(state, &answer, user, channel, &command);
        });
        Ok(answer)
    }

    /// A person presses the button `action_id` of a message, as the message is now.
    pub async fn click(&self, user: &str, channel: &str, ts: &str, action_id: &str) -> Result<Answer, PersonError> {
        let body = self.click_body(user, channel, ts, action_id)?;
        let label = self.change(|state| {
            let message = state.message(channel, ts, Viewer::Person(user));
            let label = message.and_then(|message| action(&message.blocks, ts, action_id).ok());
            let label = label.map_or_else(|| action_id.to_owned(), |(_, label)| label);
            state.record(Event::Click {
                user: user.to_owned(),
                channel: Some(channel.to_owned()),
                ts: ts.to_owned(),
                action_id: action_id.to_owned(),
                label: label.clone(),
            });
            label
        });
        let (_, answer) = self.deliver(&self.settings().interactions_path, body).await?;
        self.change(|state| report_failure(state, &answer, user, channel, &label));
        Ok(answer)
    }

    /// The form that a slash command sends: <https://docs.slack.dev/interactivity/implementing-slash-commands>.
    pub fn command_body(&self, user: &str, channel: &str, text: &str) -> Result<String, PersonError> {
        self.change(|state| {
            let settings = state.settings.clone();
            let (person, place) = (person(state, user)?, place(state, user, channel)?);
            let response_url = response::issue(state, user, channel, None, None);
            let trigger_id = trigger::issue(state, user);
            // A member types in the workspace, wherever they are at home.
            let team_id = if person.is_of(&settings.team) { &settings.team.id } else { &person.team_id };
            Ok(form(&[
                ("token", VERIFICATION_TOKEN),
                ("team_id", team_id),
                ("team_domain", &settings.team.domain),
                ("channel_id", &place.id),
                ("channel_name", &place.name),
                ("user_id", &person.id),
                ("user_name", &person.name),
                ("command", &settings.app.command),
                ("text", text),
                ("api_app_id", &settings.app.id),
                ("is_enterprise_install", if state.is_org_wide() { "true" } else { "false" }),
                ("response_url", &response_url),
                ("trigger_id", &trigger_id),
            ]))
        })
    }

    /// The form that a click sends: <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.
    pub fn click_body(&self, user: &str, channel: &str, ts: &str, action_id: &str) -> Result<String, PersonError> {
        self.change(|state| {
            let (person, place) = (person(state, user)?, place(state, user, channel)?);
            let unknown = || PersonError::UnknownMessage { channel: channel.to_owned(), ts: ts.to_owned() };
            let message = state.message(channel, ts, Viewer::Person(user)).ok_or_else(unknown)?.clone();
            let (mut action, _) = action(&message.blocks, ts, action_id)?;
            action["action_ts"] = json!(state.next_ts());
            let response_url = response::issue(state, user, channel, Some(ts), message.thread_ts.as_deref());
            let trigger_id = trigger::issue(state, user);
            let mut payload = click_payload(state, &person, &place, &message);
            payload["response_url"] = json!(response_url);
            payload["trigger_id"] = json!(trigger_id);
            payload["actions"] = json!([action]);
            Ok(form(&[("payload", &payload.to_string())]))
        })
    }

    /// Signs a body now and sends it.
    pub(super) async fn deliver(
        &self,
        path: &str,
        body: String,
    ) -> Result<(Option<Response<Bytes>>, Answer), PersonError> {
        let (deliver, now) = self.change(|state| (state.deliver.clone(), state.now()));
        let headers = sign::headers(&self.settings().signing_secret, sign::FORM, &body, now.as_second());
        let start = Instant::now();
        let result = deliver.ok_or(PersonError::NotConnected)?.send(path, headers, body).await;
        Ok(answered(result, start.elapsed()))
    }
}

/// What the person gets: the response, if it is a success, and what is known of it in any case.
pub(super) fn answered(
    result: Result<Response<Bytes>, DeliveryFailure>,
    elapsed: Duration,
) -> (Option<Response<Bytes>>, Answer) {
    let mut answer = Answer { status: None, body: String::new(), elapsed, failure: None };
    let response = match result {
        Ok(response) => response,
        Err(failure) => {
            answer.failure = Some(failure);
            return (None, answer);
        }
    };
    answer.status = Some(response.status());
    answer.body = String::from_utf8_lossy(response.body()).into_owned();
    if response.status().is_success() {
        return (Some(response), answer);
    }
    answer.failure = Some(DeliveryFailure::DispatchFailed);
    (None, answer)
}

/// Shows what the app answered to a command; `false` if it cannot be shown.
fn show_answer(state: &mut State, user: &str, channel: &str, typed: &str, response: &Response<Bytes>) -> bool {
    if response.body().is_empty() {
        return true;
    }
    let author = state.settings.app.user_id.clone();
    if !is_json(response) {
        let content = Content::text(String::from_utf8_lossy(response.body()));
        state.post(Post { channel, author: &author, thread_ts: None, only_visible_to: Some(user), content });
        return true;
    }
    let Ok(arguments) = Arguments::from_json(response.body()) else { return false };
    if response::in_channel(&arguments) {
        // A command that is answered in the channel is shown there too, as the person's own message.
        let content = Content::text(typed);
        state.post(Post { channel, author: user, thread_ts: None, only_visible_to: None, content });
    }
    // `{"response_type": "in_channel"}` alone shows the command and nothing more.
    arguments.is_bare() || response::show(state, &arguments, user, channel, None).is_ok()
}

fn report_failure(state: &mut State, answer: &Answer, user: &str, channel: &str, what: &str) {
    if let Some(failure) = answer.failure {
        let (user, channel, what) = (user.to_owned(), Some(channel.to_owned()), what.to_owned());
        state.record(Event::Failed { user, channel, what, failure });
    }
}

pub(super) fn person(state: &State, id: &str) -> Result<Person, PersonError> {
    state.person(id).cloned().ok_or_else(|| PersonError::UnknownPerson(id.to_owned()))
}

/// The channel of that id, or the person's conversation with the app.
fn place(state: &State, user: &str, id: &str) -> Result<Channel, PersonError> {
    if id == state.direct(user) {
        return Ok(Channel { id: id.to_owned(), name: "directmessage".to_owned(), app_is_member: true });
    }
    state.settings.channel(id).cloned().ok_or_else(|| PersonError::UnknownChannel(id.to_owned()))
}

/// What a payload says of the button that was pressed, and what the button itself says.
pub(super) fn action(blocks: &[Value], place: &str, action_id: &str) -> Result<(Value, String), PersonError> {
    let Some((block_id, button)) = buttons(blocks).find(|(_, button)| button["action_id"] == action_id) else {
        let names = buttons(blocks).filter_map(|(_, button)| button["action_id"].as_str());
        return Err(PersonError::NoSuchButton {
            place: place.to_owned(),
            action_id: action_id.to_owned(),
            buttons: names.map(str::to_owned).collect(),
        });
    };
    let mut action = json!({"type": "button", "block_id": block_id});
    for key in ["action_id", "text", "value", "style"] {
        if let Some(value) = button.get(key) {
            action[key] = value.clone();
        }
    }
    Ok((action, button["text"]["text"].as_str().unwrap_or(action_id).to_owned()))
}

fn click_payload(state: &State, person: &Person, place: &Channel, message: &Message) -> Value {
    let (settings, is_ephemeral) = (&state.settings, message.only_visible_to.is_some());
    let mut payload = json!({
        "type": "block_actions",
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": settings.app.id,
        "token": VERIFICATION_TOKEN,
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": place.id,
            "is_ephemeral": is_ephemeral,
        },
        "team": state.named_team(),
        "enterprise": state.named_organization(),
        "is_enterprise_install": state.is_org_wide(),
        "channel": {"id": place.id, "name": place.name},
        "state": {"values": {}},
    });
    if let Some(thread_ts) = &message.thread_ts {
        payload["container"]["thread_ts"] = json!(thread_ts);
    }
    // Slack does not keep ephemeral messages, so it cannot send them back.
    if !is_ephemeral {
        payload["message"] = message.to_api(settings);
    }
    payload
}

pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
