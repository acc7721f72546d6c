//! What goes wrong, and that it is told as it would be.

use std::time::Duration;

use serde_json::json;

use super::{Caller, DR, PRIMARY, wait};
use crate::{Disturbance, Fault, Outcome, Region, Scenario, Service, Side, Target};

const UP_TO: Duration = Duration::from_secs(600);

#[tokio::test(start_paused = true)]
async fn a_dark_region_never_answers() {
    let caller = Caller::new(Scenario::pair());
    let dark = caller.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    let asked = caller.query(PRIMARY, "rds", "Action=DescribeGlobalClusters");
    assert!(tokio::time::timeout(UP_TO, asked).await.is_err());
    assert!(tokio::time::timeout(UP_TO, caller.visit()).await.is_err());
    // Route 53 is not part of it, and the other region is unharmed.
    assert_eq!(caller.swap_record(Side::Primary, Side::Dr).await.0, 200);
    assert_eq!(caller.query(DR, "rds", "Action=DescribeGlobalClusters").await.0, 200);
    caller.world.clear(dark);
    assert_eq!(caller.query(PRIMARY, "rds", "Action=DescribeGlobalClusters").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_region_can_go_dark_later_and_come_back() {
    let caller = Caller::new(Scenario::pair());
    let dark = caller.world.inject_after(Duration::from_secs(60), Fault::RegionDark(Region::from(PRIMARY)));
    caller.world.clear_after(Duration::from_secs(120), dark);
    let is_dark = || caller.world.state().pairs[0].primary.dark;
    assert!(!is_dark());
    wait(90).await;
    assert!(is_dark());
    wait(60).await;
    assert!(!is_dark());
}

#[tokio::test(start_paused = true)]
async fn some_calls_are_throttled() {
    let caller = Caller::new(Scenario::pair());
    let target = Target::operation(Service::ApplicationAutoScaling, "RegisterScalableTarget");
    caller.world.inject(Fault::next_calls(2, target, Disturbance::throttled()));
    for _ in 0..2 {
        let (status, body) = caller.set_minimum("web", 4).await;
        assert_eq!((status, &body["__type"]), (400, &json!("ThrottlingException")));
    }
    assert_eq!(caller.set_minimum("web", 4).await.0, 200);
    let outcomes: Vec<Outcome> = caller.world.calls().into_iter().map(|call| call.outcome).collect();
    let throttled = Outcome::Refused("ThrottlingException".to_owned());
    assert_eq!(outcomes, [throttled.clone(), throttled, Outcome::Accepted]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_can_be_lost_after_the_effect() {
    let caller = Caller::new(Scenario::pair());
    let target = Target::operation(Service::Rds, "FailoverGlobalCluster");
    caller.world.inject(Fault::next_calls(1, target, Disturbance::EffectThenHang));
    assert!(tokio::time::timeout(UP_TO, caller.fail_over()).await.is_err());
    assert_eq!(caller.world.state().pairs[0].writer, Some(Side::Dr));
    assert_eq!(caller.world.calls()[0].outcome, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_connection_can_be_reset_without_effect() {
    let caller = Caller::new(Scenario::pair());
    caller.world.inject(Fault::calls(Target::service(Service::Rds), Disturbance::Reset));
    let request = Caller::signed(DR, "rds");
    let error = caller.send(request, "Action=DescribeGlobalClusters".to_owned()).await.unwrap_err();
    assert!(error.is_io());
    assert_eq!(caller.world.calls()[0].outcome, Outcome::Lost);
}

#[tokio::test(start_paused = true)]
async fn slow_answers_come() {
    let caller = Caller::new(Scenario::pair());
    let slow = Disturbance::Slow(Duration::from_secs(8));
    caller.world.inject(Fault::calls(Target::service(Service::Rds), slow));
    let begun = tokio::time::Instant::now();
    assert_eq!(caller.query(DR, "rds", "Action=DescribeGlobalClusters").await.0, 200);
    assert!(begun.elapsed() > Duration::from_secs(8));
}

#[tokio::test(start_paused = true)]
async fn tasks_wait_for_capacity() {
    let caller = Caller::new(Scenario::pair());
    let reason = "Capacity is unavailable at this time".to_owned();
    let fault = caller.world.inject(Fault::NoCapacity { region: Region::from(DR), reason });
    caller.set_minimum("web", 4).await;
    wait(120).await;
    let web = || caller.world.state().pairs[0].dr.services[0].clone();
    assert_eq!((web().desired, web().running, web().pending), (4, 1, 0));
    let services = json!({"cluster": "shop", "services": ["web"]});
    let (_, body) = caller.json(DR, "ecs", "DescribeServices", services).await;
    let message = body["services"][0]["events"][0]["message"].as_str().unwrap();
    assert_eq!(message, "(service web) was unable to place a task. Reason: Capacity is unavailable at this time.");
    caller.world.clear(fault);
    wait(150).await;
    assert_eq!(web().healthy, 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_simulated_is_refused() {
    let caller = Caller::new(Scenario::pair());
    let (status, text) = caller.query(DR, "rds", "Action=RebootDBCluster").await;
    assert!(status == 400 && text.contains("<Code>InvalidAction</Code>"), "{text}");
    let (status, body) = caller.json(DR, "ecs", "DeleteService", json!({})).await;
    assert_eq!((status, &body["__type"]), (400, &json!("UnknownOperationException")));
    assert!(caller.world.calls().iter().all(|call| call.changing));
}
