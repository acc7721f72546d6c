//! Services as whoever deploys them leaves them, tasks that cannot start, and quotas that applications share.

use std::{path::Path, sync::Arc, time::Duration};

use bot::{
    check::{Row, Verdict, check_applications},
    config::Config,
    rehearse,
};
use commands::report::RunOutcome;
use rehearsal::{
    Deploys, Disturbance, Fault, Pair, Region, Scenario, Service, Side, Target, TaskFailure, World, slack::Settings,
};
use storage::Clock;
use tests::{
    Stage,
    sweep::{Crew, Rig, Story},
};

const DR: &str = "us-west-2";

fn deployed(deploys: Deploys) -> Pair {
    let mut pair = Pair::named("shop", 1);
    pair.services[0].deploys = deploys;
    pair
}

/// What `standby check` finds of them, apart from what is as it must be.
async fn open(pairs: Vec<Pair>, prepare: impl FnOnce(&World)) -> Vec<String> {
    let scenario = Scenario::of(pairs);
    let world = World::new(scenario.clone());
    prepare(&world);
    tokio::time::sleep(Duration::from_secs(180)).await;
    let clock = Clock::simulated(scenario.epoch);
    let now = clock.clone();
    let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
    let config = Config::parse(Path::new("controllers.toml"), &rehearse::toml(&scenario, &workspace)).unwrap();
    let rows = check_applications(&config.applications, &rehearse::network(&world), &clock).await;
    let word = |row: &Row| if row.verdict == Verdict::Fail { "fail" } else { "warn" };
    let open = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    open.map(|row| format!("{} {}: {}", word(row), row.what, row.detail)).collect()
}

/// The primary goes dark, and people promote.
async fn promoting(pair: Pair, fault: Option<Fault>) -> Rig {
    let rig = Rig::over(Stage::with().scenario(Scenario::of([pair])).open().await);
    rig.stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    rig.stage.promotes().await;
    rig.stage.record(|record| record.event == "gate.decided").await;
    if let Some(fault) = fault {
        rig.stage.world.inject(fault);
    }
    rig
}

async fn pauses(rig: &Rig) -> String {
    let paused = rig.stage.record(|record| record.event == "run.paused" && record.data["failed"] == "capacity").await;
    paused.data["error"].as_str().unwrap().to_owned()
}

/// What has been said of the capacity step while it was under way.
async fn said(rig: &Rig) -> Vec<String> {
    let records = rig.stage.records().await.into_iter();
    let of =
        |record: &Arc<storage::Record>| record.event == "step.observed" && record.step.as_deref() == Some("capacity");
    records.filter(of).map(|record| record.data["detail"].as_str().unwrap().to_owned()).collect()
}

fn asked(rig: &Rig, operation: &str) -> usize {
    rig.stage.world.calls().iter().filter(|call| call.operation == operation).count()
}

#[tokio::test(start_paused = true)]
async fn whoever_deploys_a_service_it_is_ready_and_goes_there_where_its_tasks_are() {
    for deploys in [Deploys::BlueGreen, Deploys::CodeDeploy, Deploys::External(100)] {
        assert_eq!(open(vec![deployed(deploys)], |_| ()).await, Vec::<String>::new(), "{deploys:?}");
        let mut rig = promoting(deployed(deploys), None).await;
        assert_eq!(rig.stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed, "{deploys:?}");
        rig.settle().await;
        assert!(rig.end().is_served_by(Side::Dr), "{deploys:?}: {:?}", rig.end());
        assert_eq!(rig.violations().await, Vec::<String>::new(), "{deploys:?}");
    }
}

