//! What people see before they approve a failback, and what is looked at again when they do.

use rehearsal::{Fault, ImageIs, OldPrimary, Pair, Side};
use tests::{Cast, Stage};

use super::failback::promoted_in;

/// The detail of a check in the newest plan that people were asked about.
async fn check(stage: &Stage, id: &str) -> Option<String> {
    let started = stage.of("run.started").await;
    let checks = started.last()?.data["plan"]["checks"].as_array()?.clone();
    let found = checks.iter().find(|check| check["id"] == id)?;
    Some(format!("{} {}: {}", found["level"].as_str()?, found["outcome"].as_str()?, found["detail"].as_str()?))
}

async fn asked(stage: &Stage) {
    stage.record(|record| record.event == "gate.opened" && record.run.as_deref() != Some("promote-1")).await;
}

#[tokio::test(start_paused = true)]
async fn approval_is_void_once_the_secondary_has_fallen_behind_and_the_next_plan_waits_for_it() {
    let stage = promoted_in(Pair { old_primary: OldPrimary::Rejoins, ..Pair::named("shop", 1) }).await;
    stage.says(Cast::MAYA, "failback").await;
    asked(&stage).await;
    stage.world.inject(Fault::FallsBehind { global_cluster: "shop-global".into() });
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let void = stage.record(|record| record.event == "gate.decided" && record.data["decision"]["how"] == "void").await;
    let why = void.data["decision"]["why"].as_str().unwrap();
    assert!(why.contains("shop-primary is pending-resync"), "{why}");
    assert!(!stage.changes().iter().any(|change| change.contains("Switchover")));

    // The plan that is shown instead waits until it is connected again, and asks once more.
    let again = stage.record(|record| record.event == "gate.opened" && record.seq > void.seq).await;
    assert!(again.run.as_deref() != void.run.as_deref());
    let member = check(&stage, "primary-member").await.unwrap();
    assert_eq!(member, "warning fail: shop-primary is pending-resync");
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let run = stage.record(|record| record.event == "run.ended" && record.run == again.run).await;
    assert_eq!(run.data["report"]["outcome"], "completed");
}

#[tokio::test(start_paused = true)]
async fn approval_is_void_while_nothing_tells_how_far_the_secondary_lags() {
    let stage = promoted_in(Pair { old_primary: OldPrimary::Rejoins, ..Pair::named("shop", 1) }).await;
    stage.says(Cast::MAYA, "failback").await;
    asked(&stage).await;
    let target = rehearsal::Target::operation(rehearsal::Service::CloudWatch, "ListMetrics");
    let silent = stage.world.inject(Fault::calls(target, rehearsal::Disturbance::internal_error()));
    stage.presses(Cast::JONAS, "approve-switchover").await;
    stage.record(|record| record.event == "gate.decided" && record.data["decision"]["how"] == "void").await;
    assert!(!stage.changes().iter().any(|change| change.contains("Switchover")));
    stage.world.clear(silent);
}

#[tokio::test(start_paused = true)]
async fn what_the_primary_lacks_is_told_before_anybody_is_asked() {
    let mut pair = Pair { old_primary: OldPrimary::Rejoins, ..Pair::named("shop", 1) };
    pair.primary.needs.image = ImageIs::Moved;
    pair.primary.db_instance_class = "db.t4g.medium".into();
    pair.primary.vcpu_quota = 0.5;
    let stage = promoted_in(pair).await;
    stage.world.inject(Fault::EndpointAnswers {
        pair: "shop".into(),
        side: Side::Primary,
        status: 403,
        location: None,
    });
    stage.says(Cast::MAYA, "failback").await;
    asked(&stage).await;
    let told = async |id: &str| check(&stage, id).await.unwrap_or_else(|| panic!("there is no check {id}"));
    assert!(told("class-parity").await.starts_with("warning fail: the primary runs db.t4g.medium, DR "));
    assert!(told("images-web").await.contains("us-east-1 runs other code"));
    assert!(told("vcpu-quota").await.starts_with("blocking fail: production needs "));
    assert!(told("primary-endpoint").await.starts_with("blocking fail: "));
    let gate = stage.gate().await;
    insta::assert_snapshot!("gate_failback_not_ready", tests::text_of(&gate));
}
