//! The region that serves lost its tasks: who says so, and who brings them back.

use std::time::Duration;

use bot::terminal::Ask;
use commands::{
    journal::{Event, Refusal},
    plan::RunbookName,
    report::RunOutcome,
};
use rehearsal::{Fault, FaultId, Region, ServiceState, Side};
use tests::{Cast, Stage};

use crate::failback::ended;

const PRIMARY: &str = "us-east-1";
const DR: &str = "us-west-2";

/// A pipeline takes every task of that region, and its minimum.
async fn scaled_to_zero(stage: &Stage, side: Side) {
    stage.world.inject(Fault::ScaledToZero { pair: "shop".into(), side });
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(services(stage, side).iter().all(|service| service.running == 0));
}

fn dark(stage: &Stage, region: &str) -> FaultId {
    stage.world.inject(Fault::RegionDark(Region::from(region)))
}

fn services(stage: &Stage, side: Side) -> Vec<ServiceState> {
    let pair = stage.world.state().pairs.remove(0);
    match side {
        Side::Primary => pair.primary.services,
        Side::Dr => pair.dr.services,
    }
}

/// Whether the region has its production capacity.
fn whole(stage: &Stage, side: Side) -> bool {
    let wanted = stage.world.pairs().remove(0).services;
    services(stage, side).iter().zip(wanted).all(|(service, wanted)| {
        service.healthy >= wanted.desired as usize && service.min >= wanted.min && service.desired >= wanted.desired
    })
}

