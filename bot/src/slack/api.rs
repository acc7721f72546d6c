//! Calls to Slack's Web API, each with a deadline and a typed end.

mod connection;
mod error;
mod marks;
mod method;

use std::{collections::BTreeSet, sync::Arc};

use commands::egress::{Connector, EgressError, explain};
use hyper_util::{
    client::legacy::{Client, connect::Connect},
    rt::TokioExecutor,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use slack_morphism::{SlackApiToken, SlackApiTokenValue, SlackClient, prelude::SlackClientHyperConnector};

use self::{
    connection::{Session, Web},
    error::{DEADLINE, bounded},
    marks::MARK,
};
pub use self::{
    error::{ApiError, Blame, Refusal},
    marks::{Found, Mark},
    method::{COMMANDS, EMAIL, Method},
};
use super::{kit::Message, payload::without_nulls};

/// Slack's Web API with the bot's token.
#[derive(Clone)]
pub struct Api(Arc<dyn Web>);

/// What Slack says of an account, as far as rights and records depend on it: <https://docs.slack.dev/reference/objects/user-object>.
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
    /// The person's name.
    pub real_name: Option<String>,
    /// What the person tells of themselves.
    pub profile: Profile,
    /// What they are in an organization of several workspaces (Enterprise Grid).
    pub enterprise_user: Option<EnterpriseUser>,
}

impl User {
    /// Whether the account belongs to that workspace or organization. True if Slack names neither.
    pub fn is_of(&self, team: &str) -> bool {
        let organization = self.enterprise_user.as_ref();
        let known = self.team_id.is_some() || organization.is_some();
        let is_in = |grid: &EnterpriseUser| {
            grid.teams.iter().any(|one| one == team) || grid.enterprise_id.as_deref() == Some(team)
        };
        !known || self.team_id.as_deref() == Some(team) || organization.is_some_and(is_in)
    }
}

/// A part of [`User`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EnterpriseUser {
    /// The organization, `E…`.
    pub enterprise_id: Option<String>,
    /// All workspaces that the account belongs to.
    pub teams: Vec<String>,
}

/// Whose a token is, and what the app was installed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Workspace, or organization where the app was installed in all of one.
    pub team: String,
    /// The bot's user.
    pub user: String,
    /// The organization that the workspace is part of.
    pub organization: Option<String>,
    /// Whether the app was installed in the whole organization.
    pub is_org_wide: bool,
}

/// A part of [`User`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// E-mail address; absent without the scope [`method::EMAIL`], and of people of other organizations.
    pub email: Option<String>,
}

impl Api {
    /// Slack over HTTPS, or over HTTP where `url` says so (a stand-in).
    ///
    /// # Errors
    /// When no authority is trusted.
    pub fn over_network(connector: &Connector, url: &str, token: &SecretString) -> Result<Self, EgressError> {
        let connector = connector.clone();
        if url.starts_with("http://") {
            return Ok(Self::over(connector, url, token));
        }
        let mut https = connector.over_tls()?;
        https.enforce_https();
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

    /// Tells one person something, in a channel that both are in. Slack does not keep it.
    pub async fn tell(&self, channel: &str, user: &str, message: &Message) -> Result<(), ApiError> {
        let mut request = json!({ "channel": channel, "user": user, "text": message.text });
        if !message.blocks.is_empty() {
            request["blocks"] = json!(message.blocks);
        }
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

    /// User ids of a user group's members: <https://docs.slack.dev/reference/methods/usergroups.users.list>. An app that was installed in a whole
    /// organization has to name the workspace.
    pub async fn members(&self, team: &str, group: &str) -> Result<BTreeSet<String>, ApiError> {
        let answer = self.read(Method::UsergroupsUsersList, &[("usergroup", group), ("team_id", team)]).await?;
        BTreeSet::deserialize(&answer["users"])
            .map_err(|_| ApiError::Failed("the answer to usergroups.users.list has no users".to_owned()))
    }

    /// An account: <https://docs.slack.dev/reference/methods/users.info>.
    pub async fn user(&self, user: &str) -> Result<User, ApiError> {
        let answer = self.read(Method::UsersInfo, &[("user", user)]).await?;
        User::deserialize(&answer["user"])
            .map_err(|_| ApiError::Failed("the answer to users.info has no user".to_owned()))
    }

    /// Who the token belongs to: <https://docs.slack.dev/reference/methods/auth.test>.
    pub async fn identity(&self) -> Result<Identity, ApiError> {
        let answer = self.call(Method::AuthTest, &json!({})).await?;
        let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
        Ok(Identity {
            team: text("team_id"),
            user: text("user_id"),
            organization: answer["enterprise_id"].as_str().map(str::to_owned),
            is_org_wide: answer["is_enterprise_install"].as_bool().unwrap_or(false),
        })
    }

    /// The token's scopes, as Slack tells them with every answer: <https://docs.slack.dev/authentication/installing-with-oauth>.
    pub async fn granted_scopes(&self) -> Result<BTreeSet<String>, ApiError> {
        let headers = match tokio::time::timeout(DEADLINE, self.0.headers(Method::AuthTest)).await {
            Ok(headers) => headers.map_err(|error| ApiError::Failed(explain(&*error)))?,
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
        bounded(method.name(), self.0.post(method, request)).await.map(without_nulls)
    }

    /// Calls a method that only reads, within the deadline.
    async fn read(&self, method: Method, arguments: &[(&'static str, &str)]) -> Result<Value, ApiError> {
        bounded(method.name(), self.0.get(method, arguments)).await.map(without_nulls)
    }
}
