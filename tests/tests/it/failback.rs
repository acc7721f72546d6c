//! The way back, from a promoted pair to steady state, by what became of the former primary.

use std::time::Duration;

use bot::terminal::Ask;
use commands::{plan::RunbookName, report::RunOutcome, run::Run};
use rehearsal::{Fault, FaultId, OldPrimary, Pair, Region, Scenario, Side};
use tests::{Cast, Stage, StageBuilder, sweep::Hand};

const PRIMARY: &str = "us-east-1";

/// A pair that was promoted while its primary was dark, and whose primary is back.
pub(super) async fn promoted(fate: OldPrimary) -> Stage {
    promoted_on(Stage::with(), fate).await
}

/// The same on a stage of another kind.
pub(super) async fn promoted_on(stage: StageBuilder, fate: OldPrimary) -> Stage {
    promoted_with(stage, Pair { old_primary: fate, ..Pair::named("shop", 1) }).await
}

/// The same of that pair.
pub(super) async fn promoted_in(pair: Pair) -> Stage {
    promoted_with(Stage::with(), pair).await
}

async fn promoted_with(stage: StageBuilder, pair: Pair) -> Stage {
    let (stage, dark) = promoted_in_the_dark(stage, pair).await;
    stage.world.clear(dark);
    tokio::time::sleep(Duration::from_secs(60)).await;
    stage
}

/// The same, and the primary is still dark.
pub(super) async fn promoted_in_the_dark(stage: StageBuilder, pair: Pair) -> (Stage, FaultId) {
    let users = format!("viewers = [\"*\"]\nterminal = {{ maya = {:?}, jonas = {:?} }}", Cast::MAYA, Cast::JONAS);
    let stage = stage.scenario(Scenario::of([pair])).replace("viewers = [\"*\"]", &users).open().await;
    let dark = stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    stage.promotes().await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    (stage, dark)
}

/// Waits for the end of the newest run of that runbook.
pub(super) async fn ended(stage: &Stage, runbook: RunbookName) -> Run {
    let prefix = format!("{}-", runbook.as_str());
    let ended = stage
        .record(|record| {
            record.event == "run.ended" && record.run.as_deref().is_some_and(|run| run.starts_with(&prefix))
        })
        .await;
    stage.run(ended.run.as_deref().unwrap()).await
}

/// The pair as steady state has it.
fn steady(stage: &Stage) {
    let pair = stage.world.state().pairs.remove(0);
    assert_eq!((pair.resolves_to, pair.writer), (Some(Side::Primary), Some(Side::Primary)));
    assert!(pair.primary.serves && pair.dr.synchronization == "connected", "{pair:?}");
    assert!(pair.dr.services.iter().all(|service| service.desired == 1 && service.min == 1), "{:?}", pair.dr.services);
}

