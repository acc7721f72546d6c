//! Checks of the services and of what they need to grow.

use jiff::{SignedDuration, Timestamp};

use super::{Check, LOOK_AGAIN, blocking, warning};
use crate::{
    observation::{NamedService, Observation, ScalableTarget, Seen, ServiceState, TaskShape},
    topology::{Application, Service},
};

/// ECS repeats "unable to place" every few minutes while it lasts.
const PLACEMENT_MAX_AGE: SignedDuration = SignedDuration::from_mins(15);
/// Above this share of the quota people should know: other services and deployments take from the same.
const HEADROOM: f64 = 0.8;
/// CPU units of one vCPU.
const UNITS: f64 = 1024.0;

pub(super) fn checks(app: &Application, observation: &Observation, now: Timestamp) -> Vec<Check> {
    let mut checks = Vec::new();
    for service in &app.services {
        checks.extend(service_checks(app, service, observation, now));
    }
    checks.push(vcpus(app, observation));
    checks
}

fn named<'a>(services: &'a [NamedService], name: &str) -> Option<&'a Seen<Option<ServiceState>>> {
    services.iter().find(|service| service.name == name).map(|service| &service.state)
}

fn service_checks(app: &Application, service: &Service, observation: &Observation, now: Timestamp) -> Vec<Check> {
    let name = &service.name;
    let draft = blocking(format!("service-{name}"));
    let state = match named(&observation.dr.services, name) {
        Some(Seen::Known(Some(state))) => state,
        Some(Seen::Unknown(why)) => return vec![draft.unknown(why, LOOK_AGAIN)],
        Some(Seen::Refused(why)) => {
            return vec![draft.refused(format_args!("service {name} in {}", app.dr.region), why)];
        }
        Some(Seen::Known(None)) | None => {
            let detail = format!("there is no service {name} in {} of {}", app.dr.ecs_cluster, app.dr.region);
            return vec![draft.fail(detail, "create it, or correct `services` and `ecs_cluster`")];
        }
    };
    let active = draft.judge(
        state.status == "ACTIVE",
        format!("{name} is ACTIVE, {}/{} tasks running", state.running, state.desired),
        format!("{name} is {}", state.status),
        format!("create {name} in {} again; a service in this state takes no tasks", app.dr.region),
    );
    let mut checks =
        vec![active, scaling(service, &state.scaling), deployment(name, state), placement(name, state, now)];
    checks.extend(targets(name, state));
    checks.extend(schedules(name, state));
    checks.push(parity(name, state, named(&observation.primary.services, name)));
    checks
}

fn scaling(service: &Service, scaling: &Seen<Option<ScalableTarget>>) -> Check {
    let Service { name, desired, min, .. } = service;
    let draft = warning(format!("scaling-{name}"));
    match scaling {
        Seen::Unknown(why) => draft.unknown(why, LOOK_AGAIN),
        Seen::Refused(why) => blocking(draft.id).refused(format_args!("the scalable target of {name}"), why),
        Seen::Known(None) => draft.fail(
            format!("{name} has no scalable target: only its desired count can be set, and nothing holds it"),
            "register a scalable target for it",
        ),
        Seen::Known(Some(target)) => draft.judge(
            target.max >= *desired,
            format!("{name} may scale to {}; goal {desired}, minimum {min}", target.max),
            format!("{name} may scale to {} only, and the goal is {desired}", target.max),
            format!("none needed: the promote raises the maximum to {desired}; raise it now to be safe"),
        ),
    }
}

/// Only where AWS refuses to show the health of its targets: the capacity step would never end.
fn targets(name: &str, state: &ServiceState) -> Option<Check> {
    let mut groups = state.target_groups.iter();
    let (arn, why) = groups.find_map(|group| Some((&group.arn, group.healthy.refused()?)))?;
    Some(blocking(format!("targets-{name}")).refused(format_args!("the health of {arn}"), why))
}

fn deployment(name: &str, state: &ServiceState) -> Check {
    warning(format!("deployment-{name}")).judge(
        state.deployments <= 1,
        format!("no deployment of {name} is in flight"),
        format!("{} deployments of {name} are in flight", state.deployments),
        "let it finish or roll it back; capacity is not steady before",
    )
}

