//! `standby check` on Slack: what is missing there is named, with the fix.

use std::{path::Path, sync::Arc};

use bot::{
    check::{Row, Verdict, check_slack},
    config::{Config, Secrets},
    rehearse,
    slack::{
        api::{self, Api},
        socket,
    },
};
use rehearsal::{
    Scenario,
    slack::{Fault, FaultKind, Method, Settings, Slack},
};

/// A workspace with the app as the manifest has it.
fn workspace() -> Settings {
    let scenario = Scenario::pair();
    let mut settings = Settings::shop(Arc::new(move || scenario.epoch), 1);
    let needed = api::Method::ALL.iter().flat_map(|method| method.scopes()).copied().chain([api::COMMANDS]);
    settings.app.scopes = needed.map(str::to_owned).collect();
    settings
}

/// What a check with these two tokens finds in the workspace.
async fn checked(slack: &Slack, bot_token: &str, app_token: &str) -> Vec<Row> {
    let config = rehearse::toml(&Scenario::pair(), slack.settings());
    // Rights by a user group, beside those of people.
    let config = config.replace("promoters = [", "promoters = [\"S0PROMOTERS\", ");
    let config = Config::parse(Path::new("check.toml"), &config).unwrap();
    let secrets = Secrets {
        signing_secret: None,
        bot_token: bot_token.to_owned().into(),
        app_token: Some(app_token.to_owned().into()),
        link_key: None,
    };
    let url = format!("{}/api", slack.settings().base_url);
    let api = Api::over(slack.connector(), &url, &secrets.bot_token);
    let socket = socket::Way {
        api: Api::over(slack.connector(), &url, secrets.app_token.as_ref().unwrap()),
        ..rehearse::socket_mode(slack)
    };
    check_slack(&config, &secrets, &api, Some(&socket)).await
}

async fn with_its_own_tokens(settings: Settings, prepare: impl FnOnce(&Slack)) -> Vec<Row> {
    let slack = Slack::new(settings);
    prepare(&slack);
    checked(&slack, &slack.settings().bot_token, &slack.settings().app_token).await
}

/// The one row about that which is not as it must be, as text.
fn wrong(rows: &[Row], what: &str, verdict: Verdict) -> String {
    let mut found = rows.iter().filter(|row| row.what.contains(what) && row.verdict == verdict);
    let row = found.next().unwrap_or_else(|| panic!("nothing about {what} in {rows:#?}"));
    assert!(found.next().is_none(), "more than one about {what} in {rows:#?}");
    format!("{} → {}", row.detail, row.fix.as_deref().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_is_set_up_as_the_manifest_says_passes() {
    let rows = with_its_own_tokens(workspace(), |_| {}).await;
    assert!(rows.len() >= 6 && rows.iter().all(|row| row.verdict == Verdict::Pass), "{rows:#?}");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_mixed_up_are_told_by_their_kind() {
    let slack = Slack::new(workspace());
    let settings = slack.settings();
    let rows = checked(&slack, &settings.app_token, &settings.bot_token).await;
    let bot_token = wrong(&rows, "slack.bot_token", Verdict::Fail);
    assert_eq!(bot_token, "is an app-level token, not a bot token → name the token that begins with xoxb-");
    let app_token = wrong(&rows, "slack.app_token", Verdict::Fail);
    assert_eq!(app_token, "is a bot token, not an app-level token → name the token that begins with xapp-");
    let socket_mode = wrong(&rows, "Socket Mode", Verdict::Fail);
    assert!(
        socket_mode.contains("not_allowed_token_type → slack.app_token is not an app-level token"),
        "{socket_mode}"
    );
    assert!(!format!("{rows:?}").contains("not-a-secret"), "a token is shown");
}

#[tokio::test(start_paused = true)]
async fn scopes_that_are_missing_or_too_many_are_named_with_what_needs_them() {
    let mut settings = workspace();
    settings.app.scopes.retain(|scope| scope != "chat:write" && scope != "groups:read");
    settings.app.scopes.insert("reactions:write".to_owned());
    let rows = with_its_own_tokens(settings, |_| {}).await;
    let missing = wrong(&rows, "scopes", Verdict::Fail);
    assert!(
        missing.starts_with("chat:write is missing, which chat.postEphemeral, chat.postMessage, chat.update needs"),
        "{missing}"
    );
    assert!(missing.contains("install the app again"), "{missing}");
    let warned: Vec<&str> =
        rows.iter().filter(|row| row.verdict == Verdict::Warn).map(|row| row.detail.as_str()).collect();
    assert_eq!(warned, ["groups:read is missing, which conversations.info needs", "more than needed: reactions:write"]);
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_is_not_in_the_channel_or_has_socket_mode_off_is_told() {
    let mut settings = workspace();
    settings.channels[0].app_is_member = false;
    let rows = with_its_own_tokens(settings, |slack| slack.sockets().disable()).await;
    let channel = wrong(&rows, "slack.channel", Verdict::Fail);
    assert_eq!(channel, "the bot is not in C0INCIDENT1 → invite it: /invite @standby");
    let socket_mode = wrong(&rows, "Socket Mode", Verdict::Fail);
    assert!(
        socket_mode.contains("socket_mode_not_enabled → turn Socket Mode on in the app's settings"),
        "{socket_mode}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_group_that_cannot_be_read_or_is_empty_is_told() {
    let passed = with_its_own_tokens(workspace(), |_| {}).await;
    assert_eq!(passed.iter().find(|row| row.what.contains("user group")).unwrap().detail, "has 3 members");
    let mut settings = workspace();
    settings.usergroups.clear();
    let rows = with_its_own_tokens(settings, |_| {}).await;
    let group = wrong(&rows, "user group S0PROMOTERS", Verdict::Fail);
    assert!(group.starts_with("cannot be read: Slack refused: no_such_subteam → check the id"), "{group}");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_told_once_and_nothing_else_is_asked() {
    let rows = with_its_own_tokens(workspace(), |slack| {
        let revoked = FaultKind::Error("token_revoked".to_owned());
        slack.fault(Fault { method: Some(Method::AuthTest), kind: revoked, times: None });
    })
    .await;
    let token = wrong(&rows, "slack token", Verdict::Fail);
    assert!(token.contains("token_revoked → check slack.bot_token"), "{token}");
    assert!(!rows.iter().any(|row| row.what.contains("slack.channel")), "{rows:#?}");
}
