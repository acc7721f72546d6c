//! The scopes that the manifests ask for, held to what Slack demands: everything that the bot does is played with them, and the stand-in Slack has an
//! account of its own of what each call needs.

use std::collections::BTreeSet;

use bot::slack::api::Method;
use rehearsal::{
    Fault, Region,
    slack::{self, FaultKind, Outcome, Refusal},
};
use tests::{Cast, Stage};

use crate::node;

const MANIFESTS: [&str; 2] = [
    include_str!("../../../deploy/slack/manifest.socket.yaml"),
    include_str!("../../../deploy/slack/manifest.http.yaml"),
];

/// What stands under `bot:`, without the comments.
fn scopes(manifest: &str) -> Vec<&str> {
    let listed = manifest.lines().skip_while(|line| line.trim() != "bot:").skip(1);
    let listed = listed.map_while(|line| line.trim().strip_prefix("- "));
    listed.map(|line| line.split(" #").next().unwrap_or(line).trim()).collect()
}

#[tokio::test(start_paused = true)]
async fn scopes_of_the_manifests_are_enough_for_all_that_the_bot_does() {
    let asked = MANIFESTS.map(scopes);
    assert!(asked[0] == asked[1] && asked[0].contains(&"chat:write"), "{asked:?}");
    let mut stage = Stage::with()
        .configure("[applications.shop.access.approvals.promote]\nwho = [\"S0PROMOTERS\"]")
        .configure(&format!("[audit]\ncompliance = [{:?}]", Cast::SAM))
        .open()
        .await;
    stage.slack.set_scopes(&asked[0]);

    stage.says(Cast::SAM, "export all").await;
    let direct = stage.slack.direct(Cast::SAM);
    stage.slack.wait_for_message(&direct, |message| !message.files.is_empty()).await;
    stage.slack.open_home(Cast::MAYA).await.unwrap();
    stage.slack.wait_for_home(Cast::MAYA, |_| true).await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    // The answer to a post is lost, so the bot looks for it; and after a death for what is in the thread.
    let lost = FaultKind::AfterEffect(Box::new(FaultKind::ServerError));
    stage.slack.fault(slack::Fault { method: Some(slack::Method::ChatPostMessage), kind: lost, times: Some(1) });
    stage.promotes().await;
    stage.record(|record| record.event == "step.started").await;
    stage.crash().await;
    stage.start().await;
    stage.hears("is served by").await;
    stage.says(Cast::MAYA, "status").await;
    stage.record(|record| record.event == "status.answered").await;

    let calls = stage.slack.calls();
    let missing = |outcome: &Outcome| matches!(outcome, Outcome::Refused(Refusal::MissingScope(..)));
    let refused: Vec<&str> =
        calls.iter().filter(|call| missing(&call.outcome)).map(|call| call.method.as_str()).collect();
    assert!(refused.is_empty(), "{refused:?} lack a scope");
    let called: BTreeSet<&str> = calls.iter().map(|call| call.method.as_str()).collect();
    let uncalled = |method: &Method| !called.contains(method.name());
    let rest: Vec<Method> = Method::ALL.into_iter().filter(uncalled).collect();
    // Socket Mode's takes another token, and `standby check` makes the others.
    assert_eq!(rest, [Method::AppsConnectionsOpen, Method::AuthTest, Method::ConversationsInfo]);
}

#[test]
#[ignore = "needs Node.js with typescript and @slack/web-api: see tests/third-party/README.md"]
fn manifests_are_of_the_types_that_slack_publishes() {
    let manifests = MANIFESTS.map(|manifest| serde_saphyr::from_str::<serde_json::Value>(manifest).unwrap());
    node::passes("manifest_types.cjs", &[], &serde_json::to_string(&manifests).unwrap());
}
