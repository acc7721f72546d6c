//! Slack's own Socket Mode clients, for Python and for Node.js, on the stand-in: envelopes, acknowledgements, and what they do when Slack ends a
//! connection.

use std::{process::Command, time::Duration};

use rehearsal::slack::{Deliver, DeliveryFailure, Message, Slack};
use tests::Cast;
use tokio::time::timeout;

use crate::{
    node,
    process::Process,
    python::{self, folder},
    slack::serve_slack,
};

/// How long a client may take for anything, starting and waiting between two attempts included.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with slack_sdk: see tests/third-party/README.md"]
async fn slack_sdks_socket_client_for_python() {
    let mut client = python::python();
    client.arg(folder().join("socket_mode.py"));
    converses(client).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js with @slack/socket-mode: see tests/third-party/README.md"]
async fn slacks_socket_client_for_node() {
    converses(node::node("socket_mode.cjs")).await;
}

async fn converses(mut client: Command) {
    let slack = serve_slack().await;
    let sockets = slack.sockets();
    slack.deliver_to(Deliver::Socket(sockets.clone()));
    let settings = slack.settings();
    client.env("SLACK_API_URL", format!("{}/api/", settings.base_url)).env("SLACK_APP_TOKEN", &settings.app_token);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("client.log");
    let _client = Process::start(client, log.clone());

    let first = within(sockets.wait_for(|open| !open.is_empty())).await[0];
    is_answered(&slack, "one").await;

    // A click: the acknowledgement has nothing to show.
    let shown = is_answered(&slack, "button").await;
    let click = slack.click(Cast::MAYA, Cast::INCIDENT, &shown.ts, "press").await.unwrap();
    assert_eq!(click.failure, None);
    assert!(std::fs::read_to_string(&log).unwrap().contains("pressed press"));

    // Slack ends the connection, and the client opens another.
    sockets.refresh(first);
    within(sockets.wait_for(|open| !open.contains(&first))).await;
    within(sockets.wait_for(|open| !open.is_empty())).await;
    is_answered(&slack, "two").await;
}

/// Types that, and again where a busy machine let Slack's three seconds pass; what the client's acknowledgement shows.
async fn is_answered(slack: &Slack, text: &str) -> Message {
    let acknowledged = async {
        loop {
            let answer = slack.command(Cast::MAYA, Cast::INCIDENT, text).await.unwrap();
            if answer.failure != Some(DeliveryFailure::OperationTimeout) {
                return answer;
            }
        }
    };
    assert_eq!(within(acknowledged).await.failure, None, "/dr {text}");
    let heard = format!("heard {text}");
    within(slack.wait_for_message(Cast::INCIDENT, |message| message.text == heard)).await
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("the client to do it in time")
}
