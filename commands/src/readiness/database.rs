//! Checks of the global cluster and its DB clusters.

mod instances;
mod key;

use jiff::{SignedDuration, Timestamp};
pub(super) use key::{fix as make_usable, unusable};

use super::{Check, LOOK_AGAIN, RUN_WAITS, awaited, blocking, warning};
use crate::{
    observation::{DbCluster, GlobalCluster, Observation, Seen},
    phase::{moving_to, writing},
    standing::Standing,
    topology::{Application, SideName},
};

/// The metric comes once a minute and may be a minute late: older than this, it says little about now.
const LAG_MAX_AGE: SignedDuration = SignedDuration::from_mins(3);

/// Of the side that is to take over, and of the one that it takes over from.
pub(super) fn checks(app: &Application, observation: &Observation, target: SideName, now: Timestamp) -> Vec<Check> {
    let mut checks = global_checks(app, &observation.global, target);
    let moving = observation.global.known().and_then(|global| moving_to(app, global)) == Some(target);
    checks.extend(target_checks(app, observation, target, moving));
    checks.push(source_cluster(app, observation, target.other()));
    checks.push(instances::class_parity(app, observation, target));
    checks.extend(instances::number(app, observation, target));
    checks.push(match target {
        SideName::Dr => data_loss(app, observation, now),
        SideName::Primary => keeps_up(app, observation, now),
    });
    checks
}

fn global_checks(app: &Application, global: &Seen<GlobalCluster>, target: SideName) -> Vec<Check> {
    let global = match global {
        Seen::Known(global) => global,
        Seen::Unknown(why) => return vec![blocking("global-cluster").unknown(why, LOOK_AGAIN)],
        Seen::Refused(why) => {
            return vec![
                blocking("global-cluster").refused(format_args!("global cluster {}", app.global_cluster), why),
            ];
        }
    };
    vec![status(app, global), idle(app, global, target), member(app, global, target)]
}

fn status(app: &Application, global: &GlobalCluster) -> Check {
    let name = &app.global_cluster;
    let standing = Standing::of(&global.status);
    let draft = if standing.refuses_moves() { blocking("global-cluster") } else { warning("global-cluster") };
    draft.judge(
        // What is under way has a check of its own.
        standing == Standing::Available || global.failover.is_some(),
        format!("{name} is {}, version {}", global.status, global.engine_version),
        format!("{name} is {}", global.status),
        "wait until it is available; AWS may refuse to move the writer before",
    )
}

fn idle(app: &Application, global: &GlobalCluster, target: SideName) -> Check {
    let Some(failover) = &global.failover else {
        return blocking("global-idle").pass("no failover or switchover is under way");
    };
    let detail = format!(
        "the global cluster is {}, towards {}",
        failover.status,
        failover.to.as_deref().unwrap_or("no named target")
    );
    if moving_to(app, global) == Some(target) {
        return warning("global-idle").fail(detail, "nothing: the database step waits for it and asks for no other");
    }
    blocking("global-idle").fail(detail, "wait for its end, or cancel it in RDS")
}

fn member(app: &Application, global: &GlobalCluster, target: SideName) -> Check {
    let region = app.side(target);
    let name = &region.db_cluster;
    let id = of(target, "member");
    let Some(member) = global.member(&region.region, name) else {
        return blocking(id).fail(
            format!("{name} in {} is not a member of {}", region.region, app.global_cluster),
            "correct `db_cluster` and `region`, or add the cluster to the global cluster again",
        );
    };
    match (member.synchronization.as_deref(), target) {
        _ if member.writer => blocking(id).pass(format!("{name} is the writer already")),
        (Some("pending-resync"), SideName::Dr) => blocking(id).fail(
            format!("{name} is being synchronised anew (pending-resync)"),
            "wait until it is connected; what it lacks would be lost",
        ),
        (Some("connected"), _) | (_, SideName::Dr) => {
            let state = member.synchronization.as_deref().unwrap_or("state not told");
            blocking(id).pass(format!("{name} follows, {state}"))
        }
        (state, SideName::Primary) => {
            let state = state.unwrap_or("in a state that AWS does not tell");
            awaited(id).fail(format!("{name} is {state}"), RUN_WAITS)
        }
    }
}

