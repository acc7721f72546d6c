//! What AWS reports about a stale former primary's data: Aurora's attempt to block writes.

use aws_sdk_rds::types::{Event, SourceType};
use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::{Aws, AwsError, call::Operation, pages, timestamp};
use crate::{
    stake::Fence,
    topology::{Region, SideName},
};

static EVENTS: Operation = Operation::new("rds", "DescribeEvents");

/// RDS keeps events for 14 days.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeEvents.html>
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Most pages of events that are read, of a hundred each.
const PAGES: usize = 50;

impl Aws {
    /// The latest attempt to block writes on the primary region's cluster that this region tells, where an instance of either cluster is the event's
    /// source; of all that RDS keeps, where it is not known since when there may be one.
    pub(crate) async fn fence(&self, side: SideName, since: Option<Timestamp>) -> Result<Option<Fence>, AwsError> {
        let regional = self.regional(side);
        let until = self.0.clock.now();
        let from = since.unwrap_or(Timestamp::MIN).max(until - KEPT);
        let told = pages::whole(PAGES, |marker| {
            async move {
                let send = || {
                    let events = regional.rds.describe_events().source_type(SourceType::DbInstance);
                    let events = events.start_time(sdk_time(from)).end_time(sdk_time(until));
                    events.set_marker(marker.clone()).send()
                };
                let answer = regional.caller.read(&EVENTS, send).await?;
                let fences = answer.events().iter().filter_map(|event| fence(event, self.side(SideName::Primary)));
                Ok((fences.collect(), answer.marker))
            }
            .boxed()
        });
        // The oldest is told first.
        Ok(told.await?.pop())
    }
}

fn sdk_time(at: jiff::Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(at.as_second())
}

/// The attempt that an event tells of: `DescribeEvents` returns no event ids, so it is known by its words.
fn fence(event: &Event, old: &Region) -> Option<Fence> {
    let message = event.message()?;
    let message = message.to_ascii_lowercase();
    let of_cluster = message.contains(&format!("db cluster {} in region {}", old.db_cluster, old.region));
    let told = message.contains("block writes") && of_cluster;
    Some(Fence { at: timestamp(event.date()?)?, succeeded: !message.contains("timed out") }).filter(|_| told)
}
