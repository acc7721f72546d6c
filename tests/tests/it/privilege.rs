//! Least privilege, proven: what the bot calls in every runbook is what the policies in `deploy/` allow, no less and no more.

mod demand;
mod policy;
mod replica;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use aws_sdk_rds::config::{BehaviorVersion, Credentials};
use bot::{config::Config, rehearse};
use commands::{
    aws::Aws,
    observe::observe,
    plan::RunbookName,
    report::RunOutcome,
    topology::{Duty, SideName},
};
use rehearsal::{
    Attachment, Call, Colour, Deploys, Disturbance, Fault, ImageIs, OldPrimary, Pair, Region, Scenario, Service, Side,
    Target, TaskFailure, World, slack::Settings,
};
use storage::Clock;
use tests::{Cast, Stage, StageBuilder};

use self::{demand::demands, policy::Policies};
use crate::failback::{ended, promoted_on};

const ACCOUNT: &str = "123456789012";

/// A stage whose bot assumes a role for each duty.
fn with_roles() -> StageBuilder {
    let (from, to) = roles();
    Stage::with().replace(&from, &to)
}

/// A line of each region's configuration, and the same with roles.
fn roles() -> (String, String) {
    let role = |duty: Duty| format!("{} = \"arn:aws:iam::{ACCOUNT}:role/{}\"", duty.name(), role(duty));
    let account = format!("account = {ACCOUNT:?}");
    let with_roles = format!("{account}\nroles = {{ {} }}", Duty::ALL.map(role).join(", "));
    (account, with_roles)
}

fn role(duty: Duty) -> String {
    format!("shop-standby-{}", duty.name())
}

#[tokio::test(start_paused = true)]
async fn policies_allow_what_the_runbooks_call_and_nothing_else() {
    let mut calls = planned_and_back().await;
    calls.extend(by_rule_and_back().await);
    calls.extend(lost_and_back(OldPrimary::Rejoins, with_roles()).await);
    calls.extend(lost_and_back(OldPrimary::Detached, with_roles()).await);
    let build = "[applications.shop.failback.codebuild]\nproject = \"shop-terraform\"";
    calls.extend(lost_and_back(OldPrimary::Detached, with_roles().configure(build)).await);
    calls.extend(deleted_by_hand_and_back().await);
    calls.extend(rescued().await);
    calls.extend(checked(Scenario::pair()).await);
    // An image that isn't there is asked about once more.
    let mut pair = Pair::named("shop", 1);
    pair.dr.needs.image = ImageIs::PulledThrough;
    calls.extend(checked(Scenario::of([pair])).await);

    let pair = Pair::named("shop", 1);
    let mut policies = Policies::of(&pair);
    let mut missing = BTreeSet::new();
    for call in &calls {
        // Neither needs a permission of the roles: one is how they are taken, the other is always allowed.
        if ["AssumeRole", "GetCallerIdentity"].contains(&call.operation.as_str()) {
            continue;
        }
        let duty = Duty::ALL.into_iter().find(|&duty| call.caller.contains(&format!("assumed-role/{}/", role(duty))));
        let duty = duty.unwrap_or_else(|| panic!("{} called {}", call.caller, call.operation));
        for demand in demands(call, &pair) {
            if !policies.allow(duty, &demand) {
                missing.insert(format!("{}: {} on {}", duty.name(), demand.action, demand.resource));
            }
        }
    }
    assert!(missing.is_empty(), "not allowed:\n{}", Vec::from_iter(missing).join("\n"));
    let unused = policies.unused();
    assert!(unused.is_empty(), "allowed, and never used:\n{}", unused.join("\n"));
}

