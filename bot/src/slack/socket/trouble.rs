//! What can be wrong with a connection, and how people mend it.

use std::time::Duration;

use super::super::api::ApiError;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Slack did not say where to connect.
    #[error("apps.connections.open: {0}{hint}", hint = hint(fix(.0)))]
    NotGranted(#[from] ApiError),
    /// The address that Slack gave is none.
    #[error("Slack gave {0:?} to connect to")]
    NoAddress(String),
    /// It could not be opened.
    #[error("the connection could not be opened: {0}")]
    NotOpened(String),
    /// Slack turned it away at once, for this reason.
    #[error("Slack turned the connection away: {0}{hint}", hint = hint(fix_of(.0)))]
    TurnedAway(String),
    /// It took too long.
    #[error("Slack did not say hello within {} s", .0.as_secs())]
    Late(Duration),
}

impl Trouble {
    /// How long Slack wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotGranted(ApiError::RateLimited(wait)) => *wait,
            _ => None,
        }
    }
}

/// What mends a refusal of `apps.connections.open`; `None` where time may: <https://docs.slack.dev/reference/methods/apps.connections.open>.
pub fn fix(error: &ApiError) -> Option<&'static str> {
    match error {
        ApiError::Refused(refusal) => fix_of(&refusal.code),
        _ => None,
    }
}

fn fix_of(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "slack.app_token is wrong or was revoked: make an app-level token (xapp-…) with the scope connections:write on the app's Basic \
             Information page"
        }
        "not_allowed_token_type" => {
            "slack.app_token is not an app-level token: name the one that begins with xapp-, not the bot token"
        }
        "missing_scope" | "no_permission" => "give the app-level token the scope connections:write",
        "socket_mode_not_enabled" | "link_disabled" => {
            "turn Socket Mode on in the app's settings, or set slack.mode = \"http\""
        }
        "too_many_websockets" => {
            "an app may have 10 connections: stop the other programs that use this app-level token"
        }
        _ => return None,
    })
}

fn hint(fix: Option<&str>) -> String {
    fix.map(|fix| format!("; {fix}")).unwrap_or_default()
}
