//! What a rebuild does with the stale former primary: the calls that people approve.

use std::time::Duration;

use super::{Method, MethodOption, PlannedStep, StepId, steps};
use crate::{
    change::{Change, Irreversible},
    former::{Occasion, snapshot_id},
    observation::DbCluster,
    stake::Stake,
    topology::Application,
};

/// Stands for the run's id, which a plan doesn't have yet.
const RUN: &str = "{run}";

/// The deletion of the stale cluster with all its instances, by the identity that people see; nothing where there is none.
pub(super) fn deletion(app: &Application, stale: Option<&DbCluster>) -> MethodOption {
    let changes: Vec<Irreversible> = stale
        .into_iter()
        .flat_map(|stale| {
            let mut instances: Vec<_> = stale.instances.iter().collect();
            instances.sort_by_key(|instance| instance.writer);
            let deleted = instances.into_iter().map(|each| Irreversible::DeleteInstance { instance: each.id.clone() });
            deleted.chain([Irreversible::DeleteCluster {
                cluster: app.primary.db_cluster.clone(),
                resource_id: stale.resource_id.clone(),
                delete_automated_backups: Some(app.failback.delete_automated_backups),
            }])
        })
        .collect();
    let calls = changes.iter().map(|change| change.call(&app.primary.region)).collect();
    MethodOption { method: Method::Rebuild, changes, calls }
}

pub(super) fn steps(app: &Application, stale: Option<&DbCluster>, stake: Option<&Stake>) -> Vec<PlannedStep> {
    let primary = &app.primary;
    let (name, region) = (&primary.db_cluster, &primary.region);
    let taken = |occasion| {
        stale.map(|stale| Change::Snapshot { cluster: name.clone(), snapshot: snapshot_id(RUN, occasion, 1, stale) })
    };
    let unprotect = stale
        .filter(|stale| stale.deletion_protection)
        .map(|_| Change::DeletionProtection { cluster: name.clone(), enabled: false });
    let (kept, gone) = match stale {
        Some(_) => (
            format!("a snapshot of {name} is available, taken by this run"),
            format!(
                "{name} in {region} is deleted: its instances first, then a last snapshot, which has every write, then the cluster"
            ),
        ),
        None => ("there is nothing to snapshot".to_owned(), "there is nothing to delete".to_owned()),
    };
    let build = app.failback.codebuild.as_ref();
    let who = match build {
        Some(build) => format!("CodeBuild project {} runs it", build.project),
        None => "people run it".to_owned(),
    };
    let last = taken(Occasion::Final { attempt: 1 });
    let delete = steps::planned(app, StepId::Delete, gone, steps::calls(last.into_iter().chain(unprotect), primary));
    // The last snapshot takes its own time.
    let (delete_timing, snapshot) = (app.timing.delete, app.timing.snapshot);
    let deadline = delete_timing.deadline + snapshot.deadline;
    let expected = delete_timing.expected + if stale.is_some() { snapshot.expected } else { Duration::ZERO };
    let rescue = stake.map_or_else(
        || steps::planned(app, StepId::Rescue, "Aurora saved nothing that has to be kept", Vec::new()),
        |stake| steps::rescue(app, stake.rescues.known().map(Vec::as_slice).unwrap_or_default()),
    );
    vec![
        steps::planned(app, StepId::Snapshot, kept, steps::calls(taken(Occasion::BeforeGate), primary)),
        rescue,
        PlannedStep { expected_s: expected.as_secs_f64(), deadline_s: Some(deadline.as_secs_f64()), ..delete },
        steps::planned(
            app,
            StepId::Rebuild,
            format!("Terraform has built {name} in {region} anew, as a secondary; {who}"),
            steps::calls(build.map(|project| project.build(app, None)), &app.dr),
        ),
    ]
}

/// What is left for people; the snapshots that were taken are told from the run's calls.
pub(super) fn afterwards(name: &str, app: &Application) -> Vec<String> {
    let region = &app.primary.region;
    vec![format!(
        "{region} catches up, and the bot goes on with the failback by itself; if it could not, ask `/dr failback {name}`"
    )]
}
