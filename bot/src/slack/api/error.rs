//! How calls end that do not succeed, and what it lies with.

use std::time::Duration;

use commands::egress::explain;
use futures::future::BoxFuture;
use slack_morphism::errors::SlackClientError;

/// Longest that one call may take; the connector itself would wait for ever.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// How a call that did not succeed ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Slack asks to slow down; the call had no effect.
    #[error("Slack asks to wait {} s", .0.as_secs())]
    RateLimited(Duration),
    /// Slack refused it; the call had no effect.
    #[error("Slack refused: {0}")]
    Refused(Refusal),
    /// Slack was not reached, did not answer in time or failed: it may or may not have had effect.
    #[error("Slack did not answer well: {0}")]
    Failed(String),
}

/// Why Slack refused a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Slack's error code, or `HTTP` with a status.
    pub code: String,
    /// What Slack says beside it; empty if nothing.
    pub details: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.details.is_empty() {
            true => f.write_str(&self.code),
            false => write!(f, "{} ({})", self.code, self.details),
        }
    }
}

/// What a refusal lies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The token or the address: no call gets through until somebody puts it right.
    Token,
    /// The channel is archived, unknown, or the bot is not in it.
    Channel,
    /// The message that was to be edited or answered is gone.
    Message,
    /// The content: a simpler one may be taken.
    Content,
    /// Something else; the same call would be refused again.
    Call,
}

impl Refusal {
    /// Whether the app was not given the right to make that call, ever.
    pub fn lacks_scope(&self) -> bool {
        matches!(self.code.as_str(), "missing_scope" | "no_permission" | "not_allowed_token_type")
    }

    /// What it lies with, by the errors of <https://docs.slack.dev/reference/methods/chat.postMessage> and
    /// <https://docs.slack.dev/reference/methods/chat.update>.
    pub fn blame(&self) -> Blame {
        match self.code.as_str() {
            "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "invalid_auth"
            | "not_authed"
            | "not_allowed_token_type"
            | "no_permission"
            | "missing_scope"
            | "access_denied"
            | "org_login_required"
            | "ekm_access_denied"
            | "team_access_not_granted"
            | "accesslimited" => Blame::Token,
            code if code.starts_with("HTTP") => Blame::Token,
            "is_archived" | "channel_not_found" | "not_in_channel" | "restricted_action" => Blame::Channel,
            code if code.starts_with("restricted_action_") => Blame::Channel,
            "message_not_found"
            | "thread_not_found"
            | "cant_update_message"
            | "cannot_reply_to_message"
            | "edit_window_closed" => Blame::Message,
            "invalid_blocks"
            | "invalid_blocks_format"
            | "invalid_attachments"
            | "msg_blocks_too_long"
            | "msg_too_long"
            | "no_text"
            | "invalid_arguments" => Blame::Content,
            _ => Blame::Call,
        }
    }
}

/// Waits for a call, within the deadline.
pub(super) async fn bounded<T>(what: &str, call: BoxFuture<'_, Result<T, SlackClientError>>) -> Result<T, ApiError> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(ended(error)),
        Err(_) => Err(ApiError::Failed(format!("{what} took longer than {} s", DEADLINE.as_secs()))),
    }
}

/// Codes that Slack documents as its own trouble rather than the caller's.
const TRANSIENT: [&str; 5] =
    ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"];

fn ended(error: SlackClientError) -> ApiError {
    match error {
        SlackClientError::RateLimitError(limit) => {
            ApiError::RateLimited(limit.retry_after.unwrap_or(Duration::from_secs(1)))
        }
        SlackClientError::ApiError(refused) if refused.code == "ratelimited" => {
            ApiError::RateLimited(Duration::from_secs(1))
        }
        SlackClientError::ApiError(refused) if TRANSIENT.contains(&refused.code.as_str()) => {
            ApiError::Failed(refused.code)
        }
        SlackClientError::ApiError(refused) => {
            let details = refused.errors.map(|errors| errors.join("; ")).unwrap_or_default();
            ApiError::Refused(Refusal { code: refused.code, details })
        }
        SlackClientError::HttpError(http) if http.status_code.is_client_error() => {
            ApiError::Refused(Refusal { code: format!("HTTP {}", http.status_code), details: String::new() })
        }
        SlackClientError::HttpError(http) => ApiError::Failed(format!("HTTP {}", http.status_code)),
        // The others may quote the answer's body, which is of no use to people.
        SlackClientError::HttpProtocolError(error) => {
            ApiError::Failed(error.cause.map_or_else(|| "protocol error".to_owned(), |cause| explain(&*cause)))
        }
        SlackClientError::ProtocolError(error) => ApiError::Failed(error.json_error.to_string()),
        _ => ApiError::Failed("the call could not be made".to_owned()),
    }
}
