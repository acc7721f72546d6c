//! What Slack does not take is said more simply.

use rehearsal::slack::{Entry, Event as Entered};

use super::*;

#[tokio::test(start_paused = true)]
async fn what_slack_refuses_holds_up_nothing_else() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, error("as_user_not_supported"), Some(1));
    scene.ask().await;
    let first = scene.slack.wait_for_message(CHANNEL, |_| true).await;
    assert_eq!(first.buttons().count(), 3, "the gate is there: {first:?}");
    assert_eq!(scene.refused(), 1);
    let refused = scene.of("message.refused").await;
    assert_eq!(refused[0].data["key"], "promote-0/root");
    sleep(Duration::from_secs(10)).await;
    assert_eq!(scene.top_level().len(), 2, "the run's own message is tried again");
}

#[tokio::test(start_paused = true)]
async fn blocks_that_slack_does_not_take_become_text_with_the_buttons() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, error("invalid_blocks"), Some(2));
    scene.ask().await;
    let root = scene.slack.wait_for_message(CHANNEL, |_| true).await;
    assert_eq!((root.blocks.len(), root.buttons().count()), (2, 1), "the plain text and the button: {root:?}");
    sleep(Duration::from_secs(10)).await;
    let [root, gate] = scene.top_level().try_into().unwrap();
    assert!(root.blocks.len() > 2, "the next edit shows it whole");
    assert!(gate.blocks.len() > 3, "{gate:?}");

    let started = Event::StepStarted { goal: "us-west-2 serves".into(), expected_s: 1.0, deadline_s: 2.0 };
    scene.append(Actor::Bot, Some(StepId::Dns), started).await;
    sleep(Duration::from_secs(10)).await;
    scene.fault(WebMethod::ChatPostMessage, error("invalid_blocks"), Some(1));
    let failed = Event::StepFailed { error: "denied".into(), best_effort: false };
    scene.append(Actor::Bot, Some(StepId::Dns), failed).await;
    sleep(Duration::from_secs(10)).await;
    let question = scene.top_level().pop().unwrap();
    assert_eq!((question.blocks.len(), question.buttons().count()), (2, 3), "{question:?}");
    assert_eq!(scene.refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_takes_no_plans_is_asked_once() {
    let mut scene = Scene::new().await;
    scene.slack.forget_blocks(&["plan", "table"]);
    scene.start();
    scene.ask().await;
    scene.approve().await;
    scene.observe("failing-over").await;
    sleep(Duration::from_secs(60)).await;
    let root = &scene.top_level()[0];
    assert!(root.blocks.iter().any(|block| block.to_string().contains("⏳ running · *database*")), "{root:?}");
    let refused = |call: &&ApiCall| matches!(call.outcome, Outcome::Refused(_));
    assert_eq!(scene.slack.calls().iter().filter(refused).count(), 1);
    assert!(scene.progress().dialect().is_plainer());
    assert!(scene.of("message.refused").await.is_empty());

    // The next process asks again, and the workspace has learnt.
    scene.slack.forget_blocks(&[]);
    scene.stop().await;
    scene.start();
    scene.observe("nearly there").await;
    sleep(Duration::from_secs(60)).await;
    assert!(scene.top_level()[0].blocks.iter().any(|block| block["type"] == "plan"));
    assert!(!scene.progress().dialect().is_plainer());
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_slack_fails_at_goes_without() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, error("internal_error"), Some(5));
    scene.ask().await;
    scene.slack.wait_for_message(CHANNEL, |_| true).await;
    // By now it may have been edited: Slack is well again.
    let posted =
        |entry: &Arc<Entry>| if let Entered::Posted(message) = &entry.event { Some(message.clone()) } else { None };
    let root = scene.slack.transcript().iter().find_map(posted).unwrap();
    assert!(root.blocks.len() > 2 && !root.blocks.iter().any(|block| block["type"] == "plan"), "{root:?}");
    assert!(!scene.progress().dialect().is_plainer(), "Slack may as well have been away");
}
