//! From what AWS has around a global cluster to the proposal of a configuration: `standby init`. What AWS has is an [`Inventory`], gathered by
//! [`crate::aws::explore`]; what is proposed is decided here, purely.

mod listener;
mod names;
mod services;
#[cfg(test)]
mod tests;

use crate::{
    observation::Alias,
    topology::{Endpoint, Listener, RecordName, Service, normal},
};

pub use names::application_name;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// Identifier of the global cluster.
    pub global_cluster: String,
    /// The region that serves in steady state; the writer's if not given.
    pub primary_region: Option<String>,
    /// The disaster-recovery region; the secondary's if not given, and there is one.
    pub dr_region: Option<String>,
}

/// A DB cluster of a global cluster, as its ARN tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Region.
    pub region: String,
    /// Account, twelve digits.
    pub account: String,
    /// Identifier.
    pub db_cluster: String,
    /// Whether it takes writes.
    pub is_writer: bool,
}

/// What one region has that may belong to the pair.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Active ECS services with their clusters.
    pub services: Vec<EcsService>,
    /// Load balancers with their listeners.
    pub balancers: Vec<Balancer>,
    /// Health check paths by the ARN of their target group.
    pub health_paths: Vec<(String, String)>,
    /// What could not be read, for people.
    pub unread: Vec<String>,
}

/// An ECS service.
#[derive(Debug, Clone)]
pub struct EcsService {
    /// Name of its cluster.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// Desired tasks.
    pub desired: i32,
    /// Minimum of its scalable target, if it has one.
    pub min: Option<i32>,
    /// Target groups that its tasks register with.
    pub target_groups: Vec<String>,
}

/// A load balancer.
#[derive(Debug, Clone)]
pub struct Balancer {
    /// Name.
    pub name: String,
    /// As an alias wants it.
    pub endpoint: Endpoint,
    /// ARNs of listeners with the target groups that their default action forwards to; those that forward nowhere are left out.
    pub listeners: Vec<(String, Vec<String>)>,
    /// Target groups of its rules.
    pub rules_forward_to: Vec<String>,
}

/// An alias A record that could say which region serves.
#[derive(Debug, Clone)]
pub struct AliasRecord {
    /// Hosted zone that it is in, and its name.
    pub record: RecordName,
    /// What it points at.
    pub alias: Alias,
}

/// Everything that was gathered.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The steady primary's member.
    pub primary: Member,
    /// The DR region's member.
    pub dr: Member,
    /// The primary region.
    pub in_primary: Inventory,
    /// The DR region.
    pub in_dr: Inventory,
    /// Aliases of all hosted zones.
    pub aliases: Vec<AliasRecord>,
    /// What of Route 53 could not be read, for people.
    pub unread: Vec<String>,
}

/// What is proposed for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed<T> {
    /// This, with where it was found.
    Found(T, String),
    /// One of these; a person chooses.
    Choice(Vec<T>),
    /// Nothing was found.
    Missing,
}

impl<T> Proposed<T> {
    /// One is found, several are a choice.
    fn of(mut found: Vec<T>, whence: impl Into<String>) -> Self {
        match found.len() {
            0 => Self::Missing,
            1 => Self::Found(found.remove(0), whence.into()),
            _ => Self::Choice(found),
        }
    }

    /// What was found.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(found, _) => Some(found),
            _ => None,
        }
    }
}

/// The proposal of a configuration.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The region that serves in steady state.
    pub primary: ProposedRegion,
    /// The disaster-recovery region.
    pub dr: ProposedRegion,
    /// Services that both regions have, with the primary's capacity; empty if none was found.
    pub services: Vec<Service>,
    /// What people should know of the services.
    pub remarks: Vec<String>,
    /// The record that says which region serves.
    pub record: Proposed<RecordName>,
    /// Path of the public health URL.
    pub health_path: Proposed<String>,
    /// What could not be read, for people.
    pub unread: Vec<String>,
}

/// One region's part.
#[derive(Debug, Clone)]
pub struct ProposedRegion {
    /// Its DB cluster.
    pub member: Member,
    /// Name of the ECS cluster.
    pub ecs_cluster: Proposed<String>,
    /// What the record points at when this region serves.
    pub endpoint: Proposed<Endpoint>,
    /// The listener with the target group of production.
    pub listener: Proposed<Listener>,
}