fn target_checks(app: &Application, observation: &Observation, target: SideName, moving: bool) -> Vec<Check> {
    let region = app.side(target);
    let name = &region.db_cluster;
    let draft = || blocking(of(target, "cluster"));
    let cluster = match &observation.side(target).db {
        Seen::Known(Some(cluster)) => cluster,
        Seen::Known(None) => {
            let detail = format!("there is no DB cluster {name} in {}", region.region);
            return vec![draft().fail(detail, "correct `db_cluster`, or create the secondary")];
        }
        Seen::Unknown(why) => return vec![draft().unknown(why, LOOK_AGAIN)],
        Seen::Refused(why) => {
            return vec![draft().refused(format_args!("DB cluster {name} in {}", region.region), why)];
        }
    };
    let mut checks = vec![cluster_status(name, cluster, target, moving)];
    checks.extend(instances::checks(app, observation, target, cluster));
    checks.push(version(app, observation, target, cluster));
    checks.extend(parameter_group(app, observation, target, cluster));
    checks.push(key::check(name, &region.region, target, cluster.key.as_ref()));
    checks.push(zones(name, target, &cluster.zones));
    checks
}

/// Busy is not absent: a cluster that serves while RDS works on it can take over, though AWS may ask to wait.
fn cluster_status(name: &str, cluster: &DbCluster, target: SideName, moving: bool) -> Check {
    let status = &cluster.status;
    let id = || of(target, "cluster");
    // What is under way towards it goes on by itself.
    let draft = || if moving { warning(id()) } else { blocking(id()) };
    match cluster.standing() {
        Standing::Available => draft().pass(format!("{name} is available")),
        Standing::Busy => warning(id()).fail(
            format!("{name} is {status}. It serves, but AWS may refuse to move the writer until it's available"),
            "wait until it's available, or go on: a refused move changes nothing",
        ),
        Standing::Upgrading => draft().fail(
            format!("{name} is {status}. AWS doesn't move the writer meanwhile"),
            "wait until the upgrade is done",
        ),
        // What Terraform has just built, the run waits for.
        Standing::Down if target == SideName::Primary && status == "creating" => {
            awaited(id()).fail(format!("{name} is {status}"), RUN_WAITS)
        }
        Standing::Down => draft().fail(format!("{name} is {status}"), down(status)),
        Standing::Unlisted => warning(id()).unknown(
            format!("{name} is {status}, a status that Standby doesn't know"),
            "see what RDS says about it; a refused move changes nothing",
        ),
    }
}

/// What helps where a cluster doesn't serve.
fn down(status: &str) -> &'static str {
    match status {
        "stopped" => "start it: `aws rds start-db-cluster`",
        "inaccessible-encryption-credentials" | "inaccessible-encryption-credentials-recoverable" => {
            "give RDS access to its KMS key again: enable the key, and check the key's policy; then start the cluster"
        }
        _ => "wait until it is available, or see what RDS says of it",
    }
}

