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
    ConversationsReplies,
    UsergroupsUsersList,
    UsersInfo,
    ViewsOpen,
    ViewsPush,
    ViewsUpdate,
}

impl Method {
    const ALL: [Method; 17] = [
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
        Method::ConversationsReplies,
        Method::UsergroupsUsersList,
        Method::UsersInfo,
        Method::ViewsOpen,
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
            Method::ConversationsReplies => "conversations.replies",
            Method::UsergroupsUsersList => "usergroups.users.list",
            Method::UsersInfo => "users.info",
            Method::ViewsOpen => "views.open",
            Method::ViewsPush => "views.push",
            Method::ViewsUpdate => "views.update",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
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
            | Method::ConversationsReplies => Some(limits.tier3),
            Method::ChatPostEphemeral
            | Method::UsersInfo
            | Method::ViewsOpen
            | Method::ViewsPush
            | Method::ViewsUpdate => Some(limits.tier4),
            Method::ApiTest | Method::AuthTest | Method::ChatGetPermalink => None,
        }
    }
}
