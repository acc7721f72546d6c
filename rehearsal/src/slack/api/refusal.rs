//! Why a call was refused: Slack's error codes.

use serde_json::{Value, json};
use thiserror::Error;

/// A refusal, whose text is Slack's error code.
#[derive(Clone, Debug, PartialEq, Error)]
#[allow(missing_docs)] // the codes are Slack's: <https://docs.slack.dev/reference/methods>
pub enum Refusal {
    #[error("cant_delete_message")]
    CantDeleteMessage,
    #[error("cant_update_message")]
    CantUpdateMessage,
    #[error("channel_not_found")]
    ChannelNotFound,
    #[error("duplicate_external_id")]
    DuplicateExternalId,
    #[error("exchanged_trigger_id")]
    ExchangedTriggerId,
    #[error("expired_trigger_id")]
    ExpiredTriggerId,
    #[error("expired_url")]
    ExpiredUrl,
    #[error("file_not_found")]
    FileNotFound,
    #[error("file_upload_size_restricted")]
    FileUploadSizeRestricted,
    #[error("hash_conflict")]
    HashConflict,
    /// With what is wrong with the arguments.
    #[error("invalid_arguments")]
    InvalidArguments(Vec<String>),
    #[error("invalid_auth")]
    InvalidAuth,
    /// With what is wrong with the blocks.
    #[error("invalid_blocks")]
    InvalidBlocks(Vec<String>),
    #[error("invalid_blocks_format")]
    InvalidBlocksFormat,
    #[error("invalid_form_data")]
    InvalidFormData,
    #[error("invalid_json")]
    InvalidJson,
    #[error("invalid_metadata_format")]
    InvalidMetadataFormat,
    #[error("invalid_trigger_id")]
    InvalidTriggerId,
    #[error("is_archived")]
    IsArchived,
    #[error("is_inactive")]
    IsInactive,
    #[error("message_not_found")]
    MessageNotFound,
    #[error("missing_argument")]
    MissingArgument,
    /// What the method needs, and what the token has.
    #[error("missing_scope")]
    MissingScope(&'static str, Vec<String>),
    #[error("msg_blocks_too_long")]
    MsgBlocksTooLong,
    #[error("msg_too_long")]
    MsgTooLong,
    #[error("no_such_subteam")]
    NoSuchSubteam,
    #[error("no_text")]
    NoText,
    #[error("not_allowed_token_type")]
    NotAllowedTokenType,
    #[error("not_authed")]
    NotAuthed,
    #[error("not_found")]
    NotFound,
    #[error("not_in_channel")]
    NotInChannel,
    #[error("push_limit_reached")]
    PushLimitReached,
    #[error("socket_mode_not_enabled")]
    SocketModeNotEnabled,
    #[error("thread_not_found")]
    ThreadNotFound,
    #[error("unknown_method")]
    UnknownMethod,
    #[error("used_url")]
    UsedUrl,
    #[error("user_not_found")]
    UserNotFound,
    #[error("user_not_in_channel")]
    UserNotInChannel,
    #[error("view_too_large")]
    ViewTooLarge,
    /// A fault that was injected.
    #[error("{0}")]
    Injected(String),
}

impl Refusal {
    /// A required argument that is not there.
    pub(in crate::slack) fn missing(argument: &str) -> Refusal {
        Refusal::InvalidArguments(vec![format!("missing required field: {argument} [json-pointer:/{argument}]")])
    }

    /// The body of the answer.
    pub(in crate::slack) fn body(&self) -> Value {
        let mut body = json!({"ok": false, "error": self.to_string()});
        if let Refusal::InvalidBlocks(details) | Refusal::InvalidArguments(details) = self {
            let messages: Vec<_> = details.iter().map(|detail| format!("[ERROR] {detail}")).collect();
            body["errors"] = json!(details);
            body["response_metadata"] = json!({"messages": messages});
        }
        if let Refusal::MissingScope(needed, provided) = self {
            body["needed"] = json!(needed);
            body["provided"] = json!(provided.join(","));
        }
        body
    }
}
