//! Messages that are known again by what their metadata says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Api, ApiError, Method};

/// A message of the bot as Slack has it, by what its metadata says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which message.
    pub mark: Mark,
    /// Slack's id.
    pub ts: String,
}

/// What a message carries in its metadata, so that it is known again: <https://docs.slack.dev/messaging/message-metadata>. Other apps can read
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which message of which run: the key under which the log has it.
    pub key: String,
    /// Which log: when it began.
    pub log: String,
}

/// The metadata's type.
pub(super) const MARK: &str = "standby_message";
/// Messages in a page when looking for one.
const PAGE: &str = "200";
/// Pages looked through at most.
const PAGES: usize = 10;

impl Api {
    /// The bot's marked messages of a channel that were posted at `oldest` (a `ts`) or later, or those of a thread: at most the newest two
    /// thousand are looked at.
    pub async fn marked(&self, channel: &str, thread: Option<&str>, oldest: &str) -> Result<Vec<Found>, ApiError> {
        let method = if thread.is_some() { Method::ConversationsReplies } else { Method::ConversationsHistory };
        let mut found = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut arguments = vec![
                ("channel", channel),
                ("oldest", oldest),
                ("inclusive", "true"),
                ("include_all_metadata", "true"),
                ("limit", PAGE),
            ];
            arguments.extend(thread.map(|thread| ("ts", thread)));
            if !cursor.is_empty() {
                arguments.push(("cursor", &cursor));
            }
            let answer = self.read(method, &arguments).await?;
            found.extend(answer["messages"].as_array().into_iter().flatten().filter_map(mark_of));
            match answer["response_metadata"]["next_cursor"].as_str() {
                Some(next) if !next.is_empty() => cursor = next.to_owned(),
                _ => break,
            }
        }
        Ok(found)
    }
}

impl Api {
    /// Whether a message is there. Slack leaves a tombstone in place of one that has replies.
    pub async fn stands(&self, channel: &str, ts: &str) -> Result<bool, ApiError> {
        let arguments = [("channel", channel), ("ts", ts), ("limit", "1"), ("inclusive", "true")];
        let answer = self.read(Method::ConversationsReplies, &arguments).await?;
        let stands = |message: &Value| message["ts"] == ts && message["subtype"] != "tombstone";
        Ok(answer["messages"].as_array().into_iter().flatten().any(stands))
    }
}

fn mark_of(message: &Value) -> Option<Found> {
    let metadata = message["metadata"].as_object().filter(|metadata| metadata["event_type"] == MARK)?;
    let mark = serde_json::from_value(metadata["event_payload"].clone()).ok()?;
    Some(Found { mark, ts: message["ts"].as_str()?.to_owned() })
}
