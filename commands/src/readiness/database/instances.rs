//! Whether the cluster that is to take over has instances that can carry what those of the one that serves carry.

use std::collections::BTreeSet;

use super::of;
use crate::{
    observation::{AcuRange, DbCluster, DbInstance, Observation},
    readiness::{Check, LOOK_AGAIN, awaited, blocking, warning},
    standing::Standing,
    topology::{Application, SideName},
};

/// Below this share of the least capacity on the other side the target begins production with a cold cache and has to scale up first.
const FAR_BELOW: f64 = 0.5;

/// Whether there are any, and what of theirs waits or scales.
pub(super) fn checks(
    app: &Application,
    observation: &Observation,
    target: SideName,
    cluster: &DbCluster,
) -> Vec<Check> {
    let mut checks = vec![serving(app, observation, target, cluster)];
    checks.extend(serverless(app, observation, target, cluster));
    checks.extend(pending_reboot(app, target, cluster));
    checks
}

fn serving(app: &Application, observation: &Observation, target: SideName, cluster: &DbCluster) -> Check {
    let (name, id) = (&app.side(target).db_cluster, of(target, "instances"));
    let list = |instances: &mut dyn Iterator<Item = &DbInstance>| {
        let instances: Vec<_> =
            instances.map(|instance| format!("{} {} {}", instance.id, instance.class, instance.status)).collect();
        instances.join(", ")
    };
    // Of a secondary that Terraform builds anew the run waits for one that serves.
    let missing = || match target {
        SideName::Dr => blocking(id.clone()),
        SideName::Primary => awaited(id.clone()),
    };
    let all = list(&mut cluster.instances.iter());
    let add = add_instance(app, observation, target, cluster);
    if cluster.instances.is_empty() {
        return missing().fail(format!("{name} has no DB instance (headless): it can't serve"), add);
    }
    let standing = |instance: &&DbInstance| Standing::of(&instance.status);
    let ready = cluster.serving().count();
    let unlisted = cluster.instances.iter().any(|instance| standing(&instance) == Standing::Unlisted);
    if ready == 0 && unlisted {
        let detail = format!("Standby doesn't know whether an instance of {name} serves: {all}");
        return warning(id).unknown(detail, "see what RDS says about the status");
    }
    if ready == 0 {
        let fix = format!("wait until one is available, or add another: {add}");
        return missing().fail(format!("no DB instance of {name} serves: {all}"), fix);
    }
    let busy = list(&mut cluster.instances.iter().filter(|instance| standing(instance) != Standing::Available));
    match busy.is_empty() {
        true => blocking(id).pass(format!("{ready} available: {all}")),
        false => warning(id).fail(
            format!("{ready} of {} instances serve; not available: {busy}", cluster.instances.len()),
            format!("wait until all are available, or know that {} carries less until then", carrier(app, target)),
        ),
    }
}

/// The region as sentences about what it carries call it.
fn carrier(app: &Application, side: SideName) -> &str {
    match side {
        SideName::Primary => &app.primary.region,
        SideName::Dr => "DR",
    }
}

/// The command that gives the cluster an instance like those of the other side.
fn add_instance(app: &Application, observation: &Observation, target: SideName, cluster: &DbCluster) -> String {
    let (name, region) = (&app.side(target).db_cluster, &app.side(target).region);
    let other = observation.side(target.other()).db.known().and_then(Option::as_ref);
    let like = other.and_then(|other| other.instances.first()).or(cluster.instances.first());
    let class = like.map_or("CLASS", |instance| instance.class.as_str());
    let engine = if cluster.engine.is_empty() { "ENGINE" } else { cluster.engine.as_str() };
    let number = cluster.instances.len() + 1;
    format!(
        "`aws rds create-db-instance --region {region} --db-cluster-identifier {name} --db-instance-identifier {name}-{number} \
         --db-instance-class {class} --engine {engine}`, or apply stack {}",
        app.failback.stacks.platform(region)
    )
}

/// Whether as many instances serve as on the side that serves now; of a failback alone, since DR stands by with fewer by design.
pub(super) fn number(app: &Application, observation: &Observation, target: SideName) -> Option<Check> {
    let cluster = |side: SideName| observation.side(side).db.known()?.as_ref();
    let (ours, theirs) = (cluster(target)?, cluster(target.other())?);
    let there = theirs.serving().count();
    // Which of them serve already stands in a check of its own.
    let ready = ours.instances.iter().filter(|it| it.status == "creating" || Standing::of(&it.status).serves()).count();
    if target == SideName::Dr || ready == 0 {
        return None;
    }
    let (name, other) = (&app.primary.db_cluster, &app.dr.db_cluster);
    let detail = format!("{name} has {ready} instances, {other} {there} that serve");
    Some(warning(of(target, "instance-count")).judge(
        ready >= there,
        detail.clone(),
        format!("{detail}: {} carries less", app.primary.region),
        add_instance(app, observation, target, ours),
    ))
}

