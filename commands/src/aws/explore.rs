//! Everything around a global cluster, for a first configuration. Calls that list and describe, and nothing that changes.

mod balancers;
mod domains;
mod services;
mod zones;

use std::time::Duration;

use aws_config::SdkConfig;
use storage::Clock;

use super::{
    AwsError, Network, Regional,
    call::{Bounds, Caller, Operation},
    sdk_config,
    session::Session,
};
use crate::{
    discovery::{Findings, Inventory, Member, Part, Question, Unread, needs_domains},
    partition::Partition,
};

static GLOBAL_CLUSTERS: Operation = Operation::new("rds", "DescribeGlobalClusters");

/// Nobody waits for traffic here, but a dark region must not hold everything up.
const READS: Bounds = Bounds { attempts: 3, attempt: Duration::from_secs(5), total: Duration::from_secs(15) };
/// Route 53 takes five requests a second of the whole account, of which this program is not the only caller: it asks again for as long as others
/// take their share.
const SHARED_READS: Bounds = Bounds { attempts: 8, attempt: Duration::from_secs(5), total: Duration::from_secs(30) };

/// Why there is nothing to propose.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// No region to ask.
    #[error("no AWS region is known; give --dr-region, or set AWS_REGION")]
    NoRegion,
    /// The region does not know it.
    #[error("{region} has no global cluster {name}; check the name, the account, and with --dr-region the region")]
    NoCluster {
        /// The global cluster.
        name: String,
        /// Where it was asked for.
        region: String,
    },
    /// It is not a pair.
    #[error("{name} has members in {members}; say which two with --primary-region and --dr-region")]
    NotAPair {
        /// The global cluster.
        name: String,
        /// Regions of its members.
        members: String,
    },
    /// AWS did not tell.
    #[error("failed to read the global cluster")]
    Aws(#[from] AwsError),
}

/// Asks AWS about a global cluster and what is around it. What cannot be read is told in what is returned.
///
/// # Errors
/// When the global cluster cannot be read, or is not a pair.
pub async fn explore(question: &Question, network: &Network, clock: &Clock) -> Result<Findings, ExploreError> {
    // DR first: the primary may be dark.
    let known = question.dr_region.as_deref().or(question.primary_region.as_deref());
    let session = &Session::new(clock);
    let config = sdk_config(known, network, session).await;
    let region = config.region().ok_or(ExploreError::NoRegion)?.to_string();
    let (global_cluster, members) = members(&regional(&config, &region, session), &question.global_cluster).await?;
    let (primary, dr) = pair(question, members)?;
    let primary_config = sdk_config(Some(&primary.region), network, session).await;
    let dr_config = sdk_config(Some(&dr.region), network, session).await;
    let route53_region = Partition::of(&dr.region).route53_region.to_owned();
    let global = Caller { region: route53_region, reads: SHARED_READS, session: session.clone() };
    let (mut in_primary, mut in_dr, (pointers, unread)) = futures::join!(
        inventory(regional(&primary_config, &primary.region, session)),
        inventory(regional(&dr_config, &dr.region, session)),
        zones::pointers(&dr_config, &global, &question.zone_roles)
    );
    if needs_domains(&pointers, [(&primary, &in_primary), (&dr, &in_dr)]) {
        futures::join!(
            domains::add(&primary_config, caller(&primary.region, session), &mut in_primary, &pointers),
            domains::add(&dr_config, caller(&dr.region, session), &mut in_dr, &pointers)
        );
    }
    Ok(Findings { global_cluster, primary, dr, in_primary, in_dr, pointers, unread })
}

fn regional(config: &SdkConfig, region: &str, session: &Session) -> Regional {
    Regional::new(config, caller(region, session))
}

fn caller(region: &str, session: &Session) -> Caller {
    Caller { region: region.to_owned(), reads: READS, session: session.clone() }
}

/// The global cluster's identifier as RDS keeps it, in lower case, and its members.
async fn members(regional: &Regional, name: &str) -> Result<(String, Vec<Member>), ExploreError> {
    let send = || regional.rds.describe_global_clusters().global_cluster_identifier(name).send();
    let answer = super::absent_is_none(regional.caller.read(&GLOBAL_CLUSTERS, send).await)?;
    let cluster = answer.as_ref().and_then(|answer| answer.global_clusters().first());
    let cluster = cluster
        .ok_or_else(|| ExploreError::NoCluster { name: name.to_owned(), region: regional.caller.region.clone() })?;
    let members = cluster.global_cluster_members().iter();
    let members = members.filter_map(|it| member(it.db_cluster_arn()?, it.is_writer().unwrap_or_default()));
    Ok((cluster.global_cluster_identifier().unwrap_or(name).to_owned(), members.collect()))
}

/// A member by its ARN: `arn:PARTITION:rds:REGION:ACCOUNT:cluster:NAME`.
fn member(arn: &str, is_writer: bool) -> Option<Member> {
    let [_, partition, _, region, account, "cluster", name] = arn.split(':').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Member {
        partition: partition.to_owned(),
        region: region.to_owned(),
        account: account.to_owned(),
        db_cluster: name.to_owned(),
        is_writer,
    })
}