#[test]
fn what_destroys_is_allowed_to_the_destructive_role_alone() {
    let policies = Policies::of(&Pair::named("shop", 1));
    let destructive = |action: &str| {
        ["Delete", "Remove", "Modify", "Create", "StartBuild"].iter().any(|verb| action.contains(verb))
            && !["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"].contains(&action)
            && !action.ends_with("ResourceRecordSetProtections")
    };
    assert_eq!(policies.actions(Duty::Read).find(|action| destructive(action)), None);
    assert_eq!(policies.actions(Duty::Promote).find(|action| destructive(action)), None);
    let keeps = |action: &str| action == "rds:CopyDBClusterSnapshot";
    assert!(policies.actions(Duty::Failback).all(|action| destructive(action) || keeps(action)));
    // And to nobody in DR, whose cluster is the one that must not be lost.
    let dr = Pair::named("shop", 1).db_cluster_arn(Side::Dr);
    assert!(!policies.resources(Duty::Failback).any(|resource| policy::matches(resource, &dr)));
}

/// There by switchover, and back to a primary whose listener somebody has put to the idle page meanwhile.
async fn planned_and_back() -> Vec<Call> {
    let mut pair = Pair::named("shop", 1);
    pair.primary.live = Colour::Blue;
    pair.zone_features.protections.push((pair.record.clone(), "A".to_owned(), "owned by legal".to_owned()));
    let stage = with_roles().scenario(Scenario::of([pair])).open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    stage.ended().await;
    stage.says(Cast::MAYA, "failback").await;
    back(&stage).await
}

/// The same with a rule in front of the tasks, a service that ECS deploys blue/green, no value for the quota, and a secret that tasks cannot read
/// at first.
async fn by_rule_and_back() -> Vec<Call> {
    let mut pair = Pair { rule: true, ..Pair::named("shop", 1) };
    pair.primary.live = Colour::Blue;
    pair.services[1].deploys = Deploys::BlueGreen;
    let stage = with_roles().scenario(Scenario::of([pair])).open().await;
    let code = "NoSuchResourceException".to_owned();
    let no_value = Disturbance::Error { status: 400, code, message: "The specified quota does not exist.".to_owned() };
    let quota = Target::operation(Service::ServiceQuotas, "GetServiceQuota");
    stage.world.inject(Fault::next_calls(1, quota, no_value));
    stage.says(Cast::MAYA, "promote a planned move").await;
    let fault = Fault::TasksFail { region: Region::from("us-west-2"), failure: TaskFailure::Secret };
    let fault = stage.world.inject(fault);
    stage.presses(Cast::JONAS, "approve-switchover").await;
    stage
        .record(|record| record.data["detail"].as_str().is_some_and(|detail| detail.contains("unable to pull secrets")))
        .await;
    stage.world.clear(fault);
    stage.ended().await;
    stage.says(Cast::MAYA, "failback").await;
    back(&stage).await
}

/// What `standby check` looks at beside the pair itself.
async fn checked(scenario: Scenario) -> Vec<Call> {
    let world = World::new(scenario.clone());
    let clock = Clock::simulated(scenario.epoch);
    let now = clock.clone();
    let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
    let (from, to) = roles();
    let config = rehearse::toml(&scenario, &workspace).replace(&from, &to);
    let mut config = Config::parse(Path::new("check.toml"), &config).unwrap();
    let app = Arc::new(config.applications.remove("shop").unwrap());
    let aws = Aws::connect(app.clone(), &rehearse::network(&world), clock.clone()).await;
    observe(&aws, &app, &clock).await;
    assert!(aws.has_build_project("shop-terraform").await.unwrap());
    for (side, duty) in
        [SideName::Primary, SideName::Dr].into_iter().flat_map(|side| Duty::ALL.map(|duty| (side, duty)))
    {
        let caller = aws.caller_for(side, duty).await.unwrap();
        assert!(caller.arn.contains(&role(duty)), "{}", caller.arn);
    }
    world.calls()
}

/// There by failover, and back from what became of the old primary.
async fn lost_and_back(fate: OldPrimary, stage: StageBuilder) -> Vec<Call> {
    let stage = promoted_on(stage, fate).await;
    stage.says(Cast::MAYA, "failback").await;
    if fate == OldPrimary::Detached {
        stage.presses(Cast::JONAS, "approve-rebuild").await;
        rebuilt(&stage).await;
    }
    back(&stage).await
}