#[tokio::test(start_paused = true)]
async fn rejoined_primary_is_switched_back_to() {
    let stage = promoted(OldPrimary::Rejoins).await;
    assert!(stage.says(Cast::MAYA, "failback the region is healthy").await.starts_with("Looking at"));
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let run = ended(&stage, RunbookName::Failback).await;
    let report = run.ended.unwrap();
    assert_eq!((report.outcome, report.data_loss_ms), (RunOutcome::Completed, Some(0.0)));
    steady(&stage);
    assert!(stage.of("handoff.given").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn detached_primary_is_snapshot_deleted_rebuilt_and_switched_back_to() {
    let stage = promoted(OldPrimary::Detached).await;
    stage.says(Cast::MAYA, "failback").await;
    let gate =
        stage.message(|message| message.buttons().any(|(_, button)| button["action_id"] == "approve-rebuild")).await;
    insta::assert_snapshot!("gate_rebuild", tests::text_of(&gate));
    assert!(!stage.changes().iter().any(|change| change.contains("Delete")));
    stage.presses(Cast::JONAS, "approve-rebuild").await;

    let handoff = stage.record(|record| record.event == "handoff.given").await;
    let text = handoff.data["text"].as_str().unwrap();
    assert!(text.contains("is_aurora_secondary=true") && text.contains("aurora_source_region=us-west-2"), "{text}");
    apply(&stage);

    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    // The way back goes on by itself with its second gate.
    let gate =
        stage.message(|message| message.buttons().any(|(_, button)| button["action_id"] == "approve-switchover")).await;
    insta::assert_snapshot!("gate_failback", tests::text_of(&gate));
    stage.presses(Cast::JONAS, "approve-switchover").await;
    assert_eq!(ended(&stage, RunbookName::Failback).await.ended.unwrap().outcome, RunOutcome::Completed);
    steady(&stage);
}

/// Applies what people were told to run.
pub(super) fn apply(stage: &Stage) {
    let variables = [("is_aurora_secondary", "true"), ("aurora_source_region", "us-west-2")];
    stage.world.apply_terraform("shop", &variables.map(|(name, value)| (name.into(), value.into())).into()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn applied_is_a_word_and_observation_decides() {
    let stage = promoted(OldPrimary::Detached).await;
    let refused = stage.says(Cast::MAYA, "applied").await;
    assert!(refused.contains("No run of shop waits for people to apply Terraform"), "{refused}");
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "handoff.given").await;

    stage.says(Cast::MAYA, "applied").await;
    stage.hears("shop: not yet: there is no shop-primary in us-east-1 yet").await;
    apply(&stage);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let handoff = stage.message(|message| message.text.contains("your turn")).await;
    insta::assert_snapshot!("handoff", tests::text_of(&handoff));
    // It is past that, so the word means nothing any more.
    stage.presses_in(&handoff, Cast::MAYA, "applied").await;
    stage.is_told(Cast::MAYA, "No run of shop waits for people to apply Terraform").await;
    assert_eq!(stage.of("handoff.looked").await.len(), 1);
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn dark_primary_is_waited_for() {
    let stage = promoted(OldPrimary::Rejoins).await;
    stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    stage.says(Cast::MAYA, "failback").await;
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert!(failed.data["error"].as_str().unwrap().contains("the way back waits until it answers"), "{}", failed.data);
    assert!(stage.of("run.started").await.len() == 1);
}

#[tokio::test(start_paused = true)]
async fn steady_pair_has_nothing_to_fail_back() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "failback").await;
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert!(failed.data["error"].as_str().unwrap().contains("there is nothing to fail back"), "{}", failed.data);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_without_its_snapshot() {
    let stage = promoted(OldPrimary::Detached).await;
    let fault = stage.world.inject(Fault::SnapshotsFail { db_cluster: "shop-primary".into() });
    stage.says(Cast::MAYA, "failback").await;
    let paused = stage.record(|record| record.event == "run.paused").await;
    assert_eq!((&paused.data["failed"], &paused.data["may_skip"]), (&"snapshot".into(), &false.into()));
    assert!(stage.of("gate.opened").await.len() == 1, "only the promote's");
    stage.world.clear(fault);
    assert!(!stage.changes().iter().any(|change| change.contains("Delete")));
}

#[tokio::test(start_paused = true)]
async fn deletion_is_typed_out_by_name_at_the_terminal() {
    let stage = promoted(OldPrimary::Detached).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.record(|record| record.event == "gate.opened" && record.run.as_deref() != Some("promote-1")).await;
    let mut jonas = stage.terminal("jonas", Ask::Approve(None));
    assert!(jonas.is_asked().await.starts_with("Type exactly `delete shop-primary` to confirm;"), "{}", jonas.seen);
    jonas.types("delete shop-dr").await;
    jonas.is_asked().await;
    assert!(!stage.changes().iter().any(|change| change.contains("Delete")));
    jonas.types("delete shop-primary").await;
    stage.record(|record| record.event == "handoff.given").await;
    assert!(stage.changes().contains(&"Rds:DeleteDBCluster".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn terminal_follows_the_way_back_through_both_of_its_runs() {
    let stage = promoted(OldPrimary::Detached).await;
    let mut maya = stage.terminal("maya", Ask::Command("failback".to_owned()));
    assert!(maya.is_asked().await.contains("somebody else"));
    let mut jonas = stage.terminal("jonas", Ask::Approve(None));
    jonas.is_asked().await;
    jonas.types("delete shop-primary").await;
    maya.sees("your turn, run: terraform").await;
    apply(&stage);
    // Whoever joined at the first gate is asked at the second one, too.
    jonas.sees("Run rebuild-").await;
    assert!(jonas.is_asked().await.starts_with("Type exactly `failback us-east-1` to confirm;"), "{}", jonas.seen);
    jonas.types("failback us-east-1").await;
    assert!(jonas.ends().await && maya.ends().await, "{}", maya.seen);
    assert!(
        maya.seen.contains("us-east-1 catches up") && maya.seen.contains("is served by us-east-1"),
        "{}",
        maya.seen
    );
    steady(&stage);
}

#[tokio::test(start_paused = true)]
async fn terminal_ends_where_the_way_back_cannot_go_on() {
    let stage = promoted(OldPrimary::Detached).await;
    let mut maya = stage.terminal("maya", Ask::Command("failback".to_owned()));
    maya.is_asked().await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "handoff.given").await;
    apply(&stage);
    stage.record(|record| record.event == "step.done" && record.step.as_deref() == Some("rebuild")).await;
    stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    assert!(!maya.ends().await);
    assert!(maya.seen.contains("the way back waits until it answers"), "{}", maya.seen);
}

#[tokio::test(start_paused = true)]
async fn cluster_that_something_needs_is_not_deleted() {
    let stage = promoted(OldPrimary::Detached).await;
    Hand::in_pair_of(&stage.world).salvages("salvage").await.unwrap();
    stage.says(Cast::MAYA, "failback").await;
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert!(failed.data["error"].as_str().unwrap().contains("it belongs to global cluster salvage"), "{}", failed.data);
}

#[tokio::test(start_paused = true)]
async fn cluster_that_something_came_to_need_after_the_approval_is_not_deleted() {
    let stage = promoted(OldPrimary::Detached).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "step.started" && record.step.as_deref() == Some("delete")).await;
    Hand::in_pair_of(&stage.world).salvages("salvage").await.unwrap();
    let failed = stage.record(|record| record.event == "step.failed" && record.step.as_deref() == Some("delete")).await;
    assert!(failed.data["error"].as_str().unwrap().contains("is not deleted: it belongs to global cluster salvage"));
    assert!(!stage.changes().iter().any(|change| change.contains("DeleteDBCluster")));
}

#[tokio::test(start_paused = true)]
async fn way_back_goes_on_though_the_program_dies_between_its_two_runs() {
    let mut stage = promoted(OldPrimary::Detached).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "handoff.given").await;
    apply(&stage);
    let is_end = |record: &storage::Record| record.event == "run.ended" && record.run.as_deref() != Some("promote-1");
    stage.record(is_end).await;
    stage.crash().await;
    stage.start().await;
    let next = stage.record(|record| record.event == "run.started" && record.data["runbook"] == "failback").await;
    // Once, however often it is started again.
    stage.restart().await;
    let started = stage.of("run.started").await;
    assert_eq!(started.last().unwrap().seq, next.seq);
}
