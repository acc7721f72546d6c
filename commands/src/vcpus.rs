//! Fargate's vCPU quotas, and what applications need of them. One quota holds for all that an account runs in a region, and each of Fargate's two
//! capacity providers has its own.

use serde::{Deserialize, Serialize};

use crate::{
    observation::{Provider, Seen, ServiceState},
    topology::Service,
};

/// CPU units of one vCPU.
pub(crate) const UNITS: f64 = 1024.0;

/// What is known of the quotas of the account and region, beside what the application itself needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VcpuQuotas {
    /// Of `FARGATE`.
    pub on_demand: Quota,
    /// Of `FARGATE_SPOT`.
    pub spot: Quota,
    /// The other configured applications of the same account and region.
    pub others: Vec<Neighbor>,
}

/// One quota.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    /// vCPUs that the account may run.
    pub granted: Seen<f64>,
    /// AWS's default, looked up where Service Quotas has no value for the account, which may have been granted less.
    pub default: Option<f64>,
}

/// Another application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbor {
    /// Its name.
    pub application: String,
    /// What it needs.
    pub need: Seen<Need>,
}

/// vCPUs that an application takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// By its services' desired counts as they are.
    pub now: Vcpus,
    /// In production: by the configured counts, or the present ones where these are higher.
    pub production: Vcpus,
}

/// vCPUs by quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Vcpus {
    /// On `FARGATE`.
    pub on_demand: f64,
    /// On `FARGATE_SPOT`.
    pub spot: f64,
}

impl std::ops::Add for Vcpus {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { on_demand: self.on_demand + other.on_demand, spot: self.spot + other.spot }
    }
}

impl std::ops::Add for Need {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { now: self.now + other.now, production: self.production + other.production }
    }
}

/// What a service takes; `None` if the size of its tasks is not known.
pub fn needed(service: &Service, state: &ServiceState) -> Option<Need> {
    let each = f64::from(state.task.known()?.cpu) / UNITS;
    let takes = |count: i32| {
        let on = |name: &str| f64::from(tasks_on(&state.providers, name, count)) * each;
        Vcpus { on_demand: on("FARGATE"), spot: on("FARGATE_SPOT") }
    };
    Some(Need { now: takes(state.desired), production: takes(service.desired.max(state.desired)) })
}

/// How many of `count` tasks a strategy puts on a provider: its base, and its share of the rest by weight, rounded up. Where AWS names no
/// provider, it is taken for `FARGATE`.
fn tasks_on(providers: &[Provider], name: &str, count: i32) -> i32 {
    if providers.is_empty() {
        return if name == "FARGATE" { count } else { 0 };
    }
    let bases: i32 = providers.iter().map(|provider| provider.base).sum();
    let weights: i64 = providers.iter().map(|provider| i64::from(provider.weight)).sum();
    let rest = i64::from((count - bases).max(0));
    let of = |provider: &Provider| {
        let share = (rest * i64::from(provider.weight)).checked_add(weights - 1).and_then(|it| it.checked_div(weights));
        provider.base.min(count) + i32::try_from(share.unwrap_or_default()).unwrap_or(i32::MAX)
    };
    providers.iter().filter(|provider| provider.name == name).map(of).sum::<i32>().min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(strategy: &[(&str, i32, i32)], count: i32) -> (i32, i32) {
        let providers: Vec<Provider> =
            strategy.iter().map(|&(name, base, weight)| Provider { name: name.to_owned(), base, weight }).collect();
        (tasks_on(&providers, "FARGATE", count), tasks_on(&providers, "FARGATE_SPOT", count))
    }

    #[test]
    fn tasks_are_split_as_the_strategy_says() {
        assert_eq!(split(&[("FARGATE", 0, 1)], 4), (4, 0));
        assert_eq!(split(&[("FARGATE_SPOT", 0, 1)], 4), (0, 4));
        assert_eq!(split(&[("FARGATE", 1, 1), ("FARGATE_SPOT", 0, 3)], 9), (3, 6));
        assert_eq!(split(&[("FARGATE", 2, 0), ("FARGATE_SPOT", 0, 1)], 1), (1, 0));
        assert_eq!(split(&[("FARGATE", 0, 1), ("FARGATE_SPOT", 0, 1)], 3), (2, 2), "either may get the odd one");
        assert_eq!(split(&[("EC2", 0, 1)], 4), (0, 0));
        assert_eq!(split(&[], 4), (4, 0));
    }
}
