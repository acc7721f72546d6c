//! What a region is reached at, and to which region a record leads.

use super::{
    Balancer, CustomDomain, DomainKind, Findings, Inventory, Member, Part, Pointer, Proposed, inventory::unread,
    listener::Fronted, names,
};
use crate::topology::{Endpoint, RecordName, normal};

/// Whether a record leads into the region: to one of its custom domains or load balancers, or to a name that tells the region.
pub(super) fn leads_into(pointer: &Pointer, member: &Member, inventory: &Inventory) -> bool {
    let target = normal(&pointer.target);
    let is_target = |endpoint: &Endpoint| normal(&endpoint.dns_name) == target;
    inventory.domains.iter().filter_map(regional).any(is_target)
        || inventory.balancers.iter().any(|balancer| is_target(&balancer.endpoint))
        || names::region_of(&target).as_deref() == Some(member.region.as_str())
}

/// Whether API Gateway's custom domains can matter: not where the records that lead into the pair's regions lead to load balancers alone.
pub(crate) fn needs_domains(pointers: &[Pointer], sides: [(&Member, &Inventory); 2]) -> bool {
    let leading: Vec<&Pointer> = pointers
        .iter()
        .filter(|it| it.is_usable() && sides.iter().any(|(member, inventory)| leads_into(it, member, inventory)))
        .collect();
    leading.is_empty() || leading.iter().any(|it| !is_at_balancer(&it.target, sides.map(|(_, inventory)| inventory)))
}

fn is_at_balancer(target: &str, inventories: [&Inventory; 2]) -> bool {
    let is_target = |balancer: &Balancer| normal(&balancer.endpoint.dns_name) == normal(target);
    names::is_balancer(target) || inventories.iter().any(|inventory| inventory.balancers.iter().any(is_target))
}

/// What the record points at when the region serves, and the custom domains that it cannot point at. In this order: what the record points at, if it
/// leads there; then the custom domain for the record's name, or the load balancer in front of the services, whichever kind the record points
/// at in the other region; then what other records point at there.
pub(super) fn endpoint(
    findings: &Findings,
    member: &Member,
    inventory: &Inventory,
    records: &Proposed<Vec<RecordName>>,
    fronted: &Fronted,
) -> (Proposed<Endpoint>, Vec<String>) {
    let record = records.found().and_then(|records| records.first());
    let here: Vec<&Pointer> = findings
        .pointers
        .iter()
        .filter(|pointer| pointer.target_zone.is_some() && leads_into(pointer, member, inventory))
        .collect();
    let is_record = |pointer: &Pointer| Some(&pointer.record) == record;
    if let Some((pointer, endpoint)) = here.iter().filter(|it| is_record(it)).find_map(|it| Some((it, of(it)?))) {
        return (Proposed::Found(endpoint, format!("{} points at it", pointer.record.name)), Vec::new());
    }
    let target = findings.pointers.iter().find(|pointer| is_record(pointer)).map(|pointer| normal(&pointer.target));
    let at_balancer =
        target.as_deref().is_some_and(|target| is_at_balancer(target, [&findings.in_primary, &findings.in_dr]));
    let wanted = domain_names(findings, record, target.as_deref());
    let domains: Vec<&CustomDomain> = wanted.iter().find_map(|wanted| found_for(wanted, inventory)).unwrap_or_default();
    let remarks = domains.iter().filter_map(|domain| remark(domain, &member.region)).collect();
    let by_domain = || {
        let usable = domains.iter().filter_map(|domain| Some((domain, regional(domain)?)));
        let name = domains.first().map(|domain| domain.name.as_str()).unwrap_or_default();
        Proposed::of(
            usable.map(|(_, endpoint)| endpoint.clone()).collect(),
            format!("API Gateway's custom domain {name} in {}", member.region),
        )
    };
    let by_balancer = || by_balancer(&inventory.balancers, fronted, member);
    let by_others = || by_others(&here);
    let (found, parts): (_, &[Part]) = match (record, at_balancer) {
        (Some(_), true) => (first([&by_balancer, &by_domain, &by_others]), &[Part::Balancers, Part::Records]),
        (Some(_), false) => (first([&by_domain, &by_others]), &[Part::Domains, Part::Records]),
        (None, _) => (first([&by_domain, &by_others]), &[Part::Domains, Part::Balancers, Part::Records]),
    };
    (found.or_not_read(unread(inventory.unread.iter().chain(&findings.unread), parts)), remarks)
}

