//! The methods of the Web API that the bot calls, and what each needs. `deploy/slack` asks for these scopes and no others.

/// A method of the Web API: <https://docs.slack.dev/reference/methods>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the names are Slack's: see `Method::name`
pub enum Method {
    AppsConnectionsOpen,
    AuthTest,
    ChatPostEphemeral,
    ChatPostMessage,
    ChatUpdate,
    ConversationsHistory,
    ConversationsInfo,
    ConversationsOpen,
    ConversationsReplies,
    FilesCompleteUploadExternal,
    FilesGetUploadUrlExternal,
    UsergroupsUsersList,
    UsersInfo,
    ViewsOpen,
    ViewsPublish,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AppsConnectionsOpen,
        Self::AuthTest,
        Self::ChatPostEphemeral,
        Self::ChatPostMessage,
        Self::ChatUpdate,
        Self::ConversationsHistory,
        Self::ConversationsInfo,
        Self::ConversationsOpen,
        Self::ConversationsReplies,
        Self::FilesCompleteUploadExternal,
        Self::FilesGetUploadUrlExternal,
        Self::UsergroupsUsersList,
        Self::UsersInfo,
        Self::ViewsOpen,
        Self::ViewsPublish,
    ];

    /// Slack's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AppsConnectionsOpen => "apps.connections.open",
            Self::AuthTest => "auth.test",
            Self::ChatPostEphemeral => "chat.postEphemeral",
            Self::ChatPostMessage => "chat.postMessage",
            Self::ChatUpdate => "chat.update",
            Self::ConversationsHistory => "conversations.history",
            Self::ConversationsInfo => "conversations.info",
            Self::ConversationsOpen => "conversations.open",
            Self::ConversationsReplies => "conversations.replies",
            Self::FilesCompleteUploadExternal => "files.completeUploadExternal",
            Self::FilesGetUploadUrlExternal => "files.getUploadURLExternal",
            Self::UsergroupsUsersList => "usergroups.users.list",
            Self::UsersInfo => "users.info",
            Self::ViewsOpen => "views.open",
            Self::ViewsPublish => "views.publish",
        }
    }

    /// The bot token's scopes that it needs, as `https://docs.slack.dev/reference/methods/NAME` lists them: of conversations the one for public and
    /// the one for private channels.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            // https://docs.slack.dev/reference/methods/apps.connections.open: an app-level token with connections:write instead.
            // https://docs.slack.dev/reference/methods/auth.test, views.open and views.publish: none.
            Self::AppsConnectionsOpen | Self::AuthTest | Self::ViewsOpen | Self::ViewsPublish => &[],
            // https://docs.slack.dev/reference/methods/chat.postMessage, chat.postEphemeral, chat.update
            Self::ChatPostEphemeral | Self::ChatPostMessage | Self::ChatUpdate => &["chat:write"],
            // https://docs.slack.dev/reference/methods/conversations.history, conversations.replies
            Self::ConversationsHistory | Self::ConversationsReplies => &["channels:history", "groups:history"],
            // https://docs.slack.dev/reference/methods/conversations.info
            Self::ConversationsInfo => &["channels:read", "groups:read"],
            // https://docs.slack.dev/reference/methods/conversations.open: of people, one at a time.
            Self::ConversationsOpen => &["im:write"],
            // https://docs.slack.dev/reference/methods/files.getUploadURLExternal, files.completeUploadExternal
            Self::FilesCompleteUploadExternal | Self::FilesGetUploadUrlExternal => &["files:write"],
            // https://docs.slack.dev/reference/methods/usergroups.users.list
            Self::UsergroupsUsersList => &["usergroups:read"],
            // https://docs.slack.dev/reference/methods/users.info
            Self::UsersInfo => &["users:read"],
        }
    }
}

/// The scope that slash commands need: <https://docs.slack.dev/reference/scopes/commands>.
pub const COMMANDS: &str = "commands";

/// The scope without which `users.info` tells no e-mail address: <https://docs.slack.dev/reference/scopes/users.read.email>.
pub const EMAIL: &str = "users:read.email";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    const SOCKET: &str = include_str!("../../../../deploy/slack/manifest.socket.yaml");
    const HTTP: &str = include_str!("../../../../deploy/slack/manifest.http.yaml");

    fn manifest(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap()
    }

    fn texts(list: &Value) -> BTreeSet<&str> {
        list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
    }

    #[test]
    fn the_manifests_ask_for_what_the_methods_need_and_no_more() {
        let needed: BTreeSet<&str> =
            Method::ALL.iter().flat_map(|method| method.scopes()).copied().chain([COMMANDS]).collect();
        for text in [SOCKET, HTTP] {
            let manifest = manifest(text);
            assert_eq!(texts(&manifest["oauth_config"]["scopes"]["bot"]), needed);
            assert!(manifest["oauth_config"]["scopes"]["user"].is_null(), "nothing is done in a person's name");
        }
    }

    #[test]
    fn the_manifests_agree_with_the_routes() {
        let (socket, http) = (manifest(SOCKET), manifest(HTTP));
        let path = |url: &Value| url.as_str().unwrap().strip_prefix("https://standby.example.com").unwrap().to_owned();
        let settings = &http["settings"];
        let paths = [
            &http["features"]["slash_commands"][0]["url"],
            &settings["interactivity"]["request_url"],
            &settings["event_subscriptions"]["request_url"],
        ]
        .map(path);
        assert_eq!(paths, crate::slack::web::PATHS);
        assert_eq!(
            (&settings["socket_mode_enabled"], &socket["settings"]["socket_mode_enabled"]),
            (&false.into(), &true.into())
        );
        for manifest in [&socket, &http] {
            assert_eq!(manifest["features"]["slash_commands"][0]["command"], "/dr");
            assert_eq!(manifest["settings"]["interactivity"]["is_enabled"], true);
            assert_eq!(
                texts(&manifest["settings"]["event_subscriptions"]["bot_events"]),
                BTreeSet::from(["app_home_opened"])
            );
            assert_eq!(manifest["features"]["app_home"]["home_tab_enabled"], true);
        }
        // Apart from the mode they are one app.
        let without_urls = |mut manifest: Value| {
            manifest["features"]["slash_commands"][0].as_object_mut().unwrap().remove("url");
            for part in ["interactivity", "event_subscriptions"] {
                manifest["settings"][part].as_object_mut().unwrap().remove("request_url");
            }
            manifest["settings"].as_object_mut().unwrap().remove("socket_mode_enabled");
            manifest
        };
        assert_eq!(without_urls(socket), without_urls(http));
    }
}
