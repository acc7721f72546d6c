//! The terminal: the same engine without Slack, and side by side with it.

use bot::terminal::Ask;
use commands::{
    journal::{Event, Refusal},
    report::RunOutcome,
};
use rehearsal::{
    Fault, Region,
    slack::{Fault as SlackFault, FaultKind},
};
use storage::{Actor, Origin};
use tests::{Cast, Stage, StageBuilder, text_of};

const PHRASE: &str = "promote us-west-2";

fn dark() -> Fault {
    Fault::RegionDark(Region::from("us-east-1"))
}

fn command(text: &str) -> Ask {
    Ask::Command(text.to_owned())
}

/// Maya, Jonas and Sam have users on the host; root is nobody.
fn host() -> StageBuilder {
    Stage::with().replace(
        "viewers = [\"*\"]",
        &format!(
            "viewers = [\"*\"]\nterminal = {{ maya = {:?}, jonas = {:?}, sam = {:?} }}",
            Cast::MAYA,
            Cast::JONAS,
            Cast::SAM
        ),
    )
}

fn alone_at_night() -> StageBuilder {
    host().replace("viewers = [\"*\"]", "viewers = [\"*\"]\nrequester_may_approve = true")
}

async fn refusals(stage: &Stage) -> Vec<Refusal> {
    let refused = stage.events("command.refused").await.into_iter();
    refused.map(|event| if let Event::CommandRefused { reason, .. } = event { reason } else { panic!() }).collect()
}

#[tokio::test(start_paused = true)]
async fn promote_is_asked_for_confirmed_by_another_user_and_followed() {
    let stage = host().open().await;
    stage.world.inject(dark());
    let mut maya = stage.terminal("maya", command("promote the primary is dark"));
    let prompt = maya.is_asked().await;
    assert!(prompt.contains("somebody else") && prompt.contains("standby approve promote-1"), "{prompt}");
    maya.types(PHRASE).await;
    maya.sees("Refused: You asked for this run, so somebody else has to confirm it").await;
    maya.is_asked().await;

    let mut jonas = stage.terminal("jonas", Ask::Approve(None));
    let prompt = format!(
        "Type exactly `{PHRASE}` to confirm; why may follow on the same line.\nType `refuse` to say no; why may follow."
    );
    assert_eq!(jonas.is_asked().await, prompt);
    jonas.types("yes").await;
    jonas.sees("Nothing was done").await;
    jonas.types(PHRASE).await;
    assert!(jonas.ends().await, "{}", jonas.seen);

    maya.sees("approved: failover · by jonas (terminal)").await;
    maya.sees("It is decided.").await;
    assert!(maya.ends().await, "{}", maya.seen);
    insta::assert_snapshot!("seen", tests::without_hashes(&maya.seen));

    let decided = stage.of("gate.decided").await.remove(0);
    assert_eq!(decided.actor, Actor::Terminal { user: "jonas".into() });
    assert_eq!(decided.origin, Origin::Terminal);
    let gate = stage.hears("*Approved*").await;
    assert!(gate.text.contains("jonas (terminal)") && gate.buttons().count() == 0, "{}", gate.text);
}

