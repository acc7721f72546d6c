//! ECS minimum, then desired count, to production, until the tasks run and are healthy.
//!
//! A changed desired count starts no deployment, so a completed rollout proves nothing: steady is one deployment, enough tasks
//! running, none pending, and as many healthy targets. Without a target group health can't be seen, and nobody says "healthy".

use futures::future::{try_join, try_join_all};
use jiff::SignedDuration;

use super::{Memory, Sight};
use crate::{
    aws::{AwsError, STOPPED},
    change::Change,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    goals,
    observation::{NamedService, Rollout, Seen, ServiceState},
    plan::{RunbookName, StepId},
    run::{Run, StepState},
    topology::{Service, SideName},
};

/// Time between two questions why tasks stopped, while nothing else says why they are missing.
const STOPPED_AGAIN: SignedDuration = SignedDuration::from_secs(10);

pub(super) async fn look(pair: &Pair, run: &Run, memory: &mut Memory) -> Result<Sight, AwsError> {
    let side = run.plan.target;
    let states = try_join_all(pair.app.services.iter().map(|service| pair.aws.service(side, &service.name)));
    let (services, states) = try_join(needed(pair, run), states).await?;
    let (mut actions, mut waiting, mut unsure, mut seen) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut refused = Vec::new();
    let mut blind = Vec::new();
    for (service, state) in services.iter().zip(states) {
        let Some(state) = state else {
            refused.push(format!("there is no service {} in {}", service.name, pair.app.side(side).region));
            continue;
        };
        actions.extend(changes(pair, run, service, &state));
        seen.push(format!("{} {}/{}", service.name, state.running, wanted(service, &state)));
        if let Some(lacking) = lacks(service, &state) {
            let reason = match lacking.tasks {
                true => reason(pair, side, service, &state, memory).await,
                false => None,
            };
            waiting.push(reason.map_or(lacking.text.clone(), |reason| format!("{}: {reason}", lacking.text)));
        }
        unsure.extend(unknown_scaling(service, &state));
        refused.extend(refusals(service, &state));
        blind.extend(state.target_groups.is_empty().then_some(service.name.as_str()));
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
        (true, true) => Sight::Holds(running(&detail, &blind, services.len())),
        (true, false) => Sight::Waiting(detail),
    })
}

/// What still has to be seen to before a step may lean on the target's capacity: somebody may have lowered it since the `capacity` step was done, hours
/// or days ago. Lowered counts are raised again. `None` if it is there, or if people decided to go on without it.
pub(super) async fn again(pair: &Pair, run: &Run, memory: &mut Memory) -> Result<Option<Sight>, AwsError> {
    let skipped = run.steps.get(&StepId::Capacity).is_some_and(|step| step.state == StepState::Skipped);
    if skipped {
        return Ok(None);
    }
    Ok(match look(pair, run, memory).await? {
        Sight::Holds(_) => None,
        lacking => Some(lacking),
    })
}

/// The capacity that has to be there. A failback's is at least what DR has at that moment.
async fn needed(pair: &Pair, run: &Run) -> Result<Vec<Service>, AwsError> {
    let services = &pair.app.services;
    if run.plan.runbook != RunbookName::Failback {
        return Ok(services.clone());
    }
    let there = services.iter().map(async |service| {
        let state = pair.aws.service(SideName::Dr, &service.name).await?;
        Ok::<_, AwsError>(NamedService { name: service.name.clone(), state: Seen::Known(state) })
    });
    Ok(goals::needed_for_failback(&pair.app, &try_join_all(there).await?))
}

/// Says of tasks that they are healthy only where a target group shows it.
fn running(detail: &str, blind: &[&str], services: usize) -> String {
    match blind.len() {
        0 => format!("{detail} tasks running and healthy"),
        all if all == services => format!("{detail} tasks running; without target groups their health can't be seen"),
        _ => format!(
            "{detail} tasks running and healthy, as far as target groups show: {} {} none",
            blind.join(", "),
            if blind.len() == 1 { "has" } else { "have" }
        ),
    }
}

