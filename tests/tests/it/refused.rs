//! What AWS refuses: tried a bounded number of times, told with AWS's words, and nothing taken away meanwhile.

use std::time::Duration;

use bot::terminal::Ask;
use commands::{plan::Method, report::RunOutcome};
use rehearsal::{Call, Disturbance, Fault, OldPrimary, Outcome, Service, Side, Target, slack::Message};
use tests::{Cast, Stage};

use super::failback;

const PRIMARY: &str = "us-east-1";

/// A planned move that Jonas has confirmed.
async fn switches_over(stage: &Stage) {
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
}

fn calls_of(stage: &Stage, operation: &str) -> Vec<Call> {
    stage.world.calls().into_iter().filter(|call| call.operation == operation).collect()
}

/// Nothing was taken from the primary.
fn primary_serves(stage: &Stage) {
    let pair = stage.world.state().pairs.remove(0);
    assert_eq!((pair.writer, pair.resolves_to), (Some(Side::Primary), Some(Side::Primary)));
    assert!(pair.primary.services.iter().all(|service| service.running >= service.min as usize && service.min > 1));
    let touched = stage.world.calls().into_iter().filter(|call| {
        let service = matches!(call.service, Service::Ecs | Service::ApplicationAutoScaling);
        call.changing && service && call.region.as_str() == PRIMARY
    });
    assert_eq!(touched.count(), 0);
}

fn offers(message: &Message, action: &str) -> bool {
    message.buttons().any(|(_, button)| button["action_id"] == action)
}

#[tokio::test(start_paused = true)]
async fn refused_switchover_is_tried_a_few_times_and_asked_about_with_the_words_of_aws() {
    let stage = Stage::with().looks_every(Duration::from_secs(2)).open().await;
    stage.world.inject(Fault::blue_green_source("shop-global"));
    switches_over(&stage).await;
    let paused = stage.record(|record| record.event == "run.paused").await;

    let error = paused.data["error"].as_str().unwrap();
    assert!(error.contains("SwitchoverGlobalCluster in us-east-1: InvalidGlobalClusterStateFault"), "{error}");
    assert!(error.contains("source of a blue/green deployment") && error.contains("refused 5 times"), "{error}");
    let tries = calls_of(&stage, "SwitchoverGlobalCluster");
    assert_eq!(tries.len(), 5);
    let first = tries.first().unwrap().at;
    let took = paused.at.duration_since(first).as_secs_f64();
    assert!((15.0..30.0).contains(&took), "{took} s");
    primary_serves(&stage);

    let of_database = |event: &'static str| {
        let stage = &stage;
        async move {
            let records = stage.of(event).await;
            records.into_iter().filter(|record| record.step.as_deref() == Some("database")).collect::<Vec<_>>()
        }
    };
    assert_eq!(of_database("call.intended").await.len(), 1, "one intent for all tries");
    assert_eq!(of_database("call.intended").await[0].data["tries"], 5);
    let finished = of_database("call.finished").await.remove(0);
    assert_eq!((&finished.data["tries"], &finished.data["outcome"]["how"]), (&5.into(), &"failed".into()));
    assert_eq!(finished.data["answers"], serde_json::json!({ "InvalidGlobalClusterStateFault": 5 }));
    let observed = of_database("step.observed").await.len();
    assert_eq!(observed, 2, "what is due, and what AWS said");

    let asked = stage.message(|message| offers(message, "failover")).await;
    assert!(offers(&asked, "retry") && offers(&asked, "abort") && !offers(&asked, "skip"));
    stage.presses(Cast::JONAS, "abort").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Aborted);
    tokio::time::sleep(Duration::from_secs(300)).await;
    primary_serves(&stage);
}

