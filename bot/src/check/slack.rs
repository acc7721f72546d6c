//! What Slack lets the bot do: whose tokens these are, what they may, where the bot is.

use std::collections::{BTreeMap, BTreeSet};

use commands::{
    access::{Access, Kind, is_group},
    egress::Connector,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Row, Verdict};
use crate::{
    config::{self, Config, Mode, Secrets},
    slack::{
        api::{Api, ApiError, COMMANDS, EMAIL, Identity, Method},
        socket,
    },
};

/// How a token of each kind begins, with what it is: <https://docs.slack.dev/authentication/tokens>.
const KINDS: [(&str, &str); 4] = [
    ("xoxb-", "a bot token"),
    ("xapp-", "an app-level token"),
    ("xoxp-", "a user token"),
    ("xoxe", "a token for token rotation"),
];

/// How this host connects to Slack.
pub(super) fn connection(slack: &config::Slack, connector: &Connector) -> Row {
    let found = match connector.proxy(&slack.address()) {
        Some(proxy) => format!("{} through proxy {proxy}, by {}", slack.api_url(), proxy.variable),
        None => format!("{} without a proxy", slack.api_url()),
    };
    Row::new(Verdict::Pass, "slack connection", found, None)
}

/// Asks Slack. `socket` has the app-level token.
pub async fn check_slack(config: &Config, secrets: &Secrets, api: &Api, socket: Option<&socket::Way>) -> Vec<Row> {
    let mut rows = vec![kind("bot_token", &secrets.bot_token, "xoxb-")];
    rows.extend(secrets.app_token.as_ref().map(|token| kind("app_token", token, "xapp-")));
    match api.identity().await {
        Ok(identity) => {
            rows.push(Row::new(Verdict::Pass, "slack token", installed(&identity), None));
            rows.extend(teams(config, &identity));
            rows.extend(scopes(config, api).await);
            rows.extend(channels(config, api).await);
            rows.extend(groups(config, api).await);
        }
        Err(error) => {
            let fix = match error {
                ApiError::Refused(_) => "check slack.bot_token",
                _ => "let this host reach slack.api_url, directly or through a proxy (HTTPS_PROXY)",
            };
            rows.push(Row::new(Verdict::Fail, "slack token", error.to_string(), Some(fix)));
        }
    }
    match socket {
        Some(socket) if config.slack.mode == Mode::Socket => rows.push(socket_mode(socket).await),
        _ => {}
    }
    rows
}

/// Whether the secret is a token of that kind; tokens are easily mistaken for each other.
fn kind(key: &str, token: &SecretString, wanted: &str) -> Row {
    let what = format!("slack.{key}");
    let of = |token: &str| KINDS.iter().find(|(start, _)| token.starts_with(start)).map(|(_, kind)| *kind);
    let expected = of(wanted).unwrap_or_default();
    match of(token.expose_secret()) {
        found if found == of(wanted) => Row::new(Verdict::Pass, what, format!("is {expected}"), None),
        found => Row::new(
            Verdict::Fail,
            what,
            format!("is {}, not {expected}", found.unwrap_or("no token of Slack's")),
            Some(&format!("name the token that begins with {wanted}")),
        ),
    }
}

/// What kind of installation the token is of.
fn installed(Identity { team, user, organization, is_org_wide }: &Identity) -> String {
    match organization {
        Some(organization) if *is_org_wide => format!("user {user}, installed in all of organization {organization}"),
        Some(organization) => format!("user {user}, installed in workspace {team} of organization {organization}"),
        None => format!("user {user}, installed in workspace {team}"),
    }
}

/// Whether the workspaces that rights are given in are the token's. One for a whole organization is for all of its workspaces.
fn teams(config: &Config, Identity { team, is_org_wide, .. }: &Identity) -> Vec<Row> {
    let others = config.access.iter().filter(|(_, access)| !is_org_wide && access.team != *team);
    let row = |name: &String, other: &str| {
        let fix = "install the app in that workspace, or correct the team";
        let found = format!("is {other}, the token's is {team}");
        Row::new(Verdict::Fail, format!("{name} access.team"), found, Some(fix))
    };
    others.map(|(name, access)| row(name, &access.team)).collect()
}

