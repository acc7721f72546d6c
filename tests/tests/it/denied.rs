//! What AWS refuses, as against what does not answer: named, final where it is, and never taken for a dark region.

use std::{path::Path, sync::Arc};

use bot::{
    check::{Row, Verdict, check_applications},
    config::Config,
    rehearse,
};
use commands::report::RunOutcome;
use jiff::SignedDuration;
use rehearsal::{Disturbance, Fault, Region, Scenario, Service, Side, Target, World, slack::Settings};
use storage::Clock;
use tests::{Cast, Stage};

const PRIMARY: &str = "us-east-1";
const DR: &str = "us-west-2";

/// What `standby check` finds, on a host whose clock is that far ahead.
async fn checked(ahead: SignedDuration, fault: Option<Fault>) -> Vec<Row> {
    let scenario = Scenario::pair();
    let world = World::new(scenario.clone());
    fault.into_iter().for_each(|fault| _ = world.inject(fault));
    tokio::time::sleep(std::time::Duration::from_secs(180)).await;
    let clock = Clock::simulated(scenario.epoch + ahead);
    let now = clock.clone();
    let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
    let config = Config::parse(Path::new("denied.toml"), &rehearse::toml(&scenario, &workspace)).unwrap();
    check_applications(&config.applications, &rehearse::network(&world), &clock).await
}

/// The rows that did not pass, with their fixes.
fn open(rows: &[Row]) -> Vec<String> {
    let open = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    open.map(|row| format!("{}: {} → {}", row.what, row.detail, row.fix.as_deref().unwrap_or_default())).collect()
}

fn always(service: Service, operation: &str, disturbance: Disturbance) -> Fault {
    Fault::calls(Target::operation(service, operation), disturbance)
}