/// The rule that ECS governs is the one that the configuration names: it is right where it is.
#[tokio::test(start_paused = true)]
async fn a_rule_that_ecs_governs_is_left_alone() {
    let pair = Pair { rule: true, ..deployed(Deploys::BlueGreen) };
    let rig = promoting(pair, None).await;
    let run = rig.stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!((asked(&rig, "ModifyRule"), asked(&rig, "ModifyListener")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_rule_of_ours_is_switched_in_place_of_the_default_actions() {
    let rig = promoting(Pair { rule: true, ..Pair::named("shop", 1) }, None).await;
    assert_eq!(rig.stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!((asked(&rig, "ModifyRule"), asked(&rig, "ModifyListener")), (1, 0));
    assert!(rig.stage.world.state().pairs[0].dr.serves);
}

/// Without the permission, tasks are where targets are registered.
#[tokio::test(start_paused = true)]
async fn revisions_that_may_not_be_read_are_not_needed_while_nothing_is_deployed() {
    let rig = Rig::over(Stage::with().scenario(Scenario::of([deployed(Deploys::BlueGreen)])).open().await);
    let target = Target::operation(Service::Ecs, "DescribeServiceRevisions");
    rig.stage.world.inject(Fault::calls(target, Disturbance::access_denied("ecs:DescribeServiceRevisions")));
    rig.stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    rig.stage.promotes().await;
    assert_eq!(rig.stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_task_set_that_runs_half_of_the_tasks_blocks() {
    let open = open(vec![deployed(Deploys::External(50))], |_| ()).await;
    assert_eq!(open, ["fail shop task-set-web: the primary task set of web is scaled to 50%: of 4 tasks it runs 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_blocks_with_its_reason_and_a_stuck_one_warns() {
    let failed = open(vec![Pair::named("shop", 1)], |world| {
        world.inject(Fault::DeploymentFailed { region: Region::from(DR) });
    })
    .await;
    let of_web = failed.iter().find(|row| row.contains("rollout-web")).unwrap();
    assert_eq!(
        of_web,
        "fail shop rollout-web: the current deployment of web failed, 3 tasks failed: ECS deployment circuit breaker: tasks failed to start."
    );
    let stuck = open(vec![Pair::named("shop", 1)], |world| {
        world.inject(Fault::DeploymentStuck { region: Region::from(DR) });
    })
    .await;
    assert!(stuck.iter().all(|row| row.starts_with("warn ")), "{stuck:#?}");
    assert!(
        stuck.contains(&"warn shop rollout-web: the current deployment of web is failing, 3 tasks failed".to_owned()),
        "{stuck:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stuck_deployment_is_waited_for_and_named() {
    let rig = promoting(Pair::named("shop", 1), Some(Fault::DeploymentStuck { region: Region::from(DR) })).await;
    assert!(pauses(&rig).await.contains("web: a deployment is in flight"));
    rig.stage.world.clear_all();
    Crew::of(Story::DarkPrimary).see_to_the_end(&rig.stage).await.unwrap();
    rig.settle().await;
    assert!(rig.end().is_served_by(Side::Dr), "{:?}", rig.end());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_ecs_may_not_assume_is_told_as_soon_as_it_is_seen_and_once() {
    let fault = Fault::TasksFail { region: Region::from(DR), failure: TaskFailure::Role };
    let rig = promoting(Pair::named("shop", 1), Some(fault)).await;
    let error = pauses(&rig).await;
    assert!(error.contains("unable to assume the role 'arn:aws:iam::123456789012:role/web-task'"), "{error}");
    let said = said(&rig).await;
    let first = said.iter().position(|detail| detail.contains("role/web-task")).unwrap();
    assert!(first <= 2, "{said:#?}");
    assert!(said.len() <= 8, "what does not change is told once: {said:#?}");
}

/// The service's events say nothing yet: the stopped tasks do.
#[tokio::test(start_paused = true)]
async fn a_secret_that_cannot_be_read_is_found_at_the_stopped_tasks() {
    let fault = Fault::TasksFail { region: Region::from(DR), failure: TaskFailure::Secret };
    let rig = promoting(Pair::named("shop", 1), Some(fault)).await;
    rig.stage
        .record(|record| {
            record.event == "step.observed"
                && record.data["detail"].as_str().is_some_and(|it| it.contains("unable to pull secrets"))
        })
        .await;
    assert!(asked(&rig, "ListTasks") <= 60, "asked now and then");
}

#[tokio::test(start_paused = true)]
async fn nobody_calls_tasks_healthy_that_no_target_group_shows() {
    let mut pair = Pair::named("shop", 1);
    pair.services.retain(|service| !service.balanced || service.name == "web");
    let rig = promoting(pair, None).await;
    rig.stage.ended().await;
    let done =
        rig.stage.record(|record| record.event == "step.done" && record.step.as_deref() == Some("capacity")).await;
    let detail = done.data["detail"].as_str().unwrap();
    assert_eq!(detail, "web 4/4, worker 3/3 tasks running and healthy, as far as target groups show: worker has none");
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_that_of_the_provider_and_of_all_applications_together() {
    let with = |on_demand, spot, on_spot: bool| {
        let mut pair = Pair::named("shop", 1);
        (pair.dr.vcpu_quota, pair.dr.spot_quota) = (on_demand, spot);
        pair.services.iter_mut().for_each(|service| service.spot = on_spot);
        pair
    };
    assert_eq!(open(vec![with(1.0, 100.0, true)], |_| ()).await, Vec::<String>::new());
    let short = open(vec![with(100.0, 1.0, true)], |_| ()).await;
    assert_eq!(
        short,
        ["fail shop vcpu-quota-spot: production needs 13 vCPU of the 1 that Fargate Spot grants in us-west-2"]
    );

    // Each alone fits.
    assert_eq!(open(vec![with(20.0, 0.0, false)], |_| ()).await, Vec::<String>::new());
    let both = open(vec![with(20.0, 0.0, false), Pair::named("billing", 2)], |_| ()).await;
    assert_eq!(both.len(), 2, "{both:#?}");
    assert!(
        both[1].starts_with("warn shop vcpu-quota: production needs 13 vCPU of the 20 that Fargate On-Demand grants"),
        "{both:#?}"
    );
    assert!(both[1].ends_with("and 26 with the other applications (billing 13)"), "{both:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_without_a_value_is_told_and_does_not_block() {
    let no_value = |world: &World| {
        let target = Target::operation(Service::ServiceQuotas, "GetServiceQuota");
        let message = "The request failed because the specified quota does not exist.".to_owned();
        let error = Disturbance::Error { status: 400, code: "NoSuchResourceException".to_owned(), message };
        world.inject(Fault::calls(target, error));
    };
    let open = open(vec![Pair::named("shop", 1)], no_value).await;
    assert!(open.iter().all(|row| row.starts_with("warn ")), "{open:#?}");
    assert!(
        open.iter().any(|row| row.contains("AWS's default is 6, and what this account has is not known")),
        "{open:#?}"
    );
}
