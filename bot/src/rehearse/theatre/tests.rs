#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use http_body_util::BodyExt as _;
use rehearsal::{
    Call, Membership, Outcome, PairState, Side, World,
    slack::{Message, Slack},
};
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

/// Two people bring the failback to its end, with what the page offers them: one asks, the other one presses what waits for an answer.
struct Crew {
    slack: Slack,
    world: World,
}

impl Crew {
    async fn of(theatre: &Arc<Theatre>) -> Self {
        let stage = theatre.stage.lock().await;
        let room = stage.room.as_ref().unwrap();
        Self { slack: room.slack.clone(), world: room.world.clone() }
    }

    fn pair(&self) -> PairState {
        self.world.state().pairs.remove(0)
    }

    fn channel(&self) -> &str {
        &self.slack.settings().channels[0].id
    }

    fn offered(&self, action: &str) -> Option<Message> {
        let offers = |message: &Message| message.buttons().any(|(_, button)| button["action_id"] == action);
        self.slack.messages(self.channel()).into_iter().rfind(offers)
    }

    async fn ask(&self) {
        let text = "failback the region is healthy again";
        self.slack.command(&self.slack.settings().people[0].id, self.channel(), text).await.unwrap();
    }

    /// Presses what is offered, until it holds.
    async fn press_on(&self, theatre: &Arc<Theatre>, until: impl Fn(&PairState) -> bool) {
        for _ in 0..1_000 {
            if until(&self.pair()) {
                return;
            }
            let wanted = ["approve-rebuild", "approve-switchover", "retry"];
            let offered = wanted.into_iter().find_map(|action| Some((self.offered(action)?, action)));
            if let Some((message, action)) = offered {
                let confirms = &self.slack.settings().people[1].id;
                // The plan may have changed meanwhile: then they are asked again.
                let _answer = self.slack.click_through(confirms, &message.channel, &message.ts, action).await;
            } else if self.pair().primary.membership == Membership::Absent {
                send(theatre, "POST", "/world/terraform").await;
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let said = self.slack.messages(self.channel()).into_iter().map(|message| message.text);
        panic!("it does not come to an end: {:#?}", said.collect::<Vec<_>>());
    }
}

fn accepted<'a>(calls: &'a [Call], operation: &'a str) -> impl Iterator<Item = &'a PairState> {
    let accepted = calls.iter().filter(move |call| call.operation == operation && call.outcome == Outcome::Accepted);
    accepted.filter_map(|call| call.before.as_ref()?.pairs.first())
}

#[tokio::test(start_paused = true)]
async fn the_pipeline_interferes_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let theatre = house(&folder).await;
    theatre.begin(Play::PipelineInterferes).await.unwrap();
    let crew = Crew::of(&theatre).await;
    let deeds = ["old-values", "delete-snapshots", "add-reader", "move-record", "scale-to-1"];
    let actions = look(&theatre, "/world").await["actions"].to_string();
    assert!(deeds.iter().all(|deed| actions.contains(deed)), "{actions}");

    // While people are asked what to delete, a clean-up job deletes what keeps it, and somebody adds a reader.
    crew.ask().await;
    while crew.offered("approve-rebuild").is_none() {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    for deed in ["delete-snapshots", "add-reader"] {
        assert_eq!(send(&theatre, "POST", &format!("/world/{deed}")).await.status(), StatusCode::NO_CONTENT);
    }
    let note = look(&theatre, "/world").await["note"].to_string();
    assert!(note.contains("added a reader in us-east-1"), "{note}");
    crew.press_on(&theatre, |pair| pair.primary.membership != Membership::Detached).await;

    // Later it scales the primary to one task by itself, between its capacity and the move of the users.
    let back = |pair: &PairState| (pair.writer, pair.resolves_to) == (Some(Side::Primary), Some(Side::Primary));
    let idle = |pair: &PairState| pair.dr.services.iter().all(|service| service.running == 1);
    crew.press_on(&theatre, |pair| back(pair) && idle(pair)).await;
    let note = look(&theatre, "/world").await["note"].to_string();
    assert!(note.contains("scaled us-east-1 to 1 task a service"), "{note}");

    let (calls, pair) = (crew.world.calls(), crew.pair());
    assert!(pair.primary.serves && pair.dr.synchronization == "connected", "{pair:?}");
    for before in accepted(&calls, "DeleteDBCluster") {
        let kept = before.primary.snapshots.iter().filter(|kept| !kept.automated && kept.status == "available");
        let newest = kept.map(|kept| kept.taken_at).max();
        assert!(newest >= before.primary.last_write_at, "{before:?}");
    }
    let moved = accepted(&calls, "ChangeResourceRecordSets").last().unwrap();
    let running: Vec<_> = moved.primary.services.iter().map(|service| service.running).collect();
    assert_eq!(running, [4, 6, 3]);
    theatre.close().await;
}
