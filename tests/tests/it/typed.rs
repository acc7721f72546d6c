//! What can be typed in Slack beside status and promote: retry, skip, abort, history, report.

use commands::{
    history::Standing,
    journal::{Event, Refusal},
    plan::StepId,
    report::RunOutcome,
};
use rehearsal::{Fault, Region};
use tests::{Cast, Stage};

const DR: &str = "us-west-2";

/// A promote that is paused: capacity cannot be placed.
async fn paused() -> (Stage, rehearsal::FaultId) {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    let fault = stage.world.inject(Fault::NoCapacity { region: Region::from(DR), reason: "no capacity".into() });
    stage.promotes().await;
    stage.record(|record| record.event == "run.paused").await;
    (stage, fault)
}

async fn refused(stage: &Stage) -> Vec<Refusal> {
    let refused = stage.events("command.refused").await.into_iter();
    refused.map(|event| if let Event::CommandRefused { reason, .. } = event { reason } else { panic!() }).collect()
}

#[tokio::test(start_paused = true)]
async fn retry_needs_no_names_where_one_step_waits() {
    let (stage, fault) = paused().await;
    stage.world.clear(fault);
    assert_eq!(stage.says(Cast::JONAS, "retry").await, "Recorded.");
    let run = stage.ended().await;
    assert_eq!(run.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(run.steps[&StepId::Capacity].attempts, 2);
    // The buttons give way to who decided, as after a click.
    assert!(stage.hears("*Retry* by <@U0JONAS0001>").await.buttons().next().is_none());
}

#[tokio::test(start_paused = true)]
async fn skip_and_abort_go_by_name_too() {
    let (stage, _) = paused().await;
    stage.says(Cast::JONAS, "skip promote-1 capacity").await;
    let report = stage.ended().await.ended.unwrap();
    assert!(report.remaining.iter().any(|left| left.contains("capacity was skipped")), "{:?}", report.remaining);

    let (stage, _) = paused().await;
    stage.says(Cast::JONAS, "abort promote-1").await;
    let report = stage.ended().await.ended.unwrap();
    assert_eq!(report.outcome, RunOutcome::Aborted);
    for left in ["database is done", "capacity failed: ", "dns was not begun", "`/dr promote shop`"] {
        assert!(report.remaining.iter().any(|line| line.contains(left)), "{left}: {:?}", report.remaining);
    }
}

#[tokio::test(start_paused = true)]
async fn resolutions_are_refused_as_their_buttons_are() {
    let (stage, _) = paused().await;
    let cases = [
        (Cast::SAM, "retry", "may not promote", Refusal::NotAllowed),
        (Cast::JONAS, "retry database", "No run waits at database", Refusal::NoSuchThing),
        (Cast::JONAS, "skip promote-1 database", "does not wait for a decision", Refusal::AlreadyDecided),
        (Cast::JONAS, "retry promote-99", "no run promote-99", Refusal::NoSuchThing),
        (Cast::JONAS, "retry promote-99 dns", "no run promote-99", Refusal::NoSuchThing),
    ];
    for (user, text, told, reason) in cases {
        let reply = stage.says(user, text).await;
        assert!(reply.contains(told), "{text}: {reply}");
        assert_eq!(refused(&stage).await.pop(), Some(reason), "{text}");
    }
    assert!(stage.of("step.resolved").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn several_failed_steps_have_to_be_named() {
    let stage = Stage::open().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.world.inject(Fault::NoCapacity { region: Region::from(DR), reason: "no capacity".into() });
    stage.world.inject(Fault::PromotionFails { global_cluster: "shop-global".into() });
    stage.promotes().await;
    let failed = |step: &'static str| {
        move |record: &storage::Record| record.event == "step.failed" && record.step.as_deref() == Some(step)
    };
    stage.record(failed("database")).await;
    stage.record(failed("capacity")).await;
    let reply = stage.says(Cast::JONAS, "retry").await;
    assert!(reply.contains("Which one? `/dr retry promote-1 database` or `/dr retry promote-1 capacity`."), "{reply}");
    assert_eq!(refused(&stage).await, [Refusal::Ambiguous]);
    assert_eq!(stage.says(Cast::JONAS, "retry capacity").await, "Recorded.");
    // An abort ends the run, so that there is nothing to choose.
    let reply = stage.says(Cast::JONAS, "abort").await;
    assert!(reply.starts_with("Aborting promote-1"), "{reply}");
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Aborted);
}

#[tokio::test(start_paused = true)]
async fn late_step_says_so_once() {
    let (mut stage, fault) = paused().await;
    let late = |records: Vec<std::sync::Arc<storage::Record>>| {
        records.iter().filter(|record| record.step.as_deref() == Some("capacity")).count()
    };
    assert_eq!(late(stage.of("step.late").await), 1);
    let Event::StepLate { expected_s, elapsed_s, .. } = stage.events("step.late").await.remove(0) else { panic!() };
    assert!(elapsed_s >= expected_s && elapsed_s < expected_s + 10.0, "{elapsed_s} of {expected_s}");
    stage.hears("is late").await;
    stage.says(Cast::JONAS, "retry").await;
    stage.record(|record| record.event == "step.resolved").await;
    stage.restart().await;
    tokio::time::sleep(std::time::Duration::from_secs(400)).await;
    assert_eq!(late(stage.of("step.late").await), 1, "not again, tried again or not");
    stage.world.clear(fault);
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn history_and_report_tell_what_was() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote by mistake").await;
    stage.presses(Cast::JONAS, "refuse").await;
    stage.ended().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.promotes().await;
    let second =
        stage.record(|record| record.event == "run.ended" && record.data["report"]["outcome"] == "completed").await;
    let id = second.run.clone().unwrap();

    stage.says(Cast::SAM, "history").await;
    let shown = stage.hears("Runs of shop: 2 runs").await;
    assert!(serde_json::json!(shown.blocks).to_string().contains(&id), "{:?}", shown.blocks);
    let Event::HistoryAnswered { history, .. } = stage.events("history.answered").await.remove(0) else { panic!() };
    let standings: Vec<_> = history.runs.iter().map(|run| run.standing.clone()).collect();
    let ended = |outcome| Standing::Ended { outcome };
    assert_eq!(standings, [ended(RunOutcome::Completed), ended(RunOutcome::NotApproved)]);

    stage.says(Cast::SAM, &format!("report {id}")).await;
    let shown = tests::text_of(&stage.hears(&format!("Report of {id}")).await);
    for told in
        ["RTO from the confirmation", "Estimated data loss", "Who decided what", "<@U0JONAS0001>", "database: done"]
    {
        assert!(shown.contains(told), "{told} in {shown}");
    }
    let reply = stage.says(Cast::SAM, "report promote-9999").await;
    assert!(reply.contains("no run promote-9999"), "{reply}");
}