/// What Aurora saved of the old primary is kept, and it has a proxy.
async fn rescued() -> Vec<Call> {
    let stage = promoted_on(with_roles(), OldPrimary::Rejoins).await;
    let what = Attachment::Proxy("shop-pool".to_owned());
    stage.world.inject(Fault::Attached { db_cluster: "shop-primary".to_owned(), what });
    stage.says(Cast::MAYA, "rescue").await;
    stage.presses(Cast::JONAS, "approve-rescue").await;
    assert_eq!(ended(&stage, RunbookName::Rescue).await.ended.unwrap().outcome, RunOutcome::Completed);
    stage.world.calls()
}

/// The same where somebody has deleted the old primary already.
async fn deleted_by_hand_and_back() -> Vec<Call> {
    let stage = promoted_on(with_roles(), OldPrimary::Detached).await;
    delete_by_hand(&stage).await;
    stage.says(Cast::MAYA, "failback").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    rebuilt(&stage).await;
    let by_hand = |call: &Call| call.service == Service::Rds && call.caller.ends_with(":user/rehearsal");
    back(&stage).await.into_iter().filter(|call| !by_hand(call)).collect()
}

/// Waits for the rebuild to end; applies what is handed over, unless a build does.
async fn rebuilt(stage: &Stage) {
    let next = stage.record(|record| {
        record.event == "handoff.given"
            || record.event == "call.intended" && record.data["call"]["service"] == "codebuild"
    });
    if next.await.event == "handoff.given" {
        let variables = [("is_aurora_secondary", "true"), ("aurora_source_region", "us-west-2")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        stage.world.apply_terraform("shop", &variables).unwrap();
    }
    assert_eq!(ended(stage, RunbookName::Rebuild).await.ended.unwrap().outcome, RunOutcome::Completed);
}

/// Goes back, and returns every call that was made.
async fn back(stage: &Stage) -> Vec<Call> {
    stage.presses(Cast::JONAS, "approve-switchover").await;
    assert_eq!(ended(stage, RunbookName::Failback).await.ended.unwrap().outcome, RunOutcome::Completed);
    stage.world.calls()
}

async fn delete_by_hand(stage: &Stage) {
    let config = aws_sdk_rds::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_sdk_rds::config::Region::new("us-east-1"))
        .credentials_provider(Credentials::new("BYHAND", "not-a-secret", None, None, "hand"))
        .http_client(stage.world.http_client())
        .build();
    let rds = aws_sdk_rds::Client::from_conf(config);
    rds.modify_db_cluster().db_cluster_identifier("shop-primary").deletion_protection(false).send().await.unwrap();
    let found = rds.describe_db_clusters().db_cluster_identifier("shop-primary").send().await.unwrap();
    for member in found.db_clusters()[0].db_cluster_members() {
        rds.delete_db_instance()
            .set_db_instance_identifier(member.db_instance_identifier.clone())
            .send()
            .await
            .unwrap();
    }
    rds.delete_db_cluster().db_cluster_identifier("shop-primary").skip_final_snapshot(true).send().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
}

/// A role that cannot be assumed shows in what it is for, and only there.
#[tokio::test(start_paused = true)]
async fn roles_are_taken_by_duty() {
    let stage = with_roles().open().await;
    let dark = stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.promotes().await;
    stage.ended().await;
    stage.world.clear(dark);
    let calls = stage.world.calls();
    let by = |duty: Duty| calls.iter().filter(move |call| call.caller.contains(&format!("/{}/", role(duty))));
    assert!(by(Duty::Read).all(|call| !call.changing));
    assert!(by(Duty::Promote).any(|call| call.operation == "FailoverGlobalCluster"));
    assert_eq!(by(Duty::Failback).count(), 0);
}
