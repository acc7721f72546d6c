//! One protected application in its two regions, as the simulation starts it: every name that a configuration needs.

use std::{net::IpAddr, time::Duration};

use serde::Serialize;

use crate::{
    dice,
    needs::SiteNeeds,
    region::Region,
    zones::{OtherZone, ZoneFeatures, ZoneRecord},
};

/// Which of a pair's two regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The region that serves in steady state.
    Primary,
    /// The disaster-recovery region.
    Dr,
}

impl Side {
    /// Both sides, the primary first.
    pub const BOTH: [Side; 2] = [Side::Primary, Side::Dr];

    /// The side across from this one.
    pub fn other(self) -> Self {
        match self {
            Self::Primary => Self::Dr,
            Self::Dr => Self::Primary,
        }
    }
}

/// The two target groups of a blue/green listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// The idle page: one fixed target that answers 503.
    Blue,
    /// The production stack: the tasks of the first balanced service.
    Green,
}

impl Colour {
    /// Lower-case name, as it ends the target group's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }
}

/// What becomes of the old primary's cluster after a managed failover, once its region answers. Until then it is a member
/// of the global cluster that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OldPrimary {
    /// Aurora re-adds it as a secondary on a new volume, after attempting a snapshot of the old one.
    Rejoins,
    /// It cannot be re-added: it stands alone with stale data and its instances, and takes writes of its own.
    Detached,
}

/// One application: a global cluster, services, listeners and a record in a pair of regions.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Application name; also the name of its load balancers.
    pub name: String,
    /// AWS account, twelve digits.
    pub account: String,
    /// Identifier of the Aurora global cluster.
    pub global_cluster: String,
    /// Aurora PostgreSQL version, the same in both regions.
    pub engine_version: String,
    /// What becomes of the old primary after a managed failover.
    pub old_primary: OldPrimary,
    /// The region that serves in steady state.
    pub primary: Site,
    /// The disaster-recovery region.
    pub dr: Site,
    /// ECS services, with the same names in both regions.
    pub services: Vec<EcsService>,
    /// Public hosted zone of the record.
    pub zone: HostedZone,
    /// Name of the alias record that says which region serves, without trailing dot.
    pub record: String,
    /// Hosted zones beside that one.
    pub more_zones: Vec<OtherZone>,
    /// Names that say which region serves beside `record`: hosted zone's id and name.
    pub more_names: Vec<(String, String)>,
    /// Record sets beside the alias `A` at `record`, in any of the zones.
    pub more_records: Vec<ZoneRecord>,
    /// What its hosted zones demand of whoever changes their records.
    pub zone_features: ZoneFeatures,
    /// Scheduled actions of Application Auto Scaling.
    pub schedules: Vec<ScheduledChange>,
    /// Whether a rule of the listener takes the production traffic, in place of its default actions.
    pub rule: bool,
}

/// One region's part of a pair.
#[derive(Debug, Clone)]
pub struct Site {
    /// AWS region.
    pub region: Region,
    /// Identifier of the Aurora DB cluster.
    pub db_cluster: String,
    /// DB instances; 0 makes a secondary headless.
    pub db_instances: usize,
    /// Class of the DB instances; `db.serverless` scales within `db_acu`.
    pub db_instance_class: String,
    /// Least and most Aurora capacity units, of Aurora Serverless v2.
    pub db_acu: Option<(f64, f64)>,
    /// Patch level of the engine, if it differs from the pair's version: `16.4.1` for 1.
    pub db_patch: Option<u32>,
    /// Id of the KMS key.
    pub kms_key: String,
    /// What state the key is in, and whose it is.
    pub kms_state: KeyState,
    /// Availability zones in use, two or three.
    pub zones: usize,
    /// Name of the ECS cluster.
    pub ecs_cluster: String,
    /// Regional domain name of the API Gateway custom domain.
    pub endpoint: Endpoint,
    /// Where the listener points at the start.
    pub live: Colour,
    /// Fargate on-demand quota, in vCPU.
    pub vcpu_quota: f64,
    /// What its tasks need before they can start.
    pub needs: SiteNeeds,
    /// Fargate Spot quota, in vCPU.
    pub spot_quota: f64,
}

/// A KMS key's state, as far as a promote depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// A customer manages it, and it is enabled.
    Enabled,
    /// It is AWS's own, `aws/rds`.
    AwsManaged,
    /// A customer has disabled it.
    Disabled,
    /// It is going to be deleted, and can't be used meanwhile.
    PendingDeletion,
}

/// What the alias record points to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Regional domain name.
    pub dns_name: String,
    /// Hosted zone id of that domain name, not of the record's zone.
    pub zone: String,
    /// Address that the domain name resolves to.
    pub address: IpAddr,
}

