//! DB cluster snapshots on the wire.

use serde_json::{Value, json};

use super::{check_filters, shapes};
use crate::{
    aws::input::Input,
    region::Region,
    simulation::{
        Simulation,
        aurora::snapshots::{DbSnapshot, snapshot_not_found},
        refusal::{Refusal, Result},
    },
};

pub(super) fn create(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let (cluster, id) = (input.required("DBClusterIdentifier")?, input.required("DBClusterSnapshotIdentifier")?);
    let arn = simulation.create_snapshot(region, cluster, id)?;
    let snapshot = simulation.aurora.snapshots.get(&arn).ok_or_else(|| not_found(id))?;
    Ok(json!({"DBClusterSnapshot": shapes::snapshot(simulation, snapshot)}))
}

pub(super) fn copy(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let source = input.required("SourceDBClusterSnapshotIdentifier")?;
    let id = input.required("TargetDBClusterSnapshotIdentifier")?;
    let arn = simulation.copy_snapshot(region, source, id)?;
    let snapshot = simulation.aurora.snapshots.get(&arn).ok_or_else(|| not_found(id))?;
    Ok(json!({"DBClusterSnapshot": shapes::snapshot(simulation, snapshot)}))
}

pub(super) fn delete(simulation: &mut Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    let id = input.required("DBClusterSnapshotIdentifier")?;
    let found = simulation.aurora.snapshots.values();
    let mut found =
        found.filter(|snapshot| snapshot.region == *region && [&snapshot.id, &snapshot.arn].contains(&&id.to_owned()));
    let snapshot = found.next().ok_or_else(|| not_found(id))?;
    let (arn, deleted) = (snapshot.arn.clone(), shapes::snapshot(simulation, snapshot));
    simulation.delete_snapshot(&arn)?;
    Ok(json!({"DBClusterSnapshot": deleted}))
}

pub(super) fn describe(simulation: &Simulation, region: &Region, input: Input<'_>) -> Result<Value> {
    check_filters(input, &["db-cluster-id", "db-cluster-snapshot-id", "snapshot-type"])?;
    let wanted = input.text("DBClusterSnapshotIdentifier");
    let by = |parameter: &str, filter: &str, values: [&str; 2]| {
        let asked = |asked: &str| values.contains(&asked);
        input.text(parameter).is_none_or(asked) && input.filter(filter).is_none_or(|any| any.into_iter().any(asked))
    };
    let is_wanted = |snapshot: &DbSnapshot| {
        by("DBClusterSnapshotIdentifier", "db-cluster-snapshot-id", [&snapshot.id, &snapshot.arn])
            && by("DBClusterIdentifier", "db-cluster-id", [&snapshot.cluster, &snapshot.cluster_arn])
            && by("SnapshotType", "snapshot-type", [snapshot.kind(); 2])
    };
    let snapshots = simulation.aurora.snapshots.values().filter(|snapshot| snapshot.region == *region);
    let found: Vec<Value> = snapshots
        .filter(|snapshot| is_wanted(snapshot))
        .map(|snapshot| shapes::snapshot(simulation, snapshot))
        .collect();
    match wanted {
        Some(id) if found.is_empty() => Err(not_found(id)),
        _ => Ok(json!({"DBClusterSnapshots": found})),
    }
}

fn not_found(id: &str) -> Refusal {
    snapshot_not_found(id)
}
