//! Checks of the services of the side that is to take over, and of what they need to grow.

use jiff::{SignedDuration, Timestamp};

use super::{Check, LOOK_AGAIN, Target, blocking, parity, quota, warning};
use crate::{
    observation::{NamedService, Observation, Rollout, ScalableTarget, Seen, ServiceState},
    topology::{Service, SideName, target_group_name},
};

/// ECS repeats "unable to place" every few minutes while it lasts.
const PLACEMENT_MAX_AGE: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn checks(target: &Target<'_>, observation: &Observation, now: Timestamp) -> Vec<Check> {
    let mut checks = Vec::new();
    for service in &target.services {
        checks.extend(service_checks(target, service, observation, now));
    }
    checks.extend(quota::checks(target, observation));
    checks
}

pub(super) fn named<'a>(services: &'a [NamedService], name: &str) -> Option<&'a Seen<Option<ServiceState>>> {
    services.iter().find(|service| service.name == name).map(|service| &service.state)
}

fn service_checks(target: &Target<'_>, service: &Service, observation: &Observation, now: Timestamp) -> Vec<Check> {
    let name = &service.name;
    let region = target.region();
    let draft = blocking(format!("service-{name}"));
    let state = match named(&observation.side(target.side).services, name) {
        Some(Seen::Known(Some(state))) => state,
        Some(Seen::Unknown(why)) => return vec![draft.unknown(why, LOOK_AGAIN)],
        Some(Seen::Refused(why)) => {
            return vec![draft.refused(format_args!("service {name} in {}", region.region), why)];
        }
        Some(Seen::Known(None)) | None => {
            let detail = format!("there is no service {name} in {} of {}", region.ecs_cluster, region.region);
            let stack = target.app.failback.stacks.workloads(name, &region.region);
            return vec![draft.fail(detail, format!("apply stack {stack}, or correct `services` and `ecs_cluster`"))];
        }
    };
    let active = draft.judge(
        state.status == "ACTIVE",
        format!("{name} is ACTIVE, {}/{} tasks running", state.running, state.desired),
        format!("{name} is {}", state.status),
        format!("create {name} in {} again; a service in this state takes no tasks", region.region),
    );
    let mut checks = vec![active];
    checks.extend(count(target, service, state));
    checks.extend(above(target, service));
    checks.extend([deployment(name, state), rollout(name, state), starting(name, state, now)]);
    checks.extend(targets(name, state));
    checks.extend(schedules(target, name, state));
    checks.extend(traffic(name, state));
    checks.push(parity::check(target, observation, name));
    checks
}

/// Only where the other region runs more than is configured, which is what the target gets, too.
fn above(target: &Target<'_>, service: &Service) -> Option<Check> {
    let configured = target.app.services.iter().find(|configured| configured.name == service.name)?;
    let (here, there) = (&target.region().region, &target.app.side(target.side.other()).region);
    let name = &service.name;
    let least = match service.min > configured.min {
        true => format!(", at least {} (configured {})", service.min, configured.min),
        false => String::new(),
    };
    (service.desired > configured.desired || service.min > configured.min).then(|| {
        warning(format!("above-{name}")).fail(
            format!(
                "{there} runs {} tasks of {name}, configured {}: {here} gets {}{least}",
                service.desired, configured.desired, service.desired
            ),
            format!("none needed; if production needs as many, set `desired = {}` of {name}", service.desired),
        )
    })
}

