//! Cases that arise in an incident, each with the whole bot, and judged like the sweeps.

use std::time::Duration;

use commands::report::RunOutcome;
use jiff::SignedDuration;
use rehearsal::{Disturbance, Durations, Fault, Pair, PairState, Region, Scenario, Service, Side, Target};
use tests::{
    Cast, Stage,
    sweep::{Crew, Hand, Rig, Story},
};

const PRIMARY: &str = "us-east-1";
const DR: &str = "us-west-2";

fn dark() -> Fault {
    Fault::RegionDark(Region::from(PRIMARY))
}

/// A pair whose hosted zone has no accelerated recovery, so that the dns step waits a quarter of an hour.
fn without_recovery() -> Scenario {
    let mut pair = Pair::named("shop", 1);
    pair.zone_features.accelerated_recovery = "DISABLED".to_owned();
    Scenario::of([pair])
}

/// The primary goes dark, and people promote.
async fn promoting(scenario: Scenario) -> Rig {
    let rig = Rig::over(Stage::with().scenario(scenario).open().await);
    rig.stage.world.inject(dark());
    rig.stage.promotes().await;
    rig.stage.record(|record| record.event == "gate.decided").await;
    rig
}

/// People bring it to its end, which is good, and nothing was done that must not be.
async fn ends_well(rig: &mut Rig) {
    Crew::of(Story::DarkPrimary).see_to_the_end(&rig.stage).await.unwrap();
    rig.settle().await;
    assert!(rig.end().is_served_by(Side::Dr), "{:?}", rig.end());
    sound(rig).await;
}

async fn sound(rig: &mut Rig) {
    assert_eq!(rig.violations().await, Vec::<String>::new());
}

async fn pauses(rig: &Rig, step: &str) -> String {
    let paused = rig.stage.record(|record| record.event == "run.paused" && record.data["failed"] == step).await;
    paused.data["error"].as_str().unwrap().to_owned()
}

fn moves(rig: &Rig) -> usize {
    rig.stage.changes().iter().filter(|change| change.ends_with("GlobalCluster")).count()
}

