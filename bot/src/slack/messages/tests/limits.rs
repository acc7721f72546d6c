//! Slack's limits hold for whatever is shown: <https://docs.slack.dev/reference/block-kit/blocks>.

use std::collections::BTreeSet;

use commands::{
    history::{History, PastRun},
    journal::{Decision, Resolution},
    observation::{NamedService, Seen},
    plan::{Method, StepId},
    report::RunOutcome,
    topology::Environment,
};
use serde_json::Value;
use storage::Head;

use crate::slack::{
    fixture::{Story, at, check, leading, plan, report, status},
    kit::{Form, Message},
    messages::{self, Failure},
};

/// Long, and full of what has to be escaped.
fn long(characters: usize) -> String {
    "<&>`ü".repeat(characters / 5)
}

fn story() -> Story {
    let checks = (0..200).map(|n| check(&format!("{n}-{}", long(100)), "blocking", "fail", &long(2_000))).collect();
    let mut plan = plan(&[Method::Switchover, Method::Failover], checks);
    plan.application = "a".repeat(40);
    for step in &mut plan.steps {
        step.goal = long(1_000);
        let Some(mut call) = plan.options.first().map(|option| option.calls[0].clone()) else { continue };
        call.params = Value::String(long(5_000));
        step.calls = vec![call; 100];
    }
    Story::new(plan, &long(500))
}

fn everything() -> Vec<Message> {
    let mut all = Vec::new();
    let mut story = story();
    all.push(messages::plan(&story.run.plan, true, u64::MAX));
    all.push(messages::progress(&story.run, at(0)));
    for _ in 0..30 {
        story.approve(&long(50), &long(500));
    }
    all.push(messages::gate(&story.run, story.run.gate.as_ref().unwrap()));
    all.push(messages::closing(&story.run, story.run.gate.as_ref().unwrap()));
    story.decide(Decision::Void { why: long(5_000) });
    all.push(messages::decided(&story.run, story.run.gate.as_ref().unwrap(), story.run.decided().unwrap()));
    let mut story = self::story();
    story.decide(Decision::Approved { method: Method::Failover });
    for step in StepId::ALL {
        story.start(13, step);
        story.fail(14, step, &long(5_000));
    }
    all.push(messages::progress(&story.run, at(100_000)));
    for _ in 0..300 {
        story.resolve(StepId::Dns, Resolution::Retry);
        story.start(15, StepId::Dns);
        story.fail(16, StepId::Dns, &long(5_000));
    }
    all.push(messages::timeline(&story.timeline(), u64::MAX));
    let mut past = PastRun::of(&story.run);
    past.reason = Some(long(500));
    all.push(messages::history(&History { application: "a".repeat(40), runs: vec![past; 10] }, u64::MAX));
    all.push(messages::details(&vec![long(5_000); 100]));
    let failure = Failure {
        run: story.run.id.clone(),
        application: "a".repeat(40),
        environment: Environment::Live,
        step: StepId::Dns,
        error: long(50_000),
        choices: leading(&story.run.plan, StepId::Dns),
        seq: u64::MAX,
    };
    all.push(messages::paused(&failure));
    let mut report = report(RunOutcome::Completed);
    report.remaining = vec![long(2_000); 100];
    story.end(100_000, report.clone());
    all.push(messages::timeline(&story.timeline(), u64::MAX));
    all.push(messages::report(
        &story.run,
        &report,
        u64::MAX,
        &Head { size: u64::MAX, root: "ab".repeat(32).parse().unwrap() },
    ));
    let mut status = status();
    status.checks = (0..200).map(|n| check(&n.to_string(), "warning", "unknown", &long(2_000))).collect();
    status.observation.lag = Seen::Unknown(long(5_000));
    for side in [&mut status.observation.primary, &mut status.observation.dr] {
        side.services = (0..100)
            .map(|n| NamedService { name: format!("service-{n}"), state: Seen::Unknown(long(1_000)) })
            .collect();
        side.endpoint = Seen::Unknown(long(1_000));
    }
    all.push(messages::status(&status, true, u64::MAX));
    all.push(messages::failed(&long(5_000), &long(50_000), u64::MAX));
    all
}

fn length(value: &Value) -> usize {
    value.as_str().unwrap().chars().count()
}

fn texts(list: &Value) -> impl Iterator<Item = usize> {
    list.as_array().into_iter().flatten().map(|item| length(&item["text"]))
}

fn check_button(button: &Value) {
    assert!(
        length(&button["text"]["text"]) <= 75
            && length(&button["value"]) <= 2_000
            && length(&button["action_id"]) <= 255,
        "{button}"
    );
    if let Some(confirm) = button.get("confirm") {
        assert!(length(&confirm["title"]["text"]) <= 100 && length(&confirm["text"]["text"]) <= 300, "{confirm}");
        assert!(length(&confirm["confirm"]["text"]) <= 30 && length(&confirm["deny"]["text"]) <= 30, "{confirm}");
        assert!(!confirm["text"]["text"].as_str().unwrap().ends_with('…'), "the warning is cut: {confirm}");
    }
}

fn check_table(table: &Value) {
    let rows = table["rows"].as_array().unwrap();
    let columns = rows[0].as_array().unwrap().len();
    assert!((1..=100).contains(&rows.len()) && columns <= 20);
    assert!(rows.iter().all(|row| row.as_array().unwrap().len() == columns && texts(row).all(|length| length > 0)));
    assert!(rows.iter().flat_map(texts).sum::<usize>() <= 10_000, "{table}");
}

fn check_plan(plan: &Value) {
    let tasks = plan["tasks"].as_array().unwrap();
    assert!((1..=50).contains(&tasks.len()) && (1..=256).contains(&length(&plan["title"])));
    let ids: BTreeSet<&str> = tasks.iter().map(|task| task["task_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), tasks.len());
    assert!(tasks.iter().all(|task| (1..=256).contains(&length(&task["title"]))), "{plan}");
}

#[test]
fn no_message_is_too_large_for_slack() {
    for message in everything().iter().flat_map(|whole| [whole.clone(), whole.simplified(Form::Plainer)]) {
        assert!((1..=4_000).contains(&message.text.chars().count()));
        assert!((1..=50).contains(&message.blocks.len()));
        let total = serde_json::to_string(&message.blocks).unwrap().chars().count();
        assert!(total <= 13_200, "{total} characters: {}", message.text);
        for block in &message.blocks {
            match block["type"].as_str().unwrap() {
                "header" => assert!(length(&block["text"]["text"]) <= 150),
                "section" if block["fields"].is_array() => {
                    let fields: Vec<usize> = texts(&block["fields"]).collect();
                    assert!(
                        (1..=10).contains(&fields.len()) && fields.iter().all(|length| (1..=2_000).contains(length))
                    );
                }
                "section" => assert!((1..=3_000).contains(&length(&block["text"]["text"]))),
                "context" => assert!((1..=10).contains(&texts(&block["elements"]).count())),
                "actions" => {
                    let buttons = block["elements"].as_array().unwrap();
                    assert!((1..=25).contains(&buttons.len()) && length(&block["block_id"]) <= 255);
                    buttons.iter().for_each(check_button);
                }
                "table" => check_table(block),
                "plan" => check_plan(block),
                "divider" => {}
                other => panic!("unexpected block {other}"),
            }
        }
    }
}
