//! The record, its change, and who sees it when.

use std::time::Duration;

use serde_json::json;

use super::{Caller, DR, PRIMARY, wait};
use crate::{Fault, Scenario, Side};

#[tokio::test(start_paused = true)]
async fn a_change_is_seen_when_in_sync_and_the_cache_has_run_out() {
    let caller = Caller::new(Scenario::pair());
    assert_eq!(caller.swap_record(Side::Primary, Side::Dr).await.0, 200);
    let before = caller.world.state().pairs.remove(0);
    assert_eq!(before.record.as_deref(), Some("d-dr01.execute-api.us-west-2.amazonaws.com"));
    assert_eq!(before.resolves_to, Some(Side::Primary));
    wait(20).await;
    // Asked shortly before the change is in force: the answer stays for its TTL.
    assert_eq!(caller.visit().await.1, PRIMARY);
    wait(20).await;
    assert_eq!(caller.world.state().pairs[0].resolves_to, Some(Side::Dr));
    assert_eq!(caller.visit().await.1, PRIMARY);
    wait(45).await;
    assert_eq!(caller.visit().await, (503, DR.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_change_reports_when_it_is_in_sync() {
    let caller = Caller::new(Scenario::pair());
    let (_, answer) = caller.swap_record(Side::Primary, Side::Dr).await;
    assert!(answer.contains("<Status>PENDING</Status>"), "{answer}");
    let id = answer.split_once("/change/").unwrap().1.split_once('<').unwrap().0.to_owned();
    let get = |id: String| {
        let uri = format!("https://route53.amazonaws.com/2013-04-01/change/{id}");
        caller.send(Caller::signed(PRIMARY, "route53").method("GET").uri(uri), String::new())
    };
    wait(40).await;
    assert!(get(id).await.unwrap().1.contains("<Status>INSYNC</Status>"));
    let (status, text) = get("C0".to_owned()).await.unwrap();
    assert!(status == 404 && text.contains("<Code>NoSuchChange</Code>"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_stale_compare_and_swap_is_refused_whole() {
    let caller = Caller::new(Scenario::pair());
    let taken = |dns_name: &str| Fault::RecordTaken {
        pair: "shop".to_owned(),
        dns_name: dns_name.to_owned(),
        zone: "Z2OJLYMUO9EFXC".to_owned(),
    };
    caller.world.inject_after(Duration::from_secs(5), taken("d-other.execute-api.us-west-2.amazonaws.com"));
    wait(6).await;
    let (status, text) = caller.swap_record(Side::Primary, Side::Dr).await;
    assert_eq!(status, 400);
    let message = "Tried to delete resource record set [name=&apos;app.shop.example.&apos;, type=&apos;A&apos;] but the \
        values provided do not match the current values";
    assert!(text.contains(message), "{text}");
    let record = caller.world.state().pairs.remove(0).record;
    assert_eq!(record.as_deref(), Some("d-other.execute-api.us-west-2.amazonaws.com"));
}

#[tokio::test(start_paused = true)]
async fn lag_is_published_by_the_secondary_while_it_is_one() {
    let caller = Caller::new(Scenario::pair());
    let epoch = Scenario::pair().epoch.as_second();
    let metric = json!({
        "Namespace": "AWS/RDS", "MetricName": "AuroraGlobalDBRPOLag",
        "Dimensions": [{"Name": "DBClusterIdentifier", "Value": "shop-dr"}, {"Name": "SourceRegion", "Value": PRIMARY}],
    });
    let stat = json!({"Metric": metric, "Period": 60, "Stat": "Maximum"});
    let input = json!({
        "StartTime": epoch - 300, "EndTime": epoch + 3600,
        "MetricDataQueries": [{"Id": "lag", "MetricStat": stat}],
    });
    let newest = async || {
        let (_, body) = caller.json(DR, "monitoring", "GetMetricData", input.clone()).await;
        body["MetricDataResults"][0]["Timestamps"][0].as_f64().unwrap() as i64 - epoch
    };
    assert_eq!(newest().await, -60);
    wait(180).await;
    assert_eq!(newest().await, 120);
    caller.fail_over().await;
    wait(600).await;
    // Nothing after the writer moved.
    assert!((120..300).contains(&newest().await));
    assert_eq!(caller.world.state().pairs[0].dr.lag_ms, None);
}
