//! Whether the DR cluster has instances that can carry what the primary's carry.

use std::collections::BTreeSet;

use crate::{
    observation::{AcuRange, DbCluster, DbInstance, Observation, Seen},
    readiness::{Check, LOOK_AGAIN, blocking, warning},
    standing::Standing,
    topology::Application,
};

/// Below this share of the primary's least capacity DR begins production with a cold cache and has to scale up first.
const FAR_BELOW: f64 = 0.5;

/// Whether there are any, and what of theirs waits or scales.
pub(super) fn checks(app: &Application, observation: &Observation, cluster: &DbCluster) -> Vec<Check> {
    let mut checks = vec![serving(app, observation, cluster)];
    checks.extend(serverless(app, observation, cluster));
    checks.extend(pending_reboot(app, cluster));
    checks
}

fn serving(app: &Application, observation: &Observation, cluster: &DbCluster) -> Check {
    let (name, draft) = (&app.dr.db_cluster, blocking("dr-instances"));
    let list = |instances: &mut dyn Iterator<Item = &DbInstance>| {
        let instances: Vec<_> =
            instances.map(|instance| format!("{} {} {}", instance.id, instance.class, instance.status)).collect();
        instances.join(", ")
    };
    let all = list(&mut cluster.instances.iter());
    if cluster.instances.is_empty() {
        let detail = format!("{name} has no DB instance (headless): it can't serve");
        return draft.fail(detail, add_instance(app, observation, cluster));
    }
    let standing = |instance: &&DbInstance| Standing::of(&instance.status);
    let ready = cluster.serving().count();
    let unlisted = cluster.instances.iter().any(|instance| standing(&instance) == Standing::Unlisted);
    if ready == 0 && unlisted {
        let detail = format!("Standby doesn't know whether an instance of {name} serves: {all}");
        return warning("dr-instances").unknown(detail, "see what RDS says about the status");
    }
    if ready == 0 {
        let fix = format!("wait until one is available, or add another: {}", add_instance(app, observation, cluster));
        return draft.fail(format!("no DB instance of {name} serves: {all}"), fix);
    }
    let busy = list(&mut cluster.instances.iter().filter(|instance| standing(instance) != Standing::Available));
    match busy.is_empty() {
        true => draft.pass(format!("{ready} available: {all}")),
        false => warning("dr-instances").fail(
            format!("{ready} of {} instances serve; not available: {busy}", cluster.instances.len()),
            "wait until all are available, or know that DR carries less until then",
        ),
    }
}

/// The command that gives the cluster an instance like the primary's.
fn add_instance(app: &Application, observation: &Observation, cluster: &DbCluster) -> String {
    let (name, region) = (&app.dr.db_cluster, &app.dr.region);
    let primary = observation.primary.db.known().and_then(Option::as_ref);
    let like = primary.and_then(|primary| primary.instances.first()).or(cluster.instances.first());
    let class = like.map_or("CLASS", |instance| instance.class.as_str());
    let engine = if cluster.engine.is_empty() { "ENGINE" } else { cluster.engine.as_str() };
    let number = cluster.instances.len() + 1;
    format!(
        "`aws rds create-db-instance --region {region} --db-cluster-identifier {name} --db-instance-identifier {name}-{number} \
         --db-instance-class {class} --engine {engine}`, or apply stack {}",
        app.failback.stacks.platform(region)
    )
}

/// Only where settings wait: they come into force with a reboot, at a moment that nobody chose.
fn pending_reboot(app: &Application, cluster: &DbCluster) -> Option<Check> {
    let waiting = cluster.instances.iter().filter(|instance| instance.pending_reboot);
    let waiting: Vec<_> = waiting.map(|instance| instance.id.as_str()).collect();
    (!waiting.is_empty()).then(|| {
        warning("dr-parameters").fail(
            format!("parameters of {} aren't in force (pending-reboot)", waiting.join(", ")),
            format!("`aws rds reboot-db-instance --region {} --db-instance-identifier {}`", app.dr.region, waiting[0]),
        )
    })
}

