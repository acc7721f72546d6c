//! Every outcome of every gate.

use std::time::Duration;

use commands::journal::{Decision, Event};
use rehearsal::{Disturbance, Fault, OldPrimary, Service, Target};
use serde_json::json;
use tests::{Cast, Stage};

use super::{asked, dark, next, slack_down};
use crate::failback::promoted_on;

#[tokio::test(start_paused = true)]
async fn people_are_reminded_before_the_question_closes() {
    let stage = asked(Stage::with()).await;
    let opened = stage.of("gate.opened").await.remove(0);
    let closing = stage.record(|record| record.event == "gate.closing").await;
    assert_eq!(closing.at.duration_since(opened.at).as_secs(), 600);
    let reminder = stage.hears("It is not decided yet").await;
    assert!(reminder.text.contains("Promote shop to us-west-2?"), "{}", reminder.text);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.at.duration_since(opened.at).as_secs(), 900);
    assert_eq!(stage.of("gate.closing").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn expiry_while_the_bot_is_down_is_an_expiry_without_a_reminder() {
    let mut stage = asked(Stage::with()).await;
    stage.crash().await;
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    stage.start().await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["decision"], json!({ "how": "expired" }));
    assert!(stage.hears("*Expired*").await.text.contains("nobody decided in time"));
    assert!(stage.of("gate.closing").await.is_empty() && stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn expiry_while_slack_is_down_is_recorded_in_time_and_told_later() {
    let stage = asked(Stage::with()).await;
    let opened = stage.of("gate.opened").await.remove(0);
    slack_down(&stage, None);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.at.duration_since(opened.at).as_secs(), 900);
    stage.slack.clear_faults();
    let message = stage.hears("*Expired*").await;
    let buttons: Vec<_> = message.buttons().map(|(_, button)| button["action_id"].clone()).collect();
    assert_eq!(buttons, ["again"]);
}

/// Refused, cancelled and expired, and asked for again with one click each time; then void. `voids` changes the world under the approval.
async fn every_outcome(stage: &Stage, asks: &str, approve: &str, voids: Fault) {
    let mut from = stage.log().head().size;
    stage.says(Cast::MAYA, asks).await;
    for (who, button, how, told) in [
        (Cast::JONAS, "refuse", Decision::Refused, "*Refused* by <@U0JONAS0001>"),
        (Cast::MAYA, "cancel", Decision::Cancelled, "*Cancelled* by <@U0MAYA00001>"),
        (Cast::MAYA, "", Decision::Expired, "*Expired*: nobody decided in time"),
    ] {
        let opened = next(stage, "gate.opened", from).await;
        if !button.is_empty() {
            stage.presses(who, button).await;
        }
        let decided = next(stage, "gate.decided", opened.seq).await;
        let Some(Event::GateDecided { decision, plan_digest, .. }) = Event::of(&decided) else { panic!() };
        assert_eq!((decision, plan_digest), (how, opened.data["plan_digest"].as_str().unwrap().to_owned()));
        let ended = next(stage, "run.ended", decided.seq).await;
        assert_eq!(ended.data["report"]["outcome"], "not_approved");
        let run = decided.run.clone().unwrap();
        let ours = format!("again:{run}");
        let message = stage.message(|message| message.buttons().any(|(_, button)| button["value"] == ours)).await;
        assert!(message.text.contains(told), "{}", message.text);
        from = ended.seq;
        stage.presses_in(&message, Cast::MAYA, "again").await;
    }
    let opened = next(stage, "gate.opened", from).await;
    let fault = stage.world.inject(voids);
    stage.presses(Cast::JONAS, approve).await;
    let decided = next(stage, "gate.decided", opened.seq).await;
    assert_eq!(decided.data["decision"]["how"], "void", "{}", decided.data);
    assert!(stage.hears("*Void*").await.text.contains("<@U0JONAS0001> confirmed"));
    stage.world.clear(fault);
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_failover() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    let key = Target::operation(Service::Kms, "DescribeKey");
    let obstacle = Fault::calls(key, Disturbance::access_denied("kms:DescribeKey"));
    every_outcome(&stage, "promote", "approve-failover", obstacle).await;
    assert!(stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_switchover() {
    let stage = Stage::open().await;
    every_outcome(&stage, "promote", "approve-switchover", dark()).await;
    assert!(stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_rebuild() {
    let stage = promoted_on(Stage::with(), OldPrimary::Detached).await;
    every_outcome(&stage, "failback", "approve-rebuild", dark()).await;
    assert!(!stage.changes().iter().any(|change| change.contains("Delete")));
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_failback() {
    let stage = promoted_on(Stage::with(), OldPrimary::Rejoins).await;
    every_outcome(&stage, "failback", "approve-switchover", dark()).await;
    assert!(!stage.changes().iter().any(|change| change.contains("Switchover")));
}

#[tokio::test(start_paused = true)]
async fn fifty_who_ask_again_ask_once() {
    let stage = asked(Stage::with()).await;
    stage.presses(Cast::JONAS, "refuse").await;
    let message = stage.hears("*Refused*").await;
    stage.ended().await;
    let clicks = (0..50).map(|_| stage.slack.click(Cast::JONAS, Cast::INCIDENT, &message.ts, "again"));
    futures::future::join_all(clicks).await;
    stage.record(|record| record.event == "gate.opened" && record.run.as_deref() != Some("promote-1")).await;
    assert_eq!(stage.of("run.started").await.len(), 2);
    let again = stage.of("run.started").await.remove(1);
    assert_eq!(again.data["reason"], "the primary is dark");
}