/// Whether the count can be brought to the goal.
fn count(target: &Target<'_>, service: &Service, state: &ServiceState) -> Vec<Check> {
    let Service { name, desired, .. } = service;
    if state.daemon {
        let detail = format!("{name} is a DAEMON service: ECS runs one task on each container instance");
        let fix = format!(
            "see that as many container instances run in {} as production needs: Standby can't set the count",
            target.place()
        );
        return vec![warning(format!("scaling-{name}")).fail(detail, fix)];
    }
    let mut checks = vec![scaling(target, service, &state.scaling)];
    if state.controller.has_task_sets() {
        let draft = blocking(format!("task-set-{name}"));
        checks.push(match state.scale {
            None => draft.fail(
                format!("{name} has no primary task set: it runs nothing that takes traffic"),
                "finish or roll back its deployment, so that a task set is primary",
            ),
            Some(percent) => draft.judge(
                state.runs(*desired) >= *desired,
                format!("the primary task set of {name} runs all of its tasks"),
                format!(
                    "the primary task set of {name} is scaled to {percent}%: of {desired} tasks it runs {}",
                    state.runs(*desired)
                ),
                "finish its deployment, or set the task set's scale to 100% (UpdateTaskSet)",
            ),
        });
    }
    checks
}

fn scaling(move_to: &Target<'_>, service: &Service, scaling: &Seen<Option<ScalableTarget>>) -> Check {
    let Service { name, desired, min, .. } = service;
    let draft = warning(format!("scaling-{name}"));
    let target = match scaling.known() {
        None => {
            return match scaling.refused() {
                Some(why) => blocking(draft.id).refused(format_args!("the scalable target of {name}"), why),
                None => draft.unknown(scaling.why().unwrap_or_default(), LOOK_AGAIN),
            };
        }
        Some(None) => {
            return draft.fail(
                format!("{name} has no scalable target: only its desired count can be set, and nothing holds it"),
                "register a scalable target for it",
            );
        }
        Some(Some(target)) => target,
    };
    if target.suspended.dynamic_out {
        return draft.fail(
            format!("dynamic scaling out of {name} is suspended: under load it stays at its {desired} tasks"),
            "resume it (DynamicScalingOutSuspended=false), or know why it is suspended",
        );
    }
    draft.judge(
        target.max >= *desired,
        format!("{name} may scale to {}; goal {desired}, minimum {min}", target.max),
        format!("{name} may scale to {} only, and the goal is {desired}", target.max),
        format!("none needed: the {} raises the maximum to {desired}; raise it now to be safe", move_to.deed()),
    )
}

/// Only where AWS refuses to show the health of its targets: the capacity step would never end.
fn targets(name: &str, state: &ServiceState) -> Option<Check> {
    let mut groups = state.target_groups.iter();
    let (arn, why) = groups.find_map(|group| Some((&group.arn, group.healthy.refused()?)))?;
    Some(blocking(format!("targets-{name}")).refused(format_args!("the health of {arn}"), why))
}

fn deployment(name: &str, state: &ServiceState) -> Check {
    let detail = match &state.rollout.rolled_back {
        Some(reason) => format!("a deployment of {name} failed and is being rolled back: {}", said(reason)),
        None => format!("a deployment of {name} is in flight ({} at once)", state.deployments.max(1)),
    };
    warning(format!("deployment-{name}")).judge(
        !state.in_flight(),
        format!("no deployment of {name} is in flight"),
        detail,
        "let it finish or roll it back: meanwhile ECS scales out, but not in, and the move waits for its end",
    )
}

/// A failed deployment starts no tasks any more: the run would wait for them in vain.
fn rollout(name: &str, state: &ServiceState) -> Check {
    let Rollout { state: rollout, reason, failed_tasks, .. } = &state.rollout;
    let newest = state.trouble.as_ref().map(|trouble| format!("; ECS says: {}", trouble.message)).unwrap_or_default();
    let failed = match failed_tasks {
        0 => String::new(),
        1 => ", 1 task failed".to_owned(),
        many => format!(", {many} tasks failed"),
    };
    let id = format!("rollout-{name}");
    match rollout.as_str() {
        Rollout::FAILED => blocking(id).fail(
            format!("the current deployment of {name} failed{failed}: {}{newest}", said(reason)),
            format!("deploy {name} again, with what works; ECS starts no tasks for a failed deployment"),
        ),
        Rollout::IN_PROGRESS if *failed_tasks > 0 => warning(id).fail(
            format!("the current deployment of {name} is failing{failed}{newest}"),
            "follow the reason that ECS gives, or roll the deployment back",
        ),
        _ => blocking(id).pass(format!("the current deployment of {name} has not failed")),
    }
}

