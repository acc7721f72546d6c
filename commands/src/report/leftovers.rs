//! What runs that ended half-way have left, as long as it is there.

use serde_json::Value;

use super::{
    RunOutcome,
    put_back::{create, protect},
};
use crate::{
    journal::CallOutcome,
    observation::{DbCluster, Observation},
    run::{CallRun, Run},
    topology::Application,
};

/// What the runs of an application since its steady state, newest first, have changed of the old primary's cluster and not carried to its end, and what was
/// not mended since by what is observed: one line for each, with what it means and the command that mends it. Empty where nothing is left, or the cluster
/// is another one or gone. Where it can't be seen, the lines say so.
pub fn leftovers(app: &Application, runs: &[Run], observation: &Observation) -> Vec<String> {
    let unseen = observation.primary.db.why();
    let cluster = observation.primary.db.known().and_then(Option::as_ref);
    let mut lines: Vec<(String, String)> = Vec::new();
    for run in runs {
        let ended_half_way = run.ended.as_ref().is_some_and(|report| report.outcome != RunOutcome::Completed);
        for call in run.calls.values().filter(|call| ended_half_way && accepted(call)) {
            if unseen.is_none() && !cluster.is_some_and(|cluster| is_left(cluster, call)) {
                continue;
            }
            let Some((about, line)) = line(app, run, call) else { continue };
            if lines.iter().all(|(known, _)| *known != about) {
                let doubt = unseen.map(|why| format!(" (whether it still is so can't be seen: {why})"));
                lines.push((about, format!("{line}{}", doubt.unwrap_or_default())));
            }
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Whether AWS took it, or may have.
fn accepted(call: &CallRun) -> bool {
    !matches!(call.outcome, Some(CallOutcome::Failed { .. }))
}

/// Whether what the call did still shows.
fn is_left(cluster: &DbCluster, call: &CallRun) -> bool {
    let same = call.before["resource_id"].as_str().is_none_or(|id| id == cluster.resource_id);
    let params = &call.call.params;
    same && match call.call.operation.as_str() {
        "ModifyDBCluster" => !cluster.deletion_protection,
        "DeleteDBInstance" => {
            let gone = |id: &str| cluster.instances.iter().all(|instance| instance.id != id);
            params["DBInstanceIdentifier"].as_str().is_some_and(gone)
        }
        _ => false,
    }
}

/// What it is about, and how it reads.
fn line(app: &Application, run: &Run, call: &CallRun) -> Option<(String, String)> {
    let (params, region, id) = (&call.call.params, &app.primary.region, &run.id);
    let text = |key: &str| params[key].as_str().unwrap_or_default().to_owned();
    Some(match call.call.operation.as_str() {
        "ModifyDBCluster" if params["DeletionProtection"] == Value::Bool(false) => {
            let cluster = text("DBClusterIdentifier");
            let line = format!(
                "deletion protection of {cluster} in {region} is off since {id}, which ended before the deletion; on again: {}",
                protect(&cluster, region)
            );
            (cluster, line)
        }
        "DeleteDBInstance" => {
            let instance = text("DBInstanceIdentifier");
            let line = format!(
                "{instance} in {region} was deleted by {id}, which ended before its cluster was; `/dr failback {}` goes on with the rebuild, or make it again: {}",
                run.application,
                create(&instance, &call.before, region)
            );
            (instance, line)
        }
        _ => return None,
    })
}
