//! The protected pair as configuration describes it: what belongs to an application in its two regions.

mod failback;
mod listener;
mod records;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer};
use url::Url;

pub use failback::{CodeBuild, Failback, Stacks};
pub use listener::{Listener, target_group_name};
pub use records::{RecordName, plain_name, zone_id};

use crate::plan::StepId;

/// All applications by name.
pub type Applications = BTreeMap<String, Application>;

/// One protected pair: a global cluster, the services, listeners and the record in front of them, in two regions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Whether anybody depends on it.
    #[serde(default)]
    pub environment: Environment,
    /// Identifier of the Aurora global cluster, in lower case.
    #[serde(deserialize_with = "rds_identifier")]
    pub global_cluster: String,
    /// The region that serves in steady state.
    pub primary: Region,
    /// The disaster-recovery region.
    pub dr: Region,
    /// ECS services, with the same name in both regions.
    pub services: Vec<Service>,
    /// The records that say which region serves; at least one. `record` in place of `records` names a single one.
    #[serde(alias = "record", deserialize_with = "records::one_or_more")]
    pub records: Vec<RecordName>,
    /// How the promoted region is verified.
    pub verify: Verify,
    /// The way back.
    #[serde(default)]
    pub failback: Failback,
    /// Bounds and expectations, in seconds.
    #[serde(default)]
    pub timing: Timing,
}

/// Whether anybody depends on a pair: what is done to it is the same, and people must never mistake one for the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Users do.
    #[default]
    Live,
    /// Nobody does: it is there to exercise with.
    Drill,
}

impl Environment {
    /// Whether users depend on it.
    pub fn is_live(&self) -> bool {
        *self == Self::Live
    }
}

/// Which of the two regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SideName {
    /// The region that serves in steady state.
    Primary,
    /// The disaster-recovery region.
    Dr,
}

impl SideName {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Primary => Self::Dr,
            Self::Dr => Self::Primary,
        }
    }
}

impl Application {
    /// The side with that region.
    pub fn side_in(&self, region: &str) -> Option<SideName> {
        [SideName::Primary, SideName::Dr].into_iter().find(|&side| self.side(side).region == region)
    }

    /// The region on that side.
    pub fn side(&self, side: SideName) -> &Region {
        match side {
            SideName::Primary => &self.primary,
            SideName::Dr => &self.dr,
        }
    }

    /// The role for a hosted zone's calls, where it has one of its own.
    pub fn zone_role(&self, zone: &str) -> Option<&str> {
        self.records.iter().find(|record| record.zone == zone)?.role_arn.as_deref()
    }

    /// The hosted zones of the configured names, each once, in the configuration's order.
    pub fn zones(&self) -> Vec<&str> {
        let mut zones: Vec<&str> = Vec::new();
        for record in &self.records {
            if !zones.contains(&record.zone.as_str()) {
                zones.push(&record.zone);
            }
        }
        zones
    }

    /// The configured names, for people.
    pub fn record_names(&self) -> String {
        self.records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Which side an alias target belongs to, if to either. DNS names are compared without case, trailing dot and
    /// Route 53's `dualstack.` prefix.
    pub fn side_of_target(&self, dns_name: &str) -> Option<SideName> {
        let wanted = normal(dns_name);
        [SideName::Primary, SideName::Dr].into_iter().find(|&side| normal(&self.side(side).endpoint.dns_name) == wanted)
    }
}

/// A DNS name as it is compared: lower case, without trailing dot or `dualstack.` prefix.
pub fn normal(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.strip_prefix("dualstack.").map(str::to_owned).unwrap_or(name)
}

/// One region's part of an application.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// AWS region, such as `us-west-2`.
    pub region: String,
    /// Role to assume for every call to this region; the SDK's own identity if absent, unless there are `roles`.
    pub role_arn: Option<String>,
    /// A role for each duty, instead of one for all.
    pub roles: Option<Roles>,
    /// Account that the caller must be in; not checked if absent.
    pub account: Option<String>,
    /// Identifier of the Aurora DB cluster, in lower case.
    #[serde(deserialize_with = "rds_identifier")]
    pub db_cluster: String,
    /// Name of the ECS cluster.
    pub ecs_cluster: String,
    /// Target of the alias record when this region serves.
    pub endpoint: Endpoint,
    /// The listener to switch where blue/green is in play.
    pub listener: Option<Listener>,
}

impl Region {
    /// The role that a duty's calls are made with; `None` is the SDK's own identity.
    pub fn role(&self, duty: Duty) -> Option<&str> {
        match (&self.roles, duty) {
            (None, _) => self.role_arn.as_deref(),
            (Some(roles), Duty::Read) => Some(&roles.read),
            (Some(roles), Duty::Promote) => Some(&roles.promote),
            (Some(roles), Duty::Failback) => Some(&roles.failback),
        }
    }
}

/// A role for each duty, by ARN, so that what looks cannot act, and what moves cannot delete.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// For [`Duty::Read`].
    pub read: String,
    /// For [`Duty::Promote`].
    pub promote: String,
    /// For [`Duty::Failback`].
    pub failback: String,
}

/// What a call is made for, by which its role is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Looking.
    Read,
    /// Moving the writer, capacity, listener and record, in either direction.
    Promote,
    /// What only the rebuild of a former primary needs: its snapshots and their copies, its deletion, and the build that makes it anew.
    Failback,
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Promote, Self::Failback];

    /// Its name in the configuration, and at the end of its role's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Promote => "promote",
            Self::Failback => "failback",
        }
    }
}

/// The regional domain name of an API Gateway custom domain (or a load balancer), as an alias wants it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Regional domain name.
    pub dns_name: String,
    /// Hosted zone id of that domain name (not of the record's zone).
    pub zone: String,
}