/// Decides what to propose.
pub fn propose(global_cluster: &str, findings: Findings) -> Proposal {
    let Findings { primary, dr, in_primary, in_dr, aliases, unread } = findings;
    let chosen = services::choose(global_cluster, &in_primary, &in_dr);
    let fronted = listener::fronted(&in_primary, &in_dr, &chosen);
    let record = record(&aliases, &primary, &dr);
    let proposed = |member: Member, inventory: &Inventory, ecs_cluster, listener| ProposedRegion {
        endpoint: endpoint(&aliases, record.found(), &member.region, inventory),
        member,
        ecs_cluster,
        listener,
    };
    let health_path =
        health_path(&in_primary, &fronted.target_groups).or_else(|| health_path(&in_dr, &fronted.target_groups));
    Proposal {
        primary: proposed(primary, &in_primary, chosen.primary_cluster, fronted.primary),
        dr: proposed(dr, &in_dr, chosen.dr_cluster, fronted.dr),
        services: chosen.services,
        remarks: chosen.remarks,
        health_path: health_path
            .map_or(Proposed::Missing, |path| Proposed::Found(path, "health check of the target group".to_owned())),
        unread: [in_primary.unread, in_dr.unread, unread].concat(),
        record,
    }
}

/// The record that points into the region that writes: in steady state it serves, too. If none does, one that points into the other.
fn record(aliases: &[AliasRecord], primary: &Member, dr: &Member) -> Proposed<RecordName> {
    let writes = if dr.is_writer { [dr, primary] } else { [primary, dr] };
    let into = |member: &Member| {
        let found =
            aliases.iter().filter(|alias| names::region_of(&alias.alias.dns_name) == Some(member.region.as_str()));
        Proposed::of(
            found.map(|alias| alias.record.clone()).collect(),
            format!("the alias that points into {}", member.region),
        )
    };
    match into(writes[0]) {
        Proposed::Missing => into(writes[1]),
        found => found,
    }
}

/// What a region is reached at: what the record points at, if it points there; else what other aliases point at there, or the load balancer that
/// could.
fn endpoint(
    aliases: &[AliasRecord],
    record: Option<&RecordName>,
    region: &str,
    inventory: &Inventory,
) -> Proposed<Endpoint> {
    let here: Vec<&AliasRecord> =
        aliases.iter().filter(|alias| names::region_of(&alias.alias.dns_name) == Some(region)).collect();
    let of = |alias: &AliasRecord| Endpoint {
        dns_name: alias.alias.dns_name.trim_end_matches('.').to_owned(),
        zone: alias.alias.zone.clone(),
    };
    if let Some(serving) = here.iter().find(|alias| Some(&alias.record) == record) {
        return Proposed::Found(of(serving), format!("{} points at it", serving.record.name));
    }
    let mut found: Vec<Endpoint> = Vec::new();
    for endpoint in here.iter().map(|alias| of(alias)) {
        if !found.iter().any(|other| normal(&other.dns_name) == normal(&endpoint.dns_name)) {
            found.push(endpoint);
        }
    }
    let names = here.iter().map(|alias| alias.record.name.as_str()).collect::<Vec<_>>().join(", ");
    if !found.is_empty() {
        return Proposed::of(found, format!("{names} points at it; see that it is the other region's custom domain"));
    }
    // A load balancer can be what the record points at only where it does so in the other region.
    let by_balancer = record.and_then(|record| aliases.iter().find(|alias| &alias.record == record));
    match by_balancer.is_some_and(|alias| names::is_balancer(&alias.alias.dns_name)) {
        true => Proposed::of(
            inventory.balancers.iter().map(|balancer| balancer.endpoint.clone()).collect(),
            format!("the only load balancer in {region}"),
        ),
        false => Proposed::Missing,
    }
}

fn health_path(inventory: &Inventory, target_groups: &[String]) -> Option<String> {
    let found = inventory.health_paths.iter().find(|(arn, _)| target_groups.contains(arn));
    found.map(|(_, path)| path.clone())
}
