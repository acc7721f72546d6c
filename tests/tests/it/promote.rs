//! A promote from the command to the report, as people see it and as the log tells it.

use std::time::Duration;

use commands::{
    journal::{Decision, Event},
    plan::{Method, StepId},
    report::RunOutcome,
};
use rehearsal::{Disturbance, Fault, Region, Service, Side, Target};
use tests::{Cast, Stage};

const PRIMARY: &str = "us-east-1";
const DR: &str = "us-west-2";

fn dark() -> Fault {
    Fault::RegionDark(Region::from(PRIMARY))
}

#[tokio::test(start_paused = true)]
async fn dark_primary_is_promoted_and_reported() {
    let stage = Stage::open().await;
    stage.world.inject(dark());

    assert_eq!(stage.says(Cast::MAYA, "promote the primary is dark").await, "Looking at us-east-1 and us-west-2…");
    let gate = stage.gate().await;
    insta::assert_snapshot!("gate", tests::text_of(&gate));
    stage.presses(Cast::JONAS, "approve-failover").await;

    let run = stage.ended().await;
    let report = run.ended.unwrap();
    assert_eq!((report.outcome, report.method), (RunOutcome::Completed, Some(Method::Failover)));
    let path = stage.world.critical_path("shop").unwrap().total().as_secs_f64();
    let ratio = report.rto_from_confirmation_s.unwrap() / path;
    assert!(ratio <= 1.10, "{ratio} of the critical path");
    assert!(report.data_loss_ms.unwrap() > 0.0);

    let state = stage.world.state();
    let pair = &state.pairs[0];
    assert_eq!((pair.resolves_to, pair.writer, pair.dr.serves), (Some(Side::Dr), Some(Side::Dr), true));
    let failovers = stage.changes().into_iter().filter(|change| change == "Rds:FailoverGlobalCluster").count();
    assert_eq!(failovers, 1);
    insta::assert_snapshot!("report", tests::text_of(&stage.hears("is served by").await));
}

#[tokio::test(start_paused = true)]
async fn every_change_was_intended_before_it_was_made_and_only_after_the_approval() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    stage.promotes().await;
    stage.ended().await;

    let records = stage.records().await;
    let approved = records.iter().find(|record| record.event == "gate.decided").unwrap().at;
    let mut intents = records.iter().filter(|record| record.event == "call.intended");
    for call in stage.world.calls().into_iter().filter(|call| call.changing) {
        assert!(call.at >= approved, "{} before the approval", call.operation);
        let intent = intents.any(|intent| intent.data["call"]["operation"] == call.operation && intent.at <= call.at);
        assert!(intent, "{} without an intent", call.operation);
    }
}

