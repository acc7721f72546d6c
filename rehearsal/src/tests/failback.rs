//! What becomes of the old primary, and the way back.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Caller, DR, PRIMARY, wait};
use crate::{Fault, Membership, OldPrimary, Region, Scenario, Side};

/// Milliseconds of lag that the primary region's CloudWatch tells of its secondary, oldest first.
async fn lag_in_primary(caller: &Caller) -> Vec<f64> {
    let metric = json!({
        "Namespace": "AWS/RDS", "MetricName": "AuroraGlobalDBRPOLag",
        "Dimensions": [
            {"Name": "DBClusterIdentifier", "Value": "shop-primary"}, {"Name": "SourceRegion", "Value": DR},
        ],
    });
    let input = json!({
        "StartTime": Scenario::pair().epoch.as_second(), "EndTime": caller.world.now().as_second(),
        "ScanBy": "TimestampAscending",
        "MetricDataQueries": [{"Id": "lag", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}],
    });
    let (_, body) = caller.json(PRIMARY, "monitoring", "GetMetricData", input).await;
    body["MetricDataResults"][0]["Values"].as_array().unwrap().iter().filter_map(Value::as_f64).collect()
}

#[tokio::test(start_paused = true)]
async fn a_detached_old_primary_stands_alone_and_takes_writes() {
    let caller = Caller::after_detaching_failover().await;
    let state = caller.state();
    assert_eq!((state.writer, state.primary.membership), (Some(Side::Dr), Membership::Detached));
    assert_eq!((state.primary.database.as_str(), state.primary.db_instances), ("available", 2));
    assert!(state.primary.serves, "stale data is served, and what is written there is lost");
    let global = caller.rds(DR, "Action=DescribeGlobalClusters").await;
    assert!(!global.contains("shop-primary"), "{global}");
    let here = caller.rds(PRIMARY, "Action=DescribeGlobalClusters").await;
    assert!(here.contains("shop-global") && !here.contains("shop-primary"), "{here}");
    let alone = caller.rds(PRIMARY, "Action=DescribeDBClusters&DBClusterIdentifier=shop-primary").await;
    assert!(alone.contains("<IsClusterWriter>true<") && !alone.contains("GlobalClusterIdentifier"), "{alone}");
    assert!(state.primary.snapshots.is_empty());
    // What was at stake is still told by the new writer's region.
    let metrics = json!({"Namespace": "AWS/RDS", "MetricName": "AuroraGlobalDBRPOLag"});
    let (_, body) = caller.json(DR, "monitoring", "ListMetrics", metrics).await;
    assert_eq!(body["Metrics"][0]["Dimensions"][1], json!({"Name": "SourceRegion", "Value": PRIMARY}));
}

#[tokio::test(start_paused = true)]
async fn the_fate_of_the_old_primary_waits_for_its_region() {
    let mut scenario = Scenario::pair();
    scenario.pairs[0].old_primary = OldPrimary::Detached;
    let caller = Caller::new(scenario);
    let dark = caller.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    caller.fail_over().await;
    wait(600).await;
    let primary = caller.state().primary;
    assert_eq!((primary.membership, primary.synchronization.as_str()), (Membership::Member, "pending-resync"));
    caller.world.clear(dark);
    assert_eq!(caller.state().primary.membership, Membership::Detached);
}

#[tokio::test(start_paused = true)]
async fn aurora_attempts_a_snapshot_before_an_old_primary_rejoins() {
    for fails in [false, true] {
        let caller = Caller::new(Scenario::pair());
        if fails {
            caller.world.inject(Fault::SnapshotsFail { db_cluster: "shop-primary".to_owned() });
        }
        caller.fail_over().await;
        wait(150).await;
        let snapshots = || caller.state().primary.snapshots;
        assert_eq!(snapshots().len(), usize::from(!fails));
        wait(200).await;
        for snapshot in snapshots() {
            assert_eq!(snapshot.id, "rds:unplanned-global-failover-shop-primary-2026-11-23-09-01");
            assert_eq!((snapshot.status.as_str(), snapshot.automated), ("available", true));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_secondary_that_catches_up_is_far_behind_at_first() {
    let caller = Caller::new(Scenario::pair());
    caller.fail_over().await;
    wait(900).await;
    let lag = lag_in_primary(&caller).await;
    assert!(lag[0] > 60_000.0 && lag[1] < lag[0] - 50_000.0, "{lag:?}");
    assert!(lag.len() >= 10 && lag[6..].iter().all(|lag| *lag < 900.0), "{lag:?}");
}

#[tokio::test(start_paused = true)]
async fn a_secondary_that_is_cut_off_starts_over() {
    let caller = Caller::new(Scenario::pair());
    caller.fail_over().await;
    wait(200).await;
    let dark = caller.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    wait(30).await;
    caller.world.clear(dark);
    wait(200).await;
    assert_eq!(caller.state().primary.synchronization, "pending-resync", "the first attempt would be over by now");
    wait(100).await;
    assert_eq!(caller.state().primary.synchronization, "connected");
    assert_eq!(caller.state().primary.snapshots.len(), 1, "it is saved once");
}

#[tokio::test(start_paused = true)]
async fn the_writer_switches_back_and_capacity_grows_from_nothing() {
    let caller = Caller::new(Scenario::pair());
    caller.fail_over().await;
    for service in &caller.pair.services {
        caller.set_minimum_in(PRIMARY, &service.name, 0).await;
        let none = json!({"cluster": "shop", "service": service.name, "desiredCount": 0});
        caller.json(PRIMARY, "ecs", "UpdateService", none).await;
    }
    let (status, text) = caller.switch_over(DR, Side::Primary).await;
    assert!(status == 400 && text.contains("InvalidGlobalClusterStateFault"), "{text}");
    wait(500).await;
    assert!(caller.state().primary.services.iter().all(|service| service.running == 0));
    for service in &caller.pair.services {
        assert_eq!(caller.set_minimum_in(PRIMARY, &service.name, service.min).await.0, 200);
    }
    let (status, text) = caller.switch_over(PRIMARY, Side::Primary).await;
    assert!(status == 400 && text.contains(DR), "called in the wrong region: {text}");
    assert_eq!(caller.switch_over(DR, Side::Primary).await.0, 200);
    wait(240).await;
    let state = caller.state();
    assert_eq!((state.writer, state.failover), (Some(Side::Primary), None));
    assert_eq!(state.dr.synchronization, "connected");
    assert!(state.dr.lag_ms.is_some_and(|lag| lag < 900.0));
    let healthy: Vec<usize> = state.primary.services.iter().map(|service| service.healthy).collect();
    assert_eq!(healthy, [4, 6, 3]);
    assert!(state.primary.serves && !state.dr.serves);
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), caller.visit()).await.unwrap(), (200, PRIMARY.to_owned()));
}