fn placement(name: &str, state: &ServiceState, now: Timestamp) -> Check {
    let draft = warning(format!("placement-{name}"));
    match state.placement_failure.as_ref().filter(|(at, _)| now.duration_since(*at) <= PLACEMENT_MAX_AGE) {
        None => draft.pass(format!("no task of {name} failed to be placed lately")),
        Some((at, message)) => draft.fail(
            format!("{name}: {message} ({} s ago)", now.duration_since(*at).as_secs()),
            "see what is short: quota, capacity of the zone, or subnet addresses",
        ),
    }
}

/// Only where there are schedules.
fn schedules(name: &str, state: &ServiceState) -> Option<Check> {
    let target = state.scaling.known()?.as_ref()?;
    let draft = warning(format!("schedules-{name}"));
    (!target.schedules.is_empty()).then(|| {
        let list = target.schedules.join(", ");
        draft.judge(
            target.suspended.scheduled,
            format!("scheduled scaling of {name} is suspended ({list})"),
            format!("schedules of {name} could lower it again: {list}"),
            "none needed: the promote suspends scheduled scaling; resume it after the failback",
        )
    })
}

fn parity(name: &str, dr: &ServiceState, primary: Option<&Seen<Option<ServiceState>>>) -> Check {
    let draft = warning(format!("task-parity-{name}"));
    let primary = primary.and_then(Seen::known).and_then(Option::as_ref).and_then(|state| state.task.known());
    match (primary, dr.task.known()) {
        (Some(primary), Some(dr)) => draft.judge(
            same_task(primary, dr),
            format!("both sides run {}", shape(dr)),
            format!("the primary runs {}, DR {}", shape(primary), shape(dr)),
            "deploy the same version to DR, or know that it serves another one",
        ),
        _ => draft.unknown(format!("the tasks of {name} on both sides could not be compared"), LOOK_AGAIN),
    }
}

/// Registries may differ by region: repository and tag are what must agree.
fn same_task(primary: &TaskShape, dr: &TaskShape) -> bool {
    let names =
        |task: &TaskShape| -> Vec<String> { task.images.iter().map(|image| repository(image).to_owned()).collect() };
    primary.cpu == dr.cpu && names(primary) == names(dr)
}

/// An image without its registry: what comes before the first `/` if it has a dot or a port.
fn repository(image: &str) -> &str {
    match image.split_once('/') {
        Some((registry, rest)) if registry.contains(['.', ':']) => rest,
        _ => image,
    }
}

fn shape(task: &TaskShape) -> String {
    format!("{} ({} vCPU)", task.images.join(", "), f64::from(task.cpu) / UNITS)
}

/// Whether the goal fits into the account's Fargate quota. A quota is not capacity: that shows only when tasks are placed.
fn vcpus(app: &Application, observation: &Observation) -> Check {
    let quota = match &observation.dr.vcpu_quota {
        Some(Seen::Known(quota)) => *quota,
        Some(Seen::Unknown(why)) => return warning("vcpu-quota").unknown(why, LOOK_AGAIN),
        Some(Seen::Refused(why)) => return warning("vcpu-quota").refused("the Fargate vCPU quota", why),
        None => return warning("vcpu-quota").unknown("the Fargate vCPU quota was not looked up", LOOK_AGAIN),
    };
    let needs: Option<Vec<f64>> = app.services.iter().map(|service| vcpus_of(service, observation)).collect();
    let Some(need) = needs.map(|needs| needs.iter().sum::<f64>()) else {
        return warning("vcpu-quota").unknown("the size of a service's tasks is not known", LOOK_AGAIN);
    };
    let region = &app.dr.region;
    let detail = format!("production needs {need} vCPU of the {quota} that Fargate grants in {region}");
    let fix = format!("raise the quota L-3032A538 (Fargate On-Demand vCPU) in {region}");
    match need {
        _ if need > quota => blocking("vcpu-quota").fail(detail, fix),
        _ if need > quota * HEADROOM => warning("vcpu-quota").fail(detail, fix),
        _ => blocking("vcpu-quota").pass(detail),
    }
}

