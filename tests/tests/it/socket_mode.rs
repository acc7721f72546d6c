//! The bot through Socket Mode: the same conversations, and what becomes of connections.

use std::time::Duration;

use bot::terminal::Ask;
use commands::journal::{Event, Refusal};
use http::StatusCode;
use rehearsal::{
    Fault, Region,
    slack::{Fault as SlackFault, FaultKind, Method, TurnedAway},
};
use tests::{Cast, Stage};
use tokio::time::Instant;

async fn open() -> Stage {
    let stage = Stage::with().socket_mode().open().await;
    stage.connected(2).await;
    stage
}

/// How often connections ended, by the bot's metrics.
async fn ended(stage: &Stage, reason: &str) -> String {
    let (_, metrics) = stage.reads("/metrics").await;
    let name = format!("standby_slack_connections_ended_total{{reason=\"{reason}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_promote_from_the_command_to_the_report() {
    let stage = open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    assert!(stage.says(Cast::MAYA, "promote the primary is dark").await.starts_with("Looking at"));
    stage.presses(Cast::MAYA, "approve-failover").await;
    stage.is_told(Cast::MAYA, "somebody else has to confirm").await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.ended().await;
    stage.hears("is served by").await;
    assert_eq!(stage.reads("/readyz").await, (StatusCode::OK, "ready\n".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_deaf_connection_is_noticed_and_replaced() {
    let stage = open().await;
    let (deaf, began) = (stage.connected(2).await[0], Instant::now());
    stage.slack.sockets().deafen(deaf);
    stage.slack.sockets().wait_for(|open| open.len() == 2 && !open.contains(&deaf)).await;
    assert!(began.elapsed() <= Duration::from_secs(25), "{:?}", began.elapsed());
    assert_eq!(ended(&stage, "deaf").await, "1");
    assert_eq!(stage.reads("/readyz").await.0, StatusCode::OK);
    for _ in 0..10 {
        stage.says(Cast::MAYA, "help").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_is_deaf_says_so_and_works_at_the_terminal() {
    let maya = format!("viewers = [\"*\"]\nterminal = {{ maya = {:?} }}", Cast::MAYA);
    let stage = Stage::with().socket_mode().replace("viewers = [\"*\"]", &maya).open().await;
    stage.connected(2).await;
    let revoked = FaultKind::Error("token_revoked".to_owned());
    stage.slack.fault(SlackFault { method: Some(Method::AppsConnectionsOpen), kind: revoked, times: None });
    for number in stage.connected(2).await {
        stage.slack.sockets().drop_connection(number);
    }
    stage.connected(0).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let (status, why) = stage.reads("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.starts_with("deaf: no connection to Slack for 300 s: apps.connections.open: "), "{why}");
    assert!(why.contains("make an app-level token (xapp-…) with the scope connections:write"), "{why}");
    assert!(stage.reads("/metrics").await.1.contains("\nstandby_slack_connections 0\n"));

    let mut maya = stage.terminal("maya", Ask::Command("status".to_owned()));
    maya.sees("shop").await;
    assert!(maya.ends().await);

    stage.slack.clear_faults();
    stage.connected(2).await;
    assert_eq!(stage.reads("/readyz").await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn the_next_connection_is_open_before_the_old_one_closes_and_nothing_is_lost() {
    let stage = open().await;
    for _ in 0..3 {
        let sockets = stage.slack.sockets();
        let leaving = stage.connected(2).await;
        leaving.iter().for_each(|&number| sockets.refresh(number));
        // All four are open for a while, and whichever a command goes to, it is answered.
        stage.connected(4).await;
        while sockets.open().iter().any(|number| leaving.contains(number)) {
            assert!(stage.says(Cast::MAYA, "help").await.contains("/dr status"));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    // The last ones are closed a moment after Slack stopped to use them.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!((ended(&stage, "announced").await, ended(&stage, "closed").await), ("6".to_owned(), "0".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn connections_that_break_are_opened_anew_but_not_in_a_rush() {
    let stage = open().await;
    let before = stage.slack.calls().len();
    let until = Instant::now() + Duration::from_secs(600);
    while Instant::now() < until {
        // As soon as one is there, it is gone.
        let open = stage.slack.sockets().wait_for(|open| !open.is_empty()).await;
        stage.slack.sockets().drop_connection(open[0]);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let opened = stage.slack.calls().len() - before;
    assert!((20..80).contains(&opened), "{opened} connections in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn connections_that_slack_does_not_want_are_few_and_people_are_told_why() {
    let reasons = [
        ("too_many_websockets", "an app may have 10 connections"),
        ("link_disabled", "turn Socket Mode on in the app's settings"),
    ];
    for ((reason, fix), left_open) in reasons.into_iter().flat_map(|reason| [(reason, false), (reason, true)]) {
        let stage = open().await;
        let (sockets, before) = (stage.slack.sockets(), stage.slack.calls().len());
        sockets.turn_away(Some(TurnedAway { reason: reason.to_owned(), left_open }));
        sockets.open().iter().for_each(|&number| sockets.drop_connection(number));
        let (mut most, until) = (0, Instant::now() + Duration::from_secs(600));
        while Instant::now() < until {
            most = most.max(sockets.open().len());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let opened = stage.slack.calls().len() - before;
        assert!((20..50).contains(&opened) && most <= 6, "{opened} connections in ten minutes, {most} at a time");
        let (status, why) = stage.reads("/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(why.contains(&format!("Slack turned the connection away: {reason}; {fix}")), "{why}");

        sockets.turn_away(None);
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(stage.reads("/readyz").await, (StatusCode::OK, "ready\n".to_owned()));
        stage.says(Cast::MAYA, "help").await;
    }
}

#[tokio::test(start_paused = true)]
async fn ends_that_are_announced_at_once_are_no_good_ones() {
    let stage = open().await;
    let (sockets, before) = (stage.slack.sockets(), stage.slack.calls().len());
    for left_open in [false, true] {
        sockets.turn_away(Some(TurnedAway { reason: "refresh_requested".to_owned(), left_open }));
        sockets.open().iter().for_each(|&number| sockets.drop_connection(number));
        let until = Instant::now() + Duration::from_secs(600);
        while Instant::now() < until {
            assert!(sockets.open().len() <= 6, "{:?}", sockets.open());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let opened = stage.slack.calls().len() - before;
    assert!((40..100).contains(&opened), "{opened} connections in twenty minutes");
}

#[tokio::test(start_paused = true)]
async fn one_connection_of_two_is_enough_and_said() {
    let stage = open().await;
    let sockets = stage.slack.sockets();
    sockets.turn_away(Some(TurnedAway { reason: "too_many_websockets".to_owned(), left_open: false }));
    sockets.drop_connection(sockets.open()[0]);
    tokio::time::sleep(Duration::from_secs(300)).await;
    let (status, text) = stage.reads("/readyz").await;
    assert_eq!(status, StatusCode::OK);
    let said = "ready\n1 of 2 connections to Slack: Slack turned the connection away: too_many_websockets; an app may";
    assert!(text.starts_with(said), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_same_command_by_both_modes_has_one_effect() {
    let mut stage = open().await;
    let body = stage.slack.command_body(Cast::MAYA, Cast::INCIDENT, "promote").unwrap();
    let headers = stage.slack.sign(&body, stage.clock.now().as_second());
    let (status, first) = stage.request("/slack/commands", headers, body.clone()).await;
    assert!(status.is_success() && first.starts_with("Looking at"), "{first}");
    let sockets = stage.slack.sockets();
    let again = sockets.send("/slack/commands", &body).await.unwrap();
    assert!(String::from_utf8_lossy(again.body()).contains("already taken"), "{again:?}");
    // Also after a restart, and signed anew.
    stage.restart().await;
    stage.connected(2).await;
    let again = sockets.send("/slack/commands", &body).await.unwrap();
    assert!(String::from_utf8_lossy(again.body()).contains("already taken"), "{again:?}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let headers = stage.slack.sign(&body, stage.clock.now().as_second());
    let (_, again) = stage.request("/slack/commands", headers, body).await;
    assert!(again.contains("already taken"), "{again}");
    assert_eq!(stage.of("command.received").await.len(), 1);
    assert_eq!(stage.of("run.started").await.len(), 1);

    // And a click.
    let gate = stage.gate().await;
    let click = stage.slack.click_body(Cast::MAYA, Cast::INCIDENT, &gate.ts, "cancel").unwrap();
    let headers = stage.slack.sign(&click, stage.clock.now().as_second());
    let (over_http, over_socket) = tokio::join!(
        stage.request("/slack/interactions", headers, click.clone()),
        sockets.send("/slack/interactions", &click)
    );
    assert!(over_http.0.is_success() && over_socket.is_some());
    stage.ended().await;
    assert_eq!(stage.of("command.received").await.len(), 2);
    let refused = stage.events("request.refused").await;
    let replayed = |event: &&Event| matches!(event, Event::RequestRefused { reason: Refusal::Replayed, .. });
    assert_eq!(refused.iter().filter(replayed).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_hand_at_a_stop_is_acknowledged() {
    let mut stage = open().await;
    for _ in 0..5 {
        let slack = stage.slack.clone();
        let typed = tokio::spawn(async move { slack.command(Cast::MAYA, Cast::INCIDENT, "help").await.unwrap() });
        tokio::task::yield_now().await;
        stage.restart().await;
        let answer = typed.await.unwrap();
        assert_eq!(answer.failure, None, "{answer:?}");
        stage.connected(2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_dies_leaves_no_connection_and_its_next_life_takes_what_comes() {
    let mut stage = open().await;
    stage.crash().await;
    stage.connected(0).await;
    stage.start().await;
    stage.connected(2).await;
    assert!(stage.says(Cast::MAYA, "status").await.starts_with("Looking at"));
}
