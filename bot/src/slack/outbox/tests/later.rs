//! Later is not never: what Slack puts off comes, and what asks people to decide is there until they have.

use super::*;

/// How many buttons each question of the channel has.
fn live(scene: &Scene) -> Vec<usize> {
    let is_root = |message: &Message| message.metadata.as_ref().unwrap()["event_payload"]["key"] == "promote-0/root";
    scene.top_level().iter().filter(|message| !is_root(message)).map(|message| message.buttons().count()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_slack_takes_later_is_posted_once_whatever_it_calls_that() {
    let codes =
        ["ratelimited", "rate_limited", "message_limit_exceeded", "external_channel_migrating", "internal_error"];
    for code in codes.into_iter().chain(["service_unavailable", "team_added_to_org", "a_code_of_next_year"]) {
        for times in [1, 12] {
            let mut scene = Scene::new().await;
            scene.start();
            scene.fault(WebMethod::ChatPostMessage, error(code), Some(times));
            scene.ask().await;
            sleep(Duration::from_secs(900)).await;
            assert_eq!(live(&scene), [3], "{code}");
            assert_eq!(scene.refused(), 0, "{code}");
            let troubles = (scene.of("delivery.failed").await.len(), scene.of("delivery.restored").await.len());
            assert_eq!(troubles, if times == 1 { (0, 0) } else { (1, 1) }, "{code}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_that_nobody_knows_costs_no_question() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, error("a_code_of_next_year"), None);
    scene.ask().await;
    sleep(Duration::from_secs(2 * 3_600)).await;
    let answer = Event::CommandFailed { command: 0, text: "status".into(), error: "no".into(), refused: None };
    scene.append_in("shop", CHANNEL, answer).await;
    sleep(Duration::from_secs(2 * 3_600)).await;
    let refused: Vec<_> = scene.of("message.refused").await.iter().map(|it| it.data["key"].clone()).collect();
    assert_eq!(refused, ["promote-0/root", "answer/4"], "once each, and no question");
    assert_eq!(scene.progress().troubles().len(), 1);
    scene.slack.clear_faults();
    sleep(Duration::from_secs(90)).await;
    assert_eq!((live(&scene), scene.top_level().len()), (vec![3], 2));
    assert_eq!(scene.progress().next(), scene.log.head().size);
}

#[tokio::test(start_paused = true)]
async fn a_decided_gate_keeps_no_live_button_once_slack_takes_the_edit() {
    for kind in [error("rate_limited"), error("a_code_of_next_year"), FaultKind::ServerError, FaultKind::Hang] {
        let mut scene = Scene::new().await;
        scene.start();
        scene.ask().await;
        sleep(Duration::from_secs(10)).await;
        scene.fault(WebMethod::ChatUpdate, kind, None);
        scene.approve().await;
        sleep(Duration::from_secs(300)).await;
        assert_eq!(live(&scene), [3]);
        // A restart forgets nothing of that.
        scene.stop().await;
        scene.start();
        sleep(Duration::from_secs(60)).await;
        scene.slack.clear_faults();
        sleep(Duration::from_secs(70)).await;
        assert_eq!(live(&scene), [0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_somebody_deleted_is_asked_anew() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    for times in 1..=3 {
        let gate = scene.top_level().pop().unwrap();
        scene.slack.delete_message(CHANNEL, &gate.ts);
        if times == 2 {
            // Nobody looks meanwhile.
            scene.stop().await;
            scene.start();
        }
        sleep(Duration::from_secs(90)).await;
        assert_eq!(live(&scene), [3]);
    }
    scene.approve().await;
    sleep(Duration::from_secs(90)).await;
    assert_eq!(live(&scene), [0]);
    assert!(scene.of("message.refused").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_question_that_was_given_up_is_asked_when_slack_takes_it() {
    // Refused for its content in every form, for something else, and all but its plain text.
    for (code, times) in [("invalid_blocks", 12), ("as_user_not_supported", 6), ("invalid_blocks", 2)] {
        let mut scene = Scene::new().await;
        scene.start();
        scene.ask().await;
        sleep(Duration::from_secs(10)).await;
        scene.approve().await;
        sleep(Duration::from_secs(10)).await;
        scene.fault(WebMethod::ChatPostMessage, error(code), Some(times));
        let failed = Event::StepFailed { error: "denied".into(), best_effort: false };
        scene.append(Actor::Bot, Some(StepId::Database), failed).await;
        sleep(Duration::from_secs(300)).await;
        assert_eq!(live(&scene).last(), Some(&2), "{code}: {:?}", live(&scene));
        let refused = scene.of("message.refused").await;
        let question = refused.iter().filter(|record| record.data["key"].as_str().unwrap().contains("/failed/"));
        assert!(question.count() <= 1, "said once");
        assert_eq!(scene.progress().next(), scene.log.head().size);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_hours_is_a_trouble_at_once_and_the_fallback_is_told_meanwhile() {
    for fallback in [None, Some(FALLBACK.to_owned())] {
        let mut scene = Scene::new().await;
        scene.fallback.clone_from(&fallback);
        scene.start();
        let hours = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(7_200)) };
        scene.fault(WebMethod::ChatPostMessage, hours, Some(1));
        scene.ask().await;
        sleep(Duration::from_secs(5)).await;
        let [failed] = scene.of("delivery.failed").await.try_into().unwrap();
        assert_eq!(failed.data["error"], "Slack asks to wait 7200 s");
        assert_eq!(scene.progress().troubles().len(), 1);
        let told = scene.slack.messages(FALLBACK).len();
        assert_eq!((told, scene.top_level().len()), (if fallback.is_some() { 2 } else { 0 }, 0));
        assert!(scene.calls("chat.postMessage").len() <= 3, "Slack is left alone");

        sleep(Duration::from_secs(7_300)).await;
        scene.observe("nothing yet").await;
        let waits = Event::CommandFailed { command: 0, text: "status".into(), error: "no".into(), refused: None };
        scene.append_in("shop", CHANNEL, waits).await;
        sleep(Duration::from_secs(10)).await;
        assert!(!scene.top_level().is_empty());
        assert_eq!((scene.progress().troubles().len(), scene.of("delivery.restored").await.len()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn posts_that_slack_puts_off_for_hours_hold_up_no_edit_and_come_in_order() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    let hours = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(7_200)) };
    scene.fault(WebMethod::ChatPostMessage, hours, Some(1));
    for text in ["one", "two"] {
        let answer = Event::CommandFailed { command: 0, text: text.into(), error: "no".into(), refused: None };
        scene.append_in("shop", CHANNEL, answer).await;
    }
    scene.approve().await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(live(&scene), [0], "the gate is edited");
    scene.stop().await;
    scene.start();
    sleep(Duration::from_secs(7_300)).await;
    let texts: Vec<String> = scene.top_level().into_iter().skip(2).map(|message| message.text).collect();
    assert!(texts.len() == 2 && texts[0].contains("one") && texts[1].contains("two"), "{texts:?}");
    assert_eq!(scene.progress().next(), scene.log.head().size);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_without_end_are_a_trouble_within_seconds() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, FaultKind::RateLimited { retry_after: None }, None);
    scene.ask().await;
    sleep(Duration::from_secs(20)).await;
    assert_eq!(scene.of("delivery.failed").await.len(), 1);
    sleep(Duration::from_secs(3_600)).await;
    let tries = scene.calls("chat.postMessage").len();
    assert!((50..80).contains(&tries), "{tries} in an hour");
    scene.slack.clear_faults();
    sleep(Duration::from_secs(90)).await;
    assert_eq!(live(&scene), [3]);
}

#[tokio::test(start_paused = true)]
async fn edits_that_slack_puts_off_for_hours_hold_up_no_question() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    let hours = FaultKind::RateLimited { retry_after: Some(Duration::from_secs(7_200)) };
    scene.fault(WebMethod::ChatUpdate, hours, Some(1));
    scene.approve().await;
    sleep(Duration::from_secs(10)).await;
    let failed = Event::StepFailed { error: "denied".into(), best_effort: false };
    scene.append(Actor::Bot, Some(StepId::Database), failed).await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(live(&scene), [3, 2], "the step's question is there; the gate's buttons stay");
    assert_eq!(scene.progress().troubles().len(), 1, "and people are told");
    sleep(Duration::from_secs(7_300)).await;
    assert_eq!(live(&scene), [0, 2]);
    assert_eq!((scene.progress().troubles().len(), scene.of("delivery.restored").await.len()), (0, 1));
}
