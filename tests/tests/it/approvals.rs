//! Who approves what, each with its record.

mod answers;
mod outcomes;

use std::time::Duration;

use bot::terminal::Ask;
use commands::{
    journal::{Event, Refusal},
    plan::Method,
    report::RunOutcome,
};
use rehearsal::{
    Fault, Region,
    slack::{self, Account, FaultKind, Organization, Person},
};
use serde_json::json;
use storage::Record;
use tests::{Cast, Stage, StageBuilder};

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
    stage.is_told(Cast::PRIYA, "Guests, people of other workspaces").await;
    assert!(stage.says(Cast::JONAS, "status").await.contains("Guests"));
    assert!(stage.says(Cast::PRIYA, "status").await.contains("may not use this bot"));
    assert_eq!(refusals(&stage).await, [Refusal::NotAMember; 4]);
    assert!(stage.of("gate.decided").await.is_empty());
}

/// A person whose home is another workspace of the organization, in a workspace where the app is installed, or in an organization that all of has it.
#[tokio::test(start_paused = true)]
async fn members_of_an_organization_are_one_person_each_wherever_they_are_at_home() {
    for has_app in [false, true] {
        let organization = Organization { id: "E0SHOPS0001".to_owned(), name: "Shops".to_owned(), has_app };
        let stage = Stage::open().await;
        stage.slack.join_organization(organization);
        let home = |member: bool| {
            let team = stage.slack.settings().team.id.clone();
            move |person: &mut Person| {
                person.team_id = "T0HOME00001".to_owned();
                person.also_in = if member { vec![team] } else { Vec::new() };
            }
        };
        stage.slack.change_person(Cast::PRIYA, home(true)).unwrap();
        stage.slack.change_person(Cast::JONAS, home(false)).unwrap();
        stage.world.inject(dark());
        stage.says(Cast::PRIYA, "promote").await;
        stage.gate().await;
        // Who asked clicks with another workspace's name, and is the same person.
        stage.presses(Cast::PRIYA, "approve-failover").await;
        stage.is_told(Cast::PRIYA, "You asked for this run").await;
        stage.presses(Cast::JONAS, "approve-failover").await;
        stage.is_told(Cast::JONAS, "people of other workspaces").await;
        stage.slack.change_person(Cast::JONAS, home(true)).unwrap();
        tokio::time::sleep(Duration::from_secs(61)).await;
        stage.presses(Cast::JONAS, "approve-failover").await;
        assert_eq!(stage.ended().await.ended.unwrap().outcome, RunOutcome::Completed);
    }
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
    shows(&stage, "nothing to do").await;
    stage.says(Cast::SAM, "plan promote").await;
    shows(&stage, "a promote, which you may not ask for").await;
    stage.says(Cast::MAYA, "status").await;
    shows(&stage, "`/dr promote shop` moves it to us-west-2").await;
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
