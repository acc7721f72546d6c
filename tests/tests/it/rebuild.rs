//! A rebuild deletes a stale former primary without losing anything: what it takes, when, of what, and what it leaves.

use std::time::Duration;

use commands::{journal::Event, plan::RunbookName, report::RunOutcome, run::Run};
use rehearsal::{Attachment, Disturbance, Fault, Interference, OldPrimary, Service, Side, SnapshotState, Target};
use storage::Record;
use tests::{Cast, Stage};

use super::failback::{apply, ended, promoted};

/// The manual snapshots of the old primary, oldest first.
fn kept(stage: &Stage) -> Vec<SnapshotState> {
    let all = stage.world.state().pairs.remove(0).primary.snapshots.into_iter();
    let mut kept: Vec<_> = all.filter(|snapshot| !snapshot.automated).collect();
    kept.sort_by_key(|snapshot| snapshot.taken_at);
    kept
}

/// Asks for the way back and waits until people are asked about the deletion.
async fn asked(stage: &Stage, count: usize) {
    stage.says(Cast::MAYA, "failback").await;
    let mut seen = 0;
    stage
        .record(|record| {
            seen += usize::from(record.event == "gate.opened" && is_rebuild(record));
            seen == count
        })
        .await;
}

fn is_rebuild(record: &Record) -> bool {
    record.run.as_deref().is_some_and(|run| run.starts_with("rebuild-"))
}

async fn failed_delete(stage: &Stage) -> String {
    let failed = stage.record(|record| record.event == "step.failed" && record.step.as_deref() == Some("delete")).await;
    failed.data["error"].as_str().unwrap().to_owned()
}

