//! The old primary's services to zero, so that nothing there goes on writing to its own queues and peers. Best effort: the region may not answer,
//! and the run never waits for it.

use futures::future::try_join_all;

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
    let (mut actions, mut running, mut unsure) = (Vec::new(), 0, None);
    for (service, state) in services.iter().zip(states) {
        let Some(state) = state else { continue };
        running += state.running;
        // With its minimum still in force, the count would rise again.
        unsure = unsure.or(state.scaling.why().map(|why| format!("{}: {why}", service.name)));
        let before = state.capacity();
        let changes = goals::fence_changes(region, service, &state).into_iter();
        actions.extend(changes.map(|change| Action {
            side: SideName::Primary,
            change: Wanted::Change(change),
            before: before.clone(),
        }));
    }
    let detail = format!("{running} tasks running in {}", region.region);
    Ok(match (actions.is_empty(), running, unsure) {
        (false, ..) => Sight::Unmet { detail, actions },
        (true, 0, None) => Sight::Holds(detail),
        (true, 0, Some(why)) => Sight::Waiting(format!("{detail}, but the scalable target is not known: {why}")),
        (true, ..) => Sight::Waiting(detail),
    })
}
