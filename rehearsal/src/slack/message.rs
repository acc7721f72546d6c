//! A message: what is stored of it, and how the Web API shows it.

use serde::Serialize;
use serde_json::{Value, json};

use super::files::File;
use super::settings::Settings;

/// A message as it stands now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Id of its channel.
    pub channel: String,
    /// Its id within the channel: Unix seconds with six decimals.
    pub ts: String,
    /// The message whose thread it is in.
    pub thread_ts: Option<String>,
    /// Who wrote it: a person's id or the app's user id.
    pub user: String,
    /// Plain text: what notifications and screen readers give.
    pub text: String,
    /// Its Block Kit blocks.
    pub blocks: Vec<Value>,
    /// Message metadata: `event_type` and `event_payload`.
    pub metadata: Option<Value>,
    /// The files shared in it.
    pub files: Vec<File>,
    /// Who edited it last, and when.
    pub edited: Option<Edited>,
    /// Set on an ephemeral message: the one person who sees it.
    pub only_visible_to: Option<String>,
}

/// The last edit of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edited {
    /// Who edited.
    pub user: String,
    /// When.
    pub ts: String,
}

/// What can be said in a message and replaced by an edit; `None` is what was not said.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) blocks: Option<Vec<Value>>,
    pub(super) metadata: Option<Value>,
    pub(super) files: Vec<File>,
}

/// Unix microseconds in the form of a `ts`.
pub(super) fn ts(microseconds: i64) -> String {
    format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000)
}

impl Content {
    pub(super) fn text(text: impl Into<String>) -> Content {
        Content { text: Some(text.into()), ..Content::default() }
    }
}

/// The buttons in these blocks, with the id of the block that each is in.
pub(super) fn buttons(blocks: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    blocks.iter().flat_map(|block| {
        let block_id = block["block_id"].as_str().unwrap_or_default();
        let elements = block["elements"].as_array().into_iter().flatten();
        elements
            .chain(block.get("accessory"))
            .filter(|element| element["type"] == "button")
            .map(move |button| (block_id, button))
    })
}

impl Message {
    /// The buttons in its blocks, with the id of the block that each is in.
    pub fn buttons(&self) -> impl Iterator<Item = (&str, &Value)> {
        buttons(&self.blocks)
    }

    /// The message as the Web API and interaction payloads give it.
    pub(super) fn to_api(&self, settings: &Settings) -> Value {
        let mut api = json!({
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": settings.team.id,
        });
        if self.user == settings.app.user_id {
            api["bot_id"] = json!(settings.app.bot_id);
            api["app_id"] = json!(settings.app.id);
        }
        if !self.blocks.is_empty() {
            api["blocks"] = json!(self.blocks);
        }
        if !self.files.is_empty() {
            api["files"] = self.files.iter().map(|file| file.to_api(settings)).collect();
        }
        if let Some(thread_ts) = &self.thread_ts {
            api["thread_ts"] = json!(thread_ts);
        }
        if let Some(metadata) = &self.metadata {
            api["metadata"] = metadata.clone();
        }
        if let Some(edited) = &self.edited {
            api["edited"] = json!(edited);
        }
        api
    }
}
