//! DB cluster snapshots.

use jiff::Timestamp;

use super::DbCluster;
use crate::{
    region::Region,
    simulation::{
        Simulation,
        agenda::Event,
        refusal::{Refusal, Result},
    },
};

/// A DB cluster snapshot. It outlives its cluster.
#[derive(Debug, Clone)]
pub(crate) struct DbSnapshot {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) region: Region,
    pub(crate) cluster: String,
    pub(crate) cluster_arn: String,
    /// Resource id of that cluster.
    pub(crate) resource_id: String,
    pub(crate) cluster_created: Timestamp,
    pub(crate) engine_version: String,
    pub(crate) kms_key_arn: String,
    /// Whether RDS took it by itself.
    pub(crate) automated: bool,
    /// ARN of the snapshot that it is a copy of.
    pub(crate) source: Option<String>,
    /// When the data in it was taken.
    pub(crate) created: Timestamp,
    /// When it is over, well or not.
    pub(crate) over: Timestamp,
    pub(crate) status: SnapshotStatus,
}

/// `DBClusterSnapshot.Status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SnapshotStatus {
    Creating,
    Available,
    Failed,
}

impl SnapshotStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Failed => "failed",
        }
    }
}

impl DbSnapshot {
    /// `SnapshotType`.
    pub(crate) fn kind(&self) -> &'static str {
        if self.automated { "automated" } else { "manual" }
    }

    /// `PercentProgress` at a time.
    pub(crate) fn percent(&self, now: Timestamp) -> i64 {
        match self.status {
            SnapshotStatus::Available => 100,
            SnapshotStatus::Failed => 0,
            SnapshotStatus::Creating => {
                let total = (self.over.as_millisecond() - self.created.as_millisecond()).max(1);
                (now.as_millisecond() - self.created.as_millisecond()) * 100 / total
            }
        }
    }
}

impl Simulation {
    /// `CreateDBClusterSnapshot`; gives the snapshot's ARN.
    pub(crate) fn create_snapshot(&mut self, region: &Region, cluster: &str, id: &str) -> Result<String> {
        let cluster = self.cluster_in(region, cluster)?;
        self.check_state(cluster)?;
        let snapshot = self.snapshot_of(cluster, id, false);
        if self.aurora.snapshots.contains_key(&snapshot.arn) {
            let message =
                format!("Cannot create the cluster snapshot because one with the identifier {id} already exists.");
            return Err(Refusal::invalid("DBClusterSnapshotAlreadyExistsFault", message));
        }
        Ok(self.take(snapshot))
    }

    /// `CopyDBClusterSnapshot` within a region; gives the copy's ARN. A copy is a manual snapshot of the same data.
    pub(crate) fn copy_snapshot(&mut self, region: &Region, wanted: &str, id: &str) -> Result<String> {
        let mut found = self.aurora.snapshots.values().filter(|snapshot| snapshot.region == *region);
        let source = found.find(|snapshot| [&snapshot.id, &snapshot.arn].contains(&&wanted.to_owned()));
        let source = source.ok_or_else(|| snapshot_not_found(wanted))?;
        if source.status != SnapshotStatus::Available {
            let message = format!("The source snapshot {} is not in the available state.", source.id);
            return Err(Refusal::invalid("InvalidDBClusterSnapshotStateFault", message));
        }
        let account = source.arn.split(":cluster-snapshot:").next().unwrap_or_default();
        let arn = format!("{account}:cluster-snapshot:{id}");
        if self.aurora.snapshots.contains_key(&arn) {
            let message =
                format!("Cannot create the cluster snapshot because one with the identifier {id} already exists.");
            return Err(Refusal::invalid("DBClusterSnapshotAlreadyExistsFault", message));
        }
        let takes = self.dice.around(self.durations().snapshot, &format!("copy/{arn}"));
        let copy = DbSnapshot {
            id: id.to_owned(),
            arn,
            automated: false,
            source: Some(source.arn.clone()),
            over: self.now + takes,
            status: SnapshotStatus::Creating,
            ..source.clone()
        };
        Ok(self.take(copy))
    }

