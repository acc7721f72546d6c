//! Whether a stale cluster can be saved and deleted: what stands in the way is told before anything irreversible.

use super::{Check, LOOK_AGAIN, blocking, database, warning};
use crate::{
    former::Former,
    observation::{DbCluster, Observation, Seen},
    stake::{Attached, Connections, Stake},
    standing::Standing,
    topology::{Application, Region},
};

pub(super) fn checks(app: &Application, observation: &Observation, stake: Option<&Stake>) -> Vec<Check> {
    let Some(Former::Detached(stale)) = Former::seen(app, observation) else { return Vec::new() };
    let region = &app.primary;
    let mut checks = vec![status(region, &stale)];
    checks.extend(key(region, &stale));
    checks.extend(stake.map(|stake| in_use(region, stake)));
    checks.extend(stake.into_iter().flat_map(|stake| attached(region, &stake.attached)));
    checks
}

/// RDS takes a snapshot of what is available alone.
fn status(region: &Region, stale: &DbCluster) -> Check {
    let (draft, name, status) = (blocking("stale-cluster"), &region.db_cluster, stale.status.as_str());
    let place = format!("{name} in {}", region.region);
    draft.judge(
        stale.standing() != Standing::Down,
        format!("{place} is {status}"),
        format!("{place} is {status}: RDS takes no snapshot of it, and doesn't delete it"),
        stale.way_up(&region.region),
    )
}

/// Without its key no snapshot is taken, and none is restored.
fn key(region: &Region, stale: &DbCluster) -> Option<Check> {
    const ID: &str = "stale-key";
    let name = &region.db_cluster;
    Some(match stale.key.as_ref()? {
        Seen::Known(key) => blocking(ID).judge(
            key.enabled,
            format!("{} of {name} is enabled", key.arn),
            format!("{}, the key of {name}: no snapshot of it can be taken or restored", database::unusable(key)),
            database::make_usable(key, &region.region),
        ),
        unseen => {
            let why = unseen.why().unwrap_or_default();
            warning(ID).unknown(format!("whether the KMS key of {name} is usable is unknown: {why}"), LOOK_AGAIN)
        }
    })
}

/// Nobody uses what is to be deleted.
fn in_use(region: &Region, stake: &Stake) -> Check {
    const ID: &str = "stale-in-use";
    let place = format!("{} in {}", region.db_cluster, region.region);
    let stop =
        format!("find who connects to {place}, and stop or move them; ask again once nobody did for five minutes");
    match &stake.connections {
        Seen::Known(Connections::Most { most, at }) => blocking(ID).judge(
            *most <= 0.0,
            format!("nobody connected to {place} since the writer moved, by CloudWatch"),
            format!(
                "{place} had {most:.0} connections at {}, after the writer moved",
                at.strftime("%Y-%m-%d %H:%M UTC")
            ),
            stop,
        ),
        Seen::Known(Connections::TooEarly) => warning(ID).unknown(
            format!("the writer moved minutes ago: CloudWatch can't tell yet whether anybody still uses {place}"),
            "look again in ten minutes, or see yourself that nobody is connected",
        ),
        Seen::Known(Connections::Unlisted) => warning(ID).unknown(
            format!("CloudWatch has no connection data (DatabaseConnections) of {place}"),
            "see yourself that nobody is connected to it",
        ),
        unseen => {
            let why = unseen.why().unwrap_or_default();
            blocking(ID).unknown(format!("whether anybody still uses {place} is unknown: {why}"), LOOK_AGAIN)
        }
    }
}

