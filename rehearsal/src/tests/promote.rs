//! The writer moves, capacity grows, traffic follows.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{Caller, DR, PRIMARY, wait};
use crate::{Fault, Region, Scenario, ScheduledChange, Side};

/// Promotes with the primary dark; gives the time until the public name answers from DR.
async fn promote(caller: &Caller) -> Duration {
    caller.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    let begun = Instant::now();
    assert_eq!(caller.fail_over().await.0, 200);
    for service in &caller.pair.services {
        assert_eq!(caller.set_minimum(&service.name, service.min).await.0, 200);
    }
    let ready = || {
        let state = caller.world.state().pairs.remove(0);
        let full =
            state.dr.services.iter().zip(&caller.pair.services).all(|(now, goal)| now.healthy == goal.desired as usize);
        full && state.failover.is_none() && state.writer == Some(Side::Dr)
    };
    while !ready() {
        wait(1).await;
    }
    assert_eq!(caller.point_listener_to_green().await.0, 200);
    assert_eq!(caller.swap_record(Side::Primary, Side::Dr).await.0, 200);
    while caller.world.state().pairs[0].resolves_to != Some(Side::Dr) {
        wait(1).await;
    }
    while tokio::time::timeout(Duration::from_secs(1), caller.visit()).await.is_err() {}
    assert_eq!(caller.visit().await, (200, DR.to_owned()));
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_promote_takes_its_critical_path() {
    let caller = Caller::new(Scenario::pair());
    assert_eq!(caller.visit().await, (200, PRIMARY.to_owned()));
    let path = caller.world.critical_path("shop").unwrap();
    // More by API calls, the seconds between two looks, and at most a TTL that a resolver goes on with the old answer.
    let took = promote(&caller).await;
    assert!(took > path.total(), "{took:?} is impossible with {path:?}");
    assert!(took < path.total() + Duration::from_secs(65), "{took:?} is slow with {path:?}");
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_a_run_exactly() {
    let run = async |seed| {
        let caller = Caller::new(Scenario { seed, ..Scenario::pair() });
        let took = promote(&caller).await;
        (took, caller.world.calls(), caller.world.state())
    };
    let (first, again, other) = (run(7).await, run(7).await, run(8).await);
    assert_eq!(first, again);
    assert_ne!(first.0, other.0);
}

#[tokio::test(start_paused = true)]
async fn a_failover_goes_through_its_states() {
    let caller = Caller::new(Scenario::pair());
    caller.fail_over().await;
    assert_eq!(caller.world.state().pairs[0].failover.as_deref(), Some("pending"));
    let (status, text) = caller.fail_over().await;
    assert!(status == 400 && text.contains("<Code>InvalidGlobalClusterStateFault</Code>"), "{text}");
    wait(20).await;
    assert_eq!(caller.world.state().pairs[0].dr.database, "failing-over");
    assert_eq!(caller.world.state().pairs[0].writer, Some(Side::Primary));
    assert_eq!(caller.visit().await, (503, PRIMARY.to_owned()), "writes are blocked there by now");
    wait(100).await;
    let state = caller.world.state().pairs.remove(0);
    assert_eq!((state.writer, state.failover, state.dr.database.as_str()), (Some(Side::Dr), None, "available"));
    assert_eq!(state.primary.synchronization, "pending-resync");
    let (_, events) = caller.query(DR, "rds", "Action=DescribeEvents").await;
    assert!(events.contains("Global failover to DB cluster shop-dr in Region us-west-2 completed."), "{events}");
    assert!(
        events.contains("Attempt to block writes for DB cluster shop-primary in Region us-east-1 succeeded."),
        "{events}"
    );
    wait(300).await;
    assert_eq!(caller.world.state().pairs[0].primary.synchronization, "connected");
}

#[tokio::test(start_paused = true)]
async fn the_old_primary_catches_up_when_its_region_is_back() {
    let caller = Caller::new(Scenario::pair());
    let dark = caller.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    caller.fail_over().await;
    wait(3600).await;
    assert_eq!(caller.world.state().pairs[0].primary.synchronization, "pending-resync");
    let (_, events) = caller.query(DR, "rds", "Action=DescribeEvents&Duration=120").await;
    assert!(events.contains("shop-primary in Region us-east-1 timed out."), "{events}");
    caller.world.clear(dark);
    wait(300).await;
    let primary = caller.world.state().pairs.remove(0).primary;
    assert_eq!(primary.synchronization, "connected");
    assert_eq!(primary.lag_ms.map(|lag| (120.0..900.0).contains(&lag)), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_promotion_can_fail_and_be_tried_again() {
    let caller = Caller::new(Scenario::pair());
    let fault = caller.world.inject(Fault::PromotionFails { global_cluster: "shop-global".to_owned() });
    caller.fail_over().await;
    wait(120).await;
    let state = caller.world.state().pairs.remove(0);
    assert_eq!((state.writer, state.failover), (Some(Side::Primary), None));
    let (_, events) = caller.query(DR, "rds", "Action=DescribeEvents").await;
    assert!(events.contains("Global failover to DB cluster shop-dr in Region us-west-2 failed."), "{events}");
    caller.world.clear(fault);
    caller.fail_over().await;
    wait(120).await;
    assert_eq!(caller.world.state().pairs[0].writer, Some(Side::Dr));
}

#[tokio::test(start_paused = true)]
async fn a_switchover_keeps_both_members_connected() {
    let caller = Caller::new(Scenario::pair());
    let target = caller.pair.db_cluster_arn(Side::Dr);
    let form = format!(
        "Action=SwitchoverGlobalCluster&GlobalClusterIdentifier=shop-global&TargetDbClusterIdentifier={target}"
    );
    let (status, text) = caller.query(DR, "rds", &form).await;
    assert!(status == 400 && text.contains("us-east-1"), "called in the wrong region: {text}");
    assert_eq!(caller.query(PRIMARY, "rds", &form).await.0, 200);
    wait(90).await;
    let state = caller.world.state().pairs.remove(0);
    assert_eq!((state.writer, state.primary.synchronization.as_str()), (Some(Side::Dr), "connected"));
}

#[tokio::test(start_paused = true)]
async fn capacity_follows_the_minimum_task_by_task() {
    let caller = Caller::new(Scenario::pair());
    caller.set_minimum("api", 6).await;
    let api = || caller.world.state().pairs[0].dr.services[1].clone();
    assert_eq!((api().desired, api().running, api().pending, api().min, api().max), (6, 1, 0, 6, 12));
    wait(7).await;
    assert_eq!((api().running, api().pending), (1, 5));
    wait(50).await;
    assert_eq!((api().running, api().pending), (6, 0));
    assert!(api().healthy < 6);
    wait(25).await;
    assert_eq!(api().healthy, 6);
    // Down again: the minimum holds the capacity until it is lowered itself.
    caller.set_minimum("api", 1).await;
    assert_eq!(api().desired, 6);
    let down = json!({"cluster": "shop", "service": "api", "desiredCount": 1});
    caller.json(DR, "ecs", "UpdateService", down).await;
    wait(15).await;
    assert_eq!((api().running, api().healthy), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_action_undoes_a_minimum_unless_suspended() {
    for suspended in [false, true] {
        let mut scenario = Scenario::pair();
        scenario.pairs[0].schedules.push(ScheduledChange {
            name: "night".to_owned(),
            side: Side::Dr,
            service: "web".to_owned(),
            after: Duration::from_secs(60),
            min: 1,
            max: 2,
        });
        let caller = Caller::new(scenario);
        caller.set_minimum("web", 4).await;
        let suspend = json!({
            "ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": "service/shop/web", "SuspendedState": {"ScheduledScalingSuspended": suspended},
        });
        caller.json(DR, "application-autoscaling", "RegisterScalableTarget", suspend).await;
        wait(120).await;
        let web = caller.world.state().pairs[0].dr.services[0].clone();
        assert_eq!((web.min, web.running), if suspended { (4, 4) } else { (1, 2) });
    }
}
