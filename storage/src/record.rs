//! The record: what one line of the log says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::Hash;

/// Version of the record format that this program writes.
pub const VERSION: u32 = 1;

/// Who did it, as known at that time. Ids are what authorises; names are what people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Actor {
    /// A person in Slack.
    Slack {
        // In the order of the canonical form.
        /// Display name as resolved then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Team (workspace) id, `T…`.
        team: String,
        /// User id, `U…`.
        user: String,
    },
    /// A person at the host's terminal.
    Terminal {
        /// The operating system's user name.
        user: String,
    },
    /// The bot itself.
    Bot,
}

/// Where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A Slack channel, and the message whose button was clicked.
    Slack {
        /// Channel id, `C…`.
        channel: String,
        /// The message's `ts`, for clicks.
        message: Option<String>,
    },
    /// The host's terminal.
    Terminal,
    /// The program: start-up, resumption, the engine.
    System,
}

/// What a caller asks to have appended. The log adds `v`, `seq`, `prev` and `at`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Who did it.
    pub actor: Actor,
    /// Where it came from.
    pub origin: Origin,
    /// The application (protected pair) that it concerns.
    pub application: Option<String>,
    /// The run that it belongs to.
    pub run: Option<String>,
    /// The step of the run.
    pub step: Option<String>,
    /// What happened: `noun.verb-in-past-tense`.
    pub event: String,
    /// If set, the entry is appended once: a later entry with the same key is a duplicate.
    pub dedupe: Option<String>,
    /// The event's own fields: a JSON object.
    pub data: Value,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Format version: [`VERSION`].
    pub v: u32,
    /// Number, from 0, without gaps.
    pub seq: u64,
    /// Leaf hash (RFC 6962: `SHA-256(0x00 ‖ line)`, lower-case hex) of the record before; absent in record 0.
    pub prev: Option<Hash>,
    /// When it was appended, UTC, microseconds. The order of records is that of `seq`: `at` steps back when the host's
    /// clock does.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// Where it came from.
    pub origin: Origin,
    /// The application that it concerns.
    pub application: Option<String>,
    /// The run that it belongs to.
    pub run: Option<String>,
    /// The step of the run.
    pub step: Option<String>,
    /// What happened.
    pub event: String,
    /// The key under which it was appended once.
    pub dedupe: Option<String>,
    /// The event's own fields.
    pub data: Value,
}

/// In the order of the canonical form, so that compact JSON is that form: what a record is written as needs no sorting.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { v, seq, prev, at, actor, origin, application, run, step, event, dedupe, data } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("actor", actor)?;
        entry_if_any(&mut map, "application", application)?;
        // RFC 3339 in UTC with exactly six decimals: one time has one form.
        map.serialize_entry("at", &format_args!("{at:.6}"))?;
        map.serialize_entry("data", data)?;
        entry_if_any(&mut map, "dedupe", dedupe)?;
        map.serialize_entry("event", event)?;
        map.serialize_entry("origin", origin)?;
        entry_if_any(&mut map, "prev", prev)?;
        entry_if_any(&mut map, "run", run)?;
        map.serialize_entry("seq", seq)?;
        entry_if_any(&mut map, "step", step)?;
        map.serialize_entry("v", v)?;
        map.end()
    }
}

/// As [`Record`]: serde would write `kind` first.
impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Slack { channel, message } => {
                map.serialize_entry("channel", channel)?;
                map.serialize_entry("kind", "slack")?;
                entry_if_any(&mut map, "message", message)?;
            }
            Self::Terminal => map.serialize_entry("kind", "terminal")?,
            Self::System => map.serialize_entry("kind", "system")?,
        }
        map.end()
    }
}

fn entry_if_any<M: SerializeMap>(map: &mut M, name: &str, value: &Option<impl Serialize>) -> Result<(), M::Error> {
    value.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value))
}
