//! Runs of any shape, for tests.

#![allow(clippy::unwrap_used)]

use commands::{
    access::Terms,
    history::Moment,
    journal::{Decision, Event, Resolution},
    observation::{Lag, Seen},
    plan::{Method, MethodOption, Plan, PlannedStep, RunbookName, StepId},
    report::{RunOutcome, report},
    runbook::Runbook,
    topology::{Environment, SideName},
};
use serde_json::json;
use storage::Actor;

use super::incident::Incident;
pub(super) use crate::fixture::at;
use crate::fixture::record;

pub(super) fn lag(seconds: i64, millis: f64) -> Lag {
    Lag { millis, at: at(seconds) }
}

pub(super) fn person(name: &str) -> Actor {
    Actor::Slack { team: "T0SHOP00001".into(), user: "U0SOMEONE01".into(), name: Some(name.into()) }
}

/// A run that grows record by record.
pub(super) struct Tale {
    pub(super) incident: Incident,
    seq: u64,
}

impl Tale {
    /// Asked for by `who` for `reason`, with one service in its goals; not confirmed yet.
    pub(super) fn new(runbook: RunbookName, who: &str, reason: &str, service: &str) -> Self {
        let planned = |step| PlannedStep {
            step,
            goal: format!("{service} is as {} wants it", step.name()),
            calls: vec![],
            expected_s: 60.0,
            deadline_s: None,
        };
        let plan = Plan {
            application: "shop".into(),
            environment: Environment::Live,
            runbook,
            from: "us-east-1".into(),
            to: "us-west-2".into(),
            target: SideName::Dr,
            options: [Method::Failover, Method::Rebuild].map(|method| MethodOption { method, changes: vec![], calls: vec![] }).to_vec(),
            lag: Seen::Known(Some(lag(-34, 320.0))),
            checks: vec![
                serde_json::from_value(json!({ "id": "a", "level": "blocking", "outcome": "pass", "detail": "all is well", "fix": null })).unwrap(),
                serde_json::from_value(json!({ "id": "b", "level": "warning", "outcome": "unknown", "detail": "us-east-1 did not answer", "fix": "wait" })).unwrap(),
            ],
            steps: Runbook::named(runbook).steps.iter().map(|step| planned(step.id)).collect(),
            suspended: vec![],
            afterwards: vec![],
            observed_at: at(1),
        };
        let plan_digest = plan.digest();
        let started = Event::RunStarted {
            runbook,
            reason: Some(reason.into()),
            plan: Box::new(plan),
            plan_digest,
            command: 16,
            commanded_at: at(0),
        };
        let first = record(17, 2, person(who), None, started);
        let mut tale = Self { incident: Incident::of([&first]).unwrap().unwrap(), seq: 17 };
        if runbook == RunbookName::Promote {
            tale.ask(3);
        }
        tale
    }

    pub(super) fn promote() -> Self {
        Self::new(RunbookName::Promote, "maya", "the primary is dark", "web")
    }

    pub(super) fn add(&mut self, seconds: i64, by: Actor, step: Option<StepId>, event: Event) {
        self.seq += 1;
        let record = record(self.seq, seconds, by, step, event);
        assert!(self.incident.apply(&record).unwrap());
    }

    pub(super) fn ask(&mut self, seconds: i64) {
        let who = vec!["U0SOMEONE01".to_owned()];
        let terms = Terms { method: Method::Failover, approvers: 1, who, requester_may_approve: false };
        let plan_digest = self.incident.run.plan_digest.clone();
        let opened = Event::GateOpened {
            plan_digest,
            methods: vec![Method::Failover],
            overrides: vec![],
            terms: vec![terms],
            warn_at: None,
            expires_at: at(seconds + 900),
        };
        self.add(seconds, Actor::Bot, None, opened);
    }

    pub(super) fn decide(&mut self, seconds: i64, who: &str, decision: Decision) {
        let plan_digest = self.incident.run.plan_digest.clone();
        let decided = Event::GateDecided {
            command: Some(1),
            decision,
            reason: None,
            approvals: vec![],
            plan_digest,
            overrides: vec![],
        };
        self.add(seconds, person(who), None, decided);
    }

    pub(super) fn approve(&mut self, seconds: i64) {
        self.decide(seconds, "jonas", Decision::Approved { method: Method::Failover });
    }

    pub(super) fn start(&mut self, seconds: i64, step: StepId) {
        let goal = self.incident.run.plan.goal(step).to_owned();
        self.add(seconds, Actor::Bot, Some(step), Event::StepStarted { goal, expected_s: 60.0, deadline_s: 600.0 });
    }

    pub(super) fn done(&mut self, seconds: i64, step: StepId) {
        self.add(seconds, Actor::Bot, Some(step), Event::StepDone { detail: "as it must be".into(), already: false });
    }

    pub(super) fn fail(&mut self, seconds: i64, step: StepId, error: &str) {
        let best_effort = step == StepId::Fence;
        self.add(seconds, Actor::Bot, Some(step), Event::StepFailed { error: error.into(), best_effort });
    }

    pub(super) fn resolve(&mut self, seconds: i64, step: StepId, resolution: Resolution) {
        self.add(seconds, person("jonas"), Some(step), Event::StepResolved { command: 1, resolution });
    }

    pub(super) fn measure(&mut self, seconds: i64, millis: f64) {
        self.add(seconds, Actor::Bot, None, Event::LagObserved { lag: lag(seconds, millis) });
    }

    pub(super) fn end(&mut self, seconds: i64, outcome: RunOutcome) {
        let report = Box::new(report(&self.incident.run, outcome));
        self.add(seconds, Actor::Bot, None, Event::RunEnded { report });
    }

    /// A promote that went well, confirmed after twelve seconds.
    pub(super) fn promoted() -> Self {
        let mut tale = Self::promote();
        tale.approve(15);
        for step in [StepId::Database, StepId::Capacity, StepId::Fence] {
            tale.start(15, step);
        }
        tale.fail(20, StepId::Fence, "us-east-1 does not answer");
        tale.measure(26, 900.0);
        tale.done(85, StepId::Capacity);
        tale.done(105, StepId::Database);
        for (step, from, to) in [(StepId::Listener, 105, 107), (StepId::Dns, 107, 165), (StepId::Verify, 165, 172)] {
            tale.start(from, step);
            tale.done(to, step);
        }
        tale.end(172, RunOutcome::Completed);
        tale
    }

    /// The last moment that is told.
    pub(super) fn latest(&self) -> &Moment {
        self.incident.moments.iter().next_back().unwrap()
    }
}
