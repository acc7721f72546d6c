//! At Slack's pace, and until it is back.

use super::*;

#[tokio::test(start_paused = true)]
async fn edits_are_few_and_the_last_state_lands() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    scene.approve().await;
    sleep(Duration::from_secs(10)).await;
    let before = scene.calls("chat.update").len();
    for number in 0..100 {
        scene.observe(&format!("look {number}")).await;
        sleep(Duration::from_millis(300)).await;
    }
    sleep(Duration::from_secs(4)).await;
    let edits = scene.calls("chat.update").len() - before;
    assert!((8..=13).contains(&edits), "{edits} edits in 34 s");
    assert!(scene.top_level()[0].blocks.iter().any(|block| block.to_string().contains("look 99")));
}

#[tokio::test(start_paused = true)]
async fn a_running_run_is_seen_to_be_alive() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(60)).await;
    let waiting = scene.calls("chat.update").len();
    sleep(Duration::from_secs(600)).await;
    assert_eq!(scene.calls("chat.update").len(), waiting, "nothing moves while people think");
    scene.approve().await;
    sleep(Duration::from_secs(62)).await;
    assert!(scene.calls("chat.update").len() >= waiting + 5);
}

#[tokio::test(start_paused = true)]
async fn messages_catch_up_when_slack_is_back() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.slack.fault(fault(FaultKind::ServerError, None));
    scene.ask().await;
    scene.approve().await;
    sleep(Duration::from_secs(3_600)).await;
    assert!(scene.top_level().is_empty());
    assert_eq!(scene.progress().next(), 0);
    scene.slack.clear_faults();
    sleep(Duration::from_secs(60)).await;
    let texts: Vec<String> = scene.top_level().into_iter().map(|message| message.text).collect();
    assert!(texts[0].contains("step 1 of 6") && texts[1].contains("*Approved*"), "{texts:?}");
    assert_eq!(scene.progress().next(), scene.log.head().size);
}

#[tokio::test(start_paused = true)]
async fn slack_sets_the_pace() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.slack.fault(fault(FaultKind::RateLimited { retry_after: Some(Duration::from_secs(20)) }, Some(1)));
    scene.ask().await;
    sleep(Duration::from_secs(60)).await;
    let posts = scene.calls("chat.postMessage");
    let gaps: Vec<f64> = posts.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64()).collect();
    assert!(gaps[0] >= 20.0 && gaps[1] >= 1.0 && gaps.len() == 2, "{gaps:?}");
}
