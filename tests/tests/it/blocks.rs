//! Tables and plans, and workspaces that take neither.

use http::StatusCode;
use rehearsal::slack::Message;
use tests::{Cast, Stage, text_of};

fn has(message: &Message, kind: &str) -> bool {
    message.blocks.iter().any(|block| block["type"] == kind)
}

#[tokio::test(start_paused = true)]
async fn a_run_is_shown_as_a_plan_and_its_report_as_a_table() {
    let stage = Stage::open().await;
    stage.says(Cast::SAM, "status").await;
    assert!(has(&stage.hears("shop").await, "table"));
    stage.promotes().await;
    let report = stage.hears("is served by us-west-2. RTO").await;
    assert!(has(&report, "table"), "{}", text_of(&report));
    let root = stage.message(|message| message.text.contains("✅ done")).await;
    assert!(has(&root, "plan"), "{}", text_of(&root));
    let (status, metrics) = stage.reads("/metrics").await;
    assert!(status == StatusCode::OK && metrics.contains("standby_outbox_plainer_messages 0"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_takes_neither_is_told_the_same() {
    let stage = Stage::open().await;
    stage.slack.forget_blocks(&["plan", "table"]);
    stage.says(Cast::SAM, "status").await;
    let status = text_of(&stage.hears("shop").await);
    assert!(status.contains("*us-west-2* (DR)") && status.contains("endpoint: "), "{status}");
    stage.promotes().await;
    let report = text_of(&stage.hears("is served by us-west-2. RTO").await);
    assert!(report.contains("*Steps*\n```\nstep"), "{report}");
    let root = text_of(&stage.message(|message| message.text.contains("✅ done")).await);
    assert!(root.contains("✅ done · *database*"), "{root}");
    let (_, metrics) = stage.reads("/metrics").await;
    assert!(metrics.contains("standby_outbox_plainer_messages 1"), "{metrics}");
    assert!(stage.of("message.refused").await.is_empty());
}
