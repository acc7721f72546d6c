#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::super::{Deliver, DeliveryFailure, Slack};
use super::*;

const CHANNEL: &str = "C0INCIDENT1";
const MAYA: &str = "U0MAYA00001";

type Socket = WebSocketStream<DuplexStream>;

fn slack() -> Slack {
    let (start, epoch) = (Instant::now(), Timestamp::from_second(1_795_374_000).unwrap());
    let clock = move || epoch + jiff::SignedDuration::try_from(start.elapsed()).unwrap();
    let slack = Slack::new(Settings::shop(Arc::new(clock), 1));
    slack.deliver_to(Deliver::Socket(slack.sockets()));
    slack
}

/// What `apps.connections.open` answers to that token.
async fn asks(slack: &Slack, token: &str) -> Value {
    let client = Client::builder(TokioExecutor::new()).build(slack.connector());
    let request = Request::post("http://slack.invalid/api/apps.connections.open")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::new(Bytes::new()))
        .unwrap();
    let body = client.request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

async fn url(slack: &Slack) -> String {
    asks(slack, &slack.settings().app_token).await["url"].as_str().unwrap().to_owned()
}

async fn opens(slack: &Slack) -> Socket {
    client_async(url(slack).await, slack.connector().open()).await.unwrap().0
}

