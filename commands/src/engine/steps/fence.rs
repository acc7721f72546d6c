//! The old primary's services to zero, so that nothing there goes on writing to its own queues and peers. Best effort: the region may not answer,
//! and the run never waits for it.
//!
//! What carries production is left alone: nothing is taken down while the old primary is the writer, or can't be seen not to be, nor in a switchover
//! while the record points at it. The order of the steps says the same; this holds where somebody changed things meanwhile.

use futures::future::try_join_all;

use super::{Sight, serves};
use crate::{
    aws::AwsError,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    goals,
    phase::writing,
    plan::Method,
    run::Run,
    topology::SideName,
};

pub(super) async fn look(pair: &Pair, run: &Run) -> Result<Sight, AwsError> {
    let region = &pair.app.primary;
    let services = &pair.app.services;
    let states =
        try_join_all(services.iter().map(|service| pair.aws.service(SideName::Primary, &service.name))).await?;
    let (mut actions, mut running, mut unsure) = (Vec::new(), 0, None);
    for (service, state) in services.iter().zip(states) {
        let Some(state) = state else { continue };
        // ECS alone counts the tasks of a `DAEMON` service: they stay.
        running += if state.daemon { 0 } else { state.running };
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
    if !actions.is_empty()
        && let Some(why) = carries_production(pair, run).await?
    {
        return Ok(Sight::Waiting(why));
    }
    let detail = format!("{running} tasks running in {}", region.region);
    Ok(match (actions.is_empty(), running, unsure) {
        (false, ..) => Sight::Unmet { detail, actions },
        (true, 0, None) => Sight::Holds(detail),
        (true, 0, Some(why)) => Sight::Waiting(format!("{detail}, but the scalable target is not known: {why}")),
        (true, ..) => Sight::Waiting(detail),
    })
}

/// Why the old primary's tasks stay for now.
async fn carries_production(pair: &Pair, run: &Run) -> Result<Option<String>, AwsError> {
    let (region, name) = (&pair.app.primary.region, &pair.app.global_cluster);
    let Some(global) = pair.aws.global_cluster(SideName::Dr).await? else {
        return Ok(Some(format!("there is no global cluster {name}, so the tasks in {region} stay")));
    };
    if writing(&pair.app, &global) != Some(SideName::Dr) {
        return Ok(Some(format!("{} is not the writer, so the tasks in {region} stay", pair.app.dr.db_cluster)));
    }
    match run.method() {
        Some(Method::Switchover) => serves::still(pair, SideName::Primary).await,
        _ => Ok(None),
    }
}
