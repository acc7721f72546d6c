//! Nothing is posted twice, whoever died or lost an answer.

use super::*;

#[tokio::test(start_paused = true)]
async fn neither_a_restart_nor_a_lost_cursor_posts_anything_twice() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    scene.stop().await;
    scene.log.set_cursor(&lane::cursor(CHANNEL), 0).await.unwrap();
    scene.start();
    scene.approve().await;
    scene.observe("failing-over").await;
    sleep(Duration::from_secs(10)).await;
    scene.stop().await;
    scene.log.set_cursor(&lane::cursor(CHANNEL), 0).await.unwrap();
    scene.start();
    sleep(Duration::from_secs(10)).await;

    let messages = scene.top_level();
    let [root, gate] = messages.as_slice() else { unreachable!("{messages:?}") };
    assert!(root.text.contains("step 1 of 6"), "{}", root.text);
    assert!(gate.text.contains("*Approved*"), "{}", gate.text);
    assert_eq!(gate.buttons().count(), 0);
    assert_eq!(scene.calls("chat.postMessage").len(), 3, "root, gate and one message in the thread");
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_posted_is_not_posted_again() {
    let lost = || FaultKind::AfterEffect(Box::new(FaultKind::Hang));
    let mut scene = Scene::new().await;
    scene.start();
    // Slack has the message, and the process dies before it has the answer.
    scene.fault(WebMethod::ChatPostMessage, lost(), Some(1));
    scene.ask().await;
    scene.slack.wait_for_message(CHANNEL, |message| message.text.contains("Promote")).await;
    scene.die().await;
    assert!(scene.of("message.posted").await.is_empty());
    scene.start();
    sleep(Duration::from_secs(20)).await;
    assert_eq!((scene.top_level().len(), scene.of("message.posted").await.len()), (2, 2));

    scene.fault(WebMethod::ChatPostMessage, lost(), Some(1));
    scene.approve().await;
    scene.slack.wait_for_message(CHANNEL, |message| message.thread_ts.is_some()).await;
    scene.die().await;
    scene.start();
    scene.observe("failing-over").await;
    sleep(Duration::from_secs(20)).await;
    let messages = scene.slack.messages(CHANNEL);
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(messages.len(), 4, "root, gate and two in the thread: {texts:#?}");
    assert_eq!(texts.iter().filter(|text| text.contains("*database* began")).count(), 1, "{texts:#?}");
    assert_eq!(scene.of("message.posted").await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_answer_was_lost_is_not_posted_again() {
    for lost in [FaultKind::Hang, FaultKind::ServerError, FaultKind::Reset] {
        let mut scene = Scene::new().await;
        scene.start();
        let after = FaultKind::AfterEffect(Box::new(lost.clone()));
        scene.fault(WebMethod::ChatPostMessage, after, Some(2));
        scene.ask().await;
        sleep(Duration::from_secs(60)).await;
        assert_eq!(scene.top_level().len(), 2, "{lost:?}");
        assert_eq!(scene.of("message.posted").await.len(), 2, "{lost:?}");
        assert_eq!(scene.calls("chat.postMessage").len(), 2, "{lost:?}");
    }
}
