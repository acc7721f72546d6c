//! What people see before they approve a failback, and what is looked at again when they do.

use std::time::Duration;

use commands::{plan::RunbookName, report::RunOutcome, topology::SideName};
use rehearsal::{
    Disturbance, Fault, ImageIs, Interference, OldPrimary, Pair, Region, Scenario, ScheduledChange, Service, Side,
    Target,
};
use tests::{Cast, Stage};

use super::failback::{ended, promoted_in};

/// The detail of a check in the newest plan that people were asked about.
async fn check(stage: &Stage, id: &str) -> Option<String> {
    let started = stage.of("run.started").await;
    let checks = started.last()?.data["plan"]["checks"].as_array()?.clone();
    let found = checks.iter().find(|check| check["id"] == id)?;
    Some(format!("{} {}: {}", found["level"].as_str()?, found["outcome"].as_str()?, found["detail"].as_str()?))
}

async fn asked(stage: &Stage) {
    stage.record(|record| record.event == "gate.opened" && record.run.as_deref() != Some("promote-1")).await;
}

#[tokio::test(start_paused = true)]
async fn approval_is_void_once_the_secondary_has_fallen_behind_and_the_next_plan_waits_for_it() {
    let stage = promoted_in(Pair { old_primary: OldPrimary::Rejoins, ..Pair::named("shop", 1) }).await;
    stage.says(Cast::MAYA, "failback").await;
    asked(&stage).await;
    stage.world.inject(Fault::FallsBehind { global_cluster: "shop-global".into() });
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let void = stage.record(|record| record.event == "gate.decided" && record.data["decision"]["how"] == "void").await;
    let why = void.data["decision"]["why"].as_str().unwrap();
    assert!(why.contains("shop-primary is pending-resync"), "{why}");
    assert!(!stage.changes().iter().any(|change| change.contains("Switchover")));

    // The plan that is shown instead waits until it is connected again, and asks once more.
    let again = stage.record(|record| record.event == "gate.opened" && record.seq > void.seq).await;
    assert!(again.run.as_deref() != void.run.as_deref());
    let member = check(&stage, "primary-member").await.unwrap();
    assert_eq!(member, "warning fail: shop-primary is pending-resync");
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let run = stage.record(|record| record.event == "run.ended" && record.run == again.run).await;
    assert_eq!(run.data["report"]["outcome"], "completed");
}

#[tokio::test(start_paused = true)]
async fn approval_is_void_while_nothing_tells_how_far_the_secondary_lags() {
    let stage = promoted_in(Pair { old_primary: OldPrimary::Rejoins, ..Pair::named("shop", 1) }).await;
    stage.says(Cast::MAYA, "failback").await;
    asked(&stage).await;
    let target = Target::operation(Service::CloudWatch, "ListMetrics");
    let silent = stage.world.inject(Fault::calls(target, Disturbance::internal_error()));
    stage.presses(Cast::JONAS, "approve-switchover").await;
    stage.record(|record| record.event == "gate.decided" && record.data["decision"]["how"] == "void").await;
    assert!(!stage.changes().iter().any(|change| change.contains("Switchover")));
    stage.world.clear(silent);
}

#[tokio::test(start_paused = true)]
async fn cluster_that_terraform_built_under_another_name_is_named_to_those_who_wait() {
    let stage = promoted_in(Pair { old_primary: OldPrimary::Detached, ..Pair::named("shop", 1) }).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.record(|record| record.event == "handoff.given").await;
    stage.world.interfere("shop", Interference::BuildsElsewhere).unwrap();
    stage.says(Cast::MAYA, "applied").await;
    let named = "shop-primary-v2 in us-east-1 is a member of shop-global, but the configuration says shop-primary";
    let told = stage.hears(named).await;
    assert!(
        told.text.contains("set `db_cluster = \"shop-primary-v2\"` in `[applications.shop.primary]`"),
        "{}",
        told.text
    );

    // Somebody who asks for a plan meanwhile reads the same.
    stage.says(Cast::MAYA, "plan failback").await;
    let plan = stage.record(|record| record.event == "plan.answered").await;
    let checks = plan.data["plan"]["checks"].as_array().unwrap().iter();
    let elsewhere = checks.clone().find(|check| check["id"] == "secondary-elsewhere").unwrap();
    assert_eq!((&elsewhere["level"], &elsewhere["detail"]), (&"blocking".into(), &named.into()));
}

