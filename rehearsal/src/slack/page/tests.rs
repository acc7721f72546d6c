#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::post;
use http::{Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::{Deliver, Scene, Settings, Slack};

const MAYA: &str = "U0MAYA00001";
const CHANNEL: &str = "C0INCIDENT1";

fn page() -> Router {
    workspace().1
}

fn workspace() -> (Slack, Router) {
    let now = Timestamp::from_second(1_795_374_000).unwrap();
    let slack = Slack::new(Settings::shop(Arc::new(move || now), 1));
    slack.deliver_to(Deliver::Router(Router::new().route("/slack/commands", post(async || "hello"))));
    let scene = move || Scene {
        now,
        speed: 1.0,
        regions: vec![],
        lag_ms: None,
        note: None,
        actions: vec![],
        scenarios: vec![],
        rights: BTreeMap::new(),
    };
    let page = slack.page(scene, |action| action == "heal");
    (slack, page)
}

async fn get(page: &Router, path: &str) -> (StatusCode, String) {
    let response = page.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
}

async fn send(page: &Router, path: &str, body: Value) -> StatusCode {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    page.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test(start_paused = true)]
async fn every_file_that_the_page_names_is_there() {
    let page = page();
    let (_, html) = get(&page, "/").await;
    let named: Vec<&str> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(named.len(), 3);
    for path in named {
        assert_eq!(get(&page, path).await.0, StatusCode::OK, "{path}");
    }
    for (path, _, script) in super::FILES.iter().filter(|(path, ..)| path.ends_with(".js")) {
        for import in script.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(get(&page, &format!("/assets/{import}")).await.0, StatusCode::OK, "{import} of {path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_types_is_in_the_state_with_its_answer() {
    let page = page();
    let command = json!({"user": MAYA, "channel": CHANNEL, "text": "status"});
    assert_eq!(send(&page, "/command", command).await, StatusCode::OK);
    let state: Value = serde_json::from_str(&get(&page, "/state").await.1).unwrap();
    assert_eq!(state["notices"][0]["text"], "/dr status");
    assert_eq!(state["notices"][0]["ts"], "1795374000.000000");
    assert_eq!(state["messages"][0]["text"], "hello");
    assert_eq!(state["messages"][0]["only_visible_to"], MAYA);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_refused() {
    let page = page();
    let nobody = json!({"user": "U0NOBODY", "channel": CHANNEL, "text": "status"});
    assert_eq!(send(&page, "/command", nobody).await, StatusCode::CONFLICT);
    let nothing = json!({"user": MAYA, "channel": CHANNEL, "ts": "1.000000", "action_id": "go"});
    assert_eq!(send(&page, "/click", nothing).await, StatusCode::CONFLICT);
    assert_eq!(send(&page, "/world/heal", json!({})).await, StatusCode::NO_CONTENT);
    assert_eq!(send(&page, "/world/explode", json!({})).await, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_modal_is_filled_in_submitted_and_closed() {
    let (slack, page) = workspace();
    let plain = |text: &str| json!({"type": "plain_text", "text": text});
    let element = json!({"type": "plain_text_input", "action_id": "typed"});
    let view = json!({
        "type": "modal", "title": plain("Promote?"), "submit": plain("Promote"),
        "blocks": [{"type": "input", "block_id": "target", "label": plain("Target"), "element": element}],
    });
    let body = slack.command_body(MAYA, CHANNEL, "promote").unwrap();
    let trigger = body.split('&').find_map(|field| field.strip_prefix("trigger_id=")).unwrap();
    let open = Request::post("/api/views.open")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", slack.settings().bot_token))
        .body(Body::from(json!({"trigger_id": trigger, "view": view}).to_string()))
        .unwrap();
    assert_eq!(slack.api().oneshot(open).await.unwrap().status(), StatusCode::OK);
    let modal = async || {
        let state: Value = serde_json::from_str(&get(&page, "/state").await.1).unwrap();
        state["modals"][0].clone()
    };
    assert_eq!(modal().await["title"], "Promote?");
    assert_eq!(send(&page, "/submit", json!({"user": MAYA})).await, StatusCode::CONFLICT);
    assert_eq!(modal().await["errors"]["target"], "Please complete this required field.");
    let filled = json!({"user": MAYA, "input": "typed", "value": "us-west-2"});
    assert_eq!(send(&page, "/fill", filled).await, StatusCode::NO_CONTENT);
    assert_eq!(modal().await["values"]["target"]["typed"]["value"], "us-west-2");
    // Nobody answers submissions here, so it stays and says so.
    assert_eq!(send(&page, "/submit", json!({"user": MAYA})).await, StatusCode::OK);
    assert_eq!(modal().await["failure"], "We had some trouble connecting. Try again?");
    assert_eq!(send(&page, "/press", json!({"user": MAYA, "action_id": "go"})).await, StatusCode::CONFLICT);
    assert_eq!(send(&page, "/close", json!({"user": MAYA})).await, StatusCode::NO_CONTENT);
    assert_eq!(modal().await, Value::Null);
    assert_eq!(send(&page, "/home", json!({"user": MAYA})).await, StatusCode::OK);
    assert_eq!(send(&page, "/press-home", json!({"user": MAYA, "action_id": "go"})).await, StatusCode::CONFLICT);
}
