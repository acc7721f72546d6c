//! What each step still has to change, from what was observed. The plan lists these changes, and the engine makes them: they cannot differ.

mod listener;

pub use self::listener::{Switching, governing, governor, listener_change, listener_switch};
use crate::{
    change::Change,
    observation::{NamedService, ScalableTarget, ServiceState, Suspended},
    topology::{Application, Region, Service, SideName},
};

/// The capacity that the primary needs before users move back: the configured one, or what DR has now where that is more. People raise DR in an
/// incident for a reason, and its autoscaling follows the users who are there.
pub fn needed_for_failback(app: &Application, dr: &[NamedService]) -> Vec<Service> {
    let there = |name: &str| {
        let named = dr.iter().find(|named| named.name == name)?;
        named.state.known()?.as_ref()
    };
    let needed = |service: &Service| match there(&service.name).filter(|state| !state.daemon) {
        Some(state) => Service {
            desired: service.desired.max(state.desired),
            min: service.min.max(scaling(state).map_or(0, |target| target.min)),
            ..service.clone()
        },
        None => service.clone(),
    };
    app.services.iter().map(needed).collect()
}

/// What brings a service to its capacity in production; nothing if it is there. The scalable target comes first, raised in one call (its
/// maximum if that is below the goal), and scheduled scaling that could lower it again is suspended. A new minimum lifts the desired count by
/// itself, so that is set only where it stays below the goal even so, as it does at 0: Application Auto Scaling leaves a service without tasks
/// alone. ECS counts the tasks of a `DAEMON` service itself.
pub fn capacity_changes(region: &Region, service: &Service, state: &ServiceState) -> Vec<Change> {
    if state.daemon {
        return Vec::new();
    }
    let goal = service.desired.max(service.min);
    let target = scaling(state).and_then(|target| {
        let min = (target.min < service.min).then_some(service.min);
        let max = (target.max < goal).then_some(goal);
        scalable_target(region, &service.name, min, max, suspend(target))
    });
    let lifted = match target {
        Some(Change::ScalableTarget { min: Some(min), .. }) if state.desired > 0 => state.desired.max(min),
        _ => state.desired,
    };
    let desired = (lifted < goal).then(|| desired_count(region, &service.name, goal));
    target.into_iter().chain(desired).collect()
}

/// What brings a service of the region that serves back to its configured capacity, and takes nothing away. Scheduled scaling that could lower it
/// again is suspended in DR, as a promote does until the failback; in the primary it is people's own, and goes on.
pub fn restore_changes(side: SideName, region: &Region, service: &Service, state: &ServiceState) -> Vec<Change> {
    let mut changes = capacity_changes(region, service, state);
    if side == SideName::Primary {
        changes = changes.into_iter().filter_map(without_suspension).collect();
    }
    changes
}

/// The change without the suspension of schedules; `None` if nothing else is in it.
fn without_suspension(change: Change) -> Option<Change> {
    match change {
        Change::ScalableTarget { min: None, max: None, .. } => None,
        Change::ScalableTarget { cluster, service, min, max, .. } => {
            Some(Change::ScalableTarget { cluster, service, min, max, suspended: None })
        }
        other => Some(other),
    }
}

/// What takes a service out of the old primary: minimum 0, then desired 0, and nothing that would raise them again. Reversible.
pub fn fence_changes(region: &Region, service: &Service, state: &ServiceState) -> Vec<Change> {
    let target = scaling(state).and_then(|target| {
        let min = (target.min > 0).then_some(0);
        scalable_target(region, &service.name, min, None, suspend(target))
    });
    let desired = (state.desired > 0 && !state.daemon).then(|| desired_count(region, &service.name, 0));
    target.into_iter().chain(desired).collect()
}

/// What brings a service of DR back to warm idle: minimum first, then desired, and scheduled scaling as it was before the promote.
pub fn idle_changes(region: &Region, service: &Service, state: &ServiceState, schedules: bool) -> Vec<Change> {
    let target = scaling(state).and_then(|target| {
        let min = (target.min != service.idle).then_some(service.idle);
        let suspended =
            (schedules && target.suspended.scheduled).then_some(Suspended { scheduled: false, ..target.suspended });
        scalable_target(region, &service.name, min, None, suspended)
    });
    let desired =
        (state.desired != service.idle && !state.daemon).then(|| desired_count(region, &service.name, service.idle));
    target.into_iter().chain(desired).collect()
}

/// What resumes a service's scheduled scaling, if this bot suspended it.
pub fn resume_change(region: &Region, service: &Service, state: &ServiceState, suspended: bool) -> Option<Change> {
    let target = scaling(state).filter(|target| suspended && target.suspended.scheduled)?;
    scalable_target(region, &service.name, None, None, Some(Suspended { scheduled: false, ..target.suspended }))
}

fn scaling(state: &ServiceState) -> Option<&ScalableTarget> {
    state.scaling.known().and_then(Option::as_ref)
}

/// Scheduled actions would undo a minimum.
fn suspend(target: &ScalableTarget) -> Option<Suspended> {
    (!target.schedules.is_empty() && !target.suspended.scheduled)
        .then_some(Suspended { scheduled: true, ..target.suspended })
}

