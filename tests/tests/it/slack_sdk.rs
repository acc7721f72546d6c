//! Slack's own Python SDK verifies the stand-in's signatures, talks to its Web API, and accepts every message of the bot.

use std::collections::BTreeSet;

use rehearsal::{
    Disturbance, Fault, Region, Service, Target,
    slack::{Event, Message},
};
use serde_json::{Value, json};
use tests::{Cast, Stage};

use crate::{python, slack::serve_slack};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with slack_sdk: see tests/third-party/README.md"]
async fn slack_sdk_verifies_what_the_stand_in_signs() {
    let slack = serve_slack().await;
    let body = slack.command_body(Cast::MAYA, Cast::INCIDENT, "promote wörld & <all>").unwrap();
    let headers = slack.sign(&body, jiff::Timestamp::now().as_second());
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
    let request = json!({ "secret": slack.settings().signing_secret, "headers": headers, "body": body });
    python::passes("slack_sdk_check.py", &["signature"], &request.to_string());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with slack_sdk: see tests/third-party/README.md"]
async fn slack_sdk_posts_updates_and_is_refused() {
    let slack = serve_slack().await;
    let url = format!("{}/api/", slack.settings().base_url);
    let given = json!({ "token": slack.settings().bot_token, "channel": Cast::INCIDENT });
    python::passes("slack_sdk_check.py", &["client", &url], &given.to_string());

    let texts: Vec<String> = slack.messages(Cast::INCIDENT).into_iter().map(|message| message.text).collect();
    assert_eq!(texts[..2], ["Goodbye", "Detail"]);
}

#[tokio::test(start_paused = true)]
#[ignore = "needs Python with slack_sdk: see tests/third-party/README.md"]
async fn slack_sdk_accepts_every_message_of_the_bot() {
    let stage = Stage::open().await;
    play(&stage).await;
    let messages: Vec<Message> = stage.slack.transcript().iter().filter_map(|entry| said(&entry.event)).collect();
    let seen: BTreeSet<&str> =
        messages.iter().flat_map(Message::buttons).filter_map(|(_, button)| button["action_id"].as_str()).collect();
    let wanted = ["abort", "approve-failover", "approve-switchover", "cancel", "retry"];
    assert!(wanted.iter().all(|button| seen.contains(button)), "only {seen:?} were shown");

    let messages: Vec<Value> =
        messages.iter().map(|message| json!({ "text": message.text, "blocks": message.blocks })).collect();
    python::passes("slack_sdk_check.py", &["blocks"], &Value::from(messages).to_string());
}

/// A conversation in which the bot says everything that it can say: answers, refusals, a cancelled run, and one that pauses and ends well.
async fn play(stage: &Stage) {
    stage.says(Cast::MAYA, "help").await;
    stage.says(Cast::MAYA, "promtoe").await;
    stage.says(Cast::SAM, "promote let me").await;
    stage.says(Cast::SAM, "status").await;
    stage.hears("shop").await;
    stage.says(Cast::MAYA, "plan promote").await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.presses(Cast::JONAS, "cancel").await;
    stage.ended().await;

    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    let denied = Disturbance::Error { status: 403, code: "AccessDenied".to_owned(), message: "not allowed".to_owned() };
    let failover = Target::operation(Service::Rds, "FailoverGlobalCluster");
    stage.world.inject(Fault::next_calls(1, failover, denied));
    stage.promotes().await;
    stage.presses(Cast::MAYA, "retry").await;
    stage.hears("is served by").await;
}

/// What the bot said, at first or by an edit.
fn said(event: &Event) -> Option<Message> {
    match event {
        Event::Posted(message) | Event::Edited(message) => Some(message.clone()),
        _ => None,
    }
}
