//! Which listener is in front of the pair's services, and which target group is production's.
//!
//! The primary's listener forwards to the production group of one service, by its default action or by a rule. The target group of that same service in
//! DR is production's there, whatever DR's listener forwards to at warm idle: that is what blue/green means here.

use super::{
    Balancer, EcsService, Findings, FrontListener, Inventory, Part, Proposed, ProposedListener, inventory::unread,
    services::Chosen,
};
use crate::topology::Listener;

/// The port that people's requests come in at, where several listeners forward to the same services.
const HTTPS: i32 = 443;

/// The listeners of both regions.
#[derive(Clone)]
pub(super) struct Fronted {
    pub(super) primary: Proposed<ProposedListener>,
    pub(super) dr: Proposed<ProposedListener>,
    pub(super) remarks: Vec<String>,
    /// Target groups of production: those behind the listeners, or of all services where no listener is known.
    pub(super) target_groups: Vec<String>,
    /// Target groups of all chosen services.
    all: Vec<String>,
}

impl Fronted {
    /// Whether a load balancer forwards to the services.
    pub(super) fn is_behind(&self, balancer: &Balancer) -> bool {
        serves(balancer, &self.all)
    }
}

pub(super) fn fronted(findings: &Findings, chosen: &Chosen) -> Fronted {
    let (in_primary, in_dr) = (&findings.in_primary, &findings.in_dr);
    let names: Vec<&str> = chosen.services.found().into_iter().flatten().map(|service| service.name.as_str()).collect();
    let of = |inventory: &'_ Inventory, cluster: Option<&String>| -> Vec<EcsService> {
        let here = inventory.services.iter().filter(|it| Some(&it.cluster) == cluster);
        here.filter(|it| names.contains(&it.name.as_str())).cloned().collect()
    };
    let (primaries, theirs) = (of(in_primary, chosen.primary_cluster.found()), of(in_dr, chosen.dr_cluster.found()));
    let primary = preferred(fronts(in_primary, &primaries));
    // The services that the primary's listener forwards to are production's.
    let is_owner = |service: &&EcsService| {
        let mine = primaries.iter().find(|it| it.name == service.name);
        mine.is_some_and(|it| primary.iter().any(|front| it.target_groups.contains(&front.listener.target_group)))
    };
    let production: Vec<EcsService> = theirs.iter().filter(is_owner).cloned().collect();
    let dr = preferred(in_dr_region(in_dr, &production, &theirs, primary.iter().all(|it| it.rule.is_none())));
    let groups = |services: &[EcsService]| services.iter().flat_map(|it| it.target_groups.clone()).collect::<Vec<_>>();
    let all = [groups(&primaries), groups(&theirs)].concat();
    let fronting: Vec<String> = primary.iter().map(|it| it.listener.target_group.clone()).collect();
    let target_groups = if fronting.is_empty() { all.clone() } else { [fronting, groups(&production)].concat() };
    let moving: Vec<&str> =
        primaries.iter().chain(&theirs).filter(|it| it.moves_listener).map(|it| it.name.as_str()).collect();
    let remarks = primaries.iter().filter(|it| moving.contains(&it.name.as_str())).map(|service| {
        format!(
            "{} deploys blue/green: its deployments move the listener between two target groups. The one named below is where its tasks are now",
            service.name
        )
    });
    let parts = [Part::Balancers, Part::Services];
    Fronted {
        remarks: remarks.collect(),
        primary: Proposed::of(primary, "it forwards to that service's target group")
            .or_not_read(unread(&in_primary.unread, &parts)),
        dr: Proposed::of(dr, "the target group is that of the service which the primary's listener forwards to")
            .or_not_read(unread(&in_dr.unread, &parts)),
        target_groups,
        all,
    }
}

/// What forwards to the services in their region: default actions, or where none does, rules.
fn fronts(inventory: &Inventory, services: &[EcsService]) -> Vec<(Option<i32>, ProposedListener)> {
    let listeners = || inventory.balancers.iter().flat_map(|balancer| &balancer.listeners);
    let by_default: Vec<_> = listeners().filter_map(|it| default_of(it, services)).collect();
    if by_default.is_empty() { listeners().flat_map(|it| rules_of(it, services)).collect() } else { by_default }
}