/// A public hosted zone.
#[derive(Debug, Clone)]
pub struct HostedZone {
    /// Id without the `/hostedzone/` prefix.
    pub id: String,
    /// Name without trailing dot.
    pub name: String,
}

/// An ECS service and its capacity in production; in the DR region it starts warm idle, with one task and a minimum of
/// one.
#[derive(Debug, Clone)]
pub struct EcsService {
    /// Service name, the same in both regions.
    pub name: String,
    /// Tasks in production.
    pub desired: u32,
    /// Application Auto Scaling's minimum in production.
    pub min: u32,
    /// Application Auto Scaling's maximum, in both regions.
    pub max: u32,
    /// Whether its tasks are targets of a target group.
    pub balanced: bool,
    /// What deploys it. All but [`Deploys::Rolling`] have deployed it an odd number of times, so that its tasks are in the alternate target group.
    pub deploys: Deploys,
    /// Whether its tasks run on `FARGATE_SPOT`.
    pub spot: bool,
}

/// What deploys a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Deploys {
    /// ECS, in place.
    #[default]
    Rolling,
    /// ECS, blue/green: it sets the weights of the production rule.
    BlueGreen,
    /// CodeDeploy: task sets, beside what the service itself still names.
    CodeDeploy,
    /// Somebody else: only task sets say what runs, at this percentage of the desired count.
    External(u8),
}

/// A one-time scheduled action on a service's scalable target.
#[derive(Debug, Clone)]
pub struct ScheduledChange {
    /// Action name.
    pub name: String,
    /// Where it acts.
    pub side: Side,
    /// Service it acts on.
    pub service: String,
    /// When, counted from the scenario's epoch.
    pub after: Duration,
    /// New minimum.
    pub min: u32,
    /// New maximum.
    pub max: u32,
}

impl Site {
    /// Version of its DB cluster, with the patch level where that is its own.
    pub(crate) fn engine_version(&self, pair: &Pair) -> String {
        match self.db_patch {
            Some(patch) => format!("{}.{patch}", pair.engine_version),
            None => pair.engine_version.clone(),
        }
    }
}

impl Pair {
    /// An application with services `web`, `api` and `worker`, between `us-east-1` and `us-west-2`. `number` keeps the
    /// endpoints and addresses of several applications apart, and starts at 1.
    pub fn named(name: &str, number: u8) -> Self {
        let service = |service: &str, desired, balanced| EcsService {
            name: service.to_owned(),
            desired,
            min: desired,
            max: 12,
            balanced,
            deploys: Deploys::Rolling,
            spot: false,
        };
        Self {
            name: name.to_owned(),
            account: "123456789012".to_owned(),
            global_cluster: format!("{name}-global"),
            engine_version: "16.4".to_owned(),
            old_primary: OldPrimary::Rejoins,
            primary: Site {
                region: Region::from("us-east-1"),
                db_cluster: format!("{name}-primary"),
                db_instances: 2,
                db_instance_class: "db.r6g.large".to_owned(),
                db_acu: None,
                db_patch: None,
                kms_key: dice::uuid(&format!("{name}/kms/primary")),
                kms_state: KeyState::Enabled,
                zones: 3,
                ecs_cluster: name.to_owned(),
                endpoint: Endpoint {
                    dns_name: format!("d-primary{number:02}.execute-api.us-east-1.amazonaws.com"),
                    zone: "Z1UJRXOUMOOFQ8".to_owned(),
                    // RFC 5737: documentation addresses, one network a region.
                    address: [203, 0, 113, number].into(),
                },
                live: Colour::Green,
                vcpu_quota: 200.0,
                needs: SiteNeeds::default(),
                spot_quota: 200.0,
            },
            dr: Site {
                region: Region::from("us-west-2"),
                db_cluster: format!("{name}-dr"),
                db_instances: 2,
                db_instance_class: "db.r6g.large".to_owned(),
                db_acu: None,
                db_patch: None,
                kms_key: dice::uuid(&format!("{name}/kms/dr")),
                kms_state: KeyState::Enabled,
                zones: 2,
                ecs_cluster: name.to_owned(),
                endpoint: Endpoint {
                    dns_name: format!("d-dr{number:02}.execute-api.us-west-2.amazonaws.com"),
                    zone: "Z2OJLYMUO9EFXC".to_owned(),
                    address: [198, 51, 100, number].into(),
                },
                live: Colour::Blue,
                vcpu_quota: 200.0,
                needs: SiteNeeds::default(),
                spot_quota: 200.0,
            },
            services: vec![service("web", 4, true), service("api", 6, true), service("worker", 3, false)],
            zone: HostedZone { id: format!("Z0123{}", name.to_uppercase()), name: format!("{name}.example") },
            record: format!("app.{name}.example"),
            more_zones: Vec::new(),
            more_names: Vec::new(),
            more_records: Vec::new(),
            zone_features: ZoneFeatures::default(),
            schedules: Vec::new(),
            rule: false,
        }
    }