/// The next message; pings pass by.
async fn hears(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(_) => return Value::Null,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_app_level_token_opens_a_connection() {
    let slack = slack();
    for (token, error) in [
        ("", "not_authed"),
        ("xapp-wrong", "invalid_auth"),
        (slack.settings().bot_token.as_str(), "not_allowed_token_type"),
    ] {
        assert_eq!(asks(&slack, token).await["error"], error, "{token}");
    }
    let url = url(&slack).await;
    assert!(url.starts_with("ws://slack.invalid/link/?ticket="), "{url}");
    client_async(url.as_str(), slack.connector().open()).await.unwrap();
    // A ticket is good for one connection.
    assert!(client_async(url, slack.connector().open()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_command_is_an_envelope_and_its_acknowledgement_the_answer() {
    let slack = slack();
    let mut socket = opens(&slack).await;
    let hello = hears(&mut socket).await;
    assert_eq!((&hello["type"], &hello["num_connections"]), (&json!("hello"), &json!(1)));
    assert_eq!(hello["connection_info"]["app_id"], json!(slack.settings().app.id));

    let typist = slack.clone();
    let typed = tokio::spawn(async move { typist.command(MAYA, CHANNEL, "status").await.unwrap() });
    let envelope = hears(&mut socket).await;
    assert_eq!((&envelope["type"], &envelope["accepts_response_payload"]), (&json!("slash_commands"), &json!(true)));
    assert_eq!((&envelope["payload"]["text"], &envelope["payload"]["user_id"]), (&json!("status"), &json!(MAYA)));
    let acknowledgement = json!({"envelope_id": envelope["envelope_id"], "payload": {"text": "all is well"}});
    socket.send(Message::text(acknowledgement.to_string())).await.unwrap();
    assert_eq!(typed.await.unwrap().failure, None);
    assert_eq!(slack.messages(CHANNEL)[0].text, "all is well");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_acknowledges_fails_as_it_does_over_http() {
    let slack = slack();
    let nobody = slack.command(MAYA, CHANNEL, "status").await.unwrap();
    assert_eq!(nobody.failure, Some(DeliveryFailure::DispatchFailed));
    let mut socket = opens(&slack).await;
    hears(&mut socket).await;
    let silent = slack.command(MAYA, CHANNEL, "status").await.unwrap();
    assert_eq!(silent.failure, Some(DeliveryFailure::OperationTimeout));
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_ten_seconds_after_the_warning() {
    let slack = slack();
    let mut socket = opens(&slack).await;
    hears(&mut socket).await;
    slack.sockets().refresh(0);
    assert_eq!(hears(&mut socket).await["reason"], "warning");
    let warned = Instant::now();
    assert_eq!(hears(&mut socket).await["reason"], "refresh_requested");
    assert_eq!(warned.elapsed().as_secs(), 10);
    assert_eq!(hears(&mut socket).await, Value::Null);
    drop(socket);
    slack.sockets().wait_for(<[u64]>::is_empty).await;
}

#[tokio::test(start_paused = true)]
async fn a_deaf_connection_says_nothing_and_stays_open() {
    let slack = slack();
    let mut socket = opens(&slack).await;
    hears(&mut socket).await;
    slack.sockets().deafen(0);
    // What was on its way arrives.
    while let Ok(Some(heard)) = tokio::time::timeout(Duration::from_secs(1), socket.next()).await {
        assert!(heard.unwrap().is_ping());
    }
    socket.send(Message::Ping(Vec::new().into())).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(600), socket.next()).await.is_err());
    assert_eq!(slack.sockets().open(), [0]);
    drop(socket);
    slack.sockets().wait_for(<[u64]>::is_empty).await;
}

#[tokio::test(start_paused = true)]
async fn an_eleventh_connection_is_too_many_and_none_is_granted_while_socket_mode_is_off() {
    let slack = slack();
    let mut sockets = Vec::new();
    for _ in 0..MOST {
        sockets.push(opens(&slack).await);
    }
    let mut eleventh = opens(&slack).await;
    assert_eq!(hears(&mut eleventh).await["reason"], "too_many_websockets");
    slack.sockets().disable();
    for socket in &mut sockets {
        assert_eq!(hears(socket).await["type"], "hello");
        assert_eq!(hears(socket).await["reason"], "link_disabled");
    }
    let refused = asks(&slack, &slack.settings().app_token).await;
    assert_eq!(refused["error"], "socket_mode_not_enabled");
    slack.sockets().enable();
    opens(&slack).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_turned_away_right_after_its_hello() {
    let slack = slack();
    for left_open in [false, true] {
        slack.sockets().turn_away(Some(TurnedAway { reason: "link_disabled".to_owned(), left_open }));
        let mut socket = opens(&slack).await;
        assert_eq!(hears(&mut socket).await["type"], "hello");
        assert_eq!(hears(&mut socket).await["reason"], "link_disabled");
        let ends = tokio::time::timeout(Duration::from_secs(5), hears(&mut socket)).await;
        assert_eq!(ends.ok(), (!left_open).then_some(Value::Null));
    }
    slack.sockets().turn_away(None);
    let mut socket = opens(&slack).await;
    assert_eq!(hears(&mut socket).await["type"], "hello");
    // The one that was left open is gone with its app.
    slack.sockets().wait_for(|open| open.len() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_acknowledged_comes_in_three_more_envelopes() {
    let slack = slack();
    let mut socket = opens(&slack).await;
    hears(&mut socket).await;
    let opener = slack.clone();
    let opened = tokio::spawn(async move { opener.open_home(MAYA).await.unwrap() });
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let envelope = hears(&mut socket).await;
        assert_eq!(
            (&envelope["type"], &envelope["payload"]["event"]["type"]),
            (&json!("events_api"), &json!("app_home_opened"))
        );
        seen.push((envelope["retry_attempt"].clone(), envelope["retry_reason"].clone()));
        if seen.len() == 4 {
            socket.send(Message::text(json!({"envelope_id": envelope["envelope_id"]}).to_string())).await.unwrap();
        }
    }
    assert_eq!(opened.await.unwrap().failure, Some(DeliveryFailure::OperationTimeout));
    let again = |number: u32| (json!(number), json!("timeout"));
    assert_eq!(seen, [(json!(0), json!("")), again(1), again(2), again(3)]);
    let more = tokio::time::timeout(Duration::from_secs(1_000), hears(&mut socket)).await;
    assert!(more.is_err(), "it was acknowledged: {more:?}");
}
