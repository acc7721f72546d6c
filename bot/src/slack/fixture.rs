//! A pair, a plan, a run and its records, for tests.

#![allow(clippy::unwrap_used)]

use commands::{
    access::Terms,
    change::{Call, Irreversible},
    history::Timeline,
    journal::{CallOutcome, Decision, Event, Resolution},
    observation::*,
    phase::Phase,
    plan::{Method, MethodOption, Plan, PlannedStep, RunbookName, StepId},
    readiness::Check,
    report::{Report, RunOutcome, StepReport},
    run::Run,
    runbook::PROMOTE,
    status::{OpenRun, Status},
    topology::{Environment, SideName},
};
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;
use storage::{Actor, Origin, Record};

/// 2026-11-23 09:00:00 UTC and so many seconds.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::constant(1_795_424_400, 0) + seconds.seconds()
}

pub(super) fn person(user: &str) -> Actor {
    Actor::Slack { team: "T0SHOP00001".into(), user: user.into(), name: None }
}

pub(super) fn check(id: &str, level: &str, outcome: &str, detail: &str) -> Check {
    let fix = (outcome != "pass").then_some("do something about it");
    serde_json::from_value(json!({ "id": id, "level": level, "outcome": outcome, "detail": detail, "fix": fix }))
        .unwrap()
}

pub(super) fn lag() -> Seen<Option<Lag>> {
    Seen::Known(Some(Lag { millis: 320.0, at: at(-34) }))
}

fn change(method: Method) -> Irreversible {
    let (global_cluster, target) =
        ("shop-global".to_owned(), "arn:aws:rds:us-west-2:123456789012:cluster:shop-dr".to_owned());
    match method {
        Method::Failover => Irreversible::Failover { global_cluster, target },
        Method::Switchover => Irreversible::Switchover { global_cluster, target },
        Method::Rebuild => Irreversible::DeleteCluster { cluster: "shop-primary".to_owned() },
    }
}

pub(super) fn plan(methods: &[Method], checks: Vec<Check>) -> Plan {
    let options = methods
        .iter()
        .map(|&method| MethodOption {
            method,
            changes: vec![change(method)],
            calls: vec![change(method).call("us-west-2")],
        })
        .collect();
    let update = Call {
        service: "ecs".into(),
        operation: "UpdateService".into(),
        region: "us-west-2".into(),
        params: json!({ "cluster": "shop", "service": "web", "desiredCount": 4 }),
    };
    let steps = PROMOTE
        .steps
        .iter()
        .map(|step| step.id)
        .map(|step| PlannedStep {
            step,
            goal: format!("the goal of {} holds", step.name()),
            calls: if step == StepId::Capacity { vec![update.clone()] } else { vec![] },
            expected_s: 60.0,
        })
        .collect();
    Plan {
        application: "shop".into(),
        environment: Environment::Live,
        runbook: RunbookName::Promote,
        from: "us-east-1".into(),
        to: "us-west-2".into(),
        target: SideName::Dr,
        options,
        lag: lag(),
        checks,
        steps,
        suspended: vec![],
        afterwards: vec![],
        observed_at: at(0),
    }
}

pub(super) fn checks() -> Vec<Check> {
    vec![
        check("dr-cluster-available", "blocking", "pass", "shop-dr is available"),
        check("capacity-api", "blocking", "fail", "quota of 8 vCPU, 24 needed"),
        check("record", "warning", "unknown", "Route 53 did not answer within 2 s"),
    ]
}

/// What it takes to choose that way: so many of a group and a person.
pub(super) fn terms(method: Method, approvers: u32) -> Terms {
    Terms { method, approvers, who: vec!["S0PROMOTERS".into(), "U0PRIYA0001".into()], requester_may_approve: false }
}

/// A log of one run, that grows record by record.
pub(super) struct Story {
    pub(super) run: Run,
    records: Vec<Record>,
    seq: u64,
}

impl Story {
    /// Begins with `run.started` and `gate.opened`.
    pub(super) fn new(plan: Plan, reason: &str) -> Self {
        Self::needing(plan, reason, 1)
    }

    /// The same, and it takes so many approvals.
    pub(super) fn needing(plan: Plan, reason: &str, approvers: u32) -> Self {
        let methods: Vec<Method> = plan.options.iter().map(|option| option.method).collect();
        let overrides = plan.blockers().into_iter().map(|check| check.id.clone()).collect();
        let plan_digest = plan.digest();
        let started = Event::RunStarted {
            runbook: RunbookName::Promote,
            reason: Some(reason.into()),
            plan: Box::new(plan),
            plan_digest: plan_digest.clone(),
            command: 16,
            commanded_at: at(-3),
        };
        let first = record(17, 0, person("U0MAYA00001"), None, started);
        let run = Run::begin(&first).unwrap();
        let mut story = Self { run, records: vec![first], seq: 17 };
        let terms = methods.iter().map(|&method| terms(method, approvers)).collect();
        let (warn_at, expires_at) = (Some(at(600)), at(900));
        let opened = Event::GateOpened { plan_digest, methods, overrides, terms, warn_at, expires_at };
        story.add(0, Actor::Bot, None, opened);
        story
    }

