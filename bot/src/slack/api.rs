//! Calls to Slack's Web API, each with a deadline and a typed end.

mod method;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, header::AUTHORIZATION};
use http_body_util::Empty;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::TokioExecutor,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue, SlackClient, api::SlackApiFilesUploadViaUrlRequest, errors::SlackClientError,
    prelude::SlackClientHyperConnector,
};
use url::Url;

pub use self::method::{COMMANDS, Method};
use super::kit::Message;

/// Longest that one call may take; the connector itself would wait for ever.
const DEADLINE: Duration = Duration::from_secs(10);

/// Slack's Web API with the bot's token.
#[derive(Clone)]
pub struct Api(Arc<dyn Web>);

/// One connection to the Web API, whatever it is made over.
trait Web: Send + Sync {
    /// Calls a method that takes JSON.
    fn post<'a>(&'a self, method: Method, request: &'a Value) -> BoxFuture<'a, Result<Value, SlackClientError>>;
    /// Sends bytes to an address that Slack gave for them.
    fn upload<'a>(&'a self, to: &'a Url, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), SlackClientError>>;
    /// Calls a method that only reads, and takes no JSON.
    fn get<'a>(
        &'a self,
        method: Method,
        arguments: &'a [(&'static str, &'a str)],
    ) -> BoxFuture<'a, Result<Value, SlackClientError>>;
    /// The headers of the answer to a method that needs no arguments.
    fn headers(&self, method: Method) -> BoxFuture<'_, anyhow::Result<HeaderMap>>;
}

struct Session<C: Connect + Clone + Send + Sync + 'static> {
    client: SlackClient<SlackClientHyperConnector<C>>,
    token: SlackApiToken,
    /// For what slack-morphism keeps to itself: headers.
    http: Client<C, Empty<Bytes>>,
    /// Base of the methods, without a slash at the end.
    url: String,
}

impl<C: Connect + Clone + Send + Sync + 'static> Web for Session<C> {
    fn post<'a>(&'a self, method: Method, request: &'a Value) -> BoxFuture<'a, Result<Value, SlackClientError>> {
        Box::pin(async move {
            self.client.open_session(&self.token).http_session_api.http_post(method.name(), request, None).await
        })
    }

    fn upload<'a>(&'a self, to: &'a Url, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), SlackClientError>> {
        Box::pin(async move {
            let session = self.client.open_session(&self.token);
            let request = SlackApiFilesUploadViaUrlRequest::new(
                to.clone().into(),
                bytes.to_vec(),
                "application/octet-stream".to_owned(),
            );
            session.files_upload_via_url(&request).await.map(drop)
        })
    }

    fn get<'a>(
        &'a self,
        method: Method,
        arguments: &'a [(&'static str, &'a str)],
    ) -> BoxFuture<'a, Result<Value, SlackClientError>> {
        Box::pin(async move {
            let session = self.client.open_session(&self.token);
            let arguments: Vec<(&str, Option<&str>)> =
                arguments.iter().map(|&(name, value)| (name, Some(value))).collect();
            session.http_session_api.http_get(method.name(), &arguments, None).await
        })
    }

    fn headers(&self, method: Method) -> BoxFuture<'_, anyhow::Result<HeaderMap>> {
        Box::pin(async move {
            let request = Request::post(format!("{}/{}", self.url, method.name()))
                .header(AUTHORIZATION, format!("Bearer {}", self.token.token_value.0))
                .body(Empty::new())
                .context("the token cannot be sent")?;
            Ok(self.http.request(request).await?.into_parts().0.headers)
        })
    }
}

/// What Slack says of an account, as far as rights depend on it: <https://docs.slack.dev/reference/objects/user-object>.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct User {
    /// Home team.
    pub team_id: Option<String>,
    /// Switched off.
    pub deleted: bool,
    /// No person.
    pub is_bot: bool,
    /// Guest of several channels, or of one.
    pub is_restricted: bool,
    /// Guest of one channel.
    pub is_ultra_restricted: bool,
    /// Of another organization, met in a shared channel.
    pub is_stranger: bool,
}

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
const MARK: &str = "standby_message";
/// Messages in a page when looking for one.
const PAGE: &str = "200";
/// Pages looked through at most.
const PAGES: usize = 10;

