//! The old primary's services to zero, so that nothing there goes on writing to its own queues and peers. Best effort: the region may not answer,
//! and the run never waits for it.

use futures::future::try_join_all;
use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    goals,
    topology::SideName,
};

pub(super) async fn look(pair: &Pair) -> Result<Sight, AwsError> {
    let region = &pair.app.primary;
    let services = &pair.app.services;
    let states =
        try_join_all(services.iter().map(|service| pair.aws.service(SideName::Primary, &service.name))).await?;
    let (mut actions, mut running) = (Vec::new(), 0);
    for (service, state) in services.iter().zip(states) {
        let Some(state) = state else { continue };
        running += state.running;
        let before = json!({ "desired": state.desired, "running": state.running, "scaling": state.scaling });
        let changes = goals::fence_changes(region, service, &state).into_iter();
        actions.extend(changes.map(|change| Action {
            side: SideName::Primary,
            change: Wanted::Change(change),
            before: before.clone(),
        }));
    }
    let detail = format!("{running} tasks running in {}", region.region);
    Ok(match (actions.is_empty(), running) {
        (false, _) => Sight::Unmet { detail, actions },
        (true, 0) => Sight::Holds(detail),
        (true, _) => Sight::Waiting(detail),
    })
}
