//! The record points at the DR endpoint, on all authoritative servers.
//!
//! Changed by compare-and-swap: what people read in the plan must still be there. `GetChange` = `INSYNC` speaks of Route 53's own servers only;
//! what resolvers answer is the next step's business. Where the step was held up, the writer may have moved meanwhile: the record does not follow
//! it to where it is not.

use jiff::SignedDuration;
use serde_json::json;

use super::{Memory, Sight, writer};
use crate::{
    aws::AwsError,
    change::Change,
    engine::{
        Pair,
        act::{Action, Hand, Wanted},
    },
    goals,
    journal::CallOutcome,
    observation::RecordSet,
    plan::{Plan, StepId},
    run::{CallRun, Run},
    topology::SideName,
};

/// Route 53 propagates a change to its servers within 60 seconds (Route 53 API Reference, `ChangeResourceRecordSets`).
const PROPAGATION: SignedDuration = SignedDuration::from_secs(60);

pub(super) async fn look(pair: &Pair, run: &Run, hand: &Hand<'_>, memory: &Memory) -> Result<Sight, AwsError> {
    let current = pair.aws.record().await?;
    let side = run.plan.target;
    match goals::record_change(&pair.app, side, current.as_ref()) {
        None => propagated(pair, side, hand).await,
        Some(change) if memory.attempt == 1 && !planned(&run.plan, pair, &change) => Ok(Sight::Failed(format!(
            "the record {} is not what the plan showed: it is {} now; somebody changed it, retry to replace what is there",
            pair.app.record.name,
            current.as_ref().map_or("gone".to_owned(), RecordSet::target)
        ))),
        Some(change) => Ok(match writer::left(pair, side).await {
            Some(why) => Sight::Failed(why),
            None => Sight::Unmet {
                detail: current.as_ref().map_or("there is no record".to_owned(), RecordSet::target),
                actions: vec![Action {
                    side: SideName::Dr,
                    change: Wanted::Change(change),
                    before: json!({ "record": current }),
                }],
            },
        }),
    }
}

/// Whether the change replaces what the plan said it would.
fn planned(plan: &Plan, pair: &Pair, change: &Change) -> bool {
    let call = change.call(&pair.app.dr.region);
    plan.steps
        .iter()
        .filter(|planned| planned.step == StepId::Dns)
        .flat_map(|planned| &planned.calls)
        .any(|planned| planned.params == call.params)
}

async fn propagated(pair: &Pair, side: SideName, hand: &Hand<'_>) -> Result<Sight, AwsError> {
    let target = &pair.app.side(side).endpoint.dns_name;
    let in_place = format!("{} points at {target}", pair.app.record.name);
    let Some(CallRun { at, outcome, .. }) = hand.latest() else { return Ok(Sight::Holds(in_place)) };
    let in_sync = match outcome {
        Some(CallOutcome::Accepted { reference: Some(change), .. }) => pair.aws.record_in_sync(change).await?,
        // The answer that named the change was lost: Route 53's own bound has to do.
        _ => pair.clock.now().duration_since(*at) >= PROPAGATION,
    };
    Ok(match in_sync {
        true => Sight::Holds(format!("{in_place}, in sync")),
        false => Sight::Waiting("record changed, spreading to Route 53's servers".to_owned()),
    })
}
