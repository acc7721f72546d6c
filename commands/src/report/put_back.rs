//! The calls of a run that AWS accepted, or may have, and how each is put back: for a run that was not carried to its end.

use serde_json::Value;

use crate::{
    journal::CallOutcome,
    plan::RunbookName,
    run::{CallRun, Run},
};

/// A line for each thing that was changed, with how it was before and what puts it back.
pub(super) fn put_back(run: &Run) -> Vec<String> {
    let mut changed: Vec<Changed<'_>> = Vec::new();
    for (&intent, call) in &run.calls {
        if matches!(call.outcome, Some(CallOutcome::Failed { .. })) {
            continue;
        }
        // What a resource was before shows at its first call, what became of it at its last.
        match changed.iter_mut().find(|changed| changed.is_same(call)) {
            Some(changed) => changed.last = call,
            None => changed.push(Changed { intent, first: call, last: call }),
        }
    }
    changed.iter().filter_map(|changed| changed.line(run)).collect()
}

/// A line for each snapshot that the run made, or may have made: they stay, and are paid for.
pub(super) fn snapshots(run: &Run) -> Vec<String> {
    let made = run.calls.values().filter(|call| !matches!(call.outcome, Some(CallOutcome::Failed { .. })));
    let made = made.filter(|call| MAKE_SNAPSHOTS.contains(&call.call.operation.as_str()));
    let mut lines: Vec<String> = Vec::new();
    for line in made.map(|call| snapshot_kept(&resource(&call.call.params), &call.call.region)) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

const MAKE_SNAPSHOTS: [&str; 2] = ["CreateDBClusterSnapshot", "CopyDBClusterSnapshot"];

fn snapshot_kept(snapshot: &str, region: &str) -> String {
    format!(
        "snapshot {snapshot} in {region} stays, and is paid for as backup storage; once nobody needs it: `aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier {snapshot} --region {region}`"
    )
}

/// The command that protects a cluster against deletion again.
pub(super) fn protect(cluster: &str, region: &str) -> String {
    format!(
        "`aws rds modify-db-cluster --db-cluster-identifier {cluster} --deletion-protection --apply-immediately --region {region}`"
    )
}

/// The command that makes an instance again that was deleted from a cluster which is still there, by what was seen before.
pub(super) fn create(instance: &str, before: &Value, region: &str) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let cluster = text(&before["cluster"]);
    let all = before["instances"].as_array().map(Vec::as_slice).unwrap_or_default();
    let class = all.iter().find(|each| each["id"] == instance).map(|each| text(&each["class"])).unwrap_or_default();
    format!(
        "`aws rds create-db-instance --db-instance-identifier {instance} --db-cluster-identifier {} --db-instance-class {class} --engine {} --region {region}`",
        cluster.rsplit(':').next().unwrap_or_default(),
        text(&before["engine"])
    )
}

/// Whether RDS took the deletion of the cluster, or may have.
fn deletes_cluster(run: &Run) -> bool {
    let sent = |call: &CallRun| !matches!(call.outcome, Some(CallOutcome::Failed { .. }));
    run.calls.values().any(|call| call.call.operation == "DeleteDBCluster" && sent(call))
}

/// A resource that was changed by one operation, perhaps in several calls.
struct Changed<'a> {
    /// Number of the first call's intent, which holds all that was seen before.
    intent: u64,
    first: &'a CallRun,
    last: &'a CallRun,
}

