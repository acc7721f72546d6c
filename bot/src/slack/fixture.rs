//! A pair, a plan, a run and its records, for tests.

#![allow(clippy::unwrap_used)]

mod status;
mod story;

use commands::{
    access::Terms,
    change::{Call, Irreversible},
    choices::leads_to,
    journal::Resolution,
    observation::{Lag, Seen},
    plan::{Method, MethodOption, Plan, PlannedStep, RunbookName, StepId},
    readiness::Check,
    report::{Report, RunOutcome, StepReport},
    runbook::PROMOTE,
    topology::{Environment, SideName},
};
use serde_json::json;
use storage::Actor;

pub(super) use self::{status::status, story::Story};
pub(super) use crate::fixture::at;

pub(super) fn person(user: &str) -> Actor {
    Actor::Slack { team: "T0SHOP00001".into(), user: user.into(), name: None }
}

pub(super) fn check(id: &str, level: &str, outcome: &str, detail: &str) -> Check {
    let fix = (outcome != "pass").then_some("do something about it");
    serde_json::from_value(json!({ "id": id, "level": level, "outcome": outcome, "detail": detail, "fix": fix }))
        .unwrap()
}

/// Everything that people may answer to a step that failed, and where it leads.
pub(super) fn leading(plan: &Plan, step: StepId) -> Vec<(Resolution, String)> {
    Resolution::ALL.map(|choice| (choice, leads_to(plan, step, choice))).into()
}

pub(super) fn lag() -> Seen<Option<Lag>> {
    Seen::Known(Some(Lag { millis: 320.0, at: at(-34) }))
}

fn change(method: Method) -> Option<Irreversible> {
    let (global_cluster, target) =
        ("shop-global".to_owned(), "arn:aws:rds:us-west-2:123456789012:cluster:shop-dr".to_owned());
    Some(match method {
        Method::Failover => Irreversible::Failover { global_cluster, target },
        Method::Switchover => Irreversible::Switchover { global_cluster, target },
        Method::Rebuild => Irreversible::DeleteCluster {
            cluster: "shop-primary".to_owned(),
            resource_id: "cluster-SHOP".to_owned(),
            delete_automated_backups: Some(false),
        },
        Method::Restore | Method::Rescue => return None,
    })
}

pub(super) fn plan(methods: &[Method], checks: Vec<Check>) -> Plan {
    let options = methods
        .iter()
        .map(|&method| MethodOption {
            method,
            changes: change(method).into_iter().collect(),
            calls: change(method).iter().map(|change| change.call("us-west-2")).collect(),
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
            deadline_s: None,
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