#[tokio::test(start_paused = true)]
async fn stale_cluster_that_somebody_renamed_is_named_before_another_is_built() {
    let stage = promoted_in(Pair { old_primary: OldPrimary::Detached, ..Pair::named("shop", 1) }).await;
    stage.world.interfere("shop", Interference::RenamesCluster).unwrap();
    stage.says(Cast::MAYA, "failback").await;
    asked(&stage).await;
    let told = check(&stage, "secondary-elsewhere").await.unwrap();
    assert_eq!(told, "warning fail: shop-primary-old in us-east-1 stands alone: it's no member of shop-global");
}

#[tokio::test(start_paused = true)]
async fn schedules_that_a_skipped_step_left_suspended_are_resumed_by_the_next_failback() {
    let night = |side| ScheduledChange {
        name: "night".into(),
        side,
        service: "web".into(),
        after: Duration::from_hours(24 * 30),
        min: 1,
        max: 12,
    };
    let pair = Pair { schedules: vec![night(Side::Primary), night(Side::Dr)], ..Pair::named("shop", 1) };
    let stage = Stage::with().scenario(Scenario::of([pair])).open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    stage.ended().await;

    // The role may not scale DR, so people skip what needs it.
    let denied = Disturbance::access_denied("application-autoscaling:RegisterScalableTarget");
    let scaling = Target::operation(Service::ApplicationAutoScaling, "RegisterScalableTarget")
        .in_region(&Region::from("us-west-2"));
    let denied = stage.world.inject(Fault::calls(scaling, denied));
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    for step in ["idle", "reconcile"] {
        let failed = stage.record(|record| record.event == "run.paused" && record.data["failed"] == step).await;
        assert_eq!(failed.data["may_skip"], true);
        stage.says(Cast::JONAS, "skip").await;
    }
    let first = ended(&stage, RunbookName::Failback).await;
    assert_eq!(first.ended.unwrap().outcome, RunOutcome::Completed);
    stage.world.clear(denied);

    // That was no steady state: the next one knows what the promote suspended.
    stage.says(Cast::MAYA, "failback").await;
    let is_second = |run: &str| run.starts_with("failback-") && run != first.id.as_str();
    let asked = stage.record(|record| record.event == "gate.opened" && record.run.as_deref().is_some_and(is_second));
    let second = asked.await.run.clone().unwrap();
    let suspended = stage.run(&second).await.plan.suspended;
    assert!(suspended.iter().any(|found| found.service == "web" && found.side == SideName::Dr), "{suspended:?}");
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let end = stage.record(|record| record.event == "run.ended" && record.run.as_ref() == Some(&second)).await;
    assert_eq!(end.data["report"]["outcome"], "completed");
    stage.says(Cast::MAYA, "failback").await;
    let steady = stage.record(|record| record.event == "command.failed").await;
    assert!(steady.data["error"].as_str().unwrap().contains("there is nothing to fail back"), "{}", steady.data);
}

#[tokio::test(start_paused = true)]
async fn what_the_primary_lacks_is_told_before_anybody_is_asked() {
    let mut pair = Pair { old_primary: OldPrimary::Rejoins, ..Pair::named("shop", 1) };
    pair.primary.needs.image = ImageIs::Moved;
    pair.primary.db_instance_class = "db.t4g.medium".into();
    pair.primary.vcpu_quota = 0.5;
    let stage = promoted_in(pair).await;
    stage.world.inject(Fault::EndpointAnswers {
        pair: "shop".into(),
        side: Side::Primary,
        status: 403,
        location: None,
    });
    stage.says(Cast::MAYA, "failback").await;
    asked(&stage).await;
    let told = async |id: &str| check(&stage, id).await.unwrap_or_else(|| panic!("there is no check {id}"));
    assert!(told("class-parity").await.starts_with("warning fail: the primary runs db.t4g.medium, DR "));
    assert!(told("images-web").await.contains("us-east-1 runs other code"));
    assert!(told("vcpu-quota").await.starts_with("blocking fail: production needs "));
    assert!(told("primary-endpoint").await.starts_with("blocking fail: "));
    let gate = stage.gate().await;
    insta::assert_snapshot!("gate_failback_not_ready", tests::text_of(&gate));
}
