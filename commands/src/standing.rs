//! What the status of a DB cluster or of a DB instance says: whether it serves, and whether AWS can be expected to move the writer meanwhile.
//!
//! One table for both kinds: where both have a status, it means the same for serving. Sources: Amazon Aurora User Guide, "Viewing DB cluster status" and
//! "Viewing DB instance status in an Aurora cluster"
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html>).

use crate::observation::{DbCluster, DbInstance};

/// The only status in which AWS promises to take every call.
pub(crate) const AVAILABLE: &str = "available";

/// What a status stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It serves, and AWS takes calls.
    Available,
    /// It serves. AWS may refuse to move the writer until it's available again.
    Busy,
    /// It serves. AWS doesn't move the writer meanwhile: the engine's version changes.
    Upgrading,
    /// It doesn't serve, for now or for good.
    Down,
    /// AWS doesn't document this status, as far as this program knows. Nothing is concluded from it.
    Unlisted,
}

/// Statuses in which users notice nothing, or an interruption of seconds.
const BUSY: [&str; 13] = [
    "backing-up",
    "configuring-associated-roles",
    "configuring-enhanced-monitoring",
    "configuring-iam-database-auth",
    "configuring-log-exports",
    "maintenance",
    "modifying",
    "preparing-data-migration",
    "resetting-master-credentials",
    "storage-config-upgrade",
    "storage-initialization",
    "storage-optimization",
    "update-iam-db-auth",
];

/// Statuses that pass by themselves and in which nothing can be read or written, those included in which the writer is on its way.
const DOWN: [&str; 14] = [
    "backtracking",
    "converting-to-vpc",
    "creating",
    "delete-precheck",
    "deleting",
    "failing-over",
    "migrating",
    "moving-to-vpc",
    "promoting",
    "rebooting",
    "renaming",
    "starting",
    "stopping",
    "switching-over",
];

/// The same that no waiting ends: somebody has to act. AWS starts a stopped cluster again, but only after a week.
const STAYS: [&str; 15] = [
    "cloning-failed",
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "insufficient-resource-limits",
    "migration-failed",
    "restore-error",
    "stopped",
    "storage-full",
];

impl Standing {
    /// The standing that a status stands for.
    pub fn of(status: &str) -> Self {
        match status {
            AVAILABLE => Self::Available,
            "upgrading" => Self::Upgrading,
            _ if BUSY.contains(&status) => Self::Busy,
            _ if DOWN.contains(&status) || STAYS.contains(&status) => Self::Down,
            _ => Self::Unlisted,
        }
    }

    /// Whether it certainly serves.
    pub fn serves(self) -> bool {
        matches!(self, Self::Available | Self::Busy | Self::Upgrading)
    }

    /// Whether a move of the writer is over and has left it so. The User Guide's criterion is `available`; a backup or another job that begins right
    /// afterwards takes nothing from users, so nobody waits for its end.
    pub(crate) fn settled(self) -> bool {
        matches!(self, Self::Available | Self::Busy)
    }

    /// Whether AWS refuses to move the writer in this state. What isn't known is worth a try: a refusal changes nothing.
    pub(crate) fn refuses_moves(self) -> bool {
        matches!(self, Self::Upgrading | Self::Down)
    }
}

impl DbCluster {
    /// What its status stands for.
    pub fn standing(&self) -> Standing {
        Standing::of(&self.status)
    }

    /// What of it is in a state that does not pass by itself, with that state: the cluster, or each of its instances where none serves.
    pub(crate) fn stuck(&self) -> Option<String> {
        let stays = |status: &str| STAYS.contains(&status);
        if self.needs_somebody() {
            return Some(format!("DB cluster {} is {}", self.id(), self.status));
        }
        let all = !self.instances.is_empty() && self.instances.iter().all(|instance| stays(&instance.status));
        let each = self.instances.iter().map(|instance| format!("DB instance {} is {}", instance.id, instance.status));
        all.then(|| each.collect::<Vec<_>>().join(", "))
    }

    /// Whether the cluster itself is in a state that does not pass by itself.
    pub(crate) fn needs_somebody(&self) -> bool {
        STAYS.contains(&self.status.as_str())
    }

    /// What makes a cluster that is down available again.
    pub(crate) fn way_up(&self, region: &str) -> String {
        let start = format!("`aws rds start-db-cluster --db-cluster-identifier {} --region {region}`", self.id());
        match self.status.as_str() {
            "stopped" | "stopping" => format!("start it, with nothing that writes to it: {start}"),
            "inaccessible-encryption-credentials" | "inaccessible-encryption-credentials-recoverable" => {
                format!("make its KMS key usable again, then start it: {start}")
            }
            _ => "wait until it is available, or see its events in RDS".to_owned(),
        }
    }

    fn id(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or(&self.arn)
    }

    /// Its instances that certainly serve.
    pub fn serving(&self) -> impl Iterator<Item = &DbInstance> {
        self.instances.iter().filter(|instance| Standing::of(&instance.status).serves())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn busy_is_not_absent() {
        for status in
            ["backing-up", "configuring-enhanced-monitoring", "modifying", "maintenance", "storage-optimization"]
        {
            assert_eq!(Standing::of(status), Standing::Busy, "{status}");
            assert!(Standing::of(status).serves() && Standing::of(status).settled());
        }
        assert!(Standing::of("upgrading").serves() && Standing::of("upgrading").refuses_moves());
    }

    #[test]
    fn what_does_not_serve_is_down_and_what_is_unknown_is_neither() {
        for status in ["stopped", "creating", "failing-over", "inaccessible-encryption-credentials", "rebooting"] {
            assert_eq!(Standing::of(status), Standing::Down, "{status}");
        }
        let unlisted = Standing::of("something-new");
        assert!(!unlisted.serves() && !unlisted.settled() && !unlisted.refuses_moves());
    }

    #[test]
    fn what_stays_is_down_and_named() {
        assert!(STAYS.iter().all(|status| Standing::of(status) == Standing::Down));
        let mut cluster = crate::fixture::steady().primary.db.known().cloned().flatten().unwrap();
        assert_eq!(cluster.stuck(), None);
        cluster.instances.iter_mut().for_each(|instance| instance.status = "rebooting".into());
        assert_eq!(cluster.stuck(), None);
        cluster.instances.iter_mut().for_each(|instance| instance.status = "incompatible-network".into());
        assert!(cluster.stuck().unwrap().contains("is incompatible-network"));
        cluster.status = "inaccessible-encryption-credentials".into();
        assert_eq!(cluster.stuck().unwrap(), "DB cluster shop-primary is inaccessible-encryption-credentials");
    }

    #[test]
    fn the_table_has_no_status_twice() {
        let mut all: Vec<_> = BUSY.iter().chain(&DOWN).chain(&STAYS).collect();
        all.sort();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
