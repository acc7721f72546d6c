#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;

pub(super) const CHANNEL: &str = "C0INCIDENT1";
pub(super) const MAYA: &str = "U0MAYA00001";
pub(super) const SAM: &str = "U0SAM000001";

/// A workspace on tokio's clock.
pub(super) fn slack() -> Slack {
    let (start, epoch) = (Instant::now(), Timestamp::from_second(1_795_374_000).unwrap());
    let clock = move || epoch + jiff::SignedDuration::try_from(start.elapsed()).unwrap();
    Slack::new(Settings::shop(Arc::new(clock), 1))
}

/// Posts JSON as the app does, over a connection without sockets.
pub(super) async fn send(slack: &Slack, url: &str, body: Value) -> (StatusCode, Bytes) {
    let client = Client::builder(TokioExecutor::new()).build(slack.connector());
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::AUTHORIZATION, format!("Bearer {}", slack.settings().bot_token))
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = client.request(request).await.unwrap();
    (response.status(), response.into_body().collect().await.unwrap().to_bytes())
}

async fn post_button(slack: &Slack) -> String {
    let button = json!({"type": "button", "action_id": "go", "value": "run-1", "style": "danger",
                        "text": {"type": "plain_text", "text": "Promote us-west-2"}});
    let blocks = json!([{"type": "actions", "block_id": "gate", "elements": [button]}]);
    let arguments = json!({"channel": CHANNEL, "text": "promote?", "blocks": blocks});
    let (_, body) = send(slack, "https://slack.com/api/chat.postMessage", arguments).await;
    serde_json::from_slice::<Value>(&body).unwrap()["ts"].as_str().unwrap().to_owned()
}

pub(super) fn fields(form: &str) -> BTreeMap<String, String> {
    serde_urlencoded::from_str(form).unwrap()
}

/// An app that checks the signature and answers by what was typed.
fn app(slack: &Slack) -> Router {
    let secret = slack.settings().signing_secret.clone();
    let commands = async move |headers: HeaderMap, body: String| {
        let signed_at = headers[TIMESTAMP_HEADER].to_str().unwrap().parse().unwrap();
        assert_eq!(headers[SIGNATURE_HEADER], signature(&secret, &body, signed_at));
        match fields(&body)["text"].as_str() {
            "slow" => {
                tokio::time::sleep(Duration::from_secs(10)).await;
                ().into_response()
            }
            "broken" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            "public" => Json(json!({"response_type": "in_channel", "text": "all of you"})).into_response(),
            "invalid" => Json(json!({"blocks": [{"type": "x"}]})).into_response(),
            "silent" => ().into_response(),
            other => other.to_owned().into_response(),
        }
    };
    Router::new().route("/slack/commands", post(commands)).route("/slack/interactions", post(async || ()))
}

fn connected() -> Slack {
    let slack = slack();
    slack.deliver_to(Deliver::Router(app(&slack)));
    slack
}

