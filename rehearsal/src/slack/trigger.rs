//! Triggers: what an app hands back to open a modal for the person who typed or pressed.
//!
//! <https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses>: each is good for three seconds and
//! for one use.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::api::Refusal;
use super::state::State;

/// How long a trigger can be used.
pub(super) const LIFETIME: Duration = Duration::from_secs(3);

/// The triggers that were given out.
#[derive(Debug, Default)]
pub(super) struct Triggers(BTreeMap<String, Trigger>);

#[derive(Debug)]
struct Trigger {
    user: String,
    issued: Timestamp,
    exchanged: bool,
}

impl Triggers {
    /// Whom the trigger is for, once.
    pub(super) fn exchange(&mut self, id: &str, now: Timestamp) -> Result<String, Refusal> {
        let trigger = self.0.get_mut(id).ok_or(Refusal::InvalidTriggerId)?;
        if trigger.exchanged {
            return Err(Refusal::ExchangedTriggerId);
        }
        if now.duration_since(trigger.issued).unsigned_abs() > LIFETIME {
            return Err(Refusal::ExpiredTriggerId);
        }
        trigger.exchanged = true;
        Ok(trigger.user.clone())
    }
}

/// Makes a trigger for a person.
pub(super) fn issue(state: &mut State, user: &str) -> String {
    let (first, second) = (state.next_id(), state.next_id());
    let issued = state.now();
    let id = format!("{}.{}.{first}{second}", issued.as_millisecond(), state.settings.app.id);
    state.triggers.0.insert(id.clone(), Trigger { user: user.to_owned(), issued, exchanged: false });
    id
}
