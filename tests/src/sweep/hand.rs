//! Somebody with the AWS command line.

use aws_sdk_rds::config::{BehaviorVersion, Credentials, Region};
use rehearsal::{Side, World};

/// Fails the pair over as a person would by hand: `aws rds failover-global-cluster --allow-data-loss --no-switchover`. The last parameter is
/// AWS's default; the bot does not name it, which tells the two apart in the ledger.
///
/// # Errors
/// What AWS answered.
pub async fn fail_over_by_hand(world: &World) -> Result<(), String> {
    let pair = world.pairs().into_iter().next().ok_or("there is no pair")?;
    let config = aws_sdk_rds::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(pair.dr.region.to_string()))
        .credentials_provider(Credentials::new("AKIDBYHAND", "not-a-secret", None, None, "by hand"))
        .http_client(world.http_client())
        .build();
    let failover = aws_sdk_rds::Client::from_conf(config).failover_global_cluster();
    let failover = failover
        .global_cluster_identifier(&pair.global_cluster)
        .target_db_cluster_identifier(pair.db_cluster_arn(Side::Dr));
    let answer = failover.allow_data_loss(true).switchover(false).send().await;
    answer.map(drop).map_err(|error| format!("{error:?}"))
}