impl Api {
    /// Slack over HTTPS, or over HTTP where `url` says so (a stand-in).
    pub fn over_tcp(url: &str, token: &SecretString) -> std::io::Result<Self> {
        if url.starts_with("http://") {
            return Ok(Self::over(HttpConnector::new(), url, token));
        }
        let https = HttpsConnectorBuilder::new().with_native_roots()?.https_only().enable_all_versions().build();
        Ok(Self::over(https, url, token))
    }

    /// Slack over any connector.
    pub fn over<C>(connector: C, url: &str, token: &SecretString) -> Self
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        let url = url.trim_end_matches('/').to_owned();
        let http = Client::builder(TokioExecutor::new()).build(connector.clone());
        let client = SlackClient::new(SlackClientHyperConnector::with_connector(connector).with_slack_api_url(&url));
        let token = SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned()));
        Self(Arc::new(Session { client, token, http, url }))
    }

    /// Posts a message with a mark, into a thread if one is given. Returns its `ts`.
    pub async fn post(
        &self,
        channel: &str,
        thread: Option<&str>,
        message: &Message,
        mark: &Mark,
    ) -> Result<String, ApiError> {
        let mut request = json!({
            "channel": channel,
            "text": message.text,
            "blocks": message.blocks,
            "metadata": { "event_type": MARK, "event_payload": mark },
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let Some(thread) = thread {
            request["thread_ts"] = json!(thread);
        }
        let answer = self.call(Method::ChatPostMessage, &request).await?;
        let ts = answer["ts"].as_str().map(str::to_owned);
        ts.ok_or_else(|| ApiError::Failed("the answer to chat.postMessage has no ts".to_owned()))
    }

    /// Writes to a person, where only they and the app see it.
    pub async fn write_to(&self, user: &str, text: &str) -> Result<(), ApiError> {
        let request = json!({ "channel": self.conversation(user).await?, "text": text });
        self.call(Method::ChatPostMessage, &request).await.map(drop)
    }

    /// Sends files to a person, where only they and the app see them:
    /// <https://docs.slack.dev/messaging/working-with-files#uploading_files>.
    pub async fn send_files(&self, user: &str, comment: &str, files: Vec<(String, Vec<u8>)>) -> Result<(), ApiError> {
        let channel = self.conversation(user).await?;
        let mut uploaded = Vec::new();
        for (name, bytes) in files {
            let length = bytes.len().to_string();
            let arguments = [("filename", name.as_str()), ("length", length.as_str())];
            let method = Method::FilesGetUploadUrlExternal;
            let answer = self.read(method, &arguments).await?;
            let place = answer["upload_url"].as_str().and_then(|url| url.parse().ok());
            let (Some(url), Some(id)) = (place, answer["file_id"].as_str()) else {
                return Err(ApiError::Failed(format!("the answer to {} has no address", method.name())));
            };
            bounded("an upload", self.0.upload(&url, &bytes)).await?;
            uploaded.push(json!({ "id": id, "title": name }));
        }
        let request = json!({ "files": uploaded, "channel_id": channel, "initial_comment": comment });
        let method = Method::FilesCompleteUploadExternal;
        self.call(method, &request).await.map(drop)
    }

    /// The conversation with a person.
    async fn conversation(&self, user: &str) -> Result<String, ApiError> {
        let request = json!({ "users": user });
        let answer = self.call(Method::ConversationsOpen, &request).await?;
        let id = answer["channel"]["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| ApiError::Failed("the answer to conversations.open has no channel".to_owned()))
    }

    /// Replaces a message.
    pub async fn update(&self, channel: &str, ts: &str, message: &Message) -> Result<(), ApiError> {
        let request = json!({ "channel": channel, "ts": ts, "text": message.text, "blocks": message.blocks });
        self.call(Method::ChatUpdate, &request).await.map(drop)
    }

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

    /// Tells one person something, in a channel that both are in. Slack does not keep it.
    pub async fn tell(&self, channel: &str, user: &str, text: &str) -> Result<(), ApiError> {
        let request = json!({ "channel": channel, "user": user, "text": text });
        self.call(Method::ChatPostEphemeral, &request).await.map(drop)
    }

    /// Shows a person the app's home: <https://docs.slack.dev/reference/methods/views.publish>.
    pub async fn publish_home(&self, user: &str, blocks: &[Value]) -> Result<(), ApiError> {
        let request = json!({ "user_id": user, "view": { "type": "home", "blocks": blocks } });
        self.call(Method::ViewsPublish, &request).await.map(drop)
    }

    /// Where the next Socket Mode connection is to be opened; takes the app-level token:
    /// <https://docs.slack.dev/reference/methods/apps.connections.open>.
    pub async fn open_connection(&self) -> Result<String, ApiError> {
        let answer = self.call(Method::AppsConnectionsOpen, &json!({})).await?;
        let url = answer["url"].as_str().map(str::to_owned);
        url.ok_or_else(|| ApiError::Failed("the answer to apps.connections.open has no url".to_owned()))
    }

    /// Opens a modal for whoever the trigger is of, within 3 s of their click: <https://docs.slack.dev/reference/methods/views.open>.
    pub async fn open_modal(&self, trigger: &str, view: &Value) -> Result<(), ApiError> {
        let request = json!({ "trigger_id": trigger, "view": view });
        self.call(Method::ViewsOpen, &request).await.map(drop)
    }

    /// User ids of a user group's members: <https://docs.slack.dev/reference/methods/usergroups.users.list>.
    pub async fn members(&self, group: &str) -> Result<BTreeSet<String>, ApiError> {
        let answer = self.read(Method::UsergroupsUsersList, &[("usergroup", group)]).await?;
        BTreeSet::deserialize(&answer["users"])
            .map_err(|_| ApiError::Failed("the answer to usergroups.users.list has no users".to_owned()))
    }

    /// An account: <https://docs.slack.dev/reference/methods/users.info>.
    pub async fn user(&self, user: &str) -> Result<User, ApiError> {
        let answer = self.read(Method::UsersInfo, &[("user", user)]).await?;
        User::deserialize(&answer["user"])
            .map_err(|_| ApiError::Failed("the answer to users.info has no user".to_owned()))
    }

    /// Who the token belongs to: (team id, user id).
    pub async fn identity(&self) -> Result<(String, String), ApiError> {
        let answer = self.call(Method::AuthTest, &json!({})).await?;
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        Ok((text("team_id"), text("user_id")))
    }

    /// The token's scopes, as Slack tells them with every answer: <https://docs.slack.dev/authentication/installing-with-oauth>.
    pub async fn granted_scopes(&self) -> Result<BTreeSet<String>, ApiError> {
        let headers = match tokio::time::timeout(DEADLINE, self.0.headers(Method::AuthTest)).await {
            Ok(headers) => headers.map_err(|error| ApiError::Failed(format!("{error:#}")))?,
            Err(_) => return Err(ApiError::Failed("auth.test took too long".to_owned())),
        };
        let scopes = headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok());
        let scopes = scopes.ok_or_else(|| ApiError::Failed("auth.test tells no scopes".to_owned()))?;
        Ok(scopes.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect())
    }

    /// Whether the bot is a member of the channel.
    pub async fn is_member(&self, channel: &str) -> Result<bool, ApiError> {
        let answer = self.read(Method::ConversationsInfo, &[("channel", channel)]).await?;
        Ok(answer["channel"]["is_member"].as_bool().unwrap_or(false))
    }
}

impl Api {
    /// Calls a method, within the deadline.
    async fn call(&self, method: Method, request: &Value) -> Result<Value, ApiError> {
        bounded(method.name(), self.0.post(method, request)).await
    }

    /// Calls a method that only reads, within the deadline.
    async fn read(&self, method: Method, arguments: &[(&'static str, &str)]) -> Result<Value, ApiError> {
        bounded(method.name(), self.0.get(method, arguments)).await
    }
}

fn mark_of(message: &Value) -> Option<Found> {
    let metadata = message["metadata"].as_object().filter(|metadata| metadata["event_type"] == MARK)?;
    let mark = serde_json::from_value(metadata["event_payload"].clone()).ok()?;
    Some(Found { mark, ts: message["ts"].as_str()?.to_owned() })
}

async fn bounded<T>(what: &str, call: BoxFuture<'_, Result<T, SlackClientError>>) -> Result<T, ApiError> {
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