fn said(reason: &str) -> &str {
    if reason.is_empty() { "ECS gives no reason" } else { reason }
}

/// Whether tasks start as they should: what ECS said lately, or says while tasks are missing.
fn starting(name: &str, state: &ServiceState, now: Timestamp) -> Check {
    let draft = warning(format!("placement-{name}"));
    let fix = "follow the reason that ECS gives: role, image, secret, quota, capacity of the zone, or subnet addresses";
    let missing = state.runs(state.desired) - state.running;
    let lately = |at: Timestamp| now.duration_since(at) <= PLACEMENT_MAX_AGE;
    let placement = state.placement_failure.as_ref().filter(|(at, _)| lately(*at));
    let trouble = state.trouble.as_ref().filter(|trouble| missing > 0 || lately(trouble.at));
    let told = trouble.map(|trouble| (trouble.at, trouble.message.as_str()));
    match told.or(placement.map(|(at, message)| (*at, message.as_str()))) {
        Some((at, message)) => {
            draft.fail(format!("{name}: {message} ({} s ago)", now.duration_since(at).as_secs().max(0)), fix)
        }
        None if missing > 0 && !state.in_flight() => draft.fail(
            format!(
                "{name} runs {} of {} tasks, and ECS gives no reason yet",
                state.running,
                state.runs(state.desired)
            ),
            fix,
        ),
        None => draft.pass(format!("no task of {name} failed to start lately")),
    }
}

/// Only where ECS sets a rule's weights: they must send the traffic to the tasks.
fn traffic(name: &str, state: &ServiceState) -> Option<Check> {
    let groups: Vec<&str> = state.target_groups.iter().map(|group| group.arn.as_str()).collect();
    let governed = state.governs.first()?;
    let draft = warning(format!("traffic-{name}"));
    let Some(forwards) = governed.forwards.known() else {
        return Some(draft.unseen(format_args!("where {} forwards to", governed.arn), &governed.forwards));
    };
    let served: Vec<&str> =
        forwards.iter().filter(|target| target.weight > 0).map(|target| target.arn.as_str()).collect();
    let list = |arns: &[&str]| arns.iter().map(|arn| target_group_name(arn)).collect::<Vec<_>>().join(", ");
    Some(draft.judge(
        state.in_flight() || served.iter().all(|arn| groups.contains(arn)),
        format!("ECS sends the traffic of {name} to {}, where its tasks are", list(&served)),
        format!("the traffic of {name} goes to {}, and its tasks are in {}", list(&served), list(&groups)),
        format!(
            "deploy {name} again, or set the weights of {} by hand: ECS governs them, and Standby leaves them alone",
            governed.arn
        ),
    ))
}