/// AWS moves the writer only between clusters of the same major and minor version. For some minor versions the patch level may differ.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-upgrade.html>
fn version(app: &Application, observation: &Observation, target: SideName, cluster: &DbCluster) -> Check {
    let source = target.other();
    let (name, whose) = (&app.side(target).db_cluster, whose(app, source));
    let other = observation.side(source).db.known().and_then(Option::as_ref).map(|other| other.engine_version.as_str());
    let theirs = other.or(observation.global.known().map(|global| global.engine_version.as_str()));
    let ours = cluster.engine_version.as_str();
    let id = of(target, "version");
    let Some(theirs) = theirs else {
        return blocking(id).unknown(format!("the engine version of {whose} is not known"), LOOK_AGAIN);
    };
    if major_minor(ours) == major_minor(theirs) && ours != theirs {
        return warning(id).fail(
            format!("{name} runs {ours}, but {whose} {theirs}: the patch level differs"),
            "apply the pending patch to the older cluster: AWS moves the writer across patch levels only for certain minor versions",
        );
    }
    let managed = match target {
        SideName::Dr => "managed failover wants",
        SideName::Primary => "a switchover wants",
    };
    blocking(id).judge(
        ours == theirs,
        format!("{name} runs {ours}, {whose} {theirs}"),
        format!("{name} runs {ours}, but {whose} {theirs}"),
        format!("upgrade the older cluster: {managed} the same major and minor version"),
    )
}

/// Major and minor of `16.4` and of `8.0.mysql_aurora.3.04.1`.
fn major_minor(version: &str) -> Vec<&str> {
    let aurora = version.rsplit_once("mysql_aurora.").map_or(version, |(_, aurora)| aurora);
    aurora.split('.').take(2).collect()
}

/// Only where one side has a parameter group of its own and the other RDS's default, whose settings come into force with the move. Terraform that
/// builds a cluster anew, or by hand, is where they get lost.
fn parameter_group(
    app: &Application,
    observation: &Observation,
    target: SideName,
    cluster: &DbCluster,
) -> Option<Check> {
    let other = observation.side(target.other()).db.known()?.as_ref()?;
    let (ours, theirs) = (cluster.parameter_group.as_deref()?, other.parameter_group.as_deref()?);
    let is_default = |group: &str| group.starts_with("default.");
    let (name, other) = (&app.side(target).db_cluster, &app.side(target.other()).db_cluster);
    (is_default(ours) != is_default(theirs)).then(|| {
        warning(of(target, "parameter-group")).fail(
            format!("{name} uses parameter group {ours}, but {other} {theirs}: settings change with the move"),
            format!(
                "give {name} a parameter group with the settings of {theirs}: stack {}",
                app.failback.stacks.platform(&app.side(target).region)
            ),
        )
    })
}

fn zones(name: &str, target: SideName, zones: &Seen<Vec<String>>) -> Check {
    let draft = warning(of(target, "zones"));
    match zones {
        Seen::Unknown(why) => draft.unknown(why, LOOK_AGAIN),
        Seen::Refused(why) => draft.refused(format_args!("the subnet group of {name}"), why),
        Seen::Known(zones) => draft.judge(
            zones.len() >= 2,
            format!("{name} spans {}", zones.join(", ")),
            format!("{name} spans only {}", if zones.is_empty() { "no zone".to_owned() } else { zones.join(", ") }),
            "add subnets of other availability zones to its subnet group",
        ),
    }
}

/// The cluster that writes now. A failover does without it; a switchover needs it.
fn source_cluster(app: &Application, observation: &Observation, source: SideName) -> Check {
    let region = app.side(source);
    let name = &region.db_cluster;
    let draft = warning(of(source, "cluster"));
    let (unseen, busy) = match source {
        SideName::Primary => (
            "none needed for a failover; a switchover needs the primary",
            "none needed for a failover; AWS may refuse a switchover until it is available",
        ),
        SideName::Dr => (LOOK_AGAIN, "wait until it is available: AWS may refuse the switchover before"),
    };
    match &observation.side(source).db {
        Seen::Unknown(why) => draft.unknown(why, unseen),
        Seen::Refused(why) => draft.refused(format_args!("DB cluster {name} in {}", region.region), why),
        Seen::Known(None) => draft.fail(
            format!("there is no DB cluster {name} in {}", region.region),
            "correct `db_cluster`, unless it was deleted on purpose",
        ),
        Seen::Known(Some(cluster)) => draft.judge(
            cluster.standing() == Standing::Available,
            format!("{name} is available"),
            match cluster.standing().serves() {
                true => format!("{name} is {}. It serves", cluster.status),
                false => format!("{name} is {}", cluster.status),
            },
            busy,
        ),
    }
}