    pub(super) fn add(&mut self, seconds: i64, actor: Actor, step: Option<StepId>, event: Event) -> Record {
        self.seq += 1;
        let record = record(self.seq, seconds, actor, step, event);
        self.run.apply(&record).unwrap();
        self.records.push(record.clone());
        record
    }

    pub(super) fn decide(&mut self, decision: Decision) -> Record {
        let plan_digest = self.run.plan_digest.clone();
        let (command, approvals) = (Some(self.seq), vec![]);
        let event = Event::GateDecided { command, decision, reason: None, approvals, plan_digest, overrides: vec![] };
        self.add(12, person("U0JONAS0001"), None, event)
    }

    /// A person approves, which is not enough yet.
    pub(super) fn approve(&mut self, user: &str, reason: &str) -> Record {
        let (reason, plan_digest) = (Some(reason.to_owned()), self.run.plan_digest.clone());
        let method = Method::Failover;
        let approved = Event::GateApproved { command: self.seq, method, reason, plan_digest, number: 1, of: 2 };
        self.add(30, person(user), None, approved)
    }

    /// A person's approval is enough, with these before it.
    pub(super) fn approved_by(&mut self, user: &str, reason: Option<&str>, approvals: Vec<u64>) -> Record {
        let (decision, plan_digest) = (Decision::Approved { method: Method::Failover }, self.run.plan_digest.clone());
        let (command, reason) = (Some(self.seq), reason.map(str::to_owned));
        let decided = Event::GateDecided { command, decision, reason, approvals, plan_digest, overrides: vec![] };
        self.add(40, person(user), None, decided)
    }

    pub(super) fn start(&mut self, seconds: i64, step: StepId) -> Record {
        let goal = self.run.plan.goal(step).to_owned();
        self.add(seconds, Actor::Bot, Some(step), Event::StepStarted { goal, expected_s: 60.0, deadline_s: 600.0 })
    }

    pub(super) fn done(&mut self, seconds: i64, step: StepId, detail: &str) -> Record {
        self.add(seconds, Actor::Bot, Some(step), Event::StepDone { detail: detail.into(), already: false })
    }

    pub(super) fn fail(&mut self, seconds: i64, step: StepId, error: &str) -> Record {
        let best_effort = step == StepId::Fence;
        self.add(seconds, Actor::Bot, Some(step), Event::StepFailed { error: error.into(), best_effort })
    }

    pub(super) fn late(&mut self, seconds: i64, step: StepId, detail: &str) -> Record {
        let late = Event::StepLate { expected_s: 60.0, elapsed_s: 67.2, detail: detail.into() };
        self.add(seconds, Actor::Bot, Some(step), late)
    }

    pub(super) fn end(&mut self, seconds: i64, report: Report) -> Record {
        self.add(seconds, Actor::Bot, None, Event::RunEnded { report: Box::new(report) })
    }

    pub(super) fn timeline(&self) -> Timeline {
        Timeline::of(&self.records).unwrap().unwrap()
    }

    pub(super) fn resolve(&mut self, step: StepId, resolution: Resolution) -> Record {
        self.add(200, person("U0JONAS0001"), Some(step), Event::StepResolved { command: self.seq, resolution })
    }

    pub(super) fn failover(&mut self, outcome: CallOutcome) -> [Record; 2] {
        let call = change(Method::Failover).call("us-west-2");
        let intended =
            self.add(13, Actor::Bot, Some(StepId::Database), Event::CallIntended { call, before: json!(null) });
        let finished =
            self.add(14, Actor::Bot, Some(StepId::Database), Event::CallFinished { intent: intended.seq, outcome });
        [intended, finished]
    }
}

fn record(seq: u64, seconds: i64, actor: Actor, step: Option<StepId>, event: Event) -> Record {
    let (event, data) = event.into_parts().unwrap();
    Record {
        v: 1,
        seq,
        prev: None,
        at: at(seconds),
        actor,
        origin: Origin::Slack { channel: "C0INCIDENT1".into(), message: None },
        application: Some("shop".into()),
        run: Some("promote-16".into()),
        step: step.map(|step| step.name().to_owned()),
        event,
        dedupe: None,
        data,
    }
}

