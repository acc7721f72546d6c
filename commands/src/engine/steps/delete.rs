//! The stale former primary is gone, and what it held is not: its readers first, then its writer; when no instance is left and so nothing can be written any
//! more, a last snapshot; once that is available, deletion protection off; then the cluster. Each look asks anew whether what is there is what was
//! approved, and whether what keeps its data is there.

use serde_json::json;

use super::{Sight, rescue, serves, snapshot::Taken};
use crate::{
    aws::AwsError,
    change::{Change, Irreversible},
    engine::{
        Pair,
        act::{Action, Hand, Wanted},
    },
    former::{self, Former, Occasion, snapshot_id},
    gate::Approval,
    observation::{DbCluster, DbInstance, Snapshot},
    plan::StepId,
    run::{Run, StepState},
    topology::SideName,
};

const DELETING: &str = "deleting";

pub(super) async fn look(pair: &Pair, run: &Run, hand: &Hand<'_>) -> Result<Sight, AwsError> {
    let cluster = match former::look(&pair.aws, &pair.app).await? {
        Former::Detached(cluster) => cluster,
        Former::Absent => return Ok(Sight::Holds("there is no stale cluster".to_owned())),
        Former::Member { .. } => {
            return Ok(Sight::Holds("it is a member of the global cluster: nothing is stale".to_owned()));
        }
    };
    if let Some(why) = Former::needed_by(&cluster) {
        return Ok(Sight::Failed(format!("{} is not deleted: {why}; detach it first, then retry", cluster.arn)));
    }
    let Some(approval) = Approval::of(run) else {
        return Ok(Sight::Failed("nobody approved deleting the stale cluster".to_owned()));
    };
    let deletion = Deletion { pair, run, hand, cluster: &cluster, approval: &approval };
    if let Some(why) = deletion.not_approved() {
        return Ok(Sight::Failed(why));
    }
    if cluster.status == DELETING {
        return Ok(Sight::Waiting(deletion.stand()));
    }
    if let Some(why) = serves::in_use(pair, run, SideName::Primary).await? {
        return Ok(Sight::Failed(why));
    }
    let snapshots = pair.aws.cluster_snapshots(SideName::Primary).await?;
    Ok(deletion.next(&snapshots))
}

struct Deletion<'a> {
    pair: &'a Pair,
    run: &'a Run,
    hand: &'a Hand<'a>,
    cluster: &'a DbCluster,
    approval: &'a Approval,
}