/// Whether the primary's secondary keeps up with what DR writes. The run waits for it before it asks, and an approval holds only while it does.
fn keeps_up(app: &Application, observation: &Observation, now: Timestamp) -> Check {
    let draft = awaited("replication-lag");
    let name = &app.primary.db_cluster;
    if observation.global.known().and_then(|global| writing(app, global)) == Some(SideName::Primary) {
        return draft.pass(format!("{name} is the writer already"));
    }
    let bound = app.failback.lag_below_ms;
    match &observation.lag {
        Seen::Unknown(why) => draft.unknown(why, RUN_WAITS),
        Seen::Refused(why) => blocking("replication-lag").refused(format_args!("replication lag of {name}"), why),
        Seen::Known(None) => {
            draft.unknown(format!("no replication lag of {name} was measured in the last ten minutes"), RUN_WAITS)
        }
        Seen::Known(Some(lag)) => {
            let age = now.duration_since(lag.at);
            let detail = format!("{name} lags {:.0} ms, measured {} s ago", lag.millis, age.as_secs().max(0));
            match (lag.millis <= bound, age <= LAG_MAX_AGE) {
                (true, true) => draft.pass(detail),
                (false, _) => draft.fail(format!("{detail}; it must be below {bound:.0} ms"), RUN_WAITS),
                (true, false) => draft.fail(format!("{detail}, which says little about now"), RUN_WAITS),
            }
        }
    }
}

/// What a failover would lose now.
fn data_loss(app: &Application, observation: &Observation, now: Timestamp) -> Check {
    let draft = warning("data-loss");
    if observation.global.known().and_then(|global| writing(app, global)) == Some(SideName::Dr) {
        return draft.pass(format!("{} is the writer already", app.dr.db_cluster));
    }
    let fix = "treat the data loss as unknown; a switchover, where it is offered, loses nothing";
    match &observation.lag {
        Seen::Unknown(why) => draft.unknown(why, fix),
        Seen::Refused(why) => draft.refused(format_args!("replication lag of {}", app.dr.db_cluster), why),
        Seen::Known(None) => draft.unknown("there is no datapoint of replication lag in the last ten minutes", fix),
        Seen::Known(Some(lag)) => {
            let age = now.duration_since(lag.at);
            let detail = format!("lag {:.0} ms, measured {} s ago", lag.millis, age.as_secs());
            draft.judge(age <= LAG_MAX_AGE, detail.clone(), format!("{detail}, which says little about now"), fix)
        }
    }
}

/// The stable id of a check of that side's database.
fn of(side: SideName, what: &str) -> String {
    let side = match side {
        SideName::Primary => "primary",
        SideName::Dr => "dr",
    };
    format!("{side}-{what}")
}