#[tokio::test(start_paused = true)]
async fn looking_is_answered_in_plain_text() {
    let stage = host().open().await;
    stage.world.inject(dark());
    for (text, shows) in [("status", "shop"), ("plan promote", "Dry run"), ("history", "There was none yet")] {
        let mut sam = stage.terminal("sam", command(text));
        assert!(sam.ends().await, "{}", sam.seen);
        assert!(sam.seen.contains(shows), "{}", sam.seen);
        for markup in ["<!date", "&lt;", "```", "`/dr"] {
            assert!(!sam.seen.contains(markup), "{markup} in {}", sam.seen);
        }
    }
    assert!(stage.slack.messages(Cast::INCIDENT).is_empty(), "answers go to where it was asked");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_is_refused_and_the_refusal_recorded() {
    let stage = host().open().await;
    let cases = [
        ("root", command("status"), "You may not use this bot here", Refusal::NotAllowed),
        ("root", Ask::Approve(None), "You may not use this bot here", Refusal::NotAllowed),
        ("sam", command("promote"), "You may not promote shop", Refusal::NotAllowed),
        ("maya", command("promot"), "Did you mean `standby promote`?", Refusal::NotACommand),
        ("maya", Ask::Approve(None), "No run asks for a confirmation", Refusal::NoSuchThing),
        ("maya", Ask::Cancel(Some("promote-9".into())), "There is no run promote-9", Refusal::NoSuchThing),
        ("maya", command("retry"), "No run waits", Refusal::NoSuchThing),
        ("maya", command("report promote-9"), "There is no run promote-9", Refusal::NoSuchThing),
    ];
    for (user, ask, told, reason) in cases {
        let mut typist = stage.terminal(user, ask);
        assert!(!typist.ends().await);
        assert!(typist.seen.contains(told), "{}", typist.seen);
        assert_eq!(refusals(&stage).await.pop(), Some(reason), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn same_person_at_both_places_is_one_person() {
    let stage = host().open().await;
    stage.world.inject(dark());
    stage.says(Cast::MAYA, "promote").await;
    stage.gate().await;
    let mut maya = stage.terminal("maya", Ask::Approve(None));
    assert!(maya.is_asked().await.contains("somebody else"));
    maya.types(PHRASE).await;
    maya.sees("Refused").await;
    assert_eq!(refusals(&stage).await, [Refusal::OwnRequest]);
}

#[tokio::test(start_paused = true)]
async fn one_run_at_a_time_wherever_it_was_asked_for() {
    let stage = host().open().await;
    stage.says(Cast::MAYA, "promote").await;
    stage.gate().await;
    let mut jonas = stage.terminal("jonas", command("promote"));
    assert!(!jonas.ends().await);
    assert!(
        jonas.seen.contains("Only one run of shop goes at a time. `standby abort promote-1` ends it"),
        "{}",
        jonas.seen
    );
    let refusal = Ask::Refuse { run: None, reason: Some("not before the fair".to_owned()) };
    let mut jonas = stage.terminal("jonas", refusal);
    assert!(jonas.ends().await, "{}", jonas.seen);
    let refused = stage.hears("*Refused*").await;
    assert!(
        refused.text.contains("jonas (terminal)") && text_of(&refused).contains("not before the fair"),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn click_in_slack_answers_the_prompt_and_says_who() {
    let stage = host().open().await;
    stage.world.inject(dark());
    let mut maya = stage.terminal("maya", command("promote"));
    maya.is_asked().await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    maya.sees("approved: failover: What makes it necessary now · by jonas (Slack)").await;
    maya.types(PHRASE).await;
    maya.sees("Nothing is asked just now").await;
    assert!(maya.ends().await, "{}", maya.seen);
}

#[tokio::test(start_paused = true)]
async fn button_after_a_decision_at_the_terminal_says_who_decided() {
    let stage = alone_at_night().open().await;
    stage.world.inject(dark());
    let mut maya = stage.terminal("maya", command("promote"));
    maya.is_asked().await;
    let gate = stage.gate().await;
    let click = stage.slack.click_body(Cast::JONAS, Cast::INCIDENT, &gate.ts, "approve-failover").unwrap();
    maya.types(PHRASE).await;
    stage.record(|record| record.event == "gate.decided").await;
    let headers = stage.slack.sign(&click, stage.clock.now().as_second());
    stage.request("/slack/interactions", headers, click).await;
    stage.is_told(Cast::JONAS, "approved by maya (terminal)").await;
    assert!(maya.ends().await, "{}", maya.seen);
}

#[tokio::test(start_paused = true)]
async fn two_ways_are_told_apart_by_what_is_typed() {
    let stage = alone_at_night().open().await;
    let mut maya = stage.terminal("maya", command("promote"));
    let prompt = maya.is_asked().await;
    assert!(prompt.contains("`promote us-west-2 by switchover` or `promote us-west-2 by failover`"), "{prompt}");
    maya.types(PHRASE).await;
    maya.sees("Nothing was done").await;
    maya.types("promote us-west-2 by switchover").await;
    assert!(maya.ends().await, "{}", maya.seen);
    assert!(stage.changes().contains(&"Rds:SwitchoverGlobalCluster".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn void_approval_leads_to_the_new_plan() {
    let stage = alone_at_night().open().await;
    let mut maya = stage.terminal("maya", command("promote"));
    maya.is_asked().await;
    stage.world.inject(dark());
    maya.types("promote us-west-2 by switchover").await;
    maya.sees("confirmed, but void").await;
    assert!(maya.is_asked().await.contains(&format!("`{PHRASE}`")));
    maya.types(PHRASE).await;
    assert!(maya.ends().await, "{}", maya.seen);
}

#[tokio::test(start_paused = true)]
async fn failed_step_is_asked_about_and_retried() {
    let stage = alone_at_night().open().await;
    stage.world.inject(dark());
    let fault = stage.world.inject(Fault::PromotionFails { global_cluster: "shop-global".into() });
    let mut maya = stage.terminal("maya", command("promote"));
    maya.is_asked().await;
    maya.types(PHRASE).await;
    let prompt = maya.is_asked().await;
    assert!(prompt.contains("Type `retry`: Looks where the writer is") && !prompt.contains("skip"), "{prompt}");
    stage.world.clear(fault);
    maya.types("retry").await;
    assert!(maya.ends().await, "{}", maya.seen);
    assert!(maya.seen.contains("late:") || !stage.of("step.late").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn abort_is_followed_to_the_report_of_where_everything_is() {
    let stage = host().open().await;
    stage.world.inject(dark());
    stage.world.inject(Fault::PromotionFails { global_cluster: "shop-global".into() });
    stage.promotes().await;
    stage.record(|record| record.event == "run.paused").await;
    let mut jonas = stage.terminal("jonas", command("abort"));
    assert!(jonas.ends().await, "{}", jonas.seen);
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Aborted);
    assert!(jonas.seen.contains("dns was not begun"), "{}", jonas.seen);
    assert!(stage.hears("*Abort*").await.text.contains("jonas (terminal)"));
}

/// A promote at the terminal by one person; how long it took from the confirmation, and the RTO.
async fn promote_alone(stage: &Stage) -> f64 {
    let mut maya = stage.terminal("maya", command("promote Slack is down, too"));
    maya.is_asked().await;
    maya.types(PHRASE).await;
    assert!(maya.ends().await, "{}", maya.seen);
    stage.ended().await.ended.unwrap().rto_from_command_s.unwrap()
}

#[tokio::test(start_paused = true)]
async fn slack_down_from_the_first_second_delays_nothing_and_the_channel_catches_up() {
    let stage = alone_at_night().open().await;
    stage.world.inject(dark());
    let undisturbed = promote_alone(&stage).await;
    let story = catches_up(&stage).await;
    for kind in [FaultKind::ServerError, FaultKind::Hang] {
        let stage = alone_at_night().open().await;
        stage.slack.fault(SlackFault { method: None, kind: kind.clone(), times: None });
        stage.world.inject(dark());
        let took = promote_alone(&stage).await;
        let ratio = took / undisturbed;
        println!("{kind:?}: {took:.1} s, undisturbed {undisturbed:.1} s, ratio {ratio:.3}");
        assert!(ratio <= 1.05, "{kind:?}: {ratio}");
        assert!(stage.slack.messages(Cast::INCIDENT).is_empty());
        stage.slack.clear_faults();
        assert_eq!(catches_up(&stage).await, story, "{kind:?}");
    }
}

/// The story that the channel tells once the report is there, as the beginning of each top-level message, and whether its thread is there.
async fn catches_up(stage: &Stage) -> Vec<String> {
    stage.hears("is served by").await;
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    let messages = stage.slack.messages(Cast::INCIDENT);
    let top = messages.iter().filter(|message| message.thread_ts.is_none());
    let story: Vec<String> =
        top.map(|message| message.text.split([':', '·', '.']).take(2).collect::<Vec<_>>().join("/")).collect();
    let lines: String =
        messages.iter().filter(|message| message.thread_ts.is_some()).map(|message| message.text.clone()).collect();
    for step in ["database", "capacity", "dns", "verify"] {
        assert_eq!(lines.matches(&format!("*{step}* began")).count(), 1, "{step} in {lines}");
    }
    let begins: Vec<usize> =
        ["database", "dns", "verify"].map(|step| lines.find(&format!("*{step}* began")).unwrap()).into();
    assert!(begins.is_sorted(), "{lines}");
    story
}
