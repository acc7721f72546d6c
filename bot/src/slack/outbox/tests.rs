//! The outbox against a stand-in Slack, on paused time.

#![allow(clippy::unwrap_used)]

use commands::{
    journal::{Decision, Event},
    plan::{Method, StepId},
};
use jiff::Timestamp;
use rehearsal::slack::{Fault, FaultKind, Message, Method as WebMethod, Settings, Slack};
use storage::{Actor, Appended, Entry};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::sleep};

use super::*;
use crate::slack::fixture::{at, checks, person, plan};

const CHANNEL: &str = "C0INCIDENT1";

/// A log with one run, and a Slack that an outbox shows it in.
struct Scene {
    log: Log,
    slack: Slack,
    clock: Clock,
    running: Option<(JoinHandle<()>, CancellationToken, Arc<Progress>)>,
    _dir: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let clock = Clock::simulated(at(0));
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path(), clock.clone()).await.unwrap();
        let now = clock.clone();
        let slack = Slack::new(Settings::shop(Arc::new(move || now.now()), 1));
        Self { log, slack, clock, running: None, _dir: dir }
    }

    fn start(&mut self) {
        let stop = CancellationToken::new();
        let api = Api::over(self.slack.connector(), "http://slack.invalid/api", &"xoxb-rehearsal-not-a-secret".into());
        let channels = BTreeMap::from([("shop".to_owned(), CHANNEL.to_owned())]);
        let outbox = Outbox::new(self.log.clone(), api, channels, self.clock.clone(), stop.clone());
        let progress = outbox.progress();
        self.running = Some((tokio::spawn(outbox.run()), stop, progress));
    }

    async fn stop(&mut self) {
        let (task, stop, _) = self.running.take().unwrap();
        stop.cancel();
        task.await.unwrap();
    }

    fn progress(&self) -> &Progress {
        &self.running.as_ref().unwrap().2
    }

    async fn append(&self, actor: Actor, step: Option<StepId>, event: Event) {
        let (event, data) = event.into_parts().unwrap();
        let entry = Entry {
            actor,
            origin: Origin::Slack { channel: CHANNEL.to_owned(), message: None },
            application: Some("shop".to_owned()),
            run: Some("promote-0".to_owned()),
            step: step.map(|step| step.name().to_owned()),
            event,
            dedupe: None,
            data,
        };
        assert!(matches!(self.log.append(entry).await.unwrap(), Appended::New(_)));
    }

    /// A run whose gate is open.
    async fn ask(&self) {
        let plan = plan(&[Method::Failover], checks());
        let plan_digest = plan.digest();
        let started = Event::RunStarted {
            runbook: commands::plan::RunbookName::Promote,
            reason: None,
            plan: Box::new(plan),
            plan_digest: plan_digest.clone(),
            command: 0,
            commanded_at: at(0),
        };
        self.append(person("U0MAYA00001"), None, started).await;
        let (methods, overrides) = (vec![Method::Failover], vec![]);
        let opened = Event::GateOpened { plan_digest, methods, overrides, expires_at: at(900) };
        self.append(Actor::Bot, None, opened).await;
    }

    async fn approve(&self) {
        let decision = Decision::Approved { method: Method::Failover };
        let decided = Event::GateDecided { command: None, decision, plan_digest: String::new(), overrides: vec![] };
        self.append(person("U0JONAS0001"), None, decided).await;
        let started = Event::StepStarted { goal: "us-west-2 writes".into(), expected_s: 120.0, deadline_s: 900.0 };
        self.append(Actor::Bot, Some(StepId::Database), started).await;
    }

    async fn observe(&self, detail: &str) {
        self.append(Actor::Bot, Some(StepId::Database), Event::StepObserved { detail: detail.into() }).await;
    }

    fn top_level(&self) -> Vec<Message> {
        self.slack.messages(CHANNEL).into_iter().filter(|message| message.thread_ts.is_none()).collect()
    }

    fn calls(&self, method: &str) -> Vec<Timestamp> {
        self.slack.calls().into_iter().filter(|call| call.method == method).map(|call| call.at).collect()
    }
}

fn fault(kind: FaultKind, times: Option<u32>) -> Fault {
    Fault { method: None, kind, times }
}

#[tokio::test(start_paused = true)]
async fn neither_a_restart_nor_a_lost_cursor_posts_anything_twice() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    scene.stop().await;
    scene.log.set_cursor(CURSOR, 0).await.unwrap();
    scene.start();
    scene.approve().await;
    scene.observe("failing-over").await;
    sleep(Duration::from_secs(10)).await;
    scene.stop().await;
    scene.log.set_cursor(CURSOR, 0).await.unwrap();
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
    assert_eq!(scene.progress().next.load(Ordering::Relaxed), 0);
    scene.slack.clear_faults();
    sleep(Duration::from_secs(60)).await;
    let texts: Vec<String> = scene.top_level().into_iter().map(|message| message.text).collect();
    assert!(texts[0].contains("step 1 of 6") && texts[1].contains("*Approved*"), "{texts:?}");
    assert_eq!(scene.progress().next.load(Ordering::Relaxed), scene.log.head().size);
}

#[tokio::test(start_paused = true)]
async fn slack_sets_the_pace() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.slack.fault(fault(FaultKind::RateLimited { retry_after: Duration::from_secs(20) }, Some(1)));
    scene.ask().await;
    sleep(Duration::from_secs(60)).await;
    let posts = scene.calls("chat.postMessage");
    let gaps: Vec<f64> = posts.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64()).collect();
    assert!(gaps[0] >= 20.0 && gaps[1] >= 1.0 && gaps.len() == 2, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn what_slack_refuses_holds_up_nothing_else() {
    let mut scene = Scene::new().await;
    scene.start();
    let refused = FaultKind::Error("msg_blocks_too_long".to_owned());
    scene.slack.fault(Fault { method: Some(WebMethod::ChatPostMessage), kind: refused, times: Some(1) });
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    let messages = scene.top_level();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].buttons().count(), 2, "the gate is there: {messages:?}");
    assert_eq!(scene.progress().refused.load(Ordering::Relaxed), 1);
}
