//! What must be true before the way back.

use super::{
    Check, LOOK_AGAIN, Target, blocking, capacity, database, deletable, dependencies, identity, records, traffic,
    warning, zones,
};
use crate::{
    elsewhere::{self, Elsewhere},
    former::Former,
    observation::{NamedService, Observation, Seen},
    phase::serving,
    rescue::Rescue,
    stake::Stake,
    topology::{Application, SideName},
};

pub(super) fn checks(name: &str, app: &Application, observation: &Observation, stake: Option<&Stake>) -> Vec<Check> {
    let mut checks = identity::checks(app, observation, SideName::Primary);
    checks.extend(records::failback_checks(app, observation));
    checks.extend(zones::checks(app, observation));
    match Former::seen(app, observation) {
        Some(Former::Detached(_) | Former::Absent) => checks.extend(before_rebuild(name, app, observation)),
        _ => checks.extend(before_switchover(app, observation)),
    }
    checks.extend(connected(app, observation));
    checks.extend(running(app, observation));
    checks.extend(deletable::checks(app, observation, stake));
    checks.extend(stale(app, observation, stake));
    checks.extend(stake.into_iter().flat_map(|stake| rescues(app, observation, stake)));
    checks
}

/// The primary takes over, and passes what DR passes before a promote.
fn before_switchover(app: &Application, observation: &Observation) -> Vec<Check> {
    let (now, side) = (observation.at, SideName::Primary);
    let target = Target::of(app, observation, side);
    let mut checks = database::checks(app, observation, side, now);
    checks.extend(capacity::checks(&target, observation, now));
    checks.extend(dependencies::checks(&target, observation, now));
    checks.extend(traffic::failback_checks(app, observation));
    checks
}

/// The primary's database is to be built anew: what it lacks is seen once it's there.
fn before_rebuild(name: &str, app: &Application, observation: &Observation) -> Vec<Check> {
    let services = observation.primary.services.iter().map(|service| service_check(app, service));
    services.chain(secondary_elsewhere(name, app, observation)).collect()
}

/// Only where something is there that may be the cluster which is about to be built, or where that is not known.
fn secondary_elsewhere(name: &str, app: &Application, observation: &Observation) -> Option<Check> {
    const ID: &str = "secondary-elsewhere";
    let there = match elsewhere::seen(name, app, observation) {
        Ok(there) => there,
        Err(why) => {
            let region = &app.primary.region;
            let detail = format!("whether {region} has the secondary under another identifier is not known: {why}");
            return Some(warning(ID).unknown(detail, LOOK_AGAIN));
        }
    };
    let all = |of: fn(&Elsewhere) -> &str| there.iter().map(of).collect::<Vec<_>>().join("; ");
    let draft = if there.iter().any(|there| there.in_the_way) { blocking(ID) } else { warning(ID) };
    (!there.is_empty()).then(|| draft.fail(all(|there| &there.detail), all(|there| &there.fix)))
}

/// The side that serves follows the writer, where it isn't the writer itself: what users wrote there may be missing elsewhere while it doesn't.
fn connected(app: &Application, observation: &Observation) -> Option<Check> {
    let (side, global) = (serving(app, observation)?, observation.global.known()?);
    let region = app.side(side);
    let member = global.member(&region.region, &region.db_cluster)?;
    let state = member.synchronization.as_deref().unwrap_or("unknown");
    (!member.writer && state != "connected").then(|| {
        blocking("serving-connected").fail(
            format!(
                "{} in {} serves and is {state}: it may have writes that the writer lacks",
                region.db_cluster, region.region
            ),
            "wait until it is connected, and ask again",
        )
    })
}

/// Id of the check that no task runs beside the database which is to be deleted.
pub(crate) const STALE_UNUSED: &str = "stale-unused";

