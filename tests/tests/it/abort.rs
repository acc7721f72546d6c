//! A run can be aborted at any time: while a step waits for hours or days, at its question, after a crash. And a promote never waits for one.

use std::time::Duration;

use bot::terminal::Ask;
use commands::{
    journal::{Event, Refusal},
    plan::RunbookName,
    report::RunOutcome,
};
use rehearsal::{Fault, OldPrimary, Pair, Region, Side, slack::Message};
use storage::Record;
use tests::{Cast, Stage};

use super::failback::{ended, promoted, promoted_in_the_dark, promoted_on};

const PRIMARY: &str = "us-east-1";

fn has(message: &Message, action: &str) -> bool {
    message.buttons().any(|(_, button)| button["action_id"] == action)
}

fn step<'a>(event: &'a str, step: &'a str) -> impl Fn(&Record) -> bool + 'a {
    move |record| record.event == event && record.step.as_deref() == Some(step)
}

/// A promoted pair whose old primary is back and never catches up.
async fn never_connects() -> Stage {
    let pair = Pair { old_primary: OldPrimary::Rejoins, ..Pair::named("shop", 1) };
    let (stage, dark) = promoted_in_the_dark(Stage::with(), pair).await;
    stage.world.inject(Fault::NeverConnects { global_cluster: "shop-global".into() });
    stage.world.clear(dark);
    tokio::time::sleep(Duration::from_secs(60)).await;
    stage
}

/// A failback whose secondary never keeps up.
async fn waits_for_replication() -> Stage {
    let stage = never_connects().await;
    stage.says(Cast::MAYA, "failback the region is healthy").await;
    stage.record(step("step.observed", "replication")).await;
    stage
}

/// A failback that moved users to the primary, which goes dark again before it answered well.
async fn waits_in_the_dark() -> Stage {
    let stage = promoted(OldPrimary::Rejoins).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    stage.record(|record| step("step.done", "dns")(record) && is_failback(record)).await;
    stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    stage.record(|record| step("step.started", "verify")(record) && is_failback(record)).await;
    stage
}

fn is_failback(record: &Record) -> bool {
    record.run.as_deref().is_some_and(|run| run.starts_with("failback-"))
}

