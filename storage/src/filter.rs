//! Which records a partial export is of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Record,
    checkpoint::{CHECKPOINTED, KEY_ROTATED},
};

/// What records must have in common; what is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// A Slack user's id or name, a terminal's user, or `bot`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The event, such as `gate.decided`, or the part before its point, such as `gate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Appended then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Appended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Whether it leaves nothing out.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a record has what is asked for.
    pub fn matches(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|it| Some(it) == found);
        is(&self.application, record.application.as_deref())
            && is(&self.run, record.run.as_deref())
            && self.actor.as_deref().is_none_or(|wanted| acted(&record.actor, wanted))
            && self.kind.as_deref().is_none_or(|wanted| is_of_kind(&record.event, wanted))
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
    }

    /// Whether an export has the record: also what verifying needs, checkpoints and the keys they are signed with.
    pub(crate) fn takes(&self, record: &Record) -> bool {
        record.event == CHECKPOINTED || record.event == KEY_ROTATED || self.matches(record)
    }
}

fn acted(actor: &Actor, wanted: &str) -> bool {
    match actor {
        Actor::Slack { user, name, .. } => user == wanted || name.as_deref() == Some(wanted),
        Actor::Terminal { user } => user == wanted,
        Actor::Bot => wanted == "bot",
    }
}

fn is_of_kind(event: &str, wanted: &str) -> bool {
    event.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