impl Deletion<'_> {
    /// What is there and was not approved.
    fn not_approved(&self) -> Option<String> {
        let (app, cluster) = (&self.run.application, self.cluster);
        let (name, region) = (&self.pair.app.primary.db_cluster, &self.pair.app.primary.region);
        let anew = format!("or abort, and `/dr failback {app}` makes a new plan with a confirmation of its own");
        let approved = self.approval.changes().iter().find_map(|change| match change {
            Irreversible::DeleteCluster { resource_id, .. } => Some(resource_id),
            _ => None,
        });
        match approved {
            None => {
                return Some(format!(
                    "{name} in {region} appeared after the approval, so it is not deleted; remove it and retry, {anew}"
                ));
            }
            Some(approved) if *approved != cluster.resource_id => {
                return Some(format!(
                    "{name} in {region} is another cluster now ({}, approved was {approved}), so it is not deleted; remove it and retry, {anew}",
                    cluster.resource_id
                ));
            }
            Some(_) => {}
        }
        let covered = |instance: &&DbInstance| {
            self.approval.covers(&Irreversible::DeleteInstance { instance: instance.id.clone() })
        };
        let others: Vec<&str> =
            cluster.instances.iter().filter(|instance| !covered(instance)).map(|each| each.id.as_str()).collect();
        (!others.is_empty()).then(|| {
            format!(
                "{} in {name} appeared after the approval, so nothing more is deleted; remove it and retry, {anew}",
                others.join(", ")
            )
        })
    }

    /// What is left of it.
    fn stand(&self) -> String {
        let Self { pair, cluster, .. } = self;
        let left: Vec<&str> = cluster.instances.iter().map(|instance| instance.id.as_str()).collect();
        let left = if left.is_empty() { "no instance left".to_owned() } else { format!("left: {}", left.join(", ")) };
        format!("{} {}, {left}", pair.app.primary.db_cluster, cluster.status)
    }

    /// The next change: one kind at a time, since each needs the one before to be over.
    fn next(&self, snapshots: &[Snapshot]) -> Sight {
        // People who skipped the copy decided that it isn't needed.
        let rescue = self.run.steps.get(&StepId::Rescue).filter(|step| step.state != StepState::Skipped);
        if rescue.is_some() {
            match rescue::kept(self.pair, snapshots, self.hand.attempt()) {
                Sight::Holds(_) => {}
                missing => return missing,
            }
        }
        match self.cluster.instances.is_empty() {
            true => self.delete_cluster(snapshots),
            false => self.delete_instances(snapshots),
        }
    }

    fn delete_instances(&self, snapshots: &[Snapshot]) -> Sight {
        let instances = &self.cluster.instances;
        if self.took_the_last() {
            let back: Vec<&str> = instances.iter().map(|instance| instance.id.as_str()).collect();
            return Sight::Failed(format!(
                "{} is there again, after the last snapshot was asked for, and may have taken writes; find out what makes it, then retry: it is deleted, and another snapshot is taken",
                back.join(", ")
            ));
        }
        let (readers, writers): (Vec<_>, Vec<_>) = instances.iter().partition(|instance| !instance.writer);
        let turn = if readers.is_empty() { writers } else { readers };
        let standing: Vec<_> = turn.into_iter().filter(|instance| instance.status != DELETING).collect();
        if standing.is_empty() {
            return Sight::Waiting(self.stand());
        }
        let kept = match self.taken(snapshots, Occasion::BeforeGate) {
            Taken::Available(snapshot) => snapshot,
            Taken::NotYet(sight) => return sight,
        };
        let delete = |instance: &DbInstance| Irreversible::DeleteInstance { instance: instance.id.clone() };
        self.unmet(standing.into_iter().map(|instance| self.approved(delete(instance))), &kept)
    }

    fn delete_cluster(&self, snapshots: &[Snapshot]) -> Sight {
        let kept = match self.taken(snapshots, Occasion::Final { attempt: self.hand.attempt() }) {
            Taken::Available(snapshot) => snapshot,
            Taken::NotYet(sight) => return sight,
        };
        let name = self.pair.app.primary.db_cluster.clone();
        if self.cluster.deletion_protection {
            let unprotect = Change::DeletionProtection { cluster: name, enabled: false };
            return self.unmet([Wanted::Change(unprotect)], &kept);
        }
        let deletion =
            self.approval.changes().iter().find(|change| matches!(change, Irreversible::DeleteCluster { .. }));
        self.unmet(deletion.map(|change| self.approved(change.clone())), &kept)
    }

    fn taken(&self, snapshots: &[Snapshot], occasion: Occasion) -> Taken {
        Taken::of(self.pair, self.run, self.cluster, snapshots, occasion, self.hand.attempt())
    }

    /// Whether this attempt has asked for the last snapshot, before which no instance was left.
    fn took_the_last(&self) -> bool {
        let attempt = self.hand.attempt();
        let first = snapshot_id(self.run.id.as_str(), Occasion::Final { attempt }, 1, self.cluster);
        let taken = self.hand.latest_by("CreateDBClusterSnapshot", |call| &call.params["DBClusterSnapshotIdentifier"]);
        taken
            .iter()
            .any(|made| made.attempt == attempt && made.call.params["DBClusterSnapshotIdentifier"] == first.as_str())
    }

    fn approved(&self, change: Irreversible) -> Wanted {
        Wanted::Irreversible(change, self.approval.clone())
    }

    fn unmet(&self, changes: impl IntoIterator<Item = Wanted>, kept: &Snapshot) -> Sight {
        let cluster = self.cluster;
        let before = json!({
            "cluster": cluster.arn,
            "resource_id": cluster.resource_id,
            "engine": cluster.engine,
            "status": cluster.status,
            "instances": cluster.instances,
            "snapshot": kept.id,
            "snapshot_taken_at": kept.taken_at,
        });
        let action = |change| Action { side: SideName::Primary, change, before: before.clone() };
        let detail =
            format!("{}; snapshot {} is available, {}", self.stand(), kept.id, kept.taken(self.pair.clock.now()));
        Sight::Unmet { detail, actions: changes.into_iter().map(action).collect() }
    }
}
