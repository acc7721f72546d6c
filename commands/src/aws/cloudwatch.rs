//! Replication lag.

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{DimensionFilter, Metric, MetricDataQuery, MetricStat, ScanBy};
use aws_smithy_types::DateTime;
use jiff::SignedDuration;

use super::{Aws, AwsError, call::Operation, timestamp};
use crate::{observation::Lag, topology::SideName};

static LIST_METRICS: Operation = Operation::new("cloudwatch", "ListMetrics");
static METRIC_DATA: Operation = Operation::new("cloudwatch", "GetMetricData");

pub(super) const NAMESPACE: &str = "AWS/RDS";
/// What a failover would lose, in milliseconds. Emitted by secondaries, into their own region.
pub(super) const RPO_LAG: &str = "AuroraGlobalDBRPOLag";
/// How far back a datapoint is looked for.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// Resolution of the metric, in seconds.
const PERIOD: i32 = 60;
/// GetMetricData takes up to 500 queries; a cluster has one or two such metrics.
const QUERIES: usize = 10;

impl Aws {
    /// The newest lag of that side's cluster, while it is a secondary, within the last ten minutes, the largest where several metrics have one; `None` if there is no
    /// datapoint.
    pub async fn lag(&self, side: SideName) -> Result<Option<Lag>, AwsError> {
        let metrics = self.lag_metrics(side).await?;
        if metrics.is_empty() {
            return Ok(None);
        }
        let answer = self.metric_data(side, metrics).await?;
        let points =
            answer.metric_data_results().iter().flat_map(|result| result.timestamps().iter().zip(result.values()));
        let lags = points.filter_map(|(at, millis)| Some(Lag { millis: *millis, at: timestamp(at)? }));
        Ok(lags.max_by(|a, b| a.at.cmp(&b.at).then(a.millis.total_cmp(&b.millis))))
    }

    /// The datapoints of those metrics within the last ten minutes, the newest first.
    pub(super) async fn metric_data(
        &self,
        side: SideName,
        metrics: Vec<Metric>,
    ) -> Result<GetMetricDataOutput, AwsError> {
        let regional = self.regional(side);
        let now = self.0.clock.now();
        let queries: Vec<MetricDataQuery> =
            metrics.into_iter().enumerate().map(|(index, metric)| query(index, metric)).collect();
        let send = || {
            regional
                .cloudwatch
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs((now - WINDOW).as_second()))
                .end_time(DateTime::from_secs(now.as_second() + 1))
                .scan_by(ScanBy::TimestampDescending)
                .send()
        };
        regional.caller.read(&METRIC_DATA, send).await
    }

    /// The metric with its exact dimensions: beside the DB cluster there may be the source region.
    async fn lag_metrics(&self, side: SideName) -> Result<Vec<Metric>, AwsError> {
        let regional = self.regional(side);
        let of_cluster =
            DimensionFilter::builder().name("DBClusterIdentifier").value(&self.side(side).db_cluster).build();
        let send = || {
            let list = regional.cloudwatch.list_metrics().namespace(NAMESPACE).metric_name(RPO_LAG);
            list.dimensions(of_cluster.clone()).send()
        };
        let answer = regional.caller.read(&LIST_METRICS, send).await?;
        Ok(answer.metrics().iter().take(QUERIES).cloned().collect())
    }
}

fn query(index: usize, metric: Metric) -> MetricDataQuery {
    let stat = MetricStat::builder().metric(metric).period(PERIOD).stat("Maximum").build();
    MetricDataQuery::builder().id(format!("lag{index}")).metric_stat(stat).return_data(true).build()
}
