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
    /// Slack asks to slow down, for that long if it says so; the call had no effect.
    #[error("{}", slower(.0))]
    RateLimited(Option<Duration>),
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
    /// The call itself; the same one would be refused again.
    Call,
    /// Slack at this moment; the same call is taken later.
    Moment,
    /// Nobody knows: the code is not on record here. The same call may be taken later.
    Unknown,
}

impl Refusal {
    /// Whether the app was not given the right to make that call, ever.
    pub fn lacks_scope(&self) -> bool {
        matches!(self.code.as_str(), "missing_scope" | "no_permission" | "not_allowed_token_type")
    }

    /// Whether a later try may be taken, though nobody puts anything right.
    pub fn may_pass(&self) -> bool {
        matches!(self.blame(), Blame::Moment | Blame::Unknown)
    }

    /// What it lies with, by the errors of <https://docs.slack.dev/reference/methods/chat.postMessage> and
    /// <https://docs.slack.dev/reference/methods/chat.update>. What is final is listed; any other code may pass.
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
            | "enterprise_is_restricted"
            | "team_access_not_granted"
            | "team_not_found"
            | "two_factor_setup_required"
            | "accesslimited" => Blame::Token,
            code if code.starts_with("HTTP") => Blame::Token,
            "is_archived" | "is_inactive" | "channel_not_found" | "not_in_channel" | "restricted_action" => {
                Blame::Channel
            }
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
            | "block_mismatch"
            | "too_many_attachments"
            | "invalid_arguments" => Blame::Content,
            "as_user_not_supported"
            | "cant_broadcast_message"
            | "deprecated_endpoint"
            | "invalid_arg_name"
            | "invalid_array_arg"
            | "invalid_charset"
            | "invalid_form_data"
            | "invalid_metadata_format"
            | "invalid_metadata_schema"
            | "invalid_post_type"
            | "markdown_text_conflict"
            | "messages_tab_disabled"
            | "metadata_must_be_sent_from_app"
            | "metadata_too_large"
            | "method_deprecated"
            | "missing_post_type"
            | "no_dual_broadcast_content_update"
            | "slack_connect_file_link_sharing_blocked"
            | "unknown_method" => Blame::Call,
            "external_channel_migrating" | "update_failed" | "streaming_state_conflict" => Blame::Moment,
            _ => Blame::Unknown,
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

/// Codes that ask to slow down, which also come with HTTP 200 and then say no time.
const TOO_FAST: [&str; 3] = ["ratelimited", "rate_limited", "message_limit_exceeded"];
/// Longest wait that Slack is believed to mean.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);

fn slower(wait: &Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("Slack asks to wait {} s", wait.as_secs()),
        None => "Slack asks to slow down".to_owned(),
    }
}

fn ended(error: SlackClientError) -> ApiError {
    match error {
        SlackClientError::RateLimitError(limit) => {
            ApiError::RateLimited(limit.retry_after.map(|wait| wait.min(LONGEST_WAIT)))
        }
        SlackClientError::ApiError(refused) if TOO_FAST.contains(&refused.code.as_str()) => ApiError::RateLimited(None),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_nobody_knows_may_pass() {
        let of = |code: &str| Refusal { code: code.to_owned(), details: String::new() };
        for code in ["external_channel_migrating", "update_failed", "a_code_of_next_year"] {
            assert!(of(code).may_pass(), "{code}");
        }
        for code in ["invalid_blocks", "is_inactive", "token_revoked", "message_not_found", "metadata_too_large"] {
            assert!(!of(code).may_pass(), "{code}");
        }
    }
}