/// What the operations of a run's accepted calls are, in order.
fn operations(run: &Run) -> Vec<&str> {
    run.calls.values().map(|call| call.call.operation.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_run_takes_its_own_snapshot_and_a_last_one_when_nothing_can_write() {
    let stage = promoted(OldPrimary::Detached).await;
    asked(&stage, 1).await;
    stage.presses(Cast::MAYA, "cancel").await;
    let cancelled = ended(&stage, RunbookName::Rebuild).await;
    let before = kept(&stage).remove(0).id;
    let report = cancelled.ended.clone().unwrap();
    assert_eq!((report.outcome, report.data_loss_ms), (RunOutcome::NotApproved, None));
    // It is paid for, so it is told.
    assert!(report.remaining.iter().any(|left| left.contains(&before) && left.contains("delete-db-cluster-snapshot")));

    asked(&stage, 2).await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    let handoff = stage.record(|record| record.event == "handoff.given").await;
    let run = stage.run(handoff.run.as_deref().unwrap()).await;
    assert_ne!(run.id, cancelled.id);
    let order = [
        "CreateDBClusterSnapshot",
        // The reader goes before the writer.
        "DeleteDBInstance",
        "DeleteDBInstance",
        "CreateDBClusterSnapshot",
        "ModifyDBCluster",
        "DeleteDBCluster",
    ];
    assert_eq!(operations(&run), order);
    let deleted: Vec<_> =
        run.calls.values().filter_map(|call| call.call.params["DBInstanceIdentifier"].as_str()).collect();
    assert_eq!(deleted, ["shop-primary-2", "shop-primary-1"]);
    let last = kept(&stage).pop().unwrap();
    assert!(last.id.starts_with(&format!("standby-{}-final-cluster-", run.id)), "{last:?}");
    let gone =
        stage.world.calls().into_iter().filter(|call| call.operation == "DeleteDBCluster").find_map(|call| call.before);
    let gone = gone.unwrap().pairs.first().unwrap().primary.clone();
    assert!(gone.last_write_at.unwrap() <= last.taken_at && !gone.deletion_protection && gone.db_instances == 0);
}

/// A rebuild that is approved and about to delete the first instance.
async fn deleting() -> Stage {
    let stage = promoted(OldPrimary::Detached).await;
    asked(&stage, 1).await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage
        .record(|record| record.event == "call.intended" && record.data["call"]["operation"] == "DeleteDBInstance")
        .await;
    stage
}

#[tokio::test(start_paused = true)]
async fn what_nobody_approved_is_not_deleted() {
    let stage = deleting().await;
    stage.world.interfere("shop", Interference::AddsReader(Side::Primary)).unwrap();
    let error = failed_delete(&stage).await;
    assert!(error.contains("appeared after the approval, so nothing more is deleted"), "{error}");
    assert!(error.contains("`/dr failback shop` makes a new plan"), "{error}");
    assert!(!stage.changes().contains(&"Rds:DeleteDBCluster".to_owned()));
    assert!(stage.world.state().pairs[0].primary.deletion_protection, "it comes off last");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_goes_missing_is_taken_again() {
    let stage = deleting().await;
    stage.world.interfere("shop", Interference::DeletesSnapshots).unwrap();
    stage.record(|record| record.event == "handoff.given").await;
    let names: Vec<String> = kept(&stage).into_iter().map(|snapshot| snapshot.id).collect();
    assert!(names.iter().any(|id| id.contains("-final-")), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rebuild_that_ends_half_way_tells_how_each_change_is_put_back() {
    let stage = promoted(OldPrimary::Detached).await;
    asked(&stage, 1).await;
    let denied = Disturbance::access_denied("rds:DeleteDBCluster");
    stage.world.inject(Fault::calls(Target::operation(Service::Rds, "DeleteDBCluster"), denied));
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    failed_delete(&stage).await;
    stage.presses(Cast::MAYA, "abort").await;
    let run = ended(&stage, RunbookName::Rebuild).await;
    let report = run.ended.clone().unwrap();
    assert_eq!((report.outcome, report.data_loss_ms), (RunOutcome::Aborted, None));
    let left = report.remaining.join("\n");
    assert!(left.contains("--deletion-protection --apply-immediately"), "{left}");
    assert!(left.contains("create-db-instance --db-instance-identifier shop-primary-1"), "{left}");

    // The status says so until it is mended.
    let said = left_by_status(&stage, 1).await;
    assert!(said.contains("deletion protection of shop-primary in us-east-1 is off since rebuild-"), "{said}");
    assert!(said.contains("shop-primary-2 in us-east-1 was deleted by rebuild-"), "{said}");
    tests::sweep::Hand::in_pair_of(&stage.world).protects(true).await.unwrap();
    let said = left_by_status(&stage, 2).await;
    assert!(!said.contains("deletion protection") && said.contains("shop-primary-2"), "{said}");
}

/// What the `count`th status tells of what was left.
async fn left_by_status(stage: &Stage, count: usize) -> String {
    stage.says(Cast::SAM, "status").await;
    let mut seen = 0;
    stage
        .record(|record| {
            seen += usize::from(record.event == "status.answered");
            seen == count
        })
        .await;
    let Event::StatusAnswered { status, .. } = stage.events("status.answered").await.remove(count - 1) else {
        panic!()
    };
    status.left.join("\n")
}

#[tokio::test(start_paused = true)]
async fn what_aurora_saved_is_copied_before_the_cluster_goes() {
    let stage = promoted(OldPrimary::Rejoins).await;
    stage.world.interfere("shop", Interference::Detaches(Side::Primary)).unwrap();
    asked(&stage, 1).await;
    let copied: Vec<_> =
        kept(&stage).into_iter().filter(|snapshot| snapshot.id.starts_with("standby-rescue-")).collect();
    assert_eq!(copied.len(), 1, "{:?}", kept(&stage));
    insta::assert_snapshot!("gate_rebuild_rescued", tests::text_of(&stage.gate().await));
}

#[tokio::test(start_paused = true)]
async fn rescue_keeps_what_aurora_saved_of_a_primary_that_rejoined() {
    let stage = promoted(OldPrimary::Rejoins).await;
    stage.says(Cast::MAYA, "plan failback").await;
    let told = stage.record(|record| record.event == "plan.answered").await;
    let checks = told.data["plan"]["checks"].as_array().unwrap().clone();
    let check = checks.iter().find(|check| check["id"] == "rescue-snapshot").unwrap();
    let detail = check["detail"].as_str().unwrap();
    assert!(
        detail.contains("rds:unplanned-global-failover-shop-primary-") && detail.contains("RDS deletes it about"),
        "{detail}"
    );

    stage.says(Cast::MAYA, "rescue the lost orders").await;
    insta::assert_snapshot!("gate_rescue", tests::text_of(&stage.gate().await));
    stage.presses(Cast::JONAS, "approve-rescue").await;
    let run = ended(&stage, RunbookName::Rescue).await;
    let report = run.ended.clone().unwrap();
    assert_eq!((report.outcome, report.data_loss_ms), (RunOutcome::Completed, None));
    assert_eq!(operations(&run), ["CopyDBClusterSnapshot"]);
    assert!(report.remaining.iter().any(|left| left.contains("standby-rescue-shop-primary-")), "{report:?}");

    stage.says(Cast::MAYA, "rescue").await;
    stage.hears("there is nothing to rescue").await;
}

#[tokio::test(start_paused = true)]
async fn nothing_to_delete_is_no_deletion_to_approve() {
    let stage = promoted(OldPrimary::Detached).await;
    let hand = tests::sweep::Hand::in_pair_of(&stage.world);
    hand.protects(false).await.unwrap();
    for number in 1..=2 {
        hand.deletes_instance(number).await.unwrap();
    }
    hand.waits(|pair| pair.primary.db_instances == 0).await.unwrap();
    hand.deletes_cluster().await.unwrap();
    hand.waits(|pair| pair.primary.database == "absent").await.unwrap();
    asked(&stage, 1).await;
    insta::assert_snapshot!("gate_rebuild_nothing", tests::text_of(&stage.gate().await));
}

#[tokio::test(start_paused = true)]
async fn a_database_that_somebody_still_uses_is_deleted_only_by_name() {
    let stage = promoted(OldPrimary::Detached).await;
    stage.world.inject(Fault::DatabaseInUse { db_cluster: "shop-primary".into(), connections: 3 });
    tokio::time::sleep(Duration::from_secs(900)).await;
    asked(&stage, 1).await;
    let gate = stage.of("gate.opened").await.pop().unwrap();
    let overrides = gate.data["overrides"].as_array().unwrap();
    assert!(overrides.contains(&"stale-in-use".into()), "{overrides:?}");
    let gate = tests::text_of(&stage.gate().await);
    assert!(gate.contains("shop-primary in us-east-1 had 3 connections at"), "{gate}");
}

#[tokio::test(start_paused = true)]
async fn what_hangs_on_the_old_primary_blocks_its_deletion_and_is_named() {
    let stage = promoted(OldPrimary::Detached).await;
    let hangs = [
        (Attachment::BlueGreen("bgd-4f2".into()), "stale-blue-green", "deployment bgd-4f2 (AVAILABLE) hangs on"),
        (Attachment::Proxy("shop-pool".into()), "stale-proxies", "proxy shop-pool hangs on"),
        (Attachment::Endpoint("shop-reports".into()), "stale-endpoints", "custom endpoint shop-reports hangs on"),
    ];
    for (what, ..) in hangs.clone() {
        stage.world.inject(Fault::Attached { db_cluster: "shop-primary".into(), what });
    }
    stage.says(Cast::MAYA, "plan failback").await;
    let told = stage.record(|record| record.event == "plan.answered").await;
    let checks = told.data["plan"]["checks"].as_array().unwrap();
    for (_, id, words) in hangs {
        let check = checks.iter().find(|check| check["id"] == id).unwrap();
        assert!(check["detail"].as_str().unwrap().contains(words), "{check}");
        assert_eq!((&check["level"], &check["outcome"]), (&"blocking".into(), &"fail".into()), "{check}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_undone_as_the_rebuild_ended_is_asked_for_anew_by_people() {
    let stage = promoted(OldPrimary::Detached).await;
    asked(&stage, 1).await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "handoff.given").await;
    apply(&stage);
    ended(&stage, RunbookName::Rebuild).await;
    stage.world.interfere("shop", Interference::Detaches(Side::Primary)).unwrap();
    let failed = stage.record(|record| record.event == "command.failed").await;
    let error = failed.data["error"].as_str().unwrap();
    assert!(error.contains("has ended, and shop's state demands the same again"), "{error}");
    asked(&stage, 2).await;
}
