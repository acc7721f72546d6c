//! How long things take in the simulated regions.

use std::time::Duration;

use serde::Serialize;

use crate::{dice::Dice, pair::Pair, region::Region};

/// Middles and bounds of everything that takes time. What really happens is drawn around them from the seed.
#[derive(Debug, Clone)]
pub struct Durations {
    /// `FailoverGlobalCluster` with data loss allowed, from the call until the global cluster is idle again.
    pub promotion: Duration,
    /// `SwitchoverGlobalCluster`, from the call until the global cluster is idle again.
    pub switchover: Duration,
    /// Until Aurora has blocked writes in the old primary, where its region answers.
    pub fence: Duration,
    /// Until Aurora gives up blocking writes in a region that does not answer.
    pub fence_timeout: Duration,
    /// Until a former primary is a connected secondary again, counted from when its region answers.
    pub resync: Duration,
    /// Until a new secondary has caught up, counted from when it is available. Real ones take hours, by their size.
    pub seed: Duration,
    /// From `CreateDBClusterSnapshot` until it is available.
    pub snapshot: Duration,
    /// From `CreateDBCluster` until it is available.
    pub cluster_creation: Duration,
    /// From `DeleteDBCluster` until it is gone.
    pub cluster_deletion: Duration,
    /// From `CreateDBInstance` until it is available.
    pub instance_creation: Duration,
    /// From `DeleteDBInstance` until it is gone.
    pub instance_deletion: Duration,
    /// From the start of an apply of Terraform until its first change.
    pub terraform: Duration,
    /// From `StartBuild` until the build's own commands run.
    pub build: Duration,
    /// Between two looks of an apply, and of a build at its apply, at what it waits for.
    pub poll: Duration,
    /// Bounds of the replication lag of a secondary that has caught up.
    pub lag: (Duration, Duration),
    /// Between one task's placement and the next one's of the same service.
    pub placement: Duration,
    /// From a task's placement until its network interface is attached.
    pub provisioning: Duration,
    /// Image pull.
    pub pull: Duration,
    /// Start of the containers.
    pub start: Duration,
    /// From running until the target group calls the task healthy.
    pub health: Duration,
    /// From the decision to stop a task until it is gone.
    pub drain: Duration,
    /// Between two attempts to place a task for which there is no capacity.
    pub placement_retry: Duration,
    /// From `ModifyListener` until traffic follows.
    pub listener: Duration,
    /// From `PENDING` to `INSYNC`.
    pub in_sync: Duration,
    /// TTL of an alias answer, as resolvers see it.
    pub alias_ttl: Duration,
    /// Bounds of an API call's duration in the caller's own region.
    pub api_near: (Duration, Duration),
    /// Bounds of an API call's duration in another region.
    pub api_far: (Duration, Duration),
    /// Bounds of the duration of a request to a public endpoint.
    pub public: (Duration, Duration),
}

impl Default for Durations {
    /// Inside the bounds that the field reports: 60–120 s to promote, 60–180 s to scale, 60 s of TTL.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        let millis = |low, high| (Duration::from_millis(low), Duration::from_millis(high));
        Self {
            promotion: seconds(95),
            switchover: seconds(70),
            fence: seconds(12),
            fence_timeout: seconds(60),
            resync: seconds(240),
            seed: seconds(1200),
            snapshot: seconds(180),
            cluster_creation: seconds(150),
            cluster_deletion: seconds(120),
            instance_creation: seconds(400),
            instance_deletion: seconds(240),
            terraform: seconds(45),
            build: seconds(30),
            poll: seconds(10),
            lag: millis(120, 900),
            placement: seconds(1),
            provisioning: seconds(12),
            pull: seconds(25),
            start: seconds(8),
            health: seconds(20),
            drain: seconds(10),
            placement_retry: seconds(60),
            listener: seconds(4),
            in_sync: seconds(25),
            alias_ttl: seconds(60),
            api_near: millis(40, 120),
            api_far: millis(110, 260),
            public: millis(20, 90),
        }
    }
}

/// How long a promote of one pair must take at least, drawn from the scenario's seed: what a run is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CriticalPath {
    /// Promotion of the database.
    pub promotion: Duration,
    /// From warm idle until every production task runs and is healthy.
    pub capacity: Duration,
    /// Until the record's change is in force on all name servers. What resolvers still cache comes on top for their clients, and is no
    /// part of what a promote can wait for: it verifies at the new target meanwhile.
    pub dns: Duration,
}

impl CriticalPath {
    /// What the first promote of `pair` draws.
    pub(crate) fn of(pair: &Pair, durations: &Durations, dice: Dice) -> Self {
        let region = &pair.dr.region;
        let capacity = pair
            .services
            .iter()
            .flat_map(|service| (0..service.desired.saturating_sub(1)).map(move |added| (service, added)))
            .map(|(service, added)| {
                let placed = durations.placement * (added + 1);
                placed
                    + TaskTimes::draw(durations, dice, region, &pair.dr.ecs_cluster, &service.name, added + 1)
                        .total(service.balanced)
            })
            .max()
            .unwrap_or_default();
        Self {
            promotion: dice.around(durations.promotion, &promotion(&pair.global_cluster, 1)),
            capacity,
            dns: dice.around(durations.in_sync, &change(1)),
        }
    }

    /// Promotion and capacity side by side, then DNS.
    pub fn total(self) -> Duration {
        self.promotion.max(self.capacity) + self.dns
    }
}

/// Name under which the duration of a global cluster's n-th failover is drawn.
pub(crate) fn promotion(global_cluster: &str, attempt: u32) -> String {
    format!("promotion/{global_cluster}/{attempt}")
}

/// Name under which the propagation of the n-th change of a record is drawn.
pub(crate) fn change(number: u64) -> String {
    format!("change/{number}")
}

/// What one task draws.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskTimes {
    /// From placement until the image is being pulled.
    pub(crate) provisioning: Duration,
    /// From the pull's begin until the task runs.
    pub(crate) starting: Duration,
    /// From running until healthy.
    pub(crate) health: Duration,
}

impl TaskTimes {
    /// The times of the service's task with that serial number, counted from 0.
    pub(crate) fn draw(
        durations: &Durations,
        dice: Dice,
        region: &Region,
        cluster: &str,
        service: &str,
        serial: u32,
    ) -> Self {
        let draw =
            |what: &str, middle| dice.around(middle, &format!("task/{region}/{cluster}/{service}/{serial}/{what}"));
        Self {
            provisioning: draw("provisioning", durations.provisioning),
            starting: draw("pull", durations.pull) + draw("start", durations.start),
            health: draw("health", durations.health),
        }
    }

    fn total(self, balanced: bool) -> Duration {
        let running = self.provisioning + self.starting;
        if balanced { running + self.health } else { running }
    }
}
