//! Everything around a global cluster, for a first configuration. Calls that list and describe, and nothing that changes.

mod balancers;
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
    discovery::{Findings, Inventory, Member, Question},
    partition::Partition,
};

static GLOBAL_CLUSTERS: Operation = Operation::new("rds", "DescribeGlobalClusters");

/// Nobody waits for traffic here, but a dark region must not hold everything up.
const READS: Bounds = Bounds { attempts: 3, attempt: Duration::from_secs(5), total: Duration::from_secs(15) };
/// Most pages of one list: some thousand things.
const PAGES: usize = 50;

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
    let members = members(&regional(&config, &region, session), &question.global_cluster).await?;
    let (primary, dr) = pair(question, members)?;
    let in_primary = sdk_config(Some(&primary.region), network, session).await;
    let in_dr = sdk_config(Some(&dr.region), network, session).await;
    let route53_region = Partition::of(&dr.region).route53_region.to_owned();
    let global = Caller { region: route53_region, reads: READS, session: session.clone() };
    let route53 = aws_sdk_route53::Client::new(&in_dr);
    let (in_primary, in_dr, (aliases, unread)) = futures::join!(
        inventory(regional(&in_primary, &primary.region, session)),
        inventory(regional(&in_dr, &dr.region, session)),
        zones::aliases(&route53, &global)
    );
    Ok(Findings { primary, dr, in_primary, in_dr, aliases, unread })
}

fn regional(config: &SdkConfig, region: &str, session: &Session) -> Regional {
    Regional::new(config, Caller { region: region.to_owned(), reads: READS, session: session.clone() })
}

async fn members(regional: &Regional, name: &str) -> Result<Vec<Member>, ExploreError> {
    let send = || regional.rds.describe_global_clusters().global_cluster_identifier(name).send();
    let answer = super::absent_is_none(regional.caller.read(&GLOBAL_CLUSTERS, send).await)?;
    let cluster = answer.as_ref().and_then(|answer| answer.global_clusters().first());
    let cluster = cluster
        .ok_or_else(|| ExploreError::NoCluster { name: name.to_owned(), region: regional.caller.region.clone() })?;
    let members = cluster.global_cluster_members().iter();
    Ok(members.filter_map(|it| member(it.db_cluster_arn()?, it.is_writer().unwrap_or_default())).collect())
}

/// A member by its ARN: `arn:aws:rds:REGION:ACCOUNT:cluster:NAME`.
fn member(arn: &str, is_writer: bool) -> Option<Member> {
    let [_, _, _, region, account, "cluster", name] = arn.split(':').collect::<Vec<_>>()[..] else { return None };
    Some(Member { region: region.to_owned(), account: account.to_owned(), db_cluster: name.to_owned(), is_writer })
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

/// Reads a list page by page: what a page has, and the token of the next one.
async fn pages<T>(
    read: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>), AwsError>,
) -> Result<Vec<T>, AwsError> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let (page, next) = read(token).await?;
        found.extend(page);
        token = next.filter(|next| !next.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

async fn inventory(regional: Regional) -> Inventory {
    let mut inventory = Inventory::default();
    let (services, balancers) = futures::join!(regional.list_services(), regional.list_balancers());
    match services {
        Ok(services) => inventory.services = services,
        Err(error) => inventory.unread.push(error.to_string()),
    }
    match balancers {
        Ok((balancers, health_paths)) => (inventory.balancers, inventory.health_paths) = (balancers, health_paths),
        Err(error) => inventory.unread.push(error.to_string()),
    }
    inventory
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
    fn what_is_no_pair_is_asked_about() {
        let three = [("us-east-1", true), ("us-west-2", false), ("eu-west-1", false)];
        let unclear = asked(None, None, &three).unwrap_err();
        assert!(unclear.contains("us-east-1, us-west-2, eu-west-1; say which two"), "{unclear}");
        assert!(asked(None, Some("eu-west-1"), &three).is_ok());
        assert!(asked(None, None, &[("us-east-1", true)]).is_err());
        assert!(asked(None, Some("ap-south-1"), &three).is_err());
    }
}