/// No task runs beside the database that is to be deleted.
fn running(app: &Application, observation: &Observation) -> Option<Check> {
    let Former::Detached(stale) = Former::seen(app, observation)? else { return None };
    let (draft, region) = (blocking(STALE_UNUSED), &app.primary.region);
    let services = &observation.primary.services;
    if let Some(why) = services.iter().find_map(|service| service.state.why()) {
        return Some(draft.unknown(format!("whether tasks run beside {} is unknown: {why}", stale.arn), LOOK_AGAIN));
    }
    let tasks = |service: &NamedService| {
        let running = service.state.known()?.as_ref()?.running;
        (running > 0).then(|| format!("{} of {}", running, service.name))
    };
    let tasks: Vec<String> = services.iter().filter_map(tasks).collect();
    Some(draft.judge(
        tasks.is_empty(),
        format!("no tasks run in {region}, beside the database that is to be deleted"),
        format!("tasks run in {region} and may write to the database that is to be deleted: {}", tasks.join(", ")),
        format!("scale them to 0 in {region}, and see that nothing else writes there"),
    ))
}

fn service_check(app: &Application, service: &NamedService) -> Check {
    let draft = blocking(format!("service-{}", service.name));
    let region = &app.primary.region;
    let stack = app.failback.stacks.workloads(&service.name, region);
    match &service.state {
        Seen::Unknown(why) => draft.unknown(why, LOOK_AGAIN),
        Seen::Refused(why) => draft.refused(format_args!("service {} in {region}", service.name), why),
        Seen::Known(None) => {
            draft.fail(format!("there is no service {} in {region}", service.name), format!("apply stack {stack}"))
        }
        Seen::Known(Some(state)) => draft.judge(
            state.status == "ACTIVE",
            format!("{} of {} tasks running in {region}", state.running, state.desired),
            format!("{} is {}", service.name, state.status),
            format!("apply stack {stack}"),
        ),
    }
}

/// What is at stake where a stale cluster is to be deleted.
fn stale(app: &Application, observation: &Observation, stake: Option<&Stake>) -> Option<Check> {
    let (Former::Detached(stale), stake) = (Former::seen(app, observation)?, stake?) else { return None };
    Some(warning("stale-data").fail(
        format!(
            "{} ({}, {} instances) may hold writes that were not replicated: {stake}",
            stale.arn,
            stale.status,
            stale.instances.len()
        ),
        "compare its snapshot with the new writer before you let it go; a last snapshot, taken when nothing can write any more, has everything",
    ))
}

