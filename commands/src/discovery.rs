//! From what AWS has around a global cluster to the proposal of a configuration: `standby init`. What AWS has is an [`Inventory`], gathered by
//! [`crate::aws::explore`]; what is proposed is decided here, purely.

mod endpoint;
mod inventory;
mod listener;
mod names;
mod record;
mod services;
#[cfg(test)]
mod tests;

use crate::topology::{Endpoint, Listener, RecordName, Service};

pub(crate) use endpoint::needs_domains;
pub use inventory::{
    Balancer, CustomDomain, DomainKind, EcsService, FrontListener, FrontRule, Inventory, Member, Part, Pointer, Unread,
};
pub use names::application_name;
pub(crate) use names::covers;

use self::{inventory::unread, listener::Fronted, services::Chosen};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// Identifier of the global cluster.
    pub global_cluster: String,
    /// The region that serves in steady state; the writer's if not given.
    pub primary_region: Option<String>,
    /// The disaster-recovery region; the secondary's if not given, and there is one.
    pub dr_region: Option<String>,
    /// Roles to assume for hosted zones of other accounts, beside those that the caller's own account has.
    pub zone_roles: Vec<String>,
}

/// Everything that was gathered.
#[derive(Debug, Clone)]
pub struct Findings {
    /// Identifier of the global cluster, as RDS keeps it.
    pub global_cluster: String,
    /// The steady primary's member.
    pub primary: Member,
    /// The DR region's member.
    pub dr: Member,
    /// The primary region.
    pub in_primary: Inventory,
    /// The DR region.
    pub in_dr: Inventory,
    /// Records of all public hosted zones that lead somewhere by name.
    pub pointers: Vec<Pointer>,
    /// What of Route 53 could not be read.
    pub unread: Vec<Unread>,
}

/// What is proposed for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed<T> {
    /// This, with where it was found.
    Found(T, String),
    /// One of these; a person chooses.
    Choice(Vec<T>),
    /// It may be among what could not be read: what that is and why, a line each.
    NotRead(Vec<String>),
    /// Everything was read, and nothing was found.
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

    /// The same, where nothing was found although not everything was read.
    fn or_not_read(self, unread: Vec<String>) -> Self {
        match self {
            Self::Missing if !unread.is_empty() => Self::NotRead(unread),
            other => other,
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
    /// Identifier of the global cluster.
    pub global_cluster: String,
    /// The region that serves in steady state.
    pub primary: ProposedRegion,
    /// The disaster-recovery region.
    pub dr: ProposedRegion,
    /// Services that both regions have, with the primary's capacity; nothing is found where there is none.
    pub services: Proposed<Vec<Service>>,
    /// What people should know of the services.
    pub service_remarks: Vec<String>,
    /// The records that say which region serves: all names that lead to the same endpoint.
    pub records: Proposed<Vec<RecordName>>,
    /// Records that lead into either region and cannot be used.
    pub record_remarks: Vec<String>,
    /// Name of the record where its zone is not known.
    pub record_name: Option<String>,
    /// Path of the public health URL.
    pub health_path: Proposed<String>,
    /// What could not be read.
    pub unread: Vec<Unread>,
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
    /// Custom domains that a record cannot point at.
    pub endpoint_remarks: Vec<String>,
    /// The listener with the target group of production.
    pub listener: Proposed<ProposedListener>,
    /// What people should know of the listener.
    pub listener_remarks: Vec<String>,
}

/// A listener, or a rule of one, that takes the application's requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedListener {
    /// Listener and target group.
    pub listener: Listener,
    /// The rule that forwards to the target group, where the default action does not.
    pub rule: Option<String>,
}

/// Decides what to propose.
pub fn propose(findings: Findings) -> Proposal {
    let chosen = services::choose(&findings);
    let fronted = listener::fronted(&findings, &chosen);
    let record = record::record(&findings, &fronted);
    let health_path = health_path(&findings, &fronted);
    let region = |member: &Member, inventory, ecs_cluster, listener, listener_remarks| {
        let (endpoint, endpoint_remarks) = endpoint::endpoint(&findings, member, inventory, &record.records, &fronted);
        ProposedRegion { member: member.clone(), ecs_cluster, endpoint, endpoint_remarks, listener, listener_remarks }
    };
    let Chosen { primary_cluster, dr_cluster, services, remarks } = chosen;
    let Fronted { primary, dr, remarks: listener_remarks, .. } = fronted.clone();
    Proposal {
        global_cluster: findings.global_cluster.clone(),
        primary: region(&findings.primary, &findings.in_primary, primary_cluster, primary, listener_remarks.clone()),
        dr: region(&findings.dr, &findings.in_dr, dr_cluster, dr, listener_remarks),
        services,
        service_remarks: remarks,
        records: record.records,
        record_remarks: record.remarks,
        record_name: record.name,
        health_path,
        unread: findings.all_unread().cloned().collect(),
    }
}

/// The path that the target groups of production are checked at; the primary's, or DR's where the primary's is not known.
fn health_path(findings: &Findings, fronted: &Fronted) -> Proposed<String> {
    let of = |inventory: &Inventory| {
        let mut paths: Vec<String> = Vec::new();
        for (_, path) in inventory.health_paths.iter().filter(|(arn, _)| fronted.target_groups.contains(arn)) {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        Proposed::of(paths, "health check of the target group")
    };
    let found = match of(&findings.in_primary) {
        Proposed::Missing => of(&findings.in_dr),
        found => found,
    };
    let both = findings.in_primary.unread.iter().chain(&findings.in_dr.unread);
    found.or_not_read(unread(both, &[Part::HealthPaths, Part::Services]))
}
