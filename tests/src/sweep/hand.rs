//! Somebody with the AWS command line, beside the bot.

use std::time::Duration;

use aws_sdk_rds::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use rehearsal::{Pair, PairState, Side, World};

/// Time between two looks of somebody who waits for AWS.
const LOOKS: Duration = Duration::from_secs(10);
/// Looks after which they give up.
const MOST_LOOKS: usize = 360;

/// A person's hand in a pair. What it does is AWS's to refuse, and is told by its access key from what the bot does.
#[derive(Debug, Clone)]
pub struct Hand {
    world: World,
    pair: Pair,
}

impl Hand {
    /// The access key id of whoever acts by hand.
    pub const ACCESS_KEY: &str = "AKIDBYHAND";

    /// A hand in the first pair of a world.
    pub fn in_pair_of(world: &World) -> Self {
        Self { world: world.clone(), pair: world.pairs().remove(0) }
    }

    /// The pair.
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// `aws rds failover-global-cluster --allow-data-loss` to that side.
    ///
    /// # Errors
    /// What AWS answered, as of all that follow.
    pub async fn fails_over_to(&self, side: Side) -> Result<(), String> {
        let failover = self.rds(side).failover_global_cluster().global_cluster_identifier(&self.pair.global_cluster);
        let failover = failover.target_db_cluster_identifier(self.pair.db_cluster_arn(side)).allow_data_loss(true);
        answer(failover.send().await)
    }

    /// `aws rds switchover-global-cluster` to that side.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn switches_over_to(&self, side: Side) -> Result<(), String> {
        let switchover = self.rds(side.other()).switchover_global_cluster();
        let switchover = switchover.global_cluster_identifier(&self.pair.global_cluster);
        answer(switchover.target_db_cluster_identifier(self.pair.db_cluster_arn(side)).send().await)
    }

    /// `aws rds create-db-cluster-snapshot` of the primary region's cluster, under a name of one's own.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn takes_the_snapshot(&self) -> Result<(), String> {
        let (rds, cluster) = (self.rds(Side::Primary), &self.pair.primary.db_cluster);
        let create = rds.create_db_cluster_snapshot().db_cluster_identifier(cluster);
        answer(create.db_cluster_snapshot_identifier("taken-by-hand").send().await)
    }

    /// `aws rds delete-db-cluster-snapshot` in the primary region.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn deletes_snapshot(&self, id: &str) -> Result<(), String> {
        answer(self.rds(Side::Primary).delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id).send().await)
    }

    /// `aws rds modify-db-cluster`, the primary region's, with its deletion protection.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn protects(&self, enabled: bool) -> Result<(), String> {
        let modify = self.rds(Side::Primary).modify_db_cluster().db_cluster_identifier(&self.pair.primary.db_cluster);
        answer(modify.deletion_protection(enabled).apply_immediately(true).send().await)
    }

    /// `aws rds delete-db-instance` of the primary region's instance with that number, from 1.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn deletes_instance(&self, number: usize) -> Result<(), String> {
        let instance = format!("{}-{number}", self.pair.primary.db_cluster);
        answer(self.rds(Side::Primary).delete_db_instance().db_instance_identifier(instance).send().await)
    }

    /// `aws rds delete-db-cluster` of the primary region's.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn deletes_cluster(&self) -> Result<(), String> {
        let delete = self.rds(Side::Primary).delete_db_cluster().db_cluster_identifier(&self.pair.primary.db_cluster);
        answer(delete.skip_final_snapshot(true).send().await)
    }

    /// `aws rds create-global-cluster` of the primary region's cluster, which stands alone: the writer of a global cluster of its own, as a person
    /// would who wants what it holds.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn salvages(&self, global_cluster: &str) -> Result<(), String> {
        let create = self.rds(Side::Primary).create_global_cluster().global_cluster_identifier(global_cluster);
        answer(create.source_db_cluster_identifier(self.pair.db_cluster_arn(Side::Primary)).send().await)
    }

    /// Looks again and again until the pair is so.
    ///
    /// # Errors
    /// How it is instead, if that takes too long.
    pub async fn waits(&self, until: impl Fn(&PairState) -> bool) -> Result<(), String> {
        for _ in 0..MOST_LOOKS {
            if until(&self.world.state().pairs.remove(0)) {
                return Ok(());
            }
            tokio::time::sleep(LOOKS).await;
        }
        Err(format!("it does not come to what somebody waits for: {:?}", self.world.state().pairs.remove(0)))
    }

    fn rds(&self, side: Side) -> Client {
        let config = aws_sdk_rds::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.pair.site(side).region.to_string()))
            .credentials_provider(Credentials::new(Self::ACCESS_KEY, "not-a-secret", None, None, "by hand"))
            .http_client(self.world.http_client())
            .build();
        Client::from_conf(config)
    }
}

fn answer<T, E: std::fmt::Debug>(answer: Result<T, E>) -> Result<(), String> {
    answer.map(drop).map_err(|error| format!("{error:?}"))
}
