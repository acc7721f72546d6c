//! CloudWatch metrics as the services publish them: one datapoint a minute, none where there is nothing to measure.

use std::collections::BTreeMap;

use jiff::Timestamp;

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
    /// Replication lag of the DB cluster with that ARN, times a factor.
    Lag { cluster: String, factor: f64 },
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
        let secondaries = self
            .aurora
            .clusters
            .values()
            .filter(|cluster| cluster.region == *region && !cluster.replicating.is_empty());
        let lags = secondaries.flat_map(|cluster| self.lag_metrics(cluster));
        let balancers = self.balancers.balancers.iter().filter(|(_, balancer)| balancer.region == *region);
        lags.chain(balancers.flat_map(|(arn, _)| traffic_metrics(arn))).collect()
    }

    /// Both lag metrics, with the dimensions that Aurora gives them.
    fn lag_metrics(&self, cluster: &DbCluster) -> Vec<Metric> {
        let others = self.aurora.clusters.values().filter(|other| other.global_cluster == cluster.global_cluster);
        let Some(source) = others.into_iter().find(|other| other.arn != cluster.arn) else { return Vec::new() };
        let dimensions =
            BTreeMap::from([("DBClusterIdentifier", cluster.id.clone()), ("SourceRegion", source.region.to_string())]);
        let metric = |name, factor| Metric {
            namespace: "AWS/RDS",
            name,
            dimensions: dimensions.clone(),
            source: Source::Lag { cluster: cluster.arn.clone(), factor },
        };
        vec![metric("AuroraGlobalDBRPOLag", 1.0), metric("AuroraGlobalDBReplicationLag", AVERAGE_OVER_RECOVERY_POINT)]
    }

    /// A metric's datapoint of the minute that begins at `second`, if there is one. It is published when the minute is
    /// over.
    pub(crate) fn datapoint(&self, metric: &Metric, second: i64) -> Option<f64> {
        if second + 60 > self.now.as_second() {
            return None;
        }
        match &metric.source {
            Source::Lag { cluster, factor } => Some(self.lag_at(self.aurora.clusters.get(cluster)?, second)? * factor),
            Source::Requests { balancer } => self.traffic.minute(balancer, second).map(|counts| counts.requests as f64),
            Source::Errors { balancer } => self.traffic.minute(balancer, second).map(|counts| counts.errors as f64),
        }
    }

    /// The last published recovery point lag of a cluster in milliseconds, of this minute or the one before.
    pub(crate) fn current_lag(&self, cluster: &DbCluster) -> Option<f64> {
        self.lag_at(cluster, start_of_minute(self.now) - 60)
    }

    fn lag_at(&self, cluster: &DbCluster, second: i64) -> Option<f64> {
        let minute = Timestamp::from_second(second).ok()?;
        let over = Timestamp::from_second(second + 60).ok()?;
        let replicated =
            |(from, until): &(Timestamp, Option<Timestamp>)| *from <= minute && until.is_none_or(|until| over <= until);
        let (low, high) = self.durations().lag;
        let name = format!("lag/{}/{second}", cluster.arn);
        cluster.replicating.iter().any(replicated).then(|| self.dice.between((low, high), &name).as_secs_f64() * 1000.0)
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
