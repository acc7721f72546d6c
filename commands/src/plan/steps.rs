//! Steps as a plan shows them: the goal, the calls as far as they can be told, and how long it is expected to take.

use super::{PlannedStep, StepId};
use crate::{
    change::{Call, Change},
    goals::{capacity_changes, governing, governor, listener_change},
    observation::{NamedService, NamedZone, Observation, Seen, ServiceState, ZoneState},
    records::{record_changes, with_protections},
    rescue::Rescue,
    topology::{Application, Region, Service, SideName, Timing},
};

/// Accelerated recovery's 60 minutes, and a quarter of an hour for the change itself.
const RECOVERY: f64 = 75.0 * 60.0;

pub(super) fn planned(app: &Application, step: StepId, goal: impl Into<String>, calls: Vec<Call>) -> PlannedStep {
    let expected_s = app.timing.step(step).expected.as_secs_f64();
    PlannedStep { step, goal: goal.into(), calls, expected_s, deadline_s: None }
}

/// Its call is that of the chosen option.
pub(super) fn database(app: &Application, side: SideName) -> PlannedStep {
    let region = app.side(side);
    planned(app, StepId::Database, format!("{} in {} is the writer", region.db_cluster, region.region), Vec::new())
}

/// Its goal and its calls, for the capacity that `needed` says.
pub(super) fn capacity(
    app: &Application,
    observation: &Observation,
    side: SideName,
    needed: &[Service],
) -> PlannedStep {
    let tasks: Vec<_> = needed.iter().map(|service| format!("{} {}", service.name, service.desired)).collect();
    // Of a service without target groups nobody can say more than that it runs.
    let blind = |named: &NamedService| {
        named.state.known().and_then(Option::as_ref).is_some_and(|state| state.target_groups.is_empty())
    };
    let healthy = if observation.side(side).services.iter().all(blind) { "run" } else { "run and are healthy" };
    let goal =
        format!("{} tasks {healthy} in {}{}", tasks.join(", "), app.side(side).region, raised(app, side, needed));
    planned(app, StepId::Capacity, goal, service_calls(app, observation, side, needed, capacity_changes))
}

/// Why the goal is more than what is configured, where it is.
fn raised(app: &Application, side: SideName, needed: &[Service]) -> String {
    let more = app.services.iter().zip(needed).filter(|(configured, needed)| configured != needed);
    let more: Vec<_> = more
        .map(|(configured, needed)| {
            format!(
                "{} has {} with a minimum of {} there, configured {} and {}",
                needed.name, needed.desired, needed.min, configured.desired, configured.min
            )
        })
        .collect();
    match more.is_empty() {
        true => String::new(),
        false => format!(", as many as in {}: {}", app.side(side.other()).region, more.join("; ")),
    }
}

/// The target's endpoint answers before anybody is moved there.
pub(super) fn endpoint(app: &Application, side: SideName) -> PlannedStep {
    let region = app.side(side);
    let goal = format!("{} answers well at {} in {}", app.verify.url, region.endpoint.dns_name, region.region);
    planned(app, StepId::Endpoint, goal, Vec::new())
}

pub(super) fn listener(app: &Application, observation: &Observation, side: SideName) -> PlannedStep {
    let region = app.side(side);
    let Some(listener) = &region.listener else {
        return planned(app, StepId::Listener, "no listener is configured", Vec::new());
    };
    let what = if listener.rule_arn.is_some() { "rule" } else { "listener" };
    let seen = observation.side(side);
    let state = seen.listener.as_ref().and_then(Seen::known);
    if let Some((service, state)) = governing(listener, state, &seen.services) {
        let who = governor(state);
        let goal =
            format!("the {what} forwards to the tasks of {service}; {who} governs it, and Standby doesn't change it");
        return planned(app, StepId::Listener, goal, Vec::new());
    }
    let change = state.and_then(|state| listener_change(listener, state));
    let goal = format!("the {what} forwards to {} alone", listener.target_group_name());
    planned(app, StepId::Listener, goal, calls(change, region))
}

pub(super) fn dns(app: &Application, observation: &Observation, side: SideName) -> PlannedStep {
    let region = app.side(side);
    let changes = record_changes(app, side, &observation.records);
    let changes = changes.into_iter().flat_map(|change| with_protections(&observation.zones, change));
    let point = if app.records.len() == 1 { "points" } else { "point" };
    let goal = format!("{} {point} at {}, on all of Route 53's servers", app.record_names(), region.endpoint.dns_name);
    PlannedStep { deadline_s: patience(app, observation), ..planned(app, StepId::Dns, goal, calls(changes, region)) }
}

/// Seconds that the step waits for Route 53's control plane where accelerated recovery brings it back within about an hour: it is longer dark than the
/// deadline that is the default. `None` where the configuration has a deadline of its own, or a zone is without it.
fn patience(app: &Application, observation: &Observation) -> Option<f64> {
    let is_default = app.timing.dns.deadline == Timing::default().dns.deadline;
    let recovers = |zone: &NamedZone| zone.state.known().is_some_and(ZoneState::recovers);
    (is_default && !observation.zones.is_empty() && observation.zones.iter().all(recovers)).then_some(RECOVERY)
}

/// Its calls stay the same while copies are made, so that these void no approval.
pub(super) fn rescue(app: &Application, rescues: &[Rescue]) -> PlannedStep {
    let worth: Vec<&Rescue> = rescues.iter().filter(|rescue| !rescue.source.has_failed()).collect();
    let ids: Vec<&str> = worth.iter().map(|rescue| rescue.source.id.as_str()).collect();
    let goal = match ids.as_slice() {
        [] => "Aurora saved nothing that has to be kept".to_owned(),
        ids => format!("{} is copied to a manual snapshot, which RDS doesn't delete by itself", ids.join(", ")),
    };
    planned(app, StepId::Rescue, goal, calls(worth.into_iter().map(Rescue::first_copy), &app.primary))
}

pub(super) fn verify(app: &Application, side: SideName) -> PlannedStep {
    let verify = &app.verify;
    let goal =
        format!("{} answers well from {}, {} times in a row", verify.url, app.side(side).region, verify.consecutive);
    planned(app, StepId::Verify, goal, Vec::new())
}

/// The calls for those of the services that could be seen on a side.
pub(super) fn service_calls(
    app: &Application,
    observation: &Observation,
    side: SideName,
    services: &[Service],
    changes: impl Fn(&Region, &Service, &ServiceState) -> Vec<Change>,
) -> Vec<Call> {
    let region = app.side(side);
    let states = &observation.side(side).services;
    let seen = services.iter().filter_map(|service| {
        let named = states.iter().find(|named| named.name == service.name)?;
        Some((service, named.state.known()?.as_ref()?))
    });
    seen.flat_map(|(service, state)| calls(changes(region, service, state), region)).collect()
}

pub(super) fn calls(changes: impl IntoIterator<Item = Change>, region: &Region) -> Vec<Call> {
    changes.into_iter().map(|change| change.call(&region.region)).collect()
}
