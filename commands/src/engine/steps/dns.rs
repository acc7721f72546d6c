//! The records point at the endpoint of the region that is to serve, on all authoritative servers.
//!
//! Changed by compare-and-swap, a batch a hosted zone: what people read in the plan must still be there. `GetChange` = `INSYNC` speaks of Route 53's own
//! servers only; what resolvers answer is the next step's business. Where the step was held up, the writer may have moved meanwhile, or somebody scaled
//! the target down: the records don't move to where nobody can write, or to a region without its tasks.

mod protection;

use futures::future::{OptionFuture, join};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Memory, Sight, capacity, writer};
use crate::{
    aws::AwsError,
    change::{Change, Swap},
    engine::{
        Pair,
        act::{Action, Hand, Wanted},
    },
    journal::CallOutcome,
    observation::NamedRecord,
    plan::{Method, Plan, RunbookName, StepId},
    readiness::Outcome,
    records::{Pointing, meaning, pointing, record_changes, served_by},
    run::{CallRun, Run},
    topology::SideName,
};

/// Route 53 propagates a change to its servers within 60 seconds (Route 53 API Reference, `ChangeResourceRecordSets`).
const PROPAGATION: SignedDuration = SignedDuration::from_secs(60);

/// The operation that moves a record.
const MOVE: &str = "ChangeResourceRecordSets";

pub(super) async fn look(pair: &Pair, run: &Run, hand: &Hand<'_>, memory: &mut Memory) -> Result<Sight, AwsError> {
    let side = run.plan.target;
    // What the move leans on is read beside the records as long as none has moved: users wait meanwhile.
    let due = hand.latest_by(MOVE, |call| &call.params["HostedZoneId"]).is_empty();
    let first = OptionFuture::from(due.then(|| Box::pin(leaned_on(pair, run, memory))));
    let (current, leaned) = join(pair.aws.records(), first).await;
    let current = current?;
    let changes = record_changes(&pair.app, side, &current);
    if changes.is_empty() {
        return match pointing(&pair.app, &current) {
            Pointing::At(_) => match protection::put_back(pair, &run.plan).await? {
                Some(sight) => Ok(sight),
                None => propagated(pair, side, hand, memory).await,
            },
            Pointing::Split(why) | Pointing::Elsewhere(why) | Pointing::Unseen(why) => Ok(Sight::Failed(format!(
                "{why}, and Standby can't change that; point it at {} by hand, then retry",
                pair.app.side(side).endpoint.dns_name
            ))),
        };
    }
    if memory.attempt == 1
        && let Some(swap) = changes.iter().find_map(|change| unplanned(pair, &run.plan, change))
    {
        return Ok(Sight::Failed(format!(
            "the {} record {} is not what the plan showed: it is {} now; somebody changed it, retry to replace what is there",
            swap.new.kind,
            swap.new.name,
            swap.old.as_ref().map_or("gone".to_owned(), |old| old.target())
        )));
    }
    if let Some(why) = changes.iter().find_map(|change| refused(pair, hand, change)) {
        return Ok(Sight::Failed(why));
    }
    let leaned = match leaned {
        Some(leaned) => leaned,
        None => leaned_on(pair, run, memory).await,
    };
    if let Some(sight) = leaned? {
        return Ok(sight);
    }
    if let Some(sight) = protection::lift(pair, &run.plan, &changes).await? {
        return Ok(sight);
    }
    let action = |change: Change| {
        let before = json!({ "records": of_zone(&current, &change) });
        Action { side: SideName::Dr, change: Wanted::Change(change), before }
    };
    Ok(Sight::Unmet { detail: targets(&current), actions: changes.into_iter().map(action).collect() })
}

/// What holds the records up, if anything does.
async fn leaned_on(pair: &Pair, run: &Run, memory: &mut Memory) -> Result<Option<Sight>, AwsError> {
    let (writer, short) = join(leaves(pair, run), capacity::again(pair, run, memory)).await;
    Ok(match writer? {
        Some(why) => Some(Sight::Failed(why)),
        None => short?.and_then(|sight| held_up(pair, run, memory, sight)),
    })
}

/// Why the records stay: the target doesn't write, or not all that was written is there. In a failover what can't be seen holds nothing up, since users
/// have no region meanwhile, and what the old primary still takes was given up.
async fn leaves(pair: &Pair, run: &Run) -> Result<Option<String>, AwsError> {
    match (run.plan.runbook, run.method()) {
        (RunbookName::Failback, _) | (_, Some(Method::Switchover)) => {
            writer::unsafe_for_users(pair, run.plan.target).await
        }
        _ => Ok(writer::left(pair, run.plan.target).await),
    }
}

