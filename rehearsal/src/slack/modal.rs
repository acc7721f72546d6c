//! People in front of a modal or the app's home: what they fill in, press, submit and close.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Slack;
use super::api::valid_view;
use super::deliver::{Answer, DeliveryFailure};
use super::person::{PersonError, VERIFICATION_TOKEN, action, form, person};
use super::state::State;
use super::transcript::Event;
use super::trigger;
use super::view::{TROUBLE, View};
use super::views::{self, Named};

impl Slack {
    /// The modal that a person sees, if one is open.
    pub fn modal(&self, user: &str) -> Option<View> {
        self.look(|state| state.views.top(user).cloned())
    }

    /// Returns the modal that a person sees, once it satisfies `predicate`. Waits without end: bound it with a timeout.
    pub async fn wait_for_modal(&self, user: &str, mut predicate: impl FnMut(&View) -> bool) -> View {
        self.wait_for_some(|slack| slack.modal(user).filter(|view| predicate(view))).await
    }

    /// What a person sees in the app's home, once the app published it.
    pub fn home(&self, user: &str) -> Option<View> {
        self.look(|state| state.views.home(user).cloned())
    }

    /// Returns what a person sees in the app's home, once it satisfies `predicate`. Waits without end: bound it with a timeout.
    pub async fn wait_for_home(&self, user: &str, mut predicate: impl FnMut(&View) -> bool) -> View {
        self.wait_for_some(|slack| slack.home(user).filter(|view| predicate(view))).await
    }

    /// A person presses a button and, where that opens a modal, types into each input what it suggests, and submits. The last answer of the app;
    /// `None` where a button that opens one, since it is dangerous and asks for no confirmation by itself or its label ends in an ellipsis, opened none
    /// while its trigger lived.
    pub async fn click_through(
        &self,
        user: &str,
        channel: &str,
        ts: &str,
        action_id: &str,
    ) -> Result<Option<Answer>, PersonError> {
        // A modal that is still open lies over the messages.
        while self.modal(user).is_some() {
            self.close_modal(user).await?;
        }
        let message = self.messages(channel).into_iter().find(|message| message.ts == ts);
        let buttons = message.iter().flat_map(|message| message.buttons());
        let asks = |button: &Value| {
            let label = button["text"]["text"].as_str().unwrap_or_default();
            (button["style"] == "danger" && button["confirm"].is_null()) || label.ends_with('…')
        };
        let mut asking = buttons.filter(|(_, button)| asks(button));
        let asks_more = asking.any(|(_, button)| button["action_id"] == action_id);
        let answer = self.click(user, channel, ts, action_id).await?;
        if !asks_more || answer.failure.is_some() {
            return Ok(Some(answer));
        }
        let Ok(view) = timeout(trigger::LIFETIME, self.wait_for_modal(user, |_| true)).await else { return Ok(None) };
        for (block_id, _, input) in view.inputs() {
            self.fill(user, block_id, input["placeholder"]["text"].as_str().unwrap_or_default())?;
        }
        self.submit(user).await.map(Some)
    }

    /// A person types `value` into an input of the modal that they see, or chooses the option with that value; among
    /// checkboxes it is ticked, or unticked if it was ticked. `input` is the input's action id or its block's id.
    pub fn fill(&self, user: &str, input: &str, value: &str) -> Result<(), PersonError> {
        self.change(|state| {
            let view = state.views.top_mut(user).ok_or_else(|| no_modal(user))?;
            let (block_id, action_id, element) = named_input(view, input)?;
            let before = view.values.get(&block_id).and_then(|values| values.get(&action_id)).cloned();
            let value = filled(&element, before.unwrap_or_default(), value)?;
            view.values.entry(block_id).or_default().insert(action_id, value);
            Ok(())
        })
    }

