//! A rebuild that CodeBuild applies instead of people.

use commands::{plan::RunbookName, report::RunOutcome};
use rehearsal::{Disturbance, Fault, OldPrimary, Service, Target};
use storage::Record;
use tests::{Cast, Stage};

use super::failback::{ended, promoted_on};

const PROJECT: &str = "[applications.shop.failback.codebuild]\nproject = \"shop-terraform\"";

/// A detached primary, and a project that rebuilds it.
async fn promoted() -> Stage {
    promoted_on(Stage::with().configure(PROJECT), OldPrimary::Detached).await
}

fn start_build() -> Target {
    Target::operation(Service::CodeBuild, "StartBuild")
}

/// Maya asks for the way back, and Jonas confirms the deletion.
async fn rebuilds(stage: &Stage) {
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
}

fn of_build(event: &str) -> impl FnMut(&Record) -> bool {
    move |record| record.event == event && record.step.as_deref() == Some("rebuild")
}

/// Builds that were begun: calls with one token are one build.
async fn builds(stage: &Stage) -> Vec<String> {
    let finished =
        stage.of("call.finished").await.into_iter().filter(|record| record.step.as_deref() == Some("rebuild"));
    let mut ids: Vec<String> =
        finished.filter_map(|record| Some(record.data["outcome"]["reference"].as_str()?.to_owned())).collect();
    ids.dedup();
    ids
}

#[tokio::test(start_paused = true)]
async fn build_applies_terraform_and_is_followed() {
    let stage = promoted().await;
    rebuilds(&stage).await;
    let intended = stage.record(of_build("call.intended")).await;
    insta::assert_json_snapshot!("start_build", intended.data["call"], { ".params.idempotencyToken" => "…" });
    let log = stage
        .record(|record| record.data["detail"].as_str().is_some_and(|detail| detail.contains("is in BUILD")))
        .await;
    assert!(log.data["detail"].as_str().unwrap().contains("; log: https://"), "{}", log.data);
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(stage.of("handoff.given").await.is_empty());
    assert_eq!(builds(&stage).await.len(), 1);
    stage.presses(Cast::JONAS, "approve-switchover").await;
    assert_eq!(ended(&stage, RunbookName::Failback).await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn build_that_fails_pauses_the_run_and_retry_starts_another() {
    let stage = promoted().await;
    let fault = stage.world.inject(Fault::BuildFails { pair: "shop".into() });
    rebuilds(&stage).await;
    let failed = stage.record(of_build("step.failed")).await;
    let error = failed.data["error"].as_str().unwrap();
    assert!(error.contains("FAILED; BUILD: terraform init: exit status 1"), "{error}");
    assert!(error.ends_with("retry starts another"), "{error}");
    stage.world.clear(fault);
    stage.presses(Cast::MAYA, "retry").await;
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(builds(&stage).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn answer_that_is_lost_starts_no_second_build() {
    let stage = promoted().await;
    stage.world.inject(Fault::next_calls(1, start_build(), Disturbance::EffectThenReset));
    rebuilds(&stage).await;
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(stage.world.state().pairs[0].builds, 1);
}

#[tokio::test(start_paused = true)]
async fn program_that_dies_between_intent_and_answer_starts_no_second_build() {
    let mut stage = promoted().await;
    stage.world.inject(Fault::next_calls(1, start_build(), Disturbance::EffectThenHang));
    rebuilds(&stage).await;
    stage.record(of_build("call.intended")).await;
    stage.crash().await;
    stage.start().await;
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(stage.world.state().pairs[0].builds, 1);
}

#[tokio::test(start_paused = true)]
async fn build_that_may_have_been_started_long_ago_is_for_people_to_look_at() {
    let mut stage = promoted().await;
    stage.world.inject(Fault::next_calls(1, start_build(), Disturbance::Hang));
    rebuilds(&stage).await;
    stage.record(of_build("call.intended")).await;
    stage.crash().await;
    tokio::time::sleep(std::time::Duration::from_secs(400)).await;
    stage.start().await;
    let failed = stage.record(of_build("step.failed")).await;
    assert!(failed.data["error"].as_str().unwrap().contains("look at the project's builds"), "{}", failed.data);
    stage.presses(Cast::MAYA, "retry").await;
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(stage.world.state().pairs[0].builds, 1);
}

#[tokio::test(start_paused = true)]
async fn project_that_is_not_there_is_named() {
    let stage =
        promoted_on(Stage::with().configure(&PROJECT.replace("shop-terraform", "shop-teraform")), OldPrimary::Detached)
            .await;
    rebuilds(&stage).await;
    let failed = stage.record(of_build("step.failed")).await;
    let error = failed.data["error"].as_str().unwrap();
    assert!(error.contains("codebuild StartBuild in us-west-2") && error.contains("shop-teraform"), "{error}");
}

/// Whether builds can be read is nothing that the database depends on.
#[tokio::test(start_paused = true)]
async fn build_that_cannot_be_read_is_told_and_the_database_decides() {
    let stage = promoted().await;
    let reads = Target::operation(Service::CodeBuild, "BatchGetBuilds");
    stage.world.inject(Fault::calls(reads, Disturbance::access_denied("codebuild:BatchGetBuilds")));
    rebuilds(&stage).await;
    let told = stage
        .record(|record| record.data["detail"].as_str().is_some_and(|detail| detail.contains("cannot be read")))
        .await;
    let detail = told.data["detail"].as_str().unwrap();
    assert!(
        detail.contains("there is no shop-primary in us-east-1 yet") && detail.contains("AccessDenied"),
        "{detail}"
    );
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(stage.of("run.paused").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn build_that_failed_does_not_matter_where_somebody_finished_by_hand() {
    let stage = promoted().await;
    stage.world.inject(Fault::BuildFails { pair: "shop".into() });
    rebuilds(&stage).await;
    stage.record(of_build("step.failed")).await;
    let variables = [("is_aurora_secondary", "true"), ("aurora_source_region", "us-west-2")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    stage.world.apply_terraform("shop", &variables.into()).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(900)).await;
    stage.presses(Cast::MAYA, "retry").await;
    assert_eq!(ended(&stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(builds(&stage).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn abort_names_the_build_that_it_leaves_running() {
    let stage = promoted().await;
    stage.world.inject(Fault::BuildFails { pair: "shop".into() });
    rebuilds(&stage).await;
    stage.record(of_build("step.failed")).await;
    stage.presses(Cast::MAYA, "abort").await;
    let report = ended(&stage, RunbookName::Rebuild).await.ended.unwrap();
    let left = report.remaining.join("\n");
    assert!(
        left.contains("aws codebuild stop-build --id shop-terraform:") && left.contains("--region us-west-2"),
        "{left}"
    );
    assert!(left.contains("go on with `/dr failback shop`"), "{left}");
}
