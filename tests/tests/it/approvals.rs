//! Who approves what: every outcome of every gate, each with its record.

use std::time::Duration;

use bot::terminal::Ask;
use commands::{
    journal::{Decision, Event, Refusal},
    plan::Method,
    report::RunOutcome,
};
use rehearsal::{
    Disturbance, Fault, OldPrimary, Region, Service, Target,
    slack::{self, Account, FaultKind, Method as WebMethod},
};
use serde_json::json;
use storage::Record;
use tests::{Cast, Stage, StageBuilder};

use super::failback::promoted_on;

const GROUP: &str = "S0PROMOTERS";
const WORDS: &str = "promote us-west-2";

fn dark() -> Fault {
    Fault::RegionDark(Region::from("us-east-1"))
}

/// What is written under `[applications.shop.access.approvals.promote]`.
fn approvals(rule: &str) -> StageBuilder {
    Stage::with().configure(&format!("[applications.shop.access.approvals.promote]\n{rule}"))
}

async fn asked(builder: StageBuilder) -> Stage {
    let stage = builder.open().await;
    stage.world.inject(dark());
    stage.says(Cast::MAYA, "promote the primary is dark").await;
    stage.gate().await;
    stage
}

async fn refusals(stage: &Stage) -> Vec<Refusal> {
    let refused = stage.events("command.refused").await.into_iter();
    refused.map(|event| if let Event::CommandRefused { reason, .. } = event { reason } else { panic!() }).collect()
}

/// The first record of that kind from `seq` on.
async fn next(stage: &Stage, event: &str, seq: u64) -> std::sync::Arc<Record> {
    stage.record(|record| record.event == event && record.seq >= seq).await
}

async fn shows(stage: &Stage, text: &str) {
    stage.message(|message| json!(message.blocks).to_string().contains(text)).await;
}

fn slack_down(stage: &Stage, method: Option<slack::Method>) {
    stage.slack.fault(slack::Fault { method, kind: FaultKind::ServerError, times: None });
}

