//! The pair's public endpoints: whether a region's stack can serve, and how much traffic it saw.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Simulation, ecs::ServiceKey};
use crate::pair::{Colour, Pair, Side};

/// Requests and errors of each load balancer, by minute.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    counts: BTreeMap<(String, i64), Counts>,
}

/// Requests of one minute.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
}

impl Traffic {
    /// Requests that the load balancer saw in the minute that begins at `second`; none if nothing came.
    pub(crate) fn minute(&self, balancer: &str, second: i64) -> Option<Counts> {
        self.counts.get(&(balancer.to_owned(), second)).copied()
    }
}

/// Why a region's stack cannot serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unable {
    /// The listener forwards to the idle page.
    Idle,
    /// No task behind the listener is healthy.
    NoTarget,
    /// The database's writer is elsewhere, or blocked.
    ReadOnly,
}

impl Unable {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::NoTarget => "no healthy target",
            Self::ReadOnly => "database is read-only",
        }
    }
}

impl Simulation {
    /// One request to that side's public endpoint.
    pub(crate) fn visit(&mut self, pair: &Pair, side: Side) -> Result<(), Unable> {
        let minute = start_of_minute(self.now);
        let balancer = pair.load_balancer_arn(side);
        let mut counts = self.traffic.minute(&balancer, minute).unwrap_or_default();
        let served = self.can_serve(pair, side, counts.requests);
        counts.requests += 1;
        counts.errors += u64::from(served.is_err());
        self.traffic.counts.insert((balancer, minute), counts);
        served
    }

    /// Whether that side's stack could serve the `turn`-th request: weighted target groups take their share in turn.
    pub(crate) fn can_serve(&self, pair: &Pair, side: Side, turn: u64) -> Result<(), Unable> {
        let site = pair.site(side);
        let listener = self.balancers.listeners.get(&pair.listener_arn(side)).ok_or(Unable::Idle)?;
        let group = pick(listener.production(), turn).ok_or(Unable::Idle)?;
        if group == pair.target_group_arn(side, Colour::Blue) {
            return Err(Unable::Idle);
        }
        if !self.ecs.targets(group).any(|(_, task)| task.healthy) {
            return Err(Unable::NoTarget);
        }
        // Every balanced service takes part in an answer, not only the one that is asked first.
        for service in pair.services.iter().filter(|service| service.balanced) {
            let key = ServiceKey::new(site.region.clone(), &site.ecs_cluster, &service.name);
            if self.ecs.services.get(&key).is_none_or(|service| service.healthy() == 0) {
                return Err(Unable::NoTarget);
            }
        }
        let database = self.aurora.clusters.get(&pair.db_cluster_arn(side));
        if database.is_some_and(|database| self.aurora.takes_writes(database)) { Ok(()) } else { Err(Unable::ReadOnly) }
    }
}

/// The target group whose share of the weights the `turn`-th request falls in.
fn pick(groups: &[(String, u32)], turn: u64) -> Option<&str> {
    let total: u64 = groups.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut left = turn.checked_rem(total)?;
    for (group, weight) in groups {
        match left.checked_sub(u64::from(*weight)) {
            Some(rest) => left = rest,
            None => return Some(group),
        }
    }
    None
}

/// Epoch second at which the minute of `at` begins.
pub(crate) fn start_of_minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60) * 60
}
