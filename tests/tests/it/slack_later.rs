//! Slack puts things off, and people delete them: what is to be decided can be seen and decided all the same, and people are told what waits.

use std::time::Duration;

use http::StatusCode;
use rehearsal::{
    Disturbance, Fault, Region, Service, Target,
    slack::{self, FaultKind, Message, Method},
};
use tests::{Cast, Stage};

/// A stage on which the incident channel and another one take commands, with the primary dark.
async fn dark() -> Stage {
    let (one, two) = (format!("channels = [{:?}]", Cast::INCIDENT), [Cast::INCIDENT, Cast::ELSEWHERE]);
    let stage = Stage::with().replace(&one, &format!("channels = {two:?}")).open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage
}

fn fault(stage: &Stage, method: Method, kind: FaultKind) {
    stage.slack.fault(slack::Fault { method: Some(method), kind, times: None });
}

fn has(message: &Message, action: &str) -> bool {
    message.buttons().any(|(_, button)| button["action_id"] == action)
}

/// Messages that can be pressed, for everybody.
fn live(stage: &Stage, channel: &str) -> usize {
    let messages = stage.slack.messages(channel).into_iter();
    messages.filter(|message| message.only_visible_to.is_none() && has(message, "refuse")).count()
}

#[tokio::test(start_paused = true)]
async fn a_status_shows_an_open_decision_wherever_it_is_asked() {
    let stage = dark().await;
    stage.says(Cast::MAYA, "promote the primary is dark").await;
    stage.gate().await;
    stage.says_in(Cast::SAM, Cast::ELSEWHERE, "status").await;
    stage.slack.wait_for_message(Cast::ELSEWHERE, |message| has(message, "refuse")).await;
    stage.says(Cast::SAM, "status").await;
    while live(&stage, Cast::INCIDENT) < 2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // Whichever is pressed decides it, and none stays.
    let shown = stage.slack.wait_for_message(Cast::ELSEWHERE, |message| has(message, "refuse")).await;
    stage.presses_in(&shown, Cast::MAYA, "cancel").await;
    stage.ended().await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!((live(&stage, Cast::INCIDENT), live(&stage, Cast::ELSEWHERE)), (0, 0));
    stage.says(Cast::SAM, "status").await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(live(&stage, Cast::INCIDENT), 0, "nothing is asked any more");
}

#[tokio::test(start_paused = true)]
async fn a_promote_while_a_decision_is_open_shows_it_though_slack_takes_no_message() {
    let stage = dark().await;
    fault(&stage, Method::ChatPostMessage, FaultKind::RateLimited { retry_after: Some(Duration::from_secs(7_200)) });
    stage.says(Cast::MAYA, "promote the primary is dark").await;
    stage.record(|record| record.event == "gate.opened").await;
    let told = stage.says(Cast::JONAS, "promote").await;
    assert!(told.contains("waiting for a decision"), "{told}");
    let shown = stage.message(|message| has(message, "approve-failover")).await;
    assert_eq!(shown.only_visible_to.as_deref(), Some(Cast::JONAS));
    stage.presses_in(&shown, Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.decided").await;
    stage.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_step_is_shown_with_a_status() {
    let stage = dark().await;
    let call = Target::operation(Service::Rds, "FailoverGlobalCluster");
    stage.world.inject(Fault::calls(call, Disturbance::access_denied("rds:FailoverGlobalCluster")));
    stage.promotes().await;
    let asks = |message: &Message| has(message, "retry");
    let question = stage.message(asks).await;
    stage.slack.delete_message(Cast::INCIDENT, &question.ts);
    stage.says_in(Cast::SAM, Cast::ELSEWHERE, "status").await;
    stage.slack.wait_for_message(Cast::ELSEWHERE, asks).await;
    let anew = stage.message(asks).await;
    assert_ne!(anew.ts, question.ts);
    stage.presses_in(&anew, Cast::JONAS, "abort").await;
    stage.ended().await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(!stage.slack.messages(Cast::ELSEWHERE).iter().any(asks));
    assert!(!stage.slack.messages(Cast::INCIDENT).iter().any(asks));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_hours_is_told_wherever_people_look() {
    let stage = dark().await;
    assert_eq!(stage.reads("/readyz").await, (StatusCode::OK, "ready\n".to_owned()));
    let hours = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(7_200)) };
    stage.slack.fault(slack::Fault { method: Some(Method::ChatPostMessage), kind: hours, times: Some(1) });
    stage.says(Cast::MAYA, "status").await;
    stage.record(|record| record.event == "delivery.failed").await;
    let (status, text) = stage.reads("/readyz").await;
    assert_eq!(status, StatusCode::OK, "commands are taken");
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with(&format!("messages to {} don't get through since 20", Cast::INCIDENT)), "{text}");
    assert!(line.ends_with("Z: Slack asks to wait 7200 s; they wait"), "{text}");
    let blocked = format!("standby_outbox_blocked{{channel=\"{}\"}} 1", Cast::INCIDENT);
    assert!(stage.reads("/metrics").await.1.contains(&blocked));
    stage.says_in(Cast::SAM, Cast::ELSEWHERE, "status").await;
    let status = stage.slack.wait_for_message(Cast::ELSEWHERE, |message| message.text.contains("shop")).await;
    assert!(tests::text_of(&status).contains("Slack asks to wait 7200 s"), "{}", tests::text_of(&status));

    tokio::time::sleep(Duration::from_secs(7_300)).await;
    stage.record(|record| record.event == "delivery.restored").await;
    assert_eq!(stage.reads("/readyz").await.1, "ready\n");
}
