//! The outbox against a stand-in Slack, on paused time.

#![allow(clippy::unwrap_used)]

use commands::{
    journal::{Decision, Event},
    plan::{Method, StepId},
    report::RunOutcome,
};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use rehearsal::slack::{ApiCall, Fault, FaultKind, Message, Method as WebMethod, Outcome, Settings, Slack};
use storage::{Actor, Appended, Entry, Origin, Record};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::sleep};

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use super::*;
use crate::{
    config::Channels,
    slack::fixture::{at, checks, person, plan, report, terms},
};

const CHANNEL: &str = "C0INCIDENT1";
const ELSEWHERE: &str = "C0STATUS001";
const FALLBACK: &str = ELSEWHERE;
const STAKEHOLDERS: &str = ELSEWHERE;

/// A log with one run, and a Slack that an outbox shows it in.
struct Scene {
    log: Log,
    slack: Slack,
    clock: Clock,
    fallback: Option<String>,
    stakeholders: Option<String>,
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
        Self { log, slack, clock, fallback: None, stakeholders: None, running: None, _dir: dir }
    }

    fn start(&mut self) {
        let stop = CancellationToken::new();
        let api = Api::over(self.slack.connector(), "http://slack.invalid/api", &"xoxb-rehearsal-not-a-secret".into());
        let channels = Channels {
            channel: CHANNEL.to_owned(),
            fallback: self.fallback.clone(),
            stakeholders: self.stakeholders.clone(),
            update_every: 900,
        };
        let depot = Channels { channel: ELSEWHERE.to_owned(), fallback: None, ..channels.clone() };
        let channels = BTreeMap::from([("shop".to_owned(), channels), ("depot".to_owned(), depot)]);
        let routes = Routes::new(channels, &BTreeMap::new());
        let outbox = Outbox::new(self.log.clone(), api, routes, self.clock.clone(), stop.clone());
        let progress = outbox.progress();
        self.running = Some((tokio::spawn(outbox.run()), stop, progress));
    }

    async fn stop(&mut self) {
        let (task, stop, _) = self.running.take().unwrap();
        stop.cancel();
        task.await.unwrap();
    }

    /// The process dies.
    async fn die(&mut self) {
        let (task, _, _) = self.running.take().unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    fn progress(&self) -> &Progress {
        &self.running.as_ref().unwrap().2
    }

    fn refused(&self) -> u64 {
        self.progress().lanes().map(|(_, lane)| lane.refused.load(Ordering::Relaxed)).sum()
    }

    /// Records of that kind.
    async fn of(&self, event: &str) -> Vec<Arc<Record>> {
        let records: Vec<Arc<Record>> = self.log.read(..).try_collect().await.unwrap();
        records.into_iter().filter(|record| record.event == event).collect()
    }

    fn fault(&self, method: WebMethod, kind: FaultKind, times: Option<u32>) {
        self.slack.fault(Fault { method: Some(method), kind, times });
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

    async fn append_in(&self, application: &str, channel: &str, event: Event) {
        let (event, data) = event.into_parts().unwrap();
        let entry = Entry {
            actor: Actor::Bot,
            origin: Origin::Slack { channel: channel.to_owned(), message: None },
            application: Some(application.to_owned()),
            run: None,
            step: None,
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
        let (terms, warn_at, expires_at) = (vec![terms(Method::Failover, 1)], Some(at(600)), at(900));
        let opened = Event::GateOpened { plan_digest, methods, overrides, terms, warn_at, expires_at };
        self.append(Actor::Bot, None, opened).await;
    }

    async fn approve(&self) {
        let decision = Decision::Approved { method: Method::Failover };
        let (reason, approvals, plan_digest) = (Some("dark".to_owned()), vec![], String::new());
        let decided = Event::GateDecided { command: None, decision, reason, approvals, plan_digest, overrides: vec![] };
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
    scene.fault(WebMethod::ChatPostMessage, error("as_user_not_supported"), Some(1));
    scene.ask().await;
    sleep(Duration::from_secs(10)).await;
    let messages = scene.top_level();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].buttons().count(), 3, "the gate is there: {messages:?}");
    assert_eq!(scene.refused(), 1);
    let refused = scene.of("message.refused").await;
    assert_eq!(refused[0].data["key"], "promote-0/root");
}

fn error(code: &str) -> FaultKind {
    FaultKind::Error(code.to_owned())
}

#[tokio::test(start_paused = true)]
async fn blocks_that_slack_does_not_take_become_text_with_the_buttons() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, error("invalid_blocks"), Some(2));
    scene.ask().await;
    let root = scene.slack.wait_for_message(CHANNEL, |_| true).await;
    assert_eq!(root.blocks.len(), 1, "the plain text: {root:?}");
    sleep(Duration::from_secs(10)).await;
    let [root, gate] = scene.top_level().try_into().unwrap();
    assert!(root.blocks.len() > 1, "the next edit shows it whole");
    assert!(gate.blocks.len() > 3, "{gate:?}");

    let started = Event::StepStarted { goal: "us-west-2 serves".into(), expected_s: 1.0, deadline_s: 2.0 };
    scene.append(Actor::Bot, Some(StepId::Dns), started).await;
    sleep(Duration::from_secs(10)).await;
    scene.fault(WebMethod::ChatPostMessage, error("invalid_blocks"), Some(1));
    let failed = Event::StepFailed { error: "denied".into(), best_effort: false };
    scene.append(Actor::Bot, Some(StepId::Dns), failed).await;
    sleep(Duration::from_secs(10)).await;
    let question = scene.top_level().pop().unwrap();
    assert_eq!((question.blocks.len(), question.buttons().count()), (2, 3), "{question:?}");
    assert_eq!(scene.refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_takes_no_plans_is_asked_once() {
    let mut scene = Scene::new().await;
    scene.slack.forget_blocks(&["plan", "table"]);
    scene.start();
    scene.ask().await;
    scene.approve().await;
    scene.observe("failing-over").await;
    sleep(Duration::from_secs(60)).await;
    let root = &scene.top_level()[0];
    assert!(root.blocks.iter().any(|block| block.to_string().contains("⏳ running · *database*")), "{root:?}");
    let refused = |call: &&ApiCall| matches!(call.outcome, Outcome::Refused(_));
    assert_eq!(scene.slack.calls().iter().filter(refused).count(), 1);
    assert!(scene.progress().dialect().is_plainer());
    assert!(scene.of("message.refused").await.is_empty());

    // The next process asks again, and the workspace has learnt.
    scene.slack.forget_blocks(&[]);
    scene.stop().await;
    scene.start();
    scene.observe("nearly there").await;
    sleep(Duration::from_secs(60)).await;
    assert!(scene.top_level()[0].blocks.iter().any(|block| block["type"] == "plan"));
    assert!(!scene.progress().dialect().is_plainer());
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_slack_fails_at_goes_without() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.fault(WebMethod::ChatPostMessage, error("internal_error"), Some(5));
    scene.ask().await;
    let root = scene.slack.wait_for_message(CHANNEL, |_| true).await;
    assert!(root.blocks.len() > 2 && !root.blocks.iter().any(|block| block["type"] == "plan"), "{root:?}");
    assert!(!scene.progress().dialect().is_plainer(), "Slack may as well have been away");
}

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