#[tokio::test(start_paused = true)]
async fn region_that_serves_without_tasks_is_flagged_restored_and_then_there_is_nothing_to_restore() {
    let stage = Stage::open().await;
    scaled_to_zero(&stage, Side::Primary).await;

    stage.says(Cast::MAYA, "status").await;
    let status = tests::text_of(&stage.hears("below capacity").await);
    insta::assert_snapshot!("status_at_zero", status);
    assert!(!status.contains("steady") && !status.contains("✅ 0"), "{status}");

    stage.says(Cast::SAM, "plan restore").await;
    insta::assert_snapshot!("plan_restore", tests::text_of(&stage.hears("Dry run").await));
    assert!(stage.changes().is_empty());

    stage.says(Cast::MAYA, "restore the pipeline took it down").await;
    insta::assert_snapshot!("gate_restore", tests::text_of(&stage.gate().await));
    // Who only looks may not, and neither may who asked.
    stage.presses(Cast::SAM, "approve-restore").await;
    stage.presses(Cast::MAYA, "approve-restore").await;
    stage.is_told(Cast::MAYA, "somebody else has to confirm").await;
    let refusals = stage.events("command.refused").await.into_iter().map(|event| match event {
        Event::CommandRefused { reason, .. } => reason,
        other => panic!("{other:?}"),
    });
    assert_eq!(refusals.collect::<Vec<_>>(), [Refusal::NotAllowed, Refusal::OwnRequest]);
    assert!(stage.changes().is_empty());

    stage.presses(Cast::JONAS, "approve-restore").await;
    let run = ended(&stage, RunbookName::Restore).await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(whole(&stage, Side::Primary));
    let capacity = ["ApplicationAutoScaling:RegisterScalableTarget", "Ecs:UpdateService"];
    assert!(stage.changes().iter().all(|change| capacity.contains(&change.as_str())), "{:?}", stage.changes());
    insta::assert_snapshot!("report_restore", tests::text_of(&stage.hears("has its configured capacity").await));

    stage.says(Cast::MAYA, "restore").await;
    stage.hears("there is nothing to restore").await;
    assert_eq!(stage.of("run.started").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn primary_is_restored_with_dr_dark_but_for_the_record() {
    let stage = Stage::open().await;
    scaled_to_zero(&stage, Side::Primary).await;
    dark(&stage, DR);
    stage.says(Cast::MAYA, "restore").await;
    stage.presses(Cast::JONAS, "approve-restore").await;
    assert_eq!(ended(&stage, RunbookName::Restore).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(whole(&stage, Side::Primary));
}

#[tokio::test(start_paused = true)]
async fn dr_is_restored_where_it_serves_with_the_primary_dark() {
    let stage = Stage::open().await;
    dark(&stage, PRIMARY);
    stage.promotes().await;
    stage.ended().await;
    scaled_to_zero(&stage, Side::Dr).await;
    let before = stage.changes().len();

    stage.says(Cast::MAYA, "status").await;
    stage.hears("promoted, below capacity — us-west-2 is active but answers 503").await;
    stage.says(Cast::MAYA, "restore").await;
    stage.presses(Cast::JONAS, "approve-restore").await;
    let run = ended(&stage, RunbookName::Restore).await;
    assert_eq!((run.plan.to.as_str(), run.ended.unwrap().outcome), (DR, RunOutcome::Completed));
    assert!(whole(&stage, Side::Dr));
    let moved = |change: &String| change.starts_with("Rds:") || change.starts_with("Route53:");
    assert!(!stage.changes()[before..].iter().any(moved), "{:?}", stage.changes());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_while_it_is_unknown_who_serves_or_what_is_there() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "restore").await;
    stage.hears("us-east-1 serves with its configured capacity: there is nothing to restore").await;
    let gone = dark(&stage, PRIMARY);
    stage.says(Cast::MAYA, "restore").await;
    stage.hears("whether anything is missing is unknown").await;
    stage.world.clear(gone);
    let elsewhere = ("maintenance.example.net".to_owned(), "Z2ELSEWHERE".to_owned());
    stage.world.inject(Fault::RecordTaken { pair: "shop".into(), dns_name: elsewhere.0, zone: elsewhere.1 });
    tokio::time::sleep(Duration::from_secs(120)).await;
    stage.says(Cast::MAYA, "restore").await;
    stage.hears("which region serves is unknown").await;
    assert!(stage.of("run.started").await.is_empty() && stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn restart_in_the_middle_goes_on_where_it_was() {
    let mut stage = Stage::open().await;
    scaled_to_zero(&stage, Side::Primary).await;
    stage.says(Cast::MAYA, "restore").await;
    stage.presses(Cast::JONAS, "approve-restore").await;
    stage.record(|record| record.event == "call.finished").await;
    stage.crash().await;
    stage.start().await;
    assert_eq!(ended(&stage, RunbookName::Restore).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(whole(&stage, Side::Primary));
    assert_eq!(stage.of("run.resumed").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn terminal_restores_and_plans_it() {
    let terminal = format!("viewers = [\"*\"]\nrequester_may_approve = true\nterminal = {{ maya = {:?} }}", Cast::MAYA);
    let stage = Stage::with().replace("viewers = [\"*\"]", &terminal).open().await;
    scaled_to_zero(&stage, Side::Primary).await;
    let mut plan = stage.terminal("maya", Ask::Command("plan restore".to_owned()));
    plan.sees("RegisterScalableTarget").await;
    assert!(plan.ends().await);
    let mut restore = stage.terminal("maya", Ask::Command("restore".to_owned()));
    restore.sees("Type exactly `restore us-east-1`").await;
    restore.types("restore us-east-1").await;
    restore.sees("has its configured capacity in us-east-1").await;
    assert!(restore.ends().await);
    assert!(whole(&stage, Side::Primary));
}

#[tokio::test(start_paused = true)]
async fn run_that_ends_tells_what_the_region_that_serves_lacks() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    let gate = stage.gate().await;
    scaled_to_zero(&stage, Side::Primary).await;
    stage.presses_in(&gate, Cast::MAYA, "cancel").await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!(report.outcome, RunOutcome::NotApproved);
    let lacks = |line: &String| line.starts_with("web in us-east-1, which serves: 0 of 4 tasks running");
    assert!(report.remaining.iter().any(|line| lacks(line) && line.ends_with("`/dr restore shop`")), "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn run_that_was_aborted_tells_how_each_accepted_call_is_put_back() {
    let stage = Stage::open().await;
    dark(&stage, PRIMARY);
    stage.world.inject(Fault::NoCapacity { region: Region::from(DR), reason: "Capacity is unavailable".into() });
    stage.promotes().await;
    stage.record(|record| record.event == "run.paused").await;
    stage.presses(Cast::JONAS, "abort").await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!(report.outcome, RunOutcome::Aborted);
    insta::assert_snapshot!("aborted_remaining", report.remaining.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn end_of_a_run_waits_for_no_dark_region() {
    let stage = Stage::open().await;
    dark(&stage, PRIMARY);
    stage.promotes().await;
    stage.ended().await;
    let records = stage.records().await;
    let at = |event: &str| records.iter().find(|record| record.event == event).unwrap().at;
    // The fence, which is best effort, gives up last.
    let over = |event: &str| matches!(event, "step.done" | "step.failed");
    let last = records.iter().rfind(|record| over(&record.event)).unwrap().at;
    let took = at("run.ended").duration_since(last).as_secs_f64();
    assert!(took <= 2.5, "{took} s");
    assert!(at("run.compared") <= at("run.ended"));
}