#[tokio::test(start_paused = true)]
async fn answers_to_commands_are_shown_as_slack_shows_them() {
    let slack = connected();
    slack.command(MAYA, CHANNEL, "hello").await.unwrap();
    slack.command(MAYA, CHANNEL, "public").await.unwrap();
    slack.command(MAYA, CHANNEL, "silent").await.unwrap();
    let shown: Vec<_> = slack.messages(CHANNEL).into_iter().map(|it| (it.user, it.text, it.only_visible_to)).collect();
    let app = slack.settings().app.user_id.clone();
    assert_eq!(
        shown,
        [
            (app.clone(), "hello".to_owned(), Some(MAYA.to_owned())),
            (MAYA.to_owned(), "/dr public".to_owned(), None),
            (app, "all of you".to_owned(), None),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn people_are_told_of_late_failed_and_invalid_answers() {
    let slack = connected();
    for (text, failure) in [
        ("slow", DeliveryFailure::OperationTimeout),
        ("broken", DeliveryFailure::DispatchFailed),
        ("invalid", DeliveryFailure::InvalidCommandResponse),
    ] {
        let answer = slack.command(MAYA, CHANNEL, text).await.unwrap();
        assert_eq!(answer.failure, Some(failure), "{text}");
    }
    let late = slack.transcript()[1].describe(slack.settings());
    assert!(late.ends_with("03  Slack             /dr failed with the error \"operation_timeout\""), "{late}");
}

#[tokio::test(start_paused = true)]
async fn a_click_carries_the_message_and_the_button_as_they_are_now() {
    let slack = connected();
    let ts = post_button(&slack).await;
    let body = slack.click_body(MAYA, CHANNEL, &ts, "go").unwrap();
    let payload: Value = serde_json::from_str(&fields(&body)["payload"]).unwrap();
    assert_eq!(payload["container"]["message_ts"], json!(ts));
    assert_eq!(payload["message"]["text"], "promote?");
    let action = &payload["actions"][0];
    assert_eq!(
        [&action["action_id"], &action["block_id"], &action["value"], &action["style"]],
        ["go", "gate", "run-1", "danger"]
    );
    slack.click(MAYA, CHANNEL, &ts, "go").await.unwrap();
    let edit = json!({"channel": CHANNEL, "ts": ts, "text": "approved"});
    send(&slack, "https://slack.com/api/chat.update", edit).await;
    let refused = slack.click(MAYA, CHANNEL, &ts, "go").await.unwrap_err();
    assert!(matches!(refused, PersonError::NoSuchButton { .. }), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_message_is_for_one_person_and_not_for_the_api() {
    let slack = connected();
    slack.command(SAM, CHANNEL, "hello").await.unwrap();
    let ts = slack.messages(CHANNEL)[0].ts.clone();
    let refused = slack.click(MAYA, CHANNEL, &ts, "go").await.unwrap_err();
    assert!(matches!(refused, PersonError::UnknownMessage { .. }), "{refused}");
    let edit = json!({"channel": CHANNEL, "ts": ts, "text": "x"});
    let (_, body) = send(&slack, "https://slack.com/api/chat.update", edit).await;
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["error"], "message_not_found");
}

#[tokio::test(start_paused = true)]
async fn a_response_url_is_good_for_five_uses_in_half_an_hour() {
    let slack = connected();
    let url = fields(&slack.command_body(MAYA, CHANNEL, "x").unwrap())["response_url"].clone();
    for _ in 0..5 {
        assert_eq!(send(&slack, &url, json!({"text": "later"})).await.0, StatusCode::OK);
    }
    let (status, body) = send(&slack, &url, json!({"text": "too often"})).await;
    assert_eq!((status, &body[..]), (StatusCode::NOT_FOUND, &br#"{"error":"used_url","ok":false}"#[..]));
    let ts = post_button(&slack).await;
    let payload = fields(&slack.click_body(MAYA, CHANNEL, &ts, "go").unwrap())["payload"].clone();
    let url = serde_json::from_str::<Value>(&payload).unwrap()["response_url"].as_str().unwrap().to_owned();
    send(&slack, &url, json!({"replace_original": true, "text": "approved", "blocks": []})).await;
    assert_eq!(slack.messages(CHANNEL).last().unwrap().text, "approved");
    tokio::time::advance(Duration::from_secs(1801)).await;
    assert_eq!(send(&slack, &url, json!({"text": "too late"})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_by_the_message() {
    let slack = connected();
    let waiting = slack.clone();
    let found = tokio::spawn(async move { waiting.wait_for_message(CHANNEL, |it| it.text == "hello").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    slack.command(MAYA, CHANNEL, "hello").await.unwrap();
    assert_eq!(found.await.unwrap().only_visible_to.as_deref(), Some(MAYA));
    slack.wait_for(|entries| entries.len() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_ids() {
    let bodies = || slack().command_body(MAYA, CHANNEL, "status").unwrap();
    assert_eq!(bodies(), bodies());
}

#[tokio::test(start_paused = true)]
async fn the_transcript_reads_as_the_conversation() {
    let slack = connected();
    slack.command(MAYA, CHANNEL, "hello").await.unwrap();
    let ts = post_button(&slack).await;
    slack.click(SAM, CHANNEL, &ts, "go").await.unwrap();
    let edit = json!({"channel": CHANNEL, "ts": ts, "text": "by <@U0SAM000001> at <!date^1^{time}|00:00> &amp; done"});
    send(&slack, "https://slack.com/api/chat.update", edit).await;
    let lines: Vec<_> =
        slack.transcript().iter().map(|entry| entry.describe(slack.settings()).split_off("00:00:00  ".len())).collect();
    assert_eq!(
        lines,
        [
            "Maya Chen         /dr hello",
            "Standby           (only Maya Chen sees this) hello",
            "Standby           [Promote us-west-2]",
            "Sam Ortiz         presses [Promote us-west-2]",
            "Standby           (edited) by @Sam Ortiz at 00:00 & done",
        ]
    );
}
