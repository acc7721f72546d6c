//! Protections of the records, where the plan that people approved lifts them: deleted before the records move, and put back as soon as they have. What
//! is there is looked at each time, so that a restart in between loses nothing: the plan says what has to come back.

use serde_json::json;

use super::super::Sight;
use crate::{
    aws::AwsError,
    change::Change,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    observation::Protection,
    plan::{Plan, StepId},
    records::covers,
    topology::SideName,
};

/// What has to be lifted before the changes can be made; `None` if nothing.
pub(super) async fn lift(pair: &Pair, plan: &Plan, changes: &[Change]) -> Result<Option<Sight>, AwsError> {
    let mut actions = Vec::new();
    for (zone, planned) in lifted(plan) {
        let moves = |protection: &Protection| {
            changes.iter().any(|change| match change {
                Change::Records { zone: changed, swaps } => *changed == zone && covers(protection, swaps),
                _ => false,
            })
        };
        let there = pair.aws.protections(&zone).await?;
        let found: Vec<Protection> = planned.into_iter().filter(|each| there.contains(each) && moves(each)).collect();
        actions.extend(action(zone, found, false));
    }
    Ok(unmet("the records are protected", actions))
}

/// What has to be put back now that the records have moved; `None` if nothing.
pub(super) async fn put_back(pair: &Pair, plan: &Plan) -> Result<Option<Sight>, AwsError> {
    let mut actions = Vec::new();
    for (zone, planned) in lifted(plan) {
        let there = pair.aws.protections(&zone).await?;
        let is_there =
            |wanted: &Protection| there.iter().any(|each| each.name == wanted.name && each.kind == wanted.kind);
        let missing: Vec<Protection> = planned.into_iter().filter(|each| !is_there(each)).collect();
        actions.extend(action(zone, missing, true));
    }
    Ok(unmet("the records have moved, and their protection has to be put back", actions))
}

fn unmet(detail: &str, actions: Vec<Action>) -> Option<Sight> {
    (!actions.is_empty()).then(|| Sight::Unmet { detail: detail.to_owned(), actions })
}

fn action(zone: String, protections: Vec<Protection>, create: bool) -> Option<Action> {
    (!protections.is_empty()).then(|| {
        let before = json!({ "protections": if create { &[][..] } else { &protections[..] } });
        Action { side: SideName::Dr, change: Wanted::Change(Change::Protections { zone, protections, create }), before }
    })
}

/// The protections that the plan lifts, by hosted zone, as it puts them back.
fn lifted(plan: &Plan) -> Vec<(String, Vec<Protection>)> {
    let dns = plan.steps.iter().filter(|planned| planned.step == StepId::Dns);
    let calls = dns.flat_map(|planned| &planned.calls);
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    calls
        .filter(|call| call.operation == "CreateResourceRecordSetProtections")
        .filter_map(|call| {
            let listed = call.params["Protections"].as_array()?.iter();
            let protections = listed.filter_map(|each| {
                Some(Protection {
                    name: text(&each["RecordName"])?,
                    kind: text(&each["RecordType"])?,
                    comment: text(&each["Comment"]),
                })
            });
            Some((text(&call.params["HostedZoneId"])?, protections.collect()))
        })
        .collect()
}
