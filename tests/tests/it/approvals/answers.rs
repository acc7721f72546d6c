//! What people press and type at a gate, and what they are told when that does not count.

use std::time::Duration;

use commands::{journal::Refusal, report::RunOutcome};
use rehearsal::slack::{self, FaultKind, Method as WebMethod};
use serde_json::json;
use tests::{Cast, Stage};

use super::{WORDS, asked, refusals};

#[tokio::test(start_paused = true)]
async fn each_says_no_in_their_own_way() {
    let stage = asked(Stage::with()).await;
    for (who, button, told) in [
        (Cast::SAM, "refuse", "You may not approve"),
        (Cast::MAYA, "refuse", "cancel it instead"),
        (Cast::JONAS, "cancel", "Only <@U0MAYA00001> takes this request back"),
    ] {
        stage.presses(who, button).await;
        stage.is_told(who, told).await;
    }
    assert_eq!(refusals(&stage).await, [Refusal::NotAllowed, Refusal::OwnRequest, Refusal::NotTheRequester]);
    assert!(stage.of("gate.decided").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn words_and_reason_are_demanded_in_the_modal() {
    let stage = asked(Stage::with()).await;
    let modal = stage.opens(Cast::JONAS, "approve-failover").await;
    let shown = json!(modal.blocks).to_string();
    for part in ["*Data loss*", "What cannot be undone", "What is not touched", "The way back", "Checks seen"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert!(shown.contains("Type exactly: promote us-west-2"), "{shown}");

    let wrong = stage.submits(Cast::JONAS, "promote us-east-1", "it is dark").await.unwrap();
    let told = "us-east-1 should be us-west-2. Nothing was changed. Type promote us-west-2.";
    assert!(wrong.errors["words"].contains(told), "{:?}", wrong.errors);
    let wrong = stage.submits(Cast::JONAS, WORDS, "   ").await.unwrap();
    assert!(wrong.errors["reason"].contains("It takes a reason"), "{:?}", wrong.errors);
    assert_eq!(refusals(&stage).await, [Refusal::NotConfirmed, Refusal::NoReason]);

    // As a phone writes it.
    assert_eq!(stage.submits(Cast::JONAS, "Promote us\u{2011}west\u{2011}2", "dark: since 9:00\u{202e}").await, None);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["reason"], "dark: since 9:00");
    assert!(stage.hears("*Approved*").await.blocks.iter().any(|block| block.to_string().contains("dark: since 9:00")));
}

#[tokio::test(start_paused = true)]
async fn modal_of_an_earlier_process_still_confirms_and_one_that_came_late_says_so() {
    let mut stage = asked(Stage::with()).await;
    stage.opens(Cast::JONAS, "approve-failover").await;
    stage.opens(Cast::PRIYA, "approve-failover").await;
    stage.restart().await;
    assert_eq!(stage.submits(Cast::JONAS, WORDS, "it is dark").await, None);
    stage.record(|record| record.event == "gate.decided").await;
    let late = stage.submits(Cast::PRIYA, WORDS, "it is dark").await.unwrap();
    assert!(late.title == "Not done" && late.blocks[0].to_string().contains("Already decided"), "{:?}", late.blocks);
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn refusal_says_why() {
    let stage = asked(Stage::with()).await;
    let modal = stage.opens(Cast::JONAS, "refuse").await;
    assert!(
        json!(modal.blocks).to_string().contains("the primary is dark"),
        "what was asked, and why: {:?}",
        modal.blocks
    );
    stage.slack.fill(Cast::JONAS, "reason", "   ").unwrap();
    stage.slack.submit(Cast::JONAS).await.unwrap();
    let wrong = stage.slack.modal(Cast::JONAS).unwrap();
    assert!(wrong.errors["reason"].contains("It takes a reason"), "{:?}", wrong.errors);
    stage.slack.fill(Cast::JONAS, "reason", "it is back: since 9:10").unwrap();
    stage.slack.submit(Cast::JONAS).await.unwrap();
    assert_eq!(stage.slack.modal(Cast::JONAS), None);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["decision"], json!({ "how": "refused" }));
    assert_eq!(decided.data["reason"], "it is back: since 9:10");
    let shown = stage.hears("*Refused* by <@U0JONAS0001>").await;
    assert!(json!(shown.blocks).to_string().contains("it is back: since 9:10"), "{:?}", shown.blocks);
    assert_eq!(refusals(&stage).await, [Refusal::NoReason]);
}

#[tokio::test(start_paused = true)]
async fn refusal_of_what_was_decided_meanwhile_is_told_in_the_modal_alone() {
    let stage = asked(Stage::with()).await;
    stage.opens(Cast::PRIYA, "refuse").await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.decided").await;
    stage.slack.fill(Cast::PRIYA, "reason", "wait").unwrap();
    stage.slack.submit(Cast::PRIYA).await.unwrap();
    let late = stage.slack.modal(Cast::PRIYA).unwrap();
    assert!(late.title == "Not done" && late.blocks[0].to_string().contains("Already decided"), "{:?}", late.blocks);
    assert!(stage.of("command.failed").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_decides_a_moment_too_late_is_told_alone() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    let gate = stage.gate().await;
    let click = |who| stage.slack.click(who, Cast::INCIDENT, &gate.ts, "approve-switchover");
    let (jonas, priya) = tokio::join!(click(Cast::JONAS), click(Cast::PRIYA));
    assert!(jonas.is_ok() && priya.is_ok());
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert_eq!(failed.data["refused"], "already_decided");
    stage.ended().await;
    let about = |message: &&slack::Message| message.text.contains("lready decided");
    let told: Vec<_> =
        stage.slack.messages(Cast::INCIDENT).iter().filter(about).map(|it| it.only_visible_to.clone()).collect();
    let command = failed.data["command"].as_u64().unwrap();
    let late = stage.records().await.into_iter().find(|record| record.seq == command).unwrap();
    let storage::Actor::Slack { user, .. } = &late.actor else { panic!() };
    assert_eq!(told, [Some(user.clone())]);
}

#[tokio::test(start_paused = true)]
async fn answers_to_one_person_are_tried_again() {
    let stage = asked(Stage::with()).await;
    let later = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(5)) };
    for kind in [later, FaultKind::ServerError, FaultKind::Hang] {
        stage.slack.fault(slack::Fault { method: Some(WebMethod::ChatPostEphemeral), kind, times: Some(1) });
    }
    stage.presses(Cast::SAM, "cancel").await;
    stage.is_told(Cast::SAM, "takes this request back").await;
    let tries = stage.slack.calls().iter().filter(|call| call.method == "chat.postEphemeral").count();
    assert_eq!(tries, 4);
}