/// Only where settings wait: they come into force with a reboot, at a moment that nobody chose.
fn pending_reboot(app: &Application, target: SideName, cluster: &DbCluster) -> Option<Check> {
    let waiting = cluster.instances.iter().filter(|instance| instance.pending_reboot);
    let waiting: Vec<_> = waiting.map(|instance| instance.id.as_str()).collect();
    (!waiting.is_empty()).then(|| {
        let region = &app.side(target).region;
        warning(of(target, "parameters")).fail(
            format!("parameters of {} aren't in force (pending-reboot)", waiting.join(", ")),
            format!("`aws rds reboot-db-instance --region {region} --db-instance-identifier {}`", waiting[0]),
        )
    })
}

/// Only where the target's instances scale by themselves: `db.serverless` on both sides says nothing, the ranges do.
fn serverless(app: &Application, observation: &Observation, target: SideName, cluster: &DbCluster) -> Option<Check> {
    if !cluster.instances.iter().any(DbInstance::is_serverless) {
        return None;
    }
    let (name, draft) = (&app.side(target).db_cluster, warning("serverless-capacity"));
    let source = target.other();
    let Some(ours) = cluster.serverless else {
        return Some(draft.unknown(format!("between what {name} scales is not known"), LOOK_AGAIN));
    };
    let other = observation.side(source).db.known().and_then(Option::as_ref);
    let detail = format!("{name} scales from {} to {} ACU", ours.min, ours.max);
    let scales = other.filter(|other| other.instances.iter().any(DbInstance::is_serverless));
    Some(match (other, scales.and_then(|other| other.serverless)) {
        (_, Some(theirs)) => {
            let detail = format!("{detail}, {} from {} to {}", app.side(source).db_cluster, theirs.min, theirs.max);
            match short(ours, theirs) {
                None => draft.pass(detail),
                Some(short) => draft.fail(format!("{detail}: {short}"), range_like(app, target, ours, theirs)),
            }
        }
        (None, None) => {
            draft.unknown(format!("{detail}; the range of {} is not known", app.side(source).db_cluster), LOOK_AGAIN)
        }
        // The other has a fixed size, which stands in the check of the classes.
        (Some(_), None) => match pauses(ours) {
            None => draft.pass(detail),
            Some(pauses) => draft.fail(format!("{detail}: {pauses}"), never_pause(app, target, ours)),
        },
    })
}

/// What the target's range lacks of the other's; `None` if nothing.
fn short(ours: AcuRange, theirs: AcuRange) -> Option<String> {
    let carries = (ours.max < theirs.max)
        .then(|| format!("at most {} of the {} ACU that production may need", ours.max, theirs.max));
    let starts = (ours.min > 0.0 && ours.min < theirs.min * FAR_BELOW)
        .then(|| format!("it starts from {} ACU and has to scale up first", ours.min));
    let all: Vec<_> = [carries, pauses(ours), starts].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn pauses(range: AcuRange) -> Option<String> {
    (range.min == 0.0).then(|| "a minimum of 0 lets it pause, and it takes 15 to 30 s to resume".to_owned())
}

fn range_like(app: &Application, target: SideName, ours: AcuRange, theirs: AcuRange) -> String {
    set_range(app, target, theirs.min.max(ours.min), theirs.max.max(ours.max))
}

fn never_pause(app: &Application, target: SideName, ours: AcuRange) -> String {
    set_range(app, target, ours.max.min(0.5), ours.max)
}

fn set_range(app: &Application, target: SideName, min: f64, max: f64) -> String {
    let region = app.side(target);
    format!(
        "`aws rds modify-db-cluster --region {} --db-cluster-identifier {} \
         --serverless-v2-scaling-configuration MinCapacity={min},MaxCapacity={max}`, and in Terraform",
        region.region, region.db_cluster
    )
}

/// Whether both sides run the same classes.
pub(super) fn class_parity(app: &Application, observation: &Observation, target: SideName) -> Check {
    let cluster = |side: SideName| observation.side(side).db.known().and_then(Option::as_ref);
    let draft = warning("class-parity");
    match (cluster(SideName::Primary), cluster(SideName::Dr)) {
        (Some(primary), Some(dr)) => draft.judge(
            classes(primary) == classes(dr),
            format!("both sides run {}", listed(dr)),
            format!("the primary runs {}, DR {}", listed(primary), listed(dr)),
            format!("give {} the same instance class, or know that it carries less", carrier(app, target)),
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
    use crate::{fixture, observation::Seen, readiness::Outcome};

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
        let mut checks = checks(
            &fixture::app(),
            &observation,
            SideName::Dr,
            &cluster(&mut observation.clone(), SideName::Dr).clone(),
        );
        checks.push(class_parity(&fixture::app(), &observation, SideName::Dr));
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
