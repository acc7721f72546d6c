//! `views.*`: modals and the app's home.

use serde_json::{Value, json};

use super::super::state::State;
use super::super::validate;
use super::super::view::{Surface, View};
use super::super::views::{self, Named};
use super::arguments::Arguments;
use super::refusal::Refusal;

/// Bytes of a view: <https://docs.slack.dev/reference/methods/views.open>, error `view_too_large`.
const MAX_VIEW: usize = 250_000;

/// <https://docs.slack.dev/reference/methods/views.open>
pub(super) fn open(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let view = given(Surface::Modal, arguments)?;
    let user = exchange(state, arguments)?;
    views::open(state, &user, &view).map(|view| shown(state, &view))
}

/// <https://docs.slack.dev/reference/methods/views.push>
pub(super) fn push(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let view = given(Surface::Modal, arguments)?;
    let user = exchange(state, arguments)?;
    views::push(state, &user, &view).map(|view| shown(state, &view))
}

/// <https://docs.slack.dev/reference/methods/views.update>
pub(super) fn update(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let named = match (arguments.text("view_id"), arguments.text("external_id")) {
        (Some(id), _) => Named::Id(id),
        (None, Some(id)) => Named::ExternalId(id),
        (None, None) => return Err(Refusal::missing("view_id")),
    };
    let surface = state.views.find(named).ok_or(Refusal::NotFound)?.surface;
    let view = given(surface, arguments)?;
    views::update(state, named, arguments.text("hash"), &view).map(|view| shown(state, &view))
}

/// <https://docs.slack.dev/reference/methods/views.publish>
pub(super) fn publish(state: &mut State, arguments: &Arguments) -> Result<Value, Refusal> {
    let view = given(Surface::Home, arguments)?;
    let user = arguments.required("user_id")?;
    if state.person(user).is_none() {
        return Err(Refusal::UserNotFound);
    }
    views::publish(state, user, arguments.text("hash"), &view).map(|view| shown(state, &view))
}

fn exchange(state: &mut State, arguments: &Arguments) -> Result<String, Refusal> {
    let now = state.now();
    state.triggers.exchange(arguments.required("trigger_id")?, now)
}

fn given(surface: Surface, arguments: &Arguments) -> Result<Value, Refusal> {
    match arguments.structured("view") {
        Some(Some(view)) => valid(surface, view),
        Some(None) => Err(Refusal::missing("view")),
        None => Err(Refusal::InvalidArguments(vec!["must be valid JSON [json-pointer:/view]".to_owned()])),
    }
}

/// A view within Slack's limits.
pub(in crate::slack) fn valid(surface: Surface, view: Value) -> Result<Value, Refusal> {
    let failures = validate::view(surface, &view);
    if !failures.is_empty() {
        return Err(Refusal::InvalidArguments(failures));
    }
    if view.to_string().len() > MAX_VIEW {
        return Err(Refusal::ViewTooLarge);
    }
    Ok(view)
}

fn shown(state: &State, view: &View) -> Value {
    json!({"ok": true, "view": view.to_api(&state.settings)})
}