impl Changed<'_> {
    fn is_same(&self, call: &CallRun) -> bool {
        let of = |made: &CallRun| (made.call.operation.clone(), made.call.region.clone(), resource(&made.call.params));
        of(self.first) == of(call)
    }

    fn line(&self, run: &Run) -> Option<String> {
        let call = &self.last.call;
        let certain = match self.last.outcome {
            Some(CallOutcome::Accepted { .. }) => "was accepted",
            _ => "may have been accepted",
        };
        let resource = resource(&call.params);
        let on = if resource.is_empty() { String::new() } else { format!(" on {resource}") };
        let how = self.how(run)?;
        Some(format!("{}{on} in {} {certain}: {how}", call.operation, call.region))
    }

    /// What puts it back; `None` where another line says it.
    fn how(&self, run: &Run) -> Option<String> {
        let (app, region, params) = (&run.application, &self.last.call.region, &self.last.call.params);
        let text = |key: &str| params[key].as_str().unwrap_or_default().to_owned();
        Some(match self.last.call.operation.as_str() {
            "RegisterScalableTarget" | "UpdateService" => self.capacity(run),
            "FailoverGlobalCluster" | "SwitchoverGlobalCluster" | "ChangeResourceRecordSets" => {
                let back = if run.plan.runbook == RunbookName::Failback { "promote" } else { "failback" };
                format!("`/dr {back} {app}` moves it back, `/dr {} {app}` goes on", run.plan.runbook.command())
            }
            "CreateDBClusterSnapshot" | "CopyDBClusterSnapshot" => snapshot_kept(&resource(params), region),
            // It went with its cluster.
            "ModifyDBCluster" if deletes_cluster(run) => return None,
            "ModifyDBCluster" if params["DeletionProtection"] == Value::Bool(false) => {
                format!("its deletion protection is off; on again: {}", protect(&text("DBClusterIdentifier"), region))
            }
            "DeleteResourceRecordSetProtections" => return protections(run, params),
            "CreateResourceRecordSetProtections" => return None,
            "DeleteDBInstance" if !deletes_cluster(run) => format!(
                "the cluster and its data are still there; `/dr failback {app}` goes on with the rebuild, and an instance is made again with {}",
                create(&text("DBInstanceIdentifier"), &self.first.before, region)
            ),
            "DeleteDBInstance" | "DeleteDBCluster" => {
                format!("it cannot be put back; `/dr failback {app}` goes on with the rebuild")
            }
            // What becomes of a build stands with its step.
            "StartBuild" => return None,
            _ => format!("as it was before stands in audit #{}", self.intent),
        })
    }

    fn capacity(&self, run: &Run) -> String {
        let (app, region) = (&run.application, &self.last.call.region);
        let active = run.compared.as_ref().and_then(|compared| compared.active.as_deref());
        let writer = run.compared.as_ref().and_then(|compared| compared.writer.as_deref());
        let before = before(&self.first.before);
        let how = match (active, self.lowers()) {
            (None, _) => format!("`/dr status {app}` shows what it needs"),
            (Some(active), true) if active == region => format!("`/dr restore {app}` raises it again"),
            (Some(active), false) if active == region => format!("nothing to do: {region} serves"),
            (Some(active), true) => format!("nothing to do while {active} serves, `/dr failback {app}` raises it"),
            (Some(_), false) if writer == Some(region.as_str()) => {
                format!("nothing to do: {region} writes, and `/dr {} {app}` goes on", run.plan.runbook.command())
            }
            (Some(_), false) => format!("`/dr failback {app}` sees to it"),
        };
        let schedules = if self.first.suspends_schedules() || self.last.suspends_schedules() {
            format!("; its scheduled scaling is suspended: {}", resume(&self.last.call.params, region))
        } else {
            String::new()
        };
        format!("{how} (before: {before}){schedules}")
    }

    /// Whether tasks were taken away.
    fn lowers(&self) -> bool {
        let (before, params) = (&self.first.before, &self.last.call.params);
        let less = |wanted: &Value, was: &Value| wanted.as_i64().zip(was.as_i64()).is_some_and(|(to, from)| to < from);
        less(&params["MinCapacity"], &before["scaling"]["known"]["min"])
            || less(&params["desiredCount"], &before["desired"])
    }
}

/// How protections that were lifted are created again; `None` where the run did.
fn protections(run: &Run, lifted: &Value) -> Option<String> {
    let created = |call: &&CallRun| {
        call.call.operation == "CreateResourceRecordSetProtections"
            && call.call.params["HostedZoneId"] == lifted["HostedZoneId"]
            && matches!(call.outcome, Some(CallOutcome::Accepted { .. }))
    };
    if run.calls.values().any(|call| created(&call)) {
        return None;
    }
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let listed = lifted["Protections"].as_array().into_iter().flatten();
    let keys: Vec<String> = listed
        .map(|key| format!("RecordName={},RecordType={}", text(key, "RecordName"), text(key, "RecordType")))
        .collect();
    Some(format!(
        "its records are not protected; again: `aws route53 create-resource-record-set-protections --hosted-zone-id {} --protections {}`",
        text(lifted, "HostedZoneId"),
        keys.join(" ")
    ))
}

/// What a call is about, by the name that its parameters give it.
fn resource(params: &Value) -> String {
    const NAMES: [&str; 10] = [
        "DBClusterSnapshotIdentifier",
        "TargetDBClusterSnapshotIdentifier",
        "ResourceId",
        "service",
        "ListenerArn",
        "RuleArn",
        "HostedZoneId",
        "DBInstanceIdentifier",
        "DBClusterIdentifier",
        "GlobalClusterIdentifier",
    ];
    NAMES.iter().find_map(|&name| params[name].as_str()).unwrap_or_default().to_owned()
}

fn before(before: &Value) -> String {
    let desired = before["desired"].as_i64().map(|desired| format!("desired count {desired}"));
    let min = before["scaling"]["known"]["min"].as_i64().map(|min| format!("minimum {min}"));
    match desired.into_iter().chain(min).collect::<Vec<_>>().join(", ") {
        nothing if nothing.is_empty() => "unknown".to_owned(),
        told => told,
    }
}

fn resume(params: &Value, region: &str) -> String {
    format!(
        "`aws application-autoscaling register-scalable-target --service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id {} --suspended-state ScheduledScalingSuspended=false --region {region}`",
        params["ResourceId"].as_str().unwrap_or_default()
    )
}
