//! What the bot does not do, how it says so, and the record of it.

use commands::journal::{Decision, Event, Refusal};
use http::{HeaderMap, HeaderValue, StatusCode};
use rehearsal::{Fault, Region};
use serde_json::json;
use tests::{Cast, Stage};

const COMMANDS: &str = "/slack/commands";

async fn request_refused(stage: &Stage) -> Vec<Refusal> {
    let refused = stage.events("request.refused").await.into_iter();
    refused.map(|event| if let Event::RequestRefused { reason, .. } = event { reason } else { panic!() }).collect()
}

async fn command_refused(stage: &Stage) -> Vec<(Refusal, String)> {
    let refused = stage.events("command.refused").await.into_iter();
    refused
        .map(|event| if let Event::CommandRefused { reason, reply, .. } = event { (reason, reply) } else { panic!() })
        .collect()
}

fn body(stage: &Stage, text: &str) -> String {
    stage.slack.command_body(Cast::MAYA, Cast::INCIDENT, text).unwrap()
}

fn signed(stage: &Stage, body: &str, seconds_ago: i64) -> HeaderMap {
    stage.slack.sign(body, stage.clock.now().as_second() - seconds_ago)
}

#[tokio::test(start_paused = true)]
async fn wrong_signature() {
    let stage = Stage::open().await;
    let body = body(&stage, "promote");
    let mut headers = signed(&stage, &body, 0);
    headers.insert(
        "x-slack-signature",
        HeaderValue::from_static("v0=0000000000000000000000000000000000000000000000000000000000000000"),
    );
    let (status, reply) = stage.request(COMMANDS, headers, body).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(reply.contains("the signature does not fit"), "{reply}");
    assert_eq!(request_refused(&stage).await, [Refusal::BadSignature]);
    assert!(stage.of("command.received").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_signature_at_all() {
    let stage = Stage::open().await;
    let (status, _) = stage.request(COMMANDS, HeaderMap::new(), body(&stage, "status")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(request_refused(&stage).await, [Refusal::BadSignature]);
}

#[tokio::test(start_paused = true)]
async fn stale_timestamp() {
    let stage = Stage::open().await;
    let body = body(&stage, "promote");
    for (seconds_ago, expected) in
        [(301, StatusCode::UNAUTHORIZED), (-301, StatusCode::UNAUTHORIZED), (299, StatusCode::OK)]
    {
        let (status, reply) = stage.request(COMMANDS, signed(&stage, &body, seconds_ago), body.clone()).await;
        assert_eq!(status, expected, "{seconds_ago}: {reply}");
    }
    assert_eq!(request_refused(&stage).await, [Refusal::Stale, Refusal::Stale]);
}

#[tokio::test(start_paused = true)]
async fn replayed_request() {
    let mut stage = Stage::open().await;
    let body = body(&stage, "status");
    let headers = signed(&stage, &body, 0);
    let (status, first) = stage.request(COMMANDS, headers.clone(), body.clone()).await;
    assert!(status.is_success() && first.starts_with("Looking at"), "{first}");
    let (_, again) = stage.request(COMMANDS, headers.clone(), body.clone()).await;
    assert!(again.contains("already taken"), "{again}");
    // Dedupe is durable: the same holds after a restart.
    stage.restart().await;
    let (_, after) = stage.request(COMMANDS, headers, body).await;
    assert!(after.contains("already taken"), "{after}");
    assert_eq!(stage.of("command.received").await.len(), 1);
    assert_eq!(request_refused(&stage).await, [Refusal::Replayed, Refusal::Replayed]);
}

#[tokio::test(start_paused = true)]
async fn body_too_large() {
    let stage = Stage::open().await;
    let body = "x".repeat(1 << 20);
    let (status, reply) = stage.request(COMMANDS, signed(&stage, &body, 0), body).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(reply.contains("larger than 65536 bytes"), "{reply}");
    assert_eq!(request_refused(&stage).await, [Refusal::TooLarge]);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_strangers_do_not_fill_the_disk() {
    let stage = Stage::open().await;
    for _ in 0..500 {
        stage.request(COMMANDS, HeaderMap::new(), "junk").await;
    }
    assert_eq!(request_refused(&stage).await.len(), 10);
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    stage.request(COMMANDS, HeaderMap::new(), "junk").await;
    let last = stage.of("request.refused").await.pop().unwrap();
    assert_eq!(last.data["suppressed"], json!(490));
}

#[tokio::test(start_paused = true)]
async fn unknown_command_gets_a_hint() {
    let stage = Stage::open().await;
    let reply = stage.says(Cast::MAYA, "promot").await;
    assert!(reply.contains("promote"), "{reply}");
    let refused = command_refused(&stage).await;
    assert_eq!(refused[0].0, Refusal::NotACommand);
    assert!(reply.contains(&refused[0].1), "{reply} / {}", refused[0].1);
}

#[tokio::test(start_paused = true)]
async fn help_is_given_and_recorded() {
    let stage = Stage::open().await;
    let reply = stage.says(Cast::SAM, "help").await;
    assert!(reply.contains("/dr plan promote"), "{reply}");
    assert_eq!(stage.of("help.given").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn viewer_may_not_promote() {
    let stage = Stage::open().await;
    let reply = stage.says(Cast::SAM, "promote I am sure").await;
    assert!(reply.contains("may not promote"), "{reply}");
    assert_eq!(command_refused(&stage).await[0].0, Refusal::NotAllowed);
    assert!(stage.of("run.started").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn stranger_is_told_nothing() {
    let stage = Stage::with().replace("viewers = [\"*\"]", "viewers = []").open().await;
    for text in ["status", "help", "nonsense"] {
        let reply = stage.says(Cast::SAM, text).await;
        assert!(reply.contains("may not use this bot"), "{reply}");
    }
    assert!(command_refused(&stage).await.iter().all(|(reason, _)| *reason == Refusal::NotAllowed));
}

#[tokio::test(start_paused = true)]
async fn another_channel_is_the_wrong_one() {
    let stage = Stage::open().await;
    let reply = stage.says_in(Cast::MAYA, Cast::ELSEWHERE, "promote").await;
    assert!(reply.contains("Not in this channel"), "{reply}");
    assert_eq!(command_refused(&stage).await[0].0, Refusal::WrongChannel);
}

#[tokio::test(start_paused = true)]
async fn requester_cannot_confirm_their_own_request() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote").await;
    stage.presses(Cast::MAYA, "approve-failover").await;
    stage.is_told(Cast::MAYA, "somebody else has to confirm").await;
    assert_eq!(command_refused(&stage).await[0].0, Refusal::OwnRequest);
    assert!(stage.of("gate.decided").await.is_empty());
    // Who may not promote cannot confirm either.
    stage.presses(Cast::SAM, "approve-failover").await;
    stage.is_told(Cast::SAM, "may not approve a promote").await;
    assert!(stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn second_click_changes_nothing_and_says_who_decided() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    let click = stage.slack.click_body(Cast::JONAS, Cast::INCIDENT, &gate.ts, "approve-failover").unwrap();
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.decided").await;
    // The buttons are gone by now; this is the click of somebody whose screen was behind.
    let (_, _) = stage.request("/slack/interactions", signed(&stage, &click, 0), click.clone()).await;
    let refused = command_refused(&stage).await;
    assert_eq!(refused[0].0, Refusal::AlreadyDecided);
    assert!(refused[0].1.contains("<@U0JONAS0001>"), "{}", refused[0].1);
    stage.ended().await;
    assert_eq!(stage.of("gate.decided").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_clicks_at_once_have_one_effect() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    let clicks = (0..50).map(|_| stage.slack.click(Cast::JONAS, Cast::INCIDENT, &gate.ts, "approve-failover"));
    futures::future::join_all(clicks).await;
    stage.opens(Cast::JONAS, "approve-failover").await;
    stage.slack.fill(Cast::JONAS, "words", "promote us-west-2").unwrap();
    stage.slack.fill(Cast::JONAS, "reason", "it is dark").unwrap();
    let submissions = (0..50).map(|_| {
        let body = stage.slack.submit_body(Cast::JONAS).unwrap();
        stage.request("/slack/interactions", signed(&stage, &body, 0), body)
    });
    futures::future::join_all(submissions).await;
    stage.ended().await;
    assert_eq!(stage.of("gate.decided").await.len(), 1);
    let failovers = stage.changes().into_iter().filter(|change| change == "Rds:FailoverGlobalCluster").count();
    assert_eq!(failovers, 1);
}

#[tokio::test(start_paused = true)]
async fn click_after_the_expiry_is_refused_and_the_expiry_is_no_refusal() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    let click = stage.slack.click_body(Cast::JONAS, Cast::INCIDENT, &gate.ts, "approve-failover").unwrap();
    let decided = stage.record(|record| record.event == "gate.decided").await;
    let Some(Event::GateDecided { decision, command, .. }) = Event::of(&decided) else { panic!() };
    assert_eq!((decision, command), (Decision::Expired, None));
    stage.request("/slack/interactions", signed(&stage, &click, 0), click.clone()).await;
    let refused = command_refused(&stage).await;
    assert_eq!(refused[0].0, Refusal::Expired);
    assert!(refused[0].1.contains("ask again"), "{}", refused[0].1);
    assert!(stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cancelled_is_an_outcome_of_its_own_and_the_way_is_free_again() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote").await;
    stage.presses(Cast::MAYA, "cancel").await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["decision"], json!({ "how": "cancelled" }));
    stage.ended().await;
    assert!(stage.changes().is_empty());
    assert!(stage.says(Cast::JONAS, "promote").await.starts_with("Looking at"));
    stage.record(|record| record.event == "run.started" && record.seq > decided.seq).await;
}

#[tokio::test(start_paused = true)]
async fn two_people_promoting_at_once_start_one_run() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    futures::future::join(stage.says(Cast::MAYA, "promote"), stage.says(Cast::JONAS, "promote")).await;
    stage.gate().await;
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert!(failed.data["error"].as_str().unwrap().contains("Only one run of shop goes at a time"), "{}", failed.data);
    assert_eq!(stage.of("run.started").await.len(), 1);
    // And later, while it is open, at once.
    let reply = stage.says(Cast::JONAS, "promote").await;
    assert!(reply.contains("Only one run of shop goes at a time"), "{reply}");
    assert_eq!(command_refused(&stage).await[0].0, Refusal::RunInProgress);
}

#[tokio::test(start_paused = true)]
async fn world_that_changed_since_the_plan_voids_the_approval_and_shows_a_new_plan() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote").await;
    let gate = stage.gate().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.presses_in(&gate, Cast::JONAS, "approve-switchover").await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["decision"]["how"], "void");
    assert!(
        decided.data["decision"]["why"].as_str().unwrap().contains("switchover is no longer possible"),
        "{}",
        decided.data
    );
    let next = stage.record(|record| record.event == "run.started" && record.seq > decided.seq).await;
    assert_eq!(next.data["plan"]["options"].as_array().unwrap().len(), 1);
    assert!(stage.changes().is_empty());
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "run.ended" && record.seq > next.seq).await;
    assert!(stage.changes().contains(&"Rds:FailoverGlobalCluster".to_owned()));
}