pub(super) fn report(outcome: RunOutcome) -> Report {
    let step = |step, took| StepReport {
        step,
        result: "done".into(),
        took_s: Some(took),
        expected_s: 120.0,
        detail: "as it must be".into(),
    };
    Report {
        outcome,
        method: Some(Method::Failover),
        rto_from_command_s: Some(203.4),
        rto_from_confirmation_s: Some(188.4),
        data_loss_ms: Some(320.0),
        data_loss_measured_at: Some(at(-22)),
        steps: vec![step(StepId::Database, 95.2), step(StepId::Capacity, 71.0), step(StepId::Dns, 86.0)],
        remaining: vec!["plan the failback to us-east-1; us-west-2 now runs without a standby".into()],
    }
}

/// A status with the primary dark.
pub(super) fn status() -> Status {
    let silent = || "us-east-1 did not answer within 2 s".to_owned();
    let service = |name: &str, state| NamedService { name: name.into(), state };
    Status {
        application: "shop".into(),
        environment: Environment::Live,
        phase: Phase::Unclear { why: silent() },
        serving: Some(SideName::Primary),
        primary: "us-east-1".into(),
        dr: "us-west-2".into(),
        observation: Observation {
            at: at(2),
            global: Seen::Known(global_cluster()),
            lag: lag(),
            record: Seen::Known(Some(record_set())),
            primary: Side {
                caller: Seen::Unknown(silent()),
                db: Seen::Unknown(silent()),
                services: vec![service("web", Seen::Unknown(silent())), service("api", Seen::Unknown(silent()))],
                listener: None,
                endpoint: Seen::Unknown(silent()),
                vcpu_quota: None,
            },
            dr: Side {
                caller: Seen::Known(Caller {
                    account: "123456789012".into(),
                    arn: "arn:aws:sts::123456789012:assumed-role/standby/bot".into(),
                }),
                db: Seen::Known(Some(db_cluster())),
                services: vec![service("web", Seen::Known(Some(service_state()))), service("api", Seen::Known(None))],
                listener: Some(Seen::Known(listener())),
                endpoint: Seen::Known(503),
                vcpu_quota: Some(Seen::Known(200.0)),
            },
        },
        checks: checks(),
        run: Some(OpenRun {
            id: "promote-16".into(),
            requester: "U0MAYA00001".into(),
            state: "waits for a confirmation".into(),
        }),
    }
}

fn global_cluster() -> GlobalCluster {
    let member = |region: &str, name: &str, writer: bool| Member {
        arn: format!("arn:aws:rds:{region}:123456789012:cluster:{name}"),
        writer,
        synchronization: (!writer).then(|| "connected".to_owned()),
    };
    GlobalCluster {
        arn: "arn:aws:rds::123456789012:global-cluster:shop-global".into(),
        status: "available".into(),
        engine_version: "16.4".into(),
        failover: None,
        members: vec![member("us-east-1", "shop-primary", true), member("us-west-2", "shop-dr", false)],
    }
}

fn record_set() -> RecordSet {
    let dns_name = "d-primary01.execute-api.us-east-1.amazonaws.com.".to_owned();
    RecordSet {
        name: "app.shop.example".into(),
        kind: "A".into(),
        ttl: None,
        values: vec![],
        alias: Some(Alias { dns_name, zone: "Z1UJRXOUMOOFQ8".into(), evaluate_health: false }),
        routing: vec![],
    }
}

fn db_cluster() -> DbCluster {
    DbCluster {
        arn: "arn:aws:rds:us-west-2:123456789012:cluster:shop-dr".into(),
        status: "available".into(),
        engine_version: "16.4".into(),
        resource_id: "cluster-0A1B".to_owned(),
        deletion_protection: true,
        global_cluster: Some("shop-global".into()),
        replicas: vec![],
        instances: vec![DbInstance {
            id: "shop-dr-1".into(),
            class: "db.r6g.large".into(),
            status: "available".into(),
        }],
        key: None,
        zones: Seen::Known(vec!["us-west-2a".into(), "us-west-2b".into()]),
    }
}

fn service_state() -> ServiceState {
    let scaling = ScalableTarget { min: 1, max: 12, suspended: Suspended::default(), schedules: vec![] };
    ServiceState {
        status: "ACTIVE".into(),
        desired: 1,
        running: 1,
        pending: 0,
        deployments: 1,
        task_definition: "arn:aws:ecs:us-west-2:123456789012:task-definition/web:7".into(),
        task: Seen::Known(TaskShape { cpu: 1024, images: vec!["web:7".into()] }),
        scaling: Seen::Known(Some(scaling)),
        target_groups: vec![],
        placement_failure: None,
    }
}

fn listener() -> ListenerState {
    let arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/shop-blue/0123456789abcdef".to_owned();
    let targets = vec![WeightedTarget { arn, weight: 1 }];
    ListenerState {
        actions: vec![ListenerAction { kind: "forward".into(), order: Some(1), targets, stickiness: None }],
    }
}
