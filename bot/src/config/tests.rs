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
            "region = \"us-west-2\"",
            "region = \"us-east-1\"",
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
        ("channel = \"C0123456789\"", "channel = \"#incident\"", "\"#incident\" is not a channel id"),
        ("team = \"T0123456789\"", "team = \"shop\"", "applications.shop.access.team: is not a Slack team id"),
        ("bot_token_env = \"STANDBY_SLACK_BOT_TOKEN\"", "", "slack.bot_token_file: is missing"),
        (
            "bot_token_env = ",
            "bot_token_file = \"x\"\nbot_token_env = ",
            "slack.bot_token_env: is given together with bot_token_file",
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
fn everything_wrong_is_told_at_once() {
    let text = EXAMPLE.replace("poll = 2", "poll = 0").replace("desired = 4", "desired = 1");
    assert_eq!(parse(&text).unwrap_err().problems.len(), 2);
}

#[test]
fn secrets_come_from_elsewhere_and_are_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signing-secret");
    std::fs::write(&file, "s3cret\n").unwrap();
    let text = EXAMPLE.replace("/run/secrets/standby/signing-secret", file.to_str().unwrap());
    let config = parse(&text).unwrap();
    let path = Path::new("standby.toml");
    let secrets =
        config.secrets(path, |name| (name == "STANDBY_SLACK_BOT_TOKEN").then(|| "xoxb-1".to_owned())).unwrap();
    assert_eq!((secrets.signing_secret.expose_secret(), secrets.bot_token.expose_secret()), ("s3cret", "xoxb-1"));
    assert!(!format!("{secrets:?}").contains("s3cret"));

    let unset = config.secrets(path, |_| None).unwrap_err().to_string();
    assert!(
        unset.contains("slack.bot_token_env: environment variable STANDBY_SLACK_BOT_TOKEN is not set; set it"),
        "{unset}"
    );
    std::fs::write(&file, " \n").unwrap();
    assert!(config.secrets(path, |_| None).unwrap_err().to_string().contains("slack.signing_secret_file: is empty"));
    std::fs::remove_file(&file).unwrap();
    assert!(config.secrets(path, |_| None).unwrap_err().to_string().contains("cannot be read"));
}
