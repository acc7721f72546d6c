//! Read calls that runs make and an observation does not, tried beforehand: what is refused on the day is known today.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{Dimension, Metric};
use futures::{
    future::{OptionFuture, join_all},
    join,
};
use jiff::SignedDuration;

use super::{
    Aws, AwsError, AwsErrorKind,
    cloudwatch::{NAMESPACE, RPO_LAG},
};
use crate::topology::SideName;

/// A change that Route 53 cannot know. That it says so is the pass.
const NO_CHANGE: &str = "C00000000000000000000";
/// A build that CodeBuild cannot know.
const NO_BUILD: &str = "00000000-0000-0000-0000-000000000000";
/// A proxy that there is not, as an identifier can be.
const NO_PROXY: &str = "standby-tries-to-read";
/// How far back events are read.
const RECENTLY: SignedDuration = SignedDuration::from_hours(1);

/// A call that was tried.
#[derive(Debug)]
pub struct Trial {
    /// What it reads, and where.
    pub what: String,
    /// The IAM action.
    pub action: String,
    /// What came of it.
    pub result: Result<(), AwsError>,
    /// Whether a run can't go its way without. Otherwise people are told less.
    pub is_needed: bool,
}

impl Trial {
    /// That there is no such thing is as good an answer as any.
    fn new<T>(what: String, action: &str, result: Result<T, AwsError>) -> Self {
        let result = match result {
            Ok(_) => Ok(()),
            Err(error) if error.kind == AwsErrorKind::NotFound && error.code != "NoSuchHostedZone" => Ok(()),
            Err(error) => Err(error),
        };
        Self { what, action: action.to_owned(), result, is_needed: true }
    }

    /// The same for what a run can do without.
    fn optional(self) -> Self {
        Self { is_needed: false, ..self }
    }
}

impl Aws {
    /// Makes those calls side by side. None changes anything, and what they ask for need not exist.
    pub async fn try_reads(&self) -> Vec<Trial> {
        let app = &self.0.app;
        let zones: BTreeSet<&str> = app.records.iter().map(|record| record.zone.as_str()).collect();
        let changes = zones.into_iter().map(async |zone| {
            let what = format!("change of hosted zone {zone}");
            Trial::new(what, "route53:GetChange", self.record_in_sync(zone, NO_CHANGE).await)
        });
        let metrics = [SideName::Primary, SideName::Dr].map(async |side| {
            let what = format!("{} metrics", self.side(side).region);
            Trial::new(what, "cloudwatch:GetMetricData", self.metric_data(side, vec![self.lag_metric(side)]).await)
        });
        let builds = app.failback.codebuild.as_ref().map(async |codebuild| {
            let id = format!("{}:{NO_BUILD}", codebuild.project);
            Trial::new("builds".to_owned(), "codebuild:BatchGetBuilds", self.build(&id).await)
        });
        let since = self.0.clock.now() - RECENTLY;
        let events = [SideName::Primary, SideName::Dr].map(async |side| {
            let what = format!("{} events", self.side(side).region);
            Trial::new(what, "rds:DescribeEvents", self.fence(side, Some(since)).await)
        });
        let (changes, metrics, builds, events, stale) = join!(
            join_all(changes),
            join_all(metrics),
            OptionFuture::from(builds),
            join_all(events),
            self.stale_reads()
        );
        changes.into_iter().chain(metrics).chain(builds).chain(events).chain(stale).collect()
    }

    /// What is read of a former primary's cluster before a rebuild deletes it.
    async fn stale_reads(&self) -> [Trial; 5] {
        let region = &self.side(SideName::Primary).region;
        let (snapshots, deployments, proxies, targets, endpoints) = join!(
            self.cluster_snapshots(SideName::Primary),
            self.blue_green_deployments(),
            self.proxies(),
            self.is_target_of(NO_PROXY),
            self.custom_endpoints(),
        );
        [
            Trial::new(format!("{region} snapshots"), "rds:DescribeDBClusterSnapshots", snapshots),
            Trial::new(format!("{region} blue/green deployments"), "rds:DescribeBlueGreenDeployments", deployments)
                .optional(),
            Trial::new(format!("{region} proxies"), "rds:DescribeDBProxies", proxies).optional(),
            Trial::new(format!("{region} proxy targets"), "rds:DescribeDBProxyTargets", targets).optional(),
            Trial::new(format!("{region} custom endpoints"), "rds:DescribeDBClusterEndpoints", endpoints).optional(),
        ]
    }

    fn lag_metric(&self, side: SideName) -> Metric {
        let cluster = Dimension::builder().name("DBClusterIdentifier").value(&self.side(side).db_cluster).build();
        Metric::builder().namespace(NAMESPACE).metric_name(RPO_LAG).dimensions(cluster).build()
    }
}
