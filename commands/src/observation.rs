//! What was seen of a pair at one moment. Plain data: what could not be seen says why, and is never guessed.

mod listener;
mod records;
mod service;
mod zones;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    listener::{ListenerAction, ListenerState, WeightedTarget},
    records::{Alias, NamedRecord, RecordSet},
    service::{
        Controller, Governed, Provider, Rollout, ScalableTarget, ServiceState, Suspended, TargetGroup, TaskShape,
        Trouble,
    },
    zones::{NamedZone, Protection, ZoneState},
};
use crate::{dependencies::Dependencies, elsewhere::FoundCluster, topology::SideName, vcpus::VcpuQuotas};

/// Something that was looked at: what it was, or why it could not be seen. As JSON, an object with one key:
/// `{"known": …}`, `{"unknown": "reason"}` or `{"refused": "reason"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen<T> {
    /// It was seen.
    Known(T),
    /// There was no answer, and another look may get one: a timeout, a broken connection, an error inside AWS, throttling, or it was not
    /// looked up. The reason, for people.
    Unknown(String),
    /// AWS answered, and asking again gets the same answer until somebody changes something: denied, not found, wrong keys, a region that is
    /// not enabled, a clock that is off. The reason, for people. Never a sign of a dark region.
    Refused(String),
}

impl<T> Seen<T> {
    /// The value, if it was seen.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) | Self::Refused(_) => None,
        }
    }

    /// The same of what was seen.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Known(value) => Seen::Known(of(value)),
            Self::Unknown(why) => Seen::Unknown(why),
            Self::Refused(why) => Seen::Refused(why),
        }
    }

    /// Why it was not seen, whether nobody answered or AWS refused.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(why) | Self::Refused(why) => Some(why),
        }
    }

    /// Why AWS refused to show it.
    pub fn refused(&self) -> Option<&str> {
        match self {
            Self::Known(_) | Self::Unknown(_) => None,
            Self::Refused(why) => Some(why),
        }
    }
}

/// Everything seen of one application's pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When the last part of it was seen.
    pub at: Timestamp,
    /// The global cluster as the DR region tells it.
    pub global: Seen<GlobalCluster>,
    /// Replication lag of the side that is to take over, as its region's CloudWatch has it: DR's, or the primary's where the way back is looked at.
    /// `Known(None)`: there is no datapoint.
    pub lag: Seen<Option<Lag>>,
    /// The records that say which region serves, in the configuration's order.
    #[serde(default)]
    pub records: Vec<NamedRecord>,
    /// The hosted zones that they are in, each once.
    #[serde(default)]
    pub zones: Vec<NamedZone>,
    /// The primary region's DB clusters by any identifier; listed only where the way back finds no member of the global cluster there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Seen<Vec<FoundCluster>>>,
    /// The region that serves in steady state.
    pub primary: Side,
    /// The disaster-recovery region.
    pub dr: Side,
}

impl Observation {
    /// That side's part.
    pub fn side(&self, side: SideName) -> &Side {
        match side {
            SideName::Primary => &self.primary,
            SideName::Dr => &self.dr,
        }
    }
}

/// An Aurora global cluster (RDS `GlobalCluster`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalCluster {
    /// ARN, which has no region.
    pub arn: String,
    /// `available`, …
    pub status: String,
    /// Engine version.
    pub engine_version: String,
    /// A failover or switchover under way (`FailoverState`); absent when idle.
    pub failover: Option<FailoverState>,
    /// Its DB clusters.
    pub members: Vec<Member>,
}

impl GlobalCluster {
    /// The member that is the writer.
    pub fn writer(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.writer)
    }

    /// The member with that DB cluster identifier in that region.
    pub fn member(&self, region: &str, db_cluster: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.is(region, db_cluster))
    }
}

/// A failover or switchover under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailoverState {
    /// `pending`, `failing-over`, `switching-over`, `cancelling`, compared as text since the SDK's enum may lack a value.
    pub status: String,
    /// ARN of the cluster that is to become the writer.
    pub to: Option<String>,
}

/// A DB cluster in a global cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// DB cluster ARN.
    pub arn: String,
    /// Whether it takes writes.
    pub writer: bool,
    /// `connected`, `pending-resync`; absent for the writer.
    pub synchronization: Option<String>,
}

impl Member {
    /// The region named in the ARN.
    pub fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    /// The DB cluster identifier named in the ARN.
    pub fn db_cluster(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }

    /// Whether it is that DB cluster.
    pub fn is(&self, region: &str, db_cluster: &str) -> bool {
        self.region() == region && self.db_cluster().eq_ignore_ascii_case(db_cluster)
    }
}

/// Replication lag: the data that a failover would lose, `AuroraGlobalDBRPOLag`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    /// Milliseconds.
    pub millis: f64,
    /// The datapoint's time.
    pub at: Timestamp,
}

