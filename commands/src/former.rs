//! The former primary, as it is found after a failover: what the way back depends on. Never assumed, always observed.

use futures::future::try_join;

use crate::{
    aws::{Aws, AwsError},
    observation::{DbCluster, GlobalCluster, Observation},
    topology::{Application, Region, SideName},
};

/// What became of the primary region's cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Former {
    /// It is a member of the global cluster: Aurora took it in again, or it was built anew.
    Member {
        /// DB instances of it that serve.
        instances: usize,
    },
    /// It stands alone, with stale data.
    Detached(Box<DbCluster>),
    /// There is none.
    Absent,
}

impl Former {
    /// What it is, from the global cluster and the primary region's cluster.
    pub fn of(app: &Application, global: Option<&GlobalCluster>, cluster: Option<&DbCluster>) -> Self {
        let primary = &app.primary;
        let member = global.and_then(|global| global.member(&primary.region, &primary.db_cluster));
        match (member, cluster) {
            (Some(_), cluster) => Self::Member { instances: cluster.map_or(0, |cluster| cluster.serving().count()) },
            (None, Some(cluster)) => Self::Detached(Box::new(cluster.clone())),
            (None, None) => Self::Absent,
        }
    }

    /// What it is, as far as it was seen.
    pub(crate) fn seen(app: &Application, observation: &Observation) -> Option<Self> {
        let (global, cluster) = (observation.global.known()?, observation.primary.db.known()?);
        Some(Self::of(app, Some(global), cluster.as_ref()))
    }

    /// What still needs a cluster that stands alone, so that it must not be deleted; `None` if nothing.
    pub(crate) fn needed_by(cluster: &DbCluster) -> Option<String> {
        let global = cluster.global_cluster.as_ref().map(|global| format!("it belongs to global cluster {global}"));
        let replicas =
            (!cluster.replicas.is_empty()).then(|| format!("{} replicate from it", cluster.replicas.join(", ")));
        global.or(replicas)
    }

    /// What it lacks to be a secondary that can take over; `None` if nothing.
    pub(crate) fn lacks(&self, app: &Application) -> Option<String> {
        let Region { db_cluster, region, .. } = &app.primary;
        match self {
            Self::Member { instances: 1.. } => None,
            Self::Member { instances: 0 } => Some(format!("{db_cluster} in {region} has no instance that serves yet")),
            Self::Detached(_) => Some(format!("{db_cluster} in {region} is not a member of the global cluster yet")),
            Self::Absent => Some(format!("there is no {db_cluster} in {region} yet")),
        }
    }
}

/// Looks at it. The global cluster is asked in the DR region, where its writer is.
///
/// # Errors
/// When one of the regions does not answer.
pub(crate) async fn look(aws: &Aws, app: &Application) -> Result<Former, AwsError> {
    let (global, cluster) = try_join(aws.global_cluster(SideName::Dr), aws.db_cluster(SideName::Primary)).await?;
    Ok(Former::of(app, global.as_ref(), cluster.as_ref()))
}

/// Most characters of a DB cluster snapshot's identifier, which has letters, digits and single hyphens, and ends with no hyphen.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterSnapshot.html>
pub(crate) const RDS_ID_LIMIT: usize = 63;

/// Which of its snapshots a rebuild takes of the stale cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Before people are asked, while its instances may still take writes: proof that it can be taken, and what people compare with the new writer.
    BeforeGate,
    /// After its last instance is gone, so that nothing can be written any more. An attempt of the deletion takes its own.
    Final {
        /// Which attempt, from 1.
        attempt: u32,
    },
}

/// Identifier of a snapshot of the stale cluster. It names the run, so that what an earlier run took is never taken for this run's, and the cluster's
/// resource id, which no later cluster of that name shares. `number` counts those of one occasion, from 1.
pub fn snapshot_id(run: &str, occasion: Occasion, number: u32, cluster: &DbCluster) -> String {
    let which = match (occasion, number) {
        (Occasion::BeforeGate, 1) => String::new(),
        (Occasion::BeforeGate, number) => format!("-{number}"),
        (Occasion::Final { attempt: 1 }, 1) => "-final".to_owned(),
        (Occasion::Final { attempt }, number) => format!("-final-{attempt}-{number}"),
    };
    let id = match cluster.resource_id.is_empty() {
        true => cluster.arn.rsplit(':').next().unwrap_or_default(),
        false => cluster.resource_id.as_str(),
    };
    let mut whole = format!("standby-{run}{which}-{}", id.to_ascii_lowercase());
    whole.truncate(RDS_ID_LIMIT);
    whole.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, observation::Seen};

    #[test]
    fn a_snapshots_identifier_names_run_occasion_and_cluster_and_fits() {
        let Seen::Known(Some(mut cluster)) = fixture::steady().primary.db else { unreachable!() };
        cluster.resource_id = "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ".into();
        let id = |run: &str, occasion, number| snapshot_id(run, occasion, number, &cluster);
        assert_eq!(id("rebuild-17", Occasion::BeforeGate, 1), "standby-rebuild-17-cluster-abcdefghijklmnopqrstuvwxyz");
        assert_eq!(
            id("rebuild-17", Occasion::Final { attempt: 2 }, 1),
            "standby-rebuild-17-final-2-1-cluster-abcdefghijklmnopqrstuvwxyz"
        );
        let (long, last) = (id("rebuild-1234567890", Occasion::Final { attempt: 2 }, 3), RDS_ID_LIMIT);
        assert!(long.len() <= last && long.starts_with("standby-rebuild-1234567890-final-2-3-cluster-abc"), "{long}");
    }
}