/// Only where there are schedules.
fn schedules(move_to: &Target<'_>, name: &str, state: &ServiceState) -> Option<Check> {
    let target = state.scaling.known()?.as_ref()?;
    let draft = warning(format!("schedules-{name}"));
    (!target.schedules.is_empty()).then(|| {
        let list = target.schedules.join(", ");
        draft.judge(
            target.suspended.scheduled,
            format!("scheduled scaling of {name} is suspended ({list})"),
            format!("schedules of {name} could lower it again: {list}"),
            match move_to.side {
                SideName::Dr => "none needed: the promote suspends scheduled scaling; resume it after the failback",
                SideName::Primary => "none needed: the failback suspends scheduled scaling, and resumes it at its end",
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::{Controller, Governed, Suspended, TaskShape, Trouble, WeightedTarget};
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
        let app = fixture::app();
        let target = Target::of(&app, observation, SideName::Dr);
        let mut checks = checks(&target, observation, fixture::now()).into_iter();
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
        let old = TaskShape {
            cpu: 1024,
            images: vec!["shop/web:1.1".into()],
            needs: crate::needs::Needs::default(),
            registered_at: None,
        };
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
    }

    #[test]
    fn registries_may_differ_and_old_failures_are_past() {
        let image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/web:1.2";
        let regional = TaskShape {
            cpu: 1024,
            images: vec![image.into()],
            needs: crate::needs::Needs::default(),
            registered_at: None,
        };
        assert_eq!(after("task-parity-web", |state| state.task = Seen::Known(regional.clone())).1, Outcome::Pass);
        let past = fixture::now() - SignedDuration::from_hours(1);
        assert_eq!(
            after("placement-web", |state| state.placement_failure = Some((past, "unable".into()))).1,
            Outcome::Pass
        );
    }

    #[test]
    fn a_failed_deployment_blocks_with_ecs_reason_and_a_failing_one_warns() {
        let rollout = |state: &str, failed_tasks| Rollout {
            state: state.to_owned(),
            reason: "ECS deployment circuit breaker: tasks failed to start.".to_owned(),
            failed_tasks,
            rolled_back: None,
        };
        assert_eq!(
            after("rollout-web", |state| state.rollout = rollout("FAILED", 10)),
            (Level::Blocking, Outcome::Fail)
        );
        assert_eq!(
            after("rollout-web", |state| state.rollout = rollout("IN_PROGRESS", 2)),
            (Level::Warning, Outcome::Fail)
        );
        assert_eq!(after("rollout-web", |state| state.rollout = rollout("IN_PROGRESS", 0)).1, Outcome::Pass);
        assert_eq!(after("rollout-web", |state| state.rollout = rollout("COMPLETED", 3)).1, Outcome::Pass);
    }

    #[test]
    fn missing_tasks_and_what_ecs_said_lately_warn() {
        let warns = (Level::Warning, Outcome::Fail);
        let said = |minutes| {
            Some(Trouble {
                at: fixture::now() - SignedDuration::from_mins(minutes),
                message: "unable to assume".into(),
            })
        };
        assert_eq!(after("placement-web", |state| state.trouble = said(1)), warns);
        assert_eq!(after("placement-web", |state| state.trouble = said(60)).1, Outcome::Pass);
        assert_eq!(after("placement-web", |state| (state.trouble, state.running) = (said(60), 0)), warns);
        assert_eq!(after("placement-web", |state| state.running = 0), warns);
    }

    #[test]
    fn a_task_set_that_cannot_reach_the_goal_blocks() {
        let set =
            |scale| after("task-set-web", move |state| (state.controller, state.scale) = (Controller::External, scale));
        assert_eq!(set(Some(50.0)), (Level::Blocking, Outcome::Fail));
        assert_eq!(set(None), (Level::Blocking, Outcome::Fail));
        assert_eq!(set(Some(100.0)).1, Outcome::Pass);
    }

    #[test]
    fn what_standby_cannot_scale_or_ecs_sends_elsewhere_is_told() {
        let warns = (Level::Warning, Outcome::Fail);
        assert_eq!(after("scaling-web", |state| state.daemon = true), warns);
        let suspended = Suspended { dynamic_out: true, ..Suspended::default() };
        let target = Seen::Known(Some(ScalableTarget { min: 1, max: 9, suspended, schedules: vec![] }));
        assert_eq!(after("scaling-web", |state| state.scaling = target.clone()), warns);
        let governs = |group: &str| {
            let forwards = Seen::Known(vec![WeightedTarget { arn: group.into(), weight: 100 }]);
            vec![Governed { arn: "rule".into(), default: Some(false), forwards }]
        };
        assert_eq!(after("traffic-web", |state| state.governs = governs("green")).1, Outcome::Pass);
        assert_eq!(after("traffic-web", |state| state.governs = governs("blue")), warns);
    }
}