    /// The region on that side.
    pub fn site(&self, side: Side) -> &Site {
        match side {
            Side::Primary => &self.primary,
            Side::Dr => &self.dr,
        }
    }

    /// The host that visitors ask for: the record's name, or one below it where that is a wildcard.
    pub fn host(&self) -> String {
        self.record.replacen('*', "app", 1)
    }

    /// ARN of the global cluster; its region is empty.
    pub fn global_cluster_arn(&self) -> String {
        format!("arn:aws:rds::{}:global-cluster:{}", self.account, self.global_cluster)
    }

    /// ARN of that side's DB cluster.
    pub fn db_cluster_arn(&self, side: Side) -> String {
        self.arn(side, "rds", &format!("cluster:{}", self.site(side).db_cluster))
    }

    /// ARN of that side's KMS key.
    pub fn kms_key_arn(&self, side: Side) -> String {
        self.arn(side, "kms", &format!("key/{}", self.site(side).kms_key))
    }

    /// ARN of that side's load balancer.
    pub fn load_balancer_arn(&self, side: Side) -> String {
        self.arn(side, "elasticloadbalancing", &format!("loadbalancer/app/{}/{}", self.name, self.balancer_id(side)))
    }

    /// ARN of that side's HTTPS listener.
    pub fn listener_arn(&self, side: Side) -> String {
        let id = dice::hex_id(&format!("listener/{}/{side:?}", self.name), 16);
        self.arn(side, "elasticloadbalancing", &format!("listener/app/{}/{}/{id}", self.name, self.balancer_id(side)))
    }

    /// ARN of the target group that is switched by colour.
    pub fn target_group_arn(&self, side: Side, colour: Colour) -> String {
        self.named_target_group_arn(side, colour.as_str())
    }

    /// ARN of the target group `<application>-<suffix>`.
    pub(crate) fn named_target_group_arn(&self, side: Side, suffix: &str) -> String {
        let name = format!("{}-{suffix}", self.name);
        let id = dice::hex_id(&format!("target-group/{name}/{side:?}"), 16);
        self.arn(side, "elasticloadbalancing", &format!("targetgroup/{name}/{id}"))
    }

    /// The rule that sends traffic to a service: the first balanced one has the production traffic, the others paths of their own.
    pub(crate) fn service_rule_arn(&self, side: Side, service: &EcsService) -> String {
        let mut balanced = self.services.iter().filter(|other| other.balanced).map(|other| &other.name);
        match balanced.position(|name| *name == service.name) {
            None | Some(0) => self.rule_arn(side),
            Some(number) => {
                format!("{}/{number:016x}", self.listener_arn(side).replace(":listener/", ":listener-rule/"))
            }
        }
    }

    /// The other target group of a service that is deployed blue/green; there its tasks are.
    pub(crate) fn alternate_target_group_arn(&self, side: Side, service: &EcsService) -> Option<String> {
        let alternate = service.balanced && service.deploys != Deploys::Rolling;
        alternate.then(|| self.named_target_group_arn(side, &format!("{}-alt", service.name)))
    }

    /// The rule that takes the production traffic, where one does: the pair's, or ECS's.
    pub fn rule_arn(&self, side: Side) -> String {
        format!("{}/{:016x}", self.listener_arn(side).replace(":listener/", ":listener-rule/"), 0xfeed)
    }

    /// The target group that a service's tasks register with: the first balanced one is behind the default action and
    /// has colours, the others have one of their own behind a rule.
    pub(crate) fn service_target_group_arn(&self, side: Side, service: &EcsService) -> Option<String> {
        let first = self.services.iter().find(|other| other.balanced).map(|other| &other.name);
        service.balanced.then(|| {
            let suffix = if first == Some(&service.name) { Colour::Green.as_str() } else { &service.name };
            self.named_target_group_arn(side, suffix)
        })
    }

    /// Name of the CodeBuild project in the DR region that applies the primary region's Terraform stack.
    pub fn build_project(&self) -> String {
        format!("{}-terraform", self.name)
    }

    /// URL whose answer says whether the application serves.
    pub fn health_url(&self) -> String {
        format!("https://{}/health", self.host())
    }

    /// ARN of something of this pair on that side.
    pub(crate) fn arn(&self, side: Side, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.site(side).region, self.account)
    }

    pub(crate) fn balancer_id(&self, side: Side) -> String {
        dice::hex_id(&format!("balancer/{}/{side:?}", self.name), 16)
    }
}