/// Only where DR's instances scale by themselves: `db.serverless` on both sides says nothing, the ranges do.
fn serverless(app: &Application, observation: &Observation, cluster: &DbCluster) -> Option<Check> {
    if !cluster.instances.iter().any(DbInstance::is_serverless) {
        return None;
    }
    let (name, draft) = (&app.dr.db_cluster, warning("serverless-capacity"));
    let Some(dr) = cluster.serverless else {
        return Some(draft.unknown(format!("between what {name} scales is not known"), LOOK_AGAIN));
    };
    let primary = observation.primary.db.known().and_then(Option::as_ref);
    let detail = format!("{name} scales from {} to {} ACU", dr.min, dr.max);
    let scales = primary.filter(|primary| primary.instances.iter().any(DbInstance::is_serverless));
    Some(match (primary, scales.and_then(|primary| primary.serverless)) {
        (_, Some(primary)) => {
            let detail = format!("{detail}, {} from {} to {}", app.primary.db_cluster, primary.min, primary.max);
            match short(dr, primary) {
                None => draft.pass(detail),
                Some(short) => draft.fail(format!("{detail}: {short}"), range_like(app, dr, primary)),
            }
        }
        (None, None) => draft.unknown(format!("{detail}; the primary's range is not known"), LOOK_AGAIN),
        // The primary has a fixed size, which stands in the check of the classes.
        (Some(_), None) => match pauses(dr) {
            None => draft.pass(detail),
            Some(pauses) => draft.fail(format!("{detail}: {pauses}"), never_pause(app, dr)),
        },
    })
}

