//! What was gathered, and what could not be.

use std::fmt;

use super::Findings;
use crate::topology::{Endpoint, RecordName};

/// A DB cluster of a global cluster, as its ARN tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Partition: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
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
    /// Application and Network Load Balancers with their listeners.
    pub balancers: Vec<Balancer>,
    /// Health check paths by the ARN of their target group.
    pub health_paths: Vec<(String, String)>,
    /// API Gateway's custom domains.
    pub domains: Vec<CustomDomain>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// Something that AWS was asked for, and did not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Which part of a proposal may lack something by it.
    pub part: Part,
    /// What it is, for people.
    pub what: String,
    /// AWS's words, or this program's bound.
    pub why: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not read: {}", self.what, self.why)
    }
}

/// Parts of an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// ECS clusters and services.
    Services,
    /// Application Auto Scaling's targets.
    Scaling,
    /// Load balancers, listeners and rules.
    Balancers,
    /// Target groups' health checks.
    HealthPaths,
    /// API Gateway's custom domains.
    Domains,
    /// Route 53's records.
    Records,
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
    /// Minimum of its scalable target, if it has one that could be read.
    pub min: Option<i32>,
    /// Target groups that its tasks register with; with blue/green deployments both.
    pub target_groups: Vec<String>,
    /// Listener rules that ECS moves between its target groups.
    pub production_rules: Vec<String>,
    /// Whether its deployments move a listener between target groups: blue/green and the like, CodeDeploy, or an external controller.
    pub moves_listener: bool,
}

/// A load balancer.
#[derive(Debug, Clone)]
pub struct Balancer {
    /// Name.
    pub name: String,
    /// As an alias wants it.
    pub endpoint: Endpoint,
    /// Its listeners, as far as they could be read.
    pub listeners: Vec<FrontListener>,
}

/// A listener of a load balancer.
#[derive(Debug, Clone)]
pub struct FrontListener {
    /// ARN.
    pub arn: String,
    /// Port.
    pub port: Option<i32>,
    /// Target groups of its default actions, with their weights.
    pub forwards_to: Vec<(String, i32)>,
    /// Its rules, as far as they could be read.
    pub rules: Vec<FrontRule>,
}

/// A rule of a listener.
#[derive(Debug, Clone)]
pub struct FrontRule {
    /// ARN.
    pub arn: String,
    /// Whether it is the listener's default action under another name.
    pub is_default: bool,
    /// Target groups of its actions, with their weights.
    pub forwards_to: Vec<(String, i32)>,
}

impl Balancer {
    /// Every target group that it forwards to.
    pub(super) fn target_groups(&self) -> impl Iterator<Item = &str> {
        self.listeners
            .iter()
            .flat_map(|listener| {
                listener.forwards_to.iter().chain(listener.rules.iter().flat_map(|rule| &rule.forwards_to))
            })
            .map(|(arn, _)| arn.as_str())
    }
}

/// A custom domain of API Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomDomain {
    /// Its name, perhaps a wildcard such as `*.example.com`.
    pub name: String,
    /// What a record could point at.
    pub kind: DomainKind,
    /// `AVAILABLE`, or why it is not.
    pub status: Option<String>,
}

/// What a custom domain is reached at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainKind {
    /// A name in its region, as an alias wants it.
    Regional(Endpoint),
    /// A CloudFront distribution, of which there can be one for a name: no use for a pair of regions.
    Edge,
    /// Nothing public.
    Private,
}

/// A record that leads somewhere by name.
#[derive(Debug, Clone)]
pub struct Pointer {
    /// Hosted zone that it is in, and its name.
    pub record: RecordName,
    /// `A`, `AAAA` or `CNAME`.
    pub kind: String,
    /// The name that it leads to.
    pub target: String,
    /// Zone of that name; `None` for a CNAME, which is no alias.
    pub target_zone: Option<String>,
    /// What makes it more than a simple record; empty if nothing does.
    pub routing: Vec<String>,
}

impl Pointer {
    /// Whether it is what Standby moves: a simple alias A record.
    pub(super) fn is_usable(&self) -> bool {
        self.kind == "A" && self.target_zone.is_some() && self.routing.is_empty()
    }
}

impl Findings {
    /// Everything that could not be read.
    pub(super) fn all_unread(&self) -> impl Iterator<Item = &Unread> {
        self.in_primary.unread.iter().chain(&self.in_dr.unread).chain(&self.unread)
    }
}

/// Those of some parts, a line each.
pub(super) fn unread<'a>(all: impl IntoIterator<Item = &'a Unread>, parts: &[Part]) -> Vec<String> {
    all.into_iter().filter(|unread| parts.contains(&unread.part)).map(ToString::to_string).collect()
}
