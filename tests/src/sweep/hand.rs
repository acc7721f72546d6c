//! Somebody with the AWS command line.

use aws_sdk_rds::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use rehearsal::{Side, World};

fn client(world: &World, region: &rehearsal::Region) -> Client {
    let config = aws_sdk_rds::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_string()))
        .credentials_provider(Credentials::new("AKIDBYHAND", "not-a-secret", None, None, "by hand"))
        .http_client(world.http_client())
        .build();
    Client::from_conf(config)
}

/// Fails the pair over as a person would by hand: `aws rds failover-global-cluster --allow-data-loss --no-switchover`. The last parameter is
/// AWS's default; the bot does not name it, which tells the two apart in the ledger.
///
/// # Errors
/// What AWS answered.
pub async fn fail_over_by_hand(world: &World) -> Result<(), String> {
    let pair = world.pairs().into_iter().next().ok_or("there is no pair")?;
    let failover = client(world, &pair.dr.region).failover_global_cluster();
    let failover = failover
        .global_cluster_identifier(&pair.global_cluster)
        .target_db_cluster_identifier(pair.db_cluster_arn(Side::Dr));
    let answer = failover.allow_data_loss(true).switchover(false).send().await;
    answer.map(drop).map_err(|error| format!("{error:?}"))
}

/// Makes the primary region's cluster, which stands alone, the writer of a global cluster of its own, as a person would who wants what it holds.
///
/// # Errors
/// What AWS answered.
pub async fn salvage_by_hand(world: &World, global_cluster: &str) -> Result<(), String> {
    let pair = world.pairs().into_iter().next().ok_or("there is no pair")?;
    let create = client(world, &pair.primary.region).create_global_cluster();
    let create = create
        .global_cluster_identifier(global_cluster)
        .source_db_cluster_identifier(pair.db_cluster_arn(Side::Primary));
    create.send().await.map(drop).map_err(|error| format!("{error:?}"))
}