/// What DR's range lacks of the primary's; `None` if nothing.
fn short(dr: AcuRange, primary: AcuRange) -> Option<String> {
    let carries = (dr.max < primary.max)
        .then(|| format!("at most {} of the {} ACU that production may need", dr.max, primary.max));
    let starts = (dr.min > 0.0 && dr.min < primary.min * FAR_BELOW)
        .then(|| format!("it starts from {} ACU and has to scale up first", dr.min));
    let all: Vec<_> = [carries, pauses(dr), starts].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn pauses(dr: AcuRange) -> Option<String> {
    (dr.min == 0.0).then(|| "a minimum of 0 lets it pause, and it takes 15 to 30 s to resume".to_owned())
}

fn range_like(app: &Application, dr: AcuRange, primary: AcuRange) -> String {
    set_range(app, primary.min.max(dr.min), primary.max.max(dr.max))
}

fn never_pause(app: &Application, dr: AcuRange) -> String {
    set_range(app, dr.max.min(0.5), dr.max)
}

fn set_range(app: &Application, min: f64, max: f64) -> String {
    format!(
        "`aws rds modify-db-cluster --region {} --db-cluster-identifier {} \
         --serverless-v2-scaling-configuration MinCapacity={min},MaxCapacity={max}`, and in Terraform",
        app.dr.region, app.dr.db_cluster
    )
}

/// Whether both sides run the same classes.
pub(super) fn class_parity(observation: &Observation) -> Check {
    let cluster = |db: &Seen<Option<DbCluster>>| db.known().and_then(Option::clone);
    let draft = warning("class-parity");
    match (cluster(&observation.primary.db), cluster(&observation.dr.db)) {
        (Some(primary), Some(dr)) => draft.judge(
            classes(&primary) == classes(&dr),
            format!("both sides run {}", listed(&dr)),
            format!("the primary runs {}, DR {}", listed(&primary), listed(&dr)),
            "give DR the same instance class, or know that it carries less",
        ),
        _ => draft.unknown("instance classes of both sides could not be compared", LOOK_AGAIN),
    }
}

fn classes(cluster: &DbCluster) -> BTreeSet<&str> {
    cluster.instances.iter().map(|instance| instance.class.as_str()).collect()
}

fn listed(cluster: &DbCluster) -> String {
    let range = cluster.serverless.map(|range| format!(" ({} to {} ACU)", range.min, range.max)).unwrap_or_default();
    let named = classes(cluster).into_iter().map(|class| match class {
        DbInstance::SERVERLESS => format!("{class}{range}"),
        class => class.to_owned(),
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() { "no instance".to_owned() } else { named.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, readiness::Outcome, topology::SideName};

    fn cluster(observation: &mut Observation, side: SideName) -> &mut DbCluster {
        let side = match side {
            SideName::Primary => &mut observation.primary,
            SideName::Dr => &mut observation.dr,
        };
        match &mut side.db {
            Seen::Known(Some(cluster)) => cluster,
            other => unreachable!("{other:?}"),
        }
    }

    /// The checks of a steady pair to which that was done, but those that passed.
    fn open(harm: impl Fn(&mut Observation)) -> Vec<Check> {
        let mut observation = fixture::steady();
        harm(&mut observation);
        let mut checks =
            checks(&fixture::app(), &observation, &cluster(&mut observation.clone(), SideName::Dr).clone());
        checks.push(class_parity(&observation));
        checks.into_iter().filter(|check| check.outcome() != Outcome::Pass).collect()
    }

    fn scaling(observation: &mut Observation, side: SideName, min: f64, max: f64) {
        let cluster = cluster(observation, side);
        cluster.instances = vec![fixture::instance(DbInstance::SERVERLESS)];
        cluster.serverless = Some(AcuRange { min, max, pauses_after: None });
    }

    #[test]
    fn a_headless_secondary_blocks_and_the_fix_is_the_exact_command() {
        let open = open(|it| cluster(it, SideName::Dr).instances.clear());
        let headless = &open[0];
        assert!(headless.blocks() && headless.detail.contains("headless"), "{headless:?}");
        let fix = headless.fix.as_deref().unwrap_or_default();
        assert!(fix.contains("create-db-instance --region us-west-2 --db-cluster-identifier shop-dr"), "{fix}");
        assert!(fix.contains("--db-instance-class db.r6g.large --engine aurora-postgresql"), "{fix}");
    }

    #[test]
    fn an_instance_that_is_busy_serves_and_one_that_is_down_does_not() {
        let status =
            |status: &'static str| open(move |it| cluster(it, SideName::Dr).instances[0].status = status.into());
        let busy = status("backing-up");
        assert!(busy.len() == 1 && !busy[0].blocks() && busy[0].detail.contains("backing-up"), "{busy:?}");
        assert!(status("rebooting")[0].blocks());
        assert!(!status("something-new")[0].blocks());
    }

    #[test]
    fn ranges_of_capacity_are_compared() {
        let ranges = |dr: (f64, f64), primary: (f64, f64)| {
            open(move |it| {
                scaling(it, SideName::Dr, dr.0, dr.1);
                scaling(it, SideName::Primary, primary.0, primary.1);
            })
        };
        let less = ranges((0.5, 2.0), (8.0, 64.0));
        assert_eq!(less.len(), 1);
        assert!(less[0].detail.contains("from 0.5 to 2 ACU, shop-primary from 8 to 64"), "{less:?}");
        assert!(less[0].fix.as_deref().is_some_and(|fix| fix.contains("MinCapacity=8,MaxCapacity=64")), "{less:?}");
        assert!(ranges((0.0, 64.0), (8.0, 64.0))[0].detail.contains("15 to 30 s"));
        assert!(ranges((2.0, 64.0), (8.0, 64.0))[0].detail.contains("scale up first"));
        assert_eq!(ranges((8.0, 64.0), (8.0, 64.0)), []);
        assert_eq!(ranges((8.0, 128.0), (8.0, 64.0)), []);
    }

    #[test]
    fn one_side_that_scales_and_one_that_does_not_are_told_with_the_range() {
        let mixed = open(|it| scaling(it, SideName::Dr, 0.5, 2.0));
        assert!(
            mixed.iter().any(|check| check.detail.contains("db.r6g.large, DR db.serverless (0.5 to 2 ACU)")),
            "{mixed:?}"
        );
    }

    #[test]
    fn settings_that_wait_for_a_reboot_are_told() {
        let open = open(|it| cluster(it, SideName::Dr).instances[0].pending_reboot = true);
        assert_eq!(open.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["dr-parameters"]);
    }
}