fn scalable_target(
    region: &Region,
    service: &str,
    min: Option<i32>,
    max: Option<i32>,
    suspended: Option<Suspended>,
) -> Option<Change> {
    (min.is_some() || max.is_some() || suspended.is_some()).then(|| Change::ScalableTarget {
        cluster: region.ecs_cluster.clone(),
        service: service.to_owned(),
        min,
        max,
        suspended,
    })
}

fn desired_count(region: &Region, service: &str, desired: i32) -> Change {
    Change::DesiredCount { cluster: region.ecs_cluster.clone(), service: service.to_owned(), desired }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, observation::Seen};

    fn state(desired: i32, min: i32, max: i32) -> ServiceState {
        let mut state = fixture::service(desired);
        state.scaling =
            Seen::Known(Some(ScalableTarget { min, max, suspended: Suspended::default(), schedules: Vec::new() }));
        state
    }

    fn target(min: Option<i32>, max: Option<i32>, suspended: Option<Suspended>) -> Change {
        Change::ScalableTarget { cluster: "shop".into(), service: "web".into(), min, max, suspended }
    }

    fn count(desired: i32) -> Change {
        Change::DesiredCount { cluster: "shop".into(), service: "web".into(), desired }
    }

    #[test]
    fn capacity_is_raised_as_far_as_needed() {
        let app = fixture::app();
        let service = Service { name: "web".into(), desired: 6, min: 4, idle: 1 };
        let cases = [
            (state(1, 1, 12), vec![target(Some(4), None, None), count(6)]),
            (state(1, 1, 5), vec![target(Some(4), Some(6), None), count(6)]),
            (state(6, 1, 12), vec![target(Some(4), None, None)]),
            (state(5, 4, 12), vec![count(6)]),
            (state(6, 4, 12), vec![]),
            (state(9, 8, 12), vec![]),
            (state(0, 0, 12), vec![target(Some(4), None, None), count(6)]),
        ];
        for (state, changes) in cases {
            assert_eq!(capacity_changes(&app.dr, &service, &state), changes, "{state:?}");
        }
    }

    #[test]
    fn the_way_back_needs_what_dr_has_now() {
        let app = fixture::app();
        let needed = |state: Seen<Option<ServiceState>>| {
            let dr = [NamedService { name: "web".into(), state }];
            needed_for_failback(&app, &dr).into_iter().map(|service| (service.desired, service.min)).collect::<Vec<_>>()
        };
        assert_eq!(needed(Seen::Known(Some(state(10, 8, 20)))), [(10, 8)]);
        assert_eq!(needed(Seen::Known(Some(state(2, 1, 20)))), [(4, 4)]);
        assert_eq!(needed(Seen::Known(None)), [(4, 4)]);
        assert_eq!(needed(Seen::Unknown("throttled".into())), [(4, 4)]);
    }

    #[test]
    fn a_minimum_that_lifts_to_the_goal_needs_no_second_call() {
        let service = Service { name: "web".into(), desired: 4, min: 4, idle: 1 };
        assert_eq!(capacity_changes(&fixture::app().dr, &service, &state(1, 1, 12)), [target(Some(4), None, None)]);
    }

    #[test]
    fn a_minimum_does_not_lift_a_service_from_nothing() {
        let service = Service { name: "web".into(), desired: 4, min: 4, idle: 0 };
        let changes = capacity_changes(&fixture::app().dr, &service, &state(0, 0, 12));
        assert_eq!(changes, [target(Some(4), None, None), count(4)]);
    }

    #[test]
    fn a_daemon_is_not_counted() {
        let (app, service) = (fixture::app(), Service { name: "web".into(), desired: 4, min: 4, idle: 1 });
        let daemon = ServiceState { daemon: true, scaling: Seen::Known(None), ..fixture::service(3) };
        assert_eq!(capacity_changes(&app.dr, &service, &daemon), []);
        assert_eq!(fence_changes(&app.primary, &service, &daemon), []);
    }

    #[test]
    fn schedules_that_could_undo_the_minimum_are_suspended_once() {
        let service = Service { name: "web".into(), desired: 4, min: 4, idle: 1 };
        let mut state = state(4, 4, 12);
        let mut with = |suspended| {
            state.scaling = Seen::Known(Some(ScalableTarget {
                min: 4,
                max: 12,
                suspended: Suspended { scheduled: suspended, ..Suspended::default() },
                schedules: vec!["night".into()],
            }));
            capacity_changes(&fixture::app().dr, &service, &state)
        };
        let scheduled = Suspended { scheduled: true, ..Suspended::default() };
        assert_eq!(with(false), [target(None, None, Some(scheduled))]);
        assert_eq!(with(true), []);
    }

    #[test]
    fn without_a_scalable_target_the_count_is_set() {
        let service = Service { name: "web".into(), desired: 4, min: 4, idle: 1 };
        let mut state = state(1, 1, 12);
        state.scaling = Seen::Known(None);
        assert_eq!(capacity_changes(&fixture::app().dr, &service, &state), [count(4)]);
    }

    #[test]
    fn the_fence_takes_the_minimum_first() {
        let app = fixture::app();
        let service = Service { name: "web".into(), desired: 4, min: 4, idle: 1 };
        assert_eq!(fence_changes(&app.primary, &service, &state(4, 4, 12)), [target(Some(0), None, None), count(0)]);
        assert_eq!(fence_changes(&app.primary, &service, &state(0, 0, 12)), []);
    }
}
