#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

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
    let now = Timestamp::from_second(1_795_374_000).unwrap();
    let slack = Slack::new(Settings::shop(Arc::new(move || now), 1));
    slack.deliver_to(Deliver::Router(Router::new().route("/slack/commands", post(async || "hello"))));
    let scene = move || Scene { now, speed: 1.0, regions: vec![], lag_ms: None, note: None, actions: vec![] };
    slack.page(scene, |action| action == "heal")
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