/// That side's cluster as sentences call it.
fn whose(app: &Application, side: SideName) -> String {
    match side {
        SideName::Primary => "the primary".to_owned(),
        SideName::Dr => app.dr.db_cluster.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture,
        observation::{FailoverState, KmsKey, Lag},
        readiness::Outcome,
    };

    fn find(observation: &Observation, id: &str) -> Check {
        let mut checks = checks(&fixture::app(), observation, SideName::Dr, fixture::now()).into_iter();
        let Some(check) = checks.find(|check| check.id == id) else { unreachable!("there is a check {id}") };
        check
    }

    fn dr(observation: &mut Observation) -> &mut DbCluster {
        match &mut observation.dr.db {
            Seen::Known(Some(cluster)) => cluster,
            other => unreachable!("{other:?}"),
        }
    }

    /// Does this to a steady pair, and tells whether the check stands in the way then.
    fn blocks(id: &str, harm: impl Fn(&mut Observation)) -> bool {
        let mut observation = fixture::steady();
        harm(&mut observation);
        find(&observation, id).blocks()
    }

    #[test]
    fn what_would_fail_a_promote_blocks() {
        assert!(blocks("global-cluster", |it| it.global = Seen::Unknown("denied".into())));
        assert!(blocks("global-cluster", |it| fixture::global(it).status = "upgrading".into()));
        assert!(blocks("dr-member", |it| fixture::global(it).members.truncate(1)));
        assert!(
            blocks("dr-member", |it| fixture::global(it).members[1].synchronization = Some("pending-resync".into()))
        );
        assert!(blocks("dr-cluster", |it| it.dr.db = Seen::Known(None)));
        assert!(blocks("dr-cluster", |it| dr(it).status = "stopped".into()));
        assert!(blocks("dr-cluster", |it| dr(it).status = "upgrading".into()));
        assert!(blocks("dr-instances", |it| dr(it).instances.clear()));
        assert!(blocks("dr-version", |it| dr(it).engine_version = "16.3".into()));
        assert!(blocks("dr-kms-key", |it| dr(it).key = Some(Seen::Unknown("denied".into()))));
        let disabled = KmsKey { enabled: false, ..fixture::key() };
        assert!(blocks("dr-kms-key", |it| dr(it).key = Some(Seen::Known(disabled.clone()))));
        assert!(!blocks("dr-kms-key", |it| dr(it).key = None));
    }

    /// Detail of the check after that was done to a steady pair, which must warn and not block.
    fn warns(id: &str, harm: impl Fn(&mut Observation)) -> String {
        let mut observation = fixture::steady();
        harm(&mut observation);
        let check = find(&observation, id);
        assert!(!check.blocks() && check.outcome() != Outcome::Pass, "{check:?}");
        check.detail
    }

    #[test]
    fn busy_is_told_by_its_status_and_blocks_nothing() {
        for status in ["backing-up", "modifying", "configuring-log-exports", "something-new"] {
            assert!(warns("dr-cluster", |it| dr(it).status = status.into()).contains(status));
            assert!(warns("global-cluster", |it| fixture::global(it).status = status.into()).contains(status));
        }
    }

    #[test]
    fn a_patch_level_that_differs_is_a_warning() {
        assert!(warns("dr-version", |it| dr(it).engine_version = "16.4.2".into()).contains("16.4.2"));
    }

    #[test]
    fn a_failover_blocks_unless_it_goes_where_we_want() {
        let towards = |index: usize| {
            move |it: &mut Observation| {
                let global = fixture::global(it);
                let to = global.members[index].arn.clone();
                global.failover = Some(FailoverState { status: "failing-over".into(), to: Some(to) });
            }
        };
        assert!(blocks("global-idle", towards(0)));
        assert!(!blocks("global-idle", towards(1)));
    }

    #[test]
    fn lag_is_unknown_rather_than_zero() {
        let mut observation = fixture::steady();
        observation.lag = Seen::Known(None);
        assert_eq!(find(&observation, "data-loss").outcome(), Outcome::Unknown);
        observation.lag = Seen::Known(Some(Lag { millis: 1.0, at: fixture::now() - SignedDuration::from_mins(9) }));
        assert_eq!(find(&observation, "data-loss").outcome(), Outcome::Fail);
    }

    #[test]
    fn versions_are_compared_by_major_and_minor() {
        assert_eq!(major_minor("16.4"), major_minor("16.4.2"));
        assert_ne!(major_minor("16.4"), major_minor("16.11"));
        assert_eq!(major_minor("8.0.mysql_aurora.3.04.1"), major_minor("8.0.mysql_aurora.3.04.3"));
        assert_ne!(major_minor("8.0.mysql_aurora.3.04.1"), major_minor("8.0.mysql_aurora.3.05.1"));
    }
}