#[tokio::test(start_paused = true)]
async fn dns_control_plane_dark_past_the_deadline_pauses_at_that_step() {
    let mut rig = promoting(without_recovery()).await;
    let fault = rig.stage.world.inject(Fault::route53_dark());
    let error = pauses(&rig, "dns").await;
    assert!(error.contains("ListResourceRecordSets"), "{error}");
    rig.stage.world.clear(fault);
    ends_well(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn promotion_that_takes_longer_than_its_deadline_is_not_sent_again_by_a_retry() {
    let durations = Durations { promotion: Duration::from_secs(1_500), ..Durations::default() };
    let mut rig = promoting(Scenario { durations, ..Scenario::pair() }).await;
    let error = pauses(&rig, "database").await;
    assert!(error.contains("not done after 900 s; last seen: global cluster is failing-over"), "{error}");
    ends_well(&mut rig).await;
    assert_eq!(moves(&rig), 1);
}

#[tokio::test(start_paused = true)]
async fn old_primary_that_comes_back_in_the_middle_is_fenced_and_changes_nothing_else() {
    let mut rig = Rig::over(Stage::open().await);
    let fault = rig.stage.world.inject(dark());
    rig.stage.promotes().await;
    rig.stage.record(|record| record.event == "call.finished").await;
    rig.stage.world.clear(fault);
    ends_well(&mut rig).await;
    let services = rig.stage.world.state().pairs.remove(0).primary.services;
    assert!(services.iter().all(|service| service.desired == 0 && service.running == 0), "{services:?}");
}

#[tokio::test(start_paused = true)]
async fn who_fails_over_by_hand_while_people_decide_leaves_the_rest_to_the_run() {
    let mut rig = Rig::over(Stage::open().await);
    rig.stage.world.inject(dark());
    rig.stage.promotes().await;
    Hand::in_pair_of(&rig.stage.world).fails_over_to(Side::Dr).await.unwrap();
    ends_well(&mut rig).await;
    assert_eq!(moves(&rig), 1);
}

#[tokio::test(start_paused = true)]
async fn who_fails_over_by_hand_before_an_approved_switchover_leaves_its_loss_unknown() {
    let mut rig = Rig::over(Stage::open().await);
    rig.stage.says(Cast::MAYA, "promote a planned move").await;
    rig.stage.presses(Cast::JONAS, "approve-switchover").await;
    rig.stage.record(|record| record.event == "step.started").await;
    Hand::in_pair_of(&rig.stage.world).fails_over_to(Side::Dr).await.unwrap();
    let report = rig.stage.ended().await.ended.unwrap();
    assert_eq!((report.outcome, report.data_loss_ms), (RunOutcome::Completed, None));
    let told = report.remaining.join("\n");
    assert!(told.contains("somebody else moved the writer to us-west-2"), "{told}");
    assert!(told.contains("`/dr rescue shop` keeps what Aurora saved of it"), "{told}");
    rig.settle().await;
    let public = tests::text_of(rig.stage.slack.messages(Cast::ELSEWHERE).last().unwrap());
    assert!(public.contains("shop answers again; the latest changes before may be lost"), "{public}");
    sound(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn dr_cluster_without_an_instance_is_said_and_left_as_it_is() {
    let mut pair = Pair::named("shop", 1);
    pair.dr.db_instances = 0;
    let mut rig = promoting(Scenario::of([pair])).await;
    let error = pauses(&rig, "database").await;
    assert!(error.contains("FailoverGlobalCluster") && error.contains("no available DB instance"), "{error}");
    assert_eq!(rig.stage.world.state().pairs[0].writer, Some(Side::Primary));
    rig.settle().await;
    sound(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn quota_that_leaves_no_room_for_tasks_pauses_with_what_ecs_says() {
    let mut rig = promoting(Scenario::pair()).await;
    let reason = "You've reached the limit on the number of vCPUs you can run concurrently";
    let fault = Fault::NoCapacity { region: Region::from(DR), reason: reason.to_owned() };
    let fault = rig.stage.world.inject(fault);
    let error = pauses(&rig, "capacity").await;
    assert!(error.contains(reason), "{error}");
    rig.stage.world.clear(fault);
    ends_well(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn image_that_is_missing_pauses_with_what_ecs_says() {
    let mut rig = promoting(Scenario::pair()).await;
    let fault = rig.stage.world.inject(Fault::ImageMissing { region: Region::from(DR) });
    let error = pauses(&rig, "capacity").await;
    assert!(error.contains("is unable to consistently start tasks successfully"), "{error}");
    rig.stage.world.clear(fault);
    ends_well(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn snapshot_that_failed_is_taken_again_when_somebody_deleted_it() {
    let mut rig = Story::Detached.open(1).await.unwrap();
    let fault = rig.stage.world.inject(Fault::SnapshotsFail { db_cluster: "shop-primary".to_owned() });
    rig.stage.says(Cast::MAYA, "failback").await;
    let error = pauses(&rig, "snapshot").await;
    assert!(error.contains("failed, and nothing is deleted without one"), "{error}");
    rig.stage.world.clear(fault);
    Crew::of(Story::Detached).see_to_the_end(&rig.stage).await.unwrap();
    rig.settle().await;
    assert!(rig.end().is_served_by(Side::Primary), "{:?}", rig.end());
    sound(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn record_taken_while_the_change_is_on_its_way_is_not_overwritten() {
    let mut rig = promoting(Scenario::pair()).await;
    let dns = |record: &storage::Record| record.event == "call.intended" && record.step.as_deref() == Some("dns");
    rig.stage.record(dns).await;
    let taken = "maintenance.example.net".to_owned();
    rig.stage.world.inject(Fault::RecordTaken {
        pair: "shop".into(),
        dns_name: taken.clone(),
        zone: "Z2ELSEWHERE".into(),
    });
    let error = pauses(&rig, "dns").await;
    assert!(error.contains(&taken), "{error}");
    assert_eq!(rig.stage.world.state().pairs[0].record.as_deref(), Some(taken.as_str()));
    ends_well(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn record_does_not_move_to_where_the_writer_is_no_more() {
    let mut rig = Rig::over(Stage::with().scenario(without_recovery()).open().await);
    rig.stage.says(Cast::MAYA, "promote a planned move").await;
    rig.stage.presses(Cast::JONAS, "approve-switchover").await;
    rig.stage.record(|record| record.event == "gate.decided").await;
    let fault = rig.stage.world.inject(Fault::route53_dark());
    pauses(&rig, "dns").await;

    let hand = Hand::in_pair_of(&rig.stage.world);
    let writes = |side| move |pair: &PairState| pair.writer == Some(side) && pair.failover.is_none();
    hand.switches_over_to(Side::Primary).await.unwrap();
    hand.waits(writes(Side::Primary)).await.unwrap();
    rig.stage.world.clear(fault);
    rig.stage.presses(Cast::JONAS, "retry").await;
    let held = rig.stage.hears("shop-primary in us-east-1 is the writer now").await;
    assert!(held.text.contains("retry once us-west-2 writes again"), "{}", held.text);
    assert_eq!(rig.stage.world.state().pairs[0].resolves_to, Some(Side::Primary));

    hand.switches_over_to(Side::Dr).await.unwrap();
    hand.waits(writes(Side::Dr)).await.unwrap();
    Crew::of(Story::PlannedMove).see_to_the_end(&rig.stage).await.unwrap();
    rig.settle().await;
    assert!(rig.end().is_served_by(Side::Dr), "{:?}", rig.end());
    sound(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn dr_keeps_its_tasks_where_somebody_needs_it_again_meanwhile() {
    let mut rig = Story::Rejoined.open(1).await.unwrap();
    rig.stage.says(Cast::MAYA, "failback the region is healthy").await;
    rig.stage.presses(Cast::JONAS, "approve-switchover").await;
    rig.stage.record(|record| record.event == "step.started" && record.step.as_deref() == Some("idle")).await;
    let scaling = Target::operation(Service::ApplicationAutoScaling, "RegisterScalableTarget");
    let denied = Disturbance::access_denied("application-autoscaling:RegisterScalableTarget");
    let fault = rig.stage.world.inject(Fault::calls(scaling, denied));
    pauses(&rig, "idle").await;

    let hand = Hand::in_pair_of(&rig.stage.world);
    hand.switches_over_to(Side::Dr).await.unwrap();
    hand.waits(|pair| pair.writer == Some(Side::Dr) && pair.failover.is_none()).await.unwrap();
    let before = rig.stage.changes();
    rig.stage.world.clear(fault);
    rig.stage.presses(Cast::JONAS, "retry").await;
    rig.stage.hears("shop-dr in us-west-2 is the writer now").await;
    assert_eq!(rig.stage.changes(), before);
    rig.settle().await;
    sound(&mut rig).await;
}

/// The host's clock jumps while Aurora works on a failover that it will give up.
async fn clock_jumps(ahead: SignedDuration) -> Rig {
    let rig = Rig::over(Stage::open().await);
    rig.stage.world.inject(dark());
    let fault = rig.stage.world.inject(Fault::PromotionFails { global_cluster: "shop-global".into() });
    rig.stage.promotes().await;
    rig.stage.record(|record| record.event == "step.started").await;
    rig.stage.set_host_clock(ahead);
    tokio::time::sleep(Duration::from_secs(600)).await;
    rig.stage.world.clear(fault);
    rig.stage.set_host_clock(SignedDuration::ZERO);
    rig
}

#[tokio::test(start_paused = true)]
async fn clock_that_jumps_back_repeats_no_failover() {
    let mut rig = clock_jumps(SignedDuration::from_hours(-5)).await;
    ends_well(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn clock_that_jumps_ahead_repeats_no_failover() {
    let mut rig = clock_jumps(SignedDuration::from_hours(5)).await;
    ends_well(&mut rig).await;
}

#[tokio::test(start_paused = true)]
async fn failover_whose_answer_was_lost_is_sent_again_on_a_word_only() {
    let stage = Stage::open().await;
    let pair = stage.world.pairs().remove(0);
    stage.world.inject(Fault::RegionDark(pair.primary.region.clone()));
    let lost = Target::operation(Service::Rds, "FailoverGlobalCluster");
    stage.world.inject(Fault::next_calls(1, lost, Disturbance::EffectThenHang));
    let stuck = stage.world.inject(Fault::PromotionFails { global_cluster: pair.global_cluster.clone() });
    let sent = || stage.changes().iter().filter(|change| *change == "Rds:FailoverGlobalCluster").count();

    stage.promotes().await;
    let paused = stage.record(|record| record.event == "run.paused").await;
    let error = paused.data["error"].as_str().unwrap();
    assert!(error.starts_with("what became of FailoverGlobalCluster is unknown"), "{error}");
    tokio::time::sleep(Duration::from_secs(1800)).await;
    assert_eq!(sent(), 1);

    stage.world.clear(stuck);
    stage.presses(Cast::JONAS, "retry").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn question_that_an_abort_leaves_unanswered_loses_its_buttons() {
    let stage = Stage::open().await;
    let pair = stage.world.pairs().remove(0);
    stage.world.inject(Fault::RegionDark(pair.primary.region.clone()));
    stage.world.inject(Fault::PromotionFails { global_cluster: pair.global_cluster.clone() });
    stage.world.inject(Fault::NoCapacity { region: pair.dr.region.clone(), reason: "Capacity is unavailable".into() });
    stage.promotes().await;
    let of = |step: &'static str| {
        move |message: &rehearsal::slack::Message| {
            message.text.contains(&format!("{step} failed, a decision is needed"))
        }
    };
    let database = stage.message(of("database")).await;
    stage.message(of("capacity")).await;
    stage.presses_in(&database, Cast::JONAS, "abort").await;
    let closed = stage.hears("not decided: the run ended").await;
    assert!(closed.text.contains("capacity") && closed.buttons().next().is_none(), "{}", closed.text);
}