fn vcpus_of(service: &Service, observation: &Observation) -> Option<f64> {
    let state = named(&observation.dr.services, &service.name)?.known()?.as_ref()?;
    let tasks = service.desired.max(state.desired);
    Some(f64::from(tasks) * f64::from(state.task.known()?.cpu) / UNITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Suspended;
    use crate::{
        fixture,
        readiness::{Level, Outcome},
    };

    /// Does this to DR's service in a steady pair, and finds the check.
    fn after(id: &str, harm: impl Fn(&mut ServiceState)) -> (Level, Outcome) {
        let mut observation = fixture::steady();
        let mut state = fixture::service(1);
        harm(&mut state);
        observation.dr.services[0].state = Seen::Known(Some(state));
        found(&observation, id)
    }

    fn found(observation: &Observation, id: &str) -> (Level, Outcome) {
        let mut checks = checks(&fixture::app(), observation, fixture::now()).into_iter();
        let Some(check) = checks.find(|check| check.id == id) else { unreachable!("there is a check {id}") };
        (check.level, check.outcome())
    }

    #[test]
    fn a_service_must_be_there_and_active() {
        assert_eq!(after("service-web", |state| state.status = "DRAINING".into()), (Level::Blocking, Outcome::Fail));
        let mut observation = fixture::steady();
        observation.dr.services[0].state = Seen::Known(None);
        assert_eq!(found(&observation, "service-web"), (Level::Blocking, Outcome::Fail));
    }

    #[test]
    fn what_the_promote_can_mend_or_people_should_know_warns() {
        let warns = (Level::Warning, Outcome::Fail);
        let target = |max, schedules: &[&str]| {
            let schedules = schedules.iter().map(|&name| name.to_owned()).collect();
            Seen::Known(Some(ScalableTarget { min: 1, max, suspended: Suspended::default(), schedules }))
        };
        assert_eq!(after("scaling-web", |state| state.scaling = target(3, &[])), warns);
        assert_eq!(after("scaling-web", |state| state.scaling = Seen::Known(None)), warns);
        assert_eq!(after("schedules-web", |state| state.scaling = target(9, &["night"])), warns);
        assert_eq!(after("deployment-web", |state| state.deployments = 2), warns);
        assert_eq!(
            after("placement-web", |state| state.placement_failure = Some((fixture::now(), "unable to place".into()))),
            warns
        );
        let old = TaskShape { cpu: 1024, images: vec!["shop/web:1.1".into()], needs: crate::needs::Needs::default() };
        assert_eq!(after("task-parity-web", |state| state.task = Seen::Known(old.clone())), warns);
    }

    #[test]
    fn what_a_promote_must_read_and_may_not_blocks() {
        let denied = || "AccessDenied".to_owned();
        let blocks = (Level::Blocking, Outcome::Fail);
        assert_eq!(after("scaling-web", |state| state.scaling = Seen::Refused(denied())), blocks);
        assert_eq!(after("targets-web", |state| state.target_groups[0].healthy = Seen::Refused(denied())), blocks);
        let mut observation = fixture::steady();
        observation.dr.services[0].state = Seen::Refused(denied());
        assert_eq!(found(&observation, "service-web"), blocks);
        observation.dr.vcpu_quota = Some(Seen::Refused("NoSuchResourceException".to_owned()));
        assert_eq!(found(&observation, "vcpu-quota"), (Level::Warning, Outcome::Fail));
    }

    #[test]
    fn registries_may_differ_and_old_failures_are_past() {
        let image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/web:1.2";
        let regional = TaskShape { cpu: 1024, images: vec![image.into()], needs: crate::needs::Needs::default() };
        assert_eq!(after("task-parity-web", |state| state.task = Seen::Known(regional.clone())).1, Outcome::Pass);
        let past = fixture::now() - SignedDuration::from_hours(1);
        assert_eq!(
            after("placement-web", |state| state.placement_failure = Some((past, "unable".into()))).1,
            Outcome::Pass
        );
    }

    #[test]
    fn the_quota_blocks_by_arithmetic() {
        let quota = |vcpus| {
            let mut observation = fixture::steady();
            observation.dr.vcpu_quota = Some(Seen::Known(vcpus));
            found(&observation, "vcpu-quota")
        };
        assert_eq!(quota(3.0), (Level::Blocking, Outcome::Fail));
        assert_eq!(quota(4.5), (Level::Warning, Outcome::Fail));
        assert_eq!(quota(6.0).1, Outcome::Pass);
    }
}
