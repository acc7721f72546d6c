//! The name that people use is more than one A record: every address at every name moves, a batch a hosted zone, and what cannot move is named.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use bot::{
    check::{Row, Verdict, check_applications},
    config::Config,
    rehearse,
};
use commands::{aws::AwsErrorKind, report::RunOutcome};
use rehearsal::{
    Call, Disturbance, Fault, Outcome, Pair, RecordData, Region, Scenario, Service, Side, Target, World, ZoneRecord,
    slack::Settings,
};
use storage::Clock;
use tests::{Cast, Stage};

const ROLE: &str = "role_arn = \"arn:aws:iam::210987654321:role/standby-dns\"";

fn both() -> Pair {
    Pair::named("shop", 1).dual_stack().second_zone()
}

async fn stage(pair: Pair) -> Stage {
    let stage = Stage::with().scenario(Scenario::of([pair])).open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage
}

/// A record set at the pair's own name.
fn beside(kind: &str, data: RecordData) -> ZoneRecord {
    let pair = Pair::named("shop", 1);
    ZoneRecord { zone: pair.zone.id, name: pair.record, kind: kind.to_owned(), data, routing: BTreeMap::new() }
}

fn values(values: &[&str]) -> RecordData {
    RecordData::Values { ttl: 60, values: values.iter().map(|value| (*value).to_owned()).collect() }
}

fn batches(stage: &Stage) -> Vec<Call> {
    stage.world.calls().into_iter().filter(|call| call.operation == "ChangeResourceRecordSets").collect()
}

/// Every address record is at that side.
fn all_at(stage: &Stage, side: Side) -> bool {
    let pair = stage.world.state().pairs.remove(0);
    let region = format!("execute-api.{}.", pair.side(side).region);
    pair.aliases.len() == 3 && pair.aliases.iter().all(|(_, target)| target.contains(&region))
}

async fn pauses(stage: &Stage) -> String {
    let paused = stage.record(|record| record.event == "run.paused" && record.data["failed"] == "dns").await;
    paused.data["error"].as_str().unwrap().to_owned()
}

