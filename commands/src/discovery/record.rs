//! Which record says which region serves.

use super::{
    Findings, Inventory, Member, Part, Pointer, Proposed,
    endpoint::{domain_names, leads_into},
    inventory::unread,
    listener::Fronted,
};
use crate::topology::{RecordName, normal};

/// Most records that are named although they lead elsewhere.
const ELSEWHERE: usize = 5;

/// The record, as far as it is known.
pub(super) struct Known {
    pub(super) records: Proposed<Vec<RecordName>>,
    /// Its name where its zone could not be read.
    pub(super) name: Option<String>,
    pub(super) remarks: Vec<String>,
}

/// The record that points into the region that writes: in steady state it serves, too. If none does, one that points into the other.
pub(super) fn record(findings: &Findings, fronted: &Fronted) -> Known {
    let sides = [(&findings.primary, &findings.in_primary), (&findings.dr, &findings.in_dr)];
    let [writes, other] = if findings.dr.is_writer { [sides[1], sides[0]] } else { sides };
    let found = match into(findings, writes, fronted) {
        Proposed::Missing => into(findings, other, fronted),
        found => found,
    };
    // A custom domain that was not read may be what an alias leads to.
    let records = found.or_not_read(unread(findings.all_unread(), &[Part::Records, Part::Domains]));
    let remarks = match records {
        Proposed::Missing | Proposed::NotRead(_) => {
            [unusable(findings, &sides), leading_elsewhere(findings, &sides)].concat()
        }
        _ => Vec::new(),
    };
    let name = match records {
        Proposed::NotRead(_) => domain_names(findings, None, None).into_iter().next(),
        _ => None,
    };
    Known { records, name, remarks }
}

/// The records that lead into a region, those with the same target together.
fn into(
    findings: &Findings,
    (member, inventory): (&Member, &Inventory),
    fronted: &Fronted,
) -> Proposed<Vec<RecordName>> {
    let usable = findings.pointers.iter().filter(|pointer| pointer.is_usable());
    let mut found: Vec<&Pointer> = usable.filter(|pointer| leads_into(pointer, member, inventory)).collect();
    let at_services = |pointer: &&Pointer| {
        let is_target = |dns_name: &str| normal(dns_name) == normal(&pointer.target);
        inventory.balancers.iter().any(|it| is_target(&it.endpoint.dns_name) && fronted.is_behind(it))
    };
    if found.iter().any(at_services) {
        found.retain(at_services);
    }
    // A name that people can call before a wildcard.
    found.sort_by_key(|pointer| pointer.record.name.starts_with('*'));
    let mut targets: Vec<(String, Vec<RecordName>)> = Vec::new();
    for pointer in found {
        let target = normal(&pointer.target);
        match targets.iter_mut().find(|(other, _)| *other == target) {
            Some((_, records)) => records.push(pointer.record.clone()),
            None => targets.push((target, vec![pointer.record.clone()])),
        }
    }
    let whence = match targets.as_slice() {
        [(_, records)] if records.len() > 1 => "the aliases that point at the same endpoint in",
        _ => "the alias that points into",
    };
    Proposed::of(targets.into_iter().map(|(_, records)| records).collect(), format!("{whence} {}", member.region))
}

/// Records that lead into either region, and that Standby cannot move as they are.
fn unusable(findings: &Findings, sides: &[(&Member, &Inventory); 2]) -> Vec<String> {
    let leads = |pointer: &&Pointer| sides.iter().any(|(member, inventory)| leads_into(pointer, member, inventory));
    let told = findings.pointers.iter().filter(|it| !it.is_usable() && it.kind != "AAAA").filter(leads);
    told.map(|pointer| {
        let name = &pointer.record.name;
        let zone = &pointer.record.zone;
        match pointer.target_zone {
            None => format!("{name} in zone {zone} is a CNAME: Standby needs a simple alias A record"),
            Some(_) => format!(
                "{name} in zone {zone} is not a simple record ({}): Standby needs a simple alias A record",
                pointer.routing.join(", ")
            ),
        }
    })
    .collect()
}

/// Records that Standby could move, and that lead into neither region as far as is known: to a CDN, an accelerator, or a custom domain that was not read.
fn leading_elsewhere(findings: &Findings, sides: &[(&Member, &Inventory); 2]) -> Vec<String> {
    let leads = |pointer: &&Pointer| sides.iter().any(|(member, inventory)| leads_into(pointer, member, inventory));
    let mut elsewhere: Vec<String> = findings
        .pointers
        .iter()
        .filter(|pointer| pointer.is_usable() && !leads(pointer))
        .map(|pointer| {
            let RecordName { zone, name, .. } = &pointer.record;
            let target = pointer.target.trim_end_matches('.');
            format!("{name} in zone {zone} leads to {target}, which is not known to be in either region")
        })
        .collect();
    let more = elsewhere.len().saturating_sub(ELSEWHERE);
    elsewhere.truncate(ELSEWHERE);
    if more > 0 {
        elsewhere.push(format!("and {more} more that lead elsewhere"));
    }
    elsewhere
}