    /// A person submits the modal that they see. Whatever the app answers is carried out: it closes, changes, or shows what
    /// is wrong. Slack itself does not let through what is incomplete.
    pub async fn submit(&self, user: &str) -> Result<Answer, PersonError> {
        let body = self.submit_body(user)?;
        let view = self.change(|state| {
            let view = state.views.top_mut(user).ok_or_else(|| no_modal(user))?;
            view.errors.clear();
            view.failure = None;
            let view = view.clone();
            let (user, title, values) = (user.to_owned(), view.title.clone(), view.values.clone());
            state.record(Event::Submitted { user, title, values });
            Ok::<_, PersonError>(view)
        })?;
        let (response, mut answer) = self.deliver(&self.settings().interactions_path, body).await?;
        self.change(|state| {
            if response.is_some_and(|response| carry_out(state, &view, &response).is_none()) {
                answer.failure = Some(DeliveryFailure::InvalidViewResponse);
            }
            if let Some(failure) = answer.failure {
                if let Some(view) = state.views.find_mut(Named::Id(&view.id)) {
                    view.failure = Some(TROUBLE.to_owned());
                }
                let (user, what) = (user.to_owned(), view.title.clone());
                state.record(Event::Failed { user, channel: None, what, failure });
            }
        });
        Ok(answer)
    }

    /// A person closes the modal that they see. The app hears of it if it asked to.
    pub async fn close_modal(&self, user: &str) -> Result<(), PersonError> {
        let body = self.change(|state| {
            let view = state.views.top(user).cloned().ok_or_else(|| no_modal(user))?;
            state.record(Event::Closed { user: user.to_owned(), title: view.title.clone() });
            match view.clear_on_close {
                true => state.views.clear(user),
                false => state.views.close(&view.id),
            }
            let mut payload = payload(state, user, "view_closed", &view)?;
            payload["is_cleared"] = json!(view.clear_on_close);
            Ok(view.notify_on_close.then(|| form(&[("payload", &payload.to_string())])))
        })?;
        if let Some(body) = body {
            // Nobody is left to show a failure to.
            self.deliver(&self.settings().interactions_path, body).await?;
        }
        Ok(())
    }

    /// A person presses a button of the modal that they see.
    pub async fn click_in_modal(&self, user: &str, action_id: &str) -> Result<Answer, PersonError> {
        let view = self.modal(user).ok_or_else(|| no_modal(user))?;
        self.click_in_view(&view, action_id).await
    }

    /// A person presses a button of the app's home.
    pub async fn click_in_home(&self, user: &str, action_id: &str) -> Result<Answer, PersonError> {
        let view = self.home(user).ok_or_else(|| PersonError::NoHome(user.to_owned()))?;
        self.click_in_view(&view, action_id).await
    }

    /// The form that a click in a view sends: <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.
    async fn click_in_view(&self, view: &View, action_id: &str) -> Result<Answer, PersonError> {
        let body = self.change(|state| {
            let (mut action, label) = action(&view.blocks, &view.id, action_id)?;
            action["action_ts"] = json!(state.next_ts());
            let mut payload = payload(state, &view.user, "block_actions", view)?;
            payload["container"] = json!({"type": "view", "view_id": view.id});
            payload["state"] = json!({"values": view.values});
            payload["actions"] = json!([action]);
            payload["trigger_id"] = json!(trigger::issue(state, &view.user));
            let (user, ts, action_id) = (view.user.clone(), view.id.clone(), action_id.to_owned());
            state.record(Event::Click { user, channel: None, ts, action_id, label });
            Ok::<_, PersonError>(form(&[("payload", &payload.to_string())]))
        })?;
        Ok(self.deliver(&self.settings().interactions_path, body).await?.1)
    }

    /// The form that a submission sends: <https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload>.
    pub fn submit_body(&self, user: &str) -> Result<String, PersonError> {
        self.change(|state| {
            let view = state.views.top_mut(user).ok_or_else(|| no_modal(user))?;
            let unmet = view.unmet();
            if !unmet.is_empty() {
                view.errors.clone_from(&unmet);
                return Err(PersonError::Incomplete(unmet));
            }
            let view = view.clone();
            let mut payload = payload(state, user, "view_submission", &view)?;
            payload["trigger_id"] = json!(trigger::issue(state, user));
            payload["response_urls"] = json!([]);
            Ok(form(&[("payload", &payload.to_string())]))
        })
    }
}