fn default_of(listener: &FrontListener, services: &[EcsService]) -> Option<(Option<i32>, ProposedListener)> {
    let target_group = heaviest(&listener.forwards_to, services)?;
    Some((listener.port, proposed(listener, target_group, None)))
}

fn rules_of(listener: &FrontListener, services: &[EcsService]) -> Vec<(Option<i32>, ProposedListener)> {
    let governed = |arn: &String| services.iter().any(|service| service.production_rules.contains(arn));
    let rules = || listener.rules.iter().filter(|rule| !rule.is_default);
    // A rule that ECS names is production's; another one with the same groups may be a test's.
    let any_governed = rules().any(|rule| governed(&rule.arn));
    rules()
        .filter(|rule| !any_governed || governed(&rule.arn))
        .filter_map(|rule| {
            let target_group = heaviest(&rule.forwards_to, services)?;
            Some((listener.port, proposed(listener, target_group, Some(rule.arn.clone()))))
        })
        .collect()
}

fn proposed(listener: &FrontListener, target_group: String, rule: Option<String>) -> ProposedListener {
    ProposedListener { listener: Listener { arn: listener.arn.clone(), target_group, rule_arn: None }, rule }
}

/// Of the services' target groups the one that takes most: with blue/green deployments that is where the tasks are.
fn heaviest(forwards_to: &[(String, i32)], services: &[EcsService]) -> Option<String> {
    let ours = forwards_to.iter().filter(|(arn, _)| services.iter().any(|it| it.target_groups.contains(arn)));
    // The first of several alike.
    ours.rev().max_by_key(|(_, weight)| *weight).map(|(arn, _)| arn.clone())
}

/// Where one listener of several is at the port of HTTPS, it is the one.
fn preferred(fronts: Vec<(Option<i32>, ProposedListener)>) -> Vec<ProposedListener> {
    let mut at_https = fronts.iter().filter(|(port, _)| *port == Some(HTTPS));
    match (at_https.next(), at_https.next()) {
        (Some((_, only)), None) => vec![only.clone()],
        _ => fronts.into_iter().map(|(_, front)| front).collect(),
    }
}

/// DR's: what forwards to production's groups already, or else the listeners that could.
fn in_dr_region(
    inventory: &Inventory,
    production: &[EcsService],
    all: &[EcsService],
    by_default: bool,
) -> Vec<(Option<i32>, ProposedListener)> {
    let forwards = fronts(inventory, production);
    if !forwards.is_empty() && (!by_default || forwards.iter().all(|(_, front)| front.rule.is_none())) {
        return forwards;
    }
    let groups: Vec<String> = all.iter().flat_map(|service| service.target_groups.clone()).collect();
    let mut balancers: Vec<&Balancer> = inventory.balancers.iter().filter(|it| serves(it, &groups)).collect();
    if balancers.is_empty() {
        // At warm idle the listener may forward to none of them yet.
        balancers = inventory.balancers.iter().collect();
    }
    let listeners = balancers.into_iter().flat_map(|it| &it.listeners);
    listeners
        .flat_map(|listener| {
            // As in the primary: by default actions that forward, or by rules.
            let rules: Vec<Option<String>> = match by_default {
                true if listener.forwards_to.is_empty() => Vec::new(),
                true => vec![None],
                false => {
                    let rules = listener.rules.iter().filter(|rule| !rule.is_default && !rule.forwards_to.is_empty());
                    rules.map(|rule| Some(rule.arn.clone())).collect()
                }
            };
            let production: Vec<&String> = production.iter().flat_map(|service| &service.target_groups).collect();
            rules.into_iter().flat_map(move |rule| {
                let of = |target_group: &&String| proposed(listener, (*target_group).clone(), rule.clone());
                production.iter().map(|target_group| (listener.port, of(target_group))).collect::<Vec<_>>()
            })
        })
        .collect()
}

/// Whether the load balancer is in front of one of these target groups.
fn serves(balancer: &Balancer, groups: &[String]) -> bool {
    balancer.target_groups().any(|group| groups.iter().any(|other| other == group))
}
