//! Which listener is in front of the pair's services, and which target group is production's.
//!
//! The primary's listener forwards to the production group of one service. The target group of that same service in DR is production's there,
//! whatever DR's listener forwards to at warm idle: that is what blue/green means here.

use super::{Balancer, Inventory, Proposed, services::Chosen};
use crate::topology::Listener;

/// The listeners of both regions.
pub(super) struct Fronted {
    pub(super) primary: Proposed<Listener>,
    pub(super) dr: Proposed<Listener>,
    /// Target groups of production.
    pub(super) target_groups: Vec<String>,
}

pub(super) fn fronted(in_primary: &Inventory, in_dr: &Inventory, chosen: &Chosen) -> Fronted {
    let groups = |inventory: &Inventory, cluster: Option<&String>, wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let services = inventory.services.iter().filter(|it| Some(&it.cluster) == cluster && wanted(&it.name));
        services.flat_map(|service| service.target_groups.clone()).collect()
    };
    let cluster = chosen.primary_cluster.found();
    let is_chosen = |name: &str| chosen.services.iter().any(|service| service.name == name);
    let primaries = groups(in_primary, cluster, &is_chosen);
    let primary: Vec<Listener> = in_primary
        .balancers
        .iter()
        .flat_map(|balancer| &balancer.listeners)
        .filter_map(|(arn, forwards_to)| {
            let target_group = forwards_to.iter().find(|group| primaries.contains(group))?;
            Some(Listener { arn: arn.clone(), target_group: target_group.clone() })
        })
        .collect();
    let owner = |name: &str| {
        let mut services = in_primary.services.iter().filter(|it| Some(&it.cluster) == cluster && it.name == name);
        services.any(|it| primary.iter().any(|listener| it.target_groups.contains(&listener.target_group)))
    };
    let production = groups(in_dr, chosen.dr_cluster.found(), &owner);
    let all = groups(in_dr, chosen.dr_cluster.found(), &is_chosen);
    let mut balancers: Vec<&Balancer> = in_dr.balancers.iter().filter(|balancer| serves(balancer, &all)).collect();
    if balancers.is_empty() {
        // At warm idle the listener may forward to none of them yet.
        balancers = in_dr.balancers.iter().collect();
    }
    let listeners = balancers.into_iter().flat_map(|balancer| &balancer.listeners);
    let dr = listeners.flat_map(|(arn, _)| {
        production.iter().map(|target_group| Listener { arn: arn.clone(), target_group: target_group.clone() })
    });
    let dr: Vec<Listener> = dr.collect();
    let target_groups =
        primary.iter().map(|listener| listener.target_group.clone()).chain(production.clone()).collect();
    Fronted {
        primary: Proposed::of(primary, "its default action forwards to that service's target group"),
        dr: Proposed::of(dr, "the target group is that of the service which the primary's listener forwards to"),
        target_groups,
    }
}

/// Whether the load balancer is in front of one of these target groups.
fn serves(balancer: &Balancer, groups: &[String]) -> bool {
    let forwards_to = balancer.listeners.iter().flat_map(|(_, groups)| groups).chain(&balancer.rules_forward_to);
    forwards_to.into_iter().any(|group| groups.contains(group))
}