#[tokio::test(start_paused = true)]
async fn check_tries_every_read_call_and_names_what_is_denied() {
    assert_eq!(open(&checked(SignedDuration::ZERO, None).await), Vec::<String>::new());
    let calls = [
        (Service::Route53, "GetChange", "route53:GetChange"),
        (Service::Rds, "DescribeEvents", "rds:DescribeEvents"),
        (Service::Rds, "DescribeDBClusterSnapshots", "rds:DescribeDBClusterSnapshots"),
        (Service::Rds, "DescribeBlueGreenDeployments", "rds:DescribeBlueGreenDeployments"),
        (Service::Rds, "DescribeDBProxies", "rds:DescribeDBProxies"),
        (Service::Rds, "DescribeDBProxyTargets", "rds:DescribeDBProxyTargets"),
        (Service::Rds, "DescribeDBClusterEndpoints", "rds:DescribeDBClusterEndpoints"),
        (Service::CloudWatch, "GetMetricData", "cloudwatch:GetMetricData"),
    ];
    for (service, operation, action) in calls {
        let denied = always(service, operation, Disturbance::access_denied(action));
        let open = open(&checked(SignedDuration::ZERO, Some(denied)).await);
        assert!(!open.is_empty() && open.iter().all(|row| row.contains(&format!("Allow {action}"))), "{open:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn check_waits_out_throttling() {
    let throttled = Fault::next_calls(4, Target::service(Service::Route53), Disturbance::throttled());
    assert_eq!(open(&checked(SignedDuration::ZERO, Some(throttled)).await), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_corrected_by_awss_own_time() {
    for minutes in [-90, -12, 12, 90] {
        let ahead = SignedDuration::from_mins(minutes);
        let rows = checked(ahead, Some(Fault::SignaturesExpire)).await;
        let unread: Vec<&Row> = rows.iter().filter(|row| row.detail.contains("Signature")).collect();
        assert!(unread.is_empty(), "{minutes} min: {unread:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_that_no_second_signature_mends_is_told_as_one() {
    let said = "Signature expired: 20261122T081500Z is now earlier than 20261122T083000Z (20261122T083500Z - 5 min.)";
    let error = Disturbance::Error { status: 403, code: "SignatureDoesNotMatch".into(), message: said.into() };
    let rows = checked(SignedDuration::ZERO, Some(Fault::calls(Target::default(), error))).await;
    let open = open(&rows);
    assert!(
        open.iter().any(|row| row.contains("This host's clock is 20 min behind AWS's. Set it by NTP")),
        "{open:#?}"
    );
    assert!(!open.iter().any(|row| row.contains("Allow ") || row.contains("permission")), "{open:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_may_not_be_read_blocks_and_a_silent_one_does_not() {
    let denied = always(
        Service::Route53,
        "ListResourceRecordSets",
        Disturbance::access_denied("route53:ListResourceRecordSets"),
    );
    for (fault, blocks) in [(denied, true), (Fault::route53_dark(), false)] {
        let stage = Stage::open().await;
        stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
        stage.world.inject(fault);
        stage.says(Cast::MAYA, "promote").await;
        let gate = tests::text_of(&stage.gate().await);
        let overrides = &stage.of("gate.opened").await.remove(0).data["overrides"];
        assert_eq!(overrides.as_array().is_some_and(|ids| ids.contains(&"record".into())), blocks, "{gate}");
        assert_eq!(gate.contains("AccessDenied"), blocks, "{gate}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_plan_is_made_by_is_refused_with_awss_words() {
    let stage = Stage::open().await;
    let denied = Disturbance::denied_by_organization("rds:DescribeGlobalClusters");
    stage.world.inject(always(Service::Rds, "DescribeGlobalClusters", denied));
    stage.says(Cast::MAYA, "promote").await;
    let failed = stage.record(|record| record.event == "command.refused" || record.event == "command.failed").await;
    let said = failed.data.to_string();
    assert!(said.contains("explicit deny in a service control policy"), "{said}");
    assert!(said.contains("Ask the organization's administrators"), "{said}");
    assert!(!said.contains("did not answer"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_move_that_the_organization_denies_pauses_at_once_and_says_who_can_help() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    let denied = Disturbance::denied_by_organization("rds:FailoverGlobalCluster");
    let fault = stage.world.inject(always(Service::Rds, "FailoverGlobalCluster", denied));
    stage.promotes().await;
    let paused = stage.record(|record| record.event == "run.paused").await;
    let error = paused.data["error"].as_str().unwrap();
    assert!(error.contains("Ask the organization's administrators") && !error.contains("Allow "), "{error}");
    let sent = stage.world.calls().into_iter().filter(|call| call.operation == "FailoverGlobalCluster").count();
    assert_eq!(sent, 1);
    stage.world.clear(fault);
    stage.presses(Cast::JONAS, "retry").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_are_loaded_anew_for_as_long_as_the_step_may() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    for (service, operation) in [
        (Service::Rds, "FailoverGlobalCluster"),
        (Service::Ecs, "DescribeServices"),
        (Service::ApplicationAutoScaling, "RegisterScalableTarget"),
        (Service::Route53, "ChangeResourceRecordSets"),
    ] {
        let target = Target::operation(service, operation);
        stage.world.inject(Fault::next_calls(5, target, Disturbance::expired(service)));
    }
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    let run = stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(stage.of("run.paused").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_through_on_a_host_whose_clock_is_off() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from(PRIMARY)));
    stage.world.inject(Fault::SignaturesExpire);
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.decided").await;
    stage.set_host_clock(SignedDuration::from_mins(-14));
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(stage.of("run.paused").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_dr_does_not_know_is_no_permission() {
    let target = Target { region: Some(Region::from(DR)), service: Some(Service::Ecs), ..Target::default() };
    let unknown = Fault::calls(target, Disturbance::unknown_key(Service::Ecs));
    let rows = checked(SignedDuration::ZERO, Some(unknown)).await;
    let open = open(&rows);
    let told =
        |row: &String| row.contains("UnrecognizedClientException") && row.contains("doesn't accept these credentials");
    assert!(open.iter().any(told) && !open.iter().any(|row| row.contains("Allow ")), "{open:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_redirecting_health_url_is_told_before_a_run_meets_it() {
    let fault = |status, location: Option<&str>| Fault::EndpointAnswers {
        pair: "shop".into(),
        side: Side::Primary,
        status,
        location: location.map(str::to_owned),
    };
    let login = "https://login.shop.example/";
    let redirects = fault(302, Some(login));
    let open_rows = open(&checked(SignedDuration::ZERO, Some(redirects)).await);
    assert!(open_rows.iter().any(|row| row.contains("health URL") && row.contains(login)), "{open_rows:#?}");
    for status in [401, 404, 503] {
        let rows = checked(SignedDuration::ZERO, Some(fault(status, None))).await;
        let failed = rows.iter().any(|row| row.what.contains("health URL") && row.verdict == Verdict::Fail);
        assert!(failed, "{status}: {rows:#?}");
    }
}
