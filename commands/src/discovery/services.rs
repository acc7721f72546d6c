//! Which ECS services belong to the pair: those that both regions have by the same name.

use std::collections::BTreeSet;

use super::{EcsService, Findings, Inventory, Part, Proposed, inventory::unread, names};
use crate::topology::Service;

/// The services, and the clusters that they are in.
pub(super) struct Chosen {
    pub(super) primary_cluster: Proposed<String>,
    pub(super) dr_cluster: Proposed<String>,
    pub(super) services: Proposed<Vec<Service>>,
    pub(super) remarks: Vec<String>,
}

/// Two clusters with services in common.
struct Couple<'a> {
    primary: &'a str,
    dr: &'a str,
    shared: Vec<&'a EcsService>,
}

pub(super) fn choose(findings: &Findings) -> Chosen {
    let (in_primary, in_dr) = (&findings.in_primary, &findings.in_dr);
    let couples = couples(in_primary, in_dr);
    let related: Vec<&Couple<'_>> =
        couples.iter().filter(|couple| names::are_related(couple.primary, &findings.global_cluster)).collect();
    let one = match (couples.as_slice(), related.as_slice()) {
        ([one], _) => Some(one),
        (_, [one]) => Some(*one),
        _ => None,
    };
    let Some(couple) = one else { return undecided(&couples, in_primary, in_dr) };
    let whence = "it has services by the same names in both regions".to_owned();
    let mut remarks = Vec::new();
    let services = couple.shared.iter().map(|service| capacity(service, in_primary, &mut remarks)).collect();
    let elsewhere = couples.iter().filter(|other| (other.primary, other.dr) != (couple.primary, couple.dr));
    remarks.extend(elsewhere.map(|other| {
        format!("left out: ECS clusters {} and {}, which have services in common, too", other.primary, other.dr)
    }));
    remarks.extend(only_one(couple, in_primary, in_dr));
    Chosen {
        primary_cluster: Proposed::Found(couple.primary.to_owned(), whence.clone()),
        dr_cluster: Proposed::Found(couple.dr.to_owned(), whence.clone()),
        services: Proposed::Found(services, whence),
        remarks,
    }
}

/// What production needs, as the primary has it now.
fn capacity(service: &EcsService, in_primary: &Inventory, remarks: &mut Vec<String>) -> Service {
    let name = &service.name;
    let min = service.min.unwrap_or_else(|| {
        remarks.push(match unread(&in_primary.unread, &[Part::Scaling]).as_slice() {
            [] => format!("{name} has no scalable target in the primary region; its minimum is a guess"),
            [why, ..] => format!("{name}: its minimum is a guess. {why}"),
        });
        service.desired
    });
    let min = min.max(1);
    if service.desired < min {
        remarks.push(format!("{name} wants {} tasks now, below the minimum of {min}", service.desired));
    }
    Service { name: name.clone(), desired: service.desired.max(min), min, idle: 1 }
}

fn couples<'a>(in_primary: &'a Inventory, in_dr: &'a Inventory) -> Vec<Couple<'a>> {
    let clusters = |inventory: &'a Inventory| -> BTreeSet<&'a str> {
        inventory.services.iter().map(|service| service.cluster.as_str()).collect()
    };
    let mut couples = Vec::new();
    for primary in clusters(in_primary) {
        for dr in clusters(in_dr) {
            let is_there = |name: &str| in_dr.services.iter().any(|other| other.cluster == dr && other.name == name);
            let shared = in_primary.services.iter().filter(|it| it.cluster == primary && is_there(&it.name));
            let couple = Couple { primary, dr, shared: shared.collect() };
            if !couple.shared.is_empty() {
                couples.push(couple);
            }
        }
    }
    // Clusters of the same name belong together, whatever else shares a service's name.
    let alike = |couple: &Couple<'_>| couple.primary == couple.dr;
    if couples.iter().any(alike) {
        couples.retain(alike);
    }
    couples
}

/// Services that one of the two clusters has alone.
fn only_one(couple: &Couple<'_>, in_primary: &Inventory, in_dr: &Inventory) -> Vec<String> {
    let shared = |name: &str| couple.shared.iter().any(|service| service.name == name);
    let is_unread = |inventory: &Inventory, name: &str| {
        let needle = format!("ECS service {name} in ");
        inventory.unread.iter().any(|unread| unread.part == Part::Services && unread.what.starts_with(&needle))
    };
    let alone = |inventory: &Inventory, other: &Inventory, cluster: &str, place: &str| {
        let names = inventory.services.iter().filter(|it| it.cluster == cluster && !shared(&it.name));
        names
            .map(|service| {
                let name = &service.name;
                let alike = other.services.iter().find(|it| it.name.eq_ignore_ascii_case(name));
                match alike {
                    _ if is_unread(other, name) => {
                        format!("left out: {name}, which could not be read in the other region")
                    }
                    Some(alike) => {
                        format!(
                            "left out: {name}, which the other region has as {}: a service needs the same name in both",
                            alike.name
                        )
                    }
                    None => format!("left out: {name}, which only the {place} region has"),
                }
            })
            .collect::<Vec<_>>()
    };
    [alone(in_primary, in_dr, couple.primary, "primary"), alone(in_dr, in_primary, couple.dr, "DR")].concat()
}

fn undecided(couples: &[Couple<'_>], in_primary: &Inventory, in_dr: &Inventory) -> Chosen {
    let clusters = |inventory: &Inventory, of_couple: fn(&Couple<'_>) -> String| {
        let coupled: BTreeSet<String> = couples.iter().map(of_couple).collect();
        let all = inventory.services.iter().map(|service| service.cluster.clone()).collect();
        let names = if coupled.is_empty() { all } else { coupled };
        Proposed::of(names.into_iter().collect(), "the only cluster with services")
            .or_not_read(unread(&inventory.unread, &[Part::Services]))
    };
    let names = |couple: &Couple<'_>| couple.shared.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    let services = |couple: &Couple<'_>| {
        couple.shared.iter().map(|service| capacity(service, in_primary, &mut Vec::new())).collect::<Vec<_>>()
    };
    let both = in_primary.unread.iter().chain(&in_dr.unread);
    Chosen {
        primary_cluster: clusters(in_primary, |couple| couple.primary.to_owned()),
        dr_cluster: clusters(in_dr, |couple| couple.dr.to_owned()),
        services: Proposed::of(couples.iter().map(services).collect(), "").or_not_read(unread(both, &[Part::Services])),
        remarks: couples
            .iter()
            .map(|couple| format!("ECS clusters {} and {} both have: {}", couple.primary, couple.dr, names(couple)))
            .collect(),
    }
}
