//! The app's home, for the rights of whoever opens it.

use rehearsal::slack::View;
use tests::{Cast, Stage};

#[tokio::test(start_paused = true)]
async fn home_shows_nothing_to_whom_it_is_not_for() {
    let stage = Stage::with().replace("viewers = [\"*\"]", "viewers = []").open().await;
    let shown = opened(&stage, Cast::SAM, "You may not look at any application here").await;
    assert!(!shown.contains("shop"), "{shown}");
    opened(&stage, Cast::MAYA, "*shop*: steady").await;
}

/// What a person's home shows once it shows that text.
async fn opened(stage: &Stage, user: &str, text: &str) -> String {
    stage.slack.open_home(user).await.expect("a person who exists");
    let shown = |view: &View| serde_json::to_string(&view.blocks).expect("JSON");
    shown(&stage.slack.wait_for_home(user, |view| shown(view).contains(text)).await)
}
