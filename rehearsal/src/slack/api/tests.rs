#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::{Account, Fault, FaultKind, Method, Outcome, Rate, Settings, Slack};
use super::Refusal;

const CHANNEL: &str = "C0INCIDENT1";

fn settings() -> Settings {
    let mut settings = Settings::shop(Arc::new(|| Timestamp::from_second(1_795_374_000).unwrap()), 1);
    settings.channels[1].app_is_member = false;
    settings
}

fn slack() -> Slack {
    Slack::new(settings())
}

fn unlimited() -> Slack {
    let mut settings = settings();
    settings.limits.post = Rate::per_minute(1000);
    Slack::new(settings)
}

fn request(slack: &Slack, method: &str, arguments: &Value) -> Request<Body> {
    Request::post(format!("/api/{method}"))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::AUTHORIZATION, format!("Bearer {}", slack.settings().bot_token))
        .body(Body::from(arguments.to_string()))
        .unwrap()
}

async fn send(slack: &Slack, request: Request<Body>) -> Value {
    let response = slack.api().oneshot(request).await.unwrap();
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

async fn call(slack: &Slack, method: &str, arguments: Value) -> Value {
    send(slack, request(slack, method, &arguments)).await
}

async fn post(slack: &Slack, text: &str) -> String {
    let answer = call(slack, "chat.postMessage", json!({"channel": CHANNEL, "text": text})).await;
    answer["ts"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn posts_are_edited_replied_to_and_deleted() {
    let slack = slack();
    let ts = post(&slack, "one").await;
    let reply = call(&slack, "chat.postMessage", json!({"channel": CHANNEL, "text": "two", "thread_ts": ts})).await;
    assert_eq!(reply["message"]["thread_ts"], json!(ts));
    let edit = call(&slack, "chat.update", json!({"channel": CHANNEL, "ts": ts, "text": "uno"})).await;
    assert_eq!(edit["message"]["text"], "uno");
    assert_eq!(edit["message"]["edited"]["user"], json!(slack.settings().app.user_id));
    let history = call(&slack, "conversations.history", json!({"channel": CHANNEL})).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 1);
    assert_eq!(history["messages"][0]["reply_count"], 1);
    let replies = call(&slack, "conversations.replies", json!({"channel": CHANNEL, "ts": ts, "limit": 1})).await;
    assert_eq!((&replies["has_more"], &replies["messages"][0]["text"]), (&json!(true), &json!("uno")));
    let cursor = &replies["response_metadata"]["next_cursor"];
    let rest = call(&slack, "conversations.replies", json!({"channel": CHANNEL, "ts": ts, "cursor": cursor})).await;
    assert_eq!(rest["messages"][0]["text"], "two");
    assert_eq!(call(&slack, "chat.delete", json!({"channel": CHANNEL, "ts": ts})).await["ok"], true);
    assert_eq!(slack.messages(CHANNEL).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_slacks_codes() {
    let slack = unlimited();
    let ts = post(&slack, "one").await;
    let long = "x".repeat(4001);
    for (method, arguments, code) in [
        ("chat.shout", json!({}), "unknown_method"),
        ("chat.postMessage", json!({"text": "x"}), "invalid_arguments"),
        ("chat.postMessage", json!({"channel": "C0NOWHERE", "text": "x"}), "channel_not_found"),
        ("chat.postMessage", json!({"channel": "C0STATUS001", "text": "x"}), "not_in_channel"),
        ("chat.postMessage", json!({"channel": CHANNEL}), "no_text"),
        ("chat.postMessage", json!({"channel": CHANNEL, "text": "x".repeat(40_001)}), "msg_too_long"),
        ("chat.postMessage", json!({"channel": CHANNEL, "text": "x", "thread_ts": "1.000000"}), "thread_not_found"),
        ("chat.postMessage", json!({"channel": CHANNEL, "blocks": "{"}), "invalid_blocks_format"),
        ("chat.postMessage", json!({"channel": CHANNEL, "blocks": [{"type": "x"}]}), "invalid_blocks"),
        ("chat.postMessage", json!({"channel": CHANNEL, "text": "x", "metadata": {}}), "invalid_metadata_format"),
        ("chat.update", json!({"channel": CHANNEL, "ts": "1.000000", "text": "x"}), "message_not_found"),
        ("chat.update", json!({"channel": CHANNEL, "ts": ts, "text": long}), "msg_too_long"),
        ("chat.postEphemeral", json!({"channel": CHANNEL, "user": "U0NOBODY", "text": "x"}), "user_not_in_channel"),
        ("users.info", json!({"user": "U0NOBODY"}), "user_not_found"),
        ("usergroups.users.list", json!({"usergroup": "S0"}), "no_such_subteam"),
    ] {
        assert_eq!(call(&slack, method, arguments.clone()).await["error"], code, "{method} {arguments}");
    }
    let refused = call(&slack, "chat.postMessage", json!({"channel": CHANNEL, "blocks": [{"type": "x"}]})).await;
    assert_eq!(
        refused["response_metadata"]["messages"],
        json!(["[ERROR] unsupported type: x [json-pointer:/blocks/0/type]"])
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_come_in_the_header_or_the_form_but_not_in_json() {
    let slack = slack();
    let token = slack.settings().bot_token.clone();
    let form = |token: &str| {
        Request::post("/api/auth.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("token={token}")))
            .unwrap()
    };
    assert_eq!(send(&slack, form(&token)).await["team_id"], json!(slack.settings().team.id));
    assert_eq!(send(&slack, form("wrong")).await["error"], "invalid_auth");
    let in_json = Request::post("/api/auth.test")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json!({"token": token}).to_string()))
        .unwrap();
    assert_eq!(send(&slack, in_json).await["error"], "not_authed");
    assert!(slack.calls().iter().all(|call| call.arguments.get("token").is_none()));
}

#[tokio::test(start_paused = true)]
async fn posts_are_limited_by_channel() {
    let slack = slack();
    for _ in 0..5 {
        post(&slack, "x").await;
    }
    let arguments = json!({"channel": CHANNEL, "text": "x"});
    let response = slack.api().oneshot(request(&slack, "chat.postMessage", &arguments)).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    tokio::time::advance(Duration::from_secs(5)).await;
    post(&slack, "x").await;
}

#[tokio::test(start_paused = true)]
async fn faults_strike_as_often_as_told() {
    let slack = slack();
    let error = FaultKind::Error("fatal_error".to_owned());
    slack.fault(Fault { method: Some(Method::AuthTest), kind: error, times: Some(1) });
    assert_eq!(call(&slack, "api.test", json!({})).await["ok"], true);
    assert_eq!(call(&slack, "auth.test", json!({})).await["error"], "fatal_error");
    assert_eq!(call(&slack, "auth.test", json!({})).await["ok"], true);
    slack.fault(Fault { method: None, kind: FaultKind::Hang, times: None });
    let hung = slack.api().oneshot(request(&slack, "auth.test", &json!({})));
    assert!(tokio::time::timeout(Duration::from_secs(3600), hung).await.is_err());
    slack.clear_faults();
    assert_eq!(call(&slack, "auth.test", json!({})).await["ok"], true);
    let outcomes: Vec<_> = slack.calls().into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes[1], Outcome::Refused(Refusal::Injected("fatal_error".to_owned())));
    assert_eq!(outcomes[3], Outcome::Hung);
}

#[tokio::test(start_paused = true)]
async fn faults_may_strike_after_the_call_took_effect() {
    let slack = slack();
    let said = json!({"channel": CHANNEL, "text": "x"});
    let fault = |kind| slack.fault(Fault { method: None, kind, times: Some(1) });
    fault(FaultKind::AfterEffect(Box::new(FaultKind::Hang)));
    let hung = slack.api().oneshot(request(&slack, "chat.postMessage", &said));
    assert!(tokio::time::timeout(Duration::from_secs(3600), hung).await.is_err());
    fault(FaultKind::AfterEffect(Box::new(FaultKind::ServerError)));
    let failed = slack.api().oneshot(request(&slack, "chat.postMessage", &said)).await.unwrap();
    assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
    fault(FaultKind::Reset);
    let torn = slack.api().oneshot(request(&slack, "chat.postMessage", &said)).await.unwrap();
    assert!(to_bytes(torn.into_body(), usize::MAX).await.is_err());
    assert_eq!(slack.messages(CHANNEL).len(), 2, "the third took no effect");
    let outcomes: Vec<_> = slack.calls().into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, [Outcome::Hung, Outcome::ServerError, Outcome::Reset]);
}

#[tokio::test(start_paused = true)]
async fn metadata_is_kept_and_shown_to_who_asks() {
    let slack = slack();
    let metadata = json!({"event_type": "run", "event_payload": {"run": "promote-1"}});
    let said = json!({"channel": CHANNEL, "text": "x", "metadata": metadata});
    let ts = call(&slack, "chat.postMessage", said).await["ts"].clone();
    let history = async |all: bool| {
        let asked = json!({"channel": CHANNEL, "include_all_metadata": all});
        call(&slack, "conversations.history", asked).await["messages"][0]["metadata"].clone()
    };
    assert_eq!((history(true).await, history(false).await), (metadata.clone(), Value::Null));
    call(&slack, "chat.update", json!({"channel": CHANNEL, "ts": ts, "text": "y"})).await;
    assert_eq!(history(true).await, metadata);
    call(&slack, "chat.update", json!({"channel": CHANNEL, "ts": ts, "text": "z", "metadata": {}})).await;
    assert_eq!(history(true).await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn people_and_groups_change_at_any_moment() {
    let slack = slack();
    let members =
        async || call(&slack, "usergroups.users.list", json!({"usergroup": "S0PROMOTERS"})).await["users"].clone();
    assert_eq!(members().await.as_array().unwrap().len(), 3);
    slack.set_usergroup("S0PROMOTERS", &["U0MAYA00001"]);
    assert_eq!(members().await, json!(["U0MAYA00001"]));

    let maya = async || call(&slack, "users.info", json!({"user": "U0MAYA00001"})).await["user"].clone();
    let user = maya().await;
    assert_eq!((&user["tz_offset"], &user["profile"]["email"]), (&json!(-18_000), &json!("maya@shop.example")));
    for (account, restricted, ultra, bot, deleted) in [
        (Account::Member, false, false, false, false),
        (Account::Guest, true, false, false, false),
        (Account::SingleChannelGuest, true, true, false, false),
        (Account::Bot, false, false, true, false),
        (Account::Deactivated, false, false, false, true),
    ] {
        slack.change_person("U0MAYA00001", |maya| maya.account = account).unwrap();
        let user = maya().await;
        let flags = ["is_restricted", "is_ultra_restricted", "is_bot", "deleted"].map(|flag| user[flag].clone());
        assert_eq!(flags, [restricted, ultra, bot, deleted].map(Value::from), "{account:?}");
    }
    slack.change_person("U0MAYA00001", |maya| maya.team_id = "T0ELSEWHERE".to_owned()).unwrap();
    let user = maya().await;
    assert_eq!((&user["is_stranger"], &user["profile"]["email"]), (&json!(true), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_token_does_what_its_scopes_allow_and_says_which_it_has() {
    let slack = slack();
    slack.set_scopes(&["commands", "users:read"]);
    let response = slack.api().oneshot(request(&slack, "auth.test", &json!({}))).await.unwrap();
    assert_eq!(response.headers()["x-oauth-scopes"], "commands,users:read");
    let refused = call(&slack, "chat.postMessage", json!({"channel": CHANNEL, "text": "x"})).await;
    let [error, needed, provided] = ["error", "needed", "provided"].map(|key| refused[key].as_str().unwrap());
    assert_eq!([error, needed, provided], ["missing_scope", "chat:write", "commands,users:read"]);
    let user = call(&slack, "users.info", json!({"user": "U0MAYA00001"})).await["user"].clone();
    assert_eq!(user["profile"]["email"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn channels_are_archived_and_the_app_removed() {
    let slack = slack();
    let ts = post(&slack, "x").await;
    let said = json!({"channel": CHANNEL, "text": "x"});
    let edit = json!({"channel": CHANNEL, "ts": ts, "text": "y"});
    let state = async || call(&slack, "conversations.info", json!({"channel": CHANNEL})).await["channel"].clone();
    slack.archive(CHANNEL);
    assert_eq!(call(&slack, "chat.postMessage", said.clone()).await["error"], "is_archived");
    assert_eq!(call(&slack, "chat.update", edit.clone()).await["error"], "is_inactive");
    assert_eq!(state().await["is_archived"], true);
    slack.unarchive(CHANNEL);
    slack.remove_app(CHANNEL);
    assert_eq!(call(&slack, "chat.postMessage", said.clone()).await["error"], "not_in_channel");
    assert_eq!(state().await["is_member"], false);
    slack.invite_app(CHANNEL);
    assert_eq!(call(&slack, "chat.postMessage", said).await["ok"], true);
    slack.delete_message(CHANNEL, &ts);
    assert_eq!(call(&slack, "chat.update", edit).await["error"], "message_not_found");
}