/// Carries out what the app answered to a submission; `None` if Slack would not understand it.
fn carry_out(state: &mut State, view: &View, response: &Response<Bytes>) -> Option<()> {
    if response.body().is_empty() {
        state.views.close(&view.id);
        return Some(());
    }
    let answer: Value = serde_json::from_slice(response.body()).ok()?;
    let given = || valid_view(view.surface, answer["view"].clone()).ok();
    match answer["response_action"].as_str()? {
        "clear" => state.views.clear(&view.user),
        "errors" => {
            let errors = answer["errors"].as_object()?;
            let errors = errors.iter().map(|(block_id, error)| Some((block_id.clone(), error.as_str()?.to_owned())));
            let errors = errors.collect::<Option<BTreeMap<_, _>>>()?;
            let inputs: Vec<&str> = view.inputs().map(|(block_id, ..)| block_id).collect();
            if errors.is_empty() || !errors.keys().all(|block_id| inputs.contains(&block_id.as_str())) {
                return None;
            }
            let shown = state.views.find_mut(Named::Id(&view.id))?;
            shown.errors = errors;
            let shown = shown.clone();
            state.record(Event::View(shown));
        }
        "push" => drop(views::push(state, &view.user, &given()?).ok()?),
        "update" => drop(views::update(state, Named::Id(&view.id), None, &given()?).ok()?),
        _ => return None,
    }
    Some(())
}

fn payload(state: &State, user: &str, kind: &str, view: &View) -> Result<Value, PersonError> {
    let (person, settings) = (person(state, user)?, &state.settings);
    Ok(json!({
        "type": kind,
        "team": state.named_team(),
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": settings.app.id,
        "token": VERIFICATION_TOKEN,
        "view": view.to_api(settings),
        "enterprise": state.named_organization(),
        "is_enterprise_install": state.is_org_wide(),
    }))
}

fn no_modal(user: &str) -> PersonError {
    PersonError::NoModal(user.to_owned())
}

/// The input that a person means: block id, action id, element.
fn named_input(view: &View, input: &str) -> Result<(String, String, Value), PersonError> {
    let id = |element: &Value| element["action_id"].as_str().unwrap_or_default().to_owned();
    let mut inputs = view.inputs();
    let found = inputs.find(|(block_id, _, element)| *block_id == input || element["action_id"] == input);
    let (block_id, _, element) = found.ok_or_else(|| PersonError::NoSuchInput {
        input: input.to_owned(),
        inputs: view.inputs().map(|(_, _, element)| id(element)).collect(),
    })?;
    Ok((block_id.to_owned(), id(element), element.clone()))
}

/// The state of an input once somebody put `value` into it.
fn filled(element: &Value, before: Value, value: &str) -> Result<Value, PersonError> {
    if element["type"] == "plain_text_input" {
        let value = if value.is_empty() { Value::Null } else { json!(value) };
        return Ok(json!({"type": "plain_text_input", "value": value}));
    }
    let options = element["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let option = options.iter().find(|option| option["value"] == value).ok_or_else(|| PersonError::NoSuchOption {
        option: value.to_owned(),
        options: options.iter().filter_map(|option| option["value"].as_str()).map(str::to_owned).collect(),
    })?;
    if element["type"] != "checkboxes" {
        return Ok(json!({"type": element["type"], "selected_option": option}));
    }
    let mut ticked = before["selected_options"].as_array().cloned().unwrap_or_default();
    match ticked.iter().position(|ticked| ticked["value"] == value) {
        Some(index) => drop(ticked.remove(index)),
        None => ticked.push(option.clone()),
    }
    Ok(json!({"type": "checkboxes", "selected_options": ticked}))
}

#[cfg(test)]
mod tests;
