//! The largest configuration: fifty services with names as long as AWS allows, played there and back. Slack takes every message as it is.

use commands::{plan::RunbookName, report::RunOutcome};
use rehearsal::{
    Deploys, EcsService, Fault, OldPrimary, Pair, Region, Scenario,
    slack::{Event, Message, Outcome},
};
use serde_json::{Value, json};
use tests::{Cast, Stage};

use crate::{failback, python, slack_sdk::views};

/// Services of the application.
const SERVICES: usize = 50;
/// Characters of an ECS service's name: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>.
const NAME: usize = 255;

#[tokio::test(start_paused = true)]
async fn largest_configuration_fits_into_every_message() {
    let stage = play().await;
    let refused: Vec<String> = stage
        .slack
        .calls()
        .into_iter()
        .filter_map(|call| match call.outcome {
            Outcome::Refused(refusal) => Some(format!("{}: {refusal:?}", call.method)),
            _ => None,
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(stage.of("message.refused").await.is_empty());
    let said = said(&stage);
    assert!(said.iter().all(|message| !message.text.trim().is_empty()));
    println!("{} messages of {SERVICES} services", said.len());
}

#[tokio::test(start_paused = true)]
#[ignore = "needs Python with slack_sdk: see tests/third-party/README.md"]
async fn slack_sdk_accepts_every_message_of_the_largest_configuration() {
    let stage = play().await;
    let (said, views) = (said(&stage), views(&stage));
    let homes = views.iter().filter(|view| view["type"] == "home").count();
    assert_eq!((homes, views.len() - homes), (1, 2), "a home, and what confirms the failover and the deletion");
    let messages: Vec<Value> =
        said.iter().map(|message| json!({ "text": message.text, "blocks": message.blocks })).collect();
    python::passes("slack_sdk_check.py", &["blocks"], &json!({ "messages": messages, "views": views }).to_string());
}

/// A promote with the primary dark, and a failback with a rebuild to its end, with everything asked that can be.
async fn play() -> Stage {
    let mut pair = Pair { old_primary: OldPrimary::Detached, ..Pair::named("shop", 1) };
    let service = |number: usize| EcsService {
        deploys: Deploys::Rolling,
        spot: false,
        name: format!("{number:02}-{}", "n".repeat(NAME - 3)),
        ..pair.services[number % 3].clone()
    };
    pair.services = (0..SERVICES).map(service).collect();
    let stage = Stage::with().scenario(Scenario::of([pair])).open().await;
    stage.says(Cast::SAM, "status").await;
    let dark = stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.says(Cast::SAM, "status").await;
    stage.says(Cast::MAYA, "plan promote").await;
    stage.promotes().await;
    stage.hears("is served by").await;
    stage.world.clear(dark);
    stage.says(Cast::MAYA, "plan failback").await;
    stage.says(Cast::MAYA, "history").await;
    stage.says(Cast::MAYA, "failback the primary is healthy").await;
    stage.presses(Cast::JONAS, "approve-rebuild").await;
    stage.hears("your turn").await;
    stage.says(Cast::SAM, "status").await;
    stage.record(|record| record.event == "status.answered").await;
    stage.slack.open_home(Cast::MAYA).await.expect("a person who exists");
    stage.slack.wait_for_home(Cast::MAYA, |_| true).await;
    failback::apply(&stage);
    stage.presses(Cast::JONAS, "approve-switchover").await;
    let back = failback::ended(&stage, RunbookName::Failback).await;
    assert_eq!(back.ended.as_ref().unwrap().outcome, RunOutcome::Completed);
    stage.says(Cast::SAM, &format!("report {}", back.id)).await;
    stage.record(|record| record.event == "report.answered").await;
    stage.hears("is served by us-east-1").await;
    stage
}

/// What the bot said, at first or by an edit, wherever.
fn said(stage: &Stage) -> Vec<Message> {
    let transcript = stage.slack.transcript();
    let said = transcript.iter().filter_map(|entry| match &entry.event {
        Event::Posted(message) | Event::Edited(message) => Some(message.clone()),
        _ => None,
    });
    said.collect()
}