    /// `DeleteDBClusterSnapshot` of the snapshot with that ARN, which must be a manual one that is not being taken any more.
    pub(crate) fn delete_snapshot(&mut self, arn: &str) -> Result<()> {
        let deletable = |snapshot: &&DbSnapshot| !snapshot.automated && snapshot.status != SnapshotStatus::Creating;
        if self.aurora.snapshots.get(arn).filter(deletable).is_none() {
            let message = format!(
                "Cannot delete the cluster snapshot {arn} because it is not a manual snapshot in the available state."
            );
            return Err(Refusal::invalid("InvalidDBClusterSnapshotStateFault", message));
        }
        self.aurora.snapshots.remove(arn);
        Ok(())
    }

    /// Aurora's attempt to save what a former primary held before it is re-added. The User Guide gives the name as
    /// `rds:unplanned-global-failover-<cluster>-<timestamp>`; the timestamp is written like that of RDS's other
    /// automated snapshots.
    pub(super) fn rescue_snapshot(&mut self, arn: &str) {
        let Some(cluster) = self.aurora.clusters.get(arn).filter(|cluster| !self.faults.snapshots_fail(&cluster.id))
        else {
            return;
        };
        let at = self.now.strftime("%Y-%m-%d-%H-%M");
        let snapshot = self.snapshot_of(cluster, &format!("rds:unplanned-global-failover-{}-{at}", cluster.id), true);
        self.take(snapshot);
    }

    fn snapshot_of(&self, cluster: &DbCluster, id: &str, automated: bool) -> DbSnapshot {
        let takes = self.dice.around(self.durations().snapshot, &format!("snapshot/{}/{id}", cluster.arn));
        DbSnapshot {
            id: id.to_owned(),
            arn: format!("arn:aws:rds:{}:{}:cluster-snapshot:{id}", cluster.region, cluster.account),
            region: cluster.region.clone(),
            cluster: cluster.id.clone(),
            cluster_arn: cluster.arn.clone(),
            resource_id: cluster.resource_id.clone(),
            cluster_created: cluster.created,
            engine_version: cluster.engine_version.clone(),
            kms_key_arn: cluster.kms_key_arn.clone(),
            automated,
            source: None,
            created: self.now,
            over: self.now + takes,
            status: SnapshotStatus::Creating,
        }
    }

    fn take(&mut self, snapshot: DbSnapshot) -> String {
        let arn = snapshot.arn.clone();
        // RDS-EVENT-0168 and 0074
        let message = if snapshot.automated {
            "Creating automated cluster snapshot."
        } else {
            "Creating manual cluster snapshot."
        };
        self.tell_snapshot(&snapshot, message);
        self.agenda.add(snapshot.over, Event::SnapshotOver { snapshot: arn.clone() });
        self.aurora.snapshots.insert(arn.clone(), snapshot);
        arn
    }

    pub(in crate::simulation) fn snapshot_over(&mut self, arn: &str) {
        let Some(mut snapshot) = self.aurora.snapshots.remove(arn) else { return };
        if self.faults.snapshots_fail(&snapshot.cluster) {
            snapshot.status = SnapshotStatus::Failed;
        } else {
            snapshot.status = SnapshotStatus::Available;
            // RDS-EVENT-0169 and 0075
            let message = if snapshot.automated {
                "Automated cluster snapshot created."
            } else {
                "Manual cluster snapshot created."
            };
            self.tell_snapshot(&snapshot, message);
        }
        self.aurora.snapshots.insert(arn.to_owned(), snapshot);
    }
}

/// The answer to an unknown snapshot.
pub(crate) fn snapshot_not_found(id: &str) -> Refusal {
    Refusal::not_found("DBClusterSnapshotNotFoundFault", format!("DBClusterSnapshot {id} not found."))
}
