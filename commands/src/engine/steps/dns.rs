//! The records point at the endpoint of the region that is to serve, on all authoritative servers.
//!
//! Changed by compare-and-swap, a batch a hosted zone: what people read in the plan must still be there. `GetChange` = `INSYNC` speaks of Route 53's own
//! servers only; what resolvers answer is the next step's business. Where the step was held up, the writer may have moved meanwhile: the records do
//! not follow it to where it is not.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Memory, Sight, writer};
use crate::{
    aws::AwsError,
    change::{Change, Swap},
    engine::{
        Pair,
        act::{Action, Hand, Wanted},
    },
    journal::CallOutcome,
    observation::NamedRecord,
    plan::{Plan, StepId},
    records::{Pointing, pointing, record_changes},
    run::{CallRun, Run},
    topology::SideName,
};

/// Route 53 propagates a change to its servers within 60 seconds (Route 53 API Reference, `ChangeResourceRecordSets`).
const PROPAGATION: SignedDuration = SignedDuration::from_secs(60);

pub(super) async fn look(pair: &Pair, run: &Run, hand: &Hand<'_>, memory: &Memory) -> Result<Sight, AwsError> {
    let current = pair.aws.records().await?;
    let side = run.plan.target;
    let changes = record_changes(&pair.app, side, &current);
    if changes.is_empty() {
        return match pointing(&pair.app, &current) {
            Pointing::At(_) => propagated(pair, side, hand).await,
            Pointing::Split(why) | Pointing::Elsewhere(why) | Pointing::Unseen(why) => Ok(Sight::Failed(format!(
                "{why}, and Standby can't change that; point it at {} by hand, then retry",
                pair.app.side(side).endpoint.dns_name
            ))),
        };
    }
    if memory.attempt == 1
        && let Some(swap) = changes.iter().find_map(|change| unplanned(&run.plan, change))
    {
        return Ok(Sight::Failed(format!(
            "the {} record {} is not what the plan showed: it is {} now; somebody changed it, retry to replace what is there",
            swap.new.kind,
            swap.new.name,
            swap.old.as_ref().map_or("gone".to_owned(), |old| old.target())
        )));
    }
    if let Some(why) = writer::left(pair, side).await {
        return Ok(Sight::Failed(why));
    }
    let action = |change: Change| {
        let before = json!({ "records": of_zone(&current, &change) });
        Action { side: SideName::Dr, change: Wanted::Change(change), before }
    };
    Ok(Sight::Unmet { detail: targets(&current), actions: changes.into_iter().map(action).collect() })
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

/// The first swap of a change that the plan did not show. A part of a batch that it showed will do: somebody else may have made the rest.
fn unplanned<'a>(plan: &Plan, change: &'a Change) -> Option<&'a Swap> {
    let Change::Records { zone, swaps } = change else { return None };
    let dns = plan.steps.iter().filter(|planned| planned.step == StepId::Dns);
    let shown: Vec<&Value> = dns
        .flat_map(|planned| &planned.calls)
        .filter(|call| call.params["HostedZoneId"] == **zone)
        .filter_map(|call| call.params["ChangeBatch"]["Changes"].as_array())
        .flatten()
        .collect();
    swaps.iter().find(|swap| !swap.params().iter().all(|change| shown.contains(&change)))
}

async fn propagated(pair: &Pair, side: SideName, hand: &Hand<'_>) -> Result<Sight, AwsError> {
    let target = &pair.app.side(side).endpoint.dns_name;
    let names = pair.app.record_names();
    let in_place = match pair.app.records.len() {
        1 => format!("{names} points at {target}"),
        _ => format!("{names} point at {target}"),
    };
    let zones: Vec<&CallRun> = hand.latest_by(|call| &call.params["HostedZoneId"]);
    if zones.is_empty() {
        return Ok(Sight::Holds(in_place));
    }
    for call in zones {
        let zone = call.call.params["HostedZoneId"].as_str().unwrap_or_default();
        let in_sync = match &call.outcome {
            Some(CallOutcome::Accepted { reference: Some(change), .. }) => {
                pair.aws.record_in_sync(zone, change).await?
            }
            // The answer that named the change was lost: Route 53's own bound has to do.
            _ => pair.clock.now().duration_since(call.at) >= PROPAGATION,
        };
        if !in_sync {
            return Ok(Sight::Waiting("record changed, spreading to Route 53's servers".to_owned()));
        }
    }
    Ok(Sight::Holds(format!("{in_place}, in sync")))
}