#[tokio::test(start_paused = true)]
async fn failover_instead_asks_anew_and_takes_a_confirmation_of_its_own() {
    let mut stage = Stage::open().await;
    stage.world.inject(Fault::blue_green_source("shop-global"));
    switches_over(&stage).await;
    let asked = stage.message(|message| offers(message, "failover")).await;
    let first = stage.of("run.started").await.remove(0);
    // Two people at once: one run follows.
    stage.presses_in(&asked, Cast::MAYA, "failover").await;
    let _second = stage.slack.click_through(Cast::JONAS, &asked.channel, &asked.ts, "failover").await;

    let ended = stage.ended().await;
    assert_eq!(ended.ended.unwrap().outcome, RunOutcome::Aborted);
    let gate =
        stage.message(|message| offers(message, "approve-failover") && !offers(message, "approve-switchover")).await;
    stage.restart().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let started = stage.of("run.started").await;
    assert_eq!(started.len(), 2);
    assert_ne!(started[1].data["plan_digest"], first.data["plan_digest"]);
    assert_eq!(started[1].data["reason"], first.data["reason"]);
    primary_serves(&stage);
    assert!(calls_of(&stage, "FailoverGlobalCluster").is_empty(), "nothing before the confirmation");

    // Maya asked for it, so that she cannot confirm it.
    let _own = stage.slack.click_through(Cast::MAYA, &gate.channel, &gate.ts, "approve-failover").await;
    stage.presses_in(&gate, Cast::JONAS, "approve-failover").await;
    let id = started[1].run.clone().unwrap();
    let done = stage.record(|record| record.event == "run.ended" && record.run.as_deref() == Some(&id)).await;
    assert_eq!(
        (&done.data["report"]["outcome"], &done.data["report"]["method"]),
        (&"completed".into(), &"failover".into())
    );
    assert_eq!(calls_of(&stage, "FailoverGlobalCluster").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failover_instead_survives_the_death_of_the_bot() {
    let mut stage = Stage::open().await;
    stage.world.inject(Fault::blue_green_source("shop-global"));
    switches_over(&stage).await;
    stage.message(|message| offers(message, "failover")).await;
    stage.presses(Cast::MAYA, "failover").await;
    stage.record(|record| record.event == "step.resolved" && record.data["resolution"] == "failover").await;
    stage.crash().await;
    stage.start().await;
    stage.message(|message| offers(message, "approve-failover") && !offers(message, "approve-switchover")).await;
    assert_eq!(stage.of("run.started").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn failover_instead_can_be_typed_and_is_followed_at_the_terminal() {
    let terminal = format!("viewers = [\"*\"]\nterminal = {{ maya = {:?} }}\nrequester_may_approve = true", Cast::MAYA);
    let stage = Stage::with().replace("viewers = [\"*\"]", &terminal).open().await;
    stage.world.inject(Fault::blue_green_source("shop-global"));
    let mut maya = stage.terminal("maya", Ask::Command("promote a planned move".to_owned()));
    maya.is_asked().await;
    maya.types("promote us-west-2 by switchover").await;
    let prompt = maya.is_asked().await;
    assert!(prompt.contains("Type `failover`: Ends this run, observes both regions again"), "{prompt}");
    maya.types("failover").await;
    let prompt = maya.is_asked().await;
    assert!(prompt.contains("Type exactly `promote us-west-2` to confirm"), "{prompt}");
    maya.types("promote us-west-2").await;
    assert!(maya.ends().await, "{}", maya.seen);
}

#[tokio::test(start_paused = true)]
async fn failover_is_not_offered_where_nothing_was_refused() {
    let stage = Stage::open().await;
    let refused = stage.says(Cast::JONAS, "failover").await;
    assert!(refused.contains("No run waits") && refused.contains("/dr promote"), "{refused}");
    let pair = stage.world.pairs().remove(0);
    stage.world.inject(Fault::RegionDark(pair.primary.region.clone()));
    stage.world.inject(Fault::PromotionFails { global_cluster: pair.global_cluster });
    stage.promotes().await;
    let asked = stage.message(|message| offers(message, "retry")).await;
    assert!(!offers(&asked, "failover"));
    let run = stage.of("run.started").await[0].run.clone().unwrap();
    for typed in ["failover".to_owned(), format!("failover {run}")] {
        let refused = stage.says(Cast::JONAS, &typed).await;
        assert!(refused.contains("No run waits"), "{typed}: {refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn state_that_passes_holds_the_switchover_up_and_nothing_else() {
    let stage = Stage::with().looks_every(Duration::from_secs(2)).open().await;
    let refused = stage.world.inject(Fault::switchover_state("shop-global", "shop-primary"));
    switches_over(&stage).await;
    stage
        .record(|record| record.event == "step.observed" && record.data.to_string().contains("not in the available"))
        .await;
    stage.world.clear_after(Duration::from_secs(5), refused);
    let run = stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    assert!(stage.of("run.paused").await.is_empty());
    let finished =
        stage.of("call.finished").await.into_iter().find(|record| record.step.as_deref() == Some("database"));
    let data = &finished.unwrap().data;
    assert_eq!(data["outcome"]["how"], "accepted");
    let tries = data["tries"].as_u64().unwrap();
    assert!((2..=5).contains(&tries), "{tries}");
    assert_eq!(data["answers"], serde_json::json!({ "InvalidDBClusterStateFault": tries - 1 }));
}

#[tokio::test(start_paused = true)]
async fn server_error_leaves_open_what_became_of_the_switchover_so_it_is_not_repeated() {
    let stage = Stage::open().await;
    let target = Target::operation(Service::Rds, "SwitchoverGlobalCluster");
    stage.world.inject(Fault::calls(target, Disturbance::internal_error()));
    switches_over(&stage).await;
    let paused = stage.record(|record| record.event == "run.paused").await;
    let error = paused.data["error"].as_str().unwrap();
    assert!(error.contains("is unknown") && error.contains("InternalFailure"), "{error}");
    assert_eq!(calls_of(&stage, "SwitchoverGlobalCluster").len(), 1);
    primary_serves(&stage);
}

#[tokio::test(start_paused = true)]
async fn refused_failover_takes_nothing_from_a_healthy_primary() {
    let stage = Stage::open().await;
    let target = Target::operation(Service::Rds, "FailoverGlobalCluster");
    let refused = Disturbance::Error {
        status: 400,
        code: "InvalidGlobalClusterStateFault".to_owned(),
        message: "The global cluster is in an invalid state".to_owned(),
    };
    let fault = stage.world.inject(Fault::calls(target, refused));
    stage.says(Cast::MAYA, "promote it is slow").await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "run.paused").await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    primary_serves(&stage);
    assert_eq!(calls_of(&stage, "FailoverGlobalCluster").len(), 5);
    stage.world.clear(fault);
    stage.presses(Cast::JONAS, "retry").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    // Fenced after all, once the writer had moved.
    assert!(stage.world.state().pairs.remove(0).primary.services.iter().all(|service| service.desired == 0));
}

#[tokio::test(start_paused = true)]
async fn planned_move_takes_nothing_away_before_its_replacement_is_there() {
    let stage = Stage::open().await;
    switches_over(&stage).await;
    let run = stage.ended().await;
    assert_eq!(run.method(), Some(Method::Switchover));
    let calls = stage.world.calls();
    let accepted = |operation: &str, region: &str| {
        let made = calls.iter().filter(|call| {
            call.changing
                && call.outcome == Outcome::Accepted
                && call.operation == operation
                && call.region.as_str() == region
        });
        made.map(|call| call.at).collect::<Vec<_>>()
    };
    let raised = accepted("RegisterScalableTarget", "us-west-2").pop().unwrap();
    let moved = accepted("SwitchoverGlobalCluster", PRIMARY)[0];
    let pointed = accepted("ChangeResourceRecordSets", PRIMARY)[0];
    let fenced = accepted("UpdateService", PRIMARY)[0];
    assert!(raised < moved && moved < pointed && pointed < fenced, "{raised} {moved} {pointed} {fenced}");
    let verified = stage.of("step.done").await.into_iter().find(|record| record.step.as_deref() == Some("verify"));
    assert!(verified.unwrap().at <= fenced);
}

#[tokio::test(start_paused = true)]
async fn planned_move_without_capacity_leaves_the_writer_where_it_serves() {
    let stage = Stage::open().await;
    let dr = stage.world.pairs().remove(0).dr.region;
    stage.world.inject(Fault::NoCapacity { region: dr, reason: "Capacity is unavailable".into() });
    switches_over(&stage).await;
    let paused = stage.record(|record| record.event == "run.paused").await;
    assert_eq!(paused.data["failed"], "capacity");
    assert!(calls_of(&stage, "SwitchoverGlobalCluster").is_empty());
    primary_serves(&stage);
}

#[tokio::test(start_paused = true)]
async fn old_primary_keeps_its_tasks_while_the_record_points_there() {
    let stage = Stage::open().await;
    switches_over(&stage).await;
    stage.record(|record| record.event == "gate.decided").await;
    let target = Target::operation(Service::Route53, "ChangeResourceRecordSets");
    stage.world.inject(Fault::calls(target, Disturbance::access_denied("route53:ChangeResourceRecordSets")));
    stage.message(|message| offers(message, "skip")).await;
    stage.presses(Cast::JONAS, "skip").await;
    // Good answers of DR prove nothing while users are sent to the primary.
    let astray = stage.record(|record| record.event == "run.paused" && record.data["failed"] == "verify").await;
    assert!(astray.data["error"].as_str().unwrap().contains("still points at us-east-1"), "{}", astray.data);
    let asks =
        |message: &Message| offers(message, "skip") && tests::text_of(message).contains("users aren't sent there");
    let asked = stage.message(asks).await;
    stage.presses_in(&asked, Cast::JONAS, "skip").await;
    let report = stage.ended().await.ended.unwrap();
    let state = stage.world.state().pairs.remove(0);
    assert!(state.primary.services.iter().all(|service| service.desired > 1), "{:?}", state.primary.services);
    assert!(report.remaining.iter().any(|left| left.contains("still points at us-east-1")), "{:?}", report.remaining);
}

#[tokio::test(start_paused = true)]
async fn refused_failback_leaves_dr_as_it_is() {
    let stage = failback::promoted_on(Stage::with(), OldPrimary::Rejoins).await;
    let refused = stage.world.inject(Fault::blue_green_source("shop-global"));
    stage.says(Cast::MAYA, "failback now").await;
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let paused = stage.record(|record| record.event == "run.paused").await;
    assert!(paused.data["error"].as_str().unwrap().contains("refused 5 times"), "{}", paused.data);
    let asked = stage.message(|message| offers(message, "retry")).await;
    assert!(!offers(&asked, "failover"), "a failback has no other way");
    let state = stage.world.state().pairs.remove(0);
    assert_eq!((state.writer, state.resolves_to), (Some(Side::Dr), Some(Side::Dr)));
    assert!(state.dr.services.iter().all(|service| service.running > 1));
    stage.world.clear(refused);
    stage.presses(Cast::JONAS, "retry").await;
    let run = failback::ended(&stage, commands::plan::RunbookName::Failback).await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
}
