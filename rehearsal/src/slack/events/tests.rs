#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::super::tests::{MAYA, SAM, send, slack};
use super::super::{Deliver, DeliveryFailure, PersonError, SIGNATURE_HEADER, Slack, TIMESTAMP_HEADER, signature};

/// What an app got: headers and bodies.
type Received = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// An app that acknowledges events once it was asked `patience` times; what it got, with the headers.
fn connected(patience: usize) -> (Slack, Received) {
    let slack = slack();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (heard, secret) = (seen.clone(), slack.settings().signing_secret.clone());
    let events = async move |headers: HeaderMap, body: String| {
        let signed_at = headers[TIMESTAMP_HEADER].to_str().unwrap().parse().unwrap();
        assert_eq!(headers[SIGNATURE_HEADER], signature(&secret, &body, signed_at));
        let event: Value = serde_json::from_str(&body).unwrap();
        let answer = event["challenge"].as_str().unwrap_or_default().to_owned();
        let mut heard = heard.lock().unwrap();
        heard.push((headers, event));
        let status = if heard.len() > patience { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
        (status, answer)
    };
    slack.deliver_to(Deliver::Router(Router::new().route("/slack/events", post(events))));
    (slack, seen)
}

#[tokio::test(start_paused = true)]
async fn the_app_is_told_who_opens_its_home_and_shows_it() {
    let (slack, seen) = connected(0);
    assert!(slack.verify_events_url().await.unwrap());
    assert_eq!(slack.open_home(MAYA).await.unwrap().failure, None);
    let (_, event) = seen.lock().unwrap()[1].clone();
    assert_eq!((&event["type"], &event["team_id"]), (&json!("event_callback"), &json!(slack.settings().team.id)));
    let opened = &event["event"];
    assert_eq!([&opened["type"], &opened["user"], &opened["tab"]], ["app_home_opened", MAYA, "home"]);
    assert_eq!((&opened["channel"], &opened["view"]), (&json!(slack.direct(MAYA)), &Value::Null));

    let button = json!({"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}});
    let view = json!({"type": "home", "blocks": [{"type": "actions", "elements": [button]}]});
    let publish = async |user: &str, hash: Value| {
        let arguments = json!({"user_id": user, "hash": hash, "view": view});
        let (_, body) = send(&slack, "https://slack.com/api/views.publish", arguments).await;
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    let published = publish(MAYA, Value::Null).await;
    assert_eq!(published["view"]["type"], "home", "{published}");
    assert_eq!(slack.home(MAYA).unwrap().id, published["view"]["id"].as_str().unwrap());
    let again = publish(MAYA, published["view"]["hash"].clone()).await;
    assert_eq!(again["view"]["id"], published["view"]["id"]);
    assert_eq!(publish(MAYA, published["view"]["hash"].clone()).await["error"], "hash_conflict");
    assert_eq!(publish("U0NOBODY", Value::Null).await["error"], "user_not_found");

    slack.open_home(MAYA).await.unwrap();
    assert_eq!(seen.lock().unwrap()[2].1["event"]["view"]["hash"], again["view"]["hash"]);
    assert!(matches!(slack.click_in_home(MAYA, "stop").await, Err(PersonError::NoSuchButton { .. })));
    assert_eq!(slack.click_in_home(SAM, "go").await.unwrap_err(), PersonError::NoHome(SAM.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_acknowledged_is_sent_three_times_more() {
    let (slack, seen) = connected(9);
    assert!(!slack.verify_events_url().await.unwrap());
    assert_eq!(slack.open_home(MAYA).await.unwrap().failure, Some(DeliveryFailure::DispatchFailed));
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let numbers: Vec<_> =
        seen.lock().unwrap()[1..].iter().map(|(headers, _)| headers.get("x-slack-retry-num").cloned()).collect();
    assert_eq!(numbers, [None, Some("1".parse().unwrap()), Some("2".parse().unwrap()), Some("3".parse().unwrap())]);
    let ids: Vec<_> = seen.lock().unwrap()[1..].iter().map(|(_, event)| event["event_id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    let (slack, seen) = connected(1);
    slack.open_home(MAYA).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(seen.lock().unwrap().len(), 2);
}