/// What Aurora saved by itself, until when, and how it is kept.
pub(super) fn rescues(app: &Application, observation: &Observation, stake: &Stake) -> Vec<Check> {
    let region = &app.primary.region;
    let draft = || warning("rescue-snapshot");
    let rescues = match &stake.rescues {
        Seen::Known(rescues) => rescues,
        unseen => return vec![draft().unseen(format_args!("snapshots in {region}"), unseen)],
    };
    let retention = observation.primary.db.known().and_then(|db| db.as_ref()?.backup_retention_days);
    let line = |rescue: &Rescue| {
        let source = &rescue.source;
        let until = match rescue.expires(retention) {
            Some(at) => format!("RDS deletes it about {}", at.strftime("%Y-%m-%d %H:%M UTC")),
            None => "RDS deletes it after the cluster's backup retention period".to_owned(),
        };
        format!("{} ({}) has writes that the failover lost; {until}", source.id, source.status)
    };
    let (kept, left): (Vec<&Rescue>, Vec<&Rescue>) = rescues.iter().partition(|rescue| rescue.kept().is_some());
    let left: Vec<String> = left.into_iter().filter(|rescue| !rescue.source.has_failed()).map(line).collect();
    if !left.is_empty() {
        let fix = "a rebuild copies it before it asks; otherwise `/dr rescue` copies it to a manual snapshot";
        return vec![draft().fail(left.join("; "), fix)];
    }
    let copies: Vec<&str> = kept.iter().filter_map(|rescue| rescue.kept()).map(|copy| copy.id.as_str()).collect();
    match copies.is_empty() {
        true => Vec::new(),
        false => vec![draft().pass(format!("what Aurora saved is kept as {}", copies.join(", ")))],
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        fixture,
        needs::Needs,
        observation::{DbCluster, Lag, ServiceState, TaskShape},
        readiness::Outcome,
    };

    /// A pair on its way back, with the primary as a secondary that keeps up, after `harm`; what does not pass of it.
    fn open(harm: impl Fn(&mut Observation)) -> Vec<Check> {
        let mut observation = fixture::moved();
        observation.records = fixture::at(SideName::Dr);
        observation.lag = Seen::Known(Some(Lag { millis: 40.0, at: fixture::now() }));
        harm(&mut observation);
        let checks = checks("shop", &fixture::app(), &observation, None);
        checks.into_iter().filter(|check| check.outcome() != Outcome::Pass).collect()
    }

    /// The one check that does not pass then: its id, and how it counts.
    fn stands(harm: impl Fn(&mut Observation)) -> (String, &'static str) {
        let open = open(harm);
        assert_eq!(open.len(), 1, "{open:?}");
        let how = match (open[0].blocks(), open[0].lapsed()) {
            (true, _) => "blocks",
            (false, true) => "is awaited",
            (false, false) => "warns",
        };
        (open[0].id.clone(), how)
    }

    fn primary(observation: &mut Observation) -> &mut DbCluster {
        match &mut observation.primary.db {
            Seen::Known(Some(cluster)) => cluster,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn target_of_a_failback_passes_what_the_target_of_a_promote_passes() {
        assert_eq!(open(|_| ()), []);
        let is = |id: &str, how| (id.to_owned(), how);
        assert_eq!(stands(|it| primary(it).engine_version = "16.3".into()), is("primary-version", "blocks"));
        assert_eq!(stands(|it| primary(it).engine_version = "16.4.1".into()), is("primary-version", "warns"));
        assert_eq!(stands(|it| primary(it).status = "stopped".into()), is("primary-cluster", "blocks"));
        assert_eq!(stands(|it| primary(it).status = "backing-up".into()), is("primary-cluster", "warns"));
        assert_eq!(
            stands(|it| primary(it).key = Some(Seen::Unknown("denied".into()))),
            is("primary-kms-key", "blocks")
        );
        assert_eq!(stands(|it| primary(it).instances[0].class = "db.t4g.medium".into()), is("class-parity", "warns"));
        let default = |it: &mut Observation| primary(it).parameter_group = Some("default.aurora-postgresql16".into());
        assert_eq!(stands(default), is("primary-parameter-group", "warns"));
        let more = |it: &mut Observation| {
            let Seen::Known(Some(dr)) = &mut it.dr.db else { unreachable!() };
            dr.instances.push(fixture::instance("db.r6g.large"));
        };
        assert_eq!(stands(more), is("primary-instance-count", "warns"));
    }

    #[test]
    fn what_the_run_waits_for_blocks_no_plan_and_voids_an_approval() {
        let awaited = |id: &str| (id.to_owned(), "is awaited");
        let resync = |it: &mut Observation| {
            fixture::global(it).members[0].synchronization = Some("pending-resync".into());
        };
        assert_eq!(stands(resync), awaited("primary-member"));
        let lag = |millis, minutes| {
            let at = fixture::now() - SignedDuration::from_mins(minutes);
            stands(move |it| it.lag = Seen::Known(Some(Lag { millis, at })))
        };
        assert_eq!(lag(5_000.0, 0), awaited("replication-lag"));
        assert_eq!(lag(1.0, 6), awaited("replication-lag"));
        assert_eq!(stands(|it| it.lag = Seen::Known(None)), awaited("replication-lag"));
        let building = open(|it| {
            primary(it).instances.clear();
            primary(it).status = "creating".into();
        });
        assert!(building.iter().all(|check| !check.blocks()), "{building:?}");
        assert_eq!(building.iter().filter(|check| check.lapsed()).count(), 2);
    }

    fn service(observation: &mut Observation, side: SideName, change: impl Fn(&mut ServiceState)) {
        let side = match side {
            SideName::Primary => &mut observation.primary,
            SideName::Dr => &mut observation.dr,
        };
        match &mut side.services[0].state {
            Seen::Known(Some(state)) => change(state),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn capacity_is_that_of_the_region_that_serves_and_its_code_is_told() {
        let in_dr = |change: fn(&mut ServiceState)| {
            open(move |it| service(it, SideName::Dr, change)).into_iter().map(|check| check.detail).collect::<Vec<_>>()
        };
        assert_eq!(
            in_dr(|state| *state = fixture::service(10)),
            ["us-west-2 runs 10 tasks of web, configured 4: us-east-1 gets 10, at least 10 (configured 4)"]
        );
        let fixed = in_dr(|state| {
            state.task_definition = "arn:aws:ecs:us-west-2:123456789012:task-definition/web:8".into();
            state.task = Seen::Known(TaskShape {
                cpu: 1024,
                images: vec!["shop/web:1.3-fix".into()],
                needs: Needs::default(),
                registered_at: None,
            });
        });
        assert_eq!(
            fixed,
            [
                "us-west-2 serves shop/web:1.3-fix (web:8, 1 vCPU), and us-east-1 would serve shop/web:1.2 (web:7, 1 vCPU)"
            ]
        );
        let settings = in_dr(|state| state.task_definition = "web:8".into());
        assert_eq!(
            settings,
            ["us-west-2 serves shop/web:1.2 (web:8, 1 vCPU), and us-east-1 would serve shop/web:1.2 (web:7, 1 vCPU)"]
        );
        let registered = |hours| {
            let at = move |hours| Some(fixture::now() + SignedDuration::from_hours(hours));
            let open = open(move |it| {
                for (side, hours) in [(SideName::Primary, 0), (SideName::Dr, hours)] {
                    service(it, side, |state| {
                        state.task_definition = if side == SideName::Dr { "web:9".into() } else { "web:7".into() };
                        let Seen::Known(task) = &mut state.task else { unreachable!() };
                        task.registered_at = at(hours);
                    });
                }
            });
            open.len()
        };
        assert_eq!((registered(0), registered(-5), registered(2)), (0, 0, 1), "revisions may have drifted");
        let little = open(|it| {
            service(it, SideName::Dr, |state| *state = fixture::service(10));
            let Some(quotas) = &mut it.primary.vcpu_quotas else { unreachable!() };
            quotas.on_demand.granted = Seen::Known(8.0);
        });
        assert!(little.iter().any(|check| check.id == "vcpu-quota" && check.blocks()), "{little:?}");
    }

    #[test]
    fn endpoint_blocks_once_tasks_run_behind_it() {
        let answers = |tasks: i32, status: u16| {
            let open = open(move |it| {
                service(it, SideName::Primary, |state| *state = fixture::service(tasks));
                it.primary.endpoint = Seen::Known(status);
            });
            open.into_iter().find(|check| check.id == "primary-endpoint").map(|check| check.blocks())
        };
        assert_eq!((answers(4, 403), answers(0, 403)), (Some(true), Some(false)));
        assert_eq!((answers(4, 503), answers(0, 503)), (None, None));
    }

    #[test]
    fn cluster_under_another_name_is_in_the_way_of_a_rebuild() {
        let renamed = |it: &mut Observation| {
            fixture::global(it).members[0].arn = "arn:aws:rds:us-east-1:123456789012:cluster:shop-primary-old".into();
            it.primary.db = Seen::Known(None);
        };
        assert_eq!(stands(renamed), ("secondary-elsewhere".to_owned(), "blocks"));
        let unlisted = |it: &mut Observation| {
            fixture::global(it).members.remove(0);
            it.primary.db = Seen::Known(None);
            it.found = Some(Seen::Refused("AccessDenied".into()));
        };
        assert_eq!(stands(unlisted), ("secondary-elsewhere".to_owned(), "warns"));
    }

    #[test]
    fn a_promoted_pair_with_a_stale_primary_warns_of_its_data() {
        let mut observation = fixture::moved();
        observation.records = fixture::at(SideName::Dr);
        observation.primary.services[0].state = Seen::Known(Some(fixture::service(0)));
        if let Seen::Known(global) = &mut observation.global {
            global.members.retain(|member| member.writer);
        }
        let open: Vec<_> = checks("shop", &fixture::app(), &observation, Some(&fixture::stake()))
            .into_iter()
            .filter(|check| check.outcome() != Outcome::Pass)
            .map(|check| check.id)
            .collect();
        // Nobody has asked CloudWatch yet.
        assert_eq!(open, ["stale-in-use", "stale-data"]);
    }
}
