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

/// Identifier of the stale cluster's snapshot. It names the cluster's resource id, so that no other cluster's snapshot is ever taken for this one's,
/// and that of a run before serves again.
pub fn snapshot_id(cluster: &DbCluster) -> String {
    let id = match cluster.resource_id.is_empty() {
        true => cluster.arn.rsplit(':').next().unwrap_or_default(),
        false => cluster.resource_id.as_str(),
    };
    format!("standby-before-delete-{}", id.to_ascii_lowercase())
}