#[tokio::test(start_paused = true)]
async fn two_people_approve_and_the_requester_is_neither() {
    let stage = asked(approvals("approvers = 2")).await;
    stage.presses(Cast::MAYA, "approve-failover").await;
    stage.is_told(Cast::MAYA, "somebody else has to confirm").await;

    stage.presses(Cast::JONAS, "approve-failover").await;
    let first = stage.record(|record| record.event == "gate.approved").await;
    let run = stage.run(first.run.as_deref().unwrap()).await;
    assert_eq!((&first.data["number"], &first.data["of"]), (&json!(1), &json!(2)));
    assert_eq!(first.data["plan_digest"], run.plan_digest);
    assert!(!first.data["reason"].as_str().unwrap().is_empty());
    shows(&stage, "1 of 2 approvals").await;
    assert!(stage.changes().is_empty());

    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.is_told(Cast::JONAS, "You approved this already").await;
    assert_eq!(refusals(&stage).await, [Refusal::OwnRequest, Refusal::AlreadyApproved]);

    stage.presses(Cast::PRIYA, "approve-failover").await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["approvals"], json!([first.seq]));
    let message = stage.hears("*Approved*").await;
    assert!(message.text.contains(Cast::JONAS) && message.text.contains(Cast::PRIYA), "{}", message.text);
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!(stage.of("gate.decided").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_who_approve_at_once_are_two() {
    let stage = asked(approvals("approvers = 2")).await;
    let presses = [Cast::JONAS, Cast::PRIYA].map(|who| stage.presses(who, "approve-failover"));
    futures::future::join_all(presses).await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    assert_eq!((stage.of("gate.approved").await.len(), stage.of("gate.decided").await.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn same_person_in_slack_and_at_the_terminal_counts_once() {
    let terminal = format!("terminal = {{ jonas = {:?}, priya = {:?} }}", Cast::JONAS, Cast::PRIYA);
    let builder = approvals("approvers = 2").replace("viewers = [\"*\"]", &format!("viewers = [\"*\"]\n{terminal}"));
    let stage = asked(builder).await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.approved").await;

    let mut jonas = stage.terminal("jonas", Ask::Approve(None));
    assert!(jonas.is_asked().await.contains("You approved this already"), "{}", jonas.seen);
    jonas.types(WORDS).await;
    jonas.sees("Refused: You approved this already").await;
    assert_eq!(refusals(&stage).await, [Refusal::AlreadyApproved]);

    let mut priya = stage.terminal("priya", Ask::Approve(None));
    priya.is_asked().await;
    priya.types("promote us-west-2 dark: since 9:00").await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["reason"], "dark: since 9:00");
    assert_eq!(decided.data["decision"], json!({ "how": "approved", "method": "failover" }));
    assert!(priya.ends().await, "{}", priya.seen);
}

#[tokio::test(start_paused = true)]
async fn who_is_taken_from_the_group_between_click_and_execution_approves_nothing() {
    let stage = asked(approvals(&format!("who = [{GROUP:?}]"))).await;
    stage.opens(Cast::JONAS, "approve-failover").await;
    stage.slack.set_usergroup(GROUP, &[Cast::MAYA, Cast::PRIYA]);
    assert_eq!(stage.submits(Cast::JONAS, WORDS, "it is dark").await, None, "what is remembered lets it through");
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert_eq!(failed.data["refused"], "not_allowed");
    assert!(failed.data["error"].as_str().unwrap().contains("may not approve a promote"), "{}", failed.data);
    assert!(stage.of("gate.decided").await.is_empty() && stage.changes().is_empty());

    stage.presses(Cast::PRIYA, "approve-failover").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn approval_lapses_when_whoever_gave_it_leaves_the_group() {
    let stage = asked(approvals(&format!("approvers = 2\nwho = [{GROUP:?}]"))).await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    let first = stage.record(|record| record.event == "gate.approved").await;
    stage.slack.set_usergroup(GROUP, &[Cast::PRIYA, Cast::SAM]);
    stage.presses(Cast::PRIYA, "approve-failover").await;
    let second = next(&stage, "gate.approved", first.seq + 1).await;
    let lapsed = stage.of("gate.lapsed").await.remove(0);
    assert_eq!((&lapsed.data["approval"], &lapsed.data["why"]), (&json!(first.seq), &json!("not_allowed")));
    assert_eq!(second.data["number"], 1);
    shows(&stage, "counts no more").await;
    assert!(stage.changes().is_empty());

    tokio::time::sleep(Duration::from_secs(61)).await;
    stage.presses(Cast::SAM, "approve-failover").await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["approvals"], json!([second.seq]));
}

#[tokio::test(start_paused = true)]
async fn nobody_approves_while_slack_cannot_say_who_belongs_and_status_works() {
    let stage = asked(approvals(&format!("who = [{GROUP:?}]"))).await;
    slack_down(&stage, Some(slack::Method::UsergroupsUsersList));
    slack_down(&stage, Some(slack::Method::UsersInfo));
    stage.presses(Cast::JONAS, "approve-failover").await;
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert_eq!(failed.data["refused"], "unverified");
    assert!(failed.data["error"].as_str().unwrap().contains("Slack could not be asked"), "{}", failed.data);
    stage.says(Cast::SAM, "status").await;
    stage.record(|record| record.event == "status.answered").await;
    assert!(stage.of("gate.decided").await.is_empty());

    stage.slack.clear_faults();
    stage.presses(Cast::JONAS, "approve-failover").await;
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn slack_that_hangs_holds_up_no_status() {
    let stage = Stage::open().await;
    let hang = slack::Fault { method: Some(slack::Method::UsersInfo), kind: FaultKind::Hang, times: None };
    stage.slack.fault(hang);
    assert!(stage.says(Cast::SAM, "status").await.starts_with("Looking at"));
    stage.hears("shop: steady").await;
}

#[tokio::test(start_paused = true)]
async fn guests_and_outsiders_are_refused() {
    let stage = asked(Stage::with()).await;
    stage.slack.change_person(Cast::JONAS, |person| person.account = Account::Guest).unwrap();
    stage.slack.change_person(Cast::PRIYA, |person| person.team_id = "T0PARTNER01".to_owned()).unwrap();
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.is_told(Cast::JONAS, "Guests, people of other workspaces").await;
    stage.presses(Cast::PRIYA, "approve-failover").await;
    stage.is_told(Cast::PRIYA, "You may not approve").await;
    assert!(stage.says(Cast::JONAS, "status").await.contains("Guests"));
    assert!(stage.says(Cast::PRIYA, "status").await.contains("may not use this bot"));
    let expected = [Refusal::NotAMember, Refusal::NotAllowed, Refusal::NotAMember, Refusal::NotAllowed];
    assert_eq!(refusals(&stage).await, expected);
    assert!(stage.of("gate.decided").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_says_no_in_their_own_way() {
    let stage = asked(Stage::with()).await;
    for (who, button, told) in [
        (Cast::SAM, "refuse", "You may not approve"),
        (Cast::MAYA, "refuse", "cancel it instead"),
        (Cast::JONAS, "cancel", "Only <@U0MAYA00001> takes this request back"),
    ] {
        stage.presses(who, button).await;
        stage.is_told(who, told).await;
    }
    assert_eq!(refusals(&stage).await, [Refusal::NotAllowed, Refusal::OwnRequest, Refusal::NotTheRequester]);
    assert!(stage.of("gate.decided").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn words_and_reason_are_demanded_in_the_modal() {
    let stage = asked(Stage::with()).await;
    let modal = stage.opens(Cast::JONAS, "approve-failover").await;
    let shown = json!(modal.blocks).to_string();
    for part in ["*Data loss*", "What cannot be undone", "What is not touched", "The way back", "Checks seen"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert!(shown.contains("Type exactly: promote us-west-2"), "{shown}");

    let wrong = stage.submits(Cast::JONAS, "promote us-east-1", "it is dark").await.unwrap();
    assert!(wrong.errors["words"].contains("Type exactly promote us-west-2"), "{:?}", wrong.errors);
    let wrong = stage.submits(Cast::JONAS, WORDS, "   ").await.unwrap();
    assert!(wrong.errors["reason"].contains("It takes a reason"), "{:?}", wrong.errors);
    assert_eq!(refusals(&stage).await, [Refusal::NotConfirmed, Refusal::NoReason]);

    assert_eq!(stage.submits(Cast::JONAS, WORDS, "dark: since 9:00").await, None);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["reason"], "dark: since 9:00");
    assert!(stage.hears("*Approved*").await.blocks.iter().any(|block| block.to_string().contains("dark: since 9:00")));
}

#[tokio::test(start_paused = true)]
async fn modal_of_an_earlier_process_still_confirms_and_one_that_came_late_says_so() {
    let mut stage = asked(Stage::with()).await;
    stage.opens(Cast::JONAS, "approve-failover").await;
    stage.opens(Cast::PRIYA, "approve-failover").await;
    stage.restart().await;
    assert_eq!(stage.submits(Cast::JONAS, WORDS, "it is dark").await, None);
    stage.record(|record| record.event == "gate.decided").await;
    let late = stage.submits(Cast::PRIYA, WORDS, "it is dark").await.unwrap();
    assert!(late.title == "Not done" && late.blocks[0].to_string().contains("Already decided"), "{:?}", late.blocks);
    assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn refusal_says_why() {
    let stage = asked(Stage::with()).await;
    let modal = stage.opens(Cast::JONAS, "refuse").await;
    assert!(
        json!(modal.blocks).to_string().contains("the primary is dark"),
        "what was asked, and why: {:?}",
        modal.blocks
    );
    stage.slack.fill(Cast::JONAS, "reason", "   ").unwrap();
    stage.slack.submit(Cast::JONAS).await.unwrap();
    let wrong = stage.slack.modal(Cast::JONAS).unwrap();
    assert!(wrong.errors["reason"].contains("It takes a reason"), "{:?}", wrong.errors);
    stage.slack.fill(Cast::JONAS, "reason", "it is back: since 9:10").unwrap();
    stage.slack.submit(Cast::JONAS).await.unwrap();
    assert_eq!(stage.slack.modal(Cast::JONAS), None);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["decision"], json!({ "how": "refused" }));
    assert_eq!(decided.data["reason"], "it is back: since 9:10");
    let shown = stage.hears("*Refused* by <@U0JONAS0001>").await;
    assert!(json!(shown.blocks).to_string().contains("it is back: since 9:10"), "{:?}", shown.blocks);
    assert_eq!(refusals(&stage).await, [Refusal::NoReason]);
}

#[tokio::test(start_paused = true)]
async fn refusal_of_what_was_decided_meanwhile_is_told_in_the_modal_alone() {
    let stage = asked(Stage::with()).await;
    stage.opens(Cast::PRIYA, "refuse").await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.decided").await;
    stage.slack.fill(Cast::PRIYA, "reason", "wait").unwrap();
    stage.slack.submit(Cast::PRIYA).await.unwrap();
    let late = stage.slack.modal(Cast::PRIYA).unwrap();
    assert!(late.title == "Not done" && late.blocks[0].to_string().contains("Already decided"), "{:?}", late.blocks);
    assert!(stage.of("command.failed").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_decides_a_moment_too_late_is_told_alone() {
    let stage = Stage::open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    let gate = stage.gate().await;
    let click = |who| stage.slack.click(who, Cast::INCIDENT, &gate.ts, "approve-switchover");
    let (jonas, priya) = tokio::join!(click(Cast::JONAS), click(Cast::PRIYA));
    assert!(jonas.is_ok() && priya.is_ok());
    let failed = stage.record(|record| record.event == "command.failed").await;
    assert_eq!(failed.data["refused"], "already_decided");
    stage.ended().await;
    let about = |message: &&slack::Message| message.text.contains("lready decided");
    let told: Vec<_> =
        stage.slack.messages(Cast::INCIDENT).iter().filter(about).map(|it| it.only_visible_to.clone()).collect();
    let command = failed.data["command"].as_u64().unwrap();
    let late = stage.records().await.into_iter().find(|record| record.seq == command).unwrap();
    let storage::Actor::Slack { user, .. } = &late.actor else { panic!() };
    assert_eq!(told, [Some(user.clone())]);
}

#[tokio::test(start_paused = true)]
async fn answers_to_one_person_are_tried_again() {
    let stage = asked(Stage::with()).await;
    let later = FaultKind::RateLimited { retry_after: Duration::from_secs(5) };
    for kind in [later, FaultKind::ServerError, FaultKind::Hang] {
        stage.slack.fault(slack::Fault { method: Some(WebMethod::ChatPostEphemeral), kind, times: Some(1) });
    }
    stage.presses(Cast::SAM, "cancel").await;
    stage.is_told(Cast::SAM, "takes this request back").await;
    let tries = stage.slack.calls().iter().filter(|call| call.method == "chat.postEphemeral").count();
    assert_eq!(tries, 4);
}

#[tokio::test(start_paused = true)]
async fn people_are_reminded_before_the_question_closes() {
    let stage = asked(Stage::with()).await;
    let opened = stage.of("gate.opened").await.remove(0);
    let closing = stage.record(|record| record.event == "gate.closing").await;
    assert_eq!(closing.at.duration_since(opened.at).as_secs(), 600);
    let reminder = stage.hears("It is not decided yet").await;
    assert!(reminder.text.contains("Promote shop to us-west-2?"), "{}", reminder.text);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.at.duration_since(opened.at).as_secs(), 900);
    assert_eq!(stage.of("gate.closing").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn expiry_while_the_bot_is_down_is_an_expiry_without_a_reminder() {
    let mut stage = asked(Stage::with()).await;
    stage.crash().await;
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    stage.start().await;
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.data["decision"], json!({ "how": "expired" }));
    assert!(stage.hears("*Expired*").await.text.contains("nobody decided in time"));
    assert!(stage.of("gate.closing").await.is_empty() && stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn expiry_while_slack_is_down_is_recorded_in_time_and_told_later() {
    let stage = asked(Stage::with()).await;
    let opened = stage.of("gate.opened").await.remove(0);
    slack_down(&stage, None);
    let decided = stage.record(|record| record.event == "gate.decided").await;
    assert_eq!(decided.at.duration_since(opened.at).as_secs(), 900);
    stage.slack.clear_faults();
    let message = stage.hears("*Expired*").await;
    let buttons: Vec<_> = message.buttons().map(|(_, button)| button["action_id"].clone()).collect();
    assert_eq!(buttons, ["again"]);
}

/// Refused, cancelled and expired, and asked for again with one click each time; then void. `voids` changes the world under the approval.
async fn every_outcome(stage: &Stage, asks: &str, approve: &str, voids: Fault) {
    let mut from = stage.log().head().size;
    stage.says(Cast::MAYA, asks).await;
    for (who, button, how, told) in [
        (Cast::JONAS, "refuse", Decision::Refused, "*Refused* by <@U0JONAS0001>"),
        (Cast::MAYA, "cancel", Decision::Cancelled, "*Cancelled* by <@U0MAYA00001>"),
        (Cast::MAYA, "", Decision::Expired, "*Expired*: nobody decided in time"),
    ] {
        let opened = next(stage, "gate.opened", from).await;
        if !button.is_empty() {
            stage.presses(who, button).await;
        }
        let decided = next(stage, "gate.decided", opened.seq).await;
        let Some(Event::GateDecided { decision, plan_digest, .. }) = Event::of(&decided) else { panic!() };
        assert_eq!((decision, plan_digest), (how, opened.data["plan_digest"].as_str().unwrap().to_owned()));
        let ended = next(stage, "run.ended", decided.seq).await;
        assert_eq!(ended.data["report"]["outcome"], "not_approved");
        let run = decided.run.clone().unwrap();
        let ours = format!("again:{run}");
        let message = stage.message(|message| message.buttons().any(|(_, button)| button["value"] == ours)).await;
        assert!(message.text.contains(told), "{}", message.text);
        from = ended.seq;
        stage.presses_in(&message, Cast::MAYA, "again").await;
    }
    let opened = next(stage, "gate.opened", from).await;
    let fault = stage.world.inject(voids);
    stage.presses(Cast::JONAS, approve).await;
    let decided = next(stage, "gate.decided", opened.seq).await;
    assert_eq!(decided.data["decision"]["how"], "void", "{}", decided.data);
    assert!(stage.hears("*Void*").await.text.contains("<@U0JONAS0001> confirmed"));
    stage.world.clear(fault);
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_failover() {
    let stage = Stage::open().await;
    stage.world.inject(dark());
    let key = Target::operation(Service::Kms, "DescribeKey");
    let obstacle = Fault::calls(key, Disturbance::access_denied("kms:DescribeKey"));
    every_outcome(&stage, "promote", "approve-failover", obstacle).await;
    assert!(stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_switchover() {
    let stage = Stage::open().await;
    every_outcome(&stage, "promote", "approve-switchover", dark()).await;
    assert!(stage.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_rebuild() {
    let stage = promoted_on(Stage::with(), OldPrimary::Detached).await;
    every_outcome(&stage, "failback", "approve-rebuild", dark()).await;
    assert!(!stage.changes().iter().any(|change| change.contains("Delete")));
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_failback() {
    let stage = promoted_on(Stage::with(), OldPrimary::Rejoins).await;
    every_outcome(&stage, "failback", "approve-switchover", dark()).await;
    assert!(!stage.changes().iter().any(|change| change.contains("Switchover")));
}

#[tokio::test(start_paused = true)]
async fn fifty_who_ask_again_ask_once() {
    let stage = asked(Stage::with()).await;
    stage.presses(Cast::JONAS, "refuse").await;
    let message = stage.hears("*Refused*").await;
    stage.ended().await;
    let clicks = (0..50).map(|_| stage.slack.click(Cast::JONAS, Cast::INCIDENT, &message.ts, "again"));
    futures::future::join_all(clicks).await;
    stage.record(|record| record.event == "gate.opened" && record.run.as_deref() != Some("promote-1")).await;
    assert_eq!(stage.of("run.started").await.len(), 2);
    let again = stage.of("run.started").await.remove(1);
    assert_eq!(again.data["reason"], "the primary is dark");
}

#[tokio::test(start_paused = true)]
async fn help_hints_and_plans_show_what_the_asker_may_do() {
    let stage = Stage::open().await;
    let (maya, sam) = (stage.says(Cast::MAYA, "help").await, stage.says(Cast::SAM, "help").await);
    for command in ["/dr promote", "/dr failback", "/dr retry", "/dr applied"] {
        assert!(maya.contains(&format!("`{command}")) && !sam.contains(&format!("`{command}")), "{command}: {sam}");
    }
    assert!(sam.contains("`/dr status`") && sam.contains("`/dr plan promote`"), "{sam}");
    stage.says(Cast::SAM, "status").await;
    shows(&stage, "whoever may promote can move it to DR").await;
    stage.says(Cast::SAM, "plan promote").await;
    shows(&stage, "a promote, which you may not ask for").await;
    stage.says(Cast::MAYA, "status").await;
    shows(&stage, "`/dr promote` moves it to DR").await;
}

#[tokio::test(start_paused = true)]
async fn way_that_takes_one_is_open_beside_one_that_takes_two() {
    let stage = approvals("approvers = 2").open().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    stage.presses(Cast::JONAS, "approve-failover").await;
    stage.record(|record| record.event == "gate.approved").await;
    stage.presses(Cast::PRIYA, "approve-switchover").await;
    let run = stage.ended().await;
    assert_eq!(run.method(), Some(Method::Switchover));
}