/// One region's part of an observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Who we are there.
    pub caller: Seen<Caller>,
    /// Its DB cluster. `Known(None)`: there is none.
    pub db: Seen<Option<DbCluster>>,
    /// Its services, in the configuration's order. `Known(None)`: no such service.
    pub services: Vec<NamedService>,
    /// Its listener, where one is configured.
    pub listener: Option<Seen<ListenerState>>,
    /// What its endpoint answered to a health request by the public name: the HTTP status.
    pub endpoint: Seen<u16>,
    /// Fargate's vCPU quotas of the account and region, and what other applications need of them; looked up on the side that is to take over.
    pub vcpu_quotas: Option<VcpuQuotas>,
    /// What its tasks need before they can start; looked up on the side that is to take over.
    #[serde(default)]
    pub dependencies: Option<Dependencies>,
}

/// `sts:GetCallerIdentity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Account id.
    pub account: String,
    /// ARN of the identity.
    pub arn: String,
}

/// An Aurora DB cluster with what readiness needs of its surroundings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DbCluster {
    /// ARN.
    pub arn: String,
    /// `available`, …
    pub status: String,
    /// `aurora-postgresql` or `aurora-mysql`; empty in records of before it was read.
    #[serde(default)]
    pub engine: String,
    /// Engine version.
    pub engine_version: String,
    /// Its resource id, `cluster-…`, which no later cluster of that name shares.
    pub resource_id: String,
    /// Whether it is protected against deletion.
    pub deletion_protection: bool,
    /// The global cluster that it says it belongs to.
    #[serde(default)]
    pub global_cluster: Option<String>,
    /// DB clusters that replicate from it otherwise than through a global cluster (`ReadReplicaIdentifiers`).
    #[serde(default)]
    pub replicas: Vec<String>,
    /// Its instances.
    pub instances: Vec<DbInstance>,
    /// Days for which RDS keeps its automated backups, its own snapshots included; absent in records of before it was read.
    #[serde(default)]
    pub backup_retention_days: Option<i32>,
    /// Between what its serverless instances scale, if it may have some.
    #[serde(default)]
    pub serverless: Option<AcuRange>,
    /// Its KMS key, if encrypted.
    pub key: Option<Seen<KmsKey>>,
    /// Its DB cluster parameter group; absent in records of before it was read.
    #[serde(default)]
    pub parameter_group: Option<String>,
    /// Availability zones that its subnet group spans.
    pub zones: Seen<Vec<String>>,
}

/// A cluster snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Identifier.
    pub id: String,
    /// `creating`, `available`, …
    pub status: String,
    /// How far it is, in percent.
    pub percent: i32,
    /// When it was taken (`SnapshotCreateTime`), by AWS's clock; absent while RDS has not begun it.
    pub taken_at: Option<Timestamp>,
}

impl Snapshot {
    /// Whether it can be restored.
    pub fn is_available(&self) -> bool {
        self.status == "available"
    }

    /// Whether it ended without becoming available.
    pub fn has_failed(&self) -> bool {
        self.status == "failed"
    }

    /// When it was taken, and how long ago that is: `taken 14:02 UTC, 3 min ago`.
    pub fn taken(&self, now: Timestamp) -> String {
        let Some(at) = self.taken_at else { return "taken at a time that RDS doesn't tell".to_owned() };
        let age = now.duration_since(at).as_secs().max(0);
        let (time, ago) = match age {
            0..60 => ("%H:%M UTC", format!("{age} s")),
            60..3_600 => ("%H:%M UTC", format!("{} min", age / 60)),
            3_600..86_400 => ("%H:%M UTC", format!("{} h", age / 3_600)),
            _ => ("%Y-%m-%d %H:%M UTC", format!("{} days", age / 86_400)),
        };
        format!("taken {}, {ago} ago", at.strftime(time))
    }
}

/// Aurora Serverless v2's range (`ServerlessV2ScalingConfiguration`), in Aurora capacity units of about 2 GiB of memory each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AcuRange {
    /// Least. At 0 an instance without connections pauses.
    pub min: f64,
    /// Most.
    pub max: f64,
    /// Seconds without connections after which it pauses, where it may.
    pub pauses_after: Option<i32>,
}

/// A DB instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbInstance {
    /// Identifier.
    pub id: String,
    /// `db.r6g.large`, …
    pub class: String,
    /// `available`, …
    pub status: String,
    /// Whether it's the one that takes the cluster's writes (`IsClusterWriter`).
    #[serde(default)]
    pub writer: bool,
    /// Whether settings wait for a reboot (`pending-reboot` of a parameter group).
    #[serde(default)]
    pub pending_reboot: bool,
}

impl DbInstance {
    /// The class of instances of Aurora Serverless v2.
    pub(crate) const SERVERLESS: &str = "db.serverless";

    /// Whether its capacity is a range, not a class.
    pub fn is_serverless(&self) -> bool {
        self.class == Self::SERVERLESS
    }
}

/// `kms:DescribeKey`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsKey {
    /// ARN.
    pub arn: String,
    /// Whether a customer manages it; a cross-region secondary needs that.
    pub customer_managed: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …; absent in records of before it was read.
    #[serde(default)]
    pub state: Option<String>,
    /// When it is going to be deleted, if it is.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
}

/// A service by its configured name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedService {
    /// Service name.
    pub name: String,
    /// What was seen. `Known(None)`: there is no such service.
    pub state: Seen<Option<ServiceState>>,
}
