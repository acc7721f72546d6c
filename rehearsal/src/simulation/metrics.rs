//! CloudWatch metrics as the services publish them: one datapoint a minute, none where there is nothing to measure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Simulation, aurora::DbCluster, public::start_of_minute};
use crate::region::Region;

/// A metric in one region.
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) dimensions: BTreeMap<&'static str, String>,
    source: Source,
}

/// Where a metric's values come from.
#[derive(Debug, Clone)]
enum Source {
    /// Replication lag of the DB cluster with that ARN behind a region, times a factor.
    Lag { cluster: String, behind: Region, factor: f64 },
    /// Client connections of the DB cluster with that identifier.
    Connections { cluster: String },
    /// Requests to the load balancer with that ARN.
    Requests { balancer: String },
    /// Of these, the ones that were answered with a 5xx.
    Errors { balancer: String },
}

/// The average that is older than the recovery point lag is a little larger.
const AVERAGE_OVER_RECOVERY_POINT: f64 = 1.15;

impl Simulation {
    /// Every metric of a region.
    pub(crate) fn metrics(&self, region: &Region) -> Vec<Metric> {
        let secondaries = self.aurora.clusters.values().filter(|cluster| cluster.region == *region);
        let lags = secondaries.clone().flat_map(|cluster| self.lag_metrics(cluster));
        let connections = secondaries.map(connections_metric);
        let balancers = self.balancers.balancers.iter().filter(|(_, balancer)| balancer.region == *region);
        lags.chain(connections).chain(balancers.flat_map(|(arn, _)| traffic_metrics(arn))).collect()
    }

    /// Both lag metrics, with the dimensions that Aurora gives them, for every region that it ever replicated from.
    fn lag_metrics(&self, cluster: &DbCluster) -> Vec<Metric> {
        let sources: BTreeSet<&Region> = cluster.replicated.iter().map(|span| &span.source).collect();
        let metric = |source: &Region, name, factor| Metric {
            namespace: "AWS/RDS",
            name,
            dimensions: BTreeMap::from([
                ("DBClusterIdentifier", cluster.id.clone()),
                ("SourceRegion", source.to_string()),
            ]),
            source: Source::Lag { cluster: cluster.arn.clone(), behind: source.clone(), factor },
        };
        let both = |source| {
            [
                metric(source, "AuroraGlobalDBRPOLag", 1.0),
                metric(source, "AuroraGlobalDBReplicationLag", AVERAGE_OVER_RECOVERY_POINT),
            ]
        };
        sources.into_iter().flat_map(both).collect()
    }

    /// A metric's datapoint of the minute that begins at `second`, if there is one. It is published when the minute is
    /// over.
    pub(crate) fn datapoint(&self, metric: &Metric, second: i64) -> Option<f64> {
        if second + 60 > self.now.as_second() {
            return None;
        }
        match &metric.source {
            Source::Lag { cluster, behind, factor } => {
                Some(self.lag_at(self.aurora.clusters.get(cluster)?, Some(behind), second)? * factor)
            }
            Source::Connections { cluster } => Some(self.faults.connections(cluster)),
            Source::Requests { balancer } => self.traffic.minute(balancer, second).map(|counts| counts.requests as f64),
            Source::Errors { balancer } => self.traffic.minute(balancer, second).map(|counts| counts.errors as f64),
        }
    }

    /// The last published recovery point lag of a cluster in milliseconds, of this minute or the one before.
    pub(crate) fn current_lag(&self, cluster: &DbCluster) -> Option<f64> {
        self.lag_at(cluster, None, start_of_minute(self.now) - 60)
    }

    /// The lag of the minute that begins at `second`, behind a region or whichever there was.
    fn lag_at(&self, cluster: &DbCluster, source: Option<&Region>, second: i64) -> Option<f64> {
        let mut spans = cluster.replicated.iter().filter(|span| source.is_none_or(|region| span.source == *region));
        let behind = spans.find_map(|span| span.behind(second, self.durations().seed))?;
        let normal = self.dice.between(self.durations().lag, &format!("lag/{}/{second}", cluster.arn));
        Some((normal + behind).as_secs_f64() * 1000.0)
    }
}

fn connections_metric(cluster: &DbCluster) -> Metric {
    Metric {
        namespace: "AWS/RDS",
        name: "DatabaseConnections",
        dimensions: BTreeMap::from([("DBClusterIdentifier", cluster.id.clone())]),
        source: Source::Connections { cluster: cluster.id.clone() },
    }
}

fn traffic_metrics(balancer: &str) -> [Metric; 2] {
    let short = balancer.split_once(":loadbalancer/").map_or(balancer, |(_, short)| short);
    let metric = |name, source| Metric {
        namespace: "AWS/ApplicationELB",
        name,
        dimensions: BTreeMap::from([("LoadBalancer", short.to_owned())]),
        source,
    };
    [
        metric("RequestCount", Source::Requests { balancer: balancer.to_owned() }),
        metric("HTTPCode_Target_5XX_Count", Source::Errors { balancer: balancer.to_owned() }),
    ]
}