/// What the step does about a target that lacks capacity again. What was lowered is raised, and waited for; but in a failover users have no region
/// meanwhile, so people are asked before long, and a retry moves the records to whatever runs there.
fn held_up(pair: &Pair, run: &Run, memory: &Memory, short: Sight) -> Option<Sight> {
    let (Sight::Waiting(why) | Sight::Failed(why)) = short else { return Some(short) };
    if run.plan.runbook == RunbookName::Failback || run.method() == Some(Method::Switchover) {
        return Some(Sight::Waiting(why));
    }
    let bound = SignedDuration::try_from(pair.app.timing.capacity.expected).unwrap_or(SignedDuration::MAX);
    match pair.clock.now().duration_since(memory.began) < bound {
        _ if memory.attempt > 1 => None,
        true => Some(Sight::Waiting(why)),
        false => Some(Sight::Failed(format!("{why}; retry moves the record to what runs there now"))),
    }
}

/// Why a change must not be sent again in this attempt: Route 53 did not take it, and what it replaces is still there. So nobody else was faster; the
/// same words would come again.
fn refused(pair: &Pair, hand: &Hand<'_>, change: &Change) -> Option<String> {
    let call = change.call(&pair.app.dr.region);
    let last = hand.last_of_attempt(&call)?;
    let Some(CallOutcome::Failed { code, message, .. }) = &last.outcome else { return None };
    let zone = call.params["HostedZoneId"].as_str().unwrap_or_default();
    (code == "InvalidChangeBatch")
        .then(|| format!("Route 53 refused to change zone {zone}: {code}: {message}; {}", meaning(message)))
}

/// What a change finds in its hosted zone.
fn of_zone<'a>(current: &'a [NamedRecord], change: &Change) -> Vec<&'a NamedRecord> {
    let Change::Records { zone, .. } = change else { return Vec::new() };
    current.iter().filter(|record| record.zone == *zone).collect()
}

fn targets(current: &[NamedRecord]) -> String {
    match current {
        [record] => record.target(),
        records => {
            let each = records.iter().map(|record| format!("{} is {}", record.name, record.target()));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

/// The first swap of a change that the plan did not show. A part of a batch that it showed will do: somebody else may have made the rest. So will what
/// could not be seen when the plan was made, if it is an alias to the other region.
fn unplanned<'a>(pair: &Pair, plan: &Plan, change: &'a Change) -> Option<&'a Swap> {
    let Change::Records { zone, swaps } = change else { return None };
    let dns = plan.steps.iter().filter(|planned| planned.step == StepId::Dns);
    let shown: Vec<&Value> = dns
        .flat_map(|planned| &planned.calls)
        .filter(|call| call.params["HostedZoneId"] == **zone)
        .filter_map(|call| call.params["ChangeBatch"]["Changes"].as_array())
        .flatten()
        .collect();
    let unseen = plan.checks.iter().any(|check| check.id.starts_with("record") && check.outcome() == Outcome::Unknown);
    let moves = |swap: &Swap| swap.old.as_ref().is_some_and(|old| served_by(&pair.app, old).is_some());
    swaps.iter().find(|swap| {
        let excused = shown.is_empty() && unseen && moves(swap);
        !excused && !swap.params().iter().all(|change| shown.contains(&change))
    })
}

async fn propagated(pair: &Pair, side: SideName, hand: &Hand<'_>, memory: &mut Memory) -> Result<Sight, AwsError> {
    let target = &pair.app.side(side).endpoint.dns_name;
    let names = pair.app.record_names();
    let in_place = match pair.app.records.len() {
        1 => format!("{names} points at {target}"),
        _ => format!("{names} point at {target}"),
    };
    let zones: Vec<&CallRun> = hand.latest_by(MOVE, |call| &call.params["HostedZoneId"]);
    if zones.is_empty() {
        return Ok(Sight::Holds(in_place));
    }
    for call in zones {
        if !in_sync(pair, call, memory).await? {
            return Ok(Sight::Waiting("record changed, spreading to Route 53's servers".to_owned()));
        }
    }
    Ok(Sight::Holds(format!("{in_place}, in sync")))
}

/// Whether all of Route 53's servers have what a call changed. Where Route 53 does not say, its own bound has to do: the answer that named the change
/// was lost, or the role may not ask. A change that it no longer knows is done, since the record is where it belongs.
async fn in_sync(pair: &Pair, call: &CallRun, memory: &mut Memory) -> Result<bool, AwsError> {
    let by_time = || pair.clock.now().duration_since(call.at) >= PROPAGATION;
    let Some(CallOutcome::Accepted { reference: Some(change), .. }) = &call.outcome else { return Ok(by_time()) };
    if memory.forgotten.contains(change) {
        return Ok(true);
    }
    let zone = call.call.params["HostedZoneId"].as_str().unwrap_or_default();
    match pair.aws.record_in_sync(zone, change).await {
        Err(error) if error.code == "NoSuchChange" => {
            memory.forgotten.insert(change.clone());
            Ok(true)
        }
        Err(error) if error.refused_for_good() => Ok(by_time()),
        answer => answer,
    }
}
