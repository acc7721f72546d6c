//! Calls to Slack's Web API, each with a deadline and a typed end.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue, SlackClient, errors::SlackClientError, prelude::SlackClientHyperConnector,
};

use super::kit::Message;

/// Longest that one call may take; the connector itself would wait for ever.
const DEADLINE: Duration = Duration::from_secs(10);

/// Slack's Web API with the bot's token.
#[derive(Clone)]
pub struct Api(Arc<dyn Web>);

/// One connection to the Web API, whatever it is made over.
trait Web: Send + Sync {
    /// Calls a method that takes JSON.
    fn post<'a>(&'a self, method: &'static str, request: &'a Value) -> BoxFuture<'a, Result<Value, SlackClientError>>;
    /// Calls a method that only reads, and takes no JSON.
    fn get<'a>(
        &'a self,
        method: &'static str,
        name: &'static str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Value, SlackClientError>>;
}

struct Session<C: Connect + Clone + Send + Sync + 'static> {
    client: SlackClient<SlackClientHyperConnector<C>>,
    token: SlackApiToken,
}

impl<C: Connect + Clone + Send + Sync + 'static> Web for Session<C> {
    fn post<'a>(&'a self, method: &'static str, request: &'a Value) -> BoxFuture<'a, Result<Value, SlackClientError>> {
        Box::pin(async move {
            self.client.open_session(&self.token).http_session_api.http_post(method, request, None).await
        })
    }

    fn get<'a>(
        &'a self,
        method: &'static str,
        name: &'static str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Value, SlackClientError>> {
        Box::pin(async move {
            let session = self.client.open_session(&self.token);
            session.http_session_api.http_get(method, &[(name, Some(value))], None).await
        })
    }
}

/// How a call that did not succeed ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Slack asks to slow down.
    #[error("Slack asks to wait {} s", .0.as_secs())]
    RateLimited(Duration),
    /// Slack refused it and would again: the error code.
    #[error("Slack refused: {0}")]
    Refused(String),
    /// Slack was not reached, did not answer in time or failed: worth another try.
    #[error("Slack did not answer well: {0}")]
    Failed(String),
}

impl Api {
    /// Slack over HTTPS, or over HTTP where `url` says so (a stand-in).
    pub fn over_tcp(url: &str, token: &SecretString) -> std::io::Result<Self> {
        if url.starts_with("http://") {
            return Ok(Self::over(HttpConnector::new(), url, token));
        }
        Ok(Self::of(SlackClientHyperConnector::new()?, url, token))
    }

    /// Slack over any connector.
    pub fn over<C>(connector: C, url: &str, token: &SecretString) -> Self
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        Self::of(SlackClientHyperConnector::with_connector(connector), url, token)
    }

    fn of<C>(connector: SlackClientHyperConnector<C>, url: &str, token: &SecretString) -> Self
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        let client = SlackClient::new(connector.with_slack_api_url(url.trim_end_matches('/')));
        let token = SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned()));
        Self(Arc::new(Session { client, token }))
    }

    /// Posts a message, into a thread if one is given. Returns its `ts`.
    pub async fn post(&self, channel: &str, thread: Option<&str>, message: &Message) -> Result<String, ApiError> {
        let mut request = json!({
            "channel": channel,
            "text": message.text,
            "blocks": message.blocks,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let Some(thread) = thread {
            request["thread_ts"] = json!(thread);
        }
        let answer = bounded("chat.postMessage", self.0.post("chat.postMessage", &request)).await?;
        let ts = answer["ts"].as_str().map(str::to_owned);
        ts.ok_or_else(|| ApiError::Failed("the answer to chat.postMessage has no ts".to_owned()))
    }

    /// Replaces a message.
    pub async fn update(&self, channel: &str, ts: &str, message: &Message) -> Result<(), ApiError> {
        let request = json!({ "channel": channel, "ts": ts, "text": message.text, "blocks": message.blocks });
        bounded("chat.update", self.0.post("chat.update", &request)).await.map(drop)
    }

    /// Tells one person something, in a channel that both are in. Slack does not keep it.
    pub async fn tell(&self, channel: &str, user: &str, text: &str) -> Result<(), ApiError> {
        let request = json!({ "channel": channel, "user": user, "text": text });
        bounded("chat.postEphemeral", self.0.post("chat.postEphemeral", &request)).await.map(drop)
    }

    /// Shows a person the app's home: <https://docs.slack.dev/reference/methods/views.publish>.
    pub async fn publish_home(&self, user: &str, blocks: &[Value]) -> Result<(), ApiError> {
        let request = json!({ "user_id": user, "view": { "type": "home", "blocks": blocks } });
        bounded("views.publish", self.0.post("views.publish", &request)).await.map(drop)
    }

    /// Who the token belongs to: (team id, user id).
    pub async fn identity(&self) -> Result<(String, String), ApiError> {
        let answer = bounded("auth.test", self.0.post("auth.test", &json!({}))).await?;
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        Ok((text("team_id"), text("user_id")))
    }

    /// Whether the bot is a member of the channel.
    pub async fn is_member(&self, channel: &str) -> Result<bool, ApiError> {
        let answer = bounded("conversations.info", self.0.get("conversations.info", "channel", channel)).await?;
        Ok(answer["channel"]["is_member"].as_bool().unwrap_or(false))
    }
}

async fn bounded(method: &str, call: BoxFuture<'_, Result<Value, SlackClientError>>) -> Result<Value, ApiError> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(ended(error)),
        Err(_) => Err(ApiError::Failed(format!("{method} took longer than {} s", DEADLINE.as_secs()))),
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
            let details = refused
                .errors
                .filter(|errors| !errors.is_empty())
                .map(|errors| format!(" ({})", errors.join("; ")))
                .unwrap_or_default();
            ApiError::Refused(format!("{}{details}", refused.code))
        }
        SlackClientError::HttpError(http) if http.status_code.is_client_error() => {
            ApiError::Refused(format!("HTTP {}", http.status_code))
        }
        SlackClientError::HttpError(http) => ApiError::Failed(format!("HTTP {}", http.status_code)),
        // The others may quote the answer's body, which is of no use to people.
        SlackClientError::HttpProtocolError(error) => {
            ApiError::Failed(error.cause.map_or_else(|| "protocol error".to_owned(), |cause| chain(&*cause)))
        }
        SlackClientError::ProtocolError(error) => ApiError::Failed(error.json_error.to_string()),
        _ => ApiError::Failed("the call could not be made".to_owned()),
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    causes.collect::<Vec<_>>().join(": ")
}
