//! The primary region's stack is applied, by a person and by a build.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Caller, DR, PRIMARY, wait};
use crate::{Fault, Membership, Region, Scenario, Side, TerraformError, TerraformState};

fn variables(secondary: &str, source: Option<&str>) -> BTreeMap<String, String> {
    let secondary = ("is_aurora_secondary".to_owned(), secondary.to_owned());
    source.map(|region| ("aurora_source_region".to_owned(), region.to_owned())).into_iter().chain([secondary]).collect()
}

async fn start_build(caller: &Caller, input: Value) -> Value {
    let (status, body) = caller.json(DR, "codebuild", "StartBuild", input).await;
    assert_eq!(status, 200, "{body}");
    body["build"].clone()
}

async fn build(caller: &Caller, started: &Value) -> Value {
    let (_, body) = caller.json(DR, "codebuild", "BatchGetBuilds", json!({"ids": [started["id"]]})).await;
    body["builds"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn an_apply_makes_the_primary_a_secondary_and_later_restores_its_settings() {
    let caller = Caller::after_deletion().await;
    let apply = |variables| caller.world.apply_terraform("shop", &variables);
    apply(variables("true", Some(DR))).unwrap();
    let state = caller.state();
    assert_eq!((state.terraform, state.primary.membership), (Some(TerraformState::Applying), Membership::Absent));
    assert_eq!(apply(variables("true", Some(DR))), Err(TerraformError::Locked("shop".to_owned())));
    wait(60).await;
    assert_eq!(caller.state().primary.database, "creating");
    wait(700).await;
    let state = caller.state();
    assert_eq!((state.terraform, state.primary.db_instances), (Some(TerraformState::Applied), 2));
    assert_eq!(state.primary.synchronization, "pending-resync", "Terraform does not wait for replication");
    wait(1400).await;
    assert_eq!(caller.state().primary.synchronization, "connected");
    assert_eq!(caller.switch_over(DR, Side::Primary).await.0, 200);
    wait(90).await;
    caller.rds(PRIMARY, "Action=ModifyDBCluster&DBClusterIdentifier=shop-primary&DeletionProtection=false").await;
    apply(variables("false", None)).unwrap();
    wait(60).await;
    let state = caller.state();
    assert_eq!((state.terraform, state.writer), (Some(TerraformState::Applied), Some(Side::Primary)));
    assert!(state.primary.deletion_protection);
}

#[tokio::test(start_paused = true)]
async fn an_apply_that_does_not_fit_is_refused() {
    let caller = Caller::after_detaching_failover().await;
    let refusal = |variables| caller.world.apply_terraform("shop", &variables).unwrap_err().to_string();
    let exists = "creating RDS Cluster (shop-primary): DBClusterAlreadyExistsFault: DB Cluster already exists";
    assert_eq!(refusal(variables("true", Some(DR))), exists);
    let wrong = "invalid value for variable \"aurora_source_region\": expected us-west-2, not us-east-1";
    assert_eq!(refusal(variables("true", Some(PRIMARY))), wrong);
    assert_eq!(refusal(variables("true", None)), "no value for required variable \"aurora_source_region\"");
    assert_eq!(refusal(BTreeMap::new()), "no value for required variable \"is_aurora_secondary\"");
    assert_eq!(caller.state().terraform, None);
    caller.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    assert_eq!(refusal(variables("false", None)), "configuring provider: region us-east-1 does not answer");
    let unknown = caller.world.apply_terraform("nope", &BTreeMap::new());
    assert_eq!(unknown, Err(TerraformError::UnknownApplication("nope".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn an_apply_on_a_connected_secondary_changes_nothing() {
    let caller = Caller::new(Scenario::pair());
    caller.fail_over().await;
    wait(600).await;
    let before = caller.state().primary;
    caller.world.apply_terraform("shop", &variables("true", Some(DR))).unwrap();
    wait(60).await;
    let state = caller.state();
    assert_eq!(state.terraform, Some(TerraformState::Applied));
    assert_eq!((state.primary.db_instances, state.primary.membership), (before.db_instances, before.membership));
}

#[tokio::test(start_paused = true)]
async fn a_build_does_what_the_apply_would() {
    let caller = Caller::after_deletion().await;
    let overrides = json!([
        {"name": "TF_VAR_is_aurora_secondary", "value": "true", "type": "PLAINTEXT"},
        {"name": "TF_VAR_aurora_source_region", "value": DR, "type": "PLAINTEXT"},
    ]);
    let input = json!({
        "projectName": "shop-terraform", "idempotencyToken": "run-1", "environmentVariablesOverride": overrides,
    });
    let started = start_build(&caller, input.clone()).await;
    assert_eq!((&started["buildStatus"], &started["buildNumber"]), (&json!("IN_PROGRESS"), &json!(1)));
    assert_eq!(start_build(&caller, input).await["id"], started["id"], "the same token starts nothing new");
    wait(300).await;
    assert_eq!(build(&caller, &started).await["currentPhase"], "BUILD");
    wait(600).await;
    let done = build(&caller, &started).await;
    assert_eq!((&done["buildStatus"], &done["buildComplete"]), (&json!("SUCCEEDED"), &json!(true)));
    let state = caller.state();
    assert_eq!((state.primary.membership, state.primary.db_instances), (Membership::Member, 2));
}

#[tokio::test(start_paused = true)]
async fn a_build_fails_where_the_apply_does_and_where_it_is_told_to() {
    let caller = Caller::after_detaching_failover().await;
    let refused = start_build(&caller, json!({"projectName": "shop-terraform"})).await;
    wait(60).await;
    let failed = build(&caller, &refused).await;
    assert_eq!(failed["buildStatus"], "FAILED");
    let why = failed["phases"][0]["contexts"][0]["message"].as_str().unwrap();
    assert!(why.contains("DBClusterAlreadyExistsFault"), "{why}");
    let caller = Caller::after_deletion().await;
    caller.world.inject(Fault::BuildFails { pair: "shop".to_owned() });
    let broken = start_build(&caller, json!({"projectName": "shop-terraform"})).await;
    wait(60).await;
    assert_eq!(build(&caller, &broken).await["buildStatus"], "FAILED");
    assert_eq!((caller.state().terraform, caller.state().primary.membership), (None, Membership::Absent));
}

#[tokio::test(start_paused = true)]
async fn builds_and_projects_have_to_exist() {
    let caller = Caller::new(Scenario::pair());
    for (region, project) in [(DR, "nope"), (PRIMARY, "shop-terraform")] {
        let (status, body) = caller.json(region, "codebuild", "StartBuild", json!({"projectName": project})).await;
        assert_eq!((status, &body["__type"]), (400, &json!("ResourceNotFoundException")));
    }
    let (_, body) = caller.json(DR, "codebuild", "BatchGetBuilds", json!({"ids": ["shop-terraform:none"]})).await;
    assert_eq!((&body["builds"], &body["buildsNotFound"]), (&json!([]), &json!(["shop-terraform:none"])));
    assert!(!caller.world.calls().last().unwrap().changing);
}
