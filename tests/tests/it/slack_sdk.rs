//! Slack's own SDKs for Python and Node work against the stand-in, and accept every message and view of the bot.

use std::{collections::BTreeSet, time::Duration};

use rehearsal::{
    Disturbance, Fault, Region, Service, Target,
    slack::{self, Event, FaultKind, Message, Method, Slack},
};
use serde_json::{Value, json};
use tests::{Cast, Stage};

use crate::{
    node, python,
    slack::{serve_slack, serve_timeless_slack},
};

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
async fn slack_sdk_works_against_the_stand_in_as_against_slack() {
    let slack = serve_timeless_slack().await;
    troubles(&slack);
    let url = format!("{}/api/", slack.settings().base_url);
    python::passes("slack_sdk_check.py", &["client", &url], &given(&slack).to_string());

    let texts: Vec<String> = slack.messages(Cast::INCIDENT).into_iter().map(|message| message.text).collect();
    assert_eq!(texts[..3], ["Goodbye", "Detail", "still with metadata"]);
    left_behind(&slack);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node with @slack/web-api: see tests/third-party/README.md"]
async fn slack_web_api_works_against_the_stand_in_as_against_slack() {
    let slack = serve_timeless_slack().await;
    troubles(&slack);
    let url = format!("{}/api/", slack.settings().base_url);
    node::passes("slack_web_api_check.cjs", &[&url], &given(&slack).to_string());

    let texts: Vec<String> = slack.messages(Cast::INCIDENT).into_iter().map(|message| message.text).collect();
    assert_eq!(texts[..2], ["Goodbye", "Detail"]);
    left_behind(&slack);
}

/// What an SDK's check needs to know; the triggers are those of two commands that somebody typed.
fn given(slack: &Slack) -> Value {
    let trigger = || {
        let body = slack.command_body(Cast::MAYA, Cast::INCIDENT, "promote").unwrap();
        let trigger = body.split('&').find_map(|field| field.strip_prefix("trigger_id="));
        trigger.expect("a trigger").to_owned()
    };
    let plain = |text: &str| json!({ "type": "plain_text", "text": text });
    let input = json!({ "type": "plain_text_input", "action_id": "typed" });
    json!({
        "token": slack.settings().bot_token,
        "channel": Cast::INCIDENT,
        "user": Cast::MAYA,
        "group": "S0PROMOTERS",
        "triggers": [trigger(), trigger()],
        "view": {
            "type": "modal",
            "callback_id": "confirm",
            "title": plain("Promote us-west-2?"),
            "submit": plain("Promote"),
            "blocks": [{ "type": "input", "block_id": "target", "label": plain("Type us-west-2"), "element": input }],
        },
    })
}

/// What befalls the checks' last calls, of which each is the only one of its method.
fn troubles(slack: &Slack) {
    let second = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(1)) };
    for (method, kind) in [
        (Method::ConversationsJoin, second.clone()),
        (Method::ConversationsOpen, second),
        (Method::ChatGetPermalink, FaultKind::ServerError),
        (Method::ChatDelete, FaultKind::Reset),
    ] {
        slack.fault(slack::Fault { method: Some(method), kind, times: Some(1) });
    }
}

/// What an SDK's check leaves in the workspace.
fn left_behind(slack: &Slack) {
    assert_eq!(slack.modal(Cast::MAYA).expect("an open modal").title, "Promote us-west-2?");
    assert!(slack.home(Cast::MAYA).is_some());
    let messages = slack.messages(Cast::INCIDENT);
    let shared = messages.iter().flat_map(|message| &message.files).next().expect("a shared file");
    let file = slack.file(&shared.id).expect("a whole file");
    assert_eq!((file.title.as_str(), file.bytes.as_deref()), ("Export", Some(&b"{}\n"[..])));
}

#[tokio::test(start_paused = true)]
#[ignore = "needs Python with slack_sdk: see tests/third-party/README.md"]
async fn slack_sdk_accepts_every_message_and_view_of_the_bot() {
    let stage = Stage::open().await;
    play(&stage).await;
    let messages: Vec<Message> = stage.slack.transcript().iter().filter_map(|entry| said(&entry.event)).collect();
    let seen: BTreeSet<&str> =
        messages.iter().flat_map(Message::buttons).filter_map(|(_, button)| button["action_id"].as_str()).collect();
    let wanted = ["abort", "again", "approve-failover", "approve-switchover", "cancel", "end", "refuse", "retry"];
    assert!(wanted.iter().all(|button| seen.contains(button)), "only {seen:?} were shown");

    let messages: Vec<Value> =
        messages.iter().map(|message| json!({ "text": message.text, "blocks": message.blocks })).collect();
    let mut views = views(&stage);
    let shown: BTreeSet<&str> =
        views.iter().filter_map(|view| view["title"]["text"].as_str().or(view["type"].as_str())).collect();
    assert_eq!(shown, BTreeSet::from(["Confirm the failover", "Refuse", "home"]));
    // What a submission is answered with is no call.
    views.push(bot::slack::messages::not_done("Already decided: approved by <@U0JONAS0001>, audit #12."));
    python::passes("slack_sdk_check.py", &["blocks"], &json!({ "messages": messages, "views": views }).to_string());
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
    stage.presses(Cast::JONAS, "refuse").await;
    stage.ended().await;

    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    let denied = Disturbance::Error { status: 403, code: "AccessDenied".to_owned(), message: "not allowed".to_owned() };
    let failover = Target::operation(Service::Rds, "FailoverGlobalCluster");
    stage.world.inject(Fault::next_calls(1, failover, denied));
    stage.promotes().await;
    stage.presses(Cast::MAYA, "retry").await;
    stage.hears("is served by").await;
    stage.slack.open_home(Cast::MAYA).await.expect("a person who exists");
    stage.slack.wait_for_home(Cast::MAYA, |_| true).await;
}

/// The modals that the bot opened, and the homes that it published.
pub(crate) fn views(stage: &Stage) -> Vec<Value> {
    stage.slack.calls().iter().filter_map(|call| call.arguments.get("view").cloned()).collect()
}

/// What the bot said, at first or by an edit.
fn said(event: &Event) -> Option<Message> {
    match event {
        Event::Posted(message) | Event::Edited(message) => Some(message.clone()),
        _ => None,
    }
}
