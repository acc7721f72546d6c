//! The views that people have: for each person a stack of modals, of which they see the topmost, and the app's home.

use std::collections::BTreeMap;

use serde_json::Value;

use super::api::Refusal;
use super::state::State;
use super::transcript::Event;
use super::view::{Surface, View};

/// Modals in a stack: <https://docs.slack.dev/surfaces/modals#adding_views>.
const MAX_STACK: usize = 3;

/// All open views.
#[derive(Debug, Default)]
pub(super) struct Views {
    modals: BTreeMap<String, Vec<View>>,
    /// What each person sees in the app's home.
    homes: BTreeMap<String, View>,
}

/// How an app names a view.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named<'a> {
    Id(&'a str),
    ExternalId(&'a str),
}

impl Named<'_> {
    fn is(self, view: &View) -> bool {
        match self {
            Named::Id(id) => view.id == id,
            Named::ExternalId(id) => view.external_id == id,
        }
    }
}

impl Views {
    /// What the person sees.
    pub(super) fn top(&self, user: &str) -> Option<&View> {
        self.modals.get(user)?.last()
    }

    pub(super) fn top_mut(&mut self, user: &str) -> Option<&mut View> {
        self.modals.get_mut(user)?.last_mut()
    }

    /// What everybody sees.
    pub(super) fn tops(&self) -> impl Iterator<Item = &View> {
        self.modals.values().filter_map(|stack| stack.last())
    }

    /// What the person sees in the app's home, once the app published it.
    pub(super) fn home(&self, user: &str) -> Option<&View> {
        self.homes.get(user)
    }

    /// Everybody's home.
    pub(super) fn homes(&self) -> impl Iterator<Item = &View> {
        self.homes.values()
    }

    fn all(&self) -> impl Iterator<Item = &View> {
        self.modals.values().flatten().chain(self.homes.values())
    }

    pub(super) fn find(&self, named: Named<'_>) -> Option<&View> {
        self.all().find(|view| named.is(view))
    }

    pub(super) fn find_mut(&mut self, named: Named<'_>) -> Option<&mut View> {
        self.modals.values_mut().flatten().chain(self.homes.values_mut()).find(|view| named.is(view))
    }

    /// Closes a view and whatever lies on it.
    pub(super) fn close(&mut self, id: &str) {
        for stack in self.modals.values_mut() {
            if let Some(index) = stack.iter().position(|view| view.id == id) {
                stack.truncate(index);
            }
        }
    }

    /// Closes all that the person has open.
    pub(super) fn clear(&mut self, user: &str) {
        self.modals.remove(user);
    }
}

/// Opens a modal for a person, in place of those that they have open.
pub(super) fn open(state: &mut State, user: &str, given: &Value) -> Result<View, Refusal> {
    let view = new(state, Surface::Modal, user, given)?;
    state.views.clear(user);
    Ok(show(state, view))
}

/// Opens a modal on top of those that the person has open.
pub(super) fn push(state: &mut State, user: &str, given: &Value) -> Result<View, Refusal> {
    let mut view = new(state, Surface::Modal, user, given)?;
    let stack = state.views.modals.get(user).map(Vec::as_slice).unwrap_or_default();
    if stack.len() >= MAX_STACK {
        return Err(Refusal::PushLimitReached);
    }
    let below = stack.last().ok_or(Refusal::NotFound)?;
    view.root.clone_from(&below.root);
    view.previous = Some(below.id.clone());
    Ok(show(state, view))
}

/// Replaces what an open view shows.
pub(super) fn update(state: &mut State, named: Named<'_>, hash: Option<&str>, given: &Value) -> Result<View, Refusal> {
    let given = named_blocks(state, given);
    let new_hash = next_hash(state);
    let view = state.views.find_mut(named).ok_or(Refusal::NotFound)?;
    if hash.is_some_and(|hash| hash != view.hash) {
        return Err(Refusal::HashConflict);
    }
    view.replace(new_hash, &given);
    let view = view.clone();
    state.record(Event::View(view.clone()));
    Ok(view)
}

/// Shows a person the app's home.
pub(super) fn publish(state: &mut State, user: &str, hash: Option<&str>, given: &Value) -> Result<View, Refusal> {
    if let Some(home) = state.views.home(user) {
        let id = home.id.clone();
        return update(state, Named::Id(&id), hash, given);
    }
    let view = new(state, Surface::Home, user, given)?;
    state.views.homes.insert(user.to_owned(), view.clone());
    state.record(Event::View(view.clone()));
    Ok(view)
}

fn new(state: &mut State, surface: Surface, user: &str, given: &Value) -> Result<View, Refusal> {
    let external_id = given["external_id"].as_str().filter(|id| !id.is_empty());
    if external_id.is_some_and(|id| state.views.find(Named::ExternalId(id)).is_some()) {
        return Err(Refusal::DuplicateExternalId);
    }
    let given = named_blocks(state, given);
    let id = format!("V{}", state.next_id()[..10].to_uppercase());
    Ok(View::new(surface, id, user, next_hash(state), &given))
}

fn show(state: &mut State, view: View) -> View {
    state.views.modals.entry(view.user.clone()).or_default().push(view.clone());
    state.record(Event::View(view.clone()));
    view
}

/// What was given, with ids for the blocks and elements that have none.
fn named_blocks(state: &mut State, given: &Value) -> Value {
    let mut given = given.clone();
    if let Some(blocks) = given.get_mut("blocks").and_then(Value::as_array_mut) {
        state.name_blocks(blocks);
    }
    given
}

fn next_hash(state: &mut State) -> String {
    let (ts, id) = (state.next_ts(), state.next_id());
    format!("{}.{}", ts.split('.').next().unwrap_or_default(), &id[..8])
}
