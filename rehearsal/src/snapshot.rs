//! What the world looks like, for pages and assertions.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    pair::{Colour, Pair, Side, Site},
    region::Region,
    simulation::{
        Simulation,
        aurora::{DbCluster, snapshots::DbSnapshot},
        balancer::Listener,
        ecs::ServiceKey,
    },
    terraform::TerraformState,
};

/// The world at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// Simulated time.
    pub at: Timestamp,
    /// State of every application, in the scenario's order.
    pub pairs: Vec<PairState>,
}

/// One application.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairState {
    /// Application name.
    pub name: String,
    /// Alias target of the record, as the control plane has it, without trailing dot.
    pub record: Option<String>,
    /// Alias target of every address record at a name that says which region serves: `name (type)` and target.
    pub aliases: Vec<(String, String)>,
    /// Side that the name servers send clients to.
    pub resolves_to: Option<Side>,
    /// Side whose DB cluster is the writer.
    pub writer: Option<Side>,
    /// Status of the failover or switchover on its way.
    pub failover: Option<String>,
    /// How the last apply of the primary region's Terraform stack stands; absent if there was none.
    pub terraform: Option<TerraformState>,
    /// Builds of the project that applies that stack, those that ended included.
    pub builds: usize,
    /// The primary region.
    pub primary: SiteState,
    /// The disaster-recovery region.
    pub dr: SiteState,
}

/// One region's part of an application.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteState {
    /// AWS region.
    pub region: Region,
    /// Whether nothing answers there.
    pub dark: bool,
    /// Whether its public endpoint answers 200.
    pub serves: bool,
    /// Status of the DB cluster.
    pub database: String,
    /// `connected` or `pending-resync`; `detached` or `absent` where it is no member.
    pub synchronization: String,
    /// Where the DB cluster belongs.
    pub membership: Membership,
    /// Whether the DB cluster is protected against deletion.
    pub deletion_protection: bool,
    /// Instances of the DB cluster, those on their way included.
    pub db_instances: usize,
    /// When the DB cluster could last be written to, since the world was made.
    pub last_write_at: Option<Timestamp>,
    /// Snapshots of the DB cluster, by name.
    pub snapshots: Vec<SnapshotState>,
    /// Replication lag in milliseconds, if it is a secondary that reports one.
    pub lag_ms: Option<f64>,
    /// Services, in the scenario's order.
    pub services: Vec<ServiceState>,
    /// Where the listener points.
    pub listener: ListenerState,
}

/// Where a DB cluster belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// To the global cluster.
    Member,
    /// It stands alone.
    Detached,
    /// It does not exist.
    Absent,
}

/// A DB cluster snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotState {
    /// Identifier.
    pub id: String,
    /// `creating`, `available` or `failed`.
    pub status: String,
    /// Whether RDS took it by itself.
    pub automated: bool,
    /// When the data in it was taken.
    pub taken_at: Timestamp,
    /// The snapshot of the same region that it is a copy of.
    pub copy_of: Option<String>,
}

/// A service's capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceState {
    /// Service name.
    pub name: String,
    /// Desired count.
    pub desired: u32,
    /// Tasks that run.
    pub running: usize,
    /// Tasks that have been placed and do not run yet.
    pub pending: usize,
    /// Tasks that run and, where there is a target group, are healthy in it.
    pub healthy: usize,
    /// Minimum of its scalable target.
    pub min: u32,
    /// Maximum of its scalable target.
    pub max: u32,
}

/// A listener's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ListenerState {
    /// Weight of the idle page.
    pub blue: u32,
    /// Weight of the production stack.
    pub green: u32,
}

impl Snapshot {
    pub(crate) fn of(simulation: &Simulation) -> Self {
        let pairs = simulation.scenario.pairs.iter().map(|pair| PairState::of(simulation, pair)).collect();
        Self { at: simulation.now, pairs }
    }
}

impl PairState {
    /// The region's part on that side.
    pub fn side(&self, side: Side) -> &SiteState {
        match side {
            Side::Primary => &self.primary,
            Side::Dr => &self.dr,
        }
    }

    fn of(simulation: &Simulation, pair: &Pair) -> Self {
        let aurora = &simulation.aurora;
        let writer = aurora.writer(&pair.global_cluster).map(|writer| writer.arn.clone());
        let transition = aurora.global_clusters.get(&pair.global_cluster).and_then(|global| global.transition.as_ref());
        let address = simulation.dns.resolve(&pair.host(), "A");
        let [primary, dr] = Side::BOTH.map(|side| SiteState::of(simulation, pair, side));
        Self {
            name: pair.name.clone(),
            record: simulation.dns.alias_of(&pair.zone.id, &pair.record, "A"),
            aliases: aliases(simulation, pair),
            resolves_to: Side::BOTH.into_iter().find(|side| Some(pair.site(*side).endpoint.address) == address),
            writer: Side::BOTH.into_iter().find(|side| Some(pair.db_cluster_arn(*side)) == writer),
            failover: transition.map(|transition| transition.status().to_owned()),
            terraform: simulation.terraform.state(&pair.name).cloned(),
            builds: simulation.codebuild.builds.iter().filter(|build| build.application == pair.name).count(),
            primary,
            dr,
        }
    }
}