/// Which members are the pair: as asked for, otherwise the writer and the one other.
fn pair(question: &Question, members: Vec<Member>) -> Result<(Member, Member), ExploreError> {
    let not_a_pair = || ExploreError::NotAPair {
        name: question.global_cluster.clone(),
        members: members.iter().map(|member| member.region.as_str()).collect::<Vec<_>>().join(", "),
    };
    let asked = |region: &Option<String>| match region {
        None => Ok(None),
        Some(region) => members.iter().find(|it| &it.region == region).map(Some).ok_or_else(not_a_pair),
    };
    let (primary, dr) = (asked(&question.primary_region)?, asked(&question.dr_region)?);
    let other = |than: &Member| {
        let mut others = members.iter().filter(|it| it.region != than.region);
        others.next().filter(|_| others.next().is_none())
    };
    let writer = || members.iter().find(|it| it.is_writer);
    let pair = match (primary, dr) {
        (Some(primary), Some(dr)) => Some((primary, dr)),
        (Some(primary), None) => other(primary).map(|dr| (primary, dr)),
        (None, Some(dr)) => {
            other(dr).or_else(|| writer().filter(|it| it.region != dr.region)).map(|primary| (primary, dr))
        }
        (None, None) => writer().and_then(|primary| Some((primary, other(primary)?))),
    };
    let (primary, dr) = pair.filter(|(primary, dr)| primary.region != dr.region).ok_or_else(not_a_pair)?;
    Ok((primary.clone(), dr.clone()))
}

/// Everything of one region that may belong to the pair. Each part that cannot be read is missing alone.
async fn inventory(regional: Regional) -> Inventory {
    let ((services, scaling), balancers, paths) =
        futures::join!(regional.list_services(), regional.list_balancers(), regional.health_paths());
    Inventory {
        services: services.found,
        balancers: balancers.found,
        health_paths: paths.found,
        domains: Vec::new(),
        unread: [services.unread, scaling, balancers.unread, paths.unread].concat(),
    }
}

/// What was read of something, and what was not.
#[derive(Debug)]
struct Partly<T> {
    found: Vec<T>,
    unread: Vec<Unread>,
}

impl<T> Partly<T> {
    fn nothing() -> Self {
        Self { found: Vec::new(), unread: Vec::new() }
    }

    fn lacks(&mut self, part: Part, what: impl Into<String>, why: impl Into<String>) {
        self.unread.push(Unread { part, what: what.into(), why: why.into() });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn question(primary: Option<&str>, dr: Option<&str>) -> Question {
        Question {
            global_cluster: "shop-global".to_owned(),
            primary_region: primary.map(str::to_owned),
            dr_region: dr.map(str::to_owned),
            zone_roles: Vec::new(),
        }
    }

    /// The regions of the pair, or the error.
    fn asked(primary: Option<&str>, dr: Option<&str>, regions: &[(&str, bool)]) -> Result<(String, String), String> {
        let arn = |region: &str| format!("arn:aws:rds:{region}:123456789012:cluster:shop-{region}");
        let members = regions.iter().map(|(region, is_writer)| member(&arn(region), *is_writer).unwrap()).collect();
        let pair = pair(&question(primary, dr), members);
        pair.map(|(primary, dr)| (primary.region, dr.region)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_writer_is_the_primary_unless_somebody_says_otherwise() {
        let two = [("us-east-1", true), ("us-west-2", false)];
        let steady = Ok(("us-east-1".to_owned(), "us-west-2".to_owned()));
        assert_eq!(asked(None, None, &two), steady);
        assert_eq!(asked(None, Some("us-west-2"), &two), steady);
        // After a failover the writer is in DR.
        let failed_over = [("us-east-1", false), ("us-west-2", true)];
        assert_eq!(asked(Some("us-east-1"), None, &failed_over), steady);
        assert_eq!(asked(None, Some("us-west-2"), &failed_over), steady);
    }

    #[test]
    fn members_are_of_any_partition() {
        let china = member("arn:aws-cn:rds:cn-north-1:123456789012:cluster:shop-primary", true).unwrap();
        assert_eq!((china.partition.as_str(), china.region.as_str()), ("aws-cn", "cn-north-1"));
        assert_eq!((china.account.as_str(), china.db_cluster.as_str()), ("123456789012", "shop-primary"));
        assert_eq!(member("arn:aws-us-gov:rds:us-gov-west-1:1:db:shop", true), None);
    }

    #[test]
    fn what_is_no_pair_is_asked_about() {
        let three = [("us-east-1", true), ("us-west-2", false), ("eu-west-1", false)];
        let unclear = asked(None, None, &three).unwrap_err();
        assert!(unclear.contains("us-east-1, us-west-2, eu-west-1; say which two"), "{unclear}");
        assert!(asked(None, Some("eu-west-1"), &three).is_ok());
        assert!(asked(None, None, &[("us-east-1", true)]).is_err());
        assert!(asked(None, Some("ap-south-1"), &three).is_err());
    }
}