#[tokio::test(start_paused = true)]
async fn healthy_primary_is_offered_the_switchover_which_loses_nothing() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    let gate = stage.gate().await;
    let buttons: Vec<_> = gate.buttons().map(|(_, button)| button["action_id"].as_str().unwrap()).collect();
    assert_eq!(buttons, ["approve-switchover", "approve-failover", "refuse", "cancel"]);

    stage.presses(Cast::JONAS, "approve-switchover").await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!((report.outcome, report.data_loss_ms), (RunOutcome::Completed, Some(0.0)));
    assert!(stage.changes().contains(&"Rds:SwitchoverGlobalCluster".to_owned()));
    assert!(!stage.changes().contains(&"Rds:FailoverGlobalCluster".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn status_is_complete_in_three_seconds_with_the_primary_dark() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    let typed = stage.clock.now();
    stage.says(Cast::MAYA, "status").await;
    let answer = stage.hears("shop").await;
    let took = stage.clock.now().duration_since(typed).as_secs_f64();
    assert!(took <= 3.0, "{took} s");
    let Event::StatusAnswered { status, .. } = stage.events("status.answered").await.remove(0) else { panic!() };
    assert!(status.observation.primary.db.why().unwrap().contains(PRIMARY));
    assert!(status.observation.dr.db.known().is_some());
    insta::assert_snapshot!("status_dark", tests::text_of(&answer));
}

#[tokio::test(start_paused = true)]
async fn status_in_steady_state() {
    let stage = Stage::open().await;
    stage.says(Cast::SAM, "status").await;
    insta::assert_snapshot!("status_steady", tests::text_of(&stage.hears("shop").await));
}

#[tokio::test(start_paused = true)]
async fn dry_run_lists_the_exact_calls_and_makes_none() {
    let stage = Stage::open().await;
    stage.says(Cast::SAM, "plan promote").await;
    let plan = stage.hears("Dry run").await;
    insta::assert_snapshot!("plan", tests::text_of(&plan));
    assert!(stage.changes().is_empty());
    assert!(stage.of("run.started").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn restart_in_the_middle_goes_on_where_it_was() {
    let mut stage = Stage::open().await;
    stage.world.inject(dark());
    stage.promotes().await;
    stage.record(|record| record.event == "call.finished" && record.step.as_deref() == Some("database")).await;
    stage.restart().await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!(report.outcome, RunOutcome::Completed);
    let failovers = stage.changes().into_iter().filter(|change| change == "Rds:FailoverGlobalCluster").count();
    assert_eq!(failovers, 1);
    assert_eq!(stage.of("run.resumed").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn buttons_work_after_a_restart_and_once() {
    let mut stage = Stage::open().await;
    stage.world.inject(dark());
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    stage.restart().await;
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(stage.of("gate.decided").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failover_that_aurora_gives_up_pauses_the_run_and_retry_ends_well() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    let fault = stage.world.inject(Fault::PromotionFails { global_cluster: "shop-global".into() });
    stage.promotes().await;
    let paused = stage.record(|record| record.event == "run.paused").await;
    assert!(paused.data["error"].as_str().unwrap().contains("the writer has not moved"), "{}", paused.data);
    stage.world.clear(fault);
    stage.presses(Cast::MAYA, "retry").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn missing_permission_pauses_at_once_and_names_the_action() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    let target = Target::operation(Service::Ecs, "DescribeServices");
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.decided").await;
    let fault = stage.world.inject(Fault::calls(target, Disturbance::access_denied("ecs:DescribeServices")));
    let paused = stage.record(|record| record.event == "run.paused").await;
    assert_eq!(paused.data["failed"], "capacity");
    assert!(paused.data["error"].as_str().unwrap().contains("Allow ecs:DescribeServices"), "{}", paused.data);
    stage.world.clear(fault);
    stage.presses(Cast::JONAS, "retry").await;
    let run = stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(run.steps[&StepId::Capacity].attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn capacity_that_cannot_be_placed_is_said_at_once_and_may_be_skipped() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    stage
        .world
        .inject(Fault::NoCapacity { region: Region::from(DR), reason: "Capacity is unavailable at this time".into() });
    stage.promotes().await;
    let told = stage
        .record(|record| record.event == "step.observed" && record.data.to_string().contains("Capacity is unavailable"))
        .await;
    let began = stage.of("step.started").await.remove(0).at;
    assert!(told.at.duration_since(began).as_secs_f64() < 60.0, "told at {}", told.at);
    stage.record(|record| record.event == "run.paused").await;
    stage.presses(Cast::JONAS, "skip").await;
    let report = stage.ended().await.ended.unwrap();
    assert!(report.remaining.iter().any(|left| left.contains("capacity was skipped")), "{:?}", report.remaining);
}

#[tokio::test(start_paused = true)]
async fn abort_leaves_everything_where_it_is_and_says_where() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    stage.world.inject(Fault::NoCapacity { region: Region::from(DR), reason: "no capacity".into() });
    stage.promotes().await;
    stage.record(|record| record.event == "run.paused").await;
    let before = stage.changes();
    stage.presses(Cast::JONAS, "abort").await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!(report.outcome, RunOutcome::Aborted);
    assert_eq!(stage.changes(), before);
    let told = |text: &str| report.remaining.iter().any(|line| line.contains(text));
    assert!(told("everything is where the steps above left it"));
    assert!(told("us-east-1 serves, and us-west-2 writes → `/dr promote shop` goes on with the move"));
}

#[tokio::test(start_paused = true)]
async fn record_changed_by_somebody_else_is_not_overwritten_unasked() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    stage.promotes().await;
    stage.record(|record| record.event == "step.started" && record.step.as_deref() == Some("listener")).await;
    stage.world.inject(Fault::RecordTaken {
        pair: "shop".into(),
        dns_name: "maintenance.example.net".into(),
        zone: "Z2ELSEWHERE".into(),
    });
    let paused = stage.record(|record| record.event == "run.paused").await;
    assert_eq!(paused.data["failed"], "dns");
    assert!(paused.data["error"].as_str().unwrap().contains("maintenance.example.net"), "{}", paused.data);
    stage.presses(Cast::MAYA, "retry").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn dark_dns_control_plane_delays_that_step_alone() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    stage.promotes().await;
    stage.record(|record| record.event == "gate.decided").await;
    let fault = stage.world.inject(Fault::route53_dark());
    stage.record(|record| record.event == "step.observed" && record.step.as_deref() == Some("dns")).await;
    let run = stage.run("promote-1").await;
    assert!(run.steps[&StepId::Database].state.lets_on() && run.steps[&StepId::Capacity].state.lets_on());
    tokio::time::sleep(Duration::from_secs(120)).await;
    stage.world.clear(fault);
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn who_promoted_by_hand_meanwhile_is_not_undone() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    stage.ended().await;
    // The pair is promoted now; asking again is refused with what to do.
    stage.says(Cast::MAYA, "promote").await;
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert!(failed.data["error"].as_str().unwrap().contains(DR), "{}", failed.data);
}

#[tokio::test(start_paused = true)]
async fn blocked_plan_is_overridden_only_by_name() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    let quota = Target::operation(Service::Kms, "DescribeKey");
    stage.world.inject(Fault::calls(quota, Disturbance::access_denied("kms:DescribeKey")));
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    let opened = stage.of("gate.opened").await.remove(0);
    assert_eq!(opened.data["overrides"], serde_json::json!(["dr-kms-key"]));
    insta::assert_snapshot!("gate_blocked", tests::text_of(&gate));
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["overrides"], serde_json::json!(["dr-kms-key"]));
    let Event::GateDecided { decision, .. } = Event::of(&decided).unwrap() else { panic!() };
    assert_eq!(decision, Decision::Approved { method: Method::Failover });
}
