//! Channels that are closed, and messages that were deleted.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_closed_channel_is_reported_and_told_everything_when_it_opens() {
    for code in ["is_archived", "channel_not_found", "not_in_channel", "token_revoked", "invalid_auth"] {
        let mut scene = Scene::new().await;
        scene.start();
        scene.slack.fault(fault(error(code), None));
        scene.ask().await;
        scene.approve().await;
        sleep(Duration::from_secs(3_600)).await;
        let failed = scene.of("delivery.failed").await;
        assert_eq!(failed.len(), 1, "said once");
        assert_eq!((&failed[0].data["channel"], &failed[0].data["error"]), (&CHANNEL.into(), &code.into()));
        let [(channel, trouble)] = scene.progress().troubles().try_into().unwrap();
        assert_eq!((channel.as_str(), trouble.error.as_str()), (CHANNEL, code));
        assert!(scene.of("delivery.restored").await.is_empty());

        scene.slack.clear_faults();
        sleep(Duration::from_secs(120)).await;
        let texts: Vec<String> = scene.top_level().into_iter().map(|message| message.text).collect();
        assert!(texts.len() == 2 && texts[1].contains("*Approved*"), "{code}: {texts:?}");
        assert_eq!(scene.of("delivery.restored").await.len(), 1);
        assert_eq!((scene.refused(), scene.progress().troubles().len()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_channel_is_closed_the_fallback_is_told() {
    let mut scene = Scene::new().await;
    scene.fallback = Some(FALLBACK.to_owned());
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, error("is_archived"), Some(1));
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    let told = scene.slack.messages(FALLBACK);
    assert_eq!(told.len(), 1, "the first message: {told:?}");
    assert_eq!(scene.top_level().len(), 1, "the channel is open again");
    assert_eq!(scene.of("delivery.failed").await[0].data["instead"], FALLBACK);

    scene.approve().await;
    scene.observe("failing-over").await;
    sleep(Duration::from_secs(10)).await;
    let told = scene.slack.messages(FALLBACK);
    assert!(told[0].text.contains("step 1 of 6"), "edited where it is: {told:?}");
    assert_eq!(told[1].thread_ts.as_ref(), Some(&told[0].ts), "and its thread is there");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_root_message_is_posted_anew() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    scene.fault(WebMethod::ChatUpdate, error("message_not_found"), Some(1));
    scene.approve().await;
    sleep(Duration::from_secs(10)).await;
    // The first edit was that of the gate, which nobody needs any more.
    assert_eq!(scene.of("message.refused").await.len(), 1);
    scene.fault(WebMethod::ChatUpdate, error("message_not_found"), Some(1));
    scene.observe("failing-over").await;
    sleep(Duration::from_secs(10)).await;
    scene.observe("nearly there").await;
    sleep(Duration::from_secs(10)).await;
    let anew = scene.top_level().pop().unwrap();
    assert!(anew.blocks.iter().any(|block| block.to_string().contains("nearly there")), "{anew:?}");
    assert!(scene.of("message.posted").await.iter().any(|posted| posted.data["key"] == "promote-0/root~1"));
}

#[tokio::test(start_paused = true)]
async fn a_closed_channel_holds_up_no_other() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.slack.archive(CHANNEL);
    scene.ask().await;
    let elsewhere =
        Event::CommandFailed { command: 0, text: "status".into(), error: "nothing to see".into(), refused: None };
    scene.append_in("depot", ELSEWHERE, elsewhere).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(scene.slack.messages(ELSEWHERE).len(), 1);
    assert!(scene.top_level().is_empty());
}