/// An ECS service and its capacity in production.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Service name, the same in both regions.
    pub name: String,
    /// Tasks that must run in production.
    pub desired: i32,
    /// Application Auto Scaling's minimum in production.
    pub min: i32,
    /// Tasks, and minimum, at warm idle in DR.
    #[serde(default = "Service::default_idle")]
    pub idle: i32,
}

impl Service {
    fn default_idle() -> i32 {
        1
    }
}

/// How the promoted region is verified.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Public health URL; its host is the record's name.
    pub url: Url,
    /// Good answers in a row that are demanded.
    #[serde(default = "Verify::default_consecutive")]
    pub consecutive: u32,
    /// Time between two requests.
    #[serde(with = "seconds", default = "Verify::default_interval")]
    pub interval: Duration,
    /// Highest share of bad answers, 0 to 1, accepted from the first good answer on.
    #[serde(default = "Verify::default_max_error_rate")]
    pub max_error_rate: f64,
}

impl Verify {
    fn default_consecutive() -> u32 {
        5
    }

    fn default_interval() -> Duration {
        Duration::from_secs(1)
    }

    fn default_max_error_rate() -> f64 {
        0.05
    }
}

/// Bounds and expectations. All in whole seconds in the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// How long a gate waits for people.
    #[serde(with = "seconds")]
    pub gate_expiry: Duration,
    /// How long before that people are reminded; never where it is zero or no shorter than the expiry.
    #[serde(with = "seconds")]
    pub gate_warning: Duration,
    /// Deadline and expectation of each step.
    pub database: StepTiming,
    /// See `database`.
    pub capacity: StepTiming,
    /// See `database`.
    pub fence: StepTiming,
    /// See `database`.
    pub listener: StepTiming,
    /// See `database`.
    pub dns: StepTiming,
    /// See `database`.
    pub verify: StepTiming,
    /// See `database`.
    pub snapshot: StepTiming,
    /// See `database`; a copy of what Aurora saved.
    pub rescue: StepTiming,
    /// See `database`; the last snapshot takes as long as `snapshot` on top of it.
    pub delete: StepTiming,
    /// See `database`; people apply Terraform meanwhile.
    pub rebuild: StepTiming,
    /// See `database`; minutes to hours, by the size of the database.
    pub replication: StepTiming,
    /// See `database`.
    pub idle: StepTiming,
    /// See `database`.
    pub reconcile: StepTiming,
    /// How long an accepted call may take to show before it counts as without effect, and how long a call whose outcome is not known is
    /// given to show before it is made again.
    #[serde(with = "seconds")]
    pub settle: Duration,
    /// Time between two observations of a step.
    #[serde(with = "seconds")]
    pub poll: Duration,
    /// The same for steps that take minutes to days: snapshot, rescue, delete, rebuild, replication.
    #[serde(with = "seconds")]
    pub slow_poll: Duration,
    /// Deadline for one observation towards either region.
    #[serde(with = "seconds")]
    pub observation: Duration,
}

/// How long a step may take, and how long people expect it to.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTiming {
    /// After this the step fails and the run pauses.
    #[serde(with = "seconds")]
    pub deadline: Duration,
    /// What the report compares with.
    #[serde(with = "seconds")]
    pub expected: Duration,
}

impl StepTiming {
    const fn new(expected: u64, deadline: u64) -> Self {
        Self { deadline: Duration::from_secs(deadline), expected: Duration::from_secs(expected) }
    }
}

impl Timing {
    /// Deadline and expectation of that step.
    pub fn step(&self, step: StepId) -> StepTiming {
        match step {
            StepId::Database => self.database,
            StepId::Capacity => self.capacity,
            StepId::Fence => self.fence,
            StepId::Listener => self.listener,
            StepId::Dns => self.dns,
            // It asks the same as `verify`, before the users are there.
            StepId::Endpoint | StepId::Verify => self.verify,
            StepId::Snapshot => self.snapshot,
            StepId::Rescue => self.rescue,
            StepId::Delete => self.delete,
            StepId::Rebuild => self.rebuild,
            StepId::Replication => self.replication,
            StepId::Idle => self.idle,
            StepId::Reconcile => self.reconcile,
        }
    }
}

impl Default for Timing {
    /// The article's honest figures: 60–120 s to promote, 60–180 s to scale, a 60 s TTL.
    fn default() -> Self {
        Self {
            gate_expiry: Duration::from_secs(15 * 60),
            gate_warning: Duration::from_secs(5 * 60),
            database: StepTiming::new(120, 900),
            capacity: StepTiming::new(180, 900),
            fence: StepTiming::new(30, 60),
            listener: StepTiming::new(10, 120),
            dns: StepTiming::new(60, 900),
            verify: StepTiming::new(90, 600),
            snapshot: StepTiming::new(600, 4 * 3_600),
            rescue: StepTiming::new(600, 4 * 3_600),
            delete: StepTiming::new(900, 2 * 3_600),
            rebuild: StepTiming::new(3_600, 7 * 86_400),
            replication: StepTiming::new(3_600, 7 * 86_400),
            idle: StepTiming::new(120, 900),
            reconcile: StepTiming::new(60, 600),
            settle: Duration::from_secs(20),
            poll: Duration::from_secs(2),
            slow_poll: Duration::from_secs(15),
            observation: Duration::from_secs(2),
        }
    }
}

/// An identifier as RDS stores it and tells it everywhere: in lower case, whatever it was created with. CloudWatch's dimensions and ARNs have it so, and
/// tell case apart.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html>
///
/// # Errors
/// When it's no text.
pub fn rds_identifier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(String::deserialize(deserializer)?.trim().to_ascii_lowercase())
}

/// Durations as a number of seconds, fractions allowed.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