/// What runs changed after that record, by operation.
async fn intended_after(stage: &Stage, seq: u64) -> Vec<String> {
    let intents = stage.of("call.intended").await.into_iter().filter(|intent| intent.seq > seq);
    intents.map(|intent| intent.data["call"]["operation"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn run_that_waits_for_replication_is_aborted_by_one_word() {
    let stage = waits_for_replication().await;
    let told = stage.says(Cast::JONAS, "abort").await;
    assert!(told.starts_with("Aborting failback-"), "{told}");
    let run = ended(&stage, RunbookName::Failback).await;
    assert_eq!(run.ended.as_ref().unwrap().outcome, RunOutcome::Aborted);
    let aborted = stage.of("run.aborted").await.remove(0);
    assert!(intended_after(&stage, aborted.seq).await.is_empty());
    let pair = stage.world.state().pairs.remove(0);
    assert_eq!((pair.resolves_to, pair.writer), (Some(Side::Dr), Some(Side::Dr)));
    let remaining = run.ended.unwrap().remaining.join("\n");
    assert!(
        remaining.contains("replication was not finished") && remaining.contains("`/dr failback shop`"),
        "{remaining}"
    );
    // The next run need not wait.
    stage.says(Cast::MAYA, "failback again").await;
    stage.record(|record| record.event == "run.started" && record.data["reason"] == "again").await;
}

#[tokio::test(start_paused = true)]
async fn button_on_the_run_s_message_aborts_it_once_and_goes() {
    let stage = waits_for_replication().await;
    let root = stage.message(|message| has(message, "end")).await;
    let text = tests::text_of(&root);
    assert!(text.contains("[Abort…] — asks: It ends between two AWS calls. What was changed stays as it is"), "{text}");
    stage.presses_in(&root, Cast::JONAS, "end").await;
    let run = ended(&stage, RunbookName::Failback).await;
    let told = stage.says(Cast::MAYA, &format!("abort {}", run.id)).await;
    assert!(told.contains(&format!("{} was aborted by <@{}>", run.id, Cast::JONAS)), "{told}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let root = stage.slack.messages(Cast::INCIDENT).into_iter().find(|message| message.ts == root.ts).unwrap();
    assert!(!has(&root, "end") && root.text.contains("aborted after 0 of 9 steps"), "{}", root.text);
}

#[tokio::test(start_paused = true)]
async fn rebuild_that_waits_for_terraform_is_aborted_and_gone_on_with() {
    let stage = promoted(OldPrimary::Detached).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "handoff.given").await;
    tokio::time::sleep(Duration::from_secs(2 * 86_400)).await;
    stage.says(Cast::JONAS, "abort").await;
    let run = ended(&stage, RunbookName::Rebuild).await;
    let report = run.ended.unwrap();
    assert_eq!(report.outcome, RunOutcome::Aborted);
    let remaining = report.remaining.join("\n");
    assert!(remaining.contains("CreateDBClusterSnapshot") && remaining.contains("DeleteDBCluster"), "{remaining}");
    let refused = stage.says(Cast::MAYA, "applied").await;
    assert!(refused.contains("No run of shop waits"), "{refused}");
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "handoff.given" && record.run.as_deref() != Some(run.id.as_str())).await;
}

#[tokio::test(start_paused = true)]
async fn run_is_aborted_at_its_question_which_nobody_answers_any_more() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote").await;
    stage.gate().await;
    stage.says(Cast::JONAS, "abort").await;
    let run = stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Aborted);
    let question = stage.hears("*Aborted* by <@U0JONAS0001>").await;
    assert!(!has(&question, "cancel") && !has(&question, "approve-failover"));
    let press = "approve:promote-1:switchover".parse().unwrap();
    let by = storage::Actor::Slack { team: "T0SHOP00001".into(), user: Cast::JONAS.into(), name: None };
    let origin = storage::Origin::Slack { channel: Cast::INCIDENT.into(), message: None };
    let request = commands::request::Request { actor: by, origin, dedupe: "late".into() };
    let reply = stage.desk().press(request, press).await;
    assert!(
        matches!(&reply, commands::request::Reply::Refused { text, .. } if text.contains("was aborted by")),
        "{reply:?}"
    );
    assert!(stage.of("step.started").await.is_empty() && stage.of("gate.decided").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_may_not_resolve_may_not_abort() {
    let stage = waits_for_replication().await;
    let told = stage.says(Cast::SAM, "abort").await;
    assert!(told.contains("may not"), "{told}");
    let root = stage.message(|message| has(message, "end")).await;
    stage.presses_in(&root, Cast::SAM, "end").await;
    stage.is_told(Cast::SAM, "may not").await;
    let refused = stage.events("command.refused").await;
    let reasons =
        refused.iter().map(|event| if let Event::CommandRefused { reason, .. } = event { *reason } else { panic!() });
    assert_eq!(reasons.collect::<Vec<_>>(), [Refusal::NotAllowed, Refusal::NotAllowed]);
    assert!(stage.of("run.aborted").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn second_abort_is_told_of_the_first_and_nothing_is_open_afterwards() {
    let stage = waits_for_replication().await;
    let root = stage.message(|message| has(message, "end")).await;
    tokio::join!(stage.presses_in(&root, Cast::JONAS, "end"), stage.presses_in(&root, Cast::MAYA, "end"));
    ended(&stage, RunbookName::Failback).await;
    assert_eq!(stage.of("run.aborted").await.len(), 1);
    let second =
        stage.message(|message| message.only_visible_to.is_some() && message.text.contains("was aborted by")).await;
    assert!(second.text.contains("this changed nothing"), "{}", second.text);
    let told = stage.says(Cast::MAYA, "abort").await;
    assert!(told.contains("No run is open"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn abort_outlives_the_death_of_the_bot() {
    let mut stage = waits_for_replication().await;
    stage.says(Cast::JONAS, "abort").await;
    stage.record(|record| record.event == "run.aborted").await;
    stage.crash().await;
    stage.start().await;
    assert_eq!(ended(&stage, RunbookName::Failback).await.ended.unwrap().outcome, RunOutcome::Aborted);
    stage.restart().await;
    assert_eq!(stage.of("run.aborted").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn promote_ends_an_open_failback_by_one_click() {
    let mut stage = waits_in_the_dark().await;
    let told = stage.says(Cast::MAYA, "promote it is dark again").await;
    assert!(told.contains("is open since 2026-") && told.contains("`/dr abort failback-"), "{told}");
    let offer = stage.message(|message| has(message, "end-and-promote")).await;
    assert_eq!(offer.only_visible_to.as_deref(), Some(Cast::MAYA));
    insta::assert_snapshot!("offer", tests::text_of(&offer));
    stage.presses_in(&offer, Cast::MAYA, "end-and-promote").await;
    stage.record(|record| record.event == "run.aborted").await;
    // It is as durable as any other word.
    stage.crash().await;
    stage.start().await;
    assert_eq!(ended(&stage, RunbookName::Failback).await.ended.unwrap().outcome, RunOutcome::Aborted);
    let next =
        stage.record(|record| record.event == "run.started" && record.data["reason"] == "it is dark again").await;
    assert_eq!(next.data["runbook"], "promote");
    stage.presses(Cast::JONAS, "approve-failover").await;
    let run = next.run.clone().unwrap();
    let done = stage.record(|record| record.event == "run.ended" && record.run.as_deref() == Some(&run)).await;
    assert_eq!(done.data["report"]["outcome"], "completed");
    let pair = stage.world.state().pairs.remove(0);
    assert_eq!((pair.resolves_to, pair.writer), (Some(Side::Dr), Some(Side::Dr)));
}

#[tokio::test(start_paused = true)]
async fn promote_right_after_an_abort_does_not_have_to_wait() {
    let stage = waits_in_the_dark().await;
    stage.says(Cast::JONAS, "abort").await;
    // The failback is still ending.
    let told = stage.says(Cast::MAYA, "promote now").await;
    assert!(told.starts_with("Looking at"), "{told}");
    stage.record(|record| record.event == "run.started" && record.data["reason"] == "now").await;
}

#[tokio::test(start_paused = true)]
async fn promote_at_the_terminal_asks_whether_to_end_the_failback() {
    let stage = waits_in_the_dark().await;
    let mut declines = stage.terminal("jonas", Ask::Command("promote".to_owned()));
    let prompt = declines.is_asked().await;
    assert!(prompt.starts_with("Type `abort failback-"), "{prompt}");
    declines.types("no").await;
    assert!(!declines.ends().await && declines.seen.contains("Nothing was changed."), "{}", declines.seen);
    assert!(stage.of("run.aborted").await.is_empty());

    let mut maya = stage.terminal("maya", Ask::Command("promote it is dark again".to_owned()));
    maya.is_asked().await;
    assert!(maya.seen.contains("`standby abort failback-"), "{}", maya.seen);
    maya.types("abort").await;
    maya.sees("Run promote-").await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    assert!(maya.ends().await, "{}", maya.seen);
}

#[tokio::test(start_paused = true)]
async fn run_that_is_followed_at_the_terminal_is_aborted_by_typing_it() {
    let stage = never_connects().await;
    let mut maya = stage.terminal("maya", Ask::Command("failback".to_owned()));
    maya.sees("ends it at any time").await;
    maya.sees("replication: ").await;
    maya.types("abort").await;
    assert!(!maya.ends().await);
    assert!(maya.seen.contains("aborted: it ends between two calls"), "{}", maya.seen);
}

#[tokio::test(start_paused = true)]
async fn approval_does_not_count_for_a_switchover_days_later() {
    let stage = Stage::open().await;
    let fault = stage.world.inject(Fault::blue_green_source("shop-global"));
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    stage.record(|record| record.event == "run.paused").await;
    tokio::time::sleep(Duration::from_secs(3 * 86_400)).await;
    stage.world.clear(fault);
    stage.presses(Cast::JONAS, "retry").await;
    let failed = stage
        .record(|record| {
            step("step.failed", "database")(record) && record.data["error"].as_str().unwrap().contains("ask again")
        })
        .await;
    assert!(failed.data["error"].as_str().unwrap().starts_with("the approval counted until 2026-"), "{}", failed.data);
    assert!(!stage.changes().contains(&"Rds:SwitchoverGlobalCluster".to_owned()));
    stage.says(Cast::MAYA, "abort").await;
    stage.ended().await;
    stage.says(Cast::MAYA, "promote again").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let done =
        stage.record(|record| record.event == "run.ended" && record.data["report"]["outcome"] == "completed").await;
    assert!(done.run.as_deref() != Some("promote-1"));
}

#[tokio::test(start_paused = true)]
async fn open_promote_is_named_and_not_ended_for_another() {
    let stage = promoted_on(Stage::with(), OldPrimary::Rejoins).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.message(|message| has(message, "approve-switchover")).await;
    let told = stage.says(Cast::MAYA, "failback").await;
    assert!(told.contains("(waiting for a decision)") && told.contains("`/dr abort failback-"), "{told}");
    assert!(!stage.slack.messages(Cast::INCIDENT).iter().any(|message| has(message, "end-and-promote")));
    stage.says(Cast::SAM, "promote").await;
    assert!(!stage.slack.messages(Cast::INCIDENT).iter().any(|message| has(message, "end-and-promote")));
}

#[tokio::test(start_paused = true)]
async fn approval_that_is_looked_into_while_somebody_aborts_comes_to_nothing() {
    for void in [false, true] {
        let stage = Stage::open().await;
        // Observing a dark region takes its time.
        stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
        stage.says(Cast::MAYA, "promote").await;
        let gate = stage.gate().await;
        if void {
            stage.world.inject(Fault::ScaledToZero { pair: "shop".into(), side: Side::Dr });
        }
        stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
        stage.says(Cast::MAYA, "abort").await;
        assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Aborted);
        stage.is_told(Cast::JONAS, "promote-1 was aborted by").await;
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert!(stage.of("step.started").await.is_empty() && stage.changes().is_empty());
        assert_eq!(stage.of("run.started").await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn secondary_that_no_waiting_mends_is_told_at_once() {
    let stage = waits_for_replication().await;
    let status = "inaccessible-encryption-credentials".to_owned();
    let fault = stage.world.inject(Fault::DatabaseStatus { id: "shop-primary".into(), status, refuses: true });
    let paused = stage.record(|record| record.event == "run.paused").await;
    let error = paused.data["error"].as_str().unwrap();
    assert!(error.contains("shop-primary is inaccessible-encryption-credentials in us-east-1"), "{error}");
    let asked = stage.message(|message| has(message, "retry")).await;
    let text = tests::text_of(&asked);
    assert!(text.contains("*Abort*: Leaves users and the writer in us-west-2. `/dr failback shop` goes on"), "{text}");
    assert!(!has(&asked, "skip"));
    stage.world.clear(fault);
    stage.presses_in(&asked, Cast::JONAS, "retry").await;
    stage.record(|record| step("step.resolved", "replication")(record)).await;
    stage.presses(Cast::MAYA, "end").await;
    assert_eq!(ended(&stage, RunbookName::Failback).await.ended.unwrap().outcome, RunOutcome::Aborted);
}
