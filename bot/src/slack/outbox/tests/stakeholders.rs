//! What stakeholders are told.

use super::*;

/// What stakeholders were told, oldest first.
fn public(scene: &Scene) -> Vec<Message> {
    scene.slack.messages(STAKEHOLDERS)
}

#[tokio::test(start_paused = true)]
async fn stakeholders_hear_what_changed_and_what_was_promised() {
    let mut scene = Scene::new().await;
    scene.stakeholders = Some(STAKEHOLDERS.to_owned());
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(60)).await;
    assert!(public(&scene)[0].text.contains("is being prepared"), "{:?}", public(&scene));
    // Nothing changes, and the promise is kept, also by the process that did not make it.
    sleep(Duration::from_secs(10 * 60)).await;
    scene.stop().await;
    scene.start();
    scene.append(Actor::Bot, None, Event::RunResumed {}).await;
    sleep(Duration::from_secs(30 * 60)).await;
    let told = public(&scene);
    assert_eq!(told.len(), 3, "{told:?}");
    let ends: Vec<i64> = told.iter().map(|message| message.ts.split('.').next().unwrap().parse().unwrap()).collect();
    assert!(ends.windows(2).all(|pair| pair[1] - pair[0] <= 900), "{ends:?}");

    scene.approve().await;
    sleep(Duration::from_secs(60)).await;
    assert!(public(&scene)[3].text.contains("is under way"), "{:?}", public(&scene)[3]);
    let ended = Event::RunEnded { report: Box::new(report(RunOutcome::Aborted)) };
    scene.append(Actor::Bot, None, ended).await;
    sleep(Duration::from_secs(3_600)).await;
    let told = public(&scene);
    assert_eq!(told.len(), 5, "nothing after the end: {told:?}");
    assert!(told[4].text.contains("stopped half-way"), "{:?}", told[4]);
    assert!(told.iter().all(|message| message.buttons().count() == 0));
}

#[tokio::test(start_paused = true)]
async fn stakeholders_are_told_the_end_alone_where_all_else_is_overtaken() {
    let mut scene = Scene::new().await;
    scene.stakeholders = Some(STAKEHOLDERS.to_owned());
    scene.ask().await;
    scene.approve().await;
    sleep(Duration::from_secs(600)).await;
    let ended = Event::RunEnded { report: Box::new(report(RunOutcome::Aborted)) };
    scene.append(Actor::Bot, None, ended).await;
    scene.start();
    sleep(Duration::from_secs(3_600)).await;
    let told = public(&scene);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("stopped half-way"), "{told:?}");
}
