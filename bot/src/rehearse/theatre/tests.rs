#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use http_body_util::BodyExt as _;
use serde_json::Value;

use super::*;

/// Simulated seconds in a real one: the test waits for nothing.
const AT_ONCE: f64 = 1e3;

async fn house(folder: &tempfile::TempDir) -> Arc<Theatre> {
    let aws = TcpListener::bind("127.0.0.1:0").unwrap();
    aws.set_nonblocking(true).unwrap();
    let folder = folder.path().to_owned();
    Theatre::new(Setup { seed: 1, speed: AT_ONCE, old_primary: OldPrimary::Rejoins, folder, aws, page: None })
}

async fn send(theatre: &Arc<Theatre>, method: &str, path: &str) -> Response {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    theatre.router().oneshot(request).await.unwrap()
}

async fn look(theatre: &Arc<Theatre>, path: &str) -> Value {
    let body = send(theatre, "GET", path).await.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

fn chosen(scene: &Value) -> &str {
    let scenarios = scene["scenarios"].as_array().unwrap();
    scenarios.iter().find(|scenario| scenario["chosen"] == true).unwrap()["id"].as_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_play_follows_another() {
    let folder = tempfile::tempdir().unwrap();
    let theatre = house(&folder).await;
    theatre.begin(Play::PlannedMove).await.unwrap();
    assert_eq!(chosen(&look(&theatre, "/world").await), "planned-move");
    assert_eq!(look(&theatre, "/state").await["messages"].as_array().unwrap().len(), 0);
    let events = send(&theatre, "GET", "/events").await;

    assert_eq!(send(&theatre, "POST", "/scenario/failback-detached").await.status(), StatusCode::NO_CONTENT);
    events.into_body().collect().await.unwrap();
    let scene = look(&theatre, "/world").await;
    assert_eq!(chosen(&scene), "failback-detached");
    assert_eq!((&scene["regions"][0]["dark"], &scene["regions"][1]["writes"]), (&false.into(), &true.into()));
    let said = look(&theatre, "/state").await["messages"].to_string();
    assert!(said.contains("is served by us-west-2"), "{said}");

    assert_eq!(send(&theatre, "POST", "/scenario/nothing").await.status(), StatusCode::NOT_FOUND);
    assert!(folder.path().join("store").is_dir() && folder.path().join("store-1").is_dir());
    theatre.close().await;
}

#[tokio::test(start_paused = true)]
async fn troubles_are_thrown_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let theatre = house(&folder).await;
    theatre.begin(Play::Promote).await.unwrap();
    let active = async || {
        let actions = look(&theatre, "/world").await["actions"].as_array().unwrap().clone();
        let active = actions.iter().filter(|action| action["active"] == true);
        active.map(|action| action["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(active().await, ["dark"]);
    let others =
        ["slack-down", "promotion-stuck", "switchover-refused", "no-capacity", "deployment-stuck", "route53-dark"];
    for trouble in ["dark"].into_iter().chain(others) {
        assert_eq!(send(&theatre, "POST", &format!("/world/{trouble}")).await.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(active().await, others);
    assert_eq!(look(&theatre, "/world").await["note"], "Slack takes no messages: they come later");
    send(&theatre, "POST", "/world/heal").await;
    assert_eq!(active().await, [""; 0]);
    assert_eq!(send(&theatre, "POST", "/world/explode").await.status(), StatusCode::NOT_FOUND);
    theatre.close().await;
}