/// All tasks run, but whether scaling in would take them away again cannot be seen. Traffic must not wait for that longer than for the tasks
/// themselves: then people decide.
fn unsettled(pair: &Pair, memory: &Memory, unsure: &str) -> Sight {
    let elapsed = pair.clock.now().duration_since(memory.began);
    match elapsed < SignedDuration::try_from(pair.app.timing.capacity.expected).unwrap_or(SignedDuration::MAX) {
        true => Sight::Waiting(unsure.to_owned()),
        false => Sight::Failed(format!(
            "all tasks run, but {unsure}, so that scaling in may take them away; retry once it can be read"
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

/// The next changes for a service: the scalable target first, since a new minimum lifts the desired count by itself, unless that is 0; the desired
/// count only if it is still below.
fn changes(pair: &Pair, run: &Run, service: &Service, state: &ServiceState) -> Vec<Action> {
    let side = run.plan.target;
    let all = match run.plan.runbook {
        RunbookName::Restore => goals::restore_changes(side, pair.app.side(side), service, state),
        _ => goals::capacity_changes(pair.app.side(side), service, state),
    };
    let lifts = state.desired > 0;
    let scaling_first = lifts && all.iter().any(|change| matches!(change, Change::ScalableTarget { .. }));
    let before = state.capacity();
    all.into_iter()
        .filter(|change| !scaling_first || matches!(change, Change::ScalableTarget { .. }))
        .map(|change| Action { side, change: Wanted::Change(change), before: before.clone() })
        .collect()
}

/// Tasks that have to run. ECS alone counts those of a `DAEMON` service.
fn wanted(service: &Service, state: &ServiceState) -> i32 {
    if state.daemon { state.desired } else { service.desired }
}

/// What a service still lacks, for people.
struct Lacking {
    text: String,
    /// Whether tasks are missing, so that there may be a reason why they don't start.
    tasks: bool,
}

fn lacks(service: &Service, state: &ServiceState) -> Option<Lacking> {
    let (name, wanted) = (&service.name, wanted(service, state));
    let missing = |text: String| Some(Lacking { text, tasks: true });
    if state.running < wanted || state.pending > 0 {
        let tasks = format!("{name} {}/{wanted} tasks running", state.running);
        let share = state.scale.filter(|_| state.runs(state.desired) < wanted && state.desired >= wanted);
        return missing(match share {
            Some(percent) => format!("{tasks}, since its primary task set is scaled to {percent}%"),
            None => tasks,
        });
    }
    // Task sets beside the primary one take none of the tasks that were counted.
    if state.in_flight() && !state.controller.has_task_sets() {
        return Some(Lacking { text: format!("{name}: a deployment is in flight"), tasks: false });
    }
    let wanted = usize::try_from(wanted).unwrap_or_default();
    state.target_groups.iter().find_map(|group| match group.healthy.known() {
        Some(healthy) if *healthy >= wanted => None,
        Some(healthy) => missing(format!("{name} {healthy}/{wanted} targets healthy")),
        None => {
            let why = group.healthy.why().unwrap_or_default();
            Some(Lacking { text: format!("{name}: health of its targets is not known: {why}"), tasks: false })
        }
    })
}

/// Why tasks are missing: the newest event that reports no success, else what the deployment failed of, else why tasks stopped, which costs two
/// calls more and is asked now and then. Each with the time since which it has been said.
async fn reason(
    pair: &Pair,
    side: SideName,
    service: &Service,
    state: &ServiceState,
    memory: &mut Memory,
) -> Option<String> {
    let now = pair.clock.now();
    let mut newest = state.trouble.clone();
    if newest.is_none() && state.rollout.state == Rollout::FAILED {
        return Some(format!("its current deployment failed: {}", state.rollout.reason));
    }
    if newest.is_none() && memory.asked.is_none_or(|asked| now.duration_since(asked) >= STOPPED_AGAIN) {
        memory.asked = Some(now);
        newest = match pair.aws.stopped_reason(side, &service.name).await {
            Ok(stopped) => stopped.filter(|stopped| stopped.at >= memory.began),
            Err(error) => {
                tracing::debug!(%error, service = service.name, "why tasks stopped is not known");
                None
            }
        };
    }
    // The same words are told with the same time, so that what does not change is told once.
    let told = memory.reasons.get(&service.name);
    let told = match (newest, told) {
        (Some(newest), Some(told)) if told.message == newest.message => told.clone(),
        (Some(newest), _) => newest,
        (None, Some(told)) if state.trouble.is_none() && told.message.starts_with(STOPPED) => told.clone(),
        (None, _) => return None,
    };
    memory.reasons.insert(service.name.clone(), told.clone());
    Some(format!("{} (since {} UTC)", told.message, told.at.strftime("%H:%M:%S")))
}
