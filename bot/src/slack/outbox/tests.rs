//! The outbox against a stand-in Slack, on paused time.

#![allow(clippy::unwrap_used)]

mod channels;
mod forms;
mod later;
mod pace;
mod stakeholders;
mod twice;

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

fn error(code: &str) -> FaultKind {
    FaultKind::Error(code.to_owned())
}