async fn completes(stage: &Stage) {
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn every_address_at_every_name_moves_in_one_batch_a_zone() {
    let stage = stage(both()).await;
    stage.promotes().await;
    completes(&stage).await;
    assert!(all_at(&stage, Side::Dr), "{:?}", stage.world.state().pairs[0].aliases);
    let batches = batches(&stage);
    let of = |call: &Call| {
        let changes = call.parameters["ChangeBatch"]["Changes"].as_array().unwrap().len();
        (call.parameters["Id"].as_str().unwrap().to_owned(), changes, call.caller.contains("210987654321"))
    };
    let made: Vec<_> = batches.iter().map(of).collect();
    assert_eq!(made, [("Z0123SHOP".to_owned(), 4, false), ("Z0456SHOP".to_owned(), 2, true)]);
    let evaluates = |call: &Call| call.parameters.to_string().matches("\"EvaluateTargetHealth\":\"true\"").count();
    assert_eq!(batches.iter().map(evaluates).collect::<Vec<_>>(), [2, 0], "each keeps what it had");
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_dies_between_two_zones_goes_on_with_the_second() {
    let mut stage = stage(both()).await;
    stage.promotes().await;
    stage.record(|record| record.event == "call.finished" && record.step.as_deref() == Some("dns")).await;
    stage.crash().await;
    assert!(!all_at(&stage, Side::Dr), "it died too late");
    stage.start().await;
    completes(&stage).await;
    assert!(all_at(&stage, Side::Dr));
    let accepted = batches(&stage).into_iter().filter(|call| call.outcome == Outcome::Accepted);
    let zones: Vec<String> = accepted.map(|call| call.parameters["Id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(zones, ["Z0123SHOP", "Z0456SHOP"]);
}

#[tokio::test(start_paused = true)]
async fn an_aaaa_that_appears_meanwhile_is_not_left_behind() {
    let stage = stage(Pair::named("shop", 1)).await;
    stage.promotes().await;
    stage.record(|record| record.event == "step.started" && record.step.as_deref() == Some("listener")).await;
    let record = beside("AAAA", RecordData::Alias { side: Side::Primary, evaluate_health: false });
    stage.world.inject(Fault::RecordAppears { pair: "shop".into(), record });
    let error = pauses(&stage).await;
    assert!(error.contains("AAAA record app.shop.example is not what the plan showed"), "{error}");
    stage.presses(Cast::MAYA, "retry").await;
    completes(&stage).await;
    let aliases = stage.world.state().pairs.remove(0).aliases;
    assert!(aliases.len() == 2 && aliases.iter().all(|(_, target)| target.contains("us-west-2")), "{aliases:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_sent_once_and_says_what_stands_in_the_way() {
    let stage = stage(Pair::named("shop", 1)).await;
    let message = "[The resource record set [name='app.shop.example.', type='A'] has a protection: owned by legal]";
    let refusal = Disturbance::Error { status: 400, code: "InvalidChangeBatch".into(), message: message.into() };
    let target = || Target::operation(Service::Route53, "ChangeResourceRecordSets");
    let fault = stage.world.inject(Fault::calls(target(), refusal));
    stage.promotes().await;
    let error = pauses(&stage).await;
    assert!(error.contains("owned by legal") && error.contains("a record protection covers it"), "{error}");
    assert_eq!(batches(&stage).len(), 1);
    stage.world.clear(fault);
    stage.presses(Cast::MAYA, "retry").await;
    completes(&stage).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_route_53_forgot_is_done_and_not_asked_for_again() {
    let stage = stage(Pair::named("shop", 1)).await;
    let gone = Disturbance::Error {
        status: 404,
        code: "NoSuchChange".into(),
        message: "Could not find resource with ID: C1".into(),
    };
    stage.world.inject(Fault::calls(Target::operation(Service::Route53, "GetChange"), gone));
    stage.promotes().await;
    completes(&stage).await;
    assert_eq!(batches(&stage).len(), 1);
    assert_eq!(stage.world.calls().iter().filter(|call| call.operation == "GetChange").count(), 1);
}

/// What `standby check` says of the records of a pair, with `from` in its configuration replaced: rows that are not green.
async fn checked(pair: Pair, from: &str, to: &str) -> Vec<String> {
    let scenario = Scenario::of([pair]);
    let world = World::new(scenario.clone());
    tokio::time::sleep(std::time::Duration::from_secs(180)).await;
    let clock = Clock::simulated(scenario.epoch);
    let now = clock.clone();
    let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
    let text = rehearse::toml(&scenario, &workspace).replace(from, to);
    let config = Config::parse(Path::new("records.toml"), &text).unwrap();
    let rows = check_applications(&config.applications, &rehearse::network(&world), &clock).await;
    let word = |row: &Row| if row.verdict == Verdict::Fail { "fail" } else { "warn" };
    let open = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    open.map(|row| format!("{} {}: {} → {}", word(row), row.what, row.detail, row.fix.as_deref().unwrap_or("")))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn two_records_in_two_zones_are_green() {
    assert_eq!(checked(both(), "", "").await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_zone_of_another_account_asks_for_its_role() {
    let open = checked(both(), ROLE, "").await;
    assert!(open.iter().all(|row| row.contains("AccessDenied")), "{open:#?}");
    assert!(open.iter().any(|row| row.contains("Z0456SHOP") && row.contains("record.role_arn")), "{open:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_clients_in_a_region_is_named() {
    let with = |record| {
        let mut pair = Pair::named("shop", 1);
        pair.more_records.push(record);
        pair
    };
    let cases = [
        (beside("HTTPS", values(&["1 . alpn=\"h2\" ipv4hint=203.0.113.1"])), "fail shop record-types", "HTTPS"),
        (beside("AAAA", values(&["2001:db8::9"])), "fail shop record:", "AAAA record app.shop.example"),
        (
            beside("AAAA", RecordData::Alias { side: Side::Dr, evaluate_health: false }),
            "fail shop record:",
            "app.shop.example (AAAA) at us-west-2",
        ),
        (
            ZoneRecord {
                routing: BTreeMap::from([("SetIdentifier".into(), "six".into()), ("Weight".into(), "10".into())]),
                ..beside("AAAA", RecordData::Alias { side: Side::Primary, evaluate_health: false })
            },
            "fail shop record-simple",
            "AAAA (set identifier, weight)",
        ),
    ];
    for (record, what, detail) in cases {
        let open = checked(with(record), "", "").await;
        assert!(open.iter().any(|row| row.starts_with(what) && row.contains(detail)), "{what}: {open:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wildcard_moves_and_is_shown_with_its_asterisk() {
    let pair = Pair { record: "*.shop.example".to_owned(), ..Pair::named("shop", 1) };
    let stage = stage(pair).await;
    stage.promotes().await;
    completes(&stage).await;
    let log = stage.records().await;
    assert!(log.iter().all(|record| !record.data.to_string().contains("052.shop")), "an escape is in the log");
    let pair = stage.world.state().pairs.remove(0);
    assert_eq!((pair.resolves_to, pair.aliases[0].0.as_str()), (Some(Side::Dr), "*.shop.example (A)"));
}

/// The wording of a denial is AWS's own.
#[tokio::test(start_paused = true)]
async fn a_denied_zone_is_refused_and_not_dark() {
    let scenario = Scenario::of([both()]);
    let world = World::new(scenario.clone());
    let clock = Clock::simulated(scenario.epoch);
    let now = clock.clone();
    let workspace = Settings::shop(Arc::new(move || now.now()), scenario.seed);
    let text = rehearse::toml(&scenario, &workspace).replace(ROLE, "");
    let config = Config::parse(Path::new("records.toml"), &text).unwrap();
    let app = Arc::new(config.applications["shop"].clone());
    let aws = commands::aws::Aws::connect(app.clone(), &rehearse::network(&world), clock).await;
    let error = aws.record_sets(&app.records[1]).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (AwsErrorKind::Denied, "AccessDenied"));
}

#[tokio::test(start_paused = true)]
async fn what_a_zone_demands_is_named_with_its_fix() {
    let with = |change: &dyn Fn(&mut Pair)| {
        let mut pair = Pair::named("shop", 1);
        change(&mut pair);
        pair
    };
    let protected = with(&|pair| {
        let protection = ("app.shop.example".to_owned(), "A".to_owned(), "owned by legal".to_owned());
        pair.zone_features.protections.push(protection);
    });
    let guarded = with(&|pair| pair.zone_features.guardrails.push("ACTIVE_RECORD_CHECK".to_owned()));
    let slow = with(&|pair| pair.zone_features.accelerated_recovery = "DISABLED".to_owned());
    let private = with(&|pair| {
        let zone = rehearsal::HostedZone { id: "Z9PRIVATE".to_owned(), name: "shop.example".to_owned() };
        pair.more_zones.push(rehearsal::OtherZone { zone, role_arn: None, private: true });
    });
    let cases = [
        (
            protected,
            "fail shop record-protection: Route 53 rejects every change of protected records: app.shop.example (A): owned by legal",
        ),
        (guarded, "fail shop zone-guardrails: hosted zone Z0123SHOP has ACTIVE_RECORD_CHECK turned on"),
        (slow, "warn shop zone-recovery: accelerated recovery is DISABLED for hosted zone Z0123SHOP"),
        (private, "warn shop zone-private: the private zone shop.example (Z9PRIVATE) covers app.shop.example too"),
    ];
    for (pair, row) in cases {
        let open = checked(pair, "", "").await;
        assert!(open.len() == 1 && open[0].starts_with(row), "{row}: {open:#?}");
    }
}

fn protected() -> Pair {
    let mut pair = Pair::named("shop", 1);
    pair.zone_features.protections.push(("app.shop.example".to_owned(), "A".to_owned(), "owned by legal".to_owned()));
    pair
}

/// Accepted changes of the zone, in order.
fn zone_changes(stage: &Stage) -> Vec<String> {
    stage.changes().into_iter().filter_map(|change| change.strip_prefix("Route53:").map(str::to_owned)).collect()
}

const LIFTED: [&str; 3] =
    ["DeleteResourceRecordSetProtections", "ChangeResourceRecordSets", "CreateResourceRecordSetProtections"];

#[tokio::test(start_paused = true)]
async fn a_protection_is_lifted_for_the_change_that_people_approve_and_put_back() {
    let stage = stage(protected()).await;
    stage.says(Cast::MAYA, "promote the primary is dark").await;
    let gate = tests::text_of(&stage.gate().await);
    assert!(gate.contains("owned by legal") && gate.contains("approve over this"), "{gate}");
    stage.presses(Cast::JONAS, "approve-failover").await;
    completes(&stage).await;
    assert_eq!(zone_changes(&stage), LIFTED);
    let put_back = stage.world.calls().into_iter().find(|call| call.operation == LIFTED[2]).unwrap();
    assert!(put_back.parameters.to_string().contains("owned by legal"), "{}", put_back.parameters);
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_dies_with_a_protection_lifted_puts_it_back() {
    let mut stage = stage(protected()).await;
    stage.promotes().await;
    stage
        .record(|record| {
            record.event == "call.finished"
                && record.step.as_deref() == Some("dns")
                && record.data["outcome"]["how"] == "accepted"
        })
        .await;
    stage.crash().await;
    stage.start().await;
    completes(&stage).await;
    assert_eq!(zone_changes(&stage), LIFTED);
}