/// Nothing hangs on what is to be deleted.
fn attached(region: &Region, Attached { deployments, proxies, endpoints }: &Attached) -> [Check; 3] {
    let Region { region, db_cluster: cluster, .. } = region;
    let check = |id: &'static str, what: &str, seen: &Seen<Vec<String>>, fix: &dyn Fn(&str) -> String| match seen {
        Seen::Known(found) => blocking(id).judge(
            found.is_empty(),
            format!("no {what} hangs on {cluster} in {region}"),
            format!("{what} {} hangs on {cluster} in {region}, which so can't be deleted", found.join(", ")),
            found.first().map(|first| fix(first)).unwrap_or_default(),
        ),
        unseen => warning(id).unseen(format_args!("each {what} of {cluster} in {region}"), unseen),
    };
    [
        check("stale-blue-green", "blue/green deployment", deployments, &|found| {
            let id = found.split(' ').next().unwrap_or_default();
            format!(
                "find out who began it; `aws rds delete-blue-green-deployment --blue-green-deployment-identifier {id} \
                 --region {region}` ends it, and leaves both databases"
            )
        }),
        check("stale-proxies", "proxy", proxies, &|proxy| {
            format!(
                "take the cluster out of it: `aws rds deregister-db-proxy-targets --db-proxy-name {proxy} \
                 --db-cluster-identifiers {cluster} --region {region}`; put the new one in after the rebuild"
            )
        }),
        check("stale-endpoints", "custom endpoint", endpoints, &|endpoint| {
            format!(
                "note its members, and delete it: `aws rds delete-db-cluster-endpoint \
                 --db-cluster-endpoint-identifier {endpoint} --region {region}`; make it anew after the rebuild"
            )
        }),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::Timestamp;

    use super::*;
    use crate::{fixture, readiness::Outcome};

    /// The checks of a stale cluster that `change` was made to, with what CloudWatch tells.
    fn of(change: impl Fn(&mut DbCluster), connections: Seen<Connections>) -> Vec<(String, bool, Outcome)> {
        let mut observation = fixture::moved();
        fixture::global(&mut observation).members.retain(|member| member.writer);
        if let Seen::Known(Some(stale)) = &mut observation.primary.db {
            change(stale);
        }
        let stake = Stake { connections, ..fixture::stake() };
        let checks = checks(&fixture::app(), &observation, Some(&stake));
        checks.into_iter().map(|check| (check.id.clone(), check.blocks(), check.outcome())).collect()
    }

    fn most(most: f64) -> Seen<Connections> {
        Seen::Known(Connections::Most { most, at: Timestamp::UNIX_EPOCH })
    }

    fn found(checks: &[(String, bool, Outcome)], id: &str) -> (bool, Outcome) {
        checks.iter().find(|(known, ..)| known == id).map(|(_, blocks, outcome)| (*blocks, *outcome)).unwrap()
    }

    #[test]
    fn what_cannot_be_saved_or_deleted_blocks() {
        for status in ["stopped", "stopping", "inaccessible-encryption-credentials-recoverable", "failed"] {
            let checks = of(|stale| stale.status = status.to_owned(), most(0.0));
            assert_eq!(found(&checks, "stale-cluster"), (true, Outcome::Fail), "{status}");
        }
        let backing_up = of(|stale| stale.status = "backing-up".to_owned(), most(0.0));
        assert_eq!(found(&backing_up, "stale-cluster"), (false, Outcome::Pass));
        let mut key = fixture::key();
        key.enabled = false;
        let checks = of(|stale| stale.key = Some(Seen::Known(key.clone())), most(0.0));
        assert_eq!(found(&checks, "stale-key"), (true, Outcome::Fail));
        let denied = of(|stale| stale.key = Some(Seen::Refused("denied".into())), most(0.0));
        assert_eq!(found(&denied, "stale-key"), (false, Outcome::Unknown));
    }

    #[test]
    fn what_hangs_on_it_blocks_and_not_being_told_warns() {
        let mut stake = fixture::stake();
        stake.attached = Attached {
            deployments: Seen::Known(vec!["bgd-1a2b (AVAILABLE)".into()]),
            proxies: Seen::Refused("denied".into()),
            endpoints: Seen::Known(vec!["reports".into(), "analysts".into()]),
        };
        let checks = attached(&fixture::app().primary, &stake.attached);
        let told: Vec<_> = checks.iter().map(|check| (check.id.as_str(), check.blocks(), check.outcome())).collect();
        let expected = [
            ("stale-blue-green", true, Outcome::Fail),
            ("stale-proxies", false, Outcome::Fail),
            ("stale-endpoints", true, Outcome::Fail),
        ];
        assert_eq!(told, expected);
        let fix = |check: &Check| check.fix.clone().unwrap_or_default();
        assert!(fix(&checks[0]).contains("--blue-green-deployment-identifier bgd-1a2b --region"), "{:?}", checks[0]);
        assert!(checks[2].detail.starts_with("custom endpoint reports, analysts hangs on"), "{:?}", checks[2]);
    }

    #[test]
    fn a_database_that_is_used_blocks_and_so_does_not_knowing() {
        let of = |connections| found(&of(|_| {}, connections), "stale-in-use");
        assert_eq!(of(most(0.0)), (false, Outcome::Pass));
        assert_eq!(of(most(2.0)), (true, Outcome::Fail));
        assert_eq!(of(Seen::Unknown("us-east-1 did not answer".into())), (true, Outcome::Unknown));
        assert_eq!(of(Seen::Refused("denied".into())), (true, Outcome::Unknown));
        assert_eq!(of(Seen::Known(Connections::Unlisted)), (false, Outcome::Unknown));
    }
}
