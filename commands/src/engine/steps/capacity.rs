//! ECS minimum, then desired count, to production, until the tasks run and are healthy.
//!
//! A changed desired count starts no deployment, so a completed rollout proves nothing: steady is one deployment, enough tasks
//! running, none pending, and as many healthy targets.

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::{Memory, Sight};
use crate::{
    aws::AwsError,
    change::Change,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    goals,
    observation::{Seen, ServiceState},
    plan::RunbookName,
    run::Run,
    topology::Service,
};

pub(super) async fn look(pair: &Pair, run: &Run, memory: &Memory) -> Result<Sight, AwsError> {
    let side = run.plan.target;
    let services = &pair.app.services;
    let states = try_join_all(services.iter().map(|service| pair.aws.service(side, &service.name))).await?;
    let (mut actions, mut waiting, mut unsure, mut seen) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut refused = Vec::new();
    for (service, state) in services.iter().zip(states) {
        let Some(state) = state else {
            refused.push(format!("there is no service {} in {}", service.name, pair.app.side(side).region));
            continue;
        };
        actions.extend(changes(pair, run, service, &state));
        seen.push(format!("{} {}/{}", service.name, state.running, service.desired));
        waiting.extend(lacks(service, &state, memory.began));
        unsure.extend(unknown_scaling(service, &state));
        refused.extend(refusals(service, &state));
    }
    let detail = match waiting.is_empty() {
        true => seen.join(", "),
        false => waiting.join("; "),
    };
    Ok(match (actions.is_empty(), waiting.is_empty()) {
        (false, _) => Sight::Unmet { detail, actions },
        // What can be done is done: what is left is not there, or AWS will not show it.
        (true, _) if !refused.is_empty() => Sight::Failed(refused.join("; ")),
        (true, true) if !unsure.is_empty() => unsettled(pair, memory, &unsure.join("; ")),
        (true, true) => Sight::Holds(format!("{detail} tasks running and healthy")),
        (true, false) => Sight::Waiting(detail),
    })
}

/// All tasks run, but whether scaling in would take them away again cannot be seen. Traffic must not wait for that longer than for the tasks
/// themselves: then people decide.
fn unsettled(pair: &Pair, memory: &Memory, unsure: &str) -> Sight {
    let elapsed = pair.clock.now().duration_since(memory.began);
    match elapsed < SignedDuration::try_from(pair.app.timing.capacity.expected).unwrap_or(SignedDuration::MAX) {
        true => Sight::Waiting(unsure.to_owned()),
        false => Sight::Failed(format!(
            "all tasks run and are healthy, but {unsure}; retry, or skip and raise its minimum by hand"
        )),
    }
}

/// What cannot be seen of a service's scaling.
fn unknown_scaling(service: &Service, state: &ServiceState) -> Option<String> {
    state.scaling.why().map(|why| format!("the scalable target of {} is not known: {why}", service.name))
}

/// What AWS refuses to show of a service, and would refuse until the deadline.
fn refusals(service: &Service, state: &ServiceState) -> Vec<String> {
    let scaling = state.scaling.refused().map(|why| (format!("the scalable target of {}", service.name), why));
    let groups = state.target_groups.iter();
    let health = groups.filter_map(|group| Some((format!("the health of {}", group.arn), group.healthy.refused()?)));
    scaling.into_iter().chain(health).map(|(what, why)| format!("{what} can't be read: {why}")).collect()
}

/// The next changes for a service: the scalable target first, since a new minimum lifts the desired count by itself; the desired count only if it
/// is still below.
fn changes(pair: &Pair, run: &Run, service: &Service, state: &ServiceState) -> Vec<Action> {
    let side = run.plan.target;
    let all = match run.plan.runbook {
        RunbookName::Restore => goals::restore_changes(side, pair.app.side(side), service, state),
        _ => goals::capacity_changes(pair.app.side(side), service, state),
    };
    let scaling_first = all.iter().any(|change| matches!(change, Change::ScalableTarget { .. }));
    let before = state.capacity();
    all.into_iter()
        .filter(|change| !scaling_first || matches!(change, Change::ScalableTarget { .. }))
        .map(|change| Action { side, change: Wanted::Change(change), before: before.clone() })
        .collect()
}

/// What a service still lacks, for people.
fn lacks(service: &Service, state: &ServiceState, since: Timestamp) -> Option<String> {
    let name = &service.name;
    let tasks = format!("{name} {}/{} tasks running", state.running, service.desired);
    let failure = state.placement_failure.as_ref().filter(|(at, _)| *at >= since);
    if state.running < service.desired || state.pending > 0 {
        return Some(failure.map_or(tasks.clone(), |(_, why)| format!("{tasks}: {why}")));
    }
    if state.deployments > 1 {
        return Some(format!("{name}: a deployment is in flight"));
    }
    let wanted = usize::try_from(service.desired).unwrap_or_default();
    state.target_groups.iter().find_map(|group| match &group.healthy {
        Seen::Known(healthy) if *healthy >= wanted => None,
        Seen::Known(healthy) => Some(format!("{name} {healthy}/{wanted} targets healthy")),
        Seen::Unknown(why) | Seen::Refused(why) => Some(format!("{name}: health of its targets is not known: {why}")),
    })
}