fn aliases(simulation: &Simulation, pair: &Pair) -> Vec<(String, String)> {
    let of = |(zone, name, _): (String, String, Option<String>)| {
        ["A", "AAAA"].map(|kind| Some((format!("{name} ({kind})"), simulation.dns.alias_of(&zone, &name, kind)?)))
    };
    pair.names().into_iter().flat_map(of).flatten().collect()
}

impl SiteState {
    fn of(simulation: &Simulation, pair: &Pair, side: Side) -> Self {
        let site = pair.site(side);
        let cluster = simulation.aurora.clusters.get(&pair.db_cluster_arn(side));
        let dark = simulation.is_dark(&site.region);
        Self {
            region: site.region.clone(),
            dark,
            serves: !dark && simulation.can_serve(pair, side, 0).is_ok(),
            database: cluster.map_or("absent", |cluster| simulation.cluster_status(cluster)).to_owned(),
            synchronization: cluster.map_or("absent", |cluster| synchronization(simulation, cluster)).to_owned(),
            membership: membership(cluster),
            deletion_protection: cluster.is_some_and(|cluster| cluster.deletion_protection),
            db_instances: cluster.map_or(0, |cluster| cluster.instances.len()),
            last_write_at: cluster.and_then(|cluster| cluster.wrote_until),
            snapshots: snapshots(simulation, &pair.db_cluster_arn(side), cluster),
            lag_ms: cluster.and_then(|cluster| simulation.current_lag(cluster)),
            services: pair.services.iter().map(|service| ServiceState::of(simulation, site, &service.name)).collect(),
            listener: ListenerState::of(simulation, pair, side),
        }
    }
}

fn membership(cluster: Option<&DbCluster>) -> Membership {
    match cluster {
        None => Membership::Absent,
        Some(cluster) if cluster.global_cluster.is_none() => Membership::Detached,
        Some(_) => Membership::Member,
    }
}

/// Of the cluster that is there, or of those that were there under that ARN.
fn snapshots(simulation: &Simulation, arn: &str, cluster: Option<&DbCluster>) -> Vec<SnapshotState> {
    let is_of = |snapshot: &&DbSnapshot| match cluster {
        Some(cluster) => snapshot.resource_id == cluster.resource_id,
        None => snapshot.cluster_arn == arn,
    };
    let of_cluster = simulation.aurora.snapshots.values().filter(is_of);
    of_cluster
        .map(|snapshot| SnapshotState {
            id: snapshot.id.clone(),
            status: snapshot.status.as_str().to_owned(),
            automated: snapshot.automated,
            taken_at: snapshot.created,
            copy_of: snapshot.source.as_ref().and_then(|arn| Some(arn.split_once(":cluster-snapshot:")?.1.to_owned())),
        })
        .collect()
}

fn synchronization(simulation: &Simulation, cluster: &DbCluster) -> &'static str {
    simulation.aurora.member(cluster).map_or("detached", |member| member.synchronization.as_str())
}

impl ServiceState {
    fn of(simulation: &Simulation, site: &Site, name: &str) -> Self {
        let key = ServiceKey::new(site.region.clone(), &site.ecs_cluster, name);
        let service = simulation.ecs.services.get(&key);
        let target = simulation.scaling.targets.get(&key);
        Self {
            name: name.to_owned(),
            desired: service.map_or(0, |service| service.desired),
            running: service.map_or(0, |service| service.running()),
            pending: service.map_or(0, |service| service.pending()),
            healthy: service.map_or(0, |service| service.healthy()),
            min: target.map_or(0, |target| target.min),
            max: target.map_or(0, |target| target.max),
        }
    }
}

impl ListenerState {
    fn of(simulation: &Simulation, pair: &Pair, side: Side) -> Self {
        let listener = simulation.balancers.listeners.get(&pair.listener_arn(side));
        let groups = listener.map(|listener| Listener::forwards_to(&listener.actions)).unwrap_or_default();
        let weight = |colour| {
            let arn = pair.target_group_arn(side, colour);
            groups.iter().find(|(group, _)| *group == arn).map_or(0, |(_, weight)| *weight)
        };
        Self { blue: weight(Colour::Blue), green: weight(Colour::Green) }
    }
}
