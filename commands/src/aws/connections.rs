//! Whether anybody has connected to a former primary's database since the failover.

use aws_sdk_cloudwatch::types::{Dimension, DimensionFilter, Metric, MetricDataQuery, MetricStat, ScanBy};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::{Aws, AwsError, call::Operation, cloudwatch::NAMESPACE, timestamp};
use crate::{stake::Connections, topology::SideName};

static LIST_METRICS: Operation = Operation::new("cloudwatch", "ListMetrics");
static METRIC_DATA: Operation = Operation::new("cloudwatch", "GetMetricData");

/// Client connections of a cluster's instances; the maximum over them has the cluster's identifier as its only dimension.
const CONNECTIONS: &str = "DatabaseConnections";
const CLUSTER: &str = "DBClusterIdentifier";
/// Seconds that a datapoint is about: few enough datapoints for two weeks.
const PERIOD: i64 = 300;
/// How far back datapoints are read: of this resolution CloudWatch keeps 63 days, and lists metrics of the last two weeks.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How far back they are read where no promote is known.
const UNKNOWN: SignedDuration = SignedDuration::from_hours(24);

impl Aws {
    /// The most connections that the primary region's cluster had since then, or in the last day.
    pub(crate) async fn connections(&self, since: Option<Timestamp>) -> Result<Connections, AwsError> {
        let regional = self.regional(SideName::Primary);
        let cluster = &self.side(SideName::Primary).db_cluster;
        let filter = DimensionFilter::builder().name(CLUSTER).value(cluster).build();
        let send = || {
            let list = regional.cloudwatch.list_metrics().namespace(NAMESPACE).metric_name(CONNECTIONS);
            list.dimensions(filter.clone()).send()
        };
        let listed = regional.caller.read(&LIST_METRICS, send).await?;
        // Others have a role or an instance beside the cluster.
        let exact = |metric: &&Metric| matches!(metric.dimensions(), [only] if only.name() == Some(CLUSTER) && only.value() == Some(cluster));
        if !listed.metrics().iter().any(|metric| exact(&metric)) {
            return Ok(Connections::Unlisted);
        }
        let now = self.0.clock.now();
        let from = since.unwrap_or(now - UNKNOWN).max(now - KEPT);
        // The first whole period: in the one before users were still there.
        let start = (from.as_second().div_euclid(PERIOD) + 1) * PERIOD;
        if start + PERIOD > now.as_second() {
            return Ok(Connections::TooEarly);
        }
        let dimension = Dimension::builder().name(CLUSTER).value(cluster).build();
        let metric = Metric::builder().namespace(NAMESPACE).metric_name(CONNECTIONS).dimensions(dimension).build();
        let stat = MetricStat::builder().metric(metric).period(PERIOD as i32).stat("Maximum").build();
        let query = MetricDataQuery::builder().id("connections").metric_stat(stat).return_data(true).build();
        let send = || {
            let read = regional.cloudwatch.get_metric_data().metric_data_queries(query.clone());
            let read = read.start_time(DateTime::from_secs(start)).end_time(DateTime::from_secs(now.as_second()));
            read.scan_by(ScanBy::TimestampAscending).send()
        };
        let answer = regional.caller.read(&METRIC_DATA, send).await?;
        let results = answer.metric_data_results().iter();
        let points = results.flat_map(|result| result.timestamps().iter().zip(result.values()));
        let most = points.max_by(|(_, a), (_, b)| a.total_cmp(b));
        Ok(match most.and_then(|(at, most)| Some((timestamp(at)?, *most))) {
            Some((at, most)) => Connections::Most { most, at },
            None => Connections::Unlisted,
        })
    }
}