/// Whether the token has the scopes that the bot's calls need, and no more.
async fn scopes(config: &Config, api: &Api) -> Vec<Row> {
    let granted = match api.granted_scopes().await {
        Ok(granted) => granted,
        Err(error) => {
            let fix = "check that slack.api_url can be reached";
            return vec![Row::new(Verdict::Warn, "slack scopes", error.to_string(), Some(fix))];
        }
    };
    // Each scope with what it is for.
    let mut needed: BTreeMap<&str, Vec<&str>> = BTreeMap::from([(COMMANDS, vec!["/dr"])]);
    for method in Method::ALL {
        method.scopes().iter().for_each(|&scope| needed.entry(scope).or_default().push(method.name()));
    }
    if config.audit.emails {
        needed.insert(EMAIL, vec!["audit.emails"]);
    }
    let missing = needed.iter().filter(|(scope, _)| !granted.contains(**scope)).map(|(scope, uses)| {
        // Those of private channels are of no use where there are none.
        let verdict = if scope.starts_with("groups:") { Verdict::Warn } else { Verdict::Fail };
        let found = format!("{scope} is missing, which {} needs", uses.join(", "));
        let fix = format!(
            "add {scope} under OAuth & Permissions, or take the manifest in deploy/slack, and install the app again"
        );
        Row::new(verdict, "slack scopes", found, Some(&fix))
    });
    let mut rows: Vec<Row> = missing.collect();
    let beyond: Vec<&str> = granted.iter().map(String::as_str).filter(|scope| !needed.contains_key(scope)).collect();
    if !beyond.is_empty() {
        let fix = "remove them from the app's bot token scopes: the bot calls nothing that needs them";
        rows.push(Row::new(
            Verdict::Warn,
            "slack scopes",
            format!("more than needed: {}", beyond.join(", ")),
            Some(fix),
        ));
    }
    if rows.is_empty() {
        rows.push(Row::new(Verdict::Pass, "slack scopes", "as needed, and no more", None));
    }
    rows
}

async fn channels(config: &Config, api: &Api) -> Vec<Row> {
    let channels = config.channels.iter().flat_map(|(name, channels)| {
        let named = [
            ("channel", Some(&channels.channel)),
            ("fallback", channels.fallback.as_ref()),
            ("stakeholders", channels.stakeholders.as_ref()),
        ];
        named.into_iter().filter_map(move |(key, channel)| Some((format!("{name} slack.{key}"), channel?)))
    });
    let mut rows = Vec::new();
    for (what, channel) in channels {
        rows.push(match api.is_member(channel).await {
            Ok(true) => Row::new(Verdict::Pass, what, format!("the bot is in {channel}"), None),
            Ok(false) => Row::new(
                Verdict::Fail,
                what,
                format!("the bot is not in {channel}"),
                Some("invite it: /invite @standby"),
            ),
            Err(error) => Row::new(
                Verdict::Fail,
                what,
                format!("{channel}: {error}"),
                Some("check the id, and the scopes channels:read and groups:read"),
            ),
        });
    }
    rows
}

/// Whether the user groups that give rights can be read: while one cannot, nobody has rights by it.
async fn groups(config: &Config, api: &Api) -> Vec<Row> {
    let of = |access| named(access).filter(|id| is_group(id)).map(|id| (access.team.as_str(), id));
    let groups: BTreeSet<(&str, &String)> = config.access.values().flat_map(of).collect();
    let mut rows = Vec::new();
    for (team, group) in groups {
        let what = format!("slack user group {group}");
        let fix = "check the id, that the group is enabled, and the scope usergroups:read";
        rows.push(match api.members(team, group).await {
            Ok(members) if members.is_empty() => {
                Row::new(Verdict::Fail, what, "has no members", Some("add people to it"))
            }
            Ok(members) => Row::new(Verdict::Pass, what, format!("has {} members", members.len()), None),
            Err(error) => Row::new(Verdict::Fail, what, format!("cannot be read: {error}"), Some(fix)),
        });
    }
    rows
}

/// Everybody who is named, people and groups.
fn named(access: &Access) -> impl Iterator<Item = &String> {
    let approvers = Kind::ALL.into_iter().filter_map(|kind| access.approvals.rule(kind).who.as_ref()).flatten();
    access.viewers.iter().chain(&access.promoters).chain(approvers)
}

/// Whether Slack would let a connection be opened, and whether this host reaches the place that Slack names for it. None is opened.
async fn socket_mode(way: &socket::Way) -> Row {
    let what = "slack Socket Mode";
    let reach =
        "let this host reach wss-primary.slack.com and wss-backup.slack.com, directly or through a proxy (HTTPS_PROXY)";
    let url = match way.api.open_connection().await {
        Ok(url) => url,
        Err(error) => {
            let fix = socket::fix(&error).unwrap_or("check slack.app_token and that slack.api_url can be reached");
            return Row::new(Verdict::Fail, what, error.to_string(), Some(fix));
        }
    };
    match way.reach(&url).await {
        Ok(_) => Row::new(Verdict::Pass, what, "is on, and slack.app_token opens connections", None),
        Err(trouble) => Row::new(Verdict::Fail, what, trouble.to_string(), Some(reach)),
    }
}
