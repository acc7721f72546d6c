//! The stale former primary is gone: deletion protection off, every instance, then the cluster. Refused while its snapshot is not available, and for
//! whatever is a member of the global cluster.

use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    change::{Change, Irreversible},
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    former::{self, Former},
    gate::Approval,
    observation::DbCluster,
    run::Run,
    topology::SideName,
};

const DELETING: &str = "deleting";

pub(super) async fn look(pair: &Pair, run: &Run) -> Result<Sight, AwsError> {
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
    let id = former::snapshot_id(&cluster);
    let snapshot = pair.aws.snapshot(SideName::Primary, &id).await?;
    if snapshot.is_none_or(|snapshot| snapshot.status != "available") {
        return Ok(Sight::Failed(format!("snapshot {id} is not available, so nothing is deleted")));
    }
    let Some(approval) = Approval::of(run) else {
        return Ok(Sight::Failed("nobody approved deleting the stale cluster".to_owned()));
    };
    let changes = next(pair, &cluster, &approval);
    let detail =
        format!("{} {}, {} instances left", pair.app.primary.db_cluster, cluster.status, cluster.instances.len());
    if changes.is_empty() {
        return Ok(Sight::Waiting(detail));
    }
    let before =
        json!({ "cluster": cluster.arn, "status": cluster.status, "instances": cluster.instances, "snapshot": id });
    let actions = changes.into_iter().map(|change| Action { side: SideName::Primary, change, before: before.clone() });
    Ok(Sight::Unmet { detail, actions: actions.collect() })
}

/// The next changes: one kind at a time, since each needs the one before to be over.
fn next(pair: &Pair, cluster: &DbCluster, approval: &Approval) -> Vec<Wanted> {
    let name = pair.app.primary.db_cluster.clone();
    let delete = |change: Irreversible| Wanted::Irreversible(change, approval.clone());
    if cluster.deletion_protection {
        return vec![Wanted::Change(Change::DeletionProtection { cluster: name, enabled: false })];
    }
    if cluster.instances.is_empty() {
        let gone = (cluster.status != DELETING).then(|| delete(Irreversible::DeleteCluster { cluster: name }));
        return gone.into_iter().collect();
    }
    let standing = cluster.instances.iter().filter(|instance| instance.status != DELETING);
    standing.map(|instance| delete(Irreversible::DeleteInstance { instance: instance.id.clone() })).collect()
}
