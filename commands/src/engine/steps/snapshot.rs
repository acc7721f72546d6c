//! A manual snapshot of the stale former primary, taken by this run: what an earlier run took is older than what was written since, and doesn't count.

use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    change::Change,
    engine::{
        Pair,
        act::{Action, Hand, Wanted},
    },
    former::{self, Former, Occasion, snapshot_id},
    observation::{DbCluster, Snapshot},
    run::Run,
    topology::SideName,
};

/// Snapshots of one occasion that are looked for.
const MOST: u32 = 30;
/// How many may end failed in one attempt, before people are asked.
const FAILURES: u32 = 3;

pub(super) async fn look(pair: &Pair, run: &Run, hand: &Hand<'_>) -> Result<Sight, AwsError> {
    let cluster = match former::look(&pair.aws, &pair.app).await? {
        Former::Detached(cluster) => cluster,
        Former::Absent => return Ok(Sight::Holds("there is no stale cluster to snapshot".to_owned())),
        Former::Member { .. } => {
            return Ok(Sight::Holds("it is a member of the global cluster: nothing is stale".to_owned()));
        }
    };
    // RDS would only refuse it, until somebody does something about it.
    if cluster.needs_somebody() {
        let (arn, status, way_up) = (&cluster.arn, &cluster.status, cluster.way_up(&pair.app.primary.region));
        return Ok(Sight::Failed(format!(
            "{arn} is {status}, so RDS takes no snapshot of it and nothing is deleted; {way_up}, then retry"
        )));
    }
    let snapshots = pair.aws.cluster_snapshots(SideName::Primary).await?;
    Ok(match Taken::of(pair, run, &cluster, &snapshots, Occasion::BeforeGate, hand.attempt()) {
        Taken::Available(snapshot) => {
            Sight::Holds(format!("snapshot {} is available, {}", snapshot.id, snapshot.taken(pair.clock.now())))
        }
        Taken::NotYet(sight) => sight,
    })
}

/// Where this run's snapshot for an occasion stands.
pub(super) enum Taken {
    /// It can be restored.
    Available(Snapshot),
    /// What is seen of it, or has to be done.
    NotYet(Sight),
}

impl Taken {
    /// What the cluster's snapshots tell. One that failed or went missing leads to another.
    pub(super) fn of(
        pair: &Pair,
        run: &Run,
        cluster: &DbCluster,
        snapshots: &[Snapshot],
        occasion: Occasion,
        attempt: u32,
    ) -> Self {
        let id = |number| snapshot_id(run.id.as_str(), occasion, number, cluster);
        let found = |id: &String| snapshots.iter().find(|snapshot| snapshot.id == *id);
        let ours: Vec<&Snapshot> = (1..=MOST).filter_map(|number| found(&id(number))).collect();
        if let Some(snapshot) = ours.iter().find(|snapshot| snapshot.is_available()) {
            return Self::Available((*snapshot).clone());
        }
        if let Some(coming) = ours.iter().find(|snapshot| !snapshot.has_failed()) {
            let detail = format!("snapshot {} is {}, {} %", coming.id, coming.status, coming.percent);
            return Self::NotYet(Sight::Waiting(detail));
        }
        let failed: Vec<&str> = ours.iter().map(|snapshot| snapshot.id.as_str()).collect();
        let free = (1..=MOST).map(id).find(|id| found(id).is_none());
        Self::NotYet(match free.filter(|_| failed.len() < (FAILURES * attempt) as usize) {
            Some(next) => take(pair, cluster, next, &failed),
            None => Sight::Failed(format!(
                "snapshots {} of {} failed, and nothing is deleted without one; see the cluster's events in RDS, delete the failed snapshots, then retry to take another",
                failed.join(", "),
                cluster.arn
            )),
        })
    }
}

fn take(pair: &Pair, cluster: &DbCluster, snapshot: String, failed: &[&str]) -> Sight {
    let name = &pair.app.primary.db_cluster;
    let detail = match failed.last() {
        Some(failed) => format!("snapshot {failed} failed; taking {snapshot} of {name}"),
        None => format!("taking snapshot {snapshot} of {name}"),
    };
    let change = Wanted::Change(Change::Snapshot { cluster: name.clone(), snapshot });
    let before = json!({ "cluster": cluster.arn, "status": cluster.status, "instances": cluster.instances });
    Sight::Unmet { detail, actions: vec![Action { side: SideName::Primary, change, before }] }
}
