//! What Aurora saved by itself of the former primary is kept as a manual snapshot, which no retention period and no deletion takes away.

use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    engine::{
        Pair,
        act::{Action, Hand, Wanted},
    },
    observation::Snapshot,
    rescue::Rescue,
    topology::SideName,
};

/// Copies of one snapshot that may end failed in one attempt, before people are asked.
const FAILURES: usize = 3;

pub(super) async fn look(pair: &Pair, hand: &Hand<'_>) -> Result<Sight, AwsError> {
    let snapshots = pair.aws.cluster_snapshots(SideName::Primary).await?;
    Ok(kept(pair, &snapshots, hand.attempt()))
}

/// Whether all of them are kept, and otherwise what is missing: one at a time, as RDS queues copies anyway.
pub(super) fn kept(pair: &Pair, snapshots: &[Snapshot], attempt: u32) -> Sight {
    let rescues = Rescue::among(snapshots);
    if rescues.is_empty() {
        return Sight::Holds(format!("Aurora saved no snapshot of {}", pair.app.primary.db_cluster));
    }
    let mut said = Vec::new();
    for rescue in &rescues {
        let source = &rescue.source;
        if let Some(copy) = rescue.kept() {
            said.push(format!("{} is kept as {}", source.id, copy.id));
            continue;
        }
        if source.has_failed() {
            said.push(format!("{} failed when Aurora took it, so there is nothing to keep", source.id));
            continue;
        }
        if let Some(copy) = rescue.copying() {
            return Sight::Waiting(format!("copy {} of {} is {}, {} %", copy.id, source.id, copy.status, copy.percent));
        }
        if !source.is_available() {
            return Sight::Waiting(format!("{} is {}, {} %", source.id, source.status, source.percent));
        }
        if rescue.failed() >= FAILURES * attempt as usize {
            return Sight::Failed(format!(
                "{} copies of {} failed; see the events of the snapshots in RDS, delete the failed ones, then retry to make another",
                rescue.failed(),
                source.id
            ));
        }
        return Sight::Unmet {
            detail: format!("{} is to be copied: RDS deletes it by itself", source.id),
            actions: vec![Action {
                side: SideName::Primary,
                change: Wanted::Change(rescue.copy()),
                before: json!({ "snapshot": source.id, "status": source.status }),
            }],
        };
    }
    Sight::Holds(said.join("; "))
}
