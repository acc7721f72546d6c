//! A manual snapshot of the stale former primary is available, so that deleting it loses nothing that it holds.

use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    change::Change,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    former::{self, Former},
    topology::SideName,
};

pub(super) async fn look(pair: &Pair) -> Result<Sight, AwsError> {
    let cluster = match former::look(&pair.aws, &pair.app).await? {
        Former::Detached(cluster) => cluster,
        Former::Absent => return Ok(Sight::Holds("there is no stale cluster to snapshot".to_owned())),
        Former::Member { .. } => {
            return Ok(Sight::Holds("it is a member of the global cluster: nothing is stale".to_owned()));
        }
    };
    let id = former::snapshot_id(&cluster);
    Ok(match pair.aws.snapshot(SideName::Primary, &id).await? {
        Some(snapshot) if snapshot.status == "available" => Sight::Holds(format!("snapshot {id} is available")),
        Some(snapshot) if snapshot.status == "failed" => {
            Sight::Failed(format!("snapshot {id} failed; delete it in RDS and retry to take another"))
        }
        Some(snapshot) => Sight::Waiting(format!("snapshot {id} is {}, {} %", snapshot.status, snapshot.percent)),
        None => Sight::Unmet {
            detail: format!("{} has no snapshot {id}", pair.app.primary.db_cluster),
            actions: vec![Action {
                side: SideName::Primary,
                change: Wanted::Change(Change::Snapshot { cluster: pair.app.primary.db_cluster.clone(), snapshot: id }),
                before: json!({ "cluster": cluster.arn, "status": cluster.status }),
            }],
        },
    })
}
