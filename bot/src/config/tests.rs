//! The example is good, and whatever is wrong is named with its fix.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use secrecy::ExposeSecret as _;

use super::*;

const EXAMPLE: &str = include_str!("../../../deploy/standby.example.toml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("standby.toml"), text)
}

/// The error of the example with `from` replaced.
fn error(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "the example has no {from:?}");
    parse(&EXAMPLE.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn the_example_is_good() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.applications.keys().collect::<Vec<_>>(), ["shop"]);
    assert_eq!(config.slack.api_url(), Slack::API_URL);
    assert_eq!(config.digest.len(), 64);
}

#[test]
fn the_examples_timing_is_the_default() {
    let start = EXAMPLE.find("[applications.shop.timing]").unwrap();
    let end = EXAMPLE.find("# Who may do what").unwrap();
    let without = format!("{}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
    let timing = |text| format!("{:?}", parse(text).unwrap().applications["shop"].timing);
    assert_eq!(timing(EXAMPLE), timing(&without));
}

#[test]
fn errors_name_file_line_key_and_fix() {
    let found = error("db_cluster = \"shop-dr\"", "db_clustr = \"shop-dr\"");
    assert!(found.starts_with("standby.toml:"), "{found}");
    for part in ["applications.shop.dr", "db_clustr", "standby.example.toml shows every key"] {
        assert!(found.contains(part), "{found}");
    }
    assert!(error("desired = 4", "desired = \"four\"").contains("applications.shop.services"));
    assert!(error("[http]", "[http").contains("write it as TOML"));
}

#[test]
fn values_must_fit_together() {
    let cases = [
        (
            "[applications.shop.dr]\nregion = \"us-west-2\"",
            "[applications.shop.dr]\nregion = \"us-east-1\"",
            "applications.shop.dr.region: is the primary's region too; name the other region",
        ),
        ("desired = 4", "desired = 3", "applications.shop.services[0].desired: is below min"),
        (
            "# fallback = \"C0FALLBACK1\"",
            "fallback = \"C0FALLBACK1\"",
            "applications.shop.slack.fallback: is not among access.channels, so nobody could decide there",
        ),
        (
            "# stakeholders = \"C0STATUS001\"",
            "stakeholders = \"C0123456789\"",
            "applications.shop.slack.stakeholders: is a channel for responders too",
        ),
        ("# update_every = 900", "update_every = 5", "applications.shop.slack.update_every: is below 60 seconds"),
        (
            "alice = \"U0123456789\"",
            "alice = \"alice\"",
            "applications.shop.access.terminal.alice: \"alice\" is not a Slack user id",
        ),
        ("name = \"api\"", "name = \"web\"", "applications.shop.services[1].name: names web a second time"),
        (
            "https://app.shop.example/",
            "https://www.shop.example/",
            "applications.shop.verify.url: has host www.shop.example, but the record is app.shop.example",
        ),
        ("poll = 2", "poll = 0", "applications.shop.timing.poll: is 0"),
        (
            "expected = 120, deadline = 900",
            "expected = 120, deadline = 60",
            "applications.shop.timing.database.deadline: is shorter than expected",
        ),
        (
            "max_error_rate = 0.05",
            "max_error_rate = 5.0",
            "applications.shop.verify.max_error_rate: is not between 0 and 1",
        ),
        (
            "account = \"123456789012\"",
            "account = \"12345\"",
            "applications.shop.primary.account: is not an account id",
        ),
        (
            "promoters = [\"U0123456789\", \"U9876543210\"]",
            "promoters = []",
            "applications.shop.access.promoters: is empty",
        ),
        ("promoters = [\"U0123456789\", \"U9876543210\"]", "promoters = [\"U0123456789\"]", "name a second person"),
        (
            "promoters = [\"U0123456789\", \"U9876543210\"]",
            "promoters = [\"*\", \"U9876543210\"]",
            "\"*\" is not a Slack user id",
        ),
        (
            "[applications.shop.slack]",
            "[applications.shop.access.approvals.promote]\napprovers = 2\n[applications.shop.slack]",
            "applications.shop.access.promoters: names 2 people, and a promote takes 2 beside the one who asks",
        ),
        (
            "[applications.shop.slack]",
            "[applications.shop.access.approvals.rebuild]\nwho = [\"@jonas\"]\n[applications.shop.slack]",
            "applications.shop.access.approvals.rebuild.who[0]: \"@jonas\" is not a Slack user id",
        ),
        (
            "[applications.shop.slack]",
            "[applications.shop.access.approvals.failback]\napprovers = 0\n[applications.shop.slack]",
            "applications.shop.access.approvals.failback.approvers: is 0",
        ),
        ("channel = \"C0123456789\"", "channel = \"#incident\"", "\"#incident\" is not a channel id"),
        ("team = \"T0123456789\"", "team = \"shop\"", "applications.shop.access.team: is not a Slack team id"),
        ("bot_token_env = \"STANDBY_SLACK_BOT_TOKEN\"", "", "slack.bot_token_file: is missing"),
        (
            "bot_token_env = ",
            "bot_token_file = \"x\"\nbot_token_env = ",
            "slack.bot_token_env: is given together with bot_token_file",
        ),
        (
            "https://standby.example.com/",
            "http://standby.example.com/",
            "web.public_url: would carry links unencrypted",
        ),
        ("https://standby.example.com/", "https://standby.example.com/?a", "web.public_url: has a query or a fragment"),
        ("link_secret_file = \"/run/secrets/standby/link-secret\"", "", "nobody could open the page"),
        (
            "link_secret_file = ",
            "link_secret_env = \"X\"\nlink_secret_file = ",
            "web.link_secret_env: is given together with",
        ),
        ("link_expiry = 259200", "link_expiry = 0", "web.link_expiry: is 0 or more than 30 days"),
        ("# proxy_header = ", "proxy_header = ", "web.trusted_proxies: goes with proxy_header"),
        ("# trusted_proxies = ", "trusted_proxies = ", "web.trusted_proxies: goes with proxy_header"),
        (
            "# proxy_header = \"x-forwarded-user\"",
            "proxy_header = \"x forwarded\"",
            "web.proxy_header: is not the name of a header",
        ),
        ("[applications.shop]", "[applications.\"The Shop\"]", "applications.The Shop: is not a usable name"),
    ];
    for (from, to, expected) in cases {
        let text = EXAMPLE.replace(
            "applications.shop",
            if to.contains("The Shop") { "applications.\"The Shop\"" } else { "applications.shop" },
        );
        let text = if to.contains("The Shop") { text } else { text.replacen(from, to, 1) };
        let found = parse(&text).unwrap_err().to_string();
        assert!(found.contains(expected), "{to}: {found}");
    }
}

#[test]
fn a_replica_is_complete_and_of_a_signed_log() {
    let cases = [
        ("bucket = \"shop-prod", "bucket = \"s3://shop-prod", "audit.replica.bucket: is not the name of a bucket"),
        ("prefix = \"shop/\"", "prefix = \"shop\"", "audit.replica.prefix: is not a folder's name"),
        ("mode = \"compliance\"", "mode = \"legal\"", "audit.replica.mode"),
        ("days = 400", "", "audit.replica: missing field `days`"),
        ("days = 400", "days = 0", "audit.replica.days: is not between 1 and 36500"),
        ("every = 15", "every = 0", "audit.replica.every: is not between 1 and 3600"),
        ("# role_arn = \"arn:aws:iam::21", "role_arn = \"iam::21", "audit.replica.role_arn: is not an ARN"),
        (
            "signing_key_file = \"/run/secrets/standby/audit-key\"",
            "",
            "audit.signing_key_file: is missing, and a replica is of what is signed",
        ),
    ];
    for (from, to, expected) in cases {
        let found = error(from, to);
        assert!(found.contains(expected), "{to}: {found}");
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let text = EXAMPLE.replace("poll = 2", "poll = 0").replace("desired = 4", "desired = 1");
    assert_eq!(parse(&text).unwrap_err().problems.len(), 2);
}

#[test]
fn secrets_come_from_elsewhere_and_are_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot-token");
    std::fs::write(&file, "xoxb-1\n").unwrap();
    let named = format!("bot_token_file = {file:?}");
    let link_file = folder.path().join("link-secret");
    std::fs::write(&link_file, "0123456789abcdef0123456789abcdef\n").unwrap();
    let text = EXAMPLE
        .replace("bot_token_env = \"STANDBY_SLACK_BOT_TOKEN\"", &named)
        .replace("/run/secrets/standby/link-secret", link_file.to_str().unwrap());
    let config = parse(&text).unwrap();
    let path = Path::new("standby.toml");
    let secrets =
        config.secrets(path, |name| (name == "STANDBY_SLACK_APP_TOKEN").then(|| "xapp-1".to_owned())).unwrap();
    assert_eq!(secrets.bot_token.expose_secret(), "xoxb-1");
    assert_eq!(secrets.app_token.as_ref().unwrap().expose_secret(), "xapp-1");
    assert!(secrets.signing_secret.is_none());
    assert!(!format!("{secrets:?}").contains("-1") && !format!("{secrets:?}").contains("0123456789abcdef"));

    std::fs::write(&link_file, "too-short\n").unwrap();
    let weak = config.secrets(path, |_| Some("xapp-1".to_owned())).unwrap_err().to_string();
    assert!(
        weak.contains("web.link_secret: is shorter than 32 characters; `openssl rand -hex 32` makes one"),
        "{weak}"
    );

    let unset = config.secrets(path, |_| None).unwrap_err().to_string();
    assert!(
        unset.contains("slack.app_token_env: environment variable STANDBY_SLACK_APP_TOKEN is not set; set it"),
        "{unset}"
    );
    std::fs::write(&file, " \n").unwrap();
    let app_token = |_: &str| Some("xapp-1".to_owned());
    assert!(config.secrets(path, app_token).unwrap_err().to_string().contains("slack.bot_token_file: is empty"));
    std::fs::remove_file(&file).unwrap();
    assert!(config.secrets(path, app_token).unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn each_mode_has_its_secret() {
    let socket = "mode = \"socket\"";
    let app_token = "app_token_env = \"STANDBY_SLACK_APP_TOKEN\"";
    let signing_secret = "signing_secret_env = \"SECRET\"";
    assert!(parse(&EXAMPLE.replace(socket, "")).unwrap().slack.mode == Mode::Socket);
    let missing = error(app_token, "");
    assert!(missing.contains("slack.app_token_file: is missing; name a file with app_token_file"), "{missing}");
    let missing = error(socket, "mode = \"http\"");
    assert!(missing.contains("slack.app_token_file: is given, but mode is \"http\"; remove it"), "{missing}");
    let http = EXAMPLE.replace(socket, "mode = \"http\"").replace(app_token, "");
    let missing = parse(&http).unwrap_err().to_string();
    assert!(missing.contains("slack.signing_secret_file: is missing"), "{missing}");
    parse(&http.replace("mode = \"http\"", &format!("mode = \"http\"\n{signing_secret}"))).unwrap();
    parse(&EXAMPLE.replace(app_token, &format!("{app_token}\n{signing_secret}"))).unwrap();
}
