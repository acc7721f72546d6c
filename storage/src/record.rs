//! The record: what one line of the log says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
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
        /// Team (workspace) id, `T…`.
        team: String,
        /// User id, `U…`.
        user: String,
        /// Display name as resolved then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A Slack channel, and the message whose button was clicked.
    Slack {
        /// Channel id, `C…`.
        channel: String,
        /// The message's `ts`, for clicks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Format version: [`VERSION`].
    pub v: u32,
    /// Number, from 0, without gaps.
    pub seq: u64,
    /// Leaf hash (RFC 6962: `SHA-256(0x00 ‖ line)`, lower-case hex) of the record before; absent in record 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<Hash>,
    /// When it was appended, UTC, microseconds. The order of records is that of `seq`: `at` steps back when the host's
    /// clock does.
    #[serde(with = "microseconds")]
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// Where it came from.
    pub origin: Origin,
    /// The application that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The run that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The step of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What happened.
    pub event: String,
    /// The key under which it was appended once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
    /// The event's own fields.
    pub data: Value,
}

/// Times as RFC 3339 in UTC with exactly six decimals, so that one time has one form.
mod microseconds {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{at:.6}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