/// The first that finds anything.
fn first<const N: usize>(ways: [&dyn Fn() -> Proposed<Endpoint>; N]) -> Proposed<Endpoint> {
    ways.into_iter().map(|way| way()).find(|found| *found != Proposed::Missing).unwrap_or(Proposed::Missing)
}

/// Names that the custom domain may have, the likeliest first: the record's; that of the domain which the record points at in the other region; where
/// no record is known, those that both regions have.
pub(super) fn domain_names(findings: &Findings, record: Option<&RecordName>, target: Option<&str>) -> Vec<String> {
    let both = [&findings.in_primary, &findings.in_dr];
    let pointed_at = both.into_iter().flat_map(|inventory| &inventory.domains).filter(|domain| {
        let endpoint = regional(domain);
        endpoint.is_some_and(|endpoint| Some(normal(&endpoint.dns_name).as_str()) == target)
    });
    match record {
        Some(record) => [record.name.clone()].into_iter().chain(pointed_at.map(|it| it.name.clone())).collect(),
        None => {
            let shared = findings.in_primary.domains.iter().filter(|domain| {
                findings.in_dr.domains.iter().any(|other| normal(&other.name) == normal(&domain.name))
            });
            let shared: Vec<String> = shared.map(|domain| domain.name.clone()).collect();
            if shared.len() == 1 { shared } else { Vec::new() }
        }
    }
}

/// The custom domains of exactly that name, or else those that answer for it as wildcards.
fn found_for<'a>(name: &str, inventory: &'a Inventory) -> Option<Vec<&'a CustomDomain>> {
    let exact = inventory.domains.iter().filter(|domain| normal(&domain.name) == normal(name)).collect::<Vec<_>>();
    let wild = || inventory.domains.iter().filter(|domain| names::covers(&domain.name, name)).collect::<Vec<_>>();
    Some(if exact.is_empty() { wild() } else { exact }).filter(|found| !found.is_empty())
}

fn regional(domain: &CustomDomain) -> Option<&Endpoint> {
    match &domain.kind {
        DomainKind::Regional(endpoint) => Some(endpoint),
        DomainKind::Edge | DomainKind::Private => None,
    }
}

/// What keeps a custom domain from being used, if anything does.
fn remark(domain: &CustomDomain, region: &str) -> Option<String> {
    let name = &domain.name;
    match (&domain.kind, domain.status.as_deref()) {
        (DomainKind::Edge, _) => Some(format!(
            "API Gateway's custom domain {name} in {region} is edge-optimized: one distribution for all regions. Create a regional one"
        )),
        (DomainKind::Private, _) => Some(format!(
            "API Gateway's custom domain {name} in {region} has no regional domain name: it is private, or not ready"
        )),
        (DomainKind::Regional(_), Some(status)) if status != "AVAILABLE" => {
            Some(format!("API Gateway's custom domain {name} in {region} has the status {status}"))
        }
        (DomainKind::Regional(_), _) => None,
    }
}

/// The load balancers in front of the services; where none is known to be, all of them.
fn by_balancer(balancers: &[Balancer], fronted: &Fronted, member: &Member) -> Proposed<Endpoint> {
    let of = |balancers: Vec<&Balancer>| balancers.iter().map(|it| it.endpoint.clone()).collect::<Vec<_>>();
    let in_front = balancers.iter().filter(|balancer| fronted.is_behind(balancer)).collect::<Vec<_>>();
    match in_front.is_empty() {
        false => Proposed::of(of(in_front), "the load balancer that forwards to the services"),
        true => Proposed::of(of(balancers.iter().collect()), format!("the only load balancer in {}", member.region)),
    }
}

/// What other records point at in the region.
fn by_others(here: &[&Pointer]) -> Proposed<Endpoint> {
    let mut found: Vec<Endpoint> = Vec::new();
    for endpoint in here.iter().filter_map(|pointer| of(pointer)) {
        if !found.iter().any(|other| normal(&other.dns_name) == normal(&endpoint.dns_name)) {
            found.push(endpoint);
        }
    }
    let names = here.iter().map(|pointer| pointer.record.name.as_str()).collect::<Vec<_>>().join(", ");
    Proposed::of(found, format!("{names} points at it; see that it is the other region's custom domain"))
}

/// What an alias points at.
fn of(pointer: &Pointer) -> Option<Endpoint> {
    let zone = pointer.target_zone.clone()?;
    Some(Endpoint { dns_name: pointer.target.trim_end_matches('.').to_owned(), zone })
}
