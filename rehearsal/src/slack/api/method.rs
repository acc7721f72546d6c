//! The Web API methods that the stand-in has, and the rate limit of each.

use super::super::settings::{Limits, Rate};

/// A Web API method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the names are Slack's: see `Method::name`
pub enum Method {
    ApiTest,
    AppsConnectionsOpen,
    AuthTest,
    ChatDelete,
    ChatGetPermalink,
    ChatPostEphemeral,
    ChatPostMessage,
    ChatUpdate,
    ConversationsHistory,
    ConversationsInfo,
    ConversationsJoin,
    ConversationsOpen,
    ConversationsReplies,
    FilesCompleteUploadExternal,
    FilesGetUploadUrlExternal,
    UsergroupsUsersList,
    UsersInfo,
    ViewsOpen,
    ViewsPublish,
    ViewsPush,
    ViewsUpdate,
}

impl Method {
    const ALL: [Method; 21] = [
        Method::ApiTest,
        Method::AppsConnectionsOpen,
        Method::AuthTest,
        Method::ChatDelete,
        Method::ChatGetPermalink,
        Method::ChatPostEphemeral,
        Method::ChatPostMessage,
        Method::ChatUpdate,
        Method::ConversationsHistory,
        Method::ConversationsInfo,
        Method::ConversationsJoin,
        Method::ConversationsOpen,
        Method::ConversationsReplies,
        Method::FilesCompleteUploadExternal,
        Method::FilesGetUploadUrlExternal,
        Method::UsergroupsUsersList,
        Method::UsersInfo,
        Method::ViewsOpen,
        Method::ViewsPublish,
        Method::ViewsPush,
        Method::ViewsUpdate,
    ];

    /// Slack's name for it, the last part of its URL.
    pub fn name(self) -> &'static str {
        match self {
            Method::ApiTest => "api.test",
            Method::AppsConnectionsOpen => "apps.connections.open",
            Method::AuthTest => "auth.test",
            Method::ChatDelete => "chat.delete",
            Method::ChatGetPermalink => "chat.getPermalink",
            Method::ChatPostEphemeral => "chat.postEphemeral",
            Method::ChatPostMessage => "chat.postMessage",
            Method::ChatUpdate => "chat.update",
            Method::ConversationsHistory => "conversations.history",
            Method::ConversationsInfo => "conversations.info",
            Method::ConversationsJoin => "conversations.join",
            Method::ConversationsOpen => "conversations.open",
            Method::ConversationsReplies => "conversations.replies",
            Method::FilesCompleteUploadExternal => "files.completeUploadExternal",
            Method::FilesGetUploadUrlExternal => "files.getUploadURLExternal",
            Method::UsergroupsUsersList => "usergroups.users.list",
            Method::UsersInfo => "users.info",
            Method::ViewsOpen => "views.open",
            Method::ViewsPublish => "views.publish",
            Method::ViewsPush => "views.push",
            Method::ViewsUpdate => "views.update",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The scope that the method takes of a bot's token, if it takes one. Where a private channel or a direct message takes
    /// another, it is the one for public channels.
    pub(super) fn scope(self) -> Option<&'static str> {
        match self {
            Method::ChatDelete | Method::ChatPostEphemeral | Method::ChatPostMessage | Method::ChatUpdate => {
                Some("chat:write")
            }
            Method::ConversationsHistory | Method::ConversationsReplies => Some("channels:history"),
            Method::ConversationsInfo => Some("channels:read"),
            Method::ConversationsJoin => Some("channels:join"),
            Method::ConversationsOpen => Some("im:write"),
            Method::FilesCompleteUploadExternal | Method::FilesGetUploadUrlExternal => Some("files:write"),
            Method::UsergroupsUsersList => Some("usergroups:read"),
            Method::UsersInfo => Some("users:read"),
            Method::ApiTest
            | Method::AppsConnectionsOpen
            | Method::AuthTest
            | Method::ChatGetPermalink
            | Method::ViewsOpen
            | Method::ViewsPublish
            | Method::ViewsPush
            | Method::ViewsUpdate => None,
        }
    }

    /// Every scope that matters to the stand-in.
    pub(in crate::slack) fn scopes() -> impl Iterator<Item = &'static str> {
        Method::ALL.into_iter().filter_map(Method::scope).chain(["commands", super::people::EMAIL_SCOPE])
    }

    /// The limit of the method's tier; none for those that Slack lets through by the hundred.
    pub(super) fn rate(self, limits: &Limits) -> Option<Rate> {
        match self {
            Method::ChatPostMessage => Some(limits.post),
            Method::UsergroupsUsersList => Some(limits.tier2),
            Method::AppsConnectionsOpen
            | Method::ChatDelete
            | Method::ChatUpdate
            | Method::ConversationsHistory
            | Method::ConversationsInfo
            | Method::ConversationsJoin
            | Method::ConversationsOpen
            | Method::ConversationsReplies => Some(limits.tier3),
            Method::ChatPostEphemeral
            | Method::FilesCompleteUploadExternal
            | Method::FilesGetUploadUrlExternal
            | Method::UsersInfo
            | Method::ViewsOpen
            | Method::ViewsPublish
            | Method::ViewsPush
            | Method::ViewsUpdate => Some(limits.tier4),
            Method::ApiTest | Method::AuthTest | Method::ChatGetPermalink => None,
        }
    }
}
